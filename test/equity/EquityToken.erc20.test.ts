import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress } from "ethers";
import fc from "fast-check";

import { toAmount, toAmountUp, toSharesUp } from "../../sdk/equity/rounding";
import {
  HELD,
  KIND,
  PAUSE,
  SHARE,
  TSLA,
  WAD,
  act,
  call,
  equityFixture,
  loadEquity,
  mint,
  refresh,
  scheduleAction,
  type EquityFixture,
} from "../fixtures/equity";
import {
  GREATEST_MULTIPLIER,
  LEAST_MULTIPLIER,
  MAX_SHARES,
  MULTIPLIER,
  movesOf,
  setMultiplier,
  setShares,
} from "../fixtures/ledger";
import { shouldBehaveLikeERC20, type ERC20Context } from "../helpers/ERC20.behavior";

const MAX_AMOUNT = 2n ** 192n - 1n;
/** Of finite allowances; one more would stand for infinite. */
const GREATEST_ALLOWANCE = 2n ** 240n - 2n;

/** Alice holds 1,000 shares, and bob and carol. */
const context = async (suite: EquityFixture, multiplier: bigint): Promise<ERC20Context> => {
  await setMultiplier(suite, multiplier);
  const { equity, alice, bob, stranger } = suite;
  return {
    token: equity,
    name: TSLA.name,
    symbol: TSLA.symbol,
    decimals: 18n,
    supply: await equity.totalSupply(),
    holder: alice,
    recipient: bob,
    spender: stranger,
    refusesItself: true,
    unit: multiplier,
    greatestAllowance: GREATEST_ALLOWANCE,
  };
};

/** `loadFixture` tells fixtures apart by their functions. */
const CONTEXTS: Record<keyof typeof MULTIPLIER, () => Promise<ERC20Context>> = {
  "1": async () => context(await loadFixture(equityFixture), MULTIPLIER["1"]),
  "4": async () => context(await loadFixture(equityFixture), MULTIPLIER["4"]),
  "0.5": async () => context(await loadFixture(equityFixture), MULTIPLIER["0.5"]),
  "1.234567890123456789": async () => context(await loadFixture(equityFixture), MULTIPLIER["1.234567890123456789"]),
};

describe("EquityToken as an ERC-20", () => {
  for (const multiplier of Object.keys(CONTEXTS) as (keyof typeof MULTIPLIER)[]) {
    describe(`at a multiplier of ${multiplier}`, () => {
      shouldBehaveLikeERC20(CONTEXTS[multiplier]);
    });
  }
});

