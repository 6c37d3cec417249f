/** What every ERC-20 of the suite does, with the errors of ERC-6093. */
import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, type BaseContract } from "ethers";

import { IERC20Metadata__factory, type IERC20Metadata } from "../../typechain-types";

export interface ERC20Context {
  /** With an ABI that has the errors of ERC-6093. */
  token: BaseContract;
  name: string;
  symbol: string;
  decimals: bigint;
  /** What exists at the start. */
  supply: bigint;
  /** Holds a hundred of `unit` or more, all of which it can send. */
  holder: HardhatEthersSigner;
  /** May receive. */
  recipient: HardhatEthersSigner;
  /** Nobody's spender at the start; holds nothing. */
  spender: HardhatEthersSigner;
  /** True where the token refuses to be held by its own contract. */
  refusesItself: boolean;
  /** Of which multiples move exactly; one base unit unless told otherwise. */
  unit?: bigint;
  /** Of allowances that are not infinite; one short of it unless told otherwise. */
  greatestAllowance?: bigint;
  /** True where the allowance is charged before the sender is looked at, as OpenZeppelin's ERC-20 does. */
  chargesFirst?: boolean;
}

export const shouldBehaveLikeERC20 = (fixture: () => Promise<ERC20Context>): void => {
  describe("ERC-20", () => {
    let ctx: ERC20Context;
    let token: IERC20Metadata;
    let address: string;
    let balance: bigint;
    let part: bigint;
    let allowed: bigint;
    let greatest: bigint;

    beforeEach(async () => {
      ctx = await loadFixture(fixture);
      address = await ctx.token.getAddress();
      token = IERC20Metadata__factory.connect(address, ctx.holder);
      balance = await token.balanceOf(ctx.holder);
      part = 7n * (ctx.unit ?? 1n);
      allowed = 50n * (ctx.unit ?? 1n);
      greatest = ctx.greatestAllowance ?? MaxUint256 - 1n;
    });

    /** Holds for every function that moves value. */
    const conserves = async (move: () => Promise<unknown>): Promise<void> => {
      const sum = async (): Promise<bigint> =>
        (await token.balanceOf(ctx.holder)) + (await token.balanceOf(ctx.recipient));
      const before = await sum();
      await move();
      expect(await sum()).to.equal(before);
      expect(await token.totalSupply()).to.equal(ctx.supply);
    };

    describe("metadata", () => {
      it("has its name", async () => {
        expect(await token.name()).to.equal(ctx.name);
      });

      it("has its symbol", async () => {
        expect(await token.symbol()).to.equal(ctx.symbol);
      });

      it("has its decimals", async () => {
        expect(await token.decimals()).to.equal(ctx.decimals);
      });
    });

    describe("totalSupply", () => {
      it("is what exists", async () => {
        expect(await token.totalSupply()).to.equal(ctx.supply);
      });
    });

    describe("balanceOf", () => {
      it("is what the holder holds", () => {
        expect(balance)
          .to.be.at.least(2n * allowed)
          .and.at.most(ctx.supply);
      });

      it("is zero for an account that never held any", async () => {
        expect(await token.balanceOf(ctx.spender)).to.equal(0n);
      });

      it("is zero for the zero address and the token itself", async () => {
        expect(await token.balanceOf(ZeroAddress)).to.equal(0n);
        expect(await token.balanceOf(address)).to.equal(0n);
      });
    });

    describe("allowance", () => {
      it("is zero before any approval", async () => {
        expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(0n);
      });
    });

    describe("transfer", () => {
      it("answers true", async () => {
        expect(await token.transfer.staticCall(ctx.recipient, part)).to.equal(true);
      });

      it("moves the value", async () => {
        await expect(token.transfer(ctx.recipient, part)).to.changeTokenBalances(
          token,
          [ctx.holder, ctx.recipient],
          [-part, part],
        );
      });

      it("emits Transfer", async () => {
        await expect(token.transfer(ctx.recipient, part))
          .to.emit(token, "Transfer")
          .withArgs(ctx.holder.address, ctx.recipient.address, part);
      });

      it("changes neither the supply nor the sum of balances", async () => {
        await conserves(() => token.transfer(ctx.recipient, part));
      });

      it("moves the whole balance", async () => {
        const before = await token.balanceOf(ctx.recipient);
        await token.transfer(ctx.recipient, balance);
        expect(await token.balanceOf(ctx.holder)).to.equal(0n);
        expect(await token.balanceOf(ctx.recipient)).to.equal(before + balance);
      });

      it("lets the receiver send on what it received", async () => {
        await token.transfer(ctx.spender, part);
        await expect(token.connect(ctx.spender).transfer(ctx.recipient, part)).to.changeTokenBalances(
          token,
          [ctx.spender, ctx.recipient],
          [-part, part],
        );
      });

      it("moves a zero value, with its event", async () => {
        const tx = token.transfer(ctx.recipient, 0n);
        await expect(tx).to.emit(token, "Transfer").withArgs(ctx.holder.address, ctx.recipient.address, 0n);
        await expect(tx).to.changeTokenBalances(token, [ctx.holder, ctx.recipient], [0n, 0n]);
      });

      it("moves a zero value of an account that holds nothing", async () => {
        await expect(token.connect(ctx.spender).transfer(ctx.recipient, 0n))
          .to.emit(token, "Transfer")
          .withArgs(ctx.spender.address, ctx.recipient.address, 0n);
      });

      it("leaves the balance as it is when sent to oneself", async () => {
        const tx = token.transfer(ctx.holder, balance);
        await expect(tx).to.emit(token, "Transfer").withArgs(ctx.holder.address, ctx.holder.address, balance);
        expect(await token.balanceOf(ctx.holder)).to.equal(balance);
      });

      it("reverts when more than the balance is sent to oneself", async () => {
        await expect(token.transfer(ctx.holder, balance + 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientBalance")
          .withArgs(ctx.holder.address, balance, balance + 1n);
      });

      it("reverts beyond the balance", async () => {
        await expect(token.transfer(ctx.recipient, balance + 1n))
          .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientBalance")
          .withArgs(ctx.holder.address, balance, balance + 1n);
      });

      it("reverts for the greatest value", async () => {
        await expect(token.transfer(ctx.recipient, MaxUint256))
          .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientBalance")
          .withArgs(ctx.holder.address, balance, MaxUint256);
      });

      it("reverts to the zero address", async () => {
        await expect(token.transfer(ZeroAddress, part))
          .to.be.revertedWithCustomError(ctx.token, "ERC20InvalidReceiver")
          .withArgs(ZeroAddress);
      });

      it("reverts to the token itself, where it refuses itself", async function () {
        if (!ctx.refusesItself) this.skip();
        await expect(token.transfer(address, part))
          .to.be.revertedWithCustomError(ctx.token, "ERC20InvalidReceiver")
          .withArgs(address);
      });
    });

    describe("approve", () => {
      it("answers true", async () => {
        expect(await token.approve.staticCall(ctx.spender, part)).to.equal(true);
      });

      it("sets the allowance and emits Approval", async () => {
        await expect(token.approve(ctx.spender, part))
          .to.emit(token, "Approval")
          .withArgs(ctx.holder.address, ctx.spender.address, part);
        expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(part);
      });

      it("overwrites an allowance, upwards and down to zero", async () => {
        for (const value of [7n, 9n, 3n, 0n, MaxUint256]) {
          await expect(token.approve(ctx.spender, value))
            .to.emit(token, "Approval")
            .withArgs(ctx.holder.address, ctx.spender.address, value);
          expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(value);
        }
      });

      it("may exceed the balance", async () => {
        await token.approve(ctx.spender, balance + 1n);
        expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(balance + 1n);
      });

      it("moves no value and grants nothing in the other direction", async () => {
        await expect(token.approve(ctx.spender, part)).to.changeTokenBalances(
          token,
          [ctx.holder, ctx.spender],
          [0n, 0n],
        );
        expect(await token.allowance(ctx.spender, ctx.holder)).to.equal(0n);
      });

      it("reverts for the zero address as spender", async () => {
        await expect(token.approve(ZeroAddress, part))
          .to.be.revertedWithCustomError(ctx.token, "ERC20InvalidSpender")
          .withArgs(ZeroAddress);
      });
    });

    describe("transferFrom", () => {
      let spending: IERC20Metadata;

      beforeEach(() => {
        spending = token.connect(ctx.spender);
      });

      describe("with a finite allowance", () => {
        beforeEach(async () => {
          await token.approve(ctx.spender, allowed);
        });

        it("answers true", async () => {
          expect(await spending.transferFrom.staticCall(ctx.holder, ctx.recipient, part)).to.equal(true);
        });

        it("moves the value between holder and receiver, not the spender", async () => {
          await expect(spending.transferFrom(ctx.holder, ctx.recipient, part)).to.changeTokenBalances(
            token,
            [ctx.holder, ctx.recipient, ctx.spender],
            [-part, part, 0n],
          );
        });

        it("emits Transfer and no Approval", async () => {
          const tx = spending.transferFrom(ctx.holder, ctx.recipient, part);
          await expect(tx).to.emit(token, "Transfer").withArgs(ctx.holder.address, ctx.recipient.address, part);
          await expect(tx).not.to.emit(token, "Approval");
        });

        it("lowers the allowance by the value", async () => {
          await spending.transferFrom(ctx.holder, ctx.recipient, part);
          expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(allowed - part);
        });

        it("spends exactly the allowance, and then nothing more", async () => {
          await spending.transferFrom(ctx.holder, ctx.recipient, allowed);
          expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(0n);
          await expect(spending.transferFrom(ctx.holder, ctx.recipient, 1n))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientAllowance")
            .withArgs(ctx.spender.address, 0n, 1n);
        });

        it("changes neither the supply nor the sum of balances", async () => {
          await conserves(() => spending.transferFrom(ctx.holder, ctx.recipient, allowed));
        });

        it("moves a zero value and leaves the allowance", async () => {
          await expect(spending.transferFrom(ctx.holder, ctx.recipient, 0n))
            .to.emit(token, "Transfer")
            .withArgs(ctx.holder.address, ctx.recipient.address, 0n);
          expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(allowed);
        });

        it("wears off when the holder is the receiver too", async () => {
          await expect(spending.transferFrom(ctx.holder, ctx.holder, part)).to.changeTokenBalance(
            token,
            ctx.holder,
            0n,
          );
          expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(allowed - part);
        });

        it("reverts beyond the allowance", async () => {
          await expect(spending.transferFrom(ctx.holder, ctx.recipient, allowed + 1n))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientAllowance")
            .withArgs(ctx.spender.address, allowed, allowed + 1n);
        });

        it("reverts for another spender", async () => {
          await expect(token.connect(ctx.recipient).transferFrom(ctx.holder, ctx.recipient, 1n))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientAllowance")
            .withArgs(ctx.recipient.address, 0n, 1n);
        });

        it("reverts to the zero address, and keeps the allowance", async () => {
          await expect(spending.transferFrom(ctx.holder, ZeroAddress, part))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InvalidReceiver")
            .withArgs(ZeroAddress);
          expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(allowed);
        });

        it("reverts to the token itself, where it refuses itself", async function () {
          if (!ctx.refusesItself) this.skip();
          await expect(spending.transferFrom(ctx.holder, address, part))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InvalidReceiver")
            .withArgs(address);
        });
      });

      describe("with an infinite allowance", () => {
        beforeEach(async () => {
          await token.approve(ctx.spender, MaxUint256);
        });

        it("moves the value and leaves the allowance", async () => {
          await expect(spending.transferFrom(ctx.holder, ctx.recipient, balance)).to.changeTokenBalances(
            token,
            [ctx.holder, ctx.recipient],
            [-balance, balance],
          );
          expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(MaxUint256);
        });

        it("reverts beyond the balance", async () => {
          await expect(spending.transferFrom(ctx.holder, ctx.recipient, balance + 1n))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientBalance")
            .withArgs(ctx.holder.address, balance, balance + 1n);
        });
      });

      describe("with the greatest allowance that is finite", () => {
        it("wears off", async () => {
          await token.approve(ctx.spender, greatest);
          await spending.transferFrom(ctx.holder, ctx.recipient, part);
          expect(await token.allowance(ctx.holder, ctx.spender)).to.equal(greatest - part);
        });
      });

      describe("with an allowance above the balance", () => {
        it("reverts beyond the balance", async () => {
          await token.approve(ctx.spender, balance + 1n);
          await expect(spending.transferFrom(ctx.holder, ctx.recipient, balance + 1n))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientBalance")
            .withArgs(ctx.holder.address, balance, balance + 1n);
        });
      });

      describe("without an allowance", () => {
        it("reverts", async () => {
          await expect(spending.transferFrom(ctx.holder, ctx.recipient, part))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientAllowance")
            .withArgs(ctx.spender.address, 0n, part);
        });

        it("reverts for the holder itself, who needs one as well", async () => {
          await expect(token.transferFrom(ctx.holder, ctx.recipient, part))
            .to.be.revertedWithCustomError(ctx.token, "ERC20InsufficientAllowance")
            .withArgs(ctx.holder.address, 0n, part);
        });

        it("moves a zero value", async () => {
          await expect(spending.transferFrom(ctx.holder, ctx.recipient, 0n))
            .to.emit(token, "Transfer")
            .withArgs(ctx.holder.address, ctx.recipient.address, 0n);
        });

        for (const value of [0n, 7n]) {
          it(`reverts from the zero address with a value of ${value}`, async () => {
            const moving = expect(spending.transferFrom(ZeroAddress, ctx.recipient, value));
            if (ctx.chargesFirst !== true) {
              await moving.to.be.revertedWithCustomError(ctx.token, "ERC20InvalidSender").withArgs(ZeroAddress);
            } else if (value === 0n) {
              await moving.to.be.revertedWithCustomError(ctx.token, "ERC20InvalidApprover").withArgs(ZeroAddress);
            } else {
              await moving.to.be
                .revertedWithCustomError(ctx.token, "ERC20InsufficientAllowance")
                .withArgs(ctx.spender.address, 0n, value);
            }
          });
        }
      });

      describe("by the holder who approved itself", () => {
        it("moves the value", async () => {
          await token.approve(ctx.holder, part);
          await expect(token.transferFrom(ctx.holder, ctx.recipient, part)).to.changeTokenBalances(
            token,
            [ctx.holder, ctx.recipient],
            [-part, part],
          );
          expect(await token.allowance(ctx.holder, ctx.holder)).to.equal(0n);
        });
      });
    });
  });
};
