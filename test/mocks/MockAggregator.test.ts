import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxInt256, MinInt256, dataLength } from "ethers";
import hre from "hardhat";

import type { MockAggregator } from "../../typechain-types";
import { FEED_MODE } from "../helpers/mocks";

async function fixture() {
  const feed = await hre.ethers.deployContract("MockAggregator", [8, 150n]);
  const deployedAt = BigInt(await time.latest());
  const call = (data: string): Promise<string> => hre.ethers.provider.call({ to: feed, data });
  return { feed, deployedAt, call };
}

describe("MockAggregator", () => {
  it("starts with a round of its deployment", async () => {
    const { feed, deployedAt } = await loadFixture(fixture);
    expect(await feed.decimals()).to.equal(8n);
    expect(await feed.description()).to.equal("Mock feed");
    expect(await feed.version()).to.equal(4n);
    expect(await feed.latestRoundData()).to.deep.equal([1n, 150n, deployedAt, deployedAt, 1n]);
    expect(await feed.getRoundData(1n)).to.deep.equal([1n, 150n, deployedAt, deployedAt, 1n]);
  });

  it("adds rounds of now, and keeps the earlier ones", async () => {
    const { feed, deployedAt } = await loadFixture(fixture);
    await feed.push(-3n);
    const now = BigInt(await time.latest());
    expect(await feed.latestRoundData()).to.deep.equal([2n, -3n, now, now, 2n]);
    expect(await feed.getRoundData(1n)).to.deep.equal([1n, 150n, deployedAt, deployedAt, 1n]);
    expect(await feed.latestRound()).to.equal(2n);
  });

  it("says what it is told to: any answer, any time, one at a time", async () => {
    const { feed, deployedAt } = await loadFixture(fixture);
    for (const answer of [0n, -1n, MaxInt256, MinInt256]) {
      await feed.setAnswer(answer);
      expect(await feed.latestRoundData()).to.deep.equal([1n, answer, deployedAt, deployedAt, 1n]);
    }
    for (const at of [0n, deployedAt + 1_000_000n, 2n ** 88n - 1n]) {
      await feed.setUpdatedAt(at);
      await feed.setStartedAt(at / 2n);
      expect(await feed.latestRoundData()).to.deep.equal([1n, MinInt256, at / 2n, at, 1n]);
    }
  });

  it("takes a round whole, of any id, also one answered in another", async () => {
    const { feed } = await loadFixture(fixture);
    const id = 2n ** 80n - 1n;
    await feed.setRound(id, 7n, 1n, 2n, 3n);
    expect(await feed.latestRoundData()).to.deep.equal([id, 7n, 1n, 2n, 3n]);
    await feed.setLatestRound(9n);
    expect(await feed.latestRoundData()).to.deep.equal([9n, 0n, 0n, 0n, 0n]);
  });

  it("changes what it is", async () => {
    const { feed } = await loadFixture(fixture);
    await feed.setDecimals(18);
    await feed.setDescription("Shares of AAPL held");
    await feed.setVersion(6n);
    expect([await feed.decimals(), await feed.description(), await feed.version()]).to.deep.equal([
      18n,
      "Shares of AAPL held",
      6n,
    ]);
  });

  it("knows no round 0, none after the last, and none that was not updated", async () => {
    const { feed } = await loadFixture(fixture);
    for (const id of [0n, 2n]) {
      await expect(feed.getRoundData(id)).to.be.revertedWithCustomError(feed, "NoDataPresent").withArgs();
    }
    await feed.setUpdatedAt(0n);
    await expect(feed.getRoundData(1n)).to.be.revertedWithCustomError(feed, "NoDataPresent").withArgs();
  });

  describe("misbehaves in every answer of a number", () => {
    const QUESTIONS: Record<string, (feed: MockAggregator) => string> = {
      decimals: (feed) => feed.interface.encodeFunctionData("decimals"),
      latestRoundData: (feed) => feed.interface.encodeFunctionData("latestRoundData"),
      getRoundData: (feed) => feed.interface.encodeFunctionData("getRoundData", [1n]),
    };

    for (const [question, encoded] of Object.entries(QUESTIONS)) {
      it(`${question}: reverts, with nothing but an error or with all the gas`, async () => {
        const { feed, call } = await loadFixture(fixture);
        const data = encoded(feed);
        await feed.setMode(FEED_MODE.Revert);
        await expect(call(data)).to.be.revertedWithCustomError(feed, "Hostile").withArgs();
        await feed.setMode(FEED_MODE.BurnGas);
        await expect(call(data)).to.be.reverted;
        await feed.setMode(FEED_MODE.Answer);
        expect(dataLength(await call(data))).to.be.greaterThan(0);
      });

      it(`${question}: answers nothing, too little, or what fits no type`, async () => {
        const { feed, call } = await loadFixture(fixture);
        const data = encoded(feed);
        await feed.setMode(FEED_MODE.Nothing);
        expect(await call(data)).to.equal("0x");
        await feed.setMode(FEED_MODE.Short);
        expect(dataLength(await call(data))).to.equal(32);
        await feed.setMode(FEED_MODE.Garbage);
        expect(await call(data)).to.equal("0x" + "f".repeat(320));
      });
    }
  });
});
