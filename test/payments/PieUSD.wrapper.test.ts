import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Signature, ZeroAddress } from "ethers";
import hre from "hardhat";

import { PIEUSD_TYPES, buildRedeem, signPieUSD } from "../../sdk/payments/typedData";
import { DEPOSITED, UNIT, suite18Fixture, suiteFixture, type SuiteFixture } from "../fixtures/suite";
import { eoaPayer, walletPayer } from "../helpers/accounts";
import { asRole } from "../helpers/authority";

/** Switches USDT's fee on: 15 basis points, at most 10 USDT. */
const FEE_BPS = 15n;
const withFee = async ({ usdt }: SuiteFixture): Promise<void> => {
  await usdt.setParams(FEE_BPS, 10n);
};
const feeOf = (value: bigint): bigint => {
  const fee = (value * FEE_BPS) / 10_000n;
  return fee > 10n * UNIT ? 10n * UNIT : fee;
};

async function feeFixture(): Promise<SuiteFixture> {
  const suite = await loadFixture(suiteFixture);
  await withFee(suite);
  return suite;
}

/** USDT destroyed a fifth of the backing. */
async function shortfallFixture(): Promise<SuiteFixture> {
  const suite = await loadFixture(suiteFixture);
  const { usdt, token } = suite;
  const held = await usdt.balanceOf(token);
  await usdt.addBlackList(token);
  await usdt.destroyBlackFunds(token);
  await usdt.removeBlackList(token);
  await usdt.transfer(token, (held * 4n) / 5n);
  return suite;
}

async function proRataFixture(): Promise<SuiteFixture> {
  const suite = await loadFixture(shortfallFixture);
  const { pieUSD, token } = suite;
  await asRole(suite, "PAYMENTS_PRORATA", token, pieUSD.interface.encodeFunctionData("openProRata"));
  return suite;
}

