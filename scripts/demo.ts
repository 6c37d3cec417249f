/**
 * `npm run demo`: starts a local node, deploys the suite by its real modules, and plays the chapters against it. Every
 * statement that it prints was checked; the first one that does not hold ends it with a failure.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { HardhatRuntimeEnvironment } from "hardhat/types";

import { deploySuite, localParameters } from "../deploy/deploySuite";
import { exitOnSignals, startNode, waitForNode } from "./lib/child";
import { freePort } from "./lib/net";
import { hardhatCli } from "./lib/project";
import { run } from "./lib/run";
import type { Chapter } from "./demo/chapter";
import { TSLA, equity } from "./demo/equity";
import { ip } from "./demo/ip";
import { payments } from "./demo/payments";

/** Equity is last: it moves the chain's clock, and x402 goes by the wall's. */
const CHAPTERS: readonly Chapter[] = [payments, ip, equity];

/** Hardhat reads its network when it is loaded, so it is loaded once the node's port is known. */
const connect = async (url: string): Promise<HardhatRuntimeEnvironment> => {
  process.env.HARDHAT_NETWORK = "localhost";
  process.env.TESSERA_LOCAL_RPC = url;
  const { default: hre } = await import("hardhat");
  // Ignition keeps a journal for every network but its own; the next demo's chain must not be taken for this one.
  const journals = mkdtempSync(path.join(tmpdir(), "tessera-demo-"));
  process.once("exit", () => {
    rmSync(journals, { recursive: true, force: true });
  });
  hre.config.paths.ignition = journals;
  return hre;
};

const demo = async (): Promise<void> => {
  exitOnSignals();
  const started = Date.now();
  const url = `http://127.0.0.1:${await freePort()}`;
  console.log(`Starting a local node at ${url} …`);
  const port = new URL(url).port;
  const node = startNode(hardhatCli, ["node", "--hostname", "127.0.0.1", "--port", port], {
    HARDHAT_NETWORK: undefined,
  });
  try {
    await waitForNode(url, node);
    const hre = await connect(url);
    console.log("Compiling, where something changed …");
    await hre.run("compile", { quiet: true });
    console.log("Deploying the suite …\n");
    const accounts = (await hre.ethers.getSigners()).map(({ address }) => address);
    const suite = await deploySuite(hre, localParameters(accounts), { stocks: [TSLA] });
    for (const { title, run: play } of CHAPTERS) {
      console.log(`${title}\n`);
      await play({ hre, suite });
      console.log();
    }
  } finally {
    await node.stop();
  }
  console.log(
    `Everything above was checked, in ${Math.round((Date.now() - started) / 1000)} s; nothing is left running.`,
  );
  console.log(`
Next:
  npm test                                      the evidence behind it
  npx hardhat node                              a local chain of your own, and in another terminal
  npm run deploy -- --network localhost         the suite on it; README.md has the test networks
  sdk/x402/README.md                            how to run a facilitator, to be paid and to pay
  sdk/ip/README.md                              how to read, plan and draw royalties
  sdk/equity/README.md                          how to judge, round and sign what a stock does
  scripts/demo/                                 what you have just seen, line by line`);
};

run(demo);
