/**
 * The chain as it was before any test, its clock in step with the wall clock. For suites whose subject lives by the wall
 * clock, after others have moved the chain's. A snapshot rather than `hardhat_reset`, which replaces the chain that
 * coverage attached itself to at the start.
 */
import { clearSnapshots, takeSnapshot, time, type SnapshotRestorer } from "@nomicfoundation/hardhat-network-helpers";

let start: SnapshotRestorer | undefined;

// Outside of any `describe`: it runs before the first test of the whole run, whichever file that is in.
before(async () => {
  start = await takeSnapshot();
});

export const restorePristineChain = async (): Promise<void> => {
  if (start === undefined) throw new Error("the chain's start was not recorded");
  // Fixtures' snapshots are younger than the start, and end with it.
  await clearSnapshots();
  await start.restore();
  // A chain that is taken back goes on from its second of then, which may be many minutes ago.
  const now = Math.floor(Date.now() / 1_000);
  if ((await time.latest()) < now) await time.increaseTo(now);
};
