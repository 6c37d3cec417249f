/**
 * An independent reference of redemption queue and dividend distributor over one stock at a multiplier of 1: plain numbers,
 * no code shared with the contracts. It remembers each snapshot as a copy of everything, not as histories of accounts. Each
 * operation answers the name of the error that the contracts must revert with, or null, and changes the model only where
 * it is null. Whoever calls has its role.
 */
export type Holder = 0 | 1 | 2;
export const HOLDERS: readonly Holder[] = [0, 1, 2];

type Outcome = string | null;
type State = "Pending" | "Locked" | "Settled" | "Canceled" | "Rejected" | "Seized";

export interface ModelRequest {
  requester: Holder;
  shares: bigint;
  minOut: bigint;
  onChain: boolean;
  state: State;
  cancelableAt: number;
}

interface Snapshot {
  shares: bigint[];
  units: bigint[];
  requests: Map<number, { requester: Holder; shares: bigint }>;
  donated: bigint;
  total: bigint;
}

interface ModelDividend {
  snapshot: Snapshot;
  funded: bigint;
  paid: bigint;
  claimed: Set<string>;
  closed: boolean;
  fundedAt: number;
}

export type Part = { kind: "account" | "wrapped"; key: Holder } | { kind: "request"; key: number };

export interface Rules {
  minShares: bigint;
  maxOpen: number;
  /** In half days, the model's clock. */
  cancelDelay: number;
  feeBps: bigint;
}

const TWO_YEARS = 1_460;

export class DividendModel {
  readonly shares: bigint[];
  readonly units = HOLDERS.map(() => 0n);
  readonly blocked = HOLDERS.map(() => false);
  /** What holders were paid, whatever for. */
  readonly money = HOLDERS.map(() => 0n);
  readonly requests: ModelRequest[] = [];
  readonly snapshots: Snapshot[] = [];
  readonly dividends: ModelDividend[] = [];
  donated = 0n;
  burned = 0n;
  reclaimed = 0n;
  clock = 0;

  constructor(
    initial: readonly bigint[],
    private readonly rules: Rules,
  ) {
    this.shares = [...initial];
  }

  private of<T>(list: readonly T[], i: number): T {
    const value = list[i];
    if (value === undefined) throw new Error(`there is no number ${i}`);
    return value;
  }

  private add(list: bigint[], i: number, value: bigint): void {
    list[i] = this.of(list, i) + value;
  }

  private isOpen({ state }: ModelRequest): boolean {
    return state === "Pending" || state === "Locked";
  }

  get escrowed(): bigint {
    return this.requests.filter((r) => this.isOpen(r)).reduce((sum, { shares }) => sum + shares, 0n);
  }

  get total(): bigint {
    const sum = (list: readonly bigint[]): bigint => list.reduce((all, value) => all + value, 0n);
    return sum(this.shares) + sum(this.units) + this.escrowed + this.donated;
  }

  pass(halfDays: number): Outcome {
    this.clock += halfDays;
    return null;
  }

  setBlocked(who: Holder, blocked: boolean): Outcome {
    this.blocked[who] = blocked;
    return null;
  }

  transfer(from: Holder, to: Holder, shares: bigint): Outcome {
    if (this.of(this.blocked, from)) return "ERC7943CannotSend";
    if (this.of(this.blocked, to)) return "ERC7943CannotReceive";
    if (this.of(this.shares, from) < shares) return "ERC20InsufficientBalance";
    this.add(this.shares, from, -shares);
    this.add(this.shares, to, shares);
    return null;
  }

  donate(from: Holder, shares: bigint): Outcome {
    if (this.of(this.blocked, from)) return "ERC7943CannotSend";
    if (this.of(this.shares, from) < shares) return "ERC20InsufficientBalance";
    this.add(this.shares, from, -shares);
    this.donated += shares;
    return null;
  }

