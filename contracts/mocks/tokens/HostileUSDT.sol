// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title HostileUSDT
/// @notice An underlying that lies in the ways a wrapper must survive, one at a time.
contract HostileUSDT is ERC20 {
    enum Lie {
        None,
        /// Says true and moves nothing.
        MoveNothing,
        /// Answers false.
        ReturnFalse,
        /// Takes 1 % from the sender on top of what it sends.
        ChargeSender,
        /// Calls back into a target before it moves value.
        Reenter,
        /// The receiver's balance grows by more than any supply's word holds.
        Inflate,
        /// The receiver's balance falls.
        Shrink
    }

    Lie public lie;
    address private _target;
    bytes private _payload;
    bool public reentrySucceeded;
    bytes public reentryResult;

    constructor() ERC20("Hostile USD", "HUSD") {}

    function issue(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function confiscate(address from, uint256 amount) external {
        _burn(from, amount);
    }

    function setLie(Lie lie_) external {
        lie = lie_;
    }

    function setReentry(address target, bytes calldata payload) external {
        lie = Lie.Reenter;
        _target = target;
        _payload = payload;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return _lyingMove(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _spendAllowance(from, msg.sender, value);
        return _lyingMove(from, to, value);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _lyingMove(address from, address to, uint256 value) private returns (bool) {
        if (lie == Lie.MoveNothing) return true;
        if (lie == Lie.ReturnFalse) return false;
        if (lie == Lie.Reenter) (reentrySucceeded, reentryResult) = _target.call(_payload);
        if (lie == Lie.Inflate) {
            _mint(to, uint256(type(uint248).max) + 1);
            return true;
        }
        if (lie == Lie.Shrink) {
            _burn(to, 1);
            return true;
        }
        _transfer(from, to, value);
        if (lie == Lie.ChargeSender) _burn(from, value / 100);
        return true;
    }
}
