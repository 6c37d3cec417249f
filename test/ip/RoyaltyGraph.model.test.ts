import { setBalance, takeSnapshot, type SnapshotRestorer } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { id as digest } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import {
  buildEdgeList,
  checkGraph,
  packEdge,
  planClaims,
  RoyaltyModel,
  type EdgeClaim,
  type ParentFacts,
  type WorkFacts,
} from "../../sdk/ip";
import type { MockHookToken } from "../../typechain-types";
import { NATIVE, createTerms, registration, terms } from "../fixtures/ip";
import { suiteFixture, type SuiteFixture } from "../fixtures/suite";
import { impersonated } from "../helpers/accounts";
import { asRole } from "../helpers/authority";
import {
  accountOf,
  applyCall,
  callOf,
  graphSpec,
  registerSpec,
  schedule,
  type Call,
  type WorkSpec,
} from "../helpers/royaltyGraphs";

/** I17: the contracts and an independent model in big integers are told the same things, and must say the same. */
const SEED = 20_261_124;
const RUNS = 100;
const LENGTH = 60;
const RICH = 10n ** 30n;
const APPS = 3;

interface World extends SuiteFixture {
  owner: HardhatEthersSigner;
  token: string;
  erc20: MockHookToken;
  tokens: string[];
  /** First block of the deployment. */
  fromBlock: number;
}

const deploy = async (): Promise<World> => {
  const suite = await suiteFixture();
  const { alice: owner, royaltyGraph, appRegistry } = suite;
  const erc20 = await hre.ethers.deployContract("MockHookToken");
  await erc20.mint(owner, RICH);
  await erc20.connect(owner).approve(royaltyGraph, hre.ethers.MaxUint256);
  await setBalance(owner.address, RICH);
  for (let app = 0; app < APPS; app++) await appRegistry.connect(owner).registerApp(owner, 0);
  const token = await erc20.getAddress();
  const fromBlock = await hre.ethers.provider.getBlockNumber();
  return { ...suite, owner, token, erc20, tokens: [NATIVE, token], fromBlock };
};

/** Both at once: what one does, the other does, and they are compared. */
class Pair {
  readonly model = new RoyaltyModel();
  readonly #facts = new Map<bigint, ParentFacts>();
  readonly #termsOf = new Map<bigint, bigint>();
  #fee = 100n;

  constructor(readonly world: World) {}