describe("PieUSD.deposit", () => {
  it("mints what arrived, and keeps the USDT", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(suiteFixture);
    const before = [await pieUSD.totalSupply(), await usdt.balanceOf(token)] as const;
    const deposit = pieUSD.connect(alice).deposit(100n * UNIT, 100n * UNIT);
    await expect(deposit).to.changeTokenBalance(pieUSD, alice, 100n * UNIT);
    await expect(deposit)
      .to.emit(pieUSD, "Deposited")
      .withArgs(alice.address, alice.address, 100n * UNIT, 100n * UNIT)
      .and.to.emit(pieUSD, "Transfer")
      .withArgs(ZeroAddress, alice.address, 100n * UNIT);
    expect(await pieUSD.totalSupply()).to.equal(before[0] + 100n * UNIT);
    expect(await usdt.balanceOf(token)).to.equal(before[1] + 100n * UNIT);
    expect(await pieUSD.backing()).to.equal(await pieUSD.totalSupply());
  });

  it("answers what it minted", async () => {
    const { pieUSD, alice } = await loadFixture(feeFixture);
    expect(await pieUSD.connect(alice).deposit.staticCall(100n * UNIT, 0n)).to.equal(100n * UNIT - feeOf(100n * UNIT));
    expect(await pieUSD.connect(alice).depositFor.staticCall(alice, UNIT, 0n)).to.equal(UNIT - feeOf(UNIT));
  });

  it("mints less where USDT takes its fee, and not where the caller wants the whole", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(feeFixture);
    const arrives = 100n * UNIT - feeOf(100n * UNIT);
    await expect(pieUSD.connect(alice).deposit(100n * UNIT, arrives + 1n))
      .to.be.revertedWithCustomError(pieUSD, "SlippageExceeded")
      .withArgs(arrives, arrives + 1n);
    await expect(pieUSD.connect(alice).deposit(100n * UNIT, arrives))
      .to.emit(pieUSD, "Deposited")
      .withArgs(alice.address, alice.address, 100n * UNIT, arrives);
    expect(await usdt.balanceOf(token)).to.equal(await pieUSD.totalSupply());
  });

  it("for another account takes the caller's USDT", async () => {
    const { pieUSD, usdt, alice, stranger } = await loadFixture(suiteFixture);
    const deposit = pieUSD.connect(alice).depositFor(stranger, UNIT, UNIT);
    await expect(deposit).to.changeTokenBalances(pieUSD, [alice, stranger], [0n, UNIT]);
    await expect(deposit).to.changeTokenBalance(usdt, alice, -UNIT);
    await expect(deposit).to.emit(pieUSD, "Deposited").withArgs(alice.address, stranger.address, UNIT, UNIT);
  });

  it("refuses nothing, the zero address and the token itself", async () => {
    const { pieUSD, token, alice } = await loadFixture(suiteFixture);
    await expect(pieUSD.connect(alice).deposit(0n, 0n)).to.be.revertedWithCustomError(pieUSD, "ZeroAmount");
    for (const to of [ZeroAddress, token]) {
      await expect(pieUSD.connect(alice).depositFor(to, UNIT, 0n))
        .to.be.revertedWithCustomError(pieUSD, "ERC20InvalidReceiver")
        .withArgs(to);
    }
  });

  it("refuses frozen parties, either of them", async () => {
    const { pieUSD, holders, alice, bob } = await loadFixture(suiteFixture);
    await pieUSD.connect(holders.PAYMENTS_FREEZER).freeze(alice);
    await expect(pieUSD.connect(alice).deposit(UNIT, 0n))
      .to.be.revertedWithCustomError(pieUSD, "AccountFrozen")
      .withArgs(alice.address);
    await expect(pieUSD.connect(alice).depositFor(bob, UNIT, 0n))
      .to.be.revertedWithCustomError(pieUSD, "AccountFrozen")
      .withArgs(alice.address);
    await expect(pieUSD.connect(bob).depositFor(alice, UNIT, 0n))
      .to.be.revertedWithCustomError(pieUSD, "AccountFrozen")
      .withArgs(alice.address);
  });

  it("is closed while paused", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, token, holders, alice } = suite;
    await expect(pieUSD.connect(holders.PAUSER).pauseDeposits()).to.emit(pieUSD, "DepositsPauseUpdated").withArgs(true);
    expect(await pieUSD.depositsPaused()).to.equal(true);
    expect(await pieUSD.redemptionsPaused()).to.equal(false);
    await expect(pieUSD.connect(alice).deposit(UNIT, 0n)).to.be.revertedWithCustomError(pieUSD, "DepositsPaused");
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, UNIT)).to.changeTokenBalance(pieUSD, alice, -UNIT);
    await expect(asRole(suite, "UNPAUSER", token, pieUSD.interface.encodeFunctionData("unpauseDeposits")))
      .to.emit(pieUSD, "DepositsPauseUpdated")
      .withArgs(false);
    expect(await pieUSD.depositsPaused()).to.equal(false);
    await expect(pieUSD.connect(alice).deposit(UNIT, UNIT)).to.changeTokenBalance(pieUSD, alice, UNIT);
  });

  it("is closed while backing is short, so that a newcomer pays for no old loss", async () => {
    const { pieUSD, alice } = await loadFixture(shortfallFixture);
    const [backing, supply] = [await pieUSD.backing(), await pieUSD.totalSupply()];
    await expect(pieUSD.connect(alice).deposit(UNIT, 0n))
      .to.be.revertedWithCustomError(pieUSD, "Undercollateralized")
      .withArgs(backing, supply);
  });

  it("is closed in pro-rata mode, even once backing is whole again", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(proRataFixture);
    await expect(pieUSD.connect(alice).deposit(UNIT, 0n)).to.be.revertedWithCustomError(pieUSD, "ProRataActive");
    await usdt.transfer(token, await pieUSD.totalSupply());
    await expect(pieUSD.connect(alice).deposit(UNIT, 0n)).to.be.revertedWithCustomError(pieUSD, "ProRataActive");
  });

  it("fails whole while USDT is paused, or blacklists the payer", async () => {
    const { pieUSD, usdt, alice } = await loadFixture(suiteFixture);
    await usdt.addBlackList(alice);
    await expect(pieUSD.connect(alice).deposit(UNIT, 0n)).to.be.reverted;
    await usdt.removeBlackList(alice);
    await usdt.pause();
    await expect(pieUSD.connect(alice).deposit(UNIT, 0n)).to.be.reverted;
    await usdt.unpause();
    await expect(pieUSD.connect(alice).deposit(UNIT, UNIT)).to.changeTokenBalance(pieUSD, alice, UNIT);
  });

  it("keeps 18 decimals exact", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(suite18Fixture);
    expect(await pieUSD.decimals()).to.equal(18n);
    await expect(pieUSD.connect(alice).deposit(1n, 1n)).to.changeTokenBalance(pieUSD, alice, 1n);
    expect(await usdt.balanceOf(token)).to.equal(await pieUSD.totalSupply());
  });
});

