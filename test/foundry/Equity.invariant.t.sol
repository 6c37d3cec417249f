// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Test} from "forge-std/Test.sol";
import {console2} from "forge-std/console2.sol";

import {CorporateActions} from "../../contracts/equity/CorporateActions.sol";
import {EquityIssuance} from "../../contracts/equity/EquityIssuance.sol";
import {EquityToken} from "../../contracts/equity/EquityToken.sol";
import {IComplianceRegistry} from "../../contracts/equity/interfaces/IComplianceRegistry.sol";
import {ICorporateActions} from "../../contracts/equity/interfaces/ICorporateActions.sol";
import {IEquityIssuance} from "../../contracts/equity/interfaces/IEquityIssuance.sol";
import {IEquityToken} from "../../contracts/equity/interfaces/IEquityToken.sol";
import {IERC7943Fungible} from "../../contracts/equity/interfaces/IERC7943.sol";
import {IRedemptionQueue} from "../../contracts/equity/interfaces/IRedemptionQueue.sol";
import {RedemptionQueue} from "../../contracts/equity/RedemptionQueue.sol";
import {WrappedEquity} from "../../contracts/equity/WrappedEquity.sol";
import {IERC3009} from "../../contracts/payments/interfaces/IERC3009.sol";
import {EquityHandler} from "./handlers/EquityHandler.sol";

