// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManagedUpgradeable} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @title ManagedUUPS
/// @notice Base of Tessera's upgradeable contracts: ERC-1822 proxies whose privileged functions, the upgrade among
/// them, are `restricted` by the suite's AccessManager.
/// @dev The implementation itself can never be initialised. A contract on this base keeps its own state in an ERC-7201
/// namespace and calls `__ManagedUUPS_init` from its `initializer`. The upgrade's role and its delay of seven days are
/// data of the manager (`deploy/roles.ts`), not code here.
abstract contract ManagedUUPS is AccessManagedUpgradeable, UUPSUpgradeable {
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @notice Reverts with `AccessManagedInvalidAuthority` where `authority_` has no code.
    /// @param authority_ The suite's AccessManager.
    function __ManagedUUPS_init(address authority_) internal onlyInitializing {
        if (authority_.code.length == 0) revert AccessManagedInvalidAuthority(authority_);
        __AccessManaged_init(authority_);
    }

    /// @dev `restricted` on this internal hook is sound: `upgradeToAndCall` is the one function that reaches it, so the
    /// selector that the manager sees is always that function's.
    function _authorizeUpgrade(address newImplementation) internal override restricted {}
}
