import { loadFixture, setBalance } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { AbiCoder, MaxUint256, concat, parseEther, toBeHex, zeroPadValue } from "ethers";
import hre from "hardhat";

import type { RoyaltyInbox } from "../../typechain-types";
import { NATIVE, ipFixture } from "../fixtures/ip";
import { impersonated } from "../helpers/accounts";
import { storageConstant } from "../helpers/erc7201";
import { HOSTILE_ANSWER, HOSTILE_MOVE } from "../helpers/mocks";
import { addressOf, boundAccount, errorOf, freeze, selectorOf } from "../helpers/royalties";

const HELD = 1_000_000n;

async function fixture() {
  const ip = await ipFixture();
  const { royaltyGraph: graph, remix, alice } = ip;
  const inbox: RoyaltyInbox = await hre.ethers.getContractAt("RoyaltyInbox", await graph.inboxOf(remix));
  const hostile = await hre.ethers.deployContract("MockHostileERC20");
  await hostile.mint(alice, HELD);
  const payout = await hre.ethers.deployContract("MockPayout");
  // The implementation, from the graph's storage: behind the treasury.
  const slot = BigInt(storageConstant("contracts/ip/RoyaltyGraph.sol", "GRAPH_STORAGE")) + 1n;
  const word = await hre.ethers.provider.getStorage(graph, slot);
  const implementation = await hre.ethers.getContractAt("RoyaltyInbox", `0x${word.slice(26)}`);
  return { ...ip, graph, inbox, address: await inbox.getAddress(), hostile, payout, implementation };
}

