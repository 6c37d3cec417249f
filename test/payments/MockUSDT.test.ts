import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { id, toBeHex } from "ethers";
import hre from "hardhat";

/** The mock is evidence for the wrapper only as far as it has the real one's habits. */
async function fixture() {
  const [owner, alice, bob] = await hre.ethers.getSigners();
  if (!owner || !alice || !bob) throw new Error("too few accounts");
  const usdt = await hre.ethers.deployContract("MockUSDT", [6]);
  await usdt.issue(1_000_000_000_000n);
  await usdt.transfer(alice, 1_000_000_000n);
  return { usdt, owner, alice, bob };
}

describe("MockUSDT", () => {
  it("returns nothing from transfer, transferFrom and approve", async () => {
    const { usdt, owner, alice, bob } = await loadFixture(fixture);
    await usdt.connect(alice).approve(owner, 5n);
    const calls = [
      usdt.interface.encodeFunctionData("transfer", [bob.address, 1n]),
      usdt.interface.encodeFunctionData("transferFrom", [alice.address, bob.address, 1n]),
      usdt.interface.encodeFunctionData("approve", [bob.address, 1n]),
    ];
    for (const data of calls) {
      expect(await hre.ethers.provider.call({ from: owner.address, to: usdt, data })).to.equal("0x");
    }
  });

  it("refuses to change an allowance that is not zero", async () => {
    const { usdt, alice, bob } = await loadFixture(fixture);
    await usdt.connect(alice).approve(bob, 5n);
    await expect(usdt.connect(alice).approve(bob, 6n)).to.be.reverted;
    await usdt.connect(alice).approve(bob, 0n);
    await usdt.connect(alice).approve(bob, 6n);
    expect(await usdt.allowance(alice, bob)).to.equal(6n);
  });

  it("charges its owner's fee, capped, to the receiver", async () => {
    const { usdt, owner, alice, bob } = await loadFixture(fixture);
    await usdt.setParams(10n, 2n);
    await expect(usdt.connect(alice).transfer(bob, 1_000_000n)).to.changeTokenBalances(
      usdt,
      [alice, bob, owner],
      [-1_000_000n, 999_000n, 1_000n],
    );
    await expect(usdt.connect(alice).transfer(bob, 900_000_000n - 1n)).to.changeTokenBalance(
      usdt,
      bob,
      900_000_000n - 1n - 899_999n,
    );
    await usdt.setParams(19n, 0n);
    await expect(usdt.connect(bob).transfer(alice, 1_000_000n)).to.changeTokenBalance(usdt, alice, 1_000_000n);
  });

  it("bounds its fee", async () => {
    const { usdt, alice } = await loadFixture(fixture);
    await expect(usdt.setParams(20n, 1n)).to.be.reverted;
    await expect(usdt.setParams(1n, 50n)).to.be.reverted;
    await expect(usdt.connect(alice).setParams(1n, 1n)).to.be.reverted;
  });

  it("blacklists senders, and destroys what they hold", async () => {
    const { usdt, alice, bob } = await loadFixture(fixture);
    await expect(usdt.destroyBlackFunds(alice)).to.be.reverted;
    await usdt.addBlackList(alice);
    await expect(usdt.connect(alice).transfer(bob, 1n)).to.be.reverted;
    const supply = await usdt.totalSupply();
    await usdt.destroyBlackFunds(alice);
    expect(await usdt.balanceOf(alice)).to.equal(0n);
    expect(await usdt.totalSupply()).to.equal(supply - 1_000_000_000n);
  });

  it("pauses transfers", async () => {
    const { usdt, alice, bob } = await loadFixture(fixture);
    await usdt.pause();
    await expect(usdt.connect(alice).transfer(bob, 1n)).to.be.reverted;
    await usdt.unpause();
    await usdt.connect(alice).transfer(bob, 1n);
  });

  it("forwards to another ledger once deprecated", async () => {
    const { usdt, alice } = await loadFixture(fixture);
    const upgraded = await hre.ethers.deployContract("MockUpgradedUSDT", [usdt]);
    await upgraded.migrate(alice, 7n);
    await usdt.deprecate(upgraded);
    expect(await usdt.balanceOf(alice)).to.equal(7n);
    expect(await usdt.totalSupply()).to.equal(7n);
  });

  it("keeps its switches in the real contract's slots: paused beside owner, deprecated beside the new address", async () => {
    const { usdt, owner } = await loadFixture(fixture);
    const before = [];
    for (let slot = 0n; slot < 6n; ++slot) before.push(await hre.ethers.provider.getStorage(usdt, toBeHex(slot)));
    await usdt.pause();
    const ownerSlot = before.findIndex((word) => BigInt(word) === BigInt(owner.address));
    expect(ownerSlot).to.be.greaterThan(-1);
    const paused = BigInt(await hre.ethers.provider.getStorage(usdt, toBeHex(ownerSlot)));
    expect(paused).to.equal(BigInt(owner.address) | (1n << 160n));
  });

  it("comes with 6 decimals or 18", async () => {
    expect(await (await hre.ethers.deployContract("MockUSDT", [18])).decimals()).to.equal(18n);
    expect(id("decimals()").slice(0, 10)).to.equal("0x313ce567");
  });
});
