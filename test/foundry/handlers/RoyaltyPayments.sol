// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IRoyaltyGraph} from "../../../contracts/ip/interfaces/IRoyaltyGraph.sol";
import {IRoyaltyInbox} from "../../../contracts/ip/interfaces/IRoyaltyInbox.sol";
import {MockHostileERC20} from "../../../contracts/mocks/tokens/MockHostileERC20.sol";
import {MockPayout} from "../../../contracts/mocks/wallets/MockPayout.sol";
import {RoyaltyRegistrations} from "./RoyaltyRegistrations.sol";

/// @title RoyaltyPayments
/// @notice Money arrives: honestly, with a fee, with hooks that reenter, by a token that lies, by inboxes, by force.
abstract contract RoyaltyPayments is RoyaltyRegistrations {
    /// @dev A call that a payer, receiver or token makes in the middle of another.
    struct Reentry {
        /// Who makes it; 0: nobody.
        address by;
        address target;
        uint256 value;
        bytes payload;
        /// It does not take the lock, so it succeeds.
        bool succeeds;
        /// It claims this.
        bool claims;
        uint256 token;
        uint256 child;
        uint256 edge;
        /// It sends the graph as much of the token that is being moved, which arrives.
        uint256 donated;
    }

    /// @dev A move of tokens as it will go.
    struct Move {
        uint256 token;
        uint256 amount;
        uint256 received;
        bytes4 fault;
        Reentry reentry;
    }

    function pay(uint256 seed) external action(Action.Pay, seed) {
        uint256 id = _drawPaid();
        uint256 amount = _drawAmount();
        bytes4 fault;
        if (amount == 0) fault = IRoyaltyGraph.ZeroAmount.selector;
        else if (!_exists(id)) fault = IRoyaltyGraph.UnknownWork.selector;
        _watch(NATIVE, id);
        (bool success, ) = _sendGraph(_drawActor(), amount, abi.encodeCall(IRoyaltyGraph.pay, (id)), fault);
        if (success) _bookPayment(NATIVE, id, amount);
    }

    function payToken(uint256 seed) external action(Action.PayToken, seed) {
        uint256 id = _drawPaid();
        Move memory m;
        m.token = _drawPaidToken();
        m.amount = _drawAmount();
        address payer = _drawActor();
        _foresee(m, payer, address(graph));
        _foreseeCredit(m, id);
        _watch(m.token, id);
        bytes memory data = abi.encodeCall(IRoyaltyGraph.payToken, (id, tokens[m.token], m.amount));
        (bool success, uint256 received) = _sendGraph(payer, 0, data, m.fault);
        if (success) _bookArrival(m, id, received);
    }

    function collect(uint256 seed) external action(Action.Collect, seed) {
        uint256 id = _drawPaid();
        Move memory m;
        m.token = _drawPaidToken();
        uint256 amount = 1 + _drawAmount();
        address payer = actors[EOAS + _draw(ACTORS - EOAS)];
        if (_chance(20)) {
            payer = _drawEOA(); // has no code to ask
            m.fault = m.token == NATIVE ? IRoyaltyGraph.InvalidToken.selector : ANY;
        } else {
            _drawDue(m, MockPayout(payable(payer)), amount);
        }
        _foreseeCredit(m, id);
        _watch(m.token, id);
        bytes memory data = abi.encodeCall(IRoyaltyGraph.collect, (id, tokens[m.token], amount, ""));
        (bool success, uint256 received) = _sendGraph(payer, 0, data, m.fault);
        if (success) _bookArrival(m, id, received);
    }

    /// @dev By the graph, which deploys the inbox, or by an inbox that is there.
    function sweep(uint256 seed) external action(Action.Sweep, seed) {
        uint256 id = _chance(20) ? _drawUnknown() : _drawWork();
        Move memory m;
        m.token = _draw(TOKENS);
        address inbox = graph.inboxOf(id);
        if (!_chance(5)) _fundInbox(m.token, inbox);
        m.amount = _balanceOf(m.token, inbox);
        if (!_exists(id)) m.fault = IRoyaltyGraph.UnknownWork.selector;
        else if (m.amount == 0) m.fault = IRoyaltyInbox.NothingToSweep.selector;
        else if (m.token == NATIVE) m.received = m.amount;
        else _foresee(m, inbox, address(graph));
        if (m.token != NATIVE) _foreseeCredit(m, id);
        _watch(m.token, id);
        bool direct = _exists(id) && inbox.code.length != 0 && _chance(2);
        bytes memory data =
            direct
                ? abi.encodeCall(IRoyaltyInbox.sweep, (tokens[m.token]))
                : abi.encodeCall(IRoyaltyGraph.sweep, (id, tokens[m.token]));
        (bool success, bytes memory result) = _send(_drawActor(), direct ? inbox : address(graph), 0, data, m.fault);
        if (success) _bookArrival(m, id, abi.decode(result, (uint256)));
    }

    /// @dev What the graph never asked for: coin that is forced in, tokens by plain transfer. A plain transfer of coin it
    /// refuses.
    function force(uint256 seed) external action(Action.Force, seed) {
        uint256 token = _draw(TOKENS);
        uint256 amount = _draw(1e9);
        address from = _drawEOA();
        _watch(token, _drawWork());
        if (token == NATIVE && _chance(3)) {
            _send(from, address(graph), amount, "", ANY);
            return;
        }
        if (token == HOSTILE) _disarm();
        if (token == NATIVE) {
            vm.deal(address(graph), address(graph).balance + amount);
        } else {
            vm.prank(from);
            _transfer(token, address(graph), amount);
        }
        successes[_action]++;
        _totals[token].forced += token == USDT ? amount - _usdtFee(amount) : amount;
    }

    function setUsdtFee(uint256 seed) external action(Action.SetUsdtFee, seed) {
        if (_chance(2)) usdt.setParams(0, 0);
        else usdt.setParams(_draw(20), _draw(50));
        successes[_action]++;
    }

    /// @dev What the graph holds of a token that keeps its word.
    function _held(uint256 token) internal view returns (uint256) {
        return _totals[token].direct - _totals[token].withdrawn + _totals[token].forced;
    }

    // Foresight

    /// @dev How a move of `m.amount` from an account to another will end, when it is asked for: `fault`, or `received`.
    function _foresee(Move memory m, address from, address to) internal {
        m.received = m.amount;
        if (m.token == NATIVE) m.fault = IRoyaltyGraph.InvalidToken.selector;
        if (m.token == USDT) m.received -= _usdtFee(m.amount);
        if (m.token == HOSTILE) _foreseeLies(m, from, to);
        // The token calls the sender's hook before a payment, the receiver's after a withdrawal.
        address hooked = to == address(graph) ? from : to;
        if (m.token == HOOK && _isPayout(hooked)) _drawMode(m, MockPayout(payable(hooked)));
    }

    /// @dev What the graph makes of what arrived.
    function _foreseeCredit(Move memory m, uint256 id) private view {
        if (m.fault != 0) return;
        if (m.received == 0) m.fault = IRoyaltyGraph.ZeroAmount.selector;
        else if (!_exists(id)) m.fault = IRoyaltyGraph.UnknownWork.selector;
        else if (m.received > MAX_SUM - _sums[m.token][id].direct) m.fault = IRoyaltyGraph.LedgerOverflow.selector;
    }

    function _bookArrival(Move memory m, uint256 id, uint256 received) private {
        // During the move, so before the credit.
        _bookReentry(m.reentry);
        _bookPayment(m.token, id, m.received);
        if (m.token == HOSTILE && received != m.amount) ++_tally.lies;
        assertEq(received, m.received, "I14: credited otherwise than what arrived");
    }

    /// @dev How a contract meets coin, or a hook.
    function _drawMode(Move memory m, MockPayout payout) internal {
        uint256 kind = _draw(10);
        MockPayout.Mode mode = MockPayout.Mode.Accept;
        if (kind == 0) mode = MockPayout.Mode.Refuse;
        if (kind == 1) mode = MockPayout.Mode.BurnGas;
        if (kind == 2 && _chance(4)) mode = MockPayout.Mode.RevertBomb;
        if (mode != MockPayout.Mode.Accept) m.fault = ANY;
        if (kind == 3 && _chance(4)) mode = MockPayout.Mode.ReturnBomb;
        if (kind > 4) {
            mode = MockPayout.Mode.Reenter;
            _drawReentry(m, payout);
        }
        payout.setMode(mode);
    }

    /// @dev How a contract meets the graph's demand.
    function _drawDue(Move memory m, MockPayout payout, uint256 amount) private {
        payout.setMode(MockPayout.Mode.Accept);
        uint256 kind = _draw(10);
        if (m.token == HOSTILE && kind > 7) kind = 0; // the lies are enough
        MockPayout.Due due = MockPayout.Due.PayExactly;
        m.amount = amount;
        if (kind == 1) (due, m.amount) = (MockPayout.Due.PayLess, amount - 1);
        if (kind == 2) (due, m.amount) = (MockPayout.Due.PayMore, amount + 1);
        if (kind == 3) (due, m.amount) = (MockPayout.Due.PayNothing, 0);
        if (kind == 4) due = MockPayout.Due.Revert;
        if (kind == 8) due = MockPayout.Due.ReenterAndPay;
        if (kind == 9) (due, m.amount) = (MockPayout.Due.ReenterInstead, 0);
        payout.setDue(due);
        m.received = m.amount;
        if (m.token == NATIVE) m.fault = IRoyaltyGraph.InvalidToken.selector;
        else if (kind == 4) m.fault = MockPayout.Refused.selector;
        else if (m.token == USDT) m.received -= _usdtFee(m.amount);
        else if (m.token == HOSTILE && kind != 3) _foreseeLies(m, address(payout), address(graph));
        if (kind > 7) _drawReentry(m, payout);
    }

    /// @dev What a contract tries in the middle of a call: to be credited twice, to withdraw what is being moved, to
    /// move the ledger beneath. The graph's lock stops all that measures or moves a token; claims it lets through.
    function _drawReentry(Move memory m, MockPayout payout) internal {
        Reentry memory r = m.reentry;
        r.by = address(payout);
        uint256 kind = _draw(12);
        if (kind == 0 && m.token != NATIVE && m.token != HOSTILE) {
            uint256 amount = 1 + _draw(1e9);
            (r.target, r.succeeds) = (tokens[m.token], true);
            r.donated = m.token == USDT ? amount - _usdtFee(amount) : amount;
            r.payload = abi.encodeCall(IERC20.transfer, (address(graph), amount));
            m.received += r.donated;
        } else if (kind < 5) {
            _drawClaim(r);
        } else {
            r.target = address(graph);
            (r.payload, r.value) = _drawLocked(m.token);
        }
        payout.setReentry(r.target, r.value, r.payload);
    }

    /// @dev The tokens with hooks and lies more often; rarely the one that is none.
    function _drawPaidToken() private returns (uint256) {
        return [NATIVE, PIE, PIE, PIE, USDT, USDT, HOOK, HOOK, HOOK, HOSTILE, HOSTILE, HOSTILE][_draw(12)];
    }

    function _drawClaim(Reentry memory r) private {
        (r.token, r.child) = _drawCell();
        r.edge = _draw(_works[r.child].edges.length + 1);
        (r.target, r.succeeds, r.claims) = (address(graph), true, true);
        r.payload = abi.encodeCall(IRoyaltyGraph.claim, (r.child, r.edge, tokens[r.token]));
    }

    function _drawLocked(uint256 token) private returns (bytes memory payload, uint256 value) {
        (, uint256 id) = _drawCell();
        address currency = tokens[token];
        uint256 kind = _draw(7);
        if (kind == 0) return (abi.encodeCall(IRoyaltyGraph.pay, (id)), 1 + _draw(1e9));
        if (kind == 1) return (abi.encodeCall(IRoyaltyGraph.payToken, (id, tokens[1 + _draw(4)], 1 + _draw(1e9))), 0);
        if (kind == 2) return (abi.encodeCall(IRoyaltyGraph.collect, (id, tokens[1 + _draw(4)], 1, "")), 0);
        if (kind == 3) return (abi.encodeCall(IRoyaltyGraph.withdraw, (id, currency, actors[EOAS])), 0);
        if (kind == 4) return (abi.encodeCall(IRoyaltyGraph.withdrawContribution, (id, 0, currency, actors[EOAS])), 0);
        if (kind == 5) return (abi.encodeCall(IRoyaltyGraph.withdrawFees, (APPS, currency, actors[EOAS])), 0);
        return (abi.encodeCall(IRoyaltyGraph.sweep, (id, currency)), 0);
    }

    /// @dev After the outer call, which succeeded.
    function _bookReentry(Reentry memory r) internal {
        if (r.by == address(0)) return;
        (bool happened, bytes memory result) = r.by == address(hostile)
            ? (hostile.reentrySucceeded(), hostile.reentryResult())
            : (MockPayout(payable(r.by)).reentrySucceeded(), MockPayout(payable(r.by)).reentryResult());
        if (happened != r.succeeds) assertEq(happened, r.succeeds, "I14: a reentrant call ended otherwise");
        if (happened) ++_tally.reentriesAdmitted;
        else ++_tally.reentriesRefused;
        if (!r.claims) return;
        uint256 amount = abi.decode(result, (uint256));
        assertEq(amount, _bookClaim(r.token, r.child, r.edge), "I14: a reentrant claim");
        _watch(r.token, r.child);
    }

    /// @dev Arms the hostile token for one move, and works out where its lies lead.
    function _foreseeLies(Move memory m, address from, address to) private {
        _disarm();
        uint256 real = hostile.balanceOf(address(graph));
        MockHostileERC20.Move move = MockHostileERC20.Move(_chance(2) ? 0 : _draw(5));
        uint256 bps = _draw(10_001);
        MockHostileERC20.Answer answer = MockHostileERC20.Answer(_chance(3) ? _draw(3) : 0);
        hostile.setMove(move, bps);
        hostile.setAnswer(answer);
        int256 offset = _drawOffset(real);
        hostile.setBalanceOffset(address(graph), offset);
        uint256 before = _seen(real, offset);
        if (_chance(2)) (offset, m.fault) = _armReentry(m, offset);

        uint256 lie = (m.amount * bps) / 10_000;
        uint256 taken = move == MockHostileERC20.Move.More ? m.amount + lie : m.amount;
        uint256 arrives = move == MockHostileERC20.Move.Less ? m.amount - lie : taken;
        if (move == MockHostileERC20.Move.Nothing) (taken, arrives) = (0, 0);
        if (m.fault == 0) {
            uint256 funds = from == address(graph) ? real : hostile.balanceOf(from);
            if (move == MockHostileERC20.Move.Revert) m.fault = MockHostileERC20.Hostile.selector;
            else if (taken > funds) m.fault = IERC20Errors.ERC20InsufficientBalance.selector;
            else if (answer == MockHostileERC20.Answer.False) m.fault = SafeERC20.SafeERC20FailedOperation.selector;
        }
        uint256 afterwards = _seen(real + (to == address(graph) ? arrives : 0), offset);
        m.received = afterwards > before ? afterwards - before : 0;
    }

    /// @dev In the middle of its move, the token changes what it says of the graph's balance, or calls the graph itself,
    /// and swallows the outcome or fails by it.
    function _armReentry(Move memory m, int256 offset) private returns (int256 later, bytes4 fault) {
        Reentry memory r = m.reentry;
        (r.by, later) = (address(hostile), offset);
        bool bubbles = _chance(4);
        uint256 kind = _draw(4);
        if (kind < 2) {
            later = _chance(2) ? int256(2 ** 127 + _draw(1e20)) : int256(_draw(1e25));
            (r.target, r.succeeds) = (address(hostile), true);
            r.payload = abi.encodeCall(MockHostileERC20.setBalanceOffset, (address(graph), later));
        } else if (kind == 2) {
            _drawClaim(r);
        } else {
            r.target = address(graph);
            (r.payload, ) = _drawLocked(HOSTILE);
            if (bubbles) fault = ANY; // the lock's error, or a payment without value
        }
        hostile.setReentry(r.target, r.payload, bubbles);
    }

    function _drawOffset(uint256 real) private returns (int256) {
        uint256 kind = _draw(6);
        if (kind == 0) return -int256(real) - 1;
        if (kind == 1) return -int256(_draw(1e20));
        return kind == 2 ? int256(_draw(1e20)) : int256(0);
    }

    function _seen(uint256 real, int256 offset) private pure returns (uint256) {
        int256 balance = int256(real) + offset;
        return balance < 0 ? 0 : uint256(balance);
    }

    function _disarm() internal {
        hostile.setMove(MockHostileERC20.Move.Exactly, 0);
        hostile.setAnswer(MockHostileERC20.Answer.True);
        hostile.setReentry(address(0), "", false);
        hostile.setBalanceOffset(address(graph), 0);
    }

    function _isPayout(address account) internal view returns (bool) {
        return account == actors[EOAS] || account == actors[EOAS + 1];
    }

    function _fundInbox(uint256 token, address inbox) private {
        uint256 amount = _drawAmount();
        address from = _drawEOA();
        if (token == HOSTILE) _disarm();
        vm.prank(from);
        if (token == NATIVE) {
            (bool success, ) = inbox.call{value: amount}("");
            assertTrue(success, "an inbox refused coin");
        } else {
            _transfer(token, inbox, amount);
        }
    }

    /// @dev USDT answers nothing.
    function _transfer(uint256 token, address to, uint256 amount) private {
        if (token == USDT) usdt.transfer(to, amount);
        else IERC20(tokens[token]).transfer(to, amount);
    }
}
