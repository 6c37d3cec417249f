// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IRedemptionQueue
/// @notice Tokenized stocks on their way back: a holder puts shares in escrow, a redeemer sells the stock and pays, and the
/// shares are burned. One queue for all tokens that it was told to accept. Immutable.
///
/// A request is Pending, then Locked by the redeemer who begins to sell, and ends as one of: Settled (paid, and burned),
/// Canceled (by the requester, while Pending and after a delay), Rejected (by the redeemer), Seized (by an enforcer, of a
/// blocked requester). Escrow is in shares, so that no split and no dividend changes what a request is for; what is asked
/// for them, `payToken` and `minOut`, is fixed by the requester at the start and nobody changes it.
///
/// Where escrowed shares can go: burned after payment, back to their requester, or by an enforcer to whom it names. While
/// the requester is blocked in the compliance registry, none but the last. A redeemer cannot take them; what an idle or
/// rogue one can do is let a request wait, and the requester whose request is not locked yet takes it back.
///
/// Identity, for each token: shares of open requests = `escrowed` <= shares that the queue holds. What is beyond was sent
/// here without a request, belongs to nobody, and is swept by role.
///
/// Requests are made by their holders alone. There is none by ERC-3009: who sees such a signature may send it to the token,
/// and the shares would come without their request.
///
/// Powers, through the suite's AccessManager: accept tokens and what pays for them, sweep (CONFIG, after two days); lock,
/// settle and reject (REDEEMER, at once); seize (ENFORCER, after a day). The queue itself needs the token's role that burns,
/// and the registry's bit SYSTEM.
interface IRedemptionQueue {
    /// @notice Where a request stands. The last four are ends.
    enum State {
        None,
        Pending,
        Locked,
        Settled,
        Canceled,
        Rejected,
        Seized
    }

    /// @notice What a token's requests must keep to.
    struct Limits {
        /// Whether new requests are taken. Open ones go on without.
        bool accepted;
        /// Fewest shares of a request; not 0.
        uint112 minShares;
        /// Most requests that a holder may have open; not 0.
        uint16 maxOpenPerHolder;
        /// How long a request cannot be taken back, in seconds, at most `MAX_CANCEL_DELAY`: the redeemer's time to lock.
        uint32 cancelDelay;
    }

    /// @notice A request.
    struct Request {
        address requester;
        /// From when on the requester may take it back while it is Pending; Unix seconds.
        uint40 cancelableAt;
        /// The token's last snapshot when shares came in: they were here at later ones,
        uint16 openedAt;
        /// and up to this one, once they went. 0 while they are here.
        uint16 closedAt;
        State state;
        address token;
        /// What pays; 0: paid off the chain.
        address payToken;
        uint112 shares;
        /// Least that the requester must receive, in units of `payToken`; 0 where that is 0.
        uint128 minOut;
    }

    /// @notice Shares came into escrow.
    /// @param ref The requester's own reference.
    event RedemptionRequested(
        uint256 indexed id,
        address indexed token,
        address indexed requester,
        uint256 shares,
        address payToken,
        uint256 minOut,
        bytes32 ref
    );

    /// @notice A redeemer began to sell: the requester can no longer take the request back.
    event RedemptionLocked(uint256 indexed id);

    /// @notice The requester was paid, and the shares are burned.
    /// @param out What the redeemer paid.
    /// @param received What of it arrived.
    /// @param paymentRef Of the payment off the chain, where it was one.
    event RedemptionSettled(
        uint256 indexed id,
        address indexed requester,
        uint256 shares,
        address payToken,
        uint256 out,
        uint256 received,
        bytes32 paymentRef
    );

    /// @notice The requester took the shares back.
    event RedemptionCanceled(uint256 indexed id, address indexed requester, uint256 shares);

    /// @notice A redeemer gave the shares back.
    event RedemptionRejected(uint256 indexed id, address indexed requester, uint256 shares, bytes32 reason);

    /// @notice An enforcer moved the shares of a blocked requester.
    event RedemptionSeized(uint256 indexed id, address indexed requester, address indexed to, uint256 shares);

    /// @notice What a token's requests must keep to.
    event LimitsUpdated(address indexed token, Limits limits);

    /// @notice Whether new requests for a token may ask to be paid in this one.
    event PayTokenUpdated(address indexed token, address indexed payToken, bool allowed);

    /// @notice Shares that were nobody's were sent away.
    event Swept(address indexed token, address indexed to, uint256 shares);

    /// @notice The address has no code.
    error InvalidToken(address token);

    /// @notice A limit is not usable.
    error InvalidLimits(string field);

    /// @notice No new requests for this token.
    error TokenNotAccepted(address token);

    /// @notice New requests for the token cannot be paid in this one.
    error PayTokenNotAllowed(address token, address payToken);

    /// @notice Who is paid on the chain names the least that it takes, and who is paid off the chain cannot.
    error InvalidMinimum(address payToken, uint256 minOut);

