// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAppRegistry} from "./interfaces/IAppRegistry.sol";
import {ISponsorQuota} from "./interfaces/ISponsorQuota.sol";

/// @title SponsorQuota
/// @notice See {ISponsorQuota}, which holds the prose. Immutable, without roles.
contract SponsorQuota is ISponsorQuota {
    /// @notice Seconds of an epoch; epochs begin with the Unix era.
    uint256 public constant EPOCH = 1 days;

    IAppRegistry private immutable _apps;

    mapping(uint256 appId => mapping(address sponsor => uint32)) private _sponsorLimits;
    mapping(uint256 appId => uint32) private _creatorLimits;
    /// @dev By consumer, app, epoch, and the sponsor's or creator's role and address.
    mapping(bytes32 key => uint256) private _used;

    /// @notice For the apps of one registry.
    /// @param apps_ Apps and their owners.
    constructor(IAppRegistry apps_) {
        _apps = apps_;
    }

    /// @inheritdoc ISponsorQuota
    function setSponsorLimit(uint256 appId, address sponsor, uint32 limit) external {
        _checkOwner(appId);
        _sponsorLimits[appId][sponsor] = limit;
        emit SponsorLimitUpdated(appId, sponsor, limit);
    }

    /// @inheritdoc ISponsorQuota
    function setCreatorLimit(uint256 appId, uint32 limit) external {
        _checkOwner(appId);
        _creatorLimits[appId] = limit;
        emit CreatorLimitUpdated(appId, limit);
    }

    /// @inheritdoc ISponsorQuota
    function consume(uint256 appId, address sponsor, address creator) external {
        uint256 limit = _sponsorLimits[appId][sponsor];
        bytes32 key = _key(msg.sender, appId, sponsor, true);
        if (_used[key] >= limit) revert SponsorQuotaExceeded(appId, sponsor, limit);
        ++_used[key];
        limit = _creatorLimits[appId];
        key = _key(msg.sender, appId, creator, false);
        if (_used[key] >= limit) revert CreatorQuotaExceeded(appId, creator, limit);
        ++_used[key];
    }

    /// @inheritdoc ISponsorQuota
    function remaining(
        address consumer,
        uint256 appId,
        address sponsor,
        address creator
    ) external view returns (uint256 ofSponsor, uint256 ofCreator) {
        return (
            _left(_sponsorLimits[appId][sponsor], _used[_key(consumer, appId, sponsor, true)]),
            _left(_creatorLimits[appId], _used[_key(consumer, appId, creator, false)])
        );
    }

    /// @inheritdoc ISponsorQuota
    function sponsorLimit(uint256 appId, address sponsor) external view returns (uint256) {
        return _sponsorLimits[appId][sponsor];
    }

    /// @inheritdoc ISponsorQuota
    function creatorLimit(uint256 appId) external view returns (uint256) {
        return _creatorLimits[appId];
    }

    function _checkOwner(uint256 appId) private view {
        if (msg.sender != _apps.ownerOf(appId)) revert NotAppOwner(appId, msg.sender);
    }

    function _key(address consumer, uint256 appId, address account, bool isSponsor) private view returns (bytes32) {
        return keccak256(abi.encode(consumer, appId, block.timestamp / EPOCH, account, isSponsor));
    }

    /// @dev A limit may have been lowered below what was used.
    function _left(uint256 limit, uint256 used) private pure returns (uint256) {
        return used < limit ? limit - used : 0;
    }
}
