import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";

import { ipFixture, type IPFixture } from "../fixtures/ip";

const APP = 1n;
const OTHER_APP = 2n;
const DAY = 86_400n;

interface QuotaFixture extends IPFixture {
  /** Stands for a registry: whoever consumes has books of its own. */
  consumer: HardhatEthersSigner;
  sponsor: HardhatEthersSigner;
  creator: HardhatEthersSigner;
}

/** Two apps, alice's and bob's. The day has just begun. */
async function quotaFixture(): Promise<QuotaFixture> {
  const suite = await loadFixture(ipFixture);
  await suite.appRegistry.connect(suite.alice).registerApp(suite.alice, 0n);
  await suite.appRegistry.connect(suite.bob).registerApp(suite.bob, 0n);
  await time.increaseTo((BigInt(await time.latest()) / DAY + 1n) * DAY);
  return { ...suite, consumer: suite.deployer, sponsor: suite.relayer, creator: suite.carol };
}

const allow = async (
  { sponsorQuota, alice, sponsor }: QuotaFixture,
  ofSponsor: bigint,
  ofCreator: bigint,
): Promise<void> => {
  await sponsorQuota.connect(alice).setSponsorLimit(APP, sponsor, ofSponsor);
  await sponsorQuota.connect(alice).setCreatorLimit(APP, ofCreator);
};

const consume = (
  { sponsorQuota, consumer, sponsor, creator }: QuotaFixture,
  more: { consumer?: HardhatEthersSigner; sponsor?: HardhatEthersSigner; creator?: HardhatEthersSigner } = {},
): Promise<ContractTransactionResponse> =>
  sponsorQuota.connect(more.consumer ?? consumer).consume(APP, more.sponsor ?? sponsor, more.creator ?? creator);

const left = async (
  { sponsorQuota, consumer, sponsor, creator }: QuotaFixture,
  more: { consumer?: HardhatEthersSigner; creator?: HardhatEthersSigner } = {},
): Promise<bigint[]> => [
  ...(await sponsorQuota.remaining(more.consumer ?? consumer, APP, sponsor, more.creator ?? creator)),
];

