/**
 * Reads the royalty graph from a chain into a `RoyaltyModel`, with whose works they are: from events, in bounded ranges of
 * blocks, or from views at one block; and holds the one to the other.
 */
import {
  ZeroAddress,
  getAddress,
  type BytesLike,
  type EventFragment,
  type Interface,
  type LogDescription,
  type Result,
} from "ethers";

import { graphInterface, registryInterface } from "./abi";
import { storedEdge, unpackEdge, unpackStoredWord, type Edge } from "./edges";
import { RoyaltyModel, type Contributor, type Payout, type WorkFacts } from "./royaltyModel";
import { unpackWork } from "./work";

export interface EventLog {
  address: string;
  topics: readonly string[];
  data: string;
  blockNumber: number;
  /** Its place in the block. */
  index: number;
}

/** What is needed of a provider; every ethers v6 provider has it. */
export interface ChainReader {
  getBlock(block: number | string): Promise<{ number: number; hash: string | null } | null>;
  getLogs(filter: {
    address: string[];
    topics: string[][];
    fromBlock: number;
    toBlock: number;
  }): Promise<readonly EventLog[]>;
  call(transaction: { to: string; data: string; blockTag: number }): Promise<string>;
}

export interface GraphSource {
  provider: ChainReader;
  registry: string;
  graph: string;
}

/** Whose a work is. Its status is `workStatus` of it. */
export interface GraphWork {
  id: bigint;
  owner: string;
  /** Who registered it; views do not tell. */
  creator: string | null;
  contentHash: string;
  /** Terms of derivatives; 0: there can be none. */
  termsId: bigint;
  royaltyBps: bigint;
  disputed: boolean;
  deleted: boolean;
  /** Whom a dispute put in the place of owner and contributors. */
  payee: string | null;
}

/** The graph as it was at the end of a block. */
export interface GraphSnapshot {
  block: number;
  blockHash: string;
  model: RoyaltyModel;
  works: Map<bigint, GraphWork>;
}

export interface EventOptions {
  /** The block of the deployment, or an earlier one. Default 0. Where there is a `base`, the block after it. */
  fromBlock?: number;
  /** A number, or a tag such as "finalized". Default: the latest block. */
  toBlock?: number | string;
  /** Most blocks that one query of logs spans; where a node refuses so many, fewer are asked for. Default 5,000. */
  blockRange?: number;
  /** An earlier snapshot to go on from; it is left as it was. */
  base?: GraphSnapshot;
}

export interface ViewOptions {
  /** Tokens to read; views cannot list them. */
  tokens: readonly string[];
  /** A number, or a tag such as "finalized". Default: the latest block. */
  block?: number | string;
  /** Most calls under way at once. Default 16. */
  concurrency?: number;
}

/** Money that an account may take, if everybody collected now. */
export type Owed = Payout & {
  /** Null for fees whose payee was not given. */
  account: string | null;
  /** The work is disputed: the money waits. */
  held: boolean;
};

const DEFAULT_RANGE = 5_000;
const DEFAULT_CONCURRENCY = 16;

const blockOf = async (provider: ChainReader, tag: number | string): Promise<{ number: number; hash: string }> => {
  const block = await provider.getBlock(tag);
  if (block?.hash == null) throw new Error(`The node has no block ${tag}.`);
  return { number: block.number, hash: block.hash };
};

/** Numbers of blocks name others after a reorganisation; their hashes do not. */
const requireSameBlock = async (provider: ChainReader, known: { number: number; hash: string }): Promise<void> => {
  const { hash } = await blockOf(provider, known.number);
  if (hash !== known.hash)
    throw new Error(`The chain was reorganised at or before block ${known.number}: read the graph anew.`);
};

const eventTopics = [registryInterface, graphInterface].flatMap((abi) =>
  abi.fragments.filter((f): f is EventFragment => f.type === "event").map((f) => f.topicHash),
);

