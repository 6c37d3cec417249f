// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IComplianceRegistry} from "../interfaces/IComplianceRegistry.sol";
import {IEquityToken} from "../interfaces/IEquityToken.sol";
import {ShareHistory} from "../libraries/ShareHistory.sol";
import {Restriction} from "../types/Restriction.sol";
import {TokenState, TokenStateLibrary} from "../types/TokenState.sol";

/// @title EquityLedger
/// @notice EquityToken's shares: who has how many, what they are worth, allowances, snapshots.
/// @dev Own layout where OpenZeppelin has an ordinary one, because a transfer's cost is the product: one word says all
/// about the token that a move must know, one word all about an account.
///
/// Identity: the accounts' shares sum to `totalShares`; `_mintShares` and `_burnShares` alone change either, by the same
/// number. A change of the multiplier writes no account.
///
/// Bounds: shares are below 2^112, multipliers at most 1e26, amounts at most 2^192 - 1. So shares · multiplier is below
/// 5.2e59 and amount · 1e18 below 6.3e75: neither overflows a word.
abstract contract EquityLedger is IEquityToken, IERC20Errors {
    using ShareHistory for uint256;
    using ShareHistory for ShareHistory.Account;

    /// @custom:storage-location erc7201:tessera.storage.EquityLedger
    struct LedgerStorage {
        TokenState state;
        uint256 totalShares;
        mapping(address account => ShareHistory.Account) accounts;
        /// Bits 0–239 amount, all ones without limit | 240–247 epoch.
        mapping(address owner => mapping(address spender => uint256)) allowances;
        mapping(uint256 snapshot => uint256) totals;
        uint256 countries;
        uint8 productClass;
        /// When the last corporate action took effect, while another is to come.
        uint40 lastActionAt;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.EquityLedger")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant LEDGER_STORAGE = 0x5f4c1c6fe2e28c5564e1ce0d09c10bc2d49dc60997efec5886bc35d191c5b400;

    uint256 internal constant WAD = 1e18;
    uint256 internal constant MAX_SHARES = ShareHistory.MAX_SHARES;
    uint256 internal constant MAX_AMOUNT = type(uint192).max;

    uint256 private constant UNLIMITED = type(uint240).max;
    uint256 private constant EPOCH_SHIFT = 240;

    uint256 private constant BY_COUNTRY = 4;
    uint256 private constant BY_CLASS = 8;
    uint256 private constant CLASS_SHIFT = 8;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IComplianceRegistry internal immutable _registry;

    /// @notice For one compliance registry; another comes with an upgrade.
    /// @param registry_ The compliance registry.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(IComplianceRegistry registry_) {
        if (address(registry_).code.length == 0) revert InvalidConfig("registry");
        _registry = registry_;
    }

    /// @inheritdoc IERC20
    function transfer(address to, uint256 value) external returns (bool) {
        _moveAmount(msg.sender, msg.sender, to, value);
        return true;
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        if (from == address(0)) revert ERC20InvalidSender(from);
        TokenState state = _foldedState();
        _spendAllowance(state, from, value);
        _move(state, msg.sender, from, to, _toSharesUp(state, from, value), value);
        return true;
    }

    /// @inheritdoc IEquityToken
    function transferShares(address to, uint256 shares) external returns (uint256 amount) {
        return _moveSharesOf(_foldedState(), msg.sender, msg.sender, to, shares);
    }

    /// @inheritdoc IEquityToken
    function transferSharesFrom(address from, address to, uint256 shares) external returns (uint256 amount) {
        if (from == address(0)) revert ERC20InvalidSender(from);
        TokenState state = _foldedState();
        // Never nothing for something: rounded up.
        _checkShares(state, from, shares);
        _spendAllowance(state, from, Math.ceilDiv(shares * state.written(), WAD));
        return _moveSharesOf(state, msg.sender, from, to, shares);
    }

    /// @inheritdoc IERC20
    function approve(address spender, uint256 value) external returns (bool) {
        _approve(msg.sender, spender, value);
        return true;
    }

    /// @inheritdoc IERC20
    function totalSupply() public view returns (uint256) {
        LedgerStorage storage $ = _ledger();
        return ($.totalShares * $.state.multiplier()) / WAD;
    }

    /// @inheritdoc IERC20
    function balanceOf(address account) public view returns (uint256) {
        LedgerStorage storage $ = _ledger();
        return (($.accounts[account].word & MAX_SHARES) * $.state.multiplier()) / WAD;
    }

    /// @inheritdoc IERC20
    function allowance(address owner, address spender) external view returns (uint256) {
        LedgerStorage storage $ = _ledger();
        return _allowed($.allowances[owner][spender], $.state.folded());
    }

    /// @inheritdoc IEquityToken
    function sharesOf(address account) external view returns (uint256) {
        return _ledger().accounts[account].word & MAX_SHARES;
    }

    /// @inheritdoc IEquityToken
    function totalShares() external view returns (uint256) {
        return _ledger().totalShares;
    }

    /// @inheritdoc IEquityToken
    function sharesFor(uint256 amount) external view returns (uint256) {
        if (amount > MAX_AMOUNT) return type(uint256).max;
        return Math.ceilDiv(amount * WAD, _ledger().state.multiplier());
    }

    /// @inheritdoc IEquityToken
    function amountFor(uint256 shares) external view returns (uint256) {
        if (shares > MAX_SHARES) return type(uint256).max;
        return (shares * _ledger().state.multiplier()) / WAD;
    }

    /// @inheritdoc IEquityToken
    function sharesAt(address account, uint256 id) external view returns (uint256) {
        LedgerStorage storage $ = _ledger();
        _checkSnapshot($.state, id);
        return $.accounts[account].sharesAt($.accounts[account].word & MAX_SHARES, id);
    }

    /// @inheritdoc IEquityToken
    function totalSharesAt(uint256 id) external view returns (uint256) {
        LedgerStorage storage $ = _ledger();
        _checkSnapshot($.state, id);
        return $.totals[id];
    }

    /// @inheritdoc IEquityToken
    function snapshotId() external view returns (uint256) {
        return _ledger().state.snapshotId();
    }

    /// @inheritdoc IEquityToken
    function multiplier() external view returns (uint256) {
        return _ledger().state.multiplier();
    }

    /// @inheritdoc IEquityToken
    function pendingMultiplier() external view returns (uint256 multiplier_, uint256 effectiveAt, uint256 haltMinutes) {
        TokenState state = _ledger().state;
        return (state.isMatured() ? 0 : state.pending(), state.effectiveAt(), state.haltSeconds() / 60);
    }

    /// @dev The state with a matured multiplier written, once.
    function _foldedState() internal returns (TokenState state) {
        LedgerStorage storage $ = _ledger();
        state = $.state;
        if (!state.isMatured()) return state;
        uint256 previous = state.written();
        state = state.folded();
        $.state = state;
        emit MultiplierUpdated(previous, state.written());
    }

    function _moveAmount(address spender, address from, address to, uint256 amount) internal {
        TokenState state = _foldedState();
        _move(state, spender, from, to, _toSharesUp(state, from, amount), amount);
    }

    function _moveSharesOf(
        TokenState state,
        address spender,
        address from,
        address to,
        uint256 shares
    ) internal returns (uint256 amount) {
        _checkShares(state, from, shares);
        amount = (shares * state.written()) / WAD;
        _move(state, spender, from, to, shares, amount);
    }

    /// @dev A holder's move: pauses, halt, compliance, balance, then the shares. The state is folded; the sender is one who
    /// called, signed or is named by an allowance, and so is not 0.
    function _move(
        TokenState state,
        address spender,
        address from,
        address to,
        uint256 shares,
        uint256 amount
    ) internal {
        if (to == address(0) || to == address(this)) revert ERC20InvalidReceiver(to);
        if (state.pauses() & TokenStateLibrary.TRANSFERS_PAUSED != 0) revert TransferPaused();
        if (state.isHalted()) revert CorporateActionHalt(state.effectiveAt());
        _checkCompliance(state, spender, from, to);
        ShareHistory.Account storage sender = _ledger().accounts[from];
        uint256 word = _checkedWord(sender, state, from, shares, amount);
        _writeMove(sender, state, from, word, to, shares, amount);
    }

    /// @dev The account's word, once it is seen that so many of its shares are there and not frozen.
    function _checkedWord(
        ShareHistory.Account storage sender,
        TokenState state,
        address from,
        uint256 shares,
        uint256 amount
    ) internal view returns (uint256 word) {
        word = sender.word;
        uint256 held = word & MAX_SHARES;
        if (shares > held) revert ERC20InsufficientBalance(from, (held * state.written()) / WAD, amount);
        uint256 free = held - _frozenOf(word, held);
        if (shares > free) revert ERC7943InsufficientUnfrozenBalance(from, amount, (free * state.written()) / WAD);
    }

    /// @dev Sum of shares before = after. The caller has checked the sender's.
    function _writeMove(
        ShareHistory.Account storage sender,
        TokenState state,
        address from,
        uint256 word,
        address to,
        uint256 shares,
        uint256 amount
    ) internal {
        ShareHistory.Account storage receiver = _ledger().accounts[to];
        uint256 id = state.snapshotId();
        unchecked {
            sender.word = sender.touched(word, word & MAX_SHARES, id) - shares; // shares <= the sender's, in the lowest bits
            // Read after it was written, for a transfer to oneself. The sum of shares fits their 112 bits.
            word = receiver.word;
            receiver.word = receiver.touched(word, word & MAX_SHARES, id) + shares;
        }
        emit Transfer(from, to, amount);
        emit TransferShares(shares);
    }

    /// @dev Shares of `to` and the total grow by `shares`; the caller has checked that the total fits.
    function _mintShares(TokenState state, address to, uint256 shares, uint256 amount) internal {
        LedgerStorage storage $ = _ledger();
        unchecked {
            $.totalShares += shares;
            ShareHistory.Account storage receiver = $.accounts[to];
            uint256 word = receiver.word;
            receiver.word = receiver.touched(word, word & MAX_SHARES, state.snapshotId()) + shares;
        }
        emit Transfer(address(0), to, amount);
        emit TransferShares(shares);
    }

    /// @dev Shares of `from` and the total shrink by `shares`; the caller has checked the account's.
    function _burnShares(TokenState state, address from, uint256 word, uint256 shares, uint256 amount) internal {
        LedgerStorage storage $ = _ledger();
        unchecked {
            $.totalShares -= shares;
            ShareHistory.Account storage sender = $.accounts[from];
            sender.word = sender.touched(word, word & MAX_SHARES, state.snapshotId()) - shares;
        }
        emit Transfer(from, address(0), amount);
        emit TransferShares(shares);
    }

    function _setFrozenShares(TokenState state, address account, uint256 shares) internal {
        ShareHistory.Account storage holder = _ledger().accounts[account];
        uint256 word = holder.word;
        holder.word = holder.touched(word, word & MAX_SHARES, state.snapshotId()).withFrozen(shares);
    }

    function _takeSnapshot() internal returns (uint256 id) {
        LedgerStorage storage $ = _ledger();
        TokenState state = _foldedState();
        if (state.snapshotId() == ShareHistory.MAX_SNAPSHOTS) revert TooManySnapshots();
        state = state.withNextSnapshot();
        $.state = state;
        id = state.snapshotId();
        $.totals[id] = $.totalShares;
        emit SnapshotTaken(id, $.totalShares);
    }

    function _approve(address owner, address spender, uint256 value) internal {
        if (spender == address(0)) revert ERC20InvalidSpender(spender);
        uint256 word = UNLIMITED;
        if (value != type(uint256).max) {
            if (value >= UNLIMITED) revert AllowanceOverflow(value);
            word = value;
        }
        LedgerStorage storage $ = _ledger();
        $.allowances[owner][spender] = word | ($.state.folded().epoch() << EPOCH_SHIFT);
        emit Approval(owner, spender, value);
    }

    /// @dev The account's shares that are frozen, of those that it holds.
    function _frozenOf(uint256 word, uint256 held) internal pure returns (uint256) {
        return Math.min(word.frozenIn(), held);
    }

    function _toSharesUp(TokenState state, address from, uint256 amount) internal view returns (uint256) {
        if (amount > MAX_AMOUNT) revert ERC20InsufficientBalance(from, balanceOf(from), amount);
        unchecked {
            return (amount * WAD + state.written() - 1) / state.written(); // below 6.4e75
        }
    }

    function _checkCompliance(TokenState state, address spender, address from, address to) internal view {
        uint8 code = _complianceOf(state, spender, from, to);
        if (code == Restriction.NONE) return;
        if (code == Restriction.RECEIVER_WRAPPER) revert ERC20InvalidReceiver(to);
        if (code == Restriction.SPENDER_BLOCKED) revert ERC7943CannotSend(spender);
        if (_isOfSender(code)) revert ERC7943CannotSend(from);
        // A class that both need: whoever lacks it, the sender first.
        if (code == Restriction.CLASS && from != address(0) && !_mayAlone(state, from, address(0))) {
            revert ERC7943CannotSend(from);
        }
        revert ERC7943CannotReceive(to);
    }

    /// @dev The registry's code; country mask and product class are read only where the policy asks.
    function _complianceOf(TokenState state, address spender, address from, address to) internal view returns (uint8) {
        uint256 rules = state.policy();
        uint256 countries = rules & BY_COUNTRY == 0 ? 0 : _ledger().countries;
        if (rules & BY_CLASS != 0) rules |= uint256(_ledger().productClass) << CLASS_SHIFT;
        return _registry.checkCompliance(spender, from, to, rules, countries);
    }

    /// @dev Whether the account could send to nobody, or receive from nobody.
    function _mayAlone(TokenState state, address from, address to) internal view returns (bool) {
        return _complianceOf(state, from == address(0) ? to : from, from, to) == Restriction.NONE;
    }

    function _spendAllowance(TokenState state, address from, uint256 value) private {
        mapping(address spender => uint256) storage allowances = _ledger().allowances[from];
        uint256 word = allowances[msg.sender];
        if (word & UNLIMITED == UNLIMITED) return;
        uint256 allowed = _allowed(word, state);
        if (allowed < value) revert ERC20InsufficientAllowance(msg.sender, allowed, value);
        unchecked {
            allowances[msg.sender] = word - value; // value <= the amount, in the lowest bits
        }
    }

    function _checkShares(TokenState state, address from, uint256 shares) private view {
        if (shares > MAX_SHARES) {
            // Its worth would not fit a word, so the number of shares stands for it.
            uint256 held = _ledger().accounts[from].word & MAX_SHARES;
            revert ERC20InsufficientBalance(from, (held * state.written()) / WAD, shares);
        }
    }

    /// @dev An allowance of before a reverse split is void: its amount would be worth many times more now. One without
    /// limit had none then, and has none now.
    function _allowed(uint256 word, TokenState state) private pure returns (uint256) {
        uint256 amount = word & UNLIMITED;
        if (amount == UNLIMITED) return type(uint256).max;
        return word >> EPOCH_SHIFT == state.epoch() ? amount : 0;
    }

    function _checkSnapshot(TokenState state, uint256 id) private pure {
        if (id == 0 || id > state.snapshotId()) revert UnknownSnapshot(id);
    }

    function _isOfSender(uint8 code) private pure returns (bool) {
        return
            code == Restriction.SENDER_BLOCKED ||
            code == Restriction.SENDER_KYC ||
            code == Restriction.SENDER_EXPIRED ||
            code == Restriction.SENDER_COUNTRY;
    }

    function _ledger() internal pure returns (LedgerStorage storage $) {
        assembly {
            $.slot := LEDGER_STORAGE
        }
    }
}
