import { expect } from "chai";
import fc from "fast-check";

import {
  FREEZE_ALL,
  MAX_AMOUNT,
  MAX_MULTIPLIER,
  MAX_SHARES,
  MIN_MULTIPLIER,
  WAD,
  allowedSupply,
  amountsOfSharesTransfer,
  availableAmount,
  balanceOfShares,
  freeShares,
  frozenAmount,
  nextMultiplier,
  sharesToBurn,
  sharesToFreeze,
  sharesToMint,
  sharesToTransfer,
  toAmount,
  wrapperRounding,
} from "../../sdk/equity/rounding";

const SEED = 20_261_125;
const RUNS = 5_000;

/** Any number below a bound, small and large ones as likely as the rest. */
const upTo = (max: bigint): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.bigInt(0n, max),
    fc.bigInt(0n, max < 1000n ? max : 1000n),
    fc.integer({ min: 0, max: max.toString(2).length - 1 }).chain((bits) => fc.bigInt(0n, 2n ** BigInt(bits))),
    fc.constantFrom(0n, 1n, max - 1n, max),
  );

const shares = upTo(MAX_SHARES);
const amount = upTo(MAX_AMOUNT);
/** The formulas hold far below the multipliers that a token can have. */
const multiplier = fc.oneof(
  upTo(MAX_MULTIPLIER).map((m) => (m === 0n ? 1n : m)),
  fc.constantFrom(1n, 2n, 3n, MIN_MULTIPLIER, WAD - 1n, WAD, WAD + 1n, WAD / 2n, 3n * WAD, 4n * WAD, MAX_MULTIPLIER),
);

const holds = <T extends unknown[]>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  predicate: (...values: T) => void,
): void => {
  fc.assert(
    fc.property(fc.tuple<T>(...arbitraries), (values) => {
      predicate(...values);
    }),
    { seed: SEED, numRuns: RUNS },
  );
};

/** Plain rather than by chai, which would take most of the time of a property. */
const atMost = (a: bigint, b: bigint, what = "bound"): void => {
  if (a > b) throw new Error(`${what}: ${a.toString()} is more than ${b.toString()}`);
};

const same = <T>(a: T, b: T, what = "value"): void => {
  if (a !== b) throw new Error(`${what}: ${String(a)} is not ${String(b)}`);
};

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

