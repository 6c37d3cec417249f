import { loadFixture, setCode, time } from "@nomicfoundation/hardhat-network-helpers";
import { PANIC_CODES } from "@nomicfoundation/hardhat-chai-matchers/panic";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, id, type ContractTransactionResponse } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import type { EquityIssuance, MockAggregator } from "../../typechain-types";
import {
  DAY,
  KIND,
  SHARE,
  WAD,
  call,
  equityFixture,
  refresh,
  scheduleAction,
  type EquityFixture,
} from "../fixtures/equity";
import { FEED_MODE } from "../helpers/mocks";

const BPS = 10_000n;
const MAX_SHARES = 2n ** 112n - 1n;
const MAX_ANSWER = 2n ** 176n - 1n;
const HEARTBEAT = DAY;
const WINDOW = DAY;
const GLOBAL = 500n * SHARE;
const OF_MINTER = 300n * SHARE;
const RESERVES = 1_000_000n * SHARE;

interface Feed {
  feed: string;
  decimals: number;
  heartbeat: number;
  marginBps: bigint;
  chainShareBps: bigint;
}

/**
 * The contract keeps what a token asks under the token's own address. Here a key stands for a token: it asks whatever a
 * test wants to know, exactly and alone.
 */
interface Fixture extends EquityFixture {
  issuance: EquityIssuance;
  /** Configured as a token is. */
  key: HardhatEthersSigner;
  /** Another, configured alike. */
  other: HardhatEthersSigner;
  keyFeed: MockAggregator;
  feedAddress: string;
  bounds: { capShares: bigint; feed: Feed; limits: Limits };
}

interface Limits {
  window: number;
  globalCapacity: bigint;
  minterCapacity: bigint;
}

interface Asked {
  token?: HardhatEthersSigner;
  minter?: string;
  requestId?: string;
  shares?: bigint;
  totalShares?: bigint;
  multiplier?: bigint;
  lastActionAt?: bigint | number;
}

let requests = 0;

const signerAt = async (i: number): Promise<HardhatEthersSigner> => {
  const signer = (await hre.ethers.getSigners())[i];
  if (signer === undefined) throw new Error(`there is no account ${i}`);
  return signer;
};

async function issuanceFixture(): Promise<Fixture> {
  const suite = await loadFixture(equityFixture);
  const issuance = suite.equityIssuance;
  const [key, other] = [await signerAt(36), await signerAt(37)];
  const keyFeed = await hre.ethers.deployContract("MockAggregator", [18, RESERVES]);
  const feedAddress = await keyFeed.getAddress();
  const bounds = {
    capShares: MAX_SHARES,
    feed: { feed: feedAddress, decimals: 0, heartbeat: HEARTBEAT, marginBps: 0n, chainShareBps: BPS },
    limits: { window: WINDOW, globalCapacity: GLOBAL, minterCapacity: OF_MINTER },
  };
  for (const token of [key, other])
    await call(suite, "EQUITY_REGISTRAR", issuance, "configure", [token.address, bounds]);
  await refresh(keyFeed);
  return { ...suite, issuance, key, other, keyFeed, feedAddress, bounds };
}

const load = (): Promise<Fixture> => loadFixture(issuanceFixture);

/** A share for bob, unless told otherwise, that is the only one. */
const ask = ({ issuance, key, bob }: Fixture, asked: Asked = {}): Promise<ContractTransactionResponse> => {
  const { shares = SHARE } = asked;
  return issuance
    .connect(asked.token ?? key)
    .admitMint(
      asked.minter ?? bob.address,
      asked.requestId ?? id(`asked ${requests++}`),
      shares,
      asked.totalShares ?? shares,
      asked.multiplier ?? WAD,
      asked.lastActionAt ?? 0n,
    );
};

const config = (f: Fixture, name: string, args: readonly unknown[]): Promise<ContractTransactionResponse> =>
  call(f, "EQUITY_CONFIG", f.issuance, name, args);

/** Sets the key's feed with some fields otherwise, and has it answer afresh. */
const setFeed = async (f: Fixture, fields: Partial<Feed> = {}): Promise<ContractTransactionResponse> => {
  const sent = await config(f, "setReserveFeed", [f.key.address, { ...f.bounds.feed, ...fields }]);
  await refresh(f.keyFeed);
  return sent;
};

