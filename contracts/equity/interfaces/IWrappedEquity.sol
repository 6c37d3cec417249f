// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

import {IERC7943Fungible} from "./IERC7943.sol";
import {IERC8056} from "./IERC8056.sol";

/// @title IWrappedEquity
/// @notice A tokenized stock that does not rebase: one unit is one share of the {IEquityToken}, for pools, vaults and
/// bridges. ERC-4626 with the multiplier as the rate, exact in shares; ERC-8056, by which wallets show stocks; ERC-7943,
/// ERC-2612.
///
/// Identity: shares held >= units. What is beyond (sent by force) belongs to nobody here, and is swept by role. Nothing
/// that arrives changes what a unit is worth.
///
/// Rules are the stock's: whoever may not send or receive the stock may not send or receive its units, and while transfers
/// of the stock are paused, so are the units'. A split's halt stops deposits and withdrawals, not the units, whose number
/// no split changes.
///
/// Powers, through the suite's AccessManager: freeze (at once), force (after a day), sweep (after two).
interface IWrappedEquity is IERC4626, IERC7943Fungible, IERC8056 {
    /// @notice Shares that were nobody's were sent away.
    event Swept(address indexed to, uint256 shares);

    /// @notice What is wrapped must be there.
    error InvalidAsset(address asset);

    /// @notice More assets than may come in for the receiver now.
    error ERC4626ExceededMaxDeposit(address receiver, uint256 assets, uint256 max);

    /// @notice More units than may be made for the receiver now.
    error ERC4626ExceededMaxMint(address receiver, uint256 shares, uint256 max);

    /// @notice More assets than may go out for the owner now.
    error ERC4626ExceededMaxWithdraw(address owner, uint256 assets, uint256 max);

    /// @notice More units than may be redeemed for the owner now.
    error ERC4626ExceededMaxRedeem(address owner, uint256 shares, uint256 max);

    /// @notice The amount is less than a share, or nothing.
    error ZeroShares();

    /// @notice The caller is not the contract of corporate actions.
    error OnlyCorporateActions(address caller);

    /// @notice A frozen amount that fits no word.
    error FrozenTooLarge(uint256 amount);

    /// @notice The account is a part of the system, whose holdings are others'.
    error EnforcementForbidden(address account);

    /// @notice The account is neither blocked nor frozen to the amount.
    error AccountNotSeizable(address account);

    /// @notice There is no such snapshot.
    error UnknownSnapshot(uint256 id);

    /// @notice ERC-4626's deposit after an ERC-2612 permit of the stock to this contract. A permit that somebody has sent
    /// before does not matter: the allowance is what counts.
    function depositWithPermit(
        uint256 assets,
        address receiver,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 shares);

    /// @notice Sends away shares that are nobody's. Role: CONFIG, after two days.
    function sweep(address to) external returns (uint256 shares);

    /// @notice Tells of a multiplier that is to come, has come, or will not. The contract of corporate actions.
    function onMultiplierUpdate(uint256 previous, uint256 next, uint256 effectiveAt) external;

    /// @notice Units of an account at a snapshot of the stock.
    function sharesAt(address account, uint256 id) external view returns (uint256);
}
