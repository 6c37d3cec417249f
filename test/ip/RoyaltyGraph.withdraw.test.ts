import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, type AddressLike, type ContractTransactionResponse } from "ethers";
import hre from "hardhat";

import { NATIVE, ipFixture } from "../fixtures/ip";
import { asRole, schedule } from "../helpers/authority";
import { PAYOUT_MODE } from "../helpers/mocks";
import {
  D,
  MAX_SUM,
  addressOf,
  boundAccount,
  errorOf,
  freeze,
  ledgerOf,
  many,
  redirect,
  selectorOf,
  unfreeze,
} from "../helpers/royalties";

/** Shares of the owner's side: a third, a seventh and a millionth, which no even amount is divided by. */
const SHARES = [333_333n, 142_857n, 1n];
const APP_FEE_BPS = 250n;

/** Beside the songs: `album`, bob's derivative of all three, sold through an app, with contributors. */
async function fixture() {
  const ip = await ipFixture();
  const { appRegistry, royaltyGraph, alice, bob, carol, stranger, relayer, relativeTerms, derive, song, beat, remix } =
    ip;
  const signers = await hre.ethers.getSigners();
  const contributors = signers.slice(25, 28);
  const appOwner = signers[28]!;
  const appPayee = signers[29]!;
  await appRegistry.connect(appOwner).registerApp(appPayee, APP_FEE_BPS);
  const album = await derive(bob, [song, beat, remix], {
    termsId: relativeTerms,
    appId: 1n,
    contributors: contributors.map((account, i) => ({ account: account.address, share: SHARES[i]! })),
  });
  const plain = await hre.ethers.deployContract("MockPermitUSDT", [6]);
  const hook = await hre.ethers.deployContract("MockHookToken");
  const hostile = await hre.ethers.deployContract("MockHostileERC20");
  const payout = await hre.ethers.deployContract("MockPayout");
  await plain.issue(alice, 10n ** 12n);
  for (const token of [hook, hostile]) await token.mint(alice, 2n ** 140n);
  for (const token of [plain, hook, hostile]) await token.connect(alice).approve(royaltyGraph, MaxUint256);
  return {
    ...ip,
    graph: royaltyGraph,
    album,
    contributors,
    appOwner,
    appPayee,
    plain,
    hook,
    hostile,
    payout,
    treasury: ip.holders.ADMIN,
    works: [song, beat, remix, album],
    carol,
    stranger,
    relayer,
  };
}

/** What each of the album's shares is entitled to, from the sums, by the interface's words. */
const entitlements = (direct: bigint, inflow: bigint): bigint[] => {
  const [relative, absolute, fees] = [200_000n, 50_000n, 10_000n + APP_FEE_BPS * 100n];
  const whole = (direct * (D - relative - absolute - fees)) / D + (inflow * (D - relative)) / D;
  const owner = D - SHARES.reduce((sum, share) => sum + share, 0n);
  return [owner, ...SHARES].map((share) => (share * whole) / D);
};

