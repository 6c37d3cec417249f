/**
 * A reference of corporate actions and of the shares that they do not touch, written from the interfaces' prose: plain
 * fields, folded as soon as time has come, where the contracts pack a word and fold when they next write it.
 */
const WAD = 10n ** 18n;
const DAY = 86_400;

export const HOLDERS = [0, 1, 2] as const;
export type Holder = (typeof HOLDERS)[number];

export const KINDS = { Split: 0, ReverseSplit: 1, Dividend: 2, Fee: 3 } as const;

export interface Proposal {
  kind: number;
  numerator: bigint;
  denominator: bigint;
  effectiveAt: number;
  haltMinutes: number;
  nonce: bigint;
}

interface Coming {
  kind: number;
  multiplier: bigint;
  at: number;
  haltMinutes: number;
}

interface Fee {
  keep: bigint;
  period: number;
  accruedUntil: number;
  appliedAt: number;
}

interface Allowance {
  amount: bigint;
  epoch: bigint;
}

/** What one application of a fee would do. */
export interface Due {
  periods: number;
  /** The exact multiplier, as a fraction. */
  numerator: bigint;
  denominator: bigint;
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

export class ActionsModel {
  multiplier = WAD;
  coming: Coming | null = null;
  lastAt = 0;
  lastHalt = 0;
  epoch = 0n;
  nonce = 0n;
  fee: Fee | null = null;
  readonly shares: bigint[];
  private readonly allowances = new Map<string, Allowance>();

  constructor(
    public now: number,
    held: bigint,
    private readonly reserves: bigint,
  ) {
    this.shares = HOLDERS.map(() => held);
  }

  /** Time goes on; an action whose time has come is in effect. */
  advance(now: number): void {
    this.now = now;
    if (this.coming === null || now < this.coming.at) return;
    const { kind, multiplier, at, haltMinutes } = this.coming;
    if (kind === KINDS.ReverseSplit) this.epoch += 1n;
    this.multiplier = multiplier;
    [this.lastAt, this.lastHalt] = [at, haltMinutes];
    this.nonce += 1n;
    this.coming = null;
  }

  get effectiveAt(): number {
    return this.coming?.at ?? this.lastAt;
  }

  get haltMinutes(): number {
    return this.coming?.haltMinutes ?? this.lastHalt;
  }

  get isHalted(): boolean {
    return this.haltMinutes !== 0 && Math.abs(this.now - this.effectiveAt) <= this.haltMinutes * 60;
  }

  get totalShares(): bigint {
    return this.shares.reduce((sum, each) => sum + each, 0n);
  }

  sharesOf(holder: Holder): bigint {
    return this.shares[holder] ?? 0n;
  }

  balanceOf(holder: Holder): bigint {
    return (this.sharesOf(holder) * this.multiplier) / WAD;
  }

  allowance(owner: Holder, spender: Holder): bigint {
    const given = this.allowances.get(`${owner} ${spender}`);
    return given?.epoch === this.epoch ? given.amount : 0n;
  }

  private get isBusy(): boolean {
    return this.coming !== null || this.now <= this.lastAt + this.lastHalt * 60;
  }