describe("Rounding", () => {
  before(() => {
    console.log(`      seed ${SEED}, ${RUNS} runs a property`);
  });

  it("fits a word at the bounds: no product that a token makes overflows", () => {
    expect(MAX_SHARES * MAX_MULTIPLIER).to.be.lessThan(2n ** 256n);
    expect(MAX_AMOUNT * WAD).to.be.lessThan(2n ** 256n);
    expect(MAX_MULTIPLIER).to.be.lessThan(2n ** 88n);
  });

  it("is by hand what it is by the formulas", () => {
    // Three shares' worth a share: 11 is 3.67 shares.
    const three = 3n * WAD;
    expect(balanceOfShares(4n, three)).to.equal(12n);
    expect(sharesToTransfer(11n, three)).to.equal(4n);
    expect(sharesToMint(11n, three)).to.equal(3n);
    expect(sharesToBurn(11n, three)).to.equal(4n);
    // xStocks' phantom: at 4, a transfer of 3 moved nothing; here it moves a share, worth 4.
    expect(sharesToTransfer(3n, 4n * WAD)).to.equal(1n);
    // Half a unit a share: one share is worth nothing alone, and still costs allowance.
    expect(amountsOfSharesTransfer(1n, WAD / 2n)).to.deep.equal({ transferred: 0n, charged: 1n });
    expect(amountsOfSharesTransfer(2n, WAD / 2n)).to.deep.equal({ transferred: 1n, charged: 1n });
    // xStocks' wrapper delivered 9 of 11 at 3; here 4 shares, worth 12.
    expect(toAmount(wrapperRounding.withdraw(11n, three), three)).to.equal(12n);
    expect(nextMultiplier(WAD, 1n, 3n)).to.equal(333_333_333_333_333_333n);
  });

  it("refuses what no contract could pass: negative numbers, a multiplier of nothing", () => {
    expect(() => toAmount(-1n, WAD)).to.throw(RangeError, "negative");
    expect(() => toAmount(1n, -1n)).to.throw(RangeError, "negative");
    expect(() => sharesToMint(1n, 0n)).to.throw(RangeError, "positive");
    expect(() => nextMultiplier(WAD, 1n, 0n)).to.throw(RangeError, "positive");
    expect(() => allowedSupply(-1n, { decimals: 18, marginBps: 0n, chainShareBps: 1n })).to.throw(RangeError);
  });

  describe("balances", () => {
    it("sum to the supply at most, and to less than a unit an account below it", () => {
      holds([fc.array(upTo(MAX_SHARES / 20n), { minLength: 1, maxLength: 20 }), multiplier], (held, m) => {
        const total = held.reduce((sum, s) => sum + s, 0n);
        const balances = held.reduce((sum, s) => sum + balanceOfShares(s, m), 0n);
        atMost(balances, toAmount(total, m));
        atMost(toAmount(total, m), balances + BigInt(held.length) - 1n);
      });
    });
  });

  describe("a transfer of an amount", () => {
    it("gives the receiver the amount at least, and ceil(m / 1e18) more at most", () => {
      holds([shares, shares, amount, multiplier], (from, to, a, m) => {
        const moved = sharesToTransfer(min(a, balanceOfShares(from, m)), m);
        const sent = min(a, balanceOfShares(from, m));
        atMost(moved, from, "the sender has them");
        const gained = balanceOfShares(to + moved, m) - balanceOfShares(to, m);
        atMost(sent, gained, "gained");
        atMost(gained, sent + ceilDiv(m, WAD), "gained");
        const lost = balanceOfShares(from, m) - balanceOfShares(from - moved, m);
        atMost(sent, lost, "lost");
        atMost(lost, sent + ceilDiv(m, WAD), "lost");
      });
    });

    it("moves a share at least, unless the amount is 0", () => {
      holds([amount, multiplier], (a, m) => {
        same(sharesToTransfer(a, m) === 0n, a === 0n);
      });
    });

    it("of the whole balance always succeeds, and leaves less than a unit's worth", () => {
      holds([shares, multiplier], (s, m) => {
        const moved = sharesToTransfer(balanceOfShares(s, m), m);
        atMost(moved, s);
        same(balanceOfShares(s - moved, m), 0n);
      });
    });

    it("is possible exactly up to the balance", () => {
      holds([shares, amount, multiplier], (s, a, m) => {
        same(sharesToTransfer(a, m) <= s, a <= balanceOfShares(s, m));
      });
    });
  });

  describe("a transfer of shares", () => {
    it("charges what it says that it moved, or a unit more, and never nothing", () => {
      holds([shares, multiplier], (s, m) => {
        const { transferred, charged } = amountsOfSharesTransfer(s, m);
        atMost(transferred, charged);
        atMost(charged, transferred + 1n);
        same(charged === 0n, s === 0n);
      });
    });

    it("in many parts charges as much as in one at least", () => {
      holds([fc.array(upTo(MAX_SHARES / 20n), { maxLength: 20 }), multiplier], (parts, m) => {
        const total = parts.reduce((sum, s) => sum + s, 0n);
        const charged = parts.reduce((sum, s) => sum + amountsOfSharesTransfer(s, m).charged, 0n);
        atMost(amountsOfSharesTransfer(total, m).charged, charged);
      });
    });
  });

  describe("mint and burn", () => {
    it("move the supply by the amount at most, and at least", () => {
      holds([shares, amount, multiplier], (total, a, m) => {
        atMost(toAmount(total + sharesToMint(a, m), m) - toAmount(total, m), a, "mint");
        const burned = sharesToBurn(a, m);
        if (burned <= total) atMost(a, toAmount(total, m) - toAmount(total - burned, m), "burn");
      });
    });

    it("one after the other never make something of nothing", () => {
      holds([amount, multiplier], (a, m) => {
        atMost(sharesToMint(a, m), sharesToBurn(a, m));
        atMost(sharesToBurn(a, m), sharesToMint(a, m) + 1n);
      });
    });
  });

  describe("a freeze", () => {
    it("leaves the balance less the amount at most, whatever is asked", () => {
      holds([shares, amount, multiplier], (s, f, m) => {
        const frozen = sharesToFreeze(f, m);
        if (frozen === null) {
          atMost(MAX_SHARES - 1n, sharesToBurn(f, m));
          return;
        }
        const balance = balanceOfShares(s, m);
        atMost(availableAmount(s, frozen, m), f >= balance ? 0n : balance - f);
        atMost(f, frozenAmount(frozen, m), "what is frozen");
      });
    });

    it("lets exactly what is available be moved", () => {
      holds([shares, shares, amount, multiplier], (s, frozen, a, m) => {
        same(sharesToTransfer(a, m) <= freeShares(s, frozen), a <= availableAmount(s, frozen, m));
      });
    });

    it("of everything stays one of everything, whatever the multiplier", () => {
      holds([shares, multiplier, multiplier], (s, m, next) => {
        const frozen = sharesToFreeze(FREEZE_ALL, m);
        same(frozen, MAX_SHARES);
        same(frozenAmount(MAX_SHARES, next), FREEZE_ALL);
        same(availableAmount(s, MAX_SHARES, next), 0n);
      });
    });

    it("that would be mistaken for one of everything is refused", () => {
      expect(sharesToFreeze(MAX_SHARES - 1n, WAD)).to.equal(MAX_SHARES - 1n);
      expect(sharesToFreeze(MAX_SHARES, WAD)).to.equal(null);
      expect(sharesToFreeze(MAX_AMOUNT, MAX_MULTIPLIER)).to.equal(null);
      expect(sharesToFreeze(MAX_AMOUNT + 1n, MAX_MULTIPLIER)).to.equal(null);
      expect(sharesToFreeze(FREEZE_ALL - 1n, MAX_MULTIPLIER)).to.equal(null);
    });
  });

  describe("the wrapper", () => {
    it("pulls the amount's worth at most, and previews no less than it takes", () => {
      holds([shares, amount, multiplier], (held, a, m) => {
        const deposited = wrapperRounding.deposit(a, m);
        atMost(toAmount(deposited, m), a, "deposit");
        if (deposited <= held) atMost(balanceOfShares(held, m) - balanceOfShares(held - deposited, m), a, "lost");
        atMost(held, wrapperRounding.deposit(wrapperRounding.previewMint(held, m), m), "previewMint buys the units");
      });
    });

    it("gives the receiver the amount at least, and never more of its units than it holds", () => {
      holds([shares, shares, multiplier], (units, held, m) => {
        const most = wrapperRounding.previewRedeem(units, m);
        const burned = wrapperRounding.withdraw(most, m);
        atMost(burned, units);
        atMost(most, balanceOfShares(held + burned, m) - balanceOfShares(held, m), "gained");
      });
    });

    it("earns nothing by a round trip", () => {
      holds([amount, shares, multiplier], (a, s, m) => {
        atMost(wrapperRounding.previewRedeem(wrapperRounding.deposit(a, m), m), a);
        atMost(wrapperRounding.previewRedeem(s, m), wrapperRounding.previewMint(s, m));
        atMost(wrapperRounding.deposit(a, m), wrapperRounding.withdraw(a, m));
      });
    });
  });

  describe("a new multiplier", () => {
    it("is never more than the ratio, and less by less than a unit of its last digit", () => {
      const part = fc.bigInt(1n, 10n ** 6n);
      holds([multiplier, part, part], (m, num, den) => {
        const next = nextMultiplier(m, num, den);
        atMost(next * den, m * num);
        same(m * num < (next + 1n) * den, true);
      });
    });
  });

  describe("reserves", () => {
    const terms = fc.record({
      decimals: fc.integer({ min: 0, max: 36 }),
      marginBps: fc.bigInt(0n, 9_999n),
      chainShareBps: fc.bigInt(1n, 10_000n),
    });

    it("allow the share of the chain less its margin at most, in whole units", () => {
      holds([upTo(2n ** 160n), terms], (answer, t) => {
        const allowed = allowedSupply(answer, t);
        const [num, den] = [answer * t.chainShareBps * (10_000n - t.marginBps), 10n ** 8n];
        // In units of 10^-36, so that neither side is rounded.
        const exact = num * 10n ** BigInt(36 - t.decimals);
        atMost(allowed * den * 10n ** 18n, exact);
        // Three floors, the first of which weighs the most: less than three units are lost.
        same(exact < (allowed + 3n) * den * 10n ** 18n, true);
      });
    });

    it("split among chains never allow more than all of them on one", () => {
      holds([upTo(2n ** 160n), terms, fc.bigInt(1n, 9_999n)], (answer, t, part) => {
        const here = allowedSupply(answer, { ...t, chainShareBps: part });
        const there = allowedSupply(answer, { ...t, chainShareBps: 10_000n - part });
        atMost(here + there, allowedSupply(answer, { ...t, chainShareBps: 10_000n }));
      });
    });

    it("are scaled by hand as by the formula", () => {
      const all = { marginBps: 0n, chainShareBps: 10_000n };
      expect(allowedSupply(123n, { ...all, decimals: 0 })).to.equal(123n * WAD);
      expect(allowedSupply(123n, { ...all, decimals: 18 })).to.equal(123n);
      expect(allowedSupply(1_999n, { ...all, decimals: 21 })).to.equal(1n);
      expect(allowedSupply(10_001n, { decimals: 18, marginBps: 100n, chainShareBps: 5_000n })).to.equal(4_950n);
    });
  });
});
