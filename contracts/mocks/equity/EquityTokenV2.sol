// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EquityToken} from "../../equity/EquityToken.sol";
import {IComplianceRegistry} from "../../equity/interfaces/IComplianceRegistry.sol";
import {IEquityDocuments} from "../../equity/interfaces/IEquityDocuments.sol";
import {IEquityIssuance} from "../../equity/interfaces/IEquityIssuance.sol";

/// @title EquityTokenV2
/// @notice A later version of the whole catalogue's tokens: the present one, and a function that tells them apart.
contract EquityTokenV2 is EquityToken {
    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(
        IComplianceRegistry registry_,
        address corporateActions_,
        IEquityIssuance issuance_,
        IEquityDocuments documents_
    ) EquityToken(registry_, corporateActions_, issuance_, documents_) {}

    function version() external pure returns (uint256) {
        return 2;
    }
}
