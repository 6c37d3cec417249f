// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IIPRegistry} from "../interfaces/IIPRegistry.sol";
import {ILicenseTerms} from "../interfaces/ILicenseTerms.sol";
import {IRoyaltyGraph} from "../interfaces/IRoyaltyGraph.sol";
import {Edge, EdgeLibrary} from "../types/Edge.sol";

/// @title RoyaltyEdges
/// @notice RoyaltyGraph's edges and contributors: recorded once, with the work, and never changed.
/// @dev An absolute edge says: every descendant owes me this rate of its own revenue. So a derivative must list each
/// absolute edge of each parent that it chose, at the highest rate among them; and as its parents had to do the same,
/// their own edges hold the whole ancestry: nothing walks the graph. Rates are read from the parents' edges, never from
/// the ancestor's present terms, and an ancestor's status does not matter.
abstract contract RoyaltyEdges is IRoyaltyGraph {
    uint256 private constant LANES = 4;
    uint256 private constant MAX_WORDS = 4;

    /// @custom:storage-location erc7201:tessera.storage.RoyaltyEdges
    struct EdgesStorage {
        /// Four edges a word, the lowest first; a lane of zeros ends the list.
        mapping(uint256 id => uint256[MAX_WORDS]) edges;
        mapping(uint256 id => IIPRegistry.Contributor[]) contributors;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.RoyaltyEdges")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant EDGES_STORAGE = 0xa0cfb4e7b2dface968d3133c1c48932a9c3bd1ff640d96d974822ed89f42e600;

    /// @notice D: rates and shares are parts of it.
    uint256 internal constant DENOMINATOR = 1_000_000;
    /// @notice Most that all edges of a work may take, in parts per million.
    uint256 internal constant MAX_RATES = 900_000;
    /// @notice Most contributors of a work.
    uint256 internal constant MAX_CONTRIBUTORS = 8;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    ILicenseTerms internal immutable _terms;

    /// @notice For the terms of one record.
    /// @param terms_ Licence terms.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(ILicenseTerms terms_) {
        _terms = terms_;
    }

    /// @inheritdoc IRoyaltyGraph
    function edgesOf(uint256 id) external view returns (Edge[] memory) {
        return _edgesOf(id);
    }

    /// @inheritdoc IRoyaltyGraph
    function contributorsOf(uint256 id) external view returns (IIPRegistry.Contributor[] memory) {
        return _edges().contributors[id];
    }

    /// @inheritdoc IRoyaltyGraph
    function edgesFor(uint256[] calldata parentIds) external view returns (Edge[] memory list) {
        if (parentIds.length > EdgeLibrary.MAX_PARENTS)
            revert IIPRegistry.TooManyParents(parentIds.length, EdgeLibrary.MAX_PARENTS);
        Edge[] memory buffer = new Edge[](EdgeLibrary.MAX_PARENTS * (1 + EdgeLibrary.MAX_INHERITED));
        uint256 length = 0;
        for (uint256 i = 0; i < parentIds.length; ++i) {
            uint256 id = parentIds[i];
            if (i != 0 && parentIds[i - 1] >= id) revert IIPRegistry.EdgesNotAscending(i);
            uint32 termsId = _termsIdOf(id);
            if (termsId == 0) revert ILicenseTerms.DerivativesNotAllowed(id, termsId);
            ILicenseTerms.Terms memory terms = _terms.termsOf(termsId);
            if (!terms.derivativesAllowed) revert ILicenseTerms.DerivativesNotAllowed(id, termsId);
            length = _merge(buffer, length, EdgeLibrary.pack(id, terms.absolute, terms.royaltyRate, termsId));
            (uint256 absolute, ) = _absoluteEdgesOf(id);
            _checkDerivable(id, absolute);
            Edge[] memory edges = _edgesOf(id);
            for (uint256 j = 0; j < edges.length; ++j) {
                if (!edges[j].isAbsolute()) continue;
                Edge inherited = EdgeLibrary.pack(edges[j].parentId(), true, edges[j].rate(), 0);
                length = _merge(buffer, length, inherited);
            }
        }
        list = new Edge[](length);
        for (uint256 i = 0; i < length; ++i) list[i] = buffer[i];
    }

    /// @inheritdoc IRoyaltyGraph
    function derivable(uint256[] calldata ids) external view returns (bool[] memory answers) {
        answers = new bool[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            (bool active, uint32 termsId) = _parentFacts(ids[i]);
            if (!active || termsId == 0) continue;
            ILicenseTerms.Terms memory terms = _terms.termsOf(termsId);
            (uint256 absolute, uint256 rates) = _absoluteEdgesOf(ids[i]);
            answers[i] =
                terms.derivativesAllowed &&
                absolute <= EdgeLibrary.MAX_INHERITED &&
                rates + terms.royaltyRate <= MAX_RATES;
        }
    }

    /// @dev Whether the work is active, and its terms.
    function _parentFacts(uint256 id) internal view virtual returns (bool active, uint32 termsId);

    /// @dev The work's terms; reverts where there is no such work.
    function _termsIdOf(uint256 id) internal view virtual returns (uint32);

    /// @dev Checks a derivative's list of edges against its parents, and stores it. The registry has checked the list's
    /// form and length, and that chosen parents exist, are active, and have the terms that the list names.
    function _link(uint256 child, uint32 termsId, Edge[] calldata edges, uint256 closures) internal {
        uint256 exact = _terms.checkEdges(EdgeLibrary.raw(edges), termsId);
        // Without absolute edges to inherit, the terms have said all: see _checkRates.
        if (closures != 0 || exact != (1 << edges.length) - 1) _checkRates(edges, exact, closures);
        emit Linked(child, _store(child, edges));
    }

    function _recordContributors(uint256 id, IIPRegistry.Contributor[] calldata contributors) internal {
        if (contributors.length > MAX_CONTRIBUTORS) {
            revert TooManyContributors(contributors.length, MAX_CONTRIBUTORS);
        }
        IIPRegistry.Contributor[] storage list = _edges().contributors[id];
        uint256 sum = 0;
        for (uint256 i = 0; i < contributors.length; ++i) {
            (address account, uint32 share) = (contributors[i].account, contributors[i].share);
            if (account == address(0) || share == 0) revert InvalidContributor(i, account, share);
            sum += share;
            list.push(contributors[i]);
        }
        if (sum > DENOMINATOR) revert SharesTooHigh(sum, DENOMINATOR);
        emit ContributorsRecorded(id, contributors);
    }

    /// @dev The edge of this number; 0 where there is none.
    function _edgeOf(uint256 id, uint256 index) internal view returns (Edge) {
        if (index >= LANES * MAX_WORDS) return Edge.wrap(0);
        return EdgeLibrary.unpack(_edges().edges[id][index / LANES], index % LANES);
    }

    /// @dev What a work's edges take of its direct revenue and of its inflow, in parts per million.
    function _ratesOf(uint256 id) internal view returns (uint256 ofDirect, uint256 ofInflow) {
        uint256[MAX_WORDS] storage words = _edges().edges[id];
        for (uint256 i = 0; i < MAX_WORDS; ++i) {
            uint256 word = words[i];
            for (uint256 lane = 0; lane < LANES; ++lane) {
                Edge edge = EdgeLibrary.unpack(word, lane);
                if (Edge.unwrap(edge) == 0) return (ofDirect, ofInflow);
                ofDirect += edge.rate();
                if (!edge.isAbsolute()) ofInflow += edge.rate();
            }
        }
    }

    function _contributorOf(uint256 id, uint256 index) internal view returns (address account, uint256 share) {
        IIPRegistry.Contributor[] storage list = _edges().contributors[id];
        if (index >= list.length) revert UnknownContributor(id, index);
        return (list[index].account, list[index].share);
    }

    function _sharesOf(uint256 id) internal view returns (uint256 sum) {
        IIPRegistry.Contributor[] storage list = _edges().contributors[id];
        uint256 length = list.length;
        for (uint256 i = 0; i < length; ++i) sum += list[i].share;
    }

    /// @dev Every edge must be asked for by a chosen parent, at the very rate that the parents ask: the highest of the
    /// chosen parent's terms, which are known to be at most the edge's, and of the absolute edges to inherit.
    function _checkRates(Edge[] calldata edges, uint256 exact, uint256 closures) private view {
        uint256[] memory inherited = new uint256[](edges.length);
        for (uint256 i = 0; closures != 0; ++i) {
            if (closures & 1 != 0) _inherit(inherited, edges, edges[i].parentId());
            closures >>= 1;
        }
        for (uint256 i = 0; i < edges.length; ++i) {
            (Edge edge, uint256 asked) = (edges[i], inherited[i]);
            uint256 rate = edge.rate();
            bool isExact = exact & (1 << i) != 0;
            if (isExact ? asked <= rate : asked == rate && asked != 0) continue;
            if (asked == 0 && !edge.isChosen()) revert UnexpectedEdge(edge.parentId(), edge.isAbsolute());
            revert WrongRate(edge.parentId(), edge.isAbsolute(), rate, asked);
        }
    }

    /// @dev Notes what the absolute edges of one parent ask of the list's edges. Both lists ascend, so that one pass over
    /// them finds each. An ancestor was there before the parent and has a lower id, so that the pass ends at the parent's
    /// own edge at the latest.
    function _inherit(uint256[] memory inherited, Edge[] calldata edges, uint256 parentId) private view {
        uint256[MAX_WORDS] storage words = _edges().edges[parentId];
        uint256 absolute = 0;
        uint256 place = 0;
        for (uint256 i = 0; i < LANES * MAX_WORDS; ++i) {
            Edge edge = EdgeLibrary.unpack(words[i / LANES], i % LANES);
            if (Edge.unwrap(edge) == 0) break;
            if (!edge.isAbsolute()) continue;
            ++absolute;
            while (edges[place].key() < edge.key()) ++place;
            if (edges[place].key() != edge.key()) {
                // A parent with too many edges is refused as such, whatever the list.
                (absolute, ) = _absoluteEdgesOf(parentId);
                _checkDerivable(parentId, absolute);
                revert MissingInheritedEdge(parentId, edge.parentId());
            }
            if (edge.rate() > inherited[place]) inherited[place] = edge.rate();
        }
        _checkDerivable(parentId, absolute);
    }

    function _store(uint256 child, Edge[] calldata edges) private returns (uint256[] memory words) {
        uint256[MAX_WORDS] storage slots = _edges().edges[child];
        uint256 length = edges.length;
        words = new uint256[]((length + LANES - 1) / LANES);
        uint256 sum = 0;
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 word = 0;
            for (uint256 lane = 0; lane < LANES && LANES * i + lane < length; ++lane) {
                Edge edge = edges[LANES * i + lane];
                sum += edge.rate();
                word |= edge.stored() << (64 * lane);
            }
            words[i] = slots[i] = word;
        }
        if (sum > MAX_RATES) revert RatesTooHigh(sum, MAX_RATES);
    }

    /// @dev How many absolute edges the work has, and what they take together.
    function _absoluteEdgesOf(uint256 id) private view returns (uint256 absolute, uint256 rates) {
        Edge[] memory edges = _edgesOf(id);
        for (uint256 i = 0; i < edges.length; ++i) {
            if (!edges[i].isAbsolute()) continue;
            ++absolute;
            rates += edges[i].rate();
        }
    }

    function _edgesOf(uint256 id) private view returns (Edge[] memory list) {
        list = new Edge[](LANES * MAX_WORDS);
        uint256 length = 0;
        while (length < LANES * MAX_WORDS) {
            Edge edge = _edgeOf(id, length);
            if (Edge.unwrap(edge) == 0) break;
            list[length++] = edge;
        }
        assembly ("memory-safe") {
            mstore(list, length) // shortens the list in place
        }
    }

    function _checkDerivable(uint256 id, uint256 absolute) private pure {
        if (absolute > EdgeLibrary.MAX_INHERITED) revert ParentNotDerivable(id, absolute);
    }

    /// @dev Puts an edge into an ascending list, or raises the one that is there. The caller's buffer has room.
    function _merge(Edge[] memory list, uint256 length, Edge edge) private pure returns (uint256) {
        uint256 place = length;
        while (place > 0 && list[place - 1].key() > edge.key()) --place;
        if (place > 0 && list[place - 1].key() == edge.key()) {
            Edge there = list[place - 1];
            uint32 termsId = there.isChosen() ? there.termsId() : edge.termsId();
            uint256 rate = there.rate() > edge.rate() ? there.rate() : edge.rate();
            list[place - 1] = EdgeLibrary.pack(edge.parentId(), edge.isAbsolute(), rate, termsId);
            return length;
        }
        for (uint256 i = length; i > place; --i) list[i] = list[i - 1];
        list[place] = edge;
        return length + 1;
    }

    function _edges() private pure returns (EdgesStorage storage $) {
        assembly {
            $.slot := EDGES_STORAGE
        }
    }
}
