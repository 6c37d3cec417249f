import { decodePaymentResponseHeader } from "@x402/fetch";
import { expect } from "chai";
import { type HDNodeWallet, Wallet, parseEther, toBeHex } from "ethers";
import hre from "hardhat";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";

import { localHolders, localParameters, type Suite } from "../../deploy/deploySuite";
import { installMulticall3 } from "../../deploy/localChain";
import { listen, type RunningServer } from "../../scripts/lib/net";
import { RESOURCE, startPaidApi } from "../../scripts/lib/paidApi";
import { createFacilitator, createFacilitatorApp, networkOf, payingFetch } from "../../sdk/x402";
import { NATIVE, USE, createTerms, registerDerivative, registerRoot, terms } from "../fixtures/ip";
import { deployForTest } from "../fixtures/suite";
import { restorePristineChain } from "../helpers/pristine";

const { provider } = hre.ethers;
const NETWORK = networkOf(31337);
const PRICE = 250_000n;
const FUNDS = 10_000_000n;

/**
 * Access to a work sold per request over x402. The payee is the work's inbox, so that what is paid is the work's revenue
 * before anybody can touch it.
 */
describe("access to a work over x402", () => {
  let suite: Suite;
  let token: string;
  let treasury: HDNodeWallet;
  let artist: HardhatEthersSigner;
  let remixer: HardhatEthersSigner;
  let passerby: HardhatEthersSigner;
  let appOwner: HardhatEthersSigner;
  /** A song of the artist's, and the remixer's remix of it, by an app: a tenth of the remix's revenue is the song's. */
  let song: bigint;
  let remix: bigint;
  let inbox: string;
  const running: RunningServer[] = [];

  const rich = async (): Promise<HDNodeWallet> => {
    const wallet = Wallet.createRandom(provider);
    await provider.send("hardhat_setBalance", [wallet.address, toBeHex(parseEther("100"))]);
    return wallet;
  };

  /** A key that holds pieUSD and not a wei of ether. */
  const buyer = async (): Promise<HDNodeWallet> => {
    const wallet = Wallet.createRandom(provider);
    await (await suite.pieUSD.connect(treasury).transfer(wallet.address, FUNDS)).wait();
    return wallet;
  };

  const serve = async (server: Promise<RunningServer>): Promise<string> => {
    running.push(await server);
    return (await server).url;
  };

  /** The remix behind the official server, in front of a facilitator that serves inboxes alone. */
  const api = async (payTo = inbox): Promise<string> => {
    const network = {
      network: NETWORK,
      signer: await rich(),
      assets: [token],
      payees: [inbox],
      sending: { pollingIntervalMs: 20 },
    };
    const facilitator = await createFacilitator({ networks: [network], recoveryTimeoutMs: 1_000 });
    const url = await serve(listen(createFacilitatorApp(facilitator)));
    return serve(startPaidApi(url, NETWORK, [{ path: "/remix", asset: token, payTo, amount: PRICE }]));
  };

  const request = async (from: HDNodeWallet, url: string): Promise<Response> => {
    const pay = await payingFetch({ signer: from, network: NETWORK, asset: token, maxAmountPerPayment: PRICE });
    return pay(`${url}/remix`);
  };

  const directOf = async (id: bigint): Promise<bigint> => (await suite.royaltyGraph.revenueOf(id, token)).direct;
  const balance = (account: string): Promise<bigint> => suite.pieUSD.balanceOf(account);

  beforeEach(async () => {
    // Other suites move the chain's clock; the client signs, and the facilitator judges, by the wall clock.
    await restorePristineChain();
    await installMulticall3(hre);
    const signers = await hre.ethers.getSigners();
    suite = await deployForTest(localParameters(signers.map(({ address }) => address)));
    token = await suite.pieUSD.getAddress();
    treasury = await rich();
    [artist, remixer, passerby, appOwner] = signers.slice(30) as [
      HardhatEthersSigner,
      HardhatEthersSigner,
      HardhatEthersSigner,
      HardhatEthersSigner,
    ];
    const issued = 1_000n * FUNDS;
    await (await suite.usdt.issue(issued)).wait();
    await (await suite.usdt.approve(token, issued)).wait();
    await (await suite.pieUSD.depositFor(treasury.address, issued, issued)).wait();

    await (await suite.appRegistry.connect(appOwner).registerApp(appOwner, 200n)).wait();
    const termsId = await createTerms(suite.licenseTerms, terms({ royaltyRate: 100_000n }));
    song = await registerRoot(suite.ipRegistry, artist, { termsId });
    remix = await registerDerivative(suite.ipRegistry, suite.royaltyGraph, remixer, [song], { appId: 1n });
    inbox = await suite.royaltyGraph.inboxOf(remix);
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ close }) => close()));
  });

  it("is bought by a buyer without ether, and the inbox, which is no contract yet, is paid", async () => {
    const from = await buyer();
    expect(await provider.getCode(inbox)).to.equal("0x");

    const response = await request(from, await api());

    expect(response.status).to.equal(200);
    expect(await response.json()).to.deep.equal(RESOURCE);
    expect(decodePaymentResponseHeader(response.headers.get("PAYMENT-RESPONSE") ?? "").payer).to.equal(from.address);
    expect([await balance(inbox), await balance(from.address)]).to.deep.equal([PRICE, FUNDS - PRICE]);
    expect([await provider.getBalance(from.address), await provider.getTransactionCount(from.address)]).to.deep.equal([
      0n,
      0,
    ]);
  });

  it("becomes the work's revenue when anybody sweeps, and everybody is paid what is theirs", async () => {
    const { royaltyGraph, pieUSD } = suite;
    const url = await api();
    for (let i = 0; i < 3; i++) expect((await request(await buyer(), url)).status).to.equal(200);
    expect(await directOf(remix)).to.equal(0n);

    await expect(royaltyGraph.connect(passerby).sweep(remix, token))
      .to.emit(royaltyGraph, "Paid")
      .withArgs(remix, token, inbox, 3n * PRICE);
    expect([await directOf(remix), await balance(inbox), await balance(passerby.address)]).to.deep.equal([
      3n * PRICE,
      0n,
      0n,
    ]);

    // Anybody collects for the parent and for the fees; each withdraws its own.
    await royaltyGraph.connect(passerby).claim(remix, 0n, token);
    await royaltyGraph.connect(passerby).claimFees([remix], token);
    const admin = await hre.ethers.getSigner(localHolders((await hre.ethers.getSigners()).map((s) => s.address)).ADMIN);
    const due: [HardhatEthersSigner, () => Promise<unknown>, bigint][] = [
      [artist, () => royaltyGraph.connect(artist).withdraw(song, token, artist), 75_000n],
      [remixer, () => royaltyGraph.connect(remixer).withdraw(remix, token, remixer), 652_500n],
      [admin, () => royaltyGraph.connect(admin).withdrawFees(0n, token, admin), 7_500n],
      [appOwner, () => royaltyGraph.connect(appOwner).withdrawFees(1n, token, appOwner), 15_000n],
    ];
    expect(due.reduce((sum, [, , share]) => sum + share, 0n)).to.equal(3n * PRICE);
    for (const [payee, withdraw, share] of due) {
      const before = await balance(payee.address);
      await withdraw();
      expect(await balance(payee.address)).to.equal(before + share);
    }
    expect(await pieUSD.balanceOf(royaltyGraph)).to.equal(0n);
  });

  it("goes on over the inbox once it is deployed", async () => {
    const { royaltyGraph } = suite;
    const url = await api();
    for (let sales = 1n; sales <= 2n; sales++) {
      expect((await request(await buyer(), url)).status).to.equal(200);
      await royaltyGraph.connect(passerby).sweep(remix, token);
      expect(await provider.getCode(inbox)).not.to.equal("0x");
      expect(await directOf(remix)).to.equal(sales * PRICE);
    }
  });

  it("cannot be diverted by the work's owner, before the sweep or after it", async () => {
    const { royaltyGraph, ipRegistry, licenseMarket, pieUSD } = suite;
    expect((await request(await buyer(), await api())).status).to.equal(200);

    // The owner can neither send the inbox's money away, nor take it without the parents' share.
    await royaltyGraph.connect(remixer).withdraw(remix, token, remixer);
    expect(await balance(remixer.address)).to.equal(0n);
    await royaltyGraph.connect(remixer).sweep(remix, token);
    await expect(royaltyGraph.connect(remixer).sweep(remix, token)).to.be.reverted;
    const box = await hre.ethers.getContractAt("RoyaltyInbox", inbox);
    expect(
      box.interface.fragments.filter((f) => f.type === "function").map((f) => f.format("sighash")),
    ).to.have.members(["sweep(address)", "work()"]);
    expect([...(await box.work())]).to.deep.equal([await royaltyGraph.getAddress(), remix]);
    expect(await directOf(remix)).to.equal(PRICE);

    // The account that obeys the owner is another address, and had no part in it.
    const account = await ipRegistry.accountOf(remix);
    expect(account).not.to.equal(inbox);
    expect(await balance(account)).to.equal(0n);

    // To sell, delete or withdraw first changes nothing of what the parent is owed.
    await royaltyGraph.connect(remixer).withdraw(remix, token, remixer);
    await ipRegistry.connect(remixer).deleteWork(remix);
    await ipRegistry.connect(remixer).transferFrom(remixer, passerby, remix);
    expect(await balance(remixer.address)).to.equal(217_500n);
    await royaltyGraph.connect(artist).claim(remix, 0n, token);
    await expect(royaltyGraph.connect(artist).withdraw(song, token, artist)).to.changeTokenBalance(
      pieUSD,
      artist,
      25_000n,
    );
    expect(await licenseMarket.offerOf(remix, USE.Human)).to.equal(0n);
  });

  it("is refused by a facilitator that serves inboxes where a merchant names an address of its own", async () => {
    const from = await buyer();
    const response = await request(from, await api(remixer.address));
    expect(response.status).to.equal(402);
    const required = Buffer.from(response.headers.get("PAYMENT-REQUIRED") ?? "", "base64").toString();
    expect((JSON.parse(required) as { error: string }).error).to.equal("payee_not_allowed");
    expect([await balance(remixer.address), await balance(from.address)]).to.deep.equal([0n, FUNDS]);
  });

  it("grants no licence on chain: it is paid per request", async () => {
    const from = await buyer();
    expect((await request(from, await api())).status).to.equal(200);
    await suite.royaltyGraph.connect(passerby).sweep(remix, token);
    for (const use of Object.values(USE)) {
      expect(await suite.licenseMarket.hasAccess(from.address, remix, use)).to.equal(false);
    }
    expect((await suite.royaltyGraph.revenueOf(remix, NATIVE)).direct).to.equal(0n);
  });
});
