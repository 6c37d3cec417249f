// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A registered work in one word: its owner, and everything about it that a sale, a withdrawal, or a derivative
/// asks for, so that each of them reads one slot of the registry.
///
/// bits 0–159 owner | 160–191 termsId | 192–215 appId | 216–225 protocol fee, bps | 226–235 app fee, bps |
/// 236–245 ERC-2981 royalty, bps | 246 deleted | 247 disputed | 248 redirected | 249 has contributors | 250 has a URI |
/// 251 has absolute edges.
/// Zero is no work at all: a work always has an owner.
type Work is uint256;

using WorkLibrary for Work global;

/// @dev What a work may be used for. Deleted and Disputed works still receive money and pass it upwards.
enum Status {
    None,
    Active,
    Disputed,
    Deleted
}

/// @title WorkLibrary
/// @notice Reads and changes the fields of a {Work}.
library WorkLibrary {
    uint256 private constant TERMS = 160;
    uint256 private constant APP = 192;
    uint256 private constant PROTOCOL_FEE = 216;
    uint256 private constant APP_FEE = 226;
    uint256 private constant ROYALTY = 236;
    uint256 private constant BPS_MASK = 0x3ff;
    uint256 private constant PPM_PER_BPS = 100;

    uint256 internal constant DELETED = 1 << 246;
    uint256 internal constant DISPUTED = 1 << 247;
    uint256 internal constant REDIRECTED = 1 << 248;
    uint256 internal constant HAS_CONTRIBUTORS = 1 << 249;
    uint256 internal constant HAS_URI = 1 << 250;
    uint256 internal constant HAS_ABSOLUTE = 1 << 251;

    /// @notice Packs a new work. The three rates are at most 1,000 bps, which the registry checks.
    function pack(
        address owner_,
        uint32 termsId_,
        uint24 appId_,
        uint256 protocolFeeBps_,
        uint256 appFeeBps_,
        uint256 royaltyBps_,
        uint256 flags
    ) internal pure returns (Work) {
        return
            Work.wrap(
                uint160(owner_) |
                    (uint256(termsId_) << TERMS) |
                    (uint256(appId_) << APP) |
                    (protocolFeeBps_ << PROTOCOL_FEE) |
                    (appFeeBps_ << APP_FEE) |
                    (royaltyBps_ << ROYALTY) |
                    flags
            );
    }

    /// @notice True if the work was registered.
    function exists(Work work) internal pure returns (bool) {
        return Work.unwrap(work) != 0;
    }

    /// @notice Holder of the ERC-721 token.
    function owner(Work work) internal pure returns (address) {
        return address(uint160(Work.unwrap(work)));
    }

    /// @notice The licence terms under which derivatives are made; 0 where none may be made.
    function termsId(Work work) internal pure returns (uint32) {
        return uint32(Work.unwrap(work) >> TERMS);
    }

    /// @notice The app that registered the work; 0 for none.
    function appId(Work work) internal pure returns (uint24) {
        return uint24(Work.unwrap(work) >> APP);
    }

    /// @notice The protocol's share of direct revenue in parts per million, frozen at registration.
    function protocolFee(Work work) internal pure returns (uint256) {
        return ((Work.unwrap(work) >> PROTOCOL_FEE) & BPS_MASK) * PPM_PER_BPS;
    }

    /// @notice The app's share of direct revenue in parts per million, frozen at registration.
    function appFee(Work work) internal pure returns (uint256) {
        return ((Work.unwrap(work) >> APP_FEE) & BPS_MASK) * PPM_PER_BPS;
    }

    /// @notice ERC-2981's rate in basis points of the sale price.
    function royaltyBps(Work work) internal pure returns (uint256) {
        return (Work.unwrap(work) >> ROYALTY) & BPS_MASK;
    }

    /// @notice True if any of the flags is set.
    function has(Work work, uint256 flags) internal pure returns (bool) {
        return Work.unwrap(work) & flags != 0;
    }

    /// @notice True if the work may be derived from and licensed.
    function isActive(Work work) internal pure returns (bool) {
        return work.exists() && !work.has(DISPUTED | DELETED);
    }

    /// @notice A dispute hides a deletion for as long as it lasts.
    function status(Work work) internal pure returns (Status) {
        if (!work.exists()) return Status.None;
        if (work.has(DISPUTED)) return Status.Disputed;
        return work.has(DELETED) ? Status.Deleted : Status.Active;
    }

    /// @notice The work with these flags set.
    function with(Work work, uint256 flags) internal pure returns (Work) {
        return Work.wrap(Work.unwrap(work) | flags);
    }

    /// @notice The work with these flags cleared.
    function without(Work work, uint256 flags) internal pure returns (Work) {
        return Work.wrap(Work.unwrap(work) & ~flags);
    }

    /// @notice The work with another owner.
    function ownedBy(Work work, address owner_) internal pure returns (Work) {
        return Work.wrap(((Work.unwrap(work) >> TERMS) << TERMS) | uint160(owner_));
    }
}
