/**
 * ERC-4626's requirements, of a vault whose asset rebases: its balances are shares rounded down, and so what moves is known
 * to less than one share's worth. Two sentences of the standard are kept in spirit: `deposit` takes at most the assets
 * named, never more, and `withdraw` delivers at least the assets named, never less; each by less than a share is worth.
 * Everything that is said of shares is exact.
 */
import { loadFixture } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, type BaseContract } from "ethers";

import { IERC20Metadata__factory, IERC4626__factory, type IERC20Metadata, type IERC4626 } from "../../typechain-types";

export interface ERC4626Context {
  /** With an ABI that has the errors. */
  vault: BaseContract;
  asset: string;
  /** Holds assets and shares of more than 10^18 base units each, and has approved the vault for all assets. */
  owner: HardhatEthersSigner;
  /** Holds assets and no shares, and has approved the vault for all assets; may receive. */
  other: HardhatEthersSigner;
  /** Holds nothing, and is nobody's spender. */
  spender: HardhatEthersSigner;
  /** What one share is worth, rounded up: what rounding can move at most, and one base unit of balances besides. */
  slack: bigint;
  /** From then on nothing can be deposited or withdrawn. */
  close: () => Promise<void>;
}

/** Small ones, where rounding shows, and one of many digits. */
const AMOUNTS = [1n, 2n, 3n, 5n, 7n, 11n, 12n, 1_000n, 123_456_789_012_345_678n];

