// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title MockHostileERC20
/// @notice An ERC-20 that lies, for whoever credits what arrives. Unlike HostileUSDT, which tells one of a wrapper's lies
/// at a time, what it moves, what it answers, what it says of balances and whom it calls are separate, and combine.
contract MockHostileERC20 is ERC20 {
    enum Move {
        Exactly,
        Nothing,
        /// `bps` less arrives, as with a fee: the sender pays in full.
        Less,
        /// `bps` more leave the sender, and arrive.
        More,
        Revert
    }

    enum Answer {
        True,
        False,
        /// No data, as old tokens.
        Nothing
    }

    Move public move;
    Answer public answer;
    uint256 public bps;
    /// What `balanceOf` adds to the truth.
    mapping(address account => int256) public balanceOffset;

    address private _target;
    bytes private _payload;
    bool private _bubbles;
    bool private _inside;
    uint256 public reentries;
    bool public reentrySucceeded;
    bytes public reentryResult;

    error Hostile();

    constructor() ERC20("Hostile token (mock)", "HOSTILE") {}

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function setMove(Move move_, uint256 bps_) external {
        move = move_;
        bps = bps_;
    }

    function setAnswer(Answer answer_) external {
        answer = answer_;
    }

    /// @dev A negative one lowers the balance to 0 at most.
    function setBalanceOffset(address account, int256 offset) external {
        balanceOffset[account] = offset;
    }

    /// @dev Before each move `target` is called, 0: nobody. Moves inside of that call make no further one. A failure of
    /// it is swallowed, or fails the move.
    function setReentry(address target, bytes calldata payload, bool bubbles) external {
        _target = target;
        _payload = payload;
        _bubbles = bubbles;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return _lyingMove(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _spendAllowance(from, msg.sender, value);
        return _lyingMove(from, to, value);
    }

    function balanceOf(address account) public view override returns (uint256) {
        int256 balance = int256(super.balanceOf(account)) + balanceOffset[account];
        return balance < 0 ? 0 : uint256(balance);
    }

    function _lyingMove(address from, address to, uint256 value) private returns (bool) {
        if (_target != address(0) && !_inside) _reenter();

        uint256 lie = (value * bps) / 10_000;
        if (move == Move.Revert) revert Hostile();
        if (move != Move.Nothing) _transfer(from, to, move == Move.More ? value + lie : value);
        if (move == Move.Less) _burn(to, lie);

        if (answer == Answer.Nothing) {
            assembly {
                return(0x00, 0)
            }
        }
        return answer == Answer.True;
    }

    function _reenter() private {
        _inside = true;
        (bool success, bytes memory result) = _target.call(_payload);
        if (_bubbles && !success) {
            assembly {
                revert(add(result, 0x20), mload(result))
            }
        }
        _inside = false;
        ++reentries;
        (reentrySucceeded, reentryResult) = (success, result);
    }
}
