/**
 * `npm run bench -- ip-scale`: 10,000 works and 50,000 payments in one graph, to show that no operation grows dearer with
 * it. Gas is net of calldata, whose price hangs on how many bytes of an id are zero. The same numbers come out of each run.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { ZeroHash, getBytes, id as digest, toQuantity } from "ethers";
import hre from "hardhat";

import { deploySuite, localParameters } from "../../deploy/deploySuite";
import { projectRoot } from "../../scripts/lib/project";
import { table, thousands } from "../../scripts/lib/table";
import { NATIVE, createTerms, terms } from "../../test/fixtures/ip";

const WORKS = 10_000;
const PAYMENTS = 50_000;
const BUCKETS = 10;
/** Works and payments are drawn by so many: what is drawn knows what was sent before, and not its companions. */
const ROUND = 100;
const SEED = 20_261_124;

/** One line of a curve: what an operation took, net of calldata, over a tenth of the run. */
interface Point {
  upTo: number;
  count: number;
  min: number;
  mean: number;
  max: number;
}

interface Sample {
  curve: string;
  gas: number;
}

/** mulberry32: small, and the same everywhere. */
const generator = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

const calldataGas = (data: string): number => getBytes(data).reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0);

class Curves {
  private readonly points = new Map<string, Point[]>();

  constructor(private readonly total: number) {}

  add(done: number, samples: readonly Sample[]): void {
    const upTo = Math.ceil(done / (this.total / BUCKETS)) * (this.total / BUCKETS);
    for (const { curve, gas } of samples) {
      const line = this.points.get(curve) ?? [];
      this.points.set(curve, line);
      let last = line.at(-1);
      if (last?.upTo !== upTo) line.push((last = { upTo, count: 0, min: gas, mean: 0, max: gas }));
      last.mean += gas; // the sum until `done`
      last.count += 1;
      last.min = Math.min(last.min, gas);
      last.max = Math.max(last.max, gas);
    }
  }

  done(): Record<string, Point[]> {
    return Object.fromEntries(
      [...this.points].map(([curve, line]) => [
        curve,
        line.map((point) => ({ ...point, mean: Math.round(point.mean / point.count) })),
      ]),
    );
  }
}

interface Transaction {
  curve: string;
  to: string;
  data: string;
  value?: bigint;
}

const progress = (what: string, done: number, total: number, started: number): void => {
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`  ${thousands(done)} of ${thousands(total)} ${what}, ${seconds} s`);
};

