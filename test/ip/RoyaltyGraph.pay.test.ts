import { loadFixture, setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, parseEther } from "ethers";
import hre from "hardhat";

import { NATIVE, ipFixture } from "../fixtures/ip";
import { HOSTILE_ANSWER, HOSTILE_MOVE, PAYOUT_DUE, PAYOUT_MODE } from "../helpers/mocks";
import {
  MAX_EDGES,
  MAX_SUM,
  collectBy,
  freeze,
  ledgerOf,
  netGasOf,
  redirect,
  registerExtremes,
} from "../helpers/royalties";

const HELD = 1_000_000n;
/** Ids of no work. */
const UNKNOWN = {
  "0": 0n,
  "the next work's": 4n,
  "the last that an edge can name": 2n ** 40n - 1n,
  "the first that no edge can name": 2n ** 40n,
  "a known one, 2^40 higher": 2n ** 40n + 3n,
  "a known one, 2^160 higher": 2n ** 160n + 3n,
  "the highest": MaxUint256,
};

async function fixture() {
  const ip = await ipFixture();
  const { alice, royaltyGraph } = ip;
  const plain = await hre.ethers.deployContract("MockPermitUSDT", [6]);
  const hostile = await hre.ethers.deployContract("MockHostileERC20");
  const rebasing = await hre.ethers.deployContract("MockRebasingToken");
  const hook = await hre.ethers.deployContract("MockHookToken");
  const payout = await hre.ethers.deployContract("MockPayout");
  await plain.issue(alice, HELD);
  await plain.issue(payout, HELD);
  for (const token of [hostile, rebasing, hook]) {
    await token.mint(alice, HELD);
    await token.mint(payout, HELD);
  }
  for (const token of [plain, hostile, rebasing, hook]) await token.connect(alice).approve(royaltyGraph, MaxUint256);
  return { ...ip, plain, hostile, rebasing, hook, payout, graph: royaltyGraph };
}

async function extremesFixture() {
  const ip = await ipFixture();
  const works = await registerExtremes(ip, ip.alice, 200);
  return { ...ip, ...works, graph: ip.royaltyGraph };
}

