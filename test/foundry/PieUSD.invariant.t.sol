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
    uint256 private constant NONCES_CHECKED = 8;

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
        PieUSDHandler.Books memory books = handler.books();
        _checkBacking(books);
        _checkBalances(books);
        _checkNonces(NONCES_CHECKED);
        _checkFrozen(books);
        _checkRedemption(books.lastRedemption);
        _checkBatch(books.lastBatch);
        _checkMoves(books);
    }

    /// @dev Once a run: P3 over every nonce that the run spent.
    function afterInvariant() public view {
        _checkNonces(handler.spentNonceCount());
    }

    /// @dev A campaign from a fixed seed, to show that no action is idle: each succeeded, and each error that the
    /// handler provokes was met. Prints the counts (`-vv`).
    function test_everyActionSucceedsInACampaign() public {
        bytes4[] memory selectors = handler.selectors();
        for (uint256 i = 0; i < 1_800; ++i) {
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
        console2.log(
            "redemptions below par: %d, with a fee: %d",
            handler.proRataRedemptions(),
            handler.redemptionsWithFee()
        );
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
    function _checkBacking(PieUSDHandler.Books memory books) private view {
        uint256 held = usdt.balanceOf(address(pie));
        uint256 supply = pie.totalSupply();
        _same(
            held + books.rescued + books.destroyed,
            supply + books.donated + books.forgone,
            "P1: identity of backing"
        );
        _hold(books.destroyed != 0 || held >= supply, "P1: backing below supply");
        _same(pie.backing(), held, "P1: backing()");
        _same(pie.surplus(), held > supply ? held - supply : 0, "P1: surplus()");
    }

    /// @dev P2. The balances sum to the supply, and each is what the calls that succeeded make it.
    function _checkBalances(PieUSDHandler.Books memory books) private view {
        uint256 sum = 0;
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256 balance = pie.balanceOf(books.actors[i]);
            _same(balance, books.balances[i], "P2: balance");
            sum += balance;
        }
        _same(sum, pie.totalSupply(), "P2: sum of balances");
        _same(sum, books.supply, "P2: supply");
        _same(pie.balanceOf(address(pie)) + pie.balanceOf(address(0)), 0, "P2: held by nobody");
    }

    /// @dev P3. A nonce that was used or cancelled stays so. After each call some are looked at, after each run all.
    function _checkNonces(uint256 count) private view {
        PieUSDHandler.SpentNonce[] memory spent = handler.spentNonces(count);
        for (uint256 i = 0; i < spent.length; ++i) {
            _hold(pie.authorizationState(spent[i].authorizer, spent[i].nonce), "P3: a spent nonce is unspent");
        }
    }

    /// @dev P4. A frozen account's balance does not change until it is unfrozen.
    function _checkFrozen(PieUSDHandler.Books memory books) private view {
        for (uint256 i = 0; i < ACTORS; ++i) {
            _hold(pie.isFrozen(books.actors[i]) == books.frozen[i], "P4: freeze");
            if (!books.frozen[i]) continue;
            _same(pie.balanceOf(books.actors[i]), books.frozenBalances[i], "P4: a frozen balance moved");
        }
    }

    /// @dev P5. A redemption never pays more than par. While backing covers the supply it pays par, in pro-rata mode
    /// floor(value * backing / supply), and nothing in between; the receiver gets that less USDT's fee. Who remains is
    /// no worse off: backing per unit of supply does not fall.
    function _checkRedemption(PieUSDHandler.Redemption memory r) private pure {
        if (r.supply == 0) return; // none yet
        uint256 due = r.held < r.supply ? (r.burned * r.held) / r.supply : r.burned;
        uint256 fee = (due * r.feeBasisPoints) / 10_000;
        if (fee > r.maximumFee) fee = r.maximumFee;
        _hold(r.paid <= r.burned, "P5: above par");
        _same(r.paid, due, "P5: paid");
        _same(r.received, due - fee, "P5: received");
        _hold(r.held >= r.supply || r.proRata, "P5: paid in a shortfall outside of pro-rata mode");
        _hold(
            r.held >= r.supply || (r.held - r.paid) * r.supply >= r.held * (r.supply - r.burned),
            "P5: who remains lost"
        );
    }

    /// @dev P6. A batch's bitmap is what happened: its events, in order, and the balances say the same, and so does a
    /// reading of the elements one after the other.
    function _checkBatch(PieUSDHandler.Batch memory b) private pure {
        _same(b.bitmap, b.expected, "P6: bitmap and elements");
        _same(b.bitmap, b.logged, "P6: bitmap and events");
        _hold(b.eventsMatch, "P6: events and elements");
        _hold(b.balancesMatch, "P6: bitmap and balances");
    }

    /// @dev P7. Value moves at most once for a nonce, and in a call that carries signatures never without one.
    function _checkMoves(PieUSDHandler.Books memory books) private pure {
        _hold(books.mostMoves <= 1, "P7: value moved twice for a nonce");
        _hold(books.unauthorizedMoves == 0, "P7: value moved without a nonce");
    }

    /// @dev An assertion is a call to the cheatcode address, some fifty of them after every call of a campaign; so the
    /// comparison comes first, and the assertion is there for its message.
    function _same(uint256 left, uint256 right, string memory what) private pure {
        if (left != right) assertEq(left, right, what);
    }

    function _hold(bool condition, string memory what) private pure {
        if (!condition) assertTrue(false, what);
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
