/**
 * The compliance registry off chain: an investor's word packed and unpacked (contracts/equity/types/Investor.sol), and
 * the check of a move (ComplianceRegistry.check) as a pure function, so that a wallet can say beforehand what a token
 * would refuse, and a test can hold the contract to it.
 */

/** ERC-1404's codes of the suite. */
export enum Restriction {
  None,
  Paused,
  Halted,
  SenderBlocked,
  ReceiverBlocked,
  SpenderBlocked,
  SenderKyc,
  ReceiverKyc,
  SenderExpired,
  ReceiverExpired,
  SenderCountry,
  ReceiverCountry,
  Frozen,
  Balance,
  Class,
  ReceiverWrapper,
}

/** What the registry knows of an account. */
export interface Investor {
  kyc: boolean;
  /** May neither send, receive, nor spend for others. */
  blocked: boolean;
  noSend: boolean;
  noReceive: boolean;
  /** A pool, a bridge, a queue, a wrapper: needs neither KYC, country nor class, and is never blocked. */
  system: boolean;
  accredited: boolean;
  /** A system account that takes shares by its own deposit alone. */
  wrapper: boolean;
  /** Index of `COUNTRY_CODES`; 0: not known. */
  country: number;
  /** When the KYC is over, in Unix seconds; 0: it does not end. */
  expiry: bigint;
  investorId: bigint;
  /** Product classes that the investor may hold, 0 to 63, ascending. */
  classes: readonly number[];
}

/** What a token asks of those who send and receive it. */
export interface Policy {
  receiverKyc: boolean;
  senderKyc: boolean;
  /** Both must be of a country in the token's mask. */
  byCountry: boolean;
  /** The product class that both must have; null: none. */
  productClass: number | null;
}

/** A side of a move. */
export interface Party {
  address: string;
  /** The account's word, as `ComplianceRegistry.accountOf` answers it. */
  word: bigint;
}

const FLAGS = {
  kyc: 0n,
  blocked: 1n,
  noSend: 2n,
  noReceive: 3n,
  system: 4n,
  accredited: 5n,
  wrapper: 6n,
} as const satisfies Partial<Record<keyof Investor, bigint>>;

type Flag = keyof typeof FLAGS;
const FLAG_NAMES = Object.keys(FLAGS) as Flag[];

const FIELDS = {
  country: { shift: 8n, bits: 8n },
  expiry: { shift: 16n, bits: 40n },
  investorId: { shift: 56n, bits: 64n },
} as const;
const CLASSES_SHIFT = 120n;
const MAX_CLASS = 63;

/** Bits that each role of the registry may write; 7 and 184 to 255 are nobody's. */
export const ROLE_MASKS = {
  restrictions: 0b1110n,
  investor: 0b10_0001n | (((1n << 176n) - 1n) << 8n),
  system: 0b101_0000n,
} as const;

const LAYOUT = ROLE_MASKS.restrictions | ROLE_MASKS.investor | ROLE_MASKS.system;

/** What an account is that the registry never heard of. */
export const UNKNOWN_INVESTOR: Investor = {
  kyc: false,
  blocked: false,
  noSend: false,
  noReceive: false,
  system: false,
  accredited: false,
  wrapper: false,
  country: 0,
  expiry: 0n,
  investorId: 0n,
  classes: [],
};

const placed = (name: keyof typeof FIELDS, value: bigint): bigint => {
  const { shift, bits } = FIELDS[name];
  if (value < 0n || value >> bits !== 0n)
    throw new RangeError(`An investor's ${name} has ${bits.toString()} bits: ${value.toString()} does not fit.`);
  return value << shift;
};

const classBit = (productClass: number): bigint => {
  if (!Number.isInteger(productClass) || productClass < 0 || productClass > MAX_CLASS)
    throw new RangeError(`Product classes are 0 to ${MAX_CLASS}: there is no ${productClass}.`);
  return 1n << BigInt(productClass);
};

/** An investor as the registry stores it. What is not given is nothing: false, 0, none. */
export const packInvestor = (parts: Partial<Investor>): bigint => {
  const investor = { ...UNKNOWN_INVESTOR, ...parts };
  const flags = FLAG_NAMES.reduce((word, name) => word | (investor[name] ? 1n << FLAGS[name] : 0n), 0n);
  const classes = investor.classes.reduce((bits, productClass) => bits | classBit(productClass), 0n);
  return (
    flags |
    placed("country", BigInt(investor.country)) |
    placed("expiry", investor.expiry) |
    placed("investorId", investor.investorId) |
    (classes << CLASSES_SHIFT)
  );
};

/** What a word of the registry says; throws on bits that no role could have set. */
export const unpackInvestor = (word: bigint): Investor => {
  if (word < 0n || (word & ~LAYOUT) !== 0n)
    throw new RangeError(`0x${word.toString(16)} has bits outside of an investor's layout.`);
  const flag = (name: Flag): boolean => ((word >> FLAGS[name]) & 1n) === 1n;
  const field = (name: keyof typeof FIELDS): bigint => (word >> FIELDS[name].shift) & ((1n << FIELDS[name].bits) - 1n);
  const classes: number[] = [];
  for (let i = 0; i <= MAX_CLASS; ++i) if (((word >> (CLASSES_SHIFT + BigInt(i))) & 1n) === 1n) classes.push(i);
  return {
    kyc: flag("kyc"),
    blocked: flag("blocked"),
    noSend: flag("noSend"),
    noReceive: flag("noReceive"),
    system: flag("system"),
    accredited: flag("accredited"),
    wrapper: flag("wrapper"),
    country: Number(field("country")),
    expiry: field("expiry"),
    investorId: field("investorId"),
    classes,
  };
};

