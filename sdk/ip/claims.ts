/**
 * Which edges to claim so that a work's money reaches it: those that carry something, from the deepest derivative upwards,
 * each once, in as few calls as they fit.
 *
 * Money comes to a work over relative edges from any depth, as inflow is passed on, and over an absolute edge from the
 * derivative at its other end alone. Children have higher ids than their parents, so claims by descending child find
 * everything collected that they pass on, and none is needed twice.
 */
import { graphInterface } from "./abi";
import { MAX_CLAIM_BATCH, PPM } from "./constants";
import type { EdgeClaim, RoyaltyModel } from "./royaltyModel";

/** Gas of a call that claims, and of each claim in it; measured with room to spare. */
export const CLAIM_CALL_GAS = 29_000n;
export const CLAIM_GAS = 14_000n;

export interface PlannedClaim extends EdgeClaim {
  parent: bigint;
  /** What it will collect, the claims before it done. */
  amount: bigint;
}

/** A call to the graph: its function and arguments as ethers takes them. */
export type ClaimCall = { claims: PlannedClaim[]; gas: bigint } & (
  | { method: "claim"; args: [bigint, number, string] }
  | { method: "claimPath"; args: [bigint, number[], string] }
  | { method: "claimBatch"; args: [EdgeClaim[], string] }
);

export interface ClaimPlan {
  token: string;
  targets: bigint[];
  /** To be mined in this order. */
  calls: ClaimCall[];
  /** All claims of the calls, in their order. */
  claims: PlannedClaim[];
  /** What the targets gain. */
  collected: bigint;
  /** What they would gain if everything that is due were claimed: what a `minimum` leaves behind is the difference. */
  due: bigint;
  gas: bigint;
}

export interface ClaimOptions {
  /** The work, or all works of an account, whose money is to arrive. */
  targets: readonly bigint[];
  /**
   * What one more claim must bring to the targets to be worth its gas, in base units: `CLAIM_GAS` at the price of gas and
   * token. A branch is left out where it brings less than that for each of its claims. Default 0: all that is due.
   */
  minimum?: bigint;
}

/** Fractions of a unit that arrive at a target, in fixed point. */
const ONE = 10n ** 18n;

/** Beyond this many tries, claims that bring nothing may stay in a plan: they cost gas, not money. */
const MAX_TRIES = 1_000;

interface Candidate extends EdgeClaim {
  parent: bigint;
  rate: bigint;
  absolute: boolean;
}

/** Every edge over which anything could come to the targets, in the order of claiming. */
const candidatesOf = (model: RoyaltyModel, targets: ReadonlySet<bigint>): Candidate[] => {
  const found: Candidate[] = [];
  const carriers = new Set(targets);
  const open = [...targets];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const { child, edge } of model.incoming(parent)) {
      const facts = model.work(child).edges[edge];
      if (facts === undefined) continue;
      const { rate, absolute } = facts;
      if (rate === 0n) continue;
      found.push({ child, edge, parent, rate, absolute });
      // What the child collects itself passes over relative edges only.
      if (absolute || carriers.has(child)) continue;
      carriers.add(child);
      open.push(child);
    }
  }
  return found.sort((a, b) => {
    if (a.child !== b.child) return a.child > b.child ? -1 : 1;
    return a.edge - b.edge;
  });
};

interface Outcome {
  amounts: bigint[];
  collected: bigint;
}

/** Simulates claims in order, without touching the model: only inflow changes, and only by them. */
const simulatorOf = (model: RoyaltyModel, token: string, targets: ReadonlySet<bigint>) => {
  const sums = new Map<bigint, { direct: bigint; inflow: bigint; claimed: bigint[] }>();
  const sumsOf = (id: bigint): { direct: bigint; inflow: bigint; claimed: bigint[] } => {
    let known = sums.get(id);
    if (known === undefined) sums.set(id, (known = model.sumsOf(id, token)));
    return known;
  };
  return (claims: readonly Candidate[]): Outcome => {
    const arrived = new Map<bigint, bigint>();
    let collected = 0n;
    const amounts = claims.map(({ child, edge, parent, rate, absolute }) => {
      const { direct, inflow, claimed } = sumsOf(child);
      const base = absolute ? direct : direct + inflow + (arrived.get(child) ?? 0n);
      const owed = (rate * base) / PPM - (claimed[edge] ?? 0n);
      const amount = owed > 0n ? owed : 0n;
      arrived.set(parent, (arrived.get(parent) ?? 0n) + amount);
      if (targets.has(parent)) collected += amount;
      return amount;
    });
    return { amounts, collected };
  };
};

/** Of a unit that arrives at each work, how much arrives at targets by these claims, rounding aside. */
const weightsOf = (claims: readonly Candidate[], targets: ReadonlySet<bigint>): Map<bigint, bigint> => {
  const weights = new Map([...targets].map((id) => [id, ONE]));
  // Upwards in ids: a work's weight is known before that of its derivatives is asked for.
  for (const { child, parent, rate, absolute } of claims.toReversed())
    if (!absolute) weights.set(child, (weights.get(child) ?? 0n) + ((weights.get(parent) ?? 0n) * rate) / PPM);
  return weights;
};

