import { Wallet, id as digest, type BigNumberish } from "ethers";
import hre from "hardhat";

import { deploySuite, localParameters } from "../../deploy/deploySuite";
import { KIND, NATIVE, USE, createTerms, offer, registration, terms } from "../../test/fixtures/ip";
import { gasOf } from "../gas";
import type { Scenario, ScenarioSet } from "../scenario";

/** The deepest chain, and the widest work, whose payment must cost what a root's does. */
const DEPTH = 200;
const WIDTH = 16;
const WEI = 1_000_000_000n;

type Signer = Awaited<ReturnType<typeof hre.ethers.getSigners>>[number];

const at = <T>(list: readonly T[], i: number): T => {
  const found = list[i];
  if (found === undefined) throw new Error(`there is no element ${i}`);
  return found;
};

/**
 * Registrations are of a fresh owner, and under a protocol fee, as a deployment has them. "Steady" means that the sums in
 * question are not zero before: money flowed there already. Every slot is cold at the start of its transaction.
 */
export const ipScenarios: ScenarioSet = async () => {
  const signers = await hre.ethers.getSigners();
  const { ipRegistry, royaltyGraph, licenseMarket, licenseTerms, pieUSD, usdt } = await deploySuite(
    hre,
    localParameters(signers.map((s) => s.address)),
  );
  // Behind every role's holder.
  const [creator, payer, buyer] = [30, 31, 32].map((i) => at(signers, i)) as [Signer, Signer, Signer];
  const registry = ipRegistry.connect(creator);

  let owners = 0;
  const newOwner = (): string => new Wallet(digest(`owner ${owners++}`)).address;
  let contents = 0;
  const work = (termsId: BigNumberish, owner: string): ReturnType<typeof registration> =>
    registration(owner, { termsId, contentHash: digest(`work ${contents++}`) });

  const relative = (rate: number): Promise<bigint> => createTerms(licenseTerms, terms({ royaltyRate: rate }));
  const absolute = (rate: number): Promise<bigint> =>
    createTerms(licenseTerms, terms({ royaltyRate: rate, absolute: true }));
  const root = async (termsId: bigint): Promise<bigint> => {
    await (await registry.register(work(termsId, creator.address))).wait();
    return ipRegistry.totalSupply();
  };
  const derive = async (parents: readonly bigint[], termsId: bigint, owner = creator.address): Promise<bigint> => {
    const edges = await royaltyGraph.edgesFor([...parents]);
    return gasOf(registry.registerDerivative(work(termsId, owner), [...edges]));
  };
  const derived = async (parents: readonly bigint[], termsId: bigint): Promise<bigint> => {
    await derive(parents, termsId);
    return ipRegistry.totalSupply();
  };
  const pay = (id: bigint): Promise<bigint> => gasOf(royaltyGraph.connect(payer).pay(id, { value: WEI }));
  const payUSD = (id: bigint): Promise<bigint> => gasOf(royaltyGraph.connect(payer).payToken(id, pieUSD, 1_000n));

  const rates: Record<"relative" | "absolute", bigint[]> = { relative: [], absolute: [] };
  for (let rate = 50_000; rate < 58_000; rate += 1_000) {
    rates.relative.push(await relative(rate));
    rates.absolute.push(await absolute(rate));
  }
  const tenth = await relative(100_000);
  const parents: bigint[] = [];
  for (const termsId of rates.relative) parents.push(await root(termsId));
  const licensors: bigint[] = [];
  for (const termsId of rates.absolute) licensors.push(await root(termsId));

  // A chain, whose tip is DEPTH below its root.
  const chain = [await root(tenth)];
  while (chain.length <= DEPTH) chain.push(await derived(chain.slice(-1), tenth));
  const tip = at(chain, DEPTH);
  // Eight absolute edges of one parent, and eight relative parents' own: sixteen in all.
  const hub = await derived(licensors, tenth);
  const wide = await derived([...parents.slice(0, 7), hub], 0n);
  if ((await royaltyGraph.edgesOf(wide)).length !== WIDTH) throw new Error("the wide work has not sixteen edges");
  const lone = await root(tenth);
  // An absolute root, and its descendant of the eighth generation.
  const generations = [await root(at(rates.absolute, 0))];
  while (generations.length <= 8) generations.push(await derived(generations.slice(-1), tenth));
  const [ancestor, descendant] = [at(generations, 0), at(generations, 8)];
  const found = (await royaltyGraph.edgesOf(descendant)).findIndex(
    (edge) => ((edge >> 21n) & 0xffffffffffn) === ancestor,
  );

  const monthly = await createTerms(licenseTerms, offer({ kind: KIND.Duration, duration: 2_592_000n, price: WEI }));
  await (await licenseMarket.connect(creator).setOffer(lone, USE.Human, monthly)).wait();

  await (await usdt.issue(10n ** 12n)).wait();
  await (await usdt.approve(pieUSD, hre.ethers.MaxUint256)).wait();
  await (await pieUSD.depositFor(payer, 10n ** 9n, 0n)).wait();
  await (await pieUSD.connect(payer).approve(royaltyGraph, hre.ethers.MaxUint256)).wait();

  // Money has flowed everywhere before anything is measured.
  const links = [...chain, lone, wide, ...generations];
  for (const id of links) {
    await pay(id);
    await payUSD(id);
  }
  const claimAll = async (id: bigint): Promise<void> => {
    const edges = await royaltyGraph.edgesOf(id);
    await (
      await royaltyGraph.claimBatch(
        [...edges.keys()].map((edge) => ({ child: id, edge })),
        NATIVE,
      )
    ).wait();
  };
  for (const id of links) await claimAll(id);
  await (await royaltyGraph.connect(creator).withdraw(lone, NATIVE, creator)).wait();

  const buy = (): Promise<bigint> => {
    const purchase = { ipId: lone, use: USE.Human, termsId: monthly, quantity: 1n, licensee: buyer.address };
    return gasOf(licenseMarket.connect(buyer).buy(purchase, { value: WEI }));
  };
  const equal = async (payOne: (id: bigint) => Promise<bigint>): Promise<bigint> => {
    const [ofRoot, ofTip, ofWide] = [await payOne(lone), await payOne(tip), await payOne(wide)];
    if (ofRoot !== ofTip || ofRoot !== ofWide) {
      throw new Error(`a payment costs ${ofRoot} for a root, ${ofTip} for a tip, ${ofWide} with sixteen edges`);
    }
    return ofRoot;
  };

  const scenarios: Scenario[] = [
    { id: "ip.register.root", run: () => gasOf(registry.register(work(tenth, newOwner()))) },
    { id: "ip.register.derivative.1", run: () => derive(parents.slice(0, 1), tenth, newOwner()) },
    { id: "ip.register.derivative.4", run: () => derive(parents.slice(0, 4), tenth, newOwner()) },
    { id: "ip.register.derivative.8", run: () => derive(parents, tenth, newOwner()) },
    { id: "ip.register.absolute.8", run: () => derive(licensors, tenth, newOwner()) },
    { id: "ip.pay.native.steady", run: () => equal(pay) },
    { id: "ip.pay.erc20.steady", run: () => equal(payUSD) },
    { id: "ip.access.native.new", run: buy },
    { id: "ip.access.native.renewal", run: buy },
    {
      id: "ip.claim.edge.steady",
      run: async () => {
        await pay(tip);
        return gasOf(royaltyGraph.connect(payer).claim(tip, 0, NATIVE));
      },
    },
    {
      id: "ip.claim.path.10.steady",
      run: async () => {
        await pay(tip);
        return gasOf(royaltyGraph.connect(payer).claimPath(tip, Array<number>(10).fill(0), NATIVE));
      },
    },
    {
      id: "ip.claim.absolute.depth8",
      run: async () => {
        await pay(descendant);
        return gasOf(royaltyGraph.connect(payer).claim(descendant, found, NATIVE));
      },
    },
    {
      id: "ip.withdraw.native",
      run: async () => {
        await pay(lone);
        return gasOf(royaltyGraph.connect(creator).withdraw(lone, NATIVE, creator));
      },
    },
  ];
  return scenarios;
};
