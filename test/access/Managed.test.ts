import { setBalance, impersonateAccount } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import hre from "hardhat";

describe("Managed", () => {
  it("refuses an authority without code", async () => {
    const usdt = await hre.ethers.deployContract("MockUSDT", [6]);
    const [eoa] = await hre.ethers.getSigners();
    const factory = await hre.ethers.getContractFactory("PieUSD");
    for (const authority of [hre.ethers.ZeroAddress, eoa!.address]) {
      await expect(factory.deploy(authority, usdt))
        .to.be.revertedWithCustomError(factory, "AccessManagedInvalidAuthority")
        .withArgs(authority);
    }
  });

  it("asks its authority alone, even about the authority", async () => {
    const [admin] = await hre.ethers.getSigners();
    const manager = await hre.ethers.deployContract("AccessManager", [admin!.address]);
    const usdt = await hre.ethers.deployContract("MockUSDT", [6]);
    const pieUSD = await hre.ethers.deployContract("PieUSD", [manager, usdt]);
    expect(await pieUSD.authority()).to.equal(await manager.getAddress());
    // The manager's own address passes setAuthority's gate, and still may not name an account without code.
    const self = await manager.getAddress();
    await impersonateAccount(self);
    await setBalance(self, 10n ** 18n);
    await expect(pieUSD.connect(await hre.ethers.getSigner(self)).setAuthority(admin!.address))
      .to.be.revertedWithCustomError(pieUSD, "AccessManagedInvalidAuthority")
      .withArgs(admin!.address);
  });
});
