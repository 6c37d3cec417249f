import { expect } from "chai";
import { ZeroAddress, id } from "ethers";
import fc from "fast-check";

import { Status } from "../../sdk/ip/constants";
import {
  checkGraph,
  compareGraphs,
  owedNow,
  readGraphFromEvents,
  readGraphFromViews,
  worksOf,
  type GraphSnapshot,
} from "../../sdk/ip/graph";
import type { ModelSnapshot } from "../../sdk/ip/royaltyModel";
import { unpackWork, workStatus } from "../../sdk/ip/work";
import { CHAIN_TOKENS, IPChain } from "../helpers/IPChain";
import { accountOf, graphSpec, schedule, type WorkSpec } from "../helpers/royaltyGraphs";

const SEED = 20_261_127;
const RUNS = 60;
const [NATIVE, TOKEN] = CHAIN_TOKENS;

const spec = (parts: Partial<WorkSpec> = {}): WorkSpec => ({
  parents: [],
  rate: 100_000n,
  absolute: false,
  protocolFee: 10_000n,
  appFee: 20_000n,
  app: 0,
  shares: [],
  ...parts,
});

/** Edges as the graph stores them: without the terms that were expected. */
const stored = (snapshot: ModelSnapshot): ModelSnapshot => ({
  ...snapshot,
  works: snapshot.works.map((work) => ({ ...work, edges: work.edges.map((edge) => ({ ...edge, termsId: 0n })) })),
});

/** A root, a derivative through app 2 with a contributor, and its derivative; money in both tokens. */
const small = (): IPChain => {
  const chain = new IPChain();
  chain.register(spec());
  chain.mine();
  chain.register(spec({ parents: [0], app: 2, shares: [250_000n] }));
  chain.register(spec({ parents: [1] }));
  chain.noise();
  chain.mine(3);
  for (const [id, token, amount] of [
    [3n, TOKEN, 1_000n],
    [2n, NATIVE, 400n],
    [1n, TOKEN, 7n],
  ] as const)
    chain.model.pay(id, token, amount);
  chain.mine();
  chain.model.claim(3n, 0, TOKEN);
  chain.model.claimFees([2n, 3n], NATIVE);
  chain.model.withdraw(2n, NATIVE);
  chain.model.withdrawFees(0n, NATIVE);
  chain.mine(2);
  return chain;
};

const claimedTopic = id("Claimed(uint256,uint256,address,uint256,uint256)");

const expectSame = (snapshot: GraphSnapshot, chain: IPChain, withCreators: boolean): void => {
  expect(stored(snapshot.model.snapshot())).to.deep.equal(stored(chain.model.snapshot()));
  const works = [...chain.works.values()].map((w) => (withCreators ? w : { ...w, creator: null }));
  expect([...snapshot.works.values()]).to.deep.equal(works);
};

const rejection = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error: unknown) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("it succeeded");
};

