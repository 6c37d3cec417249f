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
  /** Purchases and consumptions in their order, each with what was left after it. */
  meter: { second: number; left: number }[];
  bought: number;
  consumed: number;
  unitTerms: number;
}

export class LicenseModel {
  readonly #accounts = new Map<string, Account>();

  #of(account: string): Account {
    const found = this.#accounts.get(account) ?? {
      covered: new Set(),
      goodFrom: null,
      until: 0,
      termsId: 0,
      meter: [],
      bought: 0,
      consumed: 0,
      unitTerms: 0,
    };
    this.#accounts.set(account, found);
    return found;
  }

  /** The name of the error, or null. */
  buy(second: number, sold: Sold, termsId: number, quantity: number, buyer: string, licensee: string): string | null {
    const account = this.#of(licensee);
    if (quantity === 0 || (sold.kind === "good" && quantity > 1)) return "InvalidQuantity";
    if (sold.kind === "units") {
      const left = account.bought - account.consumed;
      if (left > 0 && account.unitTerms !== termsId && buyer !== licensee) return "OtherTermsRunning";
      account.unitTerms = termsId;
      account.bought += quantity;
      account.meter.push({ second, left: left + quantity });
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
    const of = this.#of(account);
    if (total > of.bought) return "InsufficientUnits";
    if (total <= of.consumed) return "StaleConsumption";
    of.consumed = total;
    of.meter.push({ second, left: of.bought - total });
    return null;
  }

  /** Whether the account was licensed at a second, as seen from `now`. */
  licensedAt(account: string, second: number, now: number): boolean {
    if (second > now) return false;
    const { covered, goodFrom, meter } = this.#of(account);
    if (covered.has(second) || (goodFrom !== null && goodFrom <= second)) return true;
    // Units were left in some moment of that second: at its beginning, or after something that happened in it.
    const before = meter.filter((entry) => entry.second < second).at(-1);
    return (before?.left ?? 0) > 0 || meter.some((entry) => entry.second === second && entry.left > 0);
  }

  hasAccess(account: string, now: number): boolean {
    const { covered, goodFrom, bought, consumed } = this.#of(account);
    return covered.has(now) || goodFrom !== null || consumed < bought;
  }

  /** End of the licence by time; `null` is for good, 0 that there was none. */
  expiry(account: string): number | null {
    const { goodFrom, until } = this.#of(account);
    return goodFrom === null ? until : null;
  }
}
