// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {Edge, EdgeLibrary} from "../../contracts/ip/types/Edge.sol";
import {Status, Work, WorkLibrary} from "../../contracts/ip/types/Work.sol";

/// @title The packed words of the IP domain, against plain structs
contract EdgeFuzzTest is Test {
    struct PlainEdge {
        uint40 parentId;
        bool absolute;
        uint256 rate;
        uint32 termsId;
    }

    struct PlainWork {
        address owner;
        uint32 termsId;
        uint24 appId;
        uint256 protocolFeeBps;
        uint256 appFeeBps;
        uint256 royaltyBps;
        uint256 flags;
    }

    uint256 private constant FLAGS = uint256(63) << 246;

    function testFuzz_anEdgeIsWhatWasPacked(PlainEdge memory e) public pure {
        e.rate %= 2 ** 20;
        Edge edge = EdgeLibrary.pack(e.parentId, e.absolute, e.rate, e.termsId);
        assertEq(edge.parentId(), e.parentId, "parentId");
        assertEq(edge.isAbsolute(), e.absolute, "isAbsolute");
        assertEq(edge.rate(), e.rate, "rate");
        assertEq(edge.termsId(), e.termsId, "termsId");
        assertEq(edge.isChosen(), e.termsId != 0, "isChosen");
        assertEq(edge.key(), uint256(e.parentId) * 2 + (e.absolute ? 1 : 0), "key");
        assertTrue(edge.isWellFormed(), "isWellFormed");
        // What is stored has everything but the terms.
        Edge stored = Edge.wrap(edge.stored());
        assertEq(stored.key(), edge.key(), "stored key");
        assertEq(stored.rate(), edge.rate(), "stored rate");
        assertEq(stored.isChosen(), edge.isChosen(), "stored choice");
        assertEq(stored.termsId(), 0, "stored termsId");
        assertLe(Edge.unwrap(stored), type(uint64).max, "a lane");
    }

    function testFuzz_keysOrderAsParentThenKind(PlainEdge memory a, PlainEdge memory b) public pure {
        Edge first = EdgeLibrary.pack(a.parentId, a.absolute, a.rate % 2 ** 20, a.termsId);
        Edge second = EdgeLibrary.pack(b.parentId, b.absolute, b.rate % 2 ** 20, b.termsId);
        bool before = a.parentId < b.parentId || (a.parentId == b.parentId && !a.absolute && b.absolute);
        assertEq(first.key() < second.key(), before);
        assertEq(first.key() == second.key(), a.parentId == b.parentId && a.absolute == b.absolute);
    }

    /// @dev Any word, and the words that are a bit away from a good one.
    function testFuzz_aWordIsWellFormedIfPackingMakesIt(uint256 word, PlainEdge memory e, uint8 bit) public pure {
        _checkForm(word);
        _checkForm(word % 2 ** 96);
        Edge edge = EdgeLibrary.pack(e.parentId, e.absolute, e.rate % 2 ** 20, e.termsId);
        _checkForm(Edge.unwrap(edge) ^ (1 << bit));
    }

    function _checkForm(uint256 word) private pure {
        Edge edge = Edge.wrap(word);
        Edge again = EdgeLibrary.pack(edge.parentId(), edge.isAbsolute(), edge.rate(), edge.termsId());
        assertEq(edge.isWellFormed(), Edge.unwrap(again) == word, "isWellFormed");
    }

    function testFuzz_lanesAreReadApart(uint64[4] memory lanes) public pure {
        uint256 word = 0;
        for (uint256 i = 0; i < 4; ++i) word |= uint256(lanes[i]) << (64 * i);
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(Edge.unwrap(EdgeLibrary.unpack(word, i)), lanes[i], "lane");
        }
    }

    function testFuzz_castsOfListsKeepThem(uint256[] memory words, uint256 before, uint256 afterwards) public view {
        assertEq(this.castTwice(before, words, afterwards), words);
        Edge[] memory edges = new Edge[](words.length);
        for (uint256 i = 0; i < words.length; ++i) edges[i] = Edge.wrap(words[i]);
        assertEq(this.cast(before, edges, afterwards), words);
    }

    /// @dev With neighbours in calldata, which no cast may reach.
    function cast(uint256, Edge[] calldata edges, uint256) external pure returns (uint256[] memory) {
        return EdgeLibrary.raw(edges);
    }

    function castTwice(uint256, uint256[] calldata words, uint256) external pure returns (uint256[] memory) {
        return EdgeLibrary.raw(EdgeLibrary.typed(words));
    }

    function testFuzz_aWorkIsWhatWasPacked(PlainWork memory w) public pure {
        _bound(w);
        _checkWork(_pack(w), w);
    }

    function testFuzz_flagsAndOwnersChangeNothingElse(PlainWork memory w, uint256 flags, address owner) public pure {
        _bound(w);
        flags &= FLAGS;
        Work work = _pack(w);
        (uint256 before, address first) = (w.flags, w.owner);
        w.flags = before | flags;
        _checkWork(work.with(flags), w);
        w.flags = before & ~flags;
        _checkWork(work.without(flags), w);
        (w.flags, w.owner) = (before, owner);
        _checkWork(work.ownedBy(owner), w);
        w.owner = first;
        _checkWork(work.ownedBy(owner).ownedBy(first), w);
    }

    function _bound(PlainWork memory w) private pure {
        (w.protocolFeeBps, w.appFeeBps, w.royaltyBps) = (
            w.protocolFeeBps % 501,
            w.appFeeBps % 501,
            w.royaltyBps % 1_001
        );
        w.flags &= FLAGS;
    }

    function _pack(PlainWork memory w) private pure returns (Work) {
        return WorkLibrary.pack(w.owner, w.termsId, w.appId, w.protocolFeeBps, w.appFeeBps, w.royaltyBps, w.flags);
    }

    function _checkWork(Work work, PlainWork memory w) private pure {
        assertEq(work.owner(), w.owner, "owner");
        assertEq(work.termsId(), w.termsId, "termsId");
        assertEq(work.appId(), w.appId, "appId");
        assertEq(work.protocolFee(), w.protocolFeeBps * 100, "protocolFee");
        assertEq(work.appFee(), w.appFeeBps * 100, "appFee");
        assertEq(work.royaltyBps(), w.royaltyBps, "royaltyBps");
        uint256[6] memory flags = [
            WorkLibrary.DELETED,
            WorkLibrary.DISPUTED,
            WorkLibrary.REDIRECTED,
            WorkLibrary.HAS_CONTRIBUTORS,
            WorkLibrary.HAS_URI,
            WorkLibrary.HAS_ABSOLUTE
        ];
        for (uint256 i = 0; i < 6; ++i) {
            assertEq(flags[i], uint256(1) << (246 + i), "a flag's place");
            assertEq(work.has(flags[i]), w.flags & flags[i] != 0, "flag");
        }
        (bool deleted, bool disputed) = (w.flags & (1 << 246) != 0, w.flags & (1 << 247) != 0);
        if (Work.unwrap(work) == 0) {
            assertFalse(work.exists() || work.isActive(), "nothing");
            assertEq(uint8(work.status()), uint8(Status.None));
            return;
        }
        assertTrue(work.exists(), "exists");
        assertEq(work.isActive(), !deleted && !disputed, "isActive");
        Status status =
            disputed
                ? Status.Disputed
                : deleted
                    ? Status.Deleted
                    : Status.Active;
        assertEq(uint8(work.status()), uint8(status), "status");
    }
}