  wrap(by: Holder, shares: bigint): Outcome {
    if (this.of(this.blocked, by)) return "ERC4626ExceededMaxMint";
    if (this.of(this.shares, by) < shares) return "ERC20InsufficientBalance";
    this.add(this.shares, by, -shares);
    this.add(this.units, by, shares);
    return null;
  }

  unwrap(by: Holder, shares: bigint): Outcome {
    if (this.of(this.blocked, by) || this.of(this.units, by) < shares) return "ERC4626ExceededMaxRedeem";
    this.add(this.units, by, -shares);
    this.add(this.shares, by, shares);
    return null;
  }

  transferUnits(from: Holder, to: Holder, units: bigint): Outcome {
    if (this.of(this.blocked, from)) return "ERC7943CannotSend";
    if (this.of(this.blocked, to)) return "ERC7943CannotReceive";
    if (this.of(this.units, from) < units) return "ERC20InsufficientBalance";
    this.add(this.units, from, -units);
    this.add(this.units, to, units);
    return null;
  }

  request(by: Holder, shares: bigint, onChain: boolean, minOut: bigint): Outcome {
    if (onChain ? minOut === 0n : minOut !== 0n) return "InvalidMinimum";
    if (shares < this.rules.minShares) return "BelowMinimum";
    const open = this.requests.filter((r) => r.requester === by && this.isOpen(r)).length;
    if (open >= this.rules.maxOpen) return "TooManyOpen";
    if (this.of(this.blocked, by)) return "ERC7943CannotSend";
    if (this.of(this.shares, by) < shares) return "ERC20InsufficientBalance";
    this.add(this.shares, by, -shares);
    const cancelableAt = this.clock + this.rules.cancelDelay;
    this.requests.push({ requester: by, shares, minOut, onChain, state: "Pending", cancelableAt });
    return null;
  }

  /** Requests are numbered from 1. */
  requestOf(id: number): ModelRequest | undefined {
    return this.requests[id - 1];
  }

  cancel(by: Holder, id: number): Outcome {
    const request = this.requestOf(id);
    if (request?.state !== "Pending") return "BadState";
    if (request.requester !== by) return "NotRequester";
    if (this.clock < request.cancelableAt) return "TooEarly";
    return this.giveBack(request, "Canceled");
  }

  lock(id: number): Outcome {
    const request = this.requestOf(id);
    if (request?.state !== "Pending") return "BadState";
    request.state = "Locked";
    return null;
  }

  settle(id: number, out: bigint, hasReference: boolean): Outcome {
    const request = this.requestOf(id);
    if (request?.state !== "Locked") return "BadState";
    if (this.of(this.blocked, request.requester)) return "RequesterBlocked";
    if (!request.onChain) {
      if (out !== 0n || !hasReference) return "InvalidOffChainPayment";
    } else {
      const received = this.lessFee(out);
      if (received < request.minOut) return "InsufficientPayment";
      this.add(this.money, request.requester, received);
    }
    request.state = "Settled";
    this.burned += request.shares;
    return null;
  }

  reject(id: number): Outcome {
    const request = this.requestOf(id);
    if (request === undefined || !this.isOpen(request)) return "BadState";
    return this.giveBack(request, "Rejected");
  }

  seize(id: number, to: Holder): Outcome {
    const request = this.requestOf(id);
    if (request === undefined || !this.isOpen(request)) return "BadState";
    if (!this.of(this.blocked, request.requester)) return "RequesterNotBlocked";
    if (this.of(this.blocked, to)) return "ERC7943CannotReceive";
    request.state = "Seized";
    this.add(this.shares, to, request.shares);
    return null;
  }

  sweep(to: Holder): Outcome {
    if (this.donated === 0n) return "NothingToSweep";
    if (this.of(this.blocked, to)) return "ERC7943CannotReceive";
    this.add(this.shares, to, this.donated);
    this.donated = 0n;
    return null;
  }

