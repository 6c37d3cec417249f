// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title AccountSignature
/// @notice Tells whether an account signed a digest, whatever kind of account it is: an EOA, an ERC-1271 contract, or
/// an EOA with ERC-7702 code, which may sign either way.
/// @dev ECDSA is tried before the account's code is looked at. That saves the cold account access (2,600 gas) for every
/// EOA, and it is sound: no one holds the key of a contract's address, and the key of an ERC-7702 account is its root.
/// Signatures with a high s, or a v other than 27 and 28, never match an EOA.
library AccountSignature {
    /// @notice Gas that a batch grants to one account's ERC-1271 check, so that no element can starve the others,
    /// where the sender supplies it.
    uint256 internal constant CAPPED_GAS = 100_000;

    /// @dev What must be left for the EVM to be able to forward `CAPPED_GAS` (it keeps a 64th back), with room for the
    /// call itself and the check of its answer.
    uint256 private constant CAPPED_GAS_REQUIRED = (CAPPED_GAS * 64) / 63 + 5_000;

    /// @notice Too little gas is left to tell a bad signature from a check that ran dry.
    error InsufficientSignatureGas(uint256 available, uint256 required);

    /// @notice True if `account` signed `digest` with (`v`, `r`, `s`); an ERC-1271 account gets them packed as 65 bytes.
    function isValid(address account, bytes32 digest, uint8 v, bytes32 r, bytes32 s) internal view returns (bool) {
        (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecover(digest, v, r, s);
        if (err == ECDSA.RecoverError.NoError && recovered == account) return true;
        return _isValidERC1271(account, digest, abi.encodePacked(r, s, v), false);
    }

    /// @notice True if `account` signed `digest` with `signature`: 65 bytes (r, s, v) of an EOA, or anything that an
    /// ERC-1271 account accepts.
    function isValid(address account, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (err == ECDSA.RecoverError.NoError && recovered == account) return true;
        return _isValidERC1271(account, digest, signature, false);
    }

    /// @notice As `isValid`, with at most `CAPPED_GAS` for the account's own check.
    /// @dev Reverts with `InsufficientSignatureGas` rather than answer false where the caller left less than the cap.
    /// Without that, gas estimation of a batch that skips bad signatures settles on the least gas at which the batch
    /// succeeds, which is the gas at which every contract account is skipped.
    function isValidCapped(address account, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(digest, signature);
        if (err == ECDSA.RecoverError.NoError && recovered == account) return true;
        if (account.code.length == 0) return false;
        return _isValidERC1271(account, digest, signature, true);
    }

    /// @dev A call without code answers nothing, so an EOA is false here. Assembly, because Solidity can bound neither
    /// the answer that is copied (a megabyte would be paid for by the relayer) nor survive one that does not decode.
    function _isValidERC1271(
        address account,
        bytes32 digest,
        bytes memory signature,
        bool capped
    ) private view returns (bool valid) {
        bytes memory data = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes4 magic = IERC1271.isValidSignature.selector;
        uint256 gasLimit = gasleft();
        if (capped) {
            if (gasLimit < CAPPED_GAS_REQUIRED) revert InsufficientSignatureGas(gasLimit, CAPPED_GAS_REQUIRED);
            gasLimit = CAPPED_GAS;
        }
        assembly ("memory-safe") {
            let success := staticcall(gasLimit, account, add(data, 0x20), mload(data), 0x00, 0x20)
            valid := and(success, and(gt(returndatasize(), 0x1f), eq(mload(0x00), magic)))
        }
    }
}
