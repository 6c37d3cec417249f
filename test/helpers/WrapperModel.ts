/**
 * An independent reference of pieUSD over USDT: plain integers, no code shared with the contract. Each operation answers
 * the name of the error that the contract must revert with, or null, and changes the model only where it is null.
 */
export type Actor = 0 | 1 | 2 | 3;
export const ACTORS: readonly Actor[] = [0, 1, 2, 3];

type Outcome = string | null;

export class WrapperModel {
  readonly pie = [0n, 0n, 0n, 0n];
  readonly usdt: bigint[];
  readonly frozen = [false, false, false, false];
  readonly spentNonces = new Set<string>();
  backing = 0n;
  /** What the owner of USDT, who is none of the actors, received in fees. */
  feesPaid = 0n;
  feeBps = 0n;
  feeMax = 0n;
  depositsPaused = false;
  redemptionsPaused = false;
  proRata = false;

  constructor(initialUSDT: bigint) {
    this.usdt = ACTORS.map(() => initialUSDT);
  }

  get supply(): bigint {
    return this.pie.reduce((sum, balance) => sum + balance, 0n);
  }

  private fee(value: bigint): bigint {
    const fee = (value * this.feeBps) / 10_000n;
    return fee > this.feeMax ? this.feeMax : fee;
  }

  setFee(bps: bigint, max: bigint): Outcome {
    this.feeBps = bps;
    this.feeMax = max;
    return null;
  }

  deposit(by: Actor, to: Actor, amount: bigint, minOut: bigint): Outcome {
    if (this.proRata) return "ProRataActive";
    if (this.depositsPaused) return "DepositsPaused";
    if (amount === 0n) return "ZeroAmount";
    if (this.isFrozen(by) || this.isFrozen(to)) return "AccountFrozen";
    if (this.backing < this.supply) return "Undercollateralized";
    if (this.usdtOf(by) < amount) return "USDT";
    const arrives = amount - this.fee(amount);
    if (arrives === 0n) return "ZeroAmount";
    if (arrives < minOut) return "SlippageExceeded";
    this.usdt[by] = this.usdtOf(by) - amount;
    this.feesPaid += amount - arrives;
    this.backing += arrives;
    this.pie[to] = this.pieOf(to) + arrives;
    return null;
  }

  redeem(from: Actor, to: Actor, value: bigint, minOut: bigint): Outcome {
    if (this.redemptionsPaused) return "RedemptionsPaused";
    if (value === 0n) return "ZeroAmount";
    if (to !== from && this.isFrozen(to)) return "AccountFrozen";
    const short = this.backing < this.supply;
    if (short && !this.proRata) return "Undercollateralized";
    if (this.isFrozen(from)) return "AccountFrozen";
    if (this.pieOf(from) < value) return "ERC20InsufficientBalance";
    const out = short ? (value * this.backing) / this.supply : value;
    const arrives = out - this.fee(out);
    if (arrives < minOut) return "SlippageExceeded";
    this.pie[from] = this.pieOf(from) - value;
    this.backing -= out;
    this.feesPaid += out - arrives;
    this.usdt[to] = this.usdtOf(to) + arrives;
    return null;
  }

  transfer(from: Actor, to: Actor, value: bigint): Outcome {
    if (this.isFrozen(from) || this.isFrozen(to)) return "AccountFrozen";
    if (this.pieOf(from) < value) return "ERC20InsufficientBalance";
    this.pie[from] = this.pieOf(from) - value;
    this.pie[to] = this.pieOf(to) + value;
    return null;
  }

  authorized(from: Actor, to: Actor, value: bigint, nonce: string): Outcome {
    const key = `${from}:${nonce}`;
    if (this.spentNonces.has(key)) return "AuthorizationUsedOrCanceled";
    const outcome = this.transfer(from, to, value);
    if (outcome === null) this.spentNonces.add(key);
    return outcome;
  }

  setFrozen(account: Actor, frozen: boolean): Outcome {
    this.frozen[account] = frozen;
    return null;
  }

  destroyBacking(): Outcome {
    this.backing = 0n;
    return null;
  }

  donate(by: Actor, amount: bigint): Outcome {
    if (this.usdtOf(by) < amount) return "USDT";
    const arrives = amount - this.fee(amount);
    this.usdt[by] = this.usdtOf(by) - amount;
    this.feesPaid += amount - arrives;
    this.backing += arrives;
    return null;
  }

  openProRata(): Outcome {
    if (this.backing >= this.supply) return "NotUndercollateralized";
    this.proRata = true;
    return null;
  }

  closeProRata(): Outcome {
    if (!this.proRata) return "ProRataInactive";
    if (this.backing < this.supply) return "Undercollateralized";
    this.proRata = false;
    return null;
  }

  rescue(to: Actor, amount: bigint): Outcome {
    const surplus = this.backing > this.supply ? this.backing - this.supply : 0n;
    if (amount > surplus) return "RescueExceedsSurplus";
    const arrives = amount - this.fee(amount);
    this.backing -= amount;
    this.feesPaid += amount - arrives;
    this.usdt[to] = this.usdtOf(to) + arrives;
    return null;
  }

  pieOf(actor: Actor): bigint {
    return this.pie[actor] ?? 0n;
  }

  usdtOf(actor: Actor): bigint {
    return this.usdt[actor] ?? 0n;
  }

  private isFrozen(actor: Actor): boolean {
    return this.frozen[actor] === true;
  }
}
