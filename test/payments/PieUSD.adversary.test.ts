import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, ZeroHash, concat, dataSlice, toBeHex } from "ethers";
import hre from "hardhat";

import { role } from "../../deploy/roles";
import { batchGasLimit } from "../../sdk/payments/batch";
import {
  buildTransfer,
  randomNonce,
  signPieUSD,
  transferArguments,
  type TransferAuthorization,
} from "../../sdk/payments/typedData";
import type { HostileUSDT, IPieUSD, PieUSD } from "../../typechain-types";
import { DEPOSITED, UNIT, suiteFixture, type SuiteFixture } from "../fixtures/suite";
import { schedule } from "../helpers/authority";

/** HostileWallet.Answer */
const ANSWER = { Magic: 0n, BurnGas: 6n } as const;

const HELD = 1_000n * UNIT;
const MAX_SUPPLY = 2n ** 248n - 1n;
const DAY = 86_400;
const validBefore = 2n ** 40n;

const TRANSFER_BYTES = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)" as const;
const TRANSFER_VRS =
  "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)" as const;

/**
 * pieUSD over a token that calls back on demand. The token is an admin without delay, which the real suite has none of:
 * it stands for a role's holder who acts in the middle of somebody's call.
 */
async function hookFixture() {
  const [admin, attacker, victim] = await hre.ethers.getSigners();
  if (!admin || !attacker || !victim) throw new Error("too few accounts");
  const manager = await hre.ethers.deployContract("AccessManager", [admin.address]);
  const hostile = await hre.ethers.deployContract("HostileUSDT");
  const pieUSD = await hre.ethers.deployContract("PieUSD", [manager, hostile]);
  await manager.grantRole(0n, hostile, 0n);
  for (const account of [attacker, victim]) {
    await hostile.issue(account, 2n * HELD);
    await hostile.connect(account).approve(pieUSD, MaxUint256);
    await pieUSD.connect(account).deposit(HELD, HELD);
  }
  await pieUSD.connect(attacker).approve(hostile, MaxUint256);
  return { admin, attacker, victim, hostile, pieUSD, token: await pieUSD.getAddress() };
}

type Hooked = Awaited<ReturnType<typeof hookFixture>>;

const balances = async ({ pieUSD, attacker, victim }: Hooked): Promise<bigint[]> =>
  Promise.all([attacker, victim].map((account) => pieUSD.balanceOf(account)));

/** Supply is the sum of balances, and backed to the unit. */
const expectWhole = async (hooked: Hooked): Promise<void> => {
  const { pieUSD } = hooked;
  const [first = 0n, second = 0n] = await balances(hooked);
  expect(await pieUSD.totalSupply()).to.equal(first + second);
  expect(await pieUSD.backing()).to.equal(first + second);
};

const expectRefused = async (hostile: HostileUSDT, pieUSD: PieUSD, error: string, args: unknown[]): Promise<void> => {
  expect(await hostile.reentrySucceeded()).to.equal(false);
  expect(await hostile.reentryResult()).to.equal(pieUSD.interface.encodeErrorResult(error, args));
};

