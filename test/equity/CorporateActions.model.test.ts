import { takeSnapshot, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { id as digest, type ContractTransactionResponse } from "ethers";
import fc from "fast-check";

import { HELD, WAD, call, loadEquity, refresh, type EquityFixture } from "../fixtures/equity";
import { ActionsModel, HOLDERS, type Holder } from "../helpers/ActionsModel";

const RUNS = 60;
const LENGTH = 40;
const SEED = 20_261_125;
const DAY = 86_400;
const RESERVES = 1_000_000n * WAD;
const DOCUMENT = digest("announcement");

interface World {
  suite: EquityFixture;
  model: ActionsModel;
  holders: HardhatEthersSigner[];
}

/** What is tried on both, once time has come to where the step wants it. */
interface Step {
  describe: string;
  /** Seconds to wait first. */
  wait: Wait;
  /** Tries it; answers the model's outcome and the chain's, null where it succeeds. */
  run: (world: World) => Promise<[expected: string | null, actual: string | null]>;
}

/** By so many seconds, or to an edge of the action that is to come or was the last. */
type Wait = { by: number } | { edge: "effectiveAt" | "haltStart" | "haltEnd"; offset: number };

const outcome = async (tx: () => Promise<ContractTransactionResponse>): Promise<string | null> => {
  try {
    await tx();
    return null;
  } catch (error: unknown) {
    const name = /custom error '(\w+)/.exec(error instanceof Error ? error.message : String(error))?.[1];
    if (name === undefined) throw error;
    return name;
  }
};

const signerOf = ({ holders }: World, holder: Holder): HardhatEthersSigner => {
  const signer = holders[holder];
  if (signer === undefined) throw new Error(`no holder ${holder}`);
  return signer;
};

const targetOf = (wait: Wait, { now, effectiveAt, haltMinutes }: ActionsModel): number => {
  if ("by" in wait) return now + wait.by;
  const halt = haltMinutes * 60;
  const edge = { effectiveAt, haltStart: effectiveAt - halt, haltEnd: effectiveAt + halt }[wait.edge];
  // What is past is past.
  return Math.max(now, edge + wait.offset);
};

/** Brings both to a second, and holds the chain in it for the next transaction. */
const goTo = async ({ model }: World, second: number): Promise<void> => {
  if (second > (await time.latest())) await time.increaseTo(second);
  await time.setNextBlockTimestamp(second);
  model.advance(second);
};

const wait: fc.Arbitrary<Wait> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ by: fc.constantFrom(0, 0, 1, 60, 3_600, DAY) }) },
  { weight: 2, arbitrary: fc.record({ by: fc.integer({ min: 0, max: 40 * DAY }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      edge: fc.constantFrom("effectiveAt" as const, "haltStart" as const, "haltEnd" as const),
      offset: fc.constantFrom(-1, 0, 1),
    }),
  },
);

const holder = fc.constantFrom(...HOLDERS);
const RATIOS: [bigint, bigint][] = [
  [2n, 1n],
  [10n, 1n],
  [1_000n, 1n],
  [1_001n, 1n],
  [3n, 2n],
  [5n, 4n],
  [101n, 100n],
  [1_000_001n, 1_000_000n],
  [1n, 1n],
  [999n, 1_000n],
  [99n, 100n],
  [98n, 100n],
  [979n, 1_000n],
  [1n, 2n],
  [1n, 3n],
  [1n, 1_000n],
  [1n, 1_001n],
  [0n, 1n],
  [1n, 0n],
];
/** Ratios that each kind allows, so that most proposals are good ones. */
const GOOD: [number, bigint, bigint][] = [
  [0, 2n, 1n],
  [0, 10n, 1n],
  [0, 7n, 3n],
  [0, 1_000n, 1n],
  [1, 1n, 2n],
  [1, 1n, 7n],
  [1, 979n, 1_000n],
  [1, 1n, 1_000n],
  [2, 101n, 100n],
  [2, 5n, 4n],
  [3, 99n, 100n],
  [3, 98n, 100n],
];
const proposal = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...GOOD) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(...RATIOS))
      .map(([kind, [numerator, denominator]]): [number, bigint, bigint] => [kind, numerator, denominator]),
  },
);
const notice = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(DAY, DAY + 1, 2 * DAY, 5 * DAY) },
  { weight: 1, arbitrary: fc.constantFrom(3_599, 3_600, DAY - 1, 180 * DAY, 180 * DAY + 1) },
);
const halt = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 15 }) },
  { weight: 1, arbitrary: fc.constantFrom(15, 16) },
);
const miscount = fc.oneof({ weight: 9, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.constant(1n) });
/** Parts of a balance in thousandths, a little more than all, or units. */
const part = fc.oneof(fc.bigInt(0n, 1_001n), fc.constant(1_000n));
const few = fc.bigInt(0n, 10n);

