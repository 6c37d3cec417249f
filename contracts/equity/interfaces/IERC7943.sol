// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IERC7943Fungible
/// @notice ERC-7943's face of a fungible real-world asset: who may send and receive, what is frozen, and the force that
/// its law knows. Its interface id is 0x3edbb4c4. The four views never revert.
interface IERC7943Fungible {
    /// @notice An enforcer moved tokens of an account.
    event ForcedTransfer(address indexed from, address indexed to, uint256 amount);

    /// @notice So many tokens of the account are frozen now.
    event Frozen(address indexed account, uint256 amount);

    /// @notice The account may not send, or not move what is another's.
    error ERC7943CannotSend(address account);

    /// @notice The account may not receive.
    error ERC7943CannotReceive(address account);

    /// @notice The balance covers the amount, and what of it is not frozen does not.
    error ERC7943InsufficientUnfrozenBalance(address account, uint256 amount, uint256 unfrozen);

    /// @notice Moves tokens of an account, what is free of them first. What it takes of the frozen ones is frozen no longer;
    /// what is frozen beyond the holding stays so, and so does all where all is.
    function forcedTransfer(address from, address to, uint256 amount) external returns (bool);

    /// @notice Sets how many tokens of an account are frozen; it may be more than the account has.
    function setFrozenTokens(address account, uint256 amount) external returns (bool);

    /// @notice Whether the account may send at all.
    function canSend(address account) external view returns (bool);

    /// @notice Whether the account may receive at all.
    function canReceive(address account) external view returns (bool);

    /// @notice How many tokens of the account are frozen.
    function getFrozenTokens(address account) external view returns (uint256);

    /// @notice Whether the rules allow the transfer; balance and allowance aside, what is frozen not.
    function canTransfer(address from, address to, uint256 amount) external view returns (bool);
}
