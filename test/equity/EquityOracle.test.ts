import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxInt256, MaxUint256, MinInt256, ZeroAddress } from "ethers";
import hre from "hardhat";

import { KIND, WAD, call } from "../fixtures/equity";
import {
  DAY,
  HOUR,
  LIMITS,
  MIN_INTERVAL,
  PRICE,
  SESSION,
  deployOracle,
  now,
  oracleFixture,
  pricedFixture,
  report,
  type Limits,
  type OracleFixture,
} from "../fixtures/oracle";
import { FEED_MODE } from "../helpers/mocks";

const MAX_PRICE = 2n ** 128n - 1n;
const WEEK = 7n * DAY;

const limitsOf = async ({ oracle, equity: token }: OracleFixture): Promise<[bigint, [bigint, bigint][]]> => {
  const { minInterval, limits } = await oracle.limitsOf(token);
  return [minInterval, limits.map(({ maxAge, maxMoveBps }) => [maxAge, maxMoveBps])];
};

/** Largest price within a limit, and smallest. */
const bounds = (price: bigint, { maxMoveBps }: Limits): { high: bigint; low: bigint } => {
  const move = (price * maxMoveBps) / 10_000n;
  return { high: price + move, low: price - move };
};

describe("EquityOracle", () => {
  describe("construction", () => {
    it("starts without a feed, and says what it is", async () => {
      const { oracle, manager, stranger } = await loadFixture(oracleFixture);
      expect(await oracle.decimals()).to.equal(8n);
      expect(await oracle.authority()).to.equal(await manager.getAddress());
      expect(await oracle.sequencer()).to.deep.equal([ZeroAddress, 0n]);
      expect(await oracle.latestRound(stranger)).to.equal(0n);
      const { minInterval, limits } = await oracle.limitsOf(stranger);
      expect(minInterval).to.equal(0n);
      expect(limits.flatMap(({ maxAge, maxMoveBps }) => [maxAge, maxMoveBps])).to.deep.equal([0n, 0n, 0n, 0n, 0n, 0n]);
    });

    it("takes a sequencer's feed with a grace period of up to a day", async () => {
      const { deployer } = await loadFixture(oracleFixture);
      const feed = await hre.ethers.deployContract("MockAggregator", [0, 0n]);
      for (const grace of [1n, DAY]) {
        const oracle = await deployOracle(deployer, feed, grace);
        expect(await oracle.sequencer()).to.deep.equal([await feed.getAddress(), grace]);
      }
    });

    it("refuses a sequencer's feed without code or grace period, with a longer one, and a grace period without feed", async () => {
      const { deployer, manager, oracle } = await loadFixture(oracleFixture);
      const factory = await hre.ethers.getContractFactory("EquityOracle");
      const feed = await (await hre.ethers.deployContract("MockAggregator", [0, 0n])).getAddress();
      const refused: [string, bigint][] = [
        [deployer.address, HOUR],
        [feed, 0n],
        [feed, DAY + 1n],
        [ZeroAddress, 1n],
      ];
      for (const [address, grace] of refused) {
        await expect(factory.deploy(manager, address, grace))
          .to.be.revertedWithCustomError(oracle, "InvalidSequencer")
          .withArgs(address, grace);
      }
    });
  });

  describe("setLimits", () => {
    it("sets each session's limits, anew too, and says so", async () => {
      const ctx = await loadFixture(oracleFixture);
      const { oracle, setLimits, equity: token } = ctx;
      expect(await limitsOf(ctx)).to.deep.equal([MIN_INTERVAL, LIMITS.map((l) => [l.maxAge, l.maxMoveBps])]);
      const others: [Limits, Limits, Limits] = [
        { maxAge: 1n, maxMoveBps: 5_000n },
        { maxAge: WEEK, maxMoveBps: 1n },
        { maxAge: 2n, maxMoveBps: 3n },
      ];
      for (const minInterval of [1n, 3_600n]) {
        await expect(setLimits(token, minInterval, others))
          .to.emit(oracle, "LimitsUpdated")
          .withArgs(
            await token.getAddress(),
            minInterval,
            others.map((l) => [l.maxAge, l.maxMoveBps]),
          );
        expect(await limitsOf(ctx)).to.deep.equal([minInterval, others.map((l) => [l.maxAge, l.maxMoveBps])]);
      }
    });

    it("leaves price, session, candidate and pause as they are", async () => {
      const { oracle, setLimits, equity: token, pauser, tell } = await loadFixture(pricedFixture);
      await tell(2n * PRICE);
      await oracle.connect(pauser).pause(token);
      const state = async (): Promise<unknown[]> => [
        await oracle.latestRound(token),
        await oracle.sessionOf(token),
        (await oracle.candidateOf(token)).price,
        await oracle.isPaused(token),
        await oracle.lastObservation(token),
      ];
      const before = await state();
      expect(before.slice(0, 4)).to.deep.equal([1n, SESSION.Halted, 2n * PRICE, true]);
      await setLimits(token, 1n, [...LIMITS]);
      expect(await state()).to.deep.equal(before);
    });

    it("refuses a token without code", async () => {
      const { oracle, setLimits, stranger } = await loadFixture(oracleFixture);
      for (const address of [ZeroAddress, stranger.address]) {
        await expect(setLimits(address, MIN_INTERVAL, [...LIMITS]))
          .to.be.revertedWithCustomError(oracle, "InvalidToken")
          .withArgs(address);
      }
    });

    it("refuses no interval, and one of more than an hour", async () => {
      const { oracle, setLimits, equity: token } = await loadFixture(oracleFixture);
      for (const minInterval of [0n, 3_601n, 2n ** 24n - 1n]) {
        await expect(setLimits(token, minInterval, [...LIMITS]))
          .to.be.revertedWithCustomError(oracle, "BadInterval")
          .withArgs(minInterval);
      }
    });

    it("refuses in each session no age, more than a week, no move, and more than half", async () => {
      const { oracle, setLimits, equity: token } = await loadFixture(oracleFixture);
      for (const session of [0, 1, 2] as const) {
        for (const [maxAge, maxMoveBps] of [
          [0n, 1n],
          [WEEK + 1n, 1n],
          [1n, 0n],
          [1n, 5_001n],
        ] as const) {
          const limits: [Limits, Limits, Limits] = [...LIMITS];
          limits[session] = { maxAge, maxMoveBps };
          await expect(setLimits(token, MIN_INTERVAL, limits))
            .to.be.revertedWithCustomError(oracle, "BadLimits")
            .withArgs(session, maxAge, maxMoveBps);
        }
      }
    });
  });

  describe("powers", () => {
    it("are the roles' alone, each its own", async () => {
      const { oracle, equity: token, updater, confirmer, pauser, stranger, firstAt } = await loadFixture(pricedFixture);
      const attempts = {
        update: [(by: typeof oracle) => by.update(token, PRICE, firstAt + 1n, 0n, 0n), updater],
        confirm: [(by: typeof oracle) => by.confirm(token, PRICE, firstAt), confirmer],
        reject: [(by: typeof oracle) => by.reject(token, PRICE, firstAt), confirmer],
        pause: [(by: typeof oracle) => by.pause(token), pauser],
        unpause: [(by: typeof oracle) => by.unpause(token), null],
        setLimits: [(by: typeof oracle) => by.setLimits(token, MIN_INTERVAL, [...LIMITS]), null],
      } as const;
      for (const [attempt, holder] of Object.values(attempts)) {
        for (const caller of [stranger, updater, confirmer, pauser]) {
          if (caller === holder) continue;
          await expect(attempt(oracle.connect(caller)))
            .to.be.revertedWithCustomError(oracle, "AccessManagedUnauthorized")
            .withArgs(caller.address);
        }
      }
    });

    it("know no token without limits", async () => {
      const { oracle, unpause, updater, confirmer, pauser, wrapper } = await loadFixture(oracleFixture);
      const unknown = await wrapper.getAddress();
      for (const attempt of [
        () => oracle.connect(updater).update(unknown, PRICE, 1n, 0n, 0n),
        () => oracle.connect(confirmer).confirm(unknown, PRICE, 1n),
        () => oracle.connect(confirmer).reject(unknown, PRICE, 1n),
        () => oracle.connect(pauser).pause(unknown),
        () => unpause(unknown),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(oracle, "UnknownToken").withArgs(unknown);
      }
    });
  });

  describe("a first price", () => {
    it("is a candidate, because nothing measures it, and no price until it is confirmed", async () => {
      const ctx = await loadFixture(oracleFixture);
      const { oracle, equity: token, updater, confirmer } = ctx;
      const address = await token.getAddress();
      const at = (await now()) + 100n;
      await expect(report({ ...ctx, oracle: oracle.connect(updater) }, PRICE, { at, session: SESSION.Extended }))
        .to.emit(oracle, "CandidateProposed")
        .withArgs(address, PRICE, 0n, at, SESSION.Extended);
      expect(await oracle.candidateOf(token)).to.deep.equal([PRICE, at, 0n, SESSION.Extended]);
      expect([await oracle.sessionOf(token), await oracle.latestRound(token)]).to.deep.equal([SESSION.Halted, 0n]);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "NoDataPresent").withArgs(address, 0n);
      await expect(oracle.latestRoundData(token))
        .to.be.revertedWithCustomError(oracle, "NoDataPresent")
        .withArgs(address, 0n);

      await expect(oracle.connect(confirmer).confirm(token, PRICE, at))
        .to.emit(oracle, "PriceUpdated")
        .withArgs(address, 1n, PRICE, at, SESSION.Extended);
      expect(await oracle.priceOf(token)).to.deep.equal([PRICE, at]);
      expect(await oracle.sessionOf(token)).to.equal(SESSION.Extended);
    });

    it("may be dropped, and is followed by another first one", async () => {
      const ctx = await loadFixture(oracleFixture);
      const { oracle, equity: token, updater, confirmer } = ctx;
      const by = { ...ctx, oracle: oracle.connect(updater) };
      await report(by, 2n * PRICE);
      await oracle.connect(confirmer).reject(token, 2n * PRICE, await now());
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "NoDataPresent");
      await expect(report(by, PRICE)).to.emit(oracle, "CandidateProposed");
      expect((await oracle.candidateOf(token)).price).to.equal(PRICE);
    });

    it("may be the smallest and the greatest that fit", async () => {
      for (const price of [1n, MAX_PRICE]) {
        const ctx = await loadFixture(oracleFixture);
        const { oracle, equity: token, updater, confirmer } = ctx;
        const by = { ...ctx, oracle: oracle.connect(updater) };
        await report(by, price);
        const at = await now();
        await oracle.connect(confirmer).confirm(token, price, at);
        expect(await oracle.priceOf(token)).to.deep.equal([price, at]);
        // The greatest's limit is computed without overflow.
        await report(by, price);
        expect(await oracle.latestRound(token)).to.equal(2n);
      }
    });
  });

  describe("update", () => {
    it("accepts a price within the session's limit, keeps it as a round, and says so", async () => {
      const { oracle, equity: token, tell, firstAt } = await loadFixture(pricedFixture);
      const at = firstAt + 100n;
      await expect(tell(PRICE + 1n, { at, observedAt: at - 7n, session: SESSION.Closed }))
        .to.emit(oracle, "PriceUpdated")
        .withArgs(await token.getAddress(), 2n, PRICE + 1n, at - 7n, SESSION.Closed);
      expect(await oracle.latestRound(token)).to.equal(2n);
      expect(await oracle.sessionOf(token)).to.equal(SESSION.Closed);
      expect(await oracle.lastObservation(token)).to.equal(at - 7n);
      expect(await oracle.roundOf(token, 2n)).to.deep.equal([PRICE + 1n, at - 7n, at, 0n, SESSION.Closed]);
      expect(await oracle.priceOf(token)).to.deep.equal([PRICE + 1n, at - 7n]);
      expect(await oracle.candidateOf(token)).to.deep.equal([0n, 0n, 0n, 0n]);
    });

    it("refuses a price that is none, or does not fit", async () => {
      const { oracle, tell } = await loadFixture(pricedFixture);
      for (const price of [0n, -1n, MinInt256, MAX_PRICE + 1n, MaxInt256]) {
        await expect(tell(price)).to.be.revertedWithCustomError(oracle, "BadPrice").withArgs(price);
      }
    });

    it("refuses an observation that is the last one's, or earlier, or of a second to come", async () => {
      const { oracle, tell, firstAt } = await loadFixture(pricedFixture);
      const at = firstAt + 1_000n;
      for (const observedAt of [0n, firstAt - 1n, firstAt, at + 1n, 2n ** 40n + firstAt + 1n, MaxUint256]) {
        await expect(tell(PRICE, { at, observedAt }))
          .to.be.revertedWithCustomError(oracle, "BadObservation")
          .withArgs(observedAt, firstAt + 1n, at);
      }
    });

    it("takes an observation of a second after the last one, and of this very second", async () => {
      const { oracle, equity: token, tell, firstAt } = await loadFixture(pricedFixture);
      await tell(PRICE, { observedAt: firstAt + 1n });
      const at = firstAt + 500n;
      await tell(PRICE, { at, observedAt: at });
      expect(await oracle.lastObservation(token)).to.equal(at);
    });

    it("refuses any nonce but the token's", async () => {
      const { oracle, tell } = await loadFixture(pricedFixture);
      for (const nonce of [1n, 2n ** 32n, MaxUint256]) {
        await expect(tell(PRICE, { nonce }))
          .to.be.revertedWithCustomError(oracle, "StaleMultiplier")
          .withArgs(0n, nonce);
      }
    });

    for (const [name, session] of [
      ["Regular", SESSION.Regular],
      ["Extended", SESSION.Extended],
      ["Closed", SESSION.Closed],
    ] as const) {
      it(`takes the largest move of session ${name} up and down, and makes the next larger a candidate`, async () => {
        const limit = LIMITS[Number(session)];
        if (limit === undefined) throw new Error("no such session");
        const { high, low } = bounds(PRICE, limit);
        for (const price of [high, low]) {
          const { oracle, equity: token, tell } = await loadFixture(pricedFixture);
          await tell(price, { session });
          expect((await oracle.priceOf(token)).price).to.equal(price);
          expect((await oracle.roundOf(token, 2n)).session).to.equal(session);
        }
        for (const price of [high + 1n, low - 1n]) {
          const { oracle, equity: token, tell, firstAt } = await loadFixture(pricedFixture);
          const at = firstAt + 50n;
          await expect(tell(price, { at, session }))
            .to.emit(oracle, "CandidateProposed")
            .withArgs(await token.getAddress(), price, PRICE, at, session);
          expect(await oracle.latestRound(token)).to.equal(1n);
          expect(await oracle.sessionOf(token)).to.equal(SESSION.Halted);
        }
      });
    }

    it("measures a move by the last price, rounding for nobody", async () => {
      const { oracle, equity: token, updater, confirmer, corporateActions } = await loadFixture(oracleFixture);
      const by = { oracle: oracle.connect(updater), equity: token, corporateActions };
      // Five percent of 39 are 1.95: one is within, two are not.
      await report(by, 39n);
      await oracle.connect(confirmer).confirm(token, 39n, await now());
      await report(by, 40n);
      expect((await oracle.priceOf(token)).price).to.equal(40n);
      await report(by, 42n);
      expect((await oracle.priceOf(token)).price).to.equal(42n);
      await report(by, 39n);
      expect((await oracle.candidateOf(token)).price).to.equal(39n);
    });

    it("takes no price before the interval is over, and takes it in its last second", async () => {
      const { oracle, equity: token, tell, firstAt } = await loadFixture(pricedFixture);
      // The first was accepted when it was confirmed, a second after it was observed.
      const next = firstAt + 1n + MIN_INTERVAL;
      await expect(tell(PRICE, { at: next - 1n }))
        .to.be.revertedWithCustomError(oracle, "UpdateTooSoon")
        .withArgs(next);
      await tell(PRICE, { at: next });
      expect(await oracle.latestRound(token)).to.equal(2n);
    });

    it("halts at once, by the market or a move beyond the limit, whatever the interval", async () => {
      for (const [price, session] of [
        [PRICE, SESSION.Halted],
        [2n * PRICE, SESSION.Regular],
      ] as const) {
        const { oracle, equity: token, tell, firstAt } = await loadFixture(pricedFixture);
        await tell(price, { at: firstAt + 2n, session });
        await expect(oracle.priceOf(token))
          .to.be.revertedWithCustomError(oracle, "PriceHalted")
          .withArgs(await token.getAddress());
      }
    });

    it("knows no fifth session", async () => {
      const { oracle, equity: token, updater } = await loadFixture(pricedFixture);
      const data = oracle.interface.encodeFunctionData("update", [token.target, PRICE, 1n, 3n, 0n]);
      const word = (n: number): number => 2 + 8 + 64 * n;
      const wrong = data.slice(0, word(3)) + "4".padStart(64, "0") + data.slice(word(4));
      await expect(updater.sendTransaction({ to: oracle, data: wrong })).to.be.reverted;
      expect(await oracle.latestRound(token)).to.equal(1n);
    });
  });

  describe("a market's halt", () => {
    it("halts the feed and keeps no price, until the next price that is accepted", async () => {
      const { oracle, equity: token, tell, firstAt } = await loadFixture(pricedFixture);
      const address = await token.getAddress();
      const at = firstAt + 60n;
      await expect(tell(PRICE - 1n, { at, session: SESSION.Halted }))
        .to.emit(oracle, "MarketHalted")
        .withArgs(address, at);
      expect([await oracle.sessionOf(token), await oracle.latestRound(token)]).to.deep.equal([SESSION.Halted, 1n]);
      expect(await oracle.lastObservation(token)).to.equal(at);
      expect((await oracle.candidateOf(token)).price).to.equal(0n);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "PriceHalted").withArgs(address);
      expect(await oracle.latestRoundData(token)).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);
      await tell(PRICE + 5n);
      expect((await oracle.priceOf(token)).price).to.equal(PRICE + 5n);
    });

    it("is no way around the limits: the move is measured from the last good price", async () => {
      const { oracle, equity: token, tell } = await loadFixture(pricedFixture);
      await tell(3n * PRICE, { session: SESSION.Halted });
      await tell(3n * PRICE);
      expect((await oracle.candidateOf(token)).price).to.equal(3n * PRICE);
      expect(await oracle.latestRound(token)).to.equal(1n);
    });

    it("judges the report as any other", async () => {
      const { oracle, tell, firstAt } = await loadFixture(pricedFixture);
      const session = SESSION.Halted;
      await expect(tell(0n, { session })).to.be.revertedWithCustomError(oracle, "BadPrice").withArgs(0n);
      await expect(tell(PRICE, { session, nonce: 1n })).to.be.revertedWithCustomError(oracle, "StaleMultiplier");
      await expect(tell(PRICE, { session, observedAt: firstAt })).to.be.revertedWithCustomError(
        oracle,
        "BadObservation",
      );
    });
  });

  describe("a candidate", () => {
    const candidateFixture = async () => {
      const ctx = await pricedFixture();
      const price = PRICE / 2n;
      await ctx.tell(price, { session: SESSION.Closed });
      return { ...ctx, price, at: await now(), address: await ctx.equity.getAddress() };
    };

    it("halts the feed; the last good price stays in the rounds, with its time", async () => {
      const { oracle, equity: token, price, at, firstAt, address } = await loadFixture(candidateFixture);
      expect(await oracle.candidateOf(token)).to.deep.equal([price, at, 0n, SESSION.Closed]);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "PriceHalted").withArgs(address);
      expect(await oracle.latestRoundData(token)).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);
    });

    it("lets no other report pass: not a good price, not another candidate, not a halt", async () => {
      const { oracle, tell, address } = await loadFixture(candidateFixture);
      for (const [other, session] of [
        [PRICE, SESSION.Regular],
        [PRICE * 2n, SESSION.Regular],
        [PRICE, SESSION.Halted],
      ] as const) {
        await expect(tell(other, { session }))
          .to.be.revertedWithCustomError(oracle, "CandidatePending")
          .withArgs(address);
      }
    });

    it("becomes the next round when confirmed, with its own time and session, and the time of acceptance", async () => {
      const { oracle, equity: token, confirmer, price, at, address } = await loadFixture(candidateFixture);
      await time.setNextBlockTimestamp(at + 600n);
      await expect(oracle.connect(confirmer).confirm(token, price, at))
        .to.emit(oracle, "PriceUpdated")
        .withArgs(address, 2n, price, at, SESSION.Closed)
        .and.to.emit(oracle, "CandidateConfirmed")
        .withArgs(address, 2n, confirmer.address);
      expect(await oracle.roundOf(token, 2n)).to.deep.equal([price, at, at + 600n, 0n, SESSION.Closed]);
      expect(await oracle.latestRoundData(token)).to.deep.equal([2n, price, at, at, 2n]);
      expect(await oracle.priceOf(token)).to.deep.equal([price, at]);
      expect(await oracle.sessionOf(token)).to.equal(SESSION.Closed);
      expect((await oracle.candidateOf(token)).price).to.equal(0n);
    });

    it("measures the next move once confirmed, and holds up the next price by the interval", async () => {
      const { oracle, equity: token, confirmer, tell, price, at } = await loadFixture(candidateFixture);
      await time.setNextBlockTimestamp(at + 600n);
      await oracle.connect(confirmer).confirm(token, price, at);
      await expect(tell(price, { at: at + 600n + MIN_INTERVAL - 1n }))
        .to.be.revertedWithCustomError(oracle, "UpdateTooSoon")
        .withArgs(at + 600n + MIN_INTERVAL);
      await tell(bounds(price, LIMITS[0]).high, { at: at + 600n + MIN_INTERVAL });
      expect(await oracle.latestRound(token)).to.equal(3n);
    });

    it("confirmed too late is a price, and too old", async () => {
      const { oracle, equity: token, confirmer, price, at } = await loadFixture(candidateFixture);
      await time.setNextBlockTimestamp(at + 4n * DAY + 1n);
      await oracle.connect(confirmer).confirm(token, price, at);
      await expect(oracle.priceOf(token))
        .to.be.revertedWithCustomError(oracle, "StalePrice")
        .withArgs(at, 4n * DAY);
    });

    it("is confirmed and rejected by its price and its time alone", async () => {
      const { oracle, equity: token, confirmer, price, at } = await loadFixture(candidateFixture);
      const by = oracle.connect(confirmer);
      for (const [otherPrice, otherTime] of [
        [price + 1n, at],
        [price, at + 1n],
        [price + 2n ** 128n, at],
        [PRICE, at - 1n],
      ] as const) {
        for (const attempt of [
          () => by.confirm(token, otherPrice, otherTime),
          () => by.reject(token, otherPrice, otherTime),
        ]) {
          await expect(attempt()).to.be.revertedWithCustomError(oracle, "NotTheCandidate").withArgs(price, at);
        }
      }
    });

    it("is dropped when rejected; the feed stays halted until the next good price", async () => {
      const {
        oracle,
        equity: token,
        confirmer,
        tell,
        price,
        at,
        address,
        firstAt,
      } = await loadFixture(candidateFixture);
      await expect(oracle.connect(confirmer).reject(token, price, at))
        .to.emit(oracle, "CandidateRejected")
        .withArgs(address, price, at, confirmer.address);
      expect(await oracle.candidateOf(token)).to.deep.equal([0n, 0n, 0n, 0n]);
      expect(await oracle.sessionOf(token)).to.equal(SESSION.Halted);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "PriceHalted").withArgs(address);
      expect(await oracle.latestRoundData(token)).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);
      await expect(tell(PRICE, { at: at + 60n, observedAt: at }))
        .to.be.revertedWithCustomError(oracle, "BadObservation")
        .withArgs(at, at + 1n, at + 60n);
      await tell(PRICE);
      expect((await oracle.priceOf(token)).price).to.equal(PRICE);
    });

    it("is confirmed or rejected once; without one there is nothing to do", async () => {
      const { oracle, equity: token, confirmer, price, at, address } = await loadFixture(candidateFixture);
      const by = oracle.connect(confirmer);
      await by.confirm(token, price, at);
      for (const attempt of [() => by.confirm(token, price, at), () => by.reject(token, price, at)]) {
        await expect(attempt()).to.be.revertedWithCustomError(oracle, "NoCandidate").withArgs(address);
      }
      await expect(by.confirm(token, 0n, 0n))
        .to.be.revertedWithCustomError(oracle, "NoCandidate")
        .withArgs(address);
    });

    it("outlives a split, which no price of a share knows of", async () => {
      const { oracle, equity: token, confirmer, tell, act, price, at } = await loadFixture(candidateFixture);
      const effectiveAt = await act(KIND.Split, 10n, 1n);
      await oracle.connect(confirmer).confirm(token, price, at);
      expect(await oracle.roundOf(token, 2n)).to.deep.equal([price, at, await now(), 0n, SESSION.Closed]);
      await tell(price);
      expect((await oracle.roundOf(token, 3n)).multiplierNonce).to.equal(1n);
      expect((await oracle.priceOf(token)).observedAt).to.be.greaterThan(effectiveAt);
    });
  });

  describe("pause and unpause", () => {
    it("stop the feed at once, and let it go on with the next price", async () => {
      const { oracle, unpause, equity: token, pauser, tell, firstAt } = await loadFixture(pricedFixture);
      const address = await token.getAddress();
      await expect(oracle.connect(pauser).pause(token)).to.emit(oracle, "UpdatesPaused").withArgs(address);
      expect([await oracle.isPaused(token), await oracle.sessionOf(token)]).to.deep.equal([true, SESSION.Halted]);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "PriceHalted").withArgs(address);
      for (const session of [SESSION.Regular, SESSION.Halted]) {
        await expect(tell(PRICE, { session })).to.be.revertedWithCustomError(oracle, "FeedPaused").withArgs(address);
      }
      expect(await oracle.latestRoundData(token)).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);

      await expect(unpause(token)).to.emit(oracle, "UpdatesResumed").withArgs(address);
      expect([await oracle.isPaused(token), await oracle.sessionOf(token)]).to.deep.equal([false, SESSION.Halted]);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "PriceHalted").withArgs(address);
      await tell(PRICE);
      expect((await oracle.priceOf(token)).price).to.equal(PRICE);
    });

    it("hold up a candidate's confirmation, not its rejection", async () => {
      const { oracle, equity: token, pauser, confirmer, tell } = await loadFixture(pricedFixture);
      const address = await token.getAddress();
      await tell(2n * PRICE);
      const at = await now();
      await oracle.connect(pauser).pause(token);
      await expect(oracle.connect(confirmer).confirm(token, 2n * PRICE, at))
        .to.be.revertedWithCustomError(oracle, "FeedPaused")
        .withArgs(address);
      await expect(oracle.connect(confirmer).reject(token, 2n * PRICE, at)).to.emit(oracle, "CandidateRejected");
    });

    it("may come twice", async () => {
      const { oracle, unpause, equity: token, pauser } = await loadFixture(pricedFixture);
      await oracle.connect(pauser).pause(token);
      await oracle.connect(pauser).pause(token);
      await unpause(token);
      await unpause(token);
      expect(await oracle.isPaused(token)).to.equal(false);
    });
  });

  describe("priceOf", () => {
    for (const [name, session] of [
      ["Regular", 0],
      ["Extended", 1],
      ["Closed", 2],
    ] as const) {
      it(`answers up to the last second of session ${name}'s age, and reverts in the next`, async () => {
        const { oracle, equity: token, tell } = await loadFixture(pricedFixture);
        const { maxAge } = LIMITS[session];
        await tell(PRICE, { session: BigInt(session) });
        const at = await now();
        await time.increaseTo(at + maxAge);
        expect(await oracle.priceOf(token)).to.deep.equal([PRICE, at]);
        await time.increaseTo(at + maxAge + 1n);
        await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "StalePrice").withArgs(at, maxAge);
        expect(await oracle.latestRoundData(token)).to.deep.equal([2n, PRICE, at, at, 2n]);
      });
    }

    it("counts the age from the observation, not from its acceptance", async () => {
      const { oracle, equity: token, tell, firstAt } = await loadFixture(pricedFixture);
      const { maxAge } = LIMITS[0];
      const observedAt = firstAt + 1n;
      await tell(PRICE, { at: observedAt + maxAge, observedAt });
      expect(await oracle.priceOf(token)).to.deep.equal([PRICE, observedAt]);
      await time.increaseTo(observedAt + maxAge + 1n);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "StalePrice");
    });
  });

  describe("the rounds", () => {
    it("count from 1 and stay; there is none before and none after", async () => {
      const { oracle, equity: token, tell, firstAt } = await loadFixture(pricedFixture);
      const address = await token.getAddress();
      await tell(PRICE + 1n);
      const second = await now();
      await tell(PRICE + 2n);
      const third = await now();
      const expected = [
        [1n, PRICE, firstAt],
        [2n, PRICE + 1n, second],
        [3n, PRICE + 2n, third],
      ] as const;
      for (const [id, price, at] of expected) {
        expect(await oracle.getRoundData(token, id)).to.deep.equal([id, price, at, at, id]);
      }
      expect(await oracle.latestRoundData(token)).to.deep.equal([3n, PRICE + 2n, third, third, 3n]);
      for (const id of [0n, 4n, 2n ** 32n + 1n, 2n ** 80n - 1n]) {
        await expect(oracle.getRoundData(token, id))
          .to.be.revertedWithCustomError(oracle, "NoDataPresent")
          .withArgs(address, id);
      }
      await expect(oracle.roundOf(token, MaxUint256))
        .to.be.revertedWithCustomError(oracle, "NoDataPresent")
        .withArgs(address, MaxUint256);
    });

    it("are each token's own", async () => {
      const { oracle, setLimits, wrapper } = await loadFixture(pricedFixture);
      const other = await wrapper.getAddress();
      await setLimits(other, MIN_INTERVAL, [...LIMITS]);
      await expect(oracle.getRoundData(other, 1n))
        .to.be.revertedWithCustomError(oracle, "NoDataPresent")
        .withArgs(other, 1n);
      await expect(oracle.priceOf(other)).to.be.revertedWithCustomError(oracle, "NoDataPresent").withArgs(other, 0n);
    });
  });

  describe("through corporate actions", () => {
    it("one report follows a 10:1 split: the price of a share is what it was", async () => {
      const { oracle, equity: token, tell, act } = await loadFixture(pricedFixture);
      await act(KIND.Split, 10n, 1n);
      expect(await token.multiplier()).to.equal(10n * WAD);
      // The stock trades at 15 dollars, of which a share is ten.
      await tell(15_00000000n * 10n);
      expect((await oracle.priceOf(token)).price).to.equal(PRICE);
      expect((await oracle.roundOf(token, 2n)).multiplierNonce).to.equal(1n);
    });

    it("refuse a price of before the split under the nonce of after it, to the second", async () => {
      const { oracle, equity: token, tell, act } = await loadFixture(pricedFixture);
      const effectiveAt = await act(KIND.Split, 10n, 1n);
      const at = effectiveAt + 100n;
      // 150 dollars, taken for the tenth part of a share.
      await expect(tell(PRICE * 10n, { at, observedAt: effectiveAt - 1n, nonce: 1n }))
        .to.be.revertedWithCustomError(oracle, "BadObservation")
        .withArgs(effectiveAt - 1n, effectiveAt, at);
      await tell(PRICE, { at, observedAt: effectiveAt, nonce: 1n });
      expect(await oracle.lastObservation(token)).to.equal(effectiveAt);
    });

    it("refuse a price under the nonce of before the split, whenever it was observed", async () => {
      const { oracle, tell, act } = await loadFixture(pricedFixture);
      const effectiveAt = await act(KIND.Split, 10n, 1n);
      for (const observedAt of [effectiveAt - 1n, effectiveAt, effectiveAt + 1n]) {
        await expect(tell(PRICE / 10n, { at: effectiveAt + 100n, observedAt, nonce: 0n }))
          .to.be.revertedWithCustomError(oracle, "StaleMultiplier")
          .withArgs(1n, 0n);
      }
    });

    it("change the nonce in the split's own second, not in the one before", async () => {
      const { oracle, equity: token, tell, schedule } = await loadFixture(pricedFixture);
      const effectiveAt = await schedule(KIND.Split, 10n, 1n);
      await expect(tell(PRICE, { at: effectiveAt - 1n, nonce: 1n }))
        .to.be.revertedWithCustomError(oracle, "StaleMultiplier")
        .withArgs(0n, 1n);
      await expect(tell(PRICE, { at: effectiveAt, nonce: 0n }))
        .to.be.revertedWithCustomError(oracle, "StaleMultiplier")
        .withArgs(1n, 0n);
      await tell(PRICE, { at: effectiveAt, nonce: 1n });
      expect(await oracle.priceOf(token)).to.deep.equal([PRICE, effectiveAt]);
    });

    it("catch who forgot to multiply: a tenth of the price is a candidate", async () => {
      const { oracle, equity: token, tell, act } = await loadFixture(pricedFixture);
      await act(KIND.Split, 10n, 1n);
      await tell(PRICE / 10n);
      expect((await oracle.candidateOf(token)).price).to.equal(PRICE / 10n);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "PriceHalted");
    });

    it("remember the last action where halts and rejected candidates came after it", async () => {
      const { oracle, equity: token, confirmer, tell, act } = await loadFixture(pricedFixture);
      const effectiveAt = await act(KIND.Split, 10n, 1n);
      await tell(PRICE, { observedAt: effectiveAt + 5n, at: effectiveAt + 20n, session: SESSION.Halted });
      await expect(tell(PRICE, { observedAt: effectiveAt + 5n, at: effectiveAt + 20n }))
        .to.be.revertedWithCustomError(oracle, "BadObservation")
        .withArgs(effectiveAt + 5n, effectiveAt + 6n, effectiveAt + 20n);
      await tell(9n * PRICE, { observedAt: effectiveAt + 6n, at: effectiveAt + 21n });
      await oracle.connect(confirmer).reject(token, 9n * PRICE, effectiveAt + 6n);
      await tell(PRICE, { observedAt: effectiveAt + 7n, at: effectiveAt + 30n });
      expect((await oracle.roundOf(token, 2n)).multiplierNonce).to.equal(1n);
    });

    it("hold for one action after the other, of every kind", async () => {
      const { oracle, equity: token, tell, act, corporateActions } = await loadFixture(pricedFixture);
      const actions = [
        [KIND.Dividend, 101n, 100n],
        [KIND.ReverseSplit, 1n, 20n],
        [KIND.Fee, 99n, 100n],
        [KIND.Split, 3n, 2n],
      ] as const;
      for (const [i, action] of actions.entries()) {
        const effectiveAt = await act(action[0], action[1], action[2]);
        await expect(tell(PRICE, { at: effectiveAt + 60n, observedAt: effectiveAt - 1n }))
          .to.be.revertedWithCustomError(oracle, "BadObservation")
          .withArgs(effectiveAt - 1n, effectiveAt, effectiveAt + 60n);
        await tell(PRICE);
        const round = await oracle.roundOf(token, BigInt(i) + 2n);
        expect([round.price, round.multiplierNonce]).to.deep.equal([PRICE, BigInt(i) + 1n]);
      }
      expect(await corporateActions.nonce(token)).to.equal(4n);
    });

    it("hold a report up once a period where somebody applies a fee before it, and no more often", async () => {
      const ctx = await loadFixture(pricedFixture);
      const { oracle, equity: token, tell, corporateActions, stranger } = ctx;
      const keep = (WAD * 999n) / 1_000n;
      await call(ctx, "EQUITY_CONFIG", corporateActions, "setFee", [ctx.equityAddress, keep, DAY]);
      await time.increase(DAY);
      await corporateActions.connect(stranger).poke(token);
      const appliedAt = await now();
      await expect(tell(PRICE, { nonce: 0n }))
        .to.be.revertedWithCustomError(oracle, "StaleMultiplier")
        .withArgs(1n, 0n);
      await expect(corporateActions.connect(stranger).poke(token))
        .to.be.revertedWithCustomError(corporateActions, "NothingAccrued")
        .withArgs(appliedAt + DAY);
      await tell(PRICE, { observedAt: appliedAt });
      expect(await oracle.priceOf(token)).to.deep.equal([PRICE, appliedAt]);
      expect((await oracle.roundOf(token, 2n)).multiplierNonce).to.equal(1n);
    });

    it("ask nothing of an action that was called off", async () => {
      const { oracle, equity: token, tell, schedule, callOff } = await loadFixture(pricedFixture);
      const effectiveAt = await schedule(KIND.Split, 10n, 1n);
      await callOff();
      await tell(PRICE, { at: effectiveAt + 60n, observedAt: effectiveAt - 1n, nonce: 0n });
      expect(await oracle.lastObservation(token)).to.equal(effectiveAt - 1n);
    });
  });

  describe("with a sequencer", () => {
    const GRACE = HOUR;

    const sequencerFixture = async () => {
      const ctx = await oracleFixture();
      const feed = await hre.ethers.deployContract("MockAggregator", [0, 0n]);
      const oracle = await deployOracle(ctx.deployer, feed, GRACE);
      await oracle.setLimits(ctx.equity, MIN_INTERVAL, [...LIMITS]);
      const by = { ...ctx, oracle };
      await time.increase(GRACE + 1n);
      await report(by, PRICE);
      const at = await now();
      await oracle.confirm(ctx.equity, PRICE, at);
      return { ...by, feed, at };
    };

    it("answers while it is up", async () => {
      const { oracle, equity: token, at } = await loadFixture(sequencerFixture);
      expect(await oracle.priceOf(token)).to.deep.equal([PRICE, at]);
    });

    it("reverts while it is down, by any answer but 0", async () => {
      const { oracle, equity: token, feed } = await loadFixture(sequencerFixture);
      for (const answer of [1n, -1n, 2n, MaxInt256]) {
        await feed.setAnswer(answer);
        await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "SequencerDown").withArgs();
      }
    });

    it("reverts where the feed was never updated, and says 0 for that", async () => {
      const { oracle, equity: token, feed } = await loadFixture(sequencerFixture);
      await feed.setStartedAt(0n);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "SequencerDown").withArgs();
    });

    it("reverts through the grace period's last second, and answers in the next", async () => {
      const ctx = await loadFixture(sequencerFixture);
      const { oracle, equity: token, feed } = ctx;
      await feed.push(1n);
      await feed.push(0n);
      const upSince = await now();
      await report(ctx, PRICE, { at: upSince + GRACE - 1n });
      for (const second of [upSince + GRACE - 1n, upSince + GRACE]) {
        if (second > (await now())) await time.increaseTo(second);
        await expect(oracle.priceOf(token))
          .to.be.revertedWithCustomError(oracle, "SequencerGracePeriod")
          .withArgs(upSince, GRACE);
      }
      await time.increaseTo(upSince + GRACE + 1n);
      expect(await oracle.priceOf(token)).to.deep.equal([PRICE, upSince + GRACE - 1n]);
    });

    it("reverts for a time that is yet to come, however far", async () => {
      const { oracle, equity: token, feed } = await loadFixture(sequencerFixture);
      for (const upSince of [(await now()) + 1_000n, 2n ** 88n - 1n]) {
        await feed.setStartedAt(upSince);
        await expect(oracle.priceOf(token))
          .to.be.revertedWithCustomError(oracle, "SequencerGracePeriod")
          .withArgs(upSince, GRACE);
      }
    });

    it("reverts where the feed reverts, is silent, or says what is no round", async () => {
      const { oracle, equity: token, feed } = await loadFixture(sequencerFixture);
      await feed.setMode(FEED_MODE.Revert);
      await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(feed, "Hostile").withArgs();
      for (const mode of [FEED_MODE.Nothing, FEED_MODE.Short, FEED_MODE.Garbage, FEED_MODE.BurnGas]) {
        await feed.setMode(mode);
        await expect(oracle.priceOf(token)).to.be.reverted;
      }
    });

    it("takes reports, and answers as Chainlink's feeds do, whatever the sequencer does", async () => {
      const ctx = await loadFixture(sequencerFixture);
      const { oracle, equity: token, feed } = ctx;
      await feed.setMode(FEED_MODE.Revert);
      await report(ctx, PRICE + 1n);
      const at = await now();
      expect(await oracle.latestRoundData(token)).to.deep.equal([2n, PRICE + 1n, at, at, 2n]);
    });
  });

  describe("against an updater whose key was stolen", () => {
    it("no second price is accepted in a block, or in the interval: many small moves are no large one", async () => {
      const { oracle, equity: token, tell } = await loadFixture(pricedFixture);
      let price = bounds(PRICE, LIMITS[0]).high;
      await tell(price);
      const at = await now();
      // Older observations than now are to be had for the asking: the interval counts by the block.
      price = bounds(price, LIMITS[0]).high;
      for (const second of [0n, 1n, MIN_INTERVAL - 1n]) {
        await expect(tell(price, { at: at + second, observedAt: at + second })).to.be.revertedWithCustomError(
          oracle,
          second === 0n ? "BadObservation" : "UpdateTooSoon",
        );
      }
      expect((await oracle.priceOf(token)).price).to.equal(bounds(PRICE, LIMITS[0]).high);
    });

    it("observations saved up do not shorten the interval", async () => {
      const { oracle, tell, firstAt } = await loadFixture(pricedFixture);
      const at = firstAt + 1_000n;
      await tell(bounds(PRICE, LIMITS[0]).high, { at, observedAt: firstAt + 1n });
      await expect(tell(PRICE, { at, observedAt: firstAt + 2n }))
        .to.be.revertedWithCustomError(oracle, "UpdateTooSoon")
        .withArgs(at + MIN_INTERVAL);
    });

    it("the price walks by its limit once an interval, and a pause ends the walk", async () => {
      const { oracle, equity: token, pauser, tell } = await loadFixture(pricedFixture);
      let bound = PRICE;
      for (let i = 0; i < 5; ++i) {
        bound = bounds(bound, LIMITS[0]).high;
        await tell(bound);
        expect((await oracle.priceOf(token)).price).to.equal(bound);
      }
      await oracle.connect(pauser).pause(token);
      await expect(tell(bound)).to.be.revertedWithCustomError(oracle, "FeedPaused");
      expect(await oracle.latestRound(token)).to.equal(6n);
    });

    it("neither a halt nor another session gets around the interval", async () => {
      const { oracle, tell } = await loadFixture(pricedFixture);
      await tell(PRICE);
      const at = await now();
      await tell(PRICE, { at: at + 1n, session: SESSION.Halted });
      for (const session of [SESSION.Regular, SESSION.Extended, SESSION.Closed]) {
        await expect(tell(PRICE, { at: at + 2n, session }))
          .to.be.revertedWithCustomError(oracle, "UpdateTooSoon")
          .withArgs(at + MIN_INTERVAL);
      }
    });

    it("a candidate of its making halts the feed, and neither price nor key can make it one", async () => {
      const { oracle, equity: token, updater, tell, firstAt } = await loadFixture(pricedFixture);
      await tell(1n);
      const at = await now();
      await expect(oracle.connect(updater).confirm(token, 1n, at))
        .to.be.revertedWithCustomError(oracle, "AccessManagedUnauthorized")
        .withArgs(updater.address);
      expect(await oracle.latestRoundData(token)).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);
    });

    it("a report that others sent is not taken twice", async () => {
      const { oracle, equity: token, updater, tell } = await loadFixture(pricedFixture);
      await tell(PRICE + 1n);
      const at = await now();
      await time.setNextBlockTimestamp(at + MIN_INTERVAL);
      await expect(oracle.connect(updater).update(token, PRICE + 1n, at, SESSION.Regular, 0n))
        .to.be.revertedWithCustomError(oracle, "BadObservation")
        .withArgs(at, at + 1n, at + MIN_INTERVAL);
    });
  });

  it("a confirmer alone can make no price", async () => {
    const { oracle, equity: token, confirmer } = await loadFixture(pricedFixture);
    await expect(oracle.connect(confirmer).confirm(token, 1n, await now()))
      .to.be.revertedWithCustomError(oracle, "NoCandidate")
      .withArgs(await token.getAddress());
  });
});
