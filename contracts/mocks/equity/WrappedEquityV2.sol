// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WrappedEquity} from "../../equity/WrappedEquity.sol";

/// @title WrappedEquityV2
/// @notice A later version of the whole catalogue's wrappers: the present one, and a function that tells them apart.
contract WrappedEquityV2 is WrappedEquity {
    function version() external pure returns (uint256) {
        return 2;
    }
}
