/** What every fungible ERC-7943 token of the suite does: freezes, force, and views that tell the truth and never revert. */
import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, type BaseContract, type ContractTransactionResponse } from "ethers";

import {
  IERC165__factory,
  IERC20__factory,
  IERC7943Fungible__factory,
  type IERC20,
  type IERC7943Fungible,
} from "../../typechain-types";

export const ERC7943_FUNGIBLE_ID = "0x3edbb4c4";

export interface ERC7943Context {
  /** With an ABI that has the errors of ERC-6093 and the token's own. */
  token: BaseContract;
  /** Holds a hundred base units or more, nothing of which is frozen. */
  holder: HardhatEthersSigner;
  /** May receive. */
  recipient: HardhatEthersSigner;
  /** Has no role, and an allowance of everything that the holder has. */
  stranger: HardhatEthersSigner;
  /** A part of the system. */
  system: string;
  /** The first frozen amount that fits no word. */
  tooLarge: bigint;
  setFrozen: (account: string, amount: bigint) => Promise<ContractTransactionResponse>;
  force: (from: string, to: string, amount: bigint) => Promise<ContractTransactionResponse>;
  /** Whoever is blocked may neither send nor receive. */
  setBlocked: (account: string, blocked: boolean) => Promise<void>;
  setNoSend: (account: string) => Promise<void>;
  setNoReceive: (account: string) => Promise<void>;
  pause: () => Promise<void>;
}

