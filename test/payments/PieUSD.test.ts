import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import hre from "hardhat";

import { PieUSD__factory } from "../../typechain-types";
import { DEPOSITED, UNIT, suite18Fixture, suiteFixture, type SuiteFixture } from "../fixtures/suite";
import { payersOfEveryKind } from "../helpers/accounts";
import { asRole } from "../helpers/authority";
import { shouldBehaveLikeERC20, type ERC20Context } from "../helpers/ERC20.behavior";
import { shouldBehaveLikeERC2612, type ERC2612Context } from "../helpers/ERC2612.behavior";
import { shouldBehaveLikeERC3009, type ERC3009Context } from "../helpers/ERC3009.behavior";

const contextOf = (suite: SuiteFixture, decimals: bigint): ERC20Context => ({
  token: suite.pieUSD,
  name: "pieUSD",
  symbol: "pieUSD",
  decimals,
  supply: 3n * DEPOSITED,
  holder: suite.alice,
  recipient: suite.bob,
  spender: suite.stranger,
  refusesItself: true,
});

async function pieUSDFixture(): Promise<ERC20Context & ERC2612Context & ERC3009Context> {
  const suite = await loadFixture(suiteFixture);
  const payers = await payersOfEveryKind();
  const funds = 100n * UNIT;
  for (const { address } of Object.values(payers)) await suite.pieUSD.connect(suite.carol).transfer(address, funds);
  return {
    ...contextOf(suite, 6n),
    domain: suite.domain,
    payers,
    funds,
    payee: suite.bob,
    relayer: suite.relayer,
    stranger: suite.stranger,
    freeze: async (account) =>
      asRole(suite, "PAYMENTS_FREEZER", suite.token, suite.pieUSD.interface.encodeFunctionData("freeze", [account])),
  };
}

async function pieUSD18Fixture(): Promise<ERC20Context> {
  return contextOf(await loadFixture(suite18Fixture), 18n);
}

describe("PieUSD", () => {
  describe("constructor", () => {
    it("sets name, symbol, version, underlying and authority", async () => {
      const { pieUSD, usdt, manager } = await loadFixture(suiteFixture);
      expect(await pieUSD.name()).to.equal("pieUSD");
      expect(await pieUSD.symbol()).to.equal("pieUSD");
      expect(await pieUSD.version()).to.equal("1");
      expect(await pieUSD.underlying()).to.equal(await usdt.getAddress());
      expect(await pieUSD.authority()).to.equal(await manager.getAddress());
    });

    it("announces its authority", async () => {
      const { usdt, manager } = await loadFixture(suiteFixture);
      const pieUSD = await hre.ethers.deployContract("PieUSD", [await manager.getAddress(), await usdt.getAddress()]);
      await expect(pieUSD.deploymentTransaction())
        .to.emit(pieUSD, "AuthorityUpdated")
        .withArgs(await manager.getAddress());
    });

    it("starts with nothing minted, nothing held, nothing paused", async () => {
      const { usdt, manager } = await loadFixture(suiteFixture);
      const pieUSD = await hre.ethers.deployContract("PieUSD", [await manager.getAddress(), await usdt.getAddress()]);
      expect(await pieUSD.totalSupply()).to.equal(0n);
      expect(await pieUSD.backing()).to.equal(0n);
      expect(await pieUSD.surplus()).to.equal(0n);
      expect(await pieUSD.depositsPaused()).to.equal(false);
      expect(await pieUSD.redemptionsPaused()).to.equal(false);
      expect(await pieUSD.proRata()).to.equal(false);
    });

    for (const decimals of [0, 6, 18, 255]) {
      it(`takes the ${decimals} decimals of its underlying`, async () => {
        const { manager } = await loadFixture(suiteFixture);
        const usdt = await hre.ethers.deployContract("MockUSDT", [decimals]);
        const pieUSD = await hre.ethers.deployContract("PieUSD", [await manager.getAddress(), await usdt.getAddress()]);
        expect(await pieUSD.decimals()).to.equal(BigInt(decimals));
      });
    }

    it("reverts for an authority without code", async () => {
      const { usdt, stranger } = await loadFixture(suiteFixture);
      for (const authority of [stranger.address, ZeroAddress]) {
        await expect(hre.ethers.deployContract("PieUSD", [authority, await usdt.getAddress()]))
          .to.be.revertedWithCustomError(
            { interface: PieUSD__factory.createInterface() },
            "AccessManagedInvalidAuthority",
          )
          .withArgs(authority);
      }
    });

    it("reverts for an underlying without code", async () => {
      const { manager, stranger } = await loadFixture(suiteFixture);
      for (const underlying of [stranger.address, ZeroAddress]) {
        await expect(hre.ethers.deployContract("PieUSD", [await manager.getAddress(), underlying]))
          .to.be.revertedWithCustomError({ interface: PieUSD__factory.createInterface() }, "InvalidUnderlying")
          .withArgs(underlying);
      }
    });

    it("reverts for an underlying that has code and no decimals", async () => {
      const { manager } = await loadFixture(suiteFixture);
      const address = await manager.getAddress();
      await expect(hre.ethers.deployContract("PieUSD", [address, address])).to.be.revertedWithoutReason();
    });
  });

  describe("setAuthority", () => {
    it("reverts for a stranger", async () => {
      const { pieUSD, manager, stranger } = await loadFixture(suiteFixture);
      await expect(pieUSD.connect(stranger).setAuthority(await manager.getAddress()))
        .to.be.revertedWithCustomError(pieUSD, "AccessManagedUnauthorized")
        .withArgs(stranger.address);
    });

    it("reverts for the admin itself, who must go through the manager", async () => {
      const { pieUSD, manager, holders } = await loadFixture(suiteFixture);
      await expect(pieUSD.connect(holders.ADMIN).setAuthority(await manager.getAddress()))
        .to.be.revertedWithCustomError(pieUSD, "AccessManagedUnauthorized")
        .withArgs(holders.ADMIN.address);
    });
  });

  describe("over a USDT of 6 decimals", () => {
    shouldBehaveLikeERC20(pieUSDFixture);
    shouldBehaveLikeERC2612(pieUSDFixture);
    shouldBehaveLikeERC3009(pieUSDFixture);
  });

  describe("over a USDT of 18 decimals", () => {
    shouldBehaveLikeERC20(pieUSD18Fixture);
  });
});