describe("PieUSD.depositWithPermit", () => {
  async function permitFixture() {
    const [admin, owner, stranger] = await hre.ethers.getSigners();
    if (!admin || !owner || !stranger) throw new Error("too few accounts");
    const manager = await hre.ethers.deployContract("AccessManager", [admin.address]);
    const usdt = await hre.ethers.deployContract("MockPermitUSDT", [18]);
    const pieUSD = await hre.ethers.deployContract("PieUSD", [manager, usdt]);
    await usdt.issue(owner, 100n * UNIT);
    const token = await pieUSD.getAddress();
    const deadline = 2n ** 40n;
    const signPermit = async (value: bigint) =>
      Signature.from(
        await owner.signTypedData(
          { name: await usdt.name(), version: "1", chainId: 31337n, verifyingContract: await usdt.getAddress() },
          { Permit: PIEUSD_TYPES.Permit }, // ERC-2612's own, whatever the token
          { owner: owner.address, spender: token, value, nonce: await usdt.nonces(owner), deadline },
        ),
      );
    return { usdt, pieUSD, token, owner, stranger, deadline, signPermit };
  }

  it("needs no approval before it", async () => {
    const { pieUSD, usdt, owner, deadline, signPermit } = await loadFixture(permitFixture);
    const { v, r, s } = await signPermit(UNIT);
    const deposit = pieUSD.connect(owner).depositWithPermit(UNIT, UNIT, deadline, v, r, s);
    await expect(deposit).to.changeTokenBalance(pieUSD, owner, UNIT);
    await expect(deposit).to.changeTokenBalance(usdt, owner, -UNIT);
  });

  it("survives somebody who sends the permit first", async () => {
    const { pieUSD, usdt, token, owner, stranger, deadline, signPermit } = await loadFixture(permitFixture);
    const { v, r, s } = await signPermit(UNIT);
    await usdt.connect(stranger).permit(owner, token, UNIT, deadline, v, r, s);
    await expect(pieUSD.connect(owner).depositWithPermit(UNIT, UNIT, deadline, v, r, s)).to.changeTokenBalance(
      pieUSD,
      owner,
      UNIT,
    );
  });

  it("without a good permit and without an allowance moves nothing", async () => {
    const { pieUSD, usdt, token, owner, deadline, signPermit } = await loadFixture(permitFixture);
    const { v, r, s } = await signPermit(UNIT);
    await expect(pieUSD.connect(owner).depositWithPermit(2n * UNIT, 0n, deadline, v, r, s))
      .to.be.revertedWithCustomError(usdt, "ERC20InsufficientAllowance")
      .withArgs(token, 0n, 2n * UNIT);
  });

  it("takes the caller's USDT, not that of the permit's owner", async () => {
    const { pieUSD, usdt, token, stranger, deadline, signPermit } = await loadFixture(permitFixture);
    const { v, r, s } = await signPermit(UNIT);
    await expect(pieUSD.connect(stranger).depositWithPermit(UNIT, 0n, deadline, v, r, s))
      .to.be.revertedWithCustomError(usdt, "ERC20InsufficientAllowance")
      .withArgs(token, 0n, UNIT);
  });

  it("works by allowance on a USDT that has no permit", async () => {
    const { pieUSD, alice } = await loadFixture(suiteFixture);
    await expect(
      pieUSD.connect(alice).depositWithPermit(UNIT, UNIT, 0n, 27, hre.ethers.ZeroHash, hre.ethers.ZeroHash),
    ).to.changeTokenBalance(pieUSD, alice, UNIT);
  });
});

