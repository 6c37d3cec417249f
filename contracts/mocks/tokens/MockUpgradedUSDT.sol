// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IUpgradedUSDT} from "./MockUSDT.sol";

/// @title MockUpgradedUSDT
/// @notice What a deprecated USDT forwards to: the same ledger behind two addresses, the old contract's and its own.
contract MockUpgradedUSDT is ERC20, IUpgradedUSDT {
    address public immutable legacy;

    constructor(address legacy_) ERC20("Tether USD (upgraded mock)", "USDT") {
        legacy = legacy_;
    }

    modifier onlyLegacy() {
        require(msg.sender == legacy);
        _;
    }

    /// @dev The migration of balances that a real upgrade would bring along.
    function migrate(address account, uint256 value) external {
        _mint(account, value);
    }

    function transferByLegacy(address from, address to, uint256 value) external onlyLegacy {
        _transfer(from, to, value);
    }

    function transferFromByLegacy(address sender, address from, address to, uint256 value) external onlyLegacy {
        _spendAllowance(from, sender, value);
        _transfer(from, to, value);
    }

    function approveByLegacy(address from, address spender, uint256 value) external onlyLegacy {
        _approve(from, spender, value);
    }

    function balanceOf(address who) public view override(ERC20, IUpgradedUSDT) returns (uint256) {
        return super.balanceOf(who);
    }

    function totalSupply() public view override(ERC20, IUpgradedUSDT) returns (uint256) {
        return super.totalSupply();
    }

    function allowance(address owner, address spender) public view override(ERC20, IUpgradedUSDT) returns (uint256) {
        return super.allowance(owner, spender);
    }
}
