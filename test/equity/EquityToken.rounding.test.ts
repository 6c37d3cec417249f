import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, getCreateAddress, toBeHex } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import {
  FREEZE_ALL,
  MAX_AMOUNT,
  MAX_MULTIPLIER,
  MAX_SHARES,
  MIN_MULTIPLIER,
  WAD,
  allowedSupply,
  amountsOfSharesTransfer,
  availableAmount,
  balanceOfShares,
  freeShares,
  frozenAmount,
  sharesToBurn,
  sharesToFreeze,
  sharesToMint,
  sharesToTransfer,
  toAmount,
  wrapperRounding,
} from "../../sdk/equity/rounding";
import { packInvestor } from "../../sdk/equity/compliance";
import type {
  ComplianceRegistry,
  EquityIssuance,
  EquityToken,
  MockAggregator,
  WrappedEquity,
} from "../../typechain-types";
import { impersonated } from "../helpers/accounts";

const SEED = 20_261_125;
const RUNS = 40;
/** A bucket's capacity: 104 bits. */
const MOST_MINTED = 2n ** 104n - 1n;

interface Fixture {
  token: EquityToken;
  wrapper: WrappedEquity;
  registry: ComplianceRegistry;
  issuance: EquityIssuance;
  feed: MockAggregator;
  alice: HardhatEthersSigner;
  bob: HardhatEthersSigner;
  /** Exactly so many shares, then this multiplier. */
  give: (shares: bigint, multiplier: bigint) => Promise<void>;
}

/**
 * A token and its wrapper, whose manager's admin is the deployer: every role without a delay. The manager's address also
 * stands for the contract of corporate actions, so that any multiplier can be had at once.
 */
async function roundingFixture(): Promise<Fixture> {
  const [admin, alice, bob] = (await hre.ethers.getSigners()) as [
    HardhatEthersSigner,
    HardhatEthersSigner,
    HardhatEthersSigner,
  ];
  const manager = await hre.ethers.deployContract("AccessManager", [admin.address]);
  const registry = await hre.ethers.deployContract("ComplianceRegistry", [manager]);
  const issuance = await hre.ethers.deployContract("EquityIssuance", [manager]);
  const feed = await hre.ethers.deployContract("MockAggregator", [18, MAX_AMOUNT >> 16n]);
  const tokenCode = await hre.ethers.deployContract("EquityToken", [registry, manager, issuance, registry]);
  const wrapperCode = await hre.ethers.deployContract("WrappedEquity");
  const tokens = await hre.ethers.deployContract("UpgradeableBeacon", [tokenCode, admin.address]);
  const wrappers = await hre.ethers.deployContract("UpgradeableBeacon", [wrapperCode, admin.address]);
  const nonce = await admin.getNonce();
  const configuration = {
    name: "Stock",
    symbol: "STK",
    isin: toBeHex(0, 12),
    wrapper: getCreateAddress({ from: admin.address, nonce: nonce + 1 }),
    policy: 0,
    productClass: 0,
    countries: 0n,
  };
  const tokenProxy = await hre.ethers.deployContract("BeaconProxy", [
    tokens,
    tokenCode.interface.encodeFunctionData("initialize", [await manager.getAddress(), configuration]),
  ]);
  const token = tokenCode.attach(await tokenProxy.getAddress()) as EquityToken;
  const wrapperProxy = await hre.ethers.deployContract("BeaconProxy", [
    wrappers,
    wrapperCode.interface.encodeFunctionData("initialize", [
      await manager.getAddress(),
      await token.getAddress(),
      "Wrapped Stock",
      "wSTK",
    ]),
  ]);
  const wrapper = wrapperCode.attach(await wrapperProxy.getAddress()) as WrappedEquity;
  expect(await wrapper.getAddress()).to.equal(configuration.wrapper);
  const system = packInvestor({ system: true, wrapper: true });
  await registry.setSystem(wrapper, system, system);
  await issuance.configure(token, {
    capShares: MAX_SHARES,
    feed: { feed: await feed.getAddress(), decimals: 0, heartbeat: 604_800, marginBps: 0, chainShareBps: 10_000 },
    limits: { window: 1, globalCapacity: MOST_MINTED, minterCapacity: MOST_MINTED },
  });
  await token.connect(alice).approve(wrapper, MaxUint256);
  const actions = await impersonated(await manager.getAddress());
  const give = async (shares: bigint, multiplier: bigint): Promise<void> => {
    if (shares > 0n) await token.mint(alice, shares, toBeHex(1, 32));
    await token.connect(actions).applyMultiplier(multiplier);
  };
  return { token, wrapper, registry, issuance, feed, alice, bob, give };
}

