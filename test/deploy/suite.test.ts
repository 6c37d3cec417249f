import { expect } from "chai";
import hre from "hardhat";

import { localParameters } from "../../deploy/deploySuite";
import { deployForTest } from "../fixtures/suite";

describe("Deployment over the chain's own USDT", () => {
  it("wraps the token that the parameters name, with its decimals, and deploys no mock", async () => {
    const [deployer, ...others] = await hre.ethers.getSigners();
    const usdt = await hre.ethers.deployContract("MockPermitUSDT", [18]);
    const nonce = await hre.ethers.provider.getTransactionCount(deployer!);
    const accounts = [deployer!, ...others].map(({ address }) => address);
    const { pieUSD, manager } = await deployForTest(localParameters(accounts, { underlying: await usdt.getAddress() }));
    expect(await pieUSD.underlying()).to.equal(await usdt.getAddress());
    expect(await pieUSD.decimals()).to.equal(18n);
    expect(await pieUSD.authority()).to.equal(await manager.getAddress());
    // The manager, pieUSD, nine contracts of the IP domain, the proxies of three of them and a call that links two, the
    // wiring of four contracts; thirteen contracts of the equity domain, the queue's mark in the registry, the wiring of
    // ten contracts, two grants in one; the handover: and no more.
    expect(await hre.ethers.provider.getTransactionCount(deployer!)).to.equal(nonce + 2 + 13 + 4 + 25 + 1);
  });

  it("fails by the contract's own error where the parameter names no contract", async () => {
    const accounts = (await hre.ethers.getSigners()).map(({ address }) => address);
    const [manager] = accounts;
    const nobody = "0x00000000000000000000000000000000000000AA";
    const factory = await hre.ethers.getContractFactory("PieUSD");
    const authority = await hre.ethers.deployContract("AccessManager", [manager!]);
    await expect(factory.deploy(authority, nobody))
      .to.be.revertedWithCustomError(factory, "InvalidUnderlying")
      .withArgs(nobody);
    let refusal = "";
    try {
      await deployForTest(localParameters(accounts, { underlying: nobody }));
    } catch (error: unknown) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    expect(refusal).to.include("InvalidUnderlying");
  });
});
