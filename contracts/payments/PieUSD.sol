// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Managed} from "../access/Managed.sol";
import {AccountSignature} from "../access/libraries/AccountSignature.sol";
import {PieAuthorizations} from "./base/PieAuthorizations.sol";
import {IPieUSD} from "./interfaces/IPieUSD.sol";

/// @title PieUSD
/// @notice See {IPieUSD}, which holds the prose. Immutable: it has no proxy and no owner.
/// @dev This file is the wrapper and its powers; the ledger and the authorizations are the bases.
///
/// Identity: `backing >= totalSupply`, unless the underlying itself took backing away. A deposit leaves their difference
/// unchanged, a redemption never lowers it, a rescue takes from it alone.
contract PieUSD is PieAuthorizations, Managed, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    bytes32 private constant REDEEM_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "RedeemWithAuthorization(address from,address to,uint256 value,uint256 minOut,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    uint256 private constant DEPOSITS_PAUSED = 1;
    uint256 private constant REDEMPTIONS_PAUSED = 2;
    uint256 private constant PRO_RATA = 4;

    IERC20 private immutable _underlying;
    uint8 private immutable _decimals;

    /// @notice Reverts with `InvalidUnderlying` where `underlying_` has no code.
    /// @param authority_ The suite's AccessManager.
    /// @param underlying_ USDT on this chain; its decimals become pieUSD's.
    constructor(address authority_, address underlying_) Managed(authority_) EIP712("pieUSD", "1") {
        if (underlying_.code.length == 0) revert InvalidUnderlying(underlying_);
        _underlying = IERC20(underlying_);
        _decimals = IERC20Metadata(underlying_).decimals();
    }

    /// @inheritdoc IPieUSD
    function deposit(uint256 amount, uint256 minOut) external nonReentrant returns (uint256 minted) {
        return _deposit(msg.sender, amount, minOut);
    }

    /// @inheritdoc IPieUSD
    function depositFor(address to, uint256 amount, uint256 minOut) external nonReentrant returns (uint256 minted) {
        return _deposit(to, amount, minOut);
    }

    /// @inheritdoc IPieUSD
    function depositWithPermit(
        uint256 amount,
        uint256 minOut,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant returns (uint256 minted) {
        // Whoever sends the permit first must not be able to make the deposit fail.
        try IERC20Permit(address(_underlying)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        return _deposit(msg.sender, amount, minOut);
    }

    /// @inheritdoc IPieUSD
    function redeem(uint256 value, address to, uint256 minOut) external nonReentrant returns (uint256 received) {
        return _redeem(msg.sender, to, value, minOut);
    }

    /// @inheritdoc IPieUSD
    function redeemWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 minOut,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external nonReentrant returns (uint256 received) {
        _checkAuthorization(from, validAfter, validBefore, nonce);
        bytes32 structHash = keccak256(
            abi.encode(REDEEM_WITH_AUTHORIZATION_TYPEHASH, from, to, value, minOut, validAfter, validBefore, nonce)
        );
        if (!AccountSignature.isValid(from, _hashTypedDataV4(structHash), signature)) revert InvalidSignature();
        _spendAuthorization(from, nonce);
        return _redeem(from, to, value, minOut);
    }

    /// @inheritdoc IPieUSD
    function freeze(address account) external restricted {
        // Neither holds a balance; freezing the contract's own address would only confuse whoever reads it.
        if (account == address(0) || account == address(this)) revert CannotFreeze(account);
        _setFrozen(account, true);
    }

    /// @inheritdoc IPieUSD
    function unfreeze(address account) external restricted {
        _setFrozen(account, false);
    }

    /// @inheritdoc IPieUSD
    function pauseDeposits() external restricted {
        _setMode(DEPOSITS_PAUSED, true);
        emit DepositsPauseUpdated(true);
    }

    /// @inheritdoc IPieUSD
    function unpauseDeposits() external restricted {
        _setMode(DEPOSITS_PAUSED, false);
        emit DepositsPauseUpdated(false);
    }

    /// @inheritdoc IPieUSD
    function pauseRedemptions() external restricted {
        _setMode(REDEMPTIONS_PAUSED, true);
        emit RedemptionsPauseUpdated(true);
    }

    /// @inheritdoc IPieUSD
    function unpauseRedemptions() external restricted {
        _setMode(REDEMPTIONS_PAUSED, false);
        emit RedemptionsPauseUpdated(false);
    }

    // Locked, because inside of a redemption the supply has shrunk and the backing not yet: neither may judge by them.

    /// @inheritdoc IPieUSD
    function openProRata() external restricted nonReentrant {
        (uint256 held, uint256 supply) = (backing(), totalSupply());
        if (held >= supply) revert NotUndercollateralized(held, supply);
        _setMode(PRO_RATA, true);
        emit ProRataOpened(held, supply);
    }

    /// @inheritdoc IPieUSD
    function closeProRata() external restricted nonReentrant {
        if (!proRata()) revert ProRataInactive();
        (uint256 held, uint256 supply) = (backing(), totalSupply());
        if (held < supply) revert Undercollateralized(held, supply);
        _setMode(PRO_RATA, false);
        emit ProRataClosed(held, supply);
    }

    /// @inheritdoc IPieUSD
    function rescue(address token, address to, uint256 amount) external restricted nonReentrant {
        (uint256 held, uint256 free) = (backing(), surplus());
        if (token == address(_underlying) && amount > free) revert RescueExceedsSurplus(amount, free);
        emit Rescued(token, to, amount);
        IERC20(token).safeTransfer(to, amount);
        // A token may be a second door to the underlying (an alias, an upgraded contract): what counts is what left.
        (, uint256 taken) = Math.trySub(held, backing());
        if (taken > free) revert RescueExceedsSurplus(taken, free);
    }

    /// @inheritdoc IERC20Metadata
    function decimals() external view returns (uint8) {
        return _decimals;
    }

    /// @inheritdoc IPieUSD
    function underlying() external view returns (address) {
        return address(_underlying);
    }

    /// @inheritdoc IPieUSD
    function depositsPaused() external view returns (bool) {
        return _hasMode(DEPOSITS_PAUSED);
    }

    /// @inheritdoc IPieUSD
    function redemptionsPaused() external view returns (bool) {
        return _hasMode(REDEMPTIONS_PAUSED);
    }

    /// @inheritdoc IPieUSD
    function proRata() public view returns (bool) {
        return _hasMode(PRO_RATA);
    }

    /// @inheritdoc IPieUSD
    function backing() public view returns (uint256) {
        return _underlying.balanceOf(address(this));
    }

    /// @inheritdoc IPieUSD
    function surplus() public view returns (uint256 amount) {
        (, amount) = Math.trySub(backing(), totalSupply()); // 0 in a shortfall
    }

    function _hasMode(uint256 mode) private view returns (bool) {
        (, uint256 modes) = _supplyAndModes();
        return modes & mode != 0;
    }

    /// @dev minted = what the contract's own USDT balance grew by, so backing - supply is unchanged. The lock keeps a
    /// hook of the underlying from running a second deposit inside the measurement.
    function _deposit(address to, uint256 amount, uint256 minOut) private returns (uint256 minted) {
        (uint256 supply, uint256 modes) = _supplyAndModes();
        if (modes & PRO_RATA != 0) revert ProRataActive();
        if (modes & DEPOSITS_PAUSED != 0) revert DepositsPaused();
        if (amount == 0) revert ZeroAmount();
        _checkReceiver(to);
        _checkNotFrozen(msg.sender);
        if (to != msg.sender) _checkNotFrozen(to);
        // A newcomer must not pay for an old loss.
        uint256 held = backing();
        if (held < supply) revert Undercollateralized(held, supply);

        _underlying.safeTransferFrom(msg.sender, address(this), amount);

        (, minted) = Math.trySub(backing(), held);
        if (minted == 0) revert ZeroAmount();
        if (minted < minOut) revert SlippageExceeded(minted, minOut);
        _mint(to, minted);
        emit Deposited(msg.sender, to, amount, minted);
    }

    /// @dev Burns `value` and sends `value`, or in pro-rata mode floor(value * backing / supply): the fraction of a base
    /// unit stays with the holders who remain. Never more than `value`: a surplus is not the redeemer's.
    function _redeem(address from, address to, uint256 value, uint256 minOut) private returns (uint256 received) {
        (uint256 supply, uint256 modes) = _supplyAndModes();
        if (modes & REDEMPTIONS_PAUSED != 0) revert RedemptionsPaused();
        if (value == 0) revert ZeroAmount();
        _checkReceiver(to);
        if (to != from) _checkNotFrozen(to);
        uint256 held = backing();
        uint256 out = value;
        if (held < supply) {
            if (modes & PRO_RATA == 0) revert Undercollateralized(held, supply);
            out = Math.mulDiv(value, held, supply);
        }
        uint256 before = _underlying.balanceOf(to);

        _burn(from, value, supply, modes);
        _underlying.safeTransfer(to, out);

        (, received) = Math.trySub(_underlying.balanceOf(to), before);
        if (received < minOut) revert SlippageExceeded(received, minOut);
        // An underlying that takes its fee from the sender on top would be paid by the holders who remain.
        (, uint256 taken) = Math.trySub(held, backing());
        if (taken > out) revert Undercollateralized(held - taken, supply - value);
        emit Redeemed(from, to, value, received);
    }
}
