/** Edges by hand, disputes, deep and wide graphs, and everything that the ledger says, for tests of RoyaltyGraph. */
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { dataSlice, getBytes, type AddressLike, type BigNumberish, type ContractTransactionResponse } from "ethers";
import hre from "hardhat";

import type { IPAccount, IPRegistry, MockPayout, RoyaltyGraph } from "../../typechain-types";
import { createTerms, registration, terms, type IPFixture, type Registration } from "../fixtures/ip";
import { asRole, type Privileged } from "./authority";

/** D: what rates and shares are parts of. */
export const D = 1_000_000n;
/** Most that a work's direct revenue, or its inflow, can be. */
export const MAX_SUM = 2n ** 127n - 1n;
/** Most edges that a work has. */
export const MAX_EDGES = 16;
/** Most claims of a batch. */
export const MAX_BATCH = 256;
/** Most that edges take together. */
export const MAX_RATES = 900_000n;

/** Every step of every transaction and view is traced there: what is tested by numbers is then tested by few. */
const UNDER_COVERAGE = process.env.SOLIDITY_COVERAGE === "true";
export const many = (count: number, underCoverage: number): number => (UNDER_COVERAGE ? underCoverage : count);

/** An edge as a registration lists it, or as the graph stores it (then without terms). */
export interface EdgeFields {
  parentId: bigint;
  absolute: boolean;
  rate: bigint;
  /** 0: inherited. */
  termsId: bigint;
}

/** As Edge.sol lays it out: rate, kind, ancestor, chosen, terms. */
export const packEdge = ({ parentId, absolute, rate, termsId }: EdgeFields): bigint =>
  rate | (absolute ? 1n << 20n : 0n) | (parentId << 21n) | (termsId === 0n ? 0n : 1n << 61n) | (termsId << 64n);

export const unpackEdge = (edge: bigint): EdgeFields => ({
  rate: edge & 0xfffffn,
  absolute: ((edge >> 20n) & 1n) === 1n,
  parentId: (edge >> 21n) & 0xffffffffffn,
  termsId: edge >> 64n,
});

/** What lists ascend by. */
export const keyOf = ({ parentId, absolute }: EdgeFields): bigint => 2n * parentId + (absolute ? 1n : 0n);

/** What the graph stores of a list: the terms are dropped. */
export const storedEdge = (edge: bigint): bigint => edge & (2n ** 64n - 1n);

/** The list as the event `Linked` has it: four a word, the lowest lane first. */
export const toWords = (edges: readonly bigint[]): bigint[] => {
  const words: bigint[] = [];
  edges.forEach((edge, i) => {
    const at = Math.floor(i / 4);
    words[at] = (words[at] ?? 0n) | (storedEdge(edge) << (64n * BigInt(i % 4)));
  });
  return words;
};

/** Registers a derivative with these very edges. */
export const registerWith = (
  registry: IPRegistry,
  creator: HardhatEthersSigner,
  edges: readonly (bigint | EdgeFields)[],
  more: Partial<Registration> = {},
): Promise<ContractTransactionResponse> =>
  registry.connect(creator).registerDerivative(
    registration(creator, more),
    edges.map((edge) => (typeof edge === "bigint" ? edge : packEdge(edge))),
  );

/** The number of the edge to an ancestor. */
export const edgeTo = async (graph: RoyaltyGraph, child: bigint, ancestor: bigint): Promise<bigint> => {
  const edges = await graph.edgesOf(child);
  const index = edges.findIndex((edge) => unpackEdge(edge).parentId === ancestor);
  if (index < 0) throw new Error(`work ${child.toString()} has no edge to ${ancestor.toString()}`);
  return BigInt(index);
};

/** Registers a chain of works below `from`, `length` of them, each the only parent of the next, and answers their ids. */
export const registerChain = async (
  { ipRegistry, licenseTerms }: Pick<IPFixture, "ipRegistry" | "licenseTerms">,
  creator: HardhatEthersSigner,
  from: { id: bigint; termsId: bigint },
  length: number,
): Promise<bigint[]> => {
  const { royaltyRate, absolute } = await licenseTerms.termsOf(from.termsId);
  const { termsId } = from;
  const first = (await ipRegistry.totalSupply()) + 1n;
  const ids = Array.from({ length }, (_, i) => first + BigInt(i));
  if (absolute) throw new Error("a chain's terms must be relative: absolute ones add up");
  const items = ids.map((_, i) => ({
    registration: registration(creator, { termsId }),
    edges: [packEdge({ parentId: i === 0 ? from.id : ids[i - 1]!, absolute, rate: royaltyRate, termsId })],
  }));
  // A registry takes 50 at once; traced, that is gigabytes.
  const most = many(50, 2);
  for (let i = 0; i < length; i += most) {
    await ipRegistry.connect(creator).registerBatch(items.slice(i, i + most), false);
  }
  return ids;
};

