/** Compiles afresh into a folder of its own and compares the types with the committed `typechain-types/`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

import { filesBelow, hardhatCli, projectRoot } from "./lib/project";
import { run } from "./lib/run";

const contents = (folder: string): Map<string, string> =>
  new Map(filesBelow(folder).map((file) => [path.relative(folder, file), readFileSync(file, "utf8")]));

const main = (): Promise<void> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "tessera-types-"));
  try {
    const { status } = spawnSync(process.execPath, [hardhatCli, "compile", "--force", "--quiet"], {
      cwd: projectRoot,
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, TESSERA_TYPES_DIR: folder, HARDHAT_DISABLE_TELEMETRY_PROMPT: "true" },
    });
    if (status !== 0) throw new Error("The contracts do not compile.");
    const fresh = contents(folder);
    const committed = contents(path.join(projectRoot, "typechain-types"));
    const differing = [...new Set([...fresh.keys(), ...committed.keys()])].filter(
      (file) => fresh.get(file) !== committed.get(file),
    );
    if (differing.length > 0) {
      throw new Error(
        `typechain-types/ is stale (${differing.slice(0, 5).join(", ")}${differing.length > 5 ? ", …" : ""}). Run "npm run build" and commit it.`,
      );
    }
    console.log(`typechain-types/ is fresh: ${committed.size} files.`);
    return Promise.resolve();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

run(main);
