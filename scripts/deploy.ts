/**
 * `npm run deploy -- --network NAME`: deploys the suite, hands it over to the holders that the network's parameters name,
 * and prints what stands where. A run that died resumes; a run that is repeated changes nothing.
 */
import { formatEther, type BaseContract } from "ethers";
import hre from "hardhat";
import { vars } from "hardhat/config";

import { deploySuite, localParameters } from "../deploy/deploySuite";
import { journalName } from "../deploy/journal";
import { LOCAL_NETWORKS, TESTNETS, privateKeyVar, rpcUrlVar } from "../deploy/networks";
import { ConfigurationError, readParameters, type NetworkParameters } from "../deploy/parameters";
import { HELD_ROLES, role } from "../deploy/roles";
import { run } from "./lib/run";
import { table } from "./lib/table";

const { ethers, network } = hre;

const requireVars = (name: string): void => {
  const missing = [rpcUrlVar(name), privateKeyVar].filter((variable) => !vars.has(variable));
  if (missing.length === 0) return;
  const commands = missing.map((variable) => `  npx hardhat vars set ${variable}`).join("\n");
  throw new ConfigurationError(
    `${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not set, so ${name} cannot be reached. Set ${missing.length > 1 ? "them" : "it"} once:\n${commands}`,
  );
};

const checkedChain = async (name: string): Promise<void> => {
  const testnet = TESTNETS.find((t) => t.name === name);
  if (testnet === undefined) {
    throw new ConfigurationError(
      `Tessera knows no network ${name}. Known: ${[...LOCAL_NETWORKS, ...TESTNETS.map((t) => t.name)].join(", ")}.`,
    );
  }
  requireVars(name);
  const { chainId } = await ethers.provider.getNetwork().catch(() => {
    throw new ConfigurationError(
      `Nothing answers at the RPC URL of ${name}: check it with "npx hardhat vars get ${rpcUrlVar(name)}".`,
    );
  });
  if (chainId !== BigInt(testnet.chainId)) {
    throw new ConfigurationError(
      `The RPC URL of ${name} answers for chain ${chainId}, not for ${testnet.chainId}: mend it with "npx hardhat vars set ${rpcUrlVar(name)}".`,
    );
  }
};

const parametersFor = async (deployer: string): Promise<NetworkParameters> => {
  if (LOCAL_NETWORKS.includes(network.name)) {
    const accounts = (await ethers.getSigners()).map(({ address }) => address);
    return localParameters(accounts);
  }
  const parameters = readParameters(network.name, deployer);
  if (parameters.underlying !== "mock" && (await ethers.provider.getCode(parameters.underlying)) === "0x") {
    throw new ConfigurationError(`There is no contract at the underlying ${parameters.underlying} on ${network.name}.`);
  }
  return parameters;
};

const main = async (): Promise<void> => {
  if (!LOCAL_NETWORKS.includes(network.name)) await checkedChain(network.name);
  const [deployer] = await ethers.getSigners();
  if (deployer === undefined) throw new ConfigurationError("There is no account to deploy from.");
  const balance = await ethers.provider.getBalance(deployer);
  if (balance === 0n) {
    throw new ConfigurationError(
      `The deployer ${deployer.address} has no coin on ${network.name} to pay for gas: fund it from a faucet and run this again.`,
    );
  }
  const parameters = await parametersFor(deployer.address);
  console.log(`Deploying to ${network.name} from ${deployer.address}, which holds ${formatEther(balance)}.\n`);
  const inProcess = network.name === "hardhat";
  const suite = await deploySuite(hre, parameters, {
    displayUi: process.stdout.isTTY,
    ...(inProcess ? {} : { deploymentId: await journalName(hre) }),
  });

  const { manager, pieUSD, usdt } = suite;
  const onMock = parameters.underlying === "mock";
  const described: readonly [string, BaseContract, string][] = [
    ["AccessManager", manager, "the authority"],
    ["PieUSD", pieUSD, `pieUSD, ${await pieUSD.decimals()} decimals`],
    [onMock ? "MockUSDT" : "USDT", usdt, onMock ? "MOCK, issued by the deployer" : "the chain's"],
    ["IPRegistry", suite.ipRegistry, `works, protocol fee ${Number(await suite.ipRegistry.protocolFeeBps()) / 100} %`],
    ["RoyaltyGraph", suite.royaltyGraph, `royalties, treasury ${parameters.treasury}`],
    ["LicenseMarket", suite.licenseMarket, "licences, in pieUSD and native coin"],
    ["LicenseTerms", suite.licenseTerms, "licence terms"],
    ["AppRegistry", suite.appRegistry, "apps and their fees"],
    ["SponsorQuota", suite.sponsorQuota, "quotas of sponsored registrations"],
    ["ERC6551Registry", suite.accountRegistry, "accounts of works"],
    ["EquityFactory", suite.equityFactory, `tokenized stocks, ${await suite.equityFactory.stockCount()} listed`],
    ["ComplianceRegistry", suite.complianceRegistry, "who may hold and move them"],
    ["EquityIssuance", suite.equityIssuance, "caps, limits and reserves of mints"],
    ["CorporateActions", suite.corporateActions, "splits, dividends, fees"],
    ["EquityDocuments", suite.equityDocuments, "terms and documents"],
    ["RedemptionQueue", suite.redemptionQueue, "redemptions"],
    ["DividendDistributor", suite.dividendDistributor, "cash dividends in pieUSD"],
    ["EquityOracle", suite.equityOracle, "prices per share"],
  ];
  const contracts = await Promise.all(described.map(async ([name, at, what]) => [name, await at.getAddress(), what]));
  console.log(`\n${table(["contract", "address", "what"], contracts)}\n`);
  const rows = await Promise.all(
    HELD_ROLES.map(async (name) => {
      const [isMember, delay] = await manager.hasRole(role(name).id, parameters.holders[name]);
      if (!isMember || delay !== BigInt(role(name).executionDelay)) {
        throw new Error(
          `${parameters.holders[name]} does not hold ${name} with its delay: do not use this deployment.`,
        );
      }
      return [name, parameters.holders[name], `${Number(delay) / 3600} h`];
    }),
  );
  console.log(`${table(["role", "holder", "delay"], rows)}\n`);
  for (const name of HELD_ROLES) {
    const [isMember] = await manager.hasRole(role(name).id, deployer);
    if (isMember) throw new Error(`The deployer still holds ${name}: do not use this deployment.`);
  }
  console.log("The deployer holds no role.");
  console.log(
    inProcess
      ? "\nThis chain ends with this command. Next: npx hardhat node, and npm run deploy -- --network localhost."
      : "\nNext: verify the sources with npx hardhat verify, and approve and deposit USDT to mint the first pieUSD.",
  );
};

run(main);
