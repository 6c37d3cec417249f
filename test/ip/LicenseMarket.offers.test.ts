import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import hre from "hardhat";

import { KIND, NATIVE, USE, createTerms, offer } from "../fixtures/ip";
import { PRICE, marketFixture, periods, units } from "../fixtures/market";
import { asRole, schedule } from "../helpers/authority";

describe("LicenseMarket.setOffer", () => {
  it("offers licences for a use by terms, and says so", async () => {
    const { licenseMarket, licenseTerms, alice, song, token } = await loadFixture(marketFixture);
    const termsId = await createTerms(licenseTerms, offer({ use: USE.Training, paymentToken: token }));
    expect(await licenseMarket.offerOf(song, USE.Training)).to.equal(0n);
    await expect(licenseMarket.connect(alice).setOffer(song, USE.Training, termsId))
      .to.emit(licenseMarket, "OfferUpdated")
      .withArgs(song, USE.Training, termsId);
    expect(await licenseMarket.offerOf(song, USE.Training)).to.equal(termsId);
  });

  it("replaces the former offer: its terms can no longer be bought", async () => {
    const { licenseMarket, bob, song, sell, purchase } = await loadFixture(marketFixture);
    const former = await sell();
    const next = await sell({ price: PRICE + 1n });
    expect(await licenseMarket.offerOf(song, USE.Human)).to.equal(next);
    await expect(licenseMarket.connect(bob).buy(purchase(former, bob)))
      .to.be.revertedWithCustomError(licenseMarket, "UnexpectedTerms")
      .withArgs(song, former, next);
  });

  it("ends the offer with 0, also where there is none", async () => {
    const { licenseMarket, alice, bob, song, sell, purchase } = await loadFixture(marketFixture);
    const termsId = await sell();
    for (let i = 0; i < 2; i++) {
      await expect(licenseMarket.connect(alice).setOffer(song, USE.Human, 0n))
        .to.emit(licenseMarket, "OfferUpdated")
        .withArgs(song, USE.Human, 0n);
      expect(await licenseMarket.offerOf(song, USE.Human)).to.equal(0n);
    }
    for (const expected of [termsId, 0n]) {
      await expect(licenseMarket.connect(bob).buy(purchase(expected, bob)))
        .to.be.revertedWithCustomError(licenseMarket, "NoOffer")
        .withArgs(song, USE.Human);
    }
  });

  it("keeps nothing of an ended offer for the next one", async () => {
    const { licenseMarket, alice, bob, song, sell, purchase, pieUSD } = await loadFixture(marketFixture);
    await sell(periods(100n, { price: 3n }));
    await licenseMarket.connect(alice).setOffer(song, USE.Human, 0n);
    const free = await sell({ price: 0n });
    await expect(licenseMarket.connect(bob).buy(purchase(free, bob))).to.changeTokenBalance(pieUSD, bob, 0n);
    expect(await licenseMarket.subscriptionExpiry(bob, song, USE.Human)).to.equal(2n ** 40n - 1n);
  });

  it("keeps the eight uses of a work, and the works, apart", async () => {
    const { licenseMarket, alice, bob, song, beat, sell, purchase, earned, token } = await loadFixture(marketFixture);
    const ids = new Map<number, bigint>();
    for (const use of Object.values(USE)) ids.set(use, await sell({ use, price: PRICE + BigInt(use) }));
    for (const [use, termsId] of ids) {
      expect(await licenseMarket.offerOf(song, use)).to.equal(termsId);
      expect(await licenseMarket.offerOf(beat, use)).to.equal(0n);
    }
    await licenseMarket.connect(alice).setOffer(song, USE.FineTuning, 0n);
    let paid = 0n;
    for (const [use, termsId] of ids) {
      const buying = licenseMarket.connect(bob).buy(purchase(termsId, bob, { use }));
      if (use === USE.FineTuning) {
        await expect(buying).to.be.revertedWithCustomError(licenseMarket, "NoOffer").withArgs(song, use);
      } else {
        await (await buying).wait();
        paid += PRICE + BigInt(use);
      }
    }
    expect(await earned(token)).to.equal(paid);
    expect(await licenseMarket.subscriptionExpiry(bob, song, USE.FineTuning)).to.equal(0n);
  });

  it("lets works of different owners share terms", async () => {
    const { licenseMarket, alice, bob, carol, beat, sell, purchase, earned, token } = await loadFixture(marketFixture);
    const termsId = await sell();
    expect(await sell({}, beat, bob)).to.equal(termsId);
    await licenseMarket.connect(carol).buy(purchase(termsId, carol, { ipId: beat }));
    expect([await earned(token), await earned(token, beat)]).to.deep.equal([0n, PRICE]);
    expect(await licenseMarket.hasAccess(carol, beat, USE.Human)).to.equal(true);
    expect(await licenseMarket.hasAccess(carol, 1n, USE.Human)).to.equal(false);
    expect(alice.address).not.to.equal(bob.address);
  });

  it("is the owner's alone: not an operator's, not an approved account's, not a role's", async () => {
    const { licenseMarket, ipRegistry, licenseTerms, alice, bob, carol, stranger, holders, deployer, song } =
      await loadFixture(marketFixture);
    const termsId = await createTerms(licenseTerms, offer());
    await ipRegistry.connect(alice).setApprovalForAll(bob, true);
    await ipRegistry.connect(alice).approve(carol, song);
    for (const caller of [stranger, bob, carol, deployer, ...Object.values(holders)]) {
      for (const offered of [termsId, 0n]) {
        await expect(licenseMarket.connect(caller).setOffer(song, USE.Human, offered))
          .to.be.revertedWithCustomError(licenseMarket, "NotOwner")
          .withArgs(song, caller.address);
      }
    }
  });

  it("is nobody's for a work that is not there", async () => {
    const { licenseMarket, stranger } = await loadFixture(marketFixture);
    await expect(licenseMarket.connect(stranger).setOffer(99n, USE.Human, 0n))
      .to.be.revertedWithCustomError(licenseMarket, "NotOwner")
      .withArgs(99n, stranger.address);
  });

  it("passes to a new owner, offers and all", async () => {
    const { licenseMarket, ipRegistry, licenseTerms, alice, bob, carol, song, sell, purchase } =
      await loadFixture(marketFixture);
    const termsId = await sell();
    await ipRegistry.connect(alice).transferFrom(alice, carol, song);
    expect(await licenseMarket.offerOf(song, USE.Human)).to.equal(termsId);
    await licenseMarket.connect(bob).buy(purchase(termsId, bob));
    await expect(licenseMarket.connect(alice).setOffer(song, USE.Human, 0n))
      .to.be.revertedWithCustomError(licenseMarket, "NotOwner")
      .withArgs(song, alice.address);
    const dearer = await createTerms(licenseTerms, offer({ price: 5n }));
    await licenseMarket.connect(carol).setOffer(song, USE.Human, dearer);
    expect(await licenseMarket.offerOf(song, USE.Human)).to.equal(dearer);
  });

  it("reverts for terms that sell nothing", async () => {
    const { licenseMarket, alice, song, relativeTerms } = await loadFixture(marketFixture);
    await expect(licenseMarket.connect(alice).setOffer(song, USE.Human, relativeTerms))
      .to.be.revertedWithCustomError(licenseMarket, "InvalidOffer")
      .withArgs(relativeTerms, USE.Human);
  });

  it("reverts for terms of every other use", async () => {
    const { licenseMarket, licenseTerms, alice, song } = await loadFixture(marketFixture);
    const termsId = await createTerms(licenseTerms, offer({ use: USE.Training }));
    for (const use of Object.values(USE).filter((u) => u !== USE.Training)) {
      await expect(licenseMarket.connect(alice).setOffer(song, use, termsId))
        .to.be.revertedWithCustomError(licenseMarket, "InvalidOffer")
        .withArgs(termsId, use);
    }
  });

  it("reverts for terms that are not there", async () => {
    const { licenseMarket, licenseTerms, alice, song } = await loadFixture(marketFixture);
    const unknown = (await licenseTerms.count()) + 1n;
    await expect(licenseMarket.connect(alice).setOffer(song, USE.Human, unknown))
      .to.be.revertedWithCustomError(licenseTerms, "UnknownTerms")
      .withArgs(unknown);
  });

  it("reverts for a token in which licences are not paid", async () => {
    const { licenseMarket, licenseTerms, usdt, alice, song } = await loadFixture(marketFixture);
    const paymentToken = await usdt.getAddress();
    const termsId = await createTerms(licenseTerms, offer({ paymentToken }));
    await expect(licenseMarket.connect(alice).setOffer(song, USE.Human, termsId))
      .to.be.revertedWithCustomError(licenseMarket, "UnsupportedToken")
      .withArgs(paymentToken);
  });

  it("takes terms that also allow derivatives, whose rate a licence does not ask for", async () => {
    const { licenseMarket, bob, sell, purchase, earned, token } = await loadFixture(marketFixture);
    const termsId = await sell({ derivativesAllowed: true, royaltyRate: 300_000n, reciprocal: true });
    await licenseMarket.connect(bob).buy(purchase(termsId, bob));
    expect(await earned(token)).to.equal(PRICE);
  });
});

