// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ISponsorQuota
/// @notice How many registrations a sponsor may send in an app's name, and how many of one creator, in an epoch of a day.
/// The app's owner grants both; without a grant there is none. Registrations that name no app are nobody's to limit.
///
/// Counts are kept by the contract that consumes them, so that no other can use up the registry's.
interface ISponsorQuota {
    /// @notice The app's owner allows a sponsor `limit` registrations an epoch.
    event SponsorLimitUpdated(uint256 indexed appId, address indexed sponsor, uint256 limit);

    /// @notice The app's owner allows each creator `limit` sponsored registrations an epoch.
    event CreatorLimitUpdated(uint256 indexed appId, uint256 limit);

    /// @notice The caller is not the app's owner.
    error NotAppOwner(uint256 appId, address caller);

    /// @notice The sponsor used up what the app allows it in this epoch.
    error SponsorQuotaExceeded(uint256 appId, address sponsor, uint256 limit);

    /// @notice The creator used up what the app allows it in this epoch.
    error CreatorQuotaExceeded(uint256 appId, address creator, uint256 limit);

    /// @notice Sets a sponsor's limit an epoch; 0 ends it. The app's owner.
    function setSponsorLimit(uint256 appId, address sponsor, uint32 limit) external;

    /// @notice Sets each creator's limit an epoch; 0 ends sponsoring. The app's owner.
    function setCreatorLimit(uint256 appId, uint32 limit) external;

    /// @notice Counts one registration against both, in the caller's own books.
    function consume(uint256 appId, address sponsor, address creator) external;

    /// @notice What is left in this epoch of a consumer's books.
    function remaining(
        address consumer,
        uint256 appId,
        address sponsor,
        address creator
    ) external view returns (uint256 ofSponsor, uint256 ofCreator);

    /// @notice The sponsor's limit an epoch.
    function sponsorLimit(uint256 appId, address sponsor) external view returns (uint256);

    /// @notice Each creator's limit an epoch.
    function creatorLimit(uint256 appId) external view returns (uint256);
}
