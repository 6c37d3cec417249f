/**
 * Chapter: a song, two remixes, a remix of both, and an AI model trained on them. They are sold in pieUSD and in ether, by
 * licence and by x402; everybody collects, and the books are held to the last wei.
 */
import { decodePaymentResponseHeader } from "@x402/fetch";
import { Wallet, ZeroAddress, parseEther, parseUnits, toBeHex, type HDNodeWallet } from "ethers";
import { writeFileSync } from "node:fs";
import path from "node:path";

import { installMulticall3 } from "../../deploy/localChain";
import {
  LicenseKind,
  Use,
  buildEdgeList,
  buildPurchase,
  buildRegistration,
  buildRegistrationMessage,
  buildSignedPurchase,
  checkGraph,
  contentHashOf,
  owedNow,
  packEdge,
  pieUSDDomain,
  planClaims,
  purchaseArguments,
  registrationArguments,
  registryDomain,
  signPurchase,
  signRegistration,
  storedEdge,
  toMermaid,
  toSVG,
  unpackEdge,
  unpackWork,
  worksOf,
  type Contributor,
  type Edge,
} from "../../sdk";
import { createFacilitator, createFacilitatorApp, networkOf, payingFetch } from "../../sdk/x402";
import { money, short } from "../lib/format";
import { listen } from "../lib/net";
import { startPaidApi } from "../lib/paidApi";
import { projectRoot } from "../lib/project";
import { table, thousands } from "../lib/table";
import { check, say, type Chapter, type DemoContext } from "./chapter";

const NATIVE = ZeroAddress;
const REQUESTS = 5;

interface Terms {
  kind: LicenseKind;
  use: Use;
  paymentToken: string;
  price: bigint;
  duration: bigint;
  royaltyRate: bigint;
  absolute: boolean;
  derivativesAllowed: boolean;
  reciprocal: boolean;
}

/** Terms for derivatives alone. */
const derivatives = (royaltyRate: bigint, absolute = false): Terms => ({
  kind: LicenseKind.None,
  use: Use.Human,
  paymentToken: NATIVE,
  price: 0n,
  duration: 0n,
  royaltyRate,
  absolute,
  derivativesAllowed: true,
  reciprocal: false,
});

