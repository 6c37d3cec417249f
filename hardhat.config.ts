import path from "node:path";

import "@nomicfoundation/hardhat-toolbox";
import "@openzeppelin/hardhat-upgrades";
import "hardhat-contract-sizer";

import { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } from "hardhat/builtin-tasks/task-names";
import { subtask, vars } from "hardhat/config";
import type { HardhatUserConfig, HttpNetworkUserConfig, SolcBuild } from "hardhat/types";

import "./tasks/equity";

import { TESTNETS, privateKeyVar, rpcUrlVar, unsetRpcUrl } from "./deploy/networks";

/* eslint-disable @typescript-eslint/no-require-imports -- solc publishes no types, and only two facts of it are read */
const solcVersion = (require("solc/package.json") as { version: string }).version;

// The compiler is the npm package that the lock file pins: nothing is downloaded at build time, and an auditor can
// check its integrity hash. Another version than the pinned one falls through to Hardhat's own resolution.
subtask(
  TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD,
  async (args: { solcVersion: string }, _hre, runSuper): Promise<SolcBuild> => {
    if (args.solcVersion !== solcVersion) return (await runSuper(args)) as SolcBuild;
    const solc = require("solc") as { version(): string };
    return {
      compilerPath: require.resolve("solc/soljson.js"),
      isSolcJs: true,
      version: solcVersion,
      longVersion: solc.version(),
    };
  },
);
/* eslint-enable @typescript-eslint/no-require-imports */

// solidity-coverage's instrumented code outgrows Osaka's cap on a transaction's gas, and its P-256 takes the fallback.
const underCoverage = process.env.SOLIDITY_COVERAGE === "true";

const testnets: Record<string, HttpNetworkUserConfig> = Object.fromEntries(
  TESTNETS.map(({ name, chainId }) => [
    name,
    {
      chainId,
      url: vars.has(rpcUrlVar(name)) ? vars.get(rpcUrlVar(name)) : unsetRpcUrl(name),
      accounts: vars.has(privateKeyVar) ? [vars.get(privateKeyVar)] : [],
    },
  ]),
);

const config: HardhatUserConfig = {
  solidity: {
    version: solcVersion,
    settings: {
      evmVersion: "cancun",
      viaIR: true,
      optimizer: { enabled: true, runs: 10_000 },
      outputSelection: { "*": { "*": ["storageLayout"] } },
    },
  },
  networks: {
    hardhat: {
      hardfork: underCoverage ? "prague" : "osaka",
      // A burst of payments must not push the chain's clock ahead of the wall clock that x402 validates against.
      allowBlocksWithSameTimestamp: true,
      accounts: { count: 40 },
    },
    localhost: { url: process.env.TESSERA_LOCAL_RPC ?? "http://127.0.0.1:8545" },
    ...testnets,
  },
  paths: { ignition: "deploy" },
  // The folder is another one while the committed types are compared with fresh ones.
  typechain: { outDir: process.env.TESSERA_TYPES_DIR ?? "typechain-types", target: "ethers-v6" },
  gasReporter: { enabled: process.env.REPORT_GAS === "true" },
  contractSizer: {
    runOnCompile: false,
    strict: true,
    only: ["contracts/access/", "contracts/equity/", "contracts/ip/", "contracts/payments/", ":AccessManager$"],
  },
  mocha: { timeout: 120_000, reporter: path.join(__dirname, "scripts/lib/mochaTally.cjs") },
};

export default config;