/** All logs of both contracts in order, in ranges that halve where the node does not answer. */
const scan = async (
  { provider, registry, graph }: GraphSource,
  from: number,
  to: number,
  range: number,
): Promise<EventLog[]> => {
  if (!Number.isSafeInteger(range) || range < 1) throw new Error(`A range of ${range} blocks cannot be read.`);
  const logs: EventLog[] = [];
  let span = range;
  for (let start = from; start <= to;) {
    const end = Math.min(start + span - 1, to);
    try {
      const filter = { address: [registry, graph], topics: [eventTopics], fromBlock: start, toBlock: end };
      logs.push(...(await provider.getLogs(filter)));
      start = end + 1;
    } catch (error: unknown) {
      if (start === end) throw new Error(`The node does not give the logs of block ${start}.`, { cause: error });
      span = Math.floor((end - start + 1) / 2);
    }
  }
  return logs.sort((a, b) => a.blockNumber - b.blockNumber || a.index - b.index);
};

type Named = Record<string, unknown>;
interface Happened {
  contract: "registry" | "graph";
  name: string;
  args: Named;
}

const named = (log: LogDescription): Named => log.args.toObject() as Named;

const parseLogs = ({ registry, graph }: GraphSource, logs: readonly EventLog[]): Happened[] =>
  logs.flatMap(({ address, topics, data }) => {
    const contract = getAddress(address) === getAddress(registry) ? "registry" : "graph";
    if (contract === "graph" && getAddress(address) !== getAddress(graph)) return [];
    const abi = contract === "registry" ? registryInterface : graphInterface;
    const parsed = abi.parseLog({ topics: [...topics], data });
    return parsed === null ? [] : [{ contract, name: parsed.name, args: named(parsed) }];
  });

const big = (args: Named, key: string): bigint => args[key] as bigint;
const text = (args: Named, key: string): string => args[key] as string;

/** Of a view, which answers one edge a word, and of an event, which has four, as they are stored. */
const edgesFrom = (words: unknown): Edge[] => [...(words as Iterable<bigint>)].map((w) => unpackEdge(storedEdge(w)));
const edgesFromEvent = (words: unknown): Edge[] => [...(words as Iterable<bigint>)].flatMap(unpackStoredWord);
const contributorsFrom = (tuples: unknown): Contributor[] =>
  [...(tuples as Iterable<Result>)].map((tuple) => ({
    account: tuple[0] as string,
    share: tuple[1] as bigint,
  }));

/** What the events of its registration say of a work. */
interface Birth {
  registered?: Named;
  edges: Edge[];
  contributors: Contributor[];
}

/** Registers what the events register, before anything else is told: the events of one registration have no fixed order. */
const registerWorks = (snapshot: GraphSnapshot, events: readonly Happened[]): void => {
  const births = new Map<bigint, Birth>();
  const birth = (id: bigint): Birth => {
    let facts = births.get(id);
    if (facts === undefined) births.set(id, (facts = { edges: [], contributors: [] }));
    return facts;
  };
  for (const { name, args } of events) {
    if (name === "Registered") birth(big(args, "id")).registered = args;
    else if (name === "Linked") birth(big(args, "child")).edges = edgesFromEvent(args["words"]);
    else if (name === "ContributorsRecorded")
      birth(big(args, "id")).contributors = contributorsFrom(args["contributors"]);
  }
  for (const [id, { registered, edges, contributors }] of [...births].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (registered === undefined) throw tooLate(id);
    const word = unpackWork(big(registered, "work"));
    if (word === null)
      throw new Error(`Work ${id.toString()} was registered as nothing: this is no log of a registry.`);
    snapshot.model.register({
      id,
      edges,
      contributors,
      appId: word.appId,
      protocolFee: word.protocolFee,
      appFee: word.appFee,
    });
    snapshot.works.set(id, {
      id,
      owner: ZeroAddress,
      creator: text(registered, "creator"),
      contentHash: text(registered, "contentHash"),
      termsId: word.termsId,
      royaltyBps: word.royaltyBps,
      disputed: false,
      deleted: false,
      payee: null,
    });
  }
};

