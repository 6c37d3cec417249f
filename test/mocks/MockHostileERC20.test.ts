import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { AbiCoder, ZeroAddress } from "ethers";
import hre from "hardhat";

import { HOSTILE_ANSWER, HOSTILE_MOVE } from "../helpers/mocks";

async function fixture() {
  const [, alice, bob, spender] = await hre.ethers.getSigners();
  if (!alice || !bob || !spender) throw new Error("too few accounts");
  const token = await hre.ethers.deployContract("MockHostileERC20");
  await token.mint(alice, 100_000n);
  await token.connect(alice).approve(spender, 10_000n);
  return { token, alice, bob, spender };
}

type Context = Awaited<ReturnType<typeof fixture>>;

const FUNCTIONS = ["transfer", "transferFrom"] as const;

/** 10,000 from Alice to Bob, by Alice or by her spender. */
const callOf = ({ token, alice, bob, spender }: Context, by: (typeof FUNCTIONS)[number]) =>
  by === "transfer"
    ? { from: alice.address, to: token, data: token.interface.encodeFunctionData(by, [bob.address, 10_000n]) }
    : {
        from: spender.address,
        to: token,
        data: token.interface.encodeFunctionData(by, [alice.address, bob.address, 10_000n]),
      };

describe("MockHostileERC20", () => {
  let ctx: Context;

  beforeEach(async () => {
    ctx = await loadFixture(fixture);
  });

  for (const by of FUNCTIONS) {
    describe(by, () => {
      const send = async () => {
        const { from, ...call } = callOf(ctx, by);
        return (await hre.ethers.getSigner(from)).sendTransaction(call);
      };

      const moves = async (ofAlice: bigint, ofBob: bigint): Promise<void> => {
        await expect(send()).to.changeTokenBalances(ctx.token, [ctx.alice, ctx.bob], [ofAlice, ofBob]);
      };

      const answers = async (data: string): Promise<void> => {
        expect(await hre.ethers.provider.call(callOf(ctx, by))).to.equal(data);
      };

      const TRUE = AbiCoder.defaultAbiCoder().encode(["bool"], [true]);
      const FALSE = AbiCoder.defaultAbiCoder().encode(["bool"], [false]);

      it("is honest before it is told to lie", async () => {
        await answers(TRUE);
        await moves(-10_000n, 10_000n);
        expect(await ctx.token.allowance(ctx.alice, ctx.spender)).to.equal(by === "transfer" ? 10_000n : 0n);
      });

      it("says true and moves nothing", async () => {
        await ctx.token.setMove(HOSTILE_MOVE.Nothing, 0n);
        await answers(TRUE);
        await moves(0n, 0n);
      });

      it("lets less arrive than leaves", async () => {
        await ctx.token.setMove(HOSTILE_MOVE.Less, 150n);
        await answers(TRUE);
        await moves(-10_000n, 9_850n);
      });

      it("moves more than it was asked to", async () => {
        await ctx.token.setMove(HOSTILE_MOVE.More, 150n);
        await answers(TRUE);
        await moves(-10_150n, 10_150n);
      });

      it("reverts", async () => {
        await ctx.token.setMove(HOSTILE_MOVE.Revert, 0n);
        await expect(send()).to.be.revertedWithCustomError(ctx.token, "Hostile");
      });

      for (const [move, moved] of [
        ["Exactly", 10_000n],
        ["Nothing", 0n],
      ] as const) {
        it(`answers false, or nothing at all, having moved ${move.toLowerCase()}`, async () => {
          await ctx.token.setMove(HOSTILE_MOVE[move], 0n);
          await ctx.token.setAnswer(HOSTILE_ANSWER.False);
          await answers(FALSE);
          await ctx.token.setAnswer(HOSTILE_ANSWER.Nothing);
          await answers("0x");
          await moves(-moved, moved);
        });
      }

      it("calls its target before the move, once, and records what came of it", async () => {
        const { token, alice } = ctx;
        await token.setReentry(token, token.interface.encodeFunctionData("balanceOf", [alice.address]), false);
        await moves(-10_000n, 10_000n);
        expect(await token.reentries()).to.equal(1n);
        expect(await token.reentrySucceeded()).to.equal(true);
        expect(BigInt(await token.reentryResult())).to.equal(100_000n);
        await token.setReentry(ZeroAddress, "0x", false);
        await token.connect(alice).transfer(ctx.bob, 1n);
        expect(await token.reentries()).to.equal(1n);
      });

      it("swallows its target's failure, or bubbles it", async () => {
        const { token, bob } = ctx;
        const failing = token.interface.encodeFunctionData("transfer", [bob.address, 1n]);
        const failure = [await token.getAddress(), 0n, 1n] as const;
        await token.setReentry(token, failing, true);
        await expect(send())
          .to.be.revertedWithCustomError(token, "ERC20InsufficientBalance")
          .withArgs(...failure);
        await token.setReentry(token, failing, false);
        await moves(-10_000n, 10_000n);
        expect(await token.reentrySucceeded()).to.equal(false);
        expect(await token.reentryResult()).to.equal(
          token.interface.encodeErrorResult("ERC20InsufficientBalance", failure),
        );
      });

      it("lets a move within a move be, without a further call", async () => {
        const { token, bob } = ctx;
        await token.mint(token, 5n);
        await token.setReentry(token, token.interface.encodeFunctionData("transfer", [bob.address, 5n]), true);
        await moves(-10_000n, 10_005n);
        expect(await token.reentries()).to.equal(1n);
      });

      it("changes its lie about a balance within a move", async () => {
        const { token, bob } = ctx;
        await token.setMove(HOSTILE_MOVE.Nothing, 0n);
        const lie = token.interface.encodeFunctionData("setBalanceOffset", [bob.address, 10_000n]);
        await token.setReentry(token, lie, true);
        await moves(0n, 10_000n);
      });
    });
  }

  it("lies about a balance, up and down, and not below zero", async () => {
    const { token, alice, bob } = ctx;
    for (const [offset, balance] of [
      [5n, 100_005n],
      [-5n, 99_995n],
      [-100_001n, 0n],
      [0n, 100_000n],
    ] as const) {
      await token.setBalanceOffset(alice, offset);
      expect(await token.balanceOf(alice)).to.equal(balance);
    }
    await token.setBalanceOffset(bob, 7n);
    await expect(token.connect(bob).transfer(alice, 7n))
      .to.be.revertedWithCustomError(token, "ERC20InsufficientBalance")
      .withArgs(bob.address, 0n, 7n);
  });
});
