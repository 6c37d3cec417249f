// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {ICorporateActions} from "../../contracts/equity/interfaces/ICorporateActions.sol";
import {ShareHistory} from "../../contracts/equity/libraries/ShareHistory.sol";
import {TokenState} from "../../contracts/equity/types/TokenState.sol";
import {EquityFixture} from "./helpers/EquityFixture.sol";

/// @title The parts of a tokenized stock, each against a plain twin
/// @notice Checkpoints against a list of every snapshot; the packed state against its fields; the periodic fee against a loop
/// over its periods.
contract EquityFuzzTest is Test, EquityFixture {
    using ShareHistory for uint256;
    using ShareHistory for ShareHistory.Account;

    /// @dev The fields of a token's state, as they are without packing.
    struct Fields {
        uint88 multiplier;
        uint88 pending;
        uint40 effectiveAt;
        uint8 pauses;
        uint8 policy;
        uint8 haltMinutes;
        uint8 epoch;
        uint16 snapshotId;
    }

    uint256 private constant LEAST_KEPT = 0.98e18;

    ShareHistory.Account private _account;

    function setUp() public {
        _deployEquity();
    }

    // ShareHistory

    /// @dev Snapshots and changes in any order, and sparse ids: what was at each snapshot is what a list of all says.
    function testFuzz_sharesAtASnapshotAreThoseOfAList(uint256 seed, uint16 firstId, bool apart) public {
        uint256 id = bound(firstId, 0, type(uint16).max - 200);
        uint256 first = id + 1;
        uint256[] memory list = new uint256[](200);
        uint256 shares = 0;
        for (uint256 i = 0; i < 120; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 3 == 0) {
                list[++id - first] = shares;
            } else {
                uint256 word = _account.touched(_account.word, shares, id);
                shares = (seed >> 8) % 4 == 0 ? MAX_SHARES : (seed >> 16) % (MAX_SHARES + 1);
                // In the word, or beside it.
                _account.word = apart ? word : ((word >> 112) << 112) | shares;
                assertEq(_account.word & MAX_SHARES, apart ? 0 : shares, "shares in the word");
            }
        }
        for (uint256 i = first; i <= id; ++i) assertEq(_account.sharesAt(shares, i), list[i - first], "shares at");
    }

    /// @dev A change leaves a checkpoint at most once a snapshot, and nothing else of the word.
    function testFuzz_aTouchWritesOncePerSnapshot(uint112 shares, uint112 frozen, uint16 id) public {
        uint256 word = uint256(shares).withFrozen(frozen);
        uint256 next = _account.touched(word, shares, id);
        assertEq(next & MAX_SHARES, shares, "shares");
        assertEq(next.frozenIn(), frozen, "frozen");
        assertEq((next >> 224) & type(uint16).max, id, "last snapshot");
        assertEq(next >> 240, id == 0 ? 0 : 1, "checkpoints");
        assertEq(_account.touched(next, shares, id), next, "touched again");
        assertEq(next.withFrozen(shares).frozenIn(), shares, "frozen anew");
        assertEq(next.withFrozen(shares) & MAX_SHARES, shares, "shares beside it");
    }

    // TokenState

    function testFuzz_stateKeepsItsFields(Fields memory f, uint256 time) public {
        _bindFields(f);
        vm.warp(bound(time, 1, type(uint40).max));
        _checkFields(_pack(f), f);
    }

    /// @dev Each writer writes its fields and no other.
    function testFuzz_aWriterOfStateWritesItsFieldsAlone(Fields memory f, Fields memory g) public pure {
        _bindFields(f);
        _bindFields(g);
        TokenState state = _pack(f);
        f.multiplier = g.multiplier;
        _checkFields(state = state.withMultiplier(g.multiplier), f);
        (f.pending, f.effectiveAt, f.haltMinutes) = (g.pending, g.effectiveAt, g.haltMinutes);
        _checkFields(state = state.withPending(g.pending, g.effectiveAt, g.haltMinutes), f);
        f.pauses = g.pauses;
        _checkFields(state = state.withPauses(g.pauses), f);
        f.policy = g.policy;
        _checkFields(state = state.withPolicy(g.policy), f);
        if (f.snapshotId == type(uint16).max) return;
        ++f.snapshotId;
        _checkFields(state.withNextSnapshot(), f);
    }

    /// @dev Once the time has come, and not a second before; a reverse split makes a new epoch, a fee does not.
    function testFuzz_stateFoldsWhenItsTimeHasCome(Fields memory f, uint256 time, bool near) public {
        _bindFields(f);
        if (near) f.pending = uint88(bound(f.pending, (uint256(f.multiplier) * 97) / 100, f.multiplier));
        if (f.epoch == type(uint8).max) f.epoch = 0;
        time = near ? bound(time, f.effectiveAt, uint256(f.effectiveAt) + 1) : bound(time, 0, type(uint40).max);
        vm.warp(near && time % 2 == 0 && f.effectiveAt != 0 ? f.effectiveAt - 1 : time);
        TokenState state = _pack(f);
        bool due = f.pending != 0 && vm.getBlockTimestamp() >= f.effectiveAt;
        assertEq(state.isMatured(), due, "matured");
        assertEq(state.multiplier(), due ? f.pending : f.multiplier, "in effect");
        if (due) {
            if (uint256(f.pending) * 100 < uint256(f.multiplier) * 98) ++f.epoch;
            (f.multiplier, f.pending) = (f.pending, 0);
        }
        _checkFields(state.folded(), f);
        _checkFields(state.folded().folded(), f);
    }

    function testFuzz_stateHaltsAroundItsTime(Fields memory f, uint256 offset, bool after_) public {
        _bindFields(f);
        f.effectiveAt = uint40(bound(f.effectiveAt, 2_000, type(uint40).max - 2_000));
        offset = bound(offset, 0, 1_000);
        uint256 halt = uint256(f.haltMinutes) * 60;
        if (offset % 3 == 0) offset = halt + (offset % 2); // at its end, and a second beyond
        vm.warp(after_ ? f.effectiveAt + offset : f.effectiveAt - offset);
        assertEq(_pack(f).isHalted(), halt != 0 && offset <= halt, "halted");
    }

    /// @dev What may be a dividend must be covered before it comes; a split, a fee and a reverse split need not.
    function testFuzz_stateIsCoveredForTheDividendToCome(Fields memory f, uint256 ratio) public pure {
        _bindFields(f);
        f.multiplier = uint88(bound(f.multiplier, 1e10, 1e26));
        f.pending = uint88((uint256(f.multiplier) * bound(ratio, 0, 200)) / 100);
        bool dividend = f.pending > f.multiplier && uint256(f.pending) * 4 <= uint256(f.multiplier) * 5;
        assertEq(_pack(f).covered(), dividend ? f.pending : f.multiplier, "covered");
    }

    // Periodic fee

    /// @dev As many periods as are due, as far as two percent; what they leave differs from the loop's by its roundings alone.
    function testFuzz_aFeeIsThatOfALoopOverItsPeriods(uint64 keep, uint32 period, uint256 idle) public {
        keep = uint64(bound(keep, LEAST_KEPT, WAD - 1));
        period = uint32(bound(period, 1 days, 30 days));
        idle = bound(idle, period, 400 days);
        _setFee(keep, period);
        _checkPokes(keep, period, idle, 4);
    }

    /// @dev The many periods of a slow fee.
    function testFuzz_aSlowFeeIsThatOfALoop(uint256 rate, uint256 idle) public {
        uint64 keep = uint64(WAD - bound(rate, 1, 1e14));
        _setFee(keep, 1 days);
        _checkPokes(keep, 1 days, bound(idle, 1 days, 3_000 days), 3);
    }

    /// @dev A year in which nobody calls, at each of a fee's sizes: it costs what two calls cost, and takes two percent at most
    /// in each.
    function test_aFeeAfter365IdleDays() public {
        uint256[5] memory rates = [WAD - 1, WAD - 1e9, 0.9999e18, 0.995e18, 0.98e18];
        for (uint256 i = 0; i < rates.length; ++i) {
            _setFee(uint64(rates[i]), 1 days);
            uint256 gas = gasleft();
            _checkPokes(rates[i], 1 days, 365 days, 1);
            assertLt(gas - gasleft(), 500_000, "gas, the loop's of the test with it");
        }
    }

    /// @dev Waits, and applies the fee once a period; each time as the loop says.
    function _checkPokes(uint256 keep, uint256 period, uint256 idle, uint256 pokes) private {
        uint256 accruedUntil = vm.getBlockTimestamp();
        vm.warp(accruedUntil + idle);
        for (uint256 i = 0; i < pokes; ++i) {
            uint256 due = (vm.getBlockTimestamp() - accruedUntil) / period;
            (uint256 periods, uint256 kept) = _loop(keep, due);
            uint256 before = token.multiplier();
            uint256 next = actions.poke(address(token));
            assertEq(next, token.multiplier(), "multiplier");
            ICorporateActions.PeriodicFee memory fee = actions.feeOf(address(token));
            uint256 applied = (fee.accruedUntil - accruedUntil) / period;
            assertGe(applied, 1, "a period at least");
            assertLe(applied, due, "no more than are due");
            // Near the bound of two percent, roundings may tell one period from the next.
            assertApproxEqAbs(applied, periods, periods / 1e6 + 1, "periods");
            if (applied != periods) kept = _power(keep, applied);
            // Each rounding takes a unit at most, and each period of the loop has one.
            assertApproxEqAbs(next, (before * kept) / WAD, (before * (2 * periods + 64)) / WAD + 1, "kept");
            assertGe(next, (before * LEAST_KEPT) / WAD, "two percent at most");
            assertLt(next, before, "a fee");
            accruedUntil = fee.accruedUntil;
            assertEq(fee.appliedAt, vm.getBlockTimestamp(), "applied now");
            vm.expectRevert(
                abi.encodeWithSelector(ICorporateActions.NothingAccrued.selector, vm.getBlockTimestamp() + period)
            );
            actions.poke(address(token));
            vm.warp(vm.getBlockTimestamp() + period);
        }
    }

    function _setFee(uint64 keep, uint32 period) private {
        vm.prank(office);
        actions.setFee(address(token), keep, period);
    }

    /// @dev A period after the other, as long as 98 percent are kept.
    function _loop(uint256 keep, uint256 due) private pure returns (uint256 periods, uint256 kept) {
        kept = WAD;
        while (periods < due) {
            uint256 next = (kept * keep) / WAD;
            if (next < LEAST_KEPT) break;
            (periods, kept) = (periods + 1, next);
        }
    }

    function _power(uint256 keep, uint256 periods) private pure returns (uint256 kept) {
        kept = WAD;
        for (uint256 i = 0; i < periods; ++i) kept = (kept * keep) / WAD;
    }

    function _bindFields(Fields memory f) private pure {
        f.pauses %= 16;
        f.haltMinutes %= 16;
    }

    /// @dev By the layout that the type's comment gives.
    function _pack(Fields memory f) private pure returns (TokenState) {
        uint256 word = uint256(f.multiplier) | (uint256(f.pending) << 88) | (uint256(f.effectiveAt) << 176);
        word |= (uint256(f.pauses) << 216) | (uint256(f.policy) << 220) | (uint256(f.haltMinutes) << 228);
        return TokenState.wrap(word | (uint256(f.epoch) << 232) | (uint256(f.snapshotId) << 240));
    }

    function _checkFields(TokenState state, Fields memory f) private pure {
        assertEq(state.written(), f.multiplier, "multiplier");
        assertEq(state.pending(), f.pending, "pending");
        assertEq(state.effectiveAt(), f.effectiveAt, "effectiveAt");
        assertEq(state.pauses(), f.pauses, "pauses");
        assertEq(state.policy(), f.policy, "policy");
        assertEq(state.haltSeconds(), uint256(f.haltMinutes) * 60, "halt");
        assertEq(state.epoch(), f.epoch, "epoch");
        assertEq(state.snapshotId(), f.snapshotId, "snapshot");
    }
}
