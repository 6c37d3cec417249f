/**
 * What ILicenseMarket says of one use of one work, in plain lists: every covered second stands in a set. It shares no
 * arithmetic with the contract, which keeps intervals.
 */

/** Of the terms on sale: seconds of a period, all time, or units. */
export type Sold = { kind: "period"; seconds: number } | { kind: "good" } | { kind: "units" };

interface Account {
  covered: Set<number>;
  /** First second that is covered for good. */
  goodFrom: number | null;
  /** First second that the licence by time does not cover. */
  until: number;
  termsId: number;
  units: { second: number; bought: number }[];
  consumptions: { second: number; total: number }[];
}

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

export class LicenseModel {
  readonly #accounts = new Map<string, Account>();

  #of(account: string): Account {
    const found = this.#accounts.get(account) ?? {
      covered: new Set(),
      goodFrom: null,
      until: 0,
      termsId: 0,
      units: [],
      consumptions: [],
    };
    this.#accounts.set(account, found);
    return found;
  }

  /** The name of the error, or null. */
  buy(second: number, sold: Sold, termsId: number, quantity: number, buyer: string, licensee: string): string | null {
    const account = this.#of(licensee);
    if (quantity === 0 || (sold.kind === "good" && quantity > 1)) return "InvalidQuantity";
    if (sold.kind === "units") {
      account.units.push({ second, bought: quantity });
      return null;
    }
    if (account.goodFrom !== null) return "AlreadyLicensed";
    const runs = account.covered.has(second);
    if (runs && account.termsId !== termsId && buyer !== licensee) return "OtherTermsRunning";
    account.termsId = termsId;
    if (sold.kind === "good") {
      account.goodFrom = second;
      return null;
    }
    let next = runs ? account.until : second;
    for (let i = 0; i < quantity * sold.seconds; i++) account.covered.add(next++);
    account.until = next;
    return null;
  }

  consume(second: number, account: string, total: number): string | null {
    const { units, consumptions } = this.#of(account);
    if (total > sum(units.map(({ bought }) => bought))) return "InsufficientUnits";
    if (total <= (consumptions.at(-1)?.total ?? 0)) return "StaleConsumption";
    consumptions.push({ second, total });
    return null;
  }

  /** Whether the account was licensed at a second, as seen from `now`. */
  licensedAt(account: string, second: number, now: number): boolean {
    if (second > now) return false;
    const { covered, goodFrom, units, consumptions } = this.#of(account);
    if (covered.has(second) || (goodFrom !== null && goodFrom <= second)) return true;
    const first = units[0];
    if (first === undefined || second < first.second) return false;
    const last = consumptions.at(-1);
    return (last?.total ?? 0) < sum(units.map(({ bought }) => bought)) || second <= last!.second;
  }

  hasAccess(account: string, now: number): boolean {
    const { covered, goodFrom, units, consumptions } = this.#of(account);
    if (covered.has(now) || goodFrom !== null) return true;
    return (consumptions.at(-1)?.total ?? 0) < sum(units.map(({ bought }) => bought));
  }

  /** End of the licence by time; `null` is for good, 0 that there was none. */
  expiry(account: string): number | null {
    const { goodFrom, until } = this.#of(account);
    return goodFrom === null ? until : null;
  }
}
