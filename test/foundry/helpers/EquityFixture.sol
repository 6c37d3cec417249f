// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdAssertions} from "forge-std/StdAssertions.sol";

import {Roles} from "../../../contracts/access/Roles.sol";
import {ComplianceRegistry} from "../../../contracts/equity/ComplianceRegistry.sol";
import {CorporateActions} from "../../../contracts/equity/CorporateActions.sol";
import {EquityDocuments} from "../../../contracts/equity/EquityDocuments.sol";
import {EquityFactory} from "../../../contracts/equity/EquityFactory.sol";
import {EquityIssuance} from "../../../contracts/equity/EquityIssuance.sol";
import {EquityToken} from "../../../contracts/equity/EquityToken.sol";
import {IEquityFactory} from "../../../contracts/equity/interfaces/IEquityFactory.sol";
import {IEquityIssuance} from "../../../contracts/equity/interfaces/IEquityIssuance.sol";
import {IRedemptionQueue} from "../../../contracts/equity/interfaces/IRedemptionQueue.sol";
import {RedemptionQueue} from "../../../contracts/equity/RedemptionQueue.sol";
import {WrappedEquity} from "../../../contracts/equity/WrappedEquity.sol";
import {MockAggregator} from "../../../contracts/mocks/equity/MockAggregator.sol";
import {MockUSDT} from "../../../contracts/mocks/tokens/MockUSDT.sol";

