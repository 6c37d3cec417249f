import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress, id as digest } from "ethers";
import hre from "hardhat";

import { DEFAULT_PROTOCOL_FEE_BPS, ipModule } from "../../deploy/modules/ip";
import { KIND, NATIVE, USE, createTerms, offer, registration, terms } from "../fixtures/ip";

const PRICE = 1_000_000n;

/** The domain by itself: no payments, no handover, so that the deployer administers it. */
async function aloneFixture() {
  const [deployer, treasury, creator, remixer, buyer] = await hre.ethers.getSigners();
  if (!deployer || !treasury || !creator || !remixer || !buyer) throw new Error("too few accounts");
  const nonce = await deployer.getNonce();
  const deployed = await hre.ignition.deploy(ipModule({ accounts: "local" }), {
    parameters: { IP: { treasury: treasury.address } },
    defaultSender: deployer.address,
  });
  const transactions = (await deployer.getNonce()) - nonce;
  return {
    deployer,
    treasury,
    creator,
    remixer,
    buyer,
    transactions,
    ipRegistry: await hre.ethers.getContractAt("IPRegistry", await deployed.ipRegistry.getAddress()),
    royaltyGraph: await hre.ethers.getContractAt("RoyaltyGraph", await deployed.royaltyGraph.getAddress()),
    licenseMarket: await hre.ethers.getContractAt("LicenseMarket", await deployed.licenseMarket.getAddress()),
    licenseTerms: await hre.ethers.getContractAt("LicenseTerms", await deployed.licenseTerms.getAddress()),
    appRegistry: await hre.ethers.getContractAt("AppRegistry", await deployed.appRegistry.getAddress()),
    sponsorQuota: await hre.ethers.getContractAt("SponsorQuota", await deployed.sponsorQuota.getAddress()),
    accountRegistry: await hre.ethers.getContractAt("ERC6551Registry", await deployed.accountRegistry.getAddress()),
  };
}

