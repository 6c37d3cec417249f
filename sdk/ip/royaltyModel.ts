/**
 * The royalty ledger in big integers: what every work, contributor, app and the protocol is owed, computed from edges and
 * payments alone. It shares no code with the contracts and is written from their prose, so that each can be held to the
 * other; and it answers what a chain cannot without transactions: who is owed what, if everybody collected now.
 *
 * Per work and token there are cumulative sums (direct revenue, inflow from derivatives); per edge, fee and share, what it
 * took so far. Each is entitled to the floor of its rate of the sums, and may take the difference to what it took. As
 * floors of growing sums never fall, and no order of claims changes the sums in the end, neither does it change who gets
 * what.
 */
import { ZeroAddress, getAddress, isHexString } from "ethers";

import {
  MAX_CLAIM_BATCH,
  MAX_CONTRIBUTORS,
  MAX_FEE_SUM,
  MAX_INHERITED,
  MAX_PARENTS,
  MAX_RATE_SUM,
  PPM,
  PROTOCOL_APP,
  SUM_LIMIT,
} from "./constants";
import { edgeKey, rateSum, type Edge } from "./edges";
import { IPError } from "./errors";

/** A share of the owner's revenue, in parts per million, that stays with its contributor when the token is sold. */
export interface Contributor {
  account: string;
  share: bigint;
}

/** What is fixed about a work at its registration, as far as money is concerned. */
export interface WorkFacts {
  id: bigint;
  /** Ascending, as registered; an edge's number is its place here. */
  edges: readonly Edge[];
  /** Parts per million of direct revenue. */
  protocolFee: bigint;
  appFee: bigint;
  /** 0: registered through no app. */
  appId: bigint;
  contributors: readonly Contributor[];
}

/** Cumulative sums of one work and one token. */
export interface WorkSums {
  direct: bigint;
  inflow: bigint;
  /** By edge. */
  claimed: bigint[];
  protocolClaimed: bigint;
  appClaimed: bigint;
  /** By share: 0 is the owner's, i + 1 that of contributor i. */
  withdrawn: bigint[];
}

/** Cumulative sums of one fee account and one token. */
export interface FeeSums {
  collected: bigint;
  withdrawn: bigint;
}

/** Edge number `edge` of `child`. */
export interface EdgeClaim {
  child: bigint;
  edge: number;
}

/** Money that somebody may take: a work's owner (share 0) or contributor (share i + 1), or an app (0: the protocol). */
export type Payout = { token: string; amount: bigint } & (
  { to: "work"; id: bigint; share: number } | { to: "fees"; appId: bigint }
);

/** Both sides of the identity that holds for each token after every operation. */
export interface Identity {
  /** Σ direct − Σ withdrawn: what the graph must hold. */
  ledger: bigint;
  /** What remains in each work and fee account; none is below 0, and together they are the ledger. */
  terms: { account: string; amount: bigint }[];
  /** Σ of the terms. */
  remaining: bigint;
}

/** The whole of a model, as plain values. */
export interface ModelSnapshot {
  works: WorkFacts[];
  sums: { token: string; id: bigint; sums: WorkSums }[];
  fees: { token: string; appId: bigint; sums: FeeSums }[];
}

interface TokenLedger {
  works: Map<bigint, WorkSums>;
  fees: Map<bigint, FeeSums>;
}

const emptyLedger = (): TokenLedger => ({ works: new Map(), fees: new Map() });

const share = (rate: bigint, of: bigint): bigint => (rate * of) / PPM;
const total = (values: Iterable<bigint>): bigint => {
  let sum = 0n;
  for (const value of values) sum += value;
  return sum;
};

const canonical = new Map<string, string>();
/** Addresses are one token however they are written; other names (of examples, of tests) are taken as they are. */
const tokenKey = (token: string): string => {
  const known = canonical.get(token);
  if (known !== undefined) return known;
  const key = isHexString(token, 20) ? getAddress(token.toLowerCase()) : token;
  canonical.set(token, key);
  return key;
};

