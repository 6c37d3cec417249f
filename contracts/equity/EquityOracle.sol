// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Managed} from "../access/Managed.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {ICorporateActions} from "./interfaces/ICorporateActions.sol";
import {IEquityOracle} from "./interfaces/IEquityOracle.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";

/// @title EquityOracle
/// @notice See {IEquityOracle}, which holds the prose. Immutable.
/// @dev A report reads two words, the feed's and its last round's, and writes two; a candidate has a word of its own.
///
/// Identity: observations of rounds increase, and none is of before the action that its multiplier came from.
contract EquityOracle is IEquityOracle, Managed {
    struct Feed {
        /// 40 bits a session, in the order of {Session}: its greatest age, then in the lower 16 its greatest move. All
        /// zero: there is no feed.
        uint120 limits;
        uint24 minInterval;
        /// Of the last report, whatever became of it.
        uint40 observedAt;
        uint32 latestRound;
        Session session;
        bool paused;
        bool hasCandidate;
    }

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_PRICE = type(uint128).max;
    uint256 private constant MAX_AGE = 7 days;
    uint256 private constant MAX_MOVE_BPS = 5_000;
    uint256 private constant MAX_INTERVAL = 1 hours;
    uint256 private constant MAX_GRACE_PERIOD = 1 days;

    uint256 private constant LIMIT_BITS = 40;
    uint256 private constant MOVE_BITS = 16;

    IAggregatorV3 private immutable _sequencerFeed;
    uint256 private immutable _gracePeriod;

    mapping(address token => Feed) private _feeds;
    mapping(address token => Candidate) private _candidates;
    mapping(address token => mapping(uint256 roundId => Round)) private _rounds;

    /// @notice Reverts with `InvalidSequencer` for a feed without code, and for a grace period that is none, over a day, or
    /// without a feed.
    /// @param authority_ The suite's AccessManager.
    /// @param sequencerFeed_ Chainlink's uptime feed of the chain's sequencer; 0 on a chain that has none.
    /// @param gracePeriod_ Seconds after an outage in which {priceOf} still answers nothing; 0 without a feed.
    constructor(address authority_, address sequencerFeed_, uint256 gracePeriod_) Managed(authority_) {
        bool valid =
            sequencerFeed_ == address(0)
                ? gracePeriod_ == 0
                : sequencerFeed_.code.length != 0 && gracePeriod_ != 0 && gracePeriod_ <= MAX_GRACE_PERIOD;
        if (!valid) revert InvalidSequencer(sequencerFeed_, gracePeriod_);
        _sequencerFeed = IAggregatorV3(sequencerFeed_);
        _gracePeriod = gracePeriod_;
    }

    /// @inheritdoc IEquityOracle
    function update(
        address token,
        int256 price,
        uint256 observedAt,
        Session session,
        uint256 multiplierNonce
    ) external restricted {
        Feed memory feed = _openFeed(token);
        if (feed.hasCandidate) revert CandidatePending(token);
        Round memory last = _rounds[token][feed.latestRound];
        uint256 actionAt = _checkMultiplier(token, multiplierNonce, last.multiplierNonce);
        // forge-lint: disable-next-line(unsafe-typecast) -- positive where it is cast
        if (price <= 0 || uint256(price) > MAX_PRICE) revert BadPrice(price);
        // A price of before a split, taken for one of after it, would be wrong by the split.
        uint256 earliest = feed.observedAt < actionAt ? actionAt : uint256(feed.observedAt) + 1;
        if (observedAt < earliest || observedAt > block.timestamp) {
            revert BadObservation(observedAt, earliest, block.timestamp);
        }

        Candidate memory report = Candidate({
            // forge-lint: disable-next-line(unsafe-typecast) -- at most MAX_PRICE
            price: uint128(uint256(price)),
            // forge-lint: disable-next-line(unsafe-typecast) -- not later than now
            observedAt: uint40(observedAt),
            // forge-lint: disable-next-line(unsafe-typecast) -- actions are an hour apart
            multiplierNonce: uint32(multiplierNonce),
            session: session
        });
        feed.observedAt = report.observedAt;
        if (session == Session.Halted) {
            feed.session = Session.Halted;
            _feeds[token] = feed;
            emit MarketHalted(token, observedAt);
        } else if (_isBeyond(last.price, report.price, _limitOf(feed.limits, session))) {
            (feed.session, feed.hasCandidate) = (Session.Halted, true);
            (_feeds[token], _candidates[token]) = (feed, report);
            emit CandidateProposed(token, report.price, last.price, observedAt, session);
        } else {
            // A limit on moves is none if many small ones can follow each other at once.
            uint256 next = uint256(last.acceptedAt) + feed.minInterval;
            if (block.timestamp < next) revert UpdateTooSoon(next);
            _accept(token, feed, report);
        }
    }

    /// @inheritdoc IEquityOracle
    function confirm(address token, uint256 price, uint256 observedAt) external restricted {
        Feed memory feed = _openFeed(token);
        Candidate memory candidate = _takeCandidate(token, feed, price, observedAt);
        uint256 roundId = _accept(token, feed, candidate);
        emit CandidateConfirmed(token, roundId, msg.sender);
    }

    /// @inheritdoc IEquityOracle
    function reject(address token, uint256 price, uint256 observedAt) external restricted {
        Feed memory feed = _feed(token);
        _takeCandidate(token, feed, price, observedAt);
        _feeds[token] = feed;
        emit CandidateRejected(token, price, observedAt, msg.sender);
    }

    /// @inheritdoc IEquityOracle
    function pause(address token) external restricted {
        Feed memory feed = _feed(token);
        (feed.session, feed.paused) = (Session.Halted, true);
        _feeds[token] = feed;
        emit UpdatesPaused(token);
    }

    /// @inheritdoc IEquityOracle
    function unpause(address token) external restricted {
        Feed memory feed = _feed(token);
        feed.paused = false;
        _feeds[token] = feed;
        emit UpdatesResumed(token);
    }

    /// @inheritdoc IEquityOracle
    function setLimits(address token, uint24 minInterval, SessionLimits[3] calldata limits) external restricted {
        if (token.code.length == 0) revert InvalidToken(token);
        if (minInterval == 0 || minInterval > MAX_INTERVAL) revert BadInterval(minInterval);
        uint256 packed;
        for (uint256 i = 0; i < limits.length; ++i) {
            (uint256 maxAge, uint256 maxMoveBps) = (limits[i].maxAge, limits[i].maxMoveBps);
            bool valid = maxAge != 0 && maxAge <= MAX_AGE && maxMoveBps != 0 && maxMoveBps <= MAX_MOVE_BPS;
            if (!valid) revert BadLimits(Session(i), maxAge, maxMoveBps);
            packed |= ((maxAge << MOVE_BITS) | maxMoveBps) << (i * LIMIT_BITS);
        }
        Feed storage feed = _feeds[token];
        // forge-lint: disable-next-line(unsafe-typecast) -- three times 40 bits
        (feed.limits, feed.minInterval) = (uint120(packed), minInterval);
        emit LimitsUpdated(token, minInterval, limits);
    }

    /// @inheritdoc IEquityOracle
    function priceOf(address token) external view returns (uint256 price, uint256 observedAt) {
        _checkSequencer();
        Feed memory feed = _feeds[token];
        if (feed.latestRound == 0) revert NoDataPresent(token, 0);
        if (feed.session == Session.Halted) revert PriceHalted(token);
        Round memory last = _rounds[token][feed.latestRound];
        (price, observedAt) = (last.price, last.observedAt);
        uint256 maxAge = _limitOf(feed.limits, feed.session) >> MOVE_BITS;
        if (block.timestamp - observedAt > maxAge) revert StalePrice(observedAt, maxAge);
    }

    /// @inheritdoc IEquityOracle
    function latestRoundData(
        address token
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)
    {
        return getRoundData(token, _feeds[token].latestRound);
    }

    /// @inheritdoc IEquityOracle
    function getRoundData(
        address token,
        uint80 roundId
    ) public view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound) {
        Round memory round = roundOf(token, roundId);
        return (roundId, int256(uint256(round.price)), round.observedAt, round.observedAt, roundId);
    }

    /// @inheritdoc IEquityOracle
    function roundOf(address token, uint256 roundId) public view returns (Round memory round) {
        round = _rounds[token][roundId];
        // No accepted price is zero.
        if (round.price == 0) revert NoDataPresent(token, roundId);
    }

    /// @inheritdoc IEquityOracle
    function latestRound(address token) external view returns (uint256) {
        return _feeds[token].latestRound;
    }

    /// @inheritdoc IEquityOracle
    function candidateOf(address token) external view returns (Candidate memory) {
        return _candidates[token];
    }

    /// @inheritdoc IEquityOracle
    function sessionOf(address token) external view returns (Session) {
        return _feeds[token].session;
    }

    /// @inheritdoc IEquityOracle
    function isPaused(address token) external view returns (bool) {
        return _feeds[token].paused;
    }

    /// @inheritdoc IEquityOracle
    function lastObservation(address token) external view returns (uint256) {
        return _feeds[token].observedAt;
    }

    /// @inheritdoc IEquityOracle
    function limitsOf(address token) external view returns (uint256 minInterval, SessionLimits[3] memory limits) {
        Feed memory feed = _feeds[token];
        minInterval = feed.minInterval;
        for (uint256 i = 0; i < limits.length; ++i) {
            uint256 limit = _limitOf(feed.limits, Session(i));
            // forge-lint: disable-next-line(unsafe-typecast) -- the two parts of 40 bits
            limits[i] = SessionLimits({maxAge: uint24(limit >> MOVE_BITS), maxMoveBps: uint16(limit)});
        }
    }

    /// @inheritdoc IEquityOracle
    function decimals() external pure returns (uint8) {
        return 8;
    }

    /// @inheritdoc IEquityOracle
    function sequencer() external view returns (address feed, uint256 gracePeriod) {
        return (address(_sequencerFeed), _gracePeriod);
    }

    /// @dev Writes the feed and the next round.
    function _accept(address token, Feed memory feed, Candidate memory report) private returns (uint256 roundId) {
        roundId = ++feed.latestRound;
        feed.session = report.session;
        _feeds[token] = feed;
        _rounds[token][roundId] = Round({
            price: report.price,
            observedAt: report.observedAt,
            acceptedAt: uint40(block.timestamp),
            multiplierNonce: report.multiplierNonce,
            session: report.session
        });
        emit PriceUpdated(token, roundId, report.price, report.observedAt, report.session);
    }

    /// @dev Takes the candidate out; the caller writes the feed.
    function _takeCandidate(
        address token,
        Feed memory feed,
        uint256 price,
        uint256 observedAt
    ) private returns (Candidate memory candidate) {
        if (!feed.hasCandidate) revert NoCandidate(token);
        candidate = _candidates[token];
        if (price != candidate.price || observedAt != candidate.observedAt) {
            revert NotTheCandidate(candidate.price, candidate.observedAt);
        }
        feed.hasCandidate = false;
        delete _candidates[token];
    }

    /// @dev Reverts where the nonce is not the token's. Answers when its last action took effect; 0 where the last round
    /// was computed after it already, so that no later observation can be of before.
    function _checkMultiplier(address token, uint256 given, uint256 known) private view returns (uint256 actionAt) {
        ICorporateActions actions = ICorporateActions(IEquityToken(token).corporateActions());
        uint256 expected = actions.nonce(token);
        if (given != expected) revert StaleMultiplier(expected, given);
        if (expected != known) actionAt = actions.actionOf(token, expected - 1).effectiveAt;
    }

    function _checkSequencer() private view {
        if (address(_sequencerFeed) == address(0)) return;
        (, int256 answer, uint256 upSince, , ) = _sequencerFeed.latestRoundData();
        // 0 is up. A feed that was never updated answers 0 too, and says so by a time of 0.
        if (answer != 0 || upSince == 0) revert SequencerDown();
        if (upSince > block.timestamp || block.timestamp - upSince <= _gracePeriod) {
            revert SequencerGracePeriod(upSince, _gracePeriod);
        }
    }

    /// @dev A feed that takes prices.
    function _openFeed(address token) private view returns (Feed memory feed) {
        feed = _feed(token);
        if (feed.paused) revert FeedPaused(token);
    }

    function _feed(address token) private view returns (Feed memory feed) {
        feed = _feeds[token];
        if (feed.limits == 0) revert UnknownToken(token);
    }

    /// @dev Whether the move is beyond the limit, whose lower 16 bits are in basis points; from nothing, every one is.
    function _isBeyond(uint256 from, uint256 to, uint256 limit) private pure returns (bool) {
        uint256 move = from < to ? to - from : from - to;
        // forge-lint: disable-next-line(unsafe-typecast) -- the lower 16 bits are meant
        return move * BPS > from * uint16(limit);
    }

    /// @dev The 40 bits of a session, which is not Halted.
    function _limitOf(uint256 limits, Session session) private pure returns (uint256) {
        return uint40(limits >> (uint256(session) * LIMIT_BITS));
    }
}