describe("LicenseMarket.setPaymentToken", () => {
  const listing = async () => {
    const fixture = await loadFixture(marketFixture);
    const { licenseMarket, usdt } = fixture;
    const address = await usdt.getAddress();
    const encode = (supported: boolean, listed = address): string =>
      licenseMarket.interface.encodeFunctionData("setPaymentToken", [listed, supported]);
    return { ...fixture, usdtAddress: address, encode };
  };

  it("lists by the role, after two days, and says so", async () => {
    const suite = await listing();
    const { licenseMarket, manager, holders, market, usdtAddress, encode } = suite;
    expect(await licenseMarket.isPaymentToken(usdtAddress)).to.equal(false);
    await schedule(suite, "IP_CONFIG", market, encode(true));
    await expect(manager.connect(holders.IP_CONFIG).execute(market, encode(true))).to.be.revertedWithCustomError(
      manager,
      "AccessManagerNotReady",
    );
    await hre.network.provider.send("evm_increaseTime", [2 * 86_400]);
    await expect(manager.connect(holders.IP_CONFIG).execute(market, encode(true)))
      .to.emit(licenseMarket, "PaymentTokenUpdated")
      .withArgs(usdtAddress, true);
    expect(await licenseMarket.isPaymentToken(usdtAddress)).to.equal(true);
  });

  it("is refused to everybody who calls directly, the role's holder included", async () => {
    const { licenseMarket, manager, alice, stranger, holders, usdtAddress } = await listing();
    for (const caller of [alice, stranger, ...Object.values(holders)]) {
      const call = licenseMarket.connect(caller).setPaymentToken(usdtAddress, true);
      if (caller === holders.IP_CONFIG) {
        await expect(call).to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled");
      } else {
        await expect(call)
          .to.be.revertedWithCustomError(licenseMarket, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    }
  });

  it("has pieUSD and the native coin from the start", async () => {
    const { licenseMarket, token } = await loadFixture(marketFixture);
    expect(await licenseMarket.isPaymentToken(token)).to.equal(true);
    expect(await licenseMarket.isPaymentToken(NATIVE)).to.equal(true);
  });

  it("reverts for an account without code, and for the native coin, which is always taken", async () => {
    const suite = await listing();
    const { licenseMarket, market, stranger, encode } = suite;
    for (const account of [stranger.address, ZeroAddress]) {
      for (const supported of [true, false]) {
        await expect(asRole(suite, "IP_CONFIG", market, encode(supported, account)))
          .to.be.revertedWithCustomError(licenseMarket, "UnsupportedToken")
          .withArgs(account);
      }
    }
    expect(await licenseMarket.isPaymentToken(NATIVE)).to.equal(true);
  });

  it("stops sales in a delisted token, and lets them go on when it is listed again", async () => {
    const { licenseMarket, alice, bob, song, token, sell, purchase, list } = await loadFixture(marketFixture);
    const termsId = await sell(periods(100n));
    await licenseMarket.connect(bob).buy(purchase(termsId, bob));
    await list(token, false);
    const attempts = [
      () => licenseMarket.connect(bob).buy(purchase(termsId, bob)),
      () => licenseMarket.connect(bob).buyBatch([purchase(termsId, bob)], false),
      () => licenseMarket.priceOf(purchase(termsId, bob), bob),
      () => licenseMarket.connect(alice).setOffer(song, USE.Human, termsId),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).to.be.revertedWithCustomError(licenseMarket, "UnsupportedToken").withArgs(token);
    }
    await licenseMarket.connect(alice).setOffer(song, USE.Human, 0n);
    await list(token);
    await licenseMarket.connect(alice).setOffer(song, USE.Human, termsId);
    await licenseMarket.connect(bob).buy(purchase(termsId, bob));
  });

  it("leaves licences that were paid in a delisted token as they are", async () => {
    const { licenseMarket, bob, song, token, sell, purchase, list } = await loadFixture(marketFixture);
    await licenseMarket.connect(bob).buy(purchase(await sell(), bob));
    await licenseMarket.connect(bob).buy(purchase(await sell(units({ use: 2 })), bob, { use: 2, quantity: 5n }));
    await list(token, false);
    expect(await licenseMarket.hasAccess(bob, song, USE.Human)).to.equal(true);
    await licenseMarket.connect(bob).consume(song, USE.Training, 5n);
  });

  it("sells in a newly listed token, whose whole price reaches the work", async () => {
    const { licenseMarket, usdt, bob, sell, purchase, list, earned, market, royaltyGraph } =
      await loadFixture(marketFixture);
    const usdtAddress = await usdt.getAddress();
    await list(usdtAddress);
    const termsId = await sell({ paymentToken: usdtAddress, kind: KIND.SinglePayment });
    await usdt.connect(bob).approve(market, PRICE);
    await expect(licenseMarket.connect(bob).buy(purchase(termsId, bob))).to.changeTokenBalances(
      usdt,
      [bob, market, royaltyGraph],
      [-PRICE, 0n, PRICE],
    );
    expect(await earned(usdtAddress)).to.equal(PRICE);
  });
});

describe("LicenseMarket's deployment", () => {
  it("cannot be initialised again, and its implementation never", async () => {
    const { licenseMarket, manager, ipRegistry, royaltyGraph, licenseTerms, stranger } =
      await loadFixture(marketFixture);
    const implementation = await hre.ethers.deployContract("LicenseMarket", [ipRegistry, royaltyGraph, licenseTerms]);
    for (const contract of [licenseMarket, implementation]) {
      await expect(contract.connect(stranger).initialize(manager, [])).to.be.revertedWithCustomError(
        contract,
        "InvalidInitialization",
      );
    }
  });

  it("announces its payment tokens, and refuses one without code", async () => {
    const { licenseMarket, manager, token, ipRegistry, royaltyGraph, licenseTerms, stranger } =
      await loadFixture(marketFixture);
    const implementation = await hre.ethers.deployContract("LicenseMarket", [ipRegistry, royaltyGraph, licenseTerms]);
    const proxy = async (tokens: string[]) =>
      hre.ethers.deployContract("ERC1967Proxy", [
        implementation,
        licenseMarket.interface.encodeFunctionData("initialize", [await manager.getAddress(), tokens]),
      ]);
    const deployed = await proxy([token]);
    const fresh = await hre.ethers.getContractAt("LicenseMarket", await deployed.getAddress());
    await expect(deployed.deploymentTransaction()).to.emit(fresh, "PaymentTokenUpdated").withArgs(token, true);
    await expect(proxy([token, stranger.address]))
      .to.be.revertedWithCustomError(licenseMarket, "UnsupportedToken")
      .withArgs(stranger.address);
  });

  it("names itself in its EIP-712 domain", async () => {
    const { licenseMarket, market, chainId } = await loadFixture(marketFixture);
    const { name, version, chainId: on, verifyingContract } = await licenseMarket.eip712Domain();
    expect([name, version, on, verifyingContract]).to.deep.equal(["Tessera Licenses", "1", chainId, market]);
  });
});
