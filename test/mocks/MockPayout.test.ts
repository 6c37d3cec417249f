import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, dataLength } from "ethers";
import hre from "hardhat";

import { PAYOUT_DUE, PAYOUT_MODE } from "../helpers/mocks";

async function fixture() {
  const [owner, payer] = await hre.ethers.getSigners();
  if (!owner || !payer) throw new Error("too few accounts");
  const payout = await hre.ethers.deployContract("MockPayout");
  const token = await hre.ethers.deployContract("MockHookToken");
  const collection = await hre.ethers.deployContract("MockERC721", ["Mock", "MOCK"]);
  await token.mint(payout, 100n);
  await collection.mint(owner, 1n);
  return { payout, token, collection, owner, payer, address: await payout.getAddress() };
}

type Context = Awaited<ReturnType<typeof fixture>>;

describe("MockPayout", () => {
  let ctx: Context;

  beforeEach(async () => {
    ctx = await loadFixture(fixture);
  });

  /** The three ways to reach it. */
  const ARRIVALS = {
    "native coin": () => ctx.owner.sendTransaction({ to: ctx.address, value: 5n }),
    "an unknown call": () => ctx.owner.sendTransaction({ to: ctx.address, value: 5n, data: "0xdeadbeef" }),
    "an ERC-721 token": () => ctx.collection["safeTransferFrom(address,address,uint256)"](ctx.owner, ctx.address, 1n),
  };

  for (const [what, arrive] of Object.entries(ARRIVALS)) {
    describe(`for ${what}`, () => {
      it("accepts, and logs it", async () => {
        await expect(arrive()).to.emit(ctx.payout, "Taken");
        const arrived =
          what === "an ERC-721 token"
            ? await ctx.collection.balanceOf(ctx.payout)
            : await hre.ethers.provider.getBalance(ctx.payout);
        expect(arrived).to.equal(what === "an ERC-721 token" ? 1n : 5n);
      });

      it("refuses", async () => {
        await ctx.payout.setMode(PAYOUT_MODE.Refuse);
        await expect(arrive()).to.be.revertedWithCustomError(ctx.payout, "Refused");
      });

      it("burns all gas", async () => {
        await ctx.payout.setMode(PAYOUT_MODE.BurnGas);
        await expect(arrive()).to.be.reverted;
      });

      it("calls back, records a success, and accepts", async () => {
        await ctx.payout.setMode(PAYOUT_MODE.Reenter);
        await ctx.payout.setReentry(ctx.token, 0n, ctx.token.interface.encodeFunctionData("totalSupply"));
        await arrive();
        expect(await ctx.payout.reentries()).to.equal(1n);
        expect(await ctx.payout.reentrySucceeded()).to.equal(true);
        expect(BigInt(await ctx.payout.reentryResult())).to.equal(100n);
      });

      it("calls back, records a failure, and accepts", async () => {
        await ctx.payout.setMode(PAYOUT_MODE.Reenter);
        const failing = ctx.token.interface.encodeFunctionData("transfer", [ZeroAddress, 1n]);
        await ctx.payout.setReentry(ctx.token, 0n, failing);
        await arrive();
        expect(await ctx.payout.reentrySucceeded()).to.equal(false);
        expect(await ctx.payout.reentryResult()).to.equal(
          ctx.token.interface.encodeErrorResult("ERC20InvalidReceiver", [ZeroAddress]),
        );
      });
    });
  }

  it("sends coin along with the call back, and accepts what arrives within it", async () => {
    await ctx.payout.setMode(PAYOUT_MODE.Reenter);
    await ctx.payout.setReentry(ctx.payout, 3n, "0x");
    await ARRIVALS["native coin"]();
    expect(await ctx.payout.reentries()).to.equal(1n);
    expect(await ctx.payout.reentrySucceeded()).to.equal(true);
    await ctx.payout.setReentry(ctx.payer.address, 3n, "0x");
    await expect(ARRIVALS["native coin"]()).to.changeEtherBalances([ctx.payout, ctx.payer], [2n, 3n]);
  });

  it("answers with a megabyte, and accepts by that", async () => {
    await ctx.payout.setMode(PAYOUT_MODE.ReturnBomb);
    expect(dataLength(await ctx.payer.call({ to: ctx.address }))).to.equal(1_000_000);
    for (const arrive of Object.values(ARRIVALS)) await arrive();
    expect(await hre.ethers.provider.getBalance(ctx.payout)).to.equal(10n);
    expect(await ctx.collection.ownerOf(1n)).to.equal(ctx.address);
  });

  it("refuses with a megabyte", async () => {
    await ctx.payout.setMode(PAYOUT_MODE.RevertBomb);
    const error: unknown = await ctx.payer.call({ to: ctx.address }).catch((thrown: unknown) => thrown);
    expect(dataLength((error as { data: string }).data)).to.equal(1_000_000);
    for (const arrive of Object.values(ARRIVALS)) await expect(arrive()).to.be.reverted;
  });

  describe("execute", () => {
    it("makes the call with its own address and coin, and answers what it answers", async () => {
      const { payout, token, payer } = ctx;
      const data = token.interface.encodeFunctionData("transfer", [payer.address, 7n]);
      expect(BigInt(await payout.execute.staticCall(token, 0n, data))).to.equal(1n);
      await expect(payout.execute(token, 0n, data)).to.changeTokenBalances(token, [payout, payer], [-7n, 7n]);
      await expect(payout.execute(payer, 4n, "0x", { value: 5n })).to.changeEtherBalances([payout, payer], [1n, 4n]);
    });

    it("fails as the call fails", async () => {
      const data = ctx.token.interface.encodeFunctionData("transfer", [ZeroAddress, 7n]);
      await expect(ctx.payout.execute(ctx.token, 0n, data))
        .to.be.revertedWithCustomError(ctx.token, "ERC20InvalidReceiver")
        .withArgs(ZeroAddress);
    });
  });

  describe("onRoyaltyDue", () => {
    const ask = (amount = 10n) => ctx.payout.connect(ctx.payer).onRoyaltyDue(ctx.token, amount, "0xdada");

    const pays = async (due: keyof typeof PAYOUT_DUE, amount: bigint): Promise<void> => {
      await ctx.payout.setDue(PAYOUT_DUE[due]);
      await expect(ask()).to.changeTokenBalances(ctx.token, [ctx.payout, ctx.payer], [-amount, amount]);
    };

    it("pays whoever asks, exactly, and logs it", async () => {
      await expect(ask())
        .to.emit(ctx.payout, "RoyaltyAsked")
        .withArgs(ctx.payer.address, await ctx.token.getAddress(), 10n, "0xdada");
      await pays("PayExactly", 10n);
    });

    it("pays less", async () => {
      await pays("PayLess", 9n);
    });

    it("pays nothing", async () => {
      await pays("PayNothing", 0n);
    });

    it("pays more", async () => {
      await pays("PayMore", 11n);
    });

    it("reverts", async () => {
      await ctx.payout.setDue(PAYOUT_DUE.Revert);
      await expect(ask()).to.be.revertedWithCustomError(ctx.payout, "Refused");
    });

    it("cannot pay native coin", async () => {
      await expect(ctx.payout.onRoyaltyDue(ZeroAddress, 10n, "0x")).to.be.revertedWithCustomError(
        ctx.payout,
        "NativeCoinNotPayable",
      );
    });

    for (const [due, amount] of [
      ["ReenterAndPay", 10n],
      ["ReenterInstead", 0n],
    ] as const) {
      it(`calls back, and pays ${amount} of 10 (${due})`, async () => {
        await ctx.payout.setReentry(ctx.token, 0n, ctx.token.interface.encodeFunctionData("balanceOf", [ctx.address]));
        await pays(due, amount);
        expect(await ctx.payout.reentries()).to.equal(1n);
        expect(BigInt(await ctx.payout.reentryResult())).to.equal(100n);
      });

      it(`pays exactly what is asked for within the call back (${due})`, async () => {
        const { payout, token, payer } = ctx;
        const other = await hre.ethers.deployContract("MockPayout");
        // The other one asks in its turn, and is paid.
        const asked = payout.interface.encodeFunctionData("onRoyaltyDue", [await token.getAddress(), 4n, "0x"]);
        await payout.setReentry(other, 0n, other.interface.encodeFunctionData("execute", [ctx.address, 0n, asked]));
        await payout.setDue(PAYOUT_DUE[due]);
        await expect(ask()).to.changeTokenBalances(token, [payout, payer, other], [-amount - 4n, amount, 4n]);
      });
    }
  });
});