  snapshot(): Outcome {
    const requests = new Map(
      this.requests.flatMap((r, i) =>
        this.isOpen(r) ? [[i + 1, { requester: r.requester, shares: r.shares }] as const] : [],
      ),
    );
    const { donated, total } = this;
    this.snapshots.push({ shares: [...this.shares], units: [...this.units], requests, donated, total });
    return null;
  }

  fund(snapshotId: number, amount: bigint): Outcome {
    const snapshot = this.snapshots[snapshotId - 1];
    if (snapshot === undefined) return "UnknownSnapshot";
    const funded = this.lessFee(amount);
    if (funded === 0n) return "AmountTooSmall";
    const fundedAt = this.clock;
    this.dividends.push({ snapshot, funded, paid: 0n, claimed: new Set(), closed: false, fundedAt });
    return null;
  }

  /** Whose a part of a dividend is, and what it is worth. */
  entitlement({ snapshot, funded }: ModelDividend, part: Part): { account: Holder; amount: bigint } | null {
    const requested = part.kind === "request" ? snapshot.requests.get(part.key) : undefined;
    if (part.kind === "request" && requested === undefined) return null;
    const shares =
      part.kind === "account"
        ? this.of(snapshot.shares, part.key)
        : part.kind === "wrapped"
          ? this.of(snapshot.units, part.key)
          : (requested?.shares ?? 0n);
    const account = part.kind === "request" ? (requested?.requester ?? 0) : part.key;
    const perShare = (funded * 2n ** 128n) / snapshot.total;
    return { account, amount: (shares * perShare) / 2n ** 128n };
  }

  claim(id: number, part: Part): Outcome {
    const dividend = this.dividends[id - 1];
    if (dividend === undefined) return "UnknownDividend";
    if (dividend.closed) return "DividendIsClosed";
    const entitlement = this.entitlement(dividend, part);
    if (entitlement === null) return "NothingToClaim";
    const { account, amount } = entitlement;
    if (this.of(this.blocked, account)) return "AccountBlocked";
    const key = `${part.kind} ${part.key}`;
    if (dividend.claimed.has(key)) return "AlreadyClaimed";
    if (amount === 0n) return "NothingToClaim";
    dividend.claimed.add(key);
    dividend.paid += amount;
    this.add(this.money, account, this.lessFee(amount));
    return null;
  }

  claimBatch(id: number, accounts: readonly Holder[]): Outcome {
    const dividend = this.dividends[id - 1];
    if (dividend === undefined) return "UnknownDividend";
    if (dividend.closed) return "DividendIsClosed";
    for (const key of accounts) this.claim(id, { kind: "account", key });
    return null;
  }

  reclaim(id: number): Outcome {
    const dividend = this.dividends[id - 1];
    if (dividend === undefined) return "UnknownDividend";
    if (dividend.closed) return "DividendIsClosed";
    if (this.clock < dividend.fundedAt + TWO_YEARS) return "TooEarly";
    dividend.closed = true;
    this.reclaimed += this.lessFee(dividend.funded - dividend.paid);
    return null;
  }

  /** Every part that there can be of a dividend. */
  partsOf({ snapshot }: ModelDividend): Part[] {
    return [
      ...HOLDERS.map((key) => ({ kind: "account", key }) as const),
      ...HOLDERS.map((key) => ({ kind: "wrapped", key }) as const),
      ...[...snapshot.requests.keys()].map((key) => ({ kind: "request", key }) as const),
    ];
  }

  private giveBack(request: ModelRequest, state: State): Outcome {
    if (this.of(this.blocked, request.requester)) return "RequesterBlocked";
    request.state = state;
    this.add(this.shares, request.requester, request.shares);
    return null;
  }

  /** The currency's fee, rounded down; its maximum is beyond these amounts. */
  private lessFee(amount: bigint): bigint {
    return amount - (amount * this.rules.feeBps) / 10_000n;
  }
}
