// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRedemptionQueue} from "../../../contracts/equity/interfaces/IRedemptionQueue.sol";
import {EquityFixture} from "../helpers/EquityFixture.sol";

/// @title EquityBooks
/// @notice What the domain must say, kept apart from it: shares by the table of roundings, the multiplier by the clock, who
/// may do what. Nothing here is read from the contracts; the handler's actions write it, the invariants compare.
abstract contract EquityBooks is EquityFixture {
    struct Snapshot {
        uint256 total;
        uint256[ACCOUNTS] shares;
        uint256[ACCOUNTS] units;
    }

    struct Redemption {
        address requester;
        address payToken;
        uint256 shares;
        uint256 minOut;
        uint256 cancelableAt;
        IRedemptionQueue.State state;
    }

    struct MintRecord {
        uint256 time;
        address minter;
        uint256 shares;
    }

    /// @dev Full at first, and refilled over the window.
    struct Bucket {
        uint256 used;
        uint256 updatedAt;
    }

    struct SpentNonce {
        address authorizer;
        bytes32 nonce;
    }

    struct Allowance {
        uint256 amount;
        uint256 epoch;
    }

    /// @dev What the invariants read after every call, in one answer: calls between test contracts are what a campaign
    /// spends its time on. `before` is as it was when the last action began.
    struct Books {
        address[ACCOUNTS] accounts;
        uint256[ACCOUNTS] shares;
        uint256[ACCOUNTS] frozen;
        uint256[ACCOUNTS] units;
        uint256[ACCOUNTS] frozenUnits;
        uint256[ACCOUNTS] sharesBefore;
        uint256[ACCOUNTS] unitsBefore;
        bool[ACCOUNTS] blockedBefore;
        bool enforced;
        uint256 total;
        uint256 totalUnits;
        uint256 escrowed;
        uint256 strayShares;
        uint256 donatedToWrapper;
        uint256 multiplier;
        uint256 pending;
        uint256 effectiveAt;
        uint256 nonce;
        uint256 epoch;
        uint256 snapshots;
    }

    /// @dev Stands for all.
    uint256 internal constant ALL = MAX_SHARES;

    // Shares and units, and what of them is frozen.
    mapping(address account => uint256) internal _shares;
    mapping(address account => uint256) internal _frozen;
    mapping(address account => uint256) internal _units;
    mapping(address account => uint256) internal _frozenUnits;
    uint256 internal _total;
    uint256 internal _totalUnits;
    /// @dev What was forced to the wrapper, without a deposit.
    uint256 internal _donatedToWrapper;
    mapping(address owner => mapping(address spender => Allowance)) internal _allowances;
    mapping(address owner => mapping(address spender => uint256)) internal _unitAllowances;

    // As it was when the action began.
    uint256[ACCOUNTS] private _sharesBefore;
    uint256[ACCOUNTS] private _unitsBefore;
    bool[ACCOUNTS] private _blockedBefore;
    /// @dev The action was an enforcer's, and succeeded.
    bool internal _enforced;

    // The registry, the pauses, the policy.
    mapping(address account => uint256) internal _words;
    uint256 internal _pauses;
    uint256 internal _policy;
    uint256 internal _countries = type(uint256).max;

    // Corporate actions.
    uint256 internal _multiplier = WAD;
    uint256 internal _pending;
    uint256 internal _effectiveAt;
    uint256 internal _haltSeconds;
    uint256 internal _lastActionAt;
    uint256 internal _epoch;
    uint256 internal _nonce;
    uint256 internal _feePeriod;
    uint256 internal _feeAppliedAt;

    // Mints.
    uint256 internal _cap = FIRST_CAP;
    int256 internal _answer;
    uint256 internal _answeredAt;
    bool internal _feedFails;
    MintRecord[] internal _mints;
    /// @dev Of each minter, and of all under 0.
    mapping(address minter => Bucket) internal _buckets;
    bytes32[] internal _usedRequests;
    mapping(bytes32 requestId => bool) internal _requestUsed;

    // Signatures.
    mapping(address owner => uint256) internal _permitNonces;
    mapping(address authorizer => mapping(bytes32 nonce => bool)) internal _spent;
    SpentNonce[] internal _spentNonces;

    // The queue; ids begin at 1.
    Redemption[] internal _redemptions;
    mapping(address holder => uint256) internal _openOf;
    uint256 internal _escrowed;

    Snapshot[] internal _snapshots;

    uint256 internal _random;

    // Counts.
    mapping(bytes4 error => uint256) public refusals;
    /// @notice How often the multiplier flipped by the clock.
    uint256 public activations;

    function books() external view returns (Books memory b) {
        b.accounts = accounts;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = accounts[i];
            b.shares[i] = _shares[account];
            b.frozen[i] = _frozen[account];
            b.units[i] = _units[account];
            b.frozenUnits[i] = _frozenUnits[account];
        }
        (b.sharesBefore, b.unitsBefore, b.blockedBefore) = (_sharesBefore, _unitsBefore, _blockedBefore);
        b.enforced = _enforced;
        (b.total, b.totalUnits, b.escrowed) = (_total, _totalUnits, _escrowed);
        b.strayShares = _shares[address(queue)] - _escrowed;
        b.donatedToWrapper = _donatedToWrapper;
        (b.multiplier, b.pending, b.effectiveAt) = (_multiplier, _pending, _effectiveAt);
        (b.nonce, b.epoch, b.snapshots) = (_nonce, _epoch, _snapshots.length);
    }

    /// @notice Snapshot `id`; they begin at 1.
    function snapshotOf(uint256 id) external view returns (Snapshot memory) {
        return _snapshots[id - 1];
    }

    function spentNonceCount() external view returns (uint256) {
        return _spentNonces.length;
    }

    function spentNonce(uint256 index) external view returns (SpentNonce memory) {
        return _spentNonces[index];
    }

    function requestCount() external view returns (uint256) {
        return _usedRequests.length;
    }

    function usedRequest(uint256 index) external view returns (bytes32) {
        return _usedRequests[index];
    }

    function redemptionCount() external view returns (uint256) {
        return _redemptions.length;
    }

    function redemptionOf(uint256 id) external view returns (Redemption memory) {
        return _redemptions[id - 1];
    }

    /// @dev For the invariants that compare with the beginning of the action.
    function _keepBefore() internal {
        _enforced = false;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = accounts[i];
            _sharesBefore[i] = _shares[account];
            _unitsBefore[i] = _units[account];
            _blockedBefore[i] = _words[account] & BLOCKED != 0;
        }
    }

    /// @dev The clock's part: an action that is due is in effect, and no share moves (I3).
    function _followClock() internal {
        if (_pending == 0 || _now() < _effectiveAt) return;
        if (_pending * 100 < _multiplier * 98) ++_epoch;
        (_multiplier, _pending, _lastActionAt) = (_pending, 0, _effectiveAt);
        ++_nonce;
        ++activations;
    }

    // Roundings

    /// @dev ceil(A · W / m), or more than there can be.
    function _sharesUp(uint256 amount) internal view returns (uint256) {
        if (amount > MAX_AMOUNT) return type(uint256).max;
        return (amount * WAD + _multiplier - 1) / _multiplier;
    }

    /// @dev floor(s · m / W)
    function _worth(uint256 shares) internal view returns (uint256) {
        return (shares * _multiplier) / WAD;
    }

    // Who may

    function _freeShares(address account) internal view returns (uint256) {
        return _shares[account] - _least(_shares[account], _frozen[account]);
    }

    function _freeUnits(address account) internal view returns (uint256) {
        return _units[account] - _least(_units[account], _frozenUnits[account]);
    }

    function _isHalted() internal view returns (bool) {
        if (_haltSeconds == 0) return false;
        return _now() + _haltSeconds >= _effectiveAt && _now() <= _effectiveAt + _haltSeconds;
    }

    /// @dev A holder's move of so many shares.
    function _mayMove(address spender, address from, address to, uint256 shares) internal view returns (bool) {
        if (to == address(0) || to == address(token)) return false;
        if (_pauses & PAUSED_TRANSFERS != 0 || _isHalted()) return false;
        return _complies(spender, from, to) && shares <= _freeShares(from);
    }

    /// @dev What the registry must say; 0 for no sender, or no receiver.
    function _complies(address spender, address from, address to) internal view returns (bool) {
        if (from != address(0) && !_qualifies(from, NO_SEND, 2)) return false;
        if (to != address(0)) {
            if (_words[to] & WRAPPER != 0 && spender != to) return false;
            if (!_qualifies(to, NO_RECEIVE, 1)) return false;
        }
        return spender == from || spender == to || _words[spender] & BLOCKED == 0;
    }

    function _qualifies(address account, uint256 forbidden, uint256 kycBit) private view returns (bool) {
        uint256 word = _words[account];
        if (word & (BLOCKED | forbidden) != 0) return false;
        if (word & SYSTEM != 0) return true;
        if (_policy & kycBit != 0) {
            uint256 expiry = (word >> 16) & type(uint40).max;
            if (word & KYC == 0 || (expiry != 0 && expiry <= _now())) return false;
        }
        if (_policy & 4 != 0 && (_countries >> ((word >> 8) & 255)) & 1 == 0) return false;
        return _policy & 8 == 0 || word & CLASS_BIT != 0;
    }

    function _allowed(address owner, address spender) internal view returns (uint256) {
        Allowance storage entry = _allowances[owner][spender];
        if (entry.amount == type(uint256).max) return entry.amount;
        return entry.epoch == _epoch ? entry.amount : 0;
    }

    /// @dev What the reserves allow, and whether the feed's answer counts.
    function _allowedSupply() internal view returns (bool counts, uint256 allowed) {
        if (_feedFails || _answer <= 0) return (false, 0);
        if (_answeredAt == 0 || _answeredAt > _now() || _now() - _answeredAt > HEARTBEAT) return (false, 0);
        if (_answeredAt < _lastActionAt) return (false, 0);
        uint256 stocks = uint256(_answer) / 10 ** (FEED_DECIMALS - 18);
        return (true, (((stocks * CHAIN_SHARE_BPS) / BPS) * (BPS - MARGIN_BPS)) / BPS);
    }

    /// @dev Shares that the buckets let the minter make now.
    function _mintable(address minter) internal view returns (uint256) {
        uint256 ofAll = GLOBAL_CAPACITY - _used(address(0), GLOBAL_CAPACITY);
        return _least(ofAll, MINTER_CAPACITY - _used(minter, MINTER_CAPACITY));
    }

    function _used(address minter, uint256 capacity) private view returns (uint256) {
        Bucket storage bucket = _buckets[minter];
        uint256 refilled = ((_now() - bucket.updatedAt) * capacity) / WINDOW;
        return bucket.used - _least(bucket.used, refilled);
    }

    // Entries

    function _bookMint(address minter, address to, bytes32 requestId, uint256 shares) internal {
        assertFalse(_requestUsed[requestId], "I9: a request was minted for twice");
        _requestUsed[requestId] = true;
        _usedRequests.push(requestId);
        _buckets[address(0)] = Bucket(_used(address(0), GLOBAL_CAPACITY) + shares, _now());
        _buckets[minter] = Bucket(_used(minter, MINTER_CAPACITY) + shares, _now());
        _mints.push(MintRecord(_now(), minter, shares));
        _shares[to] += shares;
        _total += shares;
    }

    function _bookMove(address from, address to, uint256 shares) internal {
        _shares[from] -= shares;
        _shares[to] += shares;
    }

    function _bookUnits(address from, address to, uint256 units) internal {
        _units[from] -= units;
        _units[to] += units;
    }

    function _bookSpending(address owner, address spender, uint256 amount) internal {
        Allowance storage entry = _allowances[owner][spender];
        if (entry.amount != type(uint256).max) entry.amount -= amount;
    }

    /// @dev What an enforcer leaves frozen: what is free he takes first, and what he takes of the frozen is frozen no longer;
    /// what is frozen beyond the holding is of what is still to arrive. All stays all.
    function _leftFrozen(uint256 frozen, uint256 held, uint256 taken) internal pure returns (uint256) {
        if (frozen == ALL) return ALL;
        return frozen > held ? frozen - taken : _least(frozen, held - taken);
    }

    function _bookNonce(address authorizer, bytes32 nonce) internal {
        assertFalse(_spent[authorizer][nonce], "I9: an authorization's nonce was used twice");
        _spent[authorizer][nonce] = true;
        _spentNonces.push(SpentNonce(authorizer, nonce));
    }

    // Draws

    function _draw(uint256 n) internal returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % n;
    }

    function _chance(uint256 n) internal returns (bool) {
        return _draw(n) == 0;
    }

    function _drawHolder() internal returns (address) {
        return accounts[_draw(HOLDERS)];
    }

    /// @dev Mostly a holder; else who may not be a receiver, or hardly.
    function _drawReceiver() internal returns (address) {
        if (!_chance(12)) return _drawHolder();
        address[4] memory others = [address(0), address(token), address(wrapper), address(queue)];
        return others[_draw(4)];
    }

    /// @dev Up to `most` and at it, a unit beyond, a few, and more than fits.
    function _drawAmount(uint256 most) internal returns (uint256) {
        uint256 kind = _draw(20);
        if (kind == 0) return 0;
        if (kind == 1) return most + 1;
        if (kind == 2) return _chance(2) ? type(uint256).max : MAX_AMOUNT + _draw(2);
        if (kind < 6) return most;
        if (kind < 10) return _draw(_least(most, 1_000) + 1);
        return _draw(most + 1);
    }

    /// @dev As `_drawAmount`, of shares.
    function _drawShares(uint256 most) internal returns (uint256) {
        uint256 shares = _drawAmount(most);
        return shares == MAX_AMOUNT ? MAX_SHARES : shares;
    }

    function _least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    // Calls

    /// @dev Makes the call and holds its outcome to what the books say. True where it succeeded.
    function _send(address target, address caller, bytes memory data, bool succeeds) internal returns (bool) {
        bytes4 outcome = _attempt(target, caller, data);
        if ((outcome == 0) != succeeds) {
            assertTrue(false, string.concat("ended otherwise than the books say: ", vm.toString(outcome)));
        }
        return succeeds;
    }

    /// @dev Makes a call that may end either way; `outcome` is 0, or the selector of the error. Neither a panic nor a
    /// refusal without a reason is an end.
    function _attempt(address target, address caller, bytes memory data) internal returns (bytes4 outcome) {
        vm.prank(caller);
        (bool success, bytes memory result) = target.call(data);
        if (success) {
            _count();
            return 0;
        }
        outcome = result.length < 4 ? bytes4(0xffffffff) : bytes4(result);
        // A feed that answers nothing stops a mint, and has none to give.
        bool mute = result.length < 4 && !_feedFails;
        if (mute || outcome == 0x4e487b71) assertTrue(false, "a refusal without a reason");
        ++refusals[outcome];
    }

    /// @dev A success of the action.
    function _count() internal virtual;
}
