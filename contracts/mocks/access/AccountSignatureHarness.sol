// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {AccountSignature} from "../../access/libraries/AccountSignature.sol";

/// @title AccountSignatureHarness
/// @notice Opens the library to tests, beside a twin of its assembly in plain Solidity.
contract AccountSignatureHarness {
    function isValid(address account, bytes32 digest, uint8 v, bytes32 r, bytes32 s) external view returns (bool) {
        return AccountSignature.isValid(account, digest, v, r, s);
    }

    function isValid(address account, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return AccountSignature.isValid(account, digest, signature);
    }

    function isValidCapped(address account, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return AccountSignature.isValidCapped(account, digest, signature);
    }

    /// @dev The ERC-1271 check as Solidity writes it: same answer, for every wallet that does not bomb.
    function twin(address account, bytes32 digest, bytes calldata signature) external view returns (bool) {
        (bool success, bytes memory answer) = account.staticcall(
            abi.encodeCall(IERC1271.isValidSignature, (digest, signature))
        );
        return success && answer.length >= 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
    }
}
