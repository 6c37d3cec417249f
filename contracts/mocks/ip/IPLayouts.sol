// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {ManagedUUPS} from "../../access/ManagedUUPS.sol";
import {IERC6551Registry} from "../../ip/interfaces/IERC6551.sol";
import {IIPRegistry} from "../../ip/interfaces/IIPRegistry.sol";
import {LicenseKind, Use} from "../../ip/interfaces/ILicenseTerms.sol";
import {IRoyaltyGraph} from "../../ip/interfaces/IRoyaltyGraph.sol";
import {Work} from "../../ip/types/Work.sol";

// Storage layouts of the IP domain's upgradeable contracts, as a later version might declare them: what the upgrade
// validator must accept, and what it must refuse. They have no functions: the validator looks at layouts alone.

/// @title IPRegistryBases
/// @notice The namespaces of IPRegistry's bases, as they are.
abstract contract IPRegistryBases is EIP712Upgradeable, ManagedUUPS {
    struct Account {
        uint128 balance;
        uint128 nonce;
    }

    /// @custom:storage-location erc7201:tessera.storage.IPOwnership
    struct OwnershipStorage {
        mapping(uint256 id => Work) works;
        mapping(address owner => Account) accounts;
        mapping(uint256 id => address) approvals;
        mapping(address owner => mapping(address operator => bool)) operators;
    }

    /// @custom:storage-location erc7201:tessera.storage.IPPriority
    struct PriorityStorage {
        mapping(bytes32 contentHash => uint256) first;
        mapping(bytes32 commitment => uint256 timestamp) committedAt;
    }
}

/// @title IPRegistryGrown
/// @notice Sound: one field appended.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract IPRegistryGrown is IPRegistryBases {
    /// @custom:storage-location erc7201:tessera.storage.IPRegistry
    struct RegistryStorage {
        uint40 lastId;
        uint16 protocolFeeBps;
        IRoyaltyGraph graph;
        IERC6551Registry accountRegistry;
        address accountImplementation;
        mapping(uint256 id => bytes32) contentHashes;
        mapping(uint256 id => string) uris;
        mapping(uint256 id => address) payees;
        mapping(uint256 id => uint256) added;
    }
}

/// @title IPRegistryBroken
/// @notice Unsound: an id of more bits moves what shares its slot.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract IPRegistryBroken is IPRegistryBases {
    /// @custom:storage-location erc7201:tessera.storage.IPRegistry
    struct RegistryStorage {
        uint48 lastId;
        uint16 protocolFeeBps;
        IRoyaltyGraph graph;
        IERC6551Registry accountRegistry;
        address accountImplementation;
        mapping(uint256 id => bytes32) contentHashes;
        mapping(uint256 id => string) uris;
        mapping(uint256 id => address) payees;
    }
}

/// @title RoyaltyGraphBroken
/// @notice Unsound: two addresses changed places, and every inbox with them.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract RoyaltyGraphBroken is ReentrancyGuardTransient, ManagedUUPS {
    struct Fees {
        uint128 collected;
        uint128 withdrawn;
    }

    /// @custom:storage-location erc7201:tessera.storage.RoyaltyEdges
    struct EdgesStorage {
        mapping(uint256 id => uint256[4]) edges;
        mapping(uint256 id => IIPRegistry.Contributor[]) contributors;
    }

    /// @custom:storage-location erc7201:tessera.storage.RoyaltyLedger
    struct LedgerStorage {
        mapping(address token => mapping(uint256 id => uint256)) revenue;
        mapping(address token => mapping(uint256 id => uint256[9])) claimed;
        mapping(address token => mapping(uint256 id => mapping(uint256 share => uint256))) withdrawn;
        mapping(address token => mapping(uint256 appId => Fees)) fees;
    }

    /// @custom:storage-location erc7201:tessera.storage.RoyaltyGraph
    struct GraphStorage {
        address inboxImplementation;
        address treasury;
    }
}

/// @title LicenseMarketBroken
/// @notice Unsound: offers that are there already would be read with another duration and token.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract LicenseMarketBroken is EIP712Upgradeable, ReentrancyGuardTransient, ManagedUUPS {
    struct Offer {
        uint32 termsId;
        LicenseKind kind;
        uint48 duration;
        address paymentToken;
        uint128 price;
    }

    struct Meter {
        uint64 purchased;
        uint64 consumed;
        uint40 start;
        uint40 lastUse;
        uint32 termsId;
    }

    /// @custom:storage-location erc7201:tessera.storage.LicenseRecords
    struct RecordsStorage {
        mapping(uint256 ipId => mapping(Use use => mapping(address licensee => uint256))) licenses;
        mapping(uint256 ipId => mapping(Use use => mapping(address licensee => uint256[]))) history;
        mapping(uint256 ipId => mapping(Use use => mapping(address licensee => Meter))) meters;
    }

    /// @custom:storage-location erc7201:tessera.storage.LicenseMarket
    struct MarketStorage {
        mapping(uint256 ipId => mapping(Use use => Offer)) offers;
        mapping(address token => bool) paymentTokens;
    }
}
