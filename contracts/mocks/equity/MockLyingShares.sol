// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title MockLyingShares
/// @notice A tokenized stock, as far as a dividend asks it, whose answers are what it was told: more shares in its accounts
/// than in all, for one.
contract MockLyingShares {
    address public immutable complianceRegistry;
    address public wrapper;
    uint256 public total;
    mapping(address account => uint256) public shares;

    constructor(address registry_) {
        complianceRegistry = registry_;
    }

    function setWrapper(address wrapper_) external {
        wrapper = wrapper_;
    }

    function setTotal(uint256 total_) external {
        total = total_;
    }

    function setShares(address account, uint256 shares_) external {
        shares[account] = shares_;
    }

    function totalSharesAt(uint256) external view returns (uint256) {
        return total;
    }

    function sharesAt(address account, uint256) external view returns (uint256) {
        return shares[account];
    }
}
