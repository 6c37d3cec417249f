import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, type Interface } from "ethers";
import hre from "hardhat";

import { NATIVE, USE } from "../fixtures/ip";
import { FOREVER, MAX_BATCH, PRICE, marketFixture, payoutFixture, periods, units } from "../fixtures/market";
import type { Purchase } from "../fixtures/market";
import { PAYOUT_MODE } from "../helpers/mocks";

const COIN = 7n * 10n ** 15n;

const selectorOf = (contract: Interface, error: string): string => contract.getError(error)!.selector;

/** Three licences: for pieUSD, for native coin, for nothing; each for a use of its own. */
async function mixed() {
  const fixture = await loadFixture(marketFixture);
  const { sell, purchase, bob } = fixture;
  const inToken = await sell(periods(1_000n));
  const inCoin = await sell(periods(1_000n, { use: USE.Training, paymentToken: NATIVE, price: COIN }));
  const free = await sell({ use: USE.FineTuning, price: 0n });
  const purchases: Purchase[] = [
    purchase(inToken, bob, { quantity: 2n }),
    purchase(inCoin, bob, { use: USE.Training, quantity: 3n }),
    purchase(free, bob, { use: USE.FineTuning }),
  ];
  return { ...fixture, inToken, inCoin, free, purchases };
}

/** The same, by a contract that can refuse what comes back. */
async function mixedByContract() {
  const fixture = await loadFixture(payoutFixture);
  const { sell, purchase, payoutAddress } = fixture;
  const termsId = await sell(periods(1_000n, { use: USE.Training, paymentToken: NATIVE, price: COIN }));
  const purchases = [purchase(termsId, { address: payoutAddress }, { use: USE.Training })];
  const buy = (value: bigint, tolerant = true) =>
    fixture.payout.execute(
      fixture.licenseMarket,
      value,
      fixture.licenseMarket.interface.encodeFunctionData("buyBatch", [purchases, tolerant]),
      { value },
    );
  return { ...fixture, purchases, buy };
}

