// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManagedUpgradeable} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC20PermitUpgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IComplianceRegistry} from "./interfaces/IComplianceRegistry.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";
import {IERC7943Fungible} from "./interfaces/IERC7943.sol";
import {IERC8056} from "./interfaces/IERC8056.sol";
import {IWrappedEquity} from "./interfaces/IWrappedEquity.sol";
import {ShareHistory} from "./libraries/ShareHistory.sol";
import {Investor, InvestorLibrary} from "./types/Investor.sol";

/// @title WrappedEquity
/// @notice See {IWrappedEquity}, which holds the prose. Behind a beacon, one for the whole catalogue.
/// @dev The rate is the stock's multiplier, never a quotient of balance and supply: a first depositor and a donor can move
/// nothing. What comes in and goes out is counted in shares, so that no rounding is between units and backing.
contract WrappedEquity is IWrappedEquity, ERC20PermitUpgradeable, AccessManagedUpgradeable, IERC165 {
    using ShareHistory for uint256;
    using ShareHistory for ShareHistory.Account;

    /// @custom:storage-location erc7201:tessera.storage.WrappedEquity
    struct WrapperStorage {
        IEquityToken token;
        /// Whose shares are the balances, and not in the word.
        mapping(address account => ShareHistory.Account) holders;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.WrappedEquity")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant WRAPPER_STORAGE = 0xc7259506181d71b50eb07d2281a60ca7baf13aa5ab9839e68f1f77652f9b7200;

    /// @dev What the stock says of a deposit or withdrawal.
    struct Conditions {
        bool open;
        uint256 multiplier;
        uint256 snapshotId;
    }

    uint256 private constant WAD = 1e18;
    uint256 private constant MAX_SHARES = ShareHistory.MAX_SHARES;

    /// @notice The implementation, for all wrappers of a beacon.
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @notice Once, in the transaction that deploys the proxy.
    /// @param authority_ The suite's AccessManager.
    /// @param token The stock.
    /// @param name_ ERC-20 name, and ERC-712 domain's.
    /// @param symbol_ ERC-20 symbol.
    function initialize(
        address authority_,
        IEquityToken token,
        string calldata name_,
        string calldata symbol_
    ) external initializer {
        if (address(token).code.length == 0) revert InvalidAsset(address(token));
        __AccessManaged_init(authority_);
        __ERC20_init(name_, symbol_);
        __ERC20Permit_init(name_);
        _wrapper().token = token;
    }

    /// @inheritdoc IERC4626
    function deposit(uint256 assets, address receiver) public returns (uint256 shares) {
        Conditions memory now_ = _conditions(address(0), receiver);
        uint256 max = _toAssets(_maxMint(now_), now_);
        if (assets > max) revert ERC4626ExceededMaxDeposit(receiver, assets, max);
        shares = (assets * WAD) / now_.multiplier; // at most the maximum's
        _deposit(receiver, shares, now_.snapshotId);
    }

    /// @inheritdoc IERC4626
    function mint(uint256 shares, address receiver) external returns (uint256 assets) {
        Conditions memory now_ = _conditions(address(0), receiver);
        uint256 max = _maxMint(now_);
        if (shares > max) revert ERC4626ExceededMaxMint(receiver, shares, max);
        assets = Math.ceilDiv(shares * now_.multiplier, WAD);
        _deposit(receiver, shares, now_.snapshotId);
    }

    /// @inheritdoc IERC4626
    function withdraw(uint256 assets, address receiver, address owner) external returns (uint256 shares) {
        Conditions memory now_ = _conditions(owner, address(0));
        uint256 max = _toAssets(_maxRedeem(owner, now_), now_);
        if (assets > max) revert ERC4626ExceededMaxWithdraw(owner, assets, max);
        shares = Math.ceilDiv(assets * WAD, now_.multiplier);
        _withdraw(receiver, owner, shares);
    }

    /// @inheritdoc IERC4626
    function redeem(uint256 shares, address receiver, address owner) external returns (uint256 assets) {
        Conditions memory now_ = _conditions(owner, address(0));
        uint256 max = _maxRedeem(owner, now_);
        if (shares > max) revert ERC4626ExceededMaxRedeem(owner, shares, max);
        assets = _toAssets(shares, now_);
        _withdraw(receiver, owner, shares);
    }

    /// @inheritdoc IWrappedEquity
    function depositWithPermit(
        uint256 assets,
        address receiver,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 shares) {
        // Whoever sends the permit first must not stop the deposit: what counts is the allowance.
        try _wrapper().token.permit(msg.sender, address(this), assets, deadline, v, r, s) {} catch {}
        return deposit(assets, receiver);
    }

    /// @inheritdoc IERC7943Fungible
    function forcedTransfer(address from, address to, uint256 amount) external restricted returns (bool) {
        IEquityToken token = _wrapper().token;
        if (to == address(0) || to == address(this) || to == address(token)) revert ERC20InvalidReceiver(to);
        if (!token.canReceive(to)) revert ERC7943CannotReceive(to);
        uint256 held = balanceOf(from);
        if (amount > held) revert ERC20InsufficientBalance(from, held, amount);
        Investor investor = Investor.wrap(IComplianceRegistry(token.complianceRegistry()).accountOf(from));
        if (investor.has(InvestorLibrary.SYSTEM)) revert EnforcementForbidden(from);
        uint256 frozen = _wrapper().holders[from].word.frozenIn();
        if (!investor.has(InvestorLibrary.BLOCKED) && frozen < amount) revert AccountNotSeizable(from);
        // Said before the tokens move; what is frozen of all, or beyond the holding, stays frozen.
        uint256 left = Math.max(frozen, held) - amount;
        if (frozen != MAX_SHARES && frozen > left) {
            _wrapper().holders[from].word = _wrapper().holders[from].word.withFrozen(left);
            emit Frozen(from, left);
        }
        emit ForcedTransfer(from, to, amount);
        _write(from, to, amount, token.snapshotId());
        return true;
    }

    /// @inheritdoc IERC7943Fungible
    function setFrozenTokens(address account, uint256 amount) external restricted returns (bool) {
        uint256 units = MAX_SHARES; // stands for all
        if (amount != type(uint256).max) {
            if (amount >= MAX_SHARES) revert FrozenTooLarge(amount);
            units = amount;
        }
        _wrapper().holders[account].word = _wrapper().holders[account].word.withFrozen(units);
        emit Frozen(account, amount);
        return true;
    }

    /// @inheritdoc IWrappedEquity
    function sweep(address to) external restricted returns (uint256 shares) {
        IEquityToken token = _wrapper().token;
        shares = token.sharesOf(address(this)) - totalSupply();
        if (shares == 0) revert ZeroShares();
        emit Swept(to, shares);
        token.transferShares(to, shares);
    }

    /// @inheritdoc IWrappedEquity
    function onMultiplierUpdate(uint256 previous, uint256 next, uint256 effectiveAt_) external {
        if (msg.sender != _wrapper().token.corporateActions()) revert OnlyCorporateActions(msg.sender);
        emit UIMultiplierUpdated(previous, next, effectiveAt_);
    }

    /// @inheritdoc IERC4626
    function asset() external view returns (address) {
        return address(_wrapper().token);
    }

    /// @notice What all units are worth. What else the wrapper was sent is not counted.
    /// @return Amount of the stock, rounded down.
    function totalAssets() external view returns (uint256) {
        return convertToAssets(totalSupply());
    }

    /// @inheritdoc IERC4626
    function convertToShares(uint256 assets) public view returns (uint256) {
        return Math.mulDiv(assets, WAD, _wrapper().token.multiplier());
    }

    /// @inheritdoc IERC4626
    function convertToAssets(uint256 shares) public view returns (uint256) {
        return Math.mulDiv(shares, _wrapper().token.multiplier(), WAD);
    }

    /// @inheritdoc IERC4626
    function previewDeposit(uint256 assets) external view returns (uint256) {
        return convertToShares(assets);
    }

    /// @inheritdoc IERC4626
    function previewMint(uint256 shares) public view returns (uint256) {
        return Math.mulDiv(shares, _wrapper().token.multiplier(), WAD, Math.Rounding.Ceil);
    }

    /// @inheritdoc IERC4626
    function previewWithdraw(uint256 assets) public view returns (uint256) {
        return Math.mulDiv(assets, WAD, _wrapper().token.multiplier(), Math.Rounding.Ceil);
    }

    /// @inheritdoc IERC4626
    function previewRedeem(uint256 shares) external view returns (uint256) {
        return convertToAssets(shares);
    }

    /// @inheritdoc IERC4626
    function maxDeposit(address receiver) external view returns (uint256) {
        Conditions memory now_ = _conditions(address(0), receiver);
        return _toAssets(_maxMint(now_), now_);
    }

    /// @inheritdoc IERC4626
    function maxMint(address receiver) external view returns (uint256) {
        return _maxMint(_conditions(address(0), receiver));
    }

    /// @inheritdoc IERC4626
    function maxWithdraw(address owner) external view returns (uint256) {
        Conditions memory now_ = _conditions(owner, address(0));
        return _toAssets(_maxRedeem(owner, now_), now_);
    }

    /// @inheritdoc IERC4626
    function maxRedeem(address owner) external view returns (uint256) {
        return _maxRedeem(owner, _conditions(owner, address(0)));
    }

    /// @inheritdoc IERC8056
    function uiMultiplier() public view returns (uint256) {
        return _wrapper().token.multiplier();
    }

    /// @inheritdoc IERC8056
    function newUIMultiplier() external view returns (uint256) {
        (uint256 pending, , ) = _wrapper().token.pendingMultiplier();
        return pending == 0 ? uiMultiplier() : pending;
    }

    /// @inheritdoc IERC8056
    function effectiveAt() external view returns (uint256 time) {
        (, time, ) = _wrapper().token.pendingMultiplier();
    }

    /// @inheritdoc IERC8056
    function toUIAmount(uint256 rawAmount) public view returns (uint256) {
        return convertToAssets(rawAmount);
    }

    /// @inheritdoc IERC8056
    function fromUIAmount(uint256 uiAmount) external view returns (uint256) {
        return convertToShares(uiAmount);
    }

    /// @inheritdoc IERC8056
    function balanceOfUI(address account) external view returns (uint256) {
        return toUIAmount(balanceOf(account));
    }

    /// @inheritdoc IERC8056
    function totalSupplyUI() external view returns (uint256) {
        return toUIAmount(totalSupply());
    }

    /// @inheritdoc IERC7943Fungible
    function canSend(address account) external view returns (bool) {
        return _wrapper().token.canSend(account);
    }

    /// @inheritdoc IERC7943Fungible
    function canReceive(address account) external view returns (bool) {
        return account != address(this) && _wrapper().token.canReceive(account);
    }

    /// @inheritdoc IERC7943Fungible
    function getFrozenTokens(address account) external view returns (uint256) {
        uint256 units = _wrapper().holders[account].word.frozenIn();
        return units == MAX_SHARES ? type(uint256).max : units;
    }

    /// @inheritdoc IERC7943Fungible
    function canTransfer(address from, address to, uint256 amount) external view returns (bool) {
        if (from == address(0) || to == address(0)) return false;
        try _wrapper().token.ensureTransferable(from, from, to) {
            uint256 held = balanceOf(from);
            // A balance that is too small is no rule's matter; what is frozen of one that is not, is.
            return amount > held || amount <= Math.saturatingSub(held, _wrapper().holders[from].word.frozenIn());
        } catch {
            return false;
        }
    }

    /// @inheritdoc IWrappedEquity
    function sharesAt(address account, uint256 id) external view returns (uint256) {
        WrapperStorage storage $ = _wrapper();
        if (id == 0 || id > $.token.snapshotId()) revert UnknownSnapshot(id);
        return $.holders[account].sharesAt(balanceOf(account), id);
    }

    /// @notice Whether the contract implements an ERC-165 interface; ERC-8056's four are among them.
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IERC20).interfaceId ||
            interfaceId == type(IERC4626).interfaceId ||
            interfaceId == type(IERC7943Fungible).interfaceId ||
            interfaceId == IERC8056.uiMultiplier.selector ||
            interfaceId == IERC8056.newUIMultiplier.selector ^ IERC8056.effectiveAt.selector ||
            interfaceId == IERC8056.toUIAmount.selector ^ IERC8056.fromUIAmount.selector ||
            interfaceId == IERC8056.balanceOfUI.selector ^ IERC8056.totalSupplyUI.selector;
    }

    /// @dev Units + shares, shares held + shares. The stock checks the caller as its sender; the conditions were the
    /// receiver's.
    function _deposit(address receiver, uint256 shares, uint256 snapshotId) private {
        if (receiver == address(0)) revert ERC20InvalidReceiver(receiver);
        if (shares == 0) revert ZeroShares();
        uint256 assets = _wrapper().token.transferSharesFrom(msg.sender, address(this), shares);
        _write(address(0), receiver, shares, snapshotId);
        emit Deposit(msg.sender, receiver, assets, shares);
    }

    /// @dev Units − shares, shares held − shares. `_update` checks the owner; the stock the receiver.
    function _withdraw(address receiver, address owner, uint256 shares) private {
        // Shares that come back here would be nobody's.
        if (receiver == address(this)) revert ERC20InvalidReceiver(receiver);
        if (shares == 0) revert ZeroShares();
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, shares);
        _burn(owner, shares);
        uint256 assets = _wrapper().token.transferShares(receiver, shares);
        emit Withdraw(msg.sender, receiver, owner, assets, shares);
    }

    /// @dev Every transfer and burn of units: the stock's rules, what is frozen, snapshots. `from` is not 0: units are made by
    /// `_deposit` alone.
    function _update(address from, address to, uint256 value) internal override {
        uint256 id = _wrapper().token.ensureTransferable(msg.sender, from, to);
        uint256 held = balanceOf(from);
        uint256 free = Math.saturatingSub(held, _wrapper().holders[from].word.frozenIn());
        if (value > free && value <= held) revert ERC7943InsufficientUnfrozenBalance(from, value, free);
        _write(from, to, value, id);
    }

    function _conditions(address from, address to) private view returns (Conditions memory now_) {
        (now_.open, now_.multiplier, now_.snapshotId) = _wrapper().token.conversionTerms(from, to);
    }

    function _maxMint(Conditions memory now_) private view returns (uint256) {
        return now_.open ? MAX_SHARES - totalSupply() : 0;
    }

    function _maxRedeem(address owner, Conditions memory now_) private view returns (uint256) {
        if (!now_.open) return 0;
        return Math.saturatingSub(balanceOf(owner), _wrapper().holders[owner].word.frozenIn());
    }

    /// @dev Of at most all shares that there can be.
    function _toAssets(uint256 shares, Conditions memory now_) private pure returns (uint256) {
        return (shares * now_.multiplier) / WAD;
    }

    function _write(address from, address to, uint256 value, uint256 id) private {
        if (from != address(0)) _touch(from, id);
        if (to != address(0)) _touch(to, id);
        super._update(from, to, value);
    }

    function _touch(address account, uint256 id) private {
        ShareHistory.Account storage holder = _wrapper().holders[account];
        uint256 word = holder.word;
        uint256 next = holder.touched(word, balanceOf(account), id);
        if (next != word) holder.word = next;
    }

    function _wrapper() private pure returns (WrapperStorage storage $) {
        assembly {
            $.slot := WRAPPER_STORAGE
        }
    }
}
