import { loadFixture, takeSnapshot, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, ZeroHash, type ContractTransactionResponse } from "ethers";
import fc from "fast-check";

import {
  CANCEL_DELAY,
  DAY,
  MAX_OPEN,
  REF,
  SHARE,
  STATE,
  USD,
  redemptionFixture,
  type Redemptions,
} from "../fixtures/redemptions";
import { DividendModel, HOLDERS } from "../helpers/DividendModel";
import { errorName, holderOf } from "../helpers/models";

const RUNS = 60;
const LENGTH = 60;
const SEED = 20_261_125;
const FEE_BPS = 10n;
const INITIAL = [1_000n * SHARE, 500n * SHARE, 250n * SHARE];

/** What is tried on the model and on the chain; the two must agree on the outcome. */
interface Step {
  describe: string;
  model: (model: DividendModel) => string | null;
  chain: (world: Redemptions) => Promise<ContractTransactionResponse>;
}

const holder = fc.constantFrom(...HOLDERS);
/** Mostly one that exists. */
const requestId = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 12 }) },
);
/** Around the fewest shares of a request, and around all that a holder has. */
const shares = fc.oneof(
  fc.bigInt(0n, 120n).map((n) => n * SHARE),
  fc.constantFrom(SHARE - 1n, SHARE, 250n * SHARE, 500n * SHARE + 1n),
);
const money = fc.bigInt(0n, 20n).map((n) => n * USD);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(holder, shares, fc.constantFrom("on", "on", "off", "mixed"), money)
      .map(([by, n, where, least]) => {
        const onChain = where === "on";
        const minOut = where === "off" ? 0n : least;
        return {
          describe: `request ${by} ${n} ${where} ${minOut}`,
          model: (m: DividendModel) => m.request(by, n, onChain, minOut),
          chain: (w: Redemptions) =>
            w.queue.connect(holderOf(w, by)).request(w.token, n, onChain ? w.usd : ZeroAddress, minOut, REF),
        };
      }),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(holder, requestId).map(([by, id]) => ({
      describe: `cancel ${by} ${id}`,
      model: (m: DividendModel) => m.cancel(m.requestOf(id)?.requester === 0 ? 0 : by, id),
      chain: async (w: Redemptions) => {
        const { requester } = await w.queue.requestOf(id);
        return w.queue.connect(requester === w.alice.address ? w.alice : holderOf(w, by)).cancel(id);
      },
    })),
  },
  {
    weight: 5,
    arbitrary: requestId.map((id) => ({
      describe: `lock ${id}`,
      model: (m: DividendModel) => m.lock(id),
      chain: (w: Redemptions) => w.queue.connect(w.redeemer).lock(id),
    })),
  },
  {
    weight: 9,
    arbitrary: fc.tuple(requestId, money, fc.boolean(), fc.boolean()).map(([id, out, referenced, exact]) => {
      // Often what was asked for, and the fee: else little would be settled.
      const amount = (least: bigint): bigint => (exact ? (least * 1_002n) / 1_000n : out);
      return {
        describe: `settle ${id} ${exact ? "enough" : out} ${referenced}`,
        model: (m: DividendModel) => m.settle(id, amount(m.requestOf(id)?.minOut ?? 0n), referenced),
        chain: async (w: Redemptions) => {
          const { minOut } = await w.queue.requestOf(id);
          return w.queue.connect(w.redeemer).settle(id, amount(minOut), referenced ? REF : ZeroHash);
        },
      };
    }),
  },
  {
    weight: 2,
    arbitrary: requestId.map((id) => ({
      describe: `reject ${id}`,
      model: (m: DividendModel) => m.reject(id),
      chain: (w: Redemptions) => w.queue.connect(w.redeemer).reject(id, REF),
    })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(requestId, holder).map(([id, to]) => ({
      describe: `seize ${id}→${to}`,
      model: (m: DividendModel) => m.seize(id, to),
      chain: (w: Redemptions) => w.queue.connect(w.enforcer).seize(id, holderOf(w, to)),
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(holder, shares).map(([from, n]) => ({
      describe: `donate ${from} ${n}`,
      model: (m: DividendModel) => m.donate(from, n),
      chain: (w: Redemptions) => w.token.connect(holderOf(w, from)).transferShares(w.queue, n),
    })),
  },
  {
    weight: 1,
    arbitrary: holder.map((to) => ({
      describe: `sweep →${to}`,
      model: (m: DividendModel) => m.sweep(to),
      chain: (w: Redemptions) => w.queue.connect(w.config).sweep(w.token, holderOf(w, to)),
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(holder, holder, shares).map(([from, to, n]) => ({
      describe: `transfer ${from}→${to} ${n}`,
      model: (m: DividendModel) => m.transfer(from, to, n),
      chain: (w: Redemptions) => w.token.connect(holderOf(w, from)).transferShares(holderOf(w, to), n),
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(holder, fc.boolean()).map(([who, blocked]) => ({
      describe: `${blocked ? "block" : "unblock"} ${who}`,
      model: (m: DividendModel) => m.setBlocked(who, blocked),
      chain: (w: Redemptions) => w.registry.setRestrictions(holderOf(w, who), 2n, blocked ? 2n : 0n),
    })),
  },
  {
    weight: 3,
    arbitrary: fc.constant({
      describe: "snapshot",
      model: (m: DividendModel) => m.snapshot(),
      chain: (w: Redemptions) => w.token.snapshot(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.constant({
      describe: "half a day passes",
      model: (m: DividendModel) => m.pass(1),
      chain: async (w: Redemptions) => {
        await time.increase(DAY / 2n);
        return w.registry.setSanctionsList(ZeroAddress); // any transaction
      },
    }),
  },
);

const expectHolders = async (world: Redemptions, model: DividendModel): Promise<void> => {
  for (const i of HOLDERS) {
    const account = holderOf(world, i);
    expect(await world.token.sharesOf(account), `shares of ${i}`).to.equal(model.shares[i]);
    expect(await world.usd.balanceOf(account), `money of ${i}`).to.equal(model.money[i]);
  }
};

describe("RedemptionQueue against its model @long", () => {
  it(`agrees on outcomes, shares, escrow and every snapshot (${RUNS} runs of up to ${LENGTH} steps)`, async () => {
    const world = await loadFixture(redemptionFixture);
    const { queue, token, usd, stock, escrow } = world;
    await usd.setParams(FEE_BPS, 49n);
    const start = await takeSnapshot();
    const all = INITIAL.reduce((sum, n) => sum + n);
    const counts = { steps: 0, succeeded: 0 };
    const errors = new Map<string, number>();
    const ends = new Map<bigint, number>();

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: LENGTH, size: "max" }), async (steps) => {
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
            actual = errorName([queue, token], error);
          }
          expect(actual, what).to.equal(expected);
          expect(await queue.escrowed(stock), `escrow after ${what}`).to.equal(model.escrowed);
          expect(await token.sharesOf(escrow), `shares after ${what}`).to.equal(model.escrowed + model.donated);
          expect(await token.totalShares(), `all shares after ${what}`).to.equal(all - model.burned);
          expect(model.total + model.burned, `the model's own after ${what}`).to.equal(all);
          counts.steps += 1;
          if (actual === null) counts.succeeded += 1;
          else errors.set(actual, (errors.get(actual) ?? 0) + 1);
        }
        await expectHolders(world, model);
        for (const i of HOLDERS) {
          const open = model.requests.filter(
            (r) => r.requester === i && (r.state === "Pending" || r.state === "Locked"),
          ).length;
          expect(await queue.openOf(token, holderOf(world, i))).to.equal(open);
        }
        expect(await queue.count()).to.equal(model.requests.length);
        for (const [index, request] of model.requests.entries()) {
          const id = index + 1;
          const { state } = await queue.requestOf(id);
          expect(state, `state of ${id}`).to.equal(STATE[request.state]);
          ends.set(state, (ends.get(state) ?? 0) + 1);
          for (const [at, snapshot] of model.snapshots.entries()) {
            const [requester, held] = await queue.wasEscrowedAt(id, token, at + 1);
            const expected = snapshot.requests.get(id);
            expect(held, `shares of ${id} at ${at + 1}`).to.equal(expected?.shares ?? 0n);
            const whose = expected === undefined ? ZeroAddress : holderOf(world, expected.requester).address;
            expect(requester, `requester of ${id} at ${at + 1}`).to.equal(whose);
          }
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    const refusals = [...errors].map(([name, n]) => `${name} ${n}`).join(", ");
    console.log(`      seed ${SEED}: ${counts.steps} steps, ${counts.succeeded} succeeded; refused: ${refusals}`);
    // An idle generator proves nothing.
    expect(counts.succeeded).to.be.greaterThan(RUNS * 8);
    for (const state of Object.values(STATE).slice(1))
      expect(ends.get(state) ?? 0, `state ${state}`).to.be.greaterThan(0);
    for (const name of [
      "BadState",
      "NotRequester",
      "TooEarly",
      "TooManyOpen",
      "BelowMinimum",
      "InvalidMinimum",
      "InsufficientPayment",
      "InvalidOffChainPayment",
      "RequesterBlocked",
      "RequesterNotBlocked",
      "NothingToSweep",
    ]) {
      expect(errors.get(name) ?? 0, name).to.be.greaterThan(0);
    }
  }).timeout(300_000);
});
