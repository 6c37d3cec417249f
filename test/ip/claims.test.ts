import { expect } from "chai";
import { Interface, ZeroAddress } from "ethers";
import fc from "fast-check";

import {
  CLAIM_CALL_GAS,
  CLAIM_GAS,
  callsFor,
  claimGas,
  encodeClaimCall,
  planClaims,
  type ClaimPlan,
} from "../../sdk/ip/claims";
import type { Edge } from "../../sdk/ip/edges";
import { IPError } from "../../sdk/ip/errors";
import { RoyaltyModel } from "../../sdk/ip/royaltyModel";
import {
  TOKENS,
  applyCall,
  callOf,
  graphSpec,
  registerSpecs,
  schedule,
  type Op,
  type WorkSpec,
} from "../helpers/royaltyGraphs";

const SEED = 20_261_126;
const RUNS = 400;
const PIE = TOKENS[0];

const relative = (parentId: bigint, rate: bigint): Edge => ({
  parentId,
  rate,
  absolute: false,
  chosen: true,
  termsId: 1n,
});
const absolute = (parentId: bigint, rate: bigint): Edge => ({ ...relative(parentId, rate), absolute: true });

/** A chain of works, each owing the one before it 50 %. */
const chain = (length: number): RoyaltyModel => {
  const model = new RoyaltyModel();
  model.register();
  for (let id = 2; id <= length; id++) model.register({ edges: [relative(BigInt(id - 1), 500_000n)] });
  return model;
};

const inflowOf = (model: RoyaltyModel, ids: readonly bigint[]): bigint =>
  ids.reduce((sum, id) => sum + model.sumsOf(id, PIE).inflow, 0n);

/** Does a plan's calls as the graph would, and answers what its targets gained. */
const carryOut = (model: RoyaltyModel, plan: ClaimPlan): bigint => {
  const before = inflowOf(model, plan.targets);
  for (const { method, args } of plan.calls) {
    if (method === "claim") model.claim(...args);
    else if (method === "claimPath") model.claimPath(...args);
    else model.claimBatch(...args);
  }
  return inflowOf(model, plan.targets) - before;
};

