/** What a facilitator remembers of authorizations: which were answered as settled, which are being settled. */

/** Identity of an authorization: chain, asset, payer and nonce. The message's other fields do not make it another one. */
export type AuthorizationKey = string;

export const authorizationKey = (network: string, asset: string, from: string, nonce: string): AuthorizationKey =>
  [network, asset, from, nonce].join("/").toLowerCase();

export type Claim =
  /** The caller may settle it, and must then call `settled` or `release`. */
  | "granted"
  /** Another settlement of the same authorization is under way. */
  | "busy"
  /** It was answered as settled before. */
  | "settled";

/**
 * One authorization buys one resource: this is where that is decided, so replicas of a facilitator must share one ledger
 * (a table with a unique key, or a store with an atomic set-if-absent).
 */
export interface SettlementLedger {
  /** Atomic: of concurrent claims of one key, one is granted. `until` is when the authorization itself expires. */
  claim(key: AuthorizationKey, until: Date): Promise<Claim>;
  /** What `claim` would answer, without claiming. */
  look(key: AuthorizationKey): Promise<Claim>;
  /** The claimed authorization is about to be answered as settled: from now on it is refused. */
  settled(key: AuthorizationKey): Promise<void>;
  /** The claimed authorization was not settled: it may be claimed again. */
  release(key: AuthorizationKey): Promise<void>;
}

/** Beyond an authorization's own expiry, for chains whose clock lags behind ours. */
const GRACE_MS = 10 * 60_000;

/**
 * A ledger in this process's memory. An entry lives until its authorization has expired and ten minutes more; after that
 * the token itself refuses it. It is bounded in number because the facilitator caps how far ahead an authorization may
 * expire, and each entry that stays costs a settled payment. A restart forgets it: see `createFacilitator`.
 */
export class MemoryLedger implements SettlementLedger {
  readonly #entries = new Map<AuthorizationKey, { state: "busy" | "settled"; forgetAt: number }>();
  #nextSweep = 0;

  claim(key: AuthorizationKey, until: Date): Promise<Claim> {
    this.#sweep();
    const entry = this.#entries.get(key);
    if (entry !== undefined) return Promise.resolve(entry.state);
    this.#entries.set(key, { state: "busy", forgetAt: until.getTime() + GRACE_MS });
    return Promise.resolve("granted");
  }

  look(key: AuthorizationKey): Promise<Claim> {
    return Promise.resolve(this.#entries.get(key)?.state ?? "granted");
  }

  settled(key: AuthorizationKey): Promise<void> {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.state = "settled";
    return Promise.resolve();
  }

  release(key: AuthorizationKey): Promise<void> {
    if (this.#entries.get(key)?.state === "busy") this.#entries.delete(key);
    return Promise.resolve();
  }

  get size(): number {
    return this.#entries.size;
  }

  #sweep(): void {
    const now = Date.now();
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + 60_000;
    for (const [key, { state, forgetAt }] of this.#entries) {
      if (state === "settled" && forgetAt < now) this.#entries.delete(key);
    }
  }
}

/**
 * When this process last saw an authorization unspent. Bounded: the oldest goes first, and what is lost with it is the
 * chance to recover from a front-run, never the protection against a replay.
 */
export class Sightings {
  readonly #blocks = new Map<AuthorizationKey, number>();

  constructor(private readonly capacity: number) {}

  /** The authorization was unspent at `block` or later. */
  saw(key: AuthorizationKey, block: number): void {
    this.#blocks.delete(key);
    this.#blocks.set(key, block);
    const oldest = this.#blocks.size > this.capacity ? this.#blocks.keys().next().value : undefined;
    if (oldest !== undefined) this.#blocks.delete(oldest);
  }

  block(key: AuthorizationKey): number | undefined {
    return this.#blocks.get(key);
  }

  forget(key: AuthorizationKey): void {
    this.#blocks.delete(key);
  }
}
