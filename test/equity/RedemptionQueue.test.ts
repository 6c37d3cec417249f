import { loadFixture, time } from "@nomicfoundation/hardhat-network-helpers";
import { expect } from "chai";
import { MaxUint256, ZeroAddress, ZeroHash, encodeBytes32String } from "ethers";
import hre from "hardhat";

import {
  CANCEL_DELAY,
  DAY,
  LIMITS,
  MAX_OPEN,
  REF,
  SHARE,
  STATE,
  USD,
  fields,
  pass,
  redemptionFixture,
  type Redemptions,
} from "../fixtures/redemptions";
import { HOSTILE_MOVE, PAYOUT_MODE } from "../helpers/mocks";

const PAYMENT = encodeBytes32String("SWIFT 4711");
const REASON = encodeBytes32String("no market");
const MIN = 100n * USD;

interface Requested extends Redemptions {
  /** Alice's, of ten shares for 100 USDT, Pending. */
  id: bigint;
}

async function pendingFixture(): Promise<Requested> {
  const suite = await loadFixture(redemptionFixture);
  return { ...suite, id: await suite.request(suite.alice, 10n * SHARE) };
}

async function lockedFixture(): Promise<Requested> {
  const suite = await loadFixture(pendingFixture);
  await suite.queue.connect(suite.redeemer).lock(suite.id);
  return suite;
}

/** Alice's request is locked, and she is blocked. */
async function blockedFixture(): Promise<Requested> {
  const suite = await loadFixture(lockedFixture);
  await suite.block(suite.alice);
  return suite;
}

/** What must hold after anything: shares of open requests, and no more, are in escrow. */
const expectEscrow = async ({ queue, token, stock, escrow }: Redemptions, donated = 0n): Promise<void> => {
  let open = 0n;
  const count = await queue.count();
  for (let id = 1n; id <= count; ++id) {
    const { state, shares } = await queue.requestOf(id);
    if (state === STATE.Pending || state === STATE.Locked) open += shares;
  }
  expect(await queue.escrowed(stock)).to.equal(open);
  expect(await token.sharesOf(escrow)).to.equal(open + donated);
};

/**
 * | state    | cancel                       | lock     | settle  | reject   | seize, if blocked |
 * | Pending  | Canceled, after the delay    | Locked   | –       | Rejected | Seized            |
 * | Locked   | –                            | –        | Settled | Rejected | Seized            |
 * | an end   | –                            | –        | –       | –        | –                 |
 */
