// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title MockRoundlessFeed
/// @notice A feed that knows its decimals, and no round: of those, Chainlink's feeds say "No data present".
contract MockRoundlessFeed {
    function decimals() external pure returns (uint8) {
        return 18;
    }

    function latestRoundData() external pure returns (uint80, int256, uint256, uint256, uint80) {
        revert("No data present");
    }
}