const emptySums = (work: WorkFacts): WorkSums => ({
  direct: 0n,
  inflow: 0n,
  claimed: work.edges.map(() => 0n),
  protocolClaimed: 0n,
  appClaimed: 0n,
  withdrawn: [0n, ...work.contributors.map(() => 0n)],
});

const copySums = (sums: WorkSums): WorkSums => ({
  ...sums,
  claimed: [...sums.claimed],
  withdrawn: [...sums.withdrawn],
});

const copyFacts = (work: WorkFacts): WorkFacts => ({
  ...work,
  edges: work.edges.map((edge) => ({ ...edge })),
  contributors: work.contributors.map((contributor) => ({ ...contributor })),
});

export class RoyaltyModel {
  readonly #works = new Map<bigint, WorkFacts>();
  /** Edges by the ancestor that they lead to. */
  readonly #incoming = new Map<bigint, EdgeClaim[]>();
  readonly #ledgers = new Map<string, TokenLedger>();
  #highest = 0n;

  /**
   * Adds a work. Without facts it is a root without fees and contributors, and has the next id.
   * @returns Its id. Throws what the registry and the graph would revert with for want of form; whether the list of edges
   * is what the parents ask for is not the ledger's to know, see `buildEdgeList`.
   */
  register(facts: Partial<WorkFacts> = {}): bigint {
    const work = copyFacts({
      id: this.#highest + 1n,
      edges: [],
      protocolFee: 0n,
      appFee: 0n,
      appId: PROTOCOL_APP,
      contributors: [],
      ...facts,
    });
    if (work.id <= this.#highest)
      throw new IPError("UnknownWork", `Ids count up: ${work.id.toString()} is not above ${this.#highest.toString()}.`);
    this.#checkEdges(work);
    checkFees(work);
    checkContributors(work);
    this.#works.set(work.id, work);
    this.#highest = work.id;
    work.edges.forEach(({ parentId }, edge) => {
      const incoming = this.#incoming.get(parentId);
      if (incoming === undefined) this.#incoming.set(parentId, [{ child: work.id, edge }]);
      else incoming.push({ child: work.id, edge });
    });
    return work.id;
  }

  #checkEdges({ id, edges }: WorkFacts): void {
    let previous = -1n;
    edges.forEach((edge, index) => {
      if (edge.parentId >= id || !this.#works.has(edge.parentId))
        throw new IPError("UnknownParent", `There is no work ${edge.parentId.toString()} below ${id.toString()}.`);
      const key = edgeKey(edge);
      if (key <= previous)
        throw new IPError("EdgesNotAscending", `Edge ${index} of work ${id.toString()} is out of order.`);
      previous = key;
    });
    const chosen = edges.filter((edge) => edge.chosen).length;
    if (chosen > MAX_PARENTS) throw new IPError("TooManyParents", `Work ${id.toString()} has ${chosen} parents.`);
    if (edges.length - chosen > MAX_INHERITED)
      throw new IPError("TooManyInherited", `Work ${id.toString()} inherits ${edges.length - chosen} edges.`);
    const sum = rateSum(edges);
    if (sum > MAX_RATE_SUM)
      throw new IPError("RatesTooHigh", `The rates of work ${id.toString()} sum to ${sum.toString()}.`);
  }

  /** Facts of a work. Throws where there is none. */
  work(id: bigint): Readonly<WorkFacts> {
    const work = this.#works.get(id);
    if (work === undefined) throw new IPError("UnknownWork", `There is no work ${id.toString()}.`);
    return work;
  }

  has(id: bigint): boolean {
    return this.#works.has(id);
  }

  /** All works, ascending. */
  works(): Readonly<WorkFacts>[] {
    return [...this.#works.values()];
  }

  /** The highest id, 0 where there is no work. */
  get highest(): bigint {
    return this.#highest;
  }

  /** The edges that lead to a work, by ascending child. */
  incoming(id: bigint): readonly EdgeClaim[] {
    return this.#incoming.get(id) ?? [];
  }

  /** The tokens in which anything was paid. */
  tokens(): string[] {
    return [...this.#ledgers.keys()];
  }

  /** The fee accounts that works owe: the protocol's, and their apps'. */
  apps(): bigint[] {
    const apps = new Set([PROTOCOL_APP]);
    for (const { appId } of this.#works.values()) apps.add(appId);
    return [...apps].sort((a, b) => (a < b ? -1 : 1));
  }

  /** A work earns money. */
  pay(id: bigint, token: string, amount: bigint): void {
    this.work(id);
    if (amount <= 0n) throw new IPError("ZeroAmount", `A payment to work ${id.toString()} is of nothing.`);
    if (this.#sums(id, token).direct + amount >= SUM_LIMIT)
      throw new IPError("LedgerOverflow", `The sum of work ${id.toString()} cannot hold ${amount.toString()} more.`);
    this.recordPaid(id, token, amount);
  }

  /** Collects what an edge may; 0 where nothing is due or there is no such edge. */
  claim(child: bigint, edge: number, token: string): bigint {
    const amount = this.claimable(child, edge, token);
    if (amount > 0n) this.recordClaimed(child, edge, token, amount);
    return amount;
  }

  /** Claims in the order given. @returns Their sum. */
  claimBatch(claims: readonly EdgeClaim[], token: string): bigint {
    requireBatch(claims.length);
    return total(claims.map(({ child, edge }) => this.claim(child, edge, token)));
  }

  /** Claims hop after hop, and stops where there is no such edge. @returns What the last hop
   * collected; 0 where the path ended before. */
  claimPath(child: bigint, edges: readonly number[], token: string): bigint {
    requireBatch(edges.length);
    let amount = 0n;
    let at = child;
    for (const edge of edges) {
      const hop = this.#works.get(at)?.edges[edge];
      if (hop === undefined) return 0n;
      amount = this.claim(at, edge, token);
      at = hop.parentId;
    }
    return amount;
  }

  /** Collects fees of works; unknown ones have none. */
  claimFees(ids: readonly bigint[], token: string): { protocol: bigint; app: bigint } {
    requireBatch(ids.length);
    const sum = { protocol: 0n, app: 0n };
    for (const id of ids) {
      const { protocol, app } = this.claimableFees(id, token);
      if (protocol > 0n) this.recordFeeClaimed(id, PROTOCOL_APP, token, protocol);
      if (app > 0n) this.recordFeeClaimed(id, this.work(id).appId, token, app);
      sum.protocol += protocol;
      sum.app += app;
    }
    return sum;
  }

  /** The owner, or whom a dispute put in his place, takes what he may. */
  withdraw(id: bigint, token: string): bigint {
    return this.#withdrawShare(id, 0, token);
  }

  /** The same for contributor `index`. */
  withdrawContribution(id: bigint, index: number, token: string): bigint {
    if (this.work(id).contributors[index] === undefined)
      throw new IPError("UnknownContributor", `Work ${id.toString()} has no contributor ${index}.`);
    return this.#withdrawShare(id, index + 1, token);
  }

  #withdrawShare(id: bigint, shareIndex: number, token: string): bigint {
    this.work(id);
    const amount = this.withdrawable(id, shareIndex, token);
    if (amount > 0n) this.recordWithdrawn(id, shareIndex, token, amount);
    return amount;
  }

  /** An app's payee, for 0 the treasury, takes what was collected. */
  withdrawFees(appId: bigint, token: string): bigint {
    const { collected, withdrawn } = this.feesOf(appId, token);
    const amount = collected - withdrawn;
    if (amount > 0n) this.recordFeesWithdrawn(appId, token, amount);
    return amount;
  }

  /**
   * Everybody collects everything, of one token or of all: every edge once, derivatives before their ancestors (whose ids
   * are lower), then fees, then withdrawals. On a clone it answers who is owed what, if everybody collected now.
   * @returns What each took, nothing left out but zeros.
   */
  settle(token?: string): Payout[] {
    const payouts: Payout[] = [];
    for (const each of token === undefined ? this.tokens() : [tokenKey(token)]) {
      const works = this.works();
      for (const work of works.toReversed()) {
        work.edges.forEach((_, edge) => this.claim(work.id, edge, each));
        this.claimFees([work.id], each);
      }
      for (const { id, contributors } of works) {
        for (let index = 0; index <= contributors.length; index++) {
          const amount = this.#withdrawShare(id, index, each);
          if (amount > 0n) payouts.push({ token: each, amount, to: "work", id, share: index });
        }
      }
      for (const appId of this.apps()) {
        const amount = this.withdrawFees(appId, each);
        if (amount > 0n) payouts.push({ token: each, amount, to: "fees", appId });
      }
    }
    return payouts;
  }

  /** A copy of the sums of a work. */
  sumsOf(id: bigint, token: string): WorkSums {
    return copySums(this.#sums(id, token));
  }

  /** What an app (0: the protocol) collected and withdrew. */
  feesOf(appId: bigint, token: string): FeeSums {
    return { ...(this.#ledgers.get(tokenKey(token))?.fees.get(appId) ?? { collected: 0n, withdrawn: 0n }) };
  }

  /** All that an edge may take in its life, as of now. */
  entitled(child: bigint, edge: number, token: string): bigint {
    const facts = this.#works.get(child)?.edges[edge];
    if (facts === undefined) return 0n;
    const { direct, inflow } = this.#sums(child, token);
    return share(facts.rate, facts.absolute ? direct : direct + inflow);
  }

  /** What an edge could claim now. */
  claimable(child: bigint, edge: number, token: string): bigint {
    if (this.#works.get(child)?.edges[edge] === undefined) return 0n;
    return this.entitled(child, edge, token) - at(this.#sums(child, token).claimed, edge);
  }

  /** All that fees of a work may take in their life, as of now. */
  entitledFees(id: bigint, token: string): { protocol: bigint; app: bigint } {
    const work = this.#works.get(id);
    if (work === undefined) return { protocol: 0n, app: 0n };
    const { direct } = this.#sums(id, token);
    return { protocol: share(work.protocolFee, direct), app: share(work.appFee, direct) };
  }

  /** What fees of a work could be collected now. */
  claimableFees(id: bigint, token: string): { protocol: bigint; app: bigint } {
    if (!this.#works.has(id)) return { protocol: 0n, app: 0n };
    const { protocol, app } = this.entitledFees(id, token);
    const { protocolClaimed, appClaimed } = this.#sums(id, token);
    return { protocol: protocol - protocolClaimed, app: app - appClaimed };
  }

  /** What owner and contributors together may take in their life, as of now. */
  ownerSide(id: bigint, token: string): bigint {
    const { edges, protocolFee, appFee } = this.work(id);
    const { direct, inflow } = this.#sums(id, token);
    return (
      share(PPM - rateSum(edges) - protocolFee - appFee, direct) +
      share(PPM - rateSum(edges, { absolute: false }), inflow)
    );
  }

  /** All that a share may take in its life, as of now: 0 is the owner's, i + 1 that of contributor i. */
  entitledShare(id: bigint, shareIndex: number, token: string): bigint {
    const { contributors } = this.work(id);
    const side = this.ownerSide(id, token);
    if (shareIndex === 0) return share(PPM - total(contributors.map((c) => c.share)), side);
    return share(contributors[shareIndex - 1]?.share ?? 0n, side);
  }

  /** What a share could withdraw now. */
  withdrawable(id: bigint, shareIndex: number, token: string): bigint {
    return this.entitledShare(id, shareIndex, token) - (this.#sums(id, token).withdrawn[shareIndex] ?? 0n);
  }

  /** Both sides of the identity; see `checkIdentity`. */
  identity(token: string): Identity {
    const { works, fees } = this.#ledgers.get(tokenKey(token)) ?? emptyLedger();
    const terms: Identity["terms"] = [];
    let ledger = 0n;
    for (const [id, s] of works) {
      const withdrawn = total(s.withdrawn);
      const taken = total(s.claimed) + s.protocolClaimed + s.appClaimed + withdrawn;
      ledger += s.direct - withdrawn;
      terms.push({ account: `work ${id.toString()}`, amount: s.direct + s.inflow - taken });
    }
    for (const [appId, { collected, withdrawn }] of fees) {
      ledger -= withdrawn;
      terms.push({ account: `fees of app ${appId.toString()}`, amount: collected - withdrawn });
    }
    return { ledger, terms, remaining: total(terms.map(({ amount }) => amount)) };
  }

  /** Throws a sentence if money was made or lost: the two sides differ, or an account is overdrawn. */
  checkIdentity(token: string): void {
    const { ledger, terms, remaining } = this.identity(token);
    if (ledger !== remaining)
      throw new Error(`The ledger has ${ledger.toString()} of ${token}, its accounts ${remaining.toString()}.`);
    const overdrawn = terms.find(({ amount }) => amount < 0n);
    if (overdrawn !== undefined)
      throw new Error(`The ${overdrawn.account} is overdrawn: ${overdrawn.amount.toString()} of ${token}.`);
  }

  /** What rounding keeps of a work's sums, whatever is claimed or not. */
  dust(id: bigint, token: string): bigint {
    const { edges, contributors } = this.work(id);
    const { direct, inflow } = this.#sums(id, token);
    const { protocol, app } = this.entitledFees(id, token);
    const ancestors = total(edges.map((_, edge) => this.entitled(id, edge, token)));
    const shares = total([0, ...contributors.map((_, i) => i + 1)].map((i) => this.entitledShare(id, i, token)));
    return direct + inflow - ancestors - protocol - app - shares;
  }

  /** The most that rounding can keep of a work in its whole life, in base units of a token. */
  dustBound(id: bigint): bigint {
    const { edges, protocolFee, appFee, contributors } = this.work(id);
    const fees = [protocolFee, appFee].filter((fee) => fee > 0n).length;
    return BigInt(edges.length + fees + contributors.length + 1);
  }

  /** The records write down what happened on a chain, and do not judge it. */
  recordPaid(id: bigint, token: string, amount: bigint): void {
    this.#own(id, token).direct += amount;
  }

  recordClaimed(child: bigint, edge: number, token: string, amount: bigint): void {
    const hop = this.work(child).edges[edge];
    if (hop === undefined) throw new IPError("UnknownParent", `Work ${child.toString()} has no edge ${edge}.`);
    const sums = this.#own(child, token);
    sums.claimed[edge] = at(sums.claimed, edge) + amount;
    this.#own(hop.parentId, token).inflow += amount;
  }

  recordFeeClaimed(id: bigint, appId: bigint, token: string, amount: bigint): void {
    const work = this.work(id);
    if (appId !== PROTOCOL_APP && appId !== work.appId)
      throw new Error(`Work ${id.toString()} owes app ${work.appId.toString()}, not app ${appId.toString()}.`);
    const sums = this.#own(id, token);
    if (appId === PROTOCOL_APP) sums.protocolClaimed += amount;
    else sums.appClaimed += amount;
    this.#ownFees(appId, token).collected += amount;
  }

  recordWithdrawn(id: bigint, shareIndex: number, token: string, amount: bigint): void {
    const { withdrawn } = this.#own(id, token);
    if (withdrawn[shareIndex] === undefined)
      throw new IPError("UnknownContributor", `Work ${id.toString()} has no contributor ${shareIndex - 1}.`);
    withdrawn[shareIndex] += amount;
  }

  recordFeesWithdrawn(appId: bigint, token: string, amount: bigint): void {
    this.#ownFees(appId, token).withdrawn += amount;
  }

  /** Sets a work's sums as read elsewhere. Unlike the records it touches no other account. */
  restore(id: bigint, token: string, sums: WorkSums): void {
    const { edges, contributors } = this.work(id);
    if (sums.claimed.length !== edges.length || sums.withdrawn.length !== contributors.length + 1)
      throw new Error(`The sums of work ${id.toString()} are not of its edges and contributors.`);
    this.#ledger(token).works.set(id, copySums(sums));
  }

  restoreFees(appId: bigint, token: string, sums: FeeSums): void {
    this.#ledger(token).fees.set(appId, { ...sums });
  }

  /** All of the model's state, in an order that does not tell of the order of operations. */
  snapshot(): ModelSnapshot {
    const byToken = [...this.#ledgers].sort(([a], [b]) => (a < b ? -1 : 1));
    const byNumber = <V>(map: Map<bigint, V>): [bigint, V][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      works: this.works().map(copyFacts),
      sums: byToken.flatMap(([token, { works }]) =>
        byNumber(works).map(([id, sums]) => ({ token, id, sums: copySums(sums) })),
      ),
      fees: byToken.flatMap(([token, { fees }]) =>
        byNumber(fees).map(([appId, sums]) => ({ token, appId, sums: { ...sums } })),
      ),
    };
  }

  static from({ works, sums, fees }: ModelSnapshot): RoyaltyModel {
    const model = new RoyaltyModel();
    for (const work of works) model.register(work);
    for (const { id, token, sums: of } of sums) model.restore(id, token, of);
    for (const { appId, token, sums: of } of fees) model.restoreFees(appId, token, of);
    return model;
  }

  /** An independent copy. */
  clone(): RoyaltyModel {
    return RoyaltyModel.from(this.snapshot());
  }

  /** Sums to look at. An account that is not there is not made, so that looking does not change a snapshot. */
  #sums(id: bigint, token: string): WorkSums {
    return this.#ledgers.get(tokenKey(token))?.works.get(id) ?? emptySums(this.work(id));
  }

  /** Sums to change. */
  #own(id: bigint, token: string): WorkSums {
    const { works } = this.#ledger(token);
    let sums = works.get(id);
    if (sums === undefined) works.set(id, (sums = emptySums(this.work(id))));
    return sums;
  }

  #ownFees(appId: bigint, token: string): FeeSums {
    const { fees } = this.#ledger(token);
    let sums = fees.get(appId);
    if (sums === undefined) fees.set(appId, (sums = { collected: 0n, withdrawn: 0n }));
    return sums;
  }

  #ledger(token: string): TokenLedger {
    const key = tokenKey(token);
    let ledger = this.#ledgers.get(key);
    if (ledger === undefined) this.#ledgers.set(key, (ledger = emptyLedger()));
    return ledger;
  }
}

const at = (values: readonly bigint[], index: number): bigint => values[index] ?? 0n;

const requireBatch = (length: number): void => {
  if (length > MAX_CLAIM_BATCH)
    throw new IPError("BatchTooLarge", `A list of ${length} is longer than ${MAX_CLAIM_BATCH}.`);
};

const checkFees = ({ id, protocolFee, appFee, appId }: WorkFacts): void => {
  const sum = protocolFee + appFee;
  if (protocolFee < 0n || appFee < 0n || sum > MAX_FEE_SUM)
    throw new IPError("FeesTooHigh", `The fees of work ${id.toString()} sum to ${sum.toString()} parts per million.`);
  if (appId === PROTOCOL_APP && appFee !== 0n)
    throw new IPError("FeesTooHigh", `Work ${id.toString()} has an app's fee and no app.`);
};

const checkContributors = ({ id, contributors }: WorkFacts): void => {
  if (contributors.length > MAX_CONTRIBUTORS)
    throw new IPError("TooManyContributors", `Work ${id.toString()} has ${contributors.length} contributors.`);
  const invalid = contributors.findIndex(({ account, share: of }) => of <= 0n || account === ZeroAddress);
  if (invalid >= 0)
    throw new IPError(
      "InvalidContributor",
      `Contributor ${invalid} of work ${id.toString()} has no share or no address.`,
    );
  const sum = total(contributors.map((contributor) => contributor.share));
  if (sum > PPM)
    throw new IPError(
      "SharesTooHigh",
      `The shares of work ${id.toString()} sum to ${sum.toString()} parts per million.`,
    );
};