const run = async ({ hre, suite }: DemoContext): Promise<void> => {
  const { ethers } = hre;
  const { provider } = ethers;
  const { pieUSD, usdt, ipRegistry, royaltyGraph, licenseMarket, licenseTerms, appRegistry, sponsorQuota } = suite;
  const [token, registry, graph, market] = (await Promise.all(
    [pieUSD, ipRegistry, royaltyGraph, licenseMarket].map((contract) => contract.getAddress()),
  )) as [string, string, string, string];
  const { chainId } = await provider.getNetwork();
  const decimals = Number(await pieUSD.decimals());
  const usd = (amount: bigint): string => `${money(amount, decimals)} pieUSD`;
  const eth = (amount: bigint): string => `${money(amount, 18)} ETH`;
  const fromBlock = await provider.getBlockNumber();
  await installMulticall3(hre);

  const rich = async (): Promise<HDNodeWallet> => {
    const wallet = Wallet.createRandom(provider);
    await provider.send("hardhat_setBalance", [wallet.address, toBeHex(parseEther("10"))]);
    return wallet;
  };
  const [ben, cleo, dan, lab, listener, studio, anybody] = [
    await rich(),
    await rich(),
    await rich(),
    await rich(),
    await rich(),
    await rich(),
    await rich(),
  ];
  // Holds no ether, ever: what she does, she signs.
  const ada = Wallet.createRandom(provider);
  const drummer = await rich();
  const buyer = Wallet.createRandom(provider);
  const funds = parseUnits("1000", decimals);
  await (await usdt.issue(2n * funds)).wait();
  await (await usdt.approve(token, 2n * funds)).wait();
  await (await pieUSD.depositFor(buyer.address, funds, funds)).wait();
  await (await pieUSD.depositFor(listener.address, funds, funds)).wait();

  // The studio's app takes two percent of what it registers, and pays for its creators' registrations.
  await (await appRegistry.connect(studio).registerApp(studio.address, 200)).wait();
  const appId = await appRegistry.count();
  await (await sponsorQuota.connect(studio).setSponsorLimit(appId, studio.address, 100)).wait();
  await (await sponsorQuota.connect(studio).setCreatorLimit(appId, 5)).wait();

  const termsOf = async (terms: Terms): Promise<bigint> => {
    await (await licenseTerms.create(terms)).wait();
    return licenseTerms.idOf(terms);
  };
  const names = new Map<bigint, string>();
  const factsOf = async (id: bigint) => {
    const work = unpackWork(await ipRegistry.packedWork(id));
    if (work === null) throw new Error(`There is no work ${id}.`);
    const { termsId } = work;
    const terms = await licenseTerms.termsOf(termsId);
    const edges = [...(await royaltyGraph.edgesOf(id))].map(unpackEdge);
    return { id, termsId, rate: terms.royaltyRate, absolute: terms.absolute, edges };
  };
  const register = async (
    creator: HDNodeWallet,
    title: string,
    terms: Terms,
    parents: readonly bigint[] = [],
    contributors: Contributor[] = [],
  ): Promise<bigint> => {
    const document = JSON.stringify({ name: title, description: "From Tessera's demo." });
    const registration = buildRegistration({
      owner: creator.address,
      contentHash: contentHashOf(document),
      termsId: await termsOf(terms),
      royaltyBps: 500n,
      maxFeeBps: 300n,
      contributors,
    });
    const by = ipRegistry.connect(creator);
    if (parents.length === 0) {
      await (await by.register(registration)).wait();
    } else {
      const edges: Edge[] = buildEdgeList(await Promise.all(parents.map(factsOf)));
      await (await by.registerDerivative(registration, edges.map(packEdge))).wait();
    }
    const id = await ipRegistry.totalSupply();
    names.set(id, title);
    return id;
  };

  const message = buildRegistrationMessage({
    creator: ada.address,
    contentHash: contentHashOf(JSON.stringify({ name: "Song", description: "From Tessera's demo." })),
    termsId: await termsOf(derivatives(100_000n)),
    appId,
    royaltyBps: 500n,
    maxFeeBps: 300n,
    contributors: [{ account: drummer.address, share: 250_000n }],
    nonce: await ipRegistry.nonces(ada.address),
    deadline: BigInt((await provider.getBlock("latest"))?.timestamp ?? 0) + 3_600n,
  });
  const signature = await signRegistration(ada, registryDomain(chainId, registry), message);
  await (await ipRegistry.connect(studio).registerFor(...registrationArguments(message), signature)).wait();
  const song = await ipRegistry.totalSupply();
  names.set(song, "Song");
  say(
    "Ada, who has no ether, signed the registration of her song; the studio sent it and paid. Her drummer has a quarter.",
  );
  const nightMix = await register(ben, "Night mix", derivatives(80_000n), [song]);
  const liveMix = await register(cleo, "Live mix", derivatives(50_000n, true), [song]);
  const mashup = await register(dan, "Mashup", derivatives(120_000n), [nightMix, liveMix]);
  const model = await register(lab, "AI model", derivatives(200_000n), [song, mashup]);
  say(
    "Two remixes, a remix of both, and an AI model trained on the song and the mashup were registered as derivatives.",
  );
  const listed = [...(await royaltyGraph.edgesFor([song, mashup]))].map(storedEdge);
  check(
    JSON.stringify(listed.map(String)) === JSON.stringify([...(await royaltyGraph.edgesOf(model))].map(String)),
    `the model owes ${listed.length} ancestors, the live mix among them, by its absolute five percent of every descendant`,
  );

  // Licences: in ether by whoever listens, in pieUSD by a signature of an agent without ether.
  const sell = async (
    owner: HDNodeWallet,
    ipId: bigint,
    terms: Omit<Terms, "royaltyRate" | "absolute" | "derivativesAllowed" | "reciprocal">,
  ): Promise<bigint> => {
    const id = await termsOf({ ...derivatives(0n), ...terms, derivativesAllowed: false });
    await (await licenseMarket.connect(owner).setOffer(ipId, terms.use, id)).wait();
    return id;
  };
  const ticket = parseEther("0.05");
  const month = await sell(ben, nightMix, {
    kind: LicenseKind.Duration,
    use: Use.Human,
    paymentToken: NATIVE,
    price: ticket,
    duration: 2_592_000n,
  });
  const listening = buildPurchase(listener.address, { ipId: nightMix, use: Use.Human, termsId: month, quantity: 3n });
  await (await licenseMarket.connect(listener).buy(listening, { value: 3n * ticket })).wait();
  check(
    await licenseMarket.hasAccess(listener.address, nightMix, Use.Human),
    `a listener bought three months of the night mix for ${eth(3n * ticket)}`,
  );

  const dataset = parseUnits("333.333333", decimals);
  const training = await sell(dan, mashup, {
    kind: LicenseKind.SinglePayment,
    use: Use.TrainingCommercial,
    paymentToken: token,
    price: dataset,
    duration: 0n,
  });
  const signed = buildSignedPurchase({
    market,
    buyer: buyer.address,
    price: dataset,
    purchase: buildPurchase(buyer.address, { ipId: mashup, use: Use.TrainingCommercial, termsId: training }),
    validBefore: BigInt((await provider.getBlock("latest"))?.timestamp ?? 0) + 3_600n,
  });
  const payment = await signPurchase(buyer, pieUSDDomain(chainId, token), signed);
  await (await licenseMarket.connect(anybody).buyWithAuthorization(...purchaseArguments(signed), payment)).wait();
  check(
    await licenseMarket.hasAccess(buyer.address, mashup, Use.Training),
    `an agent without ether bought the training licence of the mashup for ${usd(dataset)}, by one signature`,
  );

  // Access by request over x402: the payee is the model's inbox, which nobody owns.
  const inbox = await royaltyGraph.inboxOf(model);
  const fee = parseUnits("0.010001", decimals);
  const network = networkOf(chainId);
  const facilitator = await createFacilitator({
    networks: [{ network, signer: await rich(), assets: [token], payees: [inbox], sending: { pollingIntervalMs: 50 } }],
  });
  const facilitating = await listen(createFacilitatorApp(facilitator));
  const api = await startPaidApi(facilitating.url, network, [
    { path: "/inference", asset: token, payTo: inbox, amount: fee },
  ]);
  try {
    const pay = await payingFetch({ signer: buyer, network, asset: token, maxAmountPerPayment: fee });
    for (let i = 0; i < REQUESTS; i++) {
      const response = await pay(`${api.url}/inference`);
      if (response.status !== 200) throw new Error(`The agent paid for inference and got HTTP ${response.status}.`);
      decodePaymentResponseHeader(response.headers.get("PAYMENT-RESPONSE") ?? "");
    }
  } finally {
    await api.close();
    await facilitating.close();
  }
  const waiting = await pieUSD.balanceOf(inbox);
  await (await royaltyGraph.connect(anybody).sweep(model, token)).wait();
  const [earned] = await royaltyGraph.revenueOf(model, token);
  check(
    waiting === fee * BigInt(REQUESTS) && earned === waiting,
    `${REQUESTS} inferences were paid over x402 to the model's inbox ${short(inbox)}, and anybody swept ${usd(earned)} into the ledger`,
  );
  // And tips of amounts that no share divides.
  await (await royaltyGraph.connect(listener).pay(model, { value: 1_000_003n })).wait();
  await (await pieUSD.connect(listener).approve(graph, funds)).wait();
  await (await royaltyGraph.connect(listener).payToken(song, token, 12_345_679n)).wait();
  await (await royaltyGraph.connect(listener).payToken(liveMix, token, 9_999_999n)).wait();

  const source = { provider, registry, graph };
  const before = await checkGraph(source, { fromBlock });
  const tokens = [
    { token, symbol: "pieUSD", decimals },
    { token: NATIVE, symbol: "ETH", decimals: 18 },
  ];
  console.log(`\n${toMermaid(before.snapshot.model, { names, tokens })}\n`);
  const picture = path.join(projectRoot, "cache", "demo-royalties.svg");
  writeFileSync(picture, toSVG(before.snapshot.model, { names, tokens, title: "Royalties before collection" }));
  say(`The same as a picture: ${path.relative(process.cwd(), picture)}.`);

  const treasury = await royaltyGraph.treasury();
  const feePayees = new Map([
    [0n, treasury],
    [appId, studio.address],
  ]);
  const predicted = owedNow(before.snapshot, { feePayees });

  // Everybody collects: the claims that the SDK plans, then each share by whom it belongs to.
  const people: [string, HDNodeWallet][] = [
    ["Ada, song", ada],
    ["her drummer", drummer],
    ["Ben, night mix", ben],
    ["Cleo, live mix", cleo],
    ["Dan, mashup", dan],
    ["the lab, AI model", lab],
  ];
  // To withdraw she sends a transaction of her own, the first that costs her anything.
  await provider.send("hardhat_setBalance", [ada.address, toBeHex(parseEther("1"))]);
  let claims = 0;
  for (const { token: of } of tokens) {
    const all = [...before.snapshot.works.keys()];
    const plan = planClaims(before.snapshot.model, of, { targets: all });
    claims += plan.claims.length;
    for (const { method, args } of plan.calls) {
      const data = royaltyGraph.interface.encodeFunctionData(
        method as "claim",
        args as unknown as [bigint, bigint, string],
      );
      await (await anybody.sendTransaction({ to: graph, data })).wait();
    }
    await (await royaltyGraph.connect(anybody).claimFees(all, of)).wait();
  }
  say(`Somebody who gains nothing by it sent the ${claims} claims between works, and the fees'.`);

  const received = new Map<string, Map<string, bigint>>();
  const take = async (account: string, of: string, amount: bigint): Promise<void> => {
    const sums = received.get(account) ?? new Map<string, bigint>();
    received.set(account, sums.set(of, (sums.get(of) ?? 0n) + amount));
    return Promise.resolve();
  };
  const collected = await checkGraph(source, { fromBlock });
  for (const { token: of } of tokens) {
    for (const [, wallet] of people) {
      for (const id of worksOf(collected.snapshot, wallet.address)) {
        const { contributors } = collected.snapshot.model.work(id);
        const index = contributors.findIndex(({ account }) => account === wallet.address);
        const owner = collected.snapshot.works.get(id)?.owner === wallet.address;
        const share = owner ? 0 : index + 1;
        const amount = await royaltyGraph.withdrawable(id, share, of);
        // To an account of its own, so that what arrives is told apart from what gas costs.
        const purse = Wallet.createRandom().address;
        const by = royaltyGraph.connect(wallet);
        await (await (owner ? by.withdraw(id, of, purse) : by.withdrawContribution(id, index, of, purse))).wait();
        const arrived = of === NATIVE ? await provider.getBalance(purse) : await pieUSD.balanceOf(purse);
        if (arrived !== amount) throw new Error(`${amount} were due, and ${arrived} arrived.`);
        await take(wallet.address, of, arrived);
      }
    }
    for (const [id, payee] of feePayees) {
      const signer = payee === studio.address ? studio : await ethers.getSigner(payee);
      const [gathered, gone] = await royaltyGraph.feesOf(id, of);
      await (await royaltyGraph.connect(signer).withdrawFees(id, of, Wallet.createRandom().address)).wait();
      await take(payee, of, gathered - gone);
    }
  }

  const after = await checkGraph(source, { fromBlock });
  const sumOf = (account: string, of: string): bigint => received.get(account)?.get(of) ?? 0n;
  const rows = [
    ...people.map(([who, { address }]) => [who, address] as const),
    ["the studio, app", studio.address] as const,
    ["the protocol", treasury] as const,
  ].map(([who, account]) => [who, money(sumOf(account, token), decimals), thousands(sumOf(account, NATIVE))]);
  console.log(`\n${table(["who collected", "pieUSD", "wei"], rows)}\n`);

  check(
    before.differences.length + after.differences.length === 0,
    "events and views tell the same graph, before and after",
  );
  check(
    predicted.every(({ account, token: of }) => {
      const same = predicted.filter((p) => p.account === account && p.token === of);
      return sumOf(account ?? "", of) === same.reduce((sum, { amount }) => sum + amount, 0n);
    }),
    "everybody received exactly what the independent model had said, to the last unit",
  );
  for (const { token: of, symbol } of tokens) {
    const { model: books } = after.snapshot;
    const works = [...after.snapshot.works.keys()];
    const direct = works.reduce((sum, id) => sum + books.sumsOf(id, of).direct, 0n);
    const paid = [...received.values()].reduce((sum, sums) => sum + (sums.get(of) ?? 0n), 0n);
    const { ledger, remaining } = books.identity(of);
    const held = of === NATIVE ? await provider.getBalance(graph) : await pieUSD.balanceOf(graph);
    const bound = works.reduce((sum, id) => sum + books.dustBound(id), 0n);
    check(
      direct - paid === ledger && ledger === remaining && held === ledger && ledger <= bound,
      `${symbol}: ${thousands(direct)} earned = ${thousands(paid)} collected + ${ledger} of dust, which the graph holds (at most ${bound})`,
    );
  }
};

export const ip: Chapter = { title: "IP: a song, its remixes, and a model trained on them", run };
