// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Compiles OpenZeppelin's proxy, so that a test can deploy one whose initialisation must fail.
// forge-lint: disable-next-line(unused-import)
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
