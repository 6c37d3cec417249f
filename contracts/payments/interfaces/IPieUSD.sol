// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IERC3009} from "./IERC3009.sol";

/// @title IPieUSD
/// @notice A dollar token for gasless payments by people and agents, backed 1:1 by USDT held in the contract itself.
///
/// It follows ERC-20, ERC-2612 (with a `bytes` overload), ERC-3009 and ERC-7598, ERC-5267, and serves x402's `exact`
/// scheme. Pieverse's pieUSD is the system it follows.
///
/// Accounting: `totalSupply` is the sum of all balances, and the USDT that the contract holds (`backing`) covers it.
/// A deposit mints what arrived, a redemption burns `value` and sends `value`: a fee that USDT may charge is borne by
/// whoever moves USDT, never by the pool. What the contract holds beyond the supply is `surplus`.
///
/// Powers, all through the suite's AccessManager: freeze an account (at once) and unfreeze it (after a day); pause
/// deposits or redemptions (at once) and resume them (after a day); rescue tokens sent here by mistake and surplus
/// (after two days); open and close pro-rata redemption after a loss of backing (after two days). There is no power to
/// mint, to seize, to upgrade, or to stop transfers between accounts that are not frozen. A delay counts from the public
/// scheduling of the operation, which may come before its occasion: the guardian must cancel what has none.
///
/// Amounts are base units in the decimals of the underlying USDT: 6 on Ethereum, 18 on BNB Smart Chain.
interface IPieUSD is IERC20Metadata, IERC20Permit, IERC3009 {
    /// @notice One element of a batch: what `transferWithAuthorization` takes, with the signature as bytes.
    struct TransferAuthorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
        bytes signature;
    }

    /// @notice USDT arrived and pieUSD was minted for what arrived.
    /// @param sender Whose USDT was taken.
    /// @param to Who received the pieUSD.
    /// @param amount What the sender asked to deposit, in base units of USDT.
    /// @param minted What arrived, and was minted.
    event Deposited(address indexed sender, address indexed to, uint256 amount, uint256 minted);

    /// @notice pieUSD was burned and USDT left for it.
    /// @param from Whose pieUSD was burned.
    /// @param to Who received the USDT.
    /// @param burned Base units of pieUSD burned.
    /// @param received What arrived at `to`: `burned` less USDT's fee, or less the loss in pro-rata mode.
    event Redeemed(address indexed from, address indexed to, uint256 burned, uint256 received);

    /// @notice An element of a batch was skipped; `reason` is the selector of the error that it would have reverted with.
    /// @dev Anybody can have it emitted for any payer and nonce. It proves nothing about the authorization, which may
    /// still settle: ask `authorizationState`.
    event AuthorizationSkipped(address indexed from, bytes32 indexed nonce, bytes4 reason);

    /// @notice The account may no longer send or receive.
    event Frozen(address indexed account);

    /// @notice The account may send and receive again.
    event Unfrozen(address indexed account);

    /// @notice Deposits were paused or resumed.
    event DepositsPauseUpdated(bool paused);

    /// @notice Redemptions were paused or resumed.
    event RedemptionsPauseUpdated(bool paused);

    /// @notice Redemption at a loss shared by all holders began.
    event ProRataOpened(uint256 backing, uint256 supply);

    /// @notice Redemption at par is back.
    event ProRataClosed(uint256 backing, uint256 supply);

    /// @notice Tokens that are not backing left the contract.
    event Rescued(address indexed token, address indexed to, uint256 amount);

    /// @notice The permit's deadline is past.
    error ERC2612ExpiredSignature(uint256 deadline);

    /// @notice The permit was not signed by its owner; `signer` is who signed it, or 0 where nobody can be told.
    error ERC2612InvalidSigner(address signer, address owner);

    /// @notice The underlying has no code.
    error InvalidUnderlying(address underlying);

    /// @notice The account may neither send nor receive pieUSD.
    error AccountFrozen(address account);

    /// @notice The account cannot be frozen: it can hold nothing.
    error CannotFreeze(address account);

    /// @notice A deposit or redemption of nothing, or a deposit of which nothing arrived.
    error ZeroAmount();

    /// @notice Less arrived than the caller was ready to accept.
    error SlippageExceeded(uint256 got, uint256 min);

    /// @notice The contract holds less USDT than pieUSD exists, or would after this operation.
    error Undercollateralized(uint256 backing, uint256 supply);

    /// @notice Pro-rata mode is for a shortfall, and there is none.
    error NotUndercollateralized(uint256 backing, uint256 supply);

    /// @notice Deposits are closed while redemption shares a loss.
    error ProRataActive();

    /// @notice There is no pro-rata mode to close.
    error ProRataInactive();

    /// @notice Deposits are paused by role.
    error DepositsPaused();

    /// @notice Redemptions are paused by role.
    error RedemptionsPaused();

    /// @notice A rescue would take USDT that backs the supply.
    error RescueExceedsSurplus(uint256 asked, uint256 surplus);

    /// @notice The supply's word cannot hold what the underlying claims to have sent.
    error SupplyOverflow(uint256 received, uint256 room);

    /// @notice A batch is longer than `MAX_BATCH`.
    error BatchTooLarge(uint256 length, uint256 max);

    /// @notice Version of the EIP-712 domain, for clients that read it.
    function version() external view returns (string memory);

    /// @notice The token that backs pieUSD.
    function underlying() external view returns (address);

    /// @notice USDT held by this contract, in base units.
    function backing() external view returns (uint256);

    /// @notice What `rescue` may take of the underlying: `backing` beyond `totalSupply`.
    function surplus() external view returns (uint256);

    /// @notice True while the account may neither send nor receive.
    function isFrozen(address account) external view returns (bool);

    /// @notice True while deposits are paused by role; pro-rata mode and a shortfall close them too.
    function depositsPaused() external view returns (bool);

    /// @notice True while redemptions are paused by role; a shortfall outside of pro-rata mode closes them too.
    function redemptionsPaused() external view returns (bool);

    /// @notice True while redemptions share a loss.
    function proRata() external view returns (bool);

    /// @notice Takes `amount` USDT of the caller by allowance and mints what arrives to the caller.
    /// @dev USDT refuses blacklisted senders, not receivers: a deposit goes through even while USDT has blacklisted this
    /// contract and no redemption does. The pauser watches for that.
    /// @param minOut Least pieUSD to mint; guards against a fee that USDT's owner may switch on.
    /// @return minted What arrived.
    function deposit(uint256 amount, uint256 minOut) external returns (uint256 minted);

    /// @notice As `deposit`, minted to `to`. Reverts where the caller or `to` is frozen.
    function depositFor(address to, uint256 amount, uint256 minOut) external returns (uint256 minted);

    /// @notice As `deposit`, with the underlying's ERC-2612 permit in the same call. A permit that fails (somebody sent
    /// it first, or the token has none) is ignored: the allowance decides.
    function depositWithPermit(
        uint256 amount,
        uint256 minOut,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 minted);

    /// @notice Burns `value` of the caller and sends USDT to `to`.
    /// @param minOut Least USDT that must arrive at `to`.
    /// @return received What arrived.
    function redeem(uint256 value, address to, uint256 minOut) external returns (uint256 received);

    /// @notice As `redeem`, by the holder's signature over `RedeemWithAuthorization`. Anybody may send it. Its nonce is
    /// of the same space as ERC-3009's: `cancelAuthorization` cancels it.
    function redeemWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 minOut,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external returns (uint256 received);

    /// @notice Settles up to `MAX_BATCH` authorizations. One that cannot be settled is skipped and reported:
    /// `AuthorizationSkipped` names the reason. An account with code gets at most 100,000 gas for its ERC-1271 check.
    /// @dev The sender allots that gas to each account with code on top of what estimation answers, because a wallet may
    /// turn dear after the estimate; with less left, the whole batch reverts with `InsufficientSignatureGas` (of
    /// AccountSignature) or runs out of gas, and nothing is settled. So does calldata that does not decode.
    /// @return settled Bit i is set where element i was settled.
    function batchTransferWithAuthorization(
        TransferAuthorization[] calldata authorizations
    ) external returns (uint256 settled);

    /// @notice ERC-2612 with the signature as bytes, for ERC-1271 accounts.
    function permit(address owner, address spender, uint256 value, uint256 deadline, bytes calldata signature) external;

    /// @notice Stops an account from sending and receiving, deposits and redemptions included. It may still spend as
    /// another's spender or relayer, and cancel its authorizations. Freezing twice changes nothing. Role: FREEZER.
    function freeze(address account) external;

    /// @notice Lifts a freeze. Role: UNFREEZER, after a day.
    function unfreeze(address account) external;

    /// @notice Role: PAUSER.
    function pauseDeposits() external;

    /// @notice Role: UNPAUSER, after a day.
    function unpauseDeposits() external;

    /// @notice Role: PAUSER.
    function pauseRedemptions() external;

    /// @notice Role: UNPAUSER, after a day.
    function unpauseRedemptions() external;

    /// @notice After a loss of backing: closes deposits and lets holders redeem at `backing / supply`, rounded down.
    /// Until then, redemption is closed while `backing < supply`, so that there is no run. Role: PRORATA, after two days.
    function openProRata() external;

    /// @notice Back to par, once `backing` covers the supply. Role: PRORATA, after two days.
    function closeProRata() external;

    /// @notice Sends away tokens that are not backing: any other token, or the underlying's surplus. Coins and NFTs that
    /// were forced in stay. Role: RESCUER, after two days.
    function rescue(address token, address to, uint256 amount) external;
}
