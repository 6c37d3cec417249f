// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Test} from "forge-std/Test.sol";

import {EquityIssuance} from "../../contracts/equity/EquityIssuance.sol";
import {IEquityIssuance} from "../../contracts/equity/interfaces/IEquityIssuance.sol";
import {IEquityToken} from "../../contracts/equity/interfaces/IEquityToken.sol";
import {IERC7943Fungible} from "../../contracts/equity/interfaces/IERC7943.sol";
import {IWrappedEquity} from "../../contracts/equity/interfaces/IWrappedEquity.sol";
import {EquityLedgerFixture} from "./helpers/EquityLedgerFixture.sol";

/// @title What a tokenized stock rounds, and to whose favour
/// @notice A function for each row of the table of roundings. What is expected is computed in 512 bits, so that a product
/// that does not fit a word in the contract cannot agree with it. The deep tier runs 300,000 cases over all rows.
contract EquityRoundingFuzzTest is Test, EquityLedgerFixture {
    using Math for uint256;

    address private constant CAROL = address(0xCA401);
    uint256 private constant BPS = 10_000;

    EquityIssuance private _issuance;

    // The test is the feed of reserves.
    uint8 public decimals = 18;
    int256 private _answer;

    function setUp() public {
        _deployLedger();
        _issuance = new EquityIssuance(address(manager));
    }

    /// @notice As a Chainlink feed answers, now.
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, _answer, block.timestamp, block.timestamp, 1);
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_balancesSumToTheSupplyAtMost(uint256[3] memory seeds, uint256 m) public {
        uint256[3] memory held;
        uint256 left = MAX_SHARES;
        address[3] memory holders = [alice, bob, CAROL];
        for (uint256 i = 0; i < 3; ++i) {
            held[i] = _any(seeds[i], 0, left);
            left -= held[i];
            _give(holders[i], held[i]);
        }
        m = _applyMultiplier(m);
        uint256 sum = 0;
        for (uint256 i = 0; i < 3; ++i) {
            uint256 balance = token.balanceOf(holders[i]);
            assertEq(balance, held[i].mulDiv(m, WAD), "balance");
            sum += balance;
        }
        uint256 supply = token.totalSupply();
        assertEq(supply, (MAX_SHARES - left).mulDiv(m, WAD), "supply");
        assertLe(sum, supply, "sum of balances");
        assertLt(supply, sum + 3, "less than a unit a holder is lost");
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_aTransferGivesTheAmountAtLeast(uint256 held, uint256 other, uint256 m, uint256 amount) public {
        held = _any(held, 0, MAX_SHARES);
        other = _any(other, 0, MAX_SHARES - held);
        _give(alice, held);
        _give(bob, other);
        m = _applyMultiplier(m);
        (uint256 mine, uint256 theirs) = (token.balanceOf(alice), token.balanceOf(bob));
        amount = _any(amount, 0, mine);
        vm.prank(alice);
        token.transfer(bob, amount);
        uint256 moved = token.sharesOf(bob) - other;
        assertEq(moved, amount.mulDiv(WAD, m, Math.Rounding.Ceil), "shares");
        assertEq(moved == 0, amount == 0, "something moves unless nothing was asked");
        assertEq(token.sharesOf(alice), held - moved, "the sender's");
        assertEq(token.totalShares(), held + other, "total");
        uint256 gained = token.balanceOf(bob) - theirs;
        assertGe(gained, amount, "gained");
        assertLe(gained, amount + m.ceilDiv(WAD), "gained");
        if (amount == mine) assertEq(token.balanceOf(alice), 0, "all of it");
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_aTransferIsPossibleUpToTheBalanceAndNotBeyond(uint256 held, uint256 m, uint256 amount) public {
        held = _any(held, 0, MAX_SHARES);
        _give(alice, held);
        m = _applyMultiplier(m);
        uint256 balance = token.balanceOf(alice);
        amount = _any(amount, balance + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, balance, amount));
        vm.prank(alice);
        token.transfer(bob, amount);
        vm.prank(alice);
        token.transfer(bob, balance);
        assertEq(token.balanceOf(alice), 0, "nothing but dust is left");
        assertGe(token.balanceOf(bob), balance, "received");
        // What is left is worth less than the smallest unit, and goes by shares.
        uint256 dust = token.sharesOf(alice);
        vm.prank(alice);
        assertEq(token.transferShares(bob, dust), 0, "worth of dust");
        assertEq(token.sharesOf(bob), held, "every share");
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_aTransferOfSharesIsExactAndChargedUp(uint256 held, uint256 m, uint256 shares) public {
        held = _any(held, 0, MAX_SHARES);
        _give(alice, held);
        m = _applyMultiplier(m);
        shares = _any(shares, 0, held);
        (uint256 worth, uint256 charge) = (shares.mulDiv(m, WAD), shares.mulDiv(m, WAD, Math.Rounding.Ceil));
        if (charge != 0) {
            vm.prank(alice);
            token.approve(bob, charge - 1);
            vm.expectRevert(
                abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, bob, charge - 1, charge)
            );
            vm.prank(bob);
            token.transferSharesFrom(alice, CAROL, shares);
        }
        vm.prank(alice);
        token.approve(bob, charge);
        vm.expectEmit(address(token));
        emit IERC20.Transfer(alice, CAROL, worth);
        vm.expectEmit(address(token));
        emit IEquityToken.TransferShares(shares);
        vm.prank(bob);
        assertEq(token.transferSharesFrom(alice, CAROL, shares), worth, "worth");
        assertEq(token.sharesOf(CAROL), shares, "shares");
        assertEq(token.sharesOf(alice), held - shares, "the sender's");
        assertEq(token.allowance(alice, bob), 0, "allowance");
        assertEq(charge == 0, shares == 0, "never something for nothing");
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_aMintAddsTheAmountAtMost(uint256 total, uint256 m, uint256 amount) public {
        total = _any(total, 0, MAX_SHARES);
        _give(bob, total);
        m = _applyMultiplier(m);
        uint256 supply = token.totalSupply();
        // As much as fits besides what there is, and below a share.
        amount = _any(amount, 0, (MAX_SHARES - total).mulDiv(m, WAD));
        uint256 shares = amount.mulDiv(WAD, m);
        if (shares == 0) {
            vm.expectRevert(IEquityToken.ZeroShares.selector);
            token.mint(alice, amount, "");
            return;
        }
        token.mint(alice, amount, "");
        assertEq(token.sharesOf(alice), shares, "shares");
        assertEq(token.totalShares(), total + shares, "total");
        assertLe(token.totalSupply() - supply, amount, "supply grows by the amount at most");
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_aBurnTakesTheAmountAtLeast(uint256 held, uint256 other, uint256 m, uint256 amount) public {
        held = _any(held, 1, MAX_SHARES);
        other = _any(other, 0, MAX_SHARES - held);
        _give(address(this), held);
        _give(bob, other);
        m = _applyMultiplier(m);
        uint256 supply = token.totalSupply();
        amount = _any(amount, 0, token.balanceOf(address(this)));
        uint256 shares = amount.mulDiv(WAD, m, Math.Rounding.Ceil);
        if (amount == 0) {
            vm.expectRevert(IEquityToken.ZeroShares.selector);
            token.burn(amount);
            return;
        }
        token.burn(amount);
        assertEq(token.sharesOf(address(this)), held - shares, "shares");
        assertEq(token.totalShares(), held + other - shares, "total");
        assertGe(supply - token.totalSupply(), amount, "supply shrinks by the amount at least");
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_aFreezeLeavesTheRestAtMost(uint256 held, uint256 m, uint256 frozen, uint256 later) public {
        held = _any(held, 0, MAX_SHARES);
        _give(alice, held);
        m = _applyMultiplier(m);
        uint256 balance = token.balanceOf(alice);
        // Below the balance as often as wherever it may be.
        frozen = _any(frozen / 2, 0, frozen % 2 == 0 ? balance : type(uint256).max - 1);
        uint256 shares = frozen > MAX_AMOUNT ? MAX_SHARES : frozen.mulDiv(WAD, m, Math.Rounding.Ceil);
        if (shares >= MAX_SHARES) {
            vm.expectRevert(abi.encodeWithSelector(IEquityToken.FrozenTooLarge.selector, frozen));
            token.setFrozenTokens(alice, frozen);
            return;
        }
        token.setFrozenTokens(alice, frozen);
        assertGe(token.getFrozenTokens(alice), frozen, "frozen");
        assertEq(token.getFrozenTokens(alice), shares.mulDiv(m, WAD), "frozen");
        uint256 free = _checkAvailable(held - _least(shares, held), m, balance);
        assertLe(free, balance - _least(frozen, balance), "available");
        // A split changes no share of it, free or frozen.
        m = _applyMultiplier(later);
        assertEq(token.getFrozenTokens(alice), shares.mulDiv(m, WAD), "frozen later");
        free = _checkAvailable(held - _least(shares, held), m, token.balanceOf(alice));
        vm.prank(alice);
        token.transfer(bob, free);
        assertGe(token.sharesOf(alice), _least(shares, held), "frozen shares stay");
    }

    /// @dev Exactly what is available can be moved, and the view says so.
    function _checkAvailable(uint256 freeShares, uint256 m, uint256 balance) private returns (uint256 free) {
        free = freeShares.mulDiv(m, WAD);
        assertTrue(token.canTransfer(alice, bob, free), "can");
        if (free == balance) return free;
        assertFalse(token.canTransfer(alice, bob, free + 1), "cannot");
        vm.expectRevert(
            abi.encodeWithSelector(IERC7943Fungible.ERC7943InsufficientUnfrozenBalance.selector, alice, free + 1, free)
        );
        vm.prank(alice);
        token.transfer(bob, free + 1);
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_theWrapperTakesAndGivesByAmount(uint256 held, uint256 m, uint256 assets, uint256 back) public {
        held = _any(held, 0, MAX_SHARES);
        _give(alice, held);
        m = _applyMultiplier(m);
        uint256 balance = token.balanceOf(alice);
        assets = _any(assets, 0, balance);
        uint256 shares = assets.mulDiv(WAD, m);
        vm.startPrank(alice);
        token.approve(address(wrapper), type(uint256).max);
        if (shares == 0) {
            vm.expectRevert(IWrappedEquity.ZeroShares.selector);
            wrapper.deposit(assets, alice);
            return;
        }
        assertEq(wrapper.deposit(assets, alice), shares, "units");
        assertEq(token.sharesOf(alice), held - shares, "exactly as many shares");
        assertLe(balance - token.balanceOf(alice), assets, "paid the amount at most");
        _checkBacking(shares);
        back = _any(back, 0, wrapper.maxWithdraw(alice));
        uint256 burned = back.mulDiv(WAD, m, Math.Rounding.Ceil);
        if (back == 0) {
            vm.expectRevert(IWrappedEquity.ZeroShares.selector);
            wrapper.withdraw(back, bob, alice);
            return;
        }
        assertEq(wrapper.withdraw(back, bob, alice), burned, "units burned");
        assertEq(token.sharesOf(bob), burned, "as many shares");
        assertGe(token.balanceOf(bob), back, "receives the amount at least");
        _checkBacking(shares - burned);
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_theWrapperTakesAndGivesByUnits(uint256 held, uint256 m, uint256 units, uint256 later) public {
        held = _any(held, 1, MAX_SHARES);
        _give(alice, held);
        m = _applyMultiplier(m);
        units = _any(units, 1, held);
        vm.startPrank(alice);
        token.approve(address(wrapper), units.mulDiv(m, WAD, Math.Rounding.Ceil));
        assertEq(wrapper.mint(units, alice), units.mulDiv(m, WAD, Math.Rounding.Ceil), "previewed cost");
        assertEq(token.allowance(alice, address(wrapper)), 0, "no more than previewed");
        assertEq(token.sharesOf(alice), held - units, "a share a unit");
        _checkBacking(units);
        vm.stopPrank();
        m = _applyMultiplier(later);
        vm.prank(alice);
        assertEq(wrapper.redeem(units, bob, alice), units.mulDiv(m, WAD), "worth, by now");
        assertEq(token.sharesOf(bob), units, "a share a unit");
        _checkBacking(0);
    }

    function _checkBacking(uint256 units) private view {
        assertEq(wrapper.totalSupply(), units, "units");
        assertEq(token.sharesOf(address(wrapper)), units, "backing");
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_aNewMultiplierChangesNoShare(uint256 held, uint256 wrapped, uint256 m, uint256 next) public {
        held = _any(held, 1, MAX_SHARES);
        wrapped = _any(wrapped, 0, held);
        _give(alice, held);
        m = _applyMultiplier(m);
        if (wrapped != 0) {
            vm.startPrank(alice);
            token.approve(address(wrapper), type(uint256).max);
            wrapper.mint(wrapped, bob);
            vm.stopPrank();
        }
        next = _applyMultiplier(next);
        assertEq(token.sharesOf(alice), held - wrapped, "the holder's");
        assertEq(token.totalShares(), held, "total");
        _checkBacking(wrapped);
        assertEq(token.balanceOf(alice), (held - wrapped).mulDiv(next, WAD), "balance");
        assertEq(token.totalSupply(), held.mulDiv(next, WAD), "supply");
        assertEq(wrapper.balanceOf(bob), wrapped, "the wrapper does not rebase");
        assertEq(wrapper.uiMultiplier(), next, "one multiplier");
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_reservesAreScaledDown(uint256 answer, uint256 digits, uint256 margin, uint256 part) public {
        answer = _any(answer, 1, type(uint160).max);
        (digits, margin, part) = (digits % 37, margin % BPS, (part % BPS) + 1);
        // forge-lint: disable-next-line(unsafe-typecast) -- below 2^160, and 37
        (_answer, decimals) = (int256(answer), uint8(digits));
        IEquityIssuance.Bounds memory bounds;
        // forge-lint: disable-next-line(unsafe-typecast) -- at most 10,000
        bounds.feed = IEquityIssuance.ReserveFeed(address(this), 0, 1 days, uint16(margin), uint16(part));
        bounds.limits.window = 1 days;
        _issuance.configure(address(token), bounds);
        uint256 allowed = _issuance.allowedSupply(address(token));
        uint256 reserves = digits > 18 ? answer / 10 ** (digits - 18) : answer * 10 ** (18 - digits);
        assertEq(allowed, reserves.mulDiv(part, BPS).mulDiv(BPS - margin, BPS), "allowed");
        // Never more than the exact part, rounded down once, after everything.
        uint256 exact = (digits > 18 ? answer : reserves).mulDiv(part * (BPS - margin), BPS * BPS);
        assertLe(allowed, digits > 18 ? exact / 10 ** (digits - 18) : exact, "never more than there is");
    }

    /// forge-config: ci.fuzz.runs = 25000
    function testFuzz_theFormulasHoldFarBelowTheMultipliersOfTokens(
        uint256 shares,
        uint256 m,
        uint256 amount,
        uint256[2] memory ratio
    ) public pure {
        shares = _any(shares, 0, MAX_SHARES);
        m = _any(m, 1, MAX_MULTIPLIER);
        amount = _any(amount, 0, MAX_AMOUNT);
        // In a word as in 512 bits: nothing overflows.
        uint256 balance = (shares * m) / WAD;
        uint256 up = Math.ceilDiv(amount * WAD, m);
        uint256 down = (amount * WAD) / m;
        assertEq(balance, shares.mulDiv(m, WAD), "balance");
        assertEq(up, amount.mulDiv(WAD, m, Math.Rounding.Ceil), "up");
        assertEq(down, amount.mulDiv(WAD, m), "down");
        // A transfer can be paid exactly up to the balance.
        assertEq(up <= shares, amount <= balance, "possible");
        assertLe(balance.mulDiv(WAD, m, Math.Rounding.Ceil), shares, "the whole balance");
        assertEq(up == 0, amount == 0, "never nothing for something");
        assertGe(up.mulDiv(m, WAD), amount, "gained");
        assertLe(up.mulDiv(m, WAD), amount + m.ceilDiv(WAD), "gained");
        assertLe(down.mulDiv(m, WAD, Math.Rounding.Ceil), amount, "a mint, a deposit");
        _checkRatio(m, ratio);
    }

    /// @dev A new multiplier is the ratio, less than a unit of its last digit below it.
    function _checkRatio(uint256 m, uint256[2] memory ratio) private pure {
        (uint256 num, uint256 den) = (_any(ratio[0], 1, 1e18), _any(ratio[1], 1, 1e18));
        uint256 next = (m * num) / den;
        assertLe(next * den, m * num, "at most");
        assertGt((next + 1) * den, m * num, "hardly less");
    }
}