describe("The royalty graph, read from a chain", () => {
  describe("readGraphFromEvents", () => {
    it("has works, edges, sums, owners and status as they are", async () => {
      const chain = small();
      chain.transfer(1n, accountOf(70));
      chain.deleteWork(2n);
      chain.setDisputed(3n, true);
      chain.mine();
      const snapshot = await readGraphFromEvents(chain.source);
      expectSame(snapshot, chain, true);
      expect([...snapshot.works.values()].map(workStatus)).to.deep.equal([
        Status.Active,
        Status.Deleted,
        Status.Disputed,
      ]);
      expect(snapshot.block).to.equal(chain.height - 1);
    });

    it("follows a dispute to its end", async () => {
      const chain = small();
      chain.setDisputed(2n, true);
      chain.setDisputed(2n, true);
      chain.redirect(2n, accountOf(80));
      chain.setDisputed(3n, true);
      chain.setDisputed(3n, false);
      chain.mine();
      expectSame(await readGraphFromEvents(chain.source), chain, true);
      chain.redirect(2n, null);
      chain.mine();
      expectSame(await readGraphFromEvents(chain.source), chain, true);
    });

    it("ends at the block that it is told", async () => {
      const chain = small();
      const until = chain.height - 1;
      const then = chain.model.snapshot();
      chain.model.pay(1n, TOKEN, 1n);
      chain.mine();
      const { model, block } = await readGraphFromEvents(chain.source, { toBlock: until });
      expect(block).to.equal(until);
      expect(stored(model.snapshot())).to.deep.equal(stored(then));
    });

    it("asks for bounded ranges that cover each block once", async () => {
      const chain = small();
      chain.mine(20);
      await readGraphFromEvents(chain.source, { fromBlock: 1, blockRange: 7 });
      expect(chain.asked.every(([from, to]) => to - from < 7)).to.be.true;
      const blocks = chain.asked.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
      expect(blocks).to.deep.equal(Array.from({ length: chain.height - 1 }, (_, i) => i + 1));
    });

    it("asks for fewer blocks where the node refuses so many", async () => {
      const chain = small();
      chain.mine(20);
      chain.limit = 3;
      expectSame(await readGraphFromEvents(chain.source), chain, true);
    });

    it("gives up with a sentence where the node refuses a single block", async () => {
      const chain = small();
      chain.limit = 0;
      expect(await rejection(readGraphFromEvents(chain.source))).to.equal(
        "The node does not give the logs of block 0.",
      );
    });

    it("goes on from a snapshot, which it leaves as it was", async () => {
      const chain = small();
      const base = await readGraphFromEvents(chain.source);
      const before = base.model.snapshot();
      chain.register(spec({ parents: [2] }));
      chain.model.pay(4n, TOKEN, 50n);
      chain.transfer(1n, accountOf(70));
      chain.mine(2);
      chain.asked.length = 0;
      expectSame(await readGraphFromEvents(chain.source, { base }), chain, true);
      expect(chain.asked[0]![0]).to.equal(base.block + 1);
      expect(base.model.snapshot()).to.deep.equal(before);
      expect(base.works.get(1n)!.owner).to.equal(accountOf(1));
    });

    it("does not go on from a snapshot of another chain, or backwards", async () => {
      const chain = small();
      const base = await readGraphFromEvents(chain.source);
      expect(await rejection(readGraphFromEvents(chain.source, { base, toBlock: 1 }))).to.contain("later than 1");
      chain.mine(3);
      chain.reorganise(5);
      expect(await rejection(readGraphFromEvents(chain.source, { base }))).to.contain("was reorganised");
    });

    it("notices that the chain was reorganised while it read", async () => {
      const chain = small();
      const read = chain.getLogs.bind(chain);
      chain.getLogs = (filter) => {
        chain.reorganise(1);
        return read(filter);
      };
      expect(await rejection(readGraphFromEvents(chain.source))).to.contain("was reorganised at or before block");
    });

    it("says what is wrong where it starts after the deployment", async () => {
      const chain = small();
      expect(await rejection(readGraphFromEvents(chain.source, { fromBlock: 6 }))).to.match(
        /^Work \d was registered before the blocks that were read/,
      );
    });

    it("says what is wrong where a block is not there, or a range is none", async () => {
      const chain = small();
      expect(await rejection(readGraphFromEvents(chain.source, { toBlock: 999 }))).to.equal(
        "The node has no block 999.",
      );
      expect(await rejection(readGraphFromEvents(chain.source, { blockRange: 0 }))).to.contain("0 blocks");
    });
  });

  describe("readGraphFromViews", () => {
    it("has works, edges, sums, owners and status as they are", async () => {
      const chain = small();
      chain.setDisputed(2n, true);
      chain.redirect(2n, accountOf(80));
      chain.deleteWork(3n);
      chain.mine();
      expectSame(await readGraphFromViews(chain.source, { tokens: CHAIN_TOKENS }), chain, false);
    });

    it("reads the tokens that it is told, once each", async () => {
      const { model } = await readGraphFromViews(small().source, { tokens: [TOKEN, TOKEN.toLowerCase()] });
      expect(model.tokens()).to.deep.equal([TOKEN]);
    });

    it("reads all at one block, so many calls at once", async () => {
      const chain = small();
      const block = chain.height - 1;
      const then = chain.model.snapshot();
      chain.model.pay(1n, TOKEN, 1n);
      chain.mine();
      const answer = chain.call.bind(chain);
      let [running, most] = [0, 0];
      chain.call = async (transaction) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return answer(transaction);
      };
      const { model } = await readGraphFromViews(chain.source, { tokens: CHAIN_TOKENS, block, concurrency: 2 });
      expect(stored(model.snapshot())).to.deep.equal(stored(then));
      expect(most).to.equal(2);
    });
  });

  describe("checkGraph", () => {
    it("finds nothing where events and views agree", async () => {
      const { snapshot, differences } = await checkGraph(small().source, { concurrency: 3 });
      expect(differences).to.deep.equal([]);
      expect(snapshot.works.get(1n)!.creator).to.equal(accountOf(51));
    });

    it("finds nothing in random graphs after random schedules", async () => {
      let claims = 0;
      await fc.assert(
        fc.asyncProperty(graphSpec(8), schedule(80), async (specs, ops) => {
          const chain = new IPChain();
          const [first, ...later] = specs;
          chain.register(first!);
          for (const [i, op] of ops.entries()) {
            const next = later[i];
            if (next !== undefined) chain.register(next);
            chain.run(op);
            if (i % 3 === 0) chain.mine();
          }
          chain.mine();
          const { snapshot, differences } = await checkGraph(chain.source, { blockRange: 4 });
          expect(differences).to.deep.equal([]);
          expectSame(snapshot, chain, true);
          for (const { id } of chain.model.works())
            for (const token of CHAIN_TOKENS)
              claims += chain.model.sumsOf(id, token).claimed.filter((amount) => amount > 0n).length;
        }),
        { seed: SEED, numRuns: RUNS },
      );
      console.log(`      seed ${SEED}, ${RUNS} runs; ${claims} edges had claimed`);
      expect(claims).to.be.greaterThan(RUNS / 3);
    });

    it("finds a view that tells of more money than the events", async () => {
      const chain = small();
      chain.forge = (name, answer) => (name === "revenueOf" && answer[0] === 7n ? [8n, answer[1]] : answer);
      const { differences } = await checkGraph(chain.source);
      expect(differences).to.deep.equal([`direct of work 1 in ${TOKEN}: "7" or "8".`]);
    });

    it("finds an event that is missing", async () => {
      const chain = small();
      chain.logs = chain.logs.filter(({ topics }) => topics[0] !== claimedTopic);
      const { differences } = await checkGraph(chain.source);
      expect(differences).to.deep.equal([
        `inflow of work 2 in ${TOKEN}: "0" or "100".`,
        `claimed of work 3 in ${TOKEN}: ["0"] or ["100"].`,
      ]);
    });

    it("finds money that was made", async () => {
      const chain = small();
      chain.forge = (name, answer) => (name === "revenueOf" && answer[1] === 100n ? [answer[0], 101n] : answer);
      const { differences } = await checkGraph(chain.source);
      expect(differences[0]).to.equal(`inflow of work 2 in ${TOKEN}: "100" or "101".`);
      expect(differences[1]).to.match(/^By views: The ledger has 1007 of 0x\w+, its accounts 1008\.$/);
    });

    it("finds other owners, edges and works", async () => {
      const chain = small();
      const a = await readGraphFromEvents(chain.source);
      const b = await readGraphFromEvents(chain.source);
      b.works.get(1n)!.owner = accountOf(70);
      b.works.delete(3n);
      expect(compareGraphs(a, b)).to.deep.equal([
        `owner of work 1: "${accountOf(1)}" or "${accountOf(70)}".`,
        "There is work 3 in one reading alone.",
      ]);
    });
  });

  describe("owedNow", () => {
    it("names accounts, and what waits for a dispute", async () => {
      const chain = small();
      chain.setDisputed(3n, true);
      chain.mine();
      const snapshot = await readGraphFromEvents(chain.source);
      const owed = owedNow(snapshot, { token: TOKEN, feePayees: new Map([[0n, accountOf(90)]]) });
      expect(owed).to.deep.equal([
        // 7 less 1 % is 6.93; 10 of the 100 that came to work 2.
        { token: TOKEN, amount: 16n, to: "work", id: 1n, share: 0, account: accountOf(1), held: false },
        { token: TOKEN, amount: 67n, to: "work", id: 2n, share: 0, account: accountOf(2), held: false },
        { token: TOKEN, amount: 22n, to: "work", id: 2n, share: 1, account: accountOf(0), held: false },
        { token: TOKEN, amount: 890n, to: "work", id: 3n, share: 0, account: accountOf(3), held: true },
        { token: TOKEN, amount: 10n, to: "fees", appId: 0n, account: accountOf(90), held: false },
      ]);
      expect(snapshot.model.sumsOf(2n, TOKEN).inflow, "nothing was collected").to.equal(100n);
    });

    it("owes owner's and contributors' shares to whom a dispute put in their place", async () => {
      const chain = small();
      chain.redirect(2n, accountOf(80));
      chain.mine();
      const owed = owedNow(await readGraphFromEvents(chain.source), { token: TOKEN });
      expect(owed.filter((o) => o.to === "work" && o.id === 2n).map(({ account }) => account)).to.deep.equal([
        accountOf(80),
        accountOf(80),
      ]);
      expect(owed.find(({ to }) => to === "fees")).to.include({ account: null });
    });
  });

  describe("worksOf", () => {
    it("lists works by owner, contributor, and payee", async () => {
      const chain = small();
      const read = async (account: string): Promise<bigint[]> =>
        worksOf(await readGraphFromEvents(chain.source), account);
      expect(await read(accountOf(2))).to.deep.equal([2n]);
      expect(await read(accountOf(0).toLowerCase())).to.deep.equal([2n]);
      chain.transfer(1n, accountOf(2));
      chain.redirect(2n, accountOf(80));
      chain.mine();
      expect(await read(accountOf(2))).to.deep.equal([1n]);
      expect(await read(accountOf(0))).to.deep.equal([]);
      expect(await read(accountOf(80))).to.deep.equal([2n]);
    });
  });
});

