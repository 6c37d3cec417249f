// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IEquityToken} from "../interfaces/IEquityToken.sol";
import {TokenState} from "../types/TokenState.sol";
import {EquityAuthorizations} from "./EquityAuthorizations.sol";

/// @title EquityIssuance
/// @notice EquityToken's bounds on what is minted: a cap, two buckets, the reserves, and each request once.
/// @dev They stand in the token, so that every minter is bounded by them. Cap and buckets are in shares, which no split
/// changes. A feed that cannot be used stops mints and nothing else.
///
/// Identity: after a mint, total shares <= cap, and floor(total shares · multiplier / 1e18) <= what the reserves allow.
abstract contract EquityIssuance is EquityAuthorizations {
    using RateLimiter for RateLimiter.RefillingBucket;

    /// @custom:storage-location erc7201:tessera.storage.EquityIssuance
    struct IssuanceStorage {
        ReserveFeed feed;
        RateLimiter.RefillingBucket globalBucket;
        RateLimiter.RefillingBucket minterBuckets;
        mapping(bytes32 requestId => bool) requests;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.EquityIssuance")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant ISSUANCE_STORAGE = 0x4c981decedaca720652bf05b8ed6bd362dedff40d4a7a19f4a8d09c3590df200;

    bytes32 private constant GLOBAL = 0;
    uint256 private constant BPS = 10_000;
    uint256 private constant DECIMALS = 18;
    uint256 private constant MAX_FEED_DECIMALS = 36;
    uint256 private constant MAX_HEARTBEAT = 7 days;

    /// @inheritdoc IEquityToken
    function allowedSupply() external view returns (uint256) {
        return _allowedSupply(_ledger().state);
    }

    /// @inheritdoc IEquityToken
    function isRequestUsed(bytes32 requestId) external view returns (bool) {
        return _issuance().requests[requestId];
    }

    /// @inheritdoc IEquityToken
    function mintable(address minter) external view returns (uint256 shares) {
        uint256 ofAll = _issuance().globalBucket.available(GLOBAL);
        uint256 ofMinter = _issuance().minterBuckets.available(_keyOf(minter));
        return ofAll < ofMinter ? ofAll : ofMinter;
    }

    /// @inheritdoc IEquityToken
    function reserveFeed() external view returns (ReserveFeed memory) {
        return _issuance().feed;
    }

    /// @dev Uses up the request, the buckets' room, and checks cap and reserves for so many shares more.
    function _authorizeMint(TokenState state, address minter, uint256 shares, bytes32 requestId) internal {
        IssuanceStorage storage $ = _issuance();
        if ($.requests[requestId]) revert RequestUsed(requestId);
        $.requests[requestId] = true;
        LedgerStorage storage ledger = _ledger();
        uint256 total = ledger.totalShares + shares;
        if (total > ledger.capShares) revert CapExceeded(total, ledger.capShares);
        $.globalBucket.consume(GLOBAL, shares);
        $.minterBuckets.consume(_keyOf(minter), shares);
        uint256 supply = (total * state.covered()) / WAD;
        uint256 allowed = _allowedSupply(state);
        if (supply > allowed) revert InsufficientReserves(supply, allowed);
    }

    /// @dev What the reserves allow, in tokens, rounded down. The state may be unfolded: of it only the time of the last
    /// action is asked.
    function _allowedSupply(TokenState state) internal view returns (uint256) {
        ReserveFeed memory feed = _issuance().feed;
        if (feed.feed == address(0)) return 0;
        (, int256 answer, , uint256 updatedAt, ) = IAggregatorV3(feed.feed).latestRoundData();
        if (answer <= 0 || answer > int256(MAX_AMOUNT)) revert BadReserveAnswer(answer);
        if (updatedAt == 0 || updatedAt > block.timestamp) revert BadReserveTime(updatedAt);
        if (block.timestamp - updatedAt > feed.heartbeat) revert StaleReserve(updatedAt, feed.heartbeat);
        // After a reverse split, an answer of before counts many times too many stocks.
        uint256 lastAction = state.effectiveAt();
        if (lastAction > block.timestamp) lastAction = feed.lastActionAt;
        if (updatedAt < lastAction) revert ReservePredatesAction(updatedAt, lastAction);
        // Positive, and at most 2^192 - 1: scaled by 18 digits, it still fits.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint256 reserves = uint256(answer);
        reserves =
            feed.decimals > DECIMALS
                ? reserves / 10 ** (feed.decimals - DECIMALS)
                : reserves * 10 ** (DECIMALS - feed.decimals);
        return (((reserves * feed.chainShareBps) / BPS) * (BPS - feed.marginBps)) / BPS;
    }

    function _setReserveFeed(ReserveFeed memory feed) internal {
        if (feed.feed != address(0)) {
            if (feed.feed.code.length == 0) revert InvalidConfig("feed");
            feed.decimals = IAggregatorV3(feed.feed).decimals();
            if (feed.decimals > MAX_FEED_DECIMALS) revert InvalidConfig("decimals");
            if (feed.heartbeat == 0 || feed.heartbeat > MAX_HEARTBEAT) revert InvalidConfig("heartbeat");
            if (feed.marginBps >= BPS) revert InvalidConfig("marginBps");
            if (feed.chainShareBps == 0 || feed.chainShareBps > BPS) revert InvalidConfig("chainShareBps");
        }
        feed.lastActionAt = _issuance().feed.lastActionAt;
        _issuance().feed = feed;
        emit ReserveFeedUpdated(feed);
    }

    /// @dev Keeps the time of the last action, whose place in the state one to come takes.
    function _rememberAction(TokenState state) internal {
        // forge-lint: disable-next-line(unsafe-typecast) -- past, and 32 bits last until 2106
        _issuance().feed.lastActionAt = uint32(state.effectiveAt());
    }

    function _lastActionAt() internal view returns (uint256) {
        return _issuance().feed.lastActionAt;
    }

    function _setMintLimits(MintLimits memory limits) internal {
        if (limits.window == 0) revert InvalidConfig("window");
        _issuance().globalBucket.updateSettings(limits.window, limits.globalCapacity);
        _issuance().minterBuckets.updateSettings(limits.window, limits.minterCapacity);
        emit MintLimitsUpdated(limits);
    }

    function _setCap(uint128 capShares_) internal {
        if (capShares_ > MAX_SHARES) revert InvalidConfig("capShares");
        _ledger().capShares = capShares_;
        emit CapUpdated(capShares_);
    }

    function _keyOf(address minter) private pure returns (bytes32) {
        return bytes32(uint256(uint160(minter)));
    }

    function _issuance() private pure returns (IssuanceStorage storage $) {
        assembly {
            $.slot := ISSUANCE_STORAGE
        }
    }
}
