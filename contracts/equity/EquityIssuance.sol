// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Managed} from "../access/Managed.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IEquityIssuance} from "./interfaces/IEquityIssuance.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";

/// @title EquityIssuance
/// @notice See {IEquityIssuance}, which holds the prose. Immutable.
/// @dev What a token asks is kept under the token's own address, so that anybody who calls as a token changes nothing of
/// another.
contract EquityIssuance is IEquityIssuance, Managed {
    /// @dev As OpenZeppelin's RateLimiter has it; of ours two share one slot of configuration.
    struct Bucket {
        uint208 used;
        uint48 updatedAt;
    }

    // Three slots that every mint reads, and one of each bucket.
    struct Issuance {
        ReserveFeed feed;
        MintLimits limits;
        uint112 capShares;
        bool configured;
        Bucket globalBucket;
        mapping(address minter => Bucket) minterBuckets;
        mapping(bytes32 requestId => bool) requests;
    }

    uint256 private constant WAD = 1e18;
    uint256 private constant BPS = 10_000;
    uint256 private constant DECIMALS = 18;
    uint256 private constant MAX_FEED_DECIMALS = 36;
    uint256 private constant MAX_HEARTBEAT = 7 days;
    /// @dev Scaled by 18 digits and by basis points, it fits a word.
    int256 private constant MAX_ANSWER = int256(uint256(type(uint176).max));

    mapping(address token => Issuance) private _issuances;

    /// @notice Reverts with `AccessManagedInvalidAuthority` where `authority_` has no code.
    /// @param authority_ The suite's AccessManager.
    constructor(address authority_) Managed(authority_) {}

    /// @inheritdoc IEquityIssuance
    function configure(address token, Bounds calldata bounds) external restricted {
        Issuance storage $ = _issuances[token];
        if ($.configured) revert AlreadyConfigured(token);
        $.configured = true;
        _setCap(token, bounds.capShares);
        _setReserveFeed(token, bounds.feed);
        _setMintLimits(token, bounds.limits);
    }

    /// @inheritdoc IEquityIssuance
    function setCap(address token, uint112 capShares) external restricted {
        _setCap(token, capShares);
    }

    /// @inheritdoc IEquityIssuance
    function setReserveFeed(address token, ReserveFeed calldata feed) external restricted {
        _setReserveFeed(token, feed);
    }

    /// @inheritdoc IEquityIssuance
    function setMintLimits(address token, MintLimits calldata limits) external restricted {
        _setMintLimits(token, limits);
    }

    /// @inheritdoc IEquityIssuance
    function admitMint(
        address minter,
        bytes32 requestId,
        uint256 shares,
        uint256 totalShares,
        uint256 multiplier,
        uint256 lastActionAt
    ) external {
        Issuance storage $ = _issuances[msg.sender];
        if ($.requests[requestId]) revert RequestUsed(requestId);
        if (totalShares > $.capShares) revert CapExceeded(totalShares, $.capShares);
        uint256 supply = (totalShares * multiplier) / WAD; // the cap has bounded the first factor
        uint256 allowed = _allowedSupply($.feed, lastActionAt);
        if (supply > allowed) revert InsufficientReserves(supply, allowed);
        $.requests[requestId] = true;
        MintLimits memory limits = $.limits;
        _consume($.globalBucket, limits.globalCapacity, limits.window, address(0), shares);
        _consume($.minterBuckets[minter], limits.minterCapacity, limits.window, minter, shares);
    }

    /// @inheritdoc IEquityIssuance
    function allowedSupply(address token) external view returns (uint256) {
        return _allowedSupply(_issuances[token].feed, IEquityToken(token).lastActionAt());
    }

    /// @inheritdoc IEquityIssuance
    function isRequestUsed(address token, bytes32 requestId) external view returns (bool) {
        return _issuances[token].requests[requestId];
    }

    /// @inheritdoc IEquityIssuance
    function mintable(address token, address minter) external view returns (uint256 shares) {
        Issuance storage $ = _issuances[token];
        MintLimits memory limits = $.limits;
        uint256 ofAll = _available($.globalBucket, limits.globalCapacity, limits.window);
        uint256 ofMinter = _available($.minterBuckets[minter], limits.minterCapacity, limits.window);
        return Math.min(ofAll, ofMinter);
    }

    /// @inheritdoc IEquityIssuance
    function boundsOf(address token) external view returns (Bounds memory) {
        Issuance storage $ = _issuances[token];
        return Bounds($.capShares, $.feed, $.limits);
    }

    function _setCap(address token, uint112 capShares) private {
        _issuances[token].capShares = capShares;
        emit CapUpdated(token, capShares);
    }

    function _setReserveFeed(address token, ReserveFeed memory feed) private {
        if (feed.feed == address(0)) {
            feed = ReserveFeed(address(0), 0, 0, 0, 0);
        } else {
            if (feed.feed.code.length == 0) revert InvalidConfig("feed");
            feed.decimals = IAggregatorV3(feed.feed).decimals();
            if (feed.decimals > MAX_FEED_DECIMALS) revert InvalidConfig("decimals");
            if (feed.heartbeat == 0 || feed.heartbeat > MAX_HEARTBEAT) revert InvalidConfig("heartbeat");
            if (feed.marginBps >= BPS) revert InvalidConfig("marginBps");
            if (feed.chainShareBps == 0 || feed.chainShareBps > BPS) revert InvalidConfig("chainShareBps");
        }
        _issuances[token].feed = feed;
        emit ReserveFeedUpdated(token, feed);
    }

    function _setMintLimits(address token, MintLimits memory limits) private {
        if (limits.window == 0) revert InvalidConfig("window");
        _issuances[token].limits = limits;
        emit MintLimitsUpdated(token, limits);
    }

    function _consume(Bucket storage bucket, uint256 capacity, uint256 window, address minter, uint256 shares) private {
        uint256 used = _used(bucket, capacity, window);
        uint256 available = Math.saturatingSub(capacity, used);
        if (shares > available) revert MintLimitExceeded(minter, shares, available);
        // At most the capacity, of 104 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        (bucket.used, bucket.updatedAt) = (uint208(used + shares), uint48(block.timestamp));
    }

    function _available(Bucket storage bucket, uint256 capacity, uint256 window) private view returns (uint256) {
        return Math.saturatingSub(capacity, _used(bucket, capacity, window));
    }

    /// @dev What was used less what has flowed in since, rounded down; of a token without limits nothing was.
    function _used(Bucket storage bucket, uint256 capacity, uint256 window) private view returns (uint256) {
        uint256 used = bucket.used;
        if (used == 0) return 0;
        return Math.saturatingSub(used, ((block.timestamp - bucket.updatedAt) * capacity) / window);
    }

    /// @dev What the reserves allow, in tokens, rounded down at each step.
    function _allowedSupply(ReserveFeed memory feed, uint256 lastActionAt) private view returns (uint256) {
        if (feed.feed == address(0)) return 0;
        (uint256 reserves, uint256 updatedAt) = _readReserves(feed);
        if (updatedAt == 0 || updatedAt > block.timestamp) revert BadReserveTime(updatedAt);
        if (block.timestamp - updatedAt > feed.heartbeat) revert StaleReserve(updatedAt, feed.heartbeat);
        // After a reverse split, an answer of before counts many times too many stocks.
        if (updatedAt < lastActionAt) revert ReservePredatesAction(updatedAt, lastActionAt);
        unchecked {
            // At most 2^176 · 10^18 · 10^4, and nothing is negative: decimals are at most 36, margins less than one.
            reserves =
                feed.decimals > DECIMALS
                    ? reserves / 10 ** (feed.decimals - DECIMALS)
                    : reserves * 10 ** (DECIMALS - feed.decimals);
            return (((reserves * feed.chainShareBps) / BPS) * (BPS - feed.marginBps)) / BPS;
        }
    }

    /// @dev A feed that reverts, changed its decimals, or answers what is no number of stocks, stops mints.
    function _readReserves(ReserveFeed memory feed) private view returns (uint256 reserves, uint256 updatedAt) {
        try IAggregatorV3(feed.feed).decimals() returns (uint8 decimals) {
            if (decimals != feed.decimals) revert BadReserveDecimals(decimals, feed.decimals);
        } catch {
            revert ReserveFeedUnavailable(feed.feed);
        }
        try IAggregatorV3(feed.feed).latestRoundData() returns (uint80, int256 answer, uint256, uint256 time, uint80) {
            if (answer <= 0 || answer > MAX_ANSWER) revert BadReserveAnswer(answer);
            // forge-lint: disable-next-line(unsafe-typecast) -- positive
            return (uint256(answer), time);
        } catch {
            revert ReserveFeedUnavailable(feed.feed);
        }
    }
}
