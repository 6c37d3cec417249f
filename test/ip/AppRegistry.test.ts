import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress } from "ethers";

import { NATIVE, ipFixture, type IPFixture } from "../fixtures/ip";

const APP = 1n;

/** One app, alice's, whose fees are carol's. */
async function appFixture(): Promise<IPFixture> {
  const suite = await loadFixture(ipFixture);
  await suite.appRegistry.connect(suite.alice).registerApp(suite.carol, 250n);
  return suite;
}

describe("AppRegistry", () => {
  it("starts without apps, and says what the highest fee is", async () => {
    const { appRegistry } = await loadFixture(ipFixture);
    expect(await appRegistry.count()).to.equal(0n);
    expect(await appRegistry.MAX_FEE_BPS()).to.equal(500n);
  });

  describe("registerApp", () => {
    it("records an app of the caller's, answers its id and says so; ids count up from 1", async () => {
      const { appRegistry, alice, bob, carol } = await loadFixture(ipFixture);
      expect(await appRegistry.connect(alice).registerApp.staticCall(carol, 250n)).to.equal(1n);
      await expect(appRegistry.connect(alice).registerApp(carol, 250n))
        .to.emit(appRegistry, "AppRegistered")
        .withArgs(1n, alice.address, carol.address, 250n);
      await expect(appRegistry.connect(bob).registerApp(bob, 0n))
        .to.emit(appRegistry, "AppRegistered")
        .withArgs(2n, bob.address, bob.address, 0n);
      expect(await appRegistry.count()).to.equal(2n);
      expect(await appRegistry.ownerOf(1n)).to.equal(alice.address);
      expect(await appRegistry.payeeOf(1n)).to.equal(carol.address);
      expect(await appRegistry.feeOf(1n)).to.equal(250n);
      expect(await appRegistry.pendingOwnerOf(1n)).to.equal(ZeroAddress);
    });

    it("takes the highest fee, and reverts above it, by a basis point and by what would be cut", async () => {
      const { appRegistry, alice } = await loadFixture(ipFixture);
      for (const fee of [501n, 65_536n, MaxUint256]) {
        await expect(appRegistry.connect(alice).registerApp(alice, fee))
          .to.be.revertedWithCustomError(appRegistry, "FeeTooHigh")
          .withArgs(fee, 500n);
      }
      await appRegistry.connect(alice).registerApp(alice, 500n);
      expect(await appRegistry.feeOf(1n)).to.equal(500n);
    });

    it("reverts for a payee that is the zero address", async () => {
      const { appRegistry, alice } = await loadFixture(ipFixture);
      await expect(appRegistry.connect(alice).registerApp(ZeroAddress, 0n))
        .to.be.revertedWithCustomError(appRegistry, "InvalidPayee")
        .withArgs(ZeroAddress);
    });
  });

  describe("setFee", () => {
    it("sets the fee on works to come, at its limit too, and says so", async () => {
      const { appRegistry, alice } = await loadFixture(appFixture);
      for (const fee of [0n, 500n, 1n]) {
        await expect(appRegistry.connect(alice).setFee(APP, fee))
          .to.emit(appRegistry, "AppFeeUpdated")
          .withArgs(APP, fee);
        expect(await appRegistry.feeOf(APP)).to.equal(fee);
      }
    });

    it("reverts above the limit", async () => {
      const { appRegistry, alice } = await loadFixture(appFixture);
      for (const fee of [501n, 65_536n, MaxUint256]) {
        await expect(appRegistry.connect(alice).setFee(APP, fee))
          .to.be.revertedWithCustomError(appRegistry, "FeeTooHigh")
          .withArgs(fee, 500n);
      }
    });
  });

  describe("setPayee", () => {
    it("hands over what is collected already too, and says so", async () => {
      const suite = await loadFixture(appFixture);
      const { appRegistry, royaltyGraph, alice, bob, carol, root } = suite;
      const id = await root(bob, { appId: APP });
      await royaltyGraph.pay(id, { value: 1_000_000n });
      await royaltyGraph.claimFees([id], NATIVE);
      await expect(appRegistry.connect(alice).setPayee(APP, bob))
        .to.emit(appRegistry, "AppPayeeUpdated")
        .withArgs(APP, bob.address);
      expect(await appRegistry.payeeOf(APP)).to.equal(bob.address);
      expect(await appRegistry.feeOf(APP)).to.equal(250n);
      await expect(royaltyGraph.connect(carol).withdrawFees(APP, NATIVE, carol))
        .to.be.revertedWithCustomError(royaltyGraph, "NotPayee")
        .withArgs(carol.address, bob.address);
      await expect(royaltyGraph.connect(bob).withdrawFees(APP, NATIVE, bob)).to.changeEtherBalance(bob, 25_000n);
    });

    it("reverts for the zero address", async () => {
      const { appRegistry, alice } = await loadFixture(appFixture);
      await expect(appRegistry.connect(alice).setPayee(APP, ZeroAddress))
        .to.be.revertedWithCustomError(appRegistry, "InvalidPayee")
        .withArgs(ZeroAddress);
    });
  });

  describe("transferApp and acceptApp", () => {
    it("offer the app to another, who takes it; fee and payee stay", async () => {
      const { appRegistry, alice, bob, carol } = await loadFixture(appFixture);
      await expect(appRegistry.connect(alice).transferApp(APP, bob))
        .to.emit(appRegistry, "AppTransferStarted")
        .withArgs(APP, alice.address, bob.address);
      expect(await appRegistry.ownerOf(APP)).to.equal(alice.address);
      expect(await appRegistry.pendingOwnerOf(APP)).to.equal(bob.address);
      await expect(appRegistry.connect(bob).acceptApp(APP))
        .to.emit(appRegistry, "AppTransferred")
        .withArgs(APP, alice.address, bob.address);
      expect(await appRegistry.ownerOf(APP)).to.equal(bob.address);
      expect(await appRegistry.pendingOwnerOf(APP)).to.equal(ZeroAddress);
      expect([await appRegistry.payeeOf(APP), await appRegistry.feeOf(APP)]).to.deep.equal([carol.address, 250n]);
      await expect(appRegistry.connect(alice).setFee(APP, 1n))
        .to.be.revertedWithCustomError(appRegistry, "NotAppOwner")
        .withArgs(APP, alice.address);
      await appRegistry.connect(bob).setFee(APP, 1n);
    });

    it("let the owner take the offer back, or make it to somebody else", async () => {
      const { appRegistry, alice, bob, stranger } = await loadFixture(appFixture);
      await appRegistry.connect(alice).transferApp(APP, bob);
      await appRegistry.connect(alice).transferApp(APP, stranger);
      await expect(appRegistry.connect(bob).acceptApp(APP))
        .to.be.revertedWithCustomError(appRegistry, "NotPendingOwner")
        .withArgs(APP, bob.address);
      await expect(appRegistry.connect(alice).transferApp(APP, ZeroAddress))
        .to.emit(appRegistry, "AppTransferStarted")
        .withArgs(APP, alice.address, ZeroAddress);
      await expect(appRegistry.connect(stranger).acceptApp(APP))
        .to.be.revertedWithCustomError(appRegistry, "NotPendingOwner")
        .withArgs(APP, stranger.address);
      expect(await appRegistry.ownerOf(APP)).to.equal(alice.address);
    });

    it("work once an offer, and for nobody but its addressee", async () => {
      const { appRegistry, alice, bob, carol, stranger, holders } = await loadFixture(appFixture);
      await appRegistry.connect(alice).transferApp(APP, bob);
      for (const caller of [alice, carol, stranger, holders.ADMIN]) {
        await expect(appRegistry.connect(caller).acceptApp(APP))
          .to.be.revertedWithCustomError(appRegistry, "NotPendingOwner")
          .withArgs(APP, caller.address);
      }
      await appRegistry.connect(bob).acceptApp(APP);
      await expect(appRegistry.connect(bob).acceptApp(APP))
        .to.be.revertedWithCustomError(appRegistry, "NotPendingOwner")
        .withArgs(APP, bob.address);
    });
  });

  it("obeys nobody but the app's owner: not its payee, its pending owner, another app's owner, or any role", async () => {
    const { appRegistry, alice, bob, carol, stranger, deployer, holders } = await loadFixture(appFixture);
    await appRegistry.connect(bob).registerApp(bob, 0n);
    await appRegistry.connect(alice).transferApp(APP, stranger);
    for (const caller of [carol, bob, stranger, deployer, ...Object.values(holders)]) {
      const by = appRegistry.connect(caller);
      for (const attempt of [
        () => by.setFee(APP, 0n),
        () => by.setPayee(APP, caller),
        () => by.transferApp(APP, caller),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(appRegistry, "NotAppOwner").withArgs(APP, caller.address);
      }
    }
  });

  it("knows no app beyond its count: app 0, the next, and ids that only a narrower type would take for one", async () => {
    const { appRegistry, alice } = await loadFixture(appFixture);
    const by = appRegistry.connect(alice);
    for (const unknown of [0n, 2n, 2n ** 24n + APP, 2n ** 128n + APP, MaxUint256]) {
      for (const attempt of [
        () => by.feeOf(unknown),
        () => by.payeeOf(unknown),
        () => by.ownerOf(unknown),
        () => by.pendingOwnerOf(unknown),
        () => by.setFee(unknown, 0n),
        () => by.setPayee(unknown, alice),
        () => by.transferApp(unknown, alice),
        () => by.acceptApp(unknown),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(appRegistry, "UnknownApp").withArgs(unknown);
      }
    }
  });
});
