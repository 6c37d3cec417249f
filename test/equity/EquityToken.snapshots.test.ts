import { loadFixture, setStorageAt, time } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { expect } from "chai";
import { MaxUint256, toBeHex } from "ethers";
import fc from "fast-check";
import hre from "hardhat";

import {
  HELD,
  KIND,
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
  type EquityFixture,
} from "../fixtures/equity";
import { erc7201Slot } from "../helpers/erc7201";

const SEED = 20_261_125;
const MAX_SNAPSHOTS = 65_535n;
const STATE_SLOT = erc7201Slot("tessera.storage.EquityLedger");
const SNAPSHOT_SHIFT = 240n;

const snapshot = async ({ equity, holders }: EquityFixture): Promise<bigint> => {
  await equity.connect(holders.EQUITY_CORP_ACTION).snapshot();
  return equity.snapshotId();
};

/** Sets the id of the last snapshot, as if that many had been taken. */
const setSnapshotId = async ({ equityAddress }: EquityFixture, id: bigint): Promise<void> => {
  const word = BigInt(await hre.ethers.provider.getStorage(equityAddress, STATE_SLOT));
  const state = (word & ((1n << SNAPSHOT_SHIFT) - 1n)) | (id << SNAPSHOT_SHIFT);
  await setStorageAt(equityAddress, STATE_SLOT, toBeHex(state, 32));
};

/** Alice is blocked, so that an enforcer may take; the redeemer holds as much as she does. */
async function seizableFixture(): Promise<EquityFixture> {
  const suite = await loadFixture(equityFixture);
  await mint(suite, suite.holders.EQUITY_REDEEMER.address, HELD);
  return suite;
}

describe("EquityToken: snapshot", () => {
  it("counts up from 1, and says what all shares are", async () => {
    const suite = await loadEquity();
    const { equity, holders } = suite;
    const by = equity.connect(holders.EQUITY_CORP_ACTION);
    expect(await equity.snapshotId()).to.equal(0n);
    expect(await by.snapshot.staticCall()).to.equal(1n);
    await expect(by.snapshot())
      .to.emit(equity, "SnapshotTaken")
      .withArgs(1n, 3n * HELD);
    await mint(suite, holders.EQUITY_REDEEMER.address, SHARE);
    await expect(by.snapshot())
      .to.emit(equity, "SnapshotTaken")
      .withArgs(2n, 3n * HELD + SHARE);
    expect(await equity.snapshotId()).to.equal(2n);
    expect(await equity.totalSharesAt(1n)).to.equal(3n * HELD);
    expect(await equity.totalSharesAt(2n)).to.equal(3n * HELD + SHARE);
  });

  it("is no stranger's", async () => {
    const { equity, stranger, holders } = await loadEquity();
    for (const caller of [stranger, holders.EQUITY_MINTER]) {
      await expect(equity.connect(caller).snapshot())
        .to.be.revertedWithCustomError(equity, "AccessManagedUnauthorized")
        .withArgs(caller.address);
    }
  });

  it("writes a multiplier whose time has come, and keeps the rest of the state", async () => {
    const suite = await loadEquity();
    const { equity, holders } = suite;
    await call(suite, "EQUITY_CONFIG", equity, "setPolicy", [12, 5, 9n]);
    await equity.connect(holders.PAUSER).pause(9n);
    await act(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n });
    await expect(equity.connect(holders.EQUITY_CORP_ACTION).snapshot())
      .to.emit(equity, "MultiplierUpdated")
      .withArgs(WAD, 2n * WAD);
    const at = await scheduleAction(suite, { kind: KIND.Split, numerator: 2n, denominator: 1n, haltMinutes: 7 });
    await snapshot(suite);
    expect(await equity.pendingMultiplier()).to.deep.equal([4n * WAD, BigInt(at), 7n]);
    expect(await equity.policy()).to.deep.equal([12n, 5n, 9n]);
    expect(await equity.pauses()).to.equal(9n);
    expect(await equity.totalSharesAt(2n)).to.equal(3n * HELD);
  });

  it("may be taken 65,535 times, and not once more", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob, holders } = suite;
    await snapshot(suite);
    await equity.connect(alice).transfer(bob, 5n);
    await setSnapshotId(suite, MAX_SNAPSHOTS - 1n);
    expect(await snapshot(suite)).to.equal(MAX_SNAPSHOTS);
    await expect(equity.connect(holders.EQUITY_CORP_ACTION).snapshot())
      .to.be.revertedWithCustomError(equity, "TooManySnapshots")
      .withArgs();
    // The last one is as good as the first, and the state beside it is whole.
    await equity.connect(alice).transfer(bob, 7n);
    expect(await equity.sharesAt(alice, 1n)).to.equal(HELD);
    expect(await equity.sharesAt(alice, 2n)).to.equal(HELD - 5n);
    expect(await equity.sharesAt(alice, MAX_SNAPSHOTS)).to.equal(HELD - 5n);
    expect(await equity.sharesOf(alice)).to.equal(HELD - 12n);
    expect(await equity.multiplier()).to.equal(WAD);
    await expect(equity.sharesAt(alice, MAX_SNAPSHOTS + 1n))
      .to.be.revertedWithCustomError(equity, "UnknownSnapshot")
      .withArgs(MAX_SNAPSHOTS + 1n);
  });
});

