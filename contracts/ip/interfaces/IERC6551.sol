// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IERC6551Registry
/// @notice ERC-6551's registry of token-bound accounts.
interface IERC6551Registry {
    /// @notice An account was deployed.
    event ERC6551AccountCreated(
        address account,
        address indexed implementation,
        bytes32 salt,
        uint256 chainId,
        address indexed tokenContract,
        uint256 indexed tokenId
    );

    /// @notice The account could not be deployed.
    error AccountCreationFailed();

    /// @notice Deploys a token's account, where it is not yet, and answers its address.
    function createAccount(
        address implementation,
        bytes32 salt,
        uint256 chainId,
        address tokenContract,
        uint256 tokenId
    ) external returns (address);

    /// @notice The address of a token's account, deployed or not.
    function account(
        address implementation,
        bytes32 salt,
        uint256 chainId,
        address tokenContract,
        uint256 tokenId
    ) external view returns (address);
}

/// @title IERC6551Account
/// @notice ERC-6551's token-bound account.
interface IERC6551Account {
    /// @notice Accepts native coin.
    receive() external payable;

    /// @notice The token that the account is bound to.
    function token() external view returns (uint256 chainId, address tokenContract, uint256 tokenId);

    /// @notice Changes with each operation.
    function state() external view returns (uint256);

    /// @notice The function's selector where `signer` may act for the account, else 0.
    function isValidSigner(address signer, bytes calldata context) external view returns (bytes4);
}

/// @title IERC6551Executable
/// @notice ERC-6551's execution.
interface IERC6551Executable {
    /// @notice Calls `to` for a valid signer; operation 0 is a call, the only one that every account has.
    function execute(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation
    ) external payable returns (bytes memory);
}
