// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {Test} from "forge-std/Test.sol";
import {console2} from "forge-std/console2.sol";

import {LicenseMarket} from "../../contracts/ip/LicenseMarket.sol";
import {RoyaltyGraph} from "../../contracts/ip/RoyaltyGraph.sol";
import {ILicenseMarket} from "../../contracts/ip/interfaces/ILicenseMarket.sol";
import {Use} from "../../contracts/ip/interfaces/ILicenseTerms.sol";
import {LicenseHandler} from "./handlers/LicenseHandler.sol";

/// @title LicenseMarket invariants
/// @notice L1: the market holds nothing after a call. L2: what buyers paid is what works earned. L3: consumed <=
/// purchased, and both only grow. L4: a record's intervals ascend and do not overlap. L5: an access that was promised is
/// never cut short. L6: what was so at a past moment stays so.
contract LicenseMarketInvariantTest is Test {
    uint256 private constant ACTORS = 4;
    uint256 private constant WORKS = 3;
    uint256 private constant USES = 4;
    uint256 private constant TOKENS = 3;

    LicenseHandler private handler;
    LicenseMarket private market;
    RoyaltyGraph private graph;

    function setUp() public {
        handler = new LicenseHandler();
        market = handler.market();
        graph = handler.graph();
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: handler.selectors()}));
    }

    function invariant_all() public view {
        LicenseHandler.Report memory r = handler.report();
        _checkMoney(r);
        for (uint256 i = 0; i < r.touched.length; ++i) _checkRecord(r.touched[i]);
        for (uint256 i = 0; i < r.samples.length; ++i) _checkSample(r.samples[i]);
    }

    /// @dev Once a run: every record and every sample.
    function afterInvariant() public view {
        for (uint256 i = 0; i < WORKS * USES * ACTORS; ++i) {
            uint256 work = 1 + (i / ACTORS / USES);
            _checkRecord(LicenseHandler.Key(uint8(work), uint8((i / ACTORS) % USES), uint8(i % ACTORS)));
        }
        LicenseHandler.Sample[] memory samples = handler.samples();
        for (uint256 i = 0; i < samples.length; ++i) _checkSample(samples[i]);
    }

    /// @dev A campaign from a fixed seed, to show that no action is idle. Prints the counts (`-vv`).
    function test_everyActionSucceedsInACampaign() public {
        bytes4[] memory selectors = handler.selectors();
        for (uint256 i = 0; i < 3_000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("campaign", i)));
            (bool success, bytes memory reason) = address(handler).call(
                abi.encodeWithSelector(selectors[seed % selectors.length], seed)
            );
            if (!success) {
                console2.log("call %d: %s", i, handler.names()[seed % selectors.length]);
                assembly {
                    revert(add(reason, 0x20), mload(reason))
                }
            }
            this.invariant_all(); // from outside, so that what it read does not stay in memory
        }
        this.afterInvariant();
        string[11] memory names = handler.names();
        for (uint256 i = 0; i < names.length; ++i) {
            LicenseHandler.Action action = LicenseHandler.Action(i);
            console2.log("%s: %d calls, %d successes", names[i], handler.calls(action), handler.successes(action));
        }
        for (uint256 i = 0; i < names.length; ++i) {
            assertGt(handler.successes(LicenseHandler.Action(i)), 0, names[i]);
        }
        _checkRefusals();
    }

    /// @dev L1, L2. The graph was paid by nobody else here, so its balance tells the same.
    function _checkMoney(LicenseHandler.Report memory r) private view {
        for (uint256 token = 0; token < TOKENS; ++token) {
            address currency = handler.tokens(token);
            _same(_balanceOf(currency, address(market)), 0, "L1: the market holds money");
            uint256 direct = 0;
            for (uint256 id = 1; id <= WORKS; ++id) {
                (uint256 ofWork, ) = graph.revenueOf(id, currency);
                direct += ofWork;
            }
            _same(direct, r.revenue[token], "L2: prices and revenue");
            _same(direct, r.spent[token], "L2: what buyers paid and revenue");
            _same(direct, _balanceOf(currency, address(graph)), "L2: revenue and what arrived");
        }
    }

    /// @dev L3, L4, L5. The market's record is the books', in which intervals are only added and ends only move away.
    function _checkRecord(LicenseHandler.Key memory k) private view {
        LicenseHandler.Book memory b = handler.bookOf(k);
        address licensee = handler.actors(k.licensee);
        ILicenseMarket.Meter memory meter = market.meterOf(licensee, k.work, Use(k.use));
        _hold(meter.consumed <= meter.purchased, "L3: more consumed than purchased");
        _hold(keccak256(abi.encode(meter)) == keccak256(abi.encode(b.meter)), "L3: the meter");
        ILicenseMarket.Interval[] memory past = market.meterHistoryOf(licensee, k.work, Use(k.use));
        _hold(keccak256(abi.encode(past)) == keccak256(abi.encode(b.meterIntervals)), "L3: the meter's past");

        ILicenseMarket.Interval[] memory history = market.historyOf(licensee, k.work, Use(k.use));
        ILicenseMarket.Interval memory last = market.licenseOf(licensee, k.work, Use(k.use));
        uint256 length = b.intervals.length;
        _same(history.length, length == 0 ? 0 : length - 1, "L4: length of the history");
        uint256 end = 0;
        for (uint256 i = 0; i < length; ++i) {
            ILicenseMarket.Interval memory interval = i + 1 == length ? last : history[i];
            _hold(interval.start >= end && interval.expiry > interval.start, "L4: intervals overlap or are empty");
            end = interval.expiry;
            _same(interval.start, b.intervals[i].start, "L4: start");
            _same(interval.expiry, b.intervals[i].expiry, "L5: a promised end moved");
            _same(interval.termsId, b.intervals[i].termsId, "L5: terms");
        }
        _same(market.subscriptionExpiry(licensee, k.work, Use(k.use)), end, "L5: expiry");
        bool has = handler.licensedAt(k, block.timestamp) && _hasNow(k, b);
        _hold(market.hasAccess(licensee, k.work, Use(k.use)) == has, "L5: access");
    }

    /// @dev By time or by units, of the use or of its commercial sister.
    function _hasNow(LicenseHandler.Key memory k, LicenseHandler.Book memory b) private view returns (bool) {
        if (b.meter.consumed < b.meter.purchased) return true;
        if (b.intervals.length != 0 && b.intervals[b.intervals.length - 1].expiry > block.timestamp) return true;
        if (k.use % 2 == 1) return false;
        LicenseHandler.Key memory sister = LicenseHandler.Key(k.work, k.use + 1, k.licensee);
        return _hasNow(sister, handler.bookOf(sister));
    }

    /// @dev L6. What was said of a moment that is past is said of it forever.
    function _checkSample(LicenseHandler.Sample memory s) private view {
        address licensee = handler.actors(s.key.licensee);
        bool licensed = market.wasLicensedAt(licensee, s.key.work, Use(s.key.use), s.timestamp);
        _hold(licensed || !s.licensed, "L6: a past licence is gone");
        _hold(!licensed || s.licensed, "L6: a licence for the past");
        _hold(licensed == handler.licensedAt(s.key, s.timestamp), "L6: the books say otherwise");
    }

    function _balanceOf(address token, address account) private view returns (uint256) {
        if (token == address(0)) return account.balance;
        (, bytes memory result) = token.staticcall(abi.encodeWithSignature("balanceOf(address)", account));
        return abi.decode(result, (uint256));
    }

    function _same(uint256 left, uint256 right, string memory what) private pure {
        if (left != right) assertEq(left, right, what);
    }

    function _hold(bool condition, string memory what) private pure {
        if (!condition) assertTrue(false, what);
    }

    function _checkRefusals() private view {
        bytes4[20] memory errors = [
            ILicenseMarket.NotOwner.selector,
            ILicenseMarket.InvalidOffer.selector,
            ILicenseMarket.NoOffer.selector,
            ILicenseMarket.UnexpectedTerms.selector,
            ILicenseMarket.WorkNotActive.selector,
            ILicenseMarket.InvalidQuantity.selector,
            ILicenseMarket.InvalidLicensee.selector,
            ILicenseMarket.UnsupportedToken.selector,
            ILicenseMarket.WrongValue.selector,
            ILicenseMarket.IncompletePayment.selector,
            ILicenseMarket.AlreadyLicensed.selector,
            ILicenseMarket.OtherTermsRunning.selector,
            ILicenseMarket.NotPayableBySignature.selector,
            ILicenseMarket.InsufficientUnits.selector,
            ILicenseMarket.StaleConsumption.selector,
            ILicenseMarket.SignatureExpired.selector,
            ILicenseMarket.InvalidSignature.selector,
            ILicenseMarket.OnlySelf.selector,
            ILicenseMarket.UnexpectedCallback.selector,
            IAccessManaged.AccessManagedUnauthorized.selector
        ];
        for (uint256 i = 0; i < errors.length; ++i) {
            assertGt(handler.refusals(errors[i]), 0, string.concat("never met: ", vm.toString(errors[i])));
        }
    }
}
