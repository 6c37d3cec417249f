// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IERC7943Fungible} from "../../../contracts/equity/interfaces/IERC7943.sol";
import {IRedemptionQueue} from "../../../contracts/equity/interfaces/IRedemptionQueue.sol";
import {IWrappedEquity} from "../../../contracts/equity/interfaces/IWrappedEquity.sol";
import {EquityCorporate} from "./EquityCorporate.sol";

/// @title EquityUnits
/// @notice Where shares stand for others: the wrapper, whose units are shares, and the queue, which holds them in escrow.
abstract contract EquityUnits is EquityCorporate {
    function _deposit() internal {
        (address from, address to) = (_drawHolder(), _drawReceiver());
        uint256 amount = _drawAmount(_worth(_shares[from]));
        uint256 shares = amount > MAX_AMOUNT ? type(uint256).max : (amount * WAD) / _multiplier;
        bytes memory data = abi.encodeCall(IERC4626.deposit, (amount, to));
        if (_send(address(wrapper), from, data, _mayDeposit(from, to, shares))) _bookDeposit(from, to, shares);
    }

    function _mintUnits() internal {
        (address from, address to) = (_drawHolder(), _drawReceiver());
        uint256 shares = _drawShares(_shares[from]);
        bytes memory data = abi.encodeCall(IERC4626.mint, (shares, to));
        if (_send(address(wrapper), from, data, _mayDeposit(from, to, shares))) _bookDeposit(from, to, shares);
    }

    function _withdraw() internal {
        (address caller, address owner) = _drawOwner();
        address to = _drawReceiver();
        uint256 amount = _drawAmount(_worth(_units[owner]));
        uint256 shares = _sharesUp(amount);
        bytes memory data = abi.encodeCall(IERC4626.withdraw, (amount, to, owner));
        // Not more than the free units are worth, rounded down; so the shares are no more than these.
        bool succeeds = amount <= _worth(_freeUnits(owner)) && _mayWithdraw(caller, owner, to, shares);
        _sendWithdrawal(caller, owner, to, shares, data, succeeds);
    }

    function _redeem() internal {
        (address caller, address owner) = _drawOwner();
        address to = _drawReceiver();
        uint256 shares = _drawShares(_units[owner]);
        bytes memory data = abi.encodeCall(IERC4626.redeem, (shares, to, owner));
        _sendWithdrawal(caller, owner, to, shares, data, _mayWithdraw(caller, owner, to, shares));
    }

    /// @dev The halt does not matter: a split changes no unit.
    function _transferUnits() internal {
        address from = _drawUnitHolder();
        address to = _drawReceiver();
        uint256 units = _drawShares(_units[from]);
        bool can = wrapper.canTransfer(from, to, units);
        bool succeeds = _mayMoveUnits(from, from, to, units);
        bool success = _send(address(wrapper), from, abi.encodeCall(IERC20.transfer, (to, units)), succeeds);
        assertEq(success, can && units <= _units[from], "I10: canTransfer of units and the outcome disagree");
        if (success) _bookUnits(from, to, units);
    }

    /// @dev An allowance of units, and a move by it.
    function _transferUnitsFrom() internal {
        (address from, address spender, address to) = (_drawUnitHolder(), _drawHolder(), _drawReceiver());
        uint256 units = _drawShares(_units[from]);
        if (!_chance(3)) {
            vm.prank(from);
            wrapper.approve(spender, units);
            _unitAllowances[from][spender] = units;
        }
        bool succeeds = units <= _unitAllowances[from][spender] && _mayMoveUnits(spender, from, to, units);
        bytes memory data = abi.encodeCall(IERC20.transferFrom, (from, to, units));
        if (!_send(address(wrapper), spender, data, succeeds)) return;
        _bookUnits(from, to, units);
        _spendUnits(spender, from, units);
    }

    function _setFrozenUnits() internal {
        address account = _drawUnitHolder();
        uint256 units = _chance(2) ? 0 : _drawAmount(_units[account]);
        if (_chance(8)) units = MAX_SHARES - _draw(2);
        bool succeeds = units == type(uint256).max || units < MAX_SHARES;
        bytes memory data = abi.encodeCall(IERC7943Fungible.setFrozenTokens, (account, units));
        if (_send(address(wrapper), office, data, succeeds)) _frozenUnits[account] = _least(units, ALL);
    }

    function _forceUnits() internal {
        address from = _chance(4) ? _drawSeizable() : _drawUnitHolder();
        address to = _drawReceiver();
        uint256 units = _drawShares(_units[from]);
        bool succeeds =
            to != address(0) && to != address(wrapper) && to != address(token) && _complies(to, address(0), to);
        succeeds = succeeds && _words[from] & SYSTEM == 0 && units <= _units[from];
        succeeds = succeeds && (_words[from] & BLOCKED != 0 || _frozenUnits[from] >= units);
        bytes memory data = abi.encodeCall(IERC7943Fungible.forcedTransfer, (from, to, units));
        if (!_send(address(wrapper), office, data, succeeds)) return;
        _enforced = true;
        _frozenUnits[from] = _leftFrozen(_frozenUnits[from], _units[from], units);
        _bookUnits(from, to, units);
    }

    /// @dev What is beyond the units, and not a share more (I4).
    function _sweepUnits() internal {
        address to = _drawHolder();
        uint256 surplus = _donatedToWrapper;
        bool succeeds = surplus != 0 && _mayMove(address(wrapper), address(wrapper), to, surplus);
        if (!_send(address(wrapper), office, abi.encodeCall(IWrappedEquity.sweep, (to)), succeeds)) return;
        _bookMove(address(wrapper), to, surplus);
        _donatedToWrapper = 0;
    }

    // The queue

    function _request() internal {
        address from = _drawHolder();
        if (_chance(3)) from = _drawRequester(from); // so that some have as many as they may
        uint256 shares = _drawShares(_shares[from] / 2);
        bool offChain = _chance(2);
        address payToken = offChain ? address(0) : address(dollar);
        uint256 minOut = offChain ? 0 : 1 + _draw(1e9);
        if (_chance(12)) minOut = offChain ? 1 : 0;
        bool succeeds =
            (payToken == address(0)) == (minOut == 0) && shares >= MIN_REDEMPTION && _openOf[from] < MAX_OPEN;
        succeeds = succeeds && _mayMove(address(queue), from, address(queue), shares);
        bytes memory data = abi.encodeCall(
            IRedemptionQueue.request,
            (address(token), shares, payToken, minOut, bytes32(_random))
        );
        if (!_send(address(queue), from, data, succeeds)) return;
        _redemptions.push(
            Redemption(from, payToken, shares, minOut, _now() + CANCEL_DELAY, IRedemptionQueue.State.Pending)
        );
        ++_openOf[from];
        _escrowed += shares;
        _bookMove(from, address(queue), shares);
    }

    function _cancelRequest() internal {
        (uint256 id, Redemption memory r) = _drawRedemption(IRedemptionQueue.State.Pending);
        address caller = _chance(8) ? _drawHolder() : r.requester;
        bool succeeds = r.state == IRedemptionQueue.State.Pending && caller == r.requester && _now() >= r.cancelableAt;
        succeeds = succeeds && _mayReturn(r);
        if (!_send(address(queue), caller, abi.encodeCall(IRedemptionQueue.cancel, (id)), succeeds)) return;
        _close(id, IRedemptionQueue.State.Canceled);
        _bookMove(address(queue), r.requester, r.shares);
    }

    /// @dev Every other time, so that some are left to be canceled.
    function _lock() internal {
        (uint256 id, Redemption memory r) = _drawRedemption(
            _chance(2) ? IRedemptionQueue.State.Pending : IRedemptionQueue.State.Locked
        );
        bool succeeds = r.state == IRedemptionQueue.State.Pending;
        if (!_send(address(queue), redeemer(), abi.encodeCall(IRedemptionQueue.lock, (id)), succeeds)) return;
        _redemptions[id - 1].state = IRedemptionQueue.State.Locked;
    }

    function _settle() internal {
        (uint256 id, Redemption memory r) = _drawRedemption(IRedemptionQueue.State.Locked);
        bool offChain = r.payToken == address(0);
        uint256 out = offChain ? 0 : r.minOut + _draw(3);
        if (_chance(8)) out = offChain || out == 0 ? 1 : r.minOut - 1;
        bytes32 paymentRef = _chance(12) ? bytes32(0) : bytes32(_random);
        bool succeeds = r.state == IRedemptionQueue.State.Locked && _words[r.requester] & BLOCKED == 0;
        succeeds = succeeds && _pauses & PAUSED_BURNS == 0 && _complies(address(queue), address(queue), address(0));
        succeeds = succeeds && (offChain ? out == 0 && paymentRef != 0 : out >= r.minOut);
        // The payer himself receives nothing.
        if (!offChain && r.requester == redeemer()) succeeds = false;
        bytes memory data = abi.encodeCall(IRedemptionQueue.settle, (id, out, paymentRef));
        if (!_send(address(queue), redeemer(), data, succeeds)) return;
        _close(id, IRedemptionQueue.State.Settled);
        _shares[address(queue)] -= r.shares;
        _total -= r.shares;
    }

    function _reject() internal {
        (uint256 id, Redemption memory r) = _drawRedemption(IRedemptionQueue.State.Locked);
        bytes memory data = abi.encodeCall(IRedemptionQueue.reject, (id, bytes32(_random)));
        if (!_send(address(queue), redeemer(), data, _isOpen(r) && _mayReturn(r))) return;
        _close(id, IRedemptionQueue.State.Rejected);
        _bookMove(address(queue), r.requester, r.shares);
    }

    function _seizeRequest() internal {
        (uint256 id, Redemption memory r) = _drawBlockedRedemption();
        address to = _drawReceiver();
        bool succeeds = _isOpen(r) && _words[r.requester] & BLOCKED != 0;
        succeeds = succeeds && _mayMove(address(queue), address(queue), to, r.shares);
        if (!_send(address(queue), office, abi.encodeCall(IRedemptionQueue.seize, (id, to)), succeeds)) return;
        _close(id, IRedemptionQueue.State.Seized);
        _bookMove(address(queue), to, r.shares);
    }

    /// @dev What came without a request, and not a share of escrow (I8).
    function _sweepQueue() internal {
        address to = _drawHolder();
        uint256 stray = _shares[address(queue)] - _escrowed;
        bool succeeds = stray != 0 && _mayMove(address(queue), address(queue), to, stray);
        if (!_send(address(queue), office, abi.encodeCall(IRedemptionQueue.sweep, (address(token), to)), succeeds))
            return;
        _bookMove(address(queue), to, stray);
    }

    // Who may

    /// @dev The stock's rules for caller and receiver, and the caller's shares. The wrapper is no receiver: its units would be
    /// nobody's.
    function _mayDeposit(address from, address to, uint256 shares) private view returns (bool) {
        if (shares == 0 || shares > MAX_SHARES || to == address(0) || to == address(token)) return false;
        if (!_complies(address(0), address(0), to)) return false;
        return _mayMove(address(wrapper), from, address(wrapper), shares);
    }

    function _mayWithdraw(address caller, address owner, address to, uint256 shares) private view returns (bool) {
        if (shares == 0 || shares > _freeUnits(owner) || to == address(wrapper)) return false;
        if (caller != owner && shares > _unitAllowances[owner][caller]) return false;
        if (!_complies(caller, owner, address(0))) return false;
        return _mayMove(address(wrapper), address(wrapper), to, shares);
    }

    function _mayMoveUnits(address spender, address from, address to, uint256 units) private view returns (bool) {
        if (to == address(0) || to == address(token) || _pauses & PAUSED_TRANSFERS != 0) return false;
        return _complies(spender, from, to) && units <= _freeUnits(from);
    }

    function _mayReturn(Redemption memory r) private view returns (bool) {
        if (_words[r.requester] & BLOCKED != 0) return false;
        return _mayMove(address(queue), address(queue), r.requester, r.shares);
    }

    function _isOpen(Redemption memory r) private pure returns (bool) {
        return r.state == IRedemptionQueue.State.Pending || r.state == IRedemptionQueue.State.Locked;
    }

    // Entries

    function _bookDeposit(address from, address to, uint256 shares) private {
        _bookMove(from, address(wrapper), shares);
        _units[to] += shares;
        _totalUnits += shares;
    }

    function _sendWithdrawal(
        address caller,
        address owner,
        address to,
        uint256 shares,
        bytes memory data,
        bool succeeds
    ) private {
        if (!_send(address(wrapper), caller, data, succeeds)) return;
        _units[owner] -= shares;
        _totalUnits -= shares;
        _bookMove(address(wrapper), to, shares);
        if (caller != owner) _spendUnits(caller, owner, shares);
    }

    function _spendUnits(address spender, address from, uint256 units) private {
        if (_unitAllowances[from][spender] != type(uint256).max) _unitAllowances[from][spender] -= units;
    }

    function _close(uint256 id, IRedemptionQueue.State state) private {
        Redemption storage r = _redemptions[id - 1];
        r.state = state;
        --_openOf[r.requester];
        _escrowed -= r.shares;
    }

    // Draws

    /// @dev Mostly the owner calls.
    function _drawOwner() private returns (address caller, address owner) {
        owner = _drawUnitHolder();
        caller = owner;
        if (_chance(4)) {
            caller = _drawHolder();
            for (uint256 i = 0; i < HOLDERS; ++i) {
                if (_unitAllowances[owner][accounts[i]] != 0) caller = accounts[i];
            }
        }
    }

    /// @dev Mostly somebody with units.
    function _drawUnitHolder() private returns (address account) {
        uint256 first = _draw(HOLDERS);
        for (uint256 i = 0; i < HOLDERS; ++i) {
            account = accounts[(first + i) % HOLDERS];
            if (_units[account] != 0) return account;
        }
    }

    /// @dev Mostly one in this state; now and then any, or none.
    function _drawRedemption(IRedemptionQueue.State state) private returns (uint256 id, Redemption memory r) {
        uint256 count = _redemptions.length;
        id = _draw(count + 2);
        if (!_chance(8)) {
            uint256 first = id;
            for (uint256 i = 0; i < count; ++i) {
                id = ((first + i) % count) + 1;
                if (_redemptions[id - 1].state == state) break;
            }
        }
        if (id != 0 && id <= count) r = _redemptions[id - 1];
    }

    /// @dev One of a blocked requester, where there is one.
    function _drawBlockedRedemption() private returns (uint256 id, Redemption memory r) {
        for (uint256 i = _redemptions.length; i != 0; --i) {
            r = _redemptions[i - 1];
            if (_isOpen(r) && _words[r.requester] & BLOCKED != 0) return (i, r);
        }
        return _drawRedemption(IRedemptionQueue.State.Pending);
    }
}
