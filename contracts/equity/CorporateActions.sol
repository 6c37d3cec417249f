// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ManagedUUPS} from "../access/ManagedUUPS.sol";
import {ICorporateActions} from "./interfaces/ICorporateActions.sol";
import {IEquityIssuance} from "./interfaces/IEquityIssuance.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";
import {IWrappedEquity} from "./interfaces/IWrappedEquity.sol";

/// @title CorporateActions
/// @notice See {ICorporateActions}, which holds the prose. One for all tokens, behind a proxy, so that history and nonces
/// outlive its code.
/// @dev A token's records are its history and, as the last of them, the action that is to come: one whose time has come
/// is history without a write.
contract CorporateActions is ICorporateActions, ManagedUUPS {
    /// @custom:storage-location erc7201:tessera.storage.CorporateActions
    struct ActionsStorage {
        mapping(address token => Record[]) records;
        mapping(address token => PeriodicFee) fees;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.CorporateActions")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant ACTIONS_STORAGE = 0x00c9d810c5115068f6f801253993f4d186a72a075613dd5022175dca64407400;

    uint256 private constant WAD = 1e18;
    uint256 private constant MIN_MULTIPLIER = 1e10;
    uint256 private constant MAX_MULTIPLIER = 1e26;
    uint256 private constant MAX_SPLIT = 1_000;
    uint256 private constant MAX_HALT_MINUTES = 15;
    uint256 private constant MAX_EPOCH = type(uint8).max;

    uint256 private constant LONG_NOTICE = 1 days;
    uint256 private constant SHORT_NOTICE = 1 hours;
    uint256 private constant HORIZON = 180 days;

    /// @dev What an action that is no split leaves at least, and a fee in one application.
    uint256 private constant LEAST_KEPT_PERCENT = 98;
    uint256 private constant LEAST_KEPT = 0.98e18;
    uint256 private constant MIN_PERIOD = 1 days;
    uint256 private constant MAX_PERIOD = 366 days;
    /// @dev Periods of a day in all the seconds of 40 bits: fewer than 2^24.
    uint256 private constant MAX_POWERS = 24;

    /// @notice Once, in the transaction that deploys the proxy.
    /// @param authority_ The suite's AccessManager.
    function initialize(address authority_) external initializer {
        __ManagedUUPS_init(authority_);
    }

    /// @inheritdoc ICorporateActions
    function scheduleAction(address token, Action calldata action, uint256 expectedNonce) external restricted {
        _checkNoneScheduled(token);
        uint256 number = nonce(token);
        if (expectedNonce != number) revert StaleNonce(expectedNonce, number);
        _checkTime(action);
        _checkHalt(action);
        uint256 previous = IEquityToken(token).multiplier();
        uint256 next = _nextMultiplier(action, previous);
        if (action.kind == Kind.ReverseSplit && IEquityToken(token).allowanceEpoch() == MAX_EPOCH) {
            revert TooManyReverseSplits();
        }
        if (action.kind == Kind.Dividend) _checkCovered(token, next);

        Record memory record = Record({
            kind: action.kind,
            effectiveAt: action.effectiveAt,
            // forge-lint: disable-next-line(unsafe-typecast) -- at most 1e26
            multiplier: uint88(next),
            numerator: action.numerator,
            denominator: action.denominator,
            document: action.document
        });
        _actions().records[token].push(record);
        emit ActionScheduled(token, number, record, action.haltMinutes);
        IEquityToken(token).scheduleMultiplier(next, action.effectiveAt, action.haltMinutes);
        _notify(token, previous, next, action.effectiveAt);
    }

    /// @inheritdoc ICorporateActions
    function cancelAction(address token, uint256 expectedNonce) external restricted {
        _cancel(token, expectedNonce);
    }

    /// @inheritdoc ICorporateActions
    function vetoAction(address token, uint256 expectedNonce) external restricted {
        _cancel(token, expectedNonce);
    }

    /// @inheritdoc ICorporateActions
    function setFee(address token, uint64 keep, uint32 period) external restricted {
        bool ends = keep == 0 && period == 0;
        bool valid = keep >= LEAST_KEPT && keep < WAD && period >= MIN_PERIOD && period <= MAX_PERIOD;
        if (!ends && !valid) revert BadFee(keep, period);
        uint40 time = uint40(block.timestamp);
        _actions().fees[token] = PeriodicFee(keep, period, time, time);
        emit FeeUpdated(token, keep, period);
    }

    /// @inheritdoc ICorporateActions
    function poke(address token) external returns (uint256 multiplier) {
        _checkNoneScheduled(token);
        PeriodicFee storage fee = _actions().fees[token];
        (uint256 keep, uint256 period) = (fee.keep, fee.period);
        // Once a period at most, however many are due: what a holder can lose in a period is bounded.
        uint256 next = uint256(fee.appliedAt) + period;
        if (period == 0 || block.timestamp < next) revert NothingAccrued(period == 0 ? type(uint256).max : next);
        (uint256 periods, uint256 kept) = _accrued(keep, (block.timestamp - fee.accruedUntil) / period);

        uint256 previous = IEquityToken(token).multiplier();
        multiplier = (previous * kept) / WAD;
        if (multiplier < MIN_MULTIPLIER) revert MultiplierOutOfRange(multiplier);

        fee.accruedUntil += uint40(periods * period);
        fee.appliedAt = uint40(block.timestamp);
        uint256 number = nonce(token);
        _actions().records[token].push(
            Record({
                kind: Kind.PeriodicFee,
                effectiveAt: uint40(block.timestamp),
                // forge-lint: disable-next-line(unsafe-typecast) -- less than before
                multiplier: uint88(multiplier),
                // forge-lint: disable-next-line(unsafe-typecast) -- at most 1e18
                numerator: uint96(kept),
                denominator: uint96(WAD),
                document: bytes32(0)
            })
        );
        emit FeeApplied(token, number, periods, multiplier);
        IEquityToken(token).applyMultiplier(multiplier);
        _notify(token, previous, multiplier, block.timestamp);
    }

    /// @inheritdoc ICorporateActions
    function nonce(address token) public view returns (uint256) {
        Record[] storage records = _actions().records[token];
        uint256 count = records.length;
        return count != 0 && records[count - 1].effectiveAt > block.timestamp ? count - 1 : count;
    }

    /// @inheritdoc ICorporateActions
    function actionOf(address token, uint256 index) external view returns (Record memory) {
        return _actions().records[token][index];
    }

    /// @inheritdoc ICorporateActions
    function actionCount(address token) external view returns (uint256) {
        return _actions().records[token].length;
    }

    /// @inheritdoc ICorporateActions
    function feeOf(address token) external view returns (PeriodicFee memory) {
        return _actions().fees[token];
    }

    function _cancel(address token, uint256 expectedNonce) private {
        uint256 number = nonce(token);
        if (expectedNonce != number) revert StaleNonce(expectedNonce, number);
        Record[] storage records = _actions().records[token];
        if (number == records.length) revert NothingScheduled();
        uint256 next = records[number].multiplier;
        records.pop();
        emit ActionCanceled(token, number);
        IEquityToken(token).cancelMultiplier();
        _notify(token, next, IEquityToken(token).multiplier(), block.timestamp);
    }

    /// @dev How many of the due periods are applied now, and what they leave: as many as keep 98 percent. Powers of two of
    /// the rate are made until one is past the due periods or the bound, then taken from the greatest down.
    function _accrued(uint256 keep, uint256 due) private pure returns (uint256 periods, uint256 kept) {
        uint256[MAX_POWERS] memory powers;
        uint256 count = 0;
        for (uint256 power = keep; due >> count != 0 && power >= LEAST_KEPT; power = (power * power) / WAD) {
            powers[count++] = power;
        }
        kept = WAD;
        while (count != 0) {
            --count;
            uint256 next = (kept * powers[count]) / WAD;
            if (periods + (1 << count) > due || next < LEAST_KEPT) continue;
            periods += 1 << count;
            kept = next;
        }
    }

    /// @dev The multiplier that the action brings, rounded down.
    function _nextMultiplier(Action calldata action, uint256 previous) private pure returns (uint256 next) {
        (Kind kind, uint256 numerator, uint256 denominator) = (action.kind, action.numerator, action.denominator);
        if (numerator == 0 || denominator == 0) revert BadRatio(kind, numerator, denominator);
        next = (previous * numerator) / denominator; // below 1e26 · 2^96
        bool grows = numerator > denominator;
        bool valid;
        if (kind == Kind.Split) valid = grows && numerator <= denominator * MAX_SPLIT;
        else if (kind == Kind.Dividend) valid = grows && numerator * 4 <= denominator * 5;
        else if (kind == Kind.Fee)
            valid = numerator < denominator && !_isReverse(previous, next);
            // By the multipliers, as the token does: with the ratio's rounding.
        else if (kind == Kind.ReverseSplit) valid = numerator * MAX_SPLIT >= denominator && _isReverse(previous, next);
        if (!valid) revert BadRatio(kind, numerator, denominator);
        if (next < MIN_MULTIPLIER || next > MAX_MULTIPLIER) revert MultiplierOutOfRange(next);
    }

    function _isReverse(uint256 previous, uint256 next) private pure returns (bool) {
        return next * 100 < previous * LEAST_KEPT_PERCENT;
    }

    function _checkTime(Action calldata action) private view {
        uint256 notice = action.kind == Kind.Dividend ? SHORT_NOTICE : LONG_NOTICE;
        (uint256 earliest, uint256 latest) = (block.timestamp + notice, block.timestamp + HORIZON);
        if (action.effectiveAt < earliest || action.effectiveAt > latest) {
            revert BadEffectiveAt(action.effectiveAt, earliest, latest);
        }
    }

    function _checkHalt(Action calldata action) private pure {
        bool isSplit = action.kind == Kind.Split || action.kind == Kind.ReverseSplit;
        if (action.haltMinutes > (isSplit ? MAX_HALT_MINUTES : 0)) revert BadHalt(action.kind, action.haltMinutes);
    }

    /// @dev A dividend makes tokens that must be covered, as a mint does. A split makes tokens and stocks alike.
    function _checkCovered(address token, uint256 next) private view {
        uint256 supply = (IEquityToken(token).totalShares() * next) / WAD;
        uint256 allowed = IEquityIssuance(IEquityToken(token).issuanceContract()).allowedSupply(token);
        if (supply > allowed) revert DividendNotCovered(supply, allowed);
    }

    function _notify(address token, uint256 previous, uint256 next, uint256 effectiveAt) private {
        IWrappedEquity(IEquityToken(token).wrapper()).onMultiplierUpdate(previous, next, effectiveAt);
    }

    /// @dev Neither an action to come, nor one whose halt goes on: the token remembers one time alone.
    function _checkNoneScheduled(address token) private view {
        (uint256 pending, uint256 effectiveAt, uint256 haltMinutes) = IEquityToken(token).pendingMultiplier();
        if (pending != 0 || block.timestamp <= effectiveAt + haltMinutes * 60) revert ScheduleOverlap(effectiveAt);
    }

    function _actions() private pure returns (ActionsStorage storage $) {
        assembly {
            $.slot := ACTIONS_STORAGE
        }
    }
}