describe("PieUSD.redeem", () => {
  it("burns and pays out one for one", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(suiteFixture);
    const redeem = pieUSD.connect(alice).redeem(100n * UNIT, alice, 100n * UNIT);
    await expect(redeem).to.changeTokenBalance(pieUSD, alice, -100n * UNIT);
    await expect(redeem).to.changeTokenBalances(usdt, [alice, token], [100n * UNIT, -100n * UNIT]);
    await expect(redeem)
      .to.emit(pieUSD, "Redeemed")
      .withArgs(alice.address, alice.address, 100n * UNIT, 100n * UNIT)
      .and.to.emit(pieUSD, "Transfer")
      .withArgs(alice.address, ZeroAddress, 100n * UNIT);
    expect(await pieUSD.totalSupply()).to.equal(await usdt.balanceOf(token));
  });

  it("pays out to somebody else, and answers what arrived", async () => {
    const { pieUSD, usdt, alice, stranger } = await loadFixture(suiteFixture);
    expect(await pieUSD.connect(alice).redeem.staticCall(UNIT, stranger, 0n)).to.equal(UNIT);
    await expect(pieUSD.connect(alice).redeem(UNIT, stranger, UNIT)).to.changeTokenBalance(usdt, stranger, UNIT);
  });

  it("empties an account and the contract", async () => {
    const { pieUSD, usdt, token, alice, bob, carol } = await loadFixture(suiteFixture);
    for (const holder of [alice, bob, carol]) await pieUSD.connect(holder).redeem(DEPOSITED, holder, DEPOSITED);
    expect(await pieUSD.totalSupply()).to.equal(0n);
    expect(await usdt.balanceOf(token)).to.equal(0n);
  });

  it("lets the redeemer bear USDT's fee, down to what it accepts", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(feeFixture);
    const arrives = UNIT - feeOf(UNIT);
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, UNIT))
      .to.be.revertedWithCustomError(pieUSD, "SlippageExceeded")
      .withArgs(arrives, UNIT);
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, arrives))
      .to.emit(pieUSD, "Redeemed")
      .withArgs(alice.address, alice.address, UNIT, arrives);
    expect(await usdt.balanceOf(token)).to.equal(await pieUSD.totalSupply());
  });

  it("refuses nothing, more than the balance, the zero address and the token itself", async () => {
    const { pieUSD, token, alice } = await loadFixture(suiteFixture);
    const redeem = pieUSD.connect(alice);
    await expect(redeem.redeem(0n, alice, 0n)).to.be.revertedWithCustomError(pieUSD, "ZeroAmount");
    await expect(redeem.redeem(DEPOSITED + 1n, alice, 0n))
      .to.be.revertedWithCustomError(pieUSD, "ERC20InsufficientBalance")
      .withArgs(alice.address, DEPOSITED, DEPOSITED + 1n);
    for (const to of [ZeroAddress, token]) {
      await expect(redeem.redeem(UNIT, to, 0n))
        .to.be.revertedWithCustomError(pieUSD, "ERC20InvalidReceiver")
        .withArgs(to);
    }
  });

  it("refuses frozen parties, either of them", async () => {
    const { pieUSD, holders, alice, bob } = await loadFixture(suiteFixture);
    await pieUSD.connect(holders.PAYMENTS_FREEZER).freeze(alice);
    for (const to of [alice, bob]) {
      await expect(pieUSD.connect(alice).redeem(UNIT, to, 0n))
        .to.be.revertedWithCustomError(pieUSD, "AccountFrozen")
        .withArgs(alice.address);
    }
    await expect(pieUSD.connect(bob).redeem(UNIT, alice, 0n))
      .to.be.revertedWithCustomError(pieUSD, "AccountFrozen")
      .withArgs(alice.address);
  });

  it("is closed while paused, and transfers go on", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, token, holders, alice, bob } = suite;
    await expect(pieUSD.connect(holders.PAUSER).pauseRedemptions())
      .to.emit(pieUSD, "RedemptionsPauseUpdated")
      .withArgs(true);
    expect(await pieUSD.redemptionsPaused()).to.equal(true);
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, 0n)).to.be.revertedWithCustomError(
      pieUSD,
      "RedemptionsPaused",
    );
    await expect(pieUSD.connect(alice).transfer(bob, UNIT)).to.changeTokenBalance(pieUSD, bob, UNIT);
    await expect(pieUSD.connect(alice).deposit(UNIT, UNIT)).to.changeTokenBalance(pieUSD, alice, UNIT);
    await expect(asRole(suite, "UNPAUSER", token, pieUSD.interface.encodeFunctionData("unpauseRedemptions")))
      .to.emit(pieUSD, "RedemptionsPauseUpdated")
      .withArgs(false);
    expect(await pieUSD.redemptionsPaused()).to.equal(false);
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, UNIT)).to.changeTokenBalance(pieUSD, alice, -UNIT);
  });

  it("stops while backing is short, so that nobody runs ahead of the others", async () => {
    const { pieUSD, alice } = await loadFixture(shortfallFixture);
    const [backing, supply] = [await pieUSD.backing(), await pieUSD.totalSupply()];
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, 0n))
      .to.be.revertedWithCustomError(pieUSD, "Undercollateralized")
      .withArgs(backing, supply);
  });

  it("starts again by itself once backing is whole", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(shortfallFixture);
    await usdt.transfer(token, (await pieUSD.totalSupply()) - (await pieUSD.backing()));
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, UNIT)).to.changeTokenBalance(usdt, alice, UNIT);
  });
});

