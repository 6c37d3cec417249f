import { loadFixture, takeSnapshot, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, type ContractTransactionResponse } from "ethers";
import fc from "fast-check";

import {
  CANCEL_DELAY,
  DAY,
  DOCUMENT,
  KIND,
  MAX_OPEN,
  REF,
  SHARE,
  USD,
  redemptionFixture,
  type Redemptions,
} from "../fixtures/redemptions";
import { DividendModel, HOLDERS, type Part } from "../helpers/DividendModel";
import { errorName, holderOf } from "../helpers/models";

const RUNS = 50;
const LENGTH = 60;
const SEED = 20_261_126;
const FEE_BPS = 10n;
const INITIAL = [1_000n * SHARE, 500n * SHARE, 250n * SHARE];
const TWO_YEARS = 1_460;

/** What is tried on the model and on the chain; the two must agree on the outcome. */
interface Step {
  describe: string;
  model: (model: DividendModel) => string | null;
  chain: (world: Redemptions) => Promise<ContractTransactionResponse>;
}

const holder = fc.constantFrom(...HOLDERS);
const dividendId = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 }) },
);
const requestId = fc.integer({ min: 1, max: 5 });
/** Odd ones, so that rounding has something to do. */
const shares = fc.oneof(
  fc.bigInt(SHARE, 120n * SHARE),
  fc.bigInt(1n, 120n).map((n) => n * SHARE),
);
const part: fc.Arbitrary<Part> = fc.oneof(
  holder.map((key) => ({ kind: "account", key }) as const),
  holder.map((key) => ({ kind: "wrapped", key }) as const),
  requestId.map((key) => ({ kind: "request", key }) as const),
);

const claimOn = (w: Redemptions, id: number, { kind, key }: Part): Promise<ContractTransactionResponse> => {
  const by = w.distributor.connect(w.stranger);
  if (kind === "request") return by.claimRequest(id, key);
  return kind === "account" ? by.claim(id, holderOf(w, key)) : by.claimWrapped(id, holderOf(w, key));
};

const claimableOn = (w: Redemptions, id: number, { kind, key }: Part): Promise<bigint> => {
  if (kind === "request") return w.distributor.claimableRequest(id, key);
  return kind === "account"
    ? w.distributor.claimable(id, holderOf(w, key))
    : w.distributor.claimableWrapped(id, holderOf(w, key));
};

const moves: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(holder, holder, shares).map(([from, to, n]) => ({
    describe: `transfer ${from}→${to} ${n}`,
    model: (m: DividendModel) => m.transfer(from, to, n),
    chain: (w: Redemptions) => w.token.connect(holderOf(w, from)).transferShares(holderOf(w, to), n),
  })),
  fc.tuple(holder, shares).map(([by, n]) => ({
    describe: `wrap ${by} ${n}`,
    model: (m: DividendModel) => m.wrap(by, n),
    chain: (w: Redemptions) => w.wrapper.connect(holderOf(w, by)).mint(n, holderOf(w, by)),
  })),
  fc.tuple(holder, shares).map(([by, n]) => ({
    describe: `unwrap ${by} ${n}`,
    model: (m: DividendModel) => m.unwrap(by, n),
    chain: (w: Redemptions) => w.wrapper.connect(holderOf(w, by)).redeem(n, holderOf(w, by), holderOf(w, by)),
  })),
  fc.tuple(holder, holder, shares).map(([from, to, n]) => ({
    describe: `units ${from}→${to} ${n}`,
    model: (m: DividendModel) => m.transferUnits(from, to, n),
    chain: (w: Redemptions) => w.wrapper.connect(holderOf(w, from)).transfer(holderOf(w, to), n),
  })),
  fc.tuple(holder, shares).map(([by, n]) => ({
    describe: `request ${by} ${n}`,
    model: (m: DividendModel) => m.request(by, n, false, 0n),
    chain: (w: Redemptions) => w.queue.connect(holderOf(w, by)).request(w.token, n, ZeroAddress, 0n, REF),
  })),
  requestId.map((id) => ({
    describe: `reject ${id}`,
    model: (m: DividendModel) => m.reject(id),
    chain: (w: Redemptions) => w.queue.connect(w.redeemer).reject(id, REF),
  })),
  requestId.map((id) => ({
    describe: `lock ${id}`,
    model: (m: DividendModel) => m.lock(id),
    chain: (w: Redemptions) => w.queue.connect(w.redeemer).lock(id),
  })),
  requestId.map((id) => ({
    describe: `settle ${id}`,
    model: (m: DividendModel) => m.settle(id, 0n, true),
    chain: (w: Redemptions) => w.queue.connect(w.redeemer).settle(id, 0n, REF),
  })),
  fc.tuple(requestId, holder).map(([id, to]) => ({
    describe: `seize ${id}→${to}`,
    model: (m: DividendModel) => m.seize(id, to),
    chain: (w: Redemptions) => w.queue.connect(w.enforcer).seize(id, holderOf(w, to)),
  })),
  fc.tuple(holder, shares).map(([from, n]) => ({
    describe: `donate ${from} ${n}`,
    model: (m: DividendModel) => m.donate(from, n),
    chain: (w: Redemptions) => w.token.connect(holderOf(w, from)).transferShares(w.queue, n),
  })),
);

