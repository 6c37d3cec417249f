// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Compiles OpenZeppelin's AccessManager, the suite's one authority, so that deployment and TypeChain have its artifact.
// forge-lint: disable-next-line(unused-import)
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
