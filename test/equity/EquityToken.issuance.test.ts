import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, id, type AddressLike, type ContractTransactionResponse } from "ethers";
import hre from "hardhat";

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
  type EquityFixture,
} from "../fixtures/equity";

const MAX_SHARES = 2n ** 112n - 1n;
const SPLIT_3 = { kind: KIND.Split, numerator: 3n, denominator: 1n };
const DIVIDEND = { kind: KIND.Dividend, numerator: 5n, denominator: 4n };
const REQUEST = id("the request");

/** A multiplier of 3: a share is three tokens, and one or two of the smallest units are less than a share. */
async function tripledFixture(): Promise<EquityFixture> {
  const suite = await loadFixture(equityFixture);
  await act(suite, SPLIT_3);
  return suite;
}

/** The redeemer holds as much as alice does. */
async function redeemerFixture(): Promise<EquityFixture> {
  const suite = await loadFixture(equityFixture);
  await mint(suite, suite.holders.EQUITY_REDEEMER.address, HELD);
  return suite;
}

/** As the fixture's `mint`, without a fresh answer of the feed. */
const ask = (
  { equity, holders }: EquityFixture,
  to: AddressLike,
  amount: bigint,
  requestId = REQUEST,
): Promise<ContractTransactionResponse> => equity.connect(holders.EQUITY_MINTER).mint(to, amount, requestId);

