// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {AccountSignature} from "../../access/libraries/AccountSignature.sol";
import {IERC3009} from "../../payments/interfaces/IERC3009.sol";
import {IEquityToken} from "../interfaces/IEquityToken.sol";
import {EquityLedger} from "./EquityLedger.sol";

/// @title EquityAuthorizations
/// @notice EquityToken's moves by signature: ERC-2612 and ERC-3009, by amount and by shares.
/// @dev The domain's name is the suite's and one for all tokens: they differ by their addresses, and a separator that is
/// computed is cheaper than a name that is read.
///
/// Identity: a nonce goes from unspent to spent once, and value moves at most once for it. Permits count up; nonces of
/// authorizations are random, 256 of a word.
abstract contract EquityAuthorizations is EquityLedger, IERC5267 {
    /// @custom:storage-location erc7201:tessera.storage.EquityAuthorizations
    struct AuthorizationsStorage {
        mapping(address owner => uint256) permitNonces;
        mapping(address authorizer => mapping(uint256 word => uint256 bits)) spent;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.EquityAuthorizations")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant AUTHORIZATIONS_STORAGE =
        0x3bb48007664b8bba74333e3a5674ed0c6248545fc185b81b86991285cdd18a00;

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant DOMAIN_NAME_HASH = keccak256("Tessera Equity");
    bytes32 private constant DOMAIN_VERSION_HASH = keccak256("1");
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant TRANSFER_SHARES_TYPEHASH = keccak256(
        "TransferSharesWithAuthorization(address from,address to,uint256 shares,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL_TYPEHASH = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    /// @inheritdoc IERC20Permit
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 digest = _usePermit(owner, spender, value, deadline);
        if (!AccountSignature.isValid(owner, digest, v, r, s)) {
            (address signer, , ) = ECDSA.tryRecover(digest, v, r, s);
            revert ERC2612InvalidSigner(signer, owner);
        }
        _approve(owner, spender, value);
    }

    /// @inheritdoc IEquityToken
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes calldata signature
    ) external {
        bytes32 digest = _usePermit(owner, spender, value, deadline);
        if (!AccountSignature.isValid(owner, digest, signature)) {
            (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
            revert ERC2612InvalidSigner(signer, owner);
        }
        _approve(owner, spender, value);
    }

    /// @inheritdoc IERC3009
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 digest = _useAuthorization(TRANSFER_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        if (!AccountSignature.isValid(from, digest, v, r, s)) revert InvalidSignature();
        _moveAmount(from, from, to, value);
    }

    /// @inheritdoc IERC3009
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        bytes32 digest = _useAuthorization(TRANSFER_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        if (!AccountSignature.isValid(from, digest, signature)) revert InvalidSignature();
        _moveAmount(from, from, to, value);
    }

    /// @inheritdoc IERC3009
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (msg.sender != to) revert CallerNotPayee(msg.sender, to);
        bytes32 digest = _useAuthorization(RECEIVE_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        if (!AccountSignature.isValid(from, digest, v, r, s)) revert InvalidSignature();
        _moveAmount(from, from, to, value);
    }

    /// @inheritdoc IERC3009
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        if (msg.sender != to) revert CallerNotPayee(msg.sender, to);
        bytes32 digest = _useAuthorization(RECEIVE_TYPEHASH, from, to, value, validAfter, validBefore, nonce);
        if (!AccountSignature.isValid(from, digest, signature)) revert InvalidSignature();
        _moveAmount(from, from, to, value);
    }

    /// @inheritdoc IEquityToken
    function transferSharesWithAuthorization(
        address from,
        address to,
        uint256 shares,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        bytes32 digest = _useAuthorization(TRANSFER_SHARES_TYPEHASH, from, to, shares, validAfter, validBefore, nonce);
        if (!AccountSignature.isValid(from, digest, signature)) revert InvalidSignature();
        _moveSharesOf(_foldedState(), from, from, to, shares);
    }

    /// @inheritdoc IERC3009
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external {
        if (!AccountSignature.isValid(authorizer, _cancel(authorizer, nonce), v, r, s)) revert InvalidSignature();
    }

    /// @inheritdoc IERC3009
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external {
        if (!AccountSignature.isValid(authorizer, _cancel(authorizer, nonce), signature)) revert InvalidSignature();
    }

    /// @inheritdoc IERC3009
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool) {
        return _authorizations().spent[authorizer][_wordOf(nonce)] & _bitOf(nonce) != 0;
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) external view returns (uint256) {
        return _authorizations().permitNonces[owner];
    }

    /// @inheritdoc IERC20Permit
    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        return
            keccak256(abi.encode(DOMAIN_TYPEHASH, DOMAIN_NAME_HASH, DOMAIN_VERSION_HASH, block.chainid, address(this)));
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (hex"0f", "Tessera Equity", "1", block.chainid, address(this), bytes32(0), new uint256[](0));
    }

    /// @dev Takes the nonce before the signature is checked; a signature that fails reverts it.
    function _usePermit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline
    ) private returns (bytes32 digest) {
        if (block.timestamp > deadline) revert ERC2612ExpiredSignature(deadline);
        uint256 nonce = _authorizations().permitNonces[owner]++;
        return _digest(keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, nonce, deadline)));
    }

    /// @dev Window and nonce; answers what must be signed. A signature that fails reverts it.
    function _useAuthorization(
        bytes32 typehash,
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) private returns (bytes32) {
        if (block.timestamp <= validAfter) revert AuthorizationNotYetValid(validAfter);
        if (block.timestamp >= validBefore) revert AuthorizationExpired(validBefore);
        _spend(from, nonce);
        emit AuthorizationUsed(from, nonce);
        return _digest(keccak256(abi.encode(typehash, from, to, value, validAfter, validBefore, nonce)));
    }

    /// @dev As {_useAuthorization}, for a nonce that pays nothing.
    function _cancel(address authorizer, bytes32 nonce) private returns (bytes32) {
        _spend(authorizer, nonce);
        emit AuthorizationCanceled(authorizer, nonce);
        return _digest(keccak256(abi.encode(CANCEL_TYPEHASH, authorizer, nonce)));
    }

    function _spend(address authorizer, bytes32 nonce) private {
        mapping(uint256 word => uint256 bits) storage spent = _authorizations().spent[authorizer];
        (uint256 word, uint256 bit) = (_wordOf(nonce), _bitOf(nonce));
        uint256 bits = spent[word];
        if (bits & bit != 0) revert AuthorizationUsedOrCanceled(authorizer, nonce);
        spent[word] = bits | bit;
    }

    function _digest(bytes32 structHash) private view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(DOMAIN_SEPARATOR(), structHash);
    }

    function _wordOf(bytes32 nonce) private pure returns (uint256) {
        return uint256(nonce) >> 8;
    }

    function _bitOf(bytes32 nonce) private pure returns (uint256) {
        return 1 << (uint256(nonce) & 255);
    }

    function _authorizations() private pure returns (AuthorizationsStorage storage $) {
        assembly {
            $.slot := AUTHORIZATIONS_STORAGE
        }
    }
}
