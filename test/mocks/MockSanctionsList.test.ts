import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { dataLength, dataSlice, toBeHex } from "ethers";
import hre from "hardhat";

import { LIST_MODE } from "../helpers/mocks";

const TRUE = toBeHex(1n, 32);

async function fixture() {
  const [listed, other] = await hre.ethers.getSigners();
  if (!listed || !other) throw new Error("too few accounts");
  const list = await hre.ethers.deployContract("MockSanctionsList");
  await list.addToSanctionsList([listed]);
  const data = list.interface.encodeFunctionData("isSanctioned", [listed.address]);
  const ask = (): Promise<string> => hre.ethers.provider.call({ to: list, data });
  return { list, listed, other, ask };
}

describe("MockSanctionsList", () => {
  it("is honest at first: an account is listed until it is removed, and both are said", async () => {
    const { list, listed, other } = await loadFixture(fixture);
    expect([await list.isSanctioned(listed), await list.isSanctioned(other)]).to.deep.equal([true, false]);
    await expect(list.addToSanctionsList([other]))
      .to.emit(list, "SanctionedAddressesAdded")
      .withArgs([other.address]);
    expect(await list.isSanctioned(other)).to.equal(true);
    await expect(list.removeFromSanctionsList([listed, other]))
      .to.emit(list, "SanctionedAddressesRemoved")
      .withArgs([listed.address, other.address]);
    expect([await list.isSanctioned(listed), await list.isSanctioned(other)]).to.deep.equal([false, false]);
  });

  it("lies about one account, both ways, until told to stop", async () => {
    const { list, listed, other } = await loadFixture(fixture);
    await list.setLie(listed, true);
    expect([await list.isSanctioned(listed), await list.isSanctioned(other)]).to.deep.equal([false, false]);
    await list.setLie(listed, false);
    await list.setLie(other, true);
    expect([await list.isSanctioned(listed), await list.isSanctioned(other)]).to.deep.equal([true, true]);
  });

  it("accuses everybody, and clears everybody", async () => {
    const { list, listed, other } = await loadFixture(fixture);
    await list.setMode(LIST_MODE.AccuseAll);
    expect([await list.isSanctioned(listed), await list.isSanctioned(other)]).to.deep.equal([true, true]);
    await list.setMode(LIST_MODE.ClearAll);
    expect([await list.isSanctioned(listed), await list.isSanctioned(other)]).to.deep.equal([false, false]);
  });

  it("is dead", async () => {
    const { list, ask } = await loadFixture(fixture);
    await list.setMode(LIST_MODE.Dead);
    await expect(ask()).to.be.revertedWithCustomError(list, "Hostile").withArgs();
  });

  it("answers nothing, too little, what is no bool, or a megabyte that says true", async () => {
    const { list, ask } = await loadFixture(fixture);
    await list.setMode(LIST_MODE.Nothing);
    expect(await ask()).to.equal("0x");
    await list.setMode(LIST_MODE.Short);
    expect(dataLength(await ask())).to.equal(31);
    await list.setMode(LIST_MODE.Garbage);
    expect(await ask()).to.equal("0x" + "f".repeat(64));
    await list.setMode(LIST_MODE.ReturnBomb);
    const answer = await ask();
    expect([dataLength(answer), dataSlice(answer, 0, 32)]).to.deep.equal([1_000_000, TRUE]);
  });

  it("burns all gas", async () => {
    const { list, ask } = await loadFixture(fixture);
    await list.setMode(LIST_MODE.BurnGas);
    await expect(ask()).to.be.reverted;
    await list.setMode(LIST_MODE.Honest);
    expect(await ask()).to.equal(TRUE);
  });

  it("refuses with a megabyte", async () => {
    const { list, ask } = await loadFixture(fixture);
    await list.setMode(LIST_MODE.RevertBomb);
    const error: unknown = await ask().catch((thrown: unknown) => thrown);
    expect(dataLength((error as { data: string }).data)).to.equal(1_000_000);
  });
});
