// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Test} from "forge-std/Test.sol";
import {console2} from "forge-std/console2.sol";

import {IAppRegistry} from "../../contracts/ip/interfaces/IAppRegistry.sol";
import {IIPRegistry} from "../../contracts/ip/interfaces/IIPRegistry.sol";
import {ILicenseTerms} from "../../contracts/ip/interfaces/ILicenseTerms.sol";
import {IRoyaltyGraph} from "../../contracts/ip/interfaces/IRoyaltyGraph.sol";
import {IRoyaltyInbox} from "../../contracts/ip/interfaces/IRoyaltyInbox.sol";
import {Edge} from "../../contracts/ip/types/Edge.sol";
import {RoyaltyGraph} from "../../contracts/ip/RoyaltyGraph.sol";
import {MockHostileERC20} from "../../contracts/mocks/tokens/MockHostileERC20.sol";
import {MockPayout} from "../../contracts/mocks/wallets/MockPayout.sol";
import {RoyaltyBooks} from "./handlers/RoyaltyBooks.sol";
import {RoyaltyHandler} from "./handlers/RoyaltyHandler.sol";

/// @title RoyaltyGraph invariants
/// @notice I1 to I5 and I7 to I16 hold after every call, whatever payers, owners, tokens and roles do. Forge runs a
/// campaign for each invariant function, so all are checked in one.
/// @dev After each call the works that it touched are read from the graph in full, and one that wanders through the rest;
/// after each run all of them, of every token, before and after everything is claimed and paid out. I6, the gas of a
/// payment, is measured under Hardhat.
contract RoyaltyGraphInvariantTest is Test {
    uint256 private constant D = 1_000_000;
    uint256 private constant TOKENS = 5;
    uint256 private constant APPS = 3;
    uint256 private constant HOSTILE = 4;

    RoyaltyHandler private handler;
    RoyaltyGraph private graph;

    /// @dev A work as the graph says it is; money of one token.
    struct State {
        Edge[] edges;
        uint256 direct;
        uint256 inflow;
        /// By edge, then the protocol's fee, then the app's; by share.
        uint256[] claimed;
        uint256[] entitled;
        uint256[] withdrawn;
        uint256[] shares;
    }

    struct Sums {
        uint256 standing;
        uint256 direct;
        uint256 withdrawn;
    }

    function setUp() public {
        handler = new RoyaltyHandler();
        graph = handler.graph();
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: handler.selectors()}));
    }

    function invariant_all() public view {
        RoyaltyHandler.Report memory r = handler.report();
        _checkBalances(r);
        _checkClaim(r.lastClaim);
        for (uint256 i = 0; i < r.watched.length; ++i) {
            State memory s = _check(r.watched[i].token, r.watched[i].id);
            if (i == 0) _checkMarks(s, r.marks);
        }
        uint256 wander = uint256(keccak256(abi.encode(r.totals, r.watched)));
        uint256 id = 1 + (wander % r.works);
        _checkClosure(_check((wander >> 64) % TOKENS, id).edges);
    }

    /// @dev Once a run: everything as the run left it, then everything drained.
    function afterInvariant() public {
        _checkAll(false);
        handler.drain();
        _checkAll(true);
    }

    /// @dev A campaign from a fixed seed, to show that no action is idle: each succeeded, and each error that the
    /// handler provokes was met. Prints the counts (`-vv`).
    function test_everyActionSucceedsInACampaign() public {
        bytes4[] memory selectors = handler.selectors();
        for (uint256 i = 0; i < 1_600; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("campaign", i)));
            (bool success, bytes memory reason) = address(handler).call(
                abi.encodeWithSelector(selectors[seed % selectors.length], seed)
            );
            if (!success) {
                console2.log("call %d: %s", i, handler.names()[seed % selectors.length]);
                assembly {
                    revert(add(reason, 0x20), mload(reason))
                }
            }
            this.invariant_all(); // from outside, so that what it read does not stay in memory
        }
        this.afterInvariant();
        string[24] memory names = handler.names();
        for (uint256 i = 0; i < names.length; ++i) {
            RoyaltyBooks.Action action = RoyaltyBooks.Action(i);
            console2.log("%s: %d calls, %d successes", names[i], handler.calls(action), handler.successes(action));
        }
        for (uint256 i = 0; i < names.length; ++i) {
            assertGt(handler.successes(RoyaltyBooks.Action(i)), 0, names[i]);
        }
        _checkRefusals();
        _checkTally(handler.tally());
    }

    function _checkTally(RoyaltyBooks.Tally memory t) private pure {
        console2.log(
            "claims: %d, of nothing: %d, of disputed works: %d",
            t.claims,
            t.claimsOfNothing,
            t.disputedClaims
        );
        console2.log("fees claimed: %d", t.feeClaims);
        console2.log("reentries: %d refused, %d admitted", t.reentriesRefused, t.reentriesAdmitted);
        console2.log("credited otherwise than said by the token that lies: %d", t.lies);
        console2.log(
            "derivatives: %d, inherited edges: %d, most edges: %d",
            t.derivatives,
            t.inheritedEdges,
            t.mostEdges
        );
        assertGt(t.claims, 100, "few claims");
        assertGt(t.claimsOfNothing, 100, "few claims of nothing");
        assertGt(t.disputedClaims, 0, "no claim of a disputed work");
        assertGt(t.feeClaims, 20, "few fees");
        assertGt(t.reentriesRefused, 5, "few reentries");
        assertGt(t.reentriesAdmitted, 5, "few claims within other calls");
        assertGt(t.lies, 5, "few lies");
        assertGt(t.derivatives, 20, "few derivatives");
        assertGt(t.inheritedEdges, 20, "few inherited edges");
    }

    function _checkRefusals() private view {
        bytes4[36] memory errors = [
            IRoyaltyGraph.ZeroAmount.selector,
            IRoyaltyGraph.UnknownWork.selector,
            IRoyaltyGraph.InvalidToken.selector,
            IRoyaltyGraph.LedgerOverflow.selector,
            IRoyaltyGraph.BatchTooLarge.selector,
            IRoyaltyGraph.NotPayee.selector,
            IRoyaltyGraph.WorkDisputed.selector,
            IRoyaltyGraph.UnknownContributor.selector,
            IRoyaltyGraph.InvalidReceiver.selector,
            IRoyaltyGraph.InvalidAddress.selector,
            IRoyaltyGraph.OnlyRegistry.selector,
            IRoyaltyGraph.MissingInheritedEdge.selector,
            IRoyaltyGraph.UnexpectedEdge.selector,
            IRoyaltyGraph.WrongRate.selector,
            IRoyaltyGraph.RatesTooHigh.selector,
            IRoyaltyGraph.ParentNotDerivable.selector,
            IIPRegistry.TooManyInherited.selector,
            IIPRegistry.NoParents.selector,
            IRoyaltyInbox.NothingToSweep.selector,
            IIPRegistry.NotOwner.selector,
            IIPRegistry.AlreadyDeleted.selector,
            IIPRegistry.NotDisputed.selector,
            IIPRegistry.ParentNotActive.selector,
            IIPRegistry.UnexpectedTerms.selector,
            IIPRegistry.UnknownWork.selector,
            IIPRegistry.MalformedEdge.selector,
            IIPRegistry.EdgesNotAscending.selector,
            IIPRegistry.FeesTooHigh.selector,
            IAppRegistry.FeeTooHigh.selector,
            IAppRegistry.UnknownApp.selector,
            ILicenseTerms.ReciprocalTermsRequired.selector,
            ILicenseTerms.WrongKind.selector,
            ILicenseTerms.RateTooLow.selector,
            IAccessManaged.AccessManagedUnauthorized.selector,
            MockPayout.Refused.selector,
            MockHostileERC20.Hostile.selector
        ];
        for (uint256 i = 0; i < errors.length; ++i) {
            assertGt(handler.refusals(errors[i]), 0, string.concat("never met: ", vm.toString(errors[i])));
        }
    }

    /// @dev I1, as the graph's balance shows it: of a token that keeps its word, what it holds is direct revenue - what was
    /// withdrawn + what was forced upon it, to the unit. One that lies it holds at least nothing of.
    function _checkBalances(RoyaltyHandler.Report memory r) private view {
        for (uint256 token = 0; token < HOSTILE; ++token) {
            address currency = handler.tokens(token);
            uint256 held = currency == address(0) ? address(graph).balance : _balanceOf(currency);
            uint256 ledger = r.totals[token].direct - r.totals[token].withdrawn;
            _hold(held >= ledger, "I1: the graph holds less than its ledger");
            _same(held, ledger + r.totals[token].forced, "I1: balance and ledger");
        }
    }

    function _balanceOf(address token) private view returns (uint256) {
        (, bytes memory result) = token.staticcall(abi.encodeWithSignature("balanceOf(address)", address(graph)));
        return abi.decode(result, (uint256));
    }

    /// @dev I11, I12. A claim is what is due, told by an event where something is, and the caller is as rich as before.
    function _checkClaim(RoyaltyBooks.ClaimRecord memory c) private pure {
        _same(c.amount, c.expectedAmount, "I11: claimed otherwise than due");
        _same(c.logs, c.expectedLogs, "I11: an event where nothing is due, or none where something is");
        _same(c.before, c.afterwards, "I12: the claimer gained");
    }

    /// @dev I4. What anybody was entitled to before the call, it is entitled to after it.
    function _checkMarks(State memory s, uint256[] memory marks) private pure {
        if (marks.length == 0) return;
        uint256 edges = s.edges.length;
        for (uint256 i = 0; i < edges; ++i) _hold(s.entitled[i] >= marks[i], "I4: an edge's entitlement fell");
        for (uint256 i = 0; i < s.shares.length; ++i) {
            _hold(s.shares[i] >= marks[edges + i], "I4: a share's entitlement fell");
        }
    }

    /// @dev One work and one token: what the graph says is what the books say, and adds up.
    function _check(uint256 token, uint256 id) private view returns (State memory s) {
        RoyaltyBooks.WorkView memory v = handler.workOf(token, id);
        _checkEdges(id, v.book, s);
        for (uint256 i = 0; i < TOKENS; ++i) {
            (uint256 direct, uint256 inflow) = graph.revenueOf(id, handler.tokens(i));
            _same(direct, v.direct[i], "I16: direct revenue");
            _same(inflow, v.inflow[i], "I1: inflow is what was claimed");
            if (i == token) (s.direct, s.inflow) = (direct, inflow);
        }
        _readMoney(token, id, v, s);
        _checkMoney(v.book, s);
    }

    /// @dev I7, I10, I15. Edges ascend, lead to older works, are those of the registration, and leave the owner a tenth.
    function _checkEdges(uint256 id, RoyaltyBooks.WorkBook memory book, State memory s) private view {
        s.edges = graph.edgesOf(id);
        _same(s.edges.length, book.edges.length, "I15: number of edges");
        uint256 sum = 0;
        uint256 last = 0;
        for (uint256 i = 0; i < s.edges.length; ++i) {
            uint256 word = Edge.unwrap(s.edges[i]);
            RoyaltyBooks.EdgeBook memory e = book.edges[i];
            uint256 key = (word >> 20) & (2 ** 41 - 1);
            _hold(key > last, "I7: edges do not ascend");
            _hold(key >> 1 != 0 && key >> 1 < id, "I7: a parent that is not older");
            _same(key, uint256(e.parent) * 2 + (e.absolute ? 1 : 0), "I7: a parent changed");
            _same(word & (2 ** 20 - 1), e.rate, "I15: a rate changed");
            _same(word >> 61, e.chosen ? 1 : 0, "I15: a choice changed");
            last = key;
            sum += e.rate;
        }
        uint256 fees = uint256(book.protocolFee) + book.appFee;
        _hold(sum <= 900_000 && fees <= 100_000, "I10: rates or fees above their bounds");
    }

    function _readMoney(uint256 token, uint256 id, RoyaltyBooks.WorkView memory v, State memory s) private view {
        address currency = handler.tokens(token);
        uint256 edges = s.edges.length;
        (s.claimed, s.entitled) = (new uint256[](edges + 2), new uint256[](edges + 2));
        for (uint256 i = 0; i < edges; ++i) {
            s.claimed[i] = graph.claimedOf(id, i, currency);
            s.entitled[i] = s.claimed[i] + graph.claimable(id, i, currency);
            _same(s.claimed[i], v.claimed[i], "I1: claimed");
        }
        // Fees have no counter to read: it is what is due in all less what is due now.
        (uint256 protocol, uint256 app) = graph.claimableFees(id, currency);
        s.entitled[edges] = (s.direct * v.book.protocolFee) / D;
        s.entitled[edges + 1] = (s.direct * v.book.appFee) / D;
        _hold(protocol <= s.entitled[edges] && app <= s.entitled[edges + 1], "I3: a fee above its floor");
        s.claimed[edges] = s.entitled[edges] - protocol;
        s.claimed[edges + 1] = s.entitled[edges + 1] - app;
        _same(s.claimed[edges], v.claimed[edges], "I1: the protocol's fee");
        _same(s.claimed[edges + 1], v.claimed[edges + 1], "I1: the app's fee");
        uint256 shares = v.withdrawn.length;
        (s.withdrawn, s.shares) = (new uint256[](shares), new uint256[](shares));
        for (uint256 i = 0; i < shares; ++i) {
            s.withdrawn[i] = graph.withdrawnOf(id, i, currency);
            s.shares[i] = s.withdrawn[i] + graph.withdrawable(id, i, currency);
            _same(s.withdrawn[i], v.withdrawn[i], "I1: withdrawn");
        }
    }

    /// @dev I2, I3.
    function _checkMoney(RoyaltyBooks.WorkBook memory book, State memory s) private pure {
        uint256 earned = s.direct + s.inflow;
        uint256 taken = 0;
        uint256 entitled = 0;
        for (uint256 i = 0; i < s.entitled.length; ++i) {
            taken += s.claimed[i];
            entitled += s.entitled[i];
        }
        for (uint256 i = 0; i < s.shares.length; ++i) {
            taken += s.withdrawn[i];
            entitled += s.shares[i];
        }
        _hold(taken <= earned, "I2: more was claimed and withdrawn than the work earned");
        _hold(entitled <= earned, "I3: the entitlements exceed what the work earned");
        uint256 dust = s.edges.length + book.contributors.length + 1;
        if (book.protocolFee != 0) ++dust;
        if (book.appFee != 0) ++dust;
        _hold(earned - entitled <= dust, "I3: more dust than edges, fees, contributors and owner");
    }

    /// @dev I8. Every absolute edge of a chosen parent is the derivative's, at no lower rate; every inherited one is some
    /// chosen parent's, at its very rate.
    function _checkClosure(Edge[] memory edges) private view {
        uint256[] memory asked = new uint256[](edges.length);
        for (uint256 i = 0; i < edges.length; ++i) {
            if (Edge.unwrap(edges[i]) >> 61 == 0) continue;
            Edge[] memory ofParent = graph.edgesOf(_key(edges[i]) >> 1);
            for (uint256 j = 0; j < ofParent.length; ++j) {
                if (_key(ofParent[j]) & 1 == 0) continue;
                uint256 place = 0;
                while (place < edges.length && _key(edges[place]) != _key(ofParent[j])) ++place;
                if (place == edges.length) assertTrue(false, "I8: an absolute edge was not inherited");
                if (_rate(ofParent[j]) > asked[place]) asked[place] = _rate(ofParent[j]);
            }
        }
        for (uint256 i = 0; i < edges.length; ++i) {
            _hold(_rate(edges[i]) >= asked[i], "I8: inherited at a lower rate");
            if (Edge.unwrap(edges[i]) >> 61 == 0) _same(_rate(edges[i]), asked[i], "I8: an edge that nobody asks for");
        }
    }

    /// @dev Every work and token, and I1 over all of them: direct revenue - withdrawn = the sum of what stands in works and
    /// fee accounts, each of which is at least 0.
    function _checkAll(bool drained) private view {
        RoyaltyHandler.Report memory r = handler.report();
        _checkBalances(r);
        for (uint256 token = 0; token < TOKENS; ++token) {
            Sums memory sums;
            RoyaltyHandler.Final memory f = handler.finalOf(token);
            for (uint256 id = 1; id <= r.works; ++id) {
                State memory s = _check(token, id);
                uint256 paid = _sum(s.withdrawn);
                sums.standing += s.direct + s.inflow - _sum(s.claimed) - paid;
                sums.direct += s.direct;
                sums.withdrawn += paid;
                if (drained) _checkDrained(id, s, f, handler.workOf(token, id).book);
                else if (token == 0) _checkClosure(s.edges);
            }
            _addFees(handler.tokens(token), sums);
            _same(sums.direct - sums.withdrawn, sums.standing, "I1: identity");
            _same(sums.direct, r.totals[token].direct, "I1: direct revenue");
            _same(sums.withdrawn, r.totals[token].withdrawn, "I1: withdrawn");
            if (drained) _same(sums.withdrawn, f.paidOut, "I5: paid out after the drain");
        }
    }

    function _addFees(address currency, Sums memory sums) private view {
        for (uint256 appId = 0; appId <= APPS; ++appId) {
            (uint256 collected, uint256 paid) = graph.feesOf(appId, currency);
            _hold(paid <= collected, "I1: more fees withdrawn than collected");
            sums.standing += collected - paid;
            sums.withdrawn += paid;
        }
    }

    /// @dev I5, I9. Whatever was claimed and withdrawn before, in whichever order, the end is the one that direct revenue
    /// alone foretells.
    function _checkDrained(
        uint256 id,
        State memory s,
        RoyaltyHandler.Final memory f,
        RoyaltyBooks.WorkBook memory book
    ) private pure {
        _same(s.inflow, f.inflow[id], "I5: inflow after the drain");
        uint256 left = D;
        for (uint256 i = 0; i < book.contributors.length; ++i) {
            uint256 share = book.contributors[i].share;
            left -= share;
            _same(s.withdrawn[i + 1], (f.ofOwners[id] * share) / D, "I5: a contributor after the drain");
        }
        _same(s.withdrawn[0], (f.ofOwners[id] * left) / D, "I5: the owner after the drain");
        _checkLifetime(s, book);
    }

    function _checkLifetime(State memory s, RoyaltyBooks.WorkBook memory book) private pure {
        for (uint256 i = 0; i < s.edges.length; ++i) {
            if (!book.edges[i].absolute) continue;
            _same(s.claimed[i], (s.direct * book.edges[i].rate) / D, "I9: lifetime inflow of an absolute edge");
        }
    }

    function _sum(uint256[] memory list) private pure returns (uint256 sum) {
        for (uint256 i = 0; i < list.length; ++i) sum += list[i];
    }

    function _key(Edge edge) private pure returns (uint256) {
        return (Edge.unwrap(edge) >> 20) & (2 ** 41 - 1);
    }

    function _rate(Edge edge) private pure returns (uint256) {
        return Edge.unwrap(edge) & (2 ** 20 - 1);
    }

    /// @dev An assertion is a call to the cheatcode address; so the comparison comes first, and the assertion is there
    /// for its message.
    function _same(uint256 left, uint256 right, string memory what) private pure {
        if (left != right) assertEq(left, right, what);
    }

    function _hold(bool condition, string memory what) private pure {
        if (!condition) assertTrue(false, what);
    }
}
