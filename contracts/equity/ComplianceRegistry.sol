// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

import {Managed} from "../access/Managed.sol";
import {IComplianceRegistry} from "./interfaces/IComplianceRegistry.sol";
import {ISanctionsList} from "./interfaces/ISanctionsList.sol";
import {Investor, InvestorLibrary} from "./types/Investor.sol";
import {Restriction} from "./types/Restriction.sol";

/// @title ComplianceRegistry
/// @notice See {IComplianceRegistry}, which holds the prose. Immutable.
/// @dev Each role has a function of its own and a mask of its own bits: the AccessManager gives a selector to one role, so
/// that the mask, not the caller, is what the code checks.
contract ComplianceRegistry is IComplianceRegistry, Managed {
    uint256 private constant RESTRICTION_MASK =
        InvestorLibrary.BLOCKED | InvestorLibrary.NO_SEND | InvestorLibrary.NO_RECEIVE;
    uint256 private constant SYSTEM_MASK = InvestorLibrary.SYSTEM | InvestorLibrary.WRAPPER;
    /// @dev Bits 0, 5, and 8 to 183.
    uint256 private constant INVESTOR_MASK = InvestorLibrary.KYC | InvestorLibrary.ACCREDITED | (((1 << 176) - 1) << 8);
    /// @dev What a KYC and its end are told by.
    uint256 private constant KYC_MASK = InvestorLibrary.KYC | InvestorLibrary.EXPIRY_MASK;

    /// @dev Receivers that most moves do not have.
    uint256 private constant REFUSING = InvestorLibrary.BLOCKED | InvestorLibrary.NO_RECEIVE | InvestorLibrary.WRAPPER;

    uint256 private constant MAX_BATCH = 200;

    // Policy bits, see {IComplianceRegistry-checkCompliance}.
    uint256 private constant RECEIVER_NEEDS_KYC = 1;
    uint256 private constant SENDER_NEEDS_KYC = 2;
    uint256 private constant BY_COUNTRY = 4;
    uint256 private constant BY_CLASS = 8;
    uint256 private constant CLASS_SHIFT = 8;
    uint256 private constant CLASS_MASK = 63;

    /// @inheritdoc IComplianceRegistry
    address public sanctionsList;

    mapping(address account => Investor) private _investors;

    /// @notice Reverts with `AccessManagedInvalidAuthority` where `authority_` has no code.
    /// @param authority_ The suite's AccessManager.
    constructor(address authority_) Managed(authority_) {}

    /// @inheritdoc IComplianceRegistry
    function setRestrictions(address account, uint256 mask, uint256 value) external restricted {
        _checkMask(mask, RESTRICTION_MASK);
        _set(account, mask, value);
    }

    /// @inheritdoc IComplianceRegistry
    function setInvestor(address account, uint256 mask, uint256 value) external restricted {
        _checkMask(mask, INVESTOR_MASK);
        _set(account, mask, value);
    }

    /// @inheritdoc IComplianceRegistry
    function setInvestors(address[] calldata accounts, uint256 mask, uint256[] calldata values) external restricted {
        if (accounts.length != values.length) revert LengthMismatch(accounts.length, values.length);
        if (accounts.length > MAX_BATCH) revert BatchTooLarge(accounts.length, MAX_BATCH);
        _checkMask(mask, INVESTOR_MASK);
        for (uint256 i = 0; i < accounts.length; ++i) _set(accounts[i], mask, values[i]);
    }

    /// @inheritdoc IComplianceRegistry
    function setSystem(address account, uint256 mask, uint256 value) external restricted {
        _checkMask(mask, SYSTEM_MASK);
        _set(account, mask, value);
    }

    /// @inheritdoc IComplianceRegistry
    function syncSanction(address account) external {
        address list = sanctionsList;
        if (!_isSanctioned(list, account)) revert NotSanctioned(account);
        bool changed = _set(account, InvestorLibrary.BLOCKED, InvestorLibrary.BLOCKED);
        if (changed) emit SanctionSynced(account, list);
    }

    /// @inheritdoc IComplianceRegistry
    function setSanctionsList(address list) external restricted {
        if (list != address(0) && list.code.length == 0) revert SanctionsListUnavailable(list);
        sanctionsList = list;
        emit SanctionsListUpdated(list);
    }

    /// @inheritdoc IComplianceRegistry
    function checkCompliance(
        address spender,
        address from,
        address to,
        uint256 policy,
        uint256 countries
    ) external view returns (uint8 code) {
        if (from != address(0)) {
            Investor sender = _investors[from];
            if (sender.has(InvestorLibrary.BLOCKED | InvestorLibrary.NO_SEND)) return Restriction.SENDER_BLOCKED;
            if (policy != 0 && !sender.has(InvestorLibrary.SYSTEM)) {
                code = _ruleOf(sender, policy & SENDER_NEEDS_KYC, policy, countries);
                if (code != Restriction.NONE) return code;
            }
        }
        if (to != address(0)) {
            Investor receiver = _investors[to];
            if (receiver.has(REFUSING)) {
                // A wrapper takes shares by its own deposit alone: what is sent to it otherwise would be nobody's.
                if (receiver.has(InvestorLibrary.WRAPPER) && spender != to) return Restriction.RECEIVER_WRAPPER;
                if (receiver.has(InvestorLibrary.BLOCKED | InvestorLibrary.NO_RECEIVE)) {
                    return Restriction.RECEIVER_BLOCKED;
                }
            }
            if (policy != 0 && !receiver.has(InvestorLibrary.SYSTEM)) {
                code = _ruleOf(receiver, policy & RECEIVER_NEEDS_KYC, policy, countries);
                // A receiver's codes follow the sender's, but for the class, which has one.
                if (code != Restriction.NONE) return code == Restriction.CLASS ? code : code + 1;
            }
        }
        if (spender != from && spender != to && _investors[spender].has(InvestorLibrary.BLOCKED)) {
            return Restriction.SPENDER_BLOCKED;
        }
    }

    /// @inheritdoc IComplianceRegistry
    function messageForCode(uint8 code) external pure returns (string memory) {
        string[16] memory messages = [
            "No restriction",
            "Transfers are paused",
            "Transfers are halted around a corporate action",
            "Sender is blocked or may not send",
            "Receiver is blocked or may not receive",
            "Spender is blocked",
            "Sender is not verified",
            "Receiver is not verified",
            "Sender's verification has expired",
            "Receiver's verification has expired",
            "Sender's country is not allowed",
            "Receiver's country is not allowed",
            "Amount exceeds the unfrozen balance",
            "Amount exceeds the balance",
            "Product class is not allowed",
            "Receiver is a wrapper: deposit instead"
        ];
        return code < messages.length ? messages[code] : "Unknown restriction";
    }

    /// @inheritdoc IComplianceRegistry
    function accountOf(address account) external view returns (uint256) {
        return Investor.unwrap(_investors[account]);
    }

    /// @dev The caller has checked the mask. Nothing is written or told where the word stays as it is.
    function _set(address account, uint256 mask, uint256 value) private returns (bool changed) {
        if (account == address(0)) revert ZeroAddress();
        if (value & ~mask != 0) revert ValueOutsideMask(value, mask);
        uint256 previous = Investor.unwrap(_investors[account]);
        Investor investor = Investor.wrap((previous & ~mask) | value);
        if (investor.has(InvestorLibrary.SYSTEM)) {
            if (investor.has(InvestorLibrary.BLOCKED)) revert SystemAccount(account);
        } else if (investor.has(InvestorLibrary.WRAPPER)) {
            revert WrapperNotSystem(account);
        }
        // Only where this call touches the KYC or its end: neither a block nor the removal of a class may fail over an
        // expiry that passed long ago.
        if (mask & KYC_MASK != 0 && investor.has(InvestorLibrary.KYC) && _expired(investor)) {
            revert BadExpiry(investor.expiry());
        }
        changed = Investor.unwrap(investor) != previous;
        if (changed) {
            _investors[account] = investor;
            emit AccountUpdated(account, previous, Investor.unwrap(investor));
        }
    }

    /// @dev A low-level call, because Solidity's own would revert without a word over an answer that is no bool, and copy
    /// whatever a hostile list returns. An address without code answers nothing. A list that burns all gas leaves the
    /// 64th that the EVM keeps back, which is enough to say so.
    function _isSanctioned(address list, address account) private view returns (bool) {
        (bool success, bytes32 answer, ) = LowLevelCall.staticcallReturn64Bytes(
            list,
            abi.encodeCall(ISanctionsList.isSanctioned, (account))
        );
        if (!success || LowLevelCall.returnDataSize() < 32 || uint256(answer) > 1) {
            revert SanctionsListUnavailable(list);
        }
        return answer != 0;
    }

    /// @dev The sender's code of the rule that the investor does not keep.
    function _ruleOf(
        Investor investor,
        uint256 needsKyc,
        uint256 policy,
        uint256 countries
    ) private view returns (uint8) {
        if (needsKyc != 0) {
            if (!investor.has(InvestorLibrary.KYC)) return Restriction.SENDER_KYC;
            if (_expired(investor)) return Restriction.SENDER_EXPIRED;
        }
        if (policy & BY_COUNTRY != 0 && (countries >> investor.country()) & 1 == 0) return Restriction.SENDER_COUNTRY;
        if (policy & BY_CLASS != 0 && !investor.hasClass((policy >> CLASS_SHIFT) & CLASS_MASK)) {
            return Restriction.CLASS;
        }
        return Restriction.NONE;
    }

    function _expired(Investor investor) private view returns (bool) {
        uint256 expiry = investor.expiry();
        return expiry != 0 && expiry <= block.timestamp;
    }

    function _checkMask(uint256 mask, uint256 allowed) private pure {
        if (mask & ~allowed != 0) revert MaskForbidden(mask, allowed);
    }
}
