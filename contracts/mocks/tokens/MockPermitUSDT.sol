// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title MockPermitUSDT
/// @notice Stands for the newer kind of USDT: returns booleans, charges no fee, has ERC-2612's permit.
contract MockPermitUSDT is ERC20, ERC20Permit {
    uint8 private immutable _decimals;

    constructor(uint8 decimals_) ERC20("Tether USD (permit mock)", "USDT") ERC20Permit("Tether USD (permit mock)") {
        _decimals = decimals_;
    }

    function issue(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }
}
