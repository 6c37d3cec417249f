/** Coverage of `contracts/` outside `mocks/` by Hardhat's tests; fails below 100 % of statements, branches, functions, lines. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";

import { hardhatCli, projectRoot } from "./lib/project";
import { run } from "./lib/run";
import { table } from "./lib/table";

const METRICS = ["statements", "branches", "functions", "lines"] as const;
type Summary = Record<string, Record<(typeof METRICS)[number], { total: number; covered: number; pct: number }>>;

const main = (): Promise<void> => {
  // A step of a traced call is an object or two: with V8's usual 16 MB for new ones, half of the time is collection.
  const { status } = spawnSync(process.execPath, ["--expose-gc", "--max-semi-space-size=256", hardhatCli, "coverage"], {
    cwd: projectRoot,
    stdio: "inherit",
    env: {
      ...process.env,
      SOLIDITY_COVERAGE: "true",
      HARDHAT_DISABLE_TELEMETRY_PROMPT: "true",
      // Each step of each call is traced: more than Node allots by itself.
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --max-old-space-size=8192`.trim(),
      // The instrumented contracts' types must not replace the committed ones.
      TESSERA_TYPES_DIR: path.join(projectRoot, "cache/coverage-types"),
    },
  });
  if (status !== 0) throw new Error("The tests failed under coverage.");
  const summary = JSON.parse(readFileSync(path.join(projectRoot, "coverage/coverage-summary.json"), "utf8")) as Summary;
  const rows = Object.entries(summary).map(([file, metrics]) => [
    file === "total" ? file : path.relative(projectRoot, file),
    ...METRICS.map((m) => `${metrics[m].covered}/${metrics[m].total}`),
  ]);
  console.log(`\n${table(["file", ...METRICS], rows)}`);
  const short = Object.entries(summary)
    .filter(([, metrics]) => METRICS.some((m) => metrics[m].covered < metrics[m].total))
    .map(([file]) => (file === "total" ? file : path.relative(projectRoot, file)));
  if (short.length > 0) throw new Error(`Coverage is below 100 %: ${short.join(", ")}. See coverage/index.html.`);
  const total = summary.total;
  if (total === undefined || total.statements.total === 0) throw new Error("Nothing was measured.");
  console.log(`\nCoverage: ${METRICS.map((m) => `${total[m].pct} % of ${m}`).join(", ")}.`);
  return Promise.resolve();
};

run(main);
