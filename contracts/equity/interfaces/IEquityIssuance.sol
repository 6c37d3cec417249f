// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IEquityIssuance
/// @notice What bounds the making of tokenized stocks: a cap, two buckets that refill, the reserves in custody, and each
/// request once. Every mint of every token asks here, whoever mints. Cap and buckets are in shares, which no split changes.
/// A feed that cannot be used stops mints and nothing else.
///
/// Identity: after a mint, total shares <= cap, and floor(total shares · multiplier / 1e18) <= what the reserves allow,
/// where the multiplier is the one to come if that may be a dividend's.
///
/// What may be minted within a window is at most twice a bucket: a full one, and what flows in meanwhile.
///
/// Immutable, one for all tokens, and named by their code: another comes with an upgrade, after seven days. Powers, through
/// the suite's AccessManager: the first configuration of a token (REGISTRAR, which the factory holds), and each change of
/// it (CONFIG, after two days).
interface IEquityIssuance {
    /// @notice Where the number of stocks in custody is read.
    struct ReserveFeed {
        /// Chainlink's AggregatorV3 of the stocks held, in its own decimals; 0: nothing can be minted.
        address feed;
        /// Read from the feed when it is set.
        uint8 decimals;
        /// Oldest answer that counts, in seconds: at most seven days.
        uint24 heartbeat;
        /// What must stay uncovered, in basis points.
        uint16 marginBps;
        /// This chain's part of the reserves, in basis points; over all chains at most 10,000.
        uint16 chainShareBps;
    }

    /// @notice Buckets in shares: full at first, and refilled over a window of seconds.
    struct MintLimits {
        uint48 window;
        uint104 globalCapacity;
        /// Of each minter.
        uint104 minterCapacity;
    }

    /// @notice A token's bounds.
    struct Bounds {
        uint112 capShares;
        ReserveFeed feed;
        MintLimits limits;
    }

    /// @notice Most shares of the token that may exist.
    event CapUpdated(address indexed token, uint256 capShares);

    /// @notice Where the token's reserves are read.
    event ReserveFeedUpdated(address indexed token, ReserveFeed feed);

    /// @notice How fast the token may be minted.
    event MintLimitsUpdated(address indexed token, MintLimits limits);

    /// @notice A field is not usable.
    error InvalidConfig(string field);

    /// @notice The token has its first configuration.
    error AlreadyConfigured(address token);

    /// @notice More shares would exist than may.
    error CapExceeded(uint256 shares, uint256 cap);

    /// @notice A bucket has less left: of the minter, or with `minter` 0 of all.
    error MintLimitExceeded(address minter, uint256 shares, uint256 available);

    /// @notice The supply would exceed what the reserves allow.
    error InsufficientReserves(uint256 supply, uint256 allowed);

    /// @notice The feed gave no answer. Where what it gave cannot be read as one, the call reverts without a reason.
    error ReserveFeedUnavailable(address feed);

    /// @notice The feed's answer is no number of stocks.
    error BadReserveAnswer(int256 answer);

    /// @notice The feed counts in other decimals than when it was set.
    error BadReserveDecimals(uint256 decimals, uint256 expected);

    /// @notice The feed's answer is of no time, or of a time to come.
    error BadReserveTime(uint256 updatedAt);

    /// @notice The feed's answer is older than its heartbeat.
    error StaleReserve(uint256 updatedAt, uint256 heartbeat);

    /// @notice The feed's answer is of before the last corporate action, and may count other stocks.
    error ReservePredatesAction(uint256 updatedAt, uint256 effectiveAt);

    /// @notice The request was minted for before.
    error RequestUsed(bytes32 requestId);

    /// @notice Sets a token's first bounds, once. Role: REGISTRAR.
    function configure(address token, Bounds calldata bounds) external;

    /// @notice Sets the most shares that may exist. Role: CONFIG, after two days.
    function setCap(address token, uint112 capShares) external;

    /// @notice Sets where reserves are read; the decimals are read from it. Role: CONFIG, after two days.
    function setReserveFeed(address token, ReserveFeed calldata feed) external;

    /// @notice Sets how fast may be minted. Role: CONFIG, after two days.
    function setMintLimits(address token, MintLimits calldata limits) external;

    /// @notice Uses up the request and the buckets' room, and checks cap and reserves. Called by the token, for itself.
    /// @param minter Who asked the token.
    /// @param requestId What the mint is for.
    /// @param shares To be made.
    /// @param totalShares With them.
    /// @param multiplier By which they must be covered.
    /// @param lastActionAt When the token's last corporate action took effect.
    function admitMint(
        address minter,
        bytes32 requestId,
        uint256 shares,
        uint256 totalShares,
        uint256 multiplier,
        uint256 lastActionAt
    ) external;

    /// @notice The supply that the reserves allow now, in tokens, rounded down. Reverts where the feed cannot be used.
    function allowedSupply(address token) external view returns (uint256);

    /// @notice Whether a request of the token was minted for.
    function isRequestUsed(address token, bytes32 requestId) external view returns (bool);

    /// @notice What may be minted now by this minter, in shares, by the buckets alone.
    function mintable(address token, address minter) external view returns (uint256 shares);

    /// @notice A token's bounds.
    function boundsOf(address token) external view returns (Bounds memory);
}
