// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IComplianceRegistry
/// @notice Who may hold and move tokenized stocks: one word an account, one registry for all tokens, one static call a
/// transfer. A block is one write, whatever the number of tokens, and tokens cannot drift apart.
///
/// It follows what xStocks, T-REX (ERC-3643) and Circle's blocklist each have a part of, answers by ERC-1404's codes, and
/// pulls sanctions from a list of Chainalysis's interface. Immutable; a new registry is a new deployment and an upgrade of
/// the tokens.
///
/// An account's word: bit 0 KYC | 1 BLOCKED | 2 NO_SEND | 3 NO_RECEIVE | 4 SYSTEM | 5 ACCREDITED | 6 WRAPPER |
/// 8–15 country | 16–55 expiry of the KYC (Unix seconds; 0: none) | 56–119 investor id | 120–183 product classes. Bit 7 and
/// bits 184–255 are nobody's to set.
///
/// A KYC is over in the second of its expiry. Countries are indexed by the table that the SDK publishes, in which 0 is a
/// country that is not known. BLOCKED bars an account from sending, receiving and spending for others; NO_SEND and
/// NO_RECEIVE from the one. SYSTEM is a pool, a bridge, a queue or a wrapper, which holds for others: it needs neither
/// KYC, country nor class and can never be BLOCKED, so that no list stops it; NO_SEND and NO_RECEIVE do count. WRAPPER is
/// a system account that takes shares by its own deposit alone. ACCREDITED is a record, and no policy asks it.
///
/// Every write changes what its mask names and keeps the rest; one that changes nothing succeeds, and emits nothing.
///
/// Powers, through the suite's AccessManager, each over its own bits alone: SANCTIONS (at once) over bits 1 to 3, KYC (at
/// once) over 0, 5 and 8 to 183, REGISTRAR over 4 and 6, CONFIG (after two days) over the list. A vendor's key of KYC
/// cannot lift a block.
interface IComplianceRegistry {
    /// @notice The account's word changed, from `previous` to `current`.
    event AccountUpdated(address indexed account, uint256 previous, uint256 current);

    /// @notice The list names the account, which was not blocked and is from now on. After its `AccountUpdated`.
    event SanctionSynced(address indexed account, address indexed list);

    /// @notice From which list sanctions are pulled; 0: none.
    event SanctionsListUpdated(address indexed list);

    /// @notice The zero address has no word.
    error ZeroAddress();

    /// @notice The mask has bits that are not this role's.
    error MaskForbidden(uint256 mask, uint256 allowed);

    /// @notice The value has bits outside of the mask.
    error ValueOutsideMask(uint256 value, uint256 mask);

    /// @notice Where KYC or its expiry is written, an account with KYC must have an expiry to come, or none.
    error BadExpiry(uint256 expiry);

    /// @notice A system account cannot be blocked, and a blocked one is no system account.
    error SystemAccount(address account);

    /// @notice A wrapper must be a system account.
    error WrapperNotSystem(address account);

    /// @notice There must be as many values as accounts.
    error LengthMismatch(uint256 accounts, uint256 values);

    /// @notice A batch is longer than the limit.
    error BatchTooLarge(uint256 length, uint256 max);

    /// @notice The list does not name the account.
    error NotSanctioned(address account);

    /// @notice There is no list, or it did not answer true or false.
    error SanctionsListUnavailable(address list);

    /// @notice Sets bits 1 to 3 of an account: `value` replaces what `mask` covers. Role: SANCTIONS.
    /// @dev Reverts with `MaskForbidden`, `ZeroAddress`, `ValueOutsideMask`; `SystemAccount` where it would block one.
    function setRestrictions(address account, uint256 mask, uint256 value) external;

    /// @notice Sets bits 0, 5 and 8 to 183 of an account. Role: KYC.
    /// @dev Reverts with `MaskForbidden`, `ZeroAddress`, `ValueOutsideMask`, `BadExpiry`.
    function setInvestor(address account, uint256 mask, uint256 value) external;

    /// @notice The same for up to 200 accounts, each with a value of its own; all or none, in order. Role: KYC.
    /// @dev Reverts with `LengthMismatch` and `BatchTooLarge` besides.
    function setInvestors(address[] calldata accounts, uint256 mask, uint256[] calldata values) external;

    /// @notice Sets bits 4 and 6 of an account. Role: REGISTRAR.
    /// @dev Reverts with `MaskForbidden`, `ZeroAddress`, `ValueOutsideMask`; `SystemAccount` where the account is blocked,
    /// `WrapperNotSystem` where it would be a wrapper alone.
    function setSystem(address account, uint256 mask, uint256 value) external;

    /// @notice Blocks an account that the sanctions list names. Anybody. Never lifts a block, and changes nothing where the
    /// account is blocked already.
    /// @dev Reverts with `SanctionsListUnavailable`, `NotSanctioned`, `SystemAccount`.
    function syncSanction(address account) external;

    /// @notice Names the list; 0: none. Role: CONFIG, after two days.
    /// @dev Reverts with `SanctionsListUnavailable` for an address without code.
    function setSanctionsList(address list) external;

    /// @notice Whether a move is allowed; 0 where it is, else ERC-1404's code as `messageForCode` tells it. Never reverts.
    /// @dev The sender is judged first, then the receiver, then a spender who is neither; each by its bars, then its KYC, its
    /// country, its class. A receiver that is a wrapper is refused before all else that speaks against it.
    /// @param spender Who moves: the same as `from` where it is its own move.
    /// @param from 0 for a mint.
    /// @param to 0 for a burn.
    /// @param policy Bit 0: the receiver needs KYC; 1: the sender does; 2: both countries must be in the mask; 3: both need
    /// the product class, which is in bits 8 to 13.
    /// @param countries Bit i: country i is allowed.
    function checkCompliance(
        address spender,
        address from,
        address to,
        uint256 policy,
        uint256 countries
    ) external view returns (uint8 code);

    /// @notice What a code means; "Unknown restriction" from 16 on.
    function messageForCode(uint8 code) external pure returns (string memory);

    /// @notice The account's word.
    function accountOf(address account) external view returns (uint256);

    /// @notice From which list sanctions are pulled.
    function sanctionsList() external view returns (address);
}
