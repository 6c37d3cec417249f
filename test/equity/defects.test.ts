/**
 * Defects of the systems that the equity domain follows, each as a test that ours passes. One has no test: a bridge that
 * ignores the pause and loses mismatched messages, because there is no bridge here.
 */
import { time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Interface, MaxUint256, ZeroAddress, id as digest, type TypedDataField } from "ethers";
import hre from "hardhat";

import { DELAYS } from "../../deploy/roles";
import type { CorporateActions } from "../../typechain-types";
import {
  DAY,
  FLAGS,
  HELD,
  KIND,
  PAUSE,
  SHARE,
  WAD,
  act,
  block,
  call,
  loadEquity,
  mint,
  scheduleAction,
  type EquityFixture,
} from "../fixtures/equity";
import { walletPayer } from "../helpers/accounts";
import { asRole } from "../helpers/authority";

const BEACON_SLOT = "0xa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50";
const permit = "permit(address,address,uint256,uint256,bytes)" as const;
const PERMIT_TYPES: Record<string, TypedDataField[]> = {
  Permit: [
    { name: "owner", type: "address" },
    { name: "spender", type: "address" },
    { name: "value", type: "uint256" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" },
  ],
};

const beaconOf = async (proxy: string): Promise<string> =>
  hre.ethers.getAddress(`0x${(await hre.ethers.provider.getStorage(proxy, BEACON_SLOT)).slice(26)}`);

const split = (numerator: bigint, denominator = 1n) => ({
  kind: numerator > denominator ? KIND.Split : KIND.ReverseSplit,
  numerator,
  denominator,
});

const setFee = async (suite: EquityFixture, keep: bigint, period: number): Promise<unknown> =>
  call(suite, "EQUITY_CONFIG", suite.corporateActions, "setFee", [suite.equityAddress, keep, period]);

/** Implementations of a later version, made as the present ones were. */
const laterVersions = async (suite: EquityFixture): Promise<{ token: string; wrapper: string }> => {
  const { complianceRegistry, corporateActions, equityIssuance, equityDocuments } = suite;
  const token = await hre.ethers.deployContract("EquityTokenV2", [
    await complianceRegistry.getAddress(),
    await corporateActions.getAddress(),
    await equityIssuance.getAddress(),
    await equityDocuments.getAddress(),
  ]);
  const wrapper = await hre.ethers.deployContract("WrappedEquityV2");
  return { token: await token.getAddress(), wrapper: await wrapper.getAddress() };
};

const upgradeTo = (implementation: string): string =>
  new Interface(["function upgradeTo(address)"]).encodeFunctionData("upgradeTo", [implementation]);

const versionOf = async (address: string): Promise<bigint> => {
  const data = await hre.ethers.provider.call({ to: address, data: digest("version()").slice(0, 10) });
  return BigInt(data);
};

describe("Defects that tokenized stocks have elsewhere, and not here", () => {
  describe("open re-initialisers that let a stranger brick the token or write false history", () => {
    it("there is one initialiser of each contract, and it was called", async () => {
      const suite = await loadEquity();
      const { equity, equityAddress, wrapper, corporateActions, manager, tokenBeacon, wrapperBeacon, stranger } = suite;
      for (const contract of [equity, wrapper, corporateActions]) {
        const names: string[] = [];
        contract.interface.forEachFunction(({ name }) => {
          if (/init/i.test(name)) names.push(name);
        });
        expect(names).to.deep.equal(["initialize"]);
      }
      const configuration = {
        name: "Brick",
        symbol: "BRICK",
        isin: `0x${"00".repeat(12)}`,
        wrapper: stranger.address,
        policy: 0,
        productClass: 0,
        countries: 0n,
      };
      for (const address of [equityAddress, await tokenBeacon.implementation()]) {
        const token = await hre.ethers.getContractAt("EquityToken", address);
        await expect(token.connect(stranger).initialize(manager, configuration)).to.be.revertedWithCustomError(
          token,
          "InvalidInitialization",
        );
      }
      for (const address of [suite.wrapperAddress, await wrapperBeacon.implementation()]) {
        const unit = await hre.ethers.getContractAt("WrappedEquity", address);
        await expect(
          unit.connect(stranger).initialize(manager, equityAddress, "Brick", "BRICK"),
        ).to.be.revertedWithCustomError(unit, "InvalidInitialization");
      }
      await expect(corporateActions.connect(stranger).initialize(manager)).to.be.revertedWithCustomError(
        corporateActions,
        "InvalidInitialization",
      );
      expect([await equity.name(), await equity.symbol()]).to.deep.equal(["Tesla xStock", "TSLAx"]);
    });
  });

  describe("an upgrade that drops all balances", () => {
    it("both beacons' upgrade keeps balances, allowances, freezes, snapshots, units and what is to come", async () => {
      const suite = await loadEquity();
      const { equity, wrapper, wrapperAddress, tokenBeacon, wrapperBeacon, holders, alice, bob, carol } = suite;
      await act(suite, split(3n, 2n));
      await equity.connect(alice).approve(wrapper, MaxUint256);
      await equity.connect(bob).approve(carol, 12_345n);
      await wrapper.connect(alice).deposit(100n * SHARE, alice);
      await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(bob, 7n * SHARE);
      await wrapper.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, 3n);
      await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
      await equity.connect(bob).transfer(alice, 5n);
      const at = await scheduleAction(suite, {
        ...split(2n),
        effectiveAt: (await time.latest()) + 60 * DAY,
        haltMinutes: 5,
      });
      const state = async (): Promise<unknown[]> => {
        const seen: unknown[] = [
          await equity.name(),
          await equity.totalShares(),
          await equity.totalSupply(),
          await equity.multiplier(),
          [...(await equity.pendingMultiplier())],
          await equity.snapshotId(),
          await equity.allowance(bob, carol),
          await equity.allowance(alice, wrapperAddress),
          await wrapper.name(),
          await wrapper.totalSupply(),
          await wrapper.asset(),
          await equity.DOMAIN_SEPARATOR(),
        ];
        for (const account of [alice.address, bob.address, carol.address, wrapperAddress]) {
          seen.push(await equity.sharesOf(account), await equity.balanceOf(account), await wrapper.balanceOf(account));
          seen.push(await equity.getFrozenTokens(account), await wrapper.getFrozenTokens(account));
          seen.push(await equity.sharesAt(account, 1n), await wrapper.sharesAt(account, 1n));
        }
        return seen;
      };
      const before = await state();
      const { token: nextToken, wrapper: nextWrapper } = await laterVersions(suite);
      await asRole(suite, "EQUITY_UPGRADER", await tokenBeacon.getAddress(), upgradeTo(nextToken));
      await asRole(suite, "EQUITY_UPGRADER", await wrapperBeacon.getAddress(), upgradeTo(nextWrapper));
      expect(await versionOf(suite.equityAddress)).to.equal(2n);
      expect(await versionOf(wrapperAddress)).to.equal(2n);
      expect(await state()).to.deep.equal(before);
      // And all goes on.
      await wrapper.connect(alice).redeem(1n * SHARE, alice, alice);
      await time.increaseTo(at + 5 * 60 + 1);
      await equity.connect(bob).transfer(carol, SHARE);
      expect(await equity.multiplier()).to.equal(3n * WAD);
    });
  });

  describe("a period length of 0, a future fee time, and a fee of 100 percent brick transfers", () => {
    it("none of the three can be set, and no fee stands in a transfer's way", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, alice, bob } = suite;
      const keep = WAD - 10n ** 15n;
      for (const [kept, period] of [
        [keep, 0],
        [0n, DAY],
        [1n, DAY],
      ] as const) {
        await expect(setFee(suite, kept, period))
          .to.be.revertedWithCustomError(corporateActions, "BadFee")
          .withArgs(kept, period);
      }
      // No call names a time: a fee runs from the second in which it is set.
      await setFee(suite, keep, DAY);
      const { accruedUntil, appliedAt } = await corporateActions.feeOf(suite.equityAddress);
      const now = BigInt(await time.latest());
      expect([accruedUntil, appliedAt]).to.deep.equal([now, now]);
      await setFee(suite, (98n * WAD) / 100n, DAY);
      await time.increase(3_650 * DAY);
      await expect(equity.connect(alice).transfer(bob, SHARE)).to.changeTokenBalances(
        equity,
        [alice, bob],
        [-SHARE, SHARE],
      );
    });
  });

  describe("a loop over idle periods: a transfer after 365 idle days costs 453,254 gas", () => {
    it("a transfer costs the same after 365 idle days, and the fee's application the logarithm @gas", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity, equityAddress, alice, bob } = suite;
      const spent = async (): Promise<bigint> => {
        const receipt = await (await equity.connect(alice).transfer(bob, SHARE)).wait();
        return receipt?.gasUsed ?? 0n;
      };
      await setFee(suite, WAD - 10n ** 13n, DAY);
      await spent();
      const before = await spent();
      await time.increase(365 * DAY);
      expect(await spent()).to.equal(before);
      expect(before).to.be.lessThan(60_000n);
      const receipt = await (await corporateActions.poke(equityAddress)).wait();
      expect(receipt?.gasUsed ?? MaxUint256).to.be.lessThan(220_000n);
      expect((await corporateActions.actionOf(equityAddress, 0n)).multiplier).to.be.lessThan(WAD);
    });
  });

  describe("a second schedule silently replaces the first", () => {
    it("it reverts, and the first stands", async () => {
      const suite = await loadEquity();
      const { corporateActions, equity } = suite;
      const at = await scheduleAction(suite, split(2n));
      await expect(scheduleAction(suite, { ...split(3n), effectiveAt: at + DAY }))
        .to.be.revertedWithCustomError(corporateActions, "ScheduleOverlap")
        .withArgs(at);
      await time.increaseTo(at);
      expect(await equity.multiplier()).to.equal(2n * WAD);
    });
  });

  describe("the multiplier's nonce can fall", () => {
    const nonceOf = async (actions: CorporateActions, token: string): Promise<bigint> => actions.nonce(token);

    it("it counts what took effect, through cancellations, fees and an upgrade; and nobody can set it", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress, holders } = suite;
      await setFee(suite, WAD - 10n ** 15n, DAY);
      let last = 0n;
      const rises = async (by: bigint): Promise<void> => {
        const nonce = await nonceOf(corporateActions, equityAddress);
        expect(nonce).to.equal(last + by);
        last = nonce;
      };
      for (let i = 0; i < 3; ++i) {
        await act(suite, split(2n));
        await rises(1n);
        await scheduleAction(suite, split(3n));
        await rises(0n);
        await corporateActions.connect(holders.EQUITY_CORP_ACTION).cancelAction(equityAddress, last);
        await rises(0n);
        await corporateActions.poke(equityAddress);
        await rises(1n);
      }
      const implementation = await hre.ethers.deployContract("CorporateActions");
      const data = corporateActions.interface.encodeFunctionData("upgradeToAndCall", [
        await implementation.getAddress(),
        "0x",
      ]);
      await asRole(suite, "EQUITY_UPGRADER", await corporateActions.getAddress(), data);
      await rises(0n);
      const setters: string[] = [];
      corporateActions.interface.forEachFunction(({ name, stateMutability }) => {
        if (/nonce/i.test(name) && stateMutability !== "view") setters.push(name);
      });
      expect(setters).to.deep.equal([]);
    });
  });

  describe("at a multiplier of 4, transfer(3) emits 3 and moves nothing", () => {
    it("it moves a share: what the receiver gains is never less than the amount", async () => {
      const suite = await loadEquity();
      const { equity, alice, bob } = suite;
      await act(suite, split(4n));
      for (const amount of [1n, 3n, 4n, 5n]) {
        const shares = (amount + 3n) / 4n;
        const had = await equity.sharesOf(bob);
        const held = await equity.balanceOf(bob);
        await expect(equity.connect(alice).transfer(bob, amount))
          .to.emit(equity, "Transfer")
          .withArgs(alice.address, bob.address, amount)
          .and.to.emit(equity, "TransferShares")
          .withArgs(shares);
        expect((await equity.sharesOf(bob)) - had).to.equal(shares);
        expect((await equity.balanceOf(bob)) - held).to.equal(4n * shares);
      }
    });
  });

  describe("at a multiplier of 0.5, transferSharesFrom needs no allowance", () => {
    it("a share that is worth less than a unit charges a unit", async () => {
      const suite = await loadEquity();
      const { equity, alice, bob } = suite;
      await act(suite, split(1n, 2n));
      const take = (): Promise<unknown> => equity.connect(bob).transferSharesFrom(alice, bob, 1n);
      await expect(take())
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientAllowance")
        .withArgs(bob.address, 0n, 1n);
      await equity.connect(alice).approve(bob, 1n);
      await take();
      expect(await equity.allowance(alice, bob)).to.equal(0n);
      await expect(take())
        .to.be.revertedWithCustomError(equity, "ERC20InsufficientAllowance")
        .withArgs(bob.address, 0n, 1n);
    });
  });

  describe("a permit without ERC-1271", () => {
    it("a contract wallet permits by its owner's key, and by no other", async () => {
      const suite = await loadEquity();
      const { equity, equityAddress, chainId, bob, stranger } = suite;
      const { address, owner } = await walletPayer();
      const { name, version } = await equity.eip712Domain();
      const domain = { name, version, chainId, verifyingContract: equityAddress };
      const message = { owner: address, spender: bob.address, value: SHARE, nonce: 0n, deadline: MaxUint256 };
      const forged = await stranger.signTypedData(domain, PERMIT_TYPES, message);
      await expect(equity[permit](address, bob, SHARE, MaxUint256, forged))
        .to.be.revertedWithCustomError(equity, "ERC2612InvalidSigner")
        .withArgs(stranger.address, address);
      const signature = await owner.signer.signTypedData(domain, PERMIT_TYPES, message);
      await equity[permit](address, bob, SHARE, MaxUint256, signature);
      expect(await equity.allowance(address, bob)).to.equal(SHARE);
      expect(await equity.nonces(address)).to.equal(1n);
    });
  });

  describe("a pause also blocks burning", () => {
    it("transfers, mints and burns each have a pause of their own", async () => {
      const suite = await loadEquity();
      const { equity, holders, alice, bob } = suite;
      const redeemer = holders.EQUITY_REDEEMER;
      await equity.connect(alice).transfer(redeemer, 10n * SHARE);
      const pauser = equity.connect(holders.PAUSER);
      await pauser.pause(PAUSE.TRANSFER | PAUSE.MINT | PAUSE.BRIDGE);
      await expect(equity.connect(alice).transfer(bob, 1n)).to.be.revertedWithCustomError(equity, "TransferPaused");
      await expect(mint(suite, alice.address, SHARE)).to.be.revertedWithCustomError(equity, "MintPaused");
      await expect(equity.connect(redeemer).burn(SHARE)).to.changeTokenBalance(equity, redeemer, -SHARE);
      await pauser.pause(PAUSE.BURN);
      await expect(equity.connect(redeemer).burn(SHARE)).to.be.revertedWithCustomError(equity, "BurnPaused");
    });
  });

  describe("a mint to a sanctioned address works", () => {
    it("it reverts, for an account that the list names and anybody has pulled", async () => {
      const suite = await loadEquity();
      const { complianceRegistry, equity, stranger, relayer } = suite;
      const list = await hre.ethers.deployContract("MockSanctionsList");
      await call(suite, "EQUITY_CONFIG", complianceRegistry, "setSanctionsList", [await list.getAddress()]);
      await list.addToSanctionsList([stranger.address]);
      await complianceRegistry.connect(relayer).syncSanction(stranger);
      await expect(mint(suite, stranger.address, SHARE))
        .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
        .withArgs(stranger.address);
      expect(await equity.balanceOf(stranger)).to.equal(0n);
    });
  });

  describe("a sanctions list that is zero stops all transfers", () => {
    it("without a list, and with one that is dead, transfers go on and blocks hold", async () => {
      const suite = await loadEquity();
      const { complianceRegistry, equity, alice, bob, carol } = suite;
      await block(suite, carol.address);
      const list = await hre.ethers.deployContract("MockSanctionsList");
      await list.setMode(1);
      for (const address of [ZeroAddress, await list.getAddress(), ZeroAddress]) {
        if ((await complianceRegistry.sanctionsList()) !== address) {
          await call(suite, "EQUITY_CONFIG", complianceRegistry, "setSanctionsList", [address]);
        }
        await expect(equity.connect(alice).transfer(bob, SHARE)).to.changeTokenBalance(equity, bob, SHARE);
        await expect(equity.connect(alice).transfer(carol, SHARE))
          .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
          .withArgs(carol.address);
        expect((await complianceRegistry.accountOf(carol)) & FLAGS.BLOCKED).to.equal(FLAGS.BLOCKED);
      }
    });
  });

  describe("no timelock, no beacon", () => {
    it("an upgrade waits seven days in the open, and is one for every stock", async () => {
      const suite = await loadEquity();
      const { equity, equityAddress, wrapperAddress, tokenBeacon, wrapperBeacon, manager, holders, deployer } = suite;
      const { token: nextToken, wrapper: nextWrapper } = await laterVersions(suite);
      for (const [proxy, beacon, next] of [
        [equityAddress, tokenBeacon, nextToken],
        [wrapperAddress, wrapperBeacon, nextWrapper],
      ] as const) {
        const address = await beacon.getAddress();
        expect(await beaconOf(proxy)).to.equal(address);
        // The proxy obeys no one; the beacon obeys the manager alone.
        expect(await beacon.owner()).to.equal(await manager.getAddress());
        for (const caller of [deployer, holders.EQUITY_UPGRADER, holders.ADMIN]) {
          await expect(beacon.connect(caller).upgradeTo(next))
            .to.be.revertedWithCustomError(beacon, "OwnableUnauthorizedAccount")
            .withArgs(caller.address);
        }
        const data = upgradeTo(next);
        const upgrader = holders.EQUITY_UPGRADER;
        const operation = await manager.hashOperation(upgrader, address, data);
        await expect(manager.connect(upgrader).execute(address, data))
          .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
          .withArgs(operation);
        await manager.connect(upgrader).schedule(address, data, 0);
        const scheduled = await time.latest();
        await time.setNextBlockTimestamp(scheduled + DELAYS.upgrade - 1);
        await expect(manager.connect(upgrader).execute(address, data))
          .to.be.revertedWithCustomError(manager, "AccessManagerNotReady")
          .withArgs(operation);
        await time.setNextBlockTimestamp(scheduled + DELAYS.upgrade);
        await manager.connect(upgrader).execute(address, data);
        expect(await versionOf(proxy)).to.equal(2n);
      }
      expect(await equity.totalShares()).to.equal(3n * HELD);
    });

    it("configuration waits two days", async () => {
      const { corporateActions, equityAddress, manager, holders } = await loadEquity();
      const config = holders.EQUITY_CONFIG;
      const data = corporateActions.interface.encodeFunctionData("setFee", [equityAddress, WAD - 1n, DAY]);
      const operation = await manager.hashOperation(config, corporateActions, data);
      await manager.connect(config).schedule(corporateActions, data, 0);
      const scheduled = await time.latest();
      await time.setNextBlockTimestamp(scheduled + DELAYS.configuration - 1);
      await expect(manager.connect(config).execute(corporateActions, data))
        .to.be.revertedWithCustomError(manager, "AccessManagerNotReady")
        .withArgs(operation);
    });
  });

  describe("at a multiplier of 3, the wrapper's withdraw(11) delivers 9", () => {
    it("it delivers 12, the least number of whole shares that is no less", async () => {
      const suite = await loadEquity();
      const { equity, wrapper, alice, bob } = suite;
      await act(suite, split(3n));
      await equity.connect(alice).approve(wrapper, MaxUint256);
      await wrapper.connect(alice).deposit(300n, alice);
      const before = await equity.balanceOf(bob);
      await wrapper.connect(alice).withdraw(11n, bob, alice);
      expect((await equity.balanceOf(bob)) - before).to.equal(12n);
      expect(await wrapper.balanceOf(alice)).to.equal(96n);
      expect(await equity.sharesOf(wrapper)).to.equal(96n);
    });
  });

  describe("the oracle needs 22 hourly updates to follow a split of 10 for 1", () => {
    it("the token's price follows in the split's second, and one report goes on", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityOracle, equityAddress, holders } = suite;
      const price = 25_000n * 10n ** 6n;
      const limits = { maxAge: 7 * DAY, maxMoveBps: 100 };
      await call(suite, "EQUITY_CONFIG", equityOracle, "setLimits", [equityAddress, 60, [limits, limits, limits]]);
      const updater = equityOracle.connect(holders.EQUITY_ORACLE_UPDATER);
      const report = async (): Promise<unknown> =>
        updater.update(equityAddress, price, await time.latest(), 0, await corporateActions.nonce(equityAddress));
      const first = await time.latest();
      await updater.update(equityAddress, price, first, 0, 0n);
      await equityOracle.connect(holders.EQUITY_ORACLE_CONFIRMER).confirm(equityAddress, price, first);
      const feed = await hre.ethers.deployContract("TokenPriceFeed", [await equityOracle.getAddress(), equityAddress]);
      const answer = async (): Promise<bigint> => (await feed.latestRoundData())[1];
      const at = await scheduleAction(suite, { ...split(10n), haltMinutes: 15 });
      await time.increaseTo(at - 1);
      expect(await answer()).to.equal(price);
      await time.increaseTo(at);
      expect(await answer()).to.equal(price / 10n);
      await time.increaseTo(at + 1);
      // A share is worth what it was: the report is no move, and is taken at once.
      await report();
      expect(await answer()).to.equal(price / 10n);
      expect((await equityOracle.priceOf(equityAddress)).price).to.equal(price);
      // One of before the split is refused, not clamped.
      await expect(updater.update(equityAddress, price, await time.latest(), 0, 0n))
        .to.be.revertedWithCustomError(equityOracle, "StaleMultiplier")
        .withArgs(1n, 0n);
    });
  });
});
