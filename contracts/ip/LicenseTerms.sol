// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ILicenseTerms, LicenseKind, Use} from "./interfaces/ILicenseTerms.sol";
import {Edge} from "./types/Edge.sol";

/// @title LicenseTerms
/// @notice See {ILicenseTerms}, which holds the prose. Immutable, without roles.
contract LicenseTerms is ILicenseTerms {
    /// @notice Highest royalty rate, in parts per million: what all edges of a work may take together.
    uint256 public constant MAX_RATE = 900_000;

    /// @inheritdoc ILicenseTerms
    uint32 public count;

    /// @dev Two slots each: the first has all but the price, so that a derivative reads one.
    mapping(uint256 termsId => Record) private _records;
    mapping(bytes32 hash => uint32 termsId) private _ids;

    /// @dev {Terms} in the order that packs them, and the sign that they are there.
    struct Record {
        address paymentToken;
        uint40 duration;
        uint24 royaltyRate;
        uint8 flags;
        LicenseKind kind;
        Use use;
        uint128 price;
    }

    uint8 private constant EXISTS = 1;
    uint8 private constant ABSOLUTE = 2;
    uint8 private constant DERIVATIVES = 4;
    uint8 private constant RECIPROCAL = 8;

    /// @inheritdoc ILicenseTerms
    function create(Terms calldata terms) external returns (uint32 termsId) {
        bytes32 hash = hashOf(terms);
        termsId = _ids[hash];
        if (termsId != 0) return termsId;
        _check(terms);
        termsId = ++count;
        _ids[hash] = termsId;
        uint8 flags = EXISTS;
        if (terms.absolute) flags |= ABSOLUTE;
        if (terms.derivativesAllowed) flags |= DERIVATIVES;
        if (terms.reciprocal) flags |= RECIPROCAL;
        _records[termsId] = Record({
            paymentToken: terms.paymentToken,
            duration: terms.duration,
            royaltyRate: terms.royaltyRate,
            flags: flags,
            kind: terms.kind,
            use: terms.use,
            price: terms.price
        });
        emit TermsCreated(termsId, hash, terms);
    }

    /// @inheritdoc ILicenseTerms
    function termsOf(uint256 termsId) external view returns (Terms memory) {
        Record memory record = _records[termsId];
        uint8 flags = _requireFlags(termsId, record.flags);
        return
            Terms({
                kind: record.kind,
                use: record.use,
                paymentToken: record.paymentToken,
                price: record.price,
                duration: record.duration,
                royaltyRate: record.royaltyRate,
                absolute: flags & ABSOLUTE != 0,
                derivativesAllowed: flags & DERIVATIVES != 0,
                reciprocal: flags & RECIPROCAL != 0
            });
    }

    /// @inheritdoc ILicenseTerms
    function checkEdges(uint256[] calldata edges, uint32 termsId) external view returns (uint256 exact) {
        if (termsId != 0) _requireFlags(termsId, _records[termsId].flags);
        uint256 length = edges.length;
        for (uint256 i = 0; i < length; ++i) {
            Edge edge = Edge.wrap(edges[i]);
            if (!edge.isChosen()) continue;
            Record storage record = _records[edge.termsId()];
            (uint256 required, uint8 flags) = (record.royaltyRate, record.flags);
            if (flags & DERIVATIVES == 0) revert DerivativesNotAllowed(edge.parentId(), edge.termsId());
            if ((flags & ABSOLUTE != 0) != edge.isAbsolute()) revert WrongKind(edge.parentId(), edge.isAbsolute());
            if (flags & RECIPROCAL != 0 && termsId != edge.termsId()) {
                revert ReciprocalTermsRequired(edge.parentId(), edge.termsId(), termsId);
            }
            uint256 rate = edge.rate();
            if (rate == required) exact |= 1 << i;
            else if (rate < required) revert RateTooLow(edge.parentId(), rate, required);
        }
    }

    /// @inheritdoc ILicenseTerms
    function idOf(Terms calldata terms) external view returns (uint32) {
        return _ids[hashOf(terms)];
    }

    /// @inheritdoc ILicenseTerms
    function hashOf(Terms calldata terms) public pure returns (bytes32) {
        return keccak256(abi.encode(terms));
    }

    /// @dev One way only to say the same thing, so that the same terms have the same address.
    function _check(Terms calldata terms) private pure {
        if (terms.kind == LicenseKind.Duration) {
            if (terms.duration == 0) revert ZeroDuration();
        } else if (terms.duration != 0) {
            revert UnexpectedDuration(terms.duration);
        }
        if (terms.kind == LicenseKind.None) {
            if (terms.price != 0 || terms.paymentToken != address(0) || terms.use != Use.Human) {
                revert UnexpectedPrice(terms.price, terms.paymentToken, terms.use);
            }
            if (!terms.derivativesAllowed) revert EmptyTerms();
        }
        if (terms.derivativesAllowed) {
            if (terms.royaltyRate > MAX_RATE) revert RateTooHigh(terms.royaltyRate, MAX_RATE);
            if (terms.absolute && terms.royaltyRate == 0) revert ZeroAbsoluteRate();
        } else if (terms.royaltyRate != 0 || terms.absolute || terms.reciprocal) {
            revert UnexpectedRoyalty(terms.royaltyRate, terms.absolute, terms.reciprocal);
        }
    }

    function _requireFlags(uint256 termsId, uint8 flags) private pure returns (uint8) {
        if (flags == 0) revert UnknownTerms(termsId);
        return flags;
    }
}
