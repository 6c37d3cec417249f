// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {Create3} from "@openzeppelin/contracts/utils/Create3.sol";

import {Managed} from "../access/Managed.sol";
import {EquityToken} from "./EquityToken.sol";
import {WrappedEquity} from "./WrappedEquity.sol";
import {IComplianceRegistry} from "./interfaces/IComplianceRegistry.sol";
import {IEquityFactory} from "./interfaces/IEquityFactory.sol";
import {IEquityIssuance} from "./interfaces/IEquityIssuance.sol";
import {IEquityToken} from "./interfaces/IEquityToken.sol";
import {InvestorLibrary} from "./types/Investor.sol";

/// @title EquityFactory
/// @notice See {IEquityFactory}, which holds the prose. Immutable.
contract EquityFactory is IEquityFactory, Managed {
    uint256 private constant TOKEN = 0;
    uint256 private constant WRAPPER = 1;

    IComplianceRegistry private immutable _registry;
    IEquityIssuance private immutable _issuance;
    address private immutable _tokenBeacon;
    address private immutable _wrapperBeacon;

    Pair[] private _stocks;

    /// @notice Reverts where a part has no code.
    /// @param authority_ The suite's AccessManager, of the stocks too.
    /// @param registry_ The compliance registry, in which this contract must hold REGISTRAR.
    /// @param issuance_ The contract that bounds mints, in which too.
    /// @param tokenBeacon_ Beacon of {EquityToken}.
    /// @param wrapperBeacon_ Beacon of {WrappedEquity}.
    constructor(
        address authority_,
        IComplianceRegistry registry_,
        IEquityIssuance issuance_,
        address tokenBeacon_,
        address wrapperBeacon_
    ) Managed(authority_) {
        if (address(registry_).code.length == 0) revert InvalidConfig("registry");
        if (address(issuance_).code.length == 0) revert InvalidConfig("issuance");
        if (tokenBeacon_.code.length == 0) revert InvalidConfig("tokenBeacon");
        if (wrapperBeacon_.code.length == 0) revert InvalidConfig("wrapperBeacon");
        (_registry, _issuance) = (registry_, issuance_);
        (_tokenBeacon, _wrapperBeacon) = (tokenBeacon_, wrapperBeacon_);
    }

    /// @inheritdoc IEquityFactory
    function deploy(Stock calldata stock) external restricted returns (address token, address wrapper) {
        IEquityToken.Configuration memory configuration = stock.configuration;
        string memory symbol = configuration.symbol;
        bytes32 tokenSalt = _salt(TOKEN, symbol, stock.version);
        bytes32 wrapperSalt = _salt(WRAPPER, symbol, stock.version);
        wrapper = Create3.computeAddress(wrapperSalt);
        if (wrapper.code.length != 0) revert StockExists(symbol, stock.version);
        // The token sees to its own names.
        if (bytes(stock.wrapperName).length == 0) revert InvalidConfig("wrapperName");
        if (bytes(stock.wrapperSymbol).length == 0) revert InvalidConfig("wrapperSymbol");
        configuration.wrapper = wrapper;
        token = _deployProxy(
            tokenSalt,
            _tokenBeacon,
            abi.encodeCall(EquityToken.initialize, (authority(), configuration))
        );
        _deployProxy(
            wrapperSalt,
            _wrapperBeacon,
            abi.encodeCall(
                WrappedEquity.initialize,
                (authority(), IEquityToken(token), stock.wrapperName, stock.wrapperSymbol)
            )
        );
        uint256 flags = InvestorLibrary.SYSTEM | InvestorLibrary.WRAPPER;
        _registry.setSystem(wrapper, flags, flags);
        _issuance.configure(token, stock.bounds);
        _stocks.push(Pair(token, wrapper));
        emit StockDeployed(symbol, stock.version, token, wrapper);
    }

    /// @inheritdoc IEquityFactory
    function addressesOf(
        string calldata symbol,
        uint256 version
    ) external view returns (address token, address wrapper) {
        return (
            Create3.computeAddress(_salt(TOKEN, symbol, version)),
            Create3.computeAddress(_salt(WRAPPER, symbol, version))
        );
    }

    /// @inheritdoc IEquityFactory
    function isDeployed(string calldata symbol, uint256 version) external view returns (bool) {
        return Create3.computeAddress(_salt(WRAPPER, symbol, version)).code.length != 0;
    }

    /// @inheritdoc IEquityFactory
    function stockCount() external view returns (uint256) {
        return _stocks.length;
    }

    /// @inheritdoc IEquityFactory
    function stockAt(uint256 index) external view returns (Pair memory) {
        return _stocks[index];
    }

    function _deployProxy(bytes32 salt, address beacon, bytes memory data) private returns (address) {
        return Create3.deploy(0, salt, abi.encodePacked(type(BeaconProxy).creationCode, abi.encode(beacon, data)));
    }

    /// @dev Encoded, not packed: no two lists of parts have one salt.
    function _salt(uint256 kind, string memory symbol, uint256 version) private pure returns (bytes32) {
        return keccak256(abi.encode(kind, symbol, version));
    }
}