describe("PieUSD reentered where it has no lock", () => {
  /** What calls out, and the pause that leaves it open. */
  const OUTER: Record<string, { other: "Deposits" | "Redemptions"; run: (hooked: Hooked) => Promise<unknown> }> = {
    "a deposit": {
      other: "Redemptions",
      run: ({ pieUSD, attacker }) => pieUSD.connect(attacker).deposit(UNIT, UNIT),
    },
    "a redemption": {
      other: "Deposits",
      run: ({ pieUSD, attacker }) => pieUSD.connect(attacker).redeem(UNIT, attacker, UNIT),
    },
    "a rescue": {
      other: "Deposits",
      run: async ({ pieUSD, hostile, admin, token }) => {
        await hostile.issue(token, UNIT);
        return pieUSD.connect(admin).rescue(hostile, admin, UNIT);
      },
    },
  };

  // A stale copy of a packed word, written back after the call out, would lose each of these.
  for (const [name, { other, run }] of Object.entries(OUTER)) {
    for (const pause of ["Deposits", "Redemptions"] as const) {
      it(`keeps a pause of ${pause.toLowerCase()} that comes in the middle of ${name}`, async () => {
        const hooked = await loadFixture(hookFixture);
        const { pieUSD, hostile, token } = hooked;
        await hostile.setReentry(token, pieUSD.interface.getFunction(`pause${pause}`).selector);
        await run(hooked);
        expect(await hostile.reentrySucceeded()).to.equal(true);
        expect([await pieUSD.depositsPaused(), await pieUSD.redemptionsPaused(), await pieUSD.proRata()]).to.deep.equal(
          [pause === "Deposits", pause === "Redemptions", false],
        );
        await expectWhole(hooked);
      });
    }

    it(`keeps the end of a pause that comes in the middle of ${name}`, async () => {
      const hooked = await loadFixture(hookFixture);
      const { pieUSD, hostile, token } = hooked;
      await pieUSD[`pause${other}`]();
      await hostile.setReentry(token, pieUSD.interface.getFunction(`unpause${other}`).selector);
      await run(hooked);
      expect(await hostile.reentrySucceeded()).to.equal(true);
      expect([await pieUSD.depositsPaused(), await pieUSD.redemptionsPaused()]).to.deep.equal([false, false]);
      await expectWhole(hooked);
    });

    it(`keeps a freeze that comes in the middle of ${name}, and the balance in its word`, async () => {
      const hooked = await loadFixture(hookFixture);
      const { pieUSD, hostile, token, attacker } = hooked;
      await hostile.setReentry(token, pieUSD.interface.encodeFunctionData("freeze", [attacker.address]));
      await run(hooked);
      expect(await hostile.reentrySucceeded()).to.equal(true);
      expect(await pieUSD.isFrozen(attacker)).to.equal(true);
      await expectWhole(hooked);
    });
  }

  it("has burned what is being redeemed, so that it is not spent a second time", async () => {
    const hooked = await loadFixture(hookFixture);
    const { pieUSD, hostile, token, attacker, victim } = hooked;
    const spend = pieUSD.interface.encodeFunctionData("transferFrom", [attacker.address, victim.address, HELD]);
    await hostile.setReentry(token, spend);
    await pieUSD.connect(attacker).redeem(HELD, attacker, HELD);
    await expectRefused(hostile, pieUSD, "ERC20InsufficientBalance", [attacker.address, 0n, HELD]);
    expect(await balances(hooked)).to.deep.equal([0n, HELD]);
    await expectWhole(hooked);
  });

  it("has minted nothing yet while a deposit is measured", async () => {
    const hooked = await loadFixture(hookFixture);
    const { pieUSD, hostile, token, attacker, victim } = hooked;
    const value = HELD + UNIT;
    const spend = pieUSD.interface.encodeFunctionData("transferFrom", [attacker.address, victim.address, value]);
    await hostile.setReentry(token, spend);
    await pieUSD.connect(attacker).deposit(UNIT, UNIT);
    await expectRefused(hostile, pieUSD, "ERC20InsufficientBalance", [attacker.address, HELD, value]);
    await expectWhole(hooked);
  });

  it("moves what the redeemer has left, in the middle of a redemption, without a trace on the supply", async () => {
    const hooked = await loadFixture(hookFixture);
    const { pieUSD, hostile, token, attacker, victim } = hooked;
    const rest = HELD - UNIT;
    await hostile.setReentry(
      token,
      pieUSD.interface.encodeFunctionData("transferFrom", [attacker.address, victim.address, rest]),
    );
    await pieUSD.connect(attacker).redeem(UNIT, attacker, UNIT);
    expect(await balances(hooked)).to.deep.equal([0n, HELD + rest]);
    await expectWhole(hooked);
  });

  it("rescues nothing in the middle of a redemption, where burned pieUSD looks like surplus", async () => {
    const hooked = await loadFixture(hookFixture);
    const { pieUSD, hostile, token, attacker } = hooked;
    const rescue = pieUSD.interface.encodeFunctionData("rescue", [await hostile.getAddress(), attacker.address, UNIT]);
    await hostile.setReentry(token, rescue);
    await pieUSD.connect(attacker).redeem(UNIT, attacker, UNIT);
    await expectRefused(hostile, pieUSD, "ReentrancyGuardReentrantCall", []);
    await expectWhole(hooked);
  });
});

