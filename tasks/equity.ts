/**
 * `npx hardhat equity:catalogue --network NAME`: lists the stocks of a file. On a chain without the suite it deploys it with
 * them; a run that died goes on where it was. On a chain whose deployer has handed over, a listing takes the admin's delay:
 * the task deploys what is missing, schedules what must be, and says when to run it again.
 */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types";

import { CATALOGUE_FILE, readCatalogue } from "../deploy/catalogue";
import { deploySuite, localParameters } from "../deploy/deploySuite";
import { journalName } from "../deploy/journal";
import { LOCAL_NETWORKS } from "../deploy/networks";
import { selector } from "../deploy/modules/wiring";
import { ConfigurationError, readParameters } from "../deploy/parameters";
import { DELAYS, ROLES, role, signaturesByRole } from "../deploy/roles";
import { stockArguments, type Stock } from "../deploy/stock";
import type { AccessManager, EquityFactory } from "../typechain-types";

/** Stocks between two words of progress. */
const CHUNK = 5;
const say = (line = ""): void => {
  console.log(line);
};

const deployedAddress = (hre: HardhatRuntimeEnvironment, journal: string, future: string): string | null => {
  const file = path.join(hre.config.paths.ignition, "deployments", journal, "deployed_addresses.json");
  if (!existsSync(file)) return null;
  return (JSON.parse(readFileSync(file, "utf8")) as Record<string, string>)[future] ?? null;
};

const line = async (factory: EquityFactory, { symbol, name }: Stock, at: number, of: number): Promise<string> => {
  const [token, wrapper] = await factory.addressesOf(symbol, 0);
  const number = `[${String(at).padStart(String(of).length)}/${of}]`;
  return `${number} ${symbol.padEnd(8)} ${token}  w${symbol.padEnd(8)} ${wrapper}  ${name}`;
};

/** While the deployer is the admin: chunk by chunk, and the handover with the last. */
const listFirst = async (
  hre: HardhatRuntimeEnvironment,
  stocks: readonly Stock[],
  journal: string,
  there: number,
): Promise<void> => {
  const signers = await hre.ethers.getSigners();
  const [deployer] = signers;
  if (deployer === undefined) throw new ConfigurationError("There is no account to deploy from.");
  const parameters = LOCAL_NETWORKS.includes(hre.network.name)
    ? localParameters(signers.map(({ address }) => address))
    : readParameters(hre.network.name, deployer.address);
  if (there > 0) say(`${there} of ${stocks.length} are there already; going on.`);
  const first = Math.min(stocks.length, Math.floor(there / CHUNK) * CHUNK + CHUNK);
  for (let end = first; ; end = Math.min(stocks.length, end + CHUNK)) {
    const last = end === stocks.length;
    const { equityFactory } = await deploySuite(hre, parameters, {
      deploymentId: journal,
      stocks: stocks.slice(0, end),
      last,
    });
    for (let i = Math.max(0, end - CHUNK); i < end; i++) {
      const stock = stocks[i];
      if (stock !== undefined) say(await line(equityFactory, stock, i + 1, stocks.length));
    }
    if (last) break;
  }
  say("\nThe first catalogue is listed and wired, and the deployer holds no role.");
};

/** What gives the functions of a token and its wrapper to their roles, call by call. */
const wiring = (manager: AccessManager, token: string, wrapper: string): string[] =>
  (
    [
      ["EquityToken", token],
      ["WrappedEquity", wrapper],
    ] as const
  ).flatMap(([name, target]) => [
    ...[...signaturesByRole(name)].map(([roleName, signatures]) =>
      manager.interface.encodeFunctionData("setTargetFunctionRole", [
        target,
        signatures.map(selector),
        role(roleName).id,
      ]),
    ),
    manager.interface.encodeFunctionData("setTargetAdminDelay", [target, DELAYS.upgrade]),
  ]);

const signerOf = async (hre: HardhatRuntimeEnvironment, name: "ADMIN" | "EQUITY_DEPLOYER", manager: AccessManager) => {
  for (const signer of await hre.ethers.getSigners()) {
    const [isMember] = await manager.hasRole(ROLES[name].id, signer);
    if (isMember) return signer;
  }
  throw new ConfigurationError(
    `The suite was handed over, and no key here holds ${name}: run this where its holder's key is.`,
  );
};

