import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Wallet } from "ethers";

import { USE, createTerms, ipFixture, offer, registration } from "../fixtures/ip";

/**
 * A tolerant batch must not take an element that ran out of gas for a bad one: public nodes estimate by looking for the
 * least gas at which a call succeeds.
 */
const leastGas = async (succeeds: (gasLimit: bigint) => Promise<unknown>, enough: bigint): Promise<bigint> => {
  let [low, high] = [21_000n, enough];
  while (low + 1n < high) {
    const middle = (low + high) / 2n;
    const good = await succeeds(middle).then(
      () => true,
      () => false,
    );
    if (good) high = middle;
    else low = middle;
  }
  return high;
};

describe("Tolerant batches and gas", () => {
  for (const length of [1, 2, 5]) {
    it(`register all of ${length} works at the least gas at which a batch succeeds @gas`, async () => {
      const { ipRegistry, alice, song } = await loadFixture(ipFixture);
      const items = Array.from({ length }, () => ({
        registration: registration(Wallet.createRandom().address),
        edges: [],
      }));
      const by = ipRegistry.connect(alice);
      const gasLimit = await leastGas((gas) => by.registerBatch.staticCall(items, true, { gasLimit: gas }), 5_000_000n);
      const ids = await by.registerBatch.staticCall(items, true, { gasLimit });
      expect(ids).to.deep.equal(items.map((_, i) => song + 3n + BigInt(i)));
    });

    it(`buy all of ${length} licences at the least gas at which a batch succeeds @gas`, async () => {
      const { licenseMarket, licenseTerms, pieUSD, alice, bob, song } = await loadFixture(ipFixture);
      const termsId = await createTerms(licenseTerms, offer({ paymentToken: await pieUSD.getAddress() }));
      await licenseMarket.connect(alice).setOffer(song, USE.Human, termsId);
      const items = Array.from({ length }, () => ({
        ipId: song,
        use: USE.Human,
        termsId,
        quantity: 1n,
        licensee: Wallet.createRandom().address,
      }));
      const by = licenseMarket.connect(bob);
      const gasLimit = await leastGas((gas) => by.buyBatch.staticCall(items, true, { gasLimit: gas }), 5_000_000n);
      expect(await by.buyBatch.staticCall(items, true, { gasLimit })).to.deep.equal(items.map(() => true));
    });
  }

  it("of registrations revert where an element ran dry, and name it", async () => {
    const { ipRegistry, alice } = await loadFixture(ipFixture);
    const item = { registration: registration(alice), edges: [] };
    // Under coverage, instructions are dearer: the limits are looked for.
    const by = ipRegistry.connect(alice);
    const enough = await leastGas((gas) => by.registerBatch.staticCall([item], true, { gasLimit: gas }), 9_000_000n);
    await expect(by.registerBatch.staticCall([item], true, { gasLimit: enough - 1n }))
      .to.be.revertedWithCustomError(ipRegistry, "InsufficientGas")
      .withArgs(0n);
  });

  it("of purchases revert where an element ran dry, and name it", async () => {
    const { licenseMarket, licenseTerms, pieUSD, alice, bob, song } = await loadFixture(ipFixture);
    const termsId = await createTerms(licenseTerms, offer({ paymentToken: await pieUSD.getAddress() }));
    await licenseMarket.connect(alice).setOffer(song, USE.Human, termsId);
    const item = { ipId: song, use: USE.Human, termsId, quantity: 1n, licensee: bob.address };
    const by = licenseMarket.connect(bob);
    const enough = await leastGas((gas) => by.buyBatch.staticCall([item], true, { gasLimit: gas }), 9_000_000n);
    await expect(by.buyBatch.staticCall([item], true, { gasLimit: enough - 1n }))
      .to.be.revertedWithCustomError(licenseMarket, "InsufficientGas")
      .withArgs(0n);
  });

  it("still skip what fails for a reason of its own", async () => {
    const { ipRegistry, alice } = await loadFixture(ipFixture);
    const good = { registration: registration(alice), edges: [] };
    const bad = { registration: registration(alice, { royaltyBps: 1_001n }), edges: [] };
    const ids = await ipRegistry.connect(alice).registerBatch.staticCall([bad, good, bad], true);
    expect(ids.map((id) => id !== 0n)).to.deep.equal([false, true, false]);
  });
});
