import { ZeroAddress } from "ethers";
import { expect } from "chai";
import fc from "fast-check";

import { buildEdgeList, type Edge, type ParentFacts } from "../../sdk/ip/edges";
import { IPError, type IPErrorCode } from "../../sdk/ip/errors";
import { RoyaltyModel, type WorkFacts } from "../../sdk/ip/royaltyModel";
import { TOKENS, accountOf, applyCall, callOf, graphSpec, op, registerSpecs, schedule } from "../helpers/royaltyGraphs";

const SEED = 20_261_125;
const RUNS = 400;
const PIE = "PIE";

const relative = (parentId: bigint, rate: bigint): Edge => ({
  parentId,
  rate,
  absolute: false,
  chosen: true,
  termsId: 1n,
});
const absolute = (parentId: bigint, rate: bigint): Edge => ({ ...relative(parentId, rate), absolute: true });

const expectRefusal = (action: () => unknown, code: IPErrorCode): void => {
  expect(action).to.throw(IPError).with.property("code", code);
};

/** Registers a derivative by its parents' terms, and remembers its own. */
class Studio {
  readonly model = new RoyaltyModel();
  readonly #facts = new Map<bigint, ParentFacts>();

  make(parents: readonly bigint[], rate: bigint, kind: { absolute: boolean }, facts: Partial<WorkFacts> = {}): bigint {
    const edges = parents.length === 0 ? [] : buildEdgeList(parents.map((id) => this.#facts.get(id)!));
    const id = this.model.register({ edges, ...facts });
    this.#facts.set(id, { id, termsId: id, rate, absolute: kind.absolute, edges });
    return id;
  }

  /** Two works a level, each a derivative of both works of the level above. @returns The works of each level. */
  ladder(depth: number, rate: bigint): [bigint, bigint][] {
    const levels: [bigint, bigint][] = [];
    for (let level = 0; level < depth; level++) {
      const parents = levels.at(-1) ?? [];
      levels.push([this.make(parents, rate, { absolute: false }), this.make(parents, rate, { absolute: false })]);
    }
    return levels;
  }
}

describe("RoyaltyModel", () => {
  describe("by hand", () => {
    // 1 ←10 % relative– 2 ←20 % relative– 3; 3 also owes 1 5 % absolute.
    const chain = (): RoyaltyModel => {
      const model = new RoyaltyModel();
      model.register();
      model.register({ edges: [relative(1n, 100_000n)], protocolFee: 10_000n });
      model.register({
        edges: [absolute(1n, 50_000n), relative(2n, 200_000n)],
        protocolFee: 10_000n,
        appId: 4n,
        appFee: 20_000n,
        contributors: [{ account: accountOf(1), share: 250_000n }],
      });
      return model;
    };

    it("divides a payment among the work's edges, fees, contributor and owner", () => {
      const model = chain();
      model.pay(3n, PIE, 1_000n);
      expect(model.claimable(3n, 0, PIE)).to.equal(50n);
      expect(model.claimable(3n, 1, PIE)).to.equal(200n);
      expect(model.claimableFees(3n, PIE)).to.deep.equal({ protocol: 10n, app: 20n });
      // 100 % − 5 % − 20 % − 1 % − 2 % = 72 %; a quarter of it is the contributor's.
      expect(model.ownerSide(3n, PIE)).to.equal(720n);
      expect(model.withdrawable(3n, 0, PIE)).to.equal(540n);
      expect(model.withdrawable(3n, 1, PIE)).to.equal(180n);
    });

    it("passes relative shares of inflow on, and takes neither absolute shares nor fees of it", () => {
      const model = chain();
      model.pay(3n, PIE, 1_000n);
      expect(model.claim(3n, 1, PIE)).to.equal(200n);
      expect(model.sumsOf(2n, PIE)).to.include({ direct: 0n, inflow: 200n });
      expect(model.claimableFees(2n, PIE)).to.deep.equal({ protocol: 0n, app: 0n });
      expect(model.claim(2n, 0, PIE)).to.equal(20n);
      expect(model.withdrawable(2n, 0, PIE)).to.equal(180n);
      expect(model.claim(3n, 0, PIE)).to.equal(50n);
      expect(model.withdraw(1n, PIE)).to.equal(70n);
    });

    it("takes an absolute share of direct revenue alone", () => {
      const model = new RoyaltyModel();
      model.register();
      model.register({ edges: [absolute(1n, 100_000n)] });
      model.register({ edges: [relative(2n, 500_000n)] });
      model.pay(3n, PIE, 1_000n);
      model.claim(3n, 0, PIE);
      expect(model.claimable(2n, 0, PIE)).to.equal(0n);
      model.pay(2n, PIE, 10n);
      expect(model.claimable(2n, 0, PIE)).to.equal(1n);
      // floor(10 · 90 %) + 500 · 100 %.
      expect(model.withdrawable(2n, 0, PIE)).to.equal(509n);
    });

    it("keeps what rounding leaves, and hands it out when whole units have come together", () => {
      const model = new RoyaltyModel();
      model.register();
      model.register({ edges: [relative(1n, 333_333n)] });
      model.pay(2n, PIE, 1n);
      expect(model.settle()).to.deep.equal([]);
      expect(model.dust(2n, PIE)).to.equal(1n);
      model.pay(2n, PIE, 2n);
      // floor(0.999999) and floor(2.000001).
      expect(model.settle()).to.deep.equal([{ token: PIE, amount: 2n, to: "work", id: 2n, share: 0 }]);
      model.pay(2n, PIE, 1n);
      expect(model.settle()).to.deep.equal([{ token: PIE, amount: 1n, to: "work", id: 1n, share: 0 }]);
    });

    it("counts inflow by itself: the owner's parts of direct revenue and of inflow are rounded apart", () => {
      const model = new RoyaltyModel();
      model.register();
      model.register({ edges: [relative(1n, 500_000n)] });
      model.register({ edges: [relative(2n, 900_000n)] });
      model.pay(2n, PIE, 1n);
      model.pay(3n, PIE, 2n);
      expect(model.claim(3n, 0, PIE)).to.equal(1n);
      expect(model.claimable(2n, 0, PIE)).to.equal(1n);
      expect(model.ownerSide(2n, PIE)).to.equal(0n);
    });

    it("says what everybody is owed", () => {
      const model = chain();
      model.pay(3n, PIE, 1_000n);
      expect(model.clone().settle()).to.deep.equal([
        { token: PIE, amount: 70n, to: "work", id: 1n, share: 0 },
        { token: PIE, amount: 180n, to: "work", id: 2n, share: 0 },
        { token: PIE, amount: 540n, to: "work", id: 3n, share: 0 },
        { token: PIE, amount: 180n, to: "work", id: 3n, share: 1 },
        { token: PIE, amount: 10n, to: "fees", appId: 0n },
        { token: PIE, amount: 20n, to: "fees", appId: 4n },
      ]);
      expect(model.sumsOf(3n, PIE).claimed, "the model itself did not settle").to.deep.equal([0n, 0n]);
    });

    it("settles one token where one is named", () => {
      const model = chain();
      for (const token of TOKENS) model.pay(1n, token, 5n);
      expect(model.settle("USDT")).to.deep.equal([{ token: "USDT", amount: 5n, to: "work", id: 1n, share: 0 }]);
      expect(model.withdrawable(1n, 0, PIE)).to.equal(5n);
    });

    it("answers what the last hop of a path collected, and stops where there is no edge", () => {
      const model = chain();
      model.pay(3n, PIE, 1_000n);
      const other = model.clone();
      expect(model.claimPath(3n, [1, 0], PIE)).to.equal(20n);
      expect(other.claimPath(3n, [1, 0, 0, 5], PIE)).to.equal(0n);
      expect(other.snapshot()).to.deep.equal(model.snapshot());
      expect(model.claimPath(3n, [], PIE)).to.equal(0n);
      expect(model.claimPath(9n, [0], PIE)).to.equal(0n);
    });

    it("claims nothing of what is not there", () => {
      const model = chain();
      model.pay(3n, PIE, 1_000n);
      const before = model.snapshot();
      expect(model.claim(3n, 2, PIE)).to.equal(0n);
      expect(model.claim(99n, 0, PIE)).to.equal(0n);
      expect(model.claimFees([99n, 1n], PIE)).to.deep.equal({ protocol: 0n, app: 0n });
      expect(model.claim(3n, 0, "another token")).to.equal(0n);
      expect(model.snapshot()).to.deep.equal(before);
    });

    it("knows a token by its address, however that is written", () => {
      const model = chain();
      const token = "0xAbCdEf0000000000000000000000000000000001";
      model.pay(1n, token, 5n);
      model.pay(1n, token.toLowerCase(), 6n);
      expect(model.sumsOf(1n, token.replace("AbCdEf", "ABCDEF")).direct).to.equal(11n);
      expect(model.tokens()).to.have.length(1);
    });

    it("owes contributors everything where their shares are the whole", () => {
      const model = new RoyaltyModel();
      const contributors = [600_000n, 400_000n].map((share, i) => ({ account: accountOf(i), share }));
      model.register({ contributors });
      model.pay(1n, PIE, 9n);
      expect([0, 1, 2].map((share) => model.withdrawable(1n, share, PIE))).to.deep.equal([0n, 5n, 3n]);
    });
  });

  describe("register", () => {
    it("counts ids up, and takes a higher one", () => {
      const model = new RoyaltyModel();
      expect([model.register(), model.register(), model.register({ id: 7n }), model.register()]).to.deep.equal([
        1n,
        2n,
        7n,
        8n,
      ]);
      expectRefusal(() => model.register({ id: 8n }), "UnknownWork");
    });

    it("keeps its own copy of the facts", () => {
      const model = new RoyaltyModel();
      model.register();
      const edges = [relative(1n, 10n)];
      model.register({ edges });
      edges[0]!.rate = 900_000n;
      edges.push(absolute(1n, 1n));
      expect(model.work(2n).edges).to.deep.equal([relative(1n, 10n)]);
    });

    const refusals: [string, IPErrorCode, Partial<WorkFacts>][] = [
      ["a parent that is not there", "UnknownParent", { edges: [relative(9n, 1n)] }],
      ["a parent of a later id", "UnknownParent", { id: 5n, edges: [relative(5n, 1n)] }],
      ["edges out of order", "EdgesNotAscending", { edges: [absolute(1n, 1n), relative(1n, 1n)] }],
      ["an edge twice", "EdgesNotAscending", { edges: [relative(1n, 1n), relative(1n, 1n)] }],
      ["rates above 900,000", "RatesTooHigh", { edges: [relative(1n, 900_000n), absolute(1n, 1n)] }],
      ["fees above 100,000", "FeesTooHigh", { protocolFee: 50_000n, appFee: 50_001n, appId: 1n }],
      ["an app's fee without an app", "FeesTooHigh", { appFee: 1n }],
      ["a contributor without a share", "InvalidContributor", { contributors: [{ account: accountOf(1), share: 0n }] }],
      ["a contributor without address", "InvalidContributor", { contributors: [{ account: ZeroAddress, share: 1n }] }],
      [
        "shares above the whole",
        "SharesTooHigh",
        { contributors: [1n, 1_000_000n].map((share) => ({ account: accountOf(1), share })) },
      ],
      [
        "nine contributors",
        "TooManyContributors",
        { contributors: Array.from({ length: 9 }, () => ({ account: accountOf(1), share: 1n })) },
      ],
    ];
    for (const [what, code, facts] of refusals) {
      it(`refuses ${what}`, () => {
        const model = new RoyaltyModel();
        model.register();
        expectRefusal(() => model.register(facts), code);
        expect(model.highest).to.equal(1n);
      });
    }

    it("refuses nine chosen or nine inherited edges", () => {
      const model = new RoyaltyModel();
      for (let i = 0; i < 9; i++) model.register();
      const nine = Array.from({ length: 9 }, (_, i) => absolute(BigInt(i + 1), 1n));
      expectRefusal(() => model.register({ edges: nine }), "TooManyParents");
      const inherited = nine.map((edge) => ({ ...edge, chosen: false }));
      expectRefusal(() => model.register({ edges: inherited }), "TooManyInherited");
    });
  });

  describe("bad input", () => {
    const model = new RoyaltyModel();
    model.register();

    it("refuses payments of nothing, to no work, and beyond what a sum holds", () => {
      expectRefusal(() => {
        model.pay(1n, PIE, 0n);
      }, "ZeroAmount");
      expectRefusal(() => {
        model.pay(2n, PIE, 1n);
      }, "UnknownWork");
      expectRefusal(() => {
        model.pay(1n, PIE, 2n ** 127n);
      }, "LedgerOverflow");
      expect(model.tokens()).to.deep.equal([]);
    });

    it("refuses withdrawals of what is not there", () => {
      expectRefusal(() => model.withdraw(2n, PIE), "UnknownWork");
      expectRefusal(() => model.withdrawContribution(1n, 0, PIE), "UnknownContributor");
    });

    it("refuses lists of 257", () => {
      const claims = Array.from({ length: 257 }, () => ({ child: 1n, edge: 0 }));
      expectRefusal(() => model.claimBatch(claims, PIE), "BatchTooLarge");
      expectRefusal(
        () =>
          model.claimPath(
            1n,
            claims.map(() => 0),
            PIE,
          ),
        "BatchTooLarge",
      );
      expectRefusal(
        () =>
          model.claimFees(
            claims.map(() => 1n),
            PIE,
          ),
        "BatchTooLarge",
      );
    });

    it("notices made and lost money, and an overdrawn account", () => {
      const tampered = model.clone();
      const sums = tampered.sumsOf(1n, PIE);
      tampered.restore(1n, PIE, { ...sums, inflow: 1n });
      expect(() => {
        tampered.checkIdentity(PIE);
      }).to.throw("The ledger has 0 of PIE, its accounts 1.");
      tampered.restore(1n, PIE, { ...sums, withdrawn: [1n] });
      expect(() => {
        tampered.checkIdentity(PIE);
      }).to.throw("The work 1 is overdrawn: -1 of PIE.");
    });
  });

  describe("properties", () => {
    before(() => {
      console.log(`      seed ${SEED}, ${RUNS} runs a property`);
    });

    const expectSound = (model: RoyaltyModel): void => {
      for (const token of TOKENS) {
        model.checkIdentity(token);
        for (const { id, edges, contributors } of model.works()) {
          const dust = model.dust(id, token);
          expect(dust >= 0n && dust <= model.dustBound(id), `dust of ${id.toString()}: ${dust.toString()}`).to.be.true;
          edges.forEach((_, edge) => {
            expect(model.claimable(id, edge, token) >= 0n).to.be.true;
          });
          for (let share = 0; share <= contributors.length; share++)
            expect(model.withdrawable(id, share, token) >= 0n).to.be.true;
          const { protocol, app } = model.claimableFees(id, token);
          expect(protocol >= 0n && app >= 0n).to.be.true;
        }
      }
    };

    it("holds the identity, every term ≥ 0, and the bound on dust, after every step", () => {
      const counts = { steps: 0, moved: 0, dust: 0n, edges: 0, joined: 0 };
      fc.assert(
        fc.property(graphSpec(12), schedule(40), (specs, ops) => {
          const model = new RoyaltyModel();
          registerSpecs(model, specs);
          counts.edges += model.works().reduce((sum, { edges }) => sum + edges.length, 0);
          counts.joined += model.works().filter(({ edges }) => edges.some((e) => !e.chosen)).length;
          for (const what of ops) {
            const answer = applyCall(model, callOf(model, what));
            if (typeof answer === "bigint" && answer > 0n) counts.moved += 1;
            counts.steps += 1;
            expectSound(model);
          }
          for (const token of TOKENS)
            for (const { id } of model.works())
              if (model.dust(id, token) > counts.dust) counts.dust = model.dust(id, token);
        }),
        { seed: SEED, numRuns: RUNS },
      );
      console.log(
        `      ${counts.steps} steps, ${counts.moved} collected something; ${counts.edges} edges, ${counts.joined} works that inherit; dust up to ${counts.dust.toString()}`,
      );
      expect(counts.moved).to.be.greaterThan(RUNS * 2);
      expect(counts.joined).to.be.greaterThan(RUNS);
      expect(counts.dust > 1n).to.be.true;
    });

    it("never lowers an entitlement", () => {
      fc.assert(
        fc.property(graphSpec(8), schedule(30), (specs, ops) => {
          const model = new RoyaltyModel();
          registerSpecs(model, specs);
          const entitlements = (): bigint[] =>
            TOKENS.flatMap((token) =>
              model
                .works()
                .flatMap(({ id, edges, contributors }) => [
                  ...edges.map((_, edge) => model.entitled(id, edge, token)),
                  ...Object.values(model.entitledFees(id, token)),
                  ...[0, ...contributors.keys()].map((share) => model.entitledShare(id, share, token)),
                ]),
            );
          let before = entitlements();
          for (const what of ops) {
            applyCall(model, callOf(model, what));
            const after = entitlements();
            expect(after.every((value, i) => value >= before[i]!)).to.be.true;
            before = after;
          }
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });

    it("ends in the same place whatever was collected on the way (confluence)", () => {
      let collected = 0;
      fc.assert(
        fc.property(graphSpec(12), schedule(60), (specs, ops) => {
          const [busy, lazy] = [new RoyaltyModel(), new RoyaltyModel()];
          for (const model of [busy, lazy]) registerSpecs(model, specs);
          for (const what of ops) {
            const call = callOf(busy, what);
            const answer = applyCall(busy, call);
            if (typeof answer === "bigint" && answer > 0n) collected += 1;
            if (call.method === "pay") applyCall(lazy, call);
          }
          for (const model of [busy, lazy]) model.settle();
          // Accounts that were paid from are the same, whoever came first; nothing else may remain of the schedule.
          expect(busy.snapshot()).to.deep.equal(lazy.snapshot());
          for (const token of TOKENS) {
            // Drained: all that is left is dust.
            const bound = busy.works().reduce((sum, { id }) => sum + busy.dustBound(id), 0n);
            const { ledger } = busy.identity(token);
            expect(ledger >= 0n && ledger <= bound).to.be.true;
            expect(busy.clone().settle(token)).to.deep.equal([]);
          }
        }),
        { seed: SEED, numRuns: RUNS },
      );
      console.log(`      ${collected} collections on the way`);
      expect(collected).to.be.greaterThan(RUNS * 2);
    });

    it("keeps tokens apart", () => {
      fc.assert(
        fc.property(graphSpec(8), schedule(30), (specs, ops) => {
          const [both, alone] = [new RoyaltyModel(), new RoyaltyModel()];
          for (const model of [both, alone]) registerSpecs(model, specs);
          for (const what of ops) {
            const call = callOf(both, what);
            applyCall(both, call);
            if (call.args.at(-1) === PIE || (call.method === "pay" && call.args[1] === PIE)) applyCall(alone, call);
          }
          const ofPIE = (model: RoyaltyModel): unknown[] => model.snapshot().sums.filter(({ token }) => token === PIE);
          expect(ofPIE(both)).to.deep.equal(ofPIE(alone));
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });

    it("is copied whole, and the copy goes its own way", () => {
      fc.assert(
        fc.property(graphSpec(8), schedule(20), op, (specs, ops, last) => {
          const model = new RoyaltyModel();
          registerSpecs(model, specs);
          for (const what of ops) applyCall(model, callOf(model, what));
          const before = model.snapshot();
          const copy = RoyaltyModel.from(structuredClone(before));
          expect(copy.snapshot()).to.deep.equal(before);
          applyCall(copy, callOf(copy, last));
          copy.settle();
          expect(model.snapshot()).to.deep.equal(before);
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });
  });

  describe("micro-payments", () => {
    const N = 100_000;

    for (const every of [1, 7, N]) {
      it(`pays 90,000 of 100,000 payments of 9 over a 10 % edge, claimed every ${every}`, () => {
        const model = new RoyaltyModel();
        model.register();
        model.register({ edges: [relative(1n, 100_000n)] });
        for (let i = 1; i <= N; i++) {
          model.pay(2n, PIE, 9n);
          if (i % every === 0) model.claim(2n, 0, PIE);
        }
        model.claim(2n, 0, PIE);
        expect(model.sumsOf(1n, PIE).inflow).to.equal(90_000n);
        expect(model.withdraw(1n, PIE)).to.equal(90_000n);
        expect(model.withdraw(2n, PIE)).to.equal(810_000n);
      });
    }
  });

  describe("ladders of diamonds", () => {
    it("counts an absolute share once, over 2^30 paths", () => {
      const studio = new Studio();
      const root = studio.make([], 20_000n, { absolute: true });
      let above = [root];
      for (let level = 0; level < 30; level++)
        above = [studio.make(above, 100_000n, { absolute: false }), studio.make(above, 100_000n, { absolute: false })];
      const { model } = studio;
      const [left, right] = above as [bigint, bigint];
      expect(model.work(left).edges.filter((e) => e.absolute)).to.have.length(1);
      model.pay(left, PIE, 1_000_001n);
      model.pay(right, PIE, 49n);
      model.settle();
      // floor(2 % of 1,000,001), and floor(0.98): each by its own work.
      expect(model.sumsOf(root, PIE).inflow).to.equal(20_000n);
      model.pay(right, PIE, 1n);
      model.settle();
      expect(model.sumsOf(root, PIE).inflow).to.equal(20_001n);
    });

    it("keeps the absolute shares of two ancestors on one ladder apart", () => {
      const studio = new Studio();
      const root = studio.make([], 20_000n, { absolute: true });
      const early = studio.make([root], 0n, { absolute: false });
      const other = studio.make([root], 30_000n, { absolute: true });
      const tip = studio.make([early, other], 0n, { absolute: false });
      const { model } = studio;
      model.pay(tip, PIE, 1_000n);
      model.settle();
      expect([root, other].map((id) => model.sumsOf(id, PIE).inflow)).to.deep.equal([20n, 30n]);
    });

    for (const depth of [1, 2, 5, 30]) {
      it(`follows relative shares down ${depth} rungs, each floored`, () => {
        const studio = new Studio();
        const rate = 300_000n;
        const levels = studio.ladder(depth + 1, rate);
        const { model } = studio;
        const paid = 10n ** 30n;
        for (const id of levels[depth]!) model.pay(id, PIE, paid);
        model.settle();
        // Both works of a rung have the same sums, so one number a rung follows the whole ladder.
        let expected = paid;
        for (const [left, right] of levels.slice(0, depth).reverse()) {
          expected = 2n * ((expected * rate) / 1_000_000n);
          expect(model.sumsOf(left, PIE).inflow).to.equal(expected);
          expect(model.sumsOf(right, PIE).inflow).to.equal(expected);
        }
        model.checkIdentity(PIE);
      });
    }

    it("ends in the same place when each rung is claimed from the top, again and again", () => {
      const studio = new Studio();
      const levels = studio.ladder(12, 300_000n);
      const { model } = studio;
      for (const id of levels.at(-1)!) model.pay(id, PIE, 10n ** 12n);
      const lazy = model.clone();
      for (let round = 0; round < levels.length; round++)
        for (const { id, edges } of model.works()) edges.forEach((_, edge) => model.claim(id, edge, PIE));
      for (const each of [model, lazy]) each.settle();
      expect(model.snapshot()).to.deep.equal(lazy.snapshot());
    });
  });

  describe("extremes", () => {
    it("carries money up a chain of 200", () => {
      const model = new RoyaltyModel();
      model.register();
      for (let id = 2n; id <= 201n; id++) model.register({ edges: [relative(id - 1n, 900_000n)] });
      model.pay(201n, PIE, 10n ** 18n);
      expect(model.claimPath(201n, Array<number>(200).fill(0), PIE)).to.equal(model.sumsOf(1n, PIE).inflow);
      let expected = 10n ** 18n;
      for (let hop = 0; hop < 200; hop++) expected = (expected * 900_000n) / 1_000_000n;
      expect(model.withdraw(1n, PIE)).to.equal(expected);
      expect(expected > 0n).to.be.true;
    });

    it("divides among 16 edges, two fees and eight contributors to within 27", () => {
      const model = new RoyaltyModel();
      for (let i = 0; i < 8; i++) model.register();
      const edges = Array.from({ length: 16 }, (_, i) => ({
        ...(i % 2 === 0 ? relative : absolute)(BigInt((i >> 1) + 1), 7_777n),
        chosen: i % 2 === 0,
      }));
      const contributors = Array.from({ length: 8 }, (_, i) => ({ account: accountOf(i), share: 33_333n }));
      const id = model.register({ edges, contributors, protocolFee: 33_300n, appFee: 33_300n, appId: 1n });
      expect(model.dustBound(id)).to.equal(27n);
      let worst = 0n;
      for (let paid = 0n; paid < 2_000n; paid++) {
        model.pay(id, PIE, 1n + (paid % 3n));
        const dust = model.dust(id, PIE);
        if (dust > worst) worst = dust;
      }
      expect(worst > 12n && worst <= 27n, worst.toString()).to.be.true;
      model.settle();
      model.checkIdentity(PIE);
    });

    it("keeps exact sums of the greatest amounts", () => {
      const model = new RoyaltyModel();
      model.register();
      model.register({ edges: [relative(1n, 900_000n)], protocolFee: 100_000n });
      const most = 2n ** 127n - 1n;
      model.pay(2n, PIE, most);
      model.settle();
      expect(model.sumsOf(1n, PIE).inflow).to.equal((most * 9n) / 10n);
      expect(model.feesOf(0n, PIE).collected).to.equal(most / 10n);
      model.checkIdentity(PIE);
    });
  });
});
