// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccountSignature} from "../../access/libraries/AccountSignature.sol";
import {IERC3009} from "../interfaces/IERC3009.sol";
import {IPieUSD} from "../interfaces/IPieUSD.sol";
import {PieLedger} from "./PieLedger.sol";

/// @title PieAuthorizations
/// @notice PieUSD's payments by signature: ERC-3009 with the overloads of ERC-7598, singly and in batches.
/// @dev A payment runs: window, nonce, signature, then the nonce is spent, then the ledger moves. The one external call
/// is the static call to an ERC-1271 account, which can change nothing.
///
/// Identity: a nonce goes from unspent to spent once, and value moves at most once for it.
abstract contract PieAuthorizations is PieLedger {
    /// @notice Longest batch that `batchTransferWithAuthorization` takes.
    uint256 public constant MAX_BATCH = 100;

    bytes32 private constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL_AUTHORIZATION_TYPEHASH = keccak256(
        "CancelAuthorization(address authorizer,bytes32 nonce)"
    );

    mapping(address authorizer => mapping(bytes32 nonce => bool spent)) private _authorizationStates;

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
        _checkAuthorization(from, validAfter, validBefore, nonce);
        bytes32 typehash = TRANSFER_WITH_AUTHORIZATION_TYPEHASH;
        bytes32 digest = _transferDigest(typehash, from, to, value, validAfter, validBefore, nonce);
        if (!AccountSignature.isValid(from, digest, v, r, s)) revert InvalidSignature();
        _settle(from, to, value, nonce);
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
        _checkAuthorization(from, validAfter, validBefore, nonce);
        bytes32 typehash = TRANSFER_WITH_AUTHORIZATION_TYPEHASH;
        bytes32 digest = _transferDigest(typehash, from, to, value, validAfter, validBefore, nonce);
        if (!AccountSignature.isValid(from, digest, signature)) revert InvalidSignature();
        _settle(from, to, value, nonce);
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
        _checkAuthorization(from, validAfter, validBefore, nonce);
        bytes32 typehash = RECEIVE_WITH_AUTHORIZATION_TYPEHASH;
        bytes32 digest = _transferDigest(typehash, from, to, value, validAfter, validBefore, nonce);
        if (!AccountSignature.isValid(from, digest, v, r, s)) revert InvalidSignature();
        _settle(from, to, value, nonce);
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
        _checkAuthorization(from, validAfter, validBefore, nonce);
        bytes32 typehash = RECEIVE_WITH_AUTHORIZATION_TYPEHASH;
        bytes32 digest = _transferDigest(typehash, from, to, value, validAfter, validBefore, nonce);
        if (!AccountSignature.isValid(from, digest, signature)) revert InvalidSignature();
        _settle(from, to, value, nonce);
    }

    /// @inheritdoc IERC3009
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external {
        _checkUnspent(authorizer, nonce);
        if (!AccountSignature.isValid(authorizer, _cancelDigest(authorizer, nonce), v, r, s)) revert InvalidSignature();
        _cancelAuthorization(authorizer, nonce);
    }

    /// @inheritdoc IERC3009
    function cancelAuthorization(address authorizer, bytes32 nonce, bytes calldata signature) external {
        _checkUnspent(authorizer, nonce);
        if (!AccountSignature.isValid(authorizer, _cancelDigest(authorizer, nonce), signature)) {
            revert InvalidSignature();
        }
        _cancelAuthorization(authorizer, nonce);
    }

    /// @inheritdoc IPieUSD
    function batchTransferWithAuthorization(
        TransferAuthorization[] calldata authorizations
    ) external returns (uint256 settled) {
        uint256 length = authorizations.length;
        if (length > MAX_BATCH) revert BatchTooLarge(length, MAX_BATCH);
        for (uint256 i = 0; i < length; ++i) {
            TransferAuthorization calldata a = authorizations[i];
            bytes4 reason = _authorizationFault(a);
            if (reason == 0) {
                settled |= 1 << i;
                _settle(a.from, a.to, a.value, a.nonce);
            } else {
                emit AuthorizationSkipped(a.from, a.nonce, reason);
            }
        }
    }

    /// @inheritdoc IERC3009
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool) {
        return _authorizationStates[authorizer][nonce];
    }

    function _checkAuthorization(
        address authorizer,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) internal view {
        if (block.timestamp <= validAfter) revert AuthorizationNotYetValid(validAfter);
        if (block.timestamp >= validBefore) revert AuthorizationExpired(validBefore);
        _checkUnspent(authorizer, nonce);
    }

    function _checkUnspent(address authorizer, bytes32 nonce) internal view {
        if (_authorizationStates[authorizer][nonce]) revert AuthorizationUsedOrCanceled(authorizer, nonce);
    }

    /// @dev What every payment by signature ends with: the nonce first, then the ledger.
    function _settle(address from, address to, uint256 value, bytes32 nonce) private {
        _spendAuthorization(from, nonce);
        _transfer(from, to, value);
    }

    function _spendAuthorization(address authorizer, bytes32 nonce) internal {
        _authorizationStates[authorizer][nonce] = true;
        emit AuthorizationUsed(authorizer, nonce);
    }

    function _cancelAuthorization(address authorizer, bytes32 nonce) internal {
        _authorizationStates[authorizer][nonce] = true;
        emit AuthorizationCanceled(authorizer, nonce);
    }

    /// @dev The selector of the error with which `transferWithAuthorization` would revert, or 0: the same checks in the
    /// same order, which a test holds to it case by case. An ERC-1271 check that needs more than the cap of a batch is
    /// the one exception: it passes singly and is called invalid here.
    function _authorizationFault(TransferAuthorization calldata a) internal view returns (bytes4) {
        if (block.timestamp <= a.validAfter) return AuthorizationNotYetValid.selector;
        if (block.timestamp >= a.validBefore) return AuthorizationExpired.selector;
        if (_authorizationStates[a.from][a.nonce]) return AuthorizationUsedOrCanceled.selector;
        bytes32 digest = _transferDigest(
            TRANSFER_WITH_AUTHORIZATION_TYPEHASH,
            a.from,
            a.to,
            a.value,
            a.validAfter,
            a.validBefore,
            a.nonce
        );
        if (!AccountSignature.isValidCapped(a.from, digest, a.signature)) return InvalidSignature.selector;
        return _transferFault(a.from, a.to, a.value);
    }

    function _transferDigest(
        bytes32 typehash,
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) internal view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(typehash, from, to, value, validAfter, validBefore, nonce)));
    }

    function _cancelDigest(address authorizer, bytes32 nonce) internal view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CANCEL_AUTHORIZATION_TYPEHASH, authorizer, nonce)));
    }
}
