import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { Interface, ZeroAddress } from "ethers";
import hre from "hardhat";

import { PAYOUT_MODE } from "../helpers/mocks";

async function fixture() {
  const [, alice, bob, spender] = await hre.ethers.getSigners();
  if (!alice || !bob || !spender) throw new Error("too few accounts");
  const token = await hre.ethers.deployContract("MockHookToken");
  const hook = await hre.ethers.deployContract("MockPayout");
  await token.mint(alice, 100n);
  const balanceOfBob = token.interface.encodeFunctionData("balanceOf", [bob.address]);
  await hook.setReentry(token, 0n, balanceOfBob);
  return { token, hook, alice, bob, spender };
}

describe("MockHookToken", () => {
  it("moves without hooks where none are named", async () => {
    const { token, alice, bob, spender } = await loadFixture(fixture);
    await expect(token.connect(alice).transfer(bob, 7n)).to.changeTokenBalances(token, [alice, bob], [-7n, 7n]);
    await token.connect(alice).approve(spender, 7n);
    await expect(token.connect(spender).transferFrom(alice, bob, 7n)).to.changeTokenBalance(token, bob, 7n);
  });

  for (const side of ["sender", "recipient"] as const) {
    describe(`with the ${side}'s hook`, () => {
      const armed = async () => {
        const ctx = await loadFixture(fixture);
        const { token, hook, alice, bob } = ctx;
        if (side === "sender") await token.connect(alice).setHooks(hook, ZeroAddress);
        else await token.connect(bob).setHooks(ZeroAddress, hook);
        return ctx;
      };

      for (const by of ["transfer", "transferFrom"] as const) {
        it(`calls it ${side === "sender" ? "before" : "after"} the move of ${by}`, async () => {
          const { token, hook, alice, bob, spender } = await armed();
          await hook.setMode(PAYOUT_MODE.Reenter);
          if (by === "transfer") await token.connect(alice).transfer(bob, 7n);
          else {
            await token.connect(alice).approve(spender, 7n);
            await token.connect(spender).transferFrom(alice, bob, 7n);
          }
          expect(await hook.reentries()).to.equal(1n);
          expect(BigInt(await hook.reentryResult())).to.equal(side === "sender" ? 0n : 7n);
        });
      }

      it("fails where it fails", async () => {
        const { token, hook, alice, bob } = await armed();
        await hook.setMode(PAYOUT_MODE.Refuse);
        await expect(token.connect(alice).transfer(bob, 7n)).to.be.revertedWithCustomError(hook, "Refused");
      });

      it("does not call it in the other direction, for a mint, and once it is taken back", async () => {
        const { token, hook, alice, bob } = await armed();
        await hook.setMode(PAYOUT_MODE.Refuse);
        await token.mint(alice, 1n);
        await token.mint(bob, 1n);
        await token.connect(bob).transfer(alice, 1n);
        await token.connect(side === "sender" ? alice : bob).setHooks(ZeroAddress, ZeroAddress);
        await token.connect(alice).transfer(bob, 1n);
      });
    });
  }

  it("tells both hooks of the operator, the parties and the value", async () => {
    const { token, hook, alice, bob, spender } = await loadFixture(fixture);
    await token.connect(alice).setHooks(hook, ZeroAddress);
    await token.connect(bob).setHooks(ZeroAddress, hook);
    await token.connect(alice).approve(spender, 7n);
    const args = [spender.address, alice.address, bob.address, 7n, "0x", "0x"] as const;
    const tx = token.connect(spender).transferFrom(alice, bob, 7n);
    const hooks = new Interface([
      "function tokensToSend(address,address,address,uint256,bytes,bytes)",
      "function tokensReceived(address,address,address,uint256,bytes,bytes)",
    ]);
    for (const name of ["tokensToSend", "tokensReceived"]) {
      await expect(tx)
        .to.emit(hook, "Taken")
        .withArgs(await token.getAddress(), 0n, hooks.encodeFunctionData(name, args));
    }
  });
});
