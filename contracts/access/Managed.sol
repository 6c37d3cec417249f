// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

/// @title Managed
/// @notice Base of Tessera's immutable contracts: privileged functions are `restricted` by the suite's AccessManager.
/// @dev Follows OpenZeppelin's AccessManaged. Refuses an authority without code, because such a contract would be
/// deployed for good with every privileged function out of reach. Put `restricted` on external functions alone: the
/// manager looks at the selector that entered the contract.
abstract contract Managed is AccessManaged {
    /// @notice Reverts with `AccessManagedInvalidAuthority` where `authority_` has no code.
    /// @param authority_ The suite's AccessManager.
    constructor(address authority_) AccessManaged(authority_) {
        if (authority_.code.length == 0) revert AccessManagedInvalidAuthority(authority_);
    }
}
