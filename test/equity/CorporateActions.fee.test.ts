import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, id as digest, type ContractTransactionResponse } from "ethers";

import { HELD_ROLES } from "../../deploy/roles";
import {
  DAY,
  HELD,
  KIND,
  SHARE,
  WAD,
  act,
  call,
  loadEquity,
  mint,
  refresh,
  scheduleAction,
  type EquityFixture,
} from "../fixtures/equity";

const PERIOD = 86_400;
const MAX_PERIOD = 366 * DAY;
const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_UINT32 = 2n ** 32n - 1n;
/** What one application of the fee leaves at least. */
const LEAST_KEPT = (98n * WAD) / 100n;
/** A tenth of a percent a day. */
const TENTH = WAD - WAD / 1_000n;
/** One percent a year, in days. */
const YEARLY = 999_972_465_000_000_000n;

/** Sets the fee through its delay; answers the second in which it began. */
const setFee = async (suite: EquityFixture, keep: bigint, period: bigint | number): Promise<number> => {
  await call(suite, "EQUITY_CONFIG", suite.corporateActions, "setFee", [suite.equityAddress, keep, period]);
  return time.latest();
};

const pokeAt = async (
  { corporateActions, equityAddress, stranger }: EquityFixture,
  second: number,
): Promise<() => Promise<ContractTransactionResponse>> => {
  await time.setNextBlockTimestamp(second);
  return () => corporateActions.connect(stranger).poke(equityAddress);
};

const gasOf = async (tx: Promise<ContractTransactionResponse>): Promise<bigint> => {
  const receipt = await (await tx).wait();
  if (receipt === null) throw new Error("not mined");
  return receipt.gasUsed;
};

/** How many of the due periods leave 98 percent, counted one by one and in exact fractions. */
const affordable = (keep: bigint, due: number): number => {
  let [kept, whole, periods] = [1n, 1n, 0];
  while (periods < due && kept * keep * 100n >= whole * WAD * 98n) {
    kept *= keep;
    whole *= WAD;
    periods += 1;
  }
  return periods;
};

/** The multiplier after so many periods, and its scale: exact. */
const exact = (multiplier: bigint, keep: bigint, periods: number): [bigint, bigint] => [
  multiplier * keep ** BigInt(periods),
  WAD ** BigInt(periods),
];

/** Asserts that a multiplier is the exact one after so many periods, rounded down by four parts in 10^18 each at most. */
const expectRoundedDown = (actual: bigint, keep: bigint, periods: number): void => {
  const [numerator, denominator] = exact(WAD, keep, periods);
  const below = numerator - actual * denominator;
  expect(below >= 0n, "rounded up").to.equal(true);
  expect(below * WAD <= 4n * BigInt(periods) * numerator, "too far below").to.equal(true);
};

