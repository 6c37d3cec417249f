// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Compiles OpenZeppelin's ERC-1967 proxy, behind which the upgradeable contracts stand, so that deployment has its artifact.
// forge-lint: disable-next-line(unused-import)
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