describe("PieUSD.redeemWithAuthorization", () => {
  const redeemBySignature = async (
    { pieUSD, domain, relayer }: SuiteFixture,
    payer: { address: string; signer: Parameters<typeof signPieUSD>[0] },
    overrides: Partial<ReturnType<typeof buildRedeem>> = {},
    signed: Partial<ReturnType<typeof buildRedeem>> = {},
  ) => {
    const message = buildRedeem({
      from: payer.address,
      to: payer.address,
      value: UNIT,
      validBefore: 2n ** 40n,
      ...overrides,
    });
    const { bytes } = await signPieUSD(payer.signer, domain, "RedeemWithAuthorization", { ...message, ...signed });
    const { from, to, value, minOut, validAfter, validBefore, nonce } = message;
    return {
      message,
      send: () =>
        pieUSD.connect(relayer).redeemWithAuthorization(from, to, value, minOut, validAfter, validBefore, nonce, bytes),
    };
  };

  it("redeems for an EOA that has no gas, by anybody", async () => {
    const suite = await loadFixture(suiteFixture);
    const payer = eoaPayer();
    await suite.pieUSD.connect(suite.alice).transfer(payer.address, UNIT);
    const { send, message } = await redeemBySignature(suite, payer);
    const sent = send();
    await expect(sent).to.changeTokenBalance(suite.usdt, payer.address, UNIT);
    await expect(sent)
      .to.emit(suite.pieUSD, "AuthorizationUsed")
      .withArgs(payer.address, message.nonce)
      .and.to.emit(suite.pieUSD, "Redeemed")
      .withArgs(payer.address, payer.address, UNIT, UNIT);
    expect(await suite.pieUSD.authorizationState(payer.address, message.nonce)).to.equal(true);
  });

  it("redeems for an ERC-1271 wallet", async () => {
    const suite = await loadFixture(suiteFixture);
    const payer = await walletPayer();
    await suite.pieUSD.connect(suite.alice).transfer(payer.address, UNIT);
    const { send } = await redeemBySignature(suite, payer, { to: suite.bob.address });
    await expect(send()).to.changeTokenBalance(suite.usdt, suite.bob, UNIT);
  });

  it("answers what arrived", async () => {
    const suite = await loadFixture(feeFixture);
    const { pieUSD, domain, alice, relayer } = suite;
    const m = buildRedeem({ from: alice.address, to: alice.address, value: UNIT, minOut: 0n, validBefore: 2n ** 40n });
    const { bytes } = await signPieUSD(alice, domain, "RedeemWithAuthorization", m);
    expect(
      await pieUSD
        .connect(relayer)
        .redeemWithAuthorization.staticCall(
          m.from,
          m.to,
          m.value,
          m.minOut,
          m.validAfter,
          m.validBefore,
          m.nonce,
          bytes,
        ),
    ).to.equal(UNIT - feeOf(UNIT));
  });

  it("refuses a second use", async () => {
    const suite = await loadFixture(suiteFixture);
    const payer = { address: suite.alice.address, signer: suite.alice };
    const { send, message } = await redeemBySignature(suite, payer);
    await send();
    await expect(send())
      .to.be.revertedWithCustomError(suite.pieUSD, "AuthorizationUsedOrCanceled")
      .withArgs(payer.address, message.nonce);
  });

  it("refuses a nonce that a cancellation spent", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, alice, domain, relayer } = suite;
    const { send, message } = await redeemBySignature(suite, { address: alice.address, signer: alice });
    const cancel = await signPieUSD(alice, domain, "CancelAuthorization", {
      authorizer: alice.address,
      nonce: message.nonce,
    });
    await pieUSD
      .connect(relayer)
      ["cancelAuthorization(address,bytes32,bytes)"](alice.address, message.nonce, cancel.bytes);
    await expect(send())
      .to.be.revertedWithCustomError(pieUSD, "AuthorizationUsedOrCanceled")
      .withArgs(alice.address, message.nonce);
  });

  it("refuses outside of its window", async () => {
    const suite = await loadFixture(suiteFixture);
    const payer = { address: suite.alice.address, signer: suite.alice };
    const early = await redeemBySignature(suite, payer, { validAfter: 2n ** 39n });
    await expect(early.send())
      .to.be.revertedWithCustomError(suite.pieUSD, "AuthorizationNotYetValid")
      .withArgs(2n ** 39n);
    const late = await redeemBySignature(suite, payer, { validBefore: 1n });
    await expect(late.send()).to.be.revertedWithCustomError(suite.pieUSD, "AuthorizationExpired").withArgs(1n);
  });

  for (const [field, value] of [
    ["to", "0x00000000000000000000000000000000000000aa"],
    ["value", 2n * UNIT],
    ["minOut", 0n],
    ["validAfter", 1n],
    ["validBefore", 2n ** 41n],
    ["nonce", `0x${"11".repeat(32)}`],
  ] as const) {
    it(`refuses a relayer that changes ${field}`, async () => {
      const suite = await loadFixture(suiteFixture);
      const payer = { address: suite.alice.address, signer: suite.alice };
      const { send } = await redeemBySignature(suite, payer, {}, { [field]: value });
      await expect(send()).to.be.revertedWithCustomError(suite.pieUSD, "InvalidSignature");
    });
  }

  it("refuses somebody else's signature", async () => {
    const suite = await loadFixture(suiteFixture);
    const { send } = await redeemBySignature(suite, { address: suite.alice.address, signer: suite.bob });
    await expect(send()).to.be.revertedWithCustomError(suite.pieUSD, "InvalidSignature");
  });

  it("keeps the nonce unspent where USDT's fee breaks the minimum", async () => {
    const suite = await loadFixture(feeFixture);
    const payer = { address: suite.alice.address, signer: suite.alice };
    const { send, message } = await redeemBySignature(suite, payer);
    await expect(send())
      .to.be.revertedWithCustomError(suite.pieUSD, "SlippageExceeded")
      .withArgs(UNIT - feeOf(UNIT), UNIT);
    expect(await suite.pieUSD.authorizationState(payer.address, message.nonce)).to.equal(false);
  });
});

