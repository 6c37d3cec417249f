import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import hre from "hardhat";

import { NATIVE, STATUS, USE, createTerms, offer } from "../fixtures/ip";
import { FOREVER, PRICE, at, marketFixture, now, periods, units, type MarketFixture } from "../fixtures/market";
import { asRole } from "../helpers/authority";

const PERIOD = 30n * 86_400n;
const MAX_UNITS = 2n ** 64n - 1n;

/** start, expiry, termsId */
const licenseOf = async ({ licenseMarket, song }: MarketFixture, account: string): Promise<bigint[]> => [
  ...(await licenseMarket.licenseOf(account, song, USE.Human)),
];

const historyOf = async ({ licenseMarket, song }: MarketFixture, account: string): Promise<bigint[][]> =>
  (await licenseMarket.historyOf(account, song, USE.Human)).map((interval) => [...interval]);

/** purchased, consumed, start, lastUse, termsId */
const meterOf = async ({ licenseMarket, song }: MarketFixture, account: string): Promise<bigint[]> => [
  ...(await licenseMarket.meterOf(account, song, USE.Human)),
];

describe("LicenseMarket.buy", () => {
  describe("a licence for a duration", () => {
    it("runs from this second for a period, exclusively, and the event says to when", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, song, sell, purchase } = fixture;
      const termsId = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      await time.setNextBlockTimestamp(start);
      await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob)))
        .to.emit(licenseMarket, "LicensePurchased")
        .withArgs(song, bob.address, bob.address, USE.Human, termsId, start + PERIOD, PRICE);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start, start + PERIOD, termsId]);
      expect(await historyOf(fixture, bob.address)).to.deep.equal([]);
      expect(await meterOf(fixture, bob.address)).to.deep.equal([0n, 0n, 0n, 0n, 0n]);
      await time.increaseTo(start + PERIOD - 1n);
      expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(true);
      await time.increaseTo(start + PERIOD);
      expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(false);
    });

    it("takes many periods at once, for as many prices", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, pieUSD, bob, sell, purchase } = fixture;
      const termsId = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      await time.setNextBlockTimestamp(start);
      await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 12n }))).to.changeTokenBalance(
        pieUSD,
        bob,
        -12n * PRICE,
      );
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start, start + 12n * PERIOD, termsId]);
    });

    it("is renewed before its end from its end, up to the last second", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, song, sell, purchase } = fixture;
      const termsId = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      const buy = (quantity: bigint) => () => licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity }));
      await at(start, buy(1n));
      await at(start, buy(1n));
      await at(start + 5n, buy(2n));
      await time.setNextBlockTimestamp(start + 4n * PERIOD - 1n);
      await expect(buy(1n)())
        .to.emit(licenseMarket, "LicensePurchased")
        .withArgs(song, bob.address, bob.address, USE.Human, termsId, start + 5n * PERIOD, PRICE);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start, start + 5n * PERIOD, termsId]);
      expect(await historyOf(fixture, bob.address)).to.deep.equal([]);
    });

    for (const late of [0n, 1n, 1_000_000n]) {
      it(`is bought anew ${late} s after its end, and the old one goes to the history`, async () => {
        const fixture = await loadFixture(marketFixture);
        const { licenseMarket, bob, sell, purchase } = fixture;
        const termsId = await sell(periods(PERIOD));
        const start = (await now()) + 10n;
        const again = start + PERIOD + late;
        const buy = () => licenseMarket.connect(bob).buy(purchase(termsId, bob));
        await at(start, buy);
        await at(again, buy);
        expect(await historyOf(fixture, bob.address)).to.deep.equal([[start, start + PERIOD, termsId]]);
        expect(await licenseOf(fixture, bob.address)).to.deep.equal([again, again + PERIOD, termsId]);
        await at(again + PERIOD + 7n, buy);
        expect(await historyOf(fixture, bob.address)).to.deep.equal([
          [start, start + PERIOD, termsId],
          [again, again + PERIOD, termsId],
        ]);
      });
    }

    it("gets what was left under other terms, which the history shows as cut now", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, sell, purchase } = fixture;
      const first = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(first, bob)));
      const second = await sell(periods(1_000n, { price: 5n }));
      const change = start + 100n;
      await at(change, () => licenseMarket.connect(bob).buy(purchase(second, bob)));
      expect(await historyOf(fixture, bob.address)).to.deep.equal([[start, change, first]]);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([change, start + PERIOD + 1_000n, second]);
    });

    it("changes its terms within its first second without a trace: it never ran", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, sell, purchase } = fixture;
      const second = await sell(periods(1_000n, { price: 5n }));
      const first = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(first, bob)));
      await at(start, () => fixture.licenseMarket.connect(fixture.alice).setOffer(fixture.song, USE.Human, second));
      await at(start, () => licenseMarket.connect(bob).buy(purchase(second, bob)));
      expect(await historyOf(fixture, bob.address)).to.deep.equal([]);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start, start + PERIOD + 1_000n, second]);
    });

    it("takes other terms after its end as any new licence, from anybody", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, carol, sell, purchase } = fixture;
      const first = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(first, bob)));
      const second = await sell(periods(1_000n));
      await at(start + PERIOD, () => licenseMarket.connect(carol).buy(purchase(second, bob)));
      expect(await historyOf(fixture, bob.address)).to.deep.equal([[start, start + PERIOD, first]]);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start + PERIOD, start + PERIOD + 1_000n, second]);
    });

    it("becomes one for good, with what ran before in the history", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, sell, purchase } = fixture;
      const first = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(first, bob)));
      const forGood = await sell();
      await at(start + 9n, () => licenseMarket.connect(bob).buy(purchase(forGood, bob)));
      expect(await historyOf(fixture, bob.address)).to.deep.equal([[start, start + 9n, first]]);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start + 9n, FOREVER, forGood]);
    });

    it("can end at the last second of its type but one, and not later", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, sell, purchase } = fixture;
      const termsId = await sell(periods(1n, { price: 0n }));
      const start = (await now()) + 10n;
      const buy = (quantity: bigint) => licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity }));
      for (const quantity of [FOREVER - start, FOREVER - start + 1n, MAX_UNITS]) {
        await time.setNextBlockTimestamp(start);
        await expect(buy(quantity)).to.be.revertedWithCustomError(licenseMarket, "InvalidQuantity").withArgs(quantity);
      }
      await at(start, () => buy(FOREVER - start - 1n));
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start, FOREVER - 1n, termsId]);
      await expect(buy(1n)).to.be.revertedWithCustomError(licenseMarket, "InvalidQuantity").withArgs(1n);
    });

    it("cannot wrap around with the longest duration and the greatest quantity", async () => {
      const { licenseMarket, bob, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell(periods(FOREVER, { price: 0n }));
      for (const quantity of [1n, 2n, MAX_UNITS]) {
        await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity })))
          .to.be.revertedWithCustomError(licenseMarket, "InvalidQuantity")
          .withArgs(quantity);
      }
    });
  });

  describe("a licence by a single payment", () => {
    it("is for good", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, song, sell, purchase } = fixture;
      const termsId = await sell();
      const start = (await now()) + 10n;
      await time.setNextBlockTimestamp(start);
      await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob)))
        .to.emit(licenseMarket, "LicensePurchased")
        .withArgs(song, bob.address, bob.address, USE.Human, termsId, FOREVER, PRICE);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start, FOREVER, termsId]);
      await time.increase(1_000n * 365n * 86_400n);
      expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(true);
    });

    it("follows a lapsed one for a duration", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, sell, purchase } = fixture;
      const first = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(first, bob)));
      const forGood = await sell();
      await at(start + 2n * PERIOD, () => licenseMarket.connect(bob).buy(purchase(forGood, bob)));
      expect(await historyOf(fixture, bob.address)).to.deep.equal([[start, start + PERIOD, first]]);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start + 2n * PERIOD, FOREVER, forGood]);
    });

    it("is bought once: nobody pays for it, or for a period beside it, again", async () => {
      const { licenseMarket, bob, carol, song, sell, purchase } = await loadFixture(marketFixture);
      const forGood = await sell();
      await licenseMarket.connect(bob).buy(purchase(forGood, bob));
      const attempt = async (termsId: bigint): Promise<void> => {
        for (const buyer of [bob, carol]) {
          await expect(licenseMarket.connect(buyer).buy(purchase(termsId, bob)))
            .to.be.revertedWithCustomError(licenseMarket, "AlreadyLicensed")
            .withArgs(bob.address, song, USE.Human);
        }
      };
      await attempt(forGood);
      await attempt(await sell(periods(PERIOD)));
      await attempt(await sell({ price: 7n }));
    });

    it("is one: a quantity of two would pay for nothing", async () => {
      const { licenseMarket, bob, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell();
      for (const quantity of [2n, MAX_UNITS]) {
        await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity })))
          .to.be.revertedWithCustomError(licenseMarket, "InvalidQuantity")
          .withArgs(quantity);
      }
    });
  });

  describe("metered units", () => {
    it("add up, with the second of the first purchase and the terms of the last", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, pieUSD, bob, song, sell, purchase } = fixture;
      const first = await sell(units());
      const start = (await now()) + 10n;
      await time.setNextBlockTimestamp(start);
      await expect(licenseMarket.connect(bob).buy(purchase(first, bob, { quantity: 7n })))
        .to.emit(licenseMarket, "UnitsPurchased")
        .withArgs(song, bob.address, bob.address, USE.Human, first, 7n, 70n);
      const second = await sell(units({ price: 3n }));
      await expect(licenseMarket.connect(bob).buy(purchase(second, bob, { quantity: 5n }))).to.changeTokenBalance(
        pieUSD,
        bob,
        -15n,
      );
      expect(await meterOf(fixture, bob.address)).to.deep.equal([12n, 0n, start, 0n, second]);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([0n, 0n, 0n]);
      expect(await licenseMarket.subscriptionExpiry(bob, song, USE.Human)).to.equal(0n);
    });

    it("keep what was consumed", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, song, sell, purchase } = fixture;
      const termsId = await sell(units());
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 7n })));
      await at(start + 1n, () => licenseMarket.connect(bob).consume(song, USE.Human, 4n));
      await at(start + 2n, () => licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 1n })));
      expect(await meterOf(fixture, bob.address)).to.deep.equal([8n, 4n, start, start + 1n, termsId]);
    });

    it("fill 64 bits, and not one unit more", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, sell, purchase } = fixture;
      const termsId = await sell(units({ price: 0n }));
      const buy = (quantity: bigint) => licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity }));
      await buy(MAX_UNITS - 1n);
      for (const quantity of [2n, MAX_UNITS]) {
        await expect(buy(quantity)).to.be.revertedWithCustomError(licenseMarket, "InvalidQuantity").withArgs(quantity);
      }
      await buy(1n);
      expect((await meterOf(fixture, bob.address))[0]).to.equal(MAX_UNITS);
      await expect(buy(1n)).to.be.revertedWithCustomError(licenseMarket, "InvalidQuantity").withArgs(1n);
    });
  });

  describe("a gift", () => {
    it("licenses the receiver, not the giver, who pays", async () => {
      const { licenseMarket, pieUSD, bob, carol, song, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell();
      const giving = licenseMarket.connect(carol).buy(purchase(termsId, bob));
      await expect(giving).to.changeTokenBalances(pieUSD, [carol, bob], [-PRICE, 0n]);
      await expect(giving)
        .to.emit(licenseMarket, "LicensePurchased")
        .withArgs(song, bob.address, carol.address, USE.Human, termsId, FOREVER, PRICE);
      expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(true);
      expect(await licenseMarket.hasAccess(carol, song, USE.Human)).to.equal(false);
    });

    it("of units names the giver too", async () => {
      const { licenseMarket, bob, carol, song, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell(units());
      await expect(licenseMarket.connect(carol).buy(purchase(termsId, bob, { quantity: 3n })))
        .to.emit(licenseMarket, "UnitsPurchased")
        .withArgs(song, bob.address, carol.address, USE.Human, termsId, 3n, 30n);
      expect((await licenseMarket.meterOf(bob, song, USE.Human)).purchased).to.equal(3n);
      expect((await licenseMarket.meterOf(carol, song, USE.Human)).purchased).to.equal(0n);
    });

    it("renews a licence under the same terms", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, carol, sell, purchase } = fixture;
      const termsId = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(termsId, bob)));
      await at(start + 5n, () => licenseMarket.connect(carol).buy(purchase(termsId, bob)));
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start, start + 2n * PERIOD, termsId]);
    });

    it("cannot change the terms of a licence that runs, be it to a better one, up to its last second", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, bob, carol, sell, purchase } = fixture;
      const running = await sell(periods(PERIOD));
      const start = (await now()) + 10n;
      await at(start, () => licenseMarket.connect(bob).buy(purchase(running, bob)));
      for (const other of [periods(PERIOD, { price: 1n }), periods(1n), { price: 0n }]) {
        const given = await sell(other);
        await expect(licenseMarket.connect(carol).buy(purchase(given, bob)))
          .to.be.revertedWithCustomError(licenseMarket, "OtherTermsRunning")
          .withArgs(bob.address, running, given);
      }
      const given = await sell();
      await time.setNextBlockTimestamp(start + PERIOD - 1n);
      await expect(licenseMarket.connect(carol).buy(purchase(given, bob)))
        .to.be.revertedWithCustomError(licenseMarket, "OtherTermsRunning")
        .withArgs(bob.address, running, given);
      expect(await licenseOf(fixture, bob.address)).to.deep.equal([start, start + PERIOD, running]);
    });

    it("may go to whoever holds a licence for another use, or of another work", async () => {
      const { licenseMarket, bob, carol, song, beat, sell, purchase } = await loadFixture(marketFixture);
      await licenseMarket.connect(bob).buy(purchase(await sell(), bob));
      const training = await sell({ use: USE.Training });
      await licenseMarket.connect(carol).buy(purchase(training, bob, { use: USE.Training }));
      const other = await sell({}, beat, bob);
      await licenseMarket.connect(carol).buy(purchase(other, bob, { ipId: beat }));
      expect(await licenseMarket.hasAccess(bob, song, USE.Training)).to.equal(true);
      expect(await licenseMarket.hasAccess(bob, beat, USE.Human)).to.equal(true);
    });
  });

  describe("pays", () => {
    it("by allowance: the whole price is the work's, and the market's balance stays", async () => {
      const { licenseMarket, royaltyGraph, pieUSD, token, market, bob, song, sell, purchase, earned } =
        await loadFixture(marketFixture);
      await pieUSD.connect(bob).transfer(market, 5n);
      const termsId = await sell(periods(PERIOD));
      const buying = licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 3n }));
      await expect(buying).to.changeTokenBalances(pieUSD, [bob, market, royaltyGraph], [-3n * PRICE, 0n, 3n * PRICE]);
      await expect(buying)
        .to.emit(royaltyGraph, "Paid")
        .withArgs(song, token, market, 3n * PRICE);
      expect(await earned(token)).to.equal(3n * PRICE);
    });

    it("in native coin: the same", async () => {
      const { licenseMarket, royaltyGraph, market, bob, song, sell, purchase, earned } =
        await loadFixture(marketFixture);
      const termsId = await sell(periods(PERIOD, { paymentToken: NATIVE }));
      const value = 3n * PRICE;
      const buying = licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 3n }), { value });
      await expect(buying).to.changeEtherBalances([bob, market, royaltyGraph], [-value, 0n, value]);
      await expect(buying).to.emit(royaltyGraph, "Paid").withArgs(song, NATIVE, market, value);
      expect(await earned(NATIVE)).to.equal(value);
    });

    it("nothing for what is free, and touches neither graph nor token", async () => {
      const { licenseMarket, royaltyGraph, pieUSD, token, stranger, song, sell, purchase, earned } =
        await loadFixture(marketFixture);
      for (const [use, paymentToken] of [token, NATIVE].entries()) {
        const termsId = await sell({ price: 0n, use, paymentToken });
        const buying = licenseMarket.connect(stranger).buy(purchase(termsId, stranger, { use }));
        await expect(buying).not.to.emit(royaltyGraph, "Paid");
        await expect(buying).not.to.emit(pieUSD, "Transfer");
        await expect(buying)
          .to.emit(licenseMarket, "LicensePurchased")
          .withArgs(song, stranger.address, stranger.address, use, termsId, FOREVER, 0n);
        expect(await earned(paymentToken)).to.equal(0n);
      }
    });

    it("what parents, protocol and app are owed by the work's registration, whatever came later", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, royaltyGraph, appRegistry, ipRegistry, token, pieUSD, alice, bob, carol, stranger } =
        fixture;
      const { holders, song, derive, sell, purchase, relativeTerms } = fixture;
      await appRegistry.connect(stranger).registerApp(stranger, 250n);
      const work = await derive(carol, [song], { appId: 1n, termsId: relativeTerms });
      await appRegistry.connect(stranger).setFee(1n, 500n);
      const raise = ipRegistry.interface.encodeFunctionData("setProtocolFee", [500n]);
      await asRole(fixture, "IP_CONFIG", await ipRegistry.getAddress(), raise);
      const price = 10_000n;
      const termsId = await sell({ price }, work, carol);
      await licenseMarket.connect(bob).buy(purchase(termsId, bob, { ipId: work }));

      await royaltyGraph.claimFees([work], token);
      await royaltyGraph.claim(work, 0n, token);
      // A tenth to the parent, a hundredth to the protocol, a fortieth to the app, and the rest to the owner.
      await expect(royaltyGraph.connect(alice).withdraw(song, token, alice)).to.changeTokenBalance(
        pieUSD,
        alice,
        1_000n,
      );
      await expect(royaltyGraph.connect(holders.ADMIN).withdrawFees(0n, token, holders.ADMIN)).to.changeTokenBalance(
        pieUSD,
        holders.ADMIN,
        100n,
      );
      await expect(royaltyGraph.connect(stranger).withdrawFees(1n, token, stranger)).to.changeTokenBalance(
        pieUSD,
        stranger,
        250n,
      );
      await expect(royaltyGraph.connect(carol).withdraw(work, token, carol)).to.changeTokenBalance(
        pieUSD,
        carol,
        8_650n,
      );
    });
  });

  describe("reverts", () => {
    it("for a quantity of zero, of any kind", async () => {
      const { licenseMarket, bob, sell, purchase } = await loadFixture(marketFixture);
      for (const content of [{}, periods(PERIOD), units()]) {
        const termsId = await sell(content);
        await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 0n })))
          .to.be.revertedWithCustomError(licenseMarket, "InvalidQuantity")
          .withArgs(0n);
      }
    });

    it("without a licensee", async () => {
      const { licenseMarket, bob, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell();
      await expect(licenseMarket.connect(bob).buy(purchase(termsId, { address: ZeroAddress })))
        .to.be.revertedWithCustomError(licenseMarket, "InvalidLicensee")
        .withArgs(ZeroAddress);
    });

    it("without an offer: another use, another work, a work that is not there", async () => {
      const { licenseMarket, bob, song, beat, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell();
      const cases: [bigint, number][] = [
        [song, USE.HumanCommercial],
        [beat, USE.Human],
        [99n, USE.Human],
        [0n, USE.Human],
      ];
      for (const [ipId, use] of cases) {
        await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob, { ipId, use })))
          .to.be.revertedWithCustomError(licenseMarket, "NoOffer")
          .withArgs(ipId, use);
      }
    });

    it("for other terms than those of the offer, 0 and unknown ones included", async () => {
      const { licenseMarket, bob, song, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell();
      for (const expected of [0n, termsId - 1n, termsId + 1n, 2n ** 32n - 1n]) {
        await expect(licenseMarket.connect(bob).buy(purchase(expected, bob)))
          .to.be.revertedWithCustomError(licenseMarket, "UnexpectedTerms")
          .withArgs(song, expected, termsId);
      }
    });

    it("where the price rose between quote and purchase: that takes another terms id", async () => {
      const { licenseMarket, licenseTerms, pieUSD, alice, bob, song, token, sell, purchase } =
        await loadFixture(marketFixture);
      const quoted = await sell();
      const [answer] = await licenseMarket.quote([purchase(quoted, bob)]);
      expect([...answer!]).to.deep.equal(["0x00000000", token, PRICE]);
      // In the same block, just before.
      const raised = await createTerms(licenseTerms, offer({ paymentToken: token, price: PRICE * 1_000n }));
      await licenseMarket.connect(alice).setOffer(song, USE.Human, raised);
      const balance = await pieUSD.balanceOf(bob);
      await expect(licenseMarket.connect(bob).buy(purchase(quoted, bob)))
        .to.be.revertedWithCustomError(licenseMarket, "UnexpectedTerms")
        .withArgs(song, quoted, raised);
      expect(await pieUSD.balanceOf(bob)).to.equal(balance);
    });

    it("while the work is disputed, and not after the dispute", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, ipRegistry, holders, bob, song, sell, purchase } = fixture;
      const termsId = await sell();
      await ipRegistry.connect(holders.IP_FREEZER).freeze(song);
      await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob)))
        .to.be.revertedWithCustomError(licenseMarket, "WorkNotActive")
        .withArgs(song, STATUS.Disputed);
      const unfreeze = ipRegistry.interface.encodeFunctionData("unfreeze", [song]);
      await asRole(fixture, "IP_UNFREEZER", await ipRegistry.getAddress(), unfreeze);
      await licenseMarket.connect(bob).buy(purchase(termsId, bob));
    });

    it("once the work is deleted; a licence that was bought stays, and its units are consumed", async () => {
      const { licenseMarket, ipRegistry, alice, bob, song, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell(periods(PERIOD));
      await licenseMarket.connect(bob).buy(purchase(termsId, bob));
      const metered = await sell(units({ use: USE.Inference }));
      await licenseMarket.connect(bob).buy(purchase(metered, bob, { use: USE.Inference, quantity: 2n }));
      await ipRegistry.connect(alice).deleteWork(song);
      await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob)))
        .to.be.revertedWithCustomError(licenseMarket, "WorkNotActive")
        .withArgs(song, STATUS.Deleted);
      expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(true);
      await licenseMarket.connect(bob).consume(song, USE.Inference, 2n);
    });

    it("with more or less native coin than the price, or with none", async () => {
      const { licenseMarket, bob, sell, purchase, earned } = await loadFixture(marketFixture);
      const termsId = await sell(periods(PERIOD, { paymentToken: NATIVE }));
      for (const value of [0n, 1n, 2n * PRICE - 1n, 2n * PRICE + 1n, 10n * PRICE]) {
        await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob, { quantity: 2n }), { value }))
          .to.be.revertedWithCustomError(licenseMarket, "WrongValue")
          .withArgs(value, 2n * PRICE);
      }
      expect(await earned(NATIVE)).to.equal(0n);
    });

    it("with native coin beside a price in a token, or for what is free", async () => {
      const { licenseMarket, bob, token, sell, purchase } = await loadFixture(marketFixture);
      for (const content of [{}, { price: 0n }, { price: 0n, paymentToken: NATIVE }, units({ paymentToken: token })]) {
        const termsId = await sell(content);
        await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob), { value: 1n }))
          .to.be.revertedWithCustomError(licenseMarket, "WrongValue")
          .withArgs(1n, 0n);
      }
    });

    it("without the allowance, or without the money", async () => {
      const { licenseMarket, pieUSD, market, bob, stranger, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell();
      await pieUSD.connect(bob).approve(market, PRICE - 1n);
      await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob)))
        .to.be.revertedWithCustomError(pieUSD, "ERC20InsufficientAllowance")
        .withArgs(market, PRICE - 1n, PRICE);
      await pieUSD.connect(stranger).approve(market, PRICE);
      await expect(licenseMarket.connect(stranger).buy(purchase(termsId, stranger)))
        .to.be.revertedWithCustomError(pieUSD, "ERC20InsufficientBalance")
        .withArgs(stranger.address, 0n, PRICE);
    });

    it("where a listed token turned its fee on, and less than the price arrives", async () => {
      const fixture = await loadFixture(marketFixture);
      const { licenseMarket, usdt, market, bob, song, sell, purchase, list, earned } = fixture;
      const paymentToken = await usdt.getAddress();
      await list(paymentToken);
      const termsId = await sell({ paymentToken });
      await usdt.connect(bob).approve(market, 10n * PRICE);
      await usdt.setParams(10n, 1n);
      await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob)))
        .to.be.revertedWithCustomError(licenseMarket, "IncompletePayment")
        .withArgs(PRICE - PRICE / 1_000n, PRICE);
      expect(await earned(paymentToken)).to.equal(0n);
      expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(false);
    });

    it("where the price overflows the work's sum", async () => {
      const { licenseMarket, royaltyGraph, stranger, song, sell, purchase, list, market } =
        await loadFixture(marketFixture);
      const hostile = await hre.ethers.deployContract("MockHostileERC20");
      const paymentToken = await hostile.getAddress();
      await list(paymentToken);
      const termsId = await sell(units({ paymentToken, price: 2n ** 128n - 1n }));
      const due = (2n ** 128n - 1n) * MAX_UNITS;
      await hostile.mint(stranger, due);
      await hostile.connect(stranger).approve(market, due);
      const bought = purchase(termsId, stranger, { quantity: MAX_UNITS });
      expect(await licenseMarket.priceOf(bought, stranger)).to.deep.equal([paymentToken, due]);
      await expect(licenseMarket.connect(stranger).buy(bought))
        .to.be.revertedWithCustomError(royaltyGraph, "LedgerOverflow")
        .withArgs(song, paymentToken, due);
    });
  });

  it("keeps time and units apart where the kinds alternate on one use", async () => {
    const fixture = await loadFixture(marketFixture);
    const { licenseMarket, bob, sell, purchase } = fixture;
    const first = await sell(periods(PERIOD));
    const start = (await now()) + 10n;
    await at(start, () => licenseMarket.connect(bob).buy(purchase(first, bob)));
    const metered = await sell(units());
    await at(start + 1n, () => licenseMarket.connect(bob).buy(purchase(metered, bob, { quantity: 4n })));
    expect(await sell(periods(PERIOD))).to.equal(first);
    await at(start + 2n, () => licenseMarket.connect(bob).buy(purchase(first, bob)));
    expect(await licenseOf(fixture, bob.address)).to.deep.equal([start, start + 2n * PERIOD, first]);
    expect(await meterOf(fixture, bob.address)).to.deep.equal([4n, 0n, start + 1n, 0n, metered]);
  });
});
