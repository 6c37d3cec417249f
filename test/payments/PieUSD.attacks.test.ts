import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { TypedDataEncoder } from "ethers";
import hre from "hardhat";

import {
  PIEUSD_TYPES,
  buildTransfer,
  pieUSDDomain,
  randomNonce,
  signPieUSD,
  transferArguments,
} from "../../sdk/payments/typedData";
import type { HostileUSDT, PieUSD } from "../../typechain-types";
import { UNIT, suiteFixture } from "../fixtures/suite";

/** HostileUSDT.Lie */
const LIE = { MoveNothing: 1n, ReturnFalse: 2n, ChargeSender: 3n, Inflate: 5n, Shrink: 6n } as const;

const HELD = 1_000n * UNIT;
const validBefore = 2n ** 40n;

/** pieUSD over a token that lies on demand; the attacker and the victim have deposited 1,000 each. */
async function hostileFixture() {
  const [admin, attacker, victim] = await hre.ethers.getSigners();
  if (!admin || !attacker || !victim) throw new Error("too few accounts");
  const manager = await hre.ethers.deployContract("AccessManager", [admin.address]);
  const hostile = await hre.ethers.deployContract("HostileUSDT");
  const pieUSD = await hre.ethers.deployContract("PieUSD", [manager, hostile]);
  for (const account of [attacker, victim]) {
    await hostile.issue(account, 2n * HELD);
    await hostile.connect(account).approve(pieUSD, hre.ethers.MaxUint256);
    await pieUSD.connect(account).deposit(HELD, HELD);
  }
  return { admin, attacker, victim, hostile, pieUSD, token: await pieUSD.getAddress() };
}

const expectWhole = async (pieUSD: PieUSD, hostile: HostileUSDT): Promise<void> => {
  expect(await hostile.balanceOf(pieUSD)).to.equal(2n * HELD);
  expect(await pieUSD.totalSupply()).to.equal(2n * HELD);
};

describe("PieUSD over an underlying that lies", () => {
  it("mints nothing where nothing arrives", async () => {
    const { pieUSD, hostile, attacker } = await loadFixture(hostileFixture);
    await hostile.setLie(LIE.MoveNothing);
    await expect(pieUSD.connect(attacker).deposit(UNIT, 0n)).to.be.revertedWithCustomError(pieUSD, "ZeroAmount");
    await expectWhole(pieUSD, hostile);
  });

  it("mints nothing where its own balance falls", async () => {
    const { pieUSD, hostile, attacker } = await loadFixture(hostileFixture);
    await hostile.setLie(LIE.Shrink);
    await expect(pieUSD.connect(attacker).deposit(UNIT, 0n)).to.be.revertedWithCustomError(pieUSD, "ZeroAmount");
    await expectWhole(pieUSD, hostile);
  });

  it("takes `false` for a failure", async () => {
    const { pieUSD, hostile, attacker } = await loadFixture(hostileFixture);
    await hostile.setLie(LIE.ReturnFalse);
    for (const attempt of [
      () => pieUSD.connect(attacker).deposit(UNIT, 0n),
      () => pieUSD.connect(attacker).redeem(UNIT, attacker, 0n),
    ]) {
      await expect(attempt())
        .to.be.revertedWithCustomError(pieUSD, "SafeERC20FailedOperation")
        .withArgs(await hostile.getAddress());
    }
    await expectWhole(pieUSD, hostile);
  });

  it("lets no redemption report success without a payout that the redeemer asked for", async () => {
    const { pieUSD, hostile, attacker } = await loadFixture(hostileFixture);
    await hostile.setLie(LIE.MoveNothing);
    await expect(pieUSD.connect(attacker).redeem(UNIT, attacker, UNIT))
      .to.be.revertedWithCustomError(pieUSD, "SlippageExceeded")
      .withArgs(0n, UNIT);
    await expectWhole(pieUSD, hostile);
  });

  it("refuses a redemption that would charge those who stay", async () => {
    const { pieUSD, hostile, attacker } = await loadFixture(hostileFixture);
    await hostile.setLie(LIE.ChargeSender);
    await expect(pieUSD.connect(attacker).redeem(100n * UNIT, attacker, 0n))
      .to.be.revertedWithCustomError(pieUSD, "Undercollateralized")
      .withArgs(2n * HELD - 101n * UNIT, 2n * HELD - 100n * UNIT);
    await expectWhole(pieUSD, hostile);
  });

  it("refuses more supply than its word holds, before the word is touched", async () => {
    const { pieUSD, hostile, attacker } = await loadFixture(hostileFixture);
    await hostile.setLie(LIE.Inflate);
    await expect(pieUSD.connect(attacker).deposit(UNIT, 0n))
      .to.be.revertedWithCustomError(pieUSD, "SupplyOverflow")
      .withArgs(2n ** 248n, 2n ** 248n - 1n - 2n * HELD);
    expect([await pieUSD.depositsPaused(), await pieUSD.redemptionsPaused(), await pieUSD.proRata()]).to.deep.equal([
      false,
      false,
      false,
    ]);
    await expectWhole(pieUSD, hostile);
  });
});

