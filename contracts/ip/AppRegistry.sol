// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAppRegistry} from "./interfaces/IAppRegistry.sol";

/// @title AppRegistry
/// @notice See {IAppRegistry}, which holds the prose. Immutable, without roles.
contract AppRegistry is IAppRegistry {
    struct App {
        // A registration and a withdrawal read this slot.
        address payee;
        uint16 feeBps;
        address owner;
        address pendingOwner;
    }

    /// @notice Highest fee. The protocol's has the same limit, so fees never take more than a tenth.
    uint256 public constant MAX_FEE_BPS = 500;

    /// @dev 24 bits, as a work stores it.
    uint24 private _count;
    mapping(uint256 appId => App) private _apps;

    /// @inheritdoc IAppRegistry
    function registerApp(address payee, uint256 feeBps) external returns (uint24 appId) {
        _checkPayee(payee);
        _checkFee(feeBps);
        appId = ++_count;
        // forge-lint: disable-next-line(unsafe-typecast) -- at most MAX_FEE_BPS
        _apps[appId] = App({payee: payee, feeBps: uint16(feeBps), owner: msg.sender, pendingOwner: address(0)});
        emit AppRegistered(appId, msg.sender, payee, feeBps);
    }

    /// @inheritdoc IAppRegistry
    function setFee(uint256 appId, uint256 feeBps) external {
        App storage app = _requireOwned(appId);
        _checkFee(feeBps);
        // forge-lint: disable-next-line(unsafe-typecast) -- at most MAX_FEE_BPS
        app.feeBps = uint16(feeBps);
        emit AppFeeUpdated(appId, feeBps);
    }

    /// @inheritdoc IAppRegistry
    function setPayee(uint256 appId, address payee) external {
        App storage app = _requireOwned(appId);
        _checkPayee(payee);
        app.payee = payee;
        emit AppPayeeUpdated(appId, payee);
    }

    /// @inheritdoc IAppRegistry
    function transferApp(uint256 appId, address to) external {
        _requireOwned(appId).pendingOwner = to;
        emit AppTransferStarted(appId, msg.sender, to);
    }

    /// @inheritdoc IAppRegistry
    function acceptApp(uint256 appId) external {
        App storage app = _require(appId);
        if (msg.sender != app.pendingOwner) revert NotPendingOwner(appId, msg.sender);
        emit AppTransferred(appId, app.owner, msg.sender);
        (app.owner, app.pendingOwner) = (msg.sender, address(0));
    }

    /// @inheritdoc IAppRegistry
    function feeOf(uint256 appId) external view returns (uint256) {
        App storage app = _apps[appId];
        // The payee is never zero, and shares the fee's slot.
        if (app.payee == address(0)) revert UnknownApp(appId);
        return app.feeBps;
    }

    /// @inheritdoc IAppRegistry
    function payeeOf(uint256 appId) external view returns (address) {
        return _require(appId).payee;
    }

    /// @inheritdoc IAppRegistry
    function ownerOf(uint256 appId) external view returns (address) {
        return _require(appId).owner;
    }

    /// @inheritdoc IAppRegistry
    function pendingOwnerOf(uint256 appId) external view returns (address) {
        return _require(appId).pendingOwner;
    }

    /// @inheritdoc IAppRegistry
    function count() external view returns (uint256) {
        return _count;
    }

    function _require(uint256 appId) private view returns (App storage app) {
        app = _apps[appId];
        if (app.payee == address(0)) revert UnknownApp(appId);
    }

    function _requireOwned(uint256 appId) private view returns (App storage app) {
        app = _require(appId);
        if (msg.sender != app.owner) revert NotAppOwner(appId, msg.sender);
    }

    function _checkPayee(address payee) private pure {
        if (payee == address(0)) revert InvalidPayee(payee);
    }

    function _checkFee(uint256 feeBps) private pure {
        if (feeBps > MAX_FEE_BPS) revert FeeTooHigh(feeBps, MAX_FEE_BPS);
    }
}
