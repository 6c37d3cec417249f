import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import hre from "hardhat";

import { KIND, WAD } from "../fixtures/equity";
import { DAY, HOUR, PRICE, SESSION, now, oracleFixture, pricedFixture } from "../fixtures/oracle";

const FACES = ["TokenPriceFeed", "WrapperPriceFeed"] as const;

const feedsFixture = async () => {
  const ctx = await pricedFixture();
  const tokenFeed = await hre.ethers.deployContract("TokenPriceFeed", [ctx.oracle, ctx.equity]);
  const wrapperFeed = await hre.ethers.deployContract("WrapperPriceFeed", [ctx.oracle, ctx.equity]);
  const latest = async (): Promise<[bigint, bigint]> => [
    (await tokenFeed.latestRoundData()).answer,
    (await wrapperFeed.latestRoundData()).answer,
  ];
  return { ...ctx, tokenFeed, wrapperFeed, latest };
};

describe("EquityPriceFeed", () => {
  for (const face of FACES) {
    describe(face, () => {
      const fixture = async () => {
        const ctx = await feedsFixture();
        const feed = await hre.ethers.getContractAt(
          "IAggregatorV3",
          await (face === "TokenPriceFeed" ? ctx.tokenFeed : ctx.wrapperFeed).getAddress(),
        );
        return { ...ctx, feed };
      };

      it("says what it is", async () => {
        const { feed, oracle, equity: token, tokenFeed, wrapperFeed } = await loadFixture(fixture);
        expect(await feed.decimals()).to.equal(8n);
        expect(await feed.description()).to.equal(face === "TokenPriceFeed" ? "TSLAx / USD" : "wTSLAx / USD");
        expect(await feed.version()).to.equal(1n);
        for (const one of [tokenFeed, wrapperFeed]) {
          expect([await one.oracle(), await one.token()]).to.deep.equal([
            await oracle.getAddress(),
            await token.getAddress(),
          ]);
        }
      });

      it("refuses an oracle or a token without code", async () => {
        const { oracle, equity: token, stranger } = await loadFixture(fixture);
        const factory = await hre.ethers.getContractFactory(face);
        const [oracleAddress, tokenAddress] = [await oracle.getAddress(), await token.getAddress()];
        for (const [one, other] of [
          [stranger.address, tokenAddress],
          [oracleAddress, stranger.address],
          [ZeroAddress, ZeroAddress],
        ] as const) {
          await expect(factory.deploy(one, other))
            .to.be.revertedWithCustomError(factory, "InvalidFeed")
            .withArgs(one, other);
        }
      });

      it("answers the last good price, however old, with the time at which it was observed", async () => {
        const { feed, tell, firstAt } = await loadFixture(fixture);
        expect(await feed.latestRoundData()).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);
        const at = firstAt + HOUR;
        await tell(PRICE + 3n, { at, observedAt: at - 20n });
        await time.increase(30n * DAY);
        expect(await feed.latestRoundData()).to.deep.equal([2n, PRICE + 3n, at - 20n, at - 20n, 2n]);
        expect(await feed.getRoundData(1n)).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);
      });

      it("answers it while the feed is halted by the market, a candidate or a pause", async () => {
        for (const halt of ["market", "candidate", "pause"] as const) {
          const { feed, oracle, equity: token, pauser, tell, firstAt } = await loadFixture(fixture);
          if (halt === "market") await tell(PRICE, { session: SESSION.Halted });
          if (halt === "candidate") await tell(2n * PRICE);
          if (halt === "pause") await oracle.connect(pauser).pause(token);
          await expect(oracle.priceOf(token)).to.be.revertedWithCustomError(oracle, "PriceHalted");
          expect(await feed.latestRoundData()).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);
          expect(await feed.getRoundData(1n)).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);
        }
      });

      it("knows no round 0, and none after the last", async () => {
        const { feed, oracle, equity: token } = await loadFixture(fixture);
        for (const id of [0n, 2n, 2n ** 32n + 1n, 2n ** 80n - 1n]) {
          await expect(feed.getRoundData(id))
            .to.be.revertedWithCustomError(oracle, "NoDataPresent")
            .withArgs(await token.getAddress(), id);
        }
      });

      it("answers nothing before the first price", async () => {
        const { oracle, equity: token } = await loadFixture(oracleFixture);
        const [oracleAddress, tokenAddress] = [await oracle.getAddress(), await token.getAddress()];
        const code = await hre.ethers.deployContract(face as string, [oracleAddress, tokenAddress]);
        const feed = await hre.ethers.getContractAt("IAggregatorV3", await code.getAddress());
        for (const ask of [() => feed.latestRoundData(), () => feed.getRoundData(0n)]) {
          await expect(ask()).to.be.revertedWithCustomError(oracle, "NoDataPresent").withArgs(tokenAddress, 0n);
        }
      });
    });
  }

  describe("through a 10:1 split", () => {
    it("the token's price falls to a tenth in the second in which balances grow tenfold; the wrapper's stays", async () => {
      const { equity: token, wrapper, alice, schedule, latest, tokenFeed, firstAt } = await loadFixture(feedsFixture);
      await token.connect(alice).approve(wrapper, 400n * WAD);
      await wrapper.connect(alice).deposit(400n * WAD, alice);
      const effectiveAt = await schedule(KIND.Split, 10n, 1n);
      const balances = async (): Promise<[bigint, bigint]> => [
        await token.balanceOf(alice),
        await wrapper.balanceOf(alice),
      ];

      await time.increaseTo(effectiveAt - 1n);
      expect([await balances(), await latest()]).to.deep.equal([
        [600n * WAD, 400n * WAD],
        [PRICE, PRICE],
      ]);
      await time.increaseTo(effectiveAt);
      expect([await balances(), await latest()]).to.deep.equal([
        [6_000n * WAD, 400n * WAD],
        [PRICE / 10n, PRICE],
      ]);
      // Nobody has reported: it is the same round, and no younger.
      expect(await tokenFeed.latestRoundData()).to.deep.equal([1n, PRICE / 10n, firstAt, firstAt, 1n]);
    });

    it("what an account holds is worth the same in every second, on both faces", async () => {
      const { equity: token, wrapper, alice, schedule, latest, tell } = await loadFixture(feedsFixture);
      await token.connect(alice).approve(wrapper, 400n * WAD);
      await wrapper.connect(alice).deposit(400n * WAD, alice);
      const worth = async (): Promise<[bigint, bigint]> => {
        const [tokenPrice, wrapperPrice] = await latest();
        return [
          ((await token.balanceOf(alice)) * tokenPrice) / WAD,
          ((await wrapper.balanceOf(alice)) * wrapperPrice) / WAD,
        ];
      };
      const before = await worth();
      expect(before).to.deep.equal([600n * PRICE, 400n * PRICE]);
      const effectiveAt = await schedule(KIND.Split, 10n, 1n);
      for (const second of [effectiveAt - 1n, effectiveAt, effectiveAt + 1n]) {
        await time.increaseTo(second);
        expect(await worth()).to.deep.equal(before);
      }
      await tell(PRICE);
      expect(await worth()).to.deep.equal(before);
    });

    it("a round of before is priced by the multiplier of then, once another follows it, and stays so", async () => {
      const { tell, act, tokenFeed, wrapperFeed, firstAt } = await loadFixture(feedsFixture);
      await tell(PRICE + 10n);
      const second = await now();
      await act(KIND.Split, 10n, 1n);
      // The second is the last one, and as live as `latestRoundData`.
      expect(await tokenFeed.getRoundData(2n)).to.deep.equal([2n, PRICE / 10n + 1n, second, second, 2n]);
      expect(await tokenFeed.getRoundData(2n)).to.deep.equal(await tokenFeed.latestRoundData());
      expect(await tokenFeed.getRoundData(1n)).to.deep.equal([1n, PRICE, firstAt, firstAt, 1n]);

      await tell(PRICE + 20n);
      const third = await now();
      await act(KIND.ReverseSplit, 1n, 2n);
      await tell(PRICE + 30n);
      const fourth = await now();
      const rounds = [
        [1n, PRICE, PRICE, firstAt],
        [2n, PRICE + 10n, PRICE + 10n, second],
        [3n, PRICE / 10n + 2n, PRICE + 20n, third],
        [4n, PRICE / 5n + 6n, PRICE + 30n, fourth],
      ] as const;
      for (const [id, ofToken, ofShare, at] of rounds) {
        expect(await tokenFeed.getRoundData(id)).to.deep.equal([id, ofToken, at, at, id]);
        expect(await wrapperFeed.getRoundData(id)).to.deep.equal([id, ofShare, at, at, id]);
      }
    });
  });

  describe("of the token", () => {
    it("moves against dividends, fees and reverse splits as balances do with them, rounded down", async () => {
      const { act, latest, equity: token, tell, tokenFeed } = await loadFixture(feedsFixture);
      for (const [kind, numerator, denominator] of [
        [KIND.Dividend, 103n, 100n],
        [KIND.Fee, 99n, 100n],
        [KIND.ReverseSplit, 1n, 7n],
      ] as const) {
        await act(kind, numerator, denominator);
        const multiplier = await token.multiplier();
        const expected = (PRICE * WAD) / multiplier;
        expect(await latest()).to.deep.equal([expected, PRICE]);
        await tell(PRICE);
        const last = (await tokenFeed.latestRoundData()).roundId;
        await tell(PRICE);
        expect((await tokenFeed.getRoundData(last)).answer).to.equal(expected);
      }
    });

    it("is not moved by an action that is called off", async () => {
      const { schedule, callOff, latest, tell, tokenFeed } = await loadFixture(feedsFixture);
      const effectiveAt = await schedule(KIND.Split, 10n, 1n);
      await callOff();
      await time.increaseTo(effectiveAt + 1n);
      expect(await latest()).to.deep.equal([PRICE, PRICE]);
      await tell(PRICE);
      expect((await tokenFeed.getRoundData(1n)).answer).to.equal(PRICE);
    });

    it("has room for the greatest price at the smallest multiplier, and is 0 for the smallest at a greater one", async () => {
      const greatest = 2n ** 128n - 1n;
      for (const [price, kind, numerator, denominator, times] of [
        [greatest, KIND.ReverseSplit, 1n, 1_000n, 2],
        [1n, KIND.Split, 2n, 1n, 1],
      ] as const) {
        const ctx = await loadFixture(oracleFixture);
        const feed = await hre.ethers.deployContract("TokenPriceFeed", [ctx.oracle, ctx.equity]);
        for (let i = 0; i < times; ++i) {
          await ctx.act(kind, numerator, denominator);
          await time.increase(1n);
        }
        const at = await now();
        const nonce = await ctx.corporateActions.nonce(ctx.equity);
        await ctx.oracle.connect(ctx.updater).update(ctx.equity, price, at, SESSION.Regular, nonce);
        await ctx.oracle.connect(ctx.confirmer).confirm(ctx.equity, price, at);
        const multiplier = await ctx.equity.multiplier();
        expect((await feed.latestRoundData()).answer).to.equal((price * WAD) / multiplier);
      }
    });
  });
});
