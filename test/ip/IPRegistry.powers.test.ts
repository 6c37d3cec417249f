import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { ZeroAddress, type ContractTransactionResponse } from "ethers";
import hre from "hardhat";

import { DELAYS, HELD_ROLES, deployable, role, type RoleName } from "../../deploy/roles";
import type { IPRegistry } from "../../typechain-types";
import { NATIVE, STATUS, USE, createTerms, ipFixture, offer, registration, type IPFixture } from "../fixtures/ip";
import { asRole, schedule } from "../helpers/authority";
import { FLAG, unpackWork } from "../helpers/works";

const PRICE = 1_000n;

interface PowersFixture extends IPFixture {
  address: string;
  /** Sells human use of `track`, which is alice's, derives from song and beat, and has bob as a contributor. */
  salesTerms: bigint;
  track: bigint;
}

async function powersFixture(): Promise<PowersFixture> {
  const suite = await loadFixture(ipFixture);
  const { ipRegistry, licenseMarket, licenseTerms, alice, bob, song, beat, derive, relativeTerms } = suite;
  const track = await derive(alice, [song, beat], {
    termsId: relativeTerms,
    contributors: [{ account: bob, share: 250_000n }],
  });
  const salesTerms = await createTerms(licenseTerms, offer({ price: PRICE }));
  await licenseMarket.connect(alice).setOffer(track, USE.Human, salesTerms);
  return { ...suite, address: await ipRegistry.getAddress(), salesTerms, track };
}

type Args = { freeze: [bigint]; unfreeze: [bigint]; redirect: [bigint, string]; setProtocolFee: [bigint] };

const ROLE_OF = {
  freeze: "IP_FREEZER",
  unfreeze: "IP_UNFREEZER",
  redirect: "IP_REDIRECT",
  setProtocolFee: "IP_CONFIG",
} as const satisfies Record<keyof Args, RoleName>;

const encode = <Name extends keyof Args>({ ipRegistry }: PowersFixture, name: Name, args: Args[Name]): string =>
  ipRegistry.interface.encodeFunctionData(name as "redirect", args as Args["redirect"]);

/** As the role's holder, through its delay. */
const act = <Name extends keyof Args>(
  suite: PowersFixture,
  name: Name,
  ...args: Args[Name]
): Promise<ContractTransactionResponse> => asRole(suite, ROLE_OF[name], suite.address, encode(suite, name, args));

const pay = async ({ royaltyGraph, carol }: PowersFixture, id: bigint, value = 1_000_000n): Promise<void> => {
  await royaltyGraph.connect(carol).pay(id, { value });
};

const purchase = ({ track, salesTerms, carol }: PowersFixture) => ({
  ipId: track,
  use: USE.Human,
  termsId: salesTerms,
  quantity: 1n,
  licensee: carol.address,
});