const schedule = fc
  .tuple(wait, proposal, notice, halt, miscount)
  .map(([first, [kind, numerator, denominator], ahead, haltMinutes, off]): Step => ({
    describe: `schedule ${kind} ${numerator}/${denominator} in ${ahead}, halt ${haltMinutes}, nonce +${off}`,
    wait: first,
    run: async ({ suite, model }) => {
      const { corporateActions, equityAddress, holders, feed } = suite;
      await refresh(feed);
      await time.setNextBlockTimestamp(model.now);
      const effectiveAt = model.now + ahead;
      const nonce = model.nonce + off;
      const action = { kind, effectiveAt, haltMinutes, numerator, denominator, document: DOCUMENT };
      const expected = model.schedule({ kind, numerator, denominator, effectiveAt, haltMinutes, nonce });
      const connected = corporateActions.connect(holders.EQUITY_CORP_ACTION);
      return [expected, await outcome(() => connected.scheduleAction(equityAddress, action, nonce))];
    },
  }));

const cancel = fc.tuple(wait, miscount).map(([first, off]): Step => ({
  describe: `cancel, nonce +${off}`,
  wait: first,
  run: async ({ suite: { corporateActions, equityAddress, holders }, model }) => {
    const nonce = model.nonce + off;
    const expected = model.cancel(nonce);
    const connected = corporateActions.connect(holders.EQUITY_CORP_ACTION);
    return [expected, await outcome(() => connected.cancelAction(equityAddress, nonce))];
  },
}));

const poke = wait.map((first): Step => ({
  describe: "poke",
  wait: first,
  run: async ({ suite: { corporateActions, equity, equityAddress, stranger }, model }) => {
    const due = model.due();
    const actual = await outcome(() => corporateActions.connect(stranger).poke(equityAddress));
    if (typeof due === "string") return [due, actual];
    const multiplier = await equity.multiplier();
    const below = due.numerator - multiplier * due.denominator;
    // Rounded down: once, and by four parts in 10^18 of a period.
    expect(below >= 0n, "a fee rounded up").to.equal(true);
    const bound = due.denominator + (due.numerator * 4n * BigInt(due.periods)) / WAD;
    expect(below <= bound, "a fee too far below").to.equal(true);
    model.applied(due, multiplier);
    return [null, actual];
  },
}));

const setFee = fc
  .constantFrom<[bigint, number]>(
    [WAD - 10n ** 15n, DAY],
    [WAD - 10n ** 13n, DAY],
    [(98n * WAD) / 100n, 30 * DAY],
    [0n, 0],
  )
  .map(([keep, period]): Step => ({
    describe: `fee ${keep} in ${period}`,
    wait: { by: 0 },
    run: async (world) => {
      const { suite, model } = world;
      const { corporateActions, equityAddress } = suite;
      await call(suite, "EQUITY_CONFIG", corporateActions, "setFee", [equityAddress, keep, period]);
      model.advance(await time.latest());
      model.setFee(keep, period);
      return [null, null];
    },
  }));

const transfer = fc.tuple(wait, holder, holder, part).map(([first, from, to, thousandths]): Step => ({
  describe: `transfer ${from}→${to} ${thousandths} thousandths`,
  wait: first,
  run: async (world) => {
    const { suite, model } = world;
    const amount = (model.balanceOf(from) * thousandths) / 1_000n;
    const expected = model.transfer(from, to, amount);
    const equity = suite.equity.connect(signerOf(world, from));
    return [expected, await outcome(() => equity.transfer(signerOf(world, to), amount))];
  },
}));

const transferShares = fc.tuple(wait, holder, holder, few).map(([first, from, to, shares]): Step => ({
  describe: `transferShares ${from}→${to} ${shares}`,
  wait: first,
  run: async (world) => {
    const expected = world.model.transferShares(from, to, shares);
    const equity = world.suite.equity.connect(signerOf(world, from));
    return [expected, await outcome(() => equity.transferShares(signerOf(world, to), shares))];
  },
}));

const approve = fc.tuple(holder, holder, few).map(([owner, spender, amount]): Step => ({
  describe: `approve ${owner}→${spender} ${amount}`,
  wait: { by: 0 },
  run: async (world) => {
    const expected = world.model.approve(owner, spender, amount);
    const equity = world.suite.equity.connect(signerOf(world, owner));
    return [expected, await outcome(() => equity.approve(signerOf(world, spender), amount))];
  },
}));

const transferFrom = fc.tuple(wait, holder, holder, holder, few).map(([first, by, from, to, amount]): Step => ({
  describe: `transferFrom by ${by} ${from}→${to} ${amount}`,
  wait: first,
  run: async (world) => {
    const expected = world.model.transferFrom(by, from, to, amount);
    const equity = world.suite.equity.connect(signerOf(world, by));
    return [expected, await outcome(() => equity.transferFrom(signerOf(world, from), signerOf(world, to), amount))];
  },
}));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: schedule },
  { weight: 2, arbitrary: cancel },
  { weight: 3, arbitrary: poke },
  { weight: 1, arbitrary: setFee },
  { weight: 3, arbitrary: transfer },
  { weight: 2, arbitrary: transferShares },
  { weight: 2, arbitrary: approve },
  { weight: 2, arbitrary: transferFrom },
);

