// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {IAppRegistry} from "../../../contracts/ip/interfaces/IAppRegistry.sol";
import {IIPRegistry} from "../../../contracts/ip/interfaces/IIPRegistry.sol";
import {ILicenseTerms, LicenseKind, Use} from "../../../contracts/ip/interfaces/ILicenseTerms.sol";
import {IRoyaltyGraph} from "../../../contracts/ip/interfaces/IRoyaltyGraph.sol";
import {Edge} from "../../../contracts/ip/types/Edge.sol";
import {RoyaltyBooks} from "./RoyaltyBooks.sol";

/// @title RoyaltyRegistrations
/// @notice Works come to be, rightly and wrongly, change hands, are deleted and disputed.
/// @dev A derivative's list is made from the books alone: the chosen parents under their terms, and each absolute edge
/// that these parents registered with, at its highest rate.
abstract contract RoyaltyRegistrations is RoyaltyBooks {
    struct TermsBook {
        uint24 rate;
        bool absolute;
        bool derivatives;
        bool reciprocal;
    }

    uint256 private constant MAX_DISPUTED = 3;
    /// @dev Ways to spoil a list.
    uint256 private constant KINDS = 13;
    uint256 private constant MAX_ROOTS = 10;

    /// @dev By terms id; 0 is none.
    TermsBook[] private _terms;

    function _makeTerms() internal {
        _terms.push();
        for (uint256 i = 0; i < 7; ++i) {
            _addTerms(TermsBook([uint24(0), 1, 10_000, 50_000, 123_457, 300_000, 900_000][i], false, true, false));
        }
        for (uint256 i = 0; i < 5; ++i) {
            _addTerms(TermsBook([uint24(1), 7_777, 20_000, 50_000, 100_001][i], true, true, false));
        }
        _addTerms(TermsBook(20_000, false, true, true));
        _addTerms(TermsBook(30_000, true, true, true));
        _terms.push();
        terms.create(
            ILicenseTerms.Terms({
                kind: LicenseKind.SinglePayment,
                use: Use.Human,
                paymentToken: address(0),
                price: 1,
                duration: 0,
                royaltyRate: 0,
                absolute: false,
                derivativesAllowed: false,
                reciprocal: false
            })
        );
    }

    function _addTerms(TermsBook memory t) private {
        _terms.push(t);
        assertEq(_derivativeTerms(t.rate, t.absolute, t.reciprocal), _terms.length - 1, "terms id");
    }

    function registerRoot(uint256 seed) external action(Action.RegisterRoot, seed) {
        _registerRoot();
    }

    function registerDerivative(uint256 seed) external action(Action.RegisterDerivative, seed) {
        _registerDerivative();
    }

    /// @dev Lists that differ from the one that the parents ask for in one place: never accepted.
    function registerWrongly(uint256 seed) external action(Action.RegisterWrongly, seed) {
        uint256[] memory parents = _drawParents();
        if (parents.length == 0) return;
        IIPRegistry.Registration memory r = _registration(_drawActor(), _drawTerms(parents));
        bytes memory right = abi.encode(_packEdges(_listFor(parents)));
        uint256 first = _draw(KINDS);
        for (uint256 i = 0; i < 4; ++i) {
            Edge[] memory edges = _spoil(_listFor(parents), (first + i) % KINDS);
            // There may be nothing to spoil in this way.
            if (keccak256(abi.encode(edges)) == keccak256(right)) continue;
            bytes memory data = abi.encodeCall(IIPRegistry.registerDerivative, (r, edges));
            (bytes4 outcome, ) = _attempt(r.owner, address(registry), 0, data);
            if (outcome == 0) assertTrue(false, "I8: a wrong list was accepted");
            refusals[outcome]++;
            successes[_action]++;
        }
        _watch(_draw(TOKENS), parents[0]);
    }

    function transferWork(uint256 seed) external action(Action.TransferWork, seed) {
        uint256 id = _drawWork();
        address from = _works[id].owner;
        address to = _chance(20) ? address(0) : _drawActor();
        address caller = _chance(6) ? _drawActor() : from;
        bytes4 fault;
        if (to == address(0)) fault = IERC721Errors.ERC721InvalidReceiver.selector;
        else if (caller != from) fault = IERC721Errors.ERC721InsufficientApproval.selector;
        _watch(_draw(TOKENS), id);
        bytes memory data = abi.encodeCall(IERC721.transferFrom, (from, to, id));
        (bool success, ) = _send(caller, address(registry), 0, data, fault);
        if (success) _works[id].owner = to;
    }

    /// @dev One call in two, or few parents would be left.
    function deleteWork(uint256 seed) external action(Action.DeleteWork, seed) {
        uint256 id = _drawWork();
        // Who withdraws the owner's share decides: of a redirected work, its payee.
        address controller = _payeeOf(id, 0);
        address caller = _chance(2) ? _drawActor() : controller;
        if (caller == controller && !_works[id].deleted && !_chance(2)) return;
        bytes4 fault;
        if (caller != controller) fault = IIPRegistry.NotOwner.selector;
        else if (_works[id].disputed) fault = IIPRegistry.WorkDisputed.selector;
        else if (_works[id].deleted) fault = IIPRegistry.AlreadyDeleted.selector;
        _watch(_draw(TOKENS), id);
        (bool success, ) = _send(caller, address(registry), 0, abi.encodeCall(IIPRegistry.deleteWork, (id)), fault);
        if (success) _works[id].deleted = true;
    }

    function freeze(uint256 seed) external action(Action.Freeze, seed) {
        (uint256 token, uint256 id) = _drawCell();
        // With many frozen little would be withdrawn: then one that is frozen, again.
        uint256 disputed = _drawDisputed();
        if (disputed != 0 && _countDisputed() >= MAX_DISPUTED) id = disputed;
        _watch(token, id);
        (bool success, ) = _send(admin, address(registry), 0, abi.encodeCall(IIPRegistry.freeze, (id)), 0);
        if (success) _works[id].disputed = true;
    }

    /// @dev Disputes last for a while: the last one longest.
    function unfreeze(uint256 seed) external action(Action.Unfreeze, seed) {
        uint256 id = _countDisputed() < 2 && !_chance(4) ? 0 : _drawDisputed();
        if (id == 0 || _chance(6)) id = _drawWork();
        _watch(_draw(TOKENS), id);
        bytes4 fault = _works[id].disputed ? bytes4(0) : IIPRegistry.NotDisputed.selector;
        (bool success, ) = _send(admin, address(registry), 0, abi.encodeCall(IIPRegistry.unfreeze, (id)), fault);
        if (success) _works[id].disputed = false;
    }

    function redirect(uint256 seed) external action(Action.Redirect, seed) {
        uint256 id = _countDisputed() < 2 && !_chance(4) ? 0 : _drawDisputed();
        if (id == 0 || _chance(6)) id = _drawWork();
        address payee = _chance(3) ? address(0) : _drawActor();
        _watch(_draw(TOKENS), id);
        bytes4 fault = _works[id].disputed ? bytes4(0) : IIPRegistry.NotDisputed.selector;
        bytes memory data = abi.encodeCall(IIPRegistry.redirect, (id, payee));
        (bool success, ) = _send(admin, address(registry), 0, data, fault);
        if (!success) return;
        _works[id].disputed = false;
        (_works[id].redirected, _works[id].payee) = (payee != address(0), payee);
    }

    // Registration

    function _registerRoot() internal {
        EdgeSpec[] memory none;
        IIPRegistry.Registration memory r = _registration(_drawActor(), uint32(_draw(_terms.length)));
        bytes4 late = _fill(r);
        if (_chance(40)) r.termsId = uint32(_terms.length);
        bytes4 fault = _registrationFault(r);
        if (fault == 0 && r.termsId == _terms.length) fault = IIPRegistry.UnknownTerms.selector;
        if (fault == 0) fault = _feeFault(r);
        if (fault == 0) fault = late;
        _register(r, none, abi.encodeCall(IIPRegistry.register, (r)), fault);
    }

    function _registerDerivative() internal {
        uint256[] memory parents = _drawParents();
        if (parents.length == 0) return;
        IIPRegistry.Registration memory r = _registration(_drawActor(), _drawTerms(parents));
        bytes4 late = _fill(r);
        EdgeSpec[] memory list = _listFor(parents);
        bytes4 fault = _registrationFault(r);
        if (fault == 0) fault = _feeFault(r);
        if (fault == 0) {
            fault = _listFault(parents, list, r.termsId);
            // The registry's checks, then the token, then the graph's.
            bool early =
                fault == IIPRegistry.ParentNotActive.selector || fault == IIPRegistry.TooManyInherited.selector;
            if (fault == 0 || (r.owner == address(0) && !early)) fault = late;
        }
        _checkViews(parents, list);
        _register(r, list, abi.encodeCall(IIPRegistry.registerDerivative, (r, _packEdges(list))), fault);
    }

    function _register(
        IIPRegistry.Registration memory r,
        EdgeSpec[] memory list,
        bytes memory data,
        bytes4 fault
    ) private {
        // With as many works as a campaign bears, only what is refused is still tried.
        if (fault == 0 && (_works.length > MAX_WORKS || (list.length == 0 && _countRoots() >= MAX_ROOTS))) return;
        (bool success, bytes memory result) = _send(_drawActor(), address(registry), 0, data, fault);
        if (!success) return;
        uint256 id = abi.decode(result, (uint256));
        assertEq(id, _works.length, "I7: ids count up");
        WorkBook storage work = _works.push();
        (work.owner, work.termsId, work.appId) = (r.owner, r.termsId, r.appId);
        work.protocolFee = uint24(fees[0] * 100);
        work.appFee = r.appId == 0 ? 0 : uint24(fees[r.appId] * 100);
        for (uint256 i = 0; i < r.contributors.length; ++i) {
            work.contributors.push(r.contributors[i]);
            work.shares += uint24(r.contributors[i].share);
        }
        for (uint256 i = 0; i < list.length; ++i) {
            EdgeSpec memory e = list[i];
            work.edges.push(EdgeBook(uint40(e.parent), e.absolute, uint24(e.rate), e.termsId != 0));
            work.ofDirect += uint24(e.rate);
            if (!e.absolute) work.ofInflow += uint24(e.rate);
            if (e.termsId == 0) ++_tally.inheritedEdges;
        }
        if (list.length != 0) ++_tally.derivatives;
        if (list.length > _tally.mostEdges) _tally.mostEdges = list.length;
        _watch(_draw(TOKENS), id);
    }

    /// @dev App, contributors and the like; one registration in ten has something wrong. Answers what goes wrong last.
    function _fill(IIPRegistry.Registration memory r) private returns (bytes4 late) {
        r.appId = uint24(_draw(APPS + 1));
        r.royaltyBps = uint16(_draw(1_001));
        if (_chance(4)) r.uri = "ipfs://work";
        uint256 wrong = _draw(80);
        if (wrong == 0) r.contentHash = 0;
        if (wrong == 1) r.royaltyBps = 1_001;
        if (wrong == 2) r.appId = uint24(APPS + 1);
        if (wrong == 3) r.maxFeeBps = 50;
        if (_chance(3)) late = _drawContributors(r, wrong);
        if (wrong == 4) {
            r.owner = address(0);
            late = IERC721Errors.ERC721InvalidReceiver.selector;
        }
    }

    function _drawContributors(IIPRegistry.Registration memory r, uint256 wrong) private returns (bytes4 late) {
        uint256 length = wrong == 5 ? 9 : 1 + _drawSeveral(7);
        r.contributors = new IIPRegistry.Contributor[](length);
        uint256 left = D;
        for (uint256 i = 0; i < length; ++i) {
            uint256 share = 1 + _draw(left / (length - i));
            // The last may get all that is left, so that nothing remains for the owner.
            if (i == length - 1 && _chance(6)) share = left;
            r.contributors[i] = IIPRegistry.Contributor(_drawActor(), uint32(share));
            left -= share;
        }
        if (wrong == 5) return IRoyaltyGraph.TooManyContributors.selector;
        if (wrong == 6) r.contributors[_draw(length)].share = 0;
        if (wrong == 7) r.contributors[_draw(length)].account = address(0);
        if (wrong == 6 || wrong == 7) return IRoyaltyGraph.InvalidContributor.selector;
        if (wrong == 8) r.contributors[_draw(length)].share += uint32(left + 1);
        if (wrong == 8) return IRoyaltyGraph.SharesTooHigh.selector;
    }

    function _registrationFault(IIPRegistry.Registration memory r) private pure returns (bytes4) {
        if (r.contentHash == 0) return IIPRegistry.ZeroContentHash.selector;
        if (r.royaltyBps > 1_000) return IIPRegistry.RoyaltyTooHigh.selector;
        return 0;
    }

    function _feeFault(IIPRegistry.Registration memory r) private view returns (bytes4) {
        if (r.appId > APPS) return IAppRegistry.UnknownApp.selector;
        uint256 fee = fees[0] + (r.appId == 0 ? 0 : fees[r.appId]);
        return fee > r.maxFeeBps ? IIPRegistry.FeesTooHigh.selector : bytes4(0);
    }

    // Lists

    /// @dev Distinct works under terms, ascending; now and then one whose terms allow no derivatives.
    function _drawParents() private returns (uint256[] memory parents) {
        bool dear = _chance(6); // together they ask for too much, perhaps
        uint256 wanted = 1 + (dear ? 7 : _drawSeveral(7));
        uint256[] memory found = new uint256[](wanted);
        uint256 count = 0;
        for (uint256 i = 0; i < 3 * wanted && count < wanted; ++i) {
            uint256 id = _drawWork();
            WorkBook storage work = _works[id];
            if (work.termsId == 0 || (!_terms[work.termsId].derivatives && !_chance(10))) continue;
            if ((work.deleted || work.disputed) && !_chance(12)) continue;
            // Nearly all that there is to have; rarely, or little else could be chosen beside it.
            if (_terms[work.termsId].rate > 300_000 && !dear && !_chance(3)) continue;
            if (_terms[work.termsId].rate < 100_000 && dear) continue;
            if (_countAbsolute(id) > 8 && !_chance(2)) continue;
            uint256 place = 0;
            while (place < count && found[place] < id) ++place;
            if (place < count && found[place] == id) continue;
            for (uint256 j = count; j > place; --j) found[j] = found[j - 1];
            found[place] = id;
            ++count;
        }
        parents = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) parents[i] = found[i];
    }

    /// @dev Those that a reciprocal parent asks for, mostly.
    function _drawTerms(uint256[] memory parents) private returns (uint32) {
        for (uint256 i = 0; i < parents.length; ++i) {
            uint32 termsId = _works[parents[i]].termsId;
            if (_terms[termsId].reciprocal && !_chance(6)) return termsId;
        }
        return uint32(_draw(_terms.length));
    }

    function _listFor(uint256[] memory parents) private view returns (EdgeSpec[] memory list) {
        for (uint256 i = 0; i < parents.length; ++i) {
            WorkBook storage parent = _works[parents[i]];
            TermsBook memory t = _terms[parent.termsId];
            list = _join(list, EdgeSpec(parents[i], t.absolute, t.rate, parent.termsId));
            for (uint256 j = 0; j < parent.edges.length; ++j) {
                EdgeBook memory e = parent.edges[j];
                if (e.absolute) list = _join(list, EdgeSpec(e.parent, true, e.rate, 0));
            }
        }
        _sort(list);
    }

    /// @dev Why the right list is refused nevertheless; 0 where it is not.
    function _listFault(
        uint256[] memory parents,
        EdgeSpec[] memory list,
        uint32 termsId
    ) private view returns (bytes4) {
        for (uint256 i = 0; i < parents.length; ++i) {
            WorkBook storage parent = _works[parents[i]];
            if (parent.deleted || parent.disputed) return IIPRegistry.ParentNotActive.selector;
        }
        if (list.length - parents.length > 8) return IIPRegistry.TooManyInherited.selector;
        for (uint256 i = 0; i < parents.length; ++i) {
            uint32 asked = _works[parents[i]].termsId;
            if (!_terms[asked].derivatives) return ILicenseTerms.DerivativesNotAllowed.selector;
            if (_terms[asked].reciprocal && asked != termsId) return ILicenseTerms.ReciprocalTermsRequired.selector;
        }
        for (uint256 i = 0; i < parents.length; ++i) {
            if (_countAbsolute(parents[i]) > 8) return IRoyaltyGraph.ParentNotDerivable.selector;
        }
        uint256 sum = 0;
        for (uint256 i = 0; i < list.length; ++i) sum += list[i].rate;
        return sum > MAX_RATES ? IRoyaltyGraph.RatesTooHigh.selector : bytes4(0);
    }

    /// @dev The graph's own list, and what it says of each parent, are the books'.
    function _checkViews(uint256[] memory parents, EdgeSpec[] memory list) private {
        if (!_chance(3)) return;
        bool[] memory answers = graph.derivable(parents);
        bool all = true;
        for (uint256 i = 0; i < parents.length; ++i) {
            WorkBook storage parent = _works[parents[i]];
            bool can = _terms[parent.termsId].derivatives && _countAbsolute(parents[i]) <= 8;
            all = all && can;
            uint256 rates = _terms[parent.termsId].rate;
            for (uint256 j = 0; j < parent.edges.length; ++j) {
                if (parent.edges[j].absolute) rates += parent.edges[j].rate;
            }
            bool possible = can && rates <= MAX_RATES && !parent.deleted && !parent.disputed;
            if (answers[i] != possible) assertTrue(false, "derivable()");
        }
        if (!all) return;
        bytes32 answered = keccak256(abi.encode(graph.edgesFor(parents)));
        assertEq(answered, keccak256(abi.encode(_packEdges(list))), "I8: edgesFor()");
    }

    function _countRoots() private view returns (uint256 count) {
        for (uint256 id = 1; id < _works.length; ++id) if (_works[id].edges.length == 0) ++count;
    }

    function _countAbsolute(uint256 id) private view returns (uint256 count) {
        EdgeBook[] storage edges = _works[id].edges;
        for (uint256 i = 0; i < edges.length; ++i) if (edges[i].absolute) ++count;
    }

    /// @dev Every kind makes the list wrong, or leaves it as it is where there is nothing of the kind.
    function _spoil(EdgeSpec[] memory list, uint256 kind) private returns (Edge[] memory edges) {
        uint256 i = _draw(list.length);
        EdgeSpec memory e = list[i];
        if (kind == 0 && e.termsId == 0) return _packEdges(_without(list, i)); // an inherited one is missing
        if (kind == 1) ++e.rate;
        if (kind == 2 && e.rate != 0) --e.rate;
        if (kind == 3) e.termsId = e.termsId == 1 ? 2 : e.termsId - (e.termsId == 0 ? 0 : 1); // other terms
        if (kind == 4 && e.termsId != 0) e.absolute = !e.absolute;
        if (kind == 5 && e.termsId == 0) e.absolute = false; // a relative one does for no inherited one
        if (kind == 6) return _packEdges(_stray(list));
        edges = _packEdges(list);
        if (kind == 7) edges[i] = Edge.wrap(Edge.unwrap(edges[i]) ^ (1 << 61)); // chosen without terms, or the reverse
        if (kind == 8)
            edges[i] = Edge.wrap(Edge.unwrap(edges[i]) | (1 << (_chance(2) ? 62 + _draw(2) : 96 + _draw(160))));
        if (kind == 9 && list.length > 1) {
            (edges[i], edges[(i + 1) % list.length]) = (edges[(i + 1) % list.length], edges[i]);
        }
        if (kind == 10) {
            EdgeSpec memory unknown = EdgeSpec(_works.length, false, 0, 1);
            edges = _packEdges(_append(list, unknown));
        }
        if (kind == 11) edges = _packEdges(_append(list, list[list.length - 1])); // twice
        if (kind == 12) edges = new Edge[](0);
    }

    function _without(EdgeSpec[] memory list, uint256 index) private pure returns (EdgeSpec[] memory shorter) {
        shorter = new EdgeSpec[](list.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) shorter[i] = list[i < index ? i : i + 1];
    }

    function _append(EdgeSpec[] memory list, EdgeSpec memory e) private pure returns (EdgeSpec[] memory longer) {
        longer = new EdgeSpec[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = e;
    }

    /// @dev An absolute edge that no parent asks for, in its place.
    function _stray(EdgeSpec[] memory list) private returns (EdgeSpec[] memory longer) {
        EdgeSpec memory e = EdgeSpec(_drawWork(), true, 1, 0);
        longer = _join(list, e);
        if (longer.length != list.length) _sort(longer);
    }

    // Disputes

    function _countDisputed() private view returns (uint256 count) {
        for (uint256 id = 1; id < _works.length; ++id) if (_works[id].disputed) ++count;
    }

    function _drawDisputed() internal returns (uint256) {
        uint256 length = _works.length - 1;
        uint256 start = _draw(length);
        for (uint256 i = 0; i < length; ++i) {
            uint256 id = 1 + ((start + i) % length);
            if (_works[id].disputed) return id;
        }
        return 0;
    }
}