describe("LicenseMarket.buyBatch", () => {
  for (const tolerant of [false, true]) {
    describe(tolerant ? "that is tolerant" : "that is atomic", () => {
      it("buys for tokens, for native coin and for nothing, each paid in full", async () => {
        const { licenseMarket, royaltyGraph, pieUSD, market, bob, song, token, purchases, earned } =
          await loadFixture(mixed);
        const value = 3n * COIN;
        expect(await licenseMarket.connect(bob).buyBatch.staticCall(purchases, tolerant, { value })).to.deep.equal([
          true,
          true,
          true,
        ]);
        const buying = licenseMarket.connect(bob).buyBatch(purchases, tolerant, { value });
        await expect(buying).to.changeEtherBalances([bob, market, royaltyGraph], [-value, 0n, value]);
        await expect(buying).to.changeTokenBalances(pieUSD, [bob, market, royaltyGraph], [-2n * PRICE, 0n, 2n * PRICE]);
        await expect(buying).not.to.emit(licenseMarket, "PurchaseSkipped");
        expect([await earned(token), await earned(NATIVE)]).to.deep.equal([2n * PRICE, value]);
        for (const use of [USE.Human, USE.Training, USE.FineTuning]) {
          expect(await licenseMarket.hasAccess(bob, song, use)).to.equal(true);
        }
      });

      it("names the caller as buyer, and as whoever may change its own terms", async () => {
        const { licenseMarket, bob, carol, song, sell, purchase, purchases, inToken } = await loadFixture(mixed);
        await licenseMarket.connect(bob).buyBatch([purchases[0]!], tolerant);
        const other = await sell(periods(5n));
        const changing = [purchase(other, bob)];
        const reason = licenseMarket.interface.encodeErrorResult("OtherTermsRunning", [bob.address, inToken, other]);
        const given = licenseMarket.connect(carol).buyBatch(changing, tolerant);
        if (tolerant) await expect(given).to.emit(licenseMarket, "PurchaseSkipped").withArgs(0n, reason);
        else {
          await expect(given)
            .to.be.revertedWithCustomError(licenseMarket, "OtherTermsRunning")
            .withArgs(bob.address, inToken, other);
        }
        const { expiry } = await licenseMarket.licenseOf(bob, song, USE.Human);
        await expect(licenseMarket.connect(bob).buyBatch(changing, tolerant))
          .to.emit(licenseMarket, "LicensePurchased")
          .withArgs(song, bob.address, bob.address, USE.Human, other, expiry + 5n, PRICE);
      });

      it("takes the same purchase many times, as it would one after the other", async () => {
        const { licenseMarket, bob, song, sell, purchase } = await loadFixture(marketFixture);
        const termsId = await sell(periods(10n));
        await licenseMarket.connect(bob).buyBatch(Array<Purchase>(5).fill(purchase(termsId, bob)), tolerant);
        const { start, expiry } = await licenseMarket.licenseOf(bob, song, USE.Human);
        expect(expiry - start).to.equal(50n);
      });

      it("buys nothing where nothing is asked for", async () => {
        const { licenseMarket, bob } = await loadFixture(marketFixture);
        expect(await licenseMarket.connect(bob).buyBatch.staticCall([], tolerant)).to.deep.equal([]);
        await licenseMarket.connect(bob).buyBatch([], tolerant);
      });

      it(`takes ${MAX_BATCH} purchases`, async () => {
        const { licenseMarket, bob, song, sell, purchase } = await loadFixture(marketFixture);
        const termsId = await sell(units());
        const purchases = Array<Purchase>(MAX_BATCH).fill(purchase(termsId, bob));
        await licenseMarket.connect(bob).buyBatch(purchases, tolerant);
        expect((await licenseMarket.meterOf(bob, song, USE.Human)).purchased).to.equal(MAX_BATCH);
      });

      it("takes not one more", async () => {
        const { licenseMarket, bob, sell, purchase } = await loadFixture(marketFixture);
        const termsId = await sell(units());
        const purchases = Array<Purchase>(MAX_BATCH + 1).fill(purchase(termsId, bob));
        await expect(licenseMarket.connect(bob).buyBatch(purchases, tolerant))
          .to.be.revertedWithCustomError(licenseMarket, "BatchTooLarge")
          .withArgs(MAX_BATCH + 1, MAX_BATCH);
      });
    });
  }

  describe("that is atomic", () => {
    it("reverts whole with the error of the element that cannot be bought", async () => {
      const { licenseMarket, pieUSD, bob, song, token, purchases, inToken, purchase, earned } =
        await loadFixture(mixed);
      const value = 3n * COIN;
      const bad = purchase(inToken, bob, { use: USE.Inference });
      for (const list of [
        [...purchases, bad],
        [bad, ...purchases],
      ]) {
        await expect(licenseMarket.connect(bob).buyBatch(list, false, { value }))
          .to.be.revertedWithCustomError(licenseMarket, "NoOffer")
          .withArgs(song, USE.Inference);
      }
      expect(await pieUSD.balanceOf(bob)).to.equal(5_000n * 1_000_000n);
      expect([await earned(token), await earned(NATIVE)]).to.deep.equal([0n, 0n]);
      expect(await licenseMarket.hasAccess(bob, song, USE.FineTuning)).to.equal(false);
    });

    it("reverts with more native coin than its prices", async () => {
      const { licenseMarket, bob, purchases } = await loadFixture(mixed);
      for (const [list, due] of [
        [purchases, 3n * COIN],
        [[purchases[0]!], 0n],
        [[], 0n],
      ] as const) {
        await expect(licenseMarket.connect(bob).buyBatch([...list], false, { value: due + 1n }))
          .to.be.revertedWithCustomError(licenseMarket, "WrongValue")
          .withArgs(due + 1n, due);
      }
    });

    it("reverts with less, at the element for which it does not suffice", async () => {
      const { licenseMarket, bob, purchases } = await loadFixture(mixed);
      const twice = [purchases[1]!, purchases[1]!];
      await expect(licenseMarket.connect(bob).buyBatch(twice, false, { value: 6n * COIN - 1n }))
        .to.be.revertedWithCustomError(licenseMarket, "WrongValue")
        .withArgs(3n * COIN - 1n, 3n * COIN);
      await expect(licenseMarket.connect(bob).buyBatch(twice, false, { value: 6n * COIN })).to.changeEtherBalance(
        bob,
        -6n * COIN,
      );
    });
  });

  describe("that is tolerant", () => {
    it("skips what cannot be bought, says why, and gives back to the wei what was not spent", async () => {
      const fixture = await loadFixture(mixed);
      const { licenseMarket, royaltyGraph, pieUSD, market, bob, song, purchases, purchase } = fixture;
      const { inToken, inCoin, free } = fixture;
      await pieUSD.connect(bob).approve(market, 2n * PRICE);
      const { interface: i } = licenseMarket;
      const list: [Purchase, string | null][] = [
        [purchase(inToken, bob, { use: USE.Inference }), i.encodeErrorResult("NoOffer", [song, USE.Inference])],
        [purchases[0]!, null],
        [purchase(free, bob, { quantity: 2n, use: USE.FineTuning }), i.encodeErrorResult("InvalidQuantity", [2n])],
        [purchases[2]!, null],
        [purchases[2]!, i.encodeErrorResult("AlreadyLicensed", [bob.address, song, USE.FineTuning])],
        [purchases[1]!, null],
        // 3 · COIN + 5 were sent.
        [purchase(inCoin, bob, { use: USE.Training }), i.encodeErrorResult("WrongValue", [5n, COIN])],
        [purchase(inToken, bob), pieUSD.interface.encodeErrorResult("ERC20InsufficientAllowance", [market, 0n, PRICE])],
        [purchase(inToken, { address: ZeroAddress }), i.encodeErrorResult("InvalidLicensee", [ZeroAddress])],
        [purchase(free, bob), i.encodeErrorResult("UnexpectedTerms", [song, free, inToken])],
      ];
      const call = licenseMarket.connect(bob).buyBatch;
      const asked = list.map(([p]) => p);
      const value = 3n * COIN + 5n;
      expect(await call.staticCall(asked, true, { value })).to.deep.equal(list.map(([, reason]) => reason === null));
      const buying = call(asked, true, { value });
      await expect(buying).to.changeEtherBalances([bob, market, royaltyGraph], [-3n * COIN, 0n, 3n * COIN]);
      await expect(buying).to.changeTokenBalances(pieUSD, [bob, market], [-2n * PRICE, 0n]);
      const receipt = await (await buying).wait();
      const skipped = receipt!.logs
        .map((log) => licenseMarket.interface.parseLog(log))
        .filter((log) => log?.name === "PurchaseSkipped")
        .map((log) => log!.args.toArray() as unknown[]);
      expect(skipped).to.deep.equal(
        list.flatMap(([, reason], index) => (reason === null ? [] : [[BigInt(index), reason]])),
      );
    });

    it("gives everything back where nothing can be bought", async () => {
      const { licenseMarket, market, bob, sell, purchase } = await loadFixture(marketFixture);
      const termsId = await sell({ paymentToken: NATIVE, price: COIN });
      for (const list of [[], [purchase(termsId + 1n, bob)], [purchase(termsId, bob)]]) {
        await expect(licenseMarket.connect(bob).buyBatch(list, true, { value: COIN - 1n })).to.changeEtherBalances(
          [bob, market],
          [0n, 0n],
        );
      }
    });

    it("leaves coin that was forced into the market alone: it is no budget", async () => {
      const { licenseMarket, market, bob, sell, purchase } = await loadFixture(marketFixture);
      await hre.network.provider.send("hardhat_setBalance", [market, "0xde0b6b3a7640000"]);
      const termsId = await sell({ paymentToken: NATIVE, price: COIN });
      await expect(licenseMarket.connect(bob).buyBatch([purchase(termsId, bob)], true, { value: COIN - 1n }))
        .to.emit(licenseMarket, "PurchaseSkipped")
        .withArgs(0n, licenseMarket.interface.encodeErrorResult("WrongValue", [COIN - 1n, COIN]));
      expect(await hre.ethers.provider.getBalance(market)).to.equal(10n ** 18n);
    });

    it("skips a payment that is less than whole, and keeps nothing of it", async () => {
      const { licenseMarket, usdt, market, bob, song, sell, purchase, list, earned } = await loadFixture(marketFixture);
      const paymentToken = await usdt.getAddress();
      await list(paymentToken);
      const termsId = await sell({ paymentToken });
      await usdt.connect(bob).approve(market, PRICE);
      await usdt.setParams(10n, 1n);
      const buying = licenseMarket.connect(bob).buyBatch([purchase(termsId, bob)], true);
      await expect(buying).to.changeTokenBalance(usdt, bob, 0n);
      await expect(buying)
        .to.emit(licenseMarket, "PurchaseSkipped")
        .withArgs(0n, licenseMarket.interface.encodeErrorResult("IncompletePayment", [PRICE - PRICE / 1_000n, PRICE]));
      expect(await earned(paymentToken)).to.equal(0n);
      expect(await licenseMarket.licenseOf(bob, song, USE.Human)).to.deep.equal([0n, 0n, 0n]);
    });
  });

  describe("whose sender is a contract", () => {
    it("refunds it", async () => {
      const { buy, payoutAddress } = await loadFixture(mixedByContract);
      await buy(COIN + 9n);
      expect(await hre.ethers.provider.getBalance(payoutAddress)).to.equal(9n);
    });

    it("reverts whole where it refuses the refund, and needs none where nothing is left", async () => {
      const { buy, payout, licenseMarket, payoutAddress, song, earned } = await loadFixture(mixedByContract);
      await payout.setMode(PAYOUT_MODE.Refuse);
      await expect(buy(COIN + 1n)).to.be.revertedWithCustomError(payout, "Refused");
      expect(await licenseMarket.hasAccess(payoutAddress, song, USE.Training)).to.equal(false);
      expect(await earned(NATIVE)).to.equal(0n);
      await buy(COIN);
      expect(await earned(NATIVE)).to.equal(COIN);
    });

    for (const mode of ["BurnGas", "RevertBomb"] as const) {
      it(`reverts whole where the refund meets ${mode}`, async () => {
        const { buy, payout, earned } = await loadFixture(mixedByContract);
        await payout.setMode(PAYOUT_MODE[mode]);
        await expect(buy(COIN + 1n)).to.be.reverted;
        expect(await earned(NATIVE)).to.equal(0n);
      });
    }

    it("is locked out of every purchase while it takes the refund", async () => {
      const { buy, payout, licenseMarket, market, purchases, payoutAddress, earned, purchase } =
        await loadFixture(mixedByContract);
      const { interface: i } = licenseMarket;
      const calls = [
        i.encodeFunctionData("buy", [purchases[0]!]),
        i.encodeFunctionData("buyBatch", [purchases, true]),
        i.encodeFunctionData("buyBatch", [purchases, false]),
        i.encodeFunctionData("buyWithAuthorization", [
          purchase(1n, { address: payoutAddress }),
          payoutAddress,
          0n,
          1n,
          hre.ethers.ZeroHash,
          "0x",
        ]),
      ];
      await payout.setMode(PAYOUT_MODE.Reenter);
      for (const [n, call] of calls.entries()) {
        // Value is sent along where it can be, so that the lock alone can refuse.
        await payout.setReentry(market, n < 3 ? 1n : 0n, call);
        await buy(COIN + 1n);
        expect(await payout.reentries()).to.equal(n + 1);
        expect(await payout.reentrySucceeded()).to.equal(false);
        expect(await payout.reentryResult()).to.equal(selectorOf(i, "ReentrancyGuardReentrantCall"));
      }
      expect(await earned(NATIVE)).to.equal(BigInt(calls.length) * COIN);
    });
  });
});

