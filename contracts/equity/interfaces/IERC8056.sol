// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IERC8056
/// @notice ERC-8056 (draft, the revision of three-argument `UIMultiplierUpdated`): a token whose units count raw, and a
/// multiplier by which they are shown. Its interface ids: 0xa60bf13d for `uiMultiplier`, 0x4bd27648 for `newUIMultiplier`
/// and `effectiveAt`, 0x57854fc3 for `toUIAmount` and `fromUIAmount`, 0xd890fd71 for `balanceOfUI` and `totalSupplyUI`.
interface IERC8056 {
    /// @notice The multiplier changes at the time given, which may be past or to come.
    event UIMultiplierUpdated(uint256 oldMultiplier, uint256 newMultiplier, uint256 effectiveAtTimestamp);

    /// @notice Multiplier in effect now, with 18 decimals.
    function uiMultiplier() external view returns (uint256);

    /// @notice Multiplier that is to come, or the one in effect where none is.
    function newUIMultiplier() external view returns (uint256);

    /// @notice When `newUIMultiplier` takes effect, or took effect.
    function effectiveAt() external view returns (uint256);

    /// @notice What raw units are shown as: rounded down.
    function toUIAmount(uint256 rawAmount) external view returns (uint256);

    /// @notice How many raw units are shown as this: rounded down.
    function fromUIAmount(uint256 uiAmount) external view returns (uint256);

    /// @notice What an account's units are shown as.
    function balanceOfUI(address account) external view returns (uint256);

    /// @notice What all units are shown as.
    function totalSupplyUI() external view returns (uint256);
}
