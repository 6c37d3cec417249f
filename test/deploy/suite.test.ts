import { expect } from "chai";
import hre from "hardhat";

import { localHolders } from "../../deploy/deploySuite";
import { deployForTest } from "../fixtures/suite";

describe("Deployment over the chain's own USDT", () => {
  it("wraps the token that the parameters name, with its decimals, and deploys no mock", async () => {
    const [deployer, ...others] = await hre.ethers.getSigners();
    const usdt = await hre.ethers.deployContract("MockPermitUSDT", [18]);
    const nonce = await hre.ethers.provider.getTransactionCount(deployer!);
    const accounts = [deployer!, ...others].map(({ address }) => address);
    const { pieUSD, manager } = await deployForTest({
      underlying: await usdt.getAddress(),
      decimals: 6,
      holders: localHolders(accounts),
    });
    expect(await pieUSD.underlying()).to.equal(await usdt.getAddress());
    expect(await pieUSD.decimals()).to.equal(18n);
    expect(await pieUSD.authority()).to.equal(await manager.getAddress());
    // The manager, pieUSD, its wiring, the handover: four transactions, and no more.
    expect(await hre.ethers.provider.getTransactionCount(deployer!)).to.equal(nonce + 4);
  });
});
