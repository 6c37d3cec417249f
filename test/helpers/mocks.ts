/** What mocks can be told to do, by the names of their enums' members, in the enums' order. */

const ordered = <const Names extends readonly string[]>(...names: Names): Record<Names[number], number> =>
  Object.fromEntries(names.map((name, index) => [name, index])) as Record<Names[number], number>;

/** MockERC721Receiver's answer. */
export const RECEIVER_ANSWER = ordered(
  "Magic",
  "WrongMagic",
  "Dirty",
  "Short",
  "Nothing",
  "RevertWithReason",
  "RevertWithError",
  "RevertWithoutReason",
  "Panic",
  "BurnGas",
  "Reenter",
);

/** MockPayout's mode: what becomes of what arrives. */
export const PAYOUT_MODE = ordered("Accept", "Refuse", "BurnGas", "Reenter", "ReturnBomb", "RevertBomb");

/** MockPayout's due: what becomes of a royalty. */
export const PAYOUT_DUE = ordered(
  "PayExactly",
  "PayLess",
  "PayNothing",
  "PayMore",
  "ReenterAndPay",
  "ReenterInstead",
  "Revert",
);

/** MockHostileERC20's move. */
export const HOSTILE_MOVE = ordered("Exactly", "Nothing", "Less", "More", "Revert");

/** MockHostileERC20's answer. */
export const HOSTILE_ANSWER = ordered("True", "False", "Nothing");

/** MockAggregator's mode. */
export const FEED_MODE = ordered("Answer", "Revert", "Nothing", "Short", "BurnGas", "Garbage");

/** MockSanctionsList's mode. */
export const LIST_MODE = ordered(
  "Honest",
  "Dead",
  "AccuseAll",
  "ClearAll",
  "Nothing",
  "Short",
  "Garbage",
  "BurnGas",
  "ReturnBomb",
  "RevertBomb",
);
