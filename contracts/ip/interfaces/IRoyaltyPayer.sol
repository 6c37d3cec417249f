// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IRoyaltyPayer
/// @notice A contract that pays royalties for others, through `RoyaltyGraph.collect`.
interface IRoyaltyPayer {
    /// @notice The graph asks for `amount` of `token`: transfer it to the caller before this returns. An implementation
    /// must check that the caller is the graph.
    function onRoyaltyDue(address token, uint256 amount, bytes calldata data) external;
}
