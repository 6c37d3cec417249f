/** One deployment for everybody: the deploy script, the demo, and every test's fixture run the same modules. */
import type { HardhatRuntimeEnvironment } from "hardhat/types";

import type { AccessManager, MockUSDT, PieUSD } from "../typechain-types";
import { SuiteModule, SuiteOnMockModule } from "./modules/suite";
import type { NetworkParameters } from "./parameters";
import { HELD_ROLES, type RoleName } from "./roles";

export interface Suite {
  manager: AccessManager;
  pieUSD: PieUSD;
  /** The underlying, with the interface of USDT. */
  usdt: MockUSDT;
}

/** On a local chain each role has a holder of its own: the accounts after the deployer's, in the table's order. */
export const localHolders = (accounts: readonly string[]): Record<RoleName, string> => {
  return Object.fromEntries(
    HELD_ROLES.map((name, i) => {
      const holder = accounts[i + 1];
      if (holder === undefined)
        throw new Error(`${HELD_ROLES.length + 1} accounts are needed, ${accounts.length} are there`);
      return [name, holder];
    }),
  ) as Record<RoleName, string>;
};

export interface DeployOptions {
  /**
   * Keeps Ignition's journal under this name, so that a run that died resumes. Without it: in memory on the in-process
   * chain, `chain-<id>` on every other.
   */
  deploymentId?: string;
  displayUi?: boolean;
}

export const deploySuite = async (
  hre: HardhatRuntimeEnvironment,
  parameters: NetworkParameters,
  options: DeployOptions = {},
): Promise<Suite> => {
  const [deployer] = await hre.ethers.getSigners();
  if (deployer === undefined) throw new Error("no account to deploy from");
  const onMock = parameters.underlying === "mock";
  const { manager, pieUSD } = await hre.ignition.deploy(onMock ? SuiteOnMockModule : SuiteModule, {
    parameters: {
      Suite: { ...parameters.holders },
      ...(onMock
        ? { MockUSDT: { decimals: parameters.decimals } }
        : { Payments: { underlying: parameters.underlying } }),
    },
    defaultSender: deployer.address,
    displayUi: options.displayUi ?? false,
    ...(options.deploymentId === undefined ? {} : { deploymentId: options.deploymentId }),
  });
  const suite = {
    manager: await hre.ethers.getContractAt("AccessManager", await manager.getAddress()),
    pieUSD: await hre.ethers.getContractAt("PieUSD", await pieUSD.getAddress()),
  };
  return { ...suite, usdt: await hre.ethers.getContractAt("MockUSDT", await suite.pieUSD.underlying()) };
};