const setLimits = async (f: Fixture, limits: Partial<Limits>): Promise<ContractTransactionResponse> => {
  const sent = await config(f, "setMintLimits", [f.key.address, { ...f.bounds.limits, ...limits }]);
  await refresh(f.keyFeed);
  return sent;
};

/** What the reserves allow, in tokens, as the error says it. */
const expectAllowed = async (f: Fixture, allowed: bigint): Promise<void> => {
  await expect(ask(f, { shares: 1n, totalShares: MAX_SHARES, multiplier: 10n ** 26n }))
    .to.be.revertedWithCustomError(f.issuance, "InsufficientReserves")
    .withArgs((MAX_SHARES * 10n ** 26n) / WAD, allowed);
};

describe("EquityIssuance", () => {
  describe("configure", () => {
    it("sets a token's first bounds, once, and says so; the feed's decimals are read from it", async () => {
      const f = await load();
      const { issuance, feedAddress, bounds } = f;
      const token = await signerAt(38);
      const eight = await hre.ethers.deployContract("MockAggregator", [8, 1n]);
      const feed = { ...bounds.feed, feed: await eight.getAddress(), decimals: 99, marginBps: 5n, chainShareBps: 4n };
      const sent = call(f, "EQUITY_REGISTRAR", issuance, "configure", [
        token.address,
        { ...bounds, capShares: 7n, feed },
      ]);
      const { window, globalCapacity, minterCapacity } = bounds.limits;
      await expect(sent).to.emit(issuance, "CapUpdated").withArgs(token.address, 7n);
      await expect(sent)
        .to.emit(issuance, "ReserveFeedUpdated")
        .withArgs(token.address, [feed.feed, 8n, HEARTBEAT, 5n, 4n]);
      await expect(sent)
        .to.emit(issuance, "MintLimitsUpdated")
        .withArgs(token.address, [window, globalCapacity, minterCapacity]);
      expect(await issuance.boundsOf(token)).to.deep.equal([
        7n,
        [feed.feed, 8n, BigInt(HEARTBEAT), 5n, 4n],
        [BigInt(window), globalCapacity, minterCapacity],
      ]);
      expect(await issuance.mintable(token, f.bob)).to.equal(minterCapacity);
      await expect(call(f, "EQUITY_REGISTRAR", issuance, "configure", [token.address, bounds]))
        .to.be.revertedWithCustomError(issuance, "AlreadyConfigured")
        .withArgs(token.address);
      expect((await issuance.boundsOf(token)).feed.feed).not.to.equal(feedAddress);
    });

    it("sets nothing where a field is not usable, and may come again", async () => {
      const f = await load();
      const token = await signerAt(38);
      const bad = { ...f.bounds, limits: { ...f.bounds.limits, window: 0 } };
      await expect(call(f, "EQUITY_REGISTRAR", f.issuance, "configure", [token.address, bad]))
        .to.be.revertedWithCustomError(f.issuance, "InvalidConfig")
        .withArgs("window");
      expect((await f.issuance.boundsOf(token)).capShares).to.equal(0n);
      await call(f, "EQUITY_REGISTRAR", f.issuance, "configure", [token.address, f.bounds]);
    });

    it("is what gave the catalogue's stock its bounds", async () => {
      const { equityIssuance, equityAddress, feed } = await load();
      expect(await equityIssuance.boundsOf(equityAddress)).to.deep.equal([
        10_000_000n * SHARE,
        [await feed.getAddress(), 18n, 86_400n, 0n, BPS],
        [86_400n, 500_000n * SHARE, 250_000n * SHARE],
      ]);
    });
  });

  describe("powers", () => {
    it("are no stranger's, and no holder's of another role", async () => {
      const f = await load();
      const { issuance, key, bounds, stranger, holders } = f;
      for (const caller of [stranger, key, holders.EQUITY_MINTER, holders.EQUITY_CORP_ACTION]) {
        const by = issuance.connect(caller);
        for (const send of [
          () => by.configure(caller, bounds),
          () => by.setCap(key, 1n),
          () => by.setReserveFeed(key, bounds.feed),
          () => by.setMintLimits(key, bounds.limits),
        ]) {
          await expect(send())
            .to.be.revertedWithCustomError(issuance, "AccessManagedUnauthorized")
            .withArgs(caller.address);
        }
      }
    });

    it("wait for their delay", async () => {
      const { issuance, key, bounds, holders, manager } = await load();
      const calls = [
        ["EQUITY_CONFIG", issuance.interface.encodeFunctionData("setCap", [key.address, 1n])],
        ["EQUITY_CONFIG", issuance.interface.encodeFunctionData("setReserveFeed", [key.address, bounds.feed])],
        ["EQUITY_CONFIG", issuance.interface.encodeFunctionData("setMintLimits", [key.address, bounds.limits])],
        ["EQUITY_REGISTRAR", issuance.interface.encodeFunctionData("configure", [holders.ADMIN.address, bounds])],
      ] as const;
      for (const [role, data] of calls) {
        const holder = holders[role];
        const operation = await manager.hashOperation(holder, issuance, data);
        await expect(manager.connect(holder).execute(issuance, data))
          .to.be.revertedWithCustomError(manager, "AccessManagerNotScheduled")
          .withArgs(operation);
        await manager.connect(holder).schedule(issuance, data, 0);
        await time.increase(2 * DAY - 10);
        await expect(manager.connect(holder).execute(issuance, data))
          .to.be.revertedWithCustomError(manager, "AccessManagerNotReady")
          .withArgs(operation);
      }
    });

    it("need an authority that is a contract", async () => {
      const { issuance, stranger } = await load();
      const factory = await hre.ethers.getContractFactory("EquityIssuance");
      await expect(factory.deploy(stranger))
        .to.be.revertedWithCustomError(issuance, "AccessManagedInvalidAuthority")
        .withArgs(stranger.address);
    });
  });

  describe("setCap", () => {
    it("sets the most shares that may exist: so many, and not one more", async () => {
      const f = await load();
      const { issuance, key } = f;
      await expect(config(f, "setCap", [key.address, 100n]))
        .to.emit(issuance, "CapUpdated")
        .withArgs(key.address, 100n);
      await refresh(f.keyFeed);
      await expect(ask(f, { shares: 2n, totalShares: 101n }))
        .to.be.revertedWithCustomError(issuance, "CapExceeded")
        .withArgs(101n, 100n);
      await ask(f, { shares: 2n, totalShares: 100n });
    });

    it("may be set under what exists: then nothing is minted, until it is raised", async () => {
      const f = await load();
      await ask(f, { shares: 50n });
      await config(f, "setCap", [f.key.address, 0n]);
      await refresh(f.keyFeed);
      await expect(ask(f, { shares: 1n, totalShares: 51n }))
        .to.be.revertedWithCustomError(f.issuance, "CapExceeded")
        .withArgs(51n, 0n);
      await config(f, "setCap", [f.key.address, MAX_SHARES]);
      await refresh(f.keyFeed);
      await ask(f, { shares: 1n, totalShares: 51n });
    });
  });

  describe("setReserveFeed", () => {
    it("reverts for each field that is not usable, and says which", async () => {
      const f = await load();
      const withDecimals = async (decimals: number): Promise<string> =>
        (await hre.ethers.deployContract("MockAggregator", [decimals, 1n])).getAddress();
      const bad: [string, Partial<Feed>][] = [
        ["feed", { feed: f.stranger.address }],
        ["decimals", { feed: await withDecimals(37) }],
        ["decimals", { feed: await withDecimals(255) }],
        ["heartbeat", { heartbeat: 0 }],
        ["heartbeat", { heartbeat: 7 * DAY + 1 }],
        ["marginBps", { marginBps: BPS }],
        ["marginBps", { marginBps: 65_535n }],
        ["chainShareBps", { chainShareBps: 0n }],
        ["chainShareBps", { chainShareBps: BPS + 1n }],
      ];
      for (const [field, fields] of bad) {
        await expect(setFeed(f, fields)).to.be.revertedWithCustomError(f.issuance, "InvalidConfig").withArgs(field);
      }
      expect((await f.issuance.boundsOf(f.key)).feed).to.deep.equal([f.feedAddress, 18n, BigInt(HEARTBEAT), 0n, BPS]);
    });

    it("takes each field at its limits", async () => {
      const f = await load();
      const limits: Partial<Feed>[] = [
        { heartbeat: 1 },
        { heartbeat: 7 * DAY },
        { marginBps: BPS - 1n },
        { chainShareBps: 1n },
        { chainShareBps: BPS },
      ];
      for (const fields of limits) {
        const { heartbeat, marginBps, chainShareBps } = { ...f.bounds.feed, ...fields };
        await expect(setFeed(f, fields))
          .to.emit(f.issuance, "ReserveFeedUpdated")
          .withArgs(f.key.address, [f.feedAddress, 18n, heartbeat, marginBps, chainShareBps]);
      }
    });

    it("reads decimals from 0 to 36, and counts by them, rounded down", async () => {
      const f = await load();
      for (const [decimals, answer, allowed] of [
        [0, 3n, 3n * SHARE],
        [8, 312_345_678n, 3_123_456_780_000_000_000n],
        [18, 7n, 7n],
        [19, 79n, 7n],
        [36, 10n ** 18n - 1n, 0n],
        [36, 3n * 10n ** 36n, 3n * SHARE],
      ] as const) {
        const feed = await hre.ethers.deployContract("MockAggregator", [decimals, answer]);
        await setFeed(f, { feed: await feed.getAddress() });
        expect((await f.issuance.boundsOf(f.key)).feed.decimals).to.equal(decimals);
        await refresh(feed);
        await expectAllowed(f, allowed);
      }
    });

    it("to 0 clears all of it, and nothing can be minted", async () => {
      const f = await load();
      const { issuance, key } = f;
      await expect(setFeed(f, { feed: ZeroAddress, decimals: 5, heartbeat: 0, marginBps: 9n, chainShareBps: 0n }))
        .to.emit(issuance, "ReserveFeedUpdated")
        .withArgs(key.address, [ZeroAddress, 0n, 0n, 0n, 0n]);
      expect((await issuance.boundsOf(key)).feed).to.deep.equal([ZeroAddress, 0n, 0n, 0n, 0n]);
      await expect(ask(f, { shares: 1n }))
        .to.be.revertedWithCustomError(issuance, "InsufficientReserves")
        .withArgs(1n, 0n);
      await config(f, "setReserveFeed", [f.equityAddress, { ...f.bounds.feed, feed: ZeroAddress }]);
      expect(await issuance.allowedSupply(f.equityAddress)).to.equal(0n);
    });

    it("reverts for a feed that does not say its decimals", async () => {
      const f = await load();
      await f.keyFeed.setMode(FEED_MODE.Revert);
      await expect(config(f, "setReserveFeed", [f.key.address, f.bounds.feed])).to.be.revertedWithCustomError(
        f.keyFeed,
        "Hostile",
      );
      for (const mode of [FEED_MODE.Nothing, FEED_MODE.Garbage]) {
        await f.keyFeed.setMode(mode);
        await expect(config(f, "setReserveFeed", [f.key.address, f.bounds.feed])).to.be.reverted;
      }
    });
  });

  describe("the reserves", () => {
    it("allow this chain's part less the margin, rounded down at each step, and not one more", async () => {
      const f = await load();
      for (const [marginBps, chainShareBps, answer] of [
        [0n, BPS, 1_001n],
        [500n, BPS, 1_001n],
        [0n, 3_333n, 1_001n],
        [1n, 1n, 123_456_789n],
        [9_999n, 2_500n, RESERVES + 3n],
      ] as const) {
        await setFeed(f, { marginBps, chainShareBps });
        await f.keyFeed.push(answer);
        const allowed = (((answer * chainShareBps) / BPS) * (BPS - marginBps)) / BPS;
        await expect(ask(f, { shares: 1n, totalShares: allowed + 1n }))
          .to.be.revertedWithCustomError(f.issuance, "InsufficientReserves")
          .withArgs(allowed + 1n, allowed);
        await ask(f, { shares: 1n, totalShares: allowed });
      }
    });

    it("are compared with what the shares are worth, rounded down as the supply is", async () => {
      const f = await load();
      await f.keyFeed.push(10n);
      const [multiplier, totalShares] = [(WAD * 3n) / 2n, 7n];
      await ask(f, { shares: 1n, totalShares, multiplier });
      await expect(ask(f, { shares: 1n, totalShares: totalShares + 1n, multiplier }))
        .to.be.revertedWithCustomError(f.issuance, "InsufficientReserves")
        .withArgs(12n, 10n);
    });

    it("are never more than the share and margin leave, whatever the feed says", async () => {
      const f = await load();
      const feed = {
        answer: fc.bigInt(1n, MAX_ANSWER),
        marginBps: fc.bigInt(0n, BPS - 1n),
        chainShareBps: fc.bigInt(1n, BPS),
        decimals: fc.integer({ min: 0, max: 36 }),
      };
      await fc.assert(
        fc.asyncProperty(fc.record(feed), async ({ answer, marginBps, chainShareBps, decimals }) => {
          await f.keyFeed.setDecimals(decimals);
          await setFeed(f, { marginBps, chainShareBps });
          await f.keyFeed.push(answer);
          const scaled = decimals > 18 ? answer / 10n ** BigInt(decimals - 18) : answer * 10n ** BigInt(18 - decimals);
          const allowed = (((scaled * chainShareBps) / BPS) * (BPS - marginBps)) / BPS;
          const supply = (MAX_SHARES * 10n ** 26n) / WAD;
          if (allowed < supply) await expectAllowed(f, allowed);
          else await ask(f, { shares: 1n, totalShares: MAX_SHARES, multiplier: 10n ** 26n });
        }),
        { numRuns: 40, seed: 20_261_125 },
      );
    });

    it("may be the greatest answer there is, in whole stocks", async () => {
      const f = await load();
      await f.keyFeed.setDecimals(0);
      await setFeed(f);
      await f.keyFeed.push(MAX_ANSWER);
      await ask(f, { shares: 1n, totalShares: MAX_SHARES, multiplier: 10n ** 26n });
    });

    it("are what `allowedSupply` answers, and reverts over, for the token itself", async () => {
      const f = await load();
      const { issuance, equityAddress, feed } = f;
      await refresh(feed);
      expect(await issuance.allowedSupply(equityAddress)).to.equal(1_000_000n * SHARE);
      const at = await scheduleAction(f, { kind: KIND.ReverseSplit, numerator: 1n, denominator: 2n });
      await time.increaseTo(at - 60);
      await refresh(feed);
      const [, , , updatedAt] = await feed.latestRoundData();
      await time.increaseTo(at);
      await expect(issuance.allowedSupply(equityAddress))
        .to.be.revertedWithCustomError(issuance, "ReservePredatesAction")
        .withArgs(updatedAt, at);
      await refresh(feed, 500_000n * SHARE);
      expect(await issuance.allowedSupply(equityAddress)).to.equal(500_000n * SHARE);
    });
  });

  describe("a feed that cannot be used stops mints:", () => {
    it("an answer that is no number of stocks", async () => {
      const f = await load();
      for (const answer of [0n, -1n, -(2n ** 255n), MAX_ANSWER + 1n, 2n ** 192n, 2n ** 255n - 1n]) {
        await f.keyFeed.setAnswer(answer);
        await expect(ask(f)).to.be.revertedWithCustomError(f.issuance, "BadReserveAnswer").withArgs(answer);
      }
      await f.keyFeed.setAnswer(SHARE);
      await ask(f);
    });

    it("an answer of no time, or of a time to come; of this second it counts", async () => {
      const f = await load();
      await f.keyFeed.setUpdatedAt(0n);
      await expect(ask(f)).to.be.revertedWithCustomError(f.issuance, "BadReserveTime").withArgs(0n);
      const now = (await time.latest()) + 1_000;
      for (const updatedAt of [BigInt(now + 1), 2n ** 88n - 1n]) {
        await f.keyFeed.setUpdatedAt(updatedAt);
        await time.setNextBlockTimestamp(now);
        await expect(ask(f)).to.be.revertedWithCustomError(f.issuance, "BadReserveTime").withArgs(updatedAt);
      }
      const then = (await time.latest()) + 1_000;
      await f.keyFeed.setUpdatedAt(then);
      await time.setNextBlockTimestamp(then);
      await ask(f);
    });

    it("an answer over its heartbeat by a second; at its heartbeat it counts", async () => {
      const f = await load();
      const at = (await time.latest()) + 1_000;
      await f.keyFeed.setUpdatedAt(at - HEARTBEAT);
      await time.setNextBlockTimestamp(at);
      await ask(f);
      await time.setNextBlockTimestamp(at + 1);
      await expect(ask(f))
        .to.be.revertedWithCustomError(f.issuance, "StaleReserve")
        .withArgs(at - HEARTBEAT, HEARTBEAT);
    });

    it("an answer of before the last action; of its very second it counts", async () => {
      const f = await load();
      const [, , , updatedAt] = await f.keyFeed.latestRoundData();
      await expect(ask(f, { lastActionAt: updatedAt + 1n }))
        .to.be.revertedWithCustomError(f.issuance, "ReservePredatesAction")
        .withArgs(updatedAt, updatedAt + 1n);
      await ask(f, { lastActionAt: updatedAt });
    });

    it("silence, or all gas burned", async () => {
      const f = await load();
      await f.keyFeed.setMode(FEED_MODE.Revert);
      await expect(ask(f)).to.be.revertedWithCustomError(f.issuance, "ReserveFeedUnavailable").withArgs(f.feedAddress);
      await f.keyFeed.setMode(FEED_MODE.BurnGas);
      await expect(ask(f)).to.be.revertedWithCustomError(f.issuance, "ReserveFeedUnavailable").withArgs(f.feedAddress);
    });

    it("a round that fails where the decimals do not", async () => {
      const f = await load();
      const feed = await hre.ethers.deployContract("MockRoundlessFeed");
      await setFeed(f, { feed: await feed.getAddress() });
      await expect(ask(f))
        .to.be.revertedWithCustomError(f.issuance, "ReserveFeedUnavailable")
        .withArgs(await feed.getAddress());
    });

    it("other decimals than when it was set", async () => {
      const f = await load();
      for (const decimals of [8, 17, 19]) {
        await f.keyFeed.setDecimals(decimals);
        await expect(ask(f)).to.be.revertedWithCustomError(f.issuance, "BadReserveDecimals").withArgs(decimals, 18n);
      }
      await f.keyFeed.setMode(FEED_MODE.Short); // a word of zero
      await expect(ask(f)).to.be.revertedWithCustomError(f.issuance, "BadReserveDecimals").withArgs(0n, 18n);
    });

    // What no decoder takes, no `catch` sees: there is no reason, and nothing is minted.
    it("data that are no round, or none at all", async () => {
      const f = await load();
      await f.keyFeed.setMode(FEED_MODE.Nothing);
      await expect(ask(f)).to.be.revertedWithoutReason();
      await f.keyFeed.setMode(FEED_MODE.Garbage);
      await expect(ask(f)).to.be.revertedWithoutReason();
      await f.keyFeed.setMode(FEED_MODE.Answer);
      await f.keyFeed.setDecimals(0);
      await setFeed(f);
      await f.keyFeed.setMode(FEED_MODE.Short);
      await expect(ask(f)).to.be.revertedWithoutReason();
    });

    it("code no more", async () => {
      const f = await load();
      await setCode(f.feedAddress, "0x");
      await expect(ask(f)).to.be.revertedWithoutReason();
    });

    it("and neither transfers nor burns of its token", async () => {
      const f = await load();
      await f.feed.setMode(FEED_MODE.Revert);
      const minter = f.equity.connect(f.holders.EQUITY_MINTER);
      await expect(minter.mint(f.bob, SHARE, id("while the feed is silent")))
        .to.be.revertedWithCustomError(f.issuance, "ReserveFeedUnavailable")
        .withArgs(await f.feed.getAddress());
      await f.equity.connect(f.alice).transfer(f.holders.EQUITY_REDEEMER, SHARE);
      await f.equity.connect(f.holders.EQUITY_REDEEMER).burn(SHARE);
    });
  });

  describe("setMintLimits", () => {
    it("sets the window and both buckets, and says so", async () => {
      const f = await load();
      await expect(setLimits(f, { window: 7, globalCapacity: 20n, minterCapacity: 10n }))
        .to.emit(f.issuance, "MintLimitsUpdated")
        .withArgs(f.key.address, [7n, 20n, 10n]);
      expect((await f.issuance.boundsOf(f.key)).limits).to.deep.equal([7n, 20n, 10n]);
      expect(await f.issuance.mintable(f.key, f.bob)).to.equal(10n);
    });

    it("reverts for a window of no time", async () => {
      const f = await load();
      await expect(setLimits(f, { window: 0 }))
        .to.be.revertedWithCustomError(f.issuance, "InvalidConfig")
        .withArgs("window");
    });

    it("counts what was minted before: a smaller bucket is overdrawn, and refills from there", async () => {
      const f = await load();
      await setLimits(f, { window: 100 * DAY, globalCapacity: 1_000n, minterCapacity: 1_000n });
      await ask(f, { shares: 1_000n });
      await setLimits(f, { window: 100 * DAY, globalCapacity: 1_000n, minterCapacity: 500n });
      expect(await f.issuance.mintable(f.key, f.bob)).to.equal(0n);
      await expect(ask(f, { shares: 1n })).to.be.revertedWithCustomError(f.issuance, "MintLimitExceeded");
      expect(await f.issuance.mintable(f.key, f.carol)).to.be.greaterThan(0n);
    });

    it("of nothing stops mints", async () => {
      const f = await load();
      await setLimits(f, { globalCapacity: 0n });
      await expect(ask(f, { shares: 1n }))
        .to.be.revertedWithCustomError(f.issuance, "MintLimitExceeded")
        .withArgs(ZeroAddress, 1n, 0n);
    });
  });

  describe("the buckets", () => {
    it("are one for each minter, and one for all of them; `mintable` is the lesser", async () => {
      const f = await load();
      const { issuance, key, bob, carol } = f;
      expect(await issuance.mintable(key, bob)).to.equal(OF_MINTER);
      await expect(ask(f, { shares: OF_MINTER + 1n }))
        .to.be.revertedWithCustomError(issuance, "MintLimitExceeded")
        .withArgs(bob.address, OF_MINTER + 1n, OF_MINTER);
      await ask(f, { shares: OF_MINTER });
      const at = await time.latest();
      expect(await issuance.mintable(key, bob)).to.equal(0n);
      await time.setNextBlockTimestamp(at);
      await expect(ask(f, { shares: 1n }))
        .to.be.revertedWithCustomError(issuance, "MintLimitExceeded")
        .withArgs(bob.address, 1n, 0n);
      // Of carol's own there is more than what all may mint.
      expect(await issuance.mintable(key, carol)).to.equal(GLOBAL - OF_MINTER);
      await time.setNextBlockTimestamp(at);
      await expect(ask(f, { minter: carol.address, shares: GLOBAL - OF_MINTER + 1n }))
        .to.be.revertedWithCustomError(issuance, "MintLimitExceeded")
        .withArgs(ZeroAddress, GLOBAL - OF_MINTER + 1n, GLOBAL - OF_MINTER);
      await time.setNextBlockTimestamp(at);
      await ask(f, { minter: carol.address, shares: GLOBAL - OF_MINTER });
      expect(await issuance.mintable(key, carol)).to.equal(0n);
    });

    it("are each token's own", async () => {
      const f = await load();
      await ask(f, { shares: OF_MINTER });
      expect(await f.issuance.mintable(f.other, f.bob)).to.equal(OF_MINTER);
      await ask(f, { token: f.other, shares: OF_MINTER });
    });

    it("refill evenly over the window, and never above their capacity", async () => {
      const f = await load();
      const { issuance, key, bob } = f;
      await ask(f, { shares: OF_MINTER });
      const at = await time.latest();
      for (const part of [1n, 2n, 3n]) {
        await time.increaseTo(BigInt(at) + (BigInt(WINDOW) * part) / 4n);
        const refilled = (GLOBAL * part) / 4n + (GLOBAL - OF_MINTER);
        const ofMinter = (OF_MINTER * part) / 4n;
        expect(await issuance.mintable(key, bob)).to.equal(ofMinter < refilled ? ofMinter : refilled);
      }
      await time.increaseTo(at + 10 * WINDOW);
      expect(await issuance.mintable(key, bob)).to.equal(OF_MINTER);
    });

    it("bound what is minted within any window by twice their capacity", async () => {
      const f = await load();
      const capacity = 1_000n;
      await setLimits(f, { window: 1_000, globalCapacity: 10n * capacity, minterCapacity: capacity });
      const step = fc.record({ wait: fc.integer({ min: 0, max: 600 }), greed: fc.bigInt(1n, 100n) });
      const minted: { at: number; shares: bigint }[] = [];
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
          for (const { wait, greed } of steps) {
            const at = (await time.latest()) + wait;
            await time.increaseTo(at + 1);
            await refresh(f.keyFeed);
            const shares = ((await f.issuance.mintable(f.key, f.bob)) * greed) / 100n;
            await ask(f, { shares });
            minted.push({ at: await time.latest(), shares });
          }
          for (const { at } of minted) {
            const within = minted.filter((m) => m.at >= at && m.at <= at + 1_000);
            expect(within.reduce((sum, { shares }) => sum + shares, 0n)).to.be.at.most(2n * capacity);
          }
        }),
        { numRuns: 8, seed: 20_261_125 },
      );
    });
  });

  describe("requests", () => {
    it("are minted for once, by whomever", async () => {
      const f = await load();
      const requestId = id("the request");
      expect(await f.issuance.isRequestUsed(f.key, requestId)).to.equal(false);
      await ask(f, { requestId, shares: 5n });
      expect(await f.issuance.isRequestUsed(f.key, requestId)).to.equal(true);
      for (const minter of [f.bob.address, f.carol.address]) {
        await expect(ask(f, { requestId, minter, shares: 1n }))
          .to.be.revertedWithCustomError(f.issuance, "RequestUsed")
          .withArgs(requestId);
      }
    });

    it("are each token's own, and are not used up by a mint that fails", async () => {
      const f = await load();
      const requestId = id("the request");
      await expect(ask(f, { requestId, shares: GLOBAL })).to.be.revertedWithCustomError(
        f.issuance,
        "MintLimitExceeded",
      );
      expect(await f.issuance.isRequestUsed(f.key, requestId)).to.equal(false);
      await ask(f, { requestId });
      expect(await f.issuance.isRequestUsed(f.other, requestId)).to.equal(false);
      await ask(f, { requestId, token: f.other });
    });
  });

  describe("attacks", () => {
    it("a stranger who asks as a token gets nothing, and changes nothing of another", async () => {
      const f = await load();
      const { issuance, equityAddress, stranger, bob } = f;
      await refresh(f.feed);
      const before = await issuance.mintable(equityAddress, bob);
      const requestId = id("the token's next request");
      await expect(ask(f, { token: stranger, requestId, shares: 1n }))
        .to.be.revertedWithCustomError(issuance, "CapExceeded")
        .withArgs(1n, 0n);
      // It has no total, it says: there is no bucket for it either.
      await expect(ask(f, { token: stranger, requestId, shares: 1n, totalShares: 0n }))
        .to.be.revertedWithCustomError(issuance, "MintLimitExceeded")
        .withArgs(ZeroAddress, 1n, 0n);
      // A mint of nothing uses up a request of its own.
      await ask(f, { token: stranger, requestId, shares: 0n });
      expect(await issuance.isRequestUsed(stranger, requestId)).to.equal(true);
      expect(await issuance.isRequestUsed(equityAddress, requestId)).to.equal(false);
      expect(await issuance.mintable(equityAddress, bob)).to.equal(before);
    });

    it("a token that lies of its total, its multiplier and its actions deceives about itself alone", async () => {
      const f = await load();
      const { issuance, key, other, equityAddress, bob } = f;
      await ask(f, { shares: OF_MINTER, totalShares: 0n, multiplier: 0n, lastActionAt: 0n });
      await expect(ask(f, { shares: 1n, totalShares: 2n, multiplier: MaxUint256 })).to.be.revertedWithPanic(
        PANIC_CODES.ARITHMETIC_OVERFLOW,
      );
      expect(await issuance.mintable(key, bob)).to.be.lessThan(OF_MINTER);
      expect(await issuance.mintable(other, bob)).to.equal(OF_MINTER);
      expect(await issuance.mintable(equityAddress, bob)).to.equal(250_000n * SHARE);
    });

    it("a bucket spent twice at the edge of a window: twice its capacity, and not a share more", async () => {
      const f = await load();
      const { issuance, bob } = f;
      const start = (await time.latest()) + 100;
      await time.setNextBlockTimestamp(start);
      await ask(f, { shares: OF_MINTER });
      await time.setNextBlockTimestamp(start + WINDOW - 1);
      const left = (OF_MINTER * BigInt(WINDOW - 1)) / BigInt(WINDOW);
      await f.keyFeed.push(RESERVES);
      await time.setNextBlockTimestamp(start + WINDOW - 1);
      await expect(ask(f, { shares: left + 1n }))
        .to.be.revertedWithCustomError(issuance, "MintLimitExceeded")
        .withArgs(bob.address, left + 1n, left);
      await time.setNextBlockTimestamp(start + WINDOW - 1);
      await ask(f, { shares: left });
      await time.setNextBlockTimestamp(start + WINDOW - 1);
      await expect(ask(f, { shares: 1n }))
        .to.be.revertedWithCustomError(issuance, "MintLimitExceeded")
        .withArgs(bob.address, 1n, 0n);
    });

    it("a bucket emptied by many small mints gives no more than by one", async () => {
      const f = await load();
      const at = (await time.latest()) + 1_000;
      for (let i = 0n; i < 10n; i++) {
        await time.setNextBlockTimestamp(at);
        await ask(f, { shares: OF_MINTER / 10n });
      }
      await time.setNextBlockTimestamp(at);
      await expect(ask(f, { shares: 1n }))
        .to.be.revertedWithCustomError(f.issuance, "MintLimitExceeded")
        .withArgs(f.bob.address, 1n, 0n);
    });
  });
});