describe("RoyaltyInbox", () => {
  let ctx: Awaited<ReturnType<typeof fixture>>;

  beforeEach(async () => {
    ctx = await loadFixture(fixture);
  });

  const give = (value: bigint) => ctx.alice.sendTransaction({ to: ctx.address, value });
  const deploy = async (): Promise<void> => {
    await give(1n);
    await ctx.graph.sweep(ctx.remix, NATIVE);
  };
  const directOf = async (token: string, id = ctx.remix) => (await ctx.graph.revenueOf(id, token)).direct;

  describe("before it is deployed", () => {
    it("has an address of its own for every work, and no code", async () => {
      const { graph, song, beat, remix, address } = ctx;
      const addresses = new Set(await Promise.all([song, beat, remix].map((id) => graph.inboxOf(id))));
      expect(addresses.size).to.equal(3);
      expect(await hre.ethers.provider.getCode(address)).to.equal("0x");
    });

    it("takes native coin and tokens, which a later sweep by anybody finds", async () => {
      const { graph, remix, address, pieUSD, alice, stranger } = ctx;
      await give(70n);
      await pieUSD.connect(alice).transfer(address, 500n);
      const native = graph.connect(stranger).sweep(remix, NATIVE);
      await expect(native).to.changeEtherBalances([address, graph, stranger], [-70n, 70n, 0n]);
      await expect(native).to.emit(graph, "Paid").withArgs(remix, NATIVE, address, 70n);
      expect(await hre.ethers.provider.getCode(address)).to.not.equal("0x");
      const erc20 = graph.connect(stranger).sweep(remix, pieUSD);
      await expect(erc20).to.changeTokenBalances(pieUSD, [address, graph, stranger], [-500n, 500n, 0n]);
      await expect(erc20)
        .to.emit(graph, "Paid")
        .withArgs(remix, await pieUSD.getAddress(), address, 500n);
      expect(await directOf(NATIVE)).to.equal(70n);
      expect(await directOf(await pieUSD.getAddress())).to.equal(500n);
    });

    it("is deployed where the graph said, and nowhere else", async () => {
      const { graph, remix, address } = ctx;
      await deploy();
      expect(await graph.inboxOf(remix)).to.equal(address);
      const length = 45 + 64; // ERC-1167's proxy, and its arguments
      expect((await hre.ethers.provider.getCode(address)).length).to.equal(2 + 2 * length);
    });

    it("stays undeployed where nothing is there to sweep", async () => {
      const { graph, remix, inbox, address } = ctx;
      await expect(graph.sweep(remix, NATIVE)).to.be.revertedWithCustomError(inbox, "NothingToSweep").withArgs(NATIVE);
      expect(await hre.ethers.provider.getCode(address)).to.equal("0x");
    });

    it("can be paid before its work is registered, and then feeds that work", async () => {
      const { graph, alice, root } = ctx;
      const next = (await ctx.ipRegistry.totalSupply()) + 1n;
      await alice.sendTransaction({ to: await graph.inboxOf(next), value: 9n });
      await expect(graph.sweep(next, NATIVE)).to.be.revertedWithCustomError(graph, "UnknownWork").withArgs(next);
      await root(ctx.bob);
      await graph.sweep(next, NATIVE);
      expect(await directOf(NATIVE, next)).to.equal(9n);
    });
  });

  it("is the receiver of ERC-2981's royalties", async () => {
    const { ipRegistry, address, root, alice, remix, graph } = ctx;
    expect(await ipRegistry.royaltyInfo(remix, 10_000n)).to.deep.equal([address, 0n]);
    const rated = await root(alice, { royaltyBps: 1_000n });
    expect(await ipRegistry.royaltyInfo(rated, 10_000n)).to.deep.equal([await graph.inboxOf(rated), 1_000n]);
  });

  it("takes coin sent with 2,300 gas until it is deployed, and needs more from then on: a known limit @gas", async () => {
    const { royaltyGraph, remix, bob, stranger } = await loadFixture(ipFixture);
    const inbox = await royaltyGraph.inboxOf(remix);
    const gasLimit = 21_000n + 2_300n;
    await bob.sendTransaction({ to: inbox, value: 1n, gasLimit });
    await royaltyGraph.connect(stranger).sweep(remix, NATIVE);
    await expect(bob.sendTransaction({ to: inbox, value: 1n, gasLimit })).to.be.rejectedWith(/out of gas/);
    await bob.sendTransaction({ to: inbox, value: 1n });
  });

  describe("work", () => {
    it("answers the graph and the id", async () => {
      const { inbox, graph, remix } = ctx;
      await deploy();
      expect(await inbox.work()).to.deep.equal([await graph.getAddress(), remix]);
    });
  });

  describe("sweep", () => {
    beforeEach(deploy);

    it("moves native coin into the ledger, called on the inbox by anybody", async () => {
      const { inbox, graph, remix, address, stranger } = ctx;
      await give(50n);
      expect(await inbox.connect(stranger).sweep.staticCall(NATIVE)).to.equal(50n);
      const sent = inbox.connect(stranger).sweep(NATIVE);
      await expect(sent).to.changeEtherBalances([inbox, graph, stranger], [-50n, 50n, 0n]);
      await expect(sent).to.emit(graph, "Paid").withArgs(remix, NATIVE, address, 50n);
      expect(await directOf(NATIVE)).to.equal(51n);
    });

    it("moves tokens into the ledger, called on the inbox by anybody, and leaves no allowance", async () => {
      const { inbox, graph, pieUSD, alice, stranger } = ctx;
      await pieUSD.connect(alice).transfer(inbox, 500n);
      expect(await inbox.connect(stranger).sweep.staticCall(pieUSD)).to.equal(500n);
      await inbox.connect(stranger).sweep(pieUSD);
      expect(await directOf(await pieUSD.getAddress())).to.equal(500n);
      expect(await pieUSD.allowance(inbox, graph)).to.equal(0n);
      expect(await pieUSD.balanceOf(inbox)).to.equal(0n);
    });

    it("answers the same through the graph, again and again", async () => {
      const { graph, remix, pieUSD, alice, address } = ctx;
      for (const value of [3n, 4n]) {
        await give(value);
        expect(await graph.sweep.staticCall(remix, NATIVE)).to.equal(value);
        await graph.sweep(remix, NATIVE);
        await pieUSD.connect(alice).transfer(address, value);
        expect(await graph.sweep.staticCall(remix, pieUSD)).to.equal(value);
        await graph.sweep(remix, pieUSD);
      }
      expect(await directOf(NATIVE)).to.equal(8n);
      expect(await directOf(await pieUSD.getAddress())).to.equal(7n);
    });

    it("refuses where nothing is there, and says of which token", async () => {
      const { inbox, graph, remix, pieUSD } = ctx;
      for (const token of [NATIVE, await pieUSD.getAddress()]) {
        await expect(inbox.sweep(token)).to.be.revertedWithCustomError(inbox, "NothingToSweep").withArgs(token);
        await expect(graph.sweep(remix, token)).to.be.revertedWithCustomError(inbox, "NothingToSweep").withArgs(token);
      }
    });

    it("refuses a work that is not there", async () => {
      const { graph } = ctx;
      for (const id of [0n, 999n, 2n ** 40n, 2n ** 40n + 3n, MaxUint256]) {
        await expect(graph.sweep(id, NATIVE)).to.be.revertedWithCustomError(graph, "UnknownWork").withArgs(id);
      }
    });

    it("fails for a token without code", async () => {
      const { inbox, graph, remix, stranger } = ctx;
      await expect(inbox.sweep(stranger)).to.be.reverted;
      await expect(graph.sweep(remix, stranger)).to.be.reverted;
    });

    it("feeds a work of any status", async () => {
      const { ipRegistry, inbox, remix, carol } = ctx;
      await ipRegistry.connect(carol).deleteWork(remix);
      await freeze(ctx, remix);
      await give(10n);
      await inbox.sweep(NATIVE);
      expect(await directOf(NATIVE)).to.equal(11n);
    });

    it("is paid up the graph and to the owner, as any revenue", async () => {
      const { inbox, graph, remix, song, carol } = ctx;
      await give(999n);
      await inbox.sweep(NATIVE);
      await graph.claim(remix, 0n, NATIVE);
      expect(await graph.revenueOf(song, NATIVE)).to.deep.equal([0n, 100n]);
      await expect(graph.connect(carol).withdraw(remix, NATIVE, carol)).to.changeEtherBalance(carol, 840n);
    });
  });

  describe("sweep of a difficult token", () => {
    beforeEach(deploy);

    it("passes USDT's allowance through zero, where one was left", async () => {
      const { inbox, graph, address, usdt } = ctx;
      const self = await impersonated(address);
      await usdt.connect(self).approve(graph, 7n);
      await usdt.transfer(inbox, 500n);
      await setBalance(address, 0n);
      // A plain approval from 7 to 500 is refused by this token.
      await expect(usdt.connect(await impersonated(address)).approve(graph, 500n)).to.be.reverted;
      await inbox.sweep(usdt);
      expect(await directOf(await usdt.getAddress())).to.equal(500n);
      expect(await usdt.allowance(inbox, graph)).to.equal(0n);
    });

    it("credits and answers what arrives where USDT charges its fee", async () => {
      const { inbox, usdt } = ctx;
      await usdt.transfer(inbox, 10_000n);
      await usdt.setParams(19n, 49n);
      expect(await inbox.sweep.staticCall(usdt)).to.equal(9_981n);
      await inbox.sweep(usdt);
      expect(await directOf(await usdt.getAddress())).to.equal(9_981n);
    });

    it("refuses one that moves nothing, says false, or claims more than it has", async () => {
      const { inbox, graph, hostile, alice } = ctx;
      await hostile.connect(alice).transfer(inbox, 100n);
      await hostile.setMove(HOSTILE_MOVE.Nothing, 0n);
      await expect(inbox.sweep(hostile)).to.be.revertedWithCustomError(graph, "ZeroAmount").withArgs();
      await hostile.setMove(HOSTILE_MOVE.Exactly, 0n);
      await hostile.setAnswer(HOSTILE_ANSWER.False);
      await expect(inbox.sweep(hostile))
        .to.be.revertedWithCustomError(graph, "SafeERC20FailedOperation")
        .withArgs(await hostile.getAddress());
      await hostile.setAnswer(HOSTILE_ANSWER.True);
      await hostile.setBalanceOffset(inbox, 1n);
      await expect(inbox.sweep(hostile))
        .to.be.revertedWithCustomError(hostile, "ERC20InsufficientBalance")
        .withArgs(ctx.address, 100n, 101n);
      await hostile.setBalanceOffset(inbox, 0n);
      await inbox.sweep(hostile);
      expect(await directOf(await hostile.getAddress())).to.equal(100n);
    });

    it("lets a token sweep nothing twice from within: not its own balance, and not the native coin", async () => {
      const { inbox, graph, hostile, alice, address } = ctx;
      const locked = errorOf(graph, "ReentrancyGuardReentrantCall");
      for (const token of [NATIVE, await hostile.getAddress()]) {
        await give(60n);
        await hostile.setReentry(NATIVE, "0x", false);
        await hostile.connect(alice).transfer(inbox, 100n);
        await hostile.setReentry(address, inbox.interface.encodeFunctionData("sweep", [token]), false);
        await inbox.sweep(hostile);
        expect(await hostile.reentrySucceeded()).to.equal(false);
        expect(selectorOf(await hostile.reentryResult())).to.equal(locked);
      }
      expect(await directOf(await hostile.getAddress())).to.equal(200n);
      expect(await hostile.balanceOf(graph)).to.equal(200n);
      await inbox.sweep(NATIVE);
      expect(await directOf(NATIVE)).to.equal(121n);
    });
  });

  describe("against the token's owner, who would rather have the money than share it", () => {
    beforeEach(async () => {
      await give(1_000n);
      await ctx.pieUSD.connect(ctx.alice).transfer(ctx.address, 1_000n);
    });

    const expectUntouched = async (): Promise<void> => {
      const { graph, remix, pieUSD, address, song } = ctx;
      expect(await hre.ethers.provider.getBalance(address)).to.equal(1_000n);
      expect(await pieUSD.balanceOf(address)).to.equal(1_000n);
      // And it still feeds the graph.
      await graph.sweep(remix, NATIVE);
      await graph.claim(remix, 0n, NATIVE);
      expect((await graph.revenueOf(song, NATIVE)).inflow).to.equal(100n);
    };

    it("has no function but sweep and work: nothing else is accepted, and coin for it is no way in", async () => {
      const { inbox, address, carol, pieUSD } = ctx;
      await deploy();
      await give(1_000n);
      const functions = inbox.interface.fragments.filter(({ type }) => type === "function");
      expect(functions.map((f) => f.format("sighash")).sort()).to.deep.equal(["sweep(address)", "work()"]);
      for (const data of [
        pieUSD.interface.encodeFunctionData("transfer", [carol.address, 1n]),
        "0xdeadbeef",
        "0x51945447", // execute(address,uint256,bytes,uint8) without arguments
      ]) {
        await expect(carol.sendTransaction({ to: address, data })).to.be.reverted;
      }
    });

    it("gets nothing by sweeping himself, before or after it is deployed", async () => {
      const { graph, remix, carol } = ctx;
      await expect(graph.connect(carol).sweep(remix, NATIVE)).to.changeEtherBalances([carol, graph], [0n, 1_000n]);
      expect(await graph.claimable(remix, 0n, NATIVE)).to.equal(100n);
    });

    it("gets nothing through the token-bound account", async () => {
      const { ipRegistry, remix, carol, pieUSD, address } = ctx;
      const account = await boundAccount(ipRegistry, remix);
      expect(await account.getAddress()).to.not.equal(address);
      const steal = pieUSD.interface.encodeFunctionData("transferFrom", [address, carol.address, 1n]);
      await expect(account.connect(carol).execute(pieUSD, 0n, steal, 0)).to.be.revertedWithCustomError(
        pieUSD,
        "ERC20InsufficientAllowance",
      );
      await expectUntouched();
    });

    it("gets nothing by allowances: the inbox gives one to the graph alone, which takes from its caller", async () => {
      const { graph, inbox, remix, carol, pieUSD, address } = ctx;
      await graph.sweep(remix, pieUSD);
      await pieUSD.connect(ctx.alice).transfer(address, 1_000n);
      expect(await pieUSD.allowance(inbox, graph)).to.equal(0n);
      expect(await pieUSD.allowance(inbox, carol)).to.equal(0n);
      // Even an allowance that was left there serves nobody else.
      await pieUSD.connect(await impersonated(address)).approve(graph, MaxUint256);
      await setBalance(address, 1_000n);
      const own = await pieUSD.balanceOf(carol);
      await graph.connect(carol).payToken(remix, pieUSD, 5n);
      expect(await pieUSD.balanceOf(carol)).to.equal(own - 5n);
      await expectUntouched();
    });

    it("gets nothing by passing the token on and back, or to its own account or inbox", async () => {
      const { ipRegistry, graph, remix, carol, bob, address } = ctx;
      await ipRegistry.connect(carol).transferFrom(carol, bob, remix);
      await ipRegistry.connect(bob).transferFrom(bob, carol, remix);
      expect(await graph.inboxOf(remix)).to.equal(address);
      const account = await boundAccount(ipRegistry, remix);
      await ipRegistry.connect(carol).transferFrom(carol, account, remix);
      expect(await graph.inboxOf(remix)).to.equal(address);
      await expectUntouched();
    });

    it("gets nothing by a clone of his own: it is another address, whatever its arguments", async () => {
      const { graph, implementation, remix, carol, address, payout } = ctx;
      const clone = async (feeds: string, id: bigint): Promise<string> => {
        const args = AbiCoder.defaultAbiCoder().encode(["address", "uint256"], [feeds, id]);
        const data = concat([
          "0x61",
          toBeHex(45 + 64, 2),
          "0x3d81600a3d39f3363d3d373d3d3d363d73",
          await implementation.getAddress(),
          "0x5af43d82803e903d91602b57fd5bf3",
          args,
        ]);
        const receipt = await (await carol.sendTransaction({ data })).wait();
        return receipt!.contractAddress!;
      };
      const real = await clone(await addressOf(graph), remix);
      const fake = await clone(await addressOf(payout), remix);
      expect(new Set([real, fake, address]).size).to.equal(3);
      const inbox = await hre.ethers.getContractAt("RoyaltyInbox", real);
      expect(await inbox.work()).to.deep.equal([await addressOf(graph), remix]);
      // With the true arguments it pays the work as anybody may; with others, its maker keeps what he sent there himself.
      await carol.sendTransaction({ to: real, value: 5n });
      await inbox.sweep(NATIVE);
      await carol.sendTransaction({ to: fake, value: 5n });
      await (await hre.ethers.getContractAt("RoyaltyInbox", fake)).sweep(NATIVE);
      expect(await hre.ethers.provider.getBalance(payout)).to.equal(5n);
      expect(await directOf(NATIVE)).to.equal(5n);
      await graph.sweep(remix, NATIVE);
      expect(await directOf(NATIVE)).to.equal(1_005n);
    });

    it("gets nothing by the implementation, which belongs to no work and can spend nothing", async () => {
      const { implementation, carol, pieUSD } = ctx;
      await carol.sendTransaction({ to: implementation, value: 5n });
      await expect(implementation.work()).to.be.reverted;
      await expect(implementation.connect(carol).sweep(NATIVE)).to.be.reverted;
      await expect(implementation.connect(carol).sweep(pieUSD)).to.be.reverted;
      expect(await hre.ethers.provider.getBalance(implementation)).to.equal(5n);
      await expectUntouched();
    });

    it("cannot be deployed by another to another end: only the graph's sweep leads to its address", async () => {
      const { graph, remix, address, stranger } = ctx;
      await setBalance(stranger.address, parseEther("1"));
      await graph.connect(stranger).sweep(remix, NATIVE);
      const inbox = await hre.ethers.getContractAt("RoyaltyInbox", address);
      expect(await inbox.work()).to.deep.equal([await addressOf(graph), remix]);
      // ERC-1167: what the code ends with are the arguments that the address commits to.
      const code = await hre.ethers.provider.getCode(address);
      expect(code.endsWith(zeroPadValue(toBeHex(remix), 32).slice(2))).to.equal(true);
    });
  });
});