describe("EquityToken: mint", () => {
  it("makes shares for a request, and says so", async () => {
    const suite = await loadEquity();
    const { equity, equityIssuance, equityAddress, bob, holders } = suite;
    const minter = holders.EQUITY_MINTER.address;
    await refresh(suite.feed);
    const [shares, supply] = [await equity.totalShares(), await equity.totalSupply()];
    const sent = ask(suite, bob, 5n * SHARE);
    await expect(sent)
      .to.emit(equity, "Transfer")
      .withArgs(ZeroAddress, bob.address, 5n * SHARE);
    await expect(sent)
      .to.emit(equity, "TransferShares")
      .withArgs(5n * SHARE);
    await expect(sent).to.emit(equity, "Minted").withArgs(minter, REQUEST);
    expect(await equity.totalShares()).to.equal(shares + 5n * SHARE);
    expect(await equity.totalSupply()).to.equal(supply + 5n * SHARE);
    expect(await equity.balanceOf(bob)).to.equal(HELD + 5n * SHARE);
    expect(await equityIssuance.isRequestUsed(equityAddress, REQUEST)).to.equal(true);
  });

  it("makes the shares that the amount covers, rounded down: the supply grows by it at most", async () => {
    const suite = await loadFixture(tripledFixture);
    const { equity, stranger } = suite;
    await refresh(suite.feed);
    const supply = await equity.totalSupply();
    await expect(ask(suite, stranger, 11n))
      .to.emit(equity, "Transfer")
      .withArgs(ZeroAddress, stranger.address, 11n);
    expect(await equity.sharesOf(stranger)).to.equal(3n);
    expect(await equity.balanceOf(stranger)).to.equal(9n);
    expect(await equity.totalSupply()).to.equal(supply + 9n);
  });

  it("writes a multiplier whose time has come, and mints by it", async () => {
    const suite = await loadFixture(tripledFixture);
    await refresh(suite.feed);
    await expect(ask(suite, suite.stranger, 3n * SHARE))
      .to.emit(suite.equity, "MultiplierUpdated")
      .withArgs(WAD, 3n * WAD);
    expect(await suite.equity.sharesOf(suite.stranger)).to.equal(SHARE);
  });

  it("reverts for nothing, and for less than a share", async () => {
    const suite = await loadFixture(tripledFixture);
    await refresh(suite.feed);
    for (const amount of [0n, 1n, 2n]) {
      await expect(ask(suite, suite.bob, amount))
        .to.be.revertedWithCustomError(suite.equity, "ZeroShares")
        .withArgs();
    }
    await ask(suite, suite.bob, 3n);
  });

  it("reverts to nobody, to the token and to its wrapper", async () => {
    const suite = await loadEquity();
    await refresh(suite.feed);
    for (const to of [ZeroAddress, suite.equityAddress, suite.wrapperAddress]) {
      await expect(ask(suite, to, SHARE))
        .to.be.revertedWithCustomError(suite.equity, "ERC20InvalidReceiver")
        .withArgs(to);
    }
  });

  it("reverts to who is blocked or may not receive", async () => {
    const suite = await loadEquity();
    await refresh(suite.feed);
    for (const flag of [FLAGS.BLOCKED, FLAGS.NO_RECEIVE]) {
      await setFlags(suite, suite.bob.address, FLAGS.BLOCKED | FLAGS.NO_RECEIVE, flag);
      await expect(ask(suite, suite.bob, SHARE))
        .to.be.revertedWithCustomError(suite.equity, "ERC7943CannotReceive")
        .withArgs(suite.bob.address);
    }
    await setFlags(suite, suite.bob.address, FLAGS.BLOCKED | FLAGS.NO_RECEIVE | FLAGS.NO_SEND, FLAGS.NO_SEND);
    await ask(suite, suite.bob, SHARE);
  });

  it("reverts to who lacks what the policy asks of a receiver, until it is there", async () => {
    const suite = await loadEquity();
    const { equity, bob, complianceRegistry, holders } = suite;
    await call(suite, "EQUITY_CONFIG", equity, "setPolicy", [1, 0, 0n]);
    await refresh(suite.feed);
    await expect(ask(suite, bob, SHARE))
      .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
      .withArgs(bob.address);
    const expiry = BigInt((await time.latest()) + DAY);
    const word = FLAGS.KYC | (expiry << 16n);
    await complianceRegistry.connect(holders.EQUITY_KYC).setInvestor(bob, word | ((2n ** 40n - 1n) << 16n), word);
    await ask(suite, bob, SHARE);
    await time.increaseTo(expiry);
    await refresh(suite.feed);
    await expect(ask(suite, bob, SHARE, id("another")))
      .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
      .withArgs(bob.address);
  });

  it("reverts to who may not hold the product's class, by class and by country", async () => {
    const suite = await loadEquity();
    const { equity, bob, complianceRegistry, holders } = suite;
    await call(suite, "EQUITY_CONFIG", equity, "setPolicy", [4 | 8, 63, 1n << 5n]);
    await refresh(suite.feed);
    await expect(ask(suite, bob, SHARE))
      .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
      .withArgs(bob.address);
    const country = 5n << 8n;
    await complianceRegistry.connect(holders.EQUITY_KYC).setInvestor(bob, country, country);
    await expect(ask(suite, bob, SHARE))
      .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
      .withArgs(bob.address);
    const class63 = 1n << 183n;
    await complianceRegistry.connect(holders.EQUITY_KYC).setInvestor(bob, class63, class63);
    await ask(suite, bob, SHARE);
  });

  it("asks who receives, not who mints: his role is his permission", async () => {
    const suite = await loadEquity();
    const minter = suite.holders.EQUITY_MINTER.address;
    await refresh(suite.feed);
    await ask(suite, minter, SHARE, id("before"));
    await block(suite, minter);
    await ask(suite, suite.bob, SHARE, id("to another"));
    await expect(ask(suite, minter, SHARE))
      .to.be.revertedWithCustomError(suite.equity, "ERC7943CannotReceive")
      .withArgs(minter);
  });

  it("reverts while mints are paused, and not by another pause or a halt", async () => {
    const suite = await loadEquity();
    const { equity, holders, bob } = suite;
    await equity.connect(holders.PAUSER).pause(PAUSE.MINT);
    await refresh(suite.feed);
    await expect(ask(suite, bob, SHARE))
      .to.be.revertedWithCustomError(equity, "MintPaused")
      .withArgs();
    await call(suite, "UNPAUSER", equity, "unpause", [PAUSE.MINT]);
    await equity.connect(holders.PAUSER).pause(PAUSE.TRANSFER | PAUSE.BURN | PAUSE.BRIDGE);
    await refresh(suite.feed);
    await ask(suite, bob, SHARE);
    const at = await scheduleAction(suite, { ...SPLIT_3, haltMinutes: 15 });
    await time.increaseTo(at - 60);
    await refresh(suite.feed);
    expect(await equity.isHalted()).to.equal(true);
    await ask(suite, bob, SHARE, id("in the halt"));
  });

  it("reverts for a request that was minted for, to whomever and of whatever", async () => {
    const suite = await loadEquity();
    await refresh(suite.feed);
    await ask(suite, suite.bob, SHARE);
    for (const [to, amount] of [
      [suite.bob, SHARE],
      [suite.carol, 2n * SHARE],
    ] as const) {
      await expect(ask(suite, to, amount))
        .to.be.revertedWithCustomError(suite.equityIssuance, "RequestUsed")
        .withArgs(REQUEST);
    }
  });

  it("reverts over the cap, which counts shares; of an amount too great for a word too", async () => {
    const suite = await loadFixture(tripledFixture);
    const { equity, equityIssuance, equityAddress } = suite;
    const total = await equity.totalShares();
    await call(suite, "EQUITY_CONFIG", equityIssuance, "setCap", [equityAddress, total + 10n]);
    await refresh(suite.feed);
    await expect(ask(suite, suite.bob, 33n))
      .to.be.revertedWithCustomError(equityIssuance, "CapExceeded")
      .withArgs(total + 11n, total + 10n);
    for (const amount of [2n ** 192n, MaxUint256]) {
      await expect(ask(suite, suite.bob, amount))
        .to.be.revertedWithCustomError(equityIssuance, "CapExceeded")
        .withArgs(total + MAX_SHARES, total + 10n);
    }
    await expect(ask(suite, suite.bob, 2n ** 192n - 1n))
      .to.be.revertedWithCustomError(equityIssuance, "CapExceeded")
      .withArgs(total + (2n ** 192n - 1n) / 3n, total + 10n);
    await ask(suite, suite.bob, 32n);
    expect(await equity.totalShares()).to.equal(total + 10n);
  });

  it("reverts over what the reserves allow, of all that there is", async () => {
    const suite = await loadEquity();
    const { equity, equityIssuance } = suite;
    const supply = await equity.totalSupply();
    await refresh(suite.feed, supply + SHARE);
    await expect(ask(suite, suite.bob, SHARE + 1n))
      .to.be.revertedWithCustomError(equityIssuance, "InsufficientReserves")
      .withArgs(supply + SHARE + 1n, supply + SHARE);
    await ask(suite, suite.bob, SHARE);
  });

  it("empties the buckets of the minter and of all, in shares", async () => {
    const suite = await loadFixture(tripledFixture);
    const { equityIssuance, equityAddress, holders } = suite;
    const minter = holders.EQUITY_MINTER.address;
    await refresh(suite.feed);
    const room = await equityIssuance.mintable(equityAddress, minter);
    expect(room).to.equal(250_000n * SHARE);
    await expect(ask(suite, suite.bob, 3n * (room + 1n)))
      .to.be.revertedWithCustomError(equityIssuance, "MintLimitExceeded")
      .withArgs(minter, room + 1n, room);
    await ask(suite, suite.bob, 3n * room);
    expect(await equityIssuance.mintable(equityAddress, minter)).to.equal(0n);
  });

  it("is no stranger's", async () => {
    const { equity, stranger, alice } = await loadEquity();
    await expect(equity.connect(stranger).mint(alice, SHARE, REQUEST))
      .to.be.revertedWithCustomError(equity, "AccessManagedUnauthorized")
      .withArgs(stranger.address);
  });

  describe("while an action is to come", () => {
    it("leaves room for a dividend, and not less of it when it has come", async () => {
      const suite = await loadEquity();
      const { equity, equityIssuance, bob } = suite;
      const supply = 3n * HELD;
      await refresh(suite.feed, 5_000n * SHARE);
      const at = await scheduleAction(suite, DIVIDEND);
      // 4,000 shares at 1.25 are what the reserves allow.
      await expect(ask(suite, bob, SHARE * 1_000n + 1n))
        .to.be.revertedWithCustomError(equityIssuance, "InsufficientReserves")
        .withArgs(((supply + SHARE * 1_000n + 1n) * 5n) / 4n, 5_000n * SHARE);
      await ask(suite, bob, SHARE * 1_000n);
      await time.increaseTo(at);
      await refresh(suite.feed);
      expect(await equity.totalSupply()).to.equal(5_000n * SHARE);
      // Less than a share adds nothing; a share adds one too many.
      await expect(ask(suite, bob, 2n, id("one more")))
        .to.be.revertedWithCustomError(equityIssuance, "InsufficientReserves")
        .withArgs(5_000n * SHARE + 1n, 5_000n * SHARE);
    });

    it("leaves no room for a dividend that was called off", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress, holders } = suite;
      await refresh(suite.feed, 4_000n * SHARE);
      await scheduleAction(suite, DIVIDEND);
      await expect(ask(suite, suite.bob, SHARE * 1_000n)).to.be.revertedWithCustomError(
        suite.equityIssuance,
        "InsufficientReserves",
      );
      await corporateActions.connect(holders.EQUITY_CORP_ACTION).cancelAction(equityAddress, 0n);
      await ask(suite, suite.bob, SHARE * 1_000n);
    });

    it("leaves none for a split, which makes stocks too, but for one that could be a dividend", async () => {
      const suite = await loadEquity();
      const { corporateActions, equityAddress, holders, bob } = suite;
      const cancel = (): Promise<ContractTransactionResponse> =>
        corporateActions.connect(holders.EQUITY_CORP_ACTION).cancelAction(equityAddress, 0n);
      await refresh(suite.feed, 3_001n * SHARE);
      await scheduleAction(suite, { kind: KIND.Split, numerator: 5n, denominator: 4n });
      await expect(ask(suite, bob, SHARE))
        .to.be.revertedWithCustomError(suite.equityIssuance, "InsufficientReserves")
        .withArgs((3_001n * SHARE * 5n) / 4n, 3_001n * SHARE);
      await cancel();
      await scheduleAction(suite, { kind: KIND.Split, numerator: 126n, denominator: 100n });
      await ask(suite, bob, SHARE / 2n);
      await cancel();
      await scheduleAction(suite, SPLIT_3);
      await ask(suite, bob, SHARE / 2n, id("the rest"));
    });

    it("counts by the multiplier of now before a reverse split or a fee", async () => {
      const suite = await loadEquity();
      await refresh(suite.feed, 3_001n * SHARE);
      for (const [numerator, denominator, kind] of [
        [1n, 2n, KIND.ReverseSplit],
        [99n, 100n, KIND.Fee],
      ] as const) {
        await scheduleAction(suite, { kind, numerator, denominator });
        await expect(ask(suite, suite.bob, SHARE + 1n))
          .to.be.revertedWithCustomError(suite.equityIssuance, "InsufficientReserves")
          .withArgs(3_001n * SHARE + 1n, 3_001n * SHARE);
        await suite.corporateActions.connect(suite.holders.EQUITY_CORP_ACTION).cancelAction(suite.equityAddress, 0n);
      }
      await ask(suite, suite.bob, SHARE);
    });
  });
});