describe("SponsorQuota", () => {
  it("counts in epochs of a day", async () => {
    const { sponsorQuota } = await loadFixture(quotaFixture);
    expect(await sponsorQuota.EPOCH()).to.equal(DAY);
  });

  describe("limits", () => {
    it("are zero by default, of the sponsor and of each creator", async () => {
      const suite = await loadFixture(quotaFixture);
      const { sponsorQuota, alice, sponsor, creator } = suite;
      expect(await sponsorQuota.sponsorLimit(APP, sponsor)).to.equal(0n);
      expect(await sponsorQuota.creatorLimit(APP)).to.equal(0n);
      expect(await left(suite)).to.deep.equal([0n, 0n]);
      await expect(consume(suite))
        .to.be.revertedWithCustomError(sponsorQuota, "SponsorQuotaExceeded")
        .withArgs(APP, sponsor.address, 0n);
      await sponsorQuota.connect(alice).setSponsorLimit(APP, sponsor, 1n);
      await expect(consume(suite))
        .to.be.revertedWithCustomError(sponsorQuota, "CreatorQuotaExceeded")
        .withArgs(APP, creator.address, 0n);
      // The sponsor's count is given back with the revert.
      expect(await left(suite)).to.deep.equal([1n, 0n]);
    });

    it("are set by the app's owner, up to what the type holds, and announced", async () => {
      const { sponsorQuota, alice, sponsor } = await loadFixture(quotaFixture);
      for (const limit of [1n, 2n ** 32n - 1n, 0n]) {
        await expect(sponsorQuota.connect(alice).setSponsorLimit(APP, sponsor, limit))
          .to.emit(sponsorQuota, "SponsorLimitUpdated")
          .withArgs(APP, sponsor.address, limit);
        expect(await sponsorQuota.sponsorLimit(APP, sponsor)).to.equal(limit);
        await expect(sponsorQuota.connect(alice).setCreatorLimit(APP, limit))
          .to.emit(sponsorQuota, "CreatorLimitUpdated")
          .withArgs(APP, limit);
        expect(await sponsorQuota.creatorLimit(APP)).to.equal(limit);
      }
    });

    it("are an app's and a sponsor's own", async () => {
      const suite = await loadFixture(quotaFixture);
      const { sponsorQuota, stranger, sponsor } = suite;
      await allow(suite, 3n, 4n);
      expect(await sponsorQuota.sponsorLimit(APP, stranger)).to.equal(0n);
      expect(await sponsorQuota.sponsorLimit(OTHER_APP, sponsor)).to.equal(0n);
      expect(await sponsorQuota.creatorLimit(OTHER_APP)).to.equal(0n);
    });

    it("revert for everybody but the app's owner, the former one included", async () => {
      const { sponsorQuota, appRegistry, alice, bob, sponsor, holders } = await loadFixture(quotaFixture);
      await appRegistry.connect(alice).transferApp(APP, holders.GUARDIAN);
      await appRegistry.connect(holders.GUARDIAN).acceptApp(APP);
      for (const caller of [alice, bob, sponsor, holders.ADMIN]) {
        for (const attempt of [
          () => sponsorQuota.connect(caller).setSponsorLimit(APP, caller, 1n),
          () => sponsorQuota.connect(caller).setCreatorLimit(APP, 1n),
        ]) {
          await expect(attempt())
            .to.be.revertedWithCustomError(sponsorQuota, "NotAppOwner")
            .withArgs(APP, caller.address);
        }
      }
      await sponsorQuota.connect(holders.GUARDIAN).setCreatorLimit(APP, 1n);
    });

    it("revert for an app that is not there", async () => {
      const { sponsorQuota, appRegistry, alice } = await loadFixture(quotaFixture);
      for (const attempt of [
        () => sponsorQuota.connect(alice).setSponsorLimit(3n, alice, 1n),
        () => sponsorQuota.connect(alice).setCreatorLimit(3n, 1n),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(appRegistry, "UnknownApp").withArgs(3n);
      }
    });

    it("lowered below what was used leave nothing, and revert at once; raised, they leave the difference", async () => {
      const suite = await loadFixture(quotaFixture);
      const { sponsorQuota, alice, sponsor, creator } = suite;
      await allow(suite, 5n, 5n);
      for (let i = 0; i < 3; ++i) await consume(suite);
      await allow(suite, 2n, 1n);
      expect(await left(suite)).to.deep.equal([0n, 0n]);
      await expect(consume(suite))
        .to.be.revertedWithCustomError(sponsorQuota, "SponsorQuotaExceeded")
        .withArgs(APP, sponsor.address, 2n);
      await sponsorQuota.connect(alice).setSponsorLimit(APP, sponsor, 4n);
      await expect(consume(suite))
        .to.be.revertedWithCustomError(sponsorQuota, "CreatorQuotaExceeded")
        .withArgs(APP, creator.address, 1n);
      await sponsorQuota.connect(alice).setCreatorLimit(APP, 4n);
      expect(await left(suite)).to.deep.equal([1n, 1n]);
      await consume(suite);
      expect(await left(suite)).to.deep.equal([0n, 0n]);
    });
  });

  describe("consume", () => {
    it("counts one against the sponsor and one against the creator, to the very limit of each", async () => {
      const suite = await loadFixture(quotaFixture);
      const { sponsorQuota, sponsor, creator, stranger } = suite;
      await allow(suite, 3n, 2n);
      await consume(suite);
      expect(await left(suite)).to.deep.equal([2n, 1n]);
      await consume(suite);
      expect(await left(suite)).to.deep.equal([1n, 0n]);
      await expect(consume(suite))
        .to.be.revertedWithCustomError(sponsorQuota, "CreatorQuotaExceeded")
        .withArgs(APP, creator.address, 2n);
      // Another creator has a count of his own, in the sponsor's.
      await consume(suite, { creator: stranger });
      expect(await left(suite, { creator: stranger })).to.deep.equal([0n, 1n]);
      await expect(consume(suite, { creator: stranger }))
        .to.be.revertedWithCustomError(sponsorQuota, "SponsorQuotaExceeded")
        .withArgs(APP, sponsor.address, 3n);
    });

    it("keeps an account's counts as sponsor and as creator apart", async () => {
      const suite = await loadFixture(quotaFixture);
      await allow(suite, 2n, 2n);
      await consume(suite, { creator: suite.sponsor });
      expect(await left(suite, { creator: suite.sponsor })).to.deep.equal([1n, 1n]);
    });

    it("starts anew at midnight, and not a second earlier", async () => {
      const suite = await loadFixture(quotaFixture);
      const { sponsorQuota, sponsor } = suite;
      await allow(suite, 1n, 1n);
      await consume(suite);
      const midnight = (BigInt(await time.latest()) / DAY + 1n) * DAY;
      await time.setNextBlockTimestamp(midnight - 1n);
      await expect(consume(suite))
        .to.be.revertedWithCustomError(sponsorQuota, "SponsorQuotaExceeded")
        .withArgs(APP, sponsor.address, 1n);
      await time.setNextBlockTimestamp(midnight);
      await consume(suite);
      expect(await left(suite)).to.deep.equal([0n, 0n]);
    });

    it("saves nothing up: what was not used yesterday is not there today", async () => {
      const suite = await loadFixture(quotaFixture);
      await allow(suite, 2n, 2n);
      await time.increase(10n * DAY);
      expect(await left(suite)).to.deep.equal([2n, 2n]);
    });

    it("counts in the caller's books alone: a stranger empties nobody else's", async () => {
      const suite = await loadFixture(quotaFixture);
      const { sponsorQuota, sponsor, stranger } = suite;
      await allow(suite, 2n, 2n);
      for (let i = 0; i < 2; ++i) await consume(suite, { consumer: stranger });
      await expect(consume(suite, { consumer: stranger }))
        .to.be.revertedWithCustomError(sponsorQuota, "SponsorQuotaExceeded")
        .withArgs(APP, sponsor.address, 2n);
      expect(await left(suite, { consumer: stranger })).to.deep.equal([0n, 0n]);
      expect(await left(suite)).to.deep.equal([2n, 2n]);
      expect([...(await sponsorQuota.remaining(suite.ipRegistry, APP, sponsor, suite.creator))]).to.deep.equal([
        2n,
        2n,
      ]);
    });
  });
});
