// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A derivative's debt to one ancestor, in one word:
///
/// bits 0–19 rate in parts per million | 20 absolute | 21–60 the ancestor's id | 61 chosen | 64–95 termsId.
///
/// The lower 64 bits are what the graph stores, four edges a slot. A chosen edge is to a parent that the creator picked;
/// it carries the terms that the creator expects of it, and is stored as chosen. An edge that is not chosen is an absolute
/// one inherited from a parent. `absolute` and the ancestor's id, read as one number, are the order of a list of edges, so
/// that one ancestor may have a relative and an absolute edge, in this order.
type Edge is uint256;

using EdgeLibrary for Edge global;

/// @title EdgeLibrary
/// @notice Reads the fields of an {Edge}.
library EdgeLibrary {
    /// @notice Most parents that a derivative can choose.
    uint256 internal constant MAX_PARENTS = 8;
    /// @notice Most absolute edges that a derivative can inherit beside those to its chosen parents.
    uint256 internal constant MAX_INHERITED = 8;

    uint256 private constant RATE_MASK = 0xfffff;
    uint256 private constant ABSOLUTE = 1 << 20;
    uint256 private constant KEY = 20;
    uint256 private constant KEY_MASK = 0x1ffffffffff;
    uint256 private constant PARENT = 21;
    uint256 private constant CHOSEN = 1 << 61;
    uint256 private constant TERMS = 64;
    uint256 private constant STORED_MASK = 0xffffffffffffffff;
    uint256 private constant UNUSED = (type(uint256).max << 96) | (3 << 62);

    /// @notice Packs an edge; `termsId_` 0 is an inherited one.
    function pack(uint256 parentId_, bool absolute_, uint256 rate_, uint32 termsId_) internal pure returns (Edge) {
        uint256 edge = rate_ | (parentId_ << PARENT) | (uint256(termsId_) << TERMS);
        if (absolute_) edge |= ABSOLUTE;
        if (termsId_ != 0) edge |= CHOSEN;
        return Edge.wrap(edge);
    }

    /// @notice Share of the derivative's revenue in parts per million.
    function rate(Edge edge) internal pure returns (uint256) {
        return Edge.unwrap(edge) & RATE_MASK;
    }

    /// @notice True if the rate is of the derivative's direct revenue alone, and is inherited by its derivatives.
    function isAbsolute(Edge edge) internal pure returns (bool) {
        return Edge.unwrap(edge) & ABSOLUTE != 0;
    }

    /// @notice The ancestor that is owed.
    function parentId(Edge edge) internal pure returns (uint256) {
        return (Edge.unwrap(edge) >> PARENT) & 0xffffffffff;
    }

    /// @notice Ancestor and kind as one number, by which lists ascend.
    function key(Edge edge) internal pure returns (uint256) {
        return (Edge.unwrap(edge) >> KEY) & KEY_MASK;
    }

    /// @notice True for a parent that the creator picked.
    function isChosen(Edge edge) internal pure returns (bool) {
        return Edge.unwrap(edge) & CHOSEN != 0;
    }

    /// @notice Terms that the creator expects of a chosen parent; not stored.
    function termsId(Edge edge) internal pure returns (uint32) {
        return uint32(Edge.unwrap(edge) >> TERMS);
    }

    /// @notice True if no bit outside of the layout is set, and terms are named exactly where the edge is chosen.
    function isWellFormed(Edge edge) internal pure returns (bool) {
        return Edge.unwrap(edge) & UNUSED == 0 && edge.isChosen() == (edge.termsId() != 0);
    }

    /// @notice What the graph keeps of it.
    function stored(Edge edge) internal pure returns (uint256) {
        return Edge.unwrap(edge) & STORED_MASK;
    }

    /// @notice The same list as plain words, which the compiler copies whole into calls and events; a list of {Edge} it
    /// copies one by one.
    function raw(Edge[] calldata edges) internal pure returns (uint256[] calldata words) {
        assembly {
            words.offset := edges.offset
            words.length := edges.length
        }
    }

    /// @notice The list that `raw` answered.
    function typed(uint256[] calldata words) internal pure returns (Edge[] calldata edges) {
        assembly {
            edges.offset := words.offset
            edges.length := words.length
        }
    }

    /// @notice The edge in lane `lane` (0 to 3) of a stored word; 0 where there is none.
    function unpack(uint256 word, uint256 lane) internal pure returns (Edge) {
        return Edge.wrap((word >> (lane * 64)) & STORED_MASK);
    }
}
