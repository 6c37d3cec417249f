// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ISanctionsList
/// @notice What Chainalysis's list of sanctioned addresses answers.
interface ISanctionsList {
    /// @notice True for an address that is sanctioned.
    function isSanctioned(address account) external view returns (bool);
}
