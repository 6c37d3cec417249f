// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Status} from "../types/Work.sol";
import {Use} from "./ILicenseTerms.sol";

/// @title ILicenseMarket
/// @notice Licences of works, sold to people and AI agents by kind of use: for a duration, for good, or metered.
///
/// A licence is a record, not a token: it is not transferable. The price goes to the royalty graph as the work's direct
/// revenue, whole, in the same call; the market holds no money between calls. A purchase names the terms id that it
/// expects; terms are immutable, so price, token, duration and kind are what the buyer saw, or it reverts.
///
/// Paid by allowance to the market, by an ERC-3009 signature (pieUSD) that anybody may send, or in native coin.
///
/// Powers, through the suite's AccessManager: upgrade (after seven days), list payment tokens (after two days).
interface ILicenseMarket {
    struct Purchase {
        uint256 ipId;
        Use use;
        /// Terms that the buyer expects.
        uint32 termsId;
        /// Periods, or metered units; 1 for a single payment.
        uint64 quantity;
        /// Who gets the licence: the buyer, or whom it is given to.
        address licensee;
    }

    /// @notice What a purchase would cost now.
    struct Quote {
        /// Selector of the error with which the purchase would revert, payment aside; 0: none.
        bytes4 fault;
        address token;
        uint256 price;
    }

    /// @notice The record of a licence by time. Seconds; `expiry` is exclusive, and its greatest value is for good.
    struct Interval {
        uint40 start;
        uint40 expiry;
        uint32 termsId;
    }

    /// @notice The record of metered units.
    struct Meter {
        uint64 purchased;
        uint64 consumed;
        /// Of the purchase since which there were always units left.
        uint40 start;
        /// When units were consumed last.
        uint40 lastUse;
        /// Of the last purchase.
        uint32 termsId;
    }

    /// @notice The work's owner offers licences for a use by these terms; 0: no longer.
    event OfferUpdated(uint256 indexed ipId, Use indexed use, uint32 termsId);

    /// @notice A licence by time was bought, renewed, or given.
    event LicensePurchased(
        uint256 indexed ipId,
        address indexed licensee,
        address indexed buyer,
        Use use,
        uint32 termsId,
        uint256 expiry,
        uint256 price
    );

    /// @notice Metered units were bought or given.
    event UnitsPurchased(
        uint256 indexed ipId,
        address indexed licensee,
        address indexed buyer,
        Use use,
        uint32 termsId,
        uint256 units,
        uint256 price
    );

    /// @notice The licensee consumed units; `total` is all that were consumed so far.
    event UnitsConsumed(uint256 indexed ipId, address indexed licensee, Use indexed use, uint256 units, uint256 total);

    /// @notice An element of a tolerant batch was skipped; `reason` is what it would have reverted with.
    event PurchaseSkipped(uint256 indexed index, bytes reason);

    /// @notice The token may, or may no longer, be a price's.
    event PaymentTokenUpdated(address indexed token, bool supported);

    /// @notice The caller is not the work's owner, nor the payee of a redirected work.
    error NotOwner(uint256 ipId, address caller);

    /// @notice There are no terms that sell this use with this id.
    error InvalidOffer(uint256 termsId, Use use);

    /// @notice The work's owner offers no licence for this use.
    error NoOffer(uint256 ipId, Use use);

    /// @notice The offer is by other terms than the buyer expects.
    error UnexpectedTerms(uint256 ipId, uint256 expected, uint256 actual);

    /// @notice The work sells nothing now: it is unknown, disputed or deleted.
    error WorkNotActive(uint256 ipId, Status status);

    /// @notice No periods or units, more than one single payment, or more than fit a record.
    error InvalidQuantity(uint256 quantity);

    /// @notice A licence must have a licensee.
    error InvalidLicensee(address licensee);

    /// @notice The token is not one in which licences are paid.
    error UnsupportedToken(address token);

    /// @notice The native coin sent is not the price.
    error WrongValue(uint256 sent, uint256 due);

    /// @notice Less than the price reached the work.
    error IncompletePayment(uint256 received, uint256 due);

    /// @notice The licensee has this licence for good.
    error AlreadyLicensed(address licensee, uint256 ipId, Use use);

    /// @notice A gift must not change the terms of a licence that runs, or of units that are left.
    error OtherTermsRunning(address licensee, uint256 running, uint256 given);

    /// @notice The licence is not paid by signature: its price is in native coin, or nothing.
    error NotPayableBySignature(address token, uint256 price);

    /// @notice More units than were bought.
    error InsufficientUnits(uint256 total, uint256 purchased);

    /// @notice The total consumed can only grow.
    error StaleConsumption(uint256 total, uint256 consumed);

    /// @notice The signature's deadline is past.
    error SignatureExpired(uint256 deadline);

