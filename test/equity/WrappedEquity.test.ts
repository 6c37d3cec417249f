import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import {
  MaxUint256,
  Signature,
  ZeroAddress,
  ZeroHash,
  id,
  randomBytes,
  type BigNumberish,
  type ContractTransactionResponse,
  type TypedDataDomain,
} from "ethers";
import hre from "hardhat";

import { PIEUSD_TYPES, signPieUSD } from "../../sdk/payments/typedData";
import type { WrappedEquity } from "../../typechain-types";
import {
  DAY,
  FLAGS,
  HELD,
  KIND,
  PAUSE,
  SHARE,
  WAD,
  act,
  block,
  call,
  equityFixture,
  loadEquity,
  mint,
  refresh,
  scheduleAction,
  setFlags,
  type ActionOptions,
  type EquityFixture,
} from "../fixtures/equity";
import { shouldBehaveLikeERC2612, type ERC2612Context } from "../helpers/ERC2612.behavior";
import { shouldBehaveLikeERC20, type ERC20Context } from "../helpers/ERC20.behavior";
import { shouldBehaveLikeERC4626, type ERC4626Context } from "../helpers/ERC4626.behavior";
import { shouldBehaveLikeERC7943, type ERC7943Context } from "../helpers/ERC7943.behavior";
import { impersonated, payersOfEveryKind } from "../helpers/accounts";

const NAME = "Wrapped Tesla xStock";
const SYMBOL = "wTSLAx";
const MAX_SHARES = 2n ** 112n - 1n;
/** What alice wraps. */
const WRAPPED = 400n * SHARE;

/** Units by alice, who keeps 600 stocks; every holder has approved the wrapper. */
async function wrappedFixture(): Promise<EquityFixture> {
  const suite = await loadFixture(equityFixture);
  const { equity, wrapper, alice, bob, carol } = suite;
  for (const account of [alice, bob, carol]) await equity.connect(account).approve(wrapper, MaxUint256);
  await wrapper.connect(alice).deposit(WRAPPED, alice);
  return suite;
}

const loadWrapped = (): Promise<EquityFixture> => loadFixture(wrappedFixture);

/** Of 200 rounds each; under coverage, where every step is traced, a sample. */
const LOOPS = process.env.SOLIDITY_COVERAGE === "true" ? 1 : 10;

/** Multipliers, and the action that brings each. */
const RATES: Record<string, { multiplier: bigint; action?: ActionOptions }> = {
  "1": { multiplier: WAD },
  "3": { multiplier: 3n * WAD, action: { kind: KIND.Split, numerator: 3n, denominator: 1n } },
  "4": { multiplier: 4n * WAD, action: { kind: KIND.Split, numerator: 4n, denominator: 1n } },
  "0.5": { multiplier: WAD / 2n, action: { kind: KIND.ReverseSplit, numerator: 1n, denominator: 2n } },
  "1.234567890123456789": {
    multiplier: 1_234_567_890_123_456_789n,
    action: { kind: KIND.Dividend, numerator: 1_234_567_890_123_456_789n, denominator: WAD },
  },
};

const atRate = ({ action }: { action?: ActionOptions }) =>
  async function wrappedAtRate(): Promise<EquityFixture> {
    const suite = await loadFixture(wrappedFixture);
    const { equity, wrapper, alice, bob, carol } = suite;
    if (action !== undefined) await act(suite, action);
    // A reverse split voids allowances that have a limit; these have none, but the day has moved.
    for (const account of [alice, bob, carol]) await equity.connect(account).approve(wrapper, MaxUint256);
    return suite;
  };

const pause = async ({ equity, holders }: EquityFixture, bits = PAUSE.TRANSFER): Promise<void> => {
  await equity.connect(holders.PAUSER).pause(bits);
};

const freeze = ({ wrapper, holders }: EquityFixture, account: string, units: bigint): Promise<unknown> =>
  wrapper.connect(holders.EQUITY_FREEZER).setFrozenTokens(account, units);

const snapshot = async ({ equity, holders }: EquityFixture): Promise<bigint> => {
  await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
  return equity.snapshotId();
};

/** Shares held are units, and what is beyond is nobody's. */
const surplusOf = async ({ equity, wrapper }: EquityFixture): Promise<bigint> =>
  (await equity.sharesOf(wrapper)) - (await wrapper.totalSupply());

const stockDomain = async ({ equity, equityAddress, chainId }: EquityFixture): Promise<TypedDataDomain> => {
  const { name, version } = await equity.eip712Domain();
  return { name, version, chainId, verifyingContract: equityAddress };
};

