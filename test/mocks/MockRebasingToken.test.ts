import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import hre from "hardhat";

async function fixture() {
  const [, alice, bob, spender] = await hre.ethers.getSigners();
  if (!alice || !bob || !spender) throw new Error("too few accounts");
  const token = await hre.ethers.deployContract("MockRebasingToken");
  await token.mint(alice, 600n);
  await token.mint(bob, 400n);
  return { token, alice, bob, spender };
}

describe("MockRebasingToken", () => {
  it("raises every balance in proportion", async () => {
    const { token, alice, bob } = await loadFixture(fixture);
    await expect(token.rebase(2_000n)).to.changeTokenBalances(token, [alice, bob], [600n, 400n]);
    expect(await token.totalSupply()).to.equal(2_000n);
  });

  it("lowers every balance in proportion, down to nothing, and back", async () => {
    const { token, alice, bob } = await loadFixture(fixture);
    for (const [total, ofAlice, ofBob] of [
      [500n, 300n, 200n],
      [0n, 0n, 0n],
      [1_000n, 600n, 400n],
    ] as const) {
      await token.rebase(total);
      expect(await token.balanceOf(alice)).to.equal(ofAlice);
      expect(await token.balanceOf(bob)).to.equal(ofBob);
    }
  });

  it("moves by balance, with its event, by the holder or by allowance", async () => {
    const { token, alice, bob, spender } = await loadFixture(fixture);
    await token.rebase(2_000n);
    await expect(token.connect(alice).transfer(bob, 100n))
      .to.emit(token, "Transfer")
      .withArgs(alice.address, bob.address, 100n);
    await token.connect(alice).approve(spender, 150n);
    await expect(token.connect(spender).transferFrom(alice, bob, 100n)).to.changeTokenBalances(
      token,
      [alice, bob],
      [-100n, 100n],
    );
    expect(await token.allowance(alice, spender)).to.equal(50n);
    await expect(token.connect(spender).transferFrom(alice, bob, 51n)).to.be.reverted;
    expect(await token.balanceOf(bob)).to.equal(1_000n);
  });

  it("lets less arrive than was sent where shares are worth more than a unit", async () => {
    const { token, alice, spender } = await loadFixture(fixture);
    await token.rebase(1_500n);
    await expect(token.connect(alice).transfer(spender, 2n)).to.changeTokenBalance(token, spender, 1n);
  });

  it("reverts beyond the balance, after a fall as well", async () => {
    const { token, alice, bob } = await loadFixture(fixture);
    await token.rebase(500n);
    await expect(token.connect(alice).transfer(bob, 301n))
      .to.be.revertedWithCustomError(token, "ERC20InsufficientBalance")
      .withArgs(alice.address, 300n, 301n);
    await token.rebase(0n);
    await expect(token.connect(alice).transfer(bob, 1n))
      .to.be.revertedWithCustomError(token, "ERC20InsufficientBalance")
      .withArgs(alice.address, 0n, 1n);
    await token.connect(alice).transfer(bob, 0n);
  });

  it("mints at the present price of a share, and not for less than one", async () => {
    const { token, alice, bob, spender } = await loadFixture(fixture);
    await token.rebase(2_000n);
    await expect(token.mint(spender, 200n)).to.changeTokenBalances(token, [alice, bob, spender], [0n, 0n, 200n]);
    await expect(token.mint(spender, 1n)).to.be.revertedWithCustomError(token, "NoShares");
    await token.rebase(0n);
    await expect(token.mint(spender, 200n)).to.be.revertedWithCustomError(token, "NoShares");
  });

  it("does not rebase before anything exists", async () => {
    const token = await hre.ethers.deployContract("MockRebasingToken");
    await expect(token.rebase(1n)).to.be.revertedWithCustomError(token, "NoShares");
    expect(await token.balanceOf(token)).to.equal(0n);
  });
});