export const shouldBehaveLikeERC4626 = (fixture: () => Promise<ERC4626Context>): void => {
  describe("ERC-4626", () => {
    let ctx: ERC4626Context;
    let vault: IERC4626;
    let asset: IERC20Metadata;
    let address: string;
    let [owner, other, spender] = ["", "", ""];

    beforeEach(async () => {
      ctx = await loadFixture(fixture);
      address = await ctx.vault.getAddress();
      vault = IERC4626__factory.connect(address, ctx.owner);
      asset = IERC20Metadata__factory.connect(ctx.asset, ctx.owner);
      [owner, other, spender] = [ctx.owner.address, ctx.other.address, ctx.spender.address];
    });

    const assetsOf = (account: string): Promise<bigint> => asset.balanceOf(account);
    const sharesOf = (account: string): Promise<bigint> => vault.balanceOf(account);

    /** Assets and shares of an account, how they changed. */
    const changes = async (
      accounts: readonly string[],
      act: () => Promise<unknown>,
    ): Promise<{ assets: bigint[]; shares: bigint[] }> => {
      const read = async (): Promise<[bigint[], bigint[]]> => [
        await Promise.all(accounts.map(assetsOf)),
        await Promise.all(accounts.map(sharesOf)),
      ];
      const [assetsBefore, sharesBefore] = await read();
      await act();
      const [assetsAfter, sharesAfter] = await read();
      return {
        assets: assetsAfter.map((after, i) => after - (assetsBefore[i] ?? 0n)),
        shares: sharesAfter.map((after, i) => after - (sharesBefore[i] ?? 0n)),
      };
    };

    describe("asset", () => {
      it("is an ERC-20 token", async () => {
        expect(await vault.asset()).to.equal(ctx.asset);
        expect(await asset.decimals()).to.equal(await vault.decimals());
      });
    });

    describe("totalAssets", () => {
      it("is what all shares are worth, and no more than the vault holds", async () => {
        const total = await vault.totalAssets();
        expect(total).to.equal(await vault.convertToAssets(await vault.totalSupply()));
        expect(total)
          .to.be.greaterThan(0n)
          .and.at.most(await assetsOf(address));
      });
    });

    describe("convertToShares and convertToAssets", () => {
      it("are the same for every caller, and while closed", async () => {
        const shares = await vault.convertToShares(1_000n);
        const assets = await vault.convertToAssets(1_000n);
        await ctx.close();
        for (const caller of [ctx.owner, ctx.other, ctx.spender]) {
          expect(await vault.connect(caller).convertToShares(1_000n)).to.equal(shares);
          expect(await vault.connect(caller).convertToAssets(1_000n)).to.equal(assets);
        }
      });

      it("round down: there and back is never more", async () => {
        for (const amount of AMOUNTS) {
          expect(await vault.convertToAssets(await vault.convertToShares(amount))).to.be.at.most(amount);
          expect(await vault.convertToShares(await vault.convertToAssets(amount))).to.be.at.most(amount);
        }
      });

      it("are nothing for nothing", async () => {
        expect(await vault.convertToShares(0n)).to.equal(0n);
        expect(await vault.convertToAssets(0n)).to.equal(0n);
      });

      it("do not change by deposits and withdrawals", async () => {
        const rate = await vault.convertToAssets(10n ** 18n);
        await vault.deposit(10n ** 18n + 7n, owner);
        await vault.redeem(5n, owner, owner);
        expect(await vault.convertToAssets(10n ** 18n)).to.equal(rate);
      });
    });

    describe("previews", () => {
      it("round for the vault: down what is given for assets or shares, up what is asked for them", async () => {
        for (const amount of AMOUNTS) {
          const [shares, assets] = [await vault.convertToShares(amount), await vault.convertToAssets(amount)];
          expect(await vault.previewDeposit(amount)).to.equal(shares);
          expect(await vault.previewRedeem(amount)).to.equal(assets);
          expect(await vault.previewWithdraw(amount)).to.be.oneOf([shares, shares + 1n]);
          expect(await vault.previewMint(amount)).to.be.oneOf([assets, assets + 1n]);
          expect(await vault.previewMint(shares)).to.be.at.most(amount);
          expect(await vault.previewRedeem(await vault.previewWithdraw(amount))).to.be.at.least(amount);
        }
      });

      it("account neither for limits nor for what the caller has", async () => {
        const ask = async (): Promise<bigint[]> => [
          await vault.previewDeposit(10n ** 40n),
          await vault.previewMint(10n ** 40n),
          await vault.previewWithdraw(10n ** 40n),
          await vault.previewRedeem(10n ** 40n),
        ];
        const before = await ask();
        await ctx.close();
        expect(await ask()).to.deep.equal(before);
        vault = vault.connect(ctx.spender);
        expect(await ask()).to.deep.equal(before);
      });
    });

    describe("maximums", () => {
      it("of deposit and mint do not ask what the caller or the receiver has", async () => {
        expect(await vault.maxDeposit(spender)).to.equal(await vault.maxDeposit(owner));
        expect(await vault.maxMint(spender)).to.equal(await vault.maxMint(owner));
        expect(await vault.maxMint(spender)).to.be.greaterThan(10n ** 27n);
        expect(await vault.maxDeposit(spender)).to.be.greaterThan(10n ** 27n);
      });

      it("of redeem and withdraw are all that the owner has", async () => {
        const shares = await sharesOf(owner);
        expect(await vault.maxRedeem(owner)).to.equal(shares);
        expect(await vault.maxWithdraw(owner)).to.equal(await vault.previewRedeem(shares));
        expect(await vault.maxRedeem(spender)).to.equal(0n);
        expect(await vault.maxWithdraw(spender)).to.equal(0n);
      });

      it("of redeem and withdraw can be taken", async () => {
        await vault.withdraw(await vault.maxWithdraw(owner), owner, owner);
        const rest = await vault.maxRedeem(owner);
        if (rest !== 0n) await vault.redeem(rest, owner, owner);
        expect(await sharesOf(owner)).to.equal(0n);
      });

      it("are 0 while closed", async () => {
        await ctx.close();
        expect(await vault.maxDeposit(owner)).to.equal(0n);
        expect(await vault.maxMint(owner)).to.equal(0n);
        expect(await vault.maxWithdraw(owner)).to.equal(0n);
        expect(await vault.maxRedeem(owner)).to.equal(0n);
      });

      it("are what every function refuses more than", async () => {
        const [deposit, mint] = [await vault.maxDeposit(other), await vault.maxMint(other)];
        const [withdraw, redeem] = [await vault.maxWithdraw(owner), await vault.maxRedeem(owner)];
        for (const more of [1n, MaxUint256]) {
          const beyond = (max: bigint): bigint => (more === 1n ? max + 1n : MaxUint256);
          await expect(vault.deposit(beyond(deposit), other))
            .to.be.revertedWithCustomError(ctx.vault, "ERC4626ExceededMaxDeposit")
            .withArgs(other, beyond(deposit), deposit);
          await expect(vault.mint(beyond(mint), other))
            .to.be.revertedWithCustomError(ctx.vault, "ERC4626ExceededMaxMint")
            .withArgs(other, beyond(mint), mint);
          await expect(vault.withdraw(beyond(withdraw), other, owner))
            .to.be.revertedWithCustomError(ctx.vault, "ERC4626ExceededMaxWithdraw")
            .withArgs(owner, beyond(withdraw), withdraw);
          await expect(vault.redeem(beyond(redeem), other, owner))
            .to.be.revertedWithCustomError(ctx.vault, "ERC4626ExceededMaxRedeem")
            .withArgs(owner, beyond(redeem), redeem);
        }
      });

      it("are what every function refuses more than while closed", async () => {
        await ctx.close();
        await expect(vault.deposit(1n, other))
          .to.be.revertedWithCustomError(ctx.vault, "ERC4626ExceededMaxDeposit")
          .withArgs(other, 1n, 0n);
        await expect(vault.mint(1n, other))
          .to.be.revertedWithCustomError(ctx.vault, "ERC4626ExceededMaxMint")
          .withArgs(other, 1n, 0n);
        await expect(vault.withdraw(1n, other, owner))
          .to.be.revertedWithCustomError(ctx.vault, "ERC4626ExceededMaxWithdraw")
          .withArgs(owner, 1n, 0n);
        await expect(vault.redeem(1n, other, owner))
          .to.be.revertedWithCustomError(ctx.vault, "ERC4626ExceededMaxRedeem")
          .withArgs(owner, 1n, 0n);
      });
    });

    describe("deposit", () => {
      it("mints the shares of its preview to the receiver, and takes at most the assets, of the caller", async () => {
        for (const amount of AMOUNTS) {
          const shares = await vault.previewDeposit(amount);
          if (shares === 0n) continue;
          expect(await vault.deposit.staticCall(amount, spender)).to.equal(shares);
          const change = await changes([owner, spender], () => vault.deposit(amount, spender));
          expect(change.shares).to.deep.equal([0n, shares]);
          const [paid = 0n, received = 0n] = change.assets;
          // A balance is rounded down: it may fall by one more than what was taken is worth.
          expect(-paid)
            .to.be.at.most(amount + 1n)
            .and.greaterThan(amount - ctx.slack - 1n);
          expect(received).to.equal(0n);
        }
      });

      it("emits Deposit with what was taken", async () => {
        const shares = await vault.previewDeposit(1_000n);
        await expect(vault.deposit(1_000n, other))
          .to.emit(ctx.vault, "Deposit")
          .withArgs(owner, other, await vault.convertToAssets(shares), shares);
      });

      it("emits Transfer from the zero address", async () => {
        await expect(vault.deposit(1_000n, other))
          .to.emit(ctx.vault, "Transfer")
          .withArgs(ZeroAddress, other, await vault.previewDeposit(1_000n));
      });

      it("reverts where the caller has not approved the vault, or has too little", async () => {
        await expect(vault.connect(ctx.spender).deposit(1_000n, owner)).to.be.revertedWithCustomError(
          ctx.vault,
          "ERC20InsufficientAllowance",
        );
        await asset.connect(ctx.spender).approve(address, MaxUint256);
        await expect(vault.connect(ctx.spender).deposit(1_000n, owner)).to.be.revertedWithCustomError(
          ctx.vault,
          "ERC20InsufficientBalance",
        );
      });

      it("reverts to the zero address", async () => {
        await expect(vault.deposit(1_000n, ZeroAddress))
          .to.be.revertedWithCustomError(ctx.vault, "ERC20InvalidReceiver")
          .withArgs(ZeroAddress);
        await expect(vault.mint(1_000n, ZeroAddress))
          .to.be.revertedWithCustomError(ctx.vault, "ERC20InvalidReceiver")
          .withArgs(ZeroAddress);
      });
    });

    describe("mint", () => {
      it("mints exactly the shares, and takes at most the assets of its preview", async () => {
        for (const shares of AMOUNTS) {
          const assets = await vault.previewMint(shares);
          expect(await vault.mint.staticCall(shares, spender)).to.equal(assets);
          const change = await changes([owner, spender], () => vault.mint(shares, spender));
          expect(change.shares).to.deep.equal([0n, shares]);
          expect(-(change.assets[0] ?? 0n)).to.be.oneOf([assets - 1n, assets]);
        }
      });

      it("emits Deposit", async () => {
        await expect(vault.mint(1_000n, other))
          .to.emit(ctx.vault, "Deposit")
          .withArgs(owner, other, await vault.convertToAssets(1_000n), 1_000n);
      });
    });

    describe("withdraw", () => {
      it("burns the shares of its preview, and delivers at least the assets, to the receiver", async () => {
        for (const amount of AMOUNTS) {
          const shares = await vault.previewWithdraw(amount);
          expect(await vault.withdraw.staticCall(amount, other, owner)).to.equal(shares);
          const change = await changes([owner, other], () => vault.withdraw(amount, other, owner));
          expect(change.shares).to.deep.equal([-shares, 0n]);
          const [owned, received] = change.assets;
          expect(owned).to.equal(0n);
          expect(received)
            .to.be.at.least(amount)
            .and.at.most(amount + ctx.slack);
        }
      });

      it("emits Withdraw with what was delivered, and Transfer to the zero address", async () => {
        const shares = await vault.previewWithdraw(1_000n);
        const tx = vault.withdraw(1_000n, other, owner);
        await expect(tx)
          .to.emit(ctx.vault, "Withdraw")
          .withArgs(owner, other, owner, await vault.convertToAssets(shares), shares);
        await expect(tx).to.emit(ctx.vault, "Transfer").withArgs(owner, ZeroAddress, shares);
      });
    });

    describe("redeem", () => {
      it("burns exactly the shares, and delivers at least the assets of its preview", async () => {
        for (const shares of AMOUNTS) {
          const assets = await vault.previewRedeem(shares);
          expect(await vault.redeem.staticCall(shares, other, owner)).to.equal(assets);
          const change = await changes([owner, other], () => vault.redeem(shares, other, owner));
          expect(change.shares).to.deep.equal([-shares, 0n]);
          expect(change.assets[1]).to.be.oneOf([assets, assets + 1n]);
        }
      });

      it("emits Withdraw", async () => {
        await expect(vault.redeem(1_000n, other, owner))
          .to.emit(ctx.vault, "Withdraw")
          .withArgs(owner, other, owner, await vault.convertToAssets(1_000n), 1_000n);
      });
    });

    describe("withdraw and redeem by a spender", () => {
      it("spend an allowance of shares, exactly", async () => {
        await vault.approve(spender, 1_000n);
        const burned = await vault.previewWithdraw(11n);
        await vault.connect(ctx.spender).withdraw(11n, spender, owner);
        await vault.connect(ctx.spender).redeem(7n, spender, owner);
        expect(await vault.allowance(owner, spender)).to.equal(1_000n - burned - 7n);
      });

      it("leave an allowance without limit", async () => {
        await vault.approve(spender, MaxUint256);
        await vault.connect(ctx.spender).redeem(7n, spender, owner);
        expect(await vault.allowance(owner, spender)).to.equal(MaxUint256);
      });

      it("revert without one, or beyond it", async () => {
        const spending = vault.connect(ctx.spender);
        const burned = await vault.previewWithdraw(1_000n);
        await expect(spending.withdraw(1_000n, spender, owner))
          .to.be.revertedWithCustomError(ctx.vault, "ERC20InsufficientAllowance")
          .withArgs(spender, 0n, burned);
        await vault.approve(spender, 6n);
        await expect(spending.redeem(7n, spender, owner))
          .to.be.revertedWithCustomError(ctx.vault, "ERC20InsufficientAllowance")
          .withArgs(spender, 6n, 7n);
      });

      it("do not spend an allowance of the asset", async () => {
        await asset.approve(spender, MaxUint256);
        await expect(vault.connect(ctx.spender).redeem(7n, spender, owner))
          .to.be.revertedWithCustomError(ctx.vault, "ERC20InsufficientAllowance")
          .withArgs(spender, 0n, 7n);
      });
    });

    describe("there and back", () => {
      it("never makes assets or shares", async () => {
        for (const amount of AMOUNTS) {
          const minted = await vault.previewDeposit(amount);
          expect(await vault.previewRedeem(minted)).to.be.at.most(amount);
          expect(await vault.previewWithdraw(amount)).to.be.at.least(minted);
          expect(await vault.previewMint(amount)).to.be.at.least(await vault.previewRedeem(amount));
          expect(await vault.previewDeposit(await vault.previewRedeem(amount))).to.be.at.most(amount);
        }
      });
    });
  });
};