describe("EquityToken: burn and burnShares", () => {
  it("burn what the redeemer holds, and say so", async () => {
    const { equity, holders } = await loadFixture(redeemerFixture);
    const redeemer = holders.EQUITY_REDEEMER;
    const shares = await equity.totalShares();
    for (const sent of [
      await equity.connect(redeemer).burn(2n * SHARE),
      await equity.connect(redeemer).burnShares(2n * SHARE),
    ]) {
      await expect(sent)
        .to.emit(equity, "Transfer")
        .withArgs(redeemer.address, ZeroAddress, 2n * SHARE);
      await expect(sent)
        .to.emit(equity, "TransferShares")
        .withArgs(2n * SHARE);
    }
    expect(await equity.totalShares()).to.equal(shares - 4n * SHARE);
    expect(await equity.sharesOf(redeemer)).to.equal(HELD - 4n * SHARE);
  });

  it("burn an amount's shares rounded up: the supply shrinks by it at least", async () => {
    const suite = await loadFixture(redeemerFixture);
    const { equity, holders } = suite;
    const redeemer = holders.EQUITY_REDEEMER;
    await act(suite, SPLIT_3);
    const supply = await equity.totalSupply();
    await expect(equity.connect(redeemer).burn(1n)).to.emit(equity, "TransferShares").withArgs(1n);
    expect(await equity.totalSupply()).to.equal(supply - 3n);
    await expect(equity.connect(redeemer).burnShares(1n))
      .to.emit(equity, "Transfer")
      .withArgs(redeemer.address, ZeroAddress, 3n);
    expect(await equity.totalSupply()).to.equal(supply - 6n);
  });

  it("burn all that there is", async () => {
    const suite = await loadFixture(redeemerFixture);
    const { equity, holders } = suite;
    const redeemer = equity.connect(holders.EQUITY_REDEEMER);
    await act(suite, { kind: KIND.Split, numerator: 7n, denominator: 3n });
    await redeemer.burn(await equity.balanceOf(holders.EQUITY_REDEEMER));
    const left = await equity.sharesOf(holders.EQUITY_REDEEMER);
    expect(await equity.balanceOf(holders.EQUITY_REDEEMER)).to.equal(0n);
    expect(left).to.equal(0n);
    await expect(redeemer.burnShares(1n))
      .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
      .withArgs(holders.EQUITY_REDEEMER.address, 0n, 2n);
  });

  it("revert for nothing", async () => {
    const { equity, holders } = await loadFixture(redeemerFixture);
    const redeemer = equity.connect(holders.EQUITY_REDEEMER);
    await expect(redeemer.burn(0n)).to.be.revertedWithCustomError(equity, "ZeroShares").withArgs();
    await expect(redeemer.burnShares(0n)).to.be.revertedWithCustomError(equity, "ZeroShares").withArgs();
  });

  it("revert over the balance, whatever the number", async () => {
    const { equity, holders } = await loadFixture(redeemerFixture);
    const redeemer = holders.EQUITY_REDEEMER;
    for (const over of [HELD + 1n, MAX_SHARES, MAX_SHARES + 1n, 2n ** 192n - 1n, 2n ** 192n, MaxUint256]) {
      for (const sent of [() => equity.connect(redeemer).burn(over), () => equity.connect(redeemer).burnShares(over)]) {
        await expect(sent())
          .to.be.revertedWithCustomError(equity, "ERC20InsufficientBalance")
          .withArgs(redeemer.address, HELD, over);
      }
    }
  });

  it("revert for what is frozen, and take what is not", async () => {
    const { equity, holders } = await loadFixture(redeemerFixture);
    const redeemer = holders.EQUITY_REDEEMER;
    await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(redeemer, HELD - 10n);
    for (const sent of [() => equity.connect(redeemer).burn(11n), () => equity.connect(redeemer).burnShares(11n)]) {
      await expect(sent())
        .to.be.revertedWithCustomError(equity, "ERC7943InsufficientUnfrozenBalance")
        .withArgs(redeemer.address, 11n, 10n);
    }
    await equity.connect(redeemer).burn(4n);
    await equity.connect(redeemer).burnShares(6n);
    expect(await equity.balanceOf(redeemer)).to.equal(HELD - 10n);
  });

  it("revert by who is blocked or may not send: shares leave him by an enforcer alone", async () => {
    const suite = await loadFixture(redeemerFixture);
    const { equity, holders } = suite;
    const redeemer = holders.EQUITY_REDEEMER;
    for (const flag of [FLAGS.BLOCKED, FLAGS.NO_SEND]) {
      await setFlags(suite, redeemer.address, FLAGS.BLOCKED | FLAGS.NO_SEND, flag);
      for (const sent of [() => equity.connect(redeemer).burn(1n), () => equity.connect(redeemer).burnShares(1n)]) {
        await expect(sent()).to.be.revertedWithCustomError(equity, "ERC7943CannotSend").withArgs(redeemer.address);
      }
    }
  });

  it("revert while burns are paused, and not by another pause", async () => {
    const suite = await loadFixture(redeemerFixture);
    const { equity, holders } = suite;
    const redeemer = equity.connect(holders.EQUITY_REDEEMER);
    await equity.connect(holders.PAUSER).pause(PAUSE.BURN);
    await expect(redeemer.burn(1n)).to.be.revertedWithCustomError(equity, "BurnPaused").withArgs();
    await expect(redeemer.burnShares(1n)).to.be.revertedWithCustomError(equity, "BurnPaused").withArgs();
    await call(suite, "UNPAUSER", equity, "unpause", [PAUSE.BURN]);
    await equity.connect(holders.PAUSER).pause(PAUSE.TRANSFER | PAUSE.MINT | PAUSE.BRIDGE);
    await redeemer.burn(1n);
    await redeemer.burnShares(1n);
  });

  it("are no stranger's, whatever he holds", async () => {
    const { equity, alice } = await loadEquity();
    for (const sent of [() => equity.connect(alice).burn(1n), () => equity.connect(alice).burnShares(1n)]) {
      await expect(sent()).to.be.revertedWithCustomError(equity, "AccessManagedUnauthorized").withArgs(alice.address);
    }
  });
});

