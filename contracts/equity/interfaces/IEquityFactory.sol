// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEquityIssuance} from "./IEquityIssuance.sol";
import {IEquityToken} from "./IEquityToken.sol";

/// @title IEquityFactory
/// @notice Makes a tokenized stock and its wrapper, initialised in the transaction that deploys them, at addresses that
/// depend on this contract's address, the symbol and a version alone (CREATE3): the same on each chain where the factory
/// has the same address, whatever the beacons' code.
///
/// A stock is born without anybody's power over it but the admin's, and so are its mints: roles come when the admin wires
/// the two contracts (see `deploy/modules/equity.ts`).
///
/// Powers, through the suite's AccessManager: deploy (at once). The factory itself holds REGISTRAR, to tell the compliance
/// registry what a wrapper is, and to give a stock its first bounds.
interface IEquityFactory {
    /// @notice A stock to make.
    struct Stock {
        /// Its version: 0, or the next where the catalogue needs the symbol anew.
        uint256 version;
        string wrapperName;
        string wrapperSymbol;
        IEquityToken.Configuration configuration;
        IEquityIssuance.Bounds bounds;
    }

    /// @notice Where a stock stands.
    struct Pair {
        address token;
        address wrapper;
    }

    /// @notice A stock was made.
    event StockDeployed(string symbol, uint256 version, address indexed token, address indexed wrapper);

    /// @notice A part of the factory has no code, or a wrapper no name.
    error InvalidConfig(string field);

    /// @notice The stock's version exists.
    error StockExists(string symbol, uint256 version);

    /// @notice Makes a stock; the configuration's `wrapper` is set here. Role: DEPLOYER.
    function deploy(Stock calldata stock) external returns (address token, address wrapper);

    /// @notice Where a stock is, or will be.
    function addressesOf(
        string calldata symbol,
        uint256 version
    ) external view returns (address token, address wrapper);

    /// @notice Whether the stock's version was made.
    function isDeployed(string calldata symbol, uint256 version) external view returns (bool);

    /// @notice How many stocks were made.
    function stockCount() external view returns (uint256);

    /// @notice A stock by its number, from 0.
    function stockAt(uint256 index) external view returns (Pair memory);
}
