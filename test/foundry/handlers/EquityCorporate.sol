// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICorporateActions} from "../../../contracts/equity/interfaces/ICorporateActions.sol";
import {EquityPowers} from "./EquityPowers.sol";

/// @title EquityCorporate
/// @notice Corporate actions and the periodic fee: what changes the multiplier, and no share (I3).
abstract contract EquityCorporate is EquityPowers {
    uint256 private constant MIN_MULTIPLIER = 1e10;
    uint256 private constant MAX_MULTIPLIER = 1e26;
    uint256 private constant HORIZON = 180 days;

    function _scheduleAction() internal {
        ICorporateActions.Action memory action = _drawAction();
        uint256 nonce = _chance(12) ? _nonce + 1 : _nonce;
        if (!_chance(8)) _answerFor(_total + _draw(_total + 1));
        uint256 next = action.denominator == 0 ? 0 : (_multiplier * action.numerator) / action.denominator;
        bool succeeds = _isIdle() && nonce == _nonce && _isTimely(action) && _isRatio(action, next);
        succeeds = succeeds && next >= MIN_MULTIPLIER && next <= MAX_MULTIPLIER;
        if (action.kind == ICorporateActions.Kind.Dividend) {
            (bool counts, uint256 allowed) = _allowedSupply();
            succeeds = succeeds && counts && (_total * next) / WAD <= allowed;
        }
        bytes memory data = abi.encodeCall(ICorporateActions.scheduleAction, (address(token), action, nonce));
        if (!_send(address(actions), office, data, succeeds)) return;
        (_pending, _effectiveAt, _haltSeconds) = (next, action.effectiveAt, uint256(action.haltMinutes) * 60);
    }

    function _cancelAction() internal {
        uint256 nonce = _chance(2) ? _nonce + 1 : _nonce; // most are to take effect
        // Whoever schedules, or whoever watches.
        bytes memory data =
            _chance(2)
                ? abi.encodeCall(ICorporateActions.cancelAction, (address(token), nonce))
                : abi.encodeCall(ICorporateActions.vetoAction, (address(token), nonce));
        if (!_send(address(actions), office, data, _pending != 0 && nonce == _nonce)) return;
        (_pending, _effectiveAt, _haltSeconds) = (0, _lastActionAt, 0);
    }

    /// @dev How much is accrued is the fuzz test's matter; here, that it is a fee, of two percent at most.
    function _poke() internal {
        bool due = _feePeriod != 0 && _now() >= _feeAppliedAt + _feePeriod;
        bytes memory data = abi.encodeCall(ICorporateActions.poke, (address(token)));
        if (_multiplier < MIN_MULTIPLIER + MIN_MULTIPLIER / 32) {
            // By the least multiplier, the fee decides.
            if (_attempt(address(actions), _drawHolder(), data) != 0) return;
        } else if (!_send(address(actions), _drawHolder(), data, _isIdle() && due)) {
            return;
        }
        uint256 next = token.multiplier();
        assertLt(next, _multiplier, "a fee lowers the multiplier");
        assertGe(next, (_multiplier * 98) / 100, "a fee takes two percent at most");
        (_multiplier, _feeAppliedAt) = (next, _now());
        ++_nonce;
    }

    function _setFee() internal {
        uint64 keep = uint64(0.98e18 + _draw(0.02e18));
        uint32 period = uint32(1 days + _draw(1 days));
        uint256 kind = _draw(12);
        if (_feePeriod != 0 && !_chance(4)) kind = 1 + _draw(2); // a new fee begins anew, and would hardly be due
        if (kind == 0) (keep, period) = (0, 0);
        else if (kind == 1) keep = uint64(_chance(2) ? WAD : 0.98e18 - 1);
        else if (kind == 2) period = uint32(_chance(2) ? 1 hours - 1 : 366 days + 1);
        bytes memory data = abi.encodeCall(ICorporateActions.setFee, (address(token), keep, period));
        if (!_send(address(actions), office, data, kind != 1 && kind != 2)) return;
        (_feePeriod, _feeAppliedAt) = (period, _now());
    }

    /// @dev Seconds to weeks; and to the very second of an action, the one before, and the ends of its halt.
    function _warp() internal {
        uint256 kind = _draw(8);
        uint256 time = _now() + 1 + _draw(kind < 4 ? 1 hours : (kind < 6 ? 1 days : 3 weeks));
        if (kind > 4 && _pending != 0) {
            uint256[4] memory edges = [
                _effectiveAt - 1,
                _effectiveAt,
                _effectiveAt - _haltSeconds,
                _effectiveAt + _haltSeconds + _draw(2)
            ];
            uint256 edge = edges[_draw(4)];
            if (edge > _now()) time = edge;
        }
        vm.warp(time);
        _followClock();
        _count();
    }

    /// @dev Nothing to come, and no halt going on.
    function _isIdle() private view returns (bool) {
        return _pending == 0 && _now() > _effectiveAt + _haltSeconds;
    }

    /// @dev Of each kind; the multiplier is led back from its bounds, and now and then over them.
    function _drawAction() private returns (ICorporateActions.Action memory action) {
        uint256 kind = _draw(16);
        action.document = bytes32(_draw(type(uint256).max));
        // Up for a while, then down, so that the multiplier comes to its bounds.
        if (kind < 8) {
            bool up = (_nonce / 16) % 2 == 0;
            if (_chance(4)) up = !up;
            action.kind = up ? ICorporateActions.Kind.Split : ICorporateActions.Kind.ReverseSplit;
        } else if (kind < 11) action.kind = ICorporateActions.Kind.Dividend;
        else if (kind < 15) action.kind = ICorporateActions.Kind.Fee;
        else action.kind = ICorporateActions.Kind.PeriodicFee; // not to be scheduled
        (action.numerator, action.denominator) = _drawRatio(action.kind);

        uint256 notice = action.kind == ICorporateActions.Kind.Dividend ? 1 hours : 1 days;
        uint256 wait = notice + (_chance(4) ? 0 : _draw(3 days));
        if (_chance(12)) wait = _chance(2) ? notice - 1 : HORIZON + _draw(2);
        action.effectiveAt = uint40(_now() + wait);
        if (kind < 8) action.haltMinutes = uint8(_chance(12) ? 16 : _draw(16));
        else if (_chance(16)) action.haltMinutes = 1;
    }

    function _drawRatio(ICorporateActions.Kind kind) private returns (uint96 numerator, uint96 denominator) {
        if (_chance(16)) return (uint96(_draw(2)), uint96(_draw(2)));
        if (kind == ICorporateActions.Kind.Split || kind == ICorporateActions.Kind.ReverseSplit) {
            uint96[4] memory factors = [uint96(2), 10, 1_000, uint96(999 + _draw(3))];
            numerator = factors[_draw(4)];
            denominator = _chance(6) ? uint96(1 + _draw(numerator)) : 1;
            if (kind == ICorporateActions.Kind.ReverseSplit) return (denominator, numerator);
            return (numerator, denominator);
        }
        // A dividend's, up to a quarter and a bit beyond; a fee's, down to two percent and a bit beyond.
        if (kind == ICorporateActions.Kind.Dividend) return (uint96(10_000 + _draw(2_600)), 10_000);
        return (uint96(9_790 + _draw(211)), 10_000);
    }

    function _isTimely(ICorporateActions.Action memory action) private view returns (bool) {
        bool isSplit =
            action.kind == ICorporateActions.Kind.Split || action.kind == ICorporateActions.Kind.ReverseSplit;
        if (action.haltMinutes > (isSplit ? 15 : 0)) return false;
        uint256 notice = action.kind == ICorporateActions.Kind.Dividend ? 1 hours : 1 days;
        return action.effectiveAt >= _now() + notice && action.effectiveAt <= _now() + HORIZON;
    }

    function _isRatio(ICorporateActions.Action memory action, uint256 next) private view returns (bool) {
        (uint256 n, uint256 d) = (action.numerator, action.denominator);
        if (n == 0 || d == 0) return false;
        // What lowers the multiplier by more than two percent is a reverse split, and voids allowances.
        bool reverse = next * 100 < _multiplier * 98;
        if (action.kind == ICorporateActions.Kind.Split) return n > d && n <= 1_000 * d;
        if (action.kind == ICorporateActions.Kind.ReverseSplit) return reverse && 1_000 * n >= d;
        if (action.kind == ICorporateActions.Kind.Dividend) return n > d && 4 * n <= 5 * d;
        if (action.kind == ICorporateActions.Kind.Fee) return n < d && !reverse;
        return false;
    }
}