describe("unpackWork", () => {
  it("is null for no work", () => {
    expect(unpackWork(0n)).to.equal(null);
  });

  it("reads each field where Work.sol has it", () => {
    const owner = "0xfFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF";
    const none = {
      ...{ owner: ZeroAddress, termsId: 0n, appId: 0n, protocolFee: 0n, appFee: 0n, royaltyBps: 0n },
      ...{
        deleted: false,
        disputed: false,
        redirected: false,
        hasContributors: false,
        hasURI: false,
        hasAbsolute: false,
      },
    };
    const fields: [bigint, Partial<typeof none>][] = [
      [2n ** 160n - 1n, { owner }],
      [(2n ** 32n - 1n) << 160n, { termsId: 2n ** 32n - 1n }],
      [(2n ** 24n - 1n) << 192n, { appId: 2n ** 24n - 1n }],
      [1_000n << 216n, { protocolFee: 100_000n }],
      [1_000n << 226n, { appFee: 100_000n }],
      [1_000n << 236n, { royaltyBps: 1_000n }],
      [1n << 246n, { deleted: true }],
      [1n << 247n, { disputed: true }],
      [1n << 248n, { redirected: true }],
      [1n << 249n, { hasContributors: true }],
      [1n << 250n, { hasURI: true }],
      [1n << 251n, { hasAbsolute: true }],
    ];
    for (const [word, field] of fields) expect(unpackWork(word)).to.deep.equal({ ...none, ...field });
  });
});