export const ipScale = async (): Promise<void> => {
  const { provider } = hre.network;
  const signers = await hre.ethers.getSigners();
  const { ipRegistry, royaltyGraph, licenseTerms } = await deploySuite(
    hre,
    localParameters(signers.map((s) => s.address)),
  );
  const creator = signers[30];
  if (creator === undefined) throw new Error("too few accounts");
  const [registry, graph] = [await ipRegistry.getAddress(), await royaltyGraph.getAddress()];
  const random = generator(SEED);
  const below = (n: number): number => Math.floor(random() * n);

  /** Sends transactions, a block each, and answers the net gas of each. */
  const send = async (transactions: readonly Transaction[]): Promise<Sample[]> => {
    const hashes: string[] = [];
    for (const { to, data, value = 0n } of transactions) {
      const call = { from: creator.address, to, data, value: toQuantity(value), gas: toQuantity(280_000) };
      hashes.push((await provider.send("eth_sendTransaction", [call])) as string);
    }
    const samples: Sample[] = [];
    for (const [i, { curve, data }] of transactions.entries()) {
      const receipt = (await provider.send("eth_getTransactionReceipt", [hashes[i]])) as {
        status: string;
        gasUsed: string;
      } | null;
      if (receipt?.status !== "0x1") throw new Error(`a transaction of ${curve} failed`);
      samples.push({ curve, gas: Number(receipt.gasUsed) - calldataGas(data) });
    }
    return samples;
  };

  const tenth = await createTerms(licenseTerms, terms({ royaltyRate: 50_000n }));
  const standard = await createTerms(licenseTerms, terms({ royaltyRate: 10_000n, absolute: true }));
  const registrationOf = (id: number, termsId: bigint) => ({
    owner: creator.address,
    contentHash: digest(`scale ${id}`),
    termsId,
    appId: 0n,
    royaltyBps: 500n,
    maxFeeBps: 100n,
    salt: ZeroHash,
    uri: "",
    contributors: [],
  });

  console.log(`Registering ${thousands(WORKS)} works …`);
  const started = Date.now();
  const works = new Curves(WORKS);
  const payments = new Curves(PAYMENTS);
  const claims = new Curves(PAYMENTS);
  const generation = [0];
  const absolutes = [0]; // how many absolute edges a derivative of this work alone would have
  let registered = 0;
  while (registered < WORKS) {
    const round: Transaction[] = [];
    const known = registered;
    while (round.length < ROUND && registered < WORKS) {
      const id = ++registered;
      const isAbsolute = id <= 4;
      const termsId = isAbsolute ? standard : tenth;
      const parents = new Set<number>();
      // A tenth are roots. Half of the parents are recent works, so that the graph grows deep; the others are any.
      if (known > 0 && random() >= 0.1) {
        const wanted = [1, 2, 4][below(3)] ?? 1;
        while (parents.size < Math.min(wanted, known)) {
          const parent = random() < 0.5 ? known - below(Math.min(known, ROUND)) : 1 + below(known);
          parents.add(parent);
        }
      }
      const ids = [...parents].sort((a, b) => a - b);
      const registration = registrationOf(id, termsId);
      if (ids.length === 0) {
        generation[id] = 0;
        round.push({
          curve: "register root",
          to: registry,
          data: ipRegistry.interface.encodeFunctionData("register", [registration]),
        });
        continue;
      }
      generation[id] = 1 + Math.max(...ids.map((parent) => generation[parent] ?? 0));
      const edges = [...(await royaltyGraph.edgesFor(ids))];
      absolutes[id] = edges.filter((edge) => ((edge >> 20n) & 1n) === 1n).length;
      round.push({
        curve: `register derivative, ${ids.length} parents, ${edges.length} edges`,
        to: registry,
        data: ipRegistry.interface.encodeFunctionData("registerDerivative", [registration, edges]),
      });
    }
    works.add(registered, await send(round));
    if (registered % (WORKS / BUCKETS) === 0) progress("works", registered, WORKS, started);
  }

  console.log(`\nPaying ${thousands(PAYMENTS)} times, and collecting after every tenth …`);
  const paidBefore = new Set<number>();
  const claimedBefore = new Set<number>();
  let paid = 0n;
  let made = 0;
  while (made < PAYMENTS) {
    const round: Transaction[] = [];
    const inRound = new Set<number>();
    while (round.length < ROUND && made < PAYMENTS) {
      const id = 1 + below(WORKS);
      if (inRound.has(id)) continue; // so that first and later payments are told apart by earlier rounds
      inRound.add(id);
      const value = BigInt(1 + below(1_000_000_000));
      paid += value;
      made += 1;
      const curve = paidBefore.has(id) ? "pay, steady" : "pay, first of a work";
      paidBefore.add(id);
      round.push({ curve, to: graph, data: royaltyGraph.interface.encodeFunctionData("pay", [id]), value });
    }
    payments.add(made, await send(round));
    const collections = [...inRound]
      .filter((id) => (generation[id] ?? 0) > 0)
      .slice(0, ROUND / 10)
      .map((id) => {
        // Steady: this edge was claimed before, so that its counter and its parent's sum are not zero.
        const curve = claimedBefore.has(id) ? "claim, steady" : "claim, first of an edge";
        claimedBefore.add(id);
        return { curve, to: graph, data: royaltyGraph.interface.encodeFunctionData("claim", [id, 0, NATIVE]) };
      });
    claims.add(made, await send(collections));
    if (made % (PAYMENTS / BUCKETS) === 0) progress("payments", made, PAYMENTS, started);
  }
  const held = await hre.ethers.provider.getBalance(graph);
  if (held !== paid) throw new Error(`the graph holds ${held} wei, and ${paid} were paid`);
  const curves = { ...works.done(), ...payments.done(), ...claims.done() };
  const rows = Object.entries(curves)
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .map(([curve, line]) => {
      const [first, last] = [line[0], line.at(-1)];
      return [
        curve,
        thousands(line.reduce((sum, { count }) => sum + count, 0)),
        thousands(first?.mean ?? 0),
        thousands(last?.mean ?? 0),
        thousands(Math.min(...line.map(({ min }) => min))),
        thousands(Math.max(...line.map(({ max }) => max))),
      ];
    });
  console.log(`\n${table(["gas net of calldata", "count", "mean, first", "mean, last", "min", "max"], rows)}`);
  const deepest = Math.max(...generation);
  console.log(
    `\nDeepest generation: ${deepest}. The graph holds the ${thousands(paid)} wei that were paid, to the last.`,
  );

  // A payment is the same to the unit; a claim hangs on the length of a multiplication or two.
  for (const [curve, spread] of [
    ["pay, steady", 0],
    ["claim, steady", 20],
  ] as const) {
    const line = curves[curve] ?? [];
    const [least, most] = [Math.min(...line.map(({ min }) => min)), Math.max(...line.map(({ max }) => max))];
    if (most - least > spread) throw new Error(`"${curve}" took from ${least} to ${most} gas: it is not flat.`);
    console.log(`"${curve}": from ${thousands(least)} to ${thousands(most)} gas net of calldata, from first to last.`);
  }
  const file = "bench/ip-scale.json";
  const result = { works: WORKS, payments: PAYMENTS, seed: SEED, deepestGeneration: deepest, curves };
  writeFileSync(path.join(projectRoot, file), `${JSON.stringify(result, null, 2)}\n`);
  console.log(`Written to ${file}.`);
};
