// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ICorporateActions
/// @notice What companies do to their stocks, as multipliers of tokenized stocks: scheduled, typed, bounded, with notice,
/// and with a history that nobody rewrites. It judges; the token keeps the multiplier and applies it in its second.
///
/// One action at a time is to come; a second is refused, not put in the first one's place. The multiplier that it brings
/// is computed here from a ratio, rounded down. Periodic fees run beside: anybody may apply what has accrued, by powers of
/// the rate and without a loop over time, two percent at most, once a period at most, and not while an action is to come.
///
/// Powers, through the suite's AccessManager: schedule and cancel (at once, because the notice is the delay), fees (after
/// two days), upgrade (after seven).
interface ICorporateActions {
    /// @notice Kinds of actions, with the bounds of their ratio.
    enum Kind {
        /// More stocks: over 1, to 1,000. With a day of notice.
        Split,
        /// Fewer stocks: from 1 in 1,000 to under 98 in 100, where fees end. With a day of notice. Makes older allowances
        /// void.
        ReverseSplit,
        /// A dividend that is reinvested: over 1, to 1.25, within the reserves. With an hour of notice.
        Dividend,
        /// A fee: from 98 in 100 to under 1. With a day of notice.
        Fee,
        /// What has accrued of the periodic fee; nobody schedules it.
        PeriodicFee
    }

    /// @notice An action to schedule.
    struct Action {
        Kind kind;
        /// Unix seconds.
        uint40 effectiveAt;
        /// How long before and after it transfers halt: at most 15, and only of a split or reverse split.
        uint8 haltMinutes;
        uint96 numerator;
        uint96 denominator;
        /// Digest of the document that announces it.
        bytes32 document;
    }

    /// @notice An action of the history.
    struct Record {
        Kind kind;
        uint40 effectiveAt;
        /// The multiplier from then on.
        uint88 multiplier;
        uint96 numerator;
        uint96 denominator;
        bytes32 document;
    }

    /// @notice A fee that runs.
    struct PeriodicFee {
        /// What is kept each period, with 18 decimals; 0: no fee.
        uint64 keep;
        /// Seconds.
        uint32 period;
        /// Until when it was applied.
        uint40 accruedUntil;
        /// When it was applied last.
        uint40 appliedAt;
    }

    /// @notice An action is to come; it will be number `nonce`.
    event ActionScheduled(address indexed token, uint256 indexed nonce, Record action, uint256 haltMinutes);

    /// @notice An action that was to come will not.
    event ActionCanceled(address indexed token, uint256 indexed nonce);

    /// @notice A fee runs from now on, or with `keep` 0 none does; what had accrued and was not applied is waived.
    event FeeUpdated(address indexed token, uint256 keep, uint256 period);

    /// @notice Accrued fees were applied, as action number `nonce`.
    event FeeApplied(address indexed token, uint256 indexed nonce, uint256 periods, uint256 multiplier);

    /// @notice Another action is to come at `effectiveAt`.
    error ScheduleOverlap(uint256 effectiveAt);

    /// @notice The caller counted other actions than there were.
    error StaleNonce(uint256 expected, uint256 nonce);

    /// @notice Too soon, or too far.
    error BadEffectiveAt(uint256 effectiveAt, uint256 earliest, uint256 latest);

    /// @notice Not a ratio of this kind of action.
    error BadRatio(Kind kind, uint256 numerator, uint256 denominator);

    /// @notice The multiplier would leave its bounds.
    error MultiplierOutOfRange(uint256 multiplier);

    /// @notice Longer than fifteen minutes, or of an action that is no split.
    error BadHalt(Kind kind, uint256 haltMinutes);

    /// @notice There have been as many reverse splits as allowances can tell apart.
    error TooManyReverseSplits();

    /// @notice The reserves do not cover the dividend.
    error DividendNotCovered(uint256 supply, uint256 allowed);

    /// @notice No action is to come.
    error NothingScheduled();

    /// @notice Not a fee: it keeps nothing, or all, or takes over two percent a period, or its period is out of bounds.
    error BadFee(uint256 keep, uint256 period);

    /// @notice No period has passed since the fee was applied last.
    error NothingAccrued(uint256 next);

    /// @notice Schedules an action. Role: CORP_ACTION.
    /// @param expectedNonce How many actions of the token have taken effect, see {nonce}.
    function scheduleAction(address token, Action calldata action, uint256 expectedNonce) external;

    /// @notice Calls off the action that is to come. Role: CORP_ACTION.
    /// @param expectedNonce How many actions of the token have taken effect, see {nonce}.
    function cancelAction(address token, uint256 expectedNonce) external;

    /// @notice The same by who watches: a notice is worth its name where somebody else can act on it. Role: GUARDIAN.
    /// @param expectedNonce How many actions of the token have taken effect, see {nonce}.
    function vetoAction(address token, uint256 expectedNonce) external;

    /// @notice Sets the periodic fee; `keep` and `period` 0 end it. Role: CONFIG, after two days.
    /// @param keep What is kept each period, with 18 decimals.
    /// @param period Seconds, from a day to 366 days.
    function setFee(address token, uint64 keep, uint32 period) external;

    /// @notice Applies what has accrued of the periodic fee, two percent at most. Anybody.
    ///
    /// Rounded down: below the exact power by the multiplier's last digit and four parts in 10^18 a period at most, in the
    /// issuer's favour. It counts as an action: a schedule that was sent before it, and is mined after, must be sent again.
    /// @return multiplier The new one.
    function poke(address token) external returns (uint256 multiplier);

    /// @notice How many actions of the token have taken effect. It never falls.
    function nonce(address token) external view returns (uint256);

    /// @notice An action by its number, from 0; the one at {nonce} is to come.
    function actionOf(address token, uint256 index) external view returns (Record memory);

    /// @notice Actions, the one that is to come among them.
    function actionCount(address token) external view returns (uint256);

    /// @notice The periodic fee.
    function feeOf(address token) external view returns (PeriodicFee memory);
}