const scaled = (min: bigint, max: bigint): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.bigInt(min, max),
    fc
      .integer({ min: 0, max: max.toString(2).length - 1 })
      .chain((bits) => fc.bigInt(min, 2n ** BigInt(bits) > min ? 2n ** BigInt(bits) : min)),
    fc.constantFrom(min, min + 1n, max - 1n, max),
  );

const shares = scaled(1n, MOST_MINTED);
const multiplier = fc.oneof(
  scaled(MIN_MULTIPLIER, MAX_MULTIPLIER),
  fc.constantFrom(WAD - 1n, WAD, WAD + 1n, WAD / 2n, 3n * WAD, 4n * WAD),
);
/** A part of something, in parts per million. */
const part = fc.oneof(fc.constantFrom(0n, 1n, 999_999n, 1_000_000n), fc.bigInt(0n, 1_000_000n));
const of = (ppm: bigint, whole: bigint): bigint => (whole * ppm) / 1_000_000n;

/** Each case from the same start. */
const holds = async (
  check: (fixture: Fixture, held: bigint, m: bigint, ppm: bigint) => Promise<void>,
): Promise<void> => {
  await fc.assert(
    fc.asyncProperty(shares, multiplier, part, async (held, m, ppm) => {
      const fixture = await loadFixture(roundingFixture);
      await fixture.give(held, m);
      await check(fixture, held, m, ppm);
    }),
    { seed: SEED, numRuns: RUNS },
  );
};