/// @title Equity invariants
/// @notice I1 to I14 hold after every call, whatever holders, roles, the feed and the clock do. Forge runs a campaign for each
/// invariant function, so all are checked in one: the whole budget of calls goes through every check. I5, I9, I10, I12 and
/// I13 are of single calls, and stand in the handler beside these.
contract EquityInvariantTest is Test {
    uint256 private constant ACCOUNTS = 10;
    uint256 private constant HOLDERS = 8;
    uint256 private constant WAD = 1e18;
    /// @dev Frozen: all, and what comes.
    uint256 private constant ALL = type(uint112).max;

    EquityHandler private handler;
    EquityToken private token;
    WrappedEquity private wrapper;
    RedemptionQueue private queue;
    CorporateActions private actions;
    EquityIssuance private issuance;

    function setUp() public {
        handler = new EquityHandler();
        (token, wrapper) = (handler.token(), handler.wrapper());
        (queue, actions, issuance) = (handler.queue(), handler.actions(), handler.issuance());
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: _selectors()}));
    }

    function invariant_all() public view {
        EquityHandler.Books memory b = handler.books();
        uint256[ACCOUNTS] memory held = _checkShares(b);
        uint256[ACCOUNTS] memory units = _checkUnits(b);
        _checkLeaving(b, held, units);
        _checkSupply(b, held);
        _checkMultiplier(b);
        _checkQueue(b);
        if (b.snapshots != 0) {
            // The last, and one that wanders through the others.
            _checkSnapshot(b.accounts, b.snapshots);
            _checkSnapshot(b.accounts, 1 + (b.total % b.snapshots));
        }
        _checkNonces(4);
    }

    /// @dev Once a run: every snapshot, every nonce and request, every redemption.
    function afterInvariant() public view {
        EquityHandler.Books memory b = handler.books();
        for (uint256 id = 1; id <= b.snapshots; ++id) _checkSnapshot(b.accounts, id);
        _checkNonces(type(uint256).max);
        _checkRedemptions();
    }

    /// @dev A campaign from a fixed seed, to show that no action is idle: a fair share of each succeeded, and each error that
    /// the handler provokes was met. Prints the counts (`-vv`).
    function test_everyActionSucceedsInACampaign() public {
        vm.pauseGasMetering(); // as many calls as a dozen runs make, in one test
        bytes4[] memory selectors = _selectors();
        for (uint256 i = 0; i < 6_000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("campaign", i)));
            bytes memory data = abi.encodeWithSelector(selectors[seed % selectors.length], seed);
            Address.functionCall(address(handler), data); // which ended otherwise than the books say, where it reverts
            this.invariant_all(); // whose memory is freed with the call
        }
        afterInvariant();

        string[45] memory names = handler.names();
        for (uint256 i = 0; i < names.length; ++i) {
            EquityHandler.Action action = EquityHandler.Action(i);
            (uint256 calls, uint256 successes) = (handler.calls(action), handler.successes(action));
            console2.log("%s: %d calls, %d successes", names[i], calls, successes);
            assertGt(calls, 0, names[i]);
            assertGe(successes * 25, calls, names[i]);
        }
        console2.log("multiplier by the clock: %d, snapshots: %d", handler.activations(), handler.books().snapshots);
        console2.log("nonces: %d, requests to mint: %d", handler.spentNonceCount(), handler.requestCount());
        console2.log("redemptions: %d, mints at a bound: %d", handler.redemptionCount(), handler.fullMints());
        assertGt(handler.activations(), 10, "hardly an action took effect");
        assertGt(handler.fullMints(), 2, "hardly a mint took the last that its bounds allow");
        _checkRefusals();
    }

    /// @dev I1, I3. Each account's shares are what the calls that succeeded make them: no change of the multiplier alters one.
    /// They sum to the total. What is frozen scales with the multiplier, as shares do.
    function _checkShares(EquityHandler.Books memory b) private view returns (uint256[ACCOUNTS] memory held) {
        uint256 sum = 0;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            held[i] = token.sharesOf(b.accounts[i]);
            sum += held[i];
        }
        // Before the books are asked, so that a mismatch is named for what it breaks.
        _same(sum, token.totalShares(), "I1: sum of shares");
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            _same(held[i], b.shares[i], "I3: shares");
            uint256 frozen = b.frozen[i] == ALL ? type(uint256).max : (b.frozen[i] * b.multiplier) / WAD;
            _same(token.getFrozenTokens(b.accounts[i]), frozen, "I7: frozen");
        }
        _same(token.totalShares(), b.total, "I1: total");
        _same(token.sharesOf(address(token)) + token.sharesOf(address(0)), 0, "I1: held by nobody");
    }

    /// @dev I4. The wrapper holds a share for each unit, and beyond these what came to it otherwise.
    function _checkUnits(EquityHandler.Books memory b) private view returns (uint256[ACCOUNTS] memory units) {
        uint256 sum = 0;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            units[i] = wrapper.balanceOf(b.accounts[i]);
            sum += units[i];
        }
        uint256 supply = wrapper.totalSupply();
        uint256 backing = token.sharesOf(address(wrapper));
        _hold(backing >= supply, "I4: units without shares");
        _same(backing, supply + b.donatedToWrapper, "I4: surplus");
        _same(sum, supply, "I4: sum of units");
        _same(supply, b.totalUnits, "I4: supply of units");
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            _same(units[i], b.units[i], "I4: units");
            uint256 frozen = b.frozenUnits[i] == ALL ? type(uint256).max : b.frozenUnits[i];
            _same(wrapper.getFrozenTokens(b.accounts[i]), frozen, "I7: frozen units");
        }
    }

    /// @dev I6, I7. From a blocked account, and of what is frozen, an enforcer alone takes. He lowers what is frozen with what
    /// he takes, and nobody else lowers it without saying so: the action that thaws moves nothing.
    function _checkLeaving(
        EquityHandler.Books memory b,
        uint256[ACCOUNTS] memory held,
        uint256[ACCOUNTS] memory units
    ) private pure {
        if (b.enforced) return;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            if (held[i] < b.sharesBefore[i]) {
                _hold(!b.blockedBefore[i], "I6: shares left a blocked account");
                _hold(held[i] >= b.frozen[i], "I7: frozen shares left");
            }
            if (units[i] < b.unitsBefore[i]) {
                _hold(!b.blockedBefore[i], "I6: units left a blocked account");
                _hold(units[i] >= b.frozenUnits[i], "I7: frozen units left");
            }
        }
    }

    /// @dev I2. Balances are shares at the multiplier, rounded down; what rounding loses is less than a unit a holder.
    function _checkSupply(EquityHandler.Books memory b, uint256[ACCOUNTS] memory held) private view {
        uint256 sum = 0;
        uint256 holders = 0;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            uint256 balance = token.balanceOf(b.accounts[i]);
            _same(balance, (held[i] * b.multiplier) / WAD, "I2: balance");
            sum += balance;
            if (held[i] != 0) ++holders;
        }
        uint256 supply = token.totalSupply();
        _hold(sum <= supply, "I2: balances above the supply");
        _hold(supply <= sum + holders, "I2: more lost than rounding takes");
        _same(wrapper.totalAssets(), (wrapper.totalSupply() * b.multiplier) / WAD, "I2: assets of the wrapper");
    }

    /// @dev I11. Token, wrapper and books flip in the same second, and agree on what is to come.
    function _checkMultiplier(EquityHandler.Books memory b) private view {
        uint256 multiplier = token.multiplier();
        _same(wrapper.uiMultiplier(), multiplier, "I11: the wrapper's multiplier");
        _same(multiplier, b.multiplier, "I11: multiplier");
        (uint256 pending, uint256 effectiveAt, ) = token.pendingMultiplier();
        _same(pending, b.pending, "I11: multiplier to come");
        _same(effectiveAt, b.effectiveAt, "I11: when");
        _same(wrapper.newUIMultiplier(), b.pending == 0 ? multiplier : b.pending, "I11: the wrapper's to come");
        _same(wrapper.effectiveAt(), b.effectiveAt, "I11: the wrapper's when");
        _same(actions.nonce(address(token)), b.nonce, "I11: actions that took effect");
        _same(token.allowanceEpoch(), b.epoch, "I11: reverse splits");
    }

    /// @dev I8. Shares of open requests = escrow = what the queue holds, less what came without a request.
    function _checkQueue(EquityHandler.Books memory b) private view {
        uint256 escrowed = queue.escrowed(address(token));
        _same(token.sharesOf(address(queue)), escrowed + b.strayShares, "I8: held and escrow");
        _same(escrowed, b.escrowed, "I8: escrow");
        _same(queue.count(), handler.redemptionCount(), "I8: requests");
    }

    function _checkRedemptions() private view {
        uint256 sum = 0;
        for (uint256 id = 1; id <= handler.redemptionCount(); ++id) {
            IRedemptionQueue.Request memory request = queue.requestOf(id);
            EquityHandler.Redemption memory r = handler.redemptionOf(id);
            _same(uint256(request.state), uint256(r.state), "I8: state");
            _same(request.shares, r.shares, "I8: shares of a request");
            bool open =
                request.state == IRedemptionQueue.State.Pending || request.state == IRedemptionQueue.State.Locked;
            if (open) sum += request.shares;
        }
        _same(sum, queue.escrowed(address(token)), "I8: sum of open requests");
    }

    /// @dev I14. Shares at a snapshot sum to its total, and are what they were; units likewise.
    function _checkSnapshot(address[ACCOUNTS] memory accounts, uint256 id) private view {
        EquityHandler.Snapshot memory s = handler.snapshotOf(id);
        uint256 sum = 0;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            uint256 shares = token.sharesAt(accounts[i], id);
            _same(shares, s.shares[i], "I14: shares at a snapshot");
            _same(wrapper.sharesAt(accounts[i], id), s.units[i], "I14: units at a snapshot");
            sum += shares;
        }
        _same(sum, token.totalSharesAt(id), "I14: sum at a snapshot");
        _same(sum, s.total, "I14: total at a snapshot");
    }

    /// @dev I9. A nonce or request that was used stays so. After each call some of the last are looked at, after each run all.
    function _checkNonces(uint256 most) private view {
        uint256 count = handler.spentNonceCount();
        for (uint256 i = count; i != 0 && count - i < most; --i) {
            EquityHandler.SpentNonce memory spent = handler.spentNonce(i - 1);
            _hold(token.authorizationState(spent.authorizer, spent.nonce), "I9: a spent nonce is unspent");
        }
        count = handler.requestCount();
        for (uint256 i = count; i != 0 && count - i < most; --i) {
            _hold(issuance.isRequestUsed(address(token), handler.usedRequest(i - 1)), "I9: a used request is unused");
        }
    }

    /// @dev Each once; what others wait for, more often.
    function _selectors() private view returns (bytes4[] memory list) {
        bytes4[45] memory all = handler.selectors();
        bytes4[6] memory more = [
            handler.mint.selector,
            handler.request.selector,
            handler.request.selector,
            handler.scheduleAction.selector,
            handler.warp.selector,
            handler.warp.selector
        ];
        list = new bytes4[](all.length + more.length);
        for (uint256 i = 0; i < list.length; ++i) list[i] = i < all.length ? all[i] : more[i - all.length];
    }

    /// @dev An assertion is a call to the cheatcode address, a hundred of them after every call of a campaign; so the
    /// comparison comes first, and the assertion is there for its message.
    function _same(uint256 left, uint256 right, string memory what) private pure {
        if (left != right) assertEq(left, right, what);
    }

    function _hold(bool condition, string memory what) private pure {
        if (!condition) assertTrue(false, what);
    }

    function _checkRefusals() private view {
        bytes4[33] memory errors = [
            IERC20Errors.ERC20InvalidReceiver.selector,
            IERC20Errors.ERC20InvalidSpender.selector,
            IERC20Errors.ERC20InsufficientBalance.selector,
            IERC20Errors.ERC20InsufficientAllowance.selector,
            IERC7943Fungible.ERC7943CannotSend.selector,
            IERC7943Fungible.ERC7943CannotReceive.selector,
            IERC7943Fungible.ERC7943InsufficientUnfrozenBalance.selector,
            IERC3009.AuthorizationNotYetValid.selector,
            IERC3009.AuthorizationExpired.selector,
            IERC3009.AuthorizationUsedOrCanceled.selector,
            IERC3009.InvalidSignature.selector,
            IERC3009.CallerNotPayee.selector,
            IEquityToken.ERC2612ExpiredSignature.selector,
            IEquityToken.ERC2612InvalidSigner.selector,
            IEquityToken.TransferPaused.selector,
            IEquityToken.MintPaused.selector,
            IEquityToken.BurnPaused.selector,
            IEquityToken.CorporateActionHalt.selector,
            IEquityToken.ZeroShares.selector,
            IEquityToken.AllowanceOverflow.selector,
            IEquityToken.FrozenTooLarge.selector,
            IEquityToken.EnforcementForbidden.selector,
            IEquityToken.AccountNotSeizable.selector,
            IEquityIssuance.CapExceeded.selector,
            IEquityIssuance.InsufficientReserves.selector,
            IEquityIssuance.MintLimitExceeded.selector,
            IEquityIssuance.RequestUsed.selector,
            IEquityIssuance.StaleReserve.selector,
            IEquityIssuance.BadReserveAnswer.selector,
            IEquityIssuance.BadReserveTime.selector,
            IEquityIssuance.ReservePredatesAction.selector,
            IEquityIssuance.ReserveFeedUnavailable.selector,
            IAccessManaged.AccessManagedUnauthorized.selector
        ];
        for (uint256 i = 0; i < errors.length; ++i) _met(errors[i]);
        bytes4[18] memory more = [
            ICorporateActions.ScheduleOverlap.selector,
            ICorporateActions.StaleNonce.selector,
            ICorporateActions.BadEffectiveAt.selector,
            ICorporateActions.BadRatio.selector,
            ICorporateActions.BadHalt.selector,
            ICorporateActions.BadFee.selector,
            ICorporateActions.DividendNotCovered.selector,
            ICorporateActions.NothingScheduled.selector,
            ICorporateActions.NothingAccrued.selector,
            ICorporateActions.MultiplierOutOfRange.selector,
            IComplianceRegistry.MaskForbidden.selector,
            IComplianceRegistry.BadExpiry.selector,
            IComplianceRegistry.SystemAccount.selector,
            IRedemptionQueue.BadState.selector,
            IRedemptionQueue.TooEarly.selector,
            IRedemptionQueue.TooManyOpen.selector,
            IRedemptionQueue.RequesterBlocked.selector,
            IRedemptionQueue.NothingToSweep.selector
        ];
        for (uint256 i = 0; i < more.length; ++i) _met(more[i]);
    }

    function _met(bytes4 selector) private view {
        assertGt(handler.refusals(selector), 0, string.concat("never met: ", vm.toString(selector)));
    }
}
