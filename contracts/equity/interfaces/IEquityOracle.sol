// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IEquityOracle
/// @notice Prices of stocks, one for each {IEquityToken}: of a SHARE, not of a token. A share keeps its dividends and its
/// parts of splits, so its price is continuous through corporate actions: a 10:1 split makes ten tokens of a share, and
/// leaves the share's price alone. Feeds with Chainlink's face stand before it, one of the wrapper (whose unit is a share)
/// and one of the token.
///
/// Prices are in US dollars with 8 decimals, and at most 2^128 - 1. Whoever reports has multiplied the price of the stock
/// by the token's multiplier, and says by its nonce by which: a report that was made with another multiplier than the one
/// in effect is refused, and so is one that was observed before the last corporate action.
///
/// No price is clamped. A move beyond its session's limit, and a first price, which has nothing to be measured by, become
/// a candidate: the feed halts, and a second role takes exactly that price or drops it. Until then nothing else is taken.
///
/// {priceOf} is for contracts that act on prices: it reverts rather than answer in doubt. {latestRoundData} and
/// {getRoundData} are Chainlink's: they keep answering the last good price, with the time at which it was observed.
///
/// What a stolen key of an updater can do: move the price by its session's limit, once in the minimum interval, until the
/// feed is paused. A stolen key of a confirmer can do nothing without the updater's.
///
/// Powers, through the suite's AccessManager: report (at once), confirm and reject (at once), pause a feed (at once) and
/// resume it (after a day), limits (after two days). There is no owner and no upgrade.
interface IEquityOracle {
    /// @notice What the stock's market does.
    enum Session {
        Regular,
        /// Before and after hours.
        Extended,
        /// Nights, weekends, holidays.
        Closed,
        /// No price is to be relied on.
        Halted
    }

    /// @notice Limits of a session.
    struct SessionLimits {
        /// Oldest observation that {priceOf} answers, in seconds: from 1 to 7 days.
        uint24 maxAge;
        /// Largest move from one price to the next, up or down, in basis points of the former: from 1 to 5,000.
        uint16 maxMoveBps;
    }

    /// @notice An accepted price.
    struct Round {
        /// Of a share, in US dollars with 8 decimals.
        uint128 price;
        uint40 observedAt;
        /// When it was accepted: later than reported, where it was a candidate.
        uint40 acceptedAt;
        /// Nonce of the multiplier by which it was computed.
        uint32 multiplierNonce;
        Session session;
    }

    /// @notice A price that waits for the second role; price 0: none does.
    struct Candidate {
        uint128 price;
        uint40 observedAt;
        uint32 multiplierNonce;
        Session session;
    }

    /// @notice A price was accepted.
    event PriceUpdated(
        address indexed token,
        uint256 indexed roundId,
        uint256 price,
        uint256 observedAt,
        Session session
    );

    /// @notice A price waits for the second role, and the feed halts. `previous` is the last good one, 0: there is none.
    event CandidateProposed(
        address indexed token,
        uint256 price,
        uint256 previous,
        uint256 observedAt,
        Session session
    );

    /// @notice The second role took the candidate, which became this round.
    event CandidateConfirmed(address indexed token, uint256 indexed roundId, address confirmer);

    /// @notice The second role dropped the candidate. The feed stays halted until the next price is accepted.
    event CandidateRejected(address indexed token, uint256 price, uint256 observedAt, address confirmer);

    /// @notice The market halted the stock.
    event MarketHalted(address indexed token, uint256 observedAt);

    /// @notice The feed takes no report, and {priceOf} answers nothing.
    event UpdatesPaused(address indexed token);

    /// @notice The feed takes reports again. It stays halted until the next price is accepted.
    event UpdatesResumed(address indexed token);

    /// @notice A feed's limits, by session.
    event LimitsUpdated(address indexed token, uint256 minInterval, SessionLimits[3] limits);

    /// @notice A sequencer's feed without code, or a grace period that is none, or over a day, or without a feed.
    error InvalidSequencer(address feed, uint256 gracePeriod);

    /// @notice The token has no code.
    error InvalidToken(address token);

    /// @notice The session's limits are out of bounds.
    error BadLimits(Session session, uint256 maxAge, uint256 maxMoveBps);

    /// @notice Not from a second to an hour.
    error BadInterval(uint256 minInterval);

    /// @notice The token has no limits, and therefore no feed.
    error UnknownToken(address token);

    /// @notice The report was computed with another multiplier than the one in effect.
    error StaleMultiplier(uint256 expected, uint256 given);

    /// @notice Not from 1 to 2^128 - 1.
    error BadPrice(int256 price);

    /// @notice The observation is not later than the last, is of before the last corporate action, or is yet to come.
    error BadObservation(uint256 observedAt, uint256 earliest, uint256 latest);

    /// @notice The last price was accepted too short a time ago.
    error UpdateTooSoon(uint256 earliest);

    /// @notice A candidate waits for the second role.
    error CandidatePending(address token);

