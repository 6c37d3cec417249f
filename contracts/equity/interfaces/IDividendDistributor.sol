// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IDividendDistributor
/// @notice Dividends of tokenized stocks that are paid in money, to whoever held at a snapshot. Immutable, one for all
/// tokens, with one currency.
///
/// Each share of the snapshot is claimed for in one place: where an account holds it, by the account; where the wrapper
/// does, by who has its unit; where the redemption queue does, by the request's requester. Wrapper, queue, token and
/// distributor claim nothing for themselves. Anybody may claim for anybody, and the money goes to nobody else. What moves
/// after the snapshot, or is wrapped, unwrapped, requested or taken back, changes nothing.
///
/// Accounting: per share = floor(funded · 2^128 / shares at the snapshot), a claim = floor(shares · per share / 2^128).
/// Identity, for each dividend: paid + claimable + dust = funded, where blocked accounts' parts are claimable once they are
/// no longer blocked, and dust is what rounding leaves and what nobody can claim for. Each (dividend, kind, key) is paid at
/// most once, and no dividend pays more than it was funded with, whatever the token says of shares.
///
/// Powers, through the suite's AccessManager: fund (CORP_ACTION, at once, with its own money); take back what is left of a
/// dividend after two years (CONFIG, after two days). There is none over what is claimed before.
interface IDividendDistributor {
    /// @notice Where shares were at the snapshot.
    enum Kind {
        /// An account's own. Key: the account.
        Account,
        /// Units of the wrapper. Key: the account.
        Wrapped,
        /// A request of the redemption queue. Key: the request's id.
        Request
    }

    /// @notice A dividend.
    struct Dividend {
        address token;
        uint16 snapshot;
        /// Unix seconds.
        uint40 fundedAt;
        /// True once what was left was taken back: nothing can be claimed.
        bool closed;
        /// What arrived, in units of the currency.
        uint128 funded;
        /// What of it was claimed.
        uint128 paid;
        /// In units of the currency, times 2^128.
        uint256 perShare;
    }

    /// @notice A dividend can be claimed.
    /// @param funded What arrived.
    /// @param document Digest of the document that announces it.
    event DividendFunded(
        uint256 indexed id,
        address indexed token,
        uint256 indexed snapshot,
        uint256 funded,
        uint256 perShare,
        bytes32 document
    );

    /// @notice An account was paid.
    event DividendClaimed(uint256 indexed id, Kind kind, uint256 indexed key, address indexed account, uint256 amount);

    /// @notice A batch went past an account: it has nothing to claim now (`amount` 0), or the currency refused to go there.
    event ClaimSkipped(uint256 indexed id, address indexed account, uint256 amount);

    /// @notice What was left of a dividend was taken back.
    event DividendReclaimed(uint256 indexed id, address indexed to, uint256 amount);

    /// @notice The address has no code.
    error InvalidContract(address account);

    /// @notice Nobody held a share at the snapshot.
    error NoShares(address token, uint256 snapshot);

    /// @notice The amount is too small to be told apart from nothing for each share.
    error AmountTooSmall(uint256 amount, uint256 totalShares);

    /// @notice There is no such dividend.
    error UnknownDividend(uint256 id);

    /// @notice What was left of the dividend was taken back.
    error DividendIsClosed(uint256 id);

    /// @notice What is left cannot be taken back yet.
    error TooEarly(uint256 reclaimableAt);

    /// @notice The account's shares are others', who claim for them.
    error NotClaimant(address account);

    /// @notice The registry blocks the account: its part waits.
    error AccountBlocked(address account);

    /// @notice Paid before.
    error AlreadyClaimed(uint256 id, Kind kind, uint256 key);

    /// @notice There were no shares at the snapshot, or too few for a unit of the currency.
    error NothingToClaim(uint256 id, Kind kind, uint256 key);

    /// @notice The token speaks of more shares than there were: the claim is over what is left.
    error ExceedsFunded(uint256 id, uint256 amount, uint256 left);

    /// @notice A batch is longer than the limit.
    error BatchTooLarge(uint256 length, uint256 max);

    /// @notice The batch was given too little gas to tell whether this element fails.
    error InsufficientGas(uint256 index);

    /// @notice What is left cannot go there.
    error InvalidReceiver(address receiver);

    /// @notice Funds a dividend on a token's shares as they were at a snapshot, from the caller. Role: CORP_ACTION.
    /// @dev Several may be on one snapshot. What arrives counts, where the currency takes a fee. Reverts with
    /// `InvalidContract`, `NoShares`, `AmountTooSmall`, and with the token's `UnknownSnapshot`.
    /// @param amount In units of the currency.
    /// @param document Digest of the document that announces it.
    function fund(address token, uint256 snapshot, uint256 amount, bytes32 document) external returns (uint256 id);

    /// @notice Pays an account for its own shares. Anybody.
    /// @dev Reverts with `UnknownDividend`, `DividendIsClosed`, `NotClaimant`, `AccountBlocked`, `AlreadyClaimed`,
    /// `NothingToClaim`, `ExceedsFunded`, and as the currency does where it refuses.
    function claim(uint256 id, address account) external returns (uint256 amount);

    /// @notice Pays an account for its units of the wrapper. Anybody. Reverts as {claim} does.
    function claimWrapped(uint256 id, address account) external returns (uint256 amount);

    /// @notice Pays the requester for shares that a redemption request held at the snapshot, whatever became of it since.
    /// Anybody. Reverts as {claim} does.
    function claimRequest(uint256 id, uint256 requestId) external returns (uint256 amount);

    /// @notice Pays up to `MAX_BATCH` accounts for their own shares, and goes past those that have nothing to claim now or
    /// that the currency refuses. Anybody.
    /// @dev Reverts with `UnknownDividend`, `DividendIsClosed`, `BatchTooLarge`, `ExceedsFunded`, `InsufficientGas`.
    /// @return amount What was paid in all.
    function claimBatch(uint256 id, address[] calldata accounts) external returns (uint256 amount);

    /// @notice Takes back what is left of a dividend, two years after it was funded; nothing can be claimed from then on.
    /// Role: CONFIG, after two days.
    /// @dev Reverts with `UnknownDividend`, `DividendIsClosed`, `TooEarly`, `InvalidReceiver`.
    function reclaim(uint256 id, address to) external returns (uint256 amount);

    /// @notice What {claim} would pay now: 0 also for an account that is blocked or was paid.
    function claimable(uint256 id, address account) external view returns (uint256);

    /// @notice What {claimWrapped} would pay now.
    function claimableWrapped(uint256 id, address account) external view returns (uint256);

    /// @notice What {claimRequest} would pay now.
    function claimableRequest(uint256 id, uint256 requestId) external view returns (uint256);

    /// @notice Whether a part was paid.
    function isClaimed(uint256 id, Kind kind, uint256 key) external view returns (bool);

    /// @notice A dividend; all zero where there is none.
    function dividendOf(uint256 id) external view returns (Dividend memory);

    /// @notice How many dividends there were; also the highest id.
    function count() external view returns (uint256);

    /// @notice The currency.
    function payToken() external view returns (address);

    /// @notice The redemption queue.
    function redemptionQueue() external view returns (address);
}
