// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title MockMulticall3
/// @notice Stands for Multicall3 at 0xcA11bde05977b3631167028862bE2a173976CA11, which every public chain has and a local
/// one lacks. x402's facilitator diagnoses a failed simulation through `tryAggregate`.
contract MockMulticall3 {
    struct Call {
        address target;
        bytes callData;
    }

    struct Result {
        bool success;
        bytes returnData;
    }

    function tryAggregate(
        bool requireSuccess,
        Call[] calldata calls
    ) external payable returns (Result[] memory results) {
        results = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (results[i].success, results[i].returnData) = calls[i].target.call(calls[i].callData);
            if (requireSuccess) require(results[i].success, "Multicall3: call failed");
        }
    }
}
