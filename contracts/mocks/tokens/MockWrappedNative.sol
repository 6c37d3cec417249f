// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title MockWrappedNative
/// @notice Stands for WETH9, whose fallback deposits: calls to functions that it does not have succeed, and do nothing
/// for whoever sends no coin along. A signed payment that such a token 'accepts' has not been made.
contract MockWrappedNative is ERC20 {
    constructor() ERC20("Wrapped native (mock)", "WNATIVE") {}

    receive() external payable {
        deposit();
    }

    fallback() external payable {
        deposit();
    }

    function deposit() public payable {
        _mint(msg.sender, msg.value);
    }
}
