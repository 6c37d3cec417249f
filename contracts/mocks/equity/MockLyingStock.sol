// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title MockLyingStock
/// @notice As much of a tokenized stock as a wrapper asks for, without any shares behind it: it says that it moved what it
/// did not move.
contract MockLyingStock {
    uint256 public multiplier = 1e18;
    uint256 public snapshotId;

    function setMultiplier(uint256 multiplier_) external {
        multiplier = multiplier_;
    }

    function conversionTerms(address, address) external view returns (bool, uint256, uint256) {
        return (true, multiplier, snapshotId);
    }

    function ensureTransferable(address, address, address) external view returns (uint256) {
        return snapshotId;
    }

    function transferSharesFrom(address, address, uint256 shares) external pure returns (uint256) {
        return shares;
    }

    function transferShares(address, uint256 shares) external pure returns (uint256) {
        return shares;
    }
}
