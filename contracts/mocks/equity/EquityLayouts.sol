// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManagedUpgradeable} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {ERC20PermitUpgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";
import {ShortString} from "@openzeppelin/contracts/utils/ShortStrings.sol";

import {IEquityToken} from "../../equity/interfaces/IEquityToken.sol";
import {ShareHistory} from "../../equity/libraries/ShareHistory.sol";
import {TokenState} from "../../equity/types/TokenState.sol";

// Storage layouts of the contracts behind the equity domain's beacons, as a later version might declare them: what the
// upgrade validator must accept, and what it must refuse. They have no functions: the validator looks at layouts alone.

/// @title EquityTokenBases
/// @notice The namespaces of EquityToken's bases, as they are.
abstract contract EquityTokenBases is AccessManagedUpgradeable {
    /// @custom:storage-location erc7201:tessera.storage.EquityLedger
    struct LedgerStorage {
        TokenState state;
        uint256 totalShares;
        mapping(address account => ShareHistory.Account) accounts;
        mapping(address owner => mapping(address spender => uint256)) allowances;
        mapping(uint256 snapshot => uint256) totals;
        uint256 countries;
        uint8 productClass;
        uint40 lastActionAt;
    }

    /// @custom:storage-location erc7201:tessera.storage.EquityAuthorizations
    struct AuthorizationsStorage {
        mapping(address owner => uint256) permitNonces;
        mapping(address authorizer => mapping(uint256 word => uint256 bits)) spent;
    }
}

/// @title EquityTokenGrown
/// @notice Sound: fields appended, in the rest of a slot and behind it.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract EquityTokenGrown is EquityTokenBases {
    /// @custom:storage-location erc7201:tessera.storage.EquityToken
    struct TokenStorage {
        string name;
        ShortString symbol;
        bytes12 isin;
        address wrapper;
        uint64 listedAt;
        mapping(address bridge => uint256) bridged;
    }
}

/// @title EquityTokenBroken
/// @notice Unsound: a longer ISIN moves the wrapper out of the slot that they share.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract EquityTokenBroken is EquityTokenBases {
    /// @custom:storage-location erc7201:tessera.storage.EquityToken
    struct TokenStorage {
        string name;
        ShortString symbol;
        bytes20 isin;
        address wrapper;
    }
}

/// @title EquityLedgerBroken
/// @notice Unsound: a field before the shares of all accounts, which would be read as nothing.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract EquityLedgerBroken is AccessManagedUpgradeable {
    /// @custom:storage-location erc7201:tessera.storage.EquityLedger
    struct LedgerStorage {
        TokenState state;
        uint256 totalShares;
        uint256 burnedShares;
        mapping(address account => ShareHistory.Account) accounts;
        mapping(address owner => mapping(address spender => uint256)) allowances;
        mapping(uint256 snapshot => uint256) totals;
        uint256 countries;
        uint8 productClass;
        uint40 lastActionAt;
    }

    /// @custom:storage-location erc7201:tessera.storage.EquityAuthorizations
    struct AuthorizationsStorage {
        mapping(address owner => uint256) permitNonces;
        mapping(address authorizer => mapping(uint256 word => uint256 bits)) spent;
    }

    /// @custom:storage-location erc7201:tessera.storage.EquityToken
    struct TokenStorage {
        string name;
        ShortString symbol;
        bytes12 isin;
        address wrapper;
    }
}

/// @title EquityAuthorizationsBroken
/// @notice Unsound: with the nonces of permits gone, spent authorizations would be unspent.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract EquityAuthorizationsBroken is AccessManagedUpgradeable {
    /// @custom:storage-location erc7201:tessera.storage.EquityLedger
    struct LedgerStorage {
        TokenState state;
        uint256 totalShares;
        mapping(address account => ShareHistory.Account) accounts;
        mapping(address owner => mapping(address spender => uint256)) allowances;
        mapping(uint256 snapshot => uint256) totals;
        uint256 countries;
        uint8 productClass;
        uint40 lastActionAt;
    }

    /// @custom:storage-location erc7201:tessera.storage.EquityAuthorizations
    struct AuthorizationsStorage {
        mapping(address authorizer => mapping(uint256 word => uint256 bits)) spent;
    }

    /// @custom:storage-location erc7201:tessera.storage.EquityToken
    struct TokenStorage {
        string name;
        ShortString symbol;
        bytes12 isin;
        address wrapper;
    }
}

/// @title WrappedEquityGrown
/// @notice Sound: one field appended.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract WrappedEquityGrown is ERC20PermitUpgradeable, AccessManagedUpgradeable {
    /// @custom:storage-location erc7201:tessera.storage.WrappedEquity
    struct WrapperStorage {
        IEquityToken token;
        mapping(address account => ShareHistory.Account) holders;
        mapping(address bridge => uint256) bridged;
    }
}

/// @title WrappedEquityBroken
/// @notice Unsound: what is frozen, and all history, would be read from where nothing was written.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract WrappedEquityBroken is ERC20PermitUpgradeable, AccessManagedUpgradeable {
    /// @custom:storage-location erc7201:tessera.storage.WrappedEquity
    struct WrapperStorage {
        IEquityToken token;
        uint256 surplus;
        mapping(address account => ShareHistory.Account) holders;
    }
}