describe("PieUSD with all the supply that its word holds", () => {
  async function fullFixture() {
    const hooked = await loadFixture(hookFixture);
    const { hostile, pieUSD, attacker } = hooked;
    const room = MAX_SUPPLY - 2n * HELD;
    await hostile.issue(attacker, room);
    await pieUSD.connect(attacker).deposit(room, room);
    return { ...hooked, whale: MAX_SUPPLY - HELD };
  }

  it("is filled to the last unit, and takes none more", async () => {
    const { pieUSD, hostile, attacker } = await loadFixture(fullFixture);
    expect(await pieUSD.totalSupply()).to.equal(MAX_SUPPLY);
    await hostile.issue(attacker, 1n);
    await expect(pieUSD.connect(attacker).deposit(1n, 0n))
      .to.be.revertedWithCustomError(pieUSD, "SupplyOverflow")
      .withArgs(1n, 0n);
  });

  it("keeps modes and supply apart, through every mode", async () => {
    const { pieUSD, hostile, token, attacker, whale } = await loadFixture(fullFixture);
    await hostile.confiscate(token, 1n);
    for (const set of [() => pieUSD.pauseDeposits(), () => pieUSD.openProRata(), () => pieUSD.pauseRedemptions()]) {
      await set();
      expect(await pieUSD.totalSupply()).to.equal(MAX_SUPPLY);
    }
    await pieUSD.unpauseRedemptions();
    // The product of the two is of 496 bits.
    const out = (whale * (MAX_SUPPLY - 1n)) / MAX_SUPPLY;
    await expect(pieUSD.connect(attacker).redeem(whale, attacker, out)).to.changeTokenBalance(hostile, attacker, out);
    expect(await pieUSD.totalSupply()).to.equal(HELD);
    expect([await pieUSD.depositsPaused(), await pieUSD.redemptionsPaused(), await pieUSD.proRata()]).to.deep.equal([
      true,
      false,
      true,
    ]);
  });

  it("keeps modes over a supply of zero", async () => {
    const { pieUSD, attacker, victim, whale } = await loadFixture(fullFixture);
    await pieUSD.pauseDeposits();
    await pieUSD.connect(attacker).redeem(whale, attacker, whale);
    await pieUSD.connect(victim).redeem(HELD, victim, HELD);
    expect(await pieUSD.totalSupply()).to.equal(0n);
    expect(await pieUSD.depositsPaused()).to.equal(true);
  });

  it("keeps freeze and balance apart, and gives the whole balance back", async () => {
    const { pieUSD, attacker, victim, whale } = await loadFixture(fullFixture);
    await pieUSD.freeze(attacker);
    expect(await pieUSD.balanceOf(attacker)).to.equal(whale);
    // The freeze's bit is no balance to spend from.
    for (const value of [1n, whale, 2n ** 255n, MaxUint256]) {
      await expect(pieUSD.connect(attacker).transfer(victim, value))
        .to.be.revertedWithCustomError(pieUSD, "AccountFrozen")
        .withArgs(attacker.address);
    }
    await pieUSD.unfreeze(attacker);
    await pieUSD.connect(attacker).transfer(victim, whale);
    expect(await pieUSD.balanceOf(victim)).to.equal(MAX_SUPPLY);
    expect(await pieUSD.isFrozen(victim)).to.equal(false);
  });

  it("leaves the account of the largest balance as it is when it pays itself", async () => {
    const { pieUSD, attacker, whale } = await loadFixture(fullFixture);
    await pieUSD.connect(attacker).transfer(attacker, whale);
    expect(await pieUSD.balanceOf(attacker)).to.equal(whale);
    await expect(pieUSD.connect(attacker).transfer(attacker, 2n ** 255n))
      .to.be.revertedWithCustomError(pieUSD, "ERC20InsufficientBalance")
      .withArgs(attacker.address, whale, 2n ** 255n);
  });
});

