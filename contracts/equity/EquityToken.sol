// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManagedUpgradeable} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ShortString, ShortStrings} from "@openzeppelin/contracts/utils/ShortStrings.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {EquityAuthorizations} from "./base/EquityAuthorizations.sol";
import {EquityLedger} from "./base/EquityLedger.sol";
import {IComplianceRegistry} from "./interfaces/IComplianceRegistry.sol";
import {IEquityDocuments} from "./interfaces/IEquityDocuments.sol";
import {IEquityIssuance} from "./interfaces/IEquityIssuance.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";
import {IERC7943Fungible} from "./interfaces/IERC7943.sol";
import {ShareHistory} from "./libraries/ShareHistory.sol";
import {Investor, InvestorLibrary} from "./types/Investor.sol";
import {Restriction} from "./types/Restriction.sol";
import {TokenState, TokenStateLibrary} from "./types/TokenState.sol";

/// @title EquityToken
/// @notice See {IEquityToken}, which holds the prose. Behind a beacon, one for the whole catalogue.
/// @dev This file is the token's powers and what it answers about itself; ledger, authorizations and issuance are the
/// bases. An upgrade runs no initialiser: the zero of every new field must mean the old behaviour.
contract EquityToken is EquityAuthorizations, AccessManagedUpgradeable, IERC165 {
    using ShareHistory for uint256;

    /// @custom:storage-location erc7201:tessera.storage.EquityToken
    struct TokenStorage {
        string name;
        ShortString symbol;
        // One slot.
        bytes12 isin;
        address wrapper;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.EquityToken")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant TOKEN_STORAGE = 0x7008e60bbc72805c54cc11f6563f2845d457a4bbb69f6884fe41d6ddc47ea600;

    uint256 private constant ALL_PAUSES = 15;
    uint256 private constant MAX_POLICY = 15;
    uint256 private constant MAX_CLASS = 63;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    address private immutable _corporateActions;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IEquityIssuance private immutable _issuance;

    /// @custom:oz-upgrades-unsafe-allow state-variable-immutable
    IEquityDocuments private immutable _documents;

    /// @dev The contract of corporate actions has judged what it brings.
    modifier onlyCorporateActions() {
        if (msg.sender != _corporateActions) revert OnlyCorporateActions(msg.sender);
        _;
    }

    /// @notice The implementation, for all tokens of a beacon.
    /// @param registry_ The compliance registry.
    /// @param corporateActions_ The contract of corporate actions.
    /// @param issuance_ The contract that bounds mints.
    /// @param documents_ The contract of terms and documents.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IComplianceRegistry registry_,
        address corporateActions_,
        IEquityIssuance issuance_,
        IEquityDocuments documents_
    ) EquityLedger(registry_) {
        if (corporateActions_.code.length == 0) revert InvalidConfig("corporateActions");
        if (address(documents_).code.length == 0) revert InvalidConfig("documents");
        if (address(issuance_).code.length == 0) revert InvalidConfig("issuance");
        _corporateActions = corporateActions_;
        _issuance = issuance_;
        _documents = documents_;
        _disableInitializers();
    }

    /// @notice Once, in the transaction that deploys the proxy.
    /// @param authority_ The suite's AccessManager.
    /// @param configuration What the token is.
    function initialize(address authority_, Configuration calldata configuration) external initializer {
        if (authority_.code.length == 0) revert InvalidConfig("authority");
        if (bytes(configuration.name).length == 0) revert InvalidConfig("name");
        if (bytes(configuration.symbol).length == 0) revert InvalidConfig("symbol");
        if (configuration.wrapper == address(0)) revert InvalidConfig("wrapper");
        __AccessManaged_init(authority_);
        TokenStorage storage $ = _token();
        $.name = configuration.name;
        $.symbol = ShortStrings.toShortString(configuration.symbol);
        ($.isin, $.wrapper) = (configuration.isin, configuration.wrapper);
        _ledger().state = TokenState.wrap(0).withMultiplier(WAD);
        _setPolicy(configuration.policy, configuration.productClass, configuration.countries);
    }

    /// @inheritdoc IEquityToken
    function mint(address to, uint256 amount, bytes32 requestId) external restricted {
        if (to == address(0) || to == address(this)) revert ERC20InvalidReceiver(to);
        TokenState state = _foldedState();
        if (state.pauses() & TokenStateLibrary.MINTS_PAUSED != 0) revert MintPaused();
        // Who mints holds a role, and is not looked up.
        _checkCompliance(state, address(0), address(0), to);
        // Rounded down: the supply grows by the amount at most, so that what the reserves are asked for is enough.
        uint256 shares = amount > MAX_AMOUNT ? MAX_SHARES : (amount * WAD) / state.written();
        if (shares == 0) revert ZeroShares();
        uint256 total = _ledger().totalShares + shares;
        _issuance.admitMint(msg.sender, requestId, shares, total, state.covered(), _lastActionAt(state));
        _mintShares(state, to, shares, amount);
        emit Minted(msg.sender, requestId);
    }

    /// @inheritdoc IEquityToken
    function burn(uint256 amount) external restricted {
        TokenState state = _foldedState();
        _burnOwn(state, _toSharesUp(state, msg.sender, amount), amount);
    }

    /// @inheritdoc IEquityToken
    function burnShares(uint256 shares) external restricted {
        TokenState state = _foldedState();
        _burnOwn(state, shares, shares > MAX_SHARES ? shares : (shares * state.written()) / WAD);
    }

    /// @inheritdoc IERC7943Fungible
    function forcedTransfer(address from, address to, uint256 amount) external restricted returns (bool) {
        if (to == address(0) || to == address(this)) revert ERC20InvalidReceiver(to);
        TokenState state = _foldedState();
        if (!_mayAlone(state, address(0), to)) revert ERC7943CannotReceive(to);
        (uint256 word, uint256 shares) = _seize(state, from, amount);
        emit ForcedTransfer(from, to, amount);
        _writeMove(_ledger().accounts[from], state, from, word, to, shares, amount);
        return true;
    }

    /// @inheritdoc IEquityToken
    function forcedBurn(address from, uint256 amount) external restricted returns (bool) {
        TokenState state = _foldedState();
        (uint256 word, uint256 shares) = _seize(state, from, amount);
        emit ForcedBurn(from, amount, shares);
        _burnShares(state, from, word, shares, amount);
        return true;
    }

    /// @inheritdoc IERC7943Fungible
    function setFrozenTokens(address account, uint256 amount) external restricted returns (bool) {
        TokenState state = _foldedState();
        uint256 shares = MAX_SHARES;
        if (amount != type(uint256).max) {
            // Rounded up: what is left free is at most the balance less the amount.
            shares = amount > MAX_AMOUNT ? MAX_SHARES : Math.ceilDiv(amount * WAD, state.written());
            if (shares >= MAX_SHARES) revert FrozenTooLarge(amount);
        }
        _setFrozenShares(state, account, shares);
        emit Frozen(account, amount);
        return true;
    }

    /// @inheritdoc IEquityToken
    function pause(uint256 bits) external restricted {
        _setPauses(_checkedPauses(bits), 0);
    }

    /// @inheritdoc IEquityToken
    function unpause(uint256 bits) external restricted {
        _setPauses(0, _checkedPauses(bits));
    }

    /// @inheritdoc IEquityToken
    function setPolicy(uint8 policy_, uint8 productClass, uint256 countries) external restricted {
        _setPolicy(policy_, productClass, countries);
    }

    /// @inheritdoc IEquityToken
    function snapshot() external restricted returns (uint256 id) {
        return _takeSnapshot();
    }

    /// @inheritdoc IEquityToken
    function scheduleMultiplier(
        uint256 multiplier_,
        uint256 effectiveAt,
        uint256 haltMinutes
    ) external onlyCorporateActions {
        TokenState state = _foldedState();
        // Another takes its place in the state.
        // forge-lint: disable-next-line(unsafe-typecast) -- of 40 bits
        _ledger().lastActionAt = uint40(state.effectiveAt());
        _ledger().state = state.withPending(multiplier_, effectiveAt, haltMinutes);
        emit MultiplierScheduled(multiplier_, effectiveAt, haltMinutes);
    }

    /// @inheritdoc IEquityToken
    function cancelMultiplier() external onlyCorporateActions {
        TokenState state = _foldedState();
        emit MultiplierCanceled(state.pending(), state.effectiveAt());
        // No halt for what never was; the age of reserves is asked of the action before.
        _ledger().state = state.withPending(0, _ledger().lastActionAt, 0);
    }

    /// @inheritdoc IEquityToken
    function applyMultiplier(uint256 multiplier_) external onlyCorporateActions {
        TokenState state = _foldedState();
        _ledger().state = state.withMultiplier(multiplier_);
        emit MultiplierUpdated(state.written(), multiplier_);
    }

    /// @inheritdoc IERC20Metadata
    function name() external view returns (string memory) {
        return _token().name;
    }

    /// @inheritdoc IERC20Metadata
    function symbol() external view returns (string memory) {
        return ShortStrings.toString(_token().symbol);
    }

    /// @inheritdoc IERC20Metadata
    function decimals() external pure returns (uint8) {
        return 18;
    }

    /// @inheritdoc IEquityToken
    function isin() external view returns (bytes12) {
        return _token().isin;
    }

    /// @inheritdoc IEquityToken
    function wrapper() external view returns (address) {
        return _token().wrapper;
    }

    /// @inheritdoc IEquityToken
    function allowanceEpoch() external view returns (uint256) {
        return _ledger().state.folded().epoch();
    }

    /// @inheritdoc IEquityToken
    function isHalted() external view returns (bool) {
        return _ledger().state.isHalted();
    }

    /// @inheritdoc IEquityToken
    function conversionTerms(
        address from,
        address to
    ) external view returns (bool open, uint256 multiplier_, uint256 id) {
        TokenState state = _ledger().state;
        open =
            to != address(this) &&
            state.pauses() & TokenStateLibrary.TRANSFERS_PAUSED == 0 &&
            !state.isHalted() &&
            _complianceOf(state, from, from, to) == Restriction.NONE;
        return (open, state.multiplier(), state.snapshotId());
    }

    /// @inheritdoc IEquityToken
    function ensureTransferable(address spender, address from, address to) external view returns (uint256) {
        if (to == address(this)) revert ERC20InvalidReceiver(to);
        TokenState state = _ledger().state;
        if (state.pauses() & TokenStateLibrary.TRANSFERS_PAUSED != 0) revert TransferPaused();
        _checkCompliance(state, spender, from, to);
        return state.snapshotId();
    }

    /// @inheritdoc IEquityToken
    function contractURI() external view returns (string memory) {
        return _documents.contractURI(address(this));
    }

    /// @inheritdoc IEquityToken
    function issuanceContract() external view returns (address) {
        return address(_issuance);
    }

    /// @inheritdoc IEquityToken
    function documents() external view returns (address) {
        return address(_documents);
    }

    /// @inheritdoc IEquityToken
    function complianceRegistry() external view returns (address) {
        return address(_registry);
    }

    /// @inheritdoc IEquityToken
    function corporateActions() external view returns (address) {
        return _corporateActions;
    }

    /// @inheritdoc IEquityToken
    function pauses() external view returns (uint256) {
        return _ledger().state.pauses();
    }

    /// @inheritdoc IEquityToken
    function policy() external view returns (uint8 policy_, uint8 productClass, uint256 countries) {
        LedgerStorage storage $ = _ledger();
        return (uint8($.state.policy()), $.productClass, $.countries);
    }

    /// @inheritdoc IEquityToken
    function lastActionAt() external view returns (uint256) {
        return _lastActionAt(_ledger().state);
    }

    /// @inheritdoc IERC7943Fungible
    function canSend(address account) external view returns (bool) {
        return account != address(0) && _mayAlone(_ledger().state, account, address(0));
    }

    /// @inheritdoc IERC7943Fungible
    function canReceive(address account) external view returns (bool) {
        return account != address(0) && account != address(this) && _mayAlone(_ledger().state, address(0), account);
    }

    /// @inheritdoc IERC7943Fungible
    function getFrozenTokens(address account) external view returns (uint256) {
        LedgerStorage storage $ = _ledger();
        uint256 shares = $.accounts[account].word.frozenIn();
        return shares == MAX_SHARES ? type(uint256).max : (shares * $.state.multiplier()) / WAD;
    }

    /// @inheritdoc IERC7943Fungible
    function canTransfer(address from, address to, uint256 amount) external view returns (bool) {
        uint8 code = detectTransferRestriction(from, to, amount);
        return code == Restriction.NONE || code == Restriction.BALANCE;
    }

    /// @inheritdoc IEquityToken
    function detectTransferRestriction(address from, address to, uint256 amount) public view returns (uint8) {
        LedgerStorage storage $ = _ledger();
        TokenState state = $.state.folded();
        if (from == address(0)) return Restriction.SENDER_BLOCKED;
        if (to == address(0) || to == address(this)) return Restriction.RECEIVER_BLOCKED;
        if (state.pauses() & TokenStateLibrary.TRANSFERS_PAUSED != 0) return Restriction.PAUSED;
        if (state.isHalted()) return Restriction.HALTED;
        uint8 code = _complianceOf(state, from, from, to);
        if (code != Restriction.NONE) return code;
        uint256 word = $.accounts[from].word;
        uint256 held = word & MAX_SHARES;
        if (amount > MAX_AMOUNT) return Restriction.BALANCE;
        uint256 shares = Math.ceilDiv(amount * WAD, state.written());
        if (shares > held) return Restriction.BALANCE;
        return shares > held - _frozenOf(word, held) ? Restriction.FROZEN : Restriction.NONE;
    }

    /// @inheritdoc IEquityToken
    function messageForTransferRestriction(uint8 code) external view returns (string memory) {
        return _registry.messageForCode(code);
    }

    /// @notice Whether the contract implements an ERC-165 interface. ERC-8056's are not among them: it rebases.
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IERC20).interfaceId ||
            interfaceId == type(IERC7943Fungible).interfaceId;
    }

    function _burnOwn(TokenState state, uint256 shares, uint256 amount) private {
        if (state.pauses() & TokenStateLibrary.BURNS_PAUSED != 0) revert BurnPaused();
        if (shares == 0) revert ZeroShares();
        // What is burned is paid out in stocks or money: who may not send may not have those either.
        if (!_mayAlone(state, msg.sender, address(0))) revert ERC7943CannotSend(msg.sender);
        uint256 word = _checkedWord(_ledger().accounts[msg.sender], state, msg.sender, shares, amount);
        _burnShares(state, msg.sender, word, shares, amount);
    }

    /// @dev What an enforcer takes: of an account that is blocked, or frozen to the amount, and is no part of the system,
    /// whose holdings are others'. Frozen shares that are taken are frozen no longer, and that is said before they move.
    function _seize(TokenState state, address from, uint256 amount) private returns (uint256 word, uint256 shares) {
        Investor investor = Investor.wrap(_registry.accountOf(from));
        if (investor.has(InvestorLibrary.SYSTEM)) revert EnforcementForbidden(from);
        shares = _toSharesUp(state, from, amount);
        word = _ledger().accounts[from].word;
        uint256 held = word & MAX_SHARES;
        if (shares > held) revert ERC20InsufficientBalance(from, (held * state.written()) / WAD, amount);
        uint256 frozen = word.frozenIn();
        if (!investor.has(InvestorLibrary.BLOCKED) && frozen < shares) revert AccountNotSeizable(from);
        // What is frozen beyond the holding stays so: it is of what is still to arrive.
        uint256 left = Math.max(frozen, held) - shares;
        if (frozen == MAX_SHARES || frozen <= left) return (word, shares);
        _setFrozenShares(state, from, left);
        emit Frozen(from, (left * state.written()) / WAD);
        word = _ledger().accounts[from].word;
    }

    /// @dev When the last corporate action took effect: while another is to come, its time stands apart.
    function _lastActionAt(TokenState state) private view returns (uint256) {
        uint256 effectiveAt = state.effectiveAt();
        return effectiveAt > block.timestamp ? _ledger().lastActionAt : effectiveAt;
    }

    function _setPauses(uint256 set, uint256 clear) private {
        TokenState state = _foldedState();
        uint256 bits = (state.pauses() | set) & ~clear;
        _ledger().state = state.withPauses(bits);
        emit PausesUpdated(bits);
    }

    function _setPolicy(uint8 policy_, uint8 productClass, uint256 countries) private {
        if (policy_ > MAX_POLICY) revert InvalidConfig("policy");
        if (productClass > MAX_CLASS) revert InvalidConfig("productClass");
        LedgerStorage storage $ = _ledger();
        $.state = _foldedState().withPolicy(policy_);
        ($.productClass, $.countries) = (productClass, countries);
        emit PolicyUpdated(policy_, productClass, countries);
    }

    function _checkedPauses(uint256 bits) private pure returns (uint256) {
        if (bits == 0 || bits > ALL_PAUSES) revert InvalidPauses(bits);
        return bits;
    }

    function _token() private pure returns (TokenStorage storage $) {
        assembly {
            $.slot := TOKEN_STORAGE
        }
    }
}
