// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IRoyaltyInbox
/// @notice The address of a work to which anybody can send money that must feed the royalty graph: x402 sales, ERC-2981
/// royalties of market places. Nobody owns it: what arrives can only be swept into the graph, as the work's revenue.
interface IRoyaltyInbox {
    /// @notice Nothing is there to sweep.
    error NothingToSweep(address token);

    /// @notice Moves the whole balance of a token (0: the native coin) into the graph. Anybody.
    function sweep(address token) external returns (uint256 amount);

    /// @notice The work whose revenue this is, and the graph that it feeds.
    function work() external view returns (address graph, uint256 id);
}