const snapshot: Step = {
  describe: "snapshot",
  model: (m) => m.snapshot(),
  chain: (w) => w.token.snapshot(),
};

const fund = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.oneof(fc.bigInt(0n, 5_000n * USD), fc.bigInt(0n, 10n)))
  .map(([of, amount]) => ({
    describe: `fund ${of} ${amount}`,
    model: (m: DividendModel) => m.fund(of, amount),
    chain: (w: Redemptions) => w.distributor.connect(w.corp).fund(w.token, of, amount, DOCUMENT),
  }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: moves },
  {
    weight: 2,
    arbitrary: fc.tuple(holder, fc.boolean()).map(([who, blocked]) => ({
      describe: `${blocked ? "block" : "unblock"} ${who}`,
      model: (m: DividendModel) => m.setBlocked(who, blocked),
      chain: (w: Redemptions) => w.registry.setRestrictions(holderOf(w, who), 2n, blocked ? 2n : 0n),
    })),
  },
  { weight: 3, arbitrary: fc.constant(snapshot) },
  { weight: 4, arbitrary: fund },
  {
    weight: 12,
    arbitrary: fc.tuple(dividendId, part).map(([id, of]) => ({
      describe: `claim ${id} ${of.kind} ${of.key}`,
      model: (m: DividendModel) => m.claim(id, of),
      chain: (w: Redemptions) => claimOn(w, id, of),
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(dividendId, fc.array(holder, { maxLength: 5 })).map(([id, accounts]) => ({
      describe: `claimBatch ${id} ${accounts.join()}`,
      model: (m: DividendModel) => m.claimBatch(id, accounts),
      chain: (w: Redemptions) =>
        w.distributor.connect(w.stranger).claimBatch(
          id,
          accounts.map((i) => holderOf(w, i)),
        ),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constant({
      describe: "two years pass",
      model: (m: DividendModel) => m.pass(TWO_YEARS),
      chain: async (w: Redemptions) => {
        await time.increase((DAY * BigInt(TWO_YEARS)) / 2n);
        return w.registry.setSanctionsList(ZeroAddress); // any transaction
      },
    }),
  },
  {
    weight: 2,
    arbitrary: dividendId.map((id) => ({
      describe: `reclaim ${id}`,
      model: (m: DividendModel) => m.reclaim(id),
      chain: (w: Redemptions) => w.distributor.connect(w.config).reclaim(id, w.config),
    })),
  },
);

/** Some moves, a snapshot with a dividend, and then anything. */
const story: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.array(moves, { minLength: 4, maxLength: 12, size: "max" }),
    fund,
    fc.array(step, { minLength: 20, maxLength: LENGTH, size: "max" }),
  )
  .map(([before, first, after]) => [...before, snapshot, first, ...after]);

/** For each dividend: paid + claimable + dust = funded, and the money for it is there. */
const expectBooks = async (w: Redemptions, model: DividendModel): Promise<void> => {
  expect(await w.distributor.count()).to.equal(model.dividends.length);
  let left = 0n;
  for (const [index, dividend] of model.dividends.entries()) {
    const id = index + 1;
    const { funded, paid, closed } = await w.distributor.dividendOf(id);
    expect([funded, paid, closed], `dividend ${id}`).to.deep.equal([dividend.funded, dividend.paid, dividend.closed]);
    if (dividend.closed) continue;
    left += funded - paid;
    const parts = model.partsOf(dividend);
    let claimable = 0n;
    for (const of of parts) {
      const entitlement = model.entitlement(dividend, of);
      const claimed = dividend.claimed.has(`${of.kind} ${of.key}`);
      const blocked = entitlement !== null && model.blocked[entitlement.account] === true;
      const expected = claimed || entitlement === null ? 0n : entitlement.amount;
      expect(await claimableOn(w, id, of), `${of.kind} ${of.key} of ${id}`).to.equal(blocked ? 0n : expected);
      claimable += expected;
    }
    // Rounding leaves less than two units for each part; what was given to the queue without a request, its own part.
    const { donated, total } = dividend.snapshot;
    const dust = funded - paid - claimable;
    const unclaimable = (funded * donated) / total;
    expect(dust, `dust of ${id}`).to.be.within(unclaimable, unclaimable + 2n * BigInt(parts.length) + 1n);
  }
  expect(await w.usd.balanceOf(w.distributor), "money held").to.equal(left);
};

describe("DividendDistributor against its model @long", () => {
  it(`agrees on outcomes, payments and books (${RUNS} runs of up to ${LENGTH} steps)`, async () => {
    const world = await loadFixture(redemptionFixture);
    const { distributor, queue, token, wrapper, usd, config } = world;
    await usd.setParams(FEE_BPS, 49n);
    const start = await takeSnapshot();
    const counts = { steps: 0, succeeded: 0, partsClaimed: 0 };
    const errors = new Map<string, number>();
    const kinds = new Set<string>();

    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        await start.restore();
        const model = new DividendModel(INITIAL, {
          minShares: SHARE,
          maxOpen: Number(MAX_OPEN),
          cancelDelay: Number((2n * CANCEL_DELAY) / DAY),
          feeBps: FEE_BPS,
        });
        for (const { describe: what, model: onModel, chain } of steps) {
          const expected = onModel(model);
          let actual: string | null = null;
          try {
            await chain(world);
          } catch (error: unknown) {
            actual = errorName([distributor, queue, token, wrapper], error);
          }
          expect(actual, what).to.equal(expected);
          counts.steps += 1;
          if (actual === null) counts.succeeded += 1;
          else errors.set(actual, (errors.get(actual) ?? 0) + 1);
        }
        await expectBooks(world, model);
        expect(await usd.balanceOf(config)).to.equal(model.reclaimed);

        // Then everybody claims all that there is, and nothing is left but dust.
        for (const i of HOLDERS) {
          model.setBlocked(i, false);
          await world.registry.setRestrictions(holderOf(world, i), 2n, 0n);
        }
        for (const [index, dividend] of model.dividends.entries()) {
          for (const of of model.partsOf(dividend)) {
            if (model.claim(index + 1, of) !== null) continue;
            await claimOn(world, index + 1, of);
            counts.partsClaimed += 1;
          }
          for (const of of dividend.claimed) kinds.add(of.split(" ")[0] ?? of);
        }
        await expectBooks(world, model);
        for (const i of HOLDERS) {
          expect(await usd.balanceOf(holderOf(world, i)), `money of ${i}`).to.equal(model.money[i]);
          for (const [index, dividend] of model.dividends.entries()) {
            expect(await distributor.isClaimed(index + 1, KIND.Account, holderOf(world, i).address)).to.equal(
              dividend.claimed.has(`account ${i}`),
            );
          }
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    const refusals = [...errors].map(([name, n]) => `${name} ${n}`).join(", ");
    console.log(`      seed ${SEED}: ${counts.steps} steps, ${counts.succeeded} succeeded; refused: ${refusals}`);
    // An idle generator proves nothing.
    expect(counts.succeeded).to.be.greaterThan(RUNS * 8);
    expect(counts.partsClaimed).to.be.greaterThan(RUNS);
    expect([...kinds].sort()).to.deep.equal(["account", "request", "wrapped"]);
    for (const name of [
      "UnknownSnapshot",
      "AmountTooSmall",
      "UnknownDividend",
      "AlreadyClaimed",
      "NothingToClaim",
      "AccountBlocked",
      "DividendIsClosed",
      "TooEarly",
    ]) {
      expect(errors.get(name) ?? 0, name).to.be.greaterThan(0);
    }
  }).timeout(300_000);
});