  schedule({ kind, numerator, denominator, effectiveAt, haltMinutes, nonce }: Proposal): string | null {
    if (this.isBusy) return "ScheduleOverlap";
    if (nonce !== this.nonce) return "StaleNonce";
    const notice = kind === KINDS.Dividend ? 3_600 : DAY;
    const ahead = effectiveAt - this.now;
    if (ahead < notice || ahead > 180 * DAY) return "BadEffectiveAt";
    const halts = kind === KINDS.Split || kind === KINDS.ReverseSplit;
    if (haltMinutes > (halts ? 15 : 0)) return "BadHalt";
    if (numerator === 0n || denominator === 0n) return "BadRatio";
    const multiplier = (this.multiplier * numerator) / denominator;
    // By more than two percent, as it will be seen in the multipliers.
    const isReverse = multiplier * 100n < this.multiplier * 98n;
    const valid =
      kind === KINDS.Split
        ? numerator > denominator && numerator <= 1_000n * denominator
        : kind === KINDS.ReverseSplit
          ? 1_000n * numerator >= denominator && isReverse
          : kind === KINDS.Dividend
            ? numerator > denominator && 4n * numerator <= 5n * denominator
            : kind === KINDS.Fee && numerator < denominator && !isReverse;
    if (!valid) return "BadRatio";
    if (multiplier < 10n ** 10n || multiplier > 10n ** 26n) return "MultiplierOutOfRange";
    if (kind === KINDS.ReverseSplit && this.epoch === 255n) return "TooManyReverseSplits";
    if (kind === KINDS.Dividend && (this.totalShares * multiplier) / WAD > this.reserves) return "DividendNotCovered";
    this.coming = { kind, multiplier, at: effectiveAt, haltMinutes };
    return null;
  }

  cancel(nonce: bigint): string | null {
    if (nonce !== this.nonce) return "StaleNonce";
    if (this.coming === null) return "NothingScheduled";
    this.coming = null;
    // The halt of the action before was over when this one was scheduled.
    this.lastHalt = 0;
    return null;
  }

  setFee(keep: bigint, period: number): void {
    this.fee = keep === 0n ? null : { keep, period, accruedUntil: this.now, appliedAt: this.now };
  }

  /** What is due, by counting periods one by one in exact fractions; or why nothing is. */
  due(): Due | string {
    if (this.isBusy) return "ScheduleOverlap";
    if (this.fee === null || this.now < this.fee.appliedAt + this.fee.period) return "NothingAccrued";
    const { keep, period, accruedUntil } = this.fee;
    const due = Math.floor((this.now - accruedUntil) / period);
    let [kept, whole, periods] = [1n, 1n, 0];
    while (periods < due && kept * keep * 100n >= whole * WAD * 98n) {
      kept *= keep;
      whole *= WAD;
      periods += 1;
    }
    const [numerator, denominator] = [this.multiplier * kept, whole];
    if (numerator < 10n ** 10n * denominator) return "MultiplierOutOfRange";
    return { periods, numerator, denominator };
  }

  /** The fee was applied; the contract's rounding is judged by who calls. */
  applied({ periods }: Due, multiplier: bigint): void {
    if (this.fee === null) throw new Error("no fee");
    this.fee.accruedUntil += periods * this.fee.period;
    this.fee.appliedAt = this.now;
    this.multiplier = multiplier;
    this.nonce += 1n;
  }

  approve(owner: Holder, spender: Holder, amount: bigint): null {
    this.allowances.set(`${owner} ${spender}`, { amount, epoch: this.epoch });
    return null;
  }

  transfer(from: Holder, to: Holder, amount: bigint): string | null {
    return this.move(from, to, ceilDiv(amount * WAD, this.multiplier));
  }

  transferShares(from: Holder, to: Holder, shares: bigint): string | null {
    return this.move(from, to, shares);
  }

  transferFrom(spender: Holder, from: Holder, to: Holder, amount: bigint): string | null {
    const allowed = this.allowance(from, spender);
    if (allowed < amount) return "ERC20InsufficientAllowance";
    const refusal = this.transfer(from, to, amount);
    if (refusal === null && this.allowances.has(`${from} ${spender}`)) {
      this.allowances.set(`${from} ${spender}`, { amount: allowed - amount, epoch: this.epoch });
    }
    return refusal;
  }

  private move(from: Holder, to: Holder, shares: bigint): string | null {
    if (this.isHalted) return "CorporateActionHalt";
    if (shares > this.sharesOf(from)) return "ERC20InsufficientBalance";
    this.shares[from] = this.sharesOf(from) - shares;
    this.shares[to] = this.sharesOf(to) + shares;
    return null;
  }
}
