// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC3009} from "../../payments/interfaces/IERC3009.sol";

/// @title MockPayee
/// @notice Stands for a contract that acts on a payment: it takes the payment in the same call by
/// `receiveWithAuthorization` and books it.
contract MockPayee {
    mapping(address payer => uint256 value) public booked;

    function buy(
        IERC3009 token,
        address payer,
        uint256 value,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        booked[payer] += value;
        token.receiveWithAuthorization(payer, address(this), value, 0, validBefore, nonce, signature);
    }
}