/** A root, the tip of a chain of `depth` works below it, and a work with sixteen edges. */
export const registerExtremes = async (
  ip: IPFixture,
  creator: HardhatEthersSigner,
  depth: number,
): Promise<{ root: bigint; tip: bigint; wide: bigint; chain: bigint[] }> => {
  const { licenseTerms, relativeTerms: termsId } = ip;
  const root = await ip.root(creator, { termsId });
  const chain = await registerChain(ip, creator, { id: root, termsId }, depth);
  const licensors: bigint[] = [];
  const parents: bigint[] = [];
  for (let i = 0n; i < 8n; ++i) {
    const absolute = await createTerms(licenseTerms, terms({ royaltyRate: 10_000n + i, absolute: true }));
    licensors.push(await ip.root(creator, { termsId: absolute }));
  }
  const relative = await createTerms(licenseTerms, terms({ royaltyRate: 20_000n }));
  for (let i = 0; i < 7; ++i) parents.push(await ip.root(creator, { termsId: relative }));
  const hub = await ip.derive(creator, licensors, { termsId: relative });
  const wide = await ip.derive(creator, [...parents, hub]);
  return { root, tip: chain[depth - 1]!, wide, chain };
};

/** What a call's data costs of its gas, so that works with ids of other bytes can be compared. */
export const calldataGas = (data: string): bigint =>
  getBytes(data).reduce((sum, byte) => sum + (byte === 0 ? 4n : 16n), 0n);

/** Gas of a transaction without its data's. */
export const netGasOf = async (sent: Promise<ContractTransactionResponse>): Promise<bigint> => {
  const response = await sent;
  const receipt = await response.wait();
  return receipt!.gasUsed - calldataGas(response.data);
};

/** The two first words of what failed inside of a call that a mock made: an error's selector. */
export const selectorOf = (result: string): string => dataSlice(result, 0, 4);

/** The selector of a graph's error. */
export const errorOf = (graph: RoyaltyGraph, name: "ReentrancyGuardReentrantCall" | "UnknownWork"): string =>
  graph.interface.getError(name)!.selector;

type WithRegistry = Privileged & Pick<IPFixture, "ipRegistry">;

export const freeze = async (suite: WithRegistry, id: bigint): Promise<ContractTransactionResponse> => {
  const data = suite.ipRegistry.interface.encodeFunctionData("freeze", [id]);
  return asRole(suite, "IP_FREEZER", await suite.ipRegistry.getAddress(), data);
};

export const unfreeze = async (suite: WithRegistry, id: bigint): Promise<ContractTransactionResponse> => {
  const data = suite.ipRegistry.interface.encodeFunctionData("unfreeze", [id]);
  return asRole(suite, "IP_UNFREEZER", await suite.ipRegistry.getAddress(), data);
};

/** Freezes the work where it is not yet, because only a disputed one can be redirected. */
export const redirect = async (
  suite: WithRegistry,
  id: bigint,
  payee: string,
): Promise<ContractTransactionResponse> => {
  await freeze(suite, id);
  const data = suite.ipRegistry.interface.encodeFunctionData("redirect", [id, payee]);
  return asRole(suite, "IP_REDIRECT", await suite.ipRegistry.getAddress(), data);
};

/** The work's ERC-6551 account, deployed. */
export const boundAccount = async (registry: IPRegistry, id: bigint): Promise<IPAccount> => {
  await registry.createAccount(id);
  return hre.ethers.getContractAt("IPAccount", await registry.accountOf(id));
};

/** Lets a contract ask itself for a royalty, by `collect`. */
export const collectBy = async (
  payout: MockPayout,
  graph: RoyaltyGraph,
  [id, token, amount, data]: [BigNumberish, AddressLike, BigNumberish, string],
): Promise<ContractTransactionResponse> =>
  payout.execute(graph, 0n, graph.interface.encodeFunctionData("collect", [id, await addressOf(token), amount, data]));

export const addressOf = async (account: AddressLike): Promise<string> => hre.ethers.resolveAddress(account);

/**
 * Everything that the ledger says of these works in these tokens, as text: two of them are equal where nothing changed.
 * Nothing at all under coverage, which the views would take most of, and where nobody asks whether a test would fail.
 */
export const ledgerOf = async (
  graph: RoyaltyGraph,
  works: readonly bigint[],
  tokens: readonly AddressLike[],
): Promise<string[]> => {
  const lines: string[] = [];
  if (UNDER_COVERAGE) return lines;
  for (const token of tokens) {
    const address = await addressOf(token);
    lines.push(`${address} protocol ${(await graph.feesOf(0n, address)).join(" ")}`);
    for (const id of works) {
      const count = (await graph.edgesOf(id)).length;
      const claimed = await Promise.all([...Array(count).keys()].map((edge) => graph.claimedOf(id, edge, address)));
      const shares = (await graph.contributorsOf(id)).length + 1;
      const withdrawn = await Promise.all([...Array(shares).keys()].map((i) => graph.withdrawnOf(id, i, address)));
      const [revenue, fees] = [await graph.revenueOf(id, address), await graph.claimableFees(id, address)];
      lines.push([id, ...revenue, "|", ...claimed, "|", ...withdrawn, "|", ...fees].join(" "));
    }
  }
  return lines;
};
