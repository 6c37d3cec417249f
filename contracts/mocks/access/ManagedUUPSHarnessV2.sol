// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ManagedUUPS} from "../../access/ManagedUUPS.sol";

/// @title ManagedUUPSHarnessV2
/// @notice A sound upgrade of ManagedUUPSHarness: one field appended to its namespace.
contract ManagedUUPSHarnessV2 is ManagedUUPS {
    /// @custom:storage-location erc7201:tessera.storage.ManagedUUPSHarness
    struct HarnessStorage {
        uint256 value;
        address keeper;
        uint256 added;
    }

    function initialize(address authority_) external initializer {
        __ManagedUUPS_init(authority_);
    }

    function version() external pure returns (uint256) {
        return 2;
    }
}

/// @title ManagedUUPSHarnessBroken
/// @notice An unsound one: a field put in front, which would read the old value as something else.
contract ManagedUUPSHarnessBroken is ManagedUUPS {
    /// @custom:storage-location erc7201:tessera.storage.ManagedUUPSHarness
    struct HarnessStorage {
        uint256 inserted;
        uint256 value;
        address keeper;
    }

    function initialize(address authority_) external initializer {
        __ManagedUUPS_init(authority_);
    }

    function version() external pure returns (uint256) {
        return 3;
    }
}
