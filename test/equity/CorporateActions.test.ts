import { time } from "@nomicfoundation/hardhat-network-helpers";
import { PANIC_CODES } from "@nomicfoundation/hardhat-chai-matchers/panic";
import { expect } from "chai";
import { ZeroAddress, ZeroHash, id as digest, toBeHex, type ContractTransactionResponse } from "ethers";
import hre from "hardhat";

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
import { erc7201Slot } from "../helpers/erc7201";

const HOUR = 3_600;
const HORIZON = 180 * DAY;
const MINUTE = 60;
const SUPPLY = 3n * HELD;
const MIN_MULTIPLIER = 10n ** 10n;
const MAX_MULTIPLIER = 10n ** 26n;
const MAX_TERM = 2n ** 96n - 1n;
const DOCUMENT = digest("the board's resolution");

const KINDS = ["Split", "ReverseSplit", "Dividend", "Fee", "PeriodicFee"] as const;
type Kind = (typeof KINDS)[number];
/** A ratio that each kind allows. */
const RATIO: Record<Exclude<Kind, "PeriodicFee">, [bigint, bigint]> = {
  Split: [2n, 1n],
  ReverseSplit: [1n, 2n],
  Dividend: [101n, 100n],
  Fee: [99n, 100n],
};
const SCHEDULED = ["Split", "ReverseSplit", "Dividend", "Fee"] as const;

interface Attempt {
  kind: number;
  numerator: bigint;
  denominator: bigint;
  /** Seconds from the transaction's to the action's. */
  notice?: number;
  /** The transaction's second. */
  now?: number;
  haltMinutes?: number;
  nonce?: bigint;
}

interface Tried {
  now: number;
  at: number;
  tx: Promise<ContractTransactionResponse>;
}

/** Schedules in a second that is known, so that bounds of time can be met exactly. */
const attempt = async (suite: EquityFixture, given: Attempt): Promise<Tried> => {
  const { corporateActions, equityAddress, holders, feed } = suite;
  await refresh(feed);
  const now = given.now ?? (await time.latest()) + 1;
  const at = now + (given.notice ?? DAY);
  await time.setNextBlockTimestamp(now);
  const { kind, numerator, denominator, haltMinutes = 0 } = given;
  const action = { kind, effectiveAt: at, haltMinutes, numerator, denominator, document: DOCUMENT };
  const nonce = given.nonce ?? (await corporateActions.nonce(equityAddress));
  const tx = corporateActions.connect(holders.EQUITY_CORP_ACTION).scheduleAction(equityAddress, action, nonce);
  return { now, at, tx };
};

const cancel = async (
  { corporateActions, equityAddress, holders }: EquityFixture,
  nonce?: bigint,
): Promise<ContractTransactionResponse> =>
  corporateActions
    .connect(holders.EQUITY_CORP_ACTION)
    .cancelAction(equityAddress, nonce ?? (await corporateActions.nonce(equityAddress)));

const STATE = erc7201Slot("tessera.storage.EquityLedger");
const EPOCH_SHIFT = 232n;

const setEpoch = async ({ equityAddress }: EquityFixture, epoch: bigint): Promise<void> => {
  const word = BigInt(await hre.ethers.provider.getStorage(equityAddress, STATE));
  const next = (word & ~(255n << EPOCH_SHIFT)) | (epoch << EPOCH_SHIFT);
  await hre.network.provider.send("hardhat_setStorageAt", [equityAddress, STATE, toBeHex(next, 32)]);
};

/** What the token says of the action to come, or of the last. */
const pendingOf = async ({ equity }: EquityFixture): Promise<[bigint, bigint, bigint]> => {
  const [multiplier, effectiveAt, haltMinutes] = await equity.pendingMultiplier();
  return [multiplier, effectiveAt, haltMinutes];
};

