// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {Vm} from "forge-std/Vm.sol";

import {IAppRegistry} from "../../../contracts/ip/interfaces/IAppRegistry.sol";
import {IIPRegistry} from "../../../contracts/ip/interfaces/IIPRegistry.sol";
import {IRoyaltyGraph} from "../../../contracts/ip/interfaces/IRoyaltyGraph.sol";
import {MockPayout} from "../../../contracts/mocks/wallets/MockPayout.sol";
import {RoyaltyPayments} from "./RoyaltyPayments.sol";

/// @title RoyaltyHandler
/// @notice Everything that can be done to the royalty graph and its registry by payers, owners, contributors, strangers,
/// roles and tokens, one action a call: claims, withdrawals and powers here, payments and registrations in the bases.
/// @dev A failing sequence is a list of actions and seeds. Before a call the handler works out from its own books how the
/// call must end, and reverts where it ends otherwise (`fail_on_revert` makes the campaign fail). What the invariants
/// look at is in `report` and `workOf`.
contract RoyaltyHandler is RoyaltyPayments {
    /// @dev What the invariants read after every call, in one answer.
    struct Report {
        uint256 works;
        Totals[TOKENS] totals;
        Cell[] watched;
        /// Entitlements of the first that is watched, before the call: edges, then shares.
        uint256[] marks;
        ClaimRecord lastClaim;
    }

    /// @dev What every work comes to if nothing is ever claimed before the end, from direct revenue alone.
    struct Final {
        uint256[] inflow;
        uint256[] ofOwners;
        uint256 fees;
        uint256 paidOut;
    }

    uint256 private constant FIRST_WORKS = 12;
    address private constant SINK = address(uint160(uint256(keccak256("sink"))));

    constructor() {
        _deploy();
        _makeTerms();
        // Ancestors to derive from and to pay from the first call on; the seeds are fixed, so every run begins alike.
        for (uint256 i = 0; _works.length <= FIRST_WORKS; ++i) _plant(uint256(keccak256(abi.encode("plant", i))));
    }

    function _plant(uint256 seed) private action(Action.RegisterRoot, seed) {
        if (_works.length < 5) _registerRoot();
        else _registerDerivative();
    }

    // Claims

    function claim(uint256 seed) external action(Action.Claim, seed) {
        (uint256 token, uint256 child) = _drawCell();
        uint256 disputed = _drawDisputed();
        if (disputed != 0 && _chance(4)) child = disputed;
        uint256 edge = _drawEdge(child);
        if (_chance(20)) child = _drawUnknown();
        _watchClaim(token, child, edge);
        _openClaim();
        _lastClaim.expectedAmount = _bookCounted(token, child, edge);
        _closeClaim(abi.encodeCall(IRoyaltyGraph.claim, (child, edge, tokens[token])), 0);
    }

    /// @dev One item in four is no edge at all, or one that the batch claims twice.
    function claimBatch(uint256 seed) external action(Action.ClaimBatch, seed) {
        bool tooLong = _chance(15);
        IRoyaltyGraph.Claim[] memory claims = new IRoyaltyGraph.Claim[](tooLong ? 257 : _draw(11));
        (uint256 token, uint256 child) = _drawCell();
        for (uint256 i = 0; i < claims.length && !tooLong; ++i) {
            claims[i] = IRoyaltyGraph.Claim(child, _drawEdge(child));
            if (_chance(8)) claims[i].child = _drawUnknown();
            if (i == 0) _watchClaim(token, claims[0].child, claims[0].edge);
            if (_chance(2)) child = _drawWork();
        }
        _openClaim();
        for (uint256 i = 0; i < claims.length && !tooLong; ++i) {
            _lastClaim.expectedAmount += _bookCounted(token, claims[i].child, claims[i].edge);
        }
        bytes4 fault = tooLong ? IRoyaltyGraph.BatchTooLarge.selector : bytes4(0);
        _closeClaim(abi.encodeCall(IRoyaltyGraph.claimBatch, (claims, tokens[token])), fault);
    }

    /// @dev Up to a root, mostly; sometimes on to where there is no edge.
    function claimPath(uint256 seed) external action(Action.ClaimPath, seed) {
        (uint256 token, uint256 child) = _drawCell();
        uint256[] memory edges = new uint256[](_draw(6));
        uint256[] memory path = new uint256[](edges.length + 1);
        path[0] = child;
        for (uint256 i = 0; i < edges.length; ++i) {
            edges[i] = _drawEdge(path[i]);
            path[i + 1] = _parentOf(path[i], edges[i]);
        }
        if (edges.length != 0) _watchClaim(token, child, edges[0]);
        _openClaim();
        for (uint256 i = 0; i < edges.length && path[i] != 0; ++i) {
            _lastClaim.expectedAmount = _bookCounted(token, path[i], edges[i]);
        }
        _closeClaim(abi.encodeCall(IRoyaltyGraph.claimPath, (child, edges, tokens[token])), 0);
    }

    function claimFees(uint256 seed) external action(Action.ClaimFees, seed) {
        (uint256 token, uint256 id) = _drawCell();
        uint256[] memory ids = new uint256[](_draw(6));
        for (uint256 i = 0; i < ids.length; ++i) {
            ids[i] = _chance(10) ? _drawUnknown() : id;
            if (_chance(2)) (, id) = _drawCell();
            _watch(token, ids[i]);
        }
        _openClaim();
        uint256 ofApps = 0;
        for (uint256 i = 0; i < ids.length; ++i) {
            uint256 protocol = _bookFee(token, ids[i], PROTOCOL_COUNTER);
            uint256 app = _exists(ids[i]) && _works[ids[i]].appId != 0 ? _bookFee(token, ids[i], APP_COUNTER) : 0;
            _lastClaim.expectedLogs += (protocol == 0 ? 0 : 1) + (app == 0 ? 0 : 1);
            _lastClaim.expectedAmount += protocol;
            ofApps += app;
        }
        bytes memory result = _closeClaim(abi.encodeCall(IRoyaltyGraph.claimFees, (ids, tokens[token])), 0);
        (, uint256 answered) = abi.decode(result, (uint256, uint256));
        assertEq(answered, ofApps, "claimFees() of apps");
    }

    function _drawEdge(uint256 child) private returns (uint256) {
        if (_chance(12)) return _chance(2) ? 16 + _draw(2) : type(uint256).max;
        return _draw(_works[child].edges.length + (_chance(4) ? 1 : 0) + (_works[child].edges.length == 0 ? 1 : 0));
    }

    function _parentOf(uint256 child, uint256 edge) private view returns (uint256) {
        if (!_exists(child) || edge >= _works[child].edges.length) return 0;
        return _works[child].edges[edge].parent;
    }

    function _watchClaim(uint256 token, uint256 child, uint256 edge) private {
        uint256 parent = _parentOf(child, edge);
        _watch(token, parent); // first, so that its entitlements are marked: it is what gains
        _watch(token, child);
    }

    function _bookCounted(uint256 token, uint256 child, uint256 edge) private returns (uint256 amount) {
        amount = _bookClaim(token, child, edge);
        if (amount != 0) _lastClaim.expectedLogs++;
    }

    function _openClaim() private {
        _lastClaim.caller = _chance(8) ? payees[0] : _drawActor();
        _lastClaim.before = _wealth(_lastClaim.caller);
    }

    function _closeClaim(bytes memory data, bytes4 fault) private returns (bytes memory result) {
        bool success;
        vm.recordLogs();
        (success, result) = _send(_lastClaim.caller, address(graph), 0, data, fault);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        _lastClaim.logs = logs.length;
        _lastClaim.afterwards = _wealth(_lastClaim.caller);
        if (success) _lastClaim.amount = abi.decode(result, (uint256));
    }

    // Withdrawals

    function withdraw(uint256 seed) external action(Action.Withdraw, seed) {
        (uint256 token, uint256 id) = _drawCell();
        if (_chance(30)) id = _drawUnknown();
        bytes4 fault = _exists(id) ? bytes4(0) : IRoyaltyGraph.UnknownWork.selector;
        _withdrawShare(token, id, 0, fault);
    }

    function withdrawContribution(uint256 seed) external action(Action.WithdrawContribution, seed) {
        (uint256 token, uint256 id) = _drawCell();
        for (uint256 i = 0; i < 6 && _works[id].contributors.length == 0; ++i) (token, id) = _drawCell();
        uint256 length = _works[id].contributors.length;
        uint256 index = length == 0 || _chance(12) ? length + _draw(2) : _draw(length);
        bytes4 fault;
        if (_works[id].disputed) fault = IRoyaltyGraph.WorkDisputed.selector;
        else if (index >= length) fault = IRoyaltyGraph.UnknownContributor.selector;
        _withdrawShare(token, id, index + 1, fault);
    }

    /// @dev By whom it belongs to; by anybody; to an actor, an inbox, nobody, the graph.
    function _withdrawShare(uint256 token, uint256 id, uint256 share, bytes4 fault) private {
        Move memory m;
        m.token = token;
        address payee = fault == 0 ? _payeeOf(id, share) : _drawActor();
        address caller = _chance(8) ? _drawActor() : payee;
        address to = _drawReceiver(id);
        _watch(token, id);
        if (fault == 0 && _works[id].disputed) fault = IRoyaltyGraph.WorkDisputed.selector;
        if (fault == 0 && caller != payee) fault = IRoyaltyGraph.NotPayee.selector;
        if (fault == 0 && (to == address(0) || to == address(graph))) fault = IRoyaltyGraph.InvalidReceiver.selector;
        if (fault == 0) {
            m.amount = _shareEntitlement(token, id, share) - _withdrawn[token][id][share];
            _foreseeExit(m, to);
        } else {
            m.fault = fault;
        }
        bytes memory data =
            share == 0
                ? abi.encodeCall(IRoyaltyGraph.withdraw, (id, tokens[token], to))
                : abi.encodeCall(IRoyaltyGraph.withdrawContribution, (id, share - 1, tokens[token], to));
        (bool success, uint256 amount) = _sendGraph(caller, 0, data, m.fault);
        if (!success) return;
        assertEq(amount, _bookWithdrawal(token, id, share), "I2: withdrew otherwise than entitled");
        _bookExit(m);
    }

    function withdrawFees(uint256 seed) external action(Action.WithdrawFees, seed) {
        Move memory m;
        (m.token, ) = _drawCell();
        uint256 appId = _chance(20) ? APPS + 1 : _draw(APPS + 1);
        address payee = appId > APPS ? address(1) : payees[appId];
        address caller = _chance(8) ? _drawActor() : payee;
        address to = _drawReceiver(1);
        if (appId > APPS) m.fault = IAppRegistry.UnknownApp.selector;
        else if (caller != payee) m.fault = IRoyaltyGraph.NotPayee.selector;
        else if (to == address(0) || to == address(graph)) m.fault = IRoyaltyGraph.InvalidReceiver.selector;
        if (m.fault == 0) {
            Account memory account = _accounts[m.token][appId];
            m.amount = account.collected - account.withdrawn;
            _foreseeExit(m, to);
        }
        bytes memory data = abi.encodeCall(IRoyaltyGraph.withdrawFees, (appId, tokens[m.token], to));
        (bool success, uint256 amount) = _sendGraph(caller, 0, data, m.fault);
        if (!success) return;
        assertEq(amount, m.amount, "I2: fees withdrawn otherwise than collected");
        _bookFeesExit(m.token, appId);
        _bookExit(m);
    }

    /// @dev Nothing is sent where nothing is due, and so nobody is asked.
    function _foreseeExit(Move memory m, address to) private {
        if (m.amount == 0) return;
        if (m.token != NATIVE) _foresee(m, address(graph), to);
        else if (_isPayout(to)) _drawMode(m, MockPayout(payable(to)));
    }

    function _bookExit(Move memory m) private {
        _bookReentry(m.reentry);
        // What a hook sends to the graph while it pays out is nobody's.
        _totals[m.token].forced += m.reentry.donated;
    }

    function _bookFeesExit(uint256 token, uint256 appId) private {
        Account storage account = _accounts[token][appId];
        _totals[token].withdrawn += account.collected - account.withdrawn;
        account.withdrawn = account.collected;
    }

    function _drawReceiver(uint256 id) private returns (address) {
        uint256 kind = _draw(24);
        if (kind == 0) return address(0);
        if (kind == 1) return address(graph);
        if (kind == 2) return graph.inboxOf(id);
        return kind < 12 ? actors[EOAS + _draw(ACTORS - EOAS)] : _drawActor();
    }

    // Powers

    /// @dev Of works to come: those that are there keep theirs.
    function setFees(uint256 seed) external action(Action.SetFees, seed) {
        uint256 appId = _draw(APPS + 1);
        uint256 fee = _chance(8) ? 501 + _draw(10_000) : _draw(501);
        bool fits = fee <= 500;
        bool success;
        if (appId == 0) {
            bytes4 fault = fits ? bytes4(0) : IIPRegistry.FeesTooHigh.selector;
            bytes memory data = abi.encodeCall(IIPRegistry.setProtocolFee, (fee));
            (success, ) = _send(admin, address(registry), 0, data, fault);
        } else {
            bytes4 fault = fits ? bytes4(0) : IAppRegistry.FeeTooHigh.selector;
            bytes memory data = abi.encodeCall(IAppRegistry.setFee, (appId, fee));
            (success, ) = _send(address(this), address(apps), 0, data, fault);
        }
        if (success) fees[appId] = fee;
        _watch(_draw(TOKENS), _drawWork());
    }

    function setPayees(uint256 seed) external action(Action.SetPayees, seed) {
        uint256 appId = _draw(APPS + 1);
        address payee = _chance(8) ? address(0) : _drawActor();
        bool success;
        if (appId == 0) {
            bytes4 fault = payee == address(0) ? IRoyaltyGraph.InvalidAddress.selector : bytes4(0);
            bytes memory data = abi.encodeCall(IRoyaltyGraph.setTreasury, (payee));
            (success, ) = _send(admin, address(graph), 0, data, fault);
        } else {
            bytes4 fault = payee == address(0) ? IAppRegistry.InvalidPayee.selector : bytes4(0);
            bytes memory data = abi.encodeCall(IAppRegistry.setPayee, (appId, payee));
            (success, ) = _send(address(this), address(apps), 0, data, fault);
        }
        if (success) payees[appId] = payee;
    }

    /// @dev Powers without the role, and functions that are another contract's alone; the refusal is the success.
    function usurp(uint256 seed) external action(Action.Usurp, seed) {
        address rogue = _drawActor();
        uint256 id = _drawWork();
        uint256 kind = _draw(14);
        IIPRegistry.Contributor[] memory nobody = new IIPRegistry.Contributor[](1);
        nobody[0] = IIPRegistry.Contributor(rogue, uint32(D));
        IIPRegistry.RegistrationItem memory item;
        bytes memory data;
        address target = address(registry);
        bytes4 fault = IAccessManaged.AccessManagedUnauthorized.selector;
        if (kind == 0) data = abi.encodeCall(IIPRegistry.freeze, (id));
        if (kind == 1) data = abi.encodeCall(IIPRegistry.unfreeze, (id));
        if (kind == 2) data = abi.encodeCall(IIPRegistry.redirect, (id, rogue));
        if (kind == 3) data = abi.encodeCall(IIPRegistry.setProtocolFee, (0));
        if (kind == 4) data = abi.encodeCall(IIPRegistry.setGraph, (rogue));
        if (kind < 6) {
            if (kind == 5) data = abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (address(terms), ""));
            if (kind == 5 && _chance(2)) target = address(graph);
        } else if (kind == 6) {
            (data, fault) = (abi.encodeCall(IIPRegistry.registerItem, (rogue, item)), IIPRegistry.OnlySelf.selector);
        } else if (kind == 7) {
            (data, rogue) = (abi.encodeCall(IIPRegistry.setGraph, (address(graph))), admin);
            fault = IIPRegistry.GraphAlreadySet.selector;
        } else {
            target = address(graph);
            if (kind == 8) data = abi.encodeCall(IRoyaltyGraph.setTreasury, (rogue));
            if (kind == 9 || kind == 10) fault = IRoyaltyGraph.OnlyRegistry.selector;
            if (kind == 9) data = abi.encodeCall(IRoyaltyGraph.recordContributors, (id, nobody));
            if (kind == 10) data = abi.encodeCall(IRoyaltyGraph.linkDerivative, (id, 1, new uint256[](1), 0));
            if (kind > 10) fault = IRoyaltyGraph.NotPayee.selector;
            if (kind > 10) (data, rogue) = _drawTheft(id, kind - 11);
        }
        _watch(_draw(TOKENS), id);
        (bool success, ) = _send(rogue, target, 0, data, fault);
        if (!success) successes[_action]++;
    }

    /// @dev The graph's own money, by its own hand: as none of these accounts it is anybody's payee.
    function _drawTheft(uint256 id, uint256 kind) private returns (bytes memory data, address thief) {
        thief = [address(registry), address(terms), admin][_draw(3)];
        address currency = tokens[_draw(TOKENS)];
        if (kind == 0 || _works[id].disputed) {
            return (abi.encodeCall(IRoyaltyGraph.withdrawFees, (_draw(APPS + 1), currency, thief)), thief);
        }
        if (kind == 1 && _works[id].contributors.length != 0) {
            return (abi.encodeCall(IRoyaltyGraph.withdrawContribution, (id, 0, currency, thief)), thief);
        }
        return (abi.encodeCall(IRoyaltyGraph.withdraw, (id, currency, thief)), thief);
    }

    // The end of a run

    /// @notice Claims everything, derivatives first, and pays everything out. Not an action: once, after the last.
    function drain() external {
        _disarm();
        uint256 length = _works.length;
        uint256[] memory ids = new uint256[](length - 1);
        for (uint256 id = 1; id < length; ++id) {
            ids[id - 1] = id;
            if (!_works[id].disputed) continue;
            vm.prank(admin);
            registry.unfreeze(id);
            _works[id].disputed = false;
        }
        for (uint256 token = 0; token < TOKENS; ++token) {
            // What it lied about is there after all, so that everything can be paid.
            if (token == HOSTILE) hostile.mint(address(graph), _totals[token].direct);
            for (uint256 id = length - 1; id > 0; --id) _drainEdges(token, id);
            graph.claimFees(ids, tokens[token]);
            for (uint256 id = 1; id < length; ++id) _drainShares(token, id);
            for (uint256 appId = 0; appId <= APPS; ++appId) {
                for (uint256 i = 0; i < ids.length; ++i) {
                    if (appId == 0) _bookFee(token, ids[i], PROTOCOL_COUNTER);
                    else if (_works[ids[i]].appId == appId) _bookFee(token, ids[i], APP_COUNTER);
                }
                vm.prank(payees[appId]);
                graph.withdrawFees(appId, tokens[token], SINK);
                _bookFeesExit(token, appId);
            }
        }
    }

    function _drainEdges(uint256 token, uint256 id) private {
        IRoyaltyGraph.Claim[] memory claims = new IRoyaltyGraph.Claim[](_works[id].edges.length);
        uint256 due = 0;
        for (uint256 i = 0; i < claims.length; ++i) {
            claims[i] = IRoyaltyGraph.Claim(id, i);
            due += _bookClaim(token, id, i);
        }
        if (claims.length == 0) return;
        uint256 claimed = graph.claimBatch(claims, tokens[token]);
        if (claimed != due) assertEq(claimed, due, "I5: the drain's claims");
    }

    function _drainShares(uint256 token, uint256 id) private {
        uint256 length = _works[id].contributors.length;
        for (uint256 share = 0; share <= length; ++share) {
            uint256 due = _bookWithdrawal(token, id, share);
            vm.prank(_payeeOf(id, share));
            uint256 paid =
                share == 0
                    ? graph.withdraw(id, tokens[token], SINK)
                    : graph.withdrawContribution(id, share - 1, tokens[token], SINK);
            if (paid != due) assertEq(paid, due, "I5: the drain's withdrawals");
        }
    }

    /// @notice Where one claim of each edge, derivatives first, leads from direct revenue: without looking at what was
    /// claimed, when, or in which order.
    function finalOf(uint256 token) external view returns (Final memory f) {
        uint256 length = _works.length;
        f.inflow = new uint256[](length);
        f.ofOwners = new uint256[](length);
        for (uint256 id = length - 1; id > 0; --id) {
            WorkBook storage work = _works[id];
            (uint256 direct, uint256 inflow) = (_sums[token][id].direct, f.inflow[id]);
            for (uint256 i = 0; i < work.edges.length; ++i) {
                EdgeBook memory e = work.edges[i];
                f.inflow[e.parent] += ((direct + (e.absolute ? 0 : inflow)) * e.rate) / D;
            }
            f.ofOwners[id] = (direct * (D - work.ofDirect - work.protocolFee - work.appFee)) / D;
            f.ofOwners[id] += (inflow * (D - work.ofInflow)) / D;
            f.fees += (direct * work.protocolFee) / D + (direct * work.appFee) / D;
            f.paidOut += (f.ofOwners[id] * (D - work.shares)) / D;
            for (uint256 i = 0; i < work.contributors.length; ++i) {
                f.paidOut += (f.ofOwners[id] * work.contributors[i].share) / D;
            }
        }
        f.paidOut += f.fees;
    }

    // Reports

    function report() external view returns (Report memory r) {
        r.works = _works.length - 1;
        r.totals = _totals;
        r.watched = _watched;
        r.marks = _marks;
        r.lastClaim = _lastClaim;
    }

    function workOf(uint256 token, uint256 id) external view returns (WorkView memory v) {
        v.book = _works[id];
        for (uint256 i = 0; i < TOKENS; ++i) (v.direct[i], v.inflow[i]) = (_sums[i][id].direct, _sums[i][id].inflow);
        uint256 length = v.book.edges.length;
        v.claimed = new uint256[](length + 2);
        for (uint256 i = 0; i < length; ++i) v.claimed[i] = _claimed[token][id][i];
        v.claimed[length] = _claimed[token][id][PROTOCOL_COUNTER];
        v.claimed[length + 1] = _claimed[token][id][APP_COUNTER];
        v.withdrawn = new uint256[](v.book.contributors.length + 1);
        for (uint256 i = 0; i < v.withdrawn.length; ++i) v.withdrawn[i] = _withdrawn[token][id][i];
    }

    function tally() external view returns (Tally memory) {
        return _tally;
    }

    function accountOf(uint256 token, uint256 appId) external view returns (Account memory) {
        return _accounts[token][appId];
    }

    /// @notice In the order of `Action`.
    function selectors() external pure returns (bytes4[] memory list) {
        list = new bytes4[](uint256(type(Action).max) + 1);
        list[uint256(Action.Pay)] = this.pay.selector;
        list[uint256(Action.PayToken)] = this.payToken.selector;
        list[uint256(Action.Collect)] = this.collect.selector;
        list[uint256(Action.Sweep)] = this.sweep.selector;
        list[uint256(Action.Force)] = this.force.selector;
        list[uint256(Action.Claim)] = this.claim.selector;
        list[uint256(Action.ClaimBatch)] = this.claimBatch.selector;
        list[uint256(Action.ClaimPath)] = this.claimPath.selector;
        list[uint256(Action.ClaimFees)] = this.claimFees.selector;
        list[uint256(Action.Withdraw)] = this.withdraw.selector;
        list[uint256(Action.WithdrawContribution)] = this.withdrawContribution.selector;
        list[uint256(Action.WithdrawFees)] = this.withdrawFees.selector;
        list[uint256(Action.RegisterRoot)] = this.registerRoot.selector;
        list[uint256(Action.RegisterDerivative)] = this.registerDerivative.selector;
        list[uint256(Action.RegisterWrongly)] = this.registerWrongly.selector;
        list[uint256(Action.TransferWork)] = this.transferWork.selector;
        list[uint256(Action.DeleteWork)] = this.deleteWork.selector;
        list[uint256(Action.Freeze)] = this.freeze.selector;
        list[uint256(Action.Unfreeze)] = this.unfreeze.selector;
        list[uint256(Action.Redirect)] = this.redirect.selector;
        list[uint256(Action.SetFees)] = this.setFees.selector;
        list[uint256(Action.SetPayees)] = this.setPayees.selector;
        list[uint256(Action.SetUsdtFee)] = this.setUsdtFee.selector;
        list[uint256(Action.Usurp)] = this.usurp.selector;
    }

    /// @notice In the order of `Action`.
    function names() external pure returns (string[24] memory) {
        return
            [
                "pay",
                "payToken",
                "collect",
                "sweep",
                "force",
                "claim",
                "claimBatch",
                "claimPath",
                "claimFees",
                "withdraw",
                "withdrawContribution",
                "withdrawFees",
                "registerRoot",
                "registerDerivative",
                "registerWrongly",
                "transferWork",
                "deleteWork",
                "freeze",
                "unfreeze",
                "redirect",
                "setFees",
                "setPayees",
                "setUsdtFee",
                "usurp"
            ];
    }
}
