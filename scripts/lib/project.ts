import { readdirSync } from "node:fs";
import path from "node:path";

export const projectRoot = path.join(__dirname, "..", "..");

/** Hardhat's command line, to be run by this Node: `npx` would look for it again. */
export const hardhatCli = require.resolve("hardhat/internal/cli/bootstrap");

/** Full paths of all files below a folder. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
