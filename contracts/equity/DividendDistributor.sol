// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {BatchGas} from "../access/libraries/BatchGas.sol";
import {Managed} from "../access/Managed.sol";
import {IComplianceRegistry} from "./interfaces/IComplianceRegistry.sol";
import {IDividendDistributor} from "./interfaces/IDividendDistributor.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";
import {IRedemptionQueue} from "./interfaces/IRedemptionQueue.sol";
import {IWrappedEquity} from "./interfaces/IWrappedEquity.sol";
import {Investor, InvestorLibrary} from "./types/Investor.sol";

/// @title DividendDistributor
/// @notice See {IDividendDistributor}, which holds the prose. Immutable.
/// @dev A claim is {_entitlement}, checks, {_book}, payment, whatever its kind. The lock is for what the currency may call
/// back, and for {fund}, which counts what arrives.
contract DividendDistributor is IDividendDistributor, Managed, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @notice Most accounts of one batch.
    uint256 public constant MAX_BATCH = 100;

    /// @notice How long a dividend can be claimed at least, in seconds: two years.
    uint256 public constant CLAIM_PERIOD = 730 days;

    uint256 private constant PER_SHARE_BITS = 128;

    IERC20 private immutable _payToken;
    IRedemptionQueue private immutable _queue;

    /// @inheritdoc IDividendDistributor
    uint256 public count;

    /// @inheritdoc IDividendDistributor
    mapping(uint256 id => mapping(Kind kind => mapping(uint256 key => bool))) public isClaimed;

    mapping(uint256 id => Dividend) private _dividends;

    /// @notice Reverts with `AccessManagedInvalidAuthority` or `InvalidContract` where an address has no code.
    /// @param authority_ The suite's AccessManager.
    /// @param payToken_ The currency: pieUSD.
    /// @param redemptionQueue_ The redemption queue.
    constructor(address authority_, IERC20 payToken_, IRedemptionQueue redemptionQueue_) Managed(authority_) {
        _requireCode(address(payToken_));
        _requireCode(address(redemptionQueue_));
        (_payToken, _queue) = (payToken_, redemptionQueue_);
    }

    /// @inheritdoc IDividendDistributor
    function fund(
        address token,
        uint256 snapshot,
        uint256 amount,
        bytes32 document
    ) external restricted nonReentrant returns (uint256 id) {
        _requireCode(token);
        uint256 shares = IEquityToken(token).totalSharesAt(snapshot);
        if (shares == 0) revert NoShares(token, snapshot);
        uint256 before = _payToken.balanceOf(address(this));
        _payToken.safeTransferFrom(msg.sender, address(this), amount);
        uint128 funded = (_payToken.balanceOf(address(this)) - before).toUint128();
        uint256 perShare = (uint256(funded) << PER_SHARE_BITS) / shares; // 128 bits, moved by 128
        if (perShare == 0) revert AmountTooSmall(funded, shares);

        id = ++count;
        _dividends[id] = Dividend({
            token: token,
            snapshot: snapshot.toUint16(),
            fundedAt: block.timestamp.toUint40(),
            closed: false,
            funded: funded,
            paid: 0,
            perShare: perShare
        });
        emit DividendFunded(id, token, snapshot, funded, perShare, document);
    }

    /// @inheritdoc IDividendDistributor
    function claim(uint256 id, address account) external returns (uint256 amount) {
        return _claim(id, Kind.Account, uint160(account));
    }

    /// @inheritdoc IDividendDistributor
    function claimWrapped(uint256 id, address account) external returns (uint256 amount) {
        return _claim(id, Kind.Wrapped, uint160(account));
    }

    /// @inheritdoc IDividendDistributor
    function claimRequest(uint256 id, uint256 requestId) external returns (uint256 amount) {
        return _claim(id, Kind.Request, requestId);
    }

    /// @inheritdoc IDividendDistributor
    function claimBatch(uint256 id, address[] calldata accounts) external nonReentrant returns (uint256 amount) {
        if (accounts.length > MAX_BATCH) revert BatchTooLarge(accounts.length, MAX_BATCH);
        Dividend storage dividend = _requireClaimable(id);
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            uint256 key = uint160(account);
            uint256 part = _claimableNow(id, Kind.Account, key);
            if (part == 0) {
                emit ClaimSkipped(id, account, 0);
                continue;
            }
            uint128 paidBefore = dividend.paid;
            _book(id, dividend, Kind.Account, key, part);
            uint256 gasBefore = gasleft();
            if (_payToken.trySafeTransfer(account, part)) {
                amount += part;
                emit DividendClaimed(id, Kind.Account, key, account, part);
            } else {
                if (BatchGas.ranOut(gasBefore)) revert InsufficientGas(i);
                // The currency refused, and has moved nothing.
                (isClaimed[id][Kind.Account][key], dividend.paid) = (false, paidBefore);
                emit ClaimSkipped(id, account, part);
            }
        }
    }

    /// @inheritdoc IDividendDistributor
    function reclaim(uint256 id, address to) external restricted nonReentrant returns (uint256 amount) {
        Dividend storage dividend = _requireClaimable(id);
        uint256 reclaimableAt = dividend.fundedAt + CLAIM_PERIOD;
        if (block.timestamp < reclaimableAt) revert TooEarly(reclaimableAt);
        if (to == address(0) || to == address(this)) revert InvalidReceiver(to);
        amount = dividend.funded - dividend.paid;
        dividend.closed = true;
        emit DividendReclaimed(id, to, amount);
        _payToken.safeTransfer(to, amount);
    }

    /// @inheritdoc IDividendDistributor
    function claimable(uint256 id, address account) external view returns (uint256) {
        return _claimableNow(id, Kind.Account, uint160(account));
    }

    /// @inheritdoc IDividendDistributor
    function claimableWrapped(uint256 id, address account) external view returns (uint256) {
        return _claimableNow(id, Kind.Wrapped, uint160(account));
    }

    /// @inheritdoc IDividendDistributor
    function claimableRequest(uint256 id, uint256 requestId) external view returns (uint256) {
        return _claimableNow(id, Kind.Request, requestId);
    }

    /// @inheritdoc IDividendDistributor
    function dividendOf(uint256 id) external view returns (Dividend memory) {
        return _dividends[id];
    }

    /// @inheritdoc IDividendDistributor
    function payToken() external view returns (address) {
        return address(_payToken);
    }

    /// @inheritdoc IDividendDistributor
    function redemptionQueue() external view returns (address) {
        return address(_queue);
    }

    function _claim(uint256 id, Kind kind, uint256 key) private nonReentrant returns (uint256 amount) {
        Dividend storage dividend = _requireClaimable(id);
        address account;
        (account, amount) = _entitlement(dividend, kind, key);
        if (_isExcluded(dividend.token, account)) revert NotClaimant(account);
        if (_isBlocked(dividend.token, account)) revert AccountBlocked(account);
        if (isClaimed[id][kind][key]) revert AlreadyClaimed(id, kind, key);
        if (amount == 0) revert NothingToClaim(id, kind, key);
        _book(id, dividend, kind, key, amount);
        emit DividendClaimed(id, kind, key, account, amount);
        _payToken.safeTransfer(account, amount);
    }

    /// @dev Never more than was funded, whatever the token answered.
    function _book(uint256 id, Dividend storage dividend, Kind kind, uint256 key, uint256 amount) private {
        uint256 left = dividend.funded - dividend.paid;
        if (amount > left) revert ExceedsFunded(id, amount, left);
        isClaimed[id][kind][key] = true;
        // forge-lint: disable-next-line(unsafe-typecast) -- at most what is left
        dividend.paid += uint128(amount);
    }

    /// @dev What a claim would pay, by the checks of {_claim}.
    function _claimableNow(uint256 id, Kind kind, uint256 key) private view returns (uint256) {
        Dividend storage dividend = _dividends[id];
        address token = dividend.token;
        if (token == address(0) || dividend.closed || isClaimed[id][kind][key]) return 0;
        (address account, uint256 amount) = _entitlement(dividend, kind, key);
        return _isExcluded(token, account) || _isBlocked(token, account) ? 0 : amount;
    }

    /// @dev Who is paid for a part, and how much, rounded down.
    function _entitlement(
        Dividend storage dividend,
        Kind kind,
        uint256 key
    ) private view returns (address account, uint256 amount) {
        (IEquityToken token, uint256 snapshot) = (IEquityToken(dividend.token), dividend.snapshot);
        uint256 shares;
        if (kind == Kind.Request) {
            (account, shares) = _queue.wasEscrowedAt(key, address(token), snapshot);
        } else {
            account = address(uint160(key));
            shares =
                kind == Kind.Account
                    ? token.sharesAt(account, snapshot)
                    : IWrappedEquity(token.wrapper()).sharesAt(account, snapshot);
        }
        // Shares are at most the total, so the product is at most funded · 2^128. Of a token that answers more, it
        // overflows or exceeds what is left, and either reverts.
        amount = (shares * dividend.perShare) >> PER_SHARE_BITS;
    }

    /// @dev Accounts whose shares, or units, are others' or nobody's.
    function _isExcluded(address token, address account) private view returns (bool) {
        return
            account == token ||
            account == address(this) ||
            account == address(_queue) ||
            account == IEquityToken(token).wrapper();
    }

    function _isBlocked(address token, address account) private view returns (bool) {
        IComplianceRegistry registry = IComplianceRegistry(IEquityToken(token).complianceRegistry());
        return Investor.wrap(registry.accountOf(account)).has(InvestorLibrary.BLOCKED);
    }

    function _requireClaimable(uint256 id) private view returns (Dividend storage dividend) {
        dividend = _dividends[id];
        if (dividend.token == address(0)) revert UnknownDividend(id);
        if (dividend.closed) revert DividendIsClosed(id);
    }

    function _requireCode(address account) private view {
        if (account.code.length == 0) revert InvalidContract(account);
    }
}
