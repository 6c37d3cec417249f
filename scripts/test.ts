/**
 * Hardhat's tests, then Foundry's quick tier, and one closing line over both.
 *   npm test                      everything
 *   npm test -- test/access/*.ts  these Hardhat files alone
 *   npm run test:deep             Foundry's invariants and fuzz tests at the depth of continuous integration, alone
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { forgeBinary } from "./lib/foundry";
import { hardhatCli, projectRoot } from "./lib/project";
import { run } from "./lib/run";
import { noTests, report, sum, tallyLine, type Tally } from "./lib/tally";

interface Finished {
  code: number;
  output: string;
}

/** Runs a command, shows what it prints as it prints it, and keeps it. */
const stream = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: projectRoot,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
      process.stdout.write(chunk);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code: code ?? 1, output });
    });
  });

const hardhatTests = async (files: readonly string[]): Promise<Tally> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "tessera-test-"));
  const file = path.join(folder, "tally.json");
  try {
    const { code } = await stream(process.execPath, [hardhatCli, "test", ...files], {
      TESSERA_TALLY: file,
      HARDHAT_DISABLE_TELEMETRY_PROMPT: "true",
    });
    let tally = noTests;
    try {
      tally = JSON.parse(readFileSync(file, "utf8")) as Tally;
    } catch {
      // Hardhat ended before its tests did: compilation failed, or a file did not load.
    }
    return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const foundryTests = async (profile: string): Promise<Tally> => {
  const forge = forgeBinary();
  if (forge === null) {
    console.log(
      `\nSkipped: Foundry's fuzz and invariant tests. npm has no forge for ${process.platform} on ${process.arch}, or it was installed with --no-optional.`,
    );
    return { ...noTests, skipped: 1 };
  }
  const { code, output } = await stream(forge, ["test"], {
    FOUNDRY_PROFILE: profile,
    FOUNDRY_DISABLE_NIGHTLY_WARNING: "1",
  });
  const plain = output.replace(/\u001b\[[0-9;]*m/g, "");
  const counts = /: (\d+) tests passed, (\d+) failed, (\d+) skipped \(\d+ total tests\)/.exec(plain);
  const [passed = 0, failed = 0, skipped = 0] = (counts ?? []).slice(1).map(Number);
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped };
};

const main = async (): Promise<void> => {
  const args = process.argv.slice(2);
  const deep = args.includes("--deep");
  const files = args.filter((arg) => !arg.startsWith("--"));
  const tallies: Tally[] = [];
  if (!deep) {
    console.log("Hardhat");
    tallies.push(await hardhatTests(files));
  }
  if (files.length === 0) {
    console.log(`\nFoundry (${deep ? "deep" : "quick"} tier)`);
    tallies.push(await foundryTests(deep ? (process.env.FOUNDRY_PROFILE ?? "ci") : "default"));
  }
  const total = sum(...tallies);
  report(total);
  console.log(`\n${tallyLine(total)}`);
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
};

run(main);
