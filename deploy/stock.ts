/** A stock of the catalogue, as deployment needs it. */
import { hexlify, toUtf8Bytes } from "ethers";

export interface Stock {
  readonly symbol: string;
  readonly name: string;
  /** International securities identification number: twelve characters. */
  readonly isin: string;
  /** Policy bits of the compliance check: 1 the receiver needs KYC, 2 the sender does, 4 by country, 8 by class. */
  readonly policy: number;
  readonly productClass: number;
  /** Bit i: country i of the registry is allowed. */
  readonly countries: bigint;
  readonly capShares: bigint;
  /** Chainlink's feed of the stocks held, or "mock". */
  readonly feed: string;
  /** What a mock of the feed says, with 18 decimals. */
  readonly reserves: bigint;
  readonly heartbeat: number;
  readonly marginBps: number;
  readonly chainShareBps: number;
  readonly window: number;
  readonly globalCapacity: bigint;
  readonly minterCapacity: bigint;
  /** Whether the queue takes it from the beginning, against the suite's dollar, and the oracle its prices. */
  readonly open: boolean;
}

/** What the queue asks of a redemption: a thousandth of a share at least, twenty open ones a holder, a day until cancelling. */
export const REDEMPTION_LIMITS = { accepted: true, minShares: 10n ** 15n, maxOpenPerHolder: 20, cancelDelay: 86_400 };

/** Least seconds between prices, and of each session (regular, extended, closed) the oldest price and the greatest move. */
export const ORACLE_LIMITS = {
  minInterval: 15,
  sessions: [
    { maxAge: 3_600, maxMoveBps: 1_000 },
    { maxAge: 3_600, maxMoveBps: 1_000 },
    { maxAge: 4 * 86_400, maxMoveBps: 500 },
  ],
};

export const isinBytes = (isin: string): string => hexlify(toUtf8Bytes(isin));

/** A stock with everything that a catalogue rarely says otherwise. */
export const stock = (given: Pick<Stock, "symbol" | "name" | "isin"> & Partial<Stock>): Stock => ({
  policy: 0,
  productClass: 0,
  countries: 0n,
  capShares: 10_000_000n * 10n ** 18n,
  feed: "mock",
  reserves: 1_000_000n * 10n ** 18n,
  heartbeat: 86_400,
  marginBps: 0,
  chainShareBps: 10_000,
  window: 86_400,
  globalCapacity: 500_000n * 10n ** 18n,
  minterCapacity: 250_000n * 10n ** 18n,
  open: false,
  ...given,
});

/** The argument of `EquityFactory.deploy`; the factory sets the wrapper itself. */
export const stockArguments = <Feed>(of: Stock, feed: Feed) => ({
  version: 0,
  wrapperName: `Wrapped ${of.name}`,
  wrapperSymbol: `w${of.symbol}`,
  configuration: {
    name: of.name,
    symbol: of.symbol,
    isin: isinBytes(of.isin),
    wrapper: "0x0000000000000000000000000000000000000000",
    policy: of.policy,
    productClass: of.productClass,
    countries: of.countries,
  },
  bounds: {
    capShares: of.capShares,
    feed: {
      feed,
      decimals: 0,
      heartbeat: of.heartbeat,
      marginBps: of.marginBps,
      chainShareBps: of.chainShareBps,
    },
    limits: { window: of.window, globalCapacity: of.globalCapacity, minterCapacity: of.minterCapacity },
  },
});