describe("Deployment of the IP domain alone", () => {
  it("takes an authority, nine contracts, three proxies and one call, and no payments", async () => {
    const { transactions } = await loadFixture(aloneFixture);
    expect(transactions).to.equal(1 + 9 + 3 + 1);
  });

  it("links its contracts, and sets treasury and fee", async () => {
    const { ipRegistry, royaltyGraph, treasury, accountRegistry } = await loadFixture(aloneFixture);
    expect(await ipRegistry.graph()).to.equal(await royaltyGraph.getAddress());
    expect(await royaltyGraph.registry()).to.equal(await ipRegistry.getAddress());
    expect(await royaltyGraph.treasury()).to.equal(treasury.address);
    expect(await ipRegistry.protocolFeeBps()).to.equal(BigInt(DEFAULT_PROTOCOL_FEE_BPS));
    expect(await ipRegistry.totalSupply()).to.equal(0n);
    await ipRegistry.connect(treasury).register(registration(treasury));
    await expect(ipRegistry.createAccount(1n)).to.emit(accountRegistry, "ERC6551AccountCreated");
  });

  it("stands under one authority, which is the deployer's until it is handed over", async () => {
    const { ipRegistry, royaltyGraph, licenseMarket, deployer, creator } = await loadFixture(aloneFixture);
    const authorities = new Set<string>();
    for (const each of [ipRegistry, royaltyGraph, licenseMarket]) authorities.add(await each.authority());
    expect(authorities.size).to.equal(1);
    await ipRegistry.connect(deployer).setProtocolFee(200n);
    await expect(ipRegistry.connect(creator).setProtocolFee(0n))
      .to.be.revertedWithCustomError(ipRegistry, "AccessManagedUnauthorized")
      .withArgs(creator.address);
  });

  it("is initialised in the transaction that deploys it, so that nobody comes first", async () => {
    const { ipRegistry, royaltyGraph, licenseMarket, creator } = await loadFixture(aloneFixture);
    const authority = await ipRegistry.authority();
    for (const attempt of [
      () => ipRegistry.connect(creator).initialize(authority, creator, creator, 0n),
      () => royaltyGraph.connect(creator).initialize(authority, authority, creator),
      () => licenseMarket.connect(creator).initialize(authority, []),
    ]) {
      await expect(attempt()).to.be.revertedWithCustomError(ipRegistry, "InvalidInitialization");
    }
  });

  it("pays in native coin, from the sale of a licence to the last withdrawal", async () => {
    const suite = await loadFixture(aloneFixture);
    const { ipRegistry, royaltyGraph, licenseMarket, licenseTerms, treasury, creator, remixer, buyer } = suite;
    const derivatives = await createTerms(licenseTerms, terms());
    const sales = await createTerms(
      licenseTerms,
      offer({ kind: KIND.Duration, duration: 2_592_000n, price: PRICE, paymentToken: NATIVE }),
    );
    await ipRegistry.connect(creator).register(registration(creator, { termsId: derivatives }));
    const edges = [...(await royaltyGraph.edgesFor([1n]))];
    await ipRegistry.connect(remixer).registerDerivative(registration(remixer), edges);
    await licenseMarket.connect(remixer).setOffer(2n, USE.Human, sales);
    const purchase = { ipId: 2n, use: USE.Human, termsId: sales, quantity: 2n, licensee: buyer.address };
    await expect(licenseMarket.connect(buyer).buy(purchase, { value: 2n * PRICE })).to.changeEtherBalances(
      [buyer, licenseMarket, royaltyGraph],
      [-2n * PRICE, 0n, 2n * PRICE],
    );
    expect(await licenseMarket.hasAccess(buyer, 2n, USE.Human)).to.equal(true);
    await royaltyGraph.claim(2n, 0, NATIVE);
    await royaltyGraph.claimFees([2n], NATIVE);
    // A tenth is the parent's, a hundredth the protocol's.
    await expect(royaltyGraph.connect(creator).withdraw(1n, NATIVE, creator)).to.changeEtherBalance(creator, 200_000n);
    await expect(royaltyGraph.connect(treasury).withdrawFees(0, NATIVE, treasury)).to.changeEtherBalance(
      treasury,
      20_000n,
    );
    await expect(royaltyGraph.connect(remixer).withdraw(2n, NATIVE, remixer)).to.changeEtherBalance(
      remixer,
      1_780_000n,
    );
    expect(await hre.ethers.provider.getBalance(royaltyGraph)).to.equal(0n);
  });

  it("knows no payment token until one is listed", async () => {
    const { licenseMarket, licenseTerms, ipRegistry, royaltyGraph, deployer, creator, buyer } =
      await loadFixture(aloneFixture);
    const token = await hre.ethers.deployContract("MockUSDT", [6]);
    const address = await token.getAddress();
    expect(await licenseMarket.isPaymentToken(ZeroAddress)).to.equal(true);
    expect(await licenseMarket.isPaymentToken(address)).to.equal(false);
    await ipRegistry.connect(creator).register(registration(creator, { contentHash: digest("sold in dollars") }));
    const sales = await createTerms(licenseTerms, offer({ paymentToken: address, price: 70n }));
    await expect(licenseMarket.connect(creator).setOffer(1n, USE.Human, sales))
      .to.be.revertedWithCustomError(licenseMarket, "UnsupportedToken")
      .withArgs(address);
    await licenseMarket.connect(deployer).setPaymentToken(address, true);
    await licenseMarket.connect(creator).setOffer(1n, USE.Human, sales);
    await token.issue(70n);
    await token.transfer(buyer, 70n);
    await token.connect(buyer).approve(licenseMarket, 70n);
    const purchase = { ipId: 1n, use: USE.Human, termsId: sales, quantity: 1n, licensee: buyer.address };
    await expect(licenseMarket.connect(buyer).buy(purchase)).to.changeTokenBalances(
      token,
      [buyer, royaltyGraph],
      [-70n, 70n],
    );
  });
});
