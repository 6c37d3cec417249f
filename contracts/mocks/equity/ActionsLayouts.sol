// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ManagedUUPS} from "../../access/ManagedUUPS.sol";
import {ICorporateActions} from "../../equity/interfaces/ICorporateActions.sol";

// Storage layouts of CorporateActions, as a later version might declare them: one that the upgrade validator must accept,
// one that it must refuse. They have no functions: the validator looks at layouts alone.

/// @title CorporateActionsGrown
/// @notice Sound: one field appended.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract CorporateActionsGrown is ManagedUUPS {
    /// @custom:storage-location erc7201:tessera.storage.CorporateActions
    struct ActionsStorage {
        mapping(address token => ICorporateActions.Record[]) records;
        mapping(address token => ICorporateActions.PeriodicFee) fees;
        mapping(address token => uint256) added;
    }
}

/// @title CorporateActionsBroken
/// @notice Unsound: fees stand where histories did.
/// @custom:oz-upgrades-unsafe-allow missing-initializer
contract CorporateActionsBroken is ManagedUUPS {
    /// @custom:storage-location erc7201:tessera.storage.CorporateActions
    struct ActionsStorage {
        mapping(address token => ICorporateActions.PeriodicFee) fees;
        mapping(address token => ICorporateActions.Record[]) records;
    }
}