describe("EquityToken: supply", () => {
  const holdersOf = ({ alice, bob, carol, holders }: EquityFixture) => [alice, bob, carol, holders.EQUITY_REDEEMER];

  const expectIdentities = async (suite: EquityFixture): Promise<void> => {
    const { equity } = suite;
    const accounts = holdersOf(suite);
    const shares = await Promise.all(accounts.map((a) => equity.sharesOf(a)));
    const balances = await Promise.all(accounts.map((a) => equity.balanceOf(a)));
    const [sum, held] = [shares, balances].map((list) => list.reduce((total, one) => total + one, 0n)) as [
      bigint,
      bigint,
    ];
    expect(sum).to.equal(await equity.totalShares());
    const supply = await equity.totalSupply();
    expect(held).to.be.at.most(supply);
    expect(supply).to.be.at.most(held + BigInt(accounts.length));
  };

  it("is what the accounts have, through mints, burns, transfers, force and every kind of action", async () => {
    const suite = await loadFixture(redeemerFixture);
    const { equity, alice, bob, carol, holders } = suite;
    const actions = [
      { kind: KIND.Split, numerator: 7n, denominator: 3n },
      { kind: KIND.Dividend, numerator: 101n, denominator: 99n },
      { kind: KIND.ReverseSplit, numerator: 3n, denominator: 11n },
      { kind: KIND.Fee, numerator: 997n, denominator: 1_000n },
    ];
    for (const [i, action] of actions.entries()) {
      await act(suite, action);
      await expectIdentities(suite);
      const before = await equity.totalSupply();
      await mint(suite, bob.address, 1_234_567n + BigInt(i));
      expect((await equity.totalSupply()) - before).to.be.at.most(1_234_567n + BigInt(i));
      await equity.connect(alice).transfer(carol, 999n);
      const after = await equity.totalSupply();
      await equity.connect(holders.EQUITY_REDEEMER).burn(77n);
      expect(after - (await equity.totalSupply())).to.be.at.least(77n);
      await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(carol, MaxUint256);
      await call(suite, "EQUITY_ENFORCER", equity, "forcedTransfer", [carol.address, alice.address, 101n]);
      await call(suite, "EQUITY_ENFORCER", equity, "forcedBurn", [carol.address, 13n]);
      await expectIdentities(suite);
    }
  });
});

