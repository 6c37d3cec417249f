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
/// @dev Each token has a name of its own, and so a domain of its own: its separator is stored for the chain on which the
/// implementation was deployed, and made anew on any other (a fork).
///
/// Identity: a nonce goes from unspent to spent once, and value moves at most once for it. Permits count up; nonces of
/// authorizations are random, 256 of a word.
abstract contract EquityAuthorizations is EquityLedger, IERC5267 {
    /// @custom:storage-location erc7201:tessera.storage.EquityAuthorizations
    struct AuthorizationsStorage {
        bytes32 domainSeparator;
        mapping(address owner => uint256) permitNonces;
        mapping(address authorizer => mapping(uint256 word => uint256 bits)) spent;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.EquityAuthorizations")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant AUTHORIZATIONS_STORAGE =
        0x3bb48007664b8bba74333e3a5674ed0c6248545fc185b81b86991285cdd18a00;

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
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

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    uint256 private immutable _deploymentChain = block.chainid;

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
        _permit(owner, spender, value, deadline, abi.encodePacked(r, s, v));
    }

    /// @inheritdoc IEquityToken
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _permit(owner, spender, value, deadline, signature);
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
        bytes memory signature = abi.encodePacked(r, s, v);
        _useAuthorization(TRANSFER_TYPEHASH, from, to, value, validAfter, validBefore, nonce, signature);
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
        _useAuthorization(TRANSFER_TYPEHASH, from, to, value, validAfter, validBefore, nonce, signature);
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
        bytes memory signature = abi.encodePacked(r, s, v);
        _receive(from, to, value, validAfter, validBefore, nonce, signature);
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
        _receive(from, to, value, validAfter, validBefore, nonce, signature);
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
        _useAuthorization(TRANSFER_SHARES_TYPEHASH, from, to, shares, validAfter, validBefore, nonce, signature);
        _moveSharesOf(_foldedState(), from, from, to, shares);
    }

    /// @inheritdoc IERC3009
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external {
        _cancel(authorizer, nonce, abi.encodePacked(r, s, v));
    }

    /// @inheritdoc IERC3009
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external {
        _cancel(authorizer, nonce, signature);
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
        return block.chainid == _deploymentChain ? _authorizations().domainSeparator : _makeDomainSeparator();
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name_,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (hex"0f", name(), "1", block.chainid, address(this), bytes32(0), new uint256[](0));
    }

    /// @notice The token's name, which is its domain's.
    function name() public view virtual returns (string memory);

    /// @dev Once the name is stored.
    function _storeDomainSeparator() internal {
        _authorizations().domainSeparator = _makeDomainSeparator();
    }

    function _makeDomainSeparator() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(DOMAIN_TYPEHASH, keccak256(bytes(name())), keccak256("1"), block.chainid, address(this))
            );
    }

    /// @dev Takes the nonce before the signature is checked; a signature that fails reverts it.
    function _permit(address owner, address spender, uint256 value, uint256 deadline, bytes memory signature) private {
        if (block.timestamp > deadline) revert ERC2612ExpiredSignature(deadline);
        uint256 nonce = _authorizations().permitNonces[owner]++;
        bytes32 digest = _digest(keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, nonce, deadline)));
        if (!AccountSignature.isValidMemory(owner, digest, signature)) {
            (address signer, , ) = ECDSA.tryRecover(digest, signature);
            revert ERC2612InvalidSigner(signer, owner);
        }
        _approve(owner, spender, value);
    }

    function _receive(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) private {
        if (msg.sender != to) revert CallerNotPayee(msg.sender, to);
        _useAuthorization(RECEIVE_TYPEHASH, from, to, value, validAfter, validBefore, nonce, signature);
        _moveAmount(from, from, to, value);
    }

    function _useAuthorization(
        bytes32 typehash,
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) private {
        if (block.timestamp <= validAfter) revert AuthorizationNotYetValid(validAfter);
        if (block.timestamp >= validBefore) revert AuthorizationExpired(validBefore);
        _checkUnspent(from, nonce);
        bytes32 structHash = keccak256(abi.encode(typehash, from, to, value, validAfter, validBefore, nonce));
        if (!AccountSignature.isValidMemory(from, _digest(structHash), signature)) revert InvalidSignature();
        _spend(from, nonce);
        emit AuthorizationUsed(from, nonce);
    }

    function _cancel(address authorizer, bytes32 nonce, bytes memory signature) private {
        _checkUnspent(authorizer, nonce);
        bytes32 digest = _digest(keccak256(abi.encode(CANCEL_TYPEHASH, authorizer, nonce)));
        if (!AccountSignature.isValidMemory(authorizer, digest, signature)) revert InvalidSignature();
        _spend(authorizer, nonce);
        emit AuthorizationCanceled(authorizer, nonce);
    }

    function _spend(address authorizer, bytes32 nonce) private {
        _authorizations().spent[authorizer][_wordOf(nonce)] |= _bitOf(nonce);
    }

    function _checkUnspent(address authorizer, bytes32 nonce) private view {
        if (_authorizations().spent[authorizer][_wordOf(nonce)] & _bitOf(nonce) != 0) {
            revert AuthorizationUsedOrCanceled(authorizer, nonce);
        }
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
