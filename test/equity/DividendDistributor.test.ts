import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, type AddressLike } from "ethers";
import hre from "hardhat";

import type { DividendDistributor, MockHookToken, MockPayout } from "../../typechain-types";
import {
  CANCEL_DELAY,
  DAY,
  DOCUMENT,
  KIND,
  SHARE,
  USD,
  fields,
  pass,
  redemptionFixture,
  type Redemptions,
} from "../fixtures/redemptions";
import { PAYOUT_MODE } from "../helpers/mocks";

/** Of 1,750 shares in all: two dollars a share. */
const FUNDED = 3_500n * USD;
const PERIOD = 730n * DAY;
const ID = 1n;

interface Funded extends Redemptions {
  /** Whatever else is claimed, what each dividend is left with is there. */
  expectBooks: () => Promise<void>;
}

const withBooks = (suite: Redemptions): Funded => ({
  ...suite,
  expectBooks: async () => {
    const { distributor, usd } = suite;
    let left = 0n;
    for (let id = await distributor.count(); id > 0n; --id) {
      const { funded, paid, closed } = await distributor.dividendOf(id);
      expect(paid).to.be.at.most(funded);
      if (!closed) left += funded - paid;
    }
    expect(await usd.balanceOf(distributor)).to.equal(left);
  },
});

/** At the snapshot alice has 1,000 shares, bob 500, carol 250. */
async function fundedFixture(): Promise<Funded> {
  const suite = await loadFixture(redemptionFixture);
  await suite.snapshot();
  await suite.distributor.connect(suite.corp).fund(suite.token, 1n, FUNDED, DOCUMENT);
  return withBooks(suite);
}

/**
 * At the snapshot alice has 600 shares of her own, 300 in the wrapper, and 100 in a request (number 1) to be paid; bob's
 * 500 and carol's 250 are their own.
 */
async function spreadFixture(): Promise<Funded> {
  const suite = await loadFixture(redemptionFixture);
  const { alice, wrapper, request, snapshot, distributor, corp, token } = suite;
  await wrapper.connect(alice).deposit(300n * SHARE, alice);
  await request(alice, 100n * SHARE);
  await snapshot();
  await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
  return withBooks(suite);
}

/** A holder that is a contract, called when it is paid in a currency with hooks, and that holds every role. */
async function hookFixture(): Promise<
  Redemptions & { hook: MockHookToken; rogue: MockPayout; other: DividendDistributor }
> {
  const suite = await loadFixture(redemptionFixture);
  const { manager, queue, token, corp, alice, verify, snapshot, wire, empower } = suite;
  const { ethers } = hre;
  const hook = await ethers.deployContract("MockHookToken");
  const rogue = await ethers.deployContract("MockPayout");
  const other = await ethers.deployContract("DividendDistributor", [manager, hook, queue]);
  await wire(other, "distributor");
  await empower(rogue);
  await verify(rogue);
  await token.connect(alice).transferShares(rogue, 100n * SHARE);
  await snapshot();
  await hook.mint(corp, 2n * FUNDED);
  await hook.connect(corp).approve(other, MaxUint256);
  await other.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
  await rogue.execute(hook, 0n, hook.interface.encodeFunctionData("setHooks", [ZeroAddress, await rogue.getAddress()]));
  return { ...suite, hook, rogue, other };
}