  /** Registers a drawn work on the model, and on the chain the same by the real path. */
  async registerSpec(spec: WorkSpec): Promise<bigint> {
    const id = registerSpec(this.model, this.#facts, spec);
    const facts = this.#facts.get(id);
    if (facts === undefined) throw new Error("the work was not registered");
    await this.#onChain(this.model.work(id), facts.rate, facts.absolute);
    return id;
  }

  /** Registers a work by its parents' ids. */
  async register(parents: readonly bigint[], rate: bigint, absolute = false): Promise<bigint> {
    const facts = parents.map((parent) => this.#facts.get(parent)).filter((f) => f !== undefined);
    const edges = facts.length === 0 ? [] : buildEdgeList(facts);
    const id = this.model.register({ edges, protocolFee: 10_000n });
    this.#facts.set(id, { id, termsId: id, rate, absolute, edges });
    await this.#onChain(this.model.work(id), rate, absolute);
    return id;
  }

  async #onChain(work: Readonly<WorkFacts>, rate: bigint, absolute: boolean): Promise<void> {
    const { ipRegistry, appRegistry, licenseTerms, owner } = this.world;
    const fee = work.protocolFee / 100n;
    if (fee !== this.#fee) {
      const data = ipRegistry.interface.encodeFunctionData("setProtocolFee", [fee]);
      await asRole(this.world, "IP_CONFIG", await ipRegistry.getAddress(), data);
      this.#fee = fee;
    }
    if (work.appId !== 0n) await appRegistry.connect(owner).setFee(work.appId, work.appFee / 100n);
    const termsId = await createTerms(licenseTerms, terms({ royaltyRate: rate, absolute }));
    this.#termsOf.set(work.id, termsId);
    const what = registration(owner, {
      termsId,
      appId: work.appId,
      contentHash: digest(`model ${work.id}`),
      contributors: work.contributors.map(({ account, share }) => ({ account, share })),
    });
    const edges = work.edges.map((edge) =>
      packEdge({ ...edge, termsId: edge.chosen ? (this.#termsOf.get(edge.parentId) ?? 0n) : 0n }),
    );
    const registry = ipRegistry.connect(owner);
    await (edges.length === 0 ? registry.register(what) : registry.registerDerivative(what, edges));
    expect(await ipRegistry.totalSupply()).to.equal(work.id);
  }

  /** Does the same to both, and compares what they answer and what arrives. */
  async apply(call: Call): Promise<void> {
    const expected = applyCall(this.model, call);
    const { royaltyGraph, owner, tokens } = this.world;
    const graph = royaltyGraph.connect(owner);
    switch (call.method) {
      case "pay": {
        const [id, token, amount] = call.args;
        await (token === NATIVE ? graph.pay(id, { value: amount }) : graph.payToken(id, token, amount));
        return;
      }
      case "claim":
        expect(await graph.claim.staticCall(...call.args)).to.equal(expected);
        await graph.claim(...call.args);
        return;
      case "claimBatch":
        expect(await graph.claimBatch.staticCall(...call.args)).to.equal(expected);
        await graph.claimBatch(...call.args);
        return;
      case "claimPath":
        expect(await graph.claimPath.staticCall(...call.args)).to.equal(expected);
        await graph.claimPath(...call.args);
        return;
      case "claimFees": {
        const { protocol, app } = await graph.claimFees.staticCall(...call.args);
        expect({ protocol, app }).to.deep.equal(expected);
        await graph.claimFees(...call.args);
        return;
      }
      case "withdraw": {
        const [id, token] = call.args;
        return this.#arrives(expected, token, (to) => graph.withdraw(id, token, to));
      }
      case "withdrawContribution": {
        const [id, index, token] = call.args;
        const account = this.model.work(id).contributors[index]?.account ?? accountOf(index);
        const by = royaltyGraph.connect(await impersonated(account));
        return this.#arrives(expected, token, (to) => by.withdrawContribution(id, index, token, to));
      }
      case "withdrawFees": {
        const [appId, token] = call.args;
        if (!tokens.includes(token)) throw new Error("an unknown token");
        const by = appId === 0n ? royaltyGraph.connect(this.world.holders.ADMIN) : graph;
        return this.#arrives(expected, token, (to) => by.withdrawFees(appId, token, to));
      }
    }
  }

  async #arrives(expected: unknown, token: string, withdraw: (to: string) => Promise<unknown>): Promise<void> {
    const purse = hre.ethers.Wallet.createRandom().address;
    await withdraw(purse);
    const { erc20 } = this.world;
    const arrived = token === NATIVE ? await hre.ethers.provider.getBalance(purse) : await erc20.balanceOf(purse);
    expect(arrived).to.equal(expected);
  }

  /** Sends what the SDK plans so that everything that is due has been claimed. */
  async claimAll(token: string): Promise<number> {
    const targets = this.model.works().map(({ id }) => id);
    const plan = planClaims(this.model, token, { targets });
    for (const { method, args } of plan.calls) await this.apply({ method, args } as Call);
    await this.apply({ method: "claimFees", args: [targets, token] });
    expect(planClaims(this.model, token, { targets }).claims).to.deep.equal([]);
    return plan.claims.length;
  }

  /** Every sum of every work, by events and by views, equals the model's; the graph holds the ledger, to the unit. */
  async compare(): Promise<void> {
    const { royaltyGraph, ipRegistry, fromBlock, erc20, tokens } = this.world;
    const graph = await royaltyGraph.getAddress();
    const { snapshot, differences } = await checkGraph(
      { provider: hre.ethers.provider, registry: await ipRegistry.getAddress(), graph },
      { fromBlock },
    );
    expect(differences).to.deep.equal([]);
    for (const token of tokens) {
      for (const { id } of this.model.works()) {
        expect(snapshot.model.sumsOf(id, token), `work ${id}`).to.deep.equal(this.model.sumsOf(id, token));
        expect(snapshot.model.work(id).edges.map((e) => [e.parentId, e.absolute, e.rate])).to.deep.equal(
          this.model.work(id).edges.map((e) => [e.parentId, e.absolute, e.rate]),
        );
      }
      for (const app of this.model.apps()) {
        expect(snapshot.model.feesOf(app, token), `app ${app}`).to.deep.equal(this.model.feesOf(app, token));
      }
      this.model.checkIdentity(token);
      const held = token === NATIVE ? await hre.ethers.provider.getBalance(graph) : await erc20.balanceOf(graph);
      expect(held).to.equal(this.model.identity(token).ledger);
    }
  }
}

describe("Royalty graph, against an independent model @long", () => {
  let world: World;
  let start: SnapshotRestorer;

  before(async () => {
    world = await deploy();
    start = await takeSnapshot();
  });

  beforeEach(async () => {
    await start.restore();
    start = await takeSnapshot();
  });

  it(`agrees on random graphs and schedules (seed ${SEED}, ${RUNS} graphs)`, async () => {
    let [works, calls, edges] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(graphSpec(10), schedule(LENGTH), async (specs, ops) => {
        await start.restore();
        start = await takeSnapshot();
        const pair = new Pair(world);
        for (const spec of specs) edges += pair.model.work(await pair.registerSpec(spec)).edges.length;
        for (const op of ops) await pair.apply(callOf(pair.model, op, world.tokens));
        await pair.compare();
        works += specs.length;
        calls += ops.length;
      }),
      { seed: SEED, numRuns: RUNS, endOnFailure: true },
    );
    console.log(`        seed ${SEED}: ${RUNS} graphs, ${works} works, ${edges} edges, ${calls} calls, all agreed`);
  });

  it("agrees on a ladder of diamonds of depth 30, every edge claimed and every share paid out", async () => {
    const pair = new Pair(world);
    let joint = await pair.register([], 300_000n);
    const standard = await pair.register([], 20_000n, true);
    joint = await pair.register([joint, standard], 300_000n);
    for (let depth = 0; depth < 30; depth++) {
      const [left, right] = [await pair.register([joint], 300_000n), await pair.register([joint], 250_000n)];
      joint = await pair.register([left, right], 300_000n);
    }
    for (const token of world.tokens) {
      await pair.apply({ method: "pay", args: [joint, token, 10n ** 24n + 7n] });
      const claims = await pair.claimAll(token);
      // By 2^30 paths, and each edge once; the standard's edge once a work, whatever the paths.
      expect(claims).to.be.at.most(pair.model.works().reduce((sum, work) => sum + work.edges.length, 0));
      expect(pair.model.sumsOf(standard, token).inflow).to.equal(((10n ** 24n + 7n) * 20_000n) / 1_000_000n);
      for (const { id } of pair.model.works()) await pair.apply({ method: "withdraw", args: [id, token] });
    }
    await pair.compare();
  });

  it("agrees on a chain of 200, claimed by one path", async () => {
    const pair = new Pair(world);
    const chain = [await pair.register([], 900_000n)];
    while (chain.length <= 200) chain.push(await pair.register(chain.slice(-1), 900_000n));
    const [tip = 0n, root = 0n] = [chain.at(-1), chain[0]];
    await pair.apply({ method: "pay", args: [tip, NATIVE, 10n ** 24n] });
    await pair.apply({ method: "claimPath", args: [tip, Array<number>(200).fill(0), NATIVE] });
    expect(pair.model.sumsOf(root, NATIVE).inflow > 0n).to.equal(true);
    await pair.compare();
  });

  it("agrees on a work with sixteen edges, eight chosen and eight inherited", async () => {
    const pair = new Pair(world);
    const licensors: bigint[] = [];
    for (let i = 0; i < 8; i++) licensors.push(await pair.register([], BigInt(10_001 + i), true));
    const hub = await pair.register(licensors, 33_333n);
    const parents: bigint[] = [];
    for (let i = 0; i < 7; i++) parents.push(await pair.register([], BigInt(40_003 + i)));
    const work = await pair.register([hub, ...parents], 100_000n);
    expect(pair.model.work(work).edges.length).to.equal(16);
    for (const amount of [1n, 9n, 999_999n, 10n ** 20n + 3n]) {
      for (const token of world.tokens) {
        await pair.apply({ method: "pay", args: [work, token, amount] });
        await pair.apply({ method: "pay", args: [hub, token, amount] });
        await pair.claimAll(token);
      }
    }
    await pair.compare();
  });

  it("ends the same for every order of claims", async () => {
    const pair = new Pair(world);
    const [a, b] = [await pair.register([], 100_001n), await pair.register([], 70_003n, true)];
    const left = await pair.register([a, b], 333_333n);
    const right = await pair.register([a], 142_857n);
    const both = await pair.register([left, right], 99_999n);
    const tip = await pair.register([left, both], 1n);
    const edges: EdgeClaim[] = pair.model
      .works()
      .flatMap(({ id, edges: of }) => of.map((_, edge) => ({ child: id, edge })));
    const payments: [bigint, bigint][] = [
      [tip, 1_000_003n],
      [both, 17n],
      [left, 999n],
      [tip, 10n ** 18n + 1n],
      [right, 5n],
      [a, 3n],
    ];
    const { royaltyGraph, owner } = world;
    const graph = royaltyGraph.connect(owner);
    const ends: string[] = [];
    const orders = 6;
    for (let order = 0; order < orders; order++) {
      const here = await takeSnapshot();
      // The last order claims nothing before the end; the others between the payments, each in an order of its own.
      for (const [i, [id, amount]] of payments.entries()) {
        await graph.pay(id, { value: amount });
        if (order === orders - 1) continue;
        const sorted = [...edges].sort((x, y) =>
          digest(`${order} ${i} ${x.child} ${x.edge}`).localeCompare(digest(`${order} ${i} ${y.child} ${y.edge}`)),
        );
        for (const { child, edge } of sorted.slice(order)) await graph.claim(child, edge, NATIVE);
      }
      // A drain: descendants before their ancestors.
      await graph.claimBatch(
        [...edges].sort((x, y) => Number(y.child - x.child)),
        NATIVE,
      );
      const sums = await Promise.all(
        pair.model
          .works()
          .map(async ({ id }) => [...(await graph.revenueOf(id, NATIVE)), await graph.withdrawable(id, 0, NATIVE)]),
      );
      ends.push(sums.join());
      await here.restore();
    }
    expect(new Set(ends).size).to.equal(1);
  });
});