describe("PieUSD reentered by its underlying", () => {
  const guarded: [string, (pieUSD: PieUSD, attacker: string) => string][] = [
    ["deposit", ({ interface: i }) => i.encodeFunctionData("deposit", [UNIT, 0n])],
    ["depositFor", ({ interface: i }, attacker) => i.encodeFunctionData("depositFor", [attacker, UNIT, 0n])],
    [
      "depositWithPermit",
      ({ interface: i }) =>
        i.encodeFunctionData("depositWithPermit", [UNIT, 0n, 0n, 27, hre.ethers.ZeroHash, hre.ethers.ZeroHash]),
    ],
    ["redeem", ({ interface: i }, attacker) => i.encodeFunctionData("redeem", [1n, attacker, 0n])],
    [
      "redeemWithAuthorization",
      ({ interface: i }, attacker) =>
        i.encodeFunctionData("redeemWithAuthorization", [
          attacker,
          attacker,
          1n,
          0n,
          0n,
          validBefore,
          randomNonce(),
          "0x",
        ]),
    ],
  ];

  for (const outer of ["deposit", "redeem"] as const) {
    for (const [inner, encode] of guarded) {
      it(`during ${outer}, refuses ${inner}`, async () => {
        const { pieUSD, hostile, token, attacker } = await loadFixture(hostileFixture);
        await hostile.setReentry(token, encode(pieUSD, attacker.address));
        if (outer === "deposit") await pieUSD.connect(attacker).deposit(UNIT, UNIT);
        else await pieUSD.connect(attacker).redeem(UNIT, attacker, UNIT);
        expect(await hostile.reentrySucceeded()).to.equal(false);
        expect(await hostile.reentryResult()).to.equal(
          pieUSD.interface.getError("ReentrancyGuardReentrantCall")?.selector,
        );
        expect(await hostile.balanceOf(pieUSD)).to.equal(await pieUSD.totalSupply());
      });
    }
  }

  it("during a rescue, refuses a redemption", async () => {
    const { pieUSD, hostile, token, admin, attacker } = await loadFixture(hostileFixture);
    await hostile.issue(token, UNIT);
    await hostile.setReentry(token, pieUSD.interface.encodeFunctionData("redeem", [1n, attacker.address, 0n]));
    await pieUSD.connect(admin).rescue(hostile, attacker, UNIT);
    expect(await hostile.reentrySucceeded()).to.equal(false);
    await expectWhole(pieUSD, hostile);
  });

  it("during a rescue, refuses another, even by a rescuer that is the token itself", async () => {
    const { pieUSD, hostile, token, admin, attacker } = await loadFixture(hostileFixture);
    const manager = await hre.ethers.getContractAt("AccessManager", await pieUSD.authority());
    await manager.connect(admin).grantRole(0n, hostile, 0);
    await hostile.issue(token, 2n * UNIT);
    const hostileAddress = await hostile.getAddress();
    const rescue = pieUSD.interface.encodeFunctionData("rescue", [hostileAddress, attacker.address, UNIT]);
    await hostile.setReentry(token, rescue);
    await pieUSD.connect(admin).rescue(hostile, attacker, UNIT);
    expect(await hostile.reentryResult()).to.equal(pieUSD.interface.getError("ReentrancyGuardReentrantCall")?.selector);
    expect(await pieUSD.surplus()).to.equal(UNIT);
  });

  it("during a redemption, refuses to judge whether pro-rata mode may open or close", async () => {
    const { pieUSD, hostile, token, admin, attacker } = await loadFixture(hostileFixture);
    const manager = await hre.ethers.getContractAt("AccessManager", await pieUSD.authority());
    await hostile.confiscate(token, HELD / 2n);
    await pieUSD.connect(admin).openProRata();
    await manager.connect(admin).grantRole(0n, hostile, 0);
    const locked = pieUSD.interface.getError("ReentrancyGuardReentrantCall")?.selector;
    // Half of the supply is burned and its USDT has not left yet: backing would seem whole.
    const { interface: i } = pieUSD;
    for (const call of [i.encodeFunctionData("closeProRata"), i.encodeFunctionData("openProRata")]) {
      await hostile.setReentry(token, call);
      await pieUSD.connect(attacker).redeem(HELD / 2n, attacker, 0n);
      expect(await hostile.reentryResult(), call).to.equal(locked);
    }
    expect(await pieUSD.proRata()).to.equal(true);
    expect(await pieUSD.backing()).to.be.lessThan(await pieUSD.totalSupply());
  });

  it("books a donation inside of a deposit to the depositor, and breaks nothing", async () => {
    const { pieUSD, hostile, token, attacker } = await loadFixture(hostileFixture);
    // The underlying's hook gives the wrapper 5 more while the deposit is measured.
    await hostile.setReentry(await hostile.getAddress(), hostile.interface.encodeFunctionData("issue", [token, 5n]));
    await expect(pieUSD.connect(attacker).deposit(UNIT, UNIT)).to.changeTokenBalance(pieUSD, attacker, UNIT + 5n);
    expect(await hostile.balanceOf(pieUSD)).to.equal(await pieUSD.totalSupply());
  });
});

