// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {IIPRegistry} from "../../contracts/ip/interfaces/IIPRegistry.sol";
import {IRoyaltyGraph} from "../../contracts/ip/interfaces/IRoyaltyGraph.sol";
import {Edge} from "../../contracts/ip/types/Edge.sol";
import {MockHookToken} from "../../contracts/mocks/tokens/MockHookToken.sol";
import {IPFixture} from "./helpers/IPFixture.sol";

/// @title RoyaltyGraph on random graphs
/// @dev The oracle of lists knows nothing of edges that are handed down: it walks from the chosen parents to all of their
/// ancestors, and lists those under absolute terms. Terms are for good, so their rates are those of the registrations.
contract RoyaltyGraphFuzzTest is Test, IPFixture {
    uint256 private constant WORKS = 12;
    uint256 private constant MAX_SUM = type(uint128).max >> 1;
    address private constant OWNER = address(0xA11CE);

    /// @dev By terms id; odd rates, so that floors lose something. Absolute ones are few enough to be inherited.
    uint24[9] private _rates = [0, 10_000, 123_457, 300_000, 1, 7_777, 50_000, 100_001, 200_000];
    uint256 private constant FIRST_ABSOLUTE = 5;

    MockHookToken private _token;
    mapping(uint256 id => uint32) private _termsOf;
    mapping(uint256 id => uint256[]) private _parentsOf;
    uint256 private _count;
    uint256 private _random;

    function setUp() public {
        _deployIP(address(1), 137);
        _token = new MockHookToken();
        _token.mint(address(this), 1e60);
        _token.approve(address(graph), type(uint256).max);
        for (uint256 i = 1; i < _rates.length; ++i) {
            assertEq(_derivativeTerms(_rates[i], i >= FIRST_ABSOLUTE, false), i, "terms id");
        }
    }

    /// forge-config: ci.fuzz.runs = 1024
    /// @dev Registering succeeds exactly where the list is the one of its chosen parents, and this one is registrable.
    function testFuzz_acceptsTheClosureOfItsParentsAndNothingElse(uint256 seed) public {
        _grow(seed);
        for (uint256 i = 0; i < 6; ++i) {
            Edge[] memory list = _packEdges(_closure(_drawParents()));
            if (i != 0) list = _mutate(list);
            bool right = _isRight(list);
            (bytes4 outcome, ) = _attempt(
                OWNER,
                address(registry),
                0,
                abi.encodeCall(IIPRegistry.registerDerivative, (_registration(OWNER, 0), list))
            );
            assertEq(outcome == 0, right, right ? "a right list was refused" : "a wrong list was accepted");
            if (outcome == 0) ++_count;
        }
    }

    /// forge-config: ci.fuzz.runs = 1024
    /// @dev I5: claims in any order, some repeated, with payments in between, or each once at the end: the same sums.
    function testFuzz_claimsInAnyOrderComeToTheSame(uint256 seed) public {
        _grow(seed);
        uint256[] memory paid = new uint256[](_count + 1);
        for (uint256 i = 0; i < 8; ++i) {
            uint256 id = 1 + _draw(_count);
            paid[id] += 1 + _draw(_draw(2) == 0 ? 30 : 1e24);
        }
        uint256 start = vm.snapshotState();
        for (uint256 id = 1; id <= _count; ++id) if (paid[id] != 0) graph.payToken(id, address(_token), paid[id]);
        _claimOnce();
        bytes32 once = _sums();

        vm.revertToState(start);
        _payInParts(paid);
        // Parents first takes as many rounds as the graph is deep.
        for (uint256 round = 0; round <= _count; ++round) {
            for (uint256 id = 1; id <= _count; ++id) _claimSome(id, true);
        }
        assertEq(_sums(), once, "I5: another order, other sums");
    }

    /// @dev 1,000 payments of nine units over an edge of a tenth are 900 units, not none.
    function test_smallPaymentsLoseNothing() public {
        registry.register(_registration(OWNER, _derivativeTerms(100_000, false, false)));
        registry.registerDerivative(_registration(OWNER, 0), _single(1, 100_000, _termsIdOf(1)));
        for (uint256 i = 0; i < 1_000; ++i) {
            graph.payToken(2, address(_token), 9);
            graph.claim(2, 0, address(_token));
        }
        (, uint256 inflow) = graph.revenueOf(1, address(_token));
        assertEq(inflow, 900);
    }

    /// @dev Sums end at 2^127 - 1: a payment beyond reverts, a claim beyond takes what there is room for, and the rest
    /// waits; nothing wraps, and no batch reverts.
    function testFuzz_sumsEndAtTheirBound(uint256 first, uint256 second, uint256 third) public {
        uint32 termsId = _derivativeTerms(900_000, false, false);
        registry.register(_registration(OWNER, termsId));
        for (uint256 i = 0; i < 3; ++i) {
            registry.registerDerivative(_registration(OWNER, 0), _single(1, 900_000, termsId));
        }
        uint256[3] memory paid = [bound(first, 1, MAX_SUM), bound(second, 1, MAX_SUM), bound(third, 1, MAX_SUM)];
        IRoyaltyGraph.Claim[] memory claims = new IRoyaltyGraph.Claim[](4);
        uint256 due = 0;
        for (uint256 i = 0; i < 3; ++i) {
            graph.payToken(i + 2, address(_token), paid[i]);
            claims[i] = IRoyaltyGraph.Claim(i + 2, 0);
            due += (paid[i] * 900_000) / D;
            vm.expectRevert(
                abi.encodeWithSelector(
                    IRoyaltyGraph.LedgerOverflow.selector,
                    i + 2,
                    address(_token),
                    MAX_SUM - paid[i] + 1
                )
            );
            graph.payToken(i + 2, address(_token), MAX_SUM - paid[i] + 1);
        }
        claims[3] = claims[0];
        uint256 claimed = graph.claimBatch(claims, address(_token));
        assertEq(claimed, due < MAX_SUM ? due : MAX_SUM, "claimed");
        (uint256 direct, uint256 inflow) = graph.revenueOf(1, address(_token));
        assertEq(direct, 0, "nothing is carried");
        assertEq(inflow, claimed, "inflow");
        assertEq(graph.claimBatch(claims, address(_token)), 0, "again");
        vm.prank(OWNER);
        assertEq(graph.withdraw(1, address(_token), OWNER), claimed, "withdrawn");
    }

    // Graphs

    /// @dev Works of random terms with up to four parents each, lists by the oracle.
    function _grow(uint256 seed) private {
        (_count, _random) = (0, seed);
        while (_count < WORKS) {
            uint32 termsId = uint32(1 + _draw(_rates.length - 1));
            IIPRegistry.Registration memory r = _registration(OWNER, termsId);
            uint256[] memory parents = _count < 2 ? new uint256[](0) : _drawParents();
            EdgeSpec[] memory list = _closure(parents);
            if (parents.length != 0 && !_isRight(_packEdges(list))) parents = new uint256[](0);
            uint256 id = parents.length == 0 ? registry.register(r) : registry.registerDerivative(r, _packEdges(list));
            assertEq(id, ++_count, "id");
            (_termsOf[id], _parentsOf[id]) = (termsId, parents);
        }
    }

    function _drawParents() private returns (uint256[] memory parents) {
        uint256 bits = 0;
        uint256 wanted = 1 + _draw(4);
        for (uint256 i = 0; i < wanted; ++i) bits |= 1 << (1 + _draw(_count < WORKS ? _count : WORKS));
        return _list(bits);
    }

    function _list(uint256 bits) private pure returns (uint256[] memory ids) {
        uint256 length = 0;
        for (uint256 id = 1; id < 256; ++id) length += (bits >> id) & 1;
        ids = new uint256[](length);
        length = 0;
        for (uint256 id = 1; id < 256; ++id) if ((bits >> id) & 1 == 1) ids[length++] = id;
    }

    /// @dev A bit for each ancestor, by whatever path.
    function _ancestors(uint256[] memory parents) private view returns (uint256 bits) {
        for (uint256 i = 0; i < parents.length; ++i) bits |= (1 << parents[i]) | _ancestors(_parentsOf[parents[i]]);
    }

    function _closure(uint256[] memory parents) private view returns (EdgeSpec[] memory list) {
        uint256[] memory ancestors = _list(_ancestors(parents));
        list = new EdgeSpec[](0);
        for (uint256 i = 0; i < ancestors.length; ++i) {
            uint32 termsId = _termsOf[ancestors[i]];
            bool absolute = termsId >= FIRST_ABSOLUTE;
            bool chosen = false;
            for (uint256 j = 0; j < parents.length; ++j) chosen = chosen || parents[j] == ancestors[i];
            if (!chosen && !absolute) continue;
            list = _join(list, EdgeSpec(ancestors[i], absolute, _rates[termsId], chosen ? termsId : 0));
        }
    }

    /// @dev Whether a list is the closure of the parents that it chooses, and within the bounds.
    function _isRight(Edge[] memory list) private view returns (bool) {
        uint256 bits = 0;
        uint256 sum = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 word = Edge.unwrap(list[i]);
            sum += word % 2 ** 20;
            uint256 parent = (word >> 21) % 2 ** 40;
            if ((word >> 61) % 2 == 0) continue;
            // Those that this test registers last have no terms, and no other has more than these.
            if (parent == 0 || parent > WORKS) return false;
            bits |= 1 << parent;
        }
        uint256[] memory parents = _list(bits);
        if (parents.length == 0 || parents.length > 8 || sum > MAX_RATES) return false;
        if (keccak256(abi.encode(list)) != keccak256(abi.encode(_packEdges(_closure(parents))))) return false;
        if (list.length - parents.length > 8) return false;
        for (uint256 i = 0; i < parents.length; ++i) if (_countAbsolute(parents[i]) > 8) return false;
        return true;
    }

    function _countAbsolute(uint256 id) private view returns (uint256 count) {
        uint256[] memory ancestors = _list(_ancestors(_parentsOf[id]));
        for (uint256 i = 0; i < ancestors.length; ++i) if (_termsOf[ancestors[i]] >= FIRST_ABSOLUTE) ++count;
    }

    /// @dev One bit turned, or an edge left out, doubled, moved, or taken from another list.
    function _mutate(Edge[] memory list) private returns (Edge[] memory mutant) {
        uint256 kind = _draw(8);
        uint256 i = _draw(list.length);
        mutant = list;
        if (kind < 4) {
            // Mostly in the fields: rate, kind, ancestor, choice, terms.
            uint256 bit = _draw(kind == 0 ? 256 : 66);
            mutant[i] = Edge.wrap(Edge.unwrap(list[i]) ^ (1 << bit));
        } else if (kind == 4) {
            mutant = new Edge[](list.length - 1);
            for (uint256 j = 0; j < mutant.length; ++j) mutant[j] = list[j < i ? j : j + 1];
        } else if (kind == 5) {
            (mutant[i], mutant[0]) = (mutant[0], mutant[i]);
        } else {
            Edge[] memory other = _packEdges(_closure(_drawParents()));
            mutant = new Edge[](list.length + 1);
            for (uint256 j = 0; j < list.length; ++j) mutant[j] = list[j];
            mutant[list.length] = kind == 6 ? list[i] : other[_draw(other.length)];
        }
    }

    // Money

    function _payInParts(uint256[] memory paid) private {
        for (uint256 part = 3; part > 0; --part) {
            for (uint256 id = 1; id <= _count; ++id) {
                uint256 amount = part == 1 ? paid[id] : _draw(paid[id] + 1);
                if (amount != 0) graph.payToken(id, address(_token), amount);
                paid[id] -= amount;
                _claimSome(1 + _draw(_count), _draw(2) == 0);
            }
        }
    }

    function _claimSome(uint256 id, bool all) private {
        uint256 edges = graph.edgesOf(id).length;
        for (uint256 i = 0; i < edges; ++i) if (all || _draw(2) == 0) graph.claim(id, i, address(_token));
    }

    function _claimOnce() private {
        for (uint256 id = _count; id > 0; --id) _claimSome(id, true);
    }

    /// @dev All that the ledger says of every work.
    function _sums() private view returns (bytes32 sums) {
        for (uint256 id = 1; id <= _count; ++id) {
            (uint256 direct, uint256 inflow) = graph.revenueOf(id, address(_token));
            sums = keccak256(abi.encode(sums, direct, inflow, graph.withdrawable(id, 0, address(_token))));
            uint256 edges = graph.edgesOf(id).length;
            for (uint256 i = 0; i < edges; ++i) {
                sums = keccak256(abi.encode(sums, graph.claimedOf(id, i, address(_token))));
                assertEq(graph.claimable(id, i, address(_token)), 0, "not drained");
            }
        }
    }

    function _single(uint256 parent, uint256 rate, uint32 termsId) private pure returns (Edge[] memory list) {
        list = new Edge[](1);
        list[0] = _packEdge(EdgeSpec(parent, false, rate, termsId));
    }

    function _termsIdOf(uint256 id) private view returns (uint32) {
        return registry.packedWork(id).termsId();
    }

    function _draw(uint256 n) private returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % n;
    }
}
