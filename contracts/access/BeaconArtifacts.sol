// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Compiles OpenZeppelin's beacon and its proxy, behind which whole catalogues of contracts stand, so that deployment has
// their artifacts.
// forge-lint: disable-next-line(unused-import)
import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
// forge-lint: disable-next-line(unused-import)
import {UpgradeableBeacon} from "@openzeppelin/contracts/proxy/beacon/UpgradeableBeacon.sol";