describe("PieUSD against donations", () => {
  it("gives nobody a share of them: the rate is one", async () => {
    const { pieUSD, hostile, token, attacker, victim } = await loadFixture(hostileFixture);
    await hostile.issue(token, 123n);
    await expect(pieUSD.connect(victim).deposit(UNIT, UNIT)).to.changeTokenBalance(pieUSD, victim, UNIT);
    await expect(pieUSD.connect(attacker).redeem(HELD, attacker, HELD)).to.changeTokenBalance(hostile, attacker, HELD);
    expect(await pieUSD.surplus()).to.equal(123n);
  });
});

describe("PieUSD against front-running", () => {
  const transfer = "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)" as const;

  it("lets nobody spend a payee contract's authorization outside of its call", async () => {
    const { pieUSD, domain, alice, stranger } = await loadFixture(suiteFixture);
    const payee = await hre.ethers.deployContract("MockPayee");
    const message = buildTransfer({ from: alice.address, to: await payee.getAddress(), value: UNIT, validBefore });
    const { bytes } = await signPieUSD(alice, domain, "ReceiveWithAuthorization", message);
    const receive = "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)" as const;
    await expect(pieUSD.connect(stranger)[receive](...transferArguments(message), bytes))
      .to.be.revertedWithCustomError(pieUSD, "CallerNotPayee")
      .withArgs(stranger.address, await payee.getAddress());
    await expect(
      pieUSD.connect(stranger)[transfer](...transferArguments(message), bytes),
    ).to.be.revertedWithCustomError(pieUSD, "InvalidSignature");
    await payee.connect(stranger).buy(pieUSD, alice, UNIT, validBefore, message.nonce, bytes);
    expect(await payee.booked(alice)).to.equal(UNIT);
    expect(await pieUSD.balanceOf(payee)).to.equal(UNIT);
  });

  it("pays the same payee the same once, whoever sends it", async () => {
    const { pieUSD, domain, alice, bob, relayer, stranger } = await loadFixture(suiteFixture);
    const message = buildTransfer({ from: alice.address, to: bob.address, value: UNIT, validBefore });
    const { bytes } = await signPieUSD(alice, domain, "TransferWithAuthorization", message);
    await expect(pieUSD.connect(stranger)[transfer](...transferArguments(message), bytes)).to.changeTokenBalances(
      pieUSD,
      [alice, bob],
      [-UNIT, UNIT],
    );
    await expect(pieUSD.connect(relayer)[transfer](...transferArguments(message), bytes))
      .to.be.revertedWithCustomError(pieUSD, "AuthorizationUsedOrCanceled")
      .withArgs(alice.address, message.nonce);
  });

  it("decides a race between payment and cancellation once", async () => {
    const { pieUSD, domain, alice, bob, relayer } = await loadFixture(suiteFixture);
    const message = buildTransfer({ from: alice.address, to: bob.address, value: UNIT, validBefore });
    const pay = await signPieUSD(alice, domain, "TransferWithAuthorization", message);
    const cancelMessage = { authorizer: alice.address, nonce: message.nonce };
    const cancel = await signPieUSD(alice, domain, "CancelAuthorization", cancelMessage);
    const cancelFn = "cancelAuthorization(address,bytes32,bytes)" as const;
    await pieUSD.connect(relayer)[cancelFn](alice.address, message.nonce, cancel.bytes);
    await expect(pieUSD.connect(relayer)[transfer](...transferArguments(message), pay.bytes))
      .to.be.revertedWithCustomError(pieUSD, "AuthorizationUsedOrCanceled")
      .withArgs(alice.address, message.nonce);
    await expect(pieUSD.connect(relayer)[cancelFn](alice.address, message.nonce, cancel.bytes))
      .to.be.revertedWithCustomError(pieUSD, "AuthorizationUsedOrCanceled")
      .withArgs(alice.address, message.nonce);
  });
});