describe("PieUSD against calldata that no encoder writes", () => {
  let ctx: SuiteFixture;

  beforeEach(async () => {
    ctx = await loadFixture(suiteFixture);
  });

  type Signed = TransferAuthorization & { signature: string; v: number; r: string; s: string };

  const signed = async (): Promise<Signed> => {
    const message = buildTransfer({ from: ctx.alice.address, to: ctx.bob.address, value: UNIT, validBefore });
    const { bytes, v, r, s } = await signPieUSD(ctx.alice, ctx.domain, "TransferWithAuthorization", message);
    return { ...message, signature: bytes, v, r, s };
  };

  const word = (value: bigint): string => toBeHex(BigInt.asUintN(256, value), 32);

  const send = async (data: string) => ctx.relayer.sendTransaction({ to: ctx.token, data });

  /** The calldata of a batch of one, in words behind the selector: 0 array, 1 length, 2 element, 3 to 8 its fields, 9 signature's offset, 10 its length. */
  const words = async (): Promise<{ selector: string; all: string[] }> => {
    const element: IPieUSD.TransferAuthorizationStruct = await signed();
    const data = ctx.pieUSD.interface.encodeFunctionData("batchTransferWithAuthorization", [[element]]);
    const all = Array.from({ length: (data.length - 10) / 64 }, (_, i) => dataSlice(data, 4 + 32 * i, 36 + 32 * i));
    return { selector: dataSlice(data, 0, 4), all };
  };

  it("settles an element once where the array points to it twice", async () => {
    const { selector, all } = await words();
    const [array, , , ...element] = all;
    if (array === undefined) throw new Error("no calldata");
    const twice = concat([selector, array, word(2n), word(0x40n), word(0x40n), ...element]);
    await expect(send(twice))
      .to.emit(ctx.pieUSD, "AuthorizationSkipped")
      .withArgs(ctx.alice.address, all[8], ctx.pieUSD.interface.getError("AuthorizationUsedOrCanceled")?.selector);
    expect(await ctx.pieUSD.balanceOf(ctx.alice)).to.equal(DEPOSITED - UNIT);
  });

  it("skips an element whose offset points out of the calldata, which is all zeros there", async () => {
    const { selector, all } = await words();
    all[2] = word(-(2n ** 40n));
    await expect(send(concat([selector, ...all])))
      .to.emit(ctx.pieUSD, "AuthorizationSkipped")
      .withArgs(ZeroAddress, ZeroHash, ctx.pieUSD.interface.getError("AuthorizationExpired")?.selector);
    expect(await ctx.pieUSD.balanceOf(ctx.alice)).to.equal(DEPOSITED);
  });

  for (const [what, at, value] of [
    ["dirt above the payer's address", 3, (w: bigint) => w | (1n << 160n)],
    ["dirt above the payee's address", 4, (w: bigint) => w | (1n << 255n)],
    ["an element that begins behind the end", 2, () => 2n ** 63n],
    ["a signature that begins behind the end", 9, () => 2n ** 63n],
    ["a signature that ends behind the end", 10, () => 97n],
    ["a signature of 2^64 bytes", 10, () => 2n ** 64n],
    ["more elements than there is calldata for", 1, () => 100n],
    ["a length of 2^64", 1, () => 2n ** 64n],
  ] as const) {
    // Such a batch is its sender's own doing: it is not an element that cannot be settled, and is not skipped.
    it(`reverts a batch with ${what}, and settles none of it`, async () => {
      const { selector, all } = await words();
      all[at] = word(value(BigInt(all[at] ?? "0x")));
      await expect(send(concat([selector, ...all]))).to.be.revertedWithoutReason();
      expect(await ctx.pieUSD.balanceOf(ctx.alice)).to.equal(DEPOSITED);
    });
  }

  it("reverts a v with dirt above its byte", async () => {
    const a = await signed();
    const data = ctx.pieUSD.interface.encodeFunctionData(TRANSFER_VRS, [...transferArguments(a), a.v, a.r, a.s]);
    const at = 4 + 32 * 6;
    const bent = concat([dataSlice(data, 0, at), word(BigInt(a.v) + 256n), dataSlice(data, at + 32)]);
    await expect(send(bent)).to.be.revertedWithoutReason();
  });

  it("spends the nonce once, however long the calldata trails", async () => {
    const a = await signed();
    const data = ctx.pieUSD.interface.encodeFunctionData(TRANSFER_BYTES, [...transferArguments(a), a.signature]);
    await send(concat([data, "0x00"]));
    for (const again of [data, concat([data, "0x01"])]) {
      await expect(send(again))
        .to.be.revertedWithCustomError(ctx.pieUSD, "AuthorizationUsedOrCanceled")
        .withArgs(a.from, a.nonce);
    }
    expect(await ctx.pieUSD.balanceOf(ctx.alice)).to.equal(DEPOSITED - UNIT);
  });
});

