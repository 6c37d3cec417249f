/**
 * How a tokenized stock rounds: shares are stored, amounts are shares times a multiplier. The contracts' arithmetic again,
 * in big integers, with the direction of each rounding and what it guarantees.
 */

/** Multipliers, shares and amounts have 18 decimals. */
export const WAD = 10n ** 18n;
/** Bounds that the contracts hold multipliers to: 1e-8 and 1e8. */
export const MIN_MULTIPLIER = 10n ** 10n;
export const MAX_MULTIPLIER = 10n ** 26n;
/** Most shares that may exist; as a frozen number, all ones stand for everything that an account has. */
export const MAX_SHARES = 2n ** 112n - 1n;
/** Most that an amount may be, so that an amount times 1e18 fits a word. */
export const MAX_AMOUNT = 2n ** 192n - 1n;
/** As an amount to freeze: everything, now and later. */
export const FREEZE_ALL = 2n ** 256n - 1n;

const BPS = 10_000n;

const natural = (name: string, value: bigint): bigint => {
  if (value < 0n) throw new RangeError(`${name} cannot be negative: ${value.toString()}.`);
  return value;
};

const divisor = (name: string, value: bigint): bigint => {
  if (value <= 0n) throw new RangeError(`${name} must be positive: ${value.toString()}.`);
  return value;
};

const floor = (value: bigint, factor: bigint, by: bigint): bigint =>
  (natural("A value", value) * natural("A factor", factor)) / divisor("A divisor", by);

const ceil = (value: bigint, factor: bigint, by: bigint): bigint => {
  const down = floor(value, factor, by);
  return down * by === value * factor ? down : down + 1n;
};

/** What shares are worth, as a balance, a supply or a transfer of shares tells it. Down: balances never exceed supply. */
export const toAmount = (shares: bigint, multiplier: bigint): bigint => floor(shares, multiplier, WAD);

/** What an allowance is charged for shares. Up: shares never move for nothing. */
export const toAmountUp = (shares: bigint, multiplier: bigint): bigint => ceil(shares, multiplier, WAD);

/** Shares of an amount, down. Zero is refused where it is a mint or a deposit. */
export const toSharesDown = (amount: bigint, multiplier: bigint): bigint => floor(amount, WAD, multiplier);

/** Shares of an amount, up: whoever is to get the amount gets it. */
export const toSharesUp = (amount: bigint, multiplier: bigint): bigint => ceil(amount, WAD, multiplier);

export const balanceOfShares = toAmount;

/** Shares that a transfer of an amount moves: the receiver gains the amount, and at most ceil(multiplier / 1e18) more. */
export const sharesToTransfer = toSharesUp;

/** What a transfer of shares says that it moved, and what it charges to an allowance. */
export const amountsOfSharesTransfer = (
  shares: bigint,
  multiplier: bigint,
): { transferred: bigint; charged: bigint } => ({
  transferred: toAmount(shares, multiplier),
  charged: toAmountUp(shares, multiplier),
});

/** Shares that a mint of an amount makes: the supply grows by the amount at most. 0 is refused by the token. */
export const sharesToMint = toSharesDown;

/** Shares that a burn of an amount takes: the supply shrinks by the amount at least. */
export const sharesToBurn = toSharesUp;

/** Shares that freezing an amount freezes; null where the token refuses the amount as too large. */
export const sharesToFreeze = (amount: bigint, multiplier: bigint): bigint | null => {
  if (amount === FREEZE_ALL) return MAX_SHARES;
  const shares = toSharesUp(amount, multiplier);
  return amount > MAX_AMOUNT || shares >= MAX_SHARES ? null : shares;
};

/** The amount that frozen shares stand for, which a split changes as it changes the balance. */
export const frozenAmount = (frozenShares: bigint, multiplier: bigint): bigint =>
  frozenShares === MAX_SHARES ? FREEZE_ALL : toAmount(frozenShares, multiplier);

/** Shares that an account may move: more may be frozen than there are. */
export const freeShares = (shares: bigint, frozenShares: bigint): bigint =>
  frozenShares >= shares ? 0n : shares - frozenShares;

/** What an account may move. */
export const availableAmount = (shares: bigint, frozenShares: bigint, multiplier: bigint): bigint =>
  toAmount(freeShares(shares, frozenShares), multiplier);

/** The wrapper, of which one unit is one share. */
export const wrapperRounding = {
  /** Units for an amount, of which exactly as many shares are pulled: worth the amount at most. 0 is refused. */
  deposit: toSharesDown,
  /** What units cost, as a preview; the shares pulled are the units. */
  previewMint: toAmountUp,
  /** Units burned for an amount, and shares sent: the receiver gains the amount at least. */
  withdraw: toSharesUp,
  /** What units are worth, as a preview; the shares sent are the units. */
  previewRedeem: toAmount,
} as const;

/** The multiplier after an action of a ratio. Down, and the caller checks that it is within bounds. */
export const nextMultiplier = (multiplier: bigint, numerator: bigint, denominator: bigint): bigint =>
  floor(multiplier, numerator, denominator);

/** Where a token reads its reserves, as far as arithmetic goes. */
export interface ReserveTerms {
  /** Decimals of the feed's answer. */
  decimals: number;
  /** What must stay uncovered. */
  marginBps: bigint;
  /** This chain's part of the reserves. */
  chainShareBps: bigint;
}

/** The supply that an answer of the reserve feed allows. Down at every step. */
export const allowedSupply = (answer: bigint, { decimals, marginBps, chainShareBps }: ReserveTerms): bigint => {
  const scale = decimals - 18;
  const reserves =
    scale > 0 ? floor(answer, 1n, 10n ** BigInt(scale)) : natural("An answer", answer) * 10n ** BigInt(-scale);
  return floor(floor(reserves, chainShareBps, BPS), BPS - marginBps, BPS);
};