describe("PieUSD against replays", () => {
  it("has another domain on every chain and at every address", async () => {
    const { token } = await loadFixture(suiteFixture);
    const separators = [
      pieUSDDomain(31337n, token),
      pieUSDDomain(1n, token),
      pieUSDDomain(31337n, "0x00000000000000000000000000000000000000aa"),
    ].map((domain) => TypedDataEncoder.hashDomain(domain));
    expect(new Set(separators).size).to.equal(3);
  });

  it("tells its five messages apart, though their nonces share one space", () => {
    const names = Object.keys(PIEUSD_TYPES) as (keyof typeof PIEUSD_TYPES)[];
    const hashes = names.map((name) => TypedDataEncoder.from({ [name]: PIEUSD_TYPES[name] }).encodeType(name));
    expect(new Set(hashes).size).to.equal(5);
  });

  it("refuses a transfer's signature for a redemption of the same fields", async () => {
    const { pieUSD, domain, alice, bob, relayer } = await loadFixture(suiteFixture);
    const message = buildTransfer({ from: alice.address, to: bob.address, value: UNIT, validBefore });
    const { bytes } = await signPieUSD(alice, domain, "TransferWithAuthorization", message);
    const { from, to, value, validAfter, nonce } = message;
    await expect(
      pieUSD.connect(relayer).redeemWithAuthorization(from, to, value, 0n, validAfter, validBefore, nonce, bytes),
    ).to.be.revertedWithCustomError(pieUSD, "InvalidSignature");
  });
});

describe("PieUSD and native coin", () => {
  it("takes none", async () => {
    const { token, alice } = await loadFixture(suiteFixture);
    await expect(alice.sendTransaction({ to: token, value: 1n })).to.be.reverted;
  });
});