describe("CorporateActions", () => {
  it("starts with no action, no fee, and nothing to come", async () => {
    const suite = await loadEquity();
    const { corporateActions, equity, equityAddress, wrapper } = suite;
    expect(await corporateActions.nonce(equityAddress)).to.equal(0n);
    expect(await corporateActions.actionCount(equityAddress)).to.equal(0n);
    expect(await corporateActions.feeOf(equityAddress)).to.deep.equal([0n, 0n, 0n, 0n]);
    expect(await pendingOf(suite)).to.deep.equal([0n, 0n, 0n]);
    expect(await equity.lastActionAt()).to.equal(0n);
    expect([await wrapper.uiMultiplier(), await wrapper.newUIMultiplier()]).to.deep.equal([WAD, WAD]);
    expect(await wrapper.effectiveAt()).to.equal(0n);
    await expect(corporateActions.actionOf(equityAddress, 0n)).to.be.revertedWithPanic(
      PANIC_CODES.ARRAY_ACCESS_OUT_OF_BOUNDS,
    );
  });

  describe("scheduleAction, its ratio", () => {
    const TAKEN: [Exclude<Kind, "PeriodicFee">, bigint, bigint, string][] = [
      ["Split", 1_000_001n, 1_000_000n, "a millionth over one"],
      // The ratio is over 1, and what it adds is less than the multiplier's last digit.
      ["Split", MAX_TERM, MAX_TERM - 1n, "the least that terms can tell from one"],
      ["Split", 10n, 1n, "ten for one"],
      ["Split", 7_000n, 7n, "a thousand, not reduced"],
      ["Split", 1_000n, 1n, "a thousand"],
      ["ReverseSplit", 979_999_999_999_999_999n, WAD, "the least under 98 in 100"],
      ["ReverseSplit", 1n, 10n, "one for ten"],
      ["ReverseSplit", 1n, 1_000n, "one in a thousand"],
      ["ReverseSplit", MAX_TERM / 1_000n + 1n, MAX_TERM, "hardly over one in a thousand"],
      ["Dividend", 1_000_001n, 1_000_000n, "a millionth over one"],
      ["Dividend", 5n, 4n, "a quarter"],
      ["Fee", 98n, 100n, "two percent"],
      ["Fee", 999_999n, 1_000_000n, "a millionth"],
    ];
    for (const [kind, numerator, denominator, what] of TAKEN) {
      it(`takes a ${kind} of ${what}, and computes the multiplier, rounded down`, async () => {
        const suite = await loadEquity();
        const { corporateActions, equity, equityAddress, wrapper } = suite;
        const next = (WAD * numerator) / denominator;
        const { at, tx } = await attempt(suite, { kind: KIND[kind], numerator, denominator });
        const record = [KIND[kind], at, next, numerator, denominator, DOCUMENT];
        await expect(tx)
          .to.emit(corporateActions, "ActionScheduled")
          .withArgs(equityAddress, 0n, record, 0n)
          .and.to.emit(equity, "MultiplierScheduled")
          .withArgs(next, at, 0n)
          .and.to.emit(wrapper, "UIMultiplierUpdated")
          .withArgs(WAD, next, at);
        expect(await equity.multiplier()).to.equal(WAD);
        expect(await pendingOf(suite)).to.deep.equal([next, BigInt(at), 0n]);
        expect([await wrapper.uiMultiplier(), await wrapper.newUIMultiplier()]).to.deep.equal([WAD, next]);
        expect(await corporateActions.nonce(equityAddress)).to.equal(0n);
        expect(await corporateActions.actionCount(equityAddress)).to.equal(1n);
        await time.increaseTo(at);
        expect(await equity.multiplier()).to.equal(next);
        expect(await corporateActions.nonce(equityAddress)).to.equal(1n);
      });
    }

    const REFUSED: [Kind, bigint, bigint, string][] = [
      ["Split", 1n, 1n, "nothing"],
      ["Split", 999_999n, 1_000_000n, "less than one"],
      ["Split", 1_001n, 1n, "over a thousand"],
      ["Split", 1_000_001n, 1_000n, "hardly over a thousand"],
      ["ReverseSplit", 98n, 100n, "98 in 100, which is a fee"],
      ["ReverseSplit", 1n, 1_001n, "less than one in a thousand"],
      ["ReverseSplit", 999_999n, 1_000_000_000n, "hardly less than one in a thousand"],
      ["ReverseSplit", 1n, 1n, "nothing"],
      ["ReverseSplit", 2n, 1n, "more stocks"],
      ["Dividend", 1n, 1n, "nothing"],
      ["Dividend", 99n, 100n, "less than one"],
      ["Dividend", 1_250_001n, 1_000_000n, "over a quarter"],
      ["Fee", 979_999_999_999_999_999n, WAD, "hardly over two percent"],
      ["Fee", 1n, 1n, "nothing"],
      ["Fee", 101n, 100n, "more stocks"],
      ["PeriodicFee", 99n, 100n, "one percent: it runs by itself"],
      ["PeriodicFee", 1n, 1n, "nothing"],
    ];
    for (const [kind, numerator, denominator, what] of REFUSED) {
      it(`refuses a ${kind} of ${what}`, async () => {
        const suite = await loadEquity();
        const { tx } = await attempt(suite, { kind: KIND[kind], numerator, denominator });
        await expect(tx)
          .to.be.revertedWithCustomError(suite.corporateActions, "BadRatio")
          .withArgs(KIND[kind], numerator, denominator);
      });
    }

    for (const kind of KINDS) {
      it(`refuses a ${kind} with a term that is zero`, async () => {
        const suite = await loadEquity();
        for (const [numerator, denominator] of [
          [0n, 1n],
          [1n, 0n],
          [0n, 0n],
        ] as const) {
          const { tx } = await attempt(suite, { kind: KIND[kind], numerator, denominator });
          await expect(tx)
            .to.be.revertedWithCustomError(suite.corporateActions, "BadRatio")
            .withArgs(KIND[kind], numerator, denominator);
        }
      });
    }

    it("refuses a kind that there is not", async () => {
      const suite = await loadEquity();
      const { tx } = await attempt(suite, { kind: 5, numerator: 2n, denominator: 1n });
      await expect(tx).to.be.revertedWithoutReason();
    });

    it("tells fee from reverse split by the multipliers, with the ratio's rounding, as the token does", async () => {
      const suite = await loadEquity();
      const { equity } = suite;
      await act(suite, { kind: KIND.Fee, numerator: WAD - 1n, denominator: WAD });
      expect(await equity.multiplier()).to.equal(WAD - 1n);
      // Of this multiplier, 98 in 100 rounded down are less than 98 in 100.
      const fee = await attempt(suite, { kind: KIND.Fee, numerator: 98n, denominator: 100n });
      await expect(fee.tx)
        .to.be.revertedWithCustomError(suite.corporateActions, "BadRatio")
        .withArgs(KIND.Fee, 98n, 100n);
      await act(suite, { kind: KIND.ReverseSplit, numerator: 98n, denominator: 100n });
      expect(await equity.multiplier()).to.equal(((WAD - 1n) * 98n) / 100n);
      expect(await equity.allowanceEpoch()).to.equal(1n);
    });
  });

  describe("scheduleAction, its time", () => {
    for (const kind of SCHEDULED) {
      const notice = kind === "Dividend" ? HOUR : DAY;
      const [numerator, denominator] = RATIO[kind];
      const given = { kind: KIND[kind], numerator, denominator };

      it(`takes a ${kind} with ${notice / HOUR} hours of notice, and with a second less does not`, async () => {
        const suite = await loadEquity();
        const { corporateActions } = suite;
        const early = await attempt(suite, { ...given, notice: notice - 1 });
        await expect(early.tx)
          .to.be.revertedWithCustomError(corporateActions, "BadEffectiveAt")
          .withArgs(early.at, early.now + notice, early.now + HORIZON);
        const { tx } = await attempt(suite, { ...given, notice });
        await expect(tx).to.emit(corporateActions, "ActionScheduled");
      });

      it(`takes a ${kind} 180 days ahead, and not a second further`, async () => {
        const suite = await loadEquity();
        const { corporateActions } = suite;
        const late = await attempt(suite, { ...given, notice: HORIZON + 1 });
        await expect(late.tx)
          .to.be.revertedWithCustomError(corporateActions, "BadEffectiveAt")
          .withArgs(late.at, late.now + notice, late.now + HORIZON);
        const { tx } = await attempt(suite, { ...given, notice: HORIZON });
        await expect(tx).to.emit(corporateActions, "ActionScheduled");
      });
    }

    it("refuses this very second, and what is past", async () => {
      const suite = await loadEquity();
      for (const notice of [0, -1, -DAY]) {
        const { at, now, tx } = await attempt(suite, { kind: KIND.Dividend, numerator: 5n, denominator: 4n, notice });
        await expect(tx)
          .to.be.revertedWithCustomError(suite.corporateActions, "BadEffectiveAt")
          .withArgs(at, now + HOUR, now + HORIZON);
      }
    });
  });

  describe("scheduleAction, its halt", () => {
    for (const kind of SCHEDULED) {
      const max = kind === "Split" || kind === "ReverseSplit" ? 15 : 0;
      const [numerator, denominator] = RATIO[kind];
      it(`is of ${max} minutes at most for a ${kind}`, async () => {
        const suite = await loadEquity();
        const { corporateActions, equity } = suite;
        const given = { kind: KIND[kind], numerator, denominator };
        for (const haltMinutes of [max + 1, 16, 255]) {
          const { tx } = await attempt(suite, { ...given, haltMinutes });
          await expect(tx).to.be.revertedWithCustomError(corporateActions, "BadHalt").withArgs(KIND[kind], haltMinutes);
        }
        const { at, tx } = await attempt(suite, { ...given, haltMinutes: max });
        const next = (WAD * numerator) / denominator;
        await expect(tx).to.emit(equity, "MultiplierScheduled").withArgs(next, at, max);
        expect(await pendingOf(suite)).to.deep.equal([next, BigInt(at), BigInt(max)]);
      });
    }

    it("stops transfers from its first to its last second, on both sides of the split", async () => {
      const suite = await loadEquity();
      const { equity, alice, bob } = suite;
      const at = await scheduleAction(suite, {
        kind: KIND.Split,
        numerator: 2n,
        denominator: 1n,
        haltMinutes: 15,
        effectiveAt: (await time.latest()) + DAY + HOUR,
      });
      const halt = 15 * MINUTE;
      const sendAt = async (second: number): Promise<() => Promise<unknown>> => {
        await time.setNextBlockTimestamp(second);
        return () => equity.connect(alice).transfer(bob, 1n);
      };
      await (
        await sendAt(at - halt - 1)
      )();
      for (const second of [at - halt, at - 1, at, at + halt]) {
        const send = await sendAt(second);
        await expect(send()).to.be.revertedWithCustomError(equity, "CorporateActionHalt").withArgs(at);
        expect(await equity.isHalted()).to.equal(true);
      }
      await (
        await sendAt(at + halt + 1)
      )();
      expect(await equity.isHalted()).to.equal(false);
    });
  });

  describe("scheduleAction, one at a time", () => {
    const split = { kind: KIND.Split, numerator: 2n, denominator: 1n };
    const fee = { kind: KIND.Fee, numerator: 99n, denominator: 100n };

    it("refuses another while one is to come, whatever it is, and keeps the first", async () => {
      const suite = await loadEquity();
      const { corporateActions } = suite;
      const first = await attempt(suite, split);
      await first.tx;
      for (const kind of SCHEDULED) {
        const [numerator, denominator] = RATIO[kind];
        const { tx } = await attempt(suite, { kind: KIND[kind], numerator, denominator, notice: 10 * DAY });
        await expect(tx).to.be.revertedWithCustomError(corporateActions, "ScheduleOverlap").withArgs(first.at);
      }
      expect(await pendingOf(suite)).to.deep.equal([2n * WAD, BigInt(first.at), 0n]);
    });

    it("takes the next one a second after the first took effect, and not in its second", async () => {
      const suite = await loadEquity();
      const { corporateActions } = suite;
      const first = await attempt(suite, fee);
      await first.tx;
      const during = await attempt(suite, { ...split, now: first.at });
      await expect(during.tx).to.be.revertedWithCustomError(corporateActions, "ScheduleOverlap").withArgs(first.at);
      const after = await attempt(suite, { ...split, now: first.at + 1, nonce: 1n });
      await expect(after.tx).to.emit(corporateActions, "ActionScheduled");
    });

    it("takes the next one when the halt after a split is over, and not in its last second", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity } = suite;
      const first = await attempt(suite, { ...split, haltMinutes: 15 });
      await first.tx;
      const end = first.at + 15 * MINUTE;
      for (const now of [first.at + 1, end]) {
        const { tx } = await attempt(suite, { ...fee, now });
        await expect(tx).to.be.revertedWithCustomError(corporateActions, "ScheduleOverlap").withArgs(first.at);
      }
      expect(await equity.isHalted()).to.equal(true);
      const after = await attempt(suite, { ...fee, now: end + 1 });
      await expect(after.tx).to.emit(corporateActions, "ActionScheduled");
    });

    it("asks how many actions the caller has counted", async () => {
      const suite = await loadEquity();
      const { corporateActions } = suite;
      const early = await attempt(suite, { ...split, nonce: 1n });
      await expect(early.tx).to.be.revertedWithCustomError(corporateActions, "StaleNonce").withArgs(1n, 0n);
      await act(suite, split);
      for (const nonce of [0n, 2n]) {
        const { tx } = await attempt(suite, { ...split, nonce });
        await expect(tx).to.be.revertedWithCustomError(corporateActions, "StaleNonce").withArgs(nonce, 1n);
      }
      const { tx } = await attempt(suite, { ...split, nonce: 1n });
      await expect(tx).to.emit(corporateActions, "ActionScheduled");
    });
  });

  describe("scheduleAction, where it leads", () => {
    it("reaches the least multiplier, and refuses to fall below it", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity } = suite;
      for (let i = 0; i < 2; ++i) await act(suite, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 1_000n });
      expect(await equity.multiplier()).to.equal(10n ** 12n);
      const below = await attempt(suite, { kind: KIND.ReverseSplit, numerator: 9_999n, denominator: 1_000_000n });
      await expect(below.tx)
        .to.be.revertedWithCustomError(corporateActions, "MultiplierOutOfRange")
        .withArgs(9_999_000_000n);
      await act(suite, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 100n });
      expect(await equity.multiplier()).to.equal(MIN_MULTIPLIER);
      for (const [kind, numerator, denominator] of [
        [KIND.Fee, MIN_MULTIPLIER - 1n, MIN_MULTIPLIER],
        [KIND.ReverseSplit, 1n, 2n],
      ] as const) {
        const { tx } = await attempt(suite, { kind, numerator, denominator });
        await expect(tx)
          .to.be.revertedWithCustomError(corporateActions, "MultiplierOutOfRange")
          .withArgs((MIN_MULTIPLIER * numerator) / denominator);
      }
      // And there is a way back.
      await act(suite, { kind: KIND.Split, numerator: 1_000n, denominator: 1n });
      expect(await equity.multiplier()).to.equal(10n ** 13n);
    });

    it("reaches the greatest multiplier, and refuses to rise above it", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, alice, bob } = suite;
      for (let i = 0; i < 2; ++i) await act(suite, { kind: KIND.Split, numerator: 1_000n, denominator: 1n });
      const above = await attempt(suite, { kind: KIND.Split, numerator: 100_000_001n, denominator: 1_000_000n });
      await expect(above.tx)
        .to.be.revertedWithCustomError(corporateActions, "MultiplierOutOfRange")
        .withArgs(MAX_MULTIPLIER + 10n ** 18n);
      await act(suite, { kind: KIND.Split, numerator: 100n, denominator: 1n });
      expect(await equity.multiplier()).to.equal(MAX_MULTIPLIER);
      for (const [kind, numerator, denominator] of [
        [KIND.Dividend, 1_000_001n, 1_000_000n],
        [KIND.Split, 1_000n, 1n],
      ] as const) {
        const { tx } = await attempt(suite, { kind, numerator, denominator });
        await expect(tx)
          .to.be.revertedWithCustomError(corporateActions, "MultiplierOutOfRange")
          .withArgs((MAX_MULTIPLIER * numerator) / denominator);
      }
      // The token still counts right there.
      const factor = MAX_MULTIPLIER / WAD;
      expect(await equity.balanceOf(alice)).to.equal(HELD * factor);
      await equity.connect(alice).transfer(bob, HELD * factor);
      expect(await equity.balanceOf(bob)).to.equal(2n * HELD * factor);
    });
  });

  describe("scheduleAction, epochs of allowances", () => {
    const reverse = { kind: KIND.ReverseSplit, numerator: 1n, denominator: 2n };

    it("takes the 255th reverse split, and no other after it", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, holders } = suite;
      // What shares the word stays as it is.
      await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
      await setEpoch(suite, 254n);
      expect([await equity.allowanceEpoch(), await equity.snapshotId()]).to.deep.equal([254n, 1n]);
      await act(suite, reverse);
      expect(await equity.allowanceEpoch()).to.equal(255n);
      const refused = async (): Promise<void> => {
        const { tx } = await attempt(suite, reverse);
        await expect(tx).to.be.revertedWithCustomError(corporateActions, "TooManyReverseSplits").withArgs();
      };
      // Of the folded state too, not of the one written alone.
      await refused();
      await equity.connect(suite.alice).transfer(suite.bob, 1n);
      await refused();
      expect([await equity.allowanceEpoch(), await equity.snapshotId()]).to.deep.equal([255n, 1n]);
    });

    it("then goes on with every other kind, and epochs stay", async () => {
      const suite = await loadEquity();
      const { equity } = suite;
      await setEpoch(suite, 255n);
      for (const [kind, numerator, denominator] of [
        [KIND.Fee, 98n, 100n],
        [KIND.Split, 2n, 1n],
        [KIND.Dividend, 101n, 100n],
      ] as const) {
        await act(suite, { kind, numerator, denominator });
        expect(await equity.allowanceEpoch()).to.equal(255n);
      }
    });

    it("voids finite allowances by a reverse split, and by nothing else", async () => {
      const suite = await loadEquity();
      const { equity, alice, bob, carol } = suite;
      await equity.connect(alice).approve(bob, 5n * SHARE);
      await equity.connect(alice).approve(carol, hre.ethers.MaxUint256);
      for (const kind of ["Split", "Dividend", "Fee"] as const) {
        const [numerator, denominator] = RATIO[kind];
        await act(suite, { kind: KIND[kind], numerator, denominator });
        expect(await equity.allowance(alice, bob), kind).to.equal(5n * SHARE);
      }
      await act(suite, reverse);
      expect(await equity.allowance(alice, bob)).to.equal(0n);
      expect(await equity.allowance(alice, carol)).to.equal(hre.ethers.MaxUint256);
      await expect(equity.connect(bob).transferFrom(alice, bob, 1n))
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientAllowance")
        .withArgs(bob.address, 0n, 1n);
    });
  });

  describe("scheduleAction, a dividend's cover", () => {
    const dividend = { kind: KIND.Dividend, effectiveAt: 0, haltMinutes: 0, numerator: 5n, denominator: 4n };
    const needed = (SUPPLY * 5n) / 4n;
    const pay = async (suite: EquityFixture): Promise<ContractTransactionResponse> =>
      suite.corporateActions
        .connect(suite.holders.EQUITY_CORP_ACTION)
        .scheduleAction(
          suite.equityAddress,
          { ...dividend, effectiveAt: (await time.latest()) + 2 * HOUR, document: DOCUMENT },
          await suite.corporateActions.nonce(suite.equityAddress),
        );

    it("must be in the reserves, to the last unit", async () => {
      const suite = await loadEquity();
      const { corporateActions, feed } = suite;
      await refresh(feed, needed - 1n);
      await expect(pay(suite))
        .to.be.revertedWithCustomError(corporateActions, "DividendNotCovered")
        .withArgs(needed, needed - 1n);
      await refresh(feed, needed);
      await expect(pay(suite)).to.emit(corporateActions, "ActionScheduled");
    });

    it("is not asked of splits, which make stocks too", async () => {
      const suite = await loadEquity();
      await refresh(suite.feed, SUPPLY);
      const { tx } = await attempt(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
      await expect(tx).to.emit(suite.corporateActions, "ActionScheduled");
    });

    it("is none without a feed, with an old answer, or with one of before the last action", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityIssuance, equityAddress, equity, feed } = suite;
      await refresh(feed);
      const [, , , updatedAt] = await feed.latestRoundData();
      await time.increaseTo(updatedAt + BigInt(DAY) + 1n);
      await expect(pay(suite)).to.be.revertedWithCustomError(equityIssuance, "StaleReserve").withArgs(updatedAt, DAY);
      const at = await scheduleAction(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
      await time.increaseTo(at - 10);
      await refresh(feed);
      const [, , , before] = await feed.latestRoundData();
      await time.increaseTo(at + 1);
      await expect(pay(suite))
        .to.be.revertedWithCustomError(equityIssuance, "ReservePredatesAction")
        .withArgs(before, at);
      await feed.setMode(1);
      await expect(pay(suite))
        .to.be.revertedWithCustomError(equityIssuance, "ReserveFeedUnavailable")
        .withArgs(await feed.getAddress());
      const none = { feed: ZeroAddress, decimals: 0, heartbeat: 0, marginBps: 0, chainShareBps: 0 };
      await call(suite, "EQUITY_CONFIG", equityIssuance, "setReserveFeed", [equityAddress, none]);
      await expect(pay(suite))
        .to.be.revertedWithCustomError(corporateActions, "DividendNotCovered")
        .withArgs((2n * SUPPLY * 5n) / 4n, 0n);
      expect(await equity.totalSupply()).to.equal(2n * SUPPLY);
    });

    it("stays covered: mints until it is paid count the supply that it makes", async () => {
      const suite = await loadEquity();
      const { equity, equityIssuance, feed, holders, alice } = suite;
      await refresh(feed, needed);
      await pay(suite);
      await refresh(feed, needed);
      await expect(equity.connect(holders.EQUITY_MINTER).mint(alice, 4n, ZeroHash))
        .to.be.revertedWithCustomError(equityIssuance, "InsufficientReserves")
        .withArgs(needed + 5n, needed);
    });
  });

  describe("scheduleAction and cancelAction, their callers", () => {
    it("are the role's alone", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress, holders, alice, stranger, deployer } = suite;
      const action = {
        kind: KIND.Split,
        effectiveAt: (await time.latest()) + 2 * DAY,
        haltMinutes: 0,
        numerator: 2n,
        denominator: 1n,
        document: DOCUMENT,
      };
      await scheduleAction(suite, action);
      const others = HELD_ROLES.filter((name) => name !== "EQUITY_CORP_ACTION").map((name) => holders[name]);
      for (const caller of [alice, stranger, deployer, ...others]) {
        const connected = corporateActions.connect(caller);
        for (const refused of [
          () => connected.scheduleAction(equityAddress, action, 0n),
          () => connected.cancelAction(equityAddress, 0n),
        ]) {
          await expect(refused())
            .to.be.revertedWithCustomError(corporateActions, "AccessManagedUnauthorized")
            .withArgs(caller.address);
        }
      }
      expect(await corporateActions.actionCount(equityAddress)).to.equal(1n);
    });

    it("are the only way: the token and the wrapper listen to no one else", async () => {
      const suite = await loadEquity();
      const { equity, wrapper, holders, stranger, deployer } = suite;
      await scheduleAction(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
      const before = await pendingOf(suite);
      for (const caller of [stranger, deployer, holders.EQUITY_CORP_ACTION, holders.ADMIN]) {
        const later = (await time.latest()) + 2 * DAY;
        for (const refused of [
          () => equity.connect(caller).scheduleMultiplier(2n * WAD, later, 0n),
          () => equity.connect(caller).cancelMultiplier(),
          () => equity.connect(caller).applyMultiplier(2n * WAD),
        ]) {
          await expect(refused())
            .to.be.revertedWithCustomError(equity, "OnlyCorporateActions")
            .withArgs(caller.address);
        }
        await expect(wrapper.connect(caller).onMultiplierUpdate(WAD, 2n * WAD, 1n))
          .to.be.revertedWithCustomError(wrapper, "OnlyCorporateActions")
          .withArgs(caller.address);
      }
      expect(await pendingOf(suite)).to.deep.equal(before);
      expect(await equity.multiplier()).to.equal(WAD);
    });
  });

  describe("cancelAction", () => {
    const split = { kind: KIND.Split, numerator: 3n, denominator: 1n };

    it("calls off what is to come, in its last second too, and says so in three places", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress, wrapper } = suite;
      const at = await scheduleAction(suite, { ...split, haltMinutes: 15 });
      const second = at - 1;
      await time.setNextBlockTimestamp(second);
      await expect(cancel(suite))
        .to.emit(corporateActions, "ActionCanceled")
        .withArgs(equityAddress, 0n)
        .and.to.emit(equity, "MultiplierCanceled")
        .withArgs(3n * WAD, at)
        .and.to.emit(wrapper, "UIMultiplierUpdated")
        .withArgs(3n * WAD, WAD, second);
      expect(await corporateActions.actionCount(equityAddress)).to.equal(0n);
      await time.increaseTo(at + 1);
      expect(await equity.multiplier()).to.equal(WAD);
      expect(await corporateActions.nonce(equityAddress)).to.equal(0n);
      expect([await wrapper.uiMultiplier(), await wrapper.newUIMultiplier()]).to.deep.equal([WAD, WAD]);
    });

    it("is the guardian's too, as vetoAction: nobody else's, and at once", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress, holders, alice } = suite;
      await scheduleAction(suite, split);
      for (const caller of [alice, holders.EQUITY_CORP_ACTION, holders.PAUSER, holders.ADMIN]) {
        await expect(corporateActions.connect(caller).vetoAction(equityAddress, 0n))
          .to.be.revertedWithCustomError(corporateActions, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
      const guardian = corporateActions.connect(holders.GUARDIAN);
      await expect(guardian.vetoAction(equityAddress, 1n))
        .to.be.revertedWithCustomError(corporateActions, "StaleNonce")
        .withArgs(1n, 0n);
      await expect(guardian.vetoAction(equityAddress, 0n))
        .to.emit(corporateActions, "ActionCanceled")
        .withArgs(equityAddress, 0n);
      expect(await equity.pendingMultiplier()).to.deep.equal([0n, 0n, 0n]);
    });

    for (const [when, offset] of [
      ["in the second in which it took effect", 0],
      ["after it took effect", DAY],
    ] as const) {
      it(`comes too late ${when}, by either nonce`, async () => {
        const suite = await loadEquity();
        const { corporateActions, equity } = suite;
        const at = await scheduleAction(suite, split);
        await time.setNextBlockTimestamp(at + offset);
        await expect(cancel(suite, 0n)).to.be.revertedWithCustomError(corporateActions, "StaleNonce").withArgs(0n, 1n);
        await expect(cancel(suite, 1n)).to.be.revertedWithCustomError(corporateActions, "NothingScheduled").withArgs();
        expect(await equity.multiplier()).to.equal(3n * WAD);
      });
    }

    it("finds nothing where nothing is to come: at first, and after a cancellation", async () => {
      const suite = await loadEquity();
      const { corporateActions } = suite;
      await expect(cancel(suite)).to.be.revertedWithCustomError(corporateActions, "NothingScheduled").withArgs();
      await scheduleAction(suite, split);
      await cancel(suite);
      await expect(cancel(suite)).to.be.revertedWithCustomError(corporateActions, "NothingScheduled").withArgs();
    });

    it("asks how many actions the caller has counted", async () => {
      const suite = await loadEquity();
      await scheduleAction(suite, split);
      await expect(cancel(suite, 1n))
        .to.be.revertedWithCustomError(suite.corporateActions, "StaleNonce")
        .withArgs(1n, 0n);
    });

    it("gives the token back the time of the action before, and no halt", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress, wrapper, alice, bob } = suite;
      const first = await scheduleAction(suite, { ...split, haltMinutes: 15 });
      await time.increaseTo(first + 15 * MINUTE + 1);
      expect(await pendingOf(suite)).to.deep.equal([0n, BigInt(first), 15n]);
      const second = await scheduleAction(suite, { ...split, haltMinutes: 10 });
      expect(await equity.lastActionAt()).to.equal(first);
      await time.increaseTo(second - 10 * MINUTE);
      expect(await equity.isHalted()).to.equal(true);
      await expect(equity.connect(alice).transfer(bob, 1n))
        .to.be.revertedWithCustomError(equity, "CorporateActionHalt")
        .withArgs(second);
      await cancel(suite);
      expect(await equity.isHalted()).to.equal(false);
      expect(await pendingOf(suite)).to.deep.equal([0n, BigInt(first), 0n]);
      expect(await equity.lastActionAt()).to.equal(first);
      expect(await wrapper.effectiveAt()).to.equal(first);
      expect(await corporateActions.nonce(equityAddress)).to.equal(1n);
      await equity.connect(alice).transfer(bob, 1n);
      // Past the time at which it would have been, too: reserves are asked to be no older than the action that was.
      await time.increaseTo(second + 1);
      expect(await equity.lastActionAt()).to.equal(first);
      await mint(suite, alice.address, SHARE);
    });

    it("makes room for another at once, with the same number", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress } = suite;
      await scheduleAction(suite, split);
      await cancel(suite);
      const { at, tx } = await attempt(suite, { kind: KIND.Dividend, numerator: 5n, denominator: 4n, notice: HOUR });
      await expect(tx)
        .to.emit(corporateActions, "ActionScheduled")
        .withArgs(equityAddress, 0n, [KIND.Dividend, at, (WAD * 5n) / 4n, 5n, 4n, DOCUMENT], 0n);
    });
  });

  describe("the history", () => {
    it("keeps every action that took effect, none that did not, and a nonce that never falls", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress, equity, alice, bob } = suite;
      const expected: (bigint | string)[][] = [];
      let multiplier = WAD;
      let last = 0n;
      const count = async (nonce: bigint, toCome: bigint): Promise<void> => {
        const counted = await corporateActions.nonce(equityAddress);
        expect(counted).to.equal(nonce);
        expect(counted >= last).to.equal(true);
        last = counted;
        expect(await corporateActions.actionCount(equityAddress)).to.equal(nonce + toCome);
      };
      for (let i = 0; i < 12; ++i) {
        const kind = SCHEDULED[i % SCHEDULED.length]!;
        const [numerator, denominator] = RATIO[kind];
        const given = { kind: KIND[kind], numerator, denominator };
        const nonce = BigInt(expected.length);
        // Each is announced, called off, and announced again.
        await scheduleAction(suite, given);
        await count(nonce, 1n);
        await cancel(suite);
        await count(nonce, 0n);
        const at = await scheduleAction(suite, { ...given, document: digest(`${i}`) });
        await count(nonce, 1n);
        await time.increaseTo(at - 1);
        await count(nonce, 1n);
        await time.increaseTo(at);
        multiplier = (multiplier * numerator) / denominator;
        expected.push([BigInt(KIND[kind]), BigInt(at), multiplier, numerator, denominator, digest(`${i}`)]);
        await count(nonce + 1n, 0n);
        // With a write that folds, and without.
        await time.increase(1);
        if (i % 2 === 0) await equity.connect(alice).transfer(bob, 1n);
        await count(nonce + 1n, 0n);
      }
      for (const [index, record] of expected.entries()) {
        expect(await corporateActions.actionOf(equityAddress, index)).to.deep.equal(record);
      }
      expect(await equity.multiplier()).to.equal(multiplier);
    });

    it("is each token's own", async () => {
      const suite = await loadEquity();
      const { corporateActions, stranger } = suite;
      await act(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
      expect(await corporateActions.nonce(stranger)).to.equal(0n);
      expect(await corporateActions.actionCount(stranger)).to.equal(0n);
    });

    it("writes no share, and the fold of an action is told once", async () => {
      const suite = await loadEquity();
      const { equity, alice, bob, carol } = suite;
      const at = await scheduleAction(suite, { kind: KIND.Split, numerator: 3n, denominator: 2n });
      await time.increaseTo(at);
      for (const holder of [alice, bob, carol]) {
        expect(await equity.sharesOf(holder)).to.equal(HELD);
        expect(await equity.balanceOf(holder)).to.equal((HELD * 3n) / 2n);
      }
      expect(await equity.totalShares()).to.equal(SUPPLY);
      await expect(equity.connect(alice).transfer(bob, 3n))
        .to.emit(equity, "MultiplierUpdated")
        .withArgs(WAD, (WAD * 3n) / 2n);
      await expect(equity.connect(alice).transfer(bob, 3n)).not.to.emit(equity, "MultiplierUpdated");
    });
  });
});