describe("planClaims", () => {
  it("is nothing where nothing is due", () => {
    const plan = planClaims(chain(3), PIE, { targets: [1n] });
    expect(plan).to.deep.include({ calls: [], claims: [], collected: 0n, due: 0n, gas: 0n });
  });

  it("is one claim for one edge", () => {
    const model = chain(2);
    model.pay(2n, PIE, 100n);
    const { calls, claims } = planClaims(model, PIE, { targets: [1n] });
    expect(claims).to.deep.equal([{ child: 2n, edge: 0, parent: 1n, amount: 50n }]);
    expect(calls).to.deep.equal([{ method: "claim", args: [2n, 0, PIE], claims, gas: CLAIM_CALL_GAS + CLAIM_GAS }]);
  });

  it("is a path from the deepest that was paid, and no deeper", () => {
    const model = chain(6);
    model.pay(4n, PIE, 800n);
    const { calls, claims, collected, gas } = planClaims(model, PIE, { targets: [1n] });
    expect(calls.map(({ method, args }) => [method, args])).to.deep.equal([["claimPath", [4n, [0, 0, 0], PIE]]]);
    expect(claims.map(({ amount }) => amount)).to.deep.equal([400n, 200n, 100n]);
    expect({ collected, gas }).to.deep.equal({ collected: 100n, gas: claimGas(3) });
  });

  it("starts where money lies that was claimed before", () => {
    const model = chain(4);
    model.pay(4n, PIE, 800n);
    model.claim(4n, 0, PIE);
    expect(planClaims(model, PIE, { targets: [1n] }).claims.map(({ child }) => child)).to.deep.equal([3n, 2n]);
  });

  it("does not go above its target", () => {
    const model = chain(4);
    model.pay(4n, PIE, 800n);
    expect(planClaims(model, PIE, { targets: [3n] }).claims.map(({ child }) => child)).to.deep.equal([4n]);
  });

  it("is a batch, deepest first, where money comes from several sides", () => {
    const model = new RoyaltyModel();
    model.register();
    for (const parent of [1n, 1n, 2n, 3n]) model.register({ edges: [relative(parent, 500_000n)] });
    for (const id of [4n, 5n]) model.pay(id, PIE, 100n);
    const { calls, collected } = planClaims(model, PIE, { targets: [1n] });
    expect(calls.map(({ method, args }) => [method, args])).to.deep.equal([
      ["claimBatch", [[5n, 4n, 3n, 2n].map((child) => ({ child, edge: 0 })), PIE]],
    ]);
    expect(collected).to.equal(50n);
  });

  it("claims each edge of a diamond once", () => {
    const model = new RoyaltyModel();
    model.register();
    model.register({ edges: [relative(1n, 500_000n)] });
    model.register({ edges: [relative(1n, 500_000n)] });
    model.register({ edges: [relative(2n, 400_000n), relative(3n, 400_000n)] });
    model.pay(4n, PIE, 1_000n);
    const { claims, collected } = planClaims(model, PIE, { targets: [1n] });
    expect(claims.map(({ child, edge, amount }) => [child, edge, amount])).to.deep.equal([
      [4n, 0, 400n],
      [4n, 1, 400n],
      [3n, 0, 200n],
      [2n, 0, 200n],
    ]);
    expect(collected).to.equal(400n);
  });

  it("does not look below an absolute edge, which takes nothing of what its derivative collects", () => {
    const model = new RoyaltyModel();
    model.register();
    model.register({ edges: [absolute(1n, 100_000n)] });
    model.register({ edges: [absolute(1n, 100_000n), relative(2n, 500_000n)] });
    model.pay(3n, PIE, 1_000n);
    model.pay(2n, PIE, 10n);
    expect(planClaims(model, PIE, { targets: [1n] }).claims).to.deep.equal([
      { child: 3n, edge: 0, parent: 1n, amount: 100n },
      { child: 2n, edge: 0, parent: 1n, amount: 1n },
    ]);
  });

  it("leaves out what a floor above swallows", () => {
    const model = chain(3);
    model.pay(3n, PIE, 2n);
    expect(planClaims(model, PIE, { targets: [1n] }).claims).to.deep.equal([]);
    expect(planClaims(model, PIE, { targets: [2n] }).claims).to.have.length(1);
    model.pay(2n, PIE, 1n);
    expect(planClaims(model, PIE, { targets: [1n] }).claims.map(({ child }) => child)).to.deep.equal([3n, 2n]);
    model.pay(2n, PIE, 1n);
    // Two units lie there already; the third would be swallowed.
    expect(planClaims(model, PIE, { targets: [1n] }).claims.map(({ child }) => child)).to.deep.equal([2n]);
  });

  it("leaves a branch that is not worth its claims, and keeps the rest", () => {
    const model = chain(4);
    model.pay(4n, PIE, 80n);
    model.pay(2n, PIE, 100n);
    const plan = (minimum: bigint): [bigint[], bigint, bigint] => {
      const { claims, collected, due } = planClaims(model, PIE, { targets: [1n], minimum });
      return [claims.map(({ child }) => child), collected, due];
    };
    // The branch of two claims brings 80/8 = 10 units to the target.
    expect(plan(5n)).to.deep.equal([[4n, 3n, 2n], 60n, 60n]);
    expect(plan(6n)).to.deep.equal([[2n], 50n, 60n]);
    expect(plan(50n)).to.deep.equal([[2n], 50n, 60n]);
    expect(plan(51n)).to.deep.equal([[], 0n, 60n]);
  });

  it("keeps a claim that brings little itself and carries much", () => {
    const model = chain(3);
    model.pay(3n, PIE, 4_000n);
    expect(planClaims(model, PIE, { targets: [1n], minimum: 500n }).claims).to.have.length(2);
    expect(planClaims(model, PIE, { targets: [1n], minimum: 501n }).claims).to.have.length(0);
  });

  it("fills calls of 256 claims", () => {
    const model = new RoyaltyModel();
    model.register();
    for (let i = 0; i < 600; i++) model.pay(model.register({ edges: [relative(1n, 500_000n)] }), PIE, 10n);
    const plan = planClaims(model, PIE, { targets: [1n] });
    expect(plan.calls.map(({ method, claims }) => [method, claims.length])).to.deep.equal([
      ["claimBatch", 256],
      ["claimBatch", 256],
      ["claimBatch", 88],
    ]);
    expect(plan.gas).to.equal(3n * CLAIM_CALL_GAS + 600n * CLAIM_GAS);
    expect(carryOut(model, plan)).to.equal(3_000n);
  });

  it("cuts a path of 300 in two, the deeper first", () => {
    const model = new RoyaltyModel();
    model.register();
    for (let id = 1n; id <= 300n; id++) model.register({ edges: [relative(id, 900_000n)] });
    model.pay(301n, PIE, 10n ** 30n);
    const plan = planClaims(model, PIE, { targets: [1n] });
    expect(plan.calls.map(({ method, args: [child] }) => [method, child])).to.deep.equal([
      ["claimPath", 301n],
      ["claimPath", 45n],
    ]);
    expect(carryOut(model, plan)).to.equal(plan.collected);
    expect(plan.collected > 0n).to.be.true;
  });

  it("plans for several works at once", () => {
    const model = chain(5);
    model.pay(5n, PIE, 1_600n);
    const plan = planClaims(model, PIE, { targets: [1n, 4n] });
    expect(plan.claims.map(({ child }) => child)).to.deep.equal([5n, 4n, 3n, 2n]);
    expect(plan.collected).to.equal(800n + 100n);
  });

  it("refuses a work that is not there", () => {
    expect(() => planClaims(chain(2), PIE, { targets: [9n] }))
      .to.throw(IPError)
      .with.property("code", "UnknownWork");
  });

  it("plans for a root of 5,000 derivatives within seconds", function () {
    this.timeout(10_000);
    const model = new RoyaltyModel();
    model.register();
    for (let i = 0; i < 5_000; i++) {
      const parent = i < 1_000 ? 1n : BigInt(2 + (i % 1_000));
      model.pay(model.register({ edges: [relative(parent, 300_000n)] }), PIE, BigInt(1 + (i % 10)));
    }
    const plan = planClaims(model, PIE, { targets: [1n] });
    expect(carryOut(model, plan)).to.equal(plan.due);
  });

  describe("properties", () => {
    before(() => {
      console.log(`      seed ${SEED}, ${RUNS} runs a property`);
    });

    const scene = fc.tuple(graphSpec(12), schedule(40), fc.array(fc.nat({ max: 11 }), { minLength: 1, maxLength: 3 }));
    const build = ([specs, ops, picks]: [WorkSpec[], Op[], number[]]): { model: RoyaltyModel; targets: bigint[] } => {
      const model = new RoyaltyModel();
      registerSpecs(model, specs);
      for (const what of ops) applyCall(model, callOf(model, what));
      // The lower the target, the more there is below it.
      return { model, targets: [...new Set(picks.map((n) => BigInt((n % Math.min(4, specs.length)) + 1)))] };
    };

    it("brings all that is due, by claims that each collect what was planned, none of which could be left out", () => {
      const counts = { claims: 0, plans: 0, deepest: 0 };
      fc.assert(
        fc.property(scene, (drawn) => {
          const { model, targets } = build(drawn);
          const plan = planClaims(model, PIE, { targets });
          const before = model.snapshot();
          const settled = model.clone();
          settled.settle();
          expect(plan.collected).to.equal(inflowOf(settled, targets) - inflowOf(model, targets));
          expect(plan.due).to.equal(plan.collected);

          const step = model.clone();
          for (const { child, edge, amount } of plan.claims) {
            expect(amount > 0n).to.be.true;
            expect(step.claim(child, edge, PIE)).to.equal(amount);
          }
          expect(carryOut(model.clone(), plan)).to.equal(plan.collected);

          const names = plan.claims.map(({ child, edge }) => `${child.toString()}/${edge}`);
          expect(new Set(names).size).to.equal(names.length);
          for (const left of plan.claims) {
            const rest = plan.claims.filter((claim) => claim !== left);
            const other = model.clone();
            other.claimBatch(rest, PIE);
            expect(inflowOf(other, targets) - inflowOf(model, targets) < plan.collected).to.be.true;
          }
          expect(model.snapshot(), "planning changes nothing").to.deep.equal(before);
          counts.claims += plan.claims.length;
          if (plan.claims.length > 0) counts.plans += 1;
          counts.deepest = Math.max(counts.deepest, plan.claims.length);
        }),
        { seed: SEED, numRuns: RUNS },
      );
      console.log(`      ${counts.plans} plans of ${counts.claims} claims, up to ${counts.deepest}`);
      expect(counts.plans).to.be.greaterThan(RUNS / 4);
    });

    it("brings the minimum for each of its claims, rounding aside", () => {
      let partial = 0;
      fc.assert(
        fc.property(scene, fc.bigInt(1n, 2_000n), (drawn, minimum) => {
          const { model, targets } = build(drawn);
          const plan = planClaims(model, PIE, { targets: targets.slice(0, 1), minimum });
          const n = BigInt(plan.claims.length);
          expect(plan.collected + n >= minimum * n).to.be.true;
          expect(carryOut(model, plan)).to.equal(plan.collected);
          if (n > 0n && plan.collected < plan.due) partial += 1;
        }),
        { seed: SEED, numRuns: RUNS },
      );
      console.log(`      ${partial} plans left a part`);
      expect(partial).to.be.greaterThan(0);
    });

    it("is on trees as good as the best of all sets of claims, rounding aside", () => {
      const tree = fc.array(
        fc.record({ parent: fc.nat(), rate: fc.bigInt(100_000n, 900_000n), paid: fc.bigInt(0n, 2_000n) }),
        { minLength: 2, maxLength: 8 },
      );
      fc.assert(
        fc.property(tree, fc.bigInt(0n, 300n), (works, minimum) => {
          const model = new RoyaltyModel();
          model.register();
          for (const [i, { parent, rate, paid }] of works.entries()) {
            const id = model.register({ edges: [relative(BigInt((parent % (i + 1)) + 1), rate)] });
            if (paid > 0n) model.pay(id, PIE, paid);
          }
          const ids = works.map((_, i) => BigInt(i + 2)).reverse();
          let best = 0n;
          for (let set = 0; set < 2 ** ids.length; set++) {
            const other = model.clone();
            const chosen = ids.filter((_, i) => (set >> i) & 1);
            for (const child of chosen) other.claim(child, 0, PIE);
            const net = inflowOf(other, [1n]) - minimum * BigInt(chosen.length);
            if (net > best) best = net;
          }
          const { collected, claims } = planClaims(model, PIE, { targets: [1n], minimum });
          const net = collected - minimum * BigInt(claims.length);
          expect(best - net <= BigInt(ids.length), `${net.toString()} of ${best.toString()}`).to.be.true;
        }),
        { seed: SEED, numRuns: 60 },
      );
    });
  });
});

describe("encodeClaimCall", () => {
  const abi = new Interface([
    "function claim(uint256 child, uint256 edge, address token)",
    "function claimBatch((uint256 child, uint256 edge)[] claims, address token)",
    "function claimPath(uint256 child, uint256[] edges, address token)",
  ]);

  it("encodes each of the three calls", () => {
    const claims = [
      { child: 3n, edge: 1, parent: 2n, amount: 5n },
      { child: 2n, edge: 0, parent: 1n, amount: 4n },
    ];
    const encoded = [claims.slice(0, 1), claims, claims.toReversed()].map((list) =>
      callsFor(list, ZeroAddress).map(encodeClaimCall),
    );
    expect(encoded).to.deep.equal([
      [abi.encodeFunctionData("claim", [3, 1, ZeroAddress])],
      [abi.encodeFunctionData("claimPath", [3, [1, 0], ZeroAddress])],
      [
        abi.encodeFunctionData("claimBatch", [
          [
            { child: 2, edge: 0 },
            { child: 3, edge: 1 },
          ],
          ZeroAddress,
        ]),
      ],
    ]);
  });
});
