// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdAssertions} from "forge-std/StdAssertions.sol";

import {Roles} from "../../../contracts/access/Roles.sol";
import {AppRegistry} from "../../../contracts/ip/AppRegistry.sol";
import {ERC6551Registry} from "../../../contracts/ip/ERC6551Registry.sol";
import {IPAccount} from "../../../contracts/ip/IPAccount.sol";
import {IPRegistry} from "../../../contracts/ip/IPRegistry.sol";
import {LicenseMarket} from "../../../contracts/ip/LicenseMarket.sol";
import {LicenseTerms} from "../../../contracts/ip/LicenseTerms.sol";
import {RoyaltyGraph} from "../../../contracts/ip/RoyaltyGraph.sol";
import {RoyaltyInbox} from "../../../contracts/ip/RoyaltyInbox.sol";
import {SponsorQuota} from "../../../contracts/ip/SponsorQuota.sol";
import {IIPRegistry} from "../../../contracts/ip/interfaces/IIPRegistry.sol";
import {ILicenseTerms, LicenseKind, Use} from "../../../contracts/ip/interfaces/ILicenseTerms.sol";
import {Edge} from "../../../contracts/ip/types/Edge.sol";

/// @title IPFixture
/// @notice Registry, graph, terms, apps and market behind their proxies, under an AccessManager.
/// @dev The roles have no delays here: what these delay is tested with the deployment. The rules of a list of edges, the
/// layout of an edge and the denominator are spelled out again rather than imported: a typo in the contracts must not
/// pass its own tests.
abstract contract IPFixture is CommonBase, StdAssertions {
    /// @dev One edge of a list that a derivative registers with.
    struct EdgeSpec {
        uint256 parent;
        bool absolute;
        uint256 rate;
        /// Of a chosen parent; 0: inherited.
        uint32 termsId;
    }

    uint256 internal constant D = 1_000_000;
    uint256 internal constant MAX_RATES = 900_000;

    /// @dev Enough for a registration with sixteen edges or a MockPayout's megabyte, and little enough that one that burns
    /// it all leaves the test alive.
    uint256 internal constant CALL_GAS = 12_000_000;

    /// @dev The outcome of a call that failed without a selector.
    bytes4 internal constant NO_REASON = 0xffffffff;

    AccessManager public manager;
    LicenseTerms public terms;
    AppRegistry public apps;
    SponsorQuota public quota;
    IPRegistry public registry;
    RoyaltyGraph public graph;
    LicenseMarket public market;
    address public admin;

    function _deployIP(address treasury, uint256 protocolFeeBps) internal {
        vm.warp(1_800_000_000); // not at the first second of time, where intervals have no past
        admin = vm.addr(uint256(keccak256("admin")));
        manager = new AccessManager(address(this));
        terms = new LicenseTerms();
        apps = new AppRegistry();
        quota = new SponsorQuota(apps);
        address implementation = address(new IPRegistry(terms, apps, quota));
        ERC6551Registry accounts = new ERC6551Registry();
        bytes memory call = abi.encodeCall(
            IPRegistry.initialize,
            (address(manager), accounts, address(new IPAccount()), protocolFeeBps)
        );
        registry = IPRegistry(address(new ERC1967Proxy(implementation, call)));
        implementation = address(new RoyaltyGraph(registry, terms, apps));
        call = abi.encodeCall(RoyaltyGraph.initialize, (address(manager), address(new RoyaltyInbox()), treasury));
        graph = RoyaltyGraph(address(new ERC1967Proxy(implementation, call)));
        registry.setGraph(address(graph));
        _wireRoles();
    }

    /// @dev Apart from the rest, for tests that need no market.
    function _deployMarket(address[] memory tokens) internal {
        address implementation = address(new LicenseMarket(registry, graph, terms));
        bytes memory call = abi.encodeCall(LicenseMarket.initialize, (address(manager), tokens));
        market = LicenseMarket(address(new ERC1967Proxy(implementation, call)));
        _map(address(market), market.setPaymentToken.selector, Roles.IP_CONFIG);
    }

    function _wireRoles() private {
        _map(address(registry), registry.upgradeToAndCall.selector, Roles.IP_UPGRADER);
        _map(address(registry), registry.setGraph.selector, Roles.IP_CONFIG);
        _map(address(registry), registry.setProtocolFee.selector, Roles.IP_CONFIG);
        _map(address(registry), registry.freeze.selector, Roles.IP_FREEZER);
        _map(address(registry), registry.unfreeze.selector, Roles.IP_UNFREEZER);
        _map(address(registry), registry.redirect.selector, Roles.IP_REDIRECT);
        _map(address(graph), graph.upgradeToAndCall.selector, Roles.IP_UPGRADER);
        _map(address(graph), graph.setTreasury.selector, Roles.IP_CONFIG);
    }

    function _map(address target, bytes4 selector, uint64 role) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        manager.setTargetFunctionRole(target, selectors, role);
        manager.grantRole(role, admin, 0);
    }

    /// @dev A call that may fail, by `caller`; `outcome` is 0, or the selector of the error.
    function _attempt(
        address caller,
        address target,
        uint256 value,
        bytes memory data
    ) internal returns (bytes4 outcome, bytes memory result) {
        vm.prank(caller);
        bool success;
        (success, result) = target.call{value: value, gas: CALL_GAS}(data);
        if (success) return (0, result);
        outcome = result.length < 4 ? bytes4(0) : bytes4(result);
        // Forge writes words of its own where an account without code was called.
        if (outcome == 0) outcome = NO_REASON;
    }

    /// @dev Terms for derivatives alone.
    function _derivativeTerms(uint24 rate, bool absolute, bool reciprocal) internal returns (uint32) {
        return
            terms.create(
                ILicenseTerms.Terms({
                    kind: LicenseKind.None,
                    use: Use.Human,
                    paymentToken: address(0),
                    price: 0,
                    duration: 0,
                    royaltyRate: rate,
                    absolute: absolute,
                    derivativesAllowed: true,
                    reciprocal: reciprocal
                })
            );
    }

    function _registration(
        address owner,
        uint32 termsId
    ) internal pure returns (IIPRegistry.Registration memory registration) {
        registration.owner = owner;
        registration.contentHash = keccak256("content");
        registration.termsId = termsId;
        registration.maxFeeBps = 1_000;
    }

    function _packEdge(EdgeSpec memory e) internal pure returns (Edge) {
        uint256 word = e.rate | (e.parent << 21) | (uint256(e.termsId) << 64);
        if (e.absolute) word |= 1 << 20;
        if (e.termsId != 0) word |= 1 << 61;
        return Edge.wrap(word);
    }

    function _packEdges(EdgeSpec[] memory list) internal pure returns (Edge[] memory edges) {
        edges = new Edge[](list.length);
        for (uint256 i = 0; i < list.length; ++i) edges[i] = _packEdge(list[i]);
    }

    /// @dev A list with one more edge, or with the edge of the same ancestor and kind raised to the higher rate. Neither
    /// sorted nor quick.
    function _join(EdgeSpec[] memory list, EdgeSpec memory e) internal pure returns (EdgeSpec[] memory longer) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].parent != e.parent || list[i].absolute != e.absolute) continue;
            if (e.rate > list[i].rate) list[i].rate = e.rate;
            if (e.termsId != 0) list[i].termsId = e.termsId;
            return list;
        }
        longer = new EdgeSpec[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = e;
    }

    /// @dev By ancestor, relative before absolute.
    function _sort(EdgeSpec[] memory list) internal pure {
        for (uint256 i = 0; i < list.length; ++i) {
            for (uint256 j = i + 1; j < list.length; ++j) {
                bool later = list[j].parent < list[i].parent;
                if (list[j].parent == list[i].parent) later = list[i].absolute && !list[j].absolute;
                if (later) (list[i], list[j]) = (list[j], list[i]);
            }
        }
    }
}
