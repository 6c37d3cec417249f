// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Managed} from "../access/Managed.sol";
import {IComplianceRegistry} from "./interfaces/IComplianceRegistry.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";
import {IRedemptionQueue} from "./interfaces/IRedemptionQueue.sol";
import {Investor, InvestorLibrary} from "./types/Investor.sol";

/// @title RedemptionQueue
/// @notice See {IRedemptionQueue}, which holds the prose. Immutable.
/// @dev A request is written in its new state, and the escrow with it, before any token is called; the lock is for what
/// tokens that pay may call back. Nothing loops over requests.
contract RedemptionQueue is IRedemptionQueue, Managed, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @notice Longest time for which a request cannot be taken back, in seconds.
    uint256 public constant MAX_CANCEL_DELAY = 30 days;

    /// @inheritdoc IRedemptionQueue
    uint256 public count;

    /// @inheritdoc IRedemptionQueue
    mapping(address token => uint256 shares) public escrowed;

    /// @inheritdoc IRedemptionQueue
    mapping(address token => mapping(address holder => uint256)) public openOf;

    /// @inheritdoc IRedemptionQueue
    mapping(address token => mapping(address payToken => bool)) public isPayToken;

    mapping(address token => Limits) private _limits;
    mapping(uint256 id => Request) private _requests;

    /// @notice Reverts with `AccessManagedInvalidAuthority` where `authority_` has no code.
    /// @param authority_ The suite's AccessManager.
    constructor(address authority_) Managed(authority_) {}

    /// @inheritdoc IRedemptionQueue
    function request(
        address token,
        uint256 shares,
        address payToken,
        uint256 minOut,
        bytes32 ref
    ) external nonReentrant returns (uint256 id) {
        Limits storage limits = _limits[token];
        if (!limits.accepted) revert TokenNotAccepted(token);
        if (payToken != address(0) && !isPayToken[token][payToken]) revert PayTokenNotAllowed(token, payToken);
        if ((payToken == address(0)) != (minOut == 0)) revert InvalidMinimum(payToken, minOut);
        if (shares < limits.minShares) revert BelowMinimum(shares, limits.minShares);
        uint256 open = openOf[token][msg.sender];
        if (open >= limits.maxOpenPerHolder) revert TooManyOpen(msg.sender, limits.maxOpenPerHolder);

        id = ++count;
        _requests[id] = Request({
            requester: msg.sender,
            cancelableAt: (block.timestamp + limits.cancelDelay).toUint40(),
            openedAt: IEquityToken(token).snapshotId().toUint16(),
            closedAt: 0,
            state: State.Pending,
            token: token,
            payToken: payToken,
            shares: shares.toUint112(),
            minOut: minOut.toUint128()
        });
        openOf[token][msg.sender] = open + 1;
        escrowed[token] += shares;
        emit RedemptionRequested(id, token, msg.sender, shares, payToken, minOut, ref);
        IEquityToken(token).transferSharesFrom(msg.sender, address(this), shares);
    }

    /// @inheritdoc IRedemptionQueue
    function cancel(uint256 id) external nonReentrant {
        Request storage entry = _requests[id];
        if (entry.state != State.Pending) revert BadState(id, entry.state);
        if (msg.sender != entry.requester) revert NotRequester(id, msg.sender);
        if (block.timestamp < entry.cancelableAt) revert TooEarly(entry.cancelableAt);
        _checkNotBlocked(entry);
        (address token, address requester, uint256 shares) = _close(entry, State.Canceled);
        emit RedemptionCanceled(id, requester, shares);
        IEquityToken(token).transferShares(requester, shares);
    }

    /// @inheritdoc IRedemptionQueue
    function lock(uint256 id) external restricted {
        Request storage entry = _requests[id];
        if (entry.state != State.Pending) revert BadState(id, entry.state);
        entry.state = State.Locked;
        emit RedemptionLocked(id);
    }

    /// @inheritdoc IRedemptionQueue
    function settle(uint256 id, uint256 out, bytes32 paymentRef) external restricted nonReentrant {
        Request storage entry = _requests[id];
        if (entry.state != State.Locked) revert BadState(id, entry.state);
        _checkNotBlocked(entry);
        address payToken = entry.payToken;
        bool offChain = payToken == address(0);
        if (offChain && (out != 0 || paymentRef == 0)) revert InvalidOffChainPayment(out, paymentRef);
        uint256 minOut = entry.minOut;
        // Also of what the caller pays, not only of what arrives: by a hook, other money of the requester's may arrive in
        // the same call and pass for the caller's.
        if (out < minOut) revert InsufficientPayment(out, minOut);

        (address token, address requester, uint256 shares) = _close(entry, State.Settled);
        uint256 received = offChain ? 0 : _pay(IERC20(payToken), requester, out, minOut);
        emit RedemptionSettled(id, requester, shares, payToken, out, received, paymentRef);
        IEquityToken(token).burnShares(shares);
    }

    /// @inheritdoc IRedemptionQueue
    function reject(uint256 id, bytes32 reason) external restricted nonReentrant {
        Request storage entry = _requireOpen(id);
        _checkNotBlocked(entry);
        (address token, address requester, uint256 shares) = _close(entry, State.Rejected);
        emit RedemptionRejected(id, requester, shares, reason);
        IEquityToken(token).transferShares(requester, shares);
    }

    /// @inheritdoc IRedemptionQueue
    function seize(uint256 id, address to) external restricted nonReentrant {
        Request storage entry = _requireOpen(id);
        if (!_isBlocked(entry)) revert RequesterNotBlocked(entry.requester);
        (address token, address requester, uint256 shares) = _close(entry, State.Seized);
        emit RedemptionSeized(id, requester, to, shares);
        IEquityToken(token).transferShares(to, shares);
    }

    /// @inheritdoc IRedemptionQueue
    function setToken(address token, Limits calldata limits) external restricted {
        if (token.code.length == 0) revert InvalidToken(token);
        if (limits.accepted) {
            if (limits.minShares == 0) revert InvalidLimits("minShares");
            if (limits.maxOpenPerHolder == 0) revert InvalidLimits("maxOpenPerHolder");
            if (limits.cancelDelay > MAX_CANCEL_DELAY) revert InvalidLimits("cancelDelay");
        }
        _limits[token] = limits;
        emit LimitsUpdated(token, limits);
    }

    /// @inheritdoc IRedemptionQueue
    function setPayToken(address token, address payToken, bool allowed) external restricted {
        if (payToken.code.length == 0) revert InvalidToken(payToken);
        isPayToken[token][payToken] = allowed;
        emit PayTokenUpdated(token, payToken, allowed);
    }

    /// @inheritdoc IRedemptionQueue
    function sweep(address token, address to) external restricted nonReentrant returns (uint256 shares) {
        shares = IEquityToken(token).sharesOf(address(this)) - escrowed[token];
        if (shares == 0) revert NothingToSweep(token);
        emit Swept(token, to, shares);
        IEquityToken(token).transferShares(to, shares);
    }

    /// @inheritdoc IRedemptionQueue
    function requestOf(uint256 id) external view returns (Request memory) {
        return _requests[id];
    }

    /// @inheritdoc IRedemptionQueue
    function limitsOf(address token) external view returns (Limits memory) {
        return _limits[token];
    }

    /// @inheritdoc IRedemptionQueue
    function wasEscrowedAt(
        uint256 id,
        address token,
        uint256 snapshotId
    ) external view returns (address requester, uint256 shares) {
        Request storage entry = _requests[id];
        if (entry.token != token || snapshotId <= entry.openedAt) return (address(0), 0);
        uint256 last = _isOpen(entry.state) ? IEquityToken(token).snapshotId() : entry.closedAt;
        if (snapshotId > last) return (address(0), 0);
        return (entry.requester, entry.shares);
    }

    /// @dev The request in its last state, and its shares no longer in escrow; the caller sends or burns them.
    function _close(
        Request storage entry,
        State state
    ) private returns (address token, address requester, uint256 shares) {
        (token, requester, shares) = (entry.token, entry.requester, entry.shares);
        entry.state = state;
        entry.closedAt = IEquityToken(token).snapshotId().toUint16();
        --openOf[token][requester];
        escrowed[token] -= shares;
    }

    /// @dev From the caller to the requester, by what arrives there.
    function _pay(IERC20 payToken, address requester, uint256 out, uint256 minOut) private returns (uint256 received) {
        uint256 before = payToken.balanceOf(requester);
        payToken.safeTransferFrom(msg.sender, requester, out);
        received = Math.saturatingSub(payToken.balanceOf(requester), before);
        if (received < minOut) revert InsufficientPayment(received, minOut);
    }

    function _requireOpen(uint256 id) private view returns (Request storage entry) {
        entry = _requests[id];
        if (!_isOpen(entry.state)) revert BadState(id, entry.state);
    }

    function _checkNotBlocked(Request storage entry) private view {
        if (_isBlocked(entry)) revert RequesterBlocked(entry.requester);
    }

    function _isBlocked(Request storage entry) private view returns (bool) {
        IComplianceRegistry registry = IComplianceRegistry(IEquityToken(entry.token).complianceRegistry());
        return Investor.wrap(registry.accountOf(entry.requester)).has(InvestorLibrary.BLOCKED);
    }

    function _isOpen(State state) private pure returns (bool) {
        return state == State.Pending || state == State.Locked;
    }
}