/** @param fixture Of units whose worth is their number: a stock at a multiplier of 1. */
export const shouldBehaveLikeERC7943 = (fixture: () => Promise<ERC7943Context>): void => {
  describe("ERC-7943", () => {
    let ctx: ERC7943Context;
    let rwa: IERC7943Fungible;
    let erc20: IERC20;
    let address: string;
    let [holder, recipient] = ["", ""];
    let balance: bigint;

    beforeEach(async () => {
      ctx = await loadFixture(fixture);
      address = await ctx.token.getAddress();
      rwa = IERC7943Fungible__factory.connect(address, ctx.holder);
      erc20 = IERC20__factory.connect(address, ctx.holder);
      [holder, recipient] = [ctx.holder.address, ctx.recipient.address];
      balance = await erc20.balanceOf(holder);
    });

    const refusesFrozen = async (amount: bigint, unfrozen: bigint): Promise<void> => {
      await expect(erc20.transfer(recipient, amount))
        .to.be.revertedWithCustomError(ctx.token, "ERC7943InsufficientUnfrozenBalance")
        .withArgs(holder, amount, unfrozen);
      expect(await rwa.canTransfer(holder, recipient, amount)).to.equal(false);
    };

    describe("supportsInterface", () => {
      it("knows ERC-7943's face and ERC-165, and not the invalid id", async () => {
        const erc165 = IERC165__factory.connect(address, ctx.holder);
        expect(await erc165.supportsInterface(ERC7943_FUNGIBLE_ID)).to.equal(true);
        expect(await erc165.supportsInterface("0x01ffc9a7")).to.equal(true);
        expect(await erc165.supportsInterface("0xffffffff")).to.equal(false);
      });
    });

    describe("canSend and canReceive", () => {
      it("are true of whom no rule names", async () => {
        expect(await rwa.canSend(holder)).to.equal(true);
        expect(await rwa.canReceive(recipient)).to.equal(true);
      });

      it("are false of the blocked, and true again of the unblocked", async () => {
        for (const blocked of [true, false]) {
          await ctx.setBlocked(holder, blocked);
          expect(await rwa.canSend(holder)).to.equal(!blocked);
          expect(await rwa.canReceive(holder)).to.equal(!blocked);
        }
      });

      it("tell who may only receive from who may only send", async () => {
        await ctx.setNoSend(holder);
        await ctx.setNoReceive(recipient);
        expect(await rwa.canSend(holder)).to.equal(false);
        expect(await rwa.canReceive(holder)).to.equal(true);
        expect(await rwa.canSend(recipient)).to.equal(true);
        expect(await rwa.canReceive(recipient)).to.equal(false);
      });

      it("are false of whom no rule names and no transfer can come from or reach", async () => {
        expect(await rwa.canSend(ZeroAddress)).to.equal(false);
        expect(await rwa.canReceive(ZeroAddress)).to.equal(false);
        expect(await rwa.canReceive(address)).to.equal(false);
      });

      it("do not revert for any account", async () => {
        for (const account of [ZeroAddress, address, ctx.system]) {
          await expect(rwa.canSend(account)).not.to.be.reverted;
          await expect(rwa.canReceive(account)).not.to.be.reverted;
        }
      });
    });

    describe("transfer by the rules", () => {
      it("reverts for a sender who may not send", async () => {
        await ctx.setNoSend(holder);
        await expect(erc20.transfer(recipient, 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC7943CannotSend")
          .withArgs(holder);
      });

      it("reverts for a receiver who may not receive", async () => {
        await ctx.setNoReceive(recipient);
        await expect(erc20.transfer(recipient, 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC7943CannotReceive")
          .withArgs(recipient);
      });

      it("reverts for a blocked spender, whose allowance is there", async () => {
        await ctx.setBlocked(ctx.stranger.address, true);
        await expect(erc20.connect(ctx.stranger).transferFrom(holder, recipient, 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC7943CannotSend")
          .withArgs(ctx.stranger.address);
      });
    });

    describe("canTransfer", () => {
      it("is true where the transfer would pass", async () => {
        expect(await rwa.canTransfer(holder, recipient, balance)).to.equal(true);
        expect(await rwa.canTransfer(holder, holder, balance)).to.equal(true);
        expect(await rwa.canTransfer(holder, recipient, 0n)).to.equal(true);
      });

      it("is not false over a balance that is too small: that is no rule's", async () => {
        expect(await rwa.canTransfer(holder, recipient, balance + 1n)).to.equal(true);
        expect(await rwa.canTransfer(holder, recipient, MaxUint256)).to.equal(true);
      });

      it("is false of a sender or a receiver whom the rules refuse", async () => {
        await ctx.setNoSend(holder);
        expect(await rwa.canTransfer(holder, recipient, 1n)).to.equal(false);
        await ctx.setNoReceive(recipient);
        expect(await rwa.canTransfer(ctx.stranger, recipient, 0n)).to.equal(false);
      });

      it("is false of the zero address and to the token itself", async () => {
        expect(await rwa.canTransfer(ZeroAddress, recipient, 0n)).to.equal(false);
        expect(await rwa.canTransfer(holder, ZeroAddress, 0n)).to.equal(false);
        expect(await rwa.canTransfer(holder, address, 0n)).to.equal(false);
      });

      it("is false while transfers are paused", async () => {
        await ctx.pause();
        expect(await rwa.canTransfer(holder, recipient, 1n)).to.equal(false);
      });
    });

    describe("setFrozenTokens", () => {
      it("freezes the amount, says so, and leaves the balance", async () => {
        await expect(ctx.setFrozen(holder, 40n)).to.emit(ctx.token, "Frozen").withArgs(holder, 40n);
        expect(await rwa.getFrozenTokens(holder)).to.equal(40n);
        expect(await erc20.balanceOf(holder)).to.equal(balance);
      });

      it("answers true", async () => {
        const tx = await ctx.setFrozen(holder, 40n);
        expect((await tx.wait())?.status).to.equal(1);
      });

      it("leaves what is not frozen free, to the last unit", async () => {
        await ctx.setFrozen(holder, 40n);
        expect(await rwa.canTransfer(holder, recipient, balance - 40n)).to.equal(true);
        await erc20.transfer(recipient, balance - 40n);
        await refusesFrozen(1n, 0n);
        expect(await erc20.balanceOf(holder)).to.equal(40n);
      });

      it("refuses a unit of what is frozen", async () => {
        await ctx.setFrozen(holder, 40n);
        await refusesFrozen(balance - 39n, balance - 40n);
        await refusesFrozen(balance, balance - 40n);
      });

      it("leaves ERC-20's error where the balance is too small anyway", async () => {
        await ctx.setFrozen(holder, 40n);
        await expect(erc20.transfer(recipient, balance + 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientBalance")
          .withArgs(holder, balance, balance + 1n);
      });

      it("stops a spender as it stops the holder", async () => {
        await ctx.setFrozen(holder, balance);
        await expect(erc20.connect(ctx.stranger).transferFrom(holder, recipient, 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC7943InsufficientUnfrozenBalance")
          .withArgs(holder, 1n, 0n);
      });

      it("leaves a transfer of nothing", async () => {
        await ctx.setFrozen(holder, MaxUint256);
        await expect(erc20.transfer(recipient, 0n)).to.emit(ctx.token, "Transfer").withArgs(holder, recipient, 0n);
      });

      it("may exceed the balance, and holds what comes in later", async () => {
        await ctx.setFrozen(recipient, (await erc20.balanceOf(recipient)) + 30n);
        await erc20.transfer(recipient, 50n);
        const free = 20n;
        const spending = erc20.connect(ctx.recipient);
        await expect(spending.transfer(holder, free + 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC7943InsufficientUnfrozenBalance")
          .withArgs(recipient, free + 1n, free);
        await spending.transfer(holder, free);
      });

      it("takes the greatest number for all, now and later", async () => {
        await expect(ctx.setFrozen(holder, MaxUint256)).to.emit(ctx.token, "Frozen").withArgs(holder, MaxUint256);
        expect(await rwa.getFrozenTokens(holder)).to.equal(MaxUint256);
        await refusesFrozen(1n, 0n);
      });

      it("overwrites, down to nothing", async () => {
        for (const amount of [MaxUint256, 40n, balance + 5n, 0n]) {
          await ctx.setFrozen(holder, amount);
          expect(await rwa.getFrozenTokens(holder)).to.equal(amount);
        }
        await erc20.transfer(recipient, balance);
      });

      it("does not stop what comes in", async () => {
        await ctx.setFrozen(recipient, MaxUint256);
        await expect(erc20.transfer(recipient, 5n)).to.changeTokenBalance(ctx.token, recipient, 5n);
      });

      it("reverts between what fits and the greatest number", async () => {
        await ctx.setFrozen(holder, ctx.tooLarge - 1n);
        expect(await rwa.getFrozenTokens(holder)).to.equal(ctx.tooLarge - 1n);
        for (const amount of [ctx.tooLarge, MaxUint256 - 1n]) {
          await expect(ctx.setFrozen(holder, amount))
            .to.be.revertedWithCustomError(ctx.token, "FrozenTooLarge")
            .withArgs(amount);
        }
      });

      it("reverts for a stranger, and for the holder", async () => {
        for (const caller of [ctx.stranger, ctx.holder]) {
          await expect(rwa.connect(caller).setFrozenTokens(holder, 0n))
            .to.be.revertedWithCustomError(ctx.token, "AccessManagedUnauthorized")
            .withArgs(caller.address);
        }
      });
    });

    describe("forcedTransfer", () => {
      it("moves what is frozen, which is frozen no longer, and says so before it moves", async () => {
        await ctx.setFrozen(holder, balance);
        const tx = await ctx.force(holder, recipient, 60n);
        await expect(tx).to.changeTokenBalances(ctx.token, [holder, recipient], [-60n, 60n]);
        expect(await rwa.getFrozenTokens(holder)).to.equal(balance - 60n);
        const names = ((await tx.wait())?.logs ?? [])
          .filter((log) => log.address === address)
          .map((log) => ctx.token.interface.parseLog(log)?.name)
          .filter((name) => name === "Frozen" || name === "ForcedTransfer" || name === "Transfer");
        expect(names).to.deep.equal(["Frozen", "ForcedTransfer", "Transfer"]);
        await expect(tx)
          .to.emit(ctx.token, "Frozen")
          .withArgs(holder, balance - 60n);
        await expect(tx).to.emit(ctx.token, "ForcedTransfer").withArgs(holder, recipient, 60n);
        await expect(tx).to.emit(ctx.token, "Transfer").withArgs(holder, recipient, 60n);
      });

      it("takes what is free first, and then says nothing of what is frozen", async () => {
        await ctx.setFrozen(holder, 60n);
        const tx = await ctx.force(holder, recipient, 60n);
        await expect(tx).not.to.emit(ctx.token, "Frozen");
        expect(await rwa.getFrozenTokens(holder)).to.equal(60n);
      });

      it("leaves frozen what is beyond the balance, for what is still to arrive", async () => {
        await ctx.setFrozen(holder, balance + 30n);
        await expect(ctx.force(holder, recipient, 60n))
          .to.emit(ctx.token, "Frozen")
          .withArgs(holder, balance - 30n);
        expect(await rwa.getFrozenTokens(holder)).to.equal(balance - 30n);
        await erc20.connect(ctx.recipient).transfer(holder, 60n);
        await refusesFrozen(31n, 30n);
      });

      it("leaves all frozen where all is", async () => {
        await ctx.setFrozen(holder, MaxUint256);
        const tx = await ctx.force(holder, recipient, 60n);
        await expect(tx).not.to.emit(ctx.token, "Frozen");
        expect(await rwa.getFrozenTokens(holder)).to.equal(MaxUint256);
      });

      it("moves everything of a blocked account, frozen or not", async () => {
        await ctx.setBlocked(holder, true);
        await ctx.force(holder, recipient, balance - 1n);
        await ctx.setFrozen(holder, 1n);
        await ctx.force(holder, recipient, 1n);
        expect(await erc20.balanceOf(holder)).to.equal(0n);
        expect(await rwa.getFrozenTokens(holder)).to.equal(0n);
      });

      it("works while transfers are paused", async () => {
        await ctx.setBlocked(holder, true);
        await ctx.pause();
        await expect(ctx.force(holder, recipient, 5n)).to.emit(ctx.token, "ForcedTransfer");
      });

      it("needs no allowance, and spends none", async () => {
        await ctx.setBlocked(holder, true);
        const before = await erc20.allowance(holder, ctx.stranger);
        await ctx.force(holder, recipient, 5n);
        expect(await erc20.allowance(holder, ctx.stranger)).to.equal(before);
      });

      it("reverts for an account that is neither blocked nor frozen to the amount", async () => {
        await ctx.setFrozen(holder, 59n);
        await expect(ctx.force(holder, recipient, 60n))
          .to.be.revertedWithCustomError(ctx.token, "AccountNotSeizable")
          .withArgs(holder);
      });

      it("reverts beyond the balance", async () => {
        await ctx.setBlocked(holder, true);
        await expect(ctx.force(holder, recipient, balance + 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientBalance")
          .withArgs(holder, balance, balance + 1n);
      });

      it("reverts from the zero address", async () => {
        await expect(ctx.force(ZeroAddress, recipient, 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientBalance")
          .withArgs(ZeroAddress, 0n, 1n);
      });

      it("reverts to a receiver who may not receive", async () => {
        await ctx.setBlocked(holder, true);
        await ctx.setNoReceive(recipient);
        await expect(ctx.force(holder, recipient, 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC7943CannotReceive")
          .withArgs(recipient);
      });

      it("reverts to the zero address and to the token itself: force does not burn", async () => {
        await ctx.setBlocked(holder, true);
        for (const to of [ZeroAddress, address]) {
          await expect(ctx.force(holder, to, 1n))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InvalidReceiver")
            .withArgs(to);
        }
      });

      it("reverts from a part of the system, whose holdings are others'", async () => {
        await expect(ctx.force(ctx.system, recipient, 0n))
          .to.be.revertedWithCustomError(ctx.token, "EnforcementForbidden")
          .withArgs(ctx.system);
      });

      it("reverts for a stranger, and for the holder", async () => {
        for (const caller of [ctx.stranger, ctx.holder]) {
          await expect(rwa.connect(caller).forcedTransfer(holder, recipient, 1n))
            .to.be.revertedWithCustomError(ctx.token, "AccessManagedUnauthorized")
            .withArgs(caller.address);
        }
      });
    });
  });
};