/** All that the token, the wrapper and the contract of actions say, and what the model does. */
const compare = async (world: World, after: string): Promise<void> => {
  const { suite, model } = world;
  const { equity, wrapper, corporateActions, equityAddress } = suite;
  const { now, multiplier, effectiveAt, haltMinutes, epoch, nonce } = model;
  const next = model.coming?.multiplier;
  const [pending, time_, halt_] = await equity.pendingMultiplier();
  const actual = {
    multiplier: await equity.multiplier(),
    pending: [pending, time_, halt_],
    uiMultiplier: await wrapper.uiMultiplier(),
    newUIMultiplier: await wrapper.newUIMultiplier(),
    uiEffectiveAt: await wrapper.effectiveAt(),
    lastActionAt: await equity.lastActionAt(),
    isHalted: await equity.isHalted(),
    epoch: await equity.allowanceEpoch(),
    nonce: await corporateActions.nonce(equityAddress),
    count: await corporateActions.actionCount(equityAddress),
    totalShares: await equity.totalShares(),
    shares: await Promise.all(world.holders.map((each) => equity.sharesOf(each))),
    balances: await Promise.all(world.holders.map((each) => equity.balanceOf(each))),
    allowance: await equity.allowance(signerOf(world, 0), signerOf(world, 1)),
  };
  const expected = {
    multiplier,
    pending: [next ?? 0n, BigInt(effectiveAt), BigInt(haltMinutes)],
    uiMultiplier: multiplier,
    newUIMultiplier: next ?? multiplier,
    uiEffectiveAt: BigInt(effectiveAt),
    lastActionAt: BigInt(model.lastAt),
    isHalted: model.isHalted,
    epoch,
    nonce,
    count: nonce + (next === undefined ? 0n : 1n),
    totalShares: model.totalShares,
    shares: model.shares,
    balances: HOLDERS.map((each) => model.balanceOf(each)),
    allowance: model.allowance(0, 1),
  };
  expect(actual, `${after}, at ${now}`).to.deep.equal(expected);
};

describe("Corporate actions against their model", () => {
  it(`token, wrapper and history agree with it in every second (${RUNS} runs of up to ${LENGTH} steps) @long`, async function () {
    this.timeout(600_000);
    const suite = await loadEquity();
    const { alice, bob, carol, corporateActions, equityAddress } = suite;
    await call(suite, "EQUITY_CONFIG", corporateActions, "setFee", [equityAddress, WAD - 10n ** 15n, DAY]);
    const since = await time.latest();
    const start = await takeSnapshot();
    const counts = { steps: 0, succeeded: 0, actions: 0, fees: 0, epochs: 0 };
    const refusals = new Map<string, number>();

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: LENGTH, size: "max" }), async (steps) => {
        await start.restore();
        const world: World = {
          suite,
          model: new ActionsModel(since, HELD, RESERVES),
          holders: [alice, bob, carol],
        };
        const { model } = world;
        model.setFee(WAD - 10n ** 15n, DAY);
        for (const { describe: what, wait: first, run } of steps) {
          const target = targetOf(first, model);
          const { coming } = model;
          if (coming !== null && target >= coming.at) {
            // On the way: the second before it takes effect, and its second.
            for (const second of [Math.max(model.now, coming.at - 1), coming.at]) {
              await goTo(world, second);
              await compare(world, `on the way to ${what}`);
            }
            expect(model.multiplier).to.equal(coming.multiplier);
          }
          await goTo(world, target);
          await compare(world, `before ${what}`);
          const before = model.nonce;
          const [expected, actual] = await run(world);
          expect(actual, what).to.equal(expected);
          expect(model.nonce >= before, "the nonce fell").to.equal(true);
          await compare(world, `after ${what}`);
          counts.steps += 1;
          if (what === "poke" && actual === null) counts.fees += 1;
          if (actual === null) counts.succeeded += 1;
          else refusals.set(actual, (refusals.get(actual) ?? 0) + 1);
        }
        counts.actions += Number(model.nonce);
        counts.epochs += Number(model.epoch);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    const refused = [...refusals].map(([name, n]) => `${name} ${n}`).join(", ");
    console.log(
      `      seed ${SEED}: ${counts.steps} steps, ${counts.succeeded} succeeded, ${counts.actions} actions, ` +
        `${counts.fees} of them fees, ${counts.epochs} epochs; refused: ${refused}`,
    );
    // An idle generator proves nothing.
    expect(counts.actions).to.be.greaterThan(2 * RUNS);
    expect(counts.fees).to.be.greaterThan(RUNS / 2);
    expect(counts.epochs).to.be.greaterThan(RUNS / 4);
    for (const name of ["ScheduleOverlap", "StaleNonce", "NothingScheduled", "NothingAccrued", "CorporateActionHalt"]) {
      expect([...refusals.keys()]).to.include(name);
    }
  });
});