describe("PieUSD pro-rata mode", () => {
  it("is refused while backing covers the supply", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, token } = suite;
    const supply = await pieUSD.totalSupply();
    await expect(asRole(suite, "PAYMENTS_PRORATA", token, pieUSD.interface.encodeFunctionData("openProRata")))
      .to.be.revertedWithCustomError(pieUSD, "NotUndercollateralized")
      .withArgs(supply, supply);
  });

  it("opens after a loss", async () => {
    const suite = await loadFixture(shortfallFixture);
    const { pieUSD, token } = suite;
    const [backing, supply] = [await pieUSD.backing(), await pieUSD.totalSupply()];
    expect(await pieUSD.proRata()).to.equal(false);
    await expect(asRole(suite, "PAYMENTS_PRORATA", token, pieUSD.interface.encodeFunctionData("openProRata")))
      .to.emit(pieUSD, "ProRataOpened")
      .withArgs(backing, supply);
    expect(await pieUSD.proRata()).to.equal(true);
  });

  it("shares the loss evenly, whoever comes first, and rounds in favour of those who stay", async () => {
    const { pieUSD, usdt, token, alice, bob, carol } = await loadFixture(proRataFixture);
    // An uneven loss, so that there is something to round.
    await usdt.transfer(token, 1n);
    for (const holder of [alice, bob, carol]) {
      const [backing, supply] = [await pieUSD.backing(), await pieUSD.totalSupply()];
      const due = (DEPOSITED * backing) / supply;
      await expect(pieUSD.connect(holder).redeem(DEPOSITED, holder, due)).to.changeTokenBalance(usdt, holder, due);
    }
    expect(await pieUSD.totalSupply()).to.equal(0n);
    expect(await pieUSD.backing()).to.equal(0n);
  });

  it("rounds a redemption down", async () => {
    const { pieUSD, alice } = await loadFixture(proRataFixture);
    expect(await pieUSD.connect(alice).redeem.staticCall(1n, alice, 0n)).to.equal(0n);
    expect(await pieUSD.connect(alice).redeem.staticCall(4n, alice, 0n)).to.equal(3n);
    expect(await pieUSD.connect(alice).redeem.staticCall(5n, alice, 0n)).to.equal(4n);
  });

  it("pays par and no more once backing is whole, and leaves the surplus", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(proRataFixture);
    await usdt.transfer(token, await pieUSD.totalSupply());
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, UNIT)).to.changeTokenBalance(usdt, alice, UNIT);
  });

  it("can be paused", async () => {
    const { pieUSD, holders, alice } = await loadFixture(proRataFixture);
    await pieUSD.connect(holders.PAUSER).pauseRedemptions();
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, 0n)).to.be.revertedWithCustomError(
      pieUSD,
      "RedemptionsPaused",
    );
  });

  it("does not close while backing is short", async () => {
    const suite = await loadFixture(proRataFixture);
    const { pieUSD, token } = suite;
    const [backing, supply] = [await pieUSD.backing(), await pieUSD.totalSupply()];
    await expect(asRole(suite, "PAYMENTS_PRORATA", token, pieUSD.interface.encodeFunctionData("closeProRata")))
      .to.be.revertedWithCustomError(pieUSD, "Undercollateralized")
      .withArgs(backing, supply);
  });

  it("closes once backing is whole", async () => {
    const suite = await loadFixture(proRataFixture);
    const { pieUSD, usdt, token, alice } = suite;
    const supply = await pieUSD.totalSupply();
    await usdt.transfer(token, supply - (await pieUSD.backing()));
    await expect(asRole(suite, "PAYMENTS_PRORATA", token, pieUSD.interface.encodeFunctionData("closeProRata")))
      .to.emit(pieUSD, "ProRataClosed")
      .withArgs(supply, supply);
    expect(await pieUSD.proRata()).to.equal(false);
    await expect(pieUSD.connect(alice).deposit(UNIT, UNIT)).to.changeTokenBalance(pieUSD, alice, UNIT);
  });

  it("does not close where it is not open", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, token } = suite;
    await expect(
      asRole(suite, "PAYMENTS_PRORATA", token, pieUSD.interface.encodeFunctionData("closeProRata")),
    ).to.be.revertedWithCustomError(pieUSD, "ProRataInactive");
  });

  it("leaves the other modes as they are", async () => {
    const suite = await loadFixture(proRataFixture);
    const { pieUSD, holders } = suite;
    await pieUSD.connect(holders.PAUSER).pauseDeposits();
    await pieUSD.connect(holders.PAUSER).pauseRedemptions();
    expect([await pieUSD.proRata(), await pieUSD.depositsPaused(), await pieUSD.redemptionsPaused()]).to.deep.equal([
      true,
      true,
      true,
    ]);
    const unpause = pieUSD.interface.encodeFunctionData("unpauseDeposits");
    const supply = await pieUSD.totalSupply();
    await asRole(suite, "UNPAUSER", suite.token, unpause);
    expect([await pieUSD.proRata(), await pieUSD.depositsPaused(), await pieUSD.redemptionsPaused()]).to.deep.equal([
      true,
      false,
      true,
    ]);
    expect(await pieUSD.totalSupply()).to.equal(supply);
  });
});