/** After the handover: deploys at once, wires after the admin's delay. */
const listLater = async (
  hre: HardhatRuntimeEnvironment,
  stocks: readonly Stock[],
  manager: AccessManager,
  factory: EquityFactory,
): Promise<void> => {
  const admin = await signerOf(hre, "ADMIN", manager);
  const mintSelector = selector("mint(address,uint256,bytes32)");
  const now = (await hre.ethers.provider.getBlock("latest"))?.timestamp ?? 0;
  let waiting = 0;
  for (const [i, stock] of stocks.entries()) {
    const [token, wrapper] = await factory.addressesOf(stock.symbol, 0);
    const shown = await line(factory, stock, i + 1, stocks.length);
    if (!(await factory.isDeployed(stock.symbol, 0))) {
      const lister = await signerOf(hre, "EQUITY_DEPLOYER", manager);
      let { feed } = stock;
      if (feed === "mock") {
        const mock = await hre.ethers.deployContract("MockAggregator", [18, stock.reserves]);
        feed = await (await mock.waitForDeployment()).getAddress();
      }
      await (await factory.connect(lister).deploy(stockArguments(stock, feed))).wait();
    }
    if ((await manager.getTargetFunctionRole(token, mintSelector)) === ROLES.EQUITY_MINTER.id) {
      say(`${shown}: live`);
      continue;
    }
    const calls = wiring(manager, token, wrapper);
    const target = await manager.getAddress();
    const times = await Promise.all(
      calls.map(async (data) => manager.getSchedule(await manager.hashOperation(admin, target, data))),
    );
    if (times.every((time) => time !== 0n && time <= BigInt(now))) {
      await (await manager.connect(admin).multicall(calls)).wait();
      say(`${shown}: wired, live`);
      continue;
    }
    for (const [j, data] of calls.entries()) {
      if (times[j] === 0n) await (await manager.connect(admin).schedule(target, data, 0)).wait();
    }
    const ready = await manager.getSchedule(await manager.hashOperation(admin, target, calls.at(-1) ?? "0x"));
    say(`${shown}: deployed; its wiring may be executed from ${new Date(Number(ready) * 1000).toISOString()}`);
    waiting++;
  }
  say(
    waiting === 0
      ? "\nEvery stock is live."
      : `\n${waiting} wait for the admin's delay of ${DELAYS.upgrade / 86_400} days; run this again within a week of that. Until then\nnobody but the admin has power over them, and nobody can mint them.`,
  );
};

task("equity:catalogue", "Lists the stocks of a catalogue file, resumably")
  .addOptionalParam("file", "the catalogue", CATALOGUE_FILE)
  .setAction(async ({ file }: { file: string }, hre) => {
    try {
      if (hre.network.name === "hardhat") {
        throw new ConfigurationError("Name a network: a chain within this process would end with it.");
      }
      await hre.run("compile", { quiet: true });
      const stocks = readCatalogue(path.resolve(file));
      say(`${stocks.length} stocks of ${path.relative(process.cwd(), path.resolve(file))}, on ${hre.network.name}.\n`);
      const journal = await journalName(hre);
      const at = deployedAddress(hre, journal, "Access#AccessManager");
      if (at === null) {
        await listFirst(hre, stocks, journal, 0);
        return;
      }
      const manager = await hre.ethers.getContractAt("AccessManager", at);
      const factoryAt = deployedAddress(hre, journal, "Equity#EquityFactory");
      const [deployer] = await hre.ethers.getSigners();
      const [isAdmin] = deployer === undefined ? [false] : await manager.hasRole(ROLES.ADMIN.id, deployer);
      const factory = factoryAt === null ? null : await hre.ethers.getContractAt("EquityFactory", factoryAt);
      if (isAdmin || factory === null) {
        await listFirst(hre, stocks, journal, Number((await factory?.stockCount()) ?? 0n));
      } else {
        await listLater(hre, stocks, manager, factory);
      }
    } catch (error: unknown) {
      if (process.env.DEBUG !== undefined) throw error;
      console.error(`\n${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  });