describe("IPRegistry's powers", () => {
  describe("by a caller without the role", () => {
    const CALLS: Record<string, (registry: IPRegistry, suite: PowersFixture) => Promise<unknown>> = {
      freeze: (registry, { track }) => registry.freeze(track),
      unfreeze: (registry, { track }) => registry.unfreeze(track),
      redirect: (registry, { track, stranger }) => registry.redirect(track, stranger),
      setProtocolFee: (registry) => registry.setProtocolFee(0n),
      setGraph: (registry, { royaltyGraph }) => registry.setGraph(royaltyGraph),
      upgradeToAndCall: (registry, { licenseTerms }) => registry.upgradeToAndCall(licenseTerms, "0x"),
      setAuthority: (registry, { manager }) => registry.setAuthority(manager),
    };

    it("covers every privileged function", () => {
      const { restricted, managerOnly } = deployable("IPRegistry");
      const names = [...Object.keys(restricted), ...managerOnly].map((signature) => signature.split("(")[0]);
      expect(Object.keys(CALLS).sort()).to.deep.equal(names.sort());
    });

    for (const [name, call] of Object.entries(CALLS)) {
      it(`${name} reverts for strangers, the work's owner, its contributor, and the holder of every other role`, async () => {
        const suite = await loadFixture(powersFixture);
        const { restricted } = deployable("IPRegistry");
        const needed = Object.entries(restricted).find(([signature]) => signature.startsWith(`${name}(`))?.[1];
        const others = HELD_ROLES.filter((each) => each !== needed).map((each) => suite.holders[each]);
        for (const caller of [suite.stranger, suite.deployer, suite.alice, suite.bob, ...others]) {
          await expect(call(suite.ipRegistry.connect(caller), suite))
            .to.be.revertedWithCustomError(suite.ipRegistry, "AccessManagedUnauthorized")
            .withArgs(caller.address);
        }
        expect(await suite.ipRegistry.statusOf(suite.track)).to.equal(STATUS.Active);
      });
    }
  });

  describe("before their delay is over", () => {
    const DELAYED = {
      unfreeze: DELAYS.enforcement,
      redirect: DELAYS.enforcement,
      setProtocolFee: DELAYS.configuration,
    };

    for (const [name, delay] of Object.entries(DELAYED) as ["unfreeze" | "redirect" | "setProtocolFee", number][]) {
      it(`${name} waits ${delay / 3_600} hours, even for its role`, async () => {
        const suite = await loadFixture(powersFixture);
        const { manager, holders, ipRegistry, address, track, stranger } = suite;
        await act(suite, "freeze", track);
        const holder = holders[ROLE_OF[name]];
        const args = { unfreeze: [track], redirect: [track, stranger.address], setProtocolFee: [7n] }[name];
        const data = encode(suite, name, args as never);
        const operation = await manager.hashOperation(holder, address, data);
        expect(role(ROLE_OF[name]).executionDelay).to.equal(delay);
        const direct = (): Promise<unknown> => holder.sendTransaction({ to: address, data });
        for (const attempt of [direct, () => manager.connect(holder).execute(address, data)]) {
          await expect(attempt())
            .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
            .withArgs(operation);
        }
        await schedule(suite, ROLE_OF[name], address, data);
        const scheduled = await time.latest();
        await time.setNextBlockTimestamp(scheduled + delay - 1);
        await expect(direct()).to.be.revertedWithCustomError(manager, "AccessManagerNotReady").withArgs(operation);
        expect(await ipRegistry.statusOf(track)).to.equal(STATUS.Disputed);
        await time.setNextBlockTimestamp(scheduled + delay);
        await direct();
        if (name === "setProtocolFee") expect(await ipRegistry.protocolFeeBps()).to.equal(7n);
        else expect(await ipRegistry.statusOf(track)).to.equal(STATUS.Active);
      });
    }

    it("a redirection is the guardian's to cancel", async () => {
      const suite = await loadFixture(powersFixture);
      const { manager, holders, address, track, stranger } = suite;
      await act(suite, "freeze", track);
      const data = encode(suite, "redirect", [track, stranger.address]);
      await schedule(suite, "IP_REDIRECT", address, data);
      await manager.connect(holders.GUARDIAN).cancel(holders.IP_REDIRECT, address, data);
      await time.increase(DELAYS.enforcement);
      await expect(manager.connect(holders.IP_REDIRECT).execute(address, data)).to.be.revertedWithCustomError(
        manager,
        "AccessManagerNotScheduled",
      );
    });
  });

  describe("freeze", () => {
    it("marks the work at once, says so, and changes no other bit", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, holders, track } = suite;
      const before = await ipRegistry.packedWork(track);
      // Directly, in one block: a delayed freeze is outrun by a withdrawal.
      await expect(ipRegistry.connect(holders.IP_FREEZER).freeze(track)).to.emit(ipRegistry, "Frozen").withArgs(track);
      expect(await ipRegistry.packedWork(track)).to.equal(before | FLAG.disputed);
      expect(await ipRegistry.statusOf(track)).to.equal(STATUS.Disputed);
    });

    it("twice changes nothing", async () => {
      const suite = await loadFixture(powersFixture);
      await act(suite, "freeze", suite.track);
      const before = await suite.ipRegistry.packedWork(suite.track);
      await act(suite, "freeze", suite.track);
      expect(await suite.ipRegistry.packedWork(suite.track)).to.equal(before);
    });

    it("reverts for an unknown work", async () => {
      const suite = await loadFixture(powersFixture);
      await expect(act(suite, "freeze", suite.track + 1n))
        .to.be.revertedWithCustomError(suite.ipRegistry, "UnknownWork")
        .withArgs(suite.track + 1n);
    });

    it("concerns one work alone", async () => {
      const suite = await loadFixture(powersFixture);
      await act(suite, "freeze", suite.track);
      for (const id of [suite.song, suite.beat, suite.remix]) {
        expect(await suite.ipRegistry.statusOf(id)).to.equal(STATUS.Active);
      }
    });
  });

  describe("a frozen work", () => {
    async function frozenFixture(): Promise<PowersFixture> {
      const suite = await loadFixture(powersFixture);
      await pay(suite, suite.track);
      await act(suite, "freeze", suite.track);
      return suite;
    }

    it("pays nothing out: neither its owner, nor its contributor, nor a payee", async () => {
      const suite = await loadFixture(frozenFixture);
      const { royaltyGraph, alice, bob, track } = suite;
      for (const attempt of [
        () => royaltyGraph.connect(alice).withdraw(track, NATIVE, alice),
        () => royaltyGraph.connect(bob).withdrawContribution(track, 0, NATIVE, bob),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(royaltyGraph, "WorkDisputed").withArgs(track);
      }
    });

    it("makes no derivatives", async () => {
      const suite = await loadFixture(frozenFixture);
      const { ipRegistry, royaltyGraph, carol, track } = suite;
      const edges = [...(await royaltyGraph.edgesFor([track]))];
      await expect(ipRegistry.connect(carol).registerDerivative(registration(carol), edges))
        .to.be.revertedWithCustomError(ipRegistry, "ParentNotActive")
        .withArgs(track, STATUS.Disputed);
      expect(await royaltyGraph.derivable([track])).to.deep.equal([false]);
    });

    it("sells no licence", async () => {
      const suite = await loadFixture(frozenFixture);
      const { licenseMarket, carol, track } = suite;
      await expect(licenseMarket.connect(carol).buy(purchase(suite), { value: PRICE }))
        .to.be.revertedWithCustomError(licenseMarket, "WorkNotActive")
        .withArgs(track, STATUS.Disputed);
    });

    it("is still paid, in coin, in tokens and through its inbox", async () => {
      const suite = await loadFixture(frozenFixture);
      const { royaltyGraph, pieUSD, carol, track } = suite;
      await pay(suite, track);
      await royaltyGraph.connect(carol).payToken(track, pieUSD, 500n);
      await carol.sendTransaction({ to: await royaltyGraph.inboxOf(track), value: 77n });
      await royaltyGraph.sweep(track, NATIVE);
      expect((await royaltyGraph.revenueOf(track, NATIVE)).direct).to.equal(2_000_077n);
      expect((await royaltyGraph.revenueOf(track, pieUSD)).direct).to.equal(500n);
    });

    it("still passes money to its parents and to fees, and takes it from its derivatives", async () => {
      const suite = await loadFixture(powersFixture);
      const { royaltyGraph, holders, derive, carol, alice, track, song, beat } = suite;
      const child = await derive(carol, [track]);
      await act(suite, "freeze", track);
      for (const id of [track, child]) await pay(suite, id);
      const edges = await royaltyGraph.edgesOf(child);
      const toTrack = edges.findIndex((edge) => (edge >> 21n) % 2n ** 40n === track);
      // Into it, and through it: a tenth of a tenth reaches the song, beside a tenth of the track's own.
      await expect(royaltyGraph.claimPath(child, [toTrack, 0], NATIVE))
        .to.emit(royaltyGraph, "Claimed")
        .withArgs(track, song, NATIVE, 0n, 110_000n);
      await royaltyGraph.claim(track, 1, NATIVE);
      expect((await royaltyGraph.revenueOf(beat, NATIVE)).inflow).to.equal(50_000n);
      await expect(royaltyGraph.connect(alice).withdraw(song, NATIVE, alice)).to.changeEtherBalance(alice, 110_000n);
      await royaltyGraph.claimFees([track], NATIVE);
      const treasury = holders.ADMIN;
      await expect(royaltyGraph.connect(treasury).withdrawFees(0, NATIVE, alice)).to.changeEtherBalance(alice, 10_000n);
    });

    it("still changes hands: an NFT's transfer is nobody's to stop, and the dispute goes with it", async () => {
      const suite = await loadFixture(frozenFixture);
      const { ipRegistry, royaltyGraph, alice, carol, track } = suite;
      await ipRegistry.connect(alice).transferFrom(alice, carol, track);
      expect(await ipRegistry.ownerOf(track)).to.equal(carol.address);
      expect(await ipRegistry.statusOf(track)).to.equal(STATUS.Disputed);
      await expect(royaltyGraph.connect(carol).withdraw(track, NATIVE, carol))
        .to.be.revertedWithCustomError(royaltyGraph, "WorkDisputed")
        .withArgs(track);
    });

    it("cannot be deleted, nor given away, by whoever may lose it", async () => {
      const suite = await loadFixture(frozenFixture);
      const { ipRegistry, licenseMarket, licenseTerms, alice, track } = suite;
      await expect(ipRegistry.connect(alice).deleteWork(track))
        .to.be.revertedWithCustomError(ipRegistry, "WorkDisputed")
        .withArgs(track);
      const gift = await createTerms(licenseTerms, offer({ price: 0n, use: USE.Training }));
      await expect(licenseMarket.connect(alice).setOffer(track, USE.Training, gift))
        .to.be.revertedWithCustomError(licenseMarket, "WorkNotActive")
        .withArgs(track, STATUS.Disputed);
      // Ending an offer harms nobody.
      await licenseMarket.connect(alice).setOffer(track, USE.Human, 0n);
      expect(await licenseMarket.offerOf(track, USE.Human)).to.equal(0n);
    });

    it("can be renamed by its owner, and stays disputed", async () => {
      const suite = await loadFixture(frozenFixture);
      const { ipRegistry, alice, track } = suite;
      await ipRegistry.connect(alice).setTokenURI(track, "ar://renamed");
      expect(await ipRegistry.statusOf(track)).to.equal(STATUS.Disputed);
    });
  });

  describe("unfreeze", () => {
    it("ends the dispute, says so, restores the word, and what waited is there", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, royaltyGraph, licenseMarket, alice, bob, carol, track } = suite;
      const before = await ipRegistry.packedWork(track);
      await act(suite, "freeze", track);
      await pay(suite, track);
      await expect(act(suite, "unfreeze", track))
        .to.emit(ipRegistry, "Unfrozen")
        .withArgs(track);
      expect(await ipRegistry.packedWork(track)).to.equal(before);
      // 84 % after parents and the protocol, of which three quarters are the owner's.
      await expect(royaltyGraph.connect(alice).withdraw(track, NATIVE, alice)).to.changeEtherBalance(alice, 630_000n);
      await expect(royaltyGraph.connect(bob).withdrawContribution(track, 0, NATIVE, bob)).to.changeEtherBalance(
        bob,
        210_000n,
      );
      await licenseMarket.connect(carol).buy(purchase(suite), { value: PRICE });
      expect(await licenseMarket.hasAccess(carol, track, USE.Human)).to.equal(true);
    });

    it("leaves a deleted work deleted", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, alice, track } = suite;
      await ipRegistry.connect(alice).deleteWork(track);
      await act(suite, "freeze", track);
      expect(await ipRegistry.statusOf(track)).to.equal(STATUS.Disputed);
      await act(suite, "unfreeze", track);
      expect(await ipRegistry.statusOf(track)).to.equal(STATUS.Deleted);
    });

    for (const name of ["unfreeze", "redirect"] as const) {
      it(`has nothing to end for a work that was never disputed, is no longer, or does not exist (${name})`, async () => {
        const suite = await loadFixture(powersFixture);
        const { ipRegistry, track, stranger } = suite;
        const by = (id: bigint): Promise<ContractTransactionResponse> =>
          name === "unfreeze" ? act(suite, name, id) : act(suite, name, id, stranger.address);
        await expect(by(suite.remix)).to.be.revertedWithCustomError(ipRegistry, "NotDisputed").withArgs(suite.remix);
        await expect(by(track + 1n))
          .to.be.revertedWithCustomError(ipRegistry, "UnknownWork")
          .withArgs(track + 1n);
        await act(suite, "freeze", track);
        await act(suite, "unfreeze", track);
        await expect(by(track)).to.be.revertedWithCustomError(ipRegistry, "NotDisputed").withArgs(track);
      });
    }
  });

  describe("redirect", () => {
    const withdrawals = async (
      { royaltyGraph, track }: PowersFixture,
      caller: HardhatEthersSigner,
      to: HardhatEthersSigner,
    ): Promise<void> => {
      await royaltyGraph.connect(caller).withdraw(track, NATIVE, to);
      await royaltyGraph.connect(caller).withdrawContribution(track, 0, NATIVE, to);
    };

    it("puts a payee in the place of owner and contributors, says so, and ends the dispute", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, royaltyGraph, alice, bob, stranger, track } = suite;
      const before = await ipRegistry.packedWork(track);
      await pay(suite, track);
      await act(suite, "freeze", track);
      await expect(act(suite, "redirect", track, stranger.address))
        .to.emit(ipRegistry, "Redirected")
        .withArgs(track, stranger.address);
      expect(await ipRegistry.packedWork(track)).to.equal(before | FLAG.redirected);
      expect(await ipRegistry.payeeOf(track)).to.equal(stranger.address);
      expect(await ipRegistry.ownerOf(track)).to.equal(alice.address);
      for (const [caller, attempt] of [
        [alice, () => royaltyGraph.connect(alice).withdraw(track, NATIVE, alice)],
        [bob, () => royaltyGraph.connect(bob).withdrawContribution(track, 0, NATIVE, bob)],
      ] as const) {
        await expect(attempt())
          .to.be.revertedWithCustomError(royaltyGraph, "NotPayee")
          .withArgs(caller.address, stranger.address);
      }
      // What stood there already is the payee's, and what comes.
      await pay(suite, track);
      const balance = await hre.ethers.provider.getBalance(royaltyGraph);
      await withdrawals(suite, stranger, bob);
      expect(balance - (await hre.ethers.provider.getBalance(royaltyGraph))).to.equal(1_680_000n);
    });

    it("does not follow the token: a new owner is no payee", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, royaltyGraph, alice, carol, stranger, track } = suite;
      await act(suite, "freeze", track);
      await act(suite, "redirect", track, stranger.address);
      await ipRegistry.connect(alice).transferFrom(alice, carol, track);
      await expect(royaltyGraph.connect(carol).withdraw(track, NATIVE, carol))
        .to.be.revertedWithCustomError(royaltyGraph, "NotPayee")
        .withArgs(carol.address, stranger.address);
    });

    it("leaves the parents', the derivatives' and the protocol's shares as they are", async () => {
      const suite = await loadFixture(powersFixture);
      const { royaltyGraph, alice, stranger, track, song } = suite;
      await act(suite, "freeze", track);
      await act(suite, "redirect", track, stranger.address);
      await pay(suite, track);
      await royaltyGraph.claim(track, 0, NATIVE);
      await expect(royaltyGraph.connect(alice).withdraw(song, NATIVE, alice)).to.changeEtherBalance(alice, 100_000n);
      expect(await royaltyGraph.claimableFees(track, NATIVE)).to.deep.equal([10_000n, 0n]);
    });

    it("to the zero address gives all back to owner and contributors", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, royaltyGraph, alice, bob, stranger, track } = suite;
      const before = await ipRegistry.packedWork(track);
      await act(suite, "freeze", track);
      await act(suite, "redirect", track, stranger.address);
      await act(suite, "freeze", track);
      await expect(act(suite, "redirect", track, ZeroAddress))
        .to.emit(ipRegistry, "Redirected")
        .withArgs(track, ZeroAddress);
      expect(await ipRegistry.packedWork(track)).to.equal(before);
      expect(await ipRegistry.payeeOf(track)).to.equal(ZeroAddress);
      await pay(suite, track);
      await expect(royaltyGraph.connect(stranger).withdraw(track, NATIVE, stranger))
        .to.be.revertedWithCustomError(royaltyGraph, "NotPayee")
        .withArgs(stranger.address, alice.address);
      await expect(royaltyGraph.connect(alice).withdraw(track, NATIVE, alice)).to.changeEtherBalance(alice, 630_000n);
      await royaltyGraph.connect(bob).withdrawContribution(track, 0, NATIVE, bob);
    });

    it("once more, by a second dispute, names another payee", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, royaltyGraph, carol, stranger, track } = suite;
      await act(suite, "freeze", track);
      await act(suite, "redirect", track, stranger.address);
      await pay(suite, track);
      await act(suite, "freeze", track);
      await expect(royaltyGraph.connect(stranger).withdraw(track, NATIVE, stranger))
        .to.be.revertedWithCustomError(royaltyGraph, "WorkDisputed")
        .withArgs(track);
      await act(suite, "redirect", track, carol.address);
      expect(await ipRegistry.payeeOf(track)).to.equal(carol.address);
      await expect(royaltyGraph.connect(stranger).withdraw(track, NATIVE, stranger))
        .to.be.revertedWithCustomError(royaltyGraph, "NotPayee")
        .withArgs(stranger.address, carol.address);
      await withdrawals(suite, carol, carol);
    });

    it("stays through a later dispute that ends without consequence", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, stranger, track } = suite;
      await act(suite, "freeze", track);
      await act(suite, "redirect", track, stranger.address);
      await act(suite, "freeze", track);
      await act(suite, "unfreeze", track);
      expect(await ipRegistry.payeeOf(track)).to.equal(stranger.address);
      expect(unpackWork(await ipRegistry.packedWork(track)).flags & FLAG.redirected).to.equal(FLAG.redirected);
    });

    it("leaves a deleted work deleted", async () => {
      const suite = await loadFixture(powersFixture);
      await suite.ipRegistry.connect(suite.alice).deleteWork(suite.track);
      await act(suite, "freeze", suite.track);
      await act(suite, "redirect", suite.track, suite.stranger.address);
      expect(await suite.ipRegistry.statusOf(suite.track)).to.equal(STATUS.Deleted);
    });
  });

  describe("setProtocolFee", () => {
    it("applies to works to come, and says so", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, royaltyGraph, alice, root, track } = suite;
      const before = await ipRegistry.packedWork(track);
      expect(await ipRegistry.protocolFeeBps()).to.equal(100n);
      for (const fee of [500n, 0n, 321n]) {
        await expect(act(suite, "setProtocolFee", fee))
          .to.emit(ipRegistry, "ProtocolFeeUpdated")
          .withArgs(fee);
        expect(await ipRegistry.protocolFeeBps()).to.equal(fee);
        const id = await root(alice);
        expect(unpackWork(await ipRegistry.packedWork(id)).protocolFeeBps).to.equal(fee);
        await pay(suite, id);
        expect(await royaltyGraph.claimableFees(id, NATIVE)).to.deep.equal([fee * 100n, 0n]);
      }
      expect(await ipRegistry.packedWork(track)).to.equal(before);
      await pay(suite, track);
      expect(await royaltyGraph.claimableFees(track, NATIVE)).to.deep.equal([10_000n, 0n]);
    });

    it("reverts above its limit, by a basis point and by what would be cut to a lawful one", async () => {
      const suite = await loadFixture(powersFixture);
      for (const fee of [501n, 65_536n, 2n ** 256n - 1n]) {
        await expect(act(suite, "setProtocolFee", fee))
          .to.be.revertedWithCustomError(suite.ipRegistry, "FeesTooHigh")
          .withArgs(fee, 500n);
      }
      expect(await suite.ipRegistry.protocolFeeBps()).to.equal(100n);
    });

    it("raised against a creator's bound, refuses the registration and takes no more", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, alice } = suite;
      await act(suite, "setProtocolFee", 101n);
      await expect(ipRegistry.connect(alice).register(registration(alice, { maxFeeBps: 100n })))
        .to.be.revertedWithCustomError(ipRegistry, "FeesTooHigh")
        .withArgs(101n, 100n);
    });
  });

  describe("setGraph", () => {
    /** A registry of the deployer's own authority, whose graph was not named yet. */
    async function unlinkedFixture(): Promise<PowersFixture & { fresh: IPRegistry }> {
      const suite = await loadFixture(powersFixture);
      const { licenseTerms, appRegistry, sponsorQuota, accountRegistry, deployer } = suite;
      const manager = await hre.ethers.deployContract("AccessManager", [deployer.address]);
      const implementation = await hre.ethers.deployContract("IPRegistry", [licenseTerms, appRegistry, sponsorQuota]);
      const peer = await accountRegistry.getAddress();
      const init = [await manager.getAddress(), peer, peer, 0n] as const;
      const data = implementation.interface.encodeFunctionData("initialize", [...init]);
      const proxy = await hre.ethers.deployContract("ERC1967Proxy", [implementation, data]);
      const fresh = await hre.ethers.getContractAt("IPRegistry", await proxy.getAddress());
      return { ...suite, fresh: fresh.connect(deployer) };
    }

    it("names the graph, and says so", async () => {
      const { fresh, royaltyGraph } = await loadFixture(unlinkedFixture);
      expect(await fresh.graph()).to.equal(ZeroAddress);
      await expect(fresh.setGraph(royaltyGraph))
        .to.emit(fresh, "GraphSet")
        .withArgs(await royaltyGraph.getAddress());
      expect(await fresh.graph()).to.equal(await royaltyGraph.getAddress());
    });

    it("reverts for an address without code", async () => {
      const { fresh, stranger } = await loadFixture(unlinkedFixture);
      for (const graph of [ZeroAddress, stranger.address]) {
        await expect(fresh.setGraph(graph)).to.be.revertedWithCustomError(fresh, "InvalidAddress").withArgs(graph);
      }
    });

    it("reverts the second time, for the same graph too", async () => {
      const { fresh, royaltyGraph, licenseTerms } = await loadFixture(unlinkedFixture);
      await fresh.setGraph(royaltyGraph);
      for (const graph of [royaltyGraph, licenseTerms]) {
        await expect(fresh.setGraph(graph))
          .to.be.revertedWithCustomError(fresh, "GraphAlreadySet")
          .withArgs(await royaltyGraph.getAddress());
      }
    });

    it("reverts after deployment, for the role and its delay too", async () => {
      const suite = await loadFixture(powersFixture);
      const { ipRegistry, royaltyGraph, licenseTerms, address } = suite;
      const data = ipRegistry.interface.encodeFunctionData("setGraph", [await licenseTerms.getAddress()]);
      await expect(asRole(suite, "IP_CONFIG", address, data))
        .to.be.revertedWithCustomError(ipRegistry, "GraphAlreadySet")
        .withArgs(await royaltyGraph.getAddress());
    });

    it("must come before a work with edges or contributors, and need not come before another", async () => {
      const { fresh, alice, song, relativeTerms } = await loadFixture(unlinkedFixture);
      const works = fresh.connect(alice);
      const contributors = [{ account: alice.address, share: 1n }];
      await expect(works.register(registration(alice, { contributors }))).to.be.reverted;
      await works.register(registration(alice, { termsId: relativeTerms }));
      expect(song).to.equal(1n);
      const edge = (1n << 21n) | (1n << 61n) | (relativeTerms << 64n) | 100_000n;
      await expect(works.registerDerivative(registration(alice), [edge])).to.be.reverted;
      expect(await works.totalSupply()).to.equal(1n);
    });
  });
});