describe("PieUSD.rescue", () => {
  const rescueBy = async (suite: SuiteFixture, asset: string, to: string, amount: bigint) =>
    asRole(
      suite,
      "PAYMENTS_RESCUER",
      suite.token,
      suite.pieUSD.interface.encodeFunctionData("rescue", [asset, to, amount]),
    );

  it("sends surplus away, to the last unit", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, usdt, token, stranger } = suite;
    await usdt.transfer(token, 7n);
    expect(await pieUSD.surplus()).to.equal(7n);
    const usdtAddress = await usdt.getAddress();
    await expect(rescueBy(suite, usdtAddress, stranger.address, 8n))
      .to.be.revertedWithCustomError(pieUSD, "RescueExceedsSurplus")
      .withArgs(8n, 7n);
    const rescue = rescueBy(suite, usdtAddress, stranger.address, 7n);
    await expect(rescue).to.emit(pieUSD, "Rescued").withArgs(usdtAddress, stranger.address, 7n);
    expect(await usdt.balanceOf(stranger)).to.equal(7n);
    expect(await pieUSD.backing()).to.equal(await pieUSD.totalSupply());
  });

  it("takes no backing, and none in a shortfall", async () => {
    for (const fixture of [suiteFixture, shortfallFixture]) {
      const suite = await loadFixture(fixture);
      const { pieUSD, usdt, stranger } = suite;
      expect(await pieUSD.surplus()).to.equal(0n);
      await expect(rescueBy(suite, await usdt.getAddress(), stranger.address, 1n))
        .to.be.revertedWithCustomError(pieUSD, "RescueExceedsSurplus")
        .withArgs(1n, 0n);
    }
  });

  it("sends other tokens back to who lost them", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, token, alice } = suite;
    const other = await hre.ethers.deployContract("MockPermitUSDT", [6]);
    await other.issue(token, UNIT);
    await expect(rescueBy(suite, await other.getAddress(), alice.address, UNIT))
      .to.emit(pieUSD, "Rescued")
      .withArgs(await other.getAddress(), alice.address, UNIT);
    expect(await other.balanceOf(alice)).to.equal(UNIT);
  });

  it("finds no pieUSD to rescue, because none can be sent here", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, token, stranger } = suite;
    await expect(rescueBy(suite, token, stranger.address, 1n))
      .to.be.revertedWithCustomError(pieUSD, "ERC20InsufficientBalance")
      .withArgs(token, 0n, 1n);
  });

  it("takes no backing through a second door to the same ledger", async () => {
    const suite = await loadFixture(suiteFixture);
    const { pieUSD, usdt, token, stranger } = suite;
    const upgraded = await hre.ethers.deployContract("MockUpgradedUSDT", [await usdt.getAddress()]);
    await upgraded.migrate(token, (await pieUSD.totalSupply()) + 5n);
    await usdt.deprecate(upgraded);
    expect(await pieUSD.surplus()).to.equal(5n);
    await expect(rescueBy(suite, await upgraded.getAddress(), stranger.address, 6n))
      .to.be.revertedWithCustomError(pieUSD, "RescueExceedsSurplus")
      .withArgs(6n, 5n);
    await rescueBy(suite, await upgraded.getAddress(), stranger.address, 5n);
    expect(await upgraded.balanceOf(stranger)).to.equal(5n);
    expect(await pieUSD.backing()).to.equal(await pieUSD.totalSupply());
  });
});

describe("PieUSD over a deprecated USDT", () => {
  it("goes on over the ledger that the old address forwards to", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(suiteFixture);
    const upgraded = await hre.ethers.deployContract("MockUpgradedUSDT", [await usdt.getAddress()]);
    await upgraded.migrate(token, await pieUSD.totalSupply());
    await upgraded.migrate(alice, UNIT);
    await usdt.deprecate(upgraded);
    await usdt.connect(alice).approve(token, UNIT);
    await expect(pieUSD.connect(alice).deposit(UNIT, UNIT)).to.changeTokenBalance(pieUSD, alice, UNIT);
    await expect(pieUSD.connect(alice).redeem(2n * UNIT, alice, 2n * UNIT)).to.changeTokenBalance(
      upgraded,
      alice,
      2n * UNIT,
    );
    expect(await pieUSD.backing()).to.equal(await pieUSD.totalSupply());
  });
});
