// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IAppRegistry
/// @notice Apps through which works are registered, and their share of these works' direct revenue. A work keeps the fee
/// of its registration; a change of fee concerns works to come. Anybody may register an app. Nobody has power over it
/// but its owner.
interface IAppRegistry {
    /// @notice An app was registered.
    event AppRegistered(uint256 indexed appId, address indexed owner, address indexed payee, uint256 feeBps);

    /// @notice The app's fee on works to come.
    event AppFeeUpdated(uint256 indexed appId, uint256 feeBps);

    /// @notice Who withdraws the app's fees.
    event AppPayeeUpdated(uint256 indexed appId, address indexed payee);

    /// @notice The owner offers the app to another.
    event AppTransferStarted(uint256 indexed appId, address indexed owner, address indexed pendingOwner);

    /// @notice The app has another owner.
    event AppTransferred(uint256 indexed appId, address indexed from, address indexed to);

    /// @notice There is no app with this id.
    error UnknownApp(uint256 appId);

    /// @notice The caller is not the app's owner.
    error NotAppOwner(uint256 appId, address caller);

    /// @notice The app was not offered to the caller.
    error NotPendingOwner(uint256 appId, address caller);

    /// @notice The fee is above the limit, in basis points.
    error FeeTooHigh(uint256 feeBps, uint256 max);

    /// @notice Fees must have a payee.
    error InvalidPayee(address payee);

    /// @notice Registers an app of the caller's. Anybody.
    /// @param feeBps Share of direct revenue of the works registered through it, in basis points, at most `MAX_FEE_BPS`.
    function registerApp(address payee, uint256 feeBps) external returns (uint24 appId);

    /// @notice Sets the fee on works to come. The app's owner.
    function setFee(uint256 appId, uint256 feeBps) external;

    /// @notice Sets who withdraws the fees, what is collected already included. The app's owner.
    function setPayee(uint256 appId, address payee) external;

    /// @notice Offers the app to another owner, who has to accept; 0 takes the offer back. The app's owner.
    function transferApp(uint256 appId, address to) external;

    /// @notice Takes over an app that was offered.
    function acceptApp(uint256 appId) external;

    /// @notice Fee in basis points. Reverts with `UnknownApp`.
    function feeOf(uint256 appId) external view returns (uint256);

    /// @notice Who withdraws the fees. Reverts with `UnknownApp`.
    function payeeOf(uint256 appId) external view returns (address);

    /// @notice Reverts with `UnknownApp`.
    function ownerOf(uint256 appId) external view returns (address);

    /// @notice To whom the app is offered; 0: to nobody.
    function pendingOwnerOf(uint256 appId) external view returns (address);

    /// @notice How many apps there are; also the highest id.
    function count() external view returns (uint256);
}
