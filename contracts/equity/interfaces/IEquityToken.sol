// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IERC3009} from "../../payments/interfaces/IERC3009.sol";
import {IERC7943Fungible} from "./IERC7943.sol";

/// @title IEquityToken
/// @notice A stock as a token, backed 1:1: an ERC-20 over shares and a multiplier, so that a split or a dividend changes
/// every balance in the same second and touches no account. It follows Backed's xStocks.
///
/// ERC-20 (18 decimals), ERC-2612 and ERC-3009 with `bytes` overloads for ERC-1271 accounts, ERC-7943, ERC-1404, ERC-5267.
/// It rebases, and therefore is no ERC-8056 token: its wrapper is, of which one unit is one share.
///
/// Accounting: balance = floor(shares · multiplier / 1e18), and the same of the total. A transfer of an amount moves
/// ceil(amount · 1e18 / multiplier) shares, so that the receiver never gets less than the amount; a mint makes the floor,
/// a burn takes the ceiling, so that the supply never outgrows the reserves by rounding. Shares alone are stored.
///
/// Powers, through the suite's AccessManager: mint within cap, buckets and reserves, and burn of what the burner holds (at
/// once); freeze (at once); force (after a day); pause (at once) and resume (after a day); policy, cap, limits and feed
/// (after two days); upgrade of all tokens through their beacon (after seven days). Corporate actions come through the
/// contract `corporateActions`, with notice. Pauses and halts never stop an enforcer.
interface IEquityToken is IERC20Metadata, IERC20Permit, IERC3009, IERC7943Fungible {
    /// @notice What a token is made with; none of it changes later but by its roles.
    struct Configuration {
        string name;
        string symbol;
        /// International securities identification number, in ASCII.
        bytes12 isin;
        address wrapper;
        uint8 policy;
        uint8 productClass;
        uint256 countries;
    }

    /// @notice The shares of the `Transfer` right before it in the log, which has sender and receiver; with every one.
    event TransferShares(uint256 shares);

    /// @notice A mint was for this request; `Transfer` and `TransferShares` say to whom and how much.
    event Minted(address indexed minter, bytes32 indexed requestId);

    /// @notice An enforcer burned tokens of an account.
    event ForcedBurn(address indexed from, uint256 amount, uint256 shares);

    /// @notice A multiplier is to come.
    event MultiplierScheduled(uint256 multiplier, uint256 effectiveAt, uint256 haltMinutes);

    /// @notice The multiplier to come was called off.
    event MultiplierCanceled(uint256 multiplier, uint256 effectiveAt);

    /// @notice The multiplier changed, or its change was written.
    event MultiplierUpdated(uint256 previous, uint256 current);

    /// @notice Pause bits are set: 1 transfers, 2 mints, 4 burns, 8 bridges.
    event PausesUpdated(uint256 bits);

    /// @notice Policy of the compliance check.
    event PolicyUpdated(uint256 policy, uint256 productClass, uint256 countries);

    /// @notice Shares are recorded as they stand now.
    event SnapshotTaken(uint256 indexed id, uint256 totalShares);

    /// @notice A field of the configuration is not usable.
    error InvalidConfig(string field);

    /// @notice Transfers are paused by role.
    error TransferPaused();

    /// @notice Mints are paused by role.
    error MintPaused();

    /// @notice Burns are paused by role.
    error BurnPaused();

    /// @notice Transfers halt around a split.
    error CorporateActionHalt(uint256 effectiveAt);

    /// @notice The allowance does not fit its word.
    error AllowanceOverflow(uint256 value);

    /// @notice The permit's deadline is past.
    error ERC2612ExpiredSignature(uint256 deadline);

    /// @notice The permit was not signed by its owner; `signer` is who signed it, or 0 where nobody can be told.
    error ERC2612InvalidSigner(address signer, address owner);

    /// @notice The amount is less than a share, or nothing.
    error ZeroShares();

    /// @notice The caller is not the contract of corporate actions.
    error OnlyCorporateActions(address caller);

    /// @notice A frozen amount between the greatest that fits and the greatest number, which stands for all.
    error FrozenTooLarge(uint256 amount);

    /// @notice The account is a part of the system, whose holdings are others'.
    error EnforcementForbidden(address account);

    /// @notice The account is neither blocked nor frozen to the amount.
    error AccountNotSeizable(address account);

    /// @notice There is no such snapshot.
    error UnknownSnapshot(uint256 id);

    /// @notice There have been as many snapshots as fit.
    error TooManySnapshots();

    /// @notice Only pause bits 1, 2, 4 and 8.
    error InvalidPauses(uint256 bits);

    /// @notice Moves shares of the caller.
    /// @return amount What they are worth.
    function transferShares(address to, uint256 shares) external returns (uint256 amount);

    /// @notice Moves shares by allowance, which is charged their worth rounded up.
    function transferSharesFrom(address from, address to, uint256 shares) external returns (uint256 amount);