    /// @notice No candidate waits.
    error NoCandidate(address token);

    /// @notice The candidate that waits is this one.
    error NotTheCandidate(uint256 price, uint256 observedAt);

    /// @notice The feed is paused.
    error FeedPaused(address token);

    /// @notice There is no such round.
    error NoDataPresent(address token, uint256 roundId);

    /// @notice The market, a candidate or a pause halts the feed.
    error PriceHalted(address token);

    /// @notice The last price is older than its session allows.
    error StalePrice(uint256 observedAt, uint256 maxAge);

    /// @notice The chain's sequencer is down, or its feed does not know.
    error SequencerDown();

    /// @notice The chain's sequencer came up at `upSince`, and whoever could not act meanwhile has until `gracePeriod`
    /// seconds later.
    error SequencerGracePeriod(uint256 upSince, uint256 gracePeriod);

    /// @notice Reports a price. Beyond the session's limit, or as the token's first, it becomes a candidate and halts the
    /// feed. In session Halted it halts the feed and is not kept. Role: ORACLE_UPDATER.
    ///
    /// Reverts with `UnknownToken`, `FeedPaused`, `CandidatePending`, `StaleMultiplier`, `BadPrice`, `BadObservation`, and,
    /// where the price would be accepted, `UpdateTooSoon`.
    /// @param price Of a share, in US dollars with 8 decimals.
    /// @param observedAt Unix seconds.
    /// @param multiplierNonce Corporate actions that had taken effect, see {ICorporateActions.nonce}.
    function update(address token, int256 price, uint256 observedAt, Session session, uint256 multiplierNonce) external;

    /// @notice Takes the candidate, with the time at which it was observed. The arguments say which, so that nobody
    /// confirms another one than he saw. Role: ORACLE_CONFIRMER.
    ///
    /// Reverts with `UnknownToken`, `FeedPaused`, `NoCandidate` and `NotTheCandidate`.
    function confirm(address token, uint256 price, uint256 observedAt) external;

    /// @notice Drops the candidate. The feed stays halted until the next price is accepted. Role: ORACLE_CONFIRMER.
    ///
    /// Reverts with `UnknownToken`, `NoCandidate` and `NotTheCandidate`.
    function reject(address token, uint256 price, uint256 observedAt) external;

    /// @notice Stops a feed: no report is taken, no candidate confirmed, and {priceOf} reverts. Role: PAUSER.
    function pause(address token) external;

    /// @notice Lets a feed go on. It stays halted until the next price is accepted. Role: UNPAUSER, after a day.
    function unpause(address token) external;

    /// @notice Sets a token's limits; the first ones make its feed. Role: CONFIG, after two days.
    ///
    /// Reverts with `InvalidToken`, `BadInterval` and `BadLimits`.
    /// @param minInterval Seconds that must pass from one accepted price to the next: from 1 to 3,600.
    /// @param limits Of the sessions Regular, Extended and Closed.
    function setLimits(address token, uint24 minInterval, SessionLimits[3] calldata limits) external;

    /// @notice The price of a share, for contracts that act on it.
    ///
    /// Reverts with `SequencerDown`, `SequencerGracePeriod`, `NoDataPresent`, `PriceHalted` and `StalePrice`, or as the
    /// sequencer's feed does.
    /// @return price In US dollars with 8 decimals.
    /// @return observedAt Unix seconds.
    function priceOf(address token) external view returns (uint256 price, uint256 observedAt);

    /// @notice The last good price of a share, however old, as Chainlink answers. Both times are that of the observation.
    /// Reverts with `NoDataPresent`.
    function latestRoundData(
        address token
    )
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice A price of a share by its round, from 1, as Chainlink answers. Reverts with `NoDataPresent`.
    function getRoundData(
        address token,
        uint80 roundId
    ) external view returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice All of a round. Reverts with `NoDataPresent`.
    function roundOf(address token, uint256 roundId) external view returns (Round memory);

    /// @notice Id of the last round; 0: none.
    function latestRound(address token) external view returns (uint256);

    /// @notice The candidate that waits; with price 0 none does.
    function candidateOf(address token) external view returns (Candidate memory);

    /// @notice The session of the last report; Halted also for a candidate or a pause, and after them until the next price.
    function sessionOf(address token) external view returns (Session);

    /// @notice Whether the feed is paused.
    function isPaused(address token) external view returns (bool);

    /// @notice Time of the last report's observation, whatever became of it; the next must be later.
    function lastObservation(address token) external view returns (uint256);

    /// @notice Limits; all 0 for a token without a feed.
    function limitsOf(address token) external view returns (uint256 minInterval, SessionLimits[3] memory limits);

    /// @notice Decimals of prices: 8.
    function decimals() external pure returns (uint8);

    /// @notice The sequencer's uptime feed, 0: none, and how long after an outage {priceOf} waits, in seconds.
    function sequencer() external view returns (address feed, uint256 gracePeriod);
}