describe("RoyaltyGraph: payments", () => {
  let ctx: Awaited<ReturnType<typeof fixture>>;

  beforeEach(async () => {
    ctx = await loadFixture(fixture);
  });

  describe("pay", () => {
    it("credits native coin as direct revenue, and keeps it", async () => {
      const { graph, remix, alice } = ctx;
      await expect(graph.connect(alice).pay(remix, { value: 999n })).to.changeEtherBalances(
        [alice, graph],
        [-999n, 999n],
      );
      await graph.connect(alice).pay(remix, { value: 1n });
      expect(await graph.revenueOf(remix, NATIVE)).to.deep.equal([1_000n, 0n]);
    });

    it("says who paid what to whom", async () => {
      const { graph, remix, alice } = ctx;
      await expect(graph.connect(alice).pay(remix, { value: 999n }))
        .to.emit(graph, "Paid")
        .withArgs(remix, NATIVE, alice.address, 999n);
    });

    it("touches no other work and no parent: they collect later", async () => {
      const { graph, remix, song, beat, alice } = ctx;
      const before = await ledgerOf(graph, [song, beat], [NATIVE]);
      await graph.connect(alice).pay(remix, { value: 999n });
      expect(await ledgerOf(graph, [song, beat], [NATIVE])).to.deep.equal(before);
    });

    it("takes a single wei", async () => {
      await ctx.graph.pay(ctx.remix, { value: 1n });
      expect(await ctx.graph.revenueOf(ctx.remix, NATIVE)).to.deep.equal([1n, 0n]);
    });

    it("refuses nothing, before and after the work has earned", async () => {
      const { graph, remix } = ctx;
      await expect(graph.pay(remix)).to.be.revertedWithCustomError(graph, "ZeroAmount").withArgs();
      await graph.pay(remix, { value: 5n });
      await expect(graph.pay(remix, { value: 0n }))
        .to.be.revertedWithCustomError(graph, "ZeroAmount")
        .withArgs();
    });

    for (const [which, id] of Object.entries(UNKNOWN)) {
      it(`refuses an id of no work: ${which}`, async () => {
        await expect(ctx.graph.pay(id, { value: 1n }))
          .to.be.revertedWithCustomError(ctx.graph, "UnknownWork")
          .withArgs(id);
      });
    }

    it("takes no coin that names no work", async () => {
      const { graph, alice } = ctx;
      await expect(alice.sendTransaction({ to: graph, value: 1n })).to.be.reverted;
      await expect(alice.sendTransaction({ to: graph, value: 1n, data: "0xdeadbeef" })).to.be.reverted;
    });

    it("takes no coin with an ERC-20 payment, a claim or a withdrawal", async () => {
      const { graph, alice, plain, remix } = ctx;
      const to = await graph.getAddress();
      for (const data of [
        graph.interface.encodeFunctionData("payToken", [remix, await plain.getAddress(), 1n]),
        graph.interface.encodeFunctionData("claim", [remix, 0n, NATIVE]),
        graph.interface.encodeFunctionData("withdraw", [remix, NATIVE, alice.address]),
        graph.interface.encodeFunctionData("sweep", [remix, NATIVE]),
      ]) {
        await expect(alice.sendTransaction({ to, data, value: 1n })).to.be.reverted;
      }
    });
  });

  describe("payToken", () => {
    it("takes the amount by allowance and credits it", async () => {
      const { graph, remix, plain, alice } = ctx;
      const pay = graph.connect(alice).payToken(remix, plain, 999n);
      await expect(pay).to.changeTokenBalances(plain, [alice, graph], [-999n, 999n]);
      await expect(pay)
        .to.emit(graph, "Paid")
        .withArgs(remix, await plain.getAddress(), alice.address, 999n);
      expect(await graph.revenueOf(remix, plain)).to.deep.equal([999n, 0n]);
      expect(await graph.revenueOf(remix, NATIVE)).to.deep.equal([0n, 0n]);
    });

    it("answers what arrived", async () => {
      const { graph, remix, plain, alice } = ctx;
      expect(await graph.connect(alice).payToken.staticCall(remix, plain, 999n)).to.equal(999n);
    });

    it("takes the caller's money alone, whoever approved the graph", async () => {
      const { graph, remix, plain, stranger } = ctx;
      await expect(graph.connect(stranger).payToken(remix, plain, 1n))
        .to.be.revertedWithCustomError(plain, "ERC20InsufficientAllowance")
        .withArgs(await graph.getAddress(), 0n, 1n);
    });

    it("refuses nothing", async () => {
      const { graph, remix, plain, alice } = ctx;
      await expect(graph.connect(alice).payToken(remix, plain, 0n))
        .to.be.revertedWithCustomError(graph, "ZeroAmount")
        .withArgs();
    });

    it("refuses the native coin's address and accounts without code", async () => {
      const { graph, remix, alice, stranger } = ctx;
      for (const token of [NATIVE, stranger.address]) {
        await expect(graph.connect(alice).payToken(remix, token, 1n))
          .to.be.revertedWithCustomError(graph, "InvalidToken")
          .withArgs(token);
      }
    });

    it("refuses a contract that is no token, by the contract's own failure", async () => {
      const { graph, remix, alice, ipRegistry } = ctx;
      await expect(graph.connect(alice).payToken(remix, await graph.getAddress(), 1n)).to.be.reverted;
      await expect(graph.connect(alice).payToken(remix, ipRegistry, 1n)).to.be.reverted;
    });

    for (const [which, id] of Object.entries(UNKNOWN)) {
      it(`refuses an id of no work: ${which}`, async () => {
        const { graph, plain, alice } = ctx;
        await expect(graph.connect(alice).payToken(id, plain, 1n))
          .to.be.revertedWithCustomError(graph, "UnknownWork")
          .withArgs(id);
      });
    }

    it("credits what a token with a fee leaves: USDT's, once it is switched on", async () => {
      const { graph, remix, usdt, alice } = ctx;
      await usdt.connect(alice).approve(graph, MaxUint256);
      await usdt.setParams(19n, 49n);
      const pay = graph.connect(alice).payToken(remix, usdt, 10_000n);
      await expect(pay)
        .to.emit(graph, "Paid")
        .withArgs(remix, await usdt.getAddress(), alice.address, 9_981n);
      expect(await graph.revenueOf(remix, usdt)).to.deep.equal([9_981n, 0n]);
      expect(await usdt.balanceOf(graph)).to.equal(9_981n);
    });

    it("credits what arrives of a token that burns on the way, and refuses what arrives as nothing", async () => {
      const { graph, remix, hostile, alice } = ctx;
      await hostile.setMove(HOSTILE_MOVE.Less, 2_500n);
      expect(await graph.connect(alice).payToken.staticCall(remix, hostile, 100n)).to.equal(75n);
      await graph.connect(alice).payToken(remix, hostile, 100n);
      expect(await graph.revenueOf(remix, hostile)).to.deep.equal([75n, 0n]);
      await hostile.setMove(HOSTILE_MOVE.Less, 10_000n);
      await expect(graph.connect(alice).payToken(remix, hostile, 100n))
        .to.be.revertedWithCustomError(graph, "ZeroAmount")
        .withArgs();
    });

    it("credits more than was asked where more arrives", async () => {
      const { graph, remix, hostile, alice } = ctx;
      await hostile.setMove(HOSTILE_MOVE.More, 1_000n);
      await graph.connect(alice).payToken(remix, hostile, 100n);
      expect(await graph.revenueOf(remix, hostile)).to.deep.equal([110n, 0n]);
      expect(await hostile.balanceOf(graph)).to.equal(110n);
    });

    it("credits nothing of a token that says true and moves nothing", async () => {
      const { graph, remix, hostile, alice } = ctx;
      await hostile.setMove(HOSTILE_MOVE.Nothing, 0n);
      await expect(graph.connect(alice).payToken(remix, hostile, 100n))
        .to.be.revertedWithCustomError(graph, "ZeroAmount")
        .withArgs();
    });

    it("credits nothing where the graph's balance falls", async () => {
      const { graph, remix, alice } = ctx;
      const liar = await hre.ethers.deployContract("HostileUSDT");
      await liar.issue(alice, HELD);
      await liar.connect(alice).approve(graph, MaxUint256);
      await graph.connect(alice).payToken(remix, liar, 100n);
      await liar.setLie(6n); // Shrink
      await expect(graph.connect(alice).payToken(remix, liar, 100n))
        .to.be.revertedWithCustomError(graph, "ZeroAmount")
        .withArgs();
    });

    it("takes `false` for a failure, and no answer for none", async () => {
      const { graph, remix, hostile, alice } = ctx;
      await hostile.setAnswer(HOSTILE_ANSWER.False);
      await expect(graph.connect(alice).payToken(remix, hostile, 100n))
        .to.be.revertedWithCustomError(graph, "SafeERC20FailedOperation")
        .withArgs(await hostile.getAddress());
      await hostile.setAnswer(HOSTILE_ANSWER.Nothing);
      await graph.connect(alice).payToken(remix, hostile, 100n);
      expect(await graph.revenueOf(remix, hostile)).to.deep.equal([100n, 0n]);
    });

    it("fails as the token fails", async () => {
      const { graph, remix, hostile, alice } = ctx;
      await hostile.setMove(HOSTILE_MOVE.Revert, 0n);
      await expect(graph.connect(alice).payToken(remix, hostile, 100n)).to.be.revertedWithCustomError(
        hostile,
        "Hostile",
      );
    });

    it("credits what a rebasing token's shares are worth when they arrive", async () => {
      const { graph, remix, rebasing, alice } = ctx;
      await rebasing.rebase(3n * HELD); // one share and a half a unit
      await graph.connect(alice).payToken(remix, rebasing, 100n);
      const arrived = await rebasing.balanceOf(graph);
      expect(arrived).to.equal(99n);
      expect(await graph.revenueOf(remix, rebasing)).to.deep.equal([arrived, 0n]);
    });

    it("takes a token whose hook does nothing bad, as any other", async () => {
      const { graph, remix, hook, payout, alice } = ctx;
      await hook.connect(alice).setHooks(payout, payout);
      await graph.connect(alice).payToken(remix, hook, 100n);
      expect(await graph.revenueOf(remix, hook)).to.deep.equal([100n, 0n]);
    });

    it("fails where the payer's hook refuses", async () => {
      const { graph, remix, hook, payout, alice } = ctx;
      await payout.setMode(PAYOUT_MODE.Refuse);
      await hook.connect(alice).setHooks(payout, payout);
      await expect(graph.connect(alice).payToken(remix, hook, 100n)).to.be.revertedWithCustomError(payout, "Refused");
    });
  });

  describe("collect", () => {
    it("asks the caller, and credits what it paid", async () => {
      const { graph, remix, plain, payout } = ctx;
      const token = await plain.getAddress();
      const collect = collectBy(payout, graph, [remix, plain, 999n, "0xc0ffee"]);
      await expect(collect).to.changeTokenBalances(plain, [payout, graph], [-999n, 999n]);
      await expect(collect)
        .to.emit(payout, "RoyaltyAsked")
        .withArgs(await graph.getAddress(), token, 999n, "0xc0ffee");
      await expect(collect)
        .to.emit(graph, "Paid")
        .withArgs(remix, token, await payout.getAddress(), 999n);
      expect(await graph.revenueOf(remix, plain)).to.deep.equal([999n, 0n]);
    });

    for (const [due, received] of [
      ["PayExactly", 100n],
      ["PayLess", 99n],
      ["PayMore", 101n],
    ] as const) {
      it(`credits and answers ${received.toString()} of 100 where the payer does ${due}`, async () => {
        const { graph, remix, plain, payout } = ctx;
        await payout.setDue(PAYOUT_DUE[due]);
        const data = graph.interface.encodeFunctionData("collect", [remix, await plain.getAddress(), 100n, "0x"]);
        const [answer] = hre.ethers.AbiCoder.defaultAbiCoder().decode(
          ["uint256"],
          await payout.execute.staticCall(graph, 0n, data),
        ) as unknown as [bigint];
        expect(answer).to.equal(received);
        await collectBy(payout, graph, [remix, plain, 100n, "0x"]);
        expect(await graph.revenueOf(remix, plain)).to.deep.equal([received, 0n]);
        expect(await plain.balanceOf(graph)).to.equal(received);
      });
    }

    it("refuses where the payer pays nothing", async () => {
      const { graph, remix, plain, payout } = ctx;
      await payout.setDue(PAYOUT_DUE.PayNothing);
      await expect(collectBy(payout, graph, [remix, plain, 100n, "0x"]))
        .to.be.revertedWithCustomError(graph, "ZeroAmount")
        .withArgs();
    });

    it("fails as the payer fails", async () => {
      const { graph, remix, plain, payout } = ctx;
      await payout.setDue(PAYOUT_DUE.Revert);
      await expect(collectBy(payout, graph, [remix, plain, 100n, "0x"])).to.be.revertedWithCustomError(
        payout,
        "Refused",
      );
    });

    it("counts once what the payer pays after a payment within the question", async () => {
      const { graph, remix, plain, payout } = ctx;
      const inner = graph.interface.encodeFunctionData("collect", [remix, await plain.getAddress(), 100n, "0x"]);
      await payout.setReentry(graph, 0n, inner);
      await payout.setDue(PAYOUT_DUE.ReenterAndPay);
      await collectBy(payout, graph, [remix, plain, 100n, "0x"]);
      expect(await payout.reentrySucceeded()).to.equal(false);
      expect(await graph.revenueOf(remix, plain)).to.deep.equal([100n, 0n]);
    });

    it("refuses where the payer pays within the question alone", async () => {
      const { graph, remix, plain, payout } = ctx;
      const inner = graph.interface.encodeFunctionData("collect", [remix, await plain.getAddress(), 100n, "0x"]);
      await payout.setReentry(graph, 0n, inner);
      await payout.setDue(PAYOUT_DUE.ReenterInstead);
      await expect(collectBy(payout, graph, [remix, plain, 100n, "0x"]))
        .to.be.revertedWithCustomError(graph, "ZeroAmount")
        .withArgs();
    });

    it("credits what arrives of a token with a fee", async () => {
      const { graph, remix, hostile, payout } = ctx;
      await hostile.setMove(HOSTILE_MOVE.Less, 100n);
      await collectBy(payout, graph, [remix, hostile, 1_000n, "0x"]);
      expect(await graph.revenueOf(remix, hostile)).to.deep.equal([990n, 0n]);
    });

    it("refuses native coin and accounts without code, before it asks anybody", async () => {
      const { graph, remix, payout, stranger } = ctx;
      for (const token of [NATIVE, stranger.address]) {
        await expect(collectBy(payout, graph, [remix, token, 1n, "0x"]))
          .to.be.revertedWithCustomError(graph, "InvalidToken")
          .withArgs(token);
      }
    });

    it("refuses an unknown work", async () => {
      const { graph, plain, payout } = ctx;
      for (const id of Object.values(UNKNOWN)) {
        await expect(collectBy(payout, graph, [id, plain, 1n, "0x"]))
          .to.be.revertedWithCustomError(graph, "UnknownWork")
          .withArgs(id);
      }
    });

    it("fails for a caller without code, who cannot be asked", async () => {
      const { graph, remix, plain, alice } = ctx;
      await expect(graph.connect(alice).collect(remix, plain, 1n, "0x")).to.be.revertedWithoutReason();
    });
  });

  describe("the bound of a sum, 2^127 − 1", () => {
    it("holds it exactly, and refuses one more unit of an ERC-20, by either way", async () => {
      const { graph, remix, song, hostile, alice, payout } = ctx;
      const token = await hostile.getAddress();
      await hostile.mint(alice, MAX_SUM + 1n);
      await graph.connect(alice).payToken(remix, hostile, MAX_SUM - 1n);
      await graph.connect(alice).payToken(remix, hostile, 1n);
      expect(await graph.revenueOf(remix, hostile)).to.deep.equal([MAX_SUM, 0n]);
      await expect(graph.connect(alice).payToken(remix, hostile, 1n))
        .to.be.revertedWithCustomError(graph, "LedgerOverflow")
        .withArgs(remix, token, 1n);
      await expect(collectBy(payout, graph, [remix, hostile, 7n, "0x"]))
        .to.be.revertedWithCustomError(graph, "LedgerOverflow")
        .withArgs(remix, token, 7n);
      // Another work has a sum of its own.
      await graph.connect(alice).payToken(song, hostile, 1n);
    });

    it("refuses a first payment above it", async () => {
      const { graph, remix, hostile, alice } = ctx;
      await hostile.mint(alice, MAX_SUM + 1n);
      await expect(graph.connect(alice).payToken(remix, hostile, MAX_SUM + 1n))
        .to.be.revertedWithCustomError(graph, "LedgerOverflow")
        .withArgs(remix, await hostile.getAddress(), MAX_SUM + 1n);
    });

    it("refuses a balance that claims to have grown by more than any sum holds", async () => {
      const { graph, remix, alice } = ctx;
      const liar = await hre.ethers.deployContract("HostileUSDT");
      await liar.connect(alice).approve(graph, MaxUint256);
      await liar.setLie(5n); // Inflate
      await expect(graph.connect(alice).payToken(remix, liar, 0n))
        .to.be.revertedWithCustomError(graph, "LedgerOverflow")
        .withArgs(remix, await liar.getAddress(), 2n ** 248n);
    });

    it("is the native coin's too", async () => {
      const { graph, remix, alice } = ctx;
      await setBalance(alice.address, MAX_SUM + parseEther("10"));
      await graph.connect(alice).pay(remix, { value: MAX_SUM });
      await expect(graph.connect(alice).pay(remix, { value: 1n }))
        .to.be.revertedWithCustomError(graph, "LedgerOverflow")
        .withArgs(remix, NATIVE, 1n);
    });

    it("carries nothing into the inflow beside it", async () => {
      const { graph, song, remix, hostile, alice } = ctx;
      await hostile.mint(alice, MAX_SUM);
      await graph.connect(alice).payToken(remix, hostile, 100n);
      await graph.claim(remix, 0n, hostile);
      await graph.connect(alice).payToken(song, hostile, MAX_SUM);
      expect(await graph.revenueOf(song, hostile)).to.deep.equal([MAX_SUM, 10n]);
      await expect(graph.connect(alice).payToken(song, hostile, 1n))
        .to.be.revertedWithCustomError(graph, "LedgerOverflow")
        .withArgs(song, await hostile.getAddress(), 1n);
    });
  });

  describe("a work of any status", () => {
    const STATES = {
      deleted: () => ctx.ipRegistry.connect(ctx.carol).deleteWork(ctx.remix),
      disputed: () => freeze(ctx, ctx.remix),
      "deleted and disputed": async () => {
        await ctx.ipRegistry.connect(ctx.carol).deleteWork(ctx.remix);
        return freeze(ctx, ctx.remix);
      },
      redirected: () => redirect(ctx, ctx.remix, ctx.stranger.address),
      sold: () => ctx.ipRegistry.connect(ctx.carol).transferFrom(ctx.carol, ctx.stranger, ctx.remix),
    };

    for (const [state, reach] of Object.entries(STATES)) {
      it(`earns while ${state}, and its parents collect`, async () => {
        const { graph, remix, song, plain, payout, alice } = ctx;
        await reach();
        await graph.connect(alice).pay(remix, { value: 100n });
        await graph.connect(alice).payToken(remix, plain, 60n);
        await collectBy(payout, graph, [remix, plain, 40n, "0x"]);
        for (const token of [NATIVE, await plain.getAddress()]) {
          expect(await graph.revenueOf(remix, token)).to.deep.equal([100n, 0n]);
          await graph.claim(remix, 0n, token);
          expect(await graph.revenueOf(song, token)).to.deep.equal([0n, 10n]);
        }
      });
    }
  });

  it("emits once a payment, and nothing else", async () => {
    const { graph, remix, alice, plain } = ctx;
    const native = await (await graph.connect(alice).pay(remix, { value: 1n })).wait();
    expect(native!.logs.length).to.equal(1);
    const erc20 = await (await graph.connect(alice).payToken(remix, plain, 1n)).wait();
    expect(erc20!.logs.filter(({ address }) => address === erc20!.to).length).to.equal(1);
  });
});

