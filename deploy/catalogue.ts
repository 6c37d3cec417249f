/** Reads and checks a catalogue of stocks: `deploy/catalogue/stocks.json`, or one of the reader's own. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { isAddress, parseUnits } from "ethers";

import { countryMask } from "../sdk/equity/countries";
import { packPolicy } from "../sdk/equity/compliance";
import { ConfigurationError } from "./parameters";
import { stock, type Stock } from "./stock";

export const CATALOGUE_FILE = path.join(__dirname, "catalogue", "stocks.json");

const ALLOWLISTS = { off: [false, false], receive: [true, false], both: [true, true] } as const;

interface Entry {
  ticker: string;
  symbol: string;
  name: string;
  isin: string;
  /** Who must be verified: nobody, receivers, or senders too. */
  allowlist: keyof typeof ALLOWLISTS;
  /** The name of a list of countries, or "everywhere". */
  countries: string;
  /** Chainlink's feed of the stocks held, or "mock". */
  feed: string;
  /** In shares, as decimals. */
  capShares: string;
  reserves: string;
  globalCapacity: string;
  minterCapacity: string;
  heartbeat: number;
  marginBps: number;
  chainShareBps: number;
  window: number;
}

interface CatalogueFile {
  version: number;
  countries: Record<string, string[]>;
  defaults: Partial<Entry>;
  stocks: Partial<Entry>[];
}

/** ISO 6166: letters count as two digits, and every second digit from the right twice. */
export const isISIN = (isin: string): boolean => {
  if (!/^[A-Z]{2}[A-Z0-9]{9}[0-9]$/.test(isin)) return false;
  const digits = Array.from(isin, (c) => parseInt(c, 36).toString()).join("");
  const sum = Array.from(digits)
    .reverse()
    .reduce((total, digit, i) => {
      const value = Number(digit) * (i % 2 === 1 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return sum % 10 === 0;
};

const STRINGS = ["ticker", "symbol", "name", "isin", "allowlist", "countries", "feed"] as const;
const SHARES = ["capShares", "reserves", "globalCapacity", "minterCapacity"] as const;
const NUMBERS = ["heartbeat", "marginBps", "chainShareBps", "window"] as const;

const toStock = (given: Partial<Entry>, at: number, lists: Record<string, string[]>, shown: string): Stock => {
  const which = `stock ${at + 1}${given.symbol === undefined ? "" : ` (${given.symbol})`} in ${shown}`;
  for (const key of STRINGS) {
    if (typeof given[key] !== "string" || given[key] === "") throw new ConfigurationError(`Set "${key}" of ${which}.`);
  }
  for (const key of NUMBERS) {
    if (!Number.isInteger(given[key])) throw new ConfigurationError(`Set "${key}" of ${which} to a whole number.`);
  }
  const entry = given as Entry;
  const shares = Object.fromEntries(
    SHARES.map((key) => {
      try {
        return [key, parseUnits(entry[key], 18)];
      } catch {
        throw new ConfigurationError(`Set "${key}" of ${which} to a number of shares, as a string.`);
      }
    }),
  ) as Record<(typeof SHARES)[number], bigint>;
  if (!isISIN(entry.isin))
    throw new ConfigurationError(`"${entry.isin}" of ${which} is no ISIN: its check digit is wrong.`);
  if (entry.symbol.length > 31) throw new ConfigurationError(`The symbol of ${which} is longer than 31 letters.`);
  if (entry.feed !== "mock" && !isAddress(entry.feed)) {
    throw new ConfigurationError(`"feed" of ${which} must be an address, or "mock".`);
  }
  const kyc = (ALLOWLISTS as Partial<Record<string, readonly [boolean, boolean]>>)[entry.allowlist];
  if (kyc === undefined) {
    throw new ConfigurationError(`"allowlist" of ${which} must be one of ${Object.keys(ALLOWLISTS).join(", ")}.`);
  }
  const everywhere = entry.countries === "everywhere";
  const list = lists[entry.countries];
  if (!everywhere && list === undefined) {
    throw new ConfigurationError(`"countries" of ${which} names no list of the file, and is not "everywhere".`);
  }
  let countries = 0n;
  try {
    countries = countryMask(list ?? []);
  } catch (error: unknown) {
    throw new ConfigurationError(`${error instanceof Error ? error.message : "A country is unknown."} Mend ${shown}.`);
  }
  const [receiverKyc, senderKyc] = kyc;
  const { symbol, name, isin, feed, heartbeat, marginBps, chainShareBps, window } = entry;
  return stock({
    symbol,
    name,
    isin,
    feed,
    heartbeat,
    marginBps,
    chainShareBps,
    window,
    ...shares,
    policy: Number(packPolicy({ receiverKyc, senderKyc, byCountry: !everywhere, productClass: null })),
    countries,
    open: true,
  });
};

/** The stocks of a file, checked; of two with one symbol or ISIN the second is refused. */
export const readCatalogue = (file = CATALOGUE_FILE): Stock[] => {
  const shown = path.relative(process.cwd(), file);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, "utf8"));
  } catch (error: unknown) {
    throw new ConfigurationError(`${shown} cannot be read: ${error instanceof Error ? error.message : "mend it"}.`);
  }
  const { countries, defaults, stocks } = content as Partial<CatalogueFile>;
  if (!Array.isArray(stocks)) throw new ConfigurationError(`${shown} has no list of "stocks".`);
  const read = stocks.map((entry, i) => toStock({ ...defaults, ...entry }, i, countries ?? {}, shown));
  for (const key of ["symbol", "isin"] as const) {
    const seen = new Set<string>();
    for (const { [key]: value } of read) {
      if (seen.has(value)) throw new ConfigurationError(`${shown} has two stocks with the ${key} ${value}.`);
      seen.add(value);
    }
  }
  return read;
};
