import { appendFileSync } from "node:fs";

/** Counts of one runner, or of several. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export const noTests: Tally = { passed: 0, failed: 0, skipped: 0 };

export const sum = (...tallies: readonly Tally[]): Tally =>
  tallies.reduce(
    (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }),
    noTests,
  );

export const tallyLine = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;

/** Adds a line to the file that a caller sums over several commands, where it asks for one. */
export const report = (tally: Tally): void => {
  const file = process.env.TESSERA_TALLIES;
  if (file !== undefined && file !== "") appendFileSync(file, `${JSON.stringify(tally)}\n`);
};