    /// @notice The signature over the consumption is not the licensee's.
    error InvalidSignature(address licensee);

    /// @notice A batch is longer than the limit.
    error BatchTooLarge(uint256 length, uint256 max);

    /// @notice Too little gas is left to tell a bad element of a tolerant batch from one that ran dry.
    error InsufficientGas(uint256 index);

    /// @notice Only the market may call this function of its own.
    error OnlySelf(address caller);

    /// @notice Only the graph may ask for payment, and only within a purchase.
    error UnexpectedCallback(address caller);

    /// @notice Offers licences for a use by terms, in the place of the former offer; 0 ends it, and is all
    /// that a disputed work's owner can do. The offer stands when the token is sold: its buyer looks first. A price of
    /// nothing by duration gives the work away, for as long as anybody asks. The work's
    /// owner; of a redirected work, its payee.
    function setOffer(uint256 ipId, Use use, uint32 termsId) external;

    /// @notice Buys, renews or gives a licence, paid by allowance to this contract or in native coin. A renewal before the
    /// end adds to it. Other terms than those that run replace them, only by the licensee's own purchase, and the time
    /// that was left is added.
    function buy(Purchase calldata purchase) external payable;

    /// @notice The same, paid by `buyer`'s ERC-3009 signature over a receipt by this contract, whose nonce is
    /// `authorizationNonce`: it pays for this purchase and no other. Anybody may send it.
    function buyWithAuthorization(
        Purchase calldata purchase,
        address buyer,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external;

    /// @notice Up to 50 purchases. A tolerant batch skips what cannot be bought and says why; native coin that is
    /// left goes back. Another one reverts, and takes exactly its price.
    /// @return bought Whether each was bought.
    function buyBatch(Purchase[] calldata purchases, bool tolerant) external payable returns (bool[] memory bought);

    /// @notice A tolerant batch's element; the market calls it on itself.
    function buyItem(address buyer, Purchase calldata purchase, uint256 budget) external returns (uint256 nativeSpent);

    /// @notice Consumes the caller's units up to a total.
    /// @param total All units consumed so far, this consumption included.
    function consume(uint256 ipId, Use use, uint64 total) external;

    /// @notice The same by the licensee's EIP-712 signature; anybody may send it, as whoever serves the use. As totals
    /// only grow, a signature counts once, and a later one replaces an earlier.
    /// @param deadline Unix seconds; the signature is good up to and in that second.
    function consumeWithSignature(
        address licensee,
        uint256 ipId,
        Use use,
        uint64 total,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Lists or delists a payment token: one that neither rebases nor charges, nor has two addresses. Role: CONFIG, after two days.
    function setPaymentToken(address token, bool supported) external;

    /// @notice Terms by which a use is offered; 0: it is not.
    function offerOf(uint256 ipId, Use use) external view returns (uint32);

    /// @notice Whether the account has a licence for the use now: by time, or by units that are left. A commercial licence
    /// covers the same use without commerce.
    function hasAccess(address account, uint256 ipId, Use use) external view returns (bool);

    /// @notice The same for a moment of the past, for audits; what it answers for a second that is over never changes. Metered: from a
    /// purchase to the second in which the last unit was consumed, that second included.
    function wasLicensedAt(address account, uint256 ipId, Use use, uint256 timestamp) external view returns (bool);

    /// @notice End of the licence by time (Unix seconds, exclusive), of this very use; 0: there was none.
    function subscriptionExpiry(address account, uint256 ipId, Use use) external view returns (uint256);

    /// @notice The licence by time.
    function licenseOf(address account, uint256 ipId, Use use) external view returns (Interval memory);

    /// @notice Earlier licences by time that lapsed or were replaced, oldest first.
    function historyOf(address account, uint256 ipId, Use use) external view returns (Interval[] memory);

    /// @notice Earlier times in which there were metered units, until none was left, oldest first.
    function meterHistoryOf(address account, uint256 ipId, Use use) external view returns (Interval[] memory);

    /// @notice The metered units.
    function meterOf(address account, uint256 ipId, Use use) external view returns (Meter memory);

    /// @notice What purchases would cost, one by one, and what would be wrong with each.
    function quote(Purchase[] calldata purchases) external view returns (Quote[] memory);

    /// @notice The price of a purchase; reverts as buying would, payment aside.
    /// @param buyer Who would pay.
    function priceOf(Purchase calldata purchase, address buyer) external view returns (address token, uint256 price);

    /// @notice Nonce of the ERC-3009 authorization that pays for a purchase.
    function authorizationNonce(
        Purchase calldata purchase,
        address buyer,
        bytes32 salt
    ) external view returns (bytes32);

    /// @notice Whether prices may be in this token.
    function isPaymentToken(address token) external view returns (bool);
}
