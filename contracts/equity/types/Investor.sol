// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev An account of the compliance registry in one word; the layout stands in {IComplianceRegistry}.
type Investor is uint256;

using InvestorLibrary for Investor global;

/// @title InvestorLibrary
/// @notice Reads an {Investor}.
library InvestorLibrary {
    uint256 internal constant KYC = 1 << 0;
    uint256 internal constant BLOCKED = 1 << 1;
    uint256 internal constant NO_SEND = 1 << 2;
    uint256 internal constant NO_RECEIVE = 1 << 3;
    uint256 internal constant SYSTEM = 1 << 4;
    uint256 internal constant ACCREDITED = 1 << 5;
    uint256 internal constant WRAPPER = 1 << 6;

    /// @dev Bits 16 to 55.
    uint256 internal constant EXPIRY_MASK = uint256(type(uint40).max) << 16;

    uint256 private constant COUNTRY = 8;
    uint256 private constant EXPIRY = 16;
    uint256 private constant CLASSES = 120;

    /// @notice True if any of the flags is set.
    function has(Investor investor, uint256 flags) internal pure returns (bool) {
        return Investor.unwrap(investor) & flags != 0;
    }

    /// @notice Index of the country, by which masks are made; 0: not known.
    function country(Investor investor) internal pure returns (uint256) {
        return uint8(Investor.unwrap(investor) >> COUNTRY);
    }

    /// @notice When the KYC ends, in Unix seconds; 0: it does not.
    function expiry(Investor investor) internal pure returns (uint256) {
        return uint40(Investor.unwrap(investor) >> EXPIRY);
    }

    /// @notice True if the investor may hold products of this class (0 to 63).
    function hasClass(Investor investor, uint256 class) internal pure returns (bool) {
        return (Investor.unwrap(investor) >> (CLASSES + class)) & 1 != 0;
    }
}