describe("WrappedEquity", () => {
  describe("as an ERC-20", () => {
    async function erc20Fixture(): Promise<ERC20Context> {
      const { wrapper, alice, bob, stranger } = await loadFixture(wrappedFixture);
      return {
        token: wrapper,
        name: NAME,
        symbol: SYMBOL,
        decimals: 18n,
        supply: WRAPPED,
        holder: alice,
        recipient: bob,
        spender: stranger,
        refusesItself: true,
        chargesFirst: true,
      };
    }

    shouldBehaveLikeERC20(erc20Fixture);
  });

  describe("as an ERC-2612 token", () => {
    async function permitFixture(): Promise<ERC2612Context> {
      const { wrapper, wrapperAddress, chainId, stranger, relayer } = await loadFixture(wrappedFixture);
      return {
        token: wrapper,
        domain: { name: NAME, version: "1", chainId, verifyingContract: wrapperAddress },
        payers: await payersOfEveryKind(),
        spender: stranger,
        relayer,
      };
    }

    shouldBehaveLikeERC2612(permitFixture, {
      overloads: ["v, r, s"],
      kinds: ["an EOA", "an ERC-7702 account by its own key"],
      recoversStrictly: true,
    });
  });

  describe("as an ERC-7943 token", () => {
    async function rwaFixture(): Promise<ERC7943Context> {
      const suite = await loadFixture(wrappedFixture);
      const { wrapper, alice, bob, stranger, redemptionQueue } = suite;
      await wrapper.connect(alice).approve(stranger, MaxUint256);
      return {
        token: wrapper,
        holder: alice,
        recipient: bob,
        stranger,
        system: await redemptionQueue.getAddress(),
        tooLarge: MAX_SHARES,
        setFrozen: (account, amount) => call(suite, "EQUITY_FREEZER", wrapper, "setFrozenTokens", [account, amount]),
        force: (from, to, amount) => call(suite, "EQUITY_ENFORCER", wrapper, "forcedTransfer", [from, to, amount]),
        setBlocked: (account, blocked) => setFlags(suite, account, FLAGS.BLOCKED, blocked ? FLAGS.BLOCKED : 0n),
        setNoSend: (account) => setFlags(suite, account, FLAGS.NO_SEND),
        setNoReceive: (account) => setFlags(suite, account, FLAGS.NO_RECEIVE),
        pause: () => pause(suite),
      };
    }

    shouldBehaveLikeERC7943(rwaFixture);

    it("refuses force to the stock itself, which no registry's word names", async () => {
      const suite = await loadWrapped();
      await block(suite, suite.alice.address);
      await expect(
        call(suite, "EQUITY_ENFORCER", suite.wrapper, "forcedTransfer", [suite.alice.address, suite.equityAddress, 1n]),
      )
        .to.be.revertedWithCustomError(suite.wrapper, "ERC20InvalidReceiver")
        .withArgs(suite.equityAddress);
    });

    it("refuses a transfer of units to the stock, and says so before", async () => {
      const { wrapper, equityAddress, alice } = await loadWrapped();
      expect(await wrapper.canTransfer(alice, equityAddress, 1n)).to.equal(false);
      await expect(wrapper.connect(alice).transfer(equityAddress, 1n))
        .to.be.revertedWithCustomError(wrapper, "ERC20InvalidReceiver")
        .withArgs(equityAddress);
    });

    it("force works within a split's halt, and a transfer of units too: their number does not change", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, alice, bob } = suite;
      const split = { kind: KIND.Split, numerator: 2n, denominator: 1n, haltMinutes: 15 };
      const at = await scheduleAction(suite, split);
      await block(suite, alice.address);
      await suite.manager
        .connect(suite.holders.EQUITY_ENFORCER)
        .schedule(wrapper, wrapper.interface.encodeFunctionData("forcedTransfer", [alice.address, bob.address, 9n]), 0);
      await time.increaseTo(at - 60);
      expect(await equity.isHalted()).to.equal(true);
      await wrapper.connect(suite.holders.EQUITY_ENFORCER).forcedTransfer(alice, bob, 9n);
      await expect(wrapper.connect(bob).transfer(suite.carol, 9n)).to.changeTokenBalance(wrapper, suite.carol, 9n);
    });
  });

  for (const [label, rate] of Object.entries(RATES)) {
    describe(`at a multiplier of ${label}`, () => {
      const fixture = atRate(rate);

      async function vaultFixture(): Promise<ERC4626Context> {
        const suite = await loadFixture(fixture);
        return {
          vault: suite.wrapper,
          asset: suite.equityAddress,
          owner: suite.alice,
          other: suite.bob,
          spender: suite.stranger,
          slack: (rate.multiplier + WAD - 1n) / WAD,
          close: () => pause(suite),
        };
      }

      shouldBehaveLikeERC4626(vaultFixture);

      it("has the stock's multiplier for its rate", async () => {
        const { wrapper, equity } = await loadFixture(fixture);
        expect(await equity.multiplier()).to.equal(rate.multiplier);
        expect(await wrapper.uiMultiplier()).to.equal(rate.multiplier);
        expect(await wrapper.convertToAssets(WAD)).to.equal(rate.multiplier);
      });

      it("rounds as the table of the design says, share by share", async () => {
        const suite = await loadFixture(fixture);
        const { wrapper, equity, alice } = suite;
        const m = rate.multiplier;
        const up = (x: bigint, y: bigint): bigint => (x + y - 1n) / y;
        const vault = wrapper.connect(alice);
        const moved = async (move: () => Promise<unknown>): Promise<[shares: bigint, units: bigint]> => {
          const [shares, units] = [await equity.sharesOf(alice), await wrapper.balanceOf(alice)];
          await move();
          return [(await equity.sharesOf(alice)) - shares, (await wrapper.balanceOf(alice)) - units];
        };
        for (const amount of [11n, 12n, 1_000_003n]) {
          const deposited = (amount * WAD) / m;
          expect(await moved(() => vault.deposit(amount, alice))).to.deep.equal([-deposited, deposited]);
          expect(await moved(() => vault.mint(amount, alice))).to.deep.equal([-amount, amount]);
          const withdrawn = up(amount * WAD, m);
          expect(await moved(() => vault.withdraw(amount, alice, alice))).to.deep.equal([withdrawn, -withdrawn]);
          expect(await moved(() => vault.redeem(amount, alice, alice))).to.deep.equal([amount, -amount]);
        }
        expect(await surplusOf(suite)).to.equal(0n);
      });

      it("is backed one to one: each unit redeems for its share, to the last", async () => {
        const { wrapper, equity, alice } = await loadFixture(fixture);
        await wrapper.connect(alice).redeem(await wrapper.balanceOf(alice), alice, alice);
        expect(await wrapper.totalSupply()).to.equal(0n);
        expect(await wrapper.totalAssets()).to.equal(0n);
        expect(await equity.sharesOf(wrapper)).to.equal(0n);
        expect(await equity.sharesOf(alice)).to.equal(HELD);
      });
    });
  }

  describe("withdraw at a multiplier of 3", () => {
    it("of 11 delivers at least 11, where Backed's wrapper delivers 9", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, alice, bob } = suite;
      await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
      const before = await equity.balanceOf(bob);
      await expect(wrapper.connect(alice).withdraw(11n, bob, alice))
        .to.emit(wrapper, "Withdraw")
        .withArgs(alice.address, bob.address, alice.address, 12n, 4n);
      expect(await equity.balanceOf(bob)).to.equal(before + 12n);
    });

    it("deposit of 11 takes 9, never more than 11", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, alice } = suite;
      await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
      const before = await equity.balanceOf(alice);
      await expect(wrapper.connect(alice).deposit(11n, alice))
        .to.emit(wrapper, "Deposit")
        .withArgs(alice.address, alice.address, 9n, 3n);
      expect(await equity.balanceOf(alice)).to.equal(before - 9n);
    });
  });

  describe("what is nothing", () => {
    it("is refused: ZeroShares of deposits and withdrawals", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice } = suite;
      const vault = wrapper.connect(alice);
      await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
      for (const attempt of [
        () => vault.deposit(0n, alice),
        () => vault.deposit(2n, alice), // less than a share
        () => vault.mint(0n, alice),
        () => vault.withdraw(0n, alice, alice),
        () => vault.redeem(0n, alice, alice),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(wrapper, "ZeroShares").withArgs();
      }
    });
  });

  describe("maximums", () => {
    const maximums = async (wrapper: WrappedEquity, account: string): Promise<bigint[]> => [
      await wrapper.maxDeposit(account),
      await wrapper.maxMint(account),
      await wrapper.maxWithdraw(account),
      await wrapper.maxRedeem(account),
    ];

    it("of deposits are what units there can be, less those that there are", async () => {
      const { wrapper, bob } = await loadWrapped();
      expect(await wrapper.maxMint(bob)).to.equal(MAX_SHARES - WRAPPED);
      expect(await wrapper.maxDeposit(bob)).to.equal(MAX_SHARES - WRAPPED);
    });

    it("are 0 while transfers are paused, and unchanged by the other pauses", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice } = suite;
      const before = await maximums(wrapper, alice.address);
      await pause(suite, PAUSE.MINT | PAUSE.BURN | PAUSE.BRIDGE);
      expect(await maximums(wrapper, alice.address)).to.deep.equal(before);
      await pause(suite);
      expect(await maximums(wrapper, alice.address)).to.deep.equal([0n, 0n, 0n, 0n]);
    });

    it("are 0 within a split's halt, to the second", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, alice } = suite;
      const split = { kind: KIND.Split, numerator: 2n, denominator: 1n, haltMinutes: 15 };
      const at = await scheduleAction(suite, split);
      for (const [second, halted] of [
        [at - 901, false],
        [at - 900, true],
        [at, true],
        [at + 900, true],
        [at + 901, false],
      ] as const) {
        await time.increaseTo(second);
        expect(await equity.isHalted(), `${second - at}`).to.equal(halted);
        const found = await maximums(wrapper, alice.address);
        expect(found.map((max) => max === 0n)).to.deep.equal([halted, halted, halted, halted]);
      }
    });

    it("refuse every function within a halt", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice } = suite;
      const split = { kind: KIND.Split, numerator: 2n, denominator: 1n, haltMinutes: 15 };
      await time.increaseTo((await scheduleAction(suite, split)) - 30);
      const vault = wrapper.connect(alice);
      for (const [error, attempt] of [
        ["ERC4626ExceededMaxDeposit", () => vault.deposit(1n, alice)],
        ["ERC4626ExceededMaxMint", () => vault.mint(1n, alice)],
        ["ERC4626ExceededMaxWithdraw", () => vault.withdraw(1n, alice, alice)],
        ["ERC4626ExceededMaxRedeem", () => vault.redeem(1n, alice, alice)],
      ] as const) {
        await expect(attempt()).to.be.revertedWithCustomError(wrapper, error).withArgs(alice.address, 1n, 0n);
      }
    });

    it("are 0 for the blocked, and of one direction for who may only send or receive", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice } = suite;
      const zero = async (): Promise<boolean[]> => (await maximums(wrapper, alice.address)).map((max) => max === 0n);
      await setFlags(suite, alice.address, FLAGS.NO_RECEIVE);
      expect(await zero()).to.deep.equal([true, true, false, false]);
      await setFlags(suite, alice.address, FLAGS.NO_SEND | FLAGS.NO_RECEIVE, FLAGS.NO_SEND);
      expect(await zero()).to.deep.equal([false, false, true, true]);
      await block(suite, alice.address);
      expect(await zero()).to.deep.equal([true, true, true, true]);
    });

    it("of redemptions are what is not frozen", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice, bob } = suite;
      await freeze(suite, alice.address, 30n);
      expect(await wrapper.maxRedeem(alice)).to.equal(WRAPPED - 30n);
      expect(await wrapper.maxWithdraw(alice)).to.equal(WRAPPED - 30n);
      await expect(wrapper.connect(alice).redeem(WRAPPED - 29n, bob, alice))
        .to.be.revertedWithCustomError(wrapper, "ERC4626ExceededMaxRedeem")
        .withArgs(alice.address, WRAPPED - 29n, WRAPPED - 30n);
      await wrapper.connect(alice).redeem(WRAPPED - 30n, bob, alice);
      for (const frozen of [31n, MaxUint256]) {
        await freeze(suite, alice.address, frozen);
        expect(await wrapper.maxRedeem(alice)).to.equal(0n);
        expect(await wrapper.maxWithdraw(alice)).to.equal(0n);
      }
    });

    it("are 0 for deposits to any wrapper and to the stock: units there would be lost", async () => {
      const { wrapper, wrapperAddress, equityAddress, alice } = await loadWrapped();
      for (const receiver of [wrapperAddress, equityAddress]) {
        expect(await wrapper.maxDeposit(receiver)).to.equal(0n);
        expect(await wrapper.maxMint(receiver)).to.equal(0n);
        await expect(wrapper.connect(alice).deposit(5n, receiver))
          .to.be.revertedWithCustomError(wrapper, "ERC4626ExceededMaxDeposit")
          .withArgs(receiver, 5n, 0n);
        await expect(wrapper.connect(alice).mint(5n, receiver))
          .to.be.revertedWithCustomError(wrapper, "ERC4626ExceededMaxMint")
          .withArgs(receiver, 5n, 0n);
      }
    });

    it("do not revert for any account", async () => {
      const { wrapper } = await loadWrapped();
      await expect(maximums(wrapper, ZeroAddress)).not.to.be.rejected;
    });
  });

  describe("receivers of withdrawals", () => {
    for (const who of ["wrapper", "equity"] as const) {
      it(`cannot be the ${who === "wrapper" ? "wrapper" : "stock"} itself`, async () => {
        const suite = await loadWrapped();
        const { wrapper, alice } = suite;
        const receiver = await suite[who].getAddress();
        for (const attempt of [
          () => wrapper.connect(alice).withdraw(5n, receiver, alice),
          () => wrapper.connect(alice).redeem(5n, receiver, alice),
        ]) {
          await expect(attempt()).to.be.revertedWithCustomError(wrapper, "ERC20InvalidReceiver").withArgs(receiver);
        }
        expect(await surplusOf(suite)).to.equal(0n);
      });
    }

    it("cannot be the zero address", async () => {
      const { wrapper, alice } = await loadWrapped();
      await expect(wrapper.connect(alice).redeem(5n, ZeroAddress, alice))
        .to.be.revertedWithCustomError(wrapper, "ERC20InvalidReceiver")
        .withArgs(ZeroAddress);
    });

    it("must be allowed to receive the stock", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice, bob } = suite;
      await setFlags(suite, bob.address, FLAGS.NO_RECEIVE);
      await expect(wrapper.connect(alice).redeem(5n, bob, alice))
        .to.be.revertedWithCustomError(wrapper, "ERC7943CannotReceive")
        .withArgs(bob.address);
    });
  });

  describe("callers of deposits and withdrawals", () => {
    it("must be allowed to send the stock, whoever the receiver is", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice, bob } = suite;
      await setFlags(suite, alice.address, FLAGS.NO_SEND);
      await expect(wrapper.connect(alice).deposit(5n, bob))
        .to.be.revertedWithCustomError(wrapper, "ERC7943CannotSend")
        .withArgs(alice.address);
    });

    it("must not be blocked to withdraw by an allowance", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice, bob, stranger } = suite;
      await wrapper.connect(alice).approve(stranger, MaxUint256);
      await block(suite, stranger.address);
      for (const attempt of [
        () => wrapper.connect(stranger).redeem(5n, bob, alice),
        () => wrapper.connect(stranger).withdraw(5n, bob, alice),
        () => wrapper.connect(stranger).transferFrom(alice, bob, 5n),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(wrapper, "ERC7943CannotSend").withArgs(stranger.address);
      }
    });

    it("pay with what they have of the stock that is not frozen", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, alice, holders } = suite;
      const balance = await equity.balanceOf(alice);
      await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, balance - 4n);
      await expect(wrapper.connect(alice).deposit(5n, alice))
        .to.be.revertedWithCustomError(wrapper, "ERC7943InsufficientUnfrozenBalance")
        .withArgs(alice.address, 5n, 4n);
      await wrapper.connect(alice).deposit(4n, alice);
    });
  });

  describe("units while transfers are paused", () => {
    it("do not move", async () => {
      const suite = await loadWrapped();
      await pause(suite);
      await expect(suite.wrapper.connect(suite.alice).transfer(suite.bob, 1n))
        .to.be.revertedWithCustomError(suite.equity, "TransferPaused")
        .withArgs();
    });
  });

  describe("an allowlist", () => {
    it("is the wrapper's too: who is not verified neither gets units nor wraps", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, alice, bob, complianceRegistry, holders } = suite;
      await call(suite, "EQUITY_CONFIG", equity, "setPolicy", [3, 0, 0n]);
      expect(await wrapper.canReceive(bob)).to.equal(false);
      expect(await wrapper.maxMint(bob)).to.equal(0n);
      expect(await wrapper.maxRedeem(alice)).to.equal(0n);
      await expect(wrapper.connect(alice).transfer(bob, 1n))
        .to.be.revertedWithCustomError(equity, "ERC7943CannotSend")
        .withArgs(alice.address);
      await complianceRegistry.connect(holders.EQUITY_KYC).setInvestor(alice, FLAGS.KYC, FLAGS.KYC);
      await expect(wrapper.connect(alice).transfer(bob, 1n))
        .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
        .withArgs(bob.address);
      // The wrapper itself is a part of the system, and needs no verification.
      await wrapper.connect(alice).deposit(7n, alice);
      await wrapper.connect(alice).redeem(7n, alice, alice);
    });
  });

  describe("depositWithPermit", () => {
    interface Signed {
      deadline: bigint;
      v: number;
      r: string;
      s: string;
    }

    const signed = async (
      suite: EquityFixture,
      owner: HardhatEthersSigner,
      value: bigint,
      changes: { deadline?: bigint } = {},
    ): Promise<Signed> => {
      const deadline = changes.deadline ?? BigInt(await time.latest()) + 3_600n;
      const nonce = await suite.equity.nonces(owner);
      const message = { owner: owner.address, spender: suite.wrapperAddress, value, nonce, deadline };
      const { bytes } = await signPieUSD(owner, await stockDomain(suite), "Permit", message);
      const { v, r, s } = Signature.from(bytes);
      return { deadline, v, r, s };
    };

    const submit = (
      { wrapper }: EquityFixture,
      owner: HardhatEthersSigner,
      assets: bigint,
      { deadline, v, r, s }: Signed,
    ): Promise<ContractTransactionResponse> =>
      wrapper.connect(owner).depositWithPermit(assets, owner, deadline, v, r, s);

    it("approves and deposits in one transaction", async () => {
      const suite = await loadEquity();
      const { wrapper, equity, bob } = suite;
      const tx = submit(suite, bob, 5n * SHARE, await signed(suite, bob, 5n * SHARE));
      await expect(tx)
        .to.emit(wrapper, "Deposit")
        .withArgs(bob.address, bob.address, 5n * SHARE, 5n * SHARE);
      await expect(tx).to.changeTokenBalances(wrapper, [bob], [5n * SHARE]);
      expect(await equity.allowance(bob, wrapper)).to.equal(0n);
      expect(await equity.nonces(bob)).to.equal(1n);
    });

    it("passes where somebody sent the permit before", async () => {
      const suite = await loadEquity();
      const { equity, wrapper, wrapperAddress, bob, stranger } = suite;
      const permit = await signed(suite, bob, 5n);
      const { deadline, v, r, s } = permit;
      await equity
        .connect(stranger)
        ["permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"](bob, wrapperAddress, 5n, deadline, v, r, s);
      await submit(suite, bob, 5n, permit);
      expect(await wrapper.balanceOf(bob)).to.equal(5n);
    });

    it("passes with a broken permit where the allowance is there", async () => {
      const suite = await loadWrapped();
      const { wrapper, bob } = suite;
      await submit(suite, bob, 5n, { deadline: MaxUint256, v: 27, r: ZeroHash, s: ZeroHash });
      expect(await wrapper.balanceOf(bob)).to.equal(5n);
    });

    it("reverts with a broken or late permit where it is not", async () => {
      const suite = await loadEquity();
      const { wrapper, bob } = suite;
      const late = await signed(suite, bob, 5n, { deadline: BigInt(await time.latest()) });
      for (const permit of [{ deadline: MaxUint256, v: 27, r: ZeroHash, s: ZeroHash }, late]) {
        await expect(submit(suite, bob, 5n, permit))
          .to.be.revertedWithCustomError(wrapper, "ERC20InsufficientAllowance")
          .withArgs(suite.wrapperAddress, 0n, 5n);
      }
    });

    it("does not deposit another's stock by another's permit: the caller's alone counts", async () => {
      const suite = await loadEquity();
      const { wrapper, bob, stranger } = suite;
      const permit = await signed(suite, bob, 5n);
      await expect(submit(suite, stranger, 5n, permit))
        .to.be.revertedWithCustomError(wrapper, "ERC20InsufficientAllowance")
        .withArgs(suite.wrapperAddress, 0n, 5n);
    });
  });

  describe("donations", () => {
    /** By force alone: what an enforcer takes may go anywhere that may receive. */
    const donate = async (suite: EquityFixture, amount: bigint): Promise<void> => {
      const { equity, wrapperAddress, carol } = suite;
      await block(suite, carol.address);
      await call(suite, "EQUITY_ENFORCER", equity, "forcedTransfer", [carol.address, wrapperAddress, amount]);
    };

    const attempts: Record<string, (suite: EquityFixture) => Promise<unknown>> = {
      transfer: ({ equity, wrapperAddress, alice }) => equity.connect(alice).transfer(wrapperAddress, 5n),
      transferShares: ({ equity, wrapperAddress, alice }) => equity.connect(alice).transferShares(wrapperAddress, 5n),
      transferFrom: async ({ equity, wrapperAddress, alice, bob }) => {
        await equity.connect(alice).approve(bob, 5n);
        return equity.connect(bob).transferFrom(alice, wrapperAddress, 5n);
      },
      transferSharesFrom: async ({ equity, wrapperAddress, alice, bob }) => {
        await equity.connect(alice).approve(bob, 5n);
        return equity.connect(bob).transferSharesFrom(alice, wrapperAddress, 5n);
      },
      transferWithAuthorization: async (suite) => {
        const { equity, wrapperAddress, alice, relayer } = suite;
        const message = {
          from: alice.address,
          to: wrapperAddress,
          value: 5n,
          validAfter: 0n,
          validBefore: MaxUint256,
          nonce: ZeroHash,
        };
        const { bytes } = await signPieUSD(alice, await stockDomain(suite), "TransferWithAuthorization", message);
        return equity
          .connect(relayer)
          ["transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"](
            alice,
            wrapperAddress,
            5n,
            0n,
            MaxUint256,
            ZeroHash,
            bytes,
          );
      },
      transferSharesWithAuthorization: async (suite) => {
        const { equity, wrapperAddress, alice, relayer } = suite;
        const fields = PIEUSD_TYPES.TransferWithAuthorization.map((field) =>
          field.name === "value" ? { ...field, name: "shares" } : field,
        );
        const nonce = randomBytes(32);
        const signature = await alice.signTypedData(
          await stockDomain(suite),
          { TransferSharesWithAuthorization: fields },
          { from: alice.address, to: wrapperAddress, shares: 5n, validAfter: 0n, validBefore: MaxUint256, nonce },
        );
        return equity
          .connect(relayer)
          .transferSharesWithAuthorization(alice, wrapperAddress, 5n, 0n, MaxUint256, nonce, signature);
      },
      mint: (suite) => mint(suite, suite.wrapperAddress, 5n),
    };

    for (const [name, attempt] of Object.entries(attempts)) {
      it(`are refused by ${name}`, async () => {
        const suite = await loadWrapped();
        await expect(attempt(suite))
          .to.be.revertedWithCustomError(suite.equity, "ERC20InvalidReceiver")
          .withArgs(suite.wrapperAddress);
        expect(await surplusOf(suite)).to.equal(0n);
      });
    }

    it("by force change nothing that a unit is worth, nor what deposits get", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice, bob } = suite;
      const ask = async (): Promise<bigint[]> => [
        await wrapper.totalAssets(),
        await wrapper.totalSupply(),
        await wrapper.convertToAssets(SHARE),
        await wrapper.convertToShares(SHARE),
        await wrapper.previewDeposit(SHARE),
        await wrapper.previewRedeem(SHARE),
        await wrapper.maxRedeem(alice),
      ];
      const before = await ask();
      await donate(suite, 77n * SHARE);
      expect(await ask()).to.deep.equal(before);
      expect(await surplusOf(suite)).to.equal(77n * SHARE);
      await wrapper.connect(bob).deposit(SHARE, bob);
      expect(await wrapper.balanceOf(bob)).to.equal(SHARE);
      expect(await surplusOf(suite)).to.equal(77n * SHARE);
    });

    it("are swept to the last share and not one more", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, bob } = suite;
      await donate(suite, 77n);
      const before = await equity.sharesOf(bob);
      const tx = await call(suite, "EQUITY_CONFIG", wrapper, "sweep", [bob.address]);
      await expect(tx).to.emit(wrapper, "Swept").withArgs(bob.address, 77n);
      expect(await equity.sharesOf(bob)).to.equal(before + 77n);
      expect(await equity.sharesOf(wrapper)).to.equal(await wrapper.totalSupply());
    });

    it("are swept in shares, after a split too", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, bob } = suite;
      await donate(suite, 77n);
      await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
      const before = await equity.sharesOf(bob);
      await call(suite, "EQUITY_CONFIG", wrapper, "sweep", [bob.address]);
      expect(await equity.sharesOf(bob)).to.equal(before + 77n);
      expect(await surplusOf(suite)).to.equal(0n);
    });

    it("sweep reverts where there is nothing beyond units", async () => {
      const suite = await loadWrapped();
      await expect(call(suite, "EQUITY_CONFIG", suite.wrapper, "sweep", [suite.bob.address]))
        .to.be.revertedWithCustomError(suite.wrapper, "ZeroShares")
        .withArgs();
    });

    it("sweep reverts to a blocked account and to the wrapper's own address", async () => {
      const suite = await loadWrapped();
      const { wrapper, wrapperAddress, equityAddress, carol } = suite;
      await donate(suite, 77n);
      await expect(call(suite, "EQUITY_CONFIG", wrapper, "sweep", [carol.address]))
        .to.be.revertedWithCustomError(wrapper, "ERC7943CannotReceive")
        .withArgs(carol.address);
      await expect(call(suite, "EQUITY_CONFIG", wrapper, "sweep", [equityAddress]))
        .to.be.revertedWithCustomError(wrapper, "ERC20InvalidReceiver")
        .withArgs(equityAddress);
      // Harmless, were it allowed: nothing leaves.
      await call(suite, "EQUITY_CONFIG", wrapper, "sweep", [wrapperAddress]);
      expect(await surplusOf(suite)).to.equal(77n);
    });

    it("are no stranger's to sweep", async () => {
      const suite = await loadWrapped();
      const { wrapper, stranger, alice, holders } = suite;
      for (const caller of [stranger, alice, holders.EQUITY_ENFORCER, holders.EQUITY_FREEZER]) {
        await expect(wrapper.connect(caller).sweep(caller))
          .to.be.revertedWithCustomError(wrapper, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });
  });

  describe("as an ERC-8056 token", () => {
    it("has the ids of all its interfaces, of which the stock has none", async () => {
      const { wrapper, equity } = await loadWrapped();
      for (const face of ["0xa60bf13d", "0x4bd27648", "0x57854fc3", "0xd890fd71"]) {
        expect(await wrapper.supportsInterface(face), face).to.equal(true);
        expect(await equity.supportsInterface(face), face).to.equal(false);
      }
    });

    it("has ERC-20's, ERC-4626's and ERC-165's ids", async () => {
      const { wrapper } = await loadWrapped();
      for (const face of ["0x01ffc9a7", "0x36372b07", "0x87dfe5a0", "0x3edbb4c4"]) {
        expect(await wrapper.supportsInterface(face), face).to.equal(true);
      }
    });

    it("shows units as the stock counts them", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice } = suite;
      await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
      expect(await wrapper.balanceOf(alice)).to.equal(WRAPPED);
      expect(await wrapper.balanceOfUI(alice)).to.equal(3n * WRAPPED);
      expect(await wrapper.totalSupplyUI()).to.equal(3n * WRAPPED);
      expect(await wrapper.toUIAmount(5n)).to.equal(15n);
      expect(await wrapper.fromUIAmount(17n)).to.equal(5n);
    });

    it("shows no other multiplier than the stock's in any second around an action", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity } = suite;
      const at = await scheduleAction(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
      for (let second = at - 3; second <= at + 3; ++second) {
        await time.increaseTo(second);
        const expected = second < at ? WAD : 3n * WAD;
        expect(await equity.multiplier(), `${second - at}`).to.equal(expected);
        expect(await wrapper.uiMultiplier(), `${second - at}`).to.equal(expected);
        expect(await wrapper.newUIMultiplier()).to.equal(3n * WAD);
        expect(await wrapper.effectiveAt()).to.equal(at);
      }
      // Written by the next move, which changes nothing that is shown.
      await equity.connect(suite.bob).transfer(suite.carol, 3n);
      expect(await wrapper.uiMultiplier()).to.equal(3n * WAD);
      expect(await wrapper.newUIMultiplier()).to.equal(3n * WAD);
      expect(await wrapper.effectiveAt()).to.equal(at);
    });

    it("has nothing to come at first", async () => {
      const { wrapper } = await loadWrapped();
      expect(await wrapper.uiMultiplier()).to.equal(WAD);
      expect(await wrapper.newUIMultiplier()).to.equal(WAD);
      expect(await wrapper.effectiveAt()).to.equal(0n);
    });

    it("tells of an action when it is scheduled, and when it is called off", async () => {
      const suite = await loadWrapped();
      const { wrapper, corporateActions, equityAddress, holders, feed } = suite;
      await refresh(feed);
      const effectiveAt = (await time.latest()) + DAY + 3_600;
      const { EQUITY_CORP_ACTION: actor } = holders;
      const action = {
        kind: KIND.Split,
        effectiveAt,
        haltMinutes: 0,
        numerator: 3n,
        denominator: 1n,
        document: id("announcement"),
      };
      await expect(corporateActions.connect(actor).scheduleAction(equityAddress, action, 0n))
        .to.emit(wrapper, "UIMultiplierUpdated")
        .withArgs(WAD, 3n * WAD, effectiveAt);
      const canceled = await corporateActions.connect(actor).cancelAction(equityAddress, 0n);
      await expect(canceled)
        .to.emit(wrapper, "UIMultiplierUpdated")
        .withArgs(3n * WAD, WAD, await time.latest());
      expect(await wrapper.newUIMultiplier()).to.equal(WAD);
    });

    it("tells of a fee when it is applied", async () => {
      const suite = await loadWrapped();
      const { wrapper, corporateActions, equityAddress, stranger } = suite;
      const keep = WAD - WAD / 1_000n;
      await call(suite, "EQUITY_CONFIG", corporateActions, "setFee", [equityAddress, keep, DAY]);
      await time.increase(DAY + 1);
      const poked = await corporateActions.connect(stranger).poke(equityAddress);
      await expect(poked)
        .to.emit(wrapper, "UIMultiplierUpdated")
        .withArgs(WAD, keep, await time.latest());
      expect(await wrapper.uiMultiplier()).to.equal(keep);
    });

    it("is told by the contract of corporate actions alone", async () => {
      const { wrapper, holders, stranger, deployer } = await loadWrapped();
      for (const caller of [stranger, deployer, holders.EQUITY_CORP_ACTION, holders.ADMIN]) {
        await expect(wrapper.connect(caller).onMultiplierUpdate(1n, 2n, 3n))
          .to.be.revertedWithCustomError(wrapper, "OnlyCorporateActions")
          .withArgs(caller.address);
      }
    });
  });

  describe("sharesAt", () => {
    it("is what each held at each snapshot, through wraps, moves and redemptions between them", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice, bob, carol } = suite;
      const accounts = [alice, bob, carol];
      const history: bigint[][] = [];
      const steps: (() => Promise<unknown>)[] = [
        () => wrapper.connect(bob).deposit(50n, bob),
        () => wrapper.connect(alice).transfer(carol, 7n),
        () => wrapper.connect(carol).redeem(3n, carol, carol),
        () => wrapper.connect(bob).transfer(bob, 9n),
        () => act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n }),
        () => wrapper.connect(alice).withdraw(30n, bob, alice),
        () => Promise.resolve(),
        () => call(suite, "EQUITY_FREEZER", wrapper, "setFrozenTokens", [alice.address, 100n]),
        () => call(suite, "EQUITY_ENFORCER", wrapper, "forcedTransfer", [alice.address, bob.address, 100n]),
      ];
      for (const step of steps) {
        await step();
        history.push(await Promise.all(accounts.map((account) => wrapper.balanceOf(account))));
        expect(await snapshot(suite)).to.equal(BigInt(history.length));
      }
      await wrapper.connect(alice).transfer(carol, 11n);
      for (const [i, held] of history.entries()) {
        for (const [j, account] of accounts.entries()) {
          expect(await wrapper.sharesAt(account, i + 1), `${i + 1} ${j}`).to.equal(held[j]);
        }
      }
    });

    it("sums with the stock's own accounts to the total: the wrapper's part is its units", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, alice, bob } = suite;
      const taken = await snapshot(suite);
      await wrapper.connect(alice).redeem(WRAPPED, bob, alice);
      expect(await equity.sharesAt(wrapper, taken)).to.equal(WRAPPED);
      expect(await wrapper.sharesAt(alice, taken)).to.equal(WRAPPED);
    });

    it("reverts for a snapshot that there is not", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice } = suite;
      await snapshot(suite);
      for (const unknown of [0n, 2n, MaxUint256] satisfies BigNumberish[]) {
        await expect(wrapper.sharesAt(alice, unknown))
          .to.be.revertedWithCustomError(wrapper, "UnknownSnapshot")
          .withArgs(unknown);
      }
    });
  });

  describe("initialize", () => {
    it("happens once, and never to the implementation", async () => {
      const { wrapper, wrapperBeacon, manager, equity, stranger } = await loadWrapped();
      const implementation = wrapper.attach(await wrapperBeacon.implementation()) as WrappedEquity;
      for (const target of [wrapper, implementation]) {
        await expect(target.connect(stranger).initialize(manager, equity, "x", "y"))
          .to.be.revertedWithCustomError(wrapper, "InvalidInitialization")
          .withArgs();
      }
    });

    it("reverts for a stock without code", async () => {
      const { wrapper, wrapperBeacon, manager, stranger } = await loadWrapped();
      const init = wrapper.interface.encodeFunctionData("initialize", [
        await manager.getAddress(),
        stranger.address,
        "x",
        "y",
      ]);
      await expect(hre.ethers.deployContract("BeaconProxy", [wrapperBeacon, init]))
        .to.be.revertedWithCustomError(wrapper, "InvalidAsset")
        .withArgs(stranger.address);
    });
  });

  describe("attacks", () => {
    it("inflation by a first depositor: the next one gets his units to the last", async () => {
      const suite = await loadEquity();
      const { wrapper, equity, wrapperAddress, alice, bob, carol } = suite;
      for (const account of [alice, bob]) await equity.connect(account).approve(wrapper, MaxUint256);
      await wrapper.connect(alice).mint(1n, alice);
      // Even an enforcer's whole donation moves no rate.
      await block(suite, carol.address);
      await call(suite, "EQUITY_ENFORCER", equity, "forcedTransfer", [carol.address, wrapperAddress, HELD]);
      await wrapper.connect(bob).deposit(999n, bob);
      expect(await wrapper.balanceOf(bob)).to.equal(999n);
      await wrapper.connect(alice).redeem(1n, alice, alice);
      expect(await equity.balanceOf(alice)).to.equal(HELD);
      await wrapper.connect(bob).redeem(999n, bob, bob);
      expect(await equity.balanceOf(bob)).to.equal(HELD);
    });

    it("wrapping to evade a block: whoever is blocked can neither wrap, unwrap, nor move units", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice, bob } = suite;
      await wrapper.connect(alice).approve(bob, MaxUint256);
      await block(suite, alice.address);
      const cannot: [string, unknown[], () => Promise<unknown>][] = [
        ["ERC4626ExceededMaxDeposit", [alice.address, 5n, 0n], () => wrapper.connect(alice).deposit(5n, alice)],
        ["ERC7943CannotSend", [alice.address], () => wrapper.connect(alice).deposit(5n, bob)],
        ["ERC4626ExceededMaxMint", [alice.address, 5n, 0n], () => wrapper.connect(bob).mint(5n, alice)],
        ["ERC4626ExceededMaxRedeem", [alice.address, 5n, 0n], () => wrapper.connect(alice).redeem(5n, bob, alice)],
        ["ERC4626ExceededMaxWithdraw", [alice.address, 5n, 0n], () => wrapper.connect(bob).withdraw(5n, bob, alice)],
        ["ERC7943CannotSend", [alice.address], () => wrapper.connect(alice).transfer(bob, 5n)],
        ["ERC7943CannotSend", [alice.address], () => wrapper.connect(bob).transferFrom(alice, bob, 5n)],
        ["ERC7943CannotReceive", [alice.address], () => wrapper.connect(bob).redeem(5n, alice, bob)],
      ];
      await wrapper.connect(bob).deposit(50n, bob);
      for (const [error, args, attempt] of cannot) {
        await expect(attempt())
          .to.be.revertedWithCustomError(wrapper, error)
          .withArgs(...args);
      }
    });

    it("wrapping to evade a freeze of the stock, or unwrapping to evade one of units", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, alice, holders } = suite;
      await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, MaxUint256);
      await expect(wrapper.connect(alice).deposit(5n, alice))
        .to.be.revertedWithCustomError(wrapper, "ERC7943InsufficientUnfrozenBalance")
        .withArgs(alice.address, 5n, 0n);
      await freeze(suite, alice.address, MaxUint256);
      await expect(wrapper.connect(alice).redeem(5n, alice, alice))
        .to.be.revertedWithCustomError(wrapper, "ERC4626ExceededMaxRedeem")
        .withArgs(alice.address, 5n, 0n);
    });

    it("wrapping into another's account to pass units on: the receiver's freeze holds them", async () => {
      const suite = await loadWrapped();
      const { wrapper, bob, carol } = suite;
      await freeze(suite, carol.address, MaxUint256);
      await wrapper.connect(bob).deposit(5n, carol);
      await expect(wrapper.connect(carol).transfer(bob, 5n))
        .to.be.revertedWithCustomError(wrapper, "ERC7943InsufficientUnfrozenBalance")
        .withArgs(carol.address, 5n, 0n);
    });

    it("force on the wrapper's shares, which are its holders': refused, and units can be seized in their place", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, wrapperAddress, alice, bob } = suite;
      await block(suite, alice.address);
      for (const name of ["forcedTransfer", "forcedBurn"] as const) {
        const args = name === "forcedBurn" ? [wrapperAddress, 5n] : [wrapperAddress, bob.address, 5n];
        await expect(call(suite, "EQUITY_ENFORCER", equity, name, args))
          .to.be.revertedWithCustomError(equity, "EnforcementForbidden")
          .withArgs(wrapperAddress);
      }
      await call(suite, "EQUITY_ENFORCER", wrapper, "forcedTransfer", [alice.address, bob.address, WRAPPED]);
      await wrapper.connect(bob).redeem(WRAPPED, bob, bob);
      expect(await surplusOf(suite)).to.equal(0n);
    });

    it("force of units to nobody, which would leave their shares to whoever sweeps", async () => {
      const suite = await loadWrapped();
      const { wrapper, alice } = suite;
      await block(suite, alice.address);
      await expect(call(suite, "EQUITY_ENFORCER", wrapper, "forcedTransfer", [alice.address, ZeroAddress, 5n]))
        .to.be.revertedWithCustomError(wrapper, "ERC20InvalidReceiver")
        .withArgs(ZeroAddress);
      expect(await wrapper.totalSupply()).to.equal(WRAPPED);
    });

    it("an allowance of before a reverse split: void for deposits, and worth units' own number for withdrawals", async () => {
      const suite = await loadWrapped();
      const { wrapper, equity, wrapperAddress, alice, bob } = suite;
      await equity.connect(bob).approve(wrapper, 100n);
      await wrapper.connect(alice).approve(bob, 100n);
      await act(suite, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 10n });
      await expect(wrapper.connect(bob).deposit(10n, bob))
        .to.be.revertedWithCustomError(wrapper, "ERC20InsufficientAllowance")
        .withArgs(wrapperAddress, 0n, 10n);
      await wrapper.connect(bob).redeem(100n, bob, alice);
      expect(await wrapper.allowance(alice, bob)).to.equal(0n);
    });

    it("reentrancy by a wallet's signature check: it is asked by a static call, and the allowance decides", async () => {
      // The only foreign code on any path of the wrapper: the stock asks the caller of `depositWithPermit` for its ERC-1271
      // answer. Else the wrapper calls the stock, the stock its registry, and neither token calls a receiver.
      const suite = await loadWrapped();
      const { wrapper, wrapperAddress, equity, alice } = suite;
      const wallet = await hre.ethers.deployContract("HostileWallet");
      const hostile = await wallet.getAddress();
      await equity.connect(alice).transfer(hostile, 100n);
      const sender = await impersonated(hostile);
      const attempt = (): Promise<ContractTransactionResponse> =>
        wrapper.connect(sender).depositWithPermit(5n, sender, MaxUint256, 27, ZeroHash, ZeroHash);
      await attempt();
      // Refusal, revert, and an attempt to write.
      for (const answer of [1, 2, 8]) {
        await wallet.setAnswer(answer);
        await expect(attempt())
          .to.be.revertedWithCustomError(wrapper, "ERC20InsufficientAllowance")
          .withArgs(wrapperAddress, 0n, 5n);
      }
      expect(await wrapper.balanceOf(hostile)).to.equal(5n);
      expect(await surplusOf(suite)).to.equal(0n);
    });

    for (const [label, { action }] of Object.entries(RATES)) {
      it(`rounding loops: ${200 * LOOPS} rounds of a few wei in and out at ${label} make nothing @long`, async () => {
        const suite = await loadWrapped();
        const { wrapper, equity, wrapperAddress, equityAddress, alice } = suite;
        if (action !== undefined) await act(suite, action);
        const attacker = await hre.ethers.deployContract("MockRoundingLoop", [equityAddress, wrapperAddress]);
        await equity.connect(alice).transferShares(attacker, 10n ** 9n);
        const backing = await equity.sharesOf(wrapper);
        for (let batch = 0; batch < LOOPS; ++batch) {
          // Without an estimate, which would run it thirty times.
          await attacker.loop(200n, batch % 2 === 0 ? 3n : 17n, batch, { gasLimit: 16_000_000 });
          // In shares nothing is rounded: what came in stands as units, and both sum to what there was.
          const [shares, units] = [await equity.sharesOf(attacker), await wrapper.balanceOf(attacker)];
          expect(shares + units).to.equal(10n ** 9n);
          expect(await equity.sharesOf(wrapper)).to.equal(backing + units);
          expect(await surplusOf(suite)).to.equal(0n);
        }
      });
    }

    it("a wrapper of a lying stock: it deceives whoever trusts it, and nobody else", async () => {
      const suite = await loadWrapped();
      const { wrapper, wrapperBeacon, manager, complianceRegistry, equityFactory, equity, alice, stranger } = suite;
      const lying = await hre.ethers.deployContract("MockLyingStock");
      const init = wrapper.interface.encodeFunctionData("initialize", [
        await manager.getAddress(),
        await lying.getAddress(),
        NAME,
        SYMBOL,
      ]);
      const proxy = await hre.ethers.deployContract("BeaconProxy", [wrapperBeacon, init]);
      const false_ = wrapper.attach(await proxy.getAddress()) as WrappedEquity;
      await false_.connect(stranger).deposit(10n ** 30n, stranger);
      expect(await false_.balanceOf(stranger)).to.equal(10n ** 30n);
      // No part of the system, not of the catalogue, and without a share of any stock.
      expect(await complianceRegistry.accountOf(false_)).to.equal(0n);
      for (let i = 0n; i < (await equityFactory.stockCount()); ++i) {
        expect((await equityFactory.stockAt(i)).wrapper).not.to.equal(await false_.getAddress());
      }
      expect(await equity.sharesOf(false_)).to.equal(0n);
      const before = await equity.sharesOf(stranger);
      await false_.connect(stranger).redeem(10n ** 30n, stranger, stranger);
      expect(await equity.sharesOf(stranger)).to.equal(before);
      expect(await wrapper.balanceOf(alice)).to.equal(WRAPPED);
      // A multiplier of nothing divides by nothing, in that wrapper alone.
      await lying.setMultiplier(0n);
      await expect(false_.connect(stranger).deposit(0n, stranger)).to.be.revertedWithPanic(0x12);
    });

    it("a stranger's second wrapper of the true stock: an account like another, which can be blocked and seized", async () => {
      const suite = await loadWrapped();
      const { wrapper, wrapperBeacon, manager, equity, equityAddress, alice, bob } = suite;
      const init = wrapper.interface.encodeFunctionData("initialize", [
        await manager.getAddress(),
        equityAddress,
        "Also wrapped",
        "a",
      ]);
      const proxy = await hre.ethers.deployContract("BeaconProxy", [wrapperBeacon, init]);
      const second = wrapper.attach(await proxy.getAddress()) as WrappedEquity;
      await equity.connect(alice).approve(second, 50n);
      await second.connect(alice).deposit(50n, alice);
      await block(suite, await second.getAddress());
      await expect(second.connect(alice).redeem(50n, alice, alice))
        .to.be.revertedWithCustomError(equity, "ERC7943CannotSend")
        .withArgs(await second.getAddress());
      await call(suite, "EQUITY_ENFORCER", equity, "forcedTransfer", [await second.getAddress(), bob.address, 50n]);
    });

    it("powers in the hands of strangers, holders of other roles and the deployer", async () => {
      const suite = await loadWrapped();
      const { wrapper, holders, stranger, deployer, alice, bob } = suite;
      const powers = {
        EQUITY_ENFORCER: (c: HardhatEthersSigner) => wrapper.connect(c).forcedTransfer(alice, bob, 1n),
        EQUITY_FREEZER: (c: HardhatEthersSigner) => wrapper.connect(c).setFrozenTokens(alice, 1n),
        EQUITY_CONFIG: (c: HardhatEthersSigner) => wrapper.connect(c).sweep(bob),
      } as const;
      for (const [name, attempt] of Object.entries(powers)) {
        const others = Object.entries(holders).filter(([role]) => role !== name);
        for (const caller of [stranger, deployer, alice, ...others.map(([, holder]) => holder)]) {
          await expect(attempt(caller))
            .to.be.revertedWithCustomError(wrapper, "AccessManagedUnauthorized")
            .withArgs(caller.address);
        }
      }
    });
  });
});