const tooLate = (id: bigint): Error =>
  new Error(
    `Work ${id.toString()} was registered before the blocks that were read: read from the block of the deployment, or go on from a snapshot.`,
  );

const applyToWork = (works: Map<bigint, GraphWork>, { name, args }: Happened): void => {
  const id = big(args, name === "Transfer" ? "tokenId" : "id");
  const work = works.get(id);
  if (work === undefined) throw tooLate(id);
  switch (name) {
    case "Transfer":
      work.owner = text(args, "to");
      break;
    case "WorkDeleted":
      work.deleted = true;
      break;
    case "Frozen":
      work.disputed = true;
      break;
    case "Unfrozen":
      work.disputed = false;
      break;
    case "Redirected":
      work.disputed = false;
      work.payee = text(args, "payee") === ZeroAddress ? null : text(args, "payee");
      break;
  }
};

const applyToModel = (model: RoyaltyModel, { name, args }: Happened): void => {
  if (name === "Linked" || name === "ContributorsRecorded") return;
  const [token, amount] = [text(args, "token"), big(args, "amount")];
  if (name === "FeesWithdrawn") {
    model.recordFeesWithdrawn(big(args, "appId"), token, amount);
    return;
  }
  const id = big(args, name === "Claimed" ? "child" : "id");
  if (!model.has(id)) throw tooLate(id);
  switch (name) {
    case "Paid":
      model.recordPaid(id, token, amount);
      break;
    case "Claimed":
      model.recordClaimed(id, Number(big(args, "edge")), token, amount);
      break;
    case "FeeClaimed":
      model.recordFeeClaimed(id, big(args, "appId"), token, amount);
      break;
    case "Withdrawn":
      model.recordWithdrawn(id, Number(big(args, "share")), token, amount);
      break;
  }
};

/** The graph as its events tell it, from the deployment (or an earlier snapshot) to a block. */
export const readGraphFromEvents = async (source: GraphSource, options: EventOptions = {}): Promise<GraphSnapshot> => {
  const { provider } = source;
  const { base } = options;
  const last = await blockOf(provider, options.toBlock ?? "latest");
  if (base !== undefined) {
    if (base.block > last.number) throw new Error(`The snapshot is of block ${base.block}, later than ${last.number}.`);
    await requireSameBlock(provider, { number: base.block, hash: base.blockHash });
  }
  const snapshot: GraphSnapshot = {
    block: last.number,
    blockHash: last.hash,
    model: base?.model.clone() ?? new RoyaltyModel(),
    works: new Map([...(base?.works ?? [])].map(([id, work]) => [id, { ...work }])),
  };
  const from = base === undefined ? (options.fromBlock ?? 0) : base.block + 1;
  const logs = await scan(source, from, last.number, options.blockRange ?? DEFAULT_RANGE);
  await requireSameBlock(provider, last);
  const events = parseLogs(source, logs);
  registerWorks(snapshot, events);
  for (const event of events) {
    if (event.contract === "graph") applyToModel(snapshot.model, event);
    else if (event.name !== "Registered") applyToWork(snapshot.works, event);
  }
  return snapshot;
};

/** Does `task` to each item, so many at once, and answers in the items' order. */
const pooled = async <T, R>(items: readonly T[], width: number, task: (item: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await task(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(width, items.length)) }, worker));
  return results;
};

type Query = (name: string, ...args: unknown[]) => Promise<Result>;

const querying =
  (provider: ChainReader, to: string, abi: Interface, blockTag: number): Query =>
  async (name, ...args) => {
    const answer: BytesLike = await provider.call({ to, data: abi.encodeFunctionData(name, args), blockTag });
    return abi.decodeFunctionResult(name, answer);
  };

