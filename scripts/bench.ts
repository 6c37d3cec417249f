/**
 * Measures gas.
 *   npm run bench              every scenario against its budget: prints the table, writes `bench/results.json`, fails on a breach
 *   npm run bench -- ip-scale  10,000 works and 50,000 payments in one graph: writes `bench/ip-scale.json`
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import hre from "hardhat";

import { ipScale } from "../bench/scale/ip";
import type { Scenario } from "../bench/scenario";
import { equityScenarios } from "../bench/scenarios/equity";
import { ipScenarios } from "../bench/scenarios/ip";
import { paymentScenarios } from "../bench/scenarios/payments";
import { projectRoot } from "./lib/project";
import { run } from "./lib/run";
import { table, thousands } from "./lib/table";

interface Budget {
  id: string;
  budget: number;
  what: string;
  peer?: string;
  peerGas?: number;
}

interface Result {
  id: string;
  gas: number;
  budget: number;
  peer: string | null;
  peerGas: number | null;
}

/** Runs that are too long for every day, by the name that asks for them. */
const SCALES: Readonly<Record<string, () => Promise<void>>> = { "ip-scale": ipScale };

const main = async (): Promise<void> => {
  await hre.run("compile", { quiet: true });
  const [asked] = process.argv.slice(2);
  if (asked === undefined) return budgeted();
  const scale = SCALES[asked];
  if (scale === undefined) throw new Error(`There is no bench ${asked}; known are ${Object.keys(SCALES).join(", ")}.`);
  return scale();
};

const budgeted = async (): Promise<void> => {
  const budgets = JSON.parse(readFileSync(path.join(projectRoot, "bench/budgets.json"), "utf8")) as Budget[];
  const scenarios = new Map<string, Scenario>(
    [...(await paymentScenarios()), ...(await ipScenarios()), ...(await equityScenarios())].map((s) => [s.id, s]),
  );
  const unknown = [...scenarios.keys()].filter((id) => !budgets.some((b) => b.id === id));
  if (unknown.length > 0) throw new Error(`bench/budgets.json has no budget for ${unknown.join(", ")}.`);

  const results: Result[] = [];
  const pending: string[] = [];
  for (const { id, budget, peer = null, peerGas = null } of budgets) {
    const scenario = scenarios.get(id);
    if (scenario === undefined) {
      pending.push(id);
      continue;
    }
    results.push({ id, gas: Number(await scenario.run()), budget, peer, peerGas });
  }

  const rows = results.map(({ id, gas, budget, peer, peerGas }) => [
    id,
    thousands(gas),
    thousands(budget),
    gas <= budget ? "within" : "BROKEN",
    peerGas === null ? "" : thousands(peerGas),
    peerGas === null ? "" : (gas / peerGas).toFixed(2),
    peer ?? "",
  ]);
  console.log(table(["operation", "gas", "budget", "verdict", "peer gas", "ratio", "peer"], rows));
  console.log(`\n${results.length} measured; pending, because their contracts do not exist yet: ${pending.length}`);
  for (const id of pending) console.log(`  pending  ${id}`);
  writeFileSync(path.join(projectRoot, "bench/results.json"), `${JSON.stringify(results, null, 2)}\n`);
  console.log("\nWritten to bench/results.json.");

  const broken = results.filter(({ gas, budget }) => gas > budget);
  if (broken.length > 0) throw new Error(`Over budget: ${broken.map(({ id }) => id).join(", ")}.`);
};

run(main);