describe("PieUSD.batchTransferWithAuthorization with a wallet that turns dear after the gas was estimated", () => {
  const batchFixture = async () => {
    const suite = await loadFixture(suiteFixture);
    const wallet = await hre.ethers.deployContract("HostileWallet");
    await suite.pieUSD.connect(suite.carol).transfer(wallet, UNIT);
    const elements = await Promise.all(
      [await wallet.getAddress(), suite.alice.address].map(async (from) => {
        const message = buildTransfer({ from, to: suite.bob.address, value: 1n, validBefore });
        const { bytes } = await signPieUSD(suite.alice, suite.domain, "TransferWithAuthorization", message);
        return { ...message, signature: bytes };
      }),
    );
    const batch = suite.pieUSD.connect(suite.relayer).batchTransferWithAuthorization;
    const estimate = await batch.estimateGas(elements);
    await wallet.setAnswer(ANSWER.BurnGas);
    return { ...suite, elements, batch, estimate };
  };

  it("reverts with the gas that was estimated, and settles none @gas", async () => {
    const { pieUSD, alice, batch, elements, estimate } = await batchFixture();
    await expect(batch(elements, { gasLimit: estimate })).to.be.reverted;
    expect(await pieUSD.balanceOf(alice)).to.equal(DEPOSITED);
  });

  // What a sender must do who settles for wallets that it does not know.
  it("settles the others where the sender adds the cap for each contract account @gas", async () => {
    const { pieUSD, alice, batch, elements, estimate } = await batchFixture();
    await batch(elements, { gasLimit: batchGasLimit(estimate, 1) });
    expect(await pieUSD.balanceOf(alice)).to.equal(DEPOSITED - 1n);
  });
});

describe("PieUSD's AuthorizationSkipped", () => {
  it("proves nothing about a payment: anybody may cause it for any payer and nonce", async () => {
    const { pieUSD, domain, alice, bob, stranger } = await loadFixture(suiteFixture);
    const message = buildTransfer({ from: alice.address, to: bob.address, value: UNIT, validBefore });
    const { bytes } = await signPieUSD(alice, domain, "TransferWithAuthorization", message);
    await expect(pieUSD.connect(stranger).batchTransferWithAuthorization([{ ...message, signature: "0x" }]))
      .to.emit(pieUSD, "AuthorizationSkipped")
      .withArgs(alice.address, message.nonce, pieUSD.interface.getError("InvalidSignature")?.selector);
    expect(await pieUSD.authorizationState(alice, message.nonce)).to.equal(false);
    await expect(pieUSD.connect(stranger)[TRANSFER_BYTES](...transferArguments(message), bytes)).to.changeTokenBalances(
      pieUSD,
      [alice, bob],
      [-UNIT, UNIT],
    );
  });
});

describe("PieUSD with one of its own contracts as the payer", () => {
  for (const name of ["pieUSD", "usdt", "manager"] as const) {
    it(`takes no signature for ${name}`, async () => {
      const { relayer, alice, domain, ...suite } = await loadFixture(suiteFixture);
      const from = await suite[name].getAddress();
      const message = { from, to: alice.address, value: 0n, validAfter: 0n, validBefore, nonce: randomNonce() };
      const { bytes } = await signPieUSD(alice, domain, "TransferWithAuthorization", message);
      await expect(
        suite.pieUSD.connect(relayer)[TRANSFER_BYTES](...transferArguments(message), bytes),
      ).to.be.revertedWithCustomError(suite.pieUSD, "InvalidSignature");
    });
  }
});

describe("PieUSD that USDT has blacklisted", () => {
  // USDT refuses a blacklisted sender, not a blacklisted receiver: what is deposited now may never come out.
  it("goes on taking deposits until the pauser stops them, and redeems nothing", async () => {
    const { pieUSD, usdt, token, holders, alice } = await loadFixture(suiteFixture);
    await usdt.addBlackList(token);
    await expect(pieUSD.connect(alice).deposit(UNIT, UNIT)).to.changeTokenBalance(pieUSD, alice, UNIT);
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, 0n)).to.be.reverted;
    await pieUSD.connect(holders.PAUSER).pauseDeposits();
    await expect(pieUSD.connect(alice).deposit(UNIT, UNIT)).to.be.revertedWithCustomError(pieUSD, "DepositsPaused");
  });

  it("burns nothing for a redemption that USDT refuses", async () => {
    const { pieUSD, usdt, token, alice } = await loadFixture(suiteFixture);
    await usdt.addBlackList(token);
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, 0n)).to.be.reverted;
    expect(await pieUSD.balanceOf(alice)).to.equal(DEPOSITED);
    expect(await pieUSD.totalSupply()).to.equal(3n * DEPOSITED);
  });
});

