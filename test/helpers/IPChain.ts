/** A chain in memory with a registry and a graph that keep their word, as far as the SDK reads them: blocks, logs, views. */
import { ZeroAddress, id as hashOf } from "ethers";

import { graphInterface, registryInterface } from "../../sdk/ip/abi";
import { packEdge, storedEdge, type Edge, type ParentFacts } from "../../sdk/ip/edges";
import type { ChainReader, EventLog, GraphSource, GraphWork } from "../../sdk/ip/graph";
import { RoyaltyModel, type WorkFacts } from "../../sdk/ip/royaltyModel";
import { accountOf, applyCall, callOf, registerSpec, type Op, type WorkSpec } from "./royaltyGraphs";

export const REGISTRY = "0x00000000000000000000000000000000000012E6";
export const GRAPH = "0x00000000000000000000000000000000000064A1";
export const STRANGER = "0x0000000000000000000000000000000000000bad";
export const CHAIN_TOKENS = [ZeroAddress, "0x000000000000000000000000000000000000bEEF"] as const;

type Emit = (contract: "registry" | "graph", name: string, args: readonly unknown[]) => void;

/** A model that says what happens to it, as the graph does. */
class LoudModel extends RoyaltyModel {
  constructor(readonly emit: Emit) {
    super();
  }

  override recordPaid(id: bigint, token: string, amount: bigint): void {
    super.recordPaid(id, token, amount);
    this.emit("graph", "Paid", [id, token, accountOf(99), amount]);
  }

  override recordClaimed(child: bigint, edge: number, token: string, amount: bigint): void {
    super.recordClaimed(child, edge, token, amount);
    this.emit("graph", "Claimed", [child, this.work(child).edges[edge]!.parentId, token, edge, amount]);
  }

  override recordFeeClaimed(id: bigint, appId: bigint, token: string, amount: bigint): void {
    super.recordFeeClaimed(id, appId, token, amount);
    this.emit("graph", "FeeClaimed", [id, appId, token, amount]);
  }

  override recordWithdrawn(id: bigint, share: number, token: string, amount: bigint): void {
    super.recordWithdrawn(id, share, token, amount);
    this.emit("graph", "Withdrawn", [id, token, accountOf(98), share, amount]);
  }

  override recordFeesWithdrawn(appId: bigint, token: string, amount: bigint): void {
    super.recordFeesWithdrawn(appId, token, amount);
    this.emit("graph", "FeesWithdrawn", [appId, token, accountOf(97), amount]);
  }
}

interface Past {
  hash: string;
  model: RoyaltyModel;
  works: Map<bigint, GraphWork>;
}

export class IPChain implements ChainReader {
  readonly source: GraphSource = { provider: this, registry: REGISTRY, graph: GRAPH };
  readonly works = new Map<bigint, GraphWork>();
  readonly model: RoyaltyModel;
  logs: EventLog[] = [];
  /** Ranges of blocks that were asked for. */
  readonly asked: [number, number][] = [];
  /** Most blocks in a query of logs; more are refused. */
  limit = Infinity;
  /** Lets a test lie: views answer what this makes of the true answer. */
  forge: (name: string, answer: unknown[]) => unknown[] = (_, answer) => answer;

  readonly #facts = new Map<bigint, ParentFacts>();
  readonly #past: Past[] = [];
  #fork = 0;

  constructor() {
    this.model = new LoudModel(this.#emit);
    this.mine();
  }

  /** The block under way. */
  get height(): number {
    return this.#past.length;
  }

  readonly #emit: Emit = (contract, name, args) => {
    const abi = contract === "registry" ? registryInterface : graphInterface;
    const { topics, data } = abi.encodeEventLog(name, args);
    this.logs.push({
      address: contract === "registry" ? REGISTRY : GRAPH,
      topics,
      data,
      blockNumber: this.height,
      index: this.logs.filter(({ blockNumber }) => blockNumber === this.height).length,
    });
  };

