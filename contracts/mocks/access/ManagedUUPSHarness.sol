// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ManagedUUPS} from "../../access/ManagedUUPS.sol";

/// @title ManagedUUPSHarness
/// @notice The least contract on the ManagedUUPS base, so that the base is tested by itself, before and beside the
/// contracts that stand on it.
contract ManagedUUPSHarness is ManagedUUPS {
    /// @custom:storage-location erc7201:tessera.storage.ManagedUUPSHarness
    struct HarnessStorage {
        uint256 value;
        address keeper;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("tessera.storage.ManagedUUPSHarness")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 internal constant HARNESS_STORAGE = 0x4cb9a9d1282a68798be56099ac2313664095c2ea1f3aa3a25a0da8a04f137a00;

    function initialize(address authority_, uint256 value_) external initializer {
        __ManagedUUPS_init(authority_);
        _harness().value = value_;
    }

    /// @dev The initialiser's helper outside of an initialiser: must revert.
    function initializeLate(address authority_) external {
        __ManagedUUPS_init(authority_);
    }

    function setValue(uint256 value_) external restricted {
        _harness().value = value_;
    }

    function value() external view returns (uint256) {
        return _harness().value;
    }

    function version() external pure virtual returns (uint256) {
        return 1;
    }

    function _harness() internal pure returns (HarnessStorage storage $) {
        assembly {
            $.slot := HARNESS_STORAGE
        }
    }
}