describe("EquityToken: sharesAt and totalSharesAt", () => {
  it("revert for no snapshot, and for one to come", async () => {
    const suite = await loadEquity();
    const { equity, alice } = suite;
    for (const taken of [0n, 1n]) {
      if (taken === 1n) await snapshot(suite);
      for (const id of [0n, taken + 1n, MaxUint256]) {
        await expect(equity.sharesAt(alice, id)).to.be.revertedWithCustomError(equity, "UnknownSnapshot").withArgs(id);
        await expect(equity.totalSharesAt(id)).to.be.revertedWithCustomError(equity, "UnknownSnapshot").withArgs(id);
      }
    }
  });

  it("are of now for an account that nobody touched", async () => {
    const suite = await loadEquity();
    const { equity, alice, stranger } = suite;
    for (let i = 0; i < 3; i++) await snapshot(suite);
    for (const id of [1n, 2n, 3n]) {
      expect(await equity.sharesAt(alice, id)).to.equal(HELD);
      expect(await equity.sharesAt(stranger, id)).to.equal(0n);
      expect(await equity.totalSharesAt(id)).to.equal(3n * HELD);
    }
  });

  it("are of before the first change after the snapshot, however many follow", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob, stranger } = suite;
    await snapshot(suite);
    for (const amount of [1n, 2n, 3n]) await equity.connect(alice).transfer(bob, amount);
    await equity.connect(alice).transfer(stranger, 4n);
    expect(await equity.sharesAt(alice, 1n)).to.equal(HELD);
    expect(await equity.sharesAt(bob, 1n)).to.equal(HELD);
    expect(await equity.sharesAt(stranger, 1n)).to.equal(0n);
    expect(await equity.sharesOf(alice)).to.equal(HELD - 10n);
    expect(await equity.sharesOf(stranger)).to.equal(4n);
  });

  it("are the same for all snapshots between two changes", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await equity.connect(alice).transfer(bob, 1n); // before any
    await snapshot(suite);
    await snapshot(suite);
    await equity.connect(alice).transfer(bob, 10n);
    for (let i = 0; i < 4; i++) await snapshot(suite);
    await equity.connect(alice).transfer(bob, 100n);
    await snapshot(suite);
    const taken = [1n, 1n, 11n, 11n, 11n, 11n, 111n];
    for (const [i, sent] of taken.entries()) {
      expect(await equity.sharesAt(alice, BigInt(i + 1))).to.equal(HELD - sent);
      expect(await equity.sharesAt(bob, BigInt(i + 1))).to.equal(HELD + sent);
    }
  });

  it("are found among many checkpoints, at each of them and in each gap", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    const expected: bigint[] = [];
    for (let i = 0n; i < 33n; i++) {
      await snapshot(suite);
      expected.push(await equity.sharesOf(alice));
      if (i % 4n !== 3n) await equity.connect(alice).transfer(bob, i + 1n);
    }
    for (const [i, shares] of expected.entries()) {
      expect(await equity.sharesAt(alice, BigInt(i + 1))).to.equal(shares);
      expect(await equity.sharesAt(bob, BigInt(i + 1))).to.equal(2n * HELD - shares);
    }
  });

  it("hold through a mint, a burn, force, a freeze and a transfer to oneself", async () => {
    const suite = await loadFixture(seizableFixture);
    const { equity, alice, bob, carol, holders } = suite;
    const redeemer = holders.EQUITY_REDEEMER;
    await block(suite, alice.address);
    await snapshot(suite);
    await mint(suite, bob.address, 5n);
    await equity.connect(redeemer).burn(6n);
    await call(suite, "EQUITY_ENFORCER", equity, "forcedTransfer", [alice.address, carol.address, 7n]);
    await snapshot(suite);
    await call(suite, "EQUITY_ENFORCER", equity, "forcedBurn", [alice.address, 8n]);
    await equity.connect(redeemer).burnShares(9n);
    await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(carol, 10n);
    await equity.connect(bob).transfer(bob, 11n);
    await snapshot(suite);
    const accounts = [alice, bob, carol, redeemer];
    const table = [
      [HELD, HELD, HELD, HELD, 4n * HELD],
      [HELD - 7n, HELD + 5n, HELD + 7n, HELD - 6n, 4n * HELD - 1n],
      [HELD - 15n, HELD + 5n, HELD + 7n, HELD - 15n, 4n * HELD - 18n],
    ];
    for (const [i, row] of table.entries()) {
      const id = BigInt(i + 1);
      const shares = await Promise.all(accounts.map((account) => equity.sharesAt(account, id)));
      expect([...shares, await equity.totalSharesAt(id)]).to.deep.equal(row);
    }
    expect(await equity.getFrozenTokens(carol)).to.equal(10n);
  });

  it("hold where force takes of what is frozen, which is written twice", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob, holders } = suite;
    await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(alice, HELD);
    await snapshot(suite);
    await call(suite, "EQUITY_ENFORCER", equity, "forcedTransfer", [alice.address, bob.address, 400n]);
    await snapshot(suite);
    await call(suite, "EQUITY_ENFORCER", equity, "forcedBurn", [alice.address, 100n]);
    expect(await equity.sharesAt(alice, 1n)).to.equal(HELD);
    expect(await equity.sharesAt(alice, 2n)).to.equal(HELD - 400n);
    expect(await equity.sharesOf(alice)).to.equal(HELD - 500n);
    expect(await equity.getFrozenTokens(alice)).to.equal(HELD - 500n);
  });

  it("are shares, which no action changes", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await snapshot(suite);
    await act(suite, { kind: KIND.Split, numerator: 3n, denominator: 1n });
    await equity.connect(alice).transferShares(bob, 1n);
    expect(await equity.sharesAt(alice, 1n)).to.equal(HELD);
    expect(await equity.totalSharesAt(1n)).to.equal(3n * HELD);
  });

  it("are those before a snapshot in the same block, and not those after", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    const at = (await time.latest()) + 1_000;
    await time.setNextBlockTimestamp(at);
    await equity.connect(alice).transfer(bob, 1n);
    await time.setNextBlockTimestamp(at);
    await snapshot(suite);
    await time.setNextBlockTimestamp(at);
    await equity.connect(alice).transfer(bob, 2n);
    expect(await equity.sharesAt(alice, 1n)).to.equal(HELD - 1n);
  });

  describe("against a list of every past @long", () => {
    interface Step {
      name: string;
      from: number;
      to: number;
      amount: bigint;
    }
    const step: fc.Arbitrary<Step> = fc.record({
      name: fc.oneof(
        { weight: 4, arbitrary: fc.constant("snapshot") },
        { weight: 5, arbitrary: fc.constant("transfer") },
        { weight: 1, arbitrary: fc.constantFrom("mint", "burn", "freeze", "seize") },
      ),
      from: fc.nat({ max: 3 }),
      to: fc.nat({ max: 3 }),
      amount: fc.bigInt(0n, 50n),
    });

    it("say the same of every account at every snapshot, and sum to the total", async function () {
      this.timeout(300_000);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
          const suite = await loadFixture(seizableFixture);
          const { equity, alice, bob, carol, holders } = suite;
          const accounts: HardhatEthersSigner[] = [alice, bob, carol, holders.EQUITY_REDEEMER];
          const account = (i: number): HardhatEthersSigner => accounts[i] ?? alice;
          const shares = [HELD, HELD, HELD, HELD];
          const add = (i: number, change: bigint): void => {
            shares[i] = (shares[i] ?? 0n) + change;
          };
          const past: bigint[][] = [];
          await refresh(suite.feed);
          for (const { name, from, to, amount } of steps) {
            if (name === "snapshot") {
              await snapshot(suite);
              past.push([...shares]);
            } else if (name === "transfer") {
              await equity.connect(account(from)).transfer(account(to), amount);
              add(from, -amount);
              add(to, amount);
            } else if (name === "mint") {
              await mint(suite, account(to).address, amount + 1n);
              add(to, amount + 1n);
            } else if (name === "burn") {
              await equity.connect(holders.EQUITY_REDEEMER).burnShares(amount + 1n);
              add(3, -amount - 1n);
            } else if (name === "freeze") {
              // Never so much that a step could fail over it.
              await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(account(from), amount);
            } else {
              await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(account(from), MaxUint256);
              await call(suite, "EQUITY_ENFORCER", equity, "forcedTransfer", [
                account(from).address,
                account(to).address,
                amount,
              ]);
              await equity.connect(holders.EQUITY_FREEZER).setFrozenTokens(account(from), 0n);
              add(from, -amount);
              add(to, amount);
            }
          }
          for (const [i, row] of past.entries()) {
            const id = BigInt(i + 1);
            const said = await Promise.all(accounts.map((one) => equity.sharesAt(one, id)));
            expect(said).to.deep.equal(row);
            expect(await equity.totalSharesAt(id)).to.equal(row.reduce((sum, one) => sum + one, 0n));
          }
          expect(await Promise.all(accounts.map((one) => equity.sharesOf(one)))).to.deep.equal(shares);
        }),
        { numRuns: 15, seed: SEED },
      );
    });
  });
});

describe("EquityToken: attacks on snapshots", () => {
  it("shares shown twice, by moving them after the snapshot", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob, carol } = suite;
    await snapshot(suite);
    await equity.connect(alice).transfer(bob, HELD);
    await equity.connect(bob).transfer(carol, 2n * HELD);
    for (const one of [alice, bob, carol]) expect(await equity.sharesAt(one, 1n)).to.equal(HELD);
    expect(await equity.totalSharesAt(1n)).to.equal(3n * HELD);
  });

  it("a past rewritten by transfers of nothing, to oneself, or by another's dust", async () => {
    const suite = await loadEquity();
    const { equity, alice, bob } = suite;
    await snapshot(suite);
    await equity.connect(alice).transfer(bob, 500n);
    for (let i = 0; i < 3; i++) {
      await equity.connect(alice).transfer(alice, 0n);
      await equity.connect(alice).transfer(alice, 100n);
      await equity.connect(bob).transfer(alice, 1n);
      await snapshot(suite);
    }
    expect(await equity.sharesAt(alice, 1n)).to.equal(HELD);
    expect(await equity.sharesAt(alice, 2n)).to.equal(HELD - 499n);
    expect(await equity.sharesAt(alice, 4n)).to.equal(HELD - 497n);
  });
});