/** Whether each claim is worth its gas: what it brings of its child's own money, and of the branches that it carries. */
const worthwhile = (
  model: RoyaltyModel,
  token: string,
  claims: readonly Candidate[],
  amounts: readonly bigint[],
  weights: ReadonlyMap<bigint, bigint>,
  minimum: bigint,
): boolean[] => {
  /** By work: what worthwhile branches bring to it, their gas paid, as arrives at the targets. */
  const carried = new Map<bigint, bigint>();
  return claims.map(({ child, edge, parent, rate, absolute }, i) => {
    const weight = weights.get(parent) ?? 0n;
    if (weight === 0n || (amounts[i] ?? 0n) === 0n) return false;
    const own = model.claimable(child, edge, token) * weight;
    const weightOfChild = weights.get(child) ?? 0n;
    // A branch below a work with several planned edges is paid for by each in proportion.
    const branches =
      absolute || weightOfChild === 0n ? 0n : ((carried.get(child) ?? 0n) * ((rate * weight) / PPM)) / weightOfChild;
    const value = own + branches - minimum * ONE;
    if (value < 0n) return false;
    carried.set(parent, (carried.get(parent) ?? 0n) + value);
    return true;
  });
};

/** Leaves out what brings nothing because a floor above swallows it. */
const withoutIdle = (
  claims: readonly Candidate[],
  simulate: (claims: readonly Candidate[]) => Outcome,
  targets: ReadonlySet<bigint>,
): Candidate[] => {
  let kept = [...claims];
  const { amounts, collected } = simulate(kept);
  const weights = weightsOf(kept, targets);
  // Each claim floors once: what brings more than all floors together can take is not swallowed whole.
  const floors = kept.reduce((sum, { parent }) => sum + (weights.get(parent) ?? 0n), 0n);
  const suspects = kept
    .map((claim, i) => ({ claim, gain: (amounts[i] ?? 0n) * (weights.get(claim.parent) ?? 0n) }))
    .filter(({ claim, gain }) => !targets.has(claim.parent) && gain <= floors)
    .sort((a, b) => (a.gain < b.gain ? -1 : 1))
    .slice(0, MAX_TRIES);
  for (const { claim } of suspects) {
    const fewer = kept.filter((each) => each !== claim);
    if (simulate(fewer).collected === collected) kept = fewer;
  }
  return kept;
};

/**
 * The claims that bring a token's money to works.
 * @example planClaims(model, token, { targets: worksOf(snapshot, account) })
 */
export const planClaims = (model: RoyaltyModel, token: string, options: ClaimOptions): ClaimPlan => {
  const targets = new Set(options.targets.map((id) => model.work(id).id));
  const minimum = options.minimum ?? 0n;
  const simulate = simulatorOf(model, token, targets);
  let claims = candidatesOf(model, targets);
  const { collected: due } = simulate(claims);
  for (;;) {
    const { amounts } = simulate(claims);
    const keep = worthwhile(model, token, claims, amounts, weightsOf(claims, targets), minimum);
    if (keep.every(Boolean)) break;
    claims = claims.filter((_, i) => keep[i]);
  }
  claims = withoutIdle(claims, simulate, targets);
  const { amounts, collected } = simulate(claims);
  const planned = claims
    .map(({ child, edge, parent }, i) => ({ child, edge, parent, amount: amounts[i] ?? 0n }))
    .filter(({ amount }) => amount > 0n);
  const calls = callsFor(planned, token);
  return {
    token,
    targets: [...targets],
    calls,
    claims: planned,
    collected,
    due,
    gas: calls.reduce((sum, { gas }) => sum + gas, 0n),
  };
};

/**
 * The fewest calls for claims in this order. A call costs more than a claim in it, so they are filled; a path names its
 * works by its edges alone, so where each claim goes on where the last one led, it is the shorter call.
 */
export const callsFor = (claims: readonly PlannedClaim[], token: string): ClaimCall[] => {
  const calls: ClaimCall[] = [];
  for (let start = 0; start < claims.length; start += MAX_CLAIM_BATCH) {
    const part = claims.slice(start, start + MAX_CLAIM_BATCH);
    const [first] = part;
    if (first === undefined) break;
    const common = { claims: part, gas: claimGas(part.length) };
    const isPath = part.every(({ child }, i) => i === 0 || part[i - 1]?.parent === child);
    if (part.length === 1) calls.push({ ...common, method: "claim", args: [first.child, first.edge, token] });
    else if (isPath)
      calls.push({ ...common, method: "claimPath", args: [first.child, part.map(({ edge }) => edge), token] });
    else
      calls.push({
        ...common,
        method: "claimBatch",
        args: [part.map(({ child, edge }) => ({ child, edge })), token],
      });
  }
  return calls;
};

/** An estimate of a call with so many claims. Of a path it is a little high. */
export const claimGas = (claims: number): bigint => CLAIM_CALL_GAS + BigInt(claims) * CLAIM_GAS;

/** A call's data, for the graph's address. */
export const encodeClaimCall = ({ method, args }: ClaimCall): string => graphInterface.encodeFunctionData(method, args);