describe("CorporateActions, the periodic fee", () => {
  describe("setFee", () => {
    const TAKEN: [bigint, bigint][] = [
      [LEAST_KEPT, BigInt(PERIOD)],
      [LEAST_KEPT, BigInt(MAX_PERIOD)],
      [WAD - 1n, BigInt(PERIOD)],
      [WAD - 1n, BigInt(MAX_PERIOD)],
    ];
    for (const [keep, period] of TAKEN) {
      it(`takes ${keep} in ${period} seconds, at its bounds, from now on`, async () => {
        const suite = await loadEquity();
        const { corporateActions, equityAddress } = suite;
        const set = call(suite, "EQUITY_CONFIG", corporateActions, "setFee", [equityAddress, keep, period]);
        await expect(set).to.emit(corporateActions, "FeeUpdated").withArgs(equityAddress, keep, period);
        const now = BigInt(await time.latest());
        expect(await corporateActions.feeOf(equityAddress)).to.deep.equal([keep, period, now, now]);
      });
    }

    const REFUSED: [bigint, bigint, string][] = [
      [LEAST_KEPT - 1n, BigInt(DAY), "more than two percent a period"],
      [1n, BigInt(DAY), "nearly all"],
      [0n, BigInt(DAY), "all"],
      [WAD, BigInt(DAY), "nothing"],
      [WAD + 1n, BigInt(DAY), "less than nothing"],
      [MAX_UINT64, BigInt(DAY), "what would be cut"],
      [TENTH, 0n, "in no time"],
      [TENTH, BigInt(PERIOD - 1), "in less than a day"],
      [TENTH, BigInt(MAX_PERIOD + 1), "in more than 366 days"],
      [TENTH, MAX_UINT32, "in an age"],
    ];
    for (const [keep, period, what] of REFUSED) {
      it(`refuses a fee of ${what}`, async () => {
        const suite = await loadEquity();
        const { corporateActions, equityAddress } = suite;
        await expect(setFee(suite, keep, period))
          .to.be.revertedWithCustomError(corporateActions, "BadFee")
          .withArgs(keep, period);
        expect(await corporateActions.feeOf(equityAddress)).to.deep.equal([0n, 0n, 0n, 0n]);
      });
    }

    it("ends by two zeros, and what had accrued is waived", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress } = suite;
      await setFee(suite, TENTH, DAY);
      await time.increase(10 * DAY);
      await expect(call(suite, "EQUITY_CONFIG", corporateActions, "setFee", [equityAddress, 0n, 0n]))
        .to.emit(corporateActions, "FeeUpdated")
        .withArgs(equityAddress, 0n, 0n);
      await time.increase(10 * DAY);
      await expect(corporateActions.poke(equityAddress))
        .to.be.revertedWithCustomError(corporateActions, "NothingAccrued")
        .withArgs(MaxUint256);
      expect(await equity.multiplier()).to.equal(WAD);
    });

    it("begins anew with another rate, and what had accrued of the former is waived", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress } = suite;
      await setFee(suite, TENTH, DAY);
      await time.increase(10 * DAY);
      const since = await setFee(suite, LEAST_KEPT, PERIOD);
      const early = await pokeAt(suite, since + PERIOD - 1);
      await expect(early())
        .to.be.revertedWithCustomError(corporateActions, "NothingAccrued")
        .withArgs(since + PERIOD);
      const due = await pokeAt(suite, since + PERIOD);
      await expect(due()).to.emit(corporateActions, "FeeApplied").withArgs(equityAddress, 0n, 1n, LEAST_KEPT);
      expect(await equity.multiplier()).to.equal(LEAST_KEPT);
    });

    it("is the role's alone, after its two days", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress, manager, holders, alice, stranger, deployer } = suite;
      const others = HELD_ROLES.filter((name) => name !== "EQUITY_CONFIG").map((name) => holders[name]);
      for (const caller of [alice, stranger, deployer, ...others]) {
        await expect(corporateActions.connect(caller).setFee(equityAddress, TENTH, DAY))
          .to.be.revertedWithCustomError(corporateActions, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
      const config = holders.EQUITY_CONFIG;
      const data = corporateActions.interface.encodeFunctionData("setFee", [equityAddress, TENTH, DAY]);
      await expect(corporateActions.connect(config).setFee(equityAddress, TENTH, DAY))
        .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
        .withArgs(await manager.hashOperation(config, corporateActions, data));
    });
  });

  describe("poke", () => {
    it("finds nothing without a fee", async () => {
      const { corporateActions, equityAddress } = await loadEquity();
      await expect(corporateActions.poke(equityAddress))
        .to.be.revertedWithCustomError(corporateActions, "NothingAccrued")
        .withArgs(MaxUint256);
    });

    it("applies a period in the second in which it is over, not before, and says so in three places", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress, wrapper } = suite;
      const since = await setFee(suite, TENTH, DAY);
      const early = await pokeAt(suite, since + DAY - 1);
      await expect(early())
        .to.be.revertedWithCustomError(corporateActions, "NothingAccrued")
        .withArgs(since + DAY);
      const due = await pokeAt(suite, since + DAY);
      await expect(due())
        .to.emit(corporateActions, "FeeApplied")
        .withArgs(equityAddress, 0n, 1n, TENTH)
        .and.to.emit(equity, "MultiplierUpdated")
        .withArgs(WAD, TENTH)
        .and.to.emit(wrapper, "UIMultiplierUpdated")
        .withArgs(WAD, TENTH, since + DAY);
      expect(await equity.multiplier()).to.equal(TENTH);
      expect(await wrapper.uiMultiplier()).to.equal(TENTH);
      expect(await wrapper.newUIMultiplier()).to.equal(TENTH);
      expect(await corporateActions.nonce(equityAddress)).to.equal(1n);
      const record = [BigInt(KIND.PeriodicFee), BigInt(since + DAY), TENTH, TENTH, WAD, `0x${"00".repeat(32)}`];
      expect(await corporateActions.actionOf(equityAddress, 0n)).to.deep.equal(record);
      const times = [BigInt(since + DAY), BigInt(since + DAY)];
      expect(await corporateActions.feeOf(equityAddress)).to.deep.equal([TENTH, BigInt(DAY), ...times]);
    });

    it("answers the multiplier, whoever asks", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress, alice } = suite;
      await setFee(suite, TENTH, DAY);
      await time.increase(3 * DAY);
      expect(await corporateActions.connect(alice).poke.staticCall(equityAddress)).to.equal(997_002_999_000_000_000n);
    });

    it("applies whole periods, and once a period at most: from when it was applied, not from when it accrued", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress } = suite;
      const since = await setFee(suite, TENTH, DAY);
      const late = since + 2 * DAY + DAY / 2;
      const first = await pokeAt(suite, late);
      await expect(first())
        .to.emit(corporateActions, "FeeApplied")
        .withArgs(equityAddress, 0n, 2n, 998_001n * 10n ** 12n);
      const fee = await corporateActions.feeOf(equityAddress);
      expect([fee.accruedUntil, fee.appliedAt]).to.deep.equal([BigInt(since + 2 * DAY), BigInt(late)]);
      // The third day is over, and a day since the last time is not.
      for (const second of [since + 3 * DAY, late + DAY - 1]) {
        const early = await pokeAt(suite, second);
        await expect(early())
          .to.be.revertedWithCustomError(corporateActions, "NothingAccrued")
          .withArgs(late + DAY);
      }
      const second = await pokeAt(suite, late + DAY);
      await expect(second())
        .to.emit(corporateActions, "FeeApplied")
        .withArgs(equityAddress, 1n, 1n, 997_002_999n * 10n ** 9n);
      expect((await corporateActions.feeOf(equityAddress)).accruedUntil).to.equal(since + 3 * DAY);
    });

    it("takes a year of one percent at once, rounded down: in the issuer's favour, by less than a part in 10^14", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress } = suite;
      const since = await setFee(suite, YEARLY, DAY);
      const poke = await pokeAt(suite, since + 365 * DAY);
      await poke();
      const multiplier = await equity.multiplier();
      expectRoundedDown(multiplier, YEARLY, 365);
      expect((await corporateActions.feeOf(equityAddress)).accruedUntil).to.equal(since + 365 * DAY);
    });

    it("takes two percent at most, however many periods are due; the rest waits for the next", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress } = suite;
      const since = await setFee(suite, TENTH, DAY);
      const start = since + 365 * DAY;
      let [multiplier, applied] = [WAD, 0];
      for (let i = 0; i < 3; ++i) {
        const poke = await pokeAt(suite, start + i * DAY);
        await poke();
        const periods = affordable(TENTH, 365 + i - applied);
        expect(periods).to.equal(20);
        applied += periods;
        const next = await equity.multiplier();
        expect(next * 100n >= multiplier * 98n).to.equal(true);
        multiplier = next;
        expectRoundedDown(next, TENTH, applied);
        expect((await corporateActions.feeOf(equityAddress)).accruedUntil).to.equal(since + applied * DAY);
        await expect(corporateActions.poke(equityAddress))
          .to.be.revertedWithCustomError(corporateActions, "NothingAccrued")
          .withArgs(start + (i + 1) * DAY);
      }
    });

    it("takes the greatest fee one period at a time", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress } = suite;
      const since = await setFee(suite, LEAST_KEPT, PERIOD);
      const first = await pokeAt(suite, since + 100 * PERIOD);
      await expect(first()).to.emit(corporateActions, "FeeApplied").withArgs(equityAddress, 0n, 1n, LEAST_KEPT);
      const second = await pokeAt(suite, since + 101 * PERIOD);
      await expect(second())
        .to.emit(corporateActions, "FeeApplied")
        .withArgs(equityAddress, 1n, 1n, (LEAST_KEPT * LEAST_KEPT) / WAD);
    });

    for (const [keep, due] of [
      [WAD - 1n, 8_784],
      [WAD - 2n * 10n ** 12n, 8_784],
      [WAD - 3n * 10n ** 12n, 8_784],
      [WAD - 10n ** 15n, 21],
      [WAD - 10n ** 15n, 15],
      [WAD - 10n ** 16n, 3],
    ] as const) {
      it(`applies what counting one by one would, of ${due} days at ${keep}`, async () => {
        const suite = await loadEquity();
        const { corporateActions, equity, equityAddress } = suite;
        const since = await setFee(suite, keep, PERIOD);
        const poke = await pokeAt(suite, since + due * PERIOD);
        await poke();
        const periods = affordable(keep, due);
        expect((await corporateActions.feeOf(equityAddress)).accruedUntil).to.equal(since + periods * PERIOD);
        expectRoundedDown(await equity.multiplier(), keep, periods);
      });
    }

    it("comes to the exact power by many applications, however they are spaced", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress } = suite;
      const keep = WAD - 123_456_789_012_345n;
      const since = await setFee(suite, keep, PERIOD);
      let [now, applied] = [since, 0];
      // Gaps from the least to some that are beyond two percent.
      for (let i = 0; i < 60; ++i) {
        now += PERIOD + ((i * 190_056) % (200 * PERIOD));
        const poke = await pokeAt(suite, now);
        await poke();
        applied += affordable(keep, Math.floor((now - since) / PERIOD) - applied);
        expect((await corporateActions.feeOf(equityAddress)).accruedUntil).to.equal(since + applied * PERIOD);
      }
      expect(applied).to.be.greaterThan(1_000);
      expectRoundedDown(await equity.multiplier(), keep, applied);
      expect(await corporateActions.nonce(equityAddress)).to.equal(60n);
    });

    it("waits while an action is to come, in its second, and until its halt is over", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress } = suite;
      await setFee(suite, TENTH, DAY);
      const at = await scheduleAction(suite, {
        kind: KIND.Split,
        numerator: 2n,
        denominator: 1n,
        haltMinutes: 15,
        effectiveAt: (await time.latest()) + 5 * DAY,
      });
      for (const second of [at - DAY, at - 1, at, at + 1, at + 15 * 60]) {
        const poke = await pokeAt(suite, second);
        await expect(poke()).to.be.revertedWithCustomError(corporateActions, "ScheduleOverlap").withArgs(at);
      }
      const poke = await pokeAt(suite, at + 15 * 60 + 1);
      await expect(poke())
        .to.emit(corporateActions, "FeeApplied")
        .withArgs(equityAddress, 1n, 5n, 2n * 995_009_990_004_999n * 10n ** 3n);
      expect(await corporateActions.nonce(equityAddress)).to.equal(2n);
      // The split was written first.
      expect((await equity.multiplier()) < 2n * WAD).to.equal(true);
    });

    it("makes room for an action in its very second, whose nonce counts it", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress, equity } = suite;
      await setFee(suite, TENTH, DAY);
      await time.increase(DAY);
      await corporateActions.poke(equityAddress);
      await act(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
      expect(await equity.multiplier()).to.equal(2n * TENTH);
      expect(await corporateActions.nonce(equityAddress)).to.equal(2n);
    });

    it("makes a schedule's nonce stale, once a period at most, and never a cancellation's", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress, holders, stranger, feed } = suite;
      await setFee(suite, TENTH, DAY);
      await time.increase(DAY);
      const officer = corporateActions.connect(holders.EQUITY_CORP_ACTION);
      const effectiveAt = (await time.latest()) + 3 * DAY;
      const action = { kind: KIND.Split, effectiveAt, haltMinutes: 0, numerator: 2n, denominator: 1n };
      const announced = { ...action, document: digest("split") };
      await refresh(feed);
      // Whoever sees the schedule coming applies the fee before it.
      await corporateActions.connect(stranger).poke(equityAddress);
      await expect(officer.scheduleAction(equityAddress, announced, 0n))
        .to.be.revertedWithCustomError(corporateActions, "StaleNonce")
        .withArgs(0n, 1n);
      await expect(corporateActions.connect(stranger).poke(equityAddress)).to.be.revertedWithCustomError(
        corporateActions,
        "NothingAccrued",
      );
      await officer.scheduleAction(equityAddress, announced, 1n);
      await time.increase(2 * DAY);
      await expect(corporateActions.connect(stranger).poke(equityAddress))
        .to.be.revertedWithCustomError(corporateActions, "ScheduleOverlap")
        .withArgs(effectiveAt);
      await officer.cancelAction(equityAddress, 1n);
    });

    it("stops at the least multiplier", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress } = suite;
      for (const denominator of [1_000n, 1_000n, 100n]) {
        await act(suite, { kind: KIND.ReverseSplit, numerator: 1n, denominator });
      }
      await setFee(suite, TENTH, DAY);
      await time.increase(DAY);
      await expect(corporateActions.poke(equityAddress))
        .to.be.revertedWithCustomError(corporateActions, "MultiplierOutOfRange")
        .withArgs((10n ** 10n * TENTH) / WAD);
      expect(await equity.multiplier()).to.equal(10n ** 10n);
      expect(await corporateActions.nonce(equityAddress)).to.equal(3n);
    });

    it("is no reverse split, stops no mint, writes no share", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress, alice, bob } = suite;
      await equity.connect(alice).approve(bob, SHARE);
      await setFee(suite, LEAST_KEPT, PERIOD);
      for (let i = 0; i < 5; ++i) {
        await time.increase(PERIOD);
        await corporateActions.poke(equityAddress);
      }
      expect(await equity.allowanceEpoch()).to.equal(0n);
      expect(await equity.allowance(alice, bob)).to.equal(SHARE);
      expect(await equity.lastActionAt()).to.equal(0n);
      expect(await equity.sharesOf(alice)).to.equal(HELD);
      expect(await equity.isHalted()).to.equal(false);
      await mint(suite, alice.address, SHARE);
    });

    it("costs a transfer nothing: after 365 idle days it is what it was after none @gas", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress, alice, bob } = suite;
      await setFee(suite, TENTH, DAY);
      await equity.connect(alice).transfer(bob, SHARE);
      const fresh = await gasOf(equity.connect(alice).transfer(bob, SHARE));
      await time.increase(365 * DAY);
      expect(await gasOf(equity.connect(alice).transfer(bob, SHARE))).to.equal(fresh);
      await corporateActions.poke(equityAddress);
      // Nor does its application, but for the digits of what is logged.
      expect(await gasOf(equity.connect(alice).transfer(bob, SHARE))).to.be.closeTo(fresh, 200n);
    });

    it("costs the logarithm of what is due @gas", async () => {
      const costs: bigint[] = [];
      for (const periods of [1, 366 * 24]) {
        const suite = await loadEquity();
        const since = await setFee(suite, WAD - 10n ** 12n, PERIOD);
        const poke = await pokeAt(suite, since + periods * PERIOD);
        costs.push(await gasOf(poke()));
      }
      const [one = 0n, many = 0n] = costs;
      // Fourteen powers, where a loop would take 8,784 steps.
      expect(many - one).to.be.lessThan(12_000n);
      expect(many).to.be.lessThan(220_000n);
    });
  });
});