describe("RoyaltyGraph: withdrawals", () => {
  let ctx: Awaited<ReturnType<typeof fixture>>;

  beforeEach(async () => {
    ctx = await loadFixture(fixture);
  });

  const pay = (id: bigint, value: bigint) => ctx.graph.connect(ctx.alice).pay(id, { value });
  const payIn = (token: AddressLike, id: bigint, value: bigint) =>
    token === NATIVE ? pay(id, value) : ctx.graph.connect(ctx.alice).payToken(id, token, value);

  const claimAll = async (token: AddressLike): Promise<void> => {
    for (const id of [...ctx.works].reverse()) {
      for (const edge of (await ctx.graph.edgesOf(id)).keys()) await ctx.graph.claim(id, edge, token);
    }
    await ctx.graph.claimFees(ctx.works, token);
  };

  /** Everybody takes what is theirs. */
  const withdrawAll = async (token: AddressLike): Promise<void> => {
    const { graph, song, beat, remix, album, alice, bob, carol, contributors, treasury, appPayee } = ctx;
    await graph.connect(alice).withdraw(song, token, alice);
    await graph.connect(bob).withdraw(beat, token, bob);
    await graph.connect(carol).withdraw(remix, token, carol);
    await graph.connect(bob).withdraw(album, token, bob);
    for (const [i, contributor] of contributors.entries()) {
      await graph.connect(contributor).withdrawContribution(album, i, token, contributor);
    }
    await graph.connect(treasury).withdrawFees(0n, token, treasury);
    await graph.connect(appPayee).withdrawFees(1n, token, appPayee);
  };

  const expectNothing = async (call: () => Promise<ContractTransactionResponse>): Promise<void> => {
    const before = await ledgerOf(ctx.graph, ctx.works, [NATIVE]);
    const receipt = await (await call()).wait();
    expect(receipt!.logs).to.deep.equal([]);
    expect(await ledgerOf(ctx.graph, ctx.works, [NATIVE])).to.deep.equal(before);
  };

  describe("withdraw", () => {
    it("sends the owner's share of direct revenue and inflow, without edges and fees", async () => {
      const { graph, remix, carol, album } = ctx;
      await pay(remix, 10_007n);
      await pay(album, 910n);
      await claimAll(NATIVE);
      // Of the remix's own: all but 10 % to the song, 5 % to the beat, 1 % to the protocol. Of inflow 91: all but 10 %.
      // Two floors, which leave 0.88 and 0.9: their sum's floor would be one more.
      const amount = (10_007n * 840_000n) / D + (91n * 900_000n) / D;
      expect(amount).to.equal(8_486n);
      expect(await graph.withdrawable(remix, 0n, NATIVE)).to.equal(amount);
      expect(await graph.connect(carol).withdraw.staticCall(remix, NATIVE, carol)).to.equal(amount);
      const sent = graph.connect(carol).withdraw(remix, NATIVE, carol);
      await expect(sent).to.changeEtherBalances([graph, carol], [-amount, amount]);
      await expect(sent).to.emit(graph, "Withdrawn").withArgs(remix, NATIVE, carol.address, 0n, amount);
      expect(await graph.withdrawnOf(remix, 0n, NATIVE)).to.equal(amount);
      expect(await graph.withdrawable(remix, 0n, NATIVE)).to.equal(0n);
    });

    it("sends to whom the owner says, in an ERC-20", async () => {
      const { graph, remix, carol, relayer, plain } = ctx;
      await payIn(plain, remix, 1_000n);
      const sent = graph.connect(carol).withdraw(remix, plain, relayer);
      await expect(sent).to.changeTokenBalances(plain, [graph, carol, relayer], [-840n, 0n, 840n]);
      await expect(sent)
        .to.emit(graph, "Withdrawn")
        .withArgs(remix, await plain.getAddress(), relayer.address, 0n, 840n);
    });

    it("does not count inflow that is not claimed yet", async () => {
      const { graph, song, remix, alice } = ctx;
      await pay(remix, 1_000n);
      await expectNothing(() => graph.connect(alice).withdraw(song, NATIVE, alice));
      await graph.claim(remix, 0n, NATIVE);
      await expect(graph.connect(alice).withdraw(song, NATIVE, alice)).to.changeEtherBalance(graph, -100n);
    });

    it("answers 0 and does nothing where nothing is due", async () => {
      const { graph, remix, carol } = ctx;
      await expectNothing(() => graph.connect(carol).withdraw(remix, NATIVE, carol));
      await pay(remix, 1n);
      await expectNothing(() => graph.connect(carol).withdraw(remix, NATIVE, carol));
      await pay(remix, 999n);
      await graph.connect(carol).withdraw(remix, NATIVE, carol);
      await expectNothing(() => graph.connect(carol).withdraw(remix, NATIVE, carol));
      expect(await graph.connect(carol).withdraw.staticCall(remix, NATIVE, carol)).to.equal(0n);
    });

    it("goes on from where it stood, and never falls behind the whole", async () => {
      const { graph, remix, carol } = ctx;
      let direct = 0n;
      for (const value of [1n, 1n, 1n, 7n, 13n, 1n, 99n]) {
        await pay(remix, value);
        direct += value;
        await graph.connect(carol).withdraw(remix, NATIVE, carol);
        expect(await graph.withdrawnOf(remix, 0n, NATIVE)).to.equal((direct * 840_000n) / D);
      }
    });

    it("goes with the token: the buyer withdraws what stands there, the seller nothing", async () => {
      const { graph, ipRegistry, remix, carol, stranger } = ctx;
      await pay(remix, 1_000n);
      await ipRegistry.connect(carol).transferFrom(carol, stranger, remix);
      await expect(graph.connect(carol).withdraw(remix, NATIVE, carol))
        .to.be.revertedWithCustomError(graph, "NotPayee")
        .withArgs(carol.address, stranger.address);
      await expect(graph.connect(stranger).withdraw(remix, NATIVE, stranger)).to.changeEtherBalance(graph, -840n);
    });

    it("works for a deleted work", async () => {
      const { graph, ipRegistry, remix, carol } = ctx;
      await pay(remix, 1_000n);
      await ipRegistry.connect(carol).deleteWork(remix);
      await expect(graph.connect(carol).withdraw(remix, NATIVE, carol)).to.changeEtherBalance(graph, -840n);
    });

    describe("by who must not", () => {
      it("refuses everybody but the owner: stranger, approved, operator, parents' owners, treasury, registry's roles", async () => {
        const { graph, ipRegistry, remix, carol, alice, bob, stranger, relayer, treasury, holders } = ctx;
        await pay(remix, 1_000n);
        await ipRegistry.connect(carol).approve(relayer, remix);
        await ipRegistry.connect(carol).setApprovalForAll(stranger, true);
        const others = [stranger, relayer, alice, bob, treasury, holders.IP_CONFIG, holders.IP_REDIRECT];
        for (const caller of others) {
          await expect(graph.connect(caller).withdraw(remix, NATIVE, caller))
            .to.be.revertedWithCustomError(graph, "NotPayee")
            .withArgs(caller.address, carol.address);
        }
      });

      it("refuses them before it looks whether anything is due, and whatever receiver they name", async () => {
        const { graph, remix, carol, stranger } = ctx;
        await expect(graph.connect(stranger).withdraw(remix, NATIVE, carol))
          .to.be.revertedWithCustomError(graph, "NotPayee")
          .withArgs(stranger.address, carol.address);
      });

      it("refuses the token-bound account, whoever makes it call", async () => {
        const { graph, ipRegistry, remix, carol } = ctx;
        await pay(remix, 1_000n);
        const account = await boundAccount(ipRegistry, remix);
        const data = graph.interface.encodeFunctionData("withdraw", [remix, NATIVE, carol.address]);
        await expect(account.connect(carol).execute(graph, 0n, data, 0))
          .to.be.revertedWithCustomError(graph, "NotPayee")
          .withArgs(await account.getAddress(), carol.address);
      });

      it("refuses the owner of another work", async () => {
        const { graph, song, remix, alice, carol } = ctx;
        await pay(remix, 1_000n);
        await pay(song, 1_000n);
        await expect(graph.connect(alice).withdraw(remix, NATIVE, alice))
          .to.be.revertedWithCustomError(graph, "NotPayee")
          .withArgs(alice.address, carol.address);
      });

      it("refuses a contributor, who has a share of his own", async () => {
        const { graph, album, bob, contributors } = ctx;
        const [contributor] = contributors as [HardhatEthersSigner];
        await expect(graph.connect(contributor).withdraw(album, NATIVE, contributor))
          .to.be.revertedWithCustomError(graph, "NotPayee")
          .withArgs(contributor.address, bob.address);
      });
    });

    it("refuses nobody and itself as receivers, with and without something due", async () => {
      const { graph, remix, carol } = ctx;
      const itself = await graph.getAddress();
      for (let i = 0; i < 2; ++i) {
        for (const to of [ZeroAddress, itself]) {
          await expect(graph.connect(carol).withdraw(remix, NATIVE, to))
            .to.be.revertedWithCustomError(graph, "InvalidReceiver")
            .withArgs(to);
        }
        await pay(remix, 1_000n);
      }
    });

    it("refuses a work that is not there", async () => {
      const { graph, carol } = ctx;
      for (const id of [0n, 5n, 2n ** 40n, 2n ** 40n + 3n, MaxUint256]) {
        await expect(graph.connect(carol).withdraw(id, NATIVE, carol))
          .to.be.revertedWithCustomError(graph, "UnknownWork")
          .withArgs(id);
      }
    });

    it("answers 0 as withdrawable for a work that is not there", async () => {
      expect(await ctx.graph.withdrawable(999n, 0n, NATIVE)).to.equal(0n);
    });
  });

  describe("withdrawContribution", () => {
    it("sends each contributor the floor of his share of the owner's side", async () => {
      const { graph, album, contributors } = ctx;
      await pay(album, 1_000_003n);
      const expected = entitlements(1_000_003n, 0n);
      for (const [i, contributor] of contributors.entries()) {
        const amount = expected[i + 1]!;
        expect(await graph.withdrawable(album, i + 1, NATIVE)).to.equal(amount);
        const sent = graph.connect(contributor).withdrawContribution(album, i, NATIVE, contributor);
        await expect(sent).to.changeEtherBalances([graph, contributor], [-amount, amount]);
        if (amount === 0n) continue;
        await expect(sent)
          .to.emit(graph, "Withdrawn")
          .withArgs(album, NATIVE, contributor.address, i + 1, amount);
        expect(await graph.withdrawnOf(album, i + 1, NATIVE)).to.equal(amount);
      }
      expect(await graph.withdrawable(album, 0n, NATIVE)).to.equal(expected[0]!);
    });

    it("sends to whom the contributor says", async () => {
      const { graph, album, contributors, relayer, plain } = ctx;
      await payIn(plain, album, 1_000_000n);
      const [, amount] = entitlements(1_000_000n, 0n);
      await expect(
        graph.connect(contributors[0]).withdrawContribution(album, 0n, plain, relayer),
      ).to.changeTokenBalances(plain, [graph, relayer], [-amount!, amount!]);
    });

    it("stays with the contributor when the token is sold, for revenue before and after", async () => {
      const { graph, ipRegistry, album, bob, contributors, stranger } = ctx;
      await pay(album, 1_000_000n);
      await ipRegistry.connect(bob).transferFrom(bob, stranger, album);
      await pay(album, 1_000_000n);
      const [ofOwner, ofFirst] = entitlements(2_000_000n, 0n);
      await expect(
        graph.connect(contributors[0]).withdrawContribution(album, 0n, NATIVE, contributors[0]!),
      ).to.changeEtherBalance(contributors[0]!, ofFirst!);
      await expect(graph.connect(stranger).withdraw(album, NATIVE, stranger)).to.changeEtherBalance(stranger, ofOwner!);
    });

    it("refuses the owner, another contributor and a stranger", async () => {
      const { graph, album, bob, contributors, stranger } = ctx;
      await pay(album, 1_000_000n);
      for (const caller of [bob, contributors[1]!, stranger]) {
        await expect(graph.connect(caller).withdrawContribution(album, 0n, NATIVE, caller))
          .to.be.revertedWithCustomError(graph, "NotPayee")
          .withArgs(caller.address, contributors[0]!.address);
      }
    });

    it("refuses a contributor who is not there, in calls and views", async () => {
      const { graph, album, remix, carol, contributors } = ctx;
      for (const [id, index] of [
        [album, 3n],
        [album, MaxUint256 - 1n],
        [remix, 0n],
      ] as const) {
        await expect(graph.connect(contributors[0]).withdrawContribution(id, index, NATIVE, carol))
          .to.be.revertedWithCustomError(graph, "UnknownContributor")
          .withArgs(id, index);
        await expect(graph.withdrawable(id, index + 1n, NATIVE))
          .to.be.revertedWithCustomError(graph, "UnknownContributor")
          .withArgs(id, index);
      }
      await expect(graph.connect(contributors[0]).withdrawContribution(album, MaxUint256, NATIVE, carol))
        .to.be.revertedWithCustomError(graph, "UnknownContributor")
        .withArgs(album, MaxUint256);
    });

    it("refuses a work that is not there, and receivers that are none", async () => {
      const { graph, album, contributors } = ctx;
      const [contributor] = contributors as [HardhatEthersSigner];
      await expect(graph.connect(contributor).withdrawContribution(999n, 0n, NATIVE, contributor))
        .to.be.revertedWithCustomError(graph, "UnknownWork")
        .withArgs(999n);
      for (const to of [ZeroAddress, await graph.getAddress()]) {
        await expect(graph.connect(contributor).withdrawContribution(album, 0n, NATIVE, to))
          .to.be.revertedWithCustomError(graph, "InvalidReceiver")
          .withArgs(to);
      }
    });

    it("answers 0 and does nothing where nothing is due", async () => {
      const { graph, album, contributors } = ctx;
      const [contributor] = contributors as [HardhatEthersSigner];
      await expectNothing(() => graph.connect(contributor).withdrawContribution(album, 0n, NATIVE, contributor));
      await pay(album, 1_000n);
      await graph.connect(contributor).withdrawContribution(album, 0n, NATIVE, contributor);
      await expectNothing(() => graph.connect(contributor).withdrawContribution(album, 0n, NATIVE, contributor));
    });

    it("pays a contributor who is named twice by both shares", async () => {
      const { graph, bob, root, stranger } = ctx;
      const share = 100_000n;
      const work = await root(bob, {
        contributors: [
          { account: stranger.address, share },
          { account: stranger.address, share: 2n * share },
        ],
      });
      await pay(work, 1_000n);
      await graph.connect(stranger).withdrawContribution(work, 0n, NATIVE, stranger);
      await graph.connect(stranger).withdrawContribution(work, 1n, NATIVE, stranger);
      expect(await graph.withdrawnOf(work, 1n, NATIVE)).to.equal(99n);
      expect(await graph.withdrawnOf(work, 2n, NATIVE)).to.equal(198n);
    });

    it("leaves the owner nothing where the shares are the whole", async () => {
      const { graph, bob, root, stranger } = ctx;
      const work = await root(bob, { contributors: [{ account: stranger.address, share: D }] });
      await pay(work, 1_000n);
      await expectNothing(() => graph.connect(bob).withdraw(work, NATIVE, bob));
      await expect(graph.connect(stranger).withdrawContribution(work, 0n, NATIVE, stranger)).to.changeEtherBalance(
        stranger,
        990n,
      );
    });
  });

  describe("withdrawFees", () => {
    beforeEach(async () => {
      await pay(ctx.album, 10_000n);
      await ctx.graph.claimFees([ctx.album], NATIVE);
    });

    it("sends the protocol's to where the treasury says", async () => {
      const { graph, treasury, relayer } = ctx;
      expect(await graph.connect(treasury).withdrawFees.staticCall(0n, NATIVE, relayer)).to.equal(100n);
      const sent = graph.connect(treasury).withdrawFees(0n, NATIVE, relayer);
      await expect(sent).to.changeEtherBalances([graph, relayer], [-100n, 100n]);
      await expect(sent).to.emit(graph, "FeesWithdrawn").withArgs(0n, NATIVE, relayer.address, 100n);
      expect(await graph.feesOf(0n, NATIVE)).to.deep.equal([100n, 100n]);
    });

    it("sends an app's to where its payee says", async () => {
      const { graph, appPayee, relayer } = ctx;
      const sent = graph.connect(appPayee).withdrawFees(1n, NATIVE, relayer);
      await expect(sent).to.changeEtherBalances([graph, relayer], [-250n, 250n]);
      await expect(sent).to.emit(graph, "FeesWithdrawn").withArgs(1n, NATIVE, relayer.address, 250n);
      expect(await graph.feesOf(1n, NATIVE)).to.deep.equal([250n, 250n]);
    });

    it("answers 0 and does nothing where nothing is due, then goes on", async () => {
      const { graph, album, appPayee } = ctx;
      await graph.connect(appPayee).withdrawFees(1n, NATIVE, appPayee);
      await expectNothing(() => graph.connect(appPayee).withdrawFees(1n, NATIVE, appPayee));
      expect(await graph.connect(appPayee).withdrawFees.staticCall(1n, NATIVE, appPayee)).to.equal(0n);
      await pay(album, 10_000n);
      await expectNothing(() => graph.connect(appPayee).withdrawFees(1n, NATIVE, appPayee));
      await graph.claimFees([album], NATIVE);
      await expect(graph.connect(appPayee).withdrawFees(1n, NATIVE, appPayee)).to.changeEtherBalance(graph, -250n);
    });

    it("refuses an app's fees to its owner, the treasury, the work's owner and a stranger", async () => {
      const { graph, appOwner, appPayee, treasury, bob, stranger } = ctx;
      for (const caller of [appOwner, treasury, bob, stranger]) {
        await expect(graph.connect(caller).withdrawFees(1n, NATIVE, caller))
          .to.be.revertedWithCustomError(graph, "NotPayee")
          .withArgs(caller.address, appPayee.address);
      }
    });

    it("refuses the protocol's fees to an app's payee, the configurator and a stranger", async () => {
      const { graph, appPayee, holders, treasury, stranger } = ctx;
      for (const caller of [appPayee, holders.IP_CONFIG, stranger]) {
        await expect(graph.connect(caller).withdrawFees(0n, NATIVE, caller))
          .to.be.revertedWithCustomError(graph, "NotPayee")
          .withArgs(caller.address, treasury.address);
      }
    });

    it("refuses an app that is not there", async () => {
      const { graph, appRegistry, appPayee } = ctx;
      for (const appId of [2n, 2n ** 24n + 1n, MaxUint256]) {
        await expect(graph.connect(appPayee).withdrawFees(appId, NATIVE, appPayee))
          .to.be.revertedWithCustomError(appRegistry, "UnknownApp")
          .withArgs(appId);
      }
    });

    it("refuses nobody and itself as receivers", async () => {
      const { graph, treasury } = ctx;
      for (const to of [ZeroAddress, await graph.getAddress()]) {
        await expect(graph.connect(treasury).withdrawFees(0n, NATIVE, to))
          .to.be.revertedWithCustomError(graph, "InvalidReceiver")
          .withArgs(to);
      }
    });

    it("follows the app's payee, what was collected before included", async () => {
      const { graph, appRegistry, appOwner, appPayee, relayer } = ctx;
      await appRegistry.connect(appOwner).setPayee(1n, relayer);
      await expect(graph.connect(appPayee).withdrawFees(1n, NATIVE, appPayee))
        .to.be.revertedWithCustomError(graph, "NotPayee")
        .withArgs(appPayee.address, relayer.address);
      await expect(graph.connect(relayer).withdrawFees(1n, NATIVE, relayer)).to.changeEtherBalance(relayer, 250n);
    });

    it("stays with the payee when the app changes hands, until its new owner says otherwise", async () => {
      const { graph, appRegistry, appOwner, appPayee, relayer } = ctx;
      await appRegistry.connect(appOwner).transferApp(1n, relayer);
      await appRegistry.connect(relayer).acceptApp(1n);
      await expect(graph.connect(relayer).withdrawFees(1n, NATIVE, relayer))
        .to.be.revertedWithCustomError(graph, "NotPayee")
        .withArgs(relayer.address, appPayee.address);
    });

    it("is not stopped by a dispute of the work that paid them", async () => {
      const { graph, album, appPayee } = ctx;
      await freeze(ctx, album);
      await pay(album, 10_000n);
      await graph.claimFees([album], NATIVE);
      await expect(graph.connect(appPayee).withdrawFees(1n, NATIVE, appPayee)).to.changeEtherBalance(graph, -500n);
    });
  });

  describe("setTreasury", () => {
    it("hands the protocol's fees to another, after two days", async () => {
      const { graph, album, holders, manager, treasury, relayer } = ctx;
      await pay(album, 10_000n);
      await graph.claimFees([album], NATIVE);
      const target = await graph.getAddress();
      const data = graph.interface.encodeFunctionData("setTreasury", [relayer.address]);
      await schedule(ctx, "IP_CONFIG", target, data);
      const operation = await manager.hashOperation(holders.IP_CONFIG, target, data);
      await expect(manager.connect(holders.IP_CONFIG).execute(target, data))
        .to.be.revertedWithCustomError(manager, "AccessManagerNotReady")
        .withArgs(operation);
      await expect(graph.connect(treasury).withdrawFees.staticCall(0n, NATIVE, treasury)).to.not.be.reverted;
      await manager.connect(holders.GUARDIAN).cancel(holders.IP_CONFIG, target, data);
      await expect(asRole(ctx, "IP_CONFIG", target, data))
        .to.emit(graph, "TreasuryUpdated")
        .withArgs(relayer.address);
      expect(await graph.treasury()).to.equal(relayer.address);
      await expect(graph.connect(treasury).withdrawFees(0n, NATIVE, treasury))
        .to.be.revertedWithCustomError(graph, "NotPayee")
        .withArgs(treasury.address, relayer.address);
      await expect(graph.connect(relayer).withdrawFees(0n, NATIVE, relayer)).to.changeEtherBalance(relayer, 100n);
    });

    it("refuses everybody else, and its role without the delay", async () => {
      const { graph, manager, treasury, stranger, bob, holders } = ctx;
      for (const caller of [stranger, treasury, bob, holders.IP_FREEZER]) {
        await expect(graph.connect(caller).setTreasury(caller))
          .to.be.revertedWithCustomError(graph, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
      const data = graph.interface.encodeFunctionData("setTreasury", [stranger.address]);
      await expect(graph.connect(holders.IP_CONFIG).setTreasury(stranger))
        .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
        .withArgs(await manager.hashOperation(holders.IP_CONFIG, graph, data));
    });

    it("refuses nobody", async () => {
      const { graph } = ctx;
      const data = graph.interface.encodeFunctionData("setTreasury", [ZeroAddress]);
      await expect(asRole(ctx, "IP_CONFIG", await graph.getAddress(), data))
        .to.be.revertedWithCustomError(graph, "InvalidAddress")
        .withArgs(ZeroAddress);
    });
  });

  describe("of a disputed work", () => {
    beforeEach(async () => {
      await pay(ctx.album, 1_000_000n);
      await freeze(ctx, ctx.album);
    });

    it("waits: the owner's and the contributors'", async () => {
      const { graph, album, bob, contributors, stranger } = ctx;
      for (const caller of [bob, stranger]) {
        await expect(graph.connect(caller).withdraw(album, NATIVE, caller))
          .to.be.revertedWithCustomError(graph, "WorkDisputed")
          .withArgs(album);
      }
      for (const [i, contributor] of contributors.entries()) {
        await expect(graph.connect(contributor).withdrawContribution(album, i, NATIVE, contributor))
          .to.be.revertedWithCustomError(graph, "WorkDisputed")
          .withArgs(album);
      }
      // What waits can be seen.
      expect(await graph.withdrawable(album, 0n, NATIVE)).to.equal(entitlements(1_000_000n, 0n)[0]);
    });

    it("waits for no other work's owner, parents and derivatives included", async () => {
      const { graph, album, remix, carol, song, alice } = ctx;
      await pay(remix, 1_000n);
      await graph.claim(album, 2n, NATIVE);
      await graph.claim(album, 0n, NATIVE);
      await graph.connect(carol).withdraw(remix, NATIVE, carol);
      await graph.connect(alice).withdraw(song, NATIVE, alice);
      expect(await graph.withdrawnOf(song, 0n, NATIVE)).to.equal(100_000n);
    });

    it("resumes when the dispute ends without consequence", async () => {
      const { graph, album, bob } = ctx;
      await unfreeze(ctx, album);
      await expect(graph.connect(bob).withdraw(album, NATIVE, bob)).to.changeEtherBalance(
        bob,
        entitlements(1_000_000n, 0n)[0]!,
      );
    });
  });

  describe("of a redirected work", () => {
    beforeEach(async () => {
      await pay(ctx.album, 1_000_000n);
    });

    it("is the payee's: the owner's share and every contributor's, what stood there before included", async () => {
      const { graph, album, stranger } = ctx;
      await redirect(ctx, album, stranger.address);
      const expected = entitlements(1_000_000n, 0n);
      await expect(graph.connect(stranger).withdraw(album, NATIVE, stranger)).to.changeEtherBalance(
        stranger,
        expected[0]!,
      );
      for (const [i, amount] of expected.slice(1).entries()) {
        await expect(graph.connect(stranger).withdrawContribution(album, i, NATIVE, stranger)).to.changeEtherBalance(
          stranger,
          amount,
        );
      }
    });

    it("is refused to the owner, a buyer and the contributors", async () => {
      const { graph, ipRegistry, album, bob, relayer, contributors, stranger } = ctx;
      await redirect(ctx, album, stranger.address);
      await ipRegistry.connect(bob).transferFrom(bob, relayer, album);
      for (const caller of [bob, relayer, contributors[0]!]) {
        await expect(graph.connect(caller).withdraw(album, NATIVE, caller))
          .to.be.revertedWithCustomError(graph, "NotPayee")
          .withArgs(caller.address, stranger.address);
        await expect(graph.connect(caller).withdrawContribution(album, 0n, NATIVE, caller))
          .to.be.revertedWithCustomError(graph, "NotPayee")
          .withArgs(caller.address, stranger.address);
      }
    });

    it("pays nobody twice: what the owner took before is not the payee's", async () => {
      const { graph, album, bob, stranger } = ctx;
      await graph.connect(bob).withdraw(album, NATIVE, bob);
      await redirect(ctx, album, stranger.address);
      await expectNothing(() => graph.connect(stranger).withdraw(album, NATIVE, stranger));
      await pay(album, 1_000_000n);
      const [before, after] = [entitlements(1_000_000n, 0n)[0]!, entitlements(2_000_000n, 0n)[0]!];
      await expect(graph.connect(stranger).withdraw(album, NATIVE, stranger)).to.changeEtherBalance(
        stranger,
        after - before,
      );
    });

    it("still knows only the contributors that there are", async () => {
      const { graph, album, stranger } = ctx;
      await redirect(ctx, album, stranger.address);
      await expect(graph.connect(stranger).withdrawContribution(album, 3n, NATIVE, stranger))
        .to.be.revertedWithCustomError(graph, "UnknownContributor")
        .withArgs(album, 3n);
    });

    it("waits in a second dispute, is given back by a redirection to nobody", async () => {
      const { graph, album, bob, stranger } = ctx;
      await redirect(ctx, album, stranger.address);
      await freeze(ctx, album);
      await expect(graph.connect(stranger).withdraw(album, NATIVE, stranger))
        .to.be.revertedWithCustomError(graph, "WorkDisputed")
        .withArgs(album);
      await redirect(ctx, album, ZeroAddress);
      await expect(graph.connect(stranger).withdraw(album, NATIVE, stranger))
        .to.be.revertedWithCustomError(graph, "NotPayee")
        .withArgs(stranger.address, bob.address);
      await expect(graph.connect(bob).withdraw(album, NATIVE, bob)).to.changeEtherBalance(
        bob,
        entitlements(1_000_000n, 0n)[0]!,
      );
    });

    it("stays redirected after a second dispute that ends without consequence", async () => {
      const { graph, album, bob, stranger } = ctx;
      await redirect(ctx, album, stranger.address);
      await freeze(ctx, album);
      await unfreeze(ctx, album);
      await expect(graph.connect(bob).withdraw(album, NATIVE, bob))
        .to.be.revertedWithCustomError(graph, "NotPayee")
        .withArgs(bob.address, stranger.address);
      await graph.connect(stranger).withdraw(album, NATIVE, stranger);
    });

    it("leaves fees and ancestors theirs", async () => {
      const { graph, album, alice, song, appPayee, stranger } = ctx;
      await redirect(ctx, album, stranger.address);
      await graph.claimFees([album], NATIVE);
      await graph.claim(album, 0n, NATIVE);
      await expect(graph.connect(appPayee).withdrawFees(1n, NATIVE, appPayee)).to.changeEtherBalance(appPayee, 25_000n);
      await expect(graph.connect(alice).withdraw(song, NATIVE, alice)).to.changeEtherBalance(alice, 100_000n);
    });
  });

  describe("to a recipient that misbehaves", () => {
    beforeEach(async () => {
      await pay(ctx.remix, 1_000n);
    });

    for (const mode of ["Refuse", "RevertBomb"] as const) {
      it(`fails for native coin where it does ${mode}, keeps the claim, and pays another`, async () => {
        const { graph, remix, carol, payout } = ctx;
        await payout.setMode(PAYOUT_MODE[mode]);
        const attempt = graph.connect(carol).withdraw(remix, NATIVE, payout, { gasLimit: 10_000_000n });
        if (mode === "Refuse") await expect(attempt).to.be.revertedWithCustomError(payout, "Refused");
        else await expect(attempt).to.be.reverted;
        expect(await graph.withdrawnOf(remix, 0n, NATIVE)).to.equal(0n);
        await expect(graph.connect(carol).withdraw(remix, NATIVE, carol)).to.changeEtherBalance(carol, 840n);
      });
    }

    it("fails for native coin where it burns all gas, keeps the claim, and pays another", async () => {
      const { graph, remix, carol, payout } = ctx;
      await payout.setMode(PAYOUT_MODE.BurnGas);
      await expect(
        graph.connect(carol).withdraw(remix, NATIVE, payout, { gasLimit: 10_000_000n }),
      ).to.be.revertedWithCustomError(graph, "FailedCall");
      await expect(graph.connect(carol).withdraw(remix, NATIVE, carol)).to.changeEtherBalance(carol, 840n);
    });

    it("pays one that answers with a megabyte, and does not read it", async () => {
      const { graph, remix, carol, payout } = ctx;
      await payout.setMode(PAYOUT_MODE.ReturnBomb);
      const sent = graph.connect(carol).withdraw(remix, NATIVE, payout, { gasLimit: 10_000_000n });
      await expect(sent).to.changeEtherBalance(payout, 840n);
    });

    it("is paid once where it withdraws again within", async () => {
      const { graph, remix, carol, ipRegistry, payout } = ctx;
      await ipRegistry.connect(carol).transferFrom(carol, payout, remix);
      const data = graph.interface.encodeFunctionData("withdraw", [remix, NATIVE, await addressOf(payout)]);
      await payout.setMode(PAYOUT_MODE.Reenter);
      await payout.setReentry(graph, 0n, data);
      await expect(payout.execute(graph, 0n, data)).to.changeEtherBalances([graph, payout], [-840n, 840n]);
      expect(await payout.reentries()).to.equal(1n);
      expect(await payout.reentrySucceeded()).to.equal(false);
      expect(selectorOf(await payout.reentryResult())).to.equal(errorOf(graph, "ReentrancyGuardReentrantCall"));
    });

    it("fails where a hook token's recipient refuses, and pays another", async () => {
      const { graph, remix, carol, hook, payout, relayer } = ctx;
      await payIn(hook, remix, 1_000n);
      await payout.execute(
        hook,
        0n,
        hook.interface.encodeFunctionData("setHooks", [ZeroAddress, await addressOf(payout)]),
      );
      await payout.setMode(PAYOUT_MODE.Refuse);
      await expect(graph.connect(carol).withdraw(remix, hook, payout)).to.be.revertedWithCustomError(payout, "Refused");
      await expect(graph.connect(carol).withdraw(remix, hook, relayer)).to.changeTokenBalance(hook, relayer, 840n);
    });

    it("pays another where the token blocks the owner", async () => {
      const { graph, pieUSD, token, remix, carol, relayer, alice } = ctx;
      await graph.connect(alice).payToken(remix, pieUSD, 1_000n);
      const data = pieUSD.interface.encodeFunctionData("freeze", [carol.address]);
      await asRole(ctx, "PAYMENTS_FREEZER", token, data);
      await expect(graph.connect(carol).withdraw(remix, pieUSD, carol))
        .to.be.revertedWithCustomError(pieUSD, "AccountFrozen")
        .withArgs(carol.address);
      expect(await graph.withdrawnOf(remix, 0n, pieUSD)).to.equal(0n);
      await expect(graph.connect(carol).withdraw(remix, pieUSD, relayer)).to.changeTokenBalance(pieUSD, relayer, 840n);
    });

    it("waits where USDT blocks the graph itself, in that token alone", async () => {
      const { graph, usdt, remix, carol, alice } = ctx;
      await usdt.connect(alice).approve(graph, MaxUint256);
      await graph.connect(alice).payToken(remix, usdt, 1_000n);
      await usdt.addBlackList(graph);
      await expect(graph.connect(carol).withdraw(remix, usdt, carol)).to.be.reverted;
      await expect(graph.connect(carol).withdraw(remix, NATIVE, carol)).to.changeEtherBalance(carol, 840n);
      await usdt.removeBlackList(graph);
      await expect(graph.connect(carol).withdraw(remix, usdt, carol)).to.changeTokenBalance(usdt, carol, 840n);
    });

    it("takes a token's `false` for a failure", async () => {
      const { graph, remix, carol, hostile } = ctx;
      await payIn(hostile, remix, 1_000n);
      await hostile.setAnswer(1n);
      await expect(graph.connect(carol).withdraw(remix, hostile, carol))
        .to.be.revertedWithCustomError(graph, "SafeERC20FailedOperation")
        .withArgs(await addressOf(hostile));
      expect(await graph.withdrawnOf(remix, 0n, hostile)).to.equal(0n);
    });
  });

  describe("the identity", () => {
    /** Nothing of the works' money is anywhere but with its payees, save the dust; the dust is where the floors say. */
    const expectIdentity = async (token: AddressLike, paid: bigint): Promise<void> => {
      const { graph, works, album } = ctx;
      let [withdrawn, sums] = [0n, 0n];
      for (const id of works) {
        const [direct, inflow] = await graph.revenueOf(id, token);
        let out = 0n;
        const edges = (await graph.edgesOf(id)).length;
        for (let edge = 0; edge < edges; ++edge) {
          expect(await graph.claimable(id, edge, token)).to.equal(0n);
          out += await graph.claimedOf(id, edge, token);
        }
        const shares = id === album ? SHARES.length + 1 : 1;
        for (let i = 0; i < shares; ++i) {
          const taken = await graph.withdrawnOf(id, i, token);
          withdrawn += taken;
          out += taken;
        }
        // Fees of one work are not read apart; they are the floors.
        const fees = (direct * 10_000n) / D + (id === album ? (direct * APP_FEE_BPS * 100n) / D : 0n);
        const dust = direct + inflow - out - fees;
        expect(dust, `dust of ${id.toString()}`).to.be.at.least(0n);
        expect(dust, `dust of ${id.toString()}`).to.be.at.most(BigInt(edges + 2 + shares));
        sums += direct + inflow - out - fees;
      }
      for (const appId of [0n, 1n]) {
        const [collected, taken] = await graph.feesOf(appId, token);
        expect(taken).to.equal(collected);
        withdrawn += taken;
      }
      const held =
        token === NATIVE
          ? await hre.ethers.provider.getBalance(graph)
          : await (await hre.ethers.getContractAt("IERC20", await addressOf(token))).balanceOf(graph);
      expect(held).to.equal(paid - withdrawn);
      expect(held).to.equal(sums);
    };

    for (const kind of ["native coin", "an ERC-20"] as const) {
      it(`holds to the unit in ${kind}: paid less withdrawn is what the books hold, and after a drain the dust`, async () => {
        const token = kind === "native coin" ? NATIVE : await addressOf(ctx.plain);
        let paid = 0n;
        for (let i = 1n; i <= many(24, 7); ++i) {
          const value = (i * 104_729n) % 9_973n;
          await payIn(token, ctx.works[Number(i % 4n)]!, value);
          paid += value;
          // Claims and withdrawals in between change nothing of the end.
          if (i % 5n === 0n) await claimAll(token);
          if (i % 7n === 0n) await withdrawAll(token);
        }
        await claimAll(token);
        await withdrawAll(token);
        await expectIdentity(token, paid);
      });
    }

    it("holds for payments of one wei, whose floors are dust at first and whole in the end", async () => {
      const { graph, album } = ctx;
      const payments = many(40, 3);
      for (let i = 0; i < payments; ++i) {
        await pay(album, 1n);
        await claimAll(NATIVE);
        await withdrawAll(NATIVE);
      }
      await expectIdentity(NATIVE, BigInt(payments));
      const [direct, inflow] = await graph.revenueOf(album, NATIVE);
      const expected = entitlements(direct, inflow);
      for (const [share, amount] of expected.entries()) {
        expect(await graph.withdrawnOf(album, share, NATIVE)).to.equal(amount);
      }
    });

    it("holds at the bound of a sum", async () => {
      const { graph, hostile, album, bob } = ctx;
      await payIn(hostile, album, MAX_SUM);
      await claimAll(hostile);
      const [ofOwner] = entitlements(MAX_SUM, 0n);
      await expect(graph.connect(bob).withdraw(album, hostile, bob)).to.changeTokenBalance(hostile, bob, ofOwner!);
      await withdrawAll(hostile);
      await expectIdentity(hostile, MAX_SUM);
    });
  });
});