describe("DividendDistributor", () => {
  it("refuses parts without code", async () => {
    const { distributor, manager, usd, queue, stranger } = await loadFixture(redemptionFixture);
    const factory = await hre.ethers.getContractFactory("DividendDistributor");
    await expect(factory.deploy(stranger, usd, queue))
      .to.be.revertedWithCustomError(distributor, "AccessManagedInvalidAuthority")
      .withArgs(stranger.address);
    await expect(factory.deploy(manager, stranger, queue))
      .to.be.revertedWithCustomError(distributor, "InvalidContract")
      .withArgs(stranger.address);
    await expect(factory.deploy(manager, usd, stranger))
      .to.be.revertedWithCustomError(distributor, "InvalidContract")
      .withArgs(stranger.address);
  });

  it("says what pays, whose requests it asks, how long a batch may be and how long claims are open", async () => {
    const { distributor, usd, escrow } = await loadFixture(redemptionFixture);
    expect(await distributor.payToken()).to.equal(await usd.getAddress());
    expect(await distributor.redemptionQueue()).to.equal(escrow);
    expect(await distributor.MAX_BATCH()).to.equal(100n);
    expect(await distributor.CLAIM_PERIOD()).to.equal(PERIOD);
    expect(await distributor.count()).to.equal(0n);
  });

  it("lets nobody without the role fund or take back", async () => {
    const { distributor, token, config, corp, alice } = await loadFixture(fundedFixture);
    await pass(PERIOD);
    for (const by of [alice, config]) {
      await expect(distributor.connect(by).fund(token, 1n, FUNDED, DOCUMENT))
        .to.be.revertedWithCustomError(distributor, "AccessManagedUnauthorized")
        .withArgs(by.address);
    }
    for (const by of [alice, corp]) {
      await expect(distributor.connect(by).reclaim(ID, by))
        .to.be.revertedWithCustomError(distributor, "AccessManagedUnauthorized")
        .withArgs(by.address);
    }
  });

  describe("fund", () => {
    it("takes the caller's money for the shares of a snapshot, says so, and counts up from 1", async () => {
      const suite = await loadFixture(redemptionFixture);
      const { distributor, token, usd, corp, stock, snapshot } = suite;
      await snapshot();
      const perShare = (FUNDED << 128n) / (1_750n * SHARE);
      const by = distributor.connect(corp);
      expect(await by.fund.staticCall(token, 1n, FUNDED, DOCUMENT)).to.equal(1n);
      const sent = by.fund(token, 1n, FUNDED, DOCUMENT);
      await expect(sent).to.changeTokenBalances(usd, [corp, distributor], [-FUNDED, FUNDED]);
      await expect(sent).to.emit(distributor, "DividendFunded").withArgs(1n, stock, 1n, FUNDED, perShare, DOCUMENT);
      expect(fields(await distributor.dividendOf(1n))).to.deep.equal({
        token: stock,
        snapshot: 1n,
        fundedAt: BigInt(await time.latest()),
        closed: false,
        funded: FUNDED,
        paid: 0n,
        perShare,
      });
      await by.fund(token, 1n, 2n * FUNDED, DOCUMENT);
      expect(await distributor.count()).to.equal(2n);
      await withBooks(suite).expectBooks();
    });

    it("counts what arrives, where the currency takes a fee", async () => {
      const { distributor, token, usd, corp, alice, snapshot } = await loadFixture(redemptionFixture);
      await snapshot();
      await usd.setParams(10n, 49n);
      await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
      const arrived = FUNDED - FUNDED / 1_000n;
      expect((await distributor.dividendOf(ID)).funded).to.equal(arrived);
      expect(await distributor.claimable(ID, alice)).to.be.within(
        (arrived * 1_000n) / 1_750n - 1n,
        (arrived * 1_000n) / 1_750n,
      );
    });

    it("reverts for what is no token, and for a snapshot that there is not", async () => {
      const { distributor, token, corp, stranger } = await loadFixture(redemptionFixture);
      const by = distributor.connect(corp);
      await expect(by.fund(stranger, 1n, FUNDED, DOCUMENT))
        .to.be.revertedWithCustomError(distributor, "InvalidContract")
        .withArgs(stranger.address);
      await expect(by.fund(token, 1n, FUNDED, DOCUMENT))
        .to.be.revertedWithCustomError(token, "UnknownSnapshot")
        .withArgs(1n);
    });

    it("reverts where nobody held a share", async () => {
      const { distributor, registry, corp } = await loadFixture(redemptionFixture);
      const empty = await hre.ethers.deployContract("MockLyingShares", [registry]);
      await expect(distributor.connect(corp).fund(empty, 4n, FUNDED, DOCUMENT))
        .to.be.revertedWithCustomError(distributor, "NoShares")
        .withArgs(await empty.getAddress(), 4n);
    });

    it("reverts for nothing, and for an amount that is nothing for each share", async () => {
      const { distributor, token, registry, corp, snapshot } = await loadFixture(redemptionFixture);
      await snapshot();
      const by = distributor.connect(corp);
      await expect(by.fund(token, 1n, 0n, DOCUMENT))
        .to.be.revertedWithCustomError(distributor, "AmountTooSmall")
        .withArgs(0n, 1_750n * SHARE);
      const vast = await hre.ethers.deployContract("MockLyingShares", [registry]);
      await vast.setTotal(2n ** 129n);
      await expect(by.fund(vast, 1n, 1n, DOCUMENT))
        .to.be.revertedWithCustomError(distributor, "AmountTooSmall")
        .withArgs(1n, 2n ** 129n);
      await by.fund(vast, 1n, 2n, DOCUMENT);
    });

    it("reverts for numbers that would be cut", async () => {
      const { manager, distributor, queue, registry, corp, wire } = await loadFixture(redemptionFixture);
      const hook = await hre.ethers.deployContract("MockHookToken");
      const other = await hre.ethers.deployContract("DividendDistributor", [manager, hook, queue]);
      await wire(other, "distributor");
      const shares = await hre.ethers.deployContract("MockLyingShares", [registry]);
      await shares.setTotal(1n);
      await hook.mint(corp, 2n ** 128n);
      await hook.connect(corp).approve(other, MaxUint256);
      const by = other.connect(corp);
      await expect(by.fund(shares, 1n, 2n ** 128n, DOCUMENT))
        .to.be.revertedWithCustomError(distributor, "SafeCastOverflowedUintDowncast")
        .withArgs(128n, 2n ** 128n);
      await expect(by.fund(shares, 65_536n, 1n, DOCUMENT))
        .to.be.revertedWithCustomError(distributor, "SafeCastOverflowedUintDowncast")
        .withArgs(16n, 65_536n);
      await by.fund(shares, 65_535n, 2n ** 128n - 1n, DOCUMENT);
      expect((await other.dividendOf(1n)).perShare).to.equal((2n ** 128n - 1n) << 128n);
    });
  });

  describe("claim", () => {
    it("pays an account for its shares at the snapshot, whoever asks, and says so", async () => {
      const suite = await loadFixture(fundedFixture);
      const { distributor, usd, alice, stranger } = suite;
      expect(await distributor.claimable(ID, alice)).to.equal(2_000n * USD - 1n); // rounded down twice
      const by = distributor.connect(stranger);
      expect(await by.claim.staticCall(ID, alice)).to.equal(2_000n * USD - 1n);
      const sent = by.claim(ID, alice);
      await expect(sent)
        .to.emit(distributor, "DividendClaimed")
        .withArgs(ID, KIND.Account, alice.address, alice.address, 2_000n * USD - 1n);
      await expect(sent).to.changeTokenBalances(usd, [alice, stranger], [2_000n * USD - 1n, 0n]);
      expect(await distributor.isClaimed(ID, KIND.Account, alice.address)).to.equal(true);
      expect(await distributor.claimable(ID, alice)).to.equal(0n);
      await suite.expectBooks();
    });

    it("reverts the second time, for each dividend by itself", async () => {
      const suite = await loadFixture(fundedFixture);
      const { distributor, token, usd, corp, alice } = suite;
      await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
      await distributor.claim(1n, alice);
      await expect(distributor.claim(1n, alice))
        .to.be.revertedWithCustomError(distributor, "AlreadyClaimed")
        .withArgs(1n, KIND.Account, alice.address);
      await distributor.claim(2n, alice);
      expect(await usd.balanceOf(alice)).to.equal(2n * (2_000n * USD - 1n));
      await suite.expectBooks();
    });

    it("reverts for a dividend that there is not", async () => {
      const { distributor, alice } = await loadFixture(fundedFixture);
      for (const id of [0n, 2n]) {
        await expect(distributor.claim(id, alice))
          .to.be.revertedWithCustomError(distributor, "UnknownDividend")
          .withArgs(id);
        expect(await distributor.claimable(id, alice)).to.equal(0n);
      }
    });

    it("reverts for who had no shares, or too few for a unit of the currency", async () => {
      const { distributor, token, corp, alice, stranger, verify, snapshot } = await loadFixture(redemptionFixture);
      await verify(stranger);
      await token.connect(alice).transferShares(stranger, 1n);
      await snapshot();
      await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
      for (const account of [stranger.address, ZeroAddress]) {
        await expect(distributor.claim(ID, account))
          .to.be.revertedWithCustomError(distributor, "NothingToClaim")
          .withArgs(ID, KIND.Account, account);
        expect(await distributor.isClaimed(ID, KIND.Account, account)).to.equal(false);
      }
    });

    it("keeps the part of a blocked account, and pays it once it is blocked no longer", async () => {
      const suite = await loadFixture(redemptionFixture);
      const { distributor, usd, bob, block, wrapper, queue, token, alice, enforcer, request, snapshot, corp } = suite;
      await wrapper.connect(bob).deposit(100n * SHARE, bob);
      const requestId = await request(bob, SHARE);
      await snapshot();
      await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
      await block(bob);
      for (const attempt of [
        () => distributor.claim(ID, bob),
        () => distributor.claimWrapped(ID, bob),
        () => distributor.claimRequest(ID, requestId),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(distributor, "AccountBlocked").withArgs(bob.address);
      }
      expect(await distributor.claimable(ID, bob)).to.equal(0n);
      expect(await distributor.claimableWrapped(ID, bob)).to.equal(0n);
      expect(await distributor.claimableRequest(ID, requestId)).to.equal(0n);
      // Shares that an enforcer takes take no dividend of before with them.
      await queue.connect(enforcer).seize(requestId, alice);
      await block(bob, false);
      await distributor.claim(ID, bob);
      await distributor.claimWrapped(ID, bob);
      await distributor.claimRequest(ID, requestId);
      expect(await usd.balanceOf(bob)).to.be.within(1_000n * USD - 3n, 1_000n * USD);
    });

    it("refuses wrapper, queue, token and distributor, whose shares are others'", async () => {
      const { distributor, token, wrapper, queue } = await loadFixture(spreadFixture);
      for (const part of [token, wrapper, queue, distributor]) {
        const account = await part.getAddress();
        for (const attempt of [() => distributor.claim(ID, part), () => distributor.claimWrapped(ID, part)]) {
          await expect(attempt()).to.be.revertedWithCustomError(distributor, "NotClaimant").withArgs(account);
        }
        expect(await distributor.claimable(ID, part)).to.equal(0n);
        expect(await distributor.claimableWrapped(ID, part)).to.equal(0n);
      }
    });

    it("pays a pool, which is a part of the system too, as an account", async () => {
      const { distributor, registry, token, usd, corp, alice, stranger, snapshot } =
        await loadFixture(redemptionFixture);
      await registry.setSystem(stranger, 16n, 16n);
      await token.connect(alice).transferShares(stranger, 7n * SHARE);
      await snapshot();
      await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
      await distributor.claim(ID, stranger);
      expect(await usd.balanceOf(stranger)).to.be.within(14n * USD - 1n, 14n * USD);
    });
  });

  describe("claimWrapped", () => {
    it("pays for units of the wrapper at the snapshot, beside the account's own shares", async () => {
      const suite = await loadFixture(spreadFixture);
      const { distributor, usd, alice, bob } = suite;
      const part = await distributor.claimableWrapped(ID, alice);
      expect(part).to.be.within(600n * USD - 1n, 600n * USD);
      const sent = distributor.connect(bob).claimWrapped(ID, alice);
      await expect(sent)
        .to.emit(distributor, "DividendClaimed")
        .withArgs(ID, KIND.Wrapped, alice.address, alice.address, part);
      await expect(sent).to.changeTokenBalances(usd, [alice, bob], [part, 0n]);
      await expect(distributor.claimWrapped(ID, alice))
        .to.be.revertedWithCustomError(distributor, "AlreadyClaimed")
        .withArgs(ID, KIND.Wrapped, alice.address);
      expect(await distributor.isClaimed(ID, KIND.Account, alice.address)).to.equal(false);
      await distributor.claim(ID, alice);
      await suite.expectBooks();
    });

    it("reverts for who had no units", async () => {
      const { distributor, bob } = await loadFixture(spreadFixture);
      await expect(distributor.claimWrapped(ID, bob))
        .to.be.revertedWithCustomError(distributor, "NothingToClaim")
        .withArgs(ID, KIND.Wrapped, bob.address);
    });
  });

  describe("claimRequest", () => {
    it("pays the requester for shares that were in escrow at the snapshot, once, and says so", async () => {
      const suite = await loadFixture(spreadFixture);
      const { distributor, usd, alice, bob } = suite;
      const part = await distributor.claimableRequest(ID, 1n);
      expect(part).to.be.within(200n * USD - 1n, 200n * USD);
      const sent = distributor.connect(bob).claimRequest(ID, 1n);
      await expect(sent).to.emit(distributor, "DividendClaimed").withArgs(ID, KIND.Request, 1n, alice.address, part);
      await expect(sent).to.changeTokenBalances(usd, [alice, bob], [part, 0n]);
      await expect(distributor.claimRequest(ID, 1n))
        .to.be.revertedWithCustomError(distributor, "AlreadyClaimed")
        .withArgs(ID, KIND.Request, 1n);
      await suite.expectBooks();
    });

    it("pays it also once the request was settled, and was closed before the dividend was funded", async () => {
      const suite = await loadFixture(redemptionFixture);
      const { distributor, queue, token, usd, alice, redeemer, corp, request, snapshot } = suite;
      const id = await request(alice, 100n * SHARE);
      await snapshot();
      await queue.connect(redeemer).lock(id);
      await queue.connect(redeemer).settle(id, 100n * USD, DOCUMENT);
      await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
      await distributor.claimRequest(ID, id);
      expect(await usd.balanceOf(alice)).to.be.within(300n * USD - 1n, 300n * USD);
    });

    it("reverts for requests of before, of after, and for none", async () => {
      const suite = await loadFixture(redemptionFixture);
      const { distributor, queue, token, alice, redeemer, corp, request, snapshot } = suite;
      const before = await request(alice, SHARE);
      await queue.connect(redeemer).reject(before, DOCUMENT);
      await snapshot();
      const after = await request(alice, SHARE);
      await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
      for (const id of [before, after, 0n, 3n]) {
        await expect(distributor.claimRequest(ID, id))
          .to.be.revertedWithCustomError(distributor, "NothingToClaim")
          .withArgs(ID, KIND.Request, id);
      }
    });
  });

  describe("claimBatch", () => {
    it("pays accounts, and goes past those that are paid, blocked, without shares or a part", async () => {
      const suite = await loadFixture(fundedFixture);
      const { distributor, usd, wrapper, alice, bob, carol, stranger, block } = suite;
      await distributor.claim(ID, alice);
      await block(bob);
      const by = distributor.connect(stranger);
      const skipped: AddressLike[] = [alice, bob, stranger, wrapper, carol]; // the last a second time
      const accounts = [alice, bob, stranger, wrapper, carol, carol];
      const part = await distributor.claimable(ID, carol);
      expect(await by.claimBatch.staticCall(ID, accounts)).to.equal(part);
      const sent = await by.claimBatch(ID, accounts);
      for (const account of skipped) {
        await expect(sent).to.emit(distributor, "ClaimSkipped").withArgs(ID, account, 0n);
      }
      await expect(sent)
        .to.emit(distributor, "DividendClaimed")
        .withArgs(ID, KIND.Account, carol.address, carol.address, part);
      await expect(sent).to.changeTokenBalance(usd, carol, part);
      await suite.expectBooks();
    });

    it("pays each its own, and the same as claims one by one", async () => {
      const suite = await loadFixture(fundedFixture);
      const { distributor, usd, alice, bob, carol } = suite;
      const accounts = [alice, bob, carol];
      const parts = await Promise.all(accounts.map((account) => distributor.claimable(ID, account)));
      await expect(distributor.claimBatch(ID, accounts)).to.changeTokenBalances(usd, accounts, parts);
      expect((await distributor.dividendOf(ID)).paid).to.equal(parts.reduce((sum, part) => sum + part));
      await suite.expectBooks();
    });

    it("goes past an account that the currency refuses, and leaves its part to be claimed", async () => {
      const suite = await loadFixture(hookFixture);
      const { other, hook, rogue, alice } = suite;
      await rogue.setMode(PAYOUT_MODE.Refuse);
      const part = await other.claimable(ID, rogue);
      const sent = await other.claimBatch(ID, [rogue, alice]);
      await expect(sent)
        .to.emit(other, "ClaimSkipped")
        .withArgs(ID, await rogue.getAddress(), part);
      const ofAlice = await hook.balanceOf(alice);
      expect(ofAlice).to.be.greaterThan(0n);
      expect((await other.dividendOf(ID)).paid).to.equal(ofAlice);
      await expect(other.claim(ID, rogue)).to.be.revertedWithCustomError(rogue, "Refused");
      await rogue.setMode(PAYOUT_MODE.Accept);
      await other.claim(ID, rogue);
      expect(await hook.balanceOf(rogue)).to.equal(part);
    });

    it("takes nobody, and as many as the limit, and reverts for one more", async () => {
      const { distributor, alice } = await loadFixture(fundedFixture);
      expect(await distributor.claimBatch.staticCall(ID, [])).to.equal(0n);
      const many = Array.from({ length: 100 }, () => alice);
      await distributor.claimBatch(ID, many);
      await expect(distributor.claimBatch(ID, [...many, alice]))
        .to.be.revertedWithCustomError(distributor, "BatchTooLarge")
        .withArgs(101n, 100n);
    });

    it("reverts for a dividend that there is not, or that is closed", async () => {
      const { distributor, config, alice } = await loadFixture(fundedFixture);
      await expect(distributor.claimBatch(2n, [alice]))
        .to.be.revertedWithCustomError(distributor, "UnknownDividend")
        .withArgs(2n);
      await pass(PERIOD);
      await distributor.connect(config).reclaim(ID, config);
      await expect(distributor.claimBatch(ID, [alice]))
        .to.be.revertedWithCustomError(distributor, "DividendIsClosed")
        .withArgs(ID);
    });
  });

  describe("reclaim", () => {
    it("takes back what is left in the first second that it may, says so, and ends all claims", async () => {
      const suite = await loadFixture(spreadFixture);
      const { distributor, usd, config, alice, bob, stranger } = suite;
      await distributor.claim(ID, alice);
      const { fundedAt, paid } = await distributor.dividendOf(ID);
      const by = distributor.connect(config);
      await time.setNextBlockTimestamp(fundedAt + PERIOD - 1n);
      await expect(by.reclaim(ID, stranger))
        .to.be.revertedWithCustomError(distributor, "TooEarly")
        .withArgs(fundedAt + PERIOD);
      await time.setNextBlockTimestamp(fundedAt + PERIOD);
      const sent = await by.reclaim(ID, stranger);
      await expect(sent)
        .to.emit(distributor, "DividendReclaimed")
        .withArgs(ID, stranger.address, FUNDED - paid);
      await expect(sent).to.changeTokenBalance(usd, stranger, FUNDED - paid);
      for (const attempt of [
        () => distributor.claim(ID, bob),
        () => distributor.claimWrapped(ID, alice),
        () => distributor.claimRequest(ID, 1n),
        () => by.reclaim(ID, stranger),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(distributor, "DividendIsClosed").withArgs(ID);
      }
      expect(await distributor.claimable(ID, bob)).to.equal(0n);
      await suite.expectBooks();
    });

    it("leaves claims open after two years until it is called", async () => {
      const suite = await loadFixture(fundedFixture);
      await pass(2n * PERIOD);
      await suite.distributor.claim(ID, suite.alice);
      await suite.expectBooks();
    });

    it("takes no other dividend's money", async () => {
      const suite = await loadFixture(fundedFixture);
      const { distributor, token, usd, corp, config, alice } = suite;
      await pass(PERIOD);
      await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
      await distributor.connect(config).reclaim(1n, config);
      expect(await usd.balanceOf(config)).to.equal(FUNDED);
      await distributor.claim(2n, alice);
      await suite.expectBooks();
    });

    it("reverts for a dividend that there is not, and towards nobody or the distributor itself", async () => {
      const { distributor, config } = await loadFixture(fundedFixture);
      await pass(PERIOD);
      const by = distributor.connect(config);
      await expect(by.reclaim(2n, config)).to.be.revertedWithCustomError(distributor, "UnknownDividend").withArgs(2n);
      for (const to of [ZeroAddress, await distributor.getAddress()]) {
        await expect(by.reclaim(ID, to)).to.be.revertedWithCustomError(distributor, "InvalidReceiver").withArgs(to);
      }
    });
  });

  it("pays what a snapshot's shares are due, through a split of before the claim", async () => {
    const { distributor, alice, multiply } = await loadFixture(fundedFixture);
    const part = await distributor.claimable(ID, alice);
    await multiply(10n ** 19n);
    expect(await distributor.claimable(ID, alice)).to.equal(part);
  });

  describe("attacks", () => {
    const total = async ({ distributor }: Redemptions): Promise<bigint> => (await distributor.dividendOf(ID)).paid;

    it("shares that move after the snapshot are not paid for twice", async () => {
      const suite = await loadFixture(fundedFixture);
      const { distributor, token, usd, alice, stranger, verify } = suite;
      await verify(stranger);
      await distributor.claim(ID, alice);
      await token.connect(alice).transferShares(stranger, 1_000n * SHARE);
      await expect(distributor.claim(ID, stranger))
        .to.be.revertedWithCustomError(distributor, "NothingToClaim")
        .withArgs(ID, KIND.Account, stranger.address);
      await token.connect(stranger).transferShares(alice, 1_000n * SHARE);
      await expect(distributor.claim(ID, alice))
        .to.be.revertedWithCustomError(distributor, "AlreadyClaimed")
        .withArgs(ID, KIND.Account, alice.address);
      expect(await usd.balanceOf(alice)).to.equal(await total(suite));
    });

    it("shares that were sold before the claim are still paid to who held them", async () => {
      const { distributor, token, usd, alice, bob } = await loadFixture(fundedFixture);
      await token.connect(alice).transferShares(bob, 1_000n * SHARE);
      await distributor.claimBatch(ID, [alice, bob]);
      expect(await usd.balanceOf(alice)).to.equal(2_000n * USD - 1n);
      expect(await usd.balanceOf(bob)).to.be.within(1_000n * USD - 1n, 1_000n * USD);
    });

    it("shares that are wrapped or unwrapped after the snapshot are not paid for twice", async () => {
      const suite = await loadFixture(spreadFixture);
      const { distributor, wrapper, alice, bob, token } = suite;
      await distributor.claim(ID, alice);
      await wrapper.connect(alice).deposit(600n * SHARE, alice);
      await distributor.claimWrapped(ID, alice);
      await wrapper.connect(alice).redeem(900n * SHARE, alice, alice);
      await token.connect(alice).transferShares(bob, 900n * SHARE);
      expect(await total(suite)).to.be.within(1_800n * USD - 2n, 1_800n * USD);
      for (const [kind, attempt] of [
        [KIND.Account, () => distributor.claim(ID, alice)],
        [KIND.Wrapped, () => distributor.claimWrapped(ID, alice)],
      ] as const) {
        await expect(attempt())
          .to.be.revertedWithCustomError(distributor, "AlreadyClaimed")
          .withArgs(ID, kind, alice.address);
      }
      await expect(distributor.claimWrapped(ID, bob))
        .to.be.revertedWithCustomError(distributor, "NothingToClaim")
        .withArgs(ID, KIND.Wrapped, bob.address);
      await suite.expectBooks();
    });

    it("units that move after the snapshot are not paid for twice", async () => {
      const suite = await loadFixture(spreadFixture);
      const { distributor, wrapper, alice, bob } = suite;
      await wrapper.connect(alice).transfer(bob, 300n * SHARE);
      await expect(distributor.claimWrapped(ID, bob))
        .to.be.revertedWithCustomError(distributor, "NothingToClaim")
        .withArgs(ID, KIND.Wrapped, bob.address);
      await distributor.claimWrapped(ID, alice);
      expect(await total(suite)).to.be.within(600n * USD - 1n, 600n * USD);
    });

    it("shares that are requested or taken back after the snapshot are not paid for twice", async () => {
      const suite = await loadFixture(spreadFixture);
      const { distributor, queue, alice, request } = suite;
      await distributor.claim(ID, alice);
      // In escrow at the snapshot, back in the account at the claim.
      await pass(CANCEL_DELAY);
      await queue.connect(alice).cancel(1n);
      await expect(distributor.claim(ID, alice))
        .to.be.revertedWithCustomError(distributor, "AlreadyClaimed")
        .withArgs(ID, KIND.Account, alice.address);
      await distributor.claimRequest(ID, 1n);
      // In the account at the snapshot, in escrow at the claim.
      const id = await request(alice, 600n * SHARE);
      await expect(distributor.claimRequest(ID, id))
        .to.be.revertedWithCustomError(distributor, "NothingToClaim")
        .withArgs(ID, KIND.Request, id);
      expect(await total(suite)).to.be.within(1_400n * USD - 2n, 1_400n * USD);
    });

    it("everything together is never more than was funded, and leaves dust alone", async () => {
      const suite = await loadFixture(spreadFixture);
      const { distributor, alice, bob, carol } = suite;
      await distributor.claimBatch(ID, [alice, bob, carol]);
      await distributor.claimWrapped(ID, alice);
      await distributor.claimRequest(ID, 1n);
      expect(await total(suite)).to.be.within(FUNDED - 5n, FUNDED);
      await suite.expectBooks();
    });

    it("shares given to wrapper or queue without a unit or a request are nobody's to claim", async () => {
      const suite = await loadFixture(redemptionFixture);
      const { distributor, queue, token, alice, bob, corp, snapshot, request } = suite;
      await token.connect(bob).transferShares(queue, 100n * SHARE);
      const id = await request(alice, 100n * SHARE);
      await snapshot();
      await distributor.connect(corp).fund(token, 1n, FUNDED, DOCUMENT);
      await distributor.claimRequest(ID, id);
      expect(await total(suite)).to.be.within(200n * USD - 1n, 200n * USD);
      await expect(distributor.claim(ID, queue))
        .to.be.revertedWithCustomError(distributor, "NotClaimant")
        .withArgs(suite.escrow);
    });

    it("a request of one token is not paid for by another's dividend", async () => {
      const { distributor, registry, corp, alice, request, snapshot } = await loadFixture(redemptionFixture);
      const id = await request(alice, 100n * SHARE);
      await snapshot();
      const other = await hre.ethers.deployContract("MockLyingShares", [registry]);
      await other.setTotal(100n * SHARE);
      await other.setWrapper(registry);
      await distributor.connect(corp).fund(other, 1n, FUNDED, DOCUMENT);
      await expect(distributor.claimRequest(ID, id))
        .to.be.revertedWithCustomError(distributor, "NothingToClaim")
        .withArgs(ID, KIND.Request, id);
    });

    it("a token that speaks of more shares than there are is not paid beyond what it was funded with", async () => {
      const suite = await loadFixture(fundedFixture);
      const { distributor, registry, corp, alice, bob, carol, expectBooks } = suite;
      const lying = await hre.ethers.deployContract("MockLyingShares", [registry]);
      await lying.setTotal(100n);
      await lying.setShares(alice, 80n);
      await lying.setShares(bob, 80n);
      await lying.setShares(carol, MaxUint256);
      await distributor.connect(corp).fund(lying, 1n, 100n, DOCUMENT);
      await distributor.claim(2n, alice);
      await expect(distributor.claim(2n, bob))
        .to.be.revertedWithCustomError(distributor, "ExceedsFunded")
        .withArgs(2n, 80n, 20n);
      await expect(distributor.claimBatch(2n, [bob]))
        .to.be.revertedWithCustomError(distributor, "ExceedsFunded")
        .withArgs(2n, 80n, 20n);
      await expect(distributor.claim(2n, carol)).to.be.revertedWithPanic(0x11);
      await expectBooks();
      await distributor.claim(1n, alice);
      await expectBooks();
    });

    it("a currency that takes a fee is at the claimants' cost, not at the others'", async () => {
      const suite = await loadFixture(fundedFixture);
      const { distributor, usd, alice, bob, carol } = suite;
      await usd.setParams(10n, 49n);
      await distributor.claimBatch(ID, [alice, bob, carol]);
      expect(await usd.balanceOf(alice)).to.equal(2_000n * USD - 1n - (2_000n * USD - 1n) / 1_000n);
      await suite.expectBooks();
    });

    const calls = (i: DividendDistributor["interface"], token: string, account: string) => ({
      fund: i.encodeFunctionData("fund", [token, 1n, 1n, DOCUMENT]),
      claim: i.encodeFunctionData("claim", [ID, account]),
      claimWrapped: i.encodeFunctionData("claimWrapped", [ID, account]),
      claimRequest: i.encodeFunctionData("claimRequest", [ID, 1n]),
      claimBatch: i.encodeFunctionData("claimBatch", [ID, [account]]),
      reclaim: i.encodeFunctionData("reclaim", [ID, account]),
    });

    for (const name of ["fund", "claim", "claimWrapped", "claimRequest", "claimBatch", "reclaim"] as const) {
      it(`an account does not come back by ${name} while it is paid`, async () => {
        const { other, hook, rogue, stock } = await loadFixture(hookFixture);
        const account = await rogue.getAddress();
        await rogue.setReentry(other, 0n, calls(other.interface, stock, account)[name]);
        await rogue.setMode(PAYOUT_MODE.Reenter);
        const part = await other.claimable(ID, rogue);
        await other.claimBatch(ID, [rogue]);
        expect(await rogue.reentries()).to.equal(1n);
        expect(await rogue.reentrySucceeded()).to.equal(false);
        expect(await rogue.reentryResult()).to.equal(
          other.interface.getError("ReentrancyGuardReentrantCall")?.selector,
        );
        expect(await hook.balanceOf(rogue)).to.equal(part);
        expect((await other.dividendOf(ID)).paid).to.equal(part);
      });
    }

    it("a funder does not count the same money twice by funding within its own payment", async () => {
      const { other, hook, rogue, stock } = await loadFixture(hookFixture);
      const [address, target, currency] = [await rogue.getAddress(), await other.getAddress(), await hook.getAddress()];
      await hook.mint(rogue, 2n * USD);
      await rogue.execute(currency, 0n, hook.interface.encodeFunctionData("approve", [target, MaxUint256]));
      await rogue.execute(currency, 0n, hook.interface.encodeFunctionData("setHooks", [address, ZeroAddress]));
      const fund = other.interface.encodeFunctionData("fund", [stock, 1n, USD, DOCUMENT]);
      await rogue.setReentry(other, 0n, fund);
      await rogue.setMode(PAYOUT_MODE.Reenter);
      await rogue.execute(target, 0n, fund);
      expect(await rogue.reentrySucceeded()).to.equal(false);
      expect(await other.count()).to.equal(2n);
      expect(await hook.balanceOf(other)).to.equal(FUNDED + USD);
    });

    it("an account that burns all gas does not pass for one that the currency refuses", async () => {
      const { other, rogue, alice } = await loadFixture(hookFixture);
      await rogue.setMode(PAYOUT_MODE.BurnGas);
      await expect(other.claimBatch(ID, [alice, rogue], { gasLimit: 5_000_000n }))
        .to.be.revertedWithCustomError(other, "InsufficientGas")
        .withArgs(1n);
    });

    it("no limit of gas makes a batch go past an account that can be paid @gas", async () => {
      const { distributor, alice } = await loadFixture(fundedFixture);
      const part = await distributor.claimable(ID, alice);
      let succeeded = 0;
      for (let gasLimit = 30_000n; gasLimit < 250_000n; gasLimit += 1_000n) {
        const paid = await distributor.claimBatch.staticCall(ID, [alice], { gasLimit }).catch(() => null);
        if (paid === null) continue;
        expect(paid, `at ${gasLimit}`).to.equal(part);
        ++succeeded;
      }
      expect(succeeded).to.be.greaterThan(0);
    });
  });
});
