// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {AccountSignature} from "../../access/libraries/AccountSignature.sol";
import {ILicenseMarket} from "../interfaces/ILicenseMarket.sol";
import {LicenseKind, Use} from "../interfaces/ILicenseTerms.sol";

/// @title LicenseRecords
/// @notice LicenseMarket's records: who is licensed for what, was when, and how many units are left.
/// @dev A licence by time is one word, which a purchase and a renewal write. One that lapsed, or runs under other terms,
/// is copied to the history before it is written over, so that the past can be asked for. Intervals of one record do not
/// overlap and ascend. Metered units are a word of their own, so that no purchase of one kind can spoil the other.
///
/// Identity, per meter: consumed <= purchased, and both only grow.
abstract contract LicenseRecords is ILicenseMarket, EIP712Upgradeable {
    /// @custom:storage-location erc7201:tessera.storage.LicenseRecords
    struct RecordsStorage {
        /// An {Interval} in a word: bits 0–39 start, 40–79 expiry, 80–111 termsId.
        mapping(uint256 ipId => mapping(Use use => mapping(address licensee => uint256))) licenses;
        mapping(uint256 ipId => mapping(Use use => mapping(address licensee => uint256[]))) history;
        mapping(uint256 ipId => mapping(Use use => mapping(address licensee => Meter))) meters;
        mapping(uint256 ipId => mapping(Use use => mapping(address licensee => uint256[]))) meterHistory;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.LicenseRecords")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant RECORDS_STORAGE = 0xfb36817faa042b8ce40c1629b0d38d37c721bec499d80afb5399af4cddf5de00;

    bytes32 private constant CONSUMPTION_TYPEHASH = keccak256(
        "Consumption(address licensee,uint256 ipId,uint8 use,uint64 total,uint256 deadline)"
    );

    uint256 private constant FOREVER = type(uint40).max;

    /// @inheritdoc ILicenseMarket
    function consume(uint256 ipId, Use use, uint64 total) external {
        _consume(msg.sender, ipId, use, total);
    }

    /// @inheritdoc ILicenseMarket
    function consumeWithSignature(
        address licensee,
        uint256 ipId,
        Use use,
        uint64 total,
        uint256 deadline,
        bytes calldata signature
    ) external {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(CONSUMPTION_TYPEHASH, licensee, ipId, use, total, deadline))
        );
        if (!AccountSignature.isValid(licensee, digest, signature)) revert InvalidSignature(licensee);
        _consume(licensee, ipId, use, total);
    }

    /// @inheritdoc ILicenseMarket
    function hasAccess(address account, uint256 ipId, Use use) external view returns (bool) {
        return _hasAccess(account, ipId, use) || (!_isCommercial(use) && _hasAccess(account, ipId, _commercial(use)));
    }

    /// @inheritdoc ILicenseMarket
    function wasLicensedAt(address account, uint256 ipId, Use use, uint256 timestamp) external view returns (bool) {
        if (timestamp > block.timestamp) return false;
        return
            _wasLicensedAt(account, ipId, use, timestamp) ||
            (!_isCommercial(use) && _wasLicensedAt(account, ipId, _commercial(use), timestamp));
    }

    /// @inheritdoc ILicenseMarket
    function subscriptionExpiry(address account, uint256 ipId, Use use) external view returns (uint256) {
        return _expiry(_records().licenses[ipId][use][account]);
    }

    /// @inheritdoc ILicenseMarket
    function licenseOf(address account, uint256 ipId, Use use) external view returns (Interval memory) {
        return _interval(_records().licenses[ipId][use][account]);
    }

    /// @inheritdoc ILicenseMarket
    function historyOf(address account, uint256 ipId, Use use) external view returns (Interval[] memory) {
        return _intervals(_records().history[ipId][use][account]);
    }

    /// @inheritdoc ILicenseMarket
    function meterHistoryOf(address account, uint256 ipId, Use use) external view returns (Interval[] memory) {
        return _intervals(_records().meterHistory[ipId][use][account]);
    }

    /// @inheritdoc ILicenseMarket
    function meterOf(address account, uint256 ipId, Use use) external view returns (Meter memory) {
        return _records().meters[ipId][use][account];
    }

    /// @dev Buys or renews a licence by time: see `_nextInterval`.
    function _recordInterval(
        Purchase calldata purchase,
        LicenseKind kind,
        uint256 duration,
        address buyer,
        uint256 price
    ) internal {
        (uint256 ipId, Use use, address licensee) = (purchase.ipId, purchase.use, purchase.licensee);
        uint256 expiry;
        {
            mapping(address licensee => uint256) storage licenses = _records().licenses[ipId][use];
            uint256 last = licenses[licensee];
            uint256 start;
            (start, expiry) = _nextInterval(last, purchase, kind, duration, buyer);
            // One that is replaced within its first second never ran.
            if (last != 0 && _start(last) != start) _pushHistory(purchase, last, start);
            licenses[licensee] = _pack(start, expiry, purchase.termsId);
        }
        emit LicensePurchased(ipId, licensee, buyer, use, purchase.termsId, expiry, price);
    }

    /// @dev Buys units. Where none were left, a new time of use begins, and the last one becomes history.
    function _recordUnits(Purchase calldata purchase, address buyer, uint256 price) internal {
        (uint256 ipId, Use use, address licensee) = (purchase.ipId, purchase.use, purchase.licensee);
        Meter memory meter = _records().meters[ipId][use][licensee];
        _checkMeter(meter, purchase, buyer);
        if (meter.consumed == meter.purchased) {
            if (meter.start != 0) {
                uint256 last = _pack(meter.start, uint256(meter.lastUse) + 1, meter.termsId);
                _records().meterHistory[ipId][use][licensee].push(last);
            }
            meter.start = uint40(block.timestamp);
        }
        meter.purchased += purchase.quantity;
        meter.termsId = purchase.termsId;
        _records().meters[ipId][use][licensee] = meter;
        emit UnitsPurchased(ipId, licensee, buyer, use, purchase.termsId, purchase.quantity, price);
    }

    /// @dev What is left of the last licence, if anything, was added to the next, which starts at `start`.
    function _pushHistory(Purchase calldata purchase, uint256 last, uint256 start) private {
        uint256 word = _pack(_start(last), Math.min(_expiry(last), start), _termsId(last));
        _records().history[purchase.ipId][purchase.use][purchase.licensee].push(word);
    }

    /// @dev Reverts as `_recordInterval` would.
    function _checkInterval(
        Purchase calldata purchase,
        LicenseKind kind,
        uint256 duration,
        address buyer
    ) internal view {
        _nextInterval(
            _records().licenses[purchase.ipId][purchase.use][purchase.licensee],
            purchase,
            kind,
            duration,
            buyer
        );
    }

    /// @dev Reverts as `_recordUnits` would.
    function _checkUnits(Purchase calldata purchase, address buyer) internal view {
        _checkMeter(_records().meters[purchase.ipId][purchase.use][purchase.licensee], purchase, buyer);
    }

    function _consume(address licensee, uint256 ipId, Use use, uint64 total) private {
        Meter storage meter = _records().meters[ipId][use][licensee];
        (uint64 purchased, uint64 consumed) = (meter.purchased, meter.consumed);
        if (total > purchased) revert InsufficientUnits(total, purchased);
        if (total <= consumed) revert StaleConsumption(total, consumed);
        (meter.consumed, meter.lastUse) = (total, uint40(block.timestamp));
        emit UnitsConsumed(ipId, licensee, use, total - consumed, total);
    }

    function _hasAccess(address account, uint256 ipId, Use use) private view returns (bool) {
        if (_expiry(_records().licenses[ipId][use][account]) > block.timestamp) return true;
        Meter storage meter = _records().meters[ipId][use][account];
        return meter.consumed < meter.purchased;
    }

    function _wasLicensedAt(address account, uint256 ipId, Use use, uint256 timestamp) private view returns (bool) {
        RecordsStorage storage $ = _records();
        uint256 license = $.licenses[ipId][use][account];
        if (_start(license) <= timestamp && timestamp < _expiry(license)) return true;
        Meter memory meter = $.meters[ipId][use][account];
        if (meter.start != 0 && meter.start <= timestamp) {
            if (meter.consumed < meter.purchased || timestamp <= meter.lastUse) return true;
        }
        return
            _covers($.history[ipId][use][account], timestamp) || _covers($.meterHistory[ipId][use][account], timestamp);
    }

    /// @dev Whether one of the intervals, which ascend, has the moment: the last that starts by then. The search is
    /// logarithmic, as gifts can make a history long.
    function _covers(uint256[] storage history, uint256 timestamp) private view returns (bool) {
        (uint256 low, uint256 high) = (0, history.length);
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_start(history[middle]) <= timestamp) low = middle + 1;
            else high = middle;
        }
        return low != 0 && timestamp < _expiry(history[low - 1]);
    }

    function _intervals(uint256[] storage history) private view returns (Interval[] memory intervals) {
        intervals = new Interval[](history.length);
        for (uint256 i = 0; i < intervals.length; ++i) intervals[i] = _interval(history[i]);
    }

    /// @dev What the licence by time will be after a purchase. A licence that runs under the same terms goes on from its
    /// start to a later end. Under other terms, it starts anew, and gets the time that was left; nobody but the licensee
    /// may do that, or a gift could change what the licensee agreed to.
    function _nextInterval(
        uint256 last,
        Purchase calldata purchase,
        LicenseKind kind,
        uint256 duration,
        address buyer
    ) private view returns (uint256 start, uint256 expiry) {
        start = expiry = block.timestamp;
        if (_expiry(last) > block.timestamp) {
            expiry = _expiry(last);
            if (expiry == FOREVER) revert AlreadyLicensed(purchase.licensee, purchase.ipId, purchase.use);
            if (_termsId(last) == purchase.termsId) start = _start(last);
            else if (buyer != purchase.licensee) {
                revert OtherTermsRunning(purchase.licensee, _termsId(last), purchase.termsId);
            }
        }
        if (kind == LicenseKind.SinglePayment) return (start, FOREVER);
        unchecked {
            expiry += duration * purchase.quantity; // 40 bits times 64
        }
        if (expiry >= FOREVER) revert InvalidQuantity(purchase.quantity);
    }

    function _checkMeter(Meter memory meter, Purchase calldata purchase, address buyer) private pure {
        if (purchase.quantity > type(uint64).max - meter.purchased) revert InvalidQuantity(purchase.quantity);
        bool running = meter.consumed < meter.purchased;
        if (running && meter.termsId != purchase.termsId && buyer != purchase.licensee) {
            revert OtherTermsRunning(purchase.licensee, meter.termsId, purchase.termsId);
        }
    }

    function _pack(uint256 start, uint256 expiry, uint256 termsId) private pure returns (uint256) {
        return start | (expiry << 40) | (termsId << 80);
    }

    function _start(uint256 word) private pure returns (uint256) {
        return uint40(word);
    }

    function _expiry(uint256 word) private pure returns (uint256) {
        return uint40(word >> 40);
    }

    function _termsId(uint256 word) private pure returns (uint256) {
        return word >> 80;
    }

    function _interval(uint256 word) private pure returns (Interval memory) {
        return Interval(uint40(word), uint40(word >> 40), uint32(word >> 80));
    }

    function _isCommercial(Use use) private pure returns (bool) {
        return uint8(use) % 2 == 1;
    }

    /// @dev Each use without commerce stands before its commercial one.
    function _commercial(Use use) private pure returns (Use) {
        return Use(uint8(use) + 1);
    }

    function _records() private pure returns (RecordsStorage storage $) {
        assembly {
            $.slot := RECORDS_STORAGE
        }
    }
}
