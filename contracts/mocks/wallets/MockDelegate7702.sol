// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title MockDelegate7702
/// @notice Stands for the code that an EOA points to by ERC-7702. It accepts the signatures of one session key, given in
/// the constructor, and not the plain signature of the EOA's own key: a payer's key and code may differ in what they accept.
contract MockDelegate7702 is IERC1271 {
    address public immutable sessionKey;

    constructor(address sessionKey_) {
        sessionKey = sessionKey_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (address signer, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(hash, signature);
        bool valid = err == ECDSA.RecoverError.NoError && signer == sessionKey;
        return valid ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