describe("PieUSD pro-rata mode after the loss of everything", () => {
  it("burns for nothing only where the holder accepts nothing", async () => {
    const { manager, pieUSD, usdt, token, holders, alice } = await loadFixture(suiteFixture);
    await usdt.addBlackList(token);
    await usdt.destroyBlackFunds(token);
    await usdt.removeBlackList(token);
    const open = pieUSD.interface.encodeFunctionData("openProRata");
    await schedule({ manager, holders }, "PAYMENTS_PRORATA", token, open);
    await time.increase(2 * DAY);
    await pieUSD.connect(holders.PAYMENTS_PRORATA).openProRata();
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, 1n))
      .to.be.revertedWithCustomError(pieUSD, "SlippageExceeded")
      .withArgs(0n, 1n);
    await expect(pieUSD.connect(alice).redeem(UNIT, alice, 0n))
      .to.emit(pieUSD, "Redeemed")
      .withArgs(alice.address, alice.address, UNIT, 0n);
  });
});

// A delay runs from the scheduling, not from what the operation answers to. The guardian is the answer.
describe("PieUSD's delayed roles, with an operation that was scheduled before its occasion", () => {
  async function scheduledFixture() {
    const suite = await loadFixture(suiteFixture);
    const data = suite.pieUSD.interface.encodeFunctionData("unpauseRedemptions");
    // Bytes behind the arguments make one operation into as many as one likes.
    const operations = [data, concat([data, "0x00"]), concat([data, "0x01"])];
    for (const operation of operations) await schedule(suite, "UNPAUSER", suite.token, operation);
    await time.increase(DAY);
    return { ...suite, operations };
  }

  it("end a pause at once, as often as they were scheduled", async () => {
    const { manager, pieUSD, token, holders, operations } = await loadFixture(scheduledFixture);
    for (const operation of operations) {
      await pieUSD.connect(holders.PAUSER).pauseRedemptions();
      await manager.connect(holders.UNPAUSER).execute(token, operation);
      expect(await pieUSD.redemptionsPaused()).to.equal(false);
    }
  });

  it("wait the whole delay where the guardian cancels what has no occasion", async () => {
    const { manager, pieUSD, token, holders, operations } = await loadFixture(scheduledFixture);
    for (const operation of operations) {
      await manager.connect(holders.GUARDIAN).cancel(holders.UNPAUSER, token, operation);
    }
    await pieUSD.connect(holders.PAUSER).pauseRedemptions();
    for (const operation of operations) {
      await expect(manager.connect(holders.UNPAUSER).execute(token, operation))
        .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
        .withArgs(await manager.hashOperation(holders.UNPAUSER, token, operation));
    }
    expect(await pieUSD.redemptionsPaused()).to.equal(true);
  });
});

describe("The guardian", () => {
  it("cannot cancel its own removal", async () => {
    const { manager, holders } = await loadFixture(suiteFixture);
    const data = manager.interface.encodeFunctionData("revokeRole", [role("GUARDIAN").id, holders.GUARDIAN.address]);
    await schedule({ manager, holders }, "ADMIN", await manager.getAddress(), data);
    await expect(manager.connect(holders.GUARDIAN).cancel(holders.ADMIN, manager, data))
      .to.be.revertedWithCustomError(manager, "AccessManagerUnauthorizedCancel")
      .withArgs(holders.GUARDIAN.address, holders.ADMIN.address, await manager.getAddress(), dataSlice(data, 0, 4));
    await time.increase(role("ADMIN").executionDelay);
    await manager.connect(holders.ADMIN).execute(manager, data);
    expect((await manager.hasRole(role("GUARDIAN").id, holders.GUARDIAN))[0]).to.equal(false);
  });
});