describe("EquityToken", () => {
  let suite: EquityFixture;

  beforeEach(async () => {
    suite = await loadEquity();
  });

  describe("rounding of a transfer", () => {
    it("at a multiplier of 4, an amount of less than a share moves a whole one, and never nothing", async () => {
      await setMultiplier(suite, 4n * WAD);
      const { equity, alice, stranger, carol } = suite;
      for (const [amount, shares] of [
        [1n, 1n],
        [3n, 1n],
        [4n, 1n],
        [5n, 2n],
      ] as const) {
        const before = await equity.balanceOf(stranger);
        expect(await movesOf(suite, equity.connect(alice).transfer(stranger, amount))).to.deep.equal([
          { from: alice.address, to: stranger.address, amount, shares },
        ]);
        expect(await equity.balanceOf(stranger)).to.equal(before + 4n * shares);
      }
      expect(await equity.sharesOf(carol)).to.equal(HELD);
    });

    it("at a multiplier of 0.5, a unit is two shares, and one share is nothing that can be sent", async () => {
      await setMultiplier(suite, WAD / 2n);
      const { equity, alice, stranger } = suite;
      expect(await movesOf(suite, equity.connect(alice).transfer(stranger, 1n))).to.deep.equal([
        { from: alice.address, to: stranger.address, amount: 1n, shares: 2n },
      ]);
      await equity.connect(stranger).transferShares(alice, 1n);
      expect(await equity.balanceOf(stranger)).to.equal(0n);
      await expect(equity.connect(stranger).transfer(alice, 1n))
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
        .withArgs(stranger.address, 0n, 1n);
    });

    it("leaves less than a unit's worth behind where the whole balance is sent, which a transfer of shares clears", async () => {
      const m = (3n * WAD) / 10n;
      await setMultiplier(suite, m);
      const { equity, alice, bob } = suite;
      await equity.connect(alice).transferShares(bob, 1n);
      await equity.connect(alice).transfer(bob, await equity.balanceOf(alice));
      expect(await equity.balanceOf(alice)).to.equal(0n);
      const dust = await equity.sharesOf(alice);
      expect(dust).to.equal(2n);
      expect(toAmount(dust, m)).to.equal(0n);
      await equity.connect(alice).transferShares(bob, dust);
      expect(await equity.sharesOf(alice)).to.equal(0n);
      expect(await equity.sharesOf(bob)).to.equal(2n * HELD);
    });

    it("gives the receiver the amount or more, takes less than a share more, and lets the whole balance go, at any multiplier", async () => {
      const multiplier = fc.oneof(
        fc.bigInt(LEAST_MULTIPLIER, GREATEST_MULTIPLIER),
        fc.bigInt(WAD / 10n, 10n * WAD),
        fc.constantFrom(LEAST_MULTIPLIER, GREATEST_MULTIPLIER, WAD - 1n, WAD + 1n, 3n * WAD),
      );
      await fc.assert(
        fc.asyncProperty(
          multiplier,
          fc.bigInt(1n, MAX_SHARES / 4n),
          fc.bigInt(1n, 1_000_000n),
          fc.bigInt(0n, MAX_SHARES / 4n),
          async (m, held, ppm, received) => {
            suite = await loadEquity();
            const { equity, alice, bob, carol } = suite;
            await setShares(suite, alice.address, held);
            await setShares(suite, bob.address, received);
            await setMultiplier(suite, m);
            const [balance, before] = [await equity.balanceOf(alice), await equity.balanceOf(bob)];
            const amount = (balance * ppm) / 1_000_000n;
            const [move] = await movesOf(suite, equity.connect(alice).transfer(bob, amount));
            expect(move?.shares).to.equal(toSharesUp(amount, m));
            if (amount > 0n) expect(move?.shares).to.be.greaterThan(0n);
            const gained = (await equity.balanceOf(bob)) - before;
            expect(gained)
              .to.be.at.least(amount)
              .and.at.most(amount + (m + WAD - 1n) / WAD);
            await equity.connect(alice).transfer(bob, await equity.balanceOf(alice));
            expect(await equity.balanceOf(alice)).to.equal(0n);
            const total = await equity.totalShares();
            const shares = await Promise.all([alice, bob, carol].map((account) => equity.sharesOf(account)));
            expect(shares.reduce((sum, some) => sum + some, 0n)).to.equal(total);
            const balances = await Promise.all([alice, bob, carol].map((account) => equity.balanceOf(account)));
            const sum = balances.reduce((all, some) => all + some, 0n);
            expect(await equity.totalSupply())
              .to.be.at.least(sum)
              .and.at.most(sum + 3n);
          },
        ),
        { seed: 20_261_125, numRuns: 40 },
      );
    });
  });

  describe("conversions", () => {
    it("say what a transfer moves and what shares are worth, and the greatest number where none is possible", async () => {
      const m = MULTIPLIER["1.234567890123456789"];
      await setMultiplier(suite, m);
      const { equity } = suite;
      for (const amount of [0n, 1n, SHARE, MAX_AMOUNT]) {
        expect(await equity.sharesFor(amount)).to.equal(toSharesUp(amount, m));
      }
      expect(await equity.sharesFor(MAX_AMOUNT + 1n)).to.equal(MaxUint256);
      for (const shares of [0n, 1n, SHARE, MAX_SHARES]) {
        expect(await equity.amountFor(shares)).to.equal(toAmount(shares, m));
      }
      expect(await equity.amountFor(MAX_SHARES + 1n)).to.equal(MaxUint256);
    });
  });

  describe("transferShares", () => {
    for (const [name, m] of Object.entries(MULTIPLIER)) {
      it(`moves exactly the shares at a multiplier of ${name}, and tells what they are worth rounded down`, async () => {
        await setMultiplier(suite, m);
        const { equity, alice, bob } = suite;
        for (const shares of [1n, 3n, SHARE + 1n]) {
          const held = await equity.sharesOf(bob);
          const amount = toAmount(shares, m);
          expect(await equity.connect(alice).transferShares.staticCall(bob, shares)).to.equal(amount);
          expect(await movesOf(suite, equity.connect(alice).transferShares(bob, shares))).to.deep.equal([
            { from: alice.address, to: bob.address, amount, shares },
          ]);
          expect(await equity.sharesOf(bob)).to.equal(held + shares);
        }
      });
    }

    it("moves none, with its events", async () => {
      const { equity, alice, bob } = suite;
      expect(await movesOf(suite, equity.connect(alice).transferShares(bob, 0n))).to.deep.equal([
        { from: alice.address, to: bob.address, amount: 0n, shares: 0n },
      ]);
    });

    it("leaves the shares as they are when sent to oneself", async () => {
      const { equity, alice } = suite;
      await equity.connect(alice).transferShares(alice, HELD);
      expect(await equity.sharesOf(alice)).to.equal(HELD);
    });

    it("reverts beyond the shares, and names balance and amount", async () => {
      await setMultiplier(suite, 4n * WAD);
      const { equity, alice, bob } = suite;
      await expect(equity.connect(alice).transferShares(bob, HELD + 1n))
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
        .withArgs(alice.address, 4n * HELD, 4n * (HELD + 1n));
    });

    it("reverts beyond what a word holds, and names the shares, whose worth might not fit", async () => {
      await setMultiplier(suite, 4n * WAD);
      const { equity, alice, bob } = suite;
      await expect(equity.connect(alice).transferShares(bob, MAX_SHARES))
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
        .withArgs(alice.address, 4n * HELD, 4n * MAX_SHARES);
      for (const shares of [MAX_SHARES + 1n, MaxUint256]) {
        await expect(equity.connect(alice).transferShares(bob, shares))
          .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
          .withArgs(alice.address, 4n * HELD, shares);
      }
    });

    it("reverts to nobody and to the token itself", async () => {
      const { equity, equityAddress, alice } = suite;
      for (const to of [ZeroAddress, equityAddress]) {
        await expect(equity.connect(alice).transferShares(to, 1n))
          .to.be.revertedWithCustomError(equity, "ERC20InvalidReceiver")
          .withArgs(to);
      }
    });
  });

  describe("transferSharesFrom", () => {
    for (const [name, m] of Object.entries(MULTIPLIER)) {
      it(`charges the allowance with the worth rounded up at a multiplier of ${name}`, async () => {
        await setMultiplier(suite, m);
        const { equity, alice, bob, stranger } = suite;
        const shares = SHARE + 1n;
        const charged = toAmountUp(shares, m);
        await equity.connect(alice).approve(stranger, charged);
        expect(await movesOf(suite, equity.connect(stranger).transferSharesFrom(alice, bob, shares))).to.deep.equal([
          { from: alice.address, to: bob.address, amount: toAmount(shares, m), shares },
        ]);
        expect(await equity.allowance(alice, stranger)).to.equal(0n);
      });
    }

    it("answers what the shares are worth", async () => {
      await setMultiplier(suite, WAD / 2n);
      const { equity, alice, bob, stranger } = suite;
      await equity.connect(alice).approve(stranger, 2n);
      expect(await equity.connect(stranger).transferSharesFrom.staticCall(alice, bob, 3n)).to.equal(1n);
    });

    it("takes nothing without an allowance, were it less than a unit's worth", async () => {
      await setMultiplier(suite, WAD / 2n);
      const { equity, alice, stranger } = suite;
      await expect(equity.connect(stranger).transferSharesFrom(alice, stranger, 1n))
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientAllowance")
        .withArgs(stranger.address, 0n, 1n);
    });

    it("leaves an infinite allowance", async () => {
      const { equity, alice, bob, stranger } = suite;
      await equity.connect(alice).approve(stranger, MaxUint256);
      await equity.connect(stranger).transferSharesFrom(alice, bob, HELD);
      expect(await equity.allowance(alice, stranger)).to.equal(MaxUint256);
    });

    it("reverts beyond the shares of the sender, and beyond what a word holds", async () => {
      const { equity, alice, bob, stranger } = suite;
      await equity.connect(alice).approve(stranger, MaxUint256);
      for (const shares of [HELD + 1n, MAX_SHARES, MAX_SHARES + 1n, MaxUint256]) {
        await expect(equity.connect(stranger).transferSharesFrom(alice, bob, shares))
          .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
          .withArgs(alice.address, HELD, shares);
      }
    });

    it("reverts from nobody, even for nothing", async () => {
      const { equity, bob, stranger } = suite;
      for (const shares of [0n, 1n]) {
        await expect(equity.connect(stranger).transferSharesFrom(ZeroAddress, bob, shares))
          .to.be.revertedWithCustomError(equity, "ERC20InvalidSender")
          .withArgs(ZeroAddress);
      }
    });
  });

  describe("8: theft by rounding", () => {
    it("by an allowance spent unit by unit gains less than a share's worth a call, and no share without a unit", async () => {
      await setMultiplier(suite, 4n * WAD);
      const { equity, alice, stranger } = suite;
      await equity.connect(alice).approve(stranger, 10n);
      for (let i = 0; i < 10; ++i) await equity.connect(stranger).transferFrom(alice, stranger, 1n);
      expect(await equity.sharesOf(stranger)).to.equal(10n);
      expect(await equity.allowance(alice, stranger)).to.equal(0n);
      await expect(equity.connect(stranger).transferFrom(alice, stranger, 1n))
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientAllowance")
        .withArgs(stranger.address, 0n, 1n);
    });

    it("by shares of an allowance, one by one, costs a unit each where a share is less than one", async () => {
      await setMultiplier(suite, WAD / 2n);
      const { equity, alice, stranger } = suite;
      await equity.connect(alice).approve(stranger, 10n);
      for (let i = 0; i < 10; ++i) await equity.connect(stranger).transferSharesFrom(alice, stranger, 1n);
      expect(await equity.balanceOf(stranger)).to.equal(5n);
      expect(await equity.allowance(alice, stranger)).to.equal(0n);
    });

    it("by sending to and fro makes nothing of nothing", async () => {
      const m = MULTIPLIER["1.234567890123456789"];
      await setMultiplier(suite, m);
      const { equity, alice, bob } = suite;
      const total = await equity.totalShares();
      for (let i = 0n; i < 10n; ++i) {
        await equity.connect(alice).transfer(bob, 1n + i);
        await equity.connect(bob).transfer(alice, 1n + i);
      }
      expect(await equity.sharesOf(alice)).to.equal(HELD);
      expect(await equity.sharesOf(bob)).to.equal(HELD);
      expect(await equity.totalShares()).to.equal(total);
    });
  });

  describe("receivers", () => {
    it("are not the wrapper, by any door but its own deposit", async () => {
      const { equity, wrapper, wrapperAddress, alice, bob } = suite;
      await equity.connect(alice).approve(bob, MaxUint256);
      await equity.connect(alice).approve(wrapper, MaxUint256);
      for (const send of [
        () => equity.connect(alice).transfer(wrapper, 1n),
        () => equity.connect(alice).transfer(wrapper, 0n),
        () => equity.connect(alice).transferShares(wrapper, 1n),
        () => equity.connect(bob).transferFrom(alice, wrapper, 1n),
        () => equity.connect(bob).transferSharesFrom(alice, wrapper, 1n),
      ]) {
        await expect(send()).to.be.revertedWithCustomError(equity, "ERC20InvalidReceiver").withArgs(wrapperAddress);
      }
      await wrapper.connect(alice).deposit(SHARE, alice);
      expect(await equity.sharesOf(wrapper)).to.equal(SHARE);
    });
  });

  describe("bounds", () => {
    it("hold where one account has all shares that fit, at the greatest multiplier and the least", async () => {
      const { equity, alice, stranger } = suite;
      await setShares(suite, alice.address, MAX_SHARES - 2n * HELD);
      await equity.connect(suite.bob).transferShares(alice, HELD);
      await equity.connect(suite.carol).transferShares(alice, HELD);
      for (const m of [GREATEST_MULTIPLIER, LEAST_MULTIPLIER]) {
        await setMultiplier(suite, m);
        expect(await equity.balanceOf(alice)).to.equal(toAmount(MAX_SHARES, m));
        expect(await equity.totalSupply()).to.equal(toAmount(MAX_SHARES, m));
        // To oneself: the shares that are added do not reach what is frozen.
        await equity.connect(alice).transferShares(alice, MAX_SHARES);
        expect(await equity.sharesOf(alice)).to.equal(MAX_SHARES);
        expect(await equity.getFrozenTokens(alice)).to.equal(0n);
        await equity.connect(alice).transfer(stranger, toAmount(MAX_SHARES, m));
        await equity.connect(alice).transferShares(stranger, await equity.sharesOf(alice));
        expect(await equity.sharesOf(stranger)).to.equal(MAX_SHARES);
        await equity.connect(stranger).transferShares(alice, MAX_SHARES);
      }
    });

    for (const [m, name] of [
      [LEAST_MULTIPLIER, "least"],
      [WAD, "first"],
      [GREATEST_MULTIPLIER, "greatest"],
    ] as const) {
      it(`refuse an amount beyond 192 bits, and the last of 192, at the ${name} multiplier`, async () => {
        await setMultiplier(suite, m);
        const { equity, alice, bob, stranger } = suite;
        await equity.connect(alice).approve(stranger, MaxUint256);
        const balance = toAmount(HELD, m);
        for (const amount of [MAX_AMOUNT, MAX_AMOUNT + 1n, MaxUint256]) {
          for (const send of [
            () => equity.connect(alice).transfer(bob, amount),
            () => equity.connect(stranger).transferFrom(alice, bob, amount),
          ]) {
            await expect(send())
              .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
              .withArgs(alice.address, balance, amount);
          }
        }
      });
    }
  });

  describe("approve", () => {
    it("takes the greatest finite amount, and refuses what would not fit, but the greatest number", async () => {
      const { equity, alice, bob } = suite;
      await equity.connect(alice).approve(bob, GREATEST_ALLOWANCE);
      expect(await equity.allowance(alice, bob)).to.equal(GREATEST_ALLOWANCE);
      for (const value of [GREATEST_ALLOWANCE + 1n, GREATEST_ALLOWANCE + 2n, MaxUint256 - 1n]) {
        await expect(equity.connect(alice).approve(bob, value))
          .to.be.revertedWithCustomError(equity, "AllowanceOverflow")
          .withArgs(value);
      }
      await equity.connect(alice).approve(bob, MaxUint256);
      expect(await equity.allowance(alice, bob)).to.equal(MaxUint256);
    });
  });

  describe("allowances over corporate actions", () => {
    const APPROVED = 100n * SHARE;

    beforeEach(async () => {
      const { equity, alice, bob, carol } = suite;
      await equity.connect(alice).approve(bob, APPROVED);
      await equity.connect(alice).approve(carol, MaxUint256);
    });

    for (const [name, action] of Object.entries({
      "a split": { kind: KIND.Split, numerator: 10n, denominator: 1n },
      "a dividend": { kind: KIND.Dividend, numerator: 102n, denominator: 100n },
      "a fee of two percent": { kind: KIND.Fee, numerator: 98n, denominator: 100n },
    })) {
      it(`stay after ${name}`, async () => {
        const { equity, alice, bob, carol, stranger } = suite;
        await act(suite, action);
        expect(await equity.allowanceEpoch()).to.equal(0n);
        expect(await equity.allowance(alice, bob)).to.equal(APPROVED);
        await equity.connect(bob).transferFrom(alice, stranger, SHARE);
        expect(await equity.allowanceEpoch()).to.equal(0n);
        expect(await equity.allowance(alice, bob)).to.equal(APPROVED - SHARE);
        expect(await equity.allowance(alice, carol)).to.equal(MaxUint256);
      });
    }

    describe("a reverse split", () => {
      const reverse = { kind: KIND.ReverseSplit, numerator: 1n, denominator: 10n };

      it("voids finite ones in its second, before anybody writes it, and not a second sooner", async () => {
        const { equity, alice, bob, carol, stranger } = suite;
        const at = await scheduleAction(suite, reverse);
        await time.increaseTo(at - 1);
        expect(await equity.allowance(alice, bob)).to.equal(APPROVED);
        expect(await equity.allowanceEpoch()).to.equal(0n);
        await time.increaseTo(at);
        expect(await equity.allowance(alice, bob)).to.equal(0n);
        expect(await equity.allowance(alice, carol)).to.equal(MaxUint256);
        expect(await equity.allowanceEpoch()).to.equal(1n);
        for (const [value, send] of [
          [1n, () => equity.connect(bob).transferFrom(alice, stranger, 1n)],
          [1n, () => equity.connect(bob).transferSharesFrom(alice, stranger, 1n)],
        ] as const) {
          await expect(send())
            .to.be.revertedWithCustomError(equity, "ERC20InsufficientAllowance")
            .withArgs(bob.address, 0n, value);
        }
        await equity.connect(carol).transferFrom(alice, stranger, SHARE);
        expect(await equity.allowanceEpoch()).to.equal(1n);
        expect(await equity.allowance(alice, bob)).to.equal(0n);
      });

      it("leaves those approved after it, were it approved before anybody wrote it", async () => {
        const { equity, alice, bob, stranger } = suite;
        await act(suite, reverse);
        await equity.connect(alice).approve(bob, 3n);
        expect(await equity.allowance(alice, bob)).to.equal(3n);
        await equity.connect(bob).transferFrom(alice, stranger, 1n);
        expect(await equity.allowance(alice, bob)).to.equal(2n);
        await equity.connect(bob).transferFrom(alice, stranger, 2n);
        expect(await equity.allowance(alice, bob)).to.equal(0n);
      });

      it("voids what an allowance of its epoch has left at the next one", async () => {
        const { equity, alice, bob, stranger } = suite;
        await act(suite, reverse);
        await equity.connect(alice).approve(bob, 3n);
        await equity.connect(bob).transferFrom(alice, stranger, 1n);
        await act(suite, reverse);
        expect(await equity.allowance(alice, bob)).to.equal(0n);
        expect(await equity.allowanceEpoch()).to.equal(2n);
      });

      it("lets a void one move nothing, which needs none", async () => {
        const { equity, alice, bob, stranger } = suite;
        await act(suite, reverse);
        await equity.connect(bob).transferFrom(alice, stranger, 0n);
        expect(await equity.allowance(alice, bob)).to.equal(0n);
      });

      it("begins where the multiplier falls by more than two percent", async () => {
        const { equity, alice, bob } = suite;
        await act(suite, { kind: KIND.ReverseSplit, numerator: 9_799n, denominator: 10_000n });
        expect(await equity.allowance(alice, bob)).to.equal(0n);
        expect(await equity.allowanceEpoch()).to.equal(1n);
      });
    });

    it("stay after fees that are applied at once", async () => {
      const { equity, alice, bob } = suite;
      for (let i = 1n; i <= 5n; ++i) await setMultiplier(suite, WAD - (i * WAD) / 50n);
      expect(await equity.allowance(alice, bob)).to.equal(APPROVED);
    });
  });

  describe("paused", () => {
    it("moves nothing by any door, and lets approve", async () => {
      const { equity, holders, alice, bob } = suite;
      await equity.connect(alice).approve(bob, MaxUint256);
      await equity.connect(holders.PAUSER).pause(PAUSE.TRANSFER);
      for (const send of [
        () => equity.connect(alice).transfer(bob, 1n),
        () => equity.connect(alice).transfer(bob, 0n),
        () => equity.connect(alice).transferShares(bob, 1n),
        () => equity.connect(bob).transferFrom(alice, bob, 1n),
        () => equity.connect(bob).transferSharesFrom(alice, bob, 1n),
      ]) {
        await expect(send()).to.be.revertedWithCustomError(equity, "TransferPaused").withArgs();
      }
      await equity.connect(alice).approve(bob, 5n);
      expect(await equity.allowance(alice, bob)).to.equal(5n);
      await call(suite, "UNPAUSER", equity, "unpause", [PAUSE.TRANSFER]);
      await equity.connect(alice).transfer(bob, 1n);
      expect(await equity.sharesOf(bob)).to.equal(HELD + 1n);
    });

    it("moves on under the other bits", async () => {
      const { equity, holders, alice, bob } = suite;
      await equity.connect(holders.PAUSER).pause(PAUSE.MINT | PAUSE.BURN | PAUSE.BRIDGE);
      await equity.connect(alice).transfer(bob, 1n);
      expect(await equity.sharesOf(bob)).to.equal(HELD + 1n);
    });
  });

  describe("halted around a split", () => {
    const MINUTES = 15;
    const HALT = MINUTES * 60;
    let at: number;

    for (const [name, ratio] of Object.entries({
      "a split": { kind: KIND.Split, numerator: 4n, denominator: 1n },
      "a reverse split": { kind: KIND.ReverseSplit, numerator: 1n, denominator: 4n },
    })) {
      describe(`that is ${name}`, () => {
        beforeEach(async () => {
          at = await scheduleAction(suite, { ...ratio, haltMinutes: MINUTES });
        });

        for (const [when, offset] of [
          ["a second before the halt", -HALT - 1],
          ["a second after the halt", HALT + 1],
        ] as const) {
          it(`moves ${when}`, async () => {
            const { equity, alice, bob } = suite;
            await time.increaseTo(at + offset);
            expect(await equity.isHalted()).to.equal(false);
            expect(await equity.detectTransferRestriction(alice, bob, 1n)).to.equal(0n);
            await time.setNextBlockTimestamp(at + offset);
            await equity.connect(alice).transfer(bob, SHARE);
            expect(await equity.sharesOf(bob)).to.be.greaterThan(HELD);
          });
        }

        for (const [when, offset] of [
          ["in the halt's first second", -HALT],
          ["a second before the split", -1],
          ["in the split's second", 0],
          ["in the halt's last second", HALT],
        ] as const) {
          it(`moves nothing ${when}`, async () => {
            const { equity, alice, bob } = suite;
            await equity.connect(alice).approve(bob, MaxUint256);
            await time.increaseTo(at + offset);
            expect(await equity.isHalted()).to.equal(true);
            expect(await equity.detectTransferRestriction(alice, bob, 1n)).to.equal(2n);
            for (const send of [
              () => equity.connect(alice).transfer(bob, 1n),
              () => equity.connect(alice).transferShares(bob, 1n),
              () => equity.connect(bob).transferFrom(alice, bob, 1n),
              () => equity.connect(bob).transferSharesFrom(alice, bob, 1n),
            ]) {
              await time.setNextBlockTimestamp(at + offset);
              await expect(send()).to.be.revertedWithCustomError(equity, "CorporateActionHalt").withArgs(at);
            }
          });
        }

        it("halts to its end although the new multiplier was written meanwhile", async () => {
          const { equity, alice, bob, feed } = suite;
          await time.increaseTo(at);
          await refresh(feed);
          await mint(suite, bob.address, SHARE);
          expect((await equity.pendingMultiplier())[0]).to.equal(0n);
          await time.setNextBlockTimestamp(at + HALT);
          await expect(equity.connect(alice).transfer(bob, 1n))
            .to.be.revertedWithCustomError(equity, "CorporateActionHalt")
            .withArgs(at);
          await time.setNextBlockTimestamp(at + HALT + 1);
          await equity.connect(alice).transfer(bob, SHARE);
        });
      });
    }

    it("is over once the split is called off", async () => {
      const { equity, equityAddress, corporateActions, holders, alice, bob } = suite;
      at = await scheduleAction(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n, haltMinutes: MINUTES });
      await time.increaseTo(at - HALT);
      expect(await equity.isHalted()).to.equal(true);
      await corporateActions.connect(holders.EQUITY_CORP_ACTION).cancelAction(equityAddress, 0n);
      expect(await equity.isHalted()).to.equal(false);
      await equity.connect(alice).transfer(bob, 1n);
    });

    it("is not for an action without one", async () => {
      const { equity, alice, bob } = suite;
      at = await scheduleAction(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
      for (const moment of [at - 1, at, at + 1]) {
        await time.setNextBlockTimestamp(moment);
        await equity.connect(alice).transfer(bob, SHARE);
      }
      expect(await equity.isHalted()).to.equal(false);
      expect(await equity.sharesOf(bob)).to.equal(HELD + 2n * SHARE);
    });
  });

  describe("with a multiplier that has matured and is not written", () => {
    let at: number;

    beforeEach(async () => {
      at = await scheduleAction(suite, { kind: KIND.Split, numerator: 4n, denominator: 1n });
    });

    it("shows the old one to the second before, and the new one from its second on", async () => {
      const { equity, alice } = suite;
      await time.increaseTo(at - 1);
      expect(await equity.multiplier()).to.equal(WAD);
      expect(await equity.pendingMultiplier()).to.deep.equal([4n * WAD, BigInt(at), 0n]);
      expect(await equity.balanceOf(alice)).to.equal(HELD);
      await time.increaseTo(at);
      expect(await equity.multiplier()).to.equal(4n * WAD);
      expect(await equity.pendingMultiplier()).to.deep.equal([0n, BigInt(at), 0n]);
      expect(await equity.balanceOf(alice)).to.equal(4n * HELD);
      expect(await equity.totalSupply()).to.equal(12n * HELD);
    });

    const writes: Record<string, (suite: EquityFixture) => Promise<unknown>> = {
      transfer: ({ equity, alice, bob }) => equity.connect(alice).transfer(bob, 0n),
      transferFrom: ({ equity, alice, bob }) => equity.connect(bob).transferFrom(alice, bob, 0n),
      transferShares: ({ equity, alice, bob }) => equity.connect(alice).transferShares(bob, 0n),
      transferSharesFrom: ({ equity, alice, bob }) => equity.connect(bob).transferSharesFrom(alice, bob, 0n),
      setFrozenTokens: ({ equity, holders, alice }) =>
        equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, 1n),
      pause: ({ equity, holders }) => equity.connect(holders.PAUSER).pause(PAUSE.MINT),
      snapshot: ({ equity, holders }) => equity.connect(holders.EQUITY_CORP_ACTION).snapshot(),
    };
    for (const [name, write] of Object.entries(writes)) {
      it(`writes it by the first ${name}, once, and no view sees the difference`, async () => {
        const { equity, alice, bob } = suite;
        const views = async (): Promise<unknown[]> =>
          Promise.all([
            equity.multiplier(),
            equity.pendingMultiplier(),
            equity.balanceOf(alice),
            equity.totalSupply(),
            equity.sharesFor(SHARE + 1n),
            equity.amountFor(SHARE + 1n),
            equity.allowance(alice, bob),
            equity.allowanceEpoch(),
            equity.lastActionAt(),
            equity.detectTransferRestriction(alice, bob, 4n * HELD),
            equity.detectTransferRestriction(alice, bob, 4n * HELD + 1n),
          ]);
        await equity.connect(alice).approve(bob, SHARE);
        await time.increaseTo(at);
        const before = await views();
        const frozen = name === "setFrozenTokens";
        await expect(write(suite))
          .to.emit(equity, "MultiplierUpdated")
          .withArgs(WAD, 4n * WAD);
        const after = await views();
        expect(frozen ? after.slice(0, 9) : after).to.deep.equal(frozen ? before.slice(0, 9) : before);
        await expect(write(suite)).not.to.emit(equity, "MultiplierUpdated");
      });
    }

    it("sends amounts at the new one", async () => {
      const { equity, alice, stranger } = suite;
      await time.setNextBlockTimestamp(at);
      expect(await movesOf(suite, equity.connect(alice).transfer(stranger, 4n * SHARE))).to.deep.equal([
        { from: alice.address, to: stranger.address, amount: 4n * SHARE, shares: SHARE },
      ]);
    });

    it("keeps no sign of it where the transfer reverts", async () => {
      const { equity, alice } = suite;
      await time.increaseTo(at);
      await expect(equity.connect(alice).transfer(ZeroAddress, 1n))
        .to.be.revertedWithCustomError(equity, "ERC20InvalidReceiver")
        .withArgs(ZeroAddress);
      await expect(equity.connect(alice).transfer(alice, 1n)).to.emit(equity, "MultiplierUpdated");
    });

    it("leaves it to the next write where somebody approves", async () => {
      const { equity, alice, bob } = suite;
      await time.increaseTo(at);
      await expect(equity.connect(alice).approve(bob, 1n)).not.to.emit(equity, "MultiplierUpdated");
      await expect(equity.connect(alice).transfer(bob, 1n)).to.emit(equity, "MultiplierUpdated");
    });
  });

  describe("with snapshots", () => {
    it("leaves a checkpoint of each account that moves, once a snapshot, with what it had", async () => {
      const { equity, holders, alice, bob, carol } = suite;
      const snap = async (): Promise<void> => {
        await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
      };
      await snap();
      await equity.connect(alice).transfer(bob, SHARE);
      await equity.connect(alice).transfer(bob, SHARE);
      await snap();
      await snap();
      await equity.connect(bob).transfer(alice, HELD);
      expect(await Promise.all([1, 2, 3].map((id) => equity.sharesAt(alice, id)))).to.deep.equal([
        HELD,
        HELD - 2n * SHARE,
        HELD - 2n * SHARE,
      ]);
      expect(await Promise.all([1, 2, 3].map((id) => equity.sharesAt(bob, id)))).to.deep.equal([
        HELD,
        HELD + 2n * SHARE,
        HELD + 2n * SHARE,
      ]);
      expect(await Promise.all([1, 2, 3].map((id) => equity.sharesAt(carol, id)))).to.deep.equal([HELD, HELD, HELD]);
      for (const id of [1, 2, 3]) expect(await equity.totalSharesAt(id)).to.equal(3n * HELD);
    });

    it("finds each of many checkpoints, and what stands between them", async () => {
      const { equity, holders, alice, bob } = suite;
      const expected: bigint[] = [];
      for (let i = 0n; i < 9n; ++i) {
        await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
        expected.push(await equity.sharesOf(alice));
        if (i % 3n !== 1n) await equity.connect(alice).transfer(bob, SHARE + i);
      }
      for (const [i, shares] of expected.entries()) expect(await equity.sharesAt(alice, i + 1)).to.equal(shares);
    });

    it("keeps the word in order where an account sends to itself first", async () => {
      const { equity, holders, alice } = suite;
      await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
      await equity.connect(alice).transfer(alice, SHARE);
      expect(await equity.sharesAt(alice, 1)).to.equal(HELD);
      expect(await equity.sharesOf(alice)).to.equal(HELD);
    });

    it("knows none before the first, and none to come", async () => {
      const { equity, holders, alice } = suite;
      for (const id of [0n, 1n]) {
        await expect(equity.sharesAt(alice, id)).to.be.revertedWithCustomError(equity, "UnknownSnapshot").withArgs(id);
        await expect(equity.totalSharesAt(id)).to.be.revertedWithCustomError(equity, "UnknownSnapshot").withArgs(id);
      }
      await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
      expect(await equity.snapshotId()).to.equal(1n);
      expect(await equity.totalSharesAt(1n)).to.equal(3n * HELD);
      await expect(equity.sharesAt(alice, 0n)).to.be.revertedWithCustomError(equity, "UnknownSnapshot").withArgs(0n);
      await expect(equity.totalSharesAt(2n)).to.be.revertedWithCustomError(equity, "UnknownSnapshot").withArgs(2n);
    });
  });

  describe("with frozen shares", () => {
    const freeze = async (amount: bigint): Promise<void> => {
      const { equity, holders, alice } = suite;
      await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, amount);
    };

    it("moves what is free, to the last share, and not one more", async () => {
      await freeze(400n * SHARE);
      const { equity, alice, bob } = suite;
      const free = HELD - 400n * SHARE;
      await expect(equity.connect(alice).transfer(bob, free + 1n))
        .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
        .withArgs(alice.address, free + 1n, free);
      await expect(equity.connect(alice).transferShares(bob, free + 1n))
        .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
        .withArgs(alice.address, free + 1n, free);
      await equity.connect(alice).transfer(bob, free);
      expect(await equity.sharesOf(alice)).to.equal(400n * SHARE);
    });

    it("names the balance where even that is short", async () => {
      await freeze(400n * SHARE);
      const { equity, alice, bob } = suite;
      await expect(equity.connect(alice).transfer(bob, HELD + 1n))
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
        .withArgs(alice.address, HELD, HELD + 1n);
    });

    for (const [name, amount] of Object.entries({ "more than it holds": 2n * HELD, all: MaxUint256 })) {
      it(`receives, and moves nothing but nothing, where ${name} is frozen`, async () => {
        await freeze(amount);
        const { equity, alice, bob } = suite;
        await equity.connect(bob).transfer(alice, SHARE);
        await equity.connect(alice).transfer(bob, 0n);
        await expect(equity.connect(alice).transfer(alice, 1n))
          .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
          .withArgs(alice.address, 1n, 0n);
        expect(await equity.sharesOf(alice)).to.equal(HELD + SHARE);
        expect(await equity.getFrozenTokens(alice)).to.equal(amount);
      });
    }
  });
});