  /** Ends the block under way, and so many empty ones. */
  mine(empty = 0): void {
    for (let i = 0; i <= empty; i++)
      this.#past.push({
        hash: hashOf(`block ${this.#past.length} of fork ${this.#fork}`),
        model: RoyaltyModel.from(this.model.snapshot()),
        works: structuredClone(this.works),
      });
  }

  /** Gives the last blocks other hashes. */
  reorganise(blocks: number): void {
    this.#fork += 1;
    const from = this.#past.length - blocks;
    this.#past.forEach((past, n) => {
      if (n >= from) past.hash = hashOf(`block ${n} of fork ${this.#fork}`);
    });
  }

  /** Registers a work; the order of the events is not the same each time. */
  register(spec: WorkSpec, parts: Partial<GraphWork> = {}): bigint {
    const id = registerSpec(this.model, this.#facts, spec);
    const facts = this.model.work(id);
    const work: GraphWork = {
      id,
      owner: accountOf(Number(id)),
      creator: accountOf(Number(id) + 50),
      contentHash: hashOf(`content of ${id.toString()}`),
      termsId: id,
      royaltyBps: 250n,
      disputed: false,
      deleted: false,
      payee: null,
      ...parts,
    };
    this.works.set(id, work);
    const events: Parameters<Emit>[] = [
      ["registry", "Transfer", [ZeroAddress, work.owner, id]],
      ["registry", "Registered", [id, work.creator, work.contentHash, wordOf(facts, work)]],
    ];
    if (facts.edges.length > 0) events.push(["graph", "Linked", [id, storedWords(facts.edges)]]);
    if (facts.contributors.length > 0) events.push(["graph", "ContributorsRecorded", [id, facts.contributors]]);
    if (id % 2n === 0n) events.reverse();
    for (const event of events) this.#emit(...event);
    return id;
  }

  run(op: Op): void {
    applyCall(this.model, callOf(this.model, op, CHAIN_TOKENS));
  }

  transfer(id: bigint, to: string): void {
    const work = this.works.get(id)!;
    this.#emit("registry", "Transfer", [work.owner, to, id]);
    work.owner = to;
  }

  deleteWork(id: bigint): void {
    this.works.get(id)!.deleted = true;
    this.#emit("registry", "WorkDeleted", [id]);
  }

  setDisputed(id: bigint, disputed: boolean): void {
    this.works.get(id)!.disputed = disputed;
    this.#emit("registry", disputed ? "Frozen" : "Unfrozen", [id]);
  }

  redirect(id: bigint, payee: string | null): void {
    Object.assign(this.works.get(id)!, { disputed: false, payee });
    this.#emit("registry", "Redirected", [id, payee ?? ZeroAddress]);
  }

  /** A log of a contract that is none of ours. */
  noise(): void {
    this.#emit("graph", "Paid", [1n, ZeroAddress, ZeroAddress, 1n]);
    this.logs.push({ ...this.logs.pop()!, address: STRANGER });
  }

  getBlock(tag: number | string): Promise<{ number: number; hash: string } | null> {
    const number = typeof tag === "number" ? tag : this.height - 1;
    const past = this.#past[number];
    return Promise.resolve(past === undefined ? null : { number, hash: past.hash });
  }

  getLogs({ address, topics, fromBlock, toBlock }: Parameters<ChainReader["getLogs"]>[0]): Promise<EventLog[]> {
    if (toBlock - fromBlock + 1 > this.limit) return Promise.reject(new Error("query returned too many results"));
    this.asked.push([fromBlock, toBlock]);
    return Promise.resolve(
      this.logs
        .filter(
          (log) =>
            log.blockNumber >= fromBlock &&
            log.blockNumber <= toBlock &&
            // A node that does not filter by address must not confuse the reader.
            (address.includes(log.address) || log.address === STRANGER) &&
            topics[0]!.includes(log.topics[0]!),
        )
        // Nodes that merge shards do not always sort.
        .reverse(),
    );
  }

  call({ to, data, blockTag }: { to: string; data: string; blockTag: number }): Promise<string> {
    const past = this.#past[blockTag];
    if (past === undefined) return Promise.reject(new Error("header not found"));
    const abi = to === REGISTRY ? registryInterface : graphInterface;
    const parsed = abi.parseTransaction({ data });
    if (parsed === null) return Promise.reject(new Error("execution reverted"));
    const answer = this.forge(parsed.name, answerOf(past, parsed.name, [...parsed.args] as bigint[]));
    return Promise.resolve(abi.encodeFunctionResult(parsed.name, answer));
  }
}

/** Four edges a word, the first lowest. */
const storedWords = (edges: readonly Edge[]): bigint[] => {
  const words: bigint[] = [];
  edges.forEach((edge, i) => {
    const word = i >> 2;
    words[word] = (words[word] ?? 0n) | (storedEdge(packEdge(edge)) << (64n * BigInt(i & 3)));
  });
  return words;
};

/** The registry's word, put together from the layout in Work.sol's comment. */
const wordOf = (facts: Readonly<WorkFacts>, work: GraphWork): bigint =>
  BigInt(work.owner) |
  (work.termsId << 160n) |
  (facts.appId << 192n) |
  ((facts.protocolFee / 100n) << 216n) |
  ((facts.appFee / 100n) << 226n) |
  (work.royaltyBps << 236n) |
  (work.deleted ? 1n << 246n : 0n) |
  (work.disputed ? 1n << 247n : 0n) |
  (work.payee === null ? 0n : 1n << 248n) |
  (facts.contributors.length > 0 ? 1n << 249n : 0n) |
  (facts.edges.some(({ absolute }) => absolute) ? 1n << 251n : 0n);

const answerOf = ({ model, works }: Past, name: string, args: readonly bigint[]): unknown[] => {
  const [id, second] = args as [bigint, bigint];
  const token = args.at(-1) as unknown as string;
  switch (name) {
    case "totalSupply":
      return [model.highest];
    case "packedWork":
      return [wordOf(model.work(id), works.get(id)!)];
    case "contentHashOf":
      return [works.get(id)!.contentHash];
    case "payeeOf":
      return [works.get(id)!.payee ?? ZeroAddress];
    case "edgesOf":
      return [model.work(id).edges.map((edge) => storedEdge(packEdge(edge)))];
    case "contributorsOf":
      return [model.work(id).contributors];
    case "revenueOf":
      return [model.sumsOf(id, token).direct, model.sumsOf(id, token).inflow];
    case "claimedOf":
      return [model.sumsOf(id, token).claimed[Number(second)]];
    case "withdrawnOf":
      return [model.sumsOf(id, token).withdrawn[Number(second)]];
    case "claimableFees":
      return [model.claimableFees(id, token).protocol, model.claimableFees(id, token).app];
    case "feesOf":
      return [model.feesOf(id, token).collected, model.feesOf(id, token).withdrawn];
    default:
      throw new Error(`no view ${name}`);
  }
};