/// @title EquityFixture
/// @notice The domain as it is deployed, with one stock that its factory lists, and all who can come to hold it.
/// @dev The roles have no delays here, because what these delay is tested with the deployment, and a campaign would spend
/// its depth on waiting. Bits and words are spelled out again rather than read from the contracts' libraries: a typo in
/// these must not pass its own tests.
abstract contract EquityFixture is CommonBase, StdAssertions {
    uint256 internal constant WAD = 1e18;
    uint256 internal constant MAX_SHARES = type(uint112).max;
    uint256 internal constant MAX_AMOUNT = type(uint192).max;
    uint256 internal constant BPS = 10_000;

    // Bits of an account in the registry.
    uint256 internal constant KYC = 1;
    uint256 internal constant BLOCKED = 2;
    uint256 internal constant NO_SEND = 4;
    uint256 internal constant NO_RECEIVE = 8;
    uint256 internal constant SYSTEM = 16;
    uint256 internal constant WRAPPER = 64;
    uint256 internal constant PRODUCT_CLASS = 3;
    uint256 internal constant CLASS_BIT = 1 << (120 + PRODUCT_CLASS);

    uint256 internal constant PAUSED_TRANSFERS = 1;
    uint256 internal constant PAUSED_MINTS = 2;
    uint256 internal constant PAUSED_BURNS = 4;

    // The stock's bounds. The feed has more decimals than the token, so that reserves are rounded too.
    uint8 internal constant FEED_DECIMALS = 20;
    uint256 internal constant HEARTBEAT = 1 days;
    uint256 internal constant MARGIN_BPS = 50;
    uint256 internal constant CHAIN_SHARE_BPS = 9_000;
    uint256 internal constant WINDOW = 1 days;
    uint256 internal constant GLOBAL_CAPACITY = 100_000e18;
    uint256 internal constant MINTER_CAPACITY = 60_000e18;
    uint256 internal constant FIRST_CAP = 1_000_000e18;

    uint256 internal constant MIN_REDEMPTION = 1_000;
    uint256 internal constant MAX_OPEN = 2;
    uint256 internal constant CANCEL_DELAY = 1 hours;

    uint256 internal constant HOLDERS = 8;
    uint256 internal constant ACCOUNTS = 10;

    AccessManager public manager;
    ComplianceRegistry public registry;
    EquityIssuance public issuance;
    CorporateActions public actions;
    EquityToken public token;
    WrappedEquity public wrapper;
    RedemptionQueue public queue;
    MockAggregator public feed;
    MockUSDT public dollar;

    /// @notice Holds every role but the minters' and the redeemer's.
    address public office;
    address[2] public minters;

    /// @notice Six investors; a pool, which is a part of the system; the redeemer; then the wrapper and the queue, which act
    /// by their own functions alone.
    address[ACCOUNTS] public accounts;
    mapping(address account => uint256 key) internal _keys;

    function _deployEquity() internal {
        vm.warp(1_800_000_000);
        office = vm.addr(uint256(keccak256("office")));
        minters = [vm.addr(uint256(keccak256("minter 0"))), vm.addr(uint256(keccak256("minter 1")))];
        manager = new AccessManager(address(this));
        registry = new ComplianceRegistry(address(manager));
        issuance = new EquityIssuance(address(manager));
        queue = new RedemptionQueue(address(manager));
        feed = new MockAggregator(FEED_DECIMALS, 1);
        dollar = new MockUSDT(6);
        actions = CorporateActions(
            address(
                new ERC1967Proxy(
                    address(new CorporateActions()),
                    abi.encodeCall(CorporateActions.initialize, (address(manager)))
                )
            )
        );
        _listStock();
        _wireRoles();
        _openAccounts();
    }

    function _listStock() private {
        EquityDocuments documents = new EquityDocuments(address(manager));
        address tokenCode = address(new EquityToken(registry, address(actions), issuance, documents));
        EquityFactory factory = new EquityFactory(
            address(manager),
            registry,
            issuance,
            address(new UpgradeableBeacon(tokenCode, address(manager))),
            address(new UpgradeableBeacon(address(new WrappedEquity()), address(manager)))
        );
        _map(address(registry), registry.setSystem.selector, Roles.EQUITY_REGISTRAR);
        _map(address(issuance), issuance.configure.selector, Roles.EQUITY_REGISTRAR);
        _map(address(factory), factory.deploy.selector, Roles.EQUITY_DEPLOYER);
        manager.grantRole(Roles.EQUITY_REGISTRAR, address(factory), 0);

        IEquityFactory.Stock memory stock;
        (stock.wrapperName, stock.wrapperSymbol) = ("Wrapped Stock", "wSTK");
        (stock.configuration.name, stock.configuration.symbol) = ("Stock", "STK");
        stock.configuration.isin = "US0000000001";
        (stock.configuration.productClass, stock.configuration.countries) = (uint8(PRODUCT_CLASS), type(uint256).max);
        stock.bounds.capShares = uint112(FIRST_CAP);
        stock.bounds.feed = IEquityIssuance.ReserveFeed(
            address(feed),
            0,
            uint24(HEARTBEAT),
            uint16(MARGIN_BPS),
            uint16(CHAIN_SHARE_BPS)
        );
        stock.bounds.limits = IEquityIssuance.MintLimits(
            uint48(WINDOW),
            uint104(GLOBAL_CAPACITY),
            uint104(MINTER_CAPACITY)
        );
        vm.prank(office);
        (address token_, address wrapper_) = factory.deploy(stock);
        (token, wrapper) = (EquityToken(token_), WrappedEquity(wrapper_));
    }

    function _wireRoles() private {
        address t = address(token);
        _map(t, token.mint.selector, Roles.EQUITY_MINTER);
        _map(t, token.burn.selector, Roles.EQUITY_REDEEMER);
        _map(t, token.burnShares.selector, Roles.EQUITY_REDEEMER);
        _map(t, token.forcedTransfer.selector, Roles.EQUITY_ENFORCER);
        _map(t, token.forcedBurn.selector, Roles.EQUITY_ENFORCER);
        _map(t, token.setFrozenTokens.selector, Roles.EQUITY_FREEZER);
        _map(t, token.setPolicy.selector, Roles.EQUITY_CONFIG);
        _map(t, token.pause.selector, Roles.PAUSER);
        _map(t, token.unpause.selector, Roles.UNPAUSER);
        _map(t, token.snapshot.selector, Roles.EQUITY_CORP_ACTION);
        _map(address(wrapper), wrapper.forcedTransfer.selector, Roles.EQUITY_ENFORCER);
        _map(address(wrapper), wrapper.setFrozenTokens.selector, Roles.EQUITY_FREEZER);
        _map(address(wrapper), wrapper.sweep.selector, Roles.EQUITY_CONFIG);
        _map(address(actions), actions.scheduleAction.selector, Roles.EQUITY_CORP_ACTION);
        _map(address(actions), actions.cancelAction.selector, Roles.EQUITY_CORP_ACTION);
        _map(address(actions), actions.vetoAction.selector, Roles.GUARDIAN);
        _map(address(actions), actions.setFee.selector, Roles.EQUITY_CONFIG);
        _map(address(issuance), issuance.setCap.selector, Roles.EQUITY_CONFIG);
        _map(address(registry), registry.setRestrictions.selector, Roles.EQUITY_SANCTIONS);
        _map(address(registry), registry.setInvestor.selector, Roles.EQUITY_KYC);
        _map(address(queue), queue.lock.selector, Roles.EQUITY_REDEEMER);
        _map(address(queue), queue.settle.selector, Roles.EQUITY_REDEEMER);
        _map(address(queue), queue.reject.selector, Roles.EQUITY_REDEEMER);
        _map(address(queue), queue.seize.selector, Roles.EQUITY_ENFORCER);
        _map(address(queue), queue.setToken.selector, Roles.EQUITY_CONFIG);
        _map(address(queue), queue.setPayToken.selector, Roles.EQUITY_CONFIG);
        _map(address(queue), queue.sweep.selector, Roles.EQUITY_CONFIG);
        manager.revokeRole(Roles.EQUITY_MINTER, office);
        manager.revokeRole(Roles.EQUITY_REDEEMER, office);
        manager.grantRole(Roles.EQUITY_MINTER, minters[0], 0);
        manager.grantRole(Roles.EQUITY_MINTER, minters[1], 0);
        manager.grantRole(Roles.EQUITY_REDEEMER, address(queue), 0);
    }

    function _openAccounts() private {
        for (uint256 i = 0; i < HOLDERS; ++i) {
            uint256 key = uint256(keccak256(abi.encode("holder", i)));
            accounts[i] = vm.addr(key);
            _keys[accounts[i]] = key;
            vm.startPrank(accounts[i]);
            token.approve(address(wrapper), type(uint256).max);
            token.approve(address(queue), type(uint256).max);
            dollar.approve(address(queue), type(uint256).max);
            vm.stopPrank();
        }
        (accounts[8], accounts[9]) = (address(wrapper), address(queue));
        manager.grantRole(Roles.EQUITY_REDEEMER, redeemer(), 0);
        dollar.issue(1e18);
        dollar.transfer(redeemer(), 1e18);
        vm.startPrank(office);
        registry.setSystem(pool(), SYSTEM, SYSTEM);
        registry.setSystem(address(queue), SYSTEM, SYSTEM);
        queue.setToken(
            address(token),
            IRedemptionQueue.Limits(true, uint112(MIN_REDEMPTION), uint16(MAX_OPEN), uint32(CANCEL_DELAY))
        );
        queue.setPayToken(address(token), address(dollar), true);
        vm.stopPrank();
    }

    function pool() public view returns (address) {
        return accounts[6];
    }

    function redeemer() public view returns (address) {
        return accounts[7];
    }

    function _map(address target, bytes4 selector, uint64 role) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(target, selectors, role);
        manager.grantRole(role, office, 0);
    }

    /// @dev Under via-IR, `block.timestamp` may be read once and kept across a warp.
    function _now() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }
}