/** The graph as its views tell it at a block. */
export const readGraphFromViews = async (source: GraphSource, options: ViewOptions): Promise<GraphSnapshot> => {
  const { provider } = source;
  const at = await blockOf(provider, options.block ?? "latest");
  const width = options.concurrency ?? DEFAULT_CONCURRENCY;
  const ofRegistry = querying(provider, source.registry, registryInterface, at.number);
  const ofGraph = querying(provider, source.graph, graphInterface, at.number);

  const [count] = (await ofRegistry("totalSupply")) as unknown as [bigint];
  const ids = Array.from({ length: Number(count) }, (_, i) => BigInt(i + 1));
  const read = await pooled(ids, width, (id) => readWork(ofRegistry, ofGraph, id));

  const model = new RoyaltyModel();
  for (const { facts } of read) model.register(facts);
  const tokens = [...new Set(options.tokens.map((token) => getAddress(token)))];
  for (const token of tokens) {
    await pooled(ids, width, (id) => readSums(ofGraph, model, id, token));
    await pooled(model.apps(), width, async (appId) => {
      const [collected, withdrawn] = (await ofGraph("feesOf", appId, token)) as unknown as [bigint, bigint];
      if (collected > 0n) model.restoreFees(appId, token, { collected, withdrawn });
    });
  }
  await requireSameBlock(provider, at);
  return {
    block: at.number,
    blockHash: at.hash,
    model,
    works: new Map(read.map(({ work }) => [work.id, work])),
  };
};

const readWork = async (
  ofRegistry: Query,
  ofGraph: Query,
  id: bigint,
): Promise<{ facts: WorkFacts; work: GraphWork }> => {
  const [word] = (await ofRegistry("packedWork", id)) as unknown as [bigint];
  const unpacked = unpackWork(word);
  if (unpacked === null) throw new Error(`The registry counts work ${id.toString()} and does not know it.`);
  const { owner, termsId, appId, protocolFee, appFee, royaltyBps, deleted, disputed } = unpacked;
  const [contentHash] = (await ofRegistry("contentHashOf", id)) as unknown as [string];
  const [payee] = (await ofRegistry("payeeOf", id)) as unknown as [string];
  const [edges] = await ofGraph("edgesOf", id);
  const [contributors] = await ofGraph("contributorsOf", id);
  return {
    facts: { id, edges: edgesFrom(edges), protocolFee, appFee, appId, contributors: contributorsFrom(contributors) },
    work: {
      ...{ id, owner, creator: null, contentHash, termsId, royaltyBps, disputed, deleted },
      payee: payee === ZeroAddress ? null : payee,
    },
  };
};

const readSums = async (ofGraph: Query, model: RoyaltyModel, id: bigint, token: string): Promise<void> => {
  const [direct, inflow] = (await ofGraph("revenueOf", id, token)) as unknown as [bigint, bigint];
  // Nothing can have been claimed or withdrawn of nothing.
  if (direct === 0n && inflow === 0n) return;
  const one = async (name: string, index: number): Promise<bigint> =>
    ((await ofGraph(name, id, index, token)) as unknown as [bigint])[0];
  const { edges, contributors } = model.work(id);
  const claimed: bigint[] = [];
  for (const index of edges.keys()) claimed.push(await one("claimedOf", index));
  const withdrawn = [await one("withdrawnOf", 0)];
  for (const index of contributors.keys()) withdrawn.push(await one("withdrawnOf", index + 1));
  const sums = { direct, inflow, claimed, withdrawn, protocolClaimed: 0n, appClaimed: 0n };
  model.restore(id, token, sums);
  // There is no view of what fees took of a work, but of what they may still take.
  const entitled = model.entitledFees(id, token);
  const [protocol, app] = (await ofGraph("claimableFees", id, token)) as unknown as [bigint, bigint];
  model.restore(id, token, {
    ...sums,
    protocolClaimed: entitled.protocol - protocol,
    appClaimed: entitled.app - app,
  });
};

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? v.toString() : v));

