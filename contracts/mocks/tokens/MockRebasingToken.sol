// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title MockRebasingToken
/// @notice Stands for tokens like stETH: accounts hold shares, balances are shares of a total that anybody may set here,
/// up or down. A move rounds down to whole shares, so that a unit or two less may arrive than was sent.
contract MockRebasingToken is IERC20, IERC20Errors {
    string public name = "Rebasing token (mock)";
    string public symbol = "REBASE";
    uint8 public decimals = 18;

    uint256 public totalSupply;
    uint256 public totalShares;
    mapping(address account => uint256) public sharesOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    /// @notice Balances are shares of another total.
    event Rebased(uint256 totalSupply);

    error NoShares();

    function mint(address to, uint256 value) external {
        uint256 shares = totalShares == 0 ? value : _toShares(value);
        if (shares == 0) revert NoShares();
        totalSupply += value;
        totalShares += shares;
        sharesOf[to] += shares;
        emit Transfer(address(0), to, value);
    }

    function rebase(uint256 newTotal) external {
        if (totalShares == 0) revert NoShares();
        totalSupply = newTotal;
        emit Rebased(newTotal);
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        _move(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        allowance[from][msg.sender] -= value;
        _move(from, to, value);
        return true;
    }

    function balanceOf(address account) public view returns (uint256) {
        return totalShares == 0 ? 0 : (sharesOf[account] * totalSupply) / totalShares;
    }

    function _move(address from, address to, uint256 value) private {
        uint256 balance = balanceOf(from);
        if (balance < value) revert ERC20InsufficientBalance(from, balance, value);
        uint256 shares = _toShares(value);
        sharesOf[from] -= shares;
        sharesOf[to] += shares;
        emit Transfer(from, to, value);
    }

    /// @dev After a rebase to nothing every balance is 0, and so is whatever can be moved.
    function _toShares(uint256 value) private view returns (uint256) {
        return totalSupply == 0 ? 0 : (value * totalShares) / totalSupply;
    }
}
