import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import hre from "hardhat";

import { CATALOGUE_FILE } from "../../deploy/catalogue";
import { startNode, waitForNode, type Child } from "../../scripts/lib/child";
import { freePort } from "../../scripts/lib/net";
import { hardhatCli } from "../../scripts/lib/project";

describe("npx hardhat equity:catalogue", function () {
  this.timeout(300_000);

  let folder: string;

  before(function () {
    folder = mkdtempSync(path.join(os.tmpdir(), "tessera-catalogue-"));
    // It runs in processes of its own, which coverage does not see.
    if (process.env.SOLIDITY_COVERAGE === "true") this.skip();
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** The first stocks of the shipped catalogue. */
  const fileOf = (count: number): string => {
    const content = JSON.parse(readFileSync(CATALOGUE_FILE, "utf8")) as { stocks: unknown[] };
    const file = path.join(folder, `${count}.json`);
    writeFileSync(file, JSON.stringify({ ...content, stocks: content.stocks.slice(0, count) }));
    return file;
  };

  it("lists on a fresh chain, goes on where it was killed, and lists later stocks after the admin's delay", async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const node = startNode(hardhatCli, ["node", "--hostname", "127.0.0.1", "--port", String(port)], {
      HARDHAT_NETWORK: undefined,
    });
    const list = (file: string): Child =>
      startNode(hardhatCli, ["equity:catalogue", "--network", "localhost", "--file", file], {
        HARDHAT_NETWORK: undefined,
        TESSERA_LOCAL_RPC: url,
      });
    try {
      await waitForNode(url, node);
      const chain = new hre.ethers.JsonRpcProvider(url);
      // In the middle of the second stock's deployment or thereabouts, wherever that is.
      const killed = list(fileOf(6));
      while ((await chain.getBlockNumber()) < 50) await new Promise((resolve) => setTimeout(resolve, 50));
      await killed.stop();
      const resumed = list(fileOf(6));
      expect(await resumed.ended, resumed.output()).to.equal(0);
      expect(resumed.output()).to.include("[6/6] GOOGx");
      expect(resumed.output()).to.include("the deployer holds no role");

      const block = await chain.getBlockNumber();
      const again = list(fileOf(6));
      expect(await again.ended, again.output()).to.equal(0);
      expect(again.output()).to.include("Every stock is live.");
      expect(await chain.getBlockNumber()).to.equal(block);

      const later = list(fileOf(7));
      expect(await later.ended, later.output()).to.equal(0);
      expect(later.output()).to.include("1 wait for the admin's delay of 7 days");
      await chain.send("evm_increaseTime", [7 * 86_400]);
      await chain.send("evm_mine", []);
      const last = list(fileOf(7));
      expect(await last.ended, last.output()).to.equal(0);
      expect(last.output()).to.match(/\[7\/7\] METAx .*: wired, live/);
      chain.destroy();
    } finally {
      await node.stop();
    }
  });
});