    /// @notice ERC-3009 over shares: what was signed is exact whatever the multiplier does before it is mined.
    function transferSharesWithAuthorization(
        address from,
        address to,
        uint256 shares,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice ERC-2612 with the signature as bytes, for ERC-1271 accounts.
    function permit(address owner, address spender, uint256 value, uint256 deadline, bytes calldata signature) external;

    /// @notice Mints for a request, once, within cap, buckets and reserves. Role: MINTER.
    function mint(address to, uint256 amount, bytes32 requestId) external;

    /// @notice Burns tokens of the caller, who must be allowed to send. Role: REDEEMER.
    function burn(uint256 amount) external;

    /// @notice Burns shares of the caller, who must be allowed to send. Role: REDEEMER.
    function burnShares(uint256 shares) external;

    /// @notice Burns tokens of a blocked or frozen account. Role: ENFORCER, after a day.
    function forcedBurn(address from, uint256 amount) external returns (bool);

    /// @notice Sets pause bits. Role: PAUSER.
    function pause(uint256 bits) external;

    /// @notice Clears pause bits. Role: UNPAUSER, after a day.
    function unpause(uint256 bits) external;

    /// @notice Sets the policy of the compliance check. Role: CONFIG, after two days.
    function setPolicy(uint8 policy, uint8 productClass, uint256 countries) external;

    /// @notice Records all shares as they stand now. Role: CORP_ACTION.
    function snapshot() external returns (uint256 id);

    /// @notice Schedules a multiplier. The contract of corporate actions, which has judged it.
    function scheduleMultiplier(uint256 multiplier, uint256 effectiveAt, uint256 haltMinutes) external;

    /// @notice Calls off what was scheduled. The contract of corporate actions.
    function cancelMultiplier() external;

    /// @notice Sets the multiplier at once, for a fee. The contract of corporate actions.
    function applyMultiplier(uint256 multiplier) external;

    /// @notice The multiplier in effect, with 18 decimals.
    function multiplier() external view returns (uint256);

    /// @notice The multiplier to come and when; without one, 0 and when the last took effect.
    function pendingMultiplier() external view returns (uint256 multiplier, uint256 effectiveAt, uint256 haltMinutes);

    /// @notice Shares of an account.
    function sharesOf(address account) external view returns (uint256);

    /// @notice All shares.
    function totalShares() external view returns (uint256);

    /// @notice Shares that a transfer of this amount moves: rounded up.
    function sharesFor(uint256 amount) external view returns (uint256);

    /// @notice What shares are worth: rounded down.
    function amountFor(uint256 shares) external view returns (uint256);

    /// @notice Shares of an account at a snapshot.
    function sharesAt(address account, uint256 id) external view returns (uint256);

    /// @notice All shares at a snapshot.
    function totalSharesAt(uint256 id) external view returns (uint256);

    /// @notice Id of the last snapshot; 0: none.
    function snapshotId() external view returns (uint256);

    /// @notice ERC-1404: why a transfer by its sender would be refused; 0: it would not.
    function detectTransferRestriction(address from, address to, uint256 amount) external view returns (uint8);

    /// @notice ERC-1404: what a code means.
    function messageForTransferRestriction(uint8 code) external view returns (string memory);

    /// @notice When the last corporate action took effect; 0: none has.
    function lastActionAt() external view returns (uint256);

    /// @notice Pause bits that are set.
    function pauses() external view returns (uint256);

    /// @notice The policy of the compliance check.
    function policy() external view returns (uint8 policy, uint8 productClass, uint256 countries);

    /// @notice International securities identification number, in ASCII.
    function isin() external view returns (bytes12);

    /// @notice The token's wrapper.
    function wrapper() external view returns (address);

    /// @notice How many reverse splits allowances have seen; those of another number are void.
    function allowanceEpoch() external view returns (uint256);

    /// @notice True around a split.
    function isHalted() external view returns (bool);

    /// @notice All that the wrapper must know of a deposit or withdrawal, in one call; 0 for no sender or no receiver.
    /// @return open Whether transfers are neither paused nor halted, and this sender and this receiver are allowed.
    /// @return multiplier The one in effect.
    /// @return snapshotId Id of the last snapshot.
    function conversionTerms(
        address from,
        address to
    ) external view returns (bool open, uint256 multiplier, uint256 snapshotId);

    /// @notice Reverts as a transfer of the wrapper's units must: paused, or by the rules. A halt does not matter to it.
    /// @return snapshotId Id of the last snapshot.
    function ensureTransferable(address spender, address from, address to) external view returns (uint256 snapshotId);

    /// @notice ERC-7572: where the token's metadata is.
    function contractURI() external view returns (string memory);

    /// @notice The contract that bounds mints.
    function issuanceContract() external view returns (address);

    /// @notice The contract of terms and documents.
    function documents() external view returns (address);

    /// @notice The compliance registry.
    function complianceRegistry() external view returns (address);

    /// @notice The contract of corporate actions.
    function corporateActions() external view returns (address);
}