/** In which facts and sums two readings of a graph differ, a sentence each; none where they are the same. */
export const compareGraphs = (a: GraphSnapshot, b: GraphSnapshot): string[] => {
  const differences: string[] = [];
  const compare = (what: string, left: unknown, right: unknown): void => {
    if (shown(left) !== shown(right)) differences.push(`${what}: ${shown(left)} or ${shown(right)}.`);
  };
  const byNumber = (x: bigint, y: bigint): number => (x < y ? -1 : 1);
  const ids = [...new Set([...a.works.keys(), ...b.works.keys()])].sort(byNumber);
  const tokens = [...new Set([...a.model.tokens(), ...b.model.tokens()])];
  for (const id of ids) {
    const [left, right] = [a.works.get(id), b.works.get(id)];
    const name = `work ${id.toString()}`;
    if (left === undefined || right === undefined) {
      differences.push(`There is ${name} in one reading alone.`);
      continue;
    }
    const bothKnow = left.creator !== null && right.creator !== null;
    for (const key of Object.keys(left) as (keyof GraphWork)[])
      if (key !== "creator" || bothKnow) compare(`${key} of ${name}`, left[key], right[key]);
    const [facts, other] = [a.model.work(id), b.model.work(id)];
    for (const key of Object.keys(facts) as (keyof WorkFacts)[]) compare(`${key} of ${name}`, facts[key], other[key]);
    if (facts.edges.length !== other.edges.length || facts.contributors.length !== other.contributors.length) continue;
    for (const token of tokens) {
      const [sums, others] = [a.model.sumsOf(id, token), b.model.sumsOf(id, token)];
      for (const key of Object.keys(sums) as (keyof typeof sums)[])
        compare(`${key} of ${name} in ${token}`, sums[key], others[key]);
    }
  }
  for (const appId of [...new Set([...a.model.apps(), ...b.model.apps()])].sort(byNumber))
    for (const token of tokens)
      compare(
        `fees of app ${appId.toString()} in ${token}`,
        a.model.feesOf(appId, token),
        b.model.feesOf(appId, token),
      );
  return differences;
};

/**
 * Reads the graph by its events up to a block, and by its views at that block, and holds the one to the other and both to
 * the ledger's identity.
 * @returns The reading by events, which knows more, and a sentence for whatever is not as it must be.
 */
export const checkGraph = async (
  source: GraphSource,
  options: EventOptions & Pick<ViewOptions, "concurrency"> = {},
): Promise<{ snapshot: GraphSnapshot; differences: string[] }> => {
  const snapshot = await readGraphFromEvents(source, options);
  const views = await readGraphFromViews(source, {
    tokens: snapshot.model.tokens(),
    block: snapshot.block,
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
  });
  const differences = compareGraphs(snapshot, views);
  for (const [reading, { model }] of Object.entries({ events: snapshot, views })) {
    for (const token of model.tokens()) {
      try {
        model.checkIdentity(token);
      } catch (error: unknown) {
        differences.push(`By ${reading}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return { snapshot, differences };
};

/**
 * Who is owed what, if everybody collected now.
 * @param feePayees Who withdraws fees, by app; 0 is the protocol.
 */
export const owedNow = (
  { model, works }: GraphSnapshot,
  options: { token?: string; feePayees?: ReadonlyMap<bigint, string> } = {},
): Owed[] =>
  model
    .clone()
    .settle(options.token)
    .map((payout) => {
      if (payout.to === "fees")
        return { ...payout, account: options.feePayees?.get(payout.appId) ?? null, held: false };
      const work = works.get(payout.id);
      const contributor = payout.share === 0 ? undefined : model.work(payout.id).contributors[payout.share - 1];
      const account = work?.payee ?? contributor?.account ?? work?.owner ?? null;
      return { ...payout, account, held: work?.disputed === true };
    });

/** The works of which an account withdraws: as owner or contributor, or in their place. */
export const worksOf = ({ model, works }: GraphSnapshot, account: string): bigint[] => {
  const wanted = getAddress(account);
  return [...works.values()]
    .filter(({ id, owner, payee }) =>
      payee === null
        ? getAddress(owner) === wanted || model.work(id).contributors.some((c) => getAddress(c.account) === wanted)
        : getAddress(payee) === wanted,
    )
    .map(({ id }) => id);
};
