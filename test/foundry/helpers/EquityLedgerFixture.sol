// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
import {CommonBase} from "forge-std/Base.sol";

import {ComplianceRegistry} from "../../../contracts/equity/ComplianceRegistry.sol";
import {EquityToken} from "../../../contracts/equity/EquityToken.sol";
import {IEquityDocuments} from "../../../contracts/equity/interfaces/IEquityDocuments.sol";
import {IEquityIssuance} from "../../../contracts/equity/interfaces/IEquityIssuance.sol";
import {IEquityToken} from "../../../contracts/equity/interfaces/IEquityToken.sol";
import {InvestorLibrary} from "../../../contracts/equity/types/Investor.sol";
import {WrappedEquity} from "../../../contracts/equity/WrappedEquity.sol";

/// @title EquityLedgerFixture
/// @notice A token and its wrapper behind their beacons, under a manager whose admin is the test. The test is also the
/// contract of corporate actions, so that it sets multipliers at once, and the one that bounds mints, so that any number
/// of shares can be had.
abstract contract EquityLedgerFixture is CommonBase {
    uint256 internal constant WAD = 1e18;
    uint256 internal constant MAX_SHARES = type(uint112).max;
    uint256 internal constant MAX_AMOUNT = type(uint192).max;
    uint256 internal constant MIN_MULTIPLIER = 1e10;
    uint256 internal constant MAX_MULTIPLIER = 1e26;

    address internal alice = address(0xA11CE);
    address internal bob = address(0xB0B);

    AccessManager internal manager;
    ComplianceRegistry internal registry;
    EquityToken internal token;
    WrappedEquity internal wrapper;

    uint256 private _requests;

    function _deployLedger() internal {
        vm.warp(1_800_000_000);
        manager = new AccessManager(address(this));
        registry = new ComplianceRegistry(address(manager));
        address implementation = address(
            new EquityToken(registry, address(this), IEquityIssuance(address(this)), IEquityDocuments(address(this)))
        );
        address tokens = address(new UpgradeableBeacon(implementation, address(this)));
        address wrappers = address(new UpgradeableBeacon(address(new WrappedEquity()), address(this)));
        IEquityToken.Configuration memory configuration;
        (configuration.name, configuration.symbol, configuration.isin) = ("Stock", "STK", "US0000000001");
        configuration.wrapper = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        bytes memory data = abi.encodeCall(EquityToken.initialize, (address(manager), configuration));
        token = EquityToken(address(new BeaconProxy(tokens, data)));
        data = abi.encodeCall(
            WrappedEquity.initialize,
            (address(manager), IEquityToken(address(token)), "Wrapped Stock", "wSTK")
        );
        wrapper = WrappedEquity(address(new BeaconProxy(wrappers, data)));
        require(address(wrapper) == configuration.wrapper, "wrapper elsewhere");
        uint256 bits = InvestorLibrary.SYSTEM | InvestorLibrary.WRAPPER;
        registry.setSystem(address(wrapper), bits, bits);
    }

    /// @notice Stands for {IEquityIssuance-admitMint}: shares must fit their word, and nothing else.
    function admitMint(address, bytes32, uint256, uint256 totalShares, uint256, uint256) external pure {
        require(totalShares <= MAX_SHARES, "too many shares");
    }

    /// @dev Mints exactly so many shares, at a multiplier of one.
    function _give(address account, uint256 shares) internal {
        if (shares == 0) return;
        token.applyMultiplier(WAD);
        _mint(account, shares);
    }

    function _mint(address account, uint256 amount) internal {
        token.mint(account, amount, bytes32(++_requests));
    }

    function _applyMultiplier(uint256 seed) internal returns (uint256 m) {
        m = _any(seed, MIN_MULTIPLIER, MAX_MULTIPLIER);
        token.applyMultiplier(m);
    }

    /// @dev A number between the two of any magnitude: even, near either end, or below any power of two as likely.
    function _any(uint256 seed, uint256 min, uint256 max) internal pure returns (uint256) {
        uint256 kind = seed % 4;
        uint256 random = uint256(keccak256(abi.encode(seed)));
        uint256 span = max - min;
        if (kind == 1) span = _least(span, 1_000);
        if (kind == 2) span = _least(span, (uint256(1) << (random >> 248)) - 1);
        if (kind == 3) return max - (random % (_least(span, 1_000) + 1));
        return span == type(uint256).max ? random : min + (random % (span + 1));
    }

    function _least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