describe("A redirected work's controller", () => {
  it("is its payee, who offers its licences and deletes it in the owner's place", async () => {
    const suite = await loadFixture(ipFixture);
    const { ipRegistry, licenseMarket, licenseTerms, holders, alice, bob, song } = suite;
    expect(await ipRegistry.controllerOf(song)).to.equal(alice.address);
    expect(await ipRegistry.controllerOf(99n)).to.equal(ZeroAddress);
    await ipRegistry.connect(holders.IP_FREEZER).freeze(song);
    const data = ipRegistry.interface.encodeFunctionData("redirect", [song, bob.address]);
    await asRole(suite, "IP_REDIRECT", await ipRegistry.getAddress(), data);
    expect(await ipRegistry.controllerOf(song)).to.equal(bob.address);
    const sold = await createTerms(licenseTerms, offer());
    await expect(licenseMarket.connect(alice).setOffer(song, USE.Human, sold))
      .to.be.revertedWithCustomError(licenseMarket, "NotOwner")
      .withArgs(song, alice.address);
    await licenseMarket.connect(bob).setOffer(song, USE.Human, sold);
    await expect(ipRegistry.connect(alice).deleteWork(song))
      .to.be.revertedWithCustomError(ipRegistry, "NotOwner")
      .withArgs(song, alice.address);
    await ipRegistry.connect(bob).deleteWork(song);
    expect(await ipRegistry.statusOf(song)).to.equal(STATUS.Deleted);
  });
});

describe("IPRegistry.initialize", () => {
  it("refuses an ERC-6551 pair without code: neither can be changed later", async () => {
    const { manager, ipRegistry, licenseTerms, appRegistry, sponsorQuota, accountRegistry, stranger } =
      await loadFixture(ipFixture);
    const factory = await hre.ethers.getContractFactory("IPRegistry");
    const implementation = await factory.deploy(licenseTerms, appRegistry, sponsorQuota);
    const proxyFactory = await hre.ethers.getContractFactory("ERC1967Proxy");
    const code = await accountRegistry.getAddress();
    for (const pair of [
      [stranger.address, code],
      [code, stranger.address],
    ] as const) {
      const init = factory.interface.encodeFunctionData("initialize", [await manager.getAddress(), ...pair, 100n]);
      await expect(proxyFactory.deploy(implementation, init))
        .to.be.revertedWithCustomError(ipRegistry, "InvalidAddress")
        .withArgs(stranger.address);
    }
  });
});