    /// @notice Fewer shares than a request needs.
    error BelowMinimum(uint256 shares, uint256 minShares);

    /// @notice The holder has as many open requests as it may.
    error TooManyOpen(address holder, uint256 max);

    /// @notice The request is in no state for this. State None: there is no such request.
    error BadState(uint256 id, State state);

    /// @notice The caller is not the requester.
    error NotRequester(uint256 id, address caller);

    /// @notice The request cannot be taken back yet.
    error TooEarly(uint256 cancelableAt);

    /// @notice Less was paid, or arrived, than the requester asked for.
    error InsufficientPayment(uint256 received, uint256 minOut);

    /// @notice A payment off the chain is none on it, and has a reference.
    error InvalidOffChainPayment(uint256 out, bytes32 paymentRef);

    /// @notice The registry blocks the requester: only an enforcer ends its requests.
    error RequesterBlocked(address requester);

    /// @notice The registry does not block the requester, whose shares are not to be seized.
    error RequesterNotBlocked(address requester);

    /// @notice The queue holds no shares of this token but those of requests.
    error NothingToSweep(address token);

    /// @notice Puts shares of the caller in escrow, by the token's allowance, and asks for `minOut` of `payToken` or more.
    /// @dev Reverts with `TokenNotAccepted`, `PayTokenNotAllowed`, `InvalidMinimum`, `BelowMinimum`, `TooManyOpen`, and as
    /// the token does where the caller may not send.
    /// @param payToken One that is allowed for the token; 0: to be paid off the chain.
    /// @param minOut In units of `payToken`: over 0 with one, 0 without.
    /// @param ref The caller's own reference.
    function request(
        address token,
        uint256 shares,
        address payToken,
        uint256 minOut,
        bytes32 ref
    ) external returns (uint256 id);

    /// @notice Takes a Pending request's shares back, once its delay is over. The requester.
    /// @dev Reverts with `BadState`, `NotRequester`, `TooEarly`, `RequesterBlocked`, and as the token does where the
    /// requester may not receive: the shares wait until it may.
    function cancel(uint256 id) external;

    /// @notice Locks a Pending request, whose stock is about to be sold. Role: REDEEMER.
    function lock(uint256 id) external;

    /// @notice Pays a Locked request's requester `out` from the caller, and burns the shares. Role: REDEEMER.
    /// @dev Reverts with `BadState`, `RequesterBlocked`, `InsufficientPayment`, `InvalidOffChainPayment`. Of a token that
    /// takes a fee, the caller pays more than `minOut`, so that `minOut` arrives.
    /// @param out In units of the request's `payToken`; 0 where it is paid off the chain.
    /// @param paymentRef Reference of the payment; needed where it is off the chain.
    function settle(uint256 id, uint256 out, bytes32 paymentRef) external;

    /// @notice Gives the shares of a Pending or Locked request back to the requester. Role: REDEEMER.
    /// @dev Reverts with `BadState`, `RequesterBlocked`, and as the token does where the requester may not receive.
    /// @param reason A code, or the digest of a document.
    function reject(uint256 id, bytes32 reason) external;

    /// @notice Moves the shares of a Pending or Locked request whose requester is blocked. Role: ENFORCER, after a day.
    /// @dev Reverts with `BadState`, `RequesterNotBlocked`, and as the token does where `to` may not receive.
    function seize(uint256 id, address to) external;

    /// @notice Accepts a token's requests within limits, or no longer. Role: CONFIG, after two days.
    /// @dev The queue calls the token: accept none but the suite's own. Limits bind requests to come; those of a token that
    /// is not accepted are not checked. Reverts with `InvalidToken`, `InvalidLimits`.
    function setToken(address token, Limits calldata limits) external;

    /// @notice Allows a token as payment of new requests, or no longer. Role: CONFIG, after two days.
    function setPayToken(address token, address payToken, bool allowed) external;

    /// @notice Sends away shares that came without a request. Role: CONFIG, after two days.
    function sweep(address token, address to) external returns (uint256 shares);

    /// @notice A request; all zero where there is none.
    function requestOf(uint256 id) external view returns (Request memory);

    /// @notice How many requests there were; also the highest id.
    function count() external view returns (uint256);

    /// @notice Shares of a token's open requests.
    function escrowed(address token) external view returns (uint256);

    /// @notice How many requests a holder has open.
    function openOf(address token, address holder) external view returns (uint256);

    /// @notice What a token's requests must keep to.
    function limitsOf(address token) external view returns (Limits memory);

    /// @notice Whether new requests for a token may ask to be paid in this one.
    function isPayToken(address token, address payToken) external view returns (bool);

    /// @notice Whose shares a request held at a snapshot of `token`, and how many; 0 and 0 where it held none of this token.
    function wasEscrowedAt(
        uint256 id,
        address token,
        uint256 snapshotId
    ) external view returns (address requester, uint256 shares);
}