describe("EquityToken: rounding as the SDK rounds", () => {
  before(() => {
    console.log(`      seed ${SEED}, ${RUNS} runs a property`);
  });

  it("of balances, the supply and what views convert", async () => {
    await holds(async ({ token, wrapper, alice }, held, m, ppm) => {
      expect(await token.balanceOf(alice)).to.equal(balanceOfShares(held, m));
      expect(await token.totalSupply()).to.equal(toAmount(held, m));
      const amount = of(ppm, MAX_AMOUNT);
      expect(await token.sharesFor(amount)).to.equal(sharesToTransfer(amount, m));
      expect(await token.amountFor(of(ppm, MAX_SHARES))).to.equal(toAmount(of(ppm, MAX_SHARES), m));
      expect(await wrapper.previewDeposit(amount)).to.equal(wrapperRounding.deposit(amount, m));
      expect(await wrapper.previewWithdraw(amount)).to.equal(wrapperRounding.withdraw(amount, m));
      expect(await wrapper.previewMint(held)).to.equal(wrapperRounding.previewMint(held, m));
      expect(await wrapper.previewRedeem(held)).to.equal(wrapperRounding.previewRedeem(held, m));
    });
  });

  it("of a transfer of an amount, and of one of shares", async () => {
    await holds(async ({ token, alice, bob }, held, m, ppm) => {
      const amount = of(ppm, balanceOfShares(held, m));
      const moved = sharesToTransfer(amount, m);
      await expect(token.connect(alice).transfer(bob, amount)).to.emit(token, "TransferShares").withArgs(moved);
      expect(await token.sharesOf(bob)).to.equal(moved);
      const rest = held - moved;
      const { transferred, charged } = amountsOfSharesTransfer(rest, m);
      await token.connect(alice).approve(bob, charged);
      await expect(token.connect(bob).transferSharesFrom(alice, bob, rest))
        .to.emit(token, "Transfer")
        .withArgs(alice.address, bob.address, transferred);
      expect(await token.allowance(alice, bob)).to.equal(0n);
      expect(await token.sharesOf(bob)).to.equal(held);
    });
  });

  it("of mints and burns", async () => {
    await holds(async ({ token, alice, bob }, held, m, ppm) => {
      const [admin] = await hre.ethers.getSigners();
      const amount = of(ppm, balanceOfShares(MOST_MINTED, m));
      const minted = sharesToMint(amount, m);
      await time.increase(10); // the bucket is full again
      const mint = token.mint(admin!, amount, toBeHex(2, 32));
      if (minted === 0n) {
        await expect(mint).to.be.revertedWithCustomError(token, "ZeroShares").withArgs();
        return;
      }
      await expect(mint).to.emit(token, "TransferShares").withArgs(minted);
      const burn = of(ppm, balanceOfShares(minted, m));
      const burned = sharesToBurn(burn, m);
      if (burned === 0n) {
        await expect(token.burn(burn)).to.be.revertedWithCustomError(token, "ZeroShares").withArgs();
        return;
      }
      await token.burn(burn);
      expect(await token.sharesOf(admin!)).to.equal(minted - burned);
      expect([await token.totalShares(), await token.sharesOf(alice), await token.sharesOf(bob)]).to.deep.equal([
        held + minted - burned,
        held,
        0n,
      ]);
    });
  });

  it("of a freeze, and of what it leaves", async () => {
    await holds(async ({ token, alice, bob }, held, m, ppm) => {
      const amount = of(ppm, 2n * balanceOfShares(held, m));
      const frozen = sharesToFreeze(amount, m);
      if (frozen === null) {
        await expect(token.setFrozenTokens(alice, amount))
          .to.be.revertedWithCustomError(token, "FrozenTooLarge")
          .withArgs(amount);
        return;
      }
      await token.setFrozenTokens(alice, amount);
      expect(await token.getFrozenTokens(alice)).to.equal(frozenAmount(frozen, m));
      const available = availableAmount(held, frozen, m);
      if (available < balanceOfShares(held, m))
        await expect(token.connect(alice).transfer(bob, available + 1n))
          .to.be.revertedWithCustomError(token, "ERC7943InsufficientUnfrozenBalance")
          .withArgs(alice.address, available + 1n, available);
      await token.connect(alice).transfer(bob, available);
      await token.connect(alice).transferShares(bob, freeShares(await token.sharesOf(alice), frozen));
      expect(await token.sharesOf(alice)).to.equal(held < frozen ? held : frozen);
      await token.setFrozenTokens(alice, FREEZE_ALL);
      expect(await token.getFrozenTokens(alice)).to.equal(FREEZE_ALL);
      expect(await token.canTransfer(alice, bob, 1n)).to.equal((await token.balanceOf(alice)) === 0n);
    });
  });

  it("of the wrapper's deposits and withdrawals", async () => {
    await holds(async ({ token, wrapper, alice, bob }, held, m, ppm) => {
      const assets = of(ppm, balanceOfShares(held, m));
      const units = wrapperRounding.deposit(assets, m);
      if (units === 0n) {
        await expect(wrapper.connect(alice).deposit(assets, alice))
          .to.be.revertedWithCustomError(wrapper, "ZeroShares")
          .withArgs();
        return;
      }
      await wrapper.connect(alice).deposit(assets, alice);
      expect([await wrapper.balanceOf(alice), await token.sharesOf(wrapper)]).to.deep.equal([units, units]);
      const back = of(ppm, wrapperRounding.previewRedeem(units, m));
      const burned = wrapperRounding.withdraw(back, m);
      if (burned > 0n) await wrapper.connect(alice).withdraw(back, bob, alice);
      expect([await token.sharesOf(bob), await wrapper.balanceOf(alice)]).to.deep.equal([burned, units - burned]);
    });
  });

  it("of reserves", async () => {
    await fc.assert(
      fc.asyncProperty(
        scaled(1n, 2n ** 160n),
        fc.integer({ min: 0, max: 36 }),
        fc.bigInt(0n, 9_999n),
        fc.bigInt(1n, 10_000n),
        async (answer, decimals, marginBps, chainShareBps) => {
          const { token, issuance, feed } = await loadFixture(roundingFixture);
          await feed.setDecimals(decimals);
          await feed.push(answer);
          await issuance.setReserveFeed(token, {
            feed: await feed.getAddress(),
            decimals: 0,
            heartbeat: 604_800,
            marginBps,
            chainShareBps,
          });
          expect(await issuance.allowedSupply(token)).to.equal(
            allowedSupply(answer, { decimals, marginBps, chainShareBps }),
          );
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
