import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress } from "ethers";

import { buildTransfer, signPieUSD, transferArguments } from "../../sdk/payments/typedData";
import { DEPOSITED, UNIT, suiteFixture, type SuiteFixture } from "../fixtures/suite";
import { asRole } from "../helpers/authority";

async function frozenFixture(): Promise<SuiteFixture> {
  const suite = await loadFixture(suiteFixture);
  await suite.pieUSD.connect(suite.holders.PAYMENTS_FREEZER).freeze(suite.alice);
  return suite;
}

describe("PieUSD.freeze", () => {
  it("marks the account and leaves its balance as it is", async () => {
    const { pieUSD, holders, alice } = await loadFixture(suiteFixture);
    expect(await pieUSD.isFrozen(alice)).to.equal(false);
    await expect(pieUSD.connect(holders.PAYMENTS_FREEZER).freeze(alice))
      .to.emit(pieUSD, "Frozen")
      .withArgs(alice.address);
    expect(await pieUSD.isFrozen(alice)).to.equal(true);
    expect(await pieUSD.balanceOf(alice)).to.equal(DEPOSITED);
  });

  it("changes nothing the second time", async () => {
    const { pieUSD, holders, alice } = await loadFixture(frozenFixture);
    await pieUSD.connect(holders.PAYMENTS_FREEZER).freeze(alice);
    expect(await pieUSD.isFrozen(alice)).to.equal(true);
    expect(await pieUSD.balanceOf(alice)).to.equal(DEPOSITED);
  });

  it("refuses accounts that can hold nothing", async () => {
    const { pieUSD, token, holders } = await loadFixture(suiteFixture);
    for (const account of [ZeroAddress, token]) {
      await expect(pieUSD.connect(holders.PAYMENTS_FREEZER).freeze(account))
        .to.be.revertedWithCustomError(pieUSD, "CannotFreeze")
        .withArgs(account);
    }
  });

  it("stops sending and receiving, by whatever road", async () => {
    const { pieUSD, alice, bob, carol } = await loadFixture(frozenFixture);
    await pieUSD.connect(alice).approve(carol, UNIT);
    await pieUSD.connect(bob).approve(carol, UNIT);
    for (const attempt of [
      () => pieUSD.connect(alice).transfer(bob, UNIT),
      () => pieUSD.connect(alice).transfer(bob, 0n),
      () => pieUSD.connect(bob).transfer(alice, UNIT),
      () => pieUSD.connect(carol).transferFrom(alice, bob, UNIT),
      () => pieUSD.connect(carol).transferFrom(bob, alice, UNIT),
      () => pieUSD.connect(alice).transfer(alice, UNIT),
    ]) {
      await expect(attempt()).to.be.revertedWithCustomError(pieUSD, "AccountFrozen").withArgs(alice.address);
    }
  });

  it("outlives authorizations that were signed before it", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, domain, holders, alice, bob, relayer } = suite;
    const message = buildTransfer({ from: alice.address, to: bob.address, value: UNIT, validBefore: 2n ** 40n });
    const { bytes } = await signPieUSD(alice, domain, "TransferWithAuthorization", message);
    await pieUSD.connect(holders.PAYMENTS_FREEZER).freeze(alice);
    const spend = () =>
      pieUSD
        .connect(relayer)
        ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
          ...transferArguments(message),
          bytes,
        );
    await expect(spend()).to.be.revertedWithCustomError(pieUSD, "AccountFrozen").withArgs(alice.address);
    // Nothing was spent: the authorization is good again once the freeze is lifted.
    await asRole(
      suite,
      "PAYMENTS_UNFREEZER",
      suite.token,
      pieUSD.interface.encodeFunctionData("unfreeze", [alice.address]),
    );
    await expect(spend()).to.changeTokenBalances(pieUSD, [alice, bob], [-UNIT, UNIT]);
  });

  it("lets the account be another's spender and relayer, approve, and cancel", async () => {
    const { pieUSD, domain, alice, bob, carol } = await loadFixture(frozenFixture);
    await pieUSD.connect(bob).approve(alice, UNIT);
    await expect(pieUSD.connect(alice).transferFrom(bob, carol, UNIT)).to.changeTokenBalance(pieUSD, carol, UNIT);
    await pieUSD.connect(alice).approve(carol, UNIT);
    expect(await pieUSD.allowance(alice, carol)).to.equal(UNIT);
    const message = buildTransfer({ from: bob.address, to: carol.address, value: UNIT, validBefore: 2n ** 40n });
    const { bytes } = await signPieUSD(bob, domain, "TransferWithAuthorization", message);
    await expect(
      pieUSD
        .connect(alice)
        ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
          ...transferArguments(message),
          bytes,
        ),
    ).to.changeTokenBalance(pieUSD, carol, UNIT);
    const nonce = `0x${"ab".repeat(32)}`;
    const cancel = await signPieUSD(alice, domain, "CancelAuthorization", { authorizer: alice.address, nonce });
    await expect(pieUSD["cancelAuthorization(address,bytes32,bytes)"](alice.address, nonce, cancel.bytes))
      .to.emit(pieUSD, "AuthorizationCanceled")
      .withArgs(alice.address, nonce);
  });

  it("freezes an account before its first coin", async () => {
    const { pieUSD, holders, alice, stranger } = await loadFixture(suiteFixture);
    await pieUSD.connect(holders.PAYMENTS_FREEZER).freeze(stranger);
    await expect(pieUSD.connect(alice).transfer(stranger, 1n))
      .to.be.revertedWithCustomError(pieUSD, "AccountFrozen")
      .withArgs(stranger.address);
    expect(await pieUSD.balanceOf(stranger)).to.equal(0n);
  });
});

describe("PieUSD.unfreeze", () => {
  it("gives the account back what it had, after a day", async () => {
    const suite = await loadFixture(frozenFixture);
    const { pieUSD, token, alice, bob } = suite;
    const unfreeze = pieUSD.interface.encodeFunctionData("unfreeze", [alice.address]);
    await expect(asRole(suite, "PAYMENTS_UNFREEZER", token, unfreeze))
      .to.emit(pieUSD, "Unfrozen")
      .withArgs(alice.address);
    expect(await pieUSD.isFrozen(alice)).to.equal(false);
    await expect(pieUSD.connect(alice).transfer(bob, DEPOSITED)).to.changeTokenBalance(pieUSD, bob, DEPOSITED);
  });

  it("changes nothing for an account that is not frozen", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, token, bob } = suite;
    await asRole(suite, "PAYMENTS_UNFREEZER", token, pieUSD.interface.encodeFunctionData("unfreeze", [bob.address]));
    expect(await pieUSD.balanceOf(bob)).to.equal(DEPOSITED);
    expect(await pieUSD.isFrozen(bob)).to.equal(false);
  });
});
