import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import hre from "hardhat";

import { startNode, waitForNode } from "../../scripts/lib/child";
import { freePort } from "../../scripts/lib/net";
import { hardhatCli } from "../../scripts/lib/project";

interface Ended {
  status: number | null;
  output: string;
}

const deploy = (network: string, env: NodeJS.ProcessEnv = {}): Ended => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [hardhatCli, "run", "--no-compile", "scripts/deploy.ts", "--network", network],
    {
      cwd: hre.config.paths.root,
      encoding: "utf8",
      env: { ...process.env, HARDHAT_NETWORK: undefined, HARDHAT_DISABLE_TELEMETRY_PROMPT: "true", ...env },
    },
  );
  return { status, output: stdout + stderr };
};

describe("npm run deploy", function () {
  this.timeout(180_000);

  before(function () {
    // It runs in processes of its own, which coverage does not see.
    if (process.env.SOLIDITY_COVERAGE === "true") this.skip();
  });

  it("says which variables a test network needs", () => {
    // A folder of its own, so that a developer's variables are not found.
    const home = mkdtempSync(path.join(os.tmpdir(), "tessera-home-"));
    const { status, output } = deploy("sepolia", { HOME: home, XDG_CONFIG_HOME: home });
    rmSync(home, { recursive: true, force: true });
    expect(status).to.equal(1);
    expect(output).to.include("SEPOLIA_RPC_URL and DEPLOYER_PRIVATE_KEY are not set");
    expect(output).to.include("npx hardhat vars set SEPOLIA_RPC_URL");
    expect(output).not.to.match(/^ {4}at /m);
  });

  it("deploys to a local node, and finds everything there when it is run again", async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const node = startNode(hardhatCli, ["node", "--hostname", "127.0.0.1", "--port", String(port)], {
      HARDHAT_NETWORK: undefined,
    });
    try {
      await waitForNode(url, node);
      const first = deploy("localhost", { TESSERA_LOCAL_RPC: url });
      expect(first.status, first.output).to.equal(0);
      expect(first.output).to.include("The deployer holds no role.");
      const address = /PieUSD +(0x[0-9a-fA-F]{40})/.exec(first.output)?.[1];
      const chain = new hre.ethers.JsonRpcProvider(url);
      const block = await chain.getBlockNumber();
      const second = deploy("localhost", { TESSERA_LOCAL_RPC: url });
      expect(second.status, second.output).to.equal(0);
      expect(/PieUSD +(0x[0-9a-fA-F]{40})/.exec(second.output)?.[1]).to.equal(address);
      expect(await chain.getBlockNumber()).to.equal(block);
      chain.destroy();
    } finally {
      await node.stop();
    }
  });
});