describe("RoyaltyGraph: the cost of a payment", () => {
  it("is the very same for a root, a tip of depth 200 and a work with sixteen edges @gas", async () => {
    const { graph, root, tip, wide, song, alice, pieUSD } = await loadFixture(extremesFixture);
    expect((await graph.edgesOf(wide)).length).to.equal(MAX_EDGES);
    const works = [root, tip, wide];
    const payments = {
      "native coin": (id: bigint) => graph.connect(alice).pay(id, { value: 1_000n }),
      "ERC-20": (id: bigint) => graph.connect(alice).payToken(id, pieUSD, 1_000n),
    };
    for (const [what, pay] of Object.entries(payments)) {
      // The graph's balance of the token is no longer zero when the comparison begins.
      await pay(song);
      const cost: Record<string, bigint[]> = { first: [], steady: [] };
      for (const id of works) cost.first!.push(await netGasOf(pay(id)));
      for (const id of works) cost.steady!.push(await netGasOf(pay(id)));
      for (const [when, gas] of Object.entries(cost)) {
        expect(new Set(gas).size, `${what}, ${when}: ${gas.join(", ")}`).to.equal(1);
      }
      console.log(
        `      ${what}: ${cost.first![0]!.toString()} first, ${cost.steady![0]!.toString()} steady, without calldata`,
      );
    }
  });
});