describe("LicenseMarket.buyItem", () => {
  it("is the market's own alone", async () => {
    const { licenseMarket, alice, bob, stranger, holders, sell, purchase } = await loadFixture(marketFixture);
    const termsId = await sell();
    for (const caller of [alice, bob, stranger, holders.ADMIN, holders.IP_CONFIG]) {
      await expect(licenseMarket.connect(caller).buyItem(bob, purchase(termsId, caller), 0n))
        .to.be.revertedWithCustomError(licenseMarket, "OnlySelf")
        .withArgs(caller.address);
    }
  });
});

describe("LicenseMarket.quote", () => {
  it("tells price and token, or the selector of what is wrong, and each is what buying does", async () => {
    const fixture = await loadFixture(mixed);
    const { licenseMarket, ipRegistry, pieUSD, token, alice, bob, carol, song, beat, sell, purchase } = fixture;
    const { inToken, inCoin, free, purchases, list, holders } = fixture;
    const usdt = await fixture.usdt.getAddress();
    await list(usdt);
    const inUSDT = await sell({ paymentToken: usdt }, beat, bob);
    await list(usdt, false);
    const dead = await fixture.root(alice);
    const ofDead = await sell({}, dead);
    await ipRegistry.connect(alice).deleteWork(dead);
    const disputed = await fixture.root(alice);
    const ofDisputed = await sell({}, disputed);
    await ipRegistry.connect(holders.IP_FREEZER).freeze(disputed);
    await licenseMarket.connect(carol).buy(purchase(free, carol, { use: USE.FineTuning }));
    await licenseMarket.connect(carol).buy(purchase(inToken, carol));
    const metered = await sell(units({ use: USE.Inference, price: 2n }));
    await licenseMarket.connect(bob).buy(purchase(metered, bob, { use: USE.Inference, quantity: 2n }));
    const another = await sell(periods(9n, { price: 3n }));

    const cases: [Purchase, string, string, bigint][] = [
      [purchase(another, bob, { quantity: 2n }), "", token, 6n],
      [purchases[1]!, "", NATIVE, 3n * COIN],
      [purchases[2]!, "", token, 0n],
      [purchase(metered, bob, { use: USE.Inference, quantity: 5n }), "", token, 10n],
      [purchases[0]!, "UnexpectedTerms", NATIVE, 0n],
      [purchase(another, carol), "OtherTermsRunning", NATIVE, 0n],
      [purchase(free, carol, { use: USE.FineTuning }), "AlreadyLicensed", NATIVE, 0n],
      [purchase(inCoin, bob, { use: USE.Training, quantity: 0n }), "InvalidQuantity", NATIVE, 0n],
      [purchase(free, bob, { use: USE.FineTuning, quantity: 2n }), "InvalidQuantity", NATIVE, 0n],
      [purchase(another, bob, { quantity: 2n ** 40n }), "InvalidQuantity", NATIVE, 0n],
      [purchase(metered, bob, { use: USE.Inference, quantity: 2n ** 64n - 2n }), "InvalidQuantity", NATIVE, 0n],
      [purchase(another, { address: ZeroAddress }), "InvalidLicensee", NATIVE, 0n],
      [purchase(another, bob, { use: USE.HumanCommercial }), "NoOffer", NATIVE, 0n],
      [purchase(inUSDT, bob, { ipId: beat }), "UnsupportedToken", NATIVE, 0n],
      [purchase(ofDead, bob, { ipId: dead }), "WorkNotActive", NATIVE, 0n],
      [purchase(ofDisputed, bob, { ipId: disputed }), "WorkNotActive", NATIVE, 0n],
    ];
    const quotes = await licenseMarket.connect(bob).quote(cases.map(([p]) => p));
    expect(quotes.map((q) => [...q])).to.deep.equal(
      cases.map(([, error, of, price]) => [
        error === "" ? "0x00000000" : selectorOf(licenseMarket.interface, error),
        of,
        price,
      ]),
    );
    for (const [bought, error, of, price] of cases) {
      if (error !== "") {
        await expect(licenseMarket.connect(bob).buy(bought)).to.be.revertedWithCustomError(licenseMarket, error);
        await expect(licenseMarket.priceOf(bought, bob)).to.be.revertedWithCustomError(licenseMarket, error);
        continue;
      }
      expect(await licenseMarket.priceOf(bought, bob)).to.deep.equal([of, price]);
      const buying = licenseMarket.connect(bob).buy(bought, { value: of === NATIVE ? price : 0n });
      if (of === NATIVE) await expect(buying).to.changeEtherBalance(bob, -price);
      else await expect(buying).to.changeTokenBalance(pieUSD, bob, -price);
    }
    expect(await licenseMarket.subscriptionExpiry(bob, song, USE.FineTuning)).to.equal(FOREVER);
  });

  it("judges gifts by who asks, and priceOf by who is named", async () => {
    const { licenseMarket, bob, carol, token, sell, purchase } = await loadFixture(marketFixture);
    const running = await sell(periods(1_000n));
    await licenseMarket.connect(bob).buy(purchase(running, bob));
    const other = await sell(periods(7n));
    const bought = purchase(other, bob);
    expect((await licenseMarket.connect(bob).quote([bought])).map((q) => [...q])).to.deep.equal([
      ["0x00000000", token, PRICE],
    ]);
    const fault = selectorOf(licenseMarket.interface, "OtherTermsRunning");
    expect((await licenseMarket.connect(carol).quote([bought])).map((q) => [...q])).to.deep.equal([
      [fault, NATIVE, 0n],
    ]);
    expect(await licenseMarket.connect(carol).priceOf(bought, bob)).to.deep.equal([token, PRICE]);
    await expect(licenseMarket.connect(bob).priceOf(bought, carol))
      .to.be.revertedWithCustomError(licenseMarket, "OtherTermsRunning")
      .withArgs(bob.address, running, other);
  });

  it(`takes ${MAX_BATCH} purchases and not one more`, async () => {
    const { licenseMarket, bob, sell, purchase } = await loadFixture(marketFixture);
    const termsId = await sell(units());
    const list = (length: number): Purchase[] => Array<Purchase>(length).fill(purchase(termsId, bob));
    expect(await licenseMarket.quote([])).to.deep.equal([]);
    expect(await licenseMarket.quote(list(MAX_BATCH))).to.have.length(MAX_BATCH);
    await expect(licenseMarket.quote(list(MAX_BATCH + 1)))
      .to.be.revertedWithCustomError(licenseMarket, "BatchTooLarge")
      .withArgs(MAX_BATCH + 1, MAX_BATCH);
  });
});
