// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Test} from "forge-std/Test.sol";
import {console2} from "forge-std/console2.sol";

import {MockUSDT} from "../../contracts/mocks/tokens/MockUSDT.sol";
import {IERC3009} from "../../contracts/payments/interfaces/IERC3009.sol";
import {IPieUSD} from "../../contracts/payments/interfaces/IPieUSD.sol";
import {PieUSD} from "../../contracts/payments/PieUSD.sol";
import {PieUSDHandler} from "./handlers/PieUSDHandler.sol";

/// @title PieUSD invariants
/// @notice P1 to P7 hold after every call, whatever holders, relayers, roles and Tether do. Forge runs a campaign for
/// each invariant function, so all seven are checked in one: the whole budget of calls goes through every check.
contract PieUSDInvariantTest is Test {
    uint256 private constant ACTORS = 8;
    uint256 private constant NONCES_CHECKED = 12;

    PieUSDHandler private handler;
    PieUSD private pie;
    MockUSDT private usdt;

    function setUp() public {
        handler = new PieUSDHandler();
        pie = handler.pie();
        usdt = handler.usdt();
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: handler.selectors()}));
    }

    function invariant_all() public view {
        _checkBacking();
        _checkBalances();
        _checkNonces(NONCES_CHECKED);
        _checkFrozen();
        _checkRedemption();
        _checkBatch();
        _checkMoves();
    }

    /// @dev Once a run: P3 over every nonce that the run spent.
    function afterInvariant() public view {
        _checkNonces(handler.spentNonceCount());
    }

    /// @dev A campaign from a fixed seed, to show that no action is idle: each succeeded, and each error that the
    /// handler provokes was met. Prints the counts (`-vv`).
    function test_everyActionSucceedsInACampaign() public {
        bytes4[] memory selectors = handler.selectors();
        for (uint256 i = 0; i < 1_400; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("campaign", i)));
            (bool success, ) = address(handler).call(abi.encodeWithSelector(selectors[seed % selectors.length], seed));
            assertTrue(success, "a call ended otherwise than the books say");
            invariant_all();
        }
        afterInvariant();

        string[29] memory names = handler.names();
        for (uint256 i = 0; i < names.length; ++i) {
            PieUSDHandler.Action action = PieUSDHandler.Action(i);
            console2.log("%s: %d calls, %d successes", names[i], handler.calls(action), handler.successes(action));
        }
        for (uint256 i = 0; i < names.length; ++i) {
            assertGt(handler.successes(PieUSDHandler.Action(i)), 0, names[i]);
        }
        console2.log("batch elements: %d settled, %d skipped", handler.elementsSettled(), handler.elementsSkipped());
        console2.log("redemptions below par: %d, with a fee: %d", handler.proRataRedemptions(), handler.redemptionsWithFee());
        console2.log("nonces spent: %d", handler.spentNonceCount());
        assertGt(handler.elementsSettled(), 0, "no element settled");
        assertGt(handler.elementsSkipped(), 0, "no element skipped");
        assertGt(handler.proRataRedemptions(), 0, "no redemption below par");
        assertGt(handler.redemptionsWithFee(), 0, "no redemption with a fee");
        _checkRefusals();
    }

    /// @dev P1. Backing is, to the base unit, the supply + what was donated + what pro-rata redeemers left behind - what
    /// was rescued - what USDT's owner destroyed. So it covers the supply until something is destroyed, and a rescue
    /// never digs into it.
    function _checkBacking() private view {
        uint256 held = usdt.balanceOf(address(pie));
        uint256 supply = pie.totalSupply();
        assertEq(
            held + handler.rescued() + handler.destroyed(),
            supply + handler.donated() + handler.forgone(),
            "P1: identity of backing"
        );
        if (handler.destroyed() == 0) assertGe(held, supply, "P1: backing below supply");
        assertEq(pie.backing(), held, "P1: backing()");
        assertEq(pie.surplus(), held > supply ? held - supply : 0, "P1: surplus()");
    }

    /// @dev P2. The balances sum to the supply, and each is what the calls that succeeded make it.
    function _checkBalances() private view {
        uint256 sum = 0;
        for (uint256 i = 0; i < ACTORS; ++i) {
            address actor = handler.actors(i);
            uint256 balance = pie.balanceOf(actor);
            assertEq(balance, handler.balances(actor), "P2: balance");
            sum += balance;
        }
        assertEq(sum, pie.totalSupply(), "P2: sum of balances");
        assertEq(pie.totalSupply(), handler.supply(), "P2: supply");
        assertEq(pie.balanceOf(address(pie)) + pie.balanceOf(address(0)), 0, "P2: held by nobody");
    }

    /// @dev P3. A nonce that was used or cancelled stays so. After each call the latest ones are looked at and as many
    /// that wander through the older ones; after each run, all.
    function _checkNonces(uint256 count) private view {
        uint256 length = handler.spentNonceCount();
        for (uint256 i = 0; i < count && i < length; ++i) {
            _checkNonce(length - 1 - i);
            if (count < length) _checkNonce((length * 31 + i * 17) % length);
        }
    }

    function _checkNonce(uint256 index) private view {
        PieUSDHandler.SpentNonce memory spent = handler.spentNonce(index);
        assertTrue(pie.authorizationState(spent.authorizer, spent.nonce), "P3: a spent nonce is unspent");
    }

    /// @dev P4. A frozen account's balance does not change until it is unfrozen.
    function _checkFrozen() private view {
        for (uint256 i = 0; i < ACTORS; ++i) {
            address actor = handler.actors(i);
            assertEq(pie.isFrozen(actor), handler.frozen(actor), "P4: freeze");
            if (handler.frozen(actor)) {
                assertEq(pie.balanceOf(actor), handler.frozenBalances(actor), "P4: a frozen balance moved");
            }
        }
    }

    /// @dev P5. A redemption never pays more than par. While backing covers the supply it pays par, in pro-rata mode
    /// floor(value * backing / supply), and nothing in between; the receiver gets that less USDT's fee. Who remains is
    /// no worse off: backing per unit of supply does not fall.
    function _checkRedemption() private view {
        PieUSDHandler.Redemption memory r = handler.lastRedemption();
        if (r.supply == 0) return; // none yet
        uint256 due = r.held < r.supply ? (r.burned * r.held) / r.supply : r.burned;
        uint256 fee = (due * r.feeBasisPoints) / 10_000;
        if (fee > r.maximumFee) fee = r.maximumFee;
        assertLe(r.paid, r.burned, "P5: above par");
        assertEq(r.paid, due, "P5: paid");
        assertEq(r.received, due - fee, "P5: received");
        assertTrue(r.held >= r.supply || r.proRata, "P5: paid in a shortfall outside of pro-rata mode");
        if (r.held < r.supply) {
            assertGe((r.held - r.paid) * r.supply, r.held * (r.supply - r.burned), "P5: who remains lost");
        }
    }

    /// @dev P6. A batch's bitmap is what happened: its events, in order, and the balances say the same, and so does a
    /// reading of the elements one after the other.
    function _checkBatch() private view {
        PieUSDHandler.Batch memory b = handler.lastBatch();
        if (b.length == 0) return; // none yet, or an empty one
        assertEq(b.bitmap, b.expected, "P6: bitmap and elements");
        assertEq(b.bitmap, b.logged, "P6: bitmap and events");
        assertTrue(b.eventsMatch, "P6: events and elements");
        assertTrue(b.balancesMatch, "P6: bitmap and balances");
        assertEq(b.bitmap >> b.length, 0, "P6: a bit beyond the batch");
    }

    /// @dev P7. Value moves at most once for a nonce, and in a call that carries signatures never without one.
    function _checkMoves() private view {
        assertLe(handler.mostMoves(), 1, "P7: value moved twice for a nonce");
        assertEq(handler.unauthorizedMoves(), 0, "P7: value moved without a nonce");
    }

    function _checkRefusals() private view {
        bytes4[21] memory errors = [
            IERC20Errors.ERC20InvalidReceiver.selector,
            IERC20Errors.ERC20InvalidSpender.selector,
            IERC20Errors.ERC20InsufficientBalance.selector,
            IERC20Errors.ERC20InsufficientAllowance.selector,
            IERC3009.AuthorizationNotYetValid.selector,
            IERC3009.AuthorizationExpired.selector,
            IERC3009.AuthorizationUsedOrCanceled.selector,
            IERC3009.InvalidSignature.selector,
            IERC3009.CallerNotPayee.selector,
            IPieUSD.ERC2612ExpiredSignature.selector,
            IPieUSD.ERC2612InvalidSigner.selector,
            IPieUSD.AccountFrozen.selector,
            IPieUSD.CannotFreeze.selector,
            IPieUSD.ZeroAmount.selector,
            IPieUSD.SlippageExceeded.selector,
            IPieUSD.Undercollateralized.selector,
            IPieUSD.NotUndercollateralized.selector,
            IPieUSD.ProRataActive.selector,
            IPieUSD.ProRataInactive.selector,
            IPieUSD.RescueExceedsSurplus.selector,
            IAccessManaged.AccessManagedUnauthorized.selector
        ];
        for (uint256 i = 0; i < errors.length; ++i) {
            assertGt(handler.refusals(errors[i]), 0, string.concat("never met: ", vm.toString(errors[i])));
        }
        assertGt(handler.refusals(IPieUSD.DepositsPaused.selector), 0, "never met: DepositsPaused");
        assertGt(handler.refusals(IPieUSD.RedemptionsPaused.selector), 0, "never met: RedemptionsPaused");
    }
}