describe("EquityToken: attacks on issuance", () => {
  it("over-mint after a reverse split, by the reserves of before", async () => {
    const suite = await loadEquity();
    const { equity, equityIssuance, feed, bob } = suite;
    const at = await scheduleAction(suite, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 10n });
    await time.increaseTo(at - 60);
    await refresh(feed, 3_000n * SHARE);
    const [, , , updatedAt] = await feed.latestRoundData();
    await time.increaseTo(at);
    expect(await equity.totalSupply()).to.equal(300n * SHARE);
    await expect(ask(suite, bob, 2_700n * SHARE))
      .to.be.revertedWithCustomError(equityIssuance, "ReservePredatesAction")
      .withArgs(updatedAt, at);
    await refresh(feed, 300n * SHARE);
    await expect(ask(suite, bob, 10n))
      .to.be.revertedWithCustomError(equityIssuance, "InsufficientReserves")
      .withArgs(300n * SHARE + 10n, 300n * SHARE);
  });

  it("over-mint in the very second of a reverse split, by an answer of a second before", async () => {
    const suite = await loadEquity();
    const at = await scheduleAction(suite, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 10n });
    await time.setNextBlockTimestamp(at - 1);
    await refresh(suite.feed, 3_000n * SHARE);
    await time.setNextBlockTimestamp(at);
    await expect(ask(suite, suite.bob, SHARE))
      .to.be.revertedWithCustomError(suite.equityIssuance, "ReservePredatesAction")
      .withArgs(at - 1, at);
  });

  it("over-mint by scheduling another action, or by calling one off, so that the last is forgotten", async () => {
    const suite = await loadEquity();
    const { equity, equityIssuance, equityAddress, corporateActions, feed, holders, bob } = suite;
    const at = await scheduleAction(suite, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 10n });
    await time.increaseTo(at - 60);
    await refresh(feed, 3_000n * SHARE);
    const [, , , updatedAt] = await feed.latestRoundData();
    await time.increaseTo(at + 1); // a second in which nothing else may be scheduled
    const expectRefused = async (): Promise<void> => {
      expect(await equity.lastActionAt()).to.equal(at);
      await expect(ask(suite, bob, SHARE))
        .to.be.revertedWithCustomError(equityIssuance, "ReservePredatesAction")
        .withArgs(updatedAt, at);
    };
    const actions = corporateActions.connect(holders.EQUITY_CORP_ACTION);
    for (const kind of [KIND.Split, KIND.ReverseSplit]) {
      const numerator = kind === KIND.Split ? 2n : 1n;
      const action = {
        kind,
        effectiveAt: (await time.latest()) + DAY + 3600,
        haltMinutes: 15,
        numerator,
        denominator: 3n - numerator,
        document: id("announcement"),
      };
      await actions.scheduleAction(equityAddress, action, 1n);
      await expectRefused();
      await actions.cancelAction(equityAddress, 1n);
      await expectRefused();
    }
  });

  it("a dividend scheduled as a mint that nothing backs", async () => {
    const suite = await loadEquity();
    const { corporateActions, feed } = suite;
    await refresh(feed, 3_749n * SHARE);
    await expect(scheduleAction(suite, DIVIDEND))
      .to.be.revertedWithCustomError(corporateActions, "DividendNotCovered")
      .withArgs(3_750n * SHARE, 3_749n * SHARE);
    await expect(scheduleAction(suite, { ...DIVIDEND, numerator: 5_001n, denominator: 4_000n }))
      .to.be.revertedWithCustomError(corporateActions, "BadRatio")
      .withArgs(KIND.Dividend, 5_001n, 4_000n);
    await refresh(feed, 3_750n * SHARE);
    await scheduleAction(suite, DIVIDEND);
  });

  it("a dividend covered when it was scheduled, and minted away before it comes", async () => {
    const suite = await loadEquity();
    await refresh(suite.feed, 3_750n * SHARE);
    await scheduleAction(suite, DIVIDEND);
    await expect(ask(suite, suite.bob, 1n))
      .to.be.revertedWithCustomError(suite.equityIssuance, "InsufficientReserves")
      .withArgs(3_750n * SHARE + 1n, 3_750n * SHARE);
  });

  it("mint to an account that a sanctions list names, once anybody has said so", async () => {
    const suite = await loadEquity();
    const { complianceRegistry, equity, bob, stranger } = suite;
    const list = await hre.ethers.deployContract("MockSanctionsList");
    await call(suite, "EQUITY_CONFIG", complianceRegistry, "setSanctionsList", [await list.getAddress()]);
    await list.addToSanctionsList([bob.address]);
    await complianceRegistry.connect(stranger).syncSanction(bob);
    await refresh(suite.feed);
    await expect(ask(suite, bob, SHARE))
      .to.be.revertedWithCustomError(equity, "ERC7943CannotReceive")
      .withArgs(bob.address);
  });

  it("a mint of dust, over and over: no share for less than a share's worth", async () => {
    const suite = await loadFixture(tripledFixture);
    const { equity, stranger } = suite;
    await refresh(suite.feed);
    const supply = await equity.totalSupply();
    for (let i = 0; i < 5; i++) await ask(suite, stranger, 5n, id(`dust ${i}`));
    expect(await equity.sharesOf(stranger)).to.equal(5n);
    expect(await equity.totalSupply()).to.equal(supply + 15n); // for 25
  });

  it("the authority's own calls are no way around the buckets", async () => {
    const suite = await loadEquity();
    const { equity, equityIssuance, equityAddress, manager, holders, bob } = suite;
    const [minter, through] = [holders.EQUITY_MINTER, await manager.getAddress()];
    await refresh(suite.feed);
    // Through the manager it is the manager who mints, out of a bucket of his own, and of that of all.
    await call(suite, "EQUITY_MINTER", equity, "mint", [bob.address, 250_000n * SHARE, id("one")]);
    expect(await equityIssuance.mintable(equityAddress, through)).to.equal(0n);
    await ask(suite, bob, await equityIssuance.mintable(equityAddress, minter), id("two"));
    expect(await equityIssuance.mintable(equityAddress, minter)).to.be.lessThan(10n * SHARE);
  });
});