describe("RedemptionQueue", () => {
  it("refuses an authority without code", async () => {
    const { queue, stranger } = await loadFixture(redemptionFixture);
    const factory = await hre.ethers.getContractFactory("RedemptionQueue");
    await expect(factory.deploy(stranger))
      .to.be.revertedWithCustomError(queue, "AccessManagedInvalidAuthority")
      .withArgs(stranger.address);
  });

  it("starts without requests, and says how long a request may be held", async () => {
    const { queue, stock } = await loadFixture(redemptionFixture);
    expect(await queue.count()).to.equal(0n);
    expect(await queue.escrowed(stock)).to.equal(0n);
    expect(await queue.MAX_CANCEL_DELAY()).to.equal(30n * DAY);
    expect((await queue.requestOf(1n)).state).to.equal(STATE.None);
  });

  it("lets nobody without the role lock, settle, reject, seize, configure or sweep", async () => {
    const { queue, token, usd, stranger, id } = await loadFixture(lockedFixture);
    const by = queue.connect(stranger);
    for (const attempt of [
      () => by.lock(id),
      () => by.settle(id, MIN, ZeroHash),
      () => by.reject(id, REASON),
      () => by.seize(id, stranger),
      () => by.setToken(token, LIMITS),
      () => by.setPayToken(token, usd, true),
      () => by.sweep(token, stranger),
    ]) {
      await expect(attempt())
        .to.be.revertedWithCustomError(queue, "AccessManagedUnauthorized")
        .withArgs(stranger.address);
    }
  });

  it("gives none of the three roles another's functions", async () => {
    const { queue, token, usd, redeemer, enforcer, config, id } = await loadFixture(lockedFixture);
    for (const [by, attempt] of [
      [redeemer, () => queue.connect(redeemer).seize(id, redeemer)],
      [redeemer, () => queue.connect(redeemer).sweep(token, redeemer)],
      [redeemer, () => queue.connect(redeemer).setPayToken(token, usd, false)],
      [enforcer, () => queue.connect(enforcer).settle(id, MIN, ZeroHash)],
      [config, () => queue.connect(config).reject(id, REASON)],
      [config, () => queue.connect(config).seize(id, config)],
    ] as const) {
      await expect(attempt()).to.be.revertedWithCustomError(queue, "AccessManagedUnauthorized").withArgs(by.address);
    }
  });

  describe("setToken", () => {
    it("sets the limits of requests to come, and says so", async () => {
      const { queue, token, config, stock } = await loadFixture(redemptionFixture);
      const limits = { accepted: true, minShares: 7n, maxOpenPerHolder: 1n, cancelDelay: 30n * DAY };
      await expect(queue.connect(config).setToken(token, limits))
        .to.emit(queue, "LimitsUpdated")
        .withArgs(stock, Object.values(limits));
      expect(Object.values(fields(await queue.limitsOf(token)))).to.deep.equal(Object.values(limits));
    });

    it("ends new requests with any limits, while open ones go on", async () => {
      const { queue, token, config, redeemer, alice, id, stock } = await loadFixture(pendingFixture);
      const none = { accepted: false, minShares: 0n, maxOpenPerHolder: 0n, cancelDelay: MaxUint256 >> 224n };
      await queue.connect(config).setToken(token, none);
      await expect(queue.connect(alice).request(token, SHARE, ZeroAddress, 0n, REF))
        .to.be.revertedWithCustomError(queue, "TokenNotAccepted")
        .withArgs(stock);
      await queue.connect(redeemer).lock(id);
      await queue.connect(redeemer).settle(id, MIN, ZeroHash);
      expect((await queue.requestOf(id)).state).to.equal(STATE.Settled);
    });

    it("reverts for what has no code, and for limits that limit nothing", async () => {
      const { queue, token, config, stranger } = await loadFixture(redemptionFixture);
      const by = queue.connect(config);
      await expect(by.setToken(stranger, LIMITS))
        .to.be.revertedWithCustomError(queue, "InvalidToken")
        .withArgs(stranger.address);
      for (const [field, limits] of [
        ["minShares", { ...LIMITS, minShares: 0n }],
        ["maxOpenPerHolder", { ...LIMITS, maxOpenPerHolder: 0n }],
        ["cancelDelay", { ...LIMITS, cancelDelay: 30n * DAY + 1n }],
      ] as const) {
        await expect(by.setToken(token, limits)).to.be.revertedWithCustomError(queue, "InvalidLimits").withArgs(field);
      }
    });
  });

  describe("setPayToken", () => {
    it("allows and disallows a token for new requests, and says so; open ones keep theirs", async () => {
      const suite = await loadFixture(lockedFixture);
      const { queue, token, usd, config, redeemer, alice, id, stock } = suite;
      const currency = await usd.getAddress();
      await expect(queue.connect(config).setPayToken(token, usd, false))
        .to.emit(queue, "PayTokenUpdated")
        .withArgs(stock, currency, false);
      expect(await queue.isPayToken(token, usd)).to.equal(false);
      await expect(queue.connect(alice).request(token, SHARE, usd, MIN, REF))
        .to.be.revertedWithCustomError(queue, "PayTokenNotAllowed")
        .withArgs(stock, currency);
      await queue.connect(redeemer).settle(id, MIN, ZeroHash);
      expect(await usd.balanceOf(alice)).to.equal(MIN);
    });

    it("reverts for what has no code, and so for the zero address, which is always allowed", async () => {
      const { queue, token, config, stranger } = await loadFixture(redemptionFixture);
      for (const currency of [stranger.address, ZeroAddress]) {
        await expect(queue.connect(config).setPayToken(token, currency, true))
          .to.be.revertedWithCustomError(queue, "InvalidToken")
          .withArgs(currency);
      }
    });
  });

  describe("request", () => {
    it("puts the caller's shares in escrow on the caller's terms, says so, and counts up from 1", async () => {
      const suite = await loadFixture(redemptionFixture);
      const { queue, token, usd, alice, stock, multiply, snapshot } = suite;
      await multiply(3n * 10n ** 18n);
      await snapshot();
      const currency = await usd.getAddress();
      const by = queue.connect(alice);
      expect(await by.request.staticCall(token, 10n * SHARE, usd, MIN, REF)).to.equal(1n);
      const now = BigInt(await time.latest()) + 1_000n;
      await time.setNextBlockTimestamp(now);
      const sent = await by.request(token, 10n * SHARE, usd, MIN, REF);
      await expect(sent)
        .to.emit(queue, "RedemptionRequested")
        .withArgs(1n, stock, alice.address, 10n * SHARE, currency, MIN, REF);
      await expect(sent)
        .to.emit(token, "TransferShares")
        .withArgs(10n * SHARE);
      expect(fields(await queue.requestOf(1n))).to.deep.equal({
        requester: alice.address,
        cancelableAt: now + CANCEL_DELAY,
        openedAt: 1n,
        closedAt: 0n,
        state: STATE.Pending,
        token: stock,
        payToken: currency,
        shares: 10n * SHARE,
        minOut: MIN,
      });
      await suite.request(alice, SHARE);
      expect(await queue.count()).to.equal(2n);
      expect(await queue.openOf(token, alice)).to.equal(2n);
      await expectEscrow(suite);
    });

    it("takes one that is to be paid off the chain, with no least", async () => {
      const { queue, token, alice, request } = await loadFixture(redemptionFixture);
      const id = await request(alice, SHARE, ZeroAddress);
      const { payToken, minOut, state } = await queue.requestOf(id);
      expect([payToken, minOut, state]).to.deep.equal([ZeroAddress, 0n, STATE.Pending]);
      await expect(queue.connect(alice).request(token, SHARE, ZeroAddress, 1n, REF))
        .to.be.revertedWithCustomError(queue, "InvalidMinimum")
        .withArgs(ZeroAddress, 1n);
    });

    it("reverts without a least of what pays on the chain", async () => {
      const { queue, token, usd, alice } = await loadFixture(redemptionFixture);
      await expect(queue.connect(alice).request(token, SHARE, usd, 0n, REF))
        .to.be.revertedWithCustomError(queue, "InvalidMinimum")
        .withArgs(await usd.getAddress(), 0n);
    });

    it("reverts for another token, and for a currency that is allowed for none", async () => {
      const { queue, token, usd, alice, stock } = await loadFixture(redemptionFixture);
      const other = await usd.getAddress();
      await expect(queue.connect(alice).request(usd, SHARE, usd, MIN, REF))
        .to.be.revertedWithCustomError(queue, "TokenNotAccepted")
        .withArgs(other);
      await expect(queue.connect(alice).request(token, SHARE, token, MIN, REF))
        .to.be.revertedWithCustomError(queue, "PayTokenNotAllowed")
        .withArgs(stock, stock);
    });

    it("takes the fewest shares, and reverts for one less", async () => {
      const { queue, token, usd, alice, request } = await loadFixture(redemptionFixture);
      await request(alice, SHARE);
      for (const shares of [SHARE - 1n, 0n]) {
        await expect(queue.connect(alice).request(token, shares, usd, MIN, REF))
          .to.be.revertedWithCustomError(queue, "BelowMinimum")
          .withArgs(shares, SHARE);
      }
    });

    it("takes a holder's last request, and reverts for one more until one has ended", async () => {
      const { queue, token, usd, alice, bob, request } = await loadFixture(redemptionFixture);
      for (let i = 0n; i < MAX_OPEN; ++i) await request(alice, SHARE);
      await expect(queue.connect(alice).request(token, SHARE, usd, MIN, REF))
        .to.be.revertedWithCustomError(queue, "TooManyOpen")
        .withArgs(alice.address, MAX_OPEN);
      await request(bob, SHARE);
      await pass(CANCEL_DELAY);
      await queue.connect(alice).cancel(2n);
      await request(alice, SHARE);
      expect(await queue.openOf(token, alice)).to.equal(MAX_OPEN);
    });

    it("reverts for numbers that would be cut", async () => {
      const { queue, token, usd, alice } = await loadFixture(redemptionFixture);
      for (const shares of [2n ** 112n, MaxUint256]) {
        await expect(queue.connect(alice).request(token, shares, usd, MIN, REF))
          .to.be.revertedWithCustomError(queue, "SafeCastOverflowedUintDowncast")
          .withArgs(112n, shares);
      }
      await expect(queue.connect(alice).request(token, SHARE, usd, 2n ** 128n, REF))
        .to.be.revertedWithCustomError(queue, "SafeCastOverflowedUintDowncast")
        .withArgs(128n, 2n ** 128n);
    });

    it("reverts as the token does: without allowance, without shares, blocked, or paused", async () => {
      const { queue, token, usd, alice, carol, block, escrow } = await loadFixture(redemptionFixture);
      const by = queue.connect(carol);
      await expect(by.request(token, 251n * SHARE, usd, MIN, REF))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientBalance")
        .withArgs(carol.address, 250n * SHARE, 251n * SHARE);
      await token.connect(carol).approve(queue, SHARE - 1n);
      await expect(by.request(token, SHARE, usd, MIN, REF))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(escrow, SHARE - 1n, SHARE);
      await block(alice);
      await expect(queue.connect(alice).request(token, SHARE, usd, MIN, REF))
        .to.be.revertedWithCustomError(token, "ERC7943CannotSend")
        .withArgs(alice.address);
      await token.pause(1n);
      await token.connect(carol).approve(queue, SHARE);
      await expect(by.request(token, SHARE, usd, MIN, REF)).to.be.revertedWithCustomError(token, "TransferPaused");
    });
  });

  describe("cancel", () => {
    it("gives the shares back to the requester, in the first second that it may, and says so", async () => {
      const suite = await loadFixture(pendingFixture);
      const { queue, token, alice, id } = suite;
      const { cancelableAt } = await queue.requestOf(id);
      await time.setNextBlockTimestamp(cancelableAt - 1n);
      await expect(queue.connect(alice).cancel(id))
        .to.be.revertedWithCustomError(queue, "TooEarly")
        .withArgs(cancelableAt);
      await time.setNextBlockTimestamp(cancelableAt);
      await expect(queue.connect(alice).cancel(id))
        .to.emit(queue, "RedemptionCanceled")
        .withArgs(id, alice.address, 10n * SHARE);
      expect(await token.sharesOf(alice)).to.equal(1_000n * SHARE);
      expect((await queue.requestOf(id)).state).to.equal(STATE.Canceled);
      expect(await queue.openOf(token, alice)).to.equal(0n);
      await expectEscrow(suite);
    });

    it("keeps to the delay of the request, whatever the limits became", async () => {
      const { queue, token, config, alice, id } = await loadFixture(pendingFixture);
      await queue.connect(config).setToken(token, { ...LIMITS, cancelDelay: 30n * DAY });
      await pass(CANCEL_DELAY);
      await queue.connect(alice).cancel(id);
      expect(await token.sharesOf(alice)).to.equal(1_000n * SHARE);
    });

    it("reverts for anybody else", async () => {
      const { queue, redeemer, bob, id } = await loadFixture(pendingFixture);
      await pass(CANCEL_DELAY);
      for (const other of [bob, redeemer]) {
        await expect(queue.connect(other).cancel(id))
          .to.be.revertedWithCustomError(queue, "NotRequester")
          .withArgs(id, other.address);
      }
    });

    it("reverts where the request is locked, has ended, or is none", async () => {
      const { queue, redeemer, alice, id } = await loadFixture(lockedFixture);
      await pass(CANCEL_DELAY);
      const by = queue.connect(alice);
      await expect(by.cancel(id)).to.be.revertedWithCustomError(queue, "BadState").withArgs(id, STATE.Locked);
      await queue.connect(redeemer).reject(id, REASON);
      await expect(by.cancel(id)).to.be.revertedWithCustomError(queue, "BadState").withArgs(id, STATE.Rejected);
      await expect(by.cancel(2n)).to.be.revertedWithCustomError(queue, "BadState").withArgs(2n, STATE.None);
    });

    it("reverts while the requester is blocked, and gives the shares back afterwards", async () => {
      const suite = await loadFixture(pendingFixture);
      const { queue, token, alice, block, id } = suite;
      await pass(CANCEL_DELAY);
      await block(alice);
      await expect(queue.connect(alice).cancel(id))
        .to.be.revertedWithCustomError(queue, "RequesterBlocked")
        .withArgs(alice.address);
      await expectEscrow(suite);
      await block(alice, false);
      await queue.connect(alice).cancel(id);
      expect(await token.sharesOf(alice)).to.equal(1_000n * SHARE);
    });

    it("waits for a requester whose KYC is gone until it is back", async () => {
      const { queue, token, alice, verify, id } = await loadFixture(pendingFixture);
      await pass(CANCEL_DELAY);
      await verify(alice, false);
      await expect(queue.connect(alice).cancel(id))
        .to.be.revertedWithCustomError(token, "ERC7943CannotReceive")
        .withArgs(alice.address);
      await verify(alice);
      await queue.connect(alice).cancel(id);
      expect(await token.sharesOf(alice)).to.equal(1_000n * SHARE);
    });
  });

  describe("lock", () => {
    it("keeps the requester from taking the request back, and says so", async () => {
      const { queue, redeemer, id } = await loadFixture(pendingFixture);
      await expect(queue.connect(redeemer).lock(id)).to.emit(queue, "RedemptionLocked").withArgs(id);
      expect((await queue.requestOf(id)).state).to.equal(STATE.Locked);
    });

    it("reverts where the request is locked, or is none", async () => {
      const { queue, redeemer, id } = await loadFixture(lockedFixture);
      const by = queue.connect(redeemer);
      await expect(by.lock(id)).to.be.revertedWithCustomError(queue, "BadState").withArgs(id, STATE.Locked);
      await expect(by.lock(9n)).to.be.revertedWithCustomError(queue, "BadState").withArgs(9n, STATE.None);
    });
  });

  describe("settle", () => {
    it("pays the requester from the redeemer, burns the shares, and says so", async () => {
      const suite = await loadFixture(lockedFixture);
      const { queue, token, usd, redeemer, alice, escrow, id } = suite;
      const out = MIN + 5n * USD;
      const before = await token.totalShares();
      const sent = queue.connect(redeemer).settle(id, out, PAYMENT);
      await expect(sent).to.changeTokenBalances(usd, [redeemer, alice, escrow], [-out, out, 0n]);
      await expect(sent)
        .to.emit(queue, "RedemptionSettled")
        .withArgs(id, alice.address, 10n * SHARE, await usd.getAddress(), out, out, PAYMENT);
      await expect(sent)
        .to.emit(token, "TransferShares")
        .withArgs(10n * SHARE);
      expect(await token.totalShares()).to.equal(before - 10n * SHARE);
      expect(await token.sharesOf(alice)).to.equal(990n * SHARE);
      expect((await queue.requestOf(id)).state).to.equal(STATE.Settled);
      expect(await queue.openOf(token, alice)).to.equal(0n);
      await expectEscrow(suite);
    });

    it("burns against a payment off the chain, of which it takes the reference", async () => {
      const suite = await loadFixture(redemptionFixture);
      const { queue, usd, redeemer, alice, request } = suite;
      const id = await request(alice, SHARE, ZeroAddress);
      const by = queue.connect(redeemer);
      await by.lock(id);
      for (const [out, reference] of [
        [1n, PAYMENT],
        [0n, ZeroHash],
      ] as const) {
        await expect(by.settle(id, out, reference))
          .to.be.revertedWithCustomError(queue, "InvalidOffChainPayment")
          .withArgs(out, reference);
      }
      const sent = by.settle(id, 0n, PAYMENT);
      await expect(sent)
        .to.emit(queue, "RedemptionSettled")
        .withArgs(id, alice.address, SHARE, ZeroAddress, 0n, 0n, PAYMENT);
      await expect(sent).to.changeTokenBalances(usd, [redeemer, alice], [0n, 0n]);
      await expectEscrow(suite);
    });

    it("reverts below the least", async () => {
      const { queue, redeemer, id } = await loadFixture(lockedFixture);
      for (const out of [0n, MIN - 1n]) {
        await expect(queue.connect(redeemer).settle(id, out, PAYMENT))
          .to.be.revertedWithCustomError(queue, "InsufficientPayment")
          .withArgs(out, MIN);
      }
    });

    it("reverts where the request is not locked, is settled, or is none", async () => {
      const { queue, redeemer, id } = await loadFixture(pendingFixture);
      const by = queue.connect(redeemer);
      const attempt = (of: bigint) => by.settle(of, MIN, PAYMENT);
      await expect(attempt(id)).to.be.revertedWithCustomError(queue, "BadState").withArgs(id, STATE.Pending);
      await by.lock(id);
      await attempt(id);
      await expect(attempt(id)).to.be.revertedWithCustomError(queue, "BadState").withArgs(id, STATE.Settled);
      await expect(attempt(2n)).to.be.revertedWithCustomError(queue, "BadState").withArgs(2n, STATE.None);
    });

    it("reverts while the requester is blocked", async () => {
      const { queue, usd, redeemer, alice, id } = await loadFixture(blockedFixture);
      await expect(queue.connect(redeemer).settle(id, MIN, PAYMENT))
        .to.be.revertedWithCustomError(queue, "RequesterBlocked")
        .withArgs(alice.address);
      expect(await usd.balanceOf(alice)).to.equal(0n);
    });

    it("takes no shares for money that the redeemer does not have", async () => {
      const suite = await loadFixture(lockedFixture);
      const { queue, usd, redeemer, id } = suite;
      await usd.connect(redeemer).transfer(suite.admin, 2_000_000n * USD - MIN + 1n);
      await expect(queue.connect(redeemer).settle(id, MIN, PAYMENT)).to.be.revertedWithPanic(0x11);
      await expectEscrow(suite);
    });
  });

  it("pays nothing where the token does not burn", async () => {
    const suite = await loadFixture(lockedFixture);
    const { queue, token, usd, redeemer, alice, id } = suite;
    await token.pause(4n);
    await expect(queue.connect(redeemer).settle(id, MIN, PAYMENT)).to.be.revertedWithCustomError(token, "BurnPaused");
    expect(await usd.balanceOf(alice)).to.equal(0n);
    expect((await queue.requestOf(id)).state).to.equal(STATE.Locked);
    await expectEscrow(suite);
  });

  describe("reject", () => {
    for (const [state, fixture] of [
      ["pending", pendingFixture],
      ["locked", lockedFixture],
    ] as const) {
      it(`gives a ${state} request's shares back to the requester, and says so`, async () => {
        const suite = await loadFixture(fixture);
        const { queue, token, redeemer, alice, id } = suite;
        await expect(queue.connect(redeemer).reject(id, REASON))
          .to.emit(queue, "RedemptionRejected")
          .withArgs(id, alice.address, 10n * SHARE, REASON);
        expect(await token.sharesOf(alice)).to.equal(1_000n * SHARE);
        expect((await queue.requestOf(id)).state).to.equal(STATE.Rejected);
        await expectEscrow(suite);
      });
    }

    it("reverts where the request has ended, or is none", async () => {
      const { queue, redeemer, id } = await loadFixture(lockedFixture);
      const by = queue.connect(redeemer);
      await by.settle(id, MIN, PAYMENT);
      await expect(by.reject(id, REASON)).to.be.revertedWithCustomError(queue, "BadState").withArgs(id, STATE.Settled);
      await expect(by.reject(2n, REASON)).to.be.revertedWithCustomError(queue, "BadState").withArgs(2n, STATE.None);
    });

    it("reverts while the requester is blocked", async () => {
      const { queue, redeemer, alice, id } = await loadFixture(blockedFixture);
      await expect(queue.connect(redeemer).reject(id, REASON))
        .to.be.revertedWithCustomError(queue, "RequesterBlocked")
        .withArgs(alice.address);
    });
  });

  describe("seize", () => {
    for (const [state, fixture] of [
      ["pending", pendingFixture],
      ["locked", lockedFixture],
    ] as const) {
      it(`moves a ${state} request's shares where the enforcer says, and says so`, async () => {
        const suite = await loadFixture(fixture);
        const { queue, token, enforcer, alice, bob, block, id } = suite;
        await block(alice);
        await expect(queue.connect(enforcer).seize(id, bob))
          .to.emit(queue, "RedemptionSeized")
          .withArgs(id, alice.address, bob.address, 10n * SHARE);
        expect(await token.sharesOf(bob)).to.equal(510n * SHARE);
        expect((await queue.requestOf(id)).state).to.equal(STATE.Seized);
        expect(await queue.openOf(token, alice)).to.equal(0n);
        await expectEscrow(suite);
      });
    }

    it("reverts where the requester is not blocked", async () => {
      const { queue, enforcer, alice, bob, id } = await loadFixture(lockedFixture);
      await expect(queue.connect(enforcer).seize(id, bob))
        .to.be.revertedWithCustomError(queue, "RequesterNotBlocked")
        .withArgs(alice.address);
    });

    it("reverts where the request has ended, or is none", async () => {
      const { queue, enforcer, bob, id } = await loadFixture(blockedFixture);
      const by = queue.connect(enforcer);
      await by.seize(id, bob);
      await expect(by.seize(id, bob)).to.be.revertedWithCustomError(queue, "BadState").withArgs(id, STATE.Seized);
      await expect(by.seize(2n, bob)).to.be.revertedWithCustomError(queue, "BadState").withArgs(2n, STATE.None);
    });

    it("reverts as the token does for who may not hold, the blocked one among them", async () => {
      const suite = await loadFixture(blockedFixture);
      const { queue, token, enforcer, alice, stranger, id } = suite;
      for (const to of [stranger, alice]) {
        await expect(queue.connect(enforcer).seize(id, to))
          .to.be.revertedWithCustomError(token, "ERC7943CannotReceive")
          .withArgs(to.address);
      }
      await expectEscrow(suite);
    });
  });

  describe("sweep", () => {
    it("sends away what came without a request, and no share that did, and says so", async () => {
      const suite = await loadFixture(pendingFixture);
      const { queue, token, config, bob, carol, stock } = suite;
      await token.connect(bob).transferShares(queue, 7n);
      await expectEscrow(suite, 7n);
      expect(await queue.connect(config).sweep.staticCall(token, carol)).to.equal(7n);
      await expect(queue.connect(config).sweep(token, carol))
        .to.emit(queue, "Swept")
        .withArgs(stock, carol.address, 7n);
      expect(await token.sharesOf(carol)).to.equal(250n * SHARE + 7n);
      await expectEscrow(suite);
    });

    it("reverts where there is nothing beyond the requests", async () => {
      const { queue, token, config, carol, stock } = await loadFixture(pendingFixture);
      await expect(queue.connect(config).sweep(token, carol))
        .to.be.revertedWithCustomError(queue, "NothingToSweep")
        .withArgs(stock);
    });
  });

  describe("wasEscrowedAt", () => {
    const NOBODY = [ZeroAddress, 0n];

    it("tells the snapshots between the request and its end, the last before the end among them", async () => {
      const suite = await loadFixture(redemptionFixture);
      const { queue, token, alice, snapshot, request } = suite;
      await snapshot();
      const id = await request(alice, SHARE);
      await snapshot();
      await snapshot();
      const at = async (snapshotId: bigint) => Object.values(fields(await queue.wasEscrowedAt(id, token, snapshotId)));
      // Open: up to the last snapshot that there is.
      expect(await at(0n)).to.deep.equal(NOBODY);
      expect(await at(1n)).to.deep.equal(NOBODY);
      expect(await at(2n)).to.deep.equal([alice.address, SHARE]);
      expect(await at(3n)).to.deep.equal([alice.address, SHARE]);
      expect(await at(4n)).to.deep.equal(NOBODY);
      await queue.connect(suite.redeemer).lock(id);
      expect(await at(3n)).to.deep.equal([alice.address, SHARE]);
      // Ended: up to the last snapshot before the end.
      await queue.connect(suite.redeemer).settle(id, MIN, PAYMENT);
      expect((await queue.requestOf(id)).closedAt).to.equal(3n);
      await snapshot();
      expect(await at(3n)).to.deep.equal([alice.address, SHARE]);
      expect(await at(4n)).to.deep.equal(NOBODY);
    });

    it("tells none of a request that came and went between two snapshots", async () => {
      const { queue, token, alice, redeemer, snapshot, request } = await loadFixture(redemptionFixture);
      await snapshot();
      const id = await request(alice, SHARE);
      await queue.connect(redeemer).reject(id, REASON);
      await snapshot();
      for (const at of [0n, 1n, 2n]) {
        expect(Object.values(fields(await queue.wasEscrowedAt(id, token, at)))).to.deep.equal(NOBODY);
      }
    });

    it("tells none for another token, nor of a request that is none", async () => {
      const { queue, token, usd, alice, snapshot, request } = await loadFixture(redemptionFixture);
      const id = await request(alice, SHARE);
      await snapshot();
      expect(Object.values(fields(await queue.wasEscrowedAt(id, usd, 1n)))).to.deep.equal(NOBODY);
      expect(Object.values(fields(await queue.wasEscrowedAt(id, ZeroAddress, 1n)))).to.deep.equal(NOBODY);
      expect(Object.values(fields(await queue.wasEscrowedAt(2n, token, 1n)))).to.deep.equal(NOBODY);
      expect(Object.values(fields(await queue.wasEscrowedAt(2n, ZeroAddress, 1n)))).to.deep.equal(NOBODY);
    });

    it("sums, over requests, to what the token says of the queue", async () => {
      const { queue, token, alice, bob, escrow, redeemer, snapshot, request } = await loadFixture(redemptionFixture);
      await request(alice, 2n * SHARE);
      await snapshot();
      await request(bob, 3n * SHARE);
      await queue.connect(redeemer).reject(1n, REASON);
      await request(alice, 5n * SHARE);
      await snapshot();
      await queue.connect(redeemer).reject(2n, REASON);
      await snapshot();
      for (const [snapshotId, expected] of [
        [1n, 2n],
        [2n, 8n],
        [3n, 5n],
      ] as const) {
        let sum = 0n;
        for (const id of [1n, 2n, 3n]) sum += (await queue.wasEscrowedAt(id, token, snapshotId)).shares;
        expect(sum).to.equal(expected * SHARE);
        expect(await token.sharesAt(escrow, snapshotId)).to.equal(sum);
      }
    });
  });

  it("holds the same shares through a split, and gives back as many", async () => {
    const suite = await loadFixture(pendingFixture);
    const { queue, token, alice, escrow, multiply, id } = suite;
    await multiply(10n ** 19n);
    await expectEscrow(suite);
    expect(await token.balanceOf(escrow)).to.equal(100n * SHARE);
    await pass(CANCEL_DELAY);
    await queue.connect(alice).cancel(id);
    expect(await token.sharesOf(alice)).to.equal(1_000n * SHARE);
  });

  describe("attacks", () => {
    it("a settlement is not front-run by taking the request back: it is locked before the stock is sold", async () => {
      const { queue, redeemer, alice, id } = await loadFixture(pendingFixture);
      await pass(CANCEL_DELAY - 10n);
      await queue.connect(redeemer).lock(id);
      await pass(30n * DAY);
      await expect(queue.connect(alice).cancel(id))
        .to.be.revertedWithCustomError(queue, "BadState")
        .withArgs(id, STATE.Locked);
      await queue.connect(redeemer).settle(id, MIN, PAYMENT);
    });

    it("a currency that takes a fee does not pay less than the least: the redeemer bears the fee", async () => {
      const { queue, usd, redeemer, alice, id } = await loadFixture(lockedFixture);
      await usd.setParams(10n, 49n); // a tenth of a percent
      const by = queue.connect(redeemer);
      await expect(by.settle(id, MIN, PAYMENT))
        .to.be.revertedWithCustomError(queue, "InsufficientPayment")
        .withArgs((MIN * 999n) / 1_000n, MIN);
      const out = MIN + 200_000n;
      const received = out - out / 1_000n;
      await expect(by.settle(id, out, PAYMENT))
        .to.emit(queue, "RedemptionSettled")
        .withArgs(id, alice.address, 10n * SHARE, await usd.getAddress(), out, received, PAYMENT);
      expect(await usd.balanceOf(alice)).to.equal(received);
    });

    it("a currency that moves nothing, or takes from the requester, settles nothing", async () => {
      const { queue, token, config, redeemer, alice, request } = await loadFixture(redemptionFixture);
      const lying = await hre.ethers.deployContract("MockHostileERC20");
      await queue.connect(config).setPayToken(token, lying, true);
      await lying.mint(redeemer, 2n * MIN);
      await lying.connect(redeemer).approve(queue, MaxUint256);
      const id = await request(alice, SHARE, lying);
      await queue.connect(redeemer).lock(id);
      await lying.setMove(HOSTILE_MOVE.Nothing, 0n);
      await expect(queue.connect(redeemer).settle(id, MIN, PAYMENT))
        .to.be.revertedWithCustomError(queue, "InsufficientPayment")
        .withArgs(0n, MIN);
      // More than all of it is lost on the way: the requester ends with less than before.
      await lying.mint(alice, MIN);
      await lying.setMove(HOSTILE_MOVE.Less, 20_000n);
      await expect(queue.connect(redeemer).settle(id, MIN, PAYMENT))
        .to.be.revertedWithCustomError(queue, "InsufficientPayment")
        .withArgs(0n, MIN);
    });

    it("a redeemer does not pay itself, nor pass its own money for the requester's", async () => {
      const { queue, redeemer, usd, verify, issue, token, request } = await loadFixture(redemptionFixture);
      await verify(redeemer);
      await issue(redeemer, SHARE);
      await token.connect(redeemer).approve(queue, MaxUint256);
      const id = await request(redeemer, SHARE);
      await queue.connect(redeemer).lock(id);
      await expect(queue.connect(redeemer).settle(id, MIN, PAYMENT))
        .to.be.revertedWithCustomError(queue, "InsufficientPayment")
        .withArgs(0n, MIN);
      expect(await usd.balanceOf(redeemer)).to.equal(2_000_000n * USD);
    });

    it("a rogue redeemer neither takes shares, nor pays less, nor settles what nobody locked or asked for", async () => {
      const suite = await loadFixture(lockedFixture);
      const { queue, token, redeemer, alice, id, escrow } = suite;
      const by = queue.connect(redeemer);
      await expect(by.settle(id, MIN - 1n, PAYMENT))
        .to.be.revertedWithCustomError(queue, "InsufficientPayment")
        .withArgs(MIN - 1n, MIN);
      await expect(by.seize(id, redeemer))
        .to.be.revertedWithCustomError(queue, "AccessManagedUnauthorized")
        .withArgs(redeemer.address);
      await expect(token.connect(redeemer).transferSharesFrom(escrow, redeemer, SHARE))
        .to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance")
        .withArgs(redeemer.address, 0n, SHARE);
      await expect(token.connect(redeemer).burnShares(SHARE))
        .to.be.revertedWithCustomError(token, "AccessManagedUnauthorized")
        .withArgs(redeemer.address);
      // What it can do is to give the shares back, once.
      await by.reject(id, REASON);
      await expect(by.reject(id, REASON)).to.be.revertedWithCustomError(queue, "BadState").withArgs(id, STATE.Rejected);
      expect(await token.sharesOf(alice)).to.equal(1_000n * SHARE);
      await expectEscrow(suite);
    });

    it("who is blocked after the request gets neither money nor shares until it is not", async () => {
      const suite = await loadFixture(blockedFixture);
      const { queue, usd, redeemer, alice, block, id } = suite;
      for (const attempt of [
        () => queue.connect(redeemer).settle(id, MIN, PAYMENT),
        () => queue.connect(redeemer).reject(id, REASON),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(queue, "RequesterBlocked").withArgs(alice.address);
      }
      await expectEscrow(suite);
      await block(alice, false);
      await queue.connect(redeemer).settle(id, MIN, PAYMENT);
      expect(await usd.balanceOf(alice)).to.equal(MIN);
    });

    it("a donation changes no request, nor what its shares are worth, nor who may have them", async () => {
      const suite = await loadFixture(lockedFixture);
      const { queue, token, redeemer, bob, id } = suite;
      await token.connect(bob).transferShares(queue, 100n * SHARE);
      await queue.connect(redeemer).settle(id, MIN, PAYMENT);
      await expectEscrow(suite, 100n * SHARE);
    });

    it("shares of another token do not settle or sweep this one's", async () => {
      const suite = await loadFixture(pendingFixture);
      const { queue, usd, config, carol } = suite;
      // No tokenized stock at all: there is nothing that it could answer.
      await expect(queue.connect(config).sweep(usd, carol)).to.be.revertedWithoutReason();
      await expectEscrow(suite);
    });

    it("requests of many holders do not make another's dearer: nothing loops over them", async () => {
      const suite = await loadFixture(redemptionFixture);
      const { queue, token, usd, alice, bob, carol } = suite;
      const gasOf = async (): Promise<bigint> =>
        queue.connect(bob).request.estimateGas(token, SHARE, usd, MIN, REF, { from: bob });
      await suite.request(carol, SHARE);
      const before = await gasOf();
      for (let i = 0n; i < MAX_OPEN; ++i) await suite.request(alice, SHARE);
      for (let i = 1n; i < MAX_OPEN; ++i) await suite.request(carol, SHARE);
      expect(await gasOf()).to.equal(before);
    });

    /** A requester that is a contract, called when it is paid, and that holds every role. */
    async function hookFixture() {
      const suite = await loadFixture(redemptionFixture);
      const { queue, token, config, redeemer, issue, verify, empower } = suite;
      const { ethers } = hre;
      const hook = await ethers.deployContract("MockHookToken");
      const rogue = await ethers.deployContract("MockPayout");
      await verify(rogue);
      await issue(rogue, 10n * SHARE);
      await empower(rogue);
      await queue.connect(config).setPayToken(token, hook, true);
      const encode = queue.interface.encodeFunctionData.bind(queue.interface);
      const call = async (target: string, data: string): Promise<unknown> => rogue.execute(target, 0n, data);
      const [stock, escrow, currency] = [suite.stock, suite.escrow, await hook.getAddress()];
      await call(stock, token.interface.encodeFunctionData("approve", [escrow, MaxUint256]));
      const requestData = queue.interface.encodeFunctionData("request", [stock, SHARE, currency, MIN, REF]);
      await call(escrow, requestData);
      await call(escrow, requestData);
      await call(currency, hook.interface.encodeFunctionData("setHooks", [ZeroAddress, await rogue.getAddress()]));
      await hook.mint(redeemer, 10n * MIN);
      await hook.mint(rogue, 10n * MIN);
      await hook.connect(redeemer).approve(queue, MaxUint256);
      await pass(CANCEL_DELAY);
      await queue.connect(redeemer).lock(1n);
      return { ...suite, hook, rogue, call, currency, requestData, encode };
    }

    for (const name of ["request", "cancel", "settle", "reject", "seize", "sweep"] as const) {
      it(`a requester does not come back by ${name} while it is paid`, async () => {
        const suite = await loadFixture(hookFixture);
        const { queue, redeemer, rogue, stock, requestData } = suite;
        const { interface: i } = queue;
        const to = await rogue.getAddress();
        const data = {
          request: requestData,
          cancel: i.encodeFunctionData("cancel", [2n]),
          settle: i.encodeFunctionData("settle", [1n, MIN, PAYMENT]),
          reject: i.encodeFunctionData("reject", [1n, REASON]),
          seize: i.encodeFunctionData("seize", [1n, to]),
          sweep: i.encodeFunctionData("sweep", [stock, to]),
        }[name];
        await rogue.setReentry(queue, 0n, data);
        await rogue.setMode(PAYOUT_MODE.Reenter);
        await queue.connect(redeemer).settle(1n, MIN, PAYMENT);
        expect(await rogue.reentries()).to.equal(1n);
        expect(await rogue.reentrySucceeded()).to.equal(false);
        expect(await rogue.reentryResult()).to.equal(i.getError("ReentrancyGuardReentrantCall")?.selector);
        await expectEscrow(suite);
      });
    }

    it("a requester that refuses its money is not paid, holds up nobody, and gets its shares back", async () => {
      const suite = await loadFixture(hookFixture);
      const { queue, token, redeemer, rogue, alice, request } = suite;
      await rogue.setMode(PAYOUT_MODE.Refuse);
      const by = queue.connect(redeemer);
      await expect(by.settle(1n, MIN, PAYMENT)).to.be.revertedWithCustomError(rogue, "Refused");
      const other = await request(alice, SHARE);
      await by.lock(other);
      await by.settle(other, MIN, PAYMENT);
      await by.reject(1n, REASON);
      expect(await token.sharesOf(rogue)).to.equal(9n * SHARE);
      await expectEscrow(suite);
    });

    it("a redeemer does not pay with other money that is made to arrive in the same call", async () => {
      const suite = await loadFixture(hookFixture);
      const { queue, hook, rogue, redeemer, alice, request, escrow, call, currency } = suite;
      const id = await request(alice, SHARE, hook);
      await queue.connect(redeemer).lock(id);
      // The rogue is the redeemer now. Its sender's hook makes a payment to alice that is due anyway.
      await call(currency, hook.interface.encodeFunctionData("approve", [escrow, MaxUint256]));
      await call(currency, hook.interface.encodeFunctionData("setHooks", [await rogue.getAddress(), ZeroAddress]));
      await rogue.setReentry(hook, 0n, hook.interface.encodeFunctionData("transfer", [alice.address, MIN]));
      await rogue.setMode(PAYOUT_MODE.Reenter);
      const settle = (out: bigint) => call(escrow, queue.interface.encodeFunctionData("settle", [id, out, PAYMENT]));
      await expect(settle(0n)).to.be.revertedWithCustomError(queue, "InsufficientPayment").withArgs(0n, MIN);
      await settle(MIN);
      expect(await hook.balanceOf(alice)).to.equal(2n * MIN);
    });
  });
});