/** A policy as the registry takes it: four bits, and the product class in bits 8 to 13. */
export const packPolicy = ({ receiverKyc, senderKyc, byCountry, productClass }: Policy): bigint => {
  const rules = (receiverKyc ? 1n : 0n) | (senderKyc ? 2n : 0n) | (byCountry ? 4n : 0n);
  if (productClass === null) return rules;
  classBit(productClass); // throws on one that there is not
  return rules | 8n | (BigInt(productClass) << 8n);
};

/** What a packed policy says; bits beyond those of `packPolicy` mean nothing. */
export const unpackPolicy = (policy: bigint): Policy => ({
  receiverKyc: (policy & 1n) === 1n,
  senderKyc: ((policy >> 1n) & 1n) === 1n,
  byCountry: ((policy >> 2n) & 1n) === 1n,
  productClass: ((policy >> 3n) & 1n) === 1n ? Number((policy >> 8n) & 63n) : null,
});

interface Side {
  barred: boolean;
  needsKyc: boolean;
  codes: { barred: Restriction; kyc: Restriction; expired: Restriction; country: Restriction };
}

const judged = (investor: Investor, side: Side, policy: Policy, countries: bigint, now: bigint): Restriction => {
  if (investor.blocked || side.barred) return side.codes.barred;
  if (investor.system) return Restriction.None;
  if (side.needsKyc && !investor.kyc) return side.codes.kyc;
  if (side.needsKyc && investor.expiry !== 0n && now >= investor.expiry) return side.codes.expired;
  if (policy.byCountry && ((countries >> BigInt(investor.country)) & 1n) === 0n) return side.codes.country;
  if (policy.productClass !== null && !investor.classes.includes(policy.productClass)) return Restriction.Class;
  return Restriction.None;
};

const sameParty = (a: Party | null, b: Party | null): boolean =>
  a === null || b === null ? a === b : a.address.toLowerCase() === b.address.toLowerCase();

/**
 * What the registry answers about a move. The sender is judged first, then the receiver, then a spender who is neither.
 * @param spender Who moves; the same as `from` where it is its own move.
 * @param from null for a mint.
 * @param to null for a burn.
 * @param policy Packed, as by `packPolicy`.
 * @param countries The token's mask, as by `countryMask`.
 * @param now Time of the block, in Unix seconds.
 */
export const checkTransfer = (
  spender: Party | null,
  from: Party | null,
  to: Party | null,
  policy: bigint,
  countries: bigint,
  now: bigint,
): Restriction => {
  const rules = unpackPolicy(policy);
  if (from !== null) {
    const sender = unpackInvestor(from.word);
    const codes = {
      barred: Restriction.SenderBlocked,
      kyc: Restriction.SenderKyc,
      expired: Restriction.SenderExpired,
      country: Restriction.SenderCountry,
    };
    const code = judged(sender, { barred: sender.noSend, needsKyc: rules.senderKyc, codes }, rules, countries, now);
    if (code !== Restriction.None) return code;
  }
  if (to !== null) {
    const receiver = unpackInvestor(to.word);
    if (receiver.wrapper && !sameParty(spender, to)) return Restriction.ReceiverWrapper;
    const codes = {
      barred: Restriction.ReceiverBlocked,
      kyc: Restriction.ReceiverKyc,
      expired: Restriction.ReceiverExpired,
      country: Restriction.ReceiverCountry,
    };
    const side = { barred: receiver.noReceive, needsKyc: rules.receiverKyc, codes };
    const code = judged(receiver, side, rules, countries, now);
    if (code !== Restriction.None) return code;
  }
  if (spender !== null && !sameParty(spender, from) && !sameParty(spender, to) && unpackInvestor(spender.word).blocked)
    return Restriction.SpenderBlocked;
  return Restriction.None;
};

const MESSAGES: Record<Restriction, string> = {
  [Restriction.None]: "No restriction",
  [Restriction.Paused]: "Transfers are paused",
  [Restriction.Halted]: "Transfers are halted around a corporate action",
  [Restriction.SenderBlocked]: "Sender is blocked or may not send",
  [Restriction.ReceiverBlocked]: "Receiver is blocked or may not receive",
  [Restriction.SpenderBlocked]: "Spender is blocked",
  [Restriction.SenderKyc]: "Sender is not verified",
  [Restriction.ReceiverKyc]: "Receiver is not verified",
  [Restriction.SenderExpired]: "Sender's verification has expired",
  [Restriction.ReceiverExpired]: "Receiver's verification has expired",
  [Restriction.SenderCountry]: "Sender's country is not allowed",
  [Restriction.ReceiverCountry]: "Receiver's country is not allowed",
  [Restriction.Frozen]: "Amount exceeds the unfrozen balance",
  [Restriction.Balance]: "Amount exceeds the balance",
  [Restriction.Class]: "Product class is not allowed",
  [Restriction.ReceiverWrapper]: "Receiver is a wrapper: deposit instead",
};

/** What a code means, in the registry's own words. */
export const describeRestriction = (code: number): string =>
  (MESSAGES as Partial<Record<number, string>>)[code] ?? "Unknown restriction";
