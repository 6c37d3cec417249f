/** One deployment for everybody: the deploy script, the demo, and every test's fixture run the same modules. */
import type { HardhatRuntimeEnvironment } from "hardhat/types";

import type {
  AccessManager,
  AppRegistry,
  ComplianceRegistry,
  CorporateActions,
  DividendDistributor,
  ERC6551Registry,
  EquityDocuments,
  EquityFactory,
  EquityIssuance,
  EquityOracle,
  IPRegistry,
  LicenseMarket,
  LicenseTerms,
  MockUSDT,
  PieUSD,
  RedemptionQueue,
  RoyaltyGraph,
  SponsorQuota,
  UpgradeableBeacon,
} from "../typechain-types";
import { parseBuildInfoOnce } from "./buildInfo";
import { CANONICAL_ACCOUNT_REGISTRY, DEFAULT_PROTOCOL_FEE_BPS } from "./modules/ip";
import { suiteModule } from "./modules/suite";
import { LOCAL_NETWORKS } from "./networks";
import type { NetworkParameters } from "./parameters";
import { HELD_ROLES, type RoleName } from "./roles";
import type { Stock } from "./stock";

export interface Suite {
  manager: AccessManager;
  pieUSD: PieUSD;
  /** The underlying, with the interface of USDT. */
  usdt: MockUSDT;
  ipRegistry: IPRegistry;
  royaltyGraph: RoyaltyGraph;
  licenseMarket: LicenseMarket;
  licenseTerms: LicenseTerms;
  appRegistry: AppRegistry;
  sponsorQuota: SponsorQuota;
  /** ERC-6551's: the canonical one where the chain has it. */
  accountRegistry: ERC6551Registry;
  complianceRegistry: ComplianceRegistry;
  corporateActions: CorporateActions;
  equityDocuments: EquityDocuments;
  equityIssuance: EquityIssuance;
  tokenBeacon: UpgradeableBeacon;
  wrapperBeacon: UpgradeableBeacon;
  equityFactory: EquityFactory;
  redemptionQueue: RedemptionQueue;
  dividendDistributor: DividendDistributor;
  equityOracle: EquityOracle;
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

/** Parameters of a chain with nothing on it, whose accounts hold one role each and the admin the treasury. */
export const localParameters = (
  accounts: readonly string[],
  more: Partial<NetworkParameters> = {},
): NetworkParameters => {
  const holders = localHolders(accounts);
  return {
    underlying: "mock",
    decimals: 6,
    treasury: holders.ADMIN,
    protocolFeeBps: DEFAULT_PROTOCOL_FEE_BPS,
    holders,
    ...more,
  };
};

export interface DeployOptions {
  /**
   * Keeps Ignition's journal under this name, so that a run that died resumes. Without it: in memory on the in-process
   * chain, `chain-<id>` on every other.
   */
  deploymentId?: string;
  displayUi?: boolean;
  /** The first stocks of the catalogue. */
  stocks?: readonly Stock[];
  /** False while more of the first stocks are to come: the deployer hands over with the last. */
  last?: boolean;
}

export const deploySuite = async (
  hre: HardhatRuntimeEnvironment,
  parameters: NetworkParameters,
  options: DeployOptions = {},
): Promise<Suite> => {
  const [deployer] = await hre.ethers.getSigners();
  if (deployer === undefined) throw new Error("no account to deploy from");
  parseBuildInfoOnce(hre);
  const onMock = parameters.underlying === "mock";
  const canonical = (await hre.ethers.provider.getCode(CANONICAL_ACCOUNT_REGISTRY)) !== "0x";
  const module = suiteModule({
    underlying: onMock ? "mock" : "given",
    accounts: canonical ? "canonical" : "local",
    stocks: options.stocks ?? [],
    last: options.last ?? true,
  });
  const deployed = await hre.ignition.deploy(module, {
    parameters: {
      Suite: { ...parameters.holders },
      IP: { treasury: parameters.treasury, protocolFeeBps: parameters.protocolFeeBps },
      ...(onMock
        ? { MockUSDT: { decimals: parameters.decimals } }
        : { Payments: { underlying: parameters.underlying } }),
    },
    defaultSender: deployer.address,
    // A local chain answers at once; of a public one a second's poll is polite.
    config: { blockPollingInterval: LOCAL_NETWORKS.includes(hre.network.name) ? 20 : 1_000 },
    displayUi: options.displayUi ?? false,
    ...(options.deploymentId === undefined ? {} : { deploymentId: options.deploymentId }),
  });
  const pieUSD = await hre.ethers.getContractAt("PieUSD", await deployed.pieUSD.getAddress());
  return {
    manager: await hre.ethers.getContractAt("AccessManager", await deployed.manager.getAddress()),
    pieUSD,
    usdt: await hre.ethers.getContractAt("MockUSDT", await pieUSD.underlying()),
    ipRegistry: await hre.ethers.getContractAt("IPRegistry", await deployed.ipRegistry.getAddress()),
    royaltyGraph: await hre.ethers.getContractAt("RoyaltyGraph", await deployed.royaltyGraph.getAddress()),
    licenseMarket: await hre.ethers.getContractAt("LicenseMarket", await deployed.licenseMarket.getAddress()),
    licenseTerms: await hre.ethers.getContractAt("LicenseTerms", await deployed.licenseTerms.getAddress()),
    appRegistry: await hre.ethers.getContractAt("AppRegistry", await deployed.appRegistry.getAddress()),
    sponsorQuota: await hre.ethers.getContractAt("SponsorQuota", await deployed.sponsorQuota.getAddress()),
    accountRegistry: await hre.ethers.getContractAt("ERC6551Registry", await deployed.accountRegistry.getAddress()),
    complianceRegistry: await hre.ethers.getContractAt(
      "ComplianceRegistry",
      await deployed.complianceRegistry.getAddress(),
    ),
    corporateActions: await hre.ethers.getContractAt("CorporateActions", await deployed.corporateActions.getAddress()),
    equityDocuments: await hre.ethers.getContractAt("EquityDocuments", await deployed.equityDocuments.getAddress()),
    equityIssuance: await hre.ethers.getContractAt("EquityIssuance", await deployed.equityIssuance.getAddress()),
    tokenBeacon: await hre.ethers.getContractAt("UpgradeableBeacon", await deployed.tokenBeacon.getAddress()),
    wrapperBeacon: await hre.ethers.getContractAt("UpgradeableBeacon", await deployed.wrapperBeacon.getAddress()),
    equityFactory: await hre.ethers.getContractAt("EquityFactory", await deployed.equityFactory.getAddress()),
    redemptionQueue: await hre.ethers.getContractAt("RedemptionQueue", await deployed.redemptionQueue.getAddress()),
    dividendDistributor: await hre.ethers.getContractAt(
      "DividendDistributor",
      await deployed.dividendDistributor.getAddress(),
    ),
    equityOracle: await hre.ethers.getContractAt("EquityOracle", await deployed.equityOracle.getAddress()),
  };
};
