// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

import {IERC6551Registry} from "./interfaces/IERC6551.sol";

/// @title ERC6551Registry
/// @notice ERC-6551's registry of token-bound accounts, for chains that lack the canonical one. Accounts have the code
/// that the standard prescribes: an ERC-1167 proxy, followed by salt, chain, token contract and id. Immutable.
contract ERC6551Registry is IERC6551Registry {
    /// @inheritdoc IERC6551Registry
    function createAccount(
        address implementation,
        bytes32 salt,
        uint256 chainId,
        address tokenContract,
        uint256 tokenId
    ) external returns (address created) {
        bytes memory code = _creationCode(implementation, salt, chainId, tokenContract, tokenId);
        created = Create2.computeAddress(salt, keccak256(code));
        if (created.code.length != 0) return created;
        assembly ("memory-safe") {
            created := create2(0, add(code, 0x20), mload(code), salt)
        }
        if (created == address(0)) revert AccountCreationFailed();
        emit ERC6551AccountCreated(created, implementation, salt, chainId, tokenContract, tokenId);
    }

    /// @inheritdoc IERC6551Registry
    function account(
        address implementation,
        bytes32 salt,
        uint256 chainId,
        address tokenContract,
        uint256 tokenId
    ) external view returns (address) {
        return
            Create2.computeAddress(
                salt,
                keccak256(_creationCode(implementation, salt, chainId, tokenContract, tokenId))
            );
    }

    function _creationCode(
        address implementation,
        bytes32 salt,
        uint256 chainId,
        address tokenContract,
        uint256 tokenId
    ) private pure returns (bytes memory) {
        return
            abi.encodePacked(
                // Returns the 173 bytes that follow: the proxy's 45, and four words.
                hex"3d60ad80600a3d3981f3",
                hex"363d3d373d3d3d363d73",
                implementation,
                hex"5af43d82803e903d91602b57fd5bf3",
                abi.encode(salt, chainId, tokenContract, tokenId)
            );
    }
}
