/** Random royalty graphs, and random schedules of what can happen to them, for the tests of the SDK and of the contracts. */
import { getAddress, toBeHex } from "ethers";
import fc from "fast-check";

import { buildEdgeList, type ParentFacts } from "../../sdk/ip/edges";
import { IPError } from "../../sdk/ip/errors";
import type { EdgeClaim, RoyaltyModel } from "../../sdk/ip/royaltyModel";

/** A work as drawn: its parents are numbers that are taken modulo what there is. */
export interface WorkSpec {
  parents: number[];
  rate: bigint;
  absolute: boolean;
  protocolFee: bigint;
  appFee: bigint;
  app: number;
  shares: bigint[];
}

/** Something that happens; works, edges and shares are numbers that are taken modulo what there is. */
export type Op =
  | { kind: "pay"; work: number; token: number; amount: bigint }
  | { kind: "claim"; work: number; edge: number; token: number }
  | { kind: "claimBatch"; claims: { work: number; edge: number }[]; token: number }
  | { kind: "claimPath"; work: number; edges: number[]; token: number }
  | { kind: "claimFees"; works: number[]; token: number }
  | { kind: "withdraw"; work: number; share: number; token: number }
  | { kind: "withdrawFees"; app: number; token: number };

export const TOKENS = ["PIE", "USDT"] as const;

const number = fc.nat({ max: 1000 });
const rate = fc.oneof(fc.bigInt(0n, 1000n), fc.bigInt(0n, 300_000n), fc.constantFrom(0n, 1n, 100_000n, 333_333n));
const shares = fc.oneof(
  { weight: 3, arbitrary: fc.constant<bigint[]>([]) },
  { weight: 2, arbitrary: fc.array(fc.bigInt(1n, 125_000n), { maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constant<bigint[]>([1_000_000n]) },
);

export const workSpec: fc.Arbitrary<WorkSpec> = fc.record({
  parents: fc.array(number, { maxLength: 4 }),
  rate,
  absolute: fc.boolean(),
  protocolFee: fc.constantFrom(0n, 100n, 25_000n, 50_000n),
  appFee: fc.constantFrom(0n, 100n, 33_300n, 50_000n),
  app: fc.nat({ max: 3 }),
  shares,
});

export const graphSpec = (maxWorks: number): fc.Arbitrary<WorkSpec[]> =>
  fc.array(workSpec, { minLength: 2, maxLength: maxWorks, size: "max" });

/** Small amounts are where floors show. */
const amount = fc.oneof(fc.bigInt(1n, 20n), fc.bigInt(1n, 10_000n), fc.bigInt(1n, 10n ** 24n));
const token = fc.nat({ max: TOKENS.length - 1 });

const payment: fc.Arbitrary<Op> = fc.record({ kind: fc.constant("pay" as const), work: number, token, amount });
const collection: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("claim" as const), work: number, edge: number, token }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("claimBatch" as const),
      claims: fc.array(fc.record({ work: number, edge: number }), { maxLength: 6 }),
      token,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("claimPath" as const),
      work: number,
      edges: fc.array(number, { maxLength: 6 }),
      token,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("claimFees" as const),
      works: fc.array(number, { maxLength: 4 }),
      token,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), work: number, share: number, token }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("withdrawFees" as const), app: number, token }) },
);

export const op: fc.Arbitrary<Op> = fc.oneof({ weight: 2, arbitrary: payment }, { weight: 3, arbitrary: collection });

export const schedule = (maxLength: number): fc.Arbitrary<Op[]> =>
  fc.array(op, { minLength: 5, maxLength, size: "max" });

/** Nobody's, and not zero. */
export const accountOf = (n: number): string => getAddress(toBeHex(0xa11ce000 + n, 20));

/** Registers a work with the edges that its parents ask for; parents that cannot be had together are left out. */
export const registerSpec = (model: RoyaltyModel, facts: Map<bigint, ParentFacts>, spec: WorkSpec): bigint => {
  const count = Number(model.highest);
  const picked = count === 0 ? [] : [...new Set(spec.parents.map((n) => BigInt((n % count) + 1)))];
  const chosen = picked.sort((a, b) => (a < b ? -1 : 1)).map((id) => facts.get(id)!);
  let edges: ReturnType<typeof buildEdgeList> = [];
  while (chosen.length > 0 && edges.length === 0) {
    try {
      edges = buildEdgeList(chosen);
    } catch (error: unknown) {
      if (!(error instanceof IPError)) throw error;
      chosen.pop();
    }
  }
  const id = model.register({
    edges,
    protocolFee: spec.protocolFee,
    appFee: spec.app === 0 ? 0n : spec.appFee,
    appId: BigInt(spec.app),
    contributors: spec.shares.map((share, i) => ({ account: accountOf(i), share })),
  });
  const { rate: of, absolute } = spec;
  // An absolute rate of nothing is no terms at all.
  facts.set(id, { id, termsId: id, rate: of, absolute: absolute && of > 0n, edges });
  return id;
};

export const registerSpecs = (model: RoyaltyModel, specs: readonly WorkSpec[]): void => {
  const facts = new Map<bigint, ParentFacts>();
  for (const spec of specs) registerSpec(model, facts, spec);
};

/** What an operation is on this graph: the method of the model, of the same name as the graph's, and its arguments. */
export type Call =
  | { method: "pay"; args: [bigint, string, bigint] }
  | { method: "claim"; args: [bigint, number, string] }
  | { method: "claimBatch"; args: [EdgeClaim[], string] }
  | { method: "claimPath"; args: [bigint, number[], string] }
  | { method: "claimFees"; args: [bigint[], string] }
  | { method: "withdraw"; args: [bigint, string] }
  | { method: "withdrawContribution"; args: [bigint, number, string] }
  | { method: "withdrawFees"; args: [bigint, string] };

/** Edges that could be claimed now. */
export const dueEdges = (model: RoyaltyModel, token: string): EdgeClaim[] =>
  model
    .works()
    .flatMap(({ id, edges }) => edges.map((_, edge) => ({ child: id, edge })))
    .filter(({ child, edge }) => model.claimable(child, edge, token) > 0n);

const dueShares = (model: RoyaltyModel, token: string): { id: bigint; share: number }[] =>
  model
    .works()
    .flatMap(({ id, contributors }) => [0, ...contributors.map((_, i) => i + 1)].map((share) => ({ id, share })))
    .filter(({ id, share }) => model.withdrawable(id, share, token) > 0n);

/** Two of three draws are of what is due, so that schedules do not idle; the others are of anything. */
const ofDue = <T>(due: readonly T[], n: number): T | undefined => (n % 3 === 0 ? undefined : due[n % due.length]);

/** Names that there are, where they were drawn as numbers; now and then an edge that there is not. */
export const callOf = (model: RoyaltyModel, what: Op, tokens: readonly string[] = TOKENS): Call => {
  const workOf = (n: number): bigint => BigInt(n % Number(model.highest)) + 1n;
  const edgeOf = (child: bigint, n: number): number => n % (model.work(child).edges.length + 1);
  const currency = tokens[what.token]!;
  switch (what.kind) {
    case "pay":
      return { method: "pay", args: [workOf(what.work), currency, what.amount] };
    case "claim": {
      const due = ofDue(dueEdges(model, currency), what.work);
      if (due !== undefined) return { method: "claim", args: [due.child, due.edge, currency] };
      const child = workOf(what.work);
      return { method: "claim", args: [child, edgeOf(child, what.edge), currency] };
    }
    case "claimBatch": {
      const claims = what.claims.map(({ work, edge }) => ({ child: workOf(work), edge: edgeOf(workOf(work), edge) }));
      return { method: "claimBatch", args: [claims, currency] };
    }
    case "claimPath": {
      const start = ofDue(dueEdges(model, currency), what.work)?.child ?? workOf(what.work);
      let child: bigint | undefined = start;
      const edges = what.edges.map((n) => {
        const edge: number = child === undefined ? n : edgeOf(child, n);
        child = child === undefined ? undefined : model.work(child).edges[edge]?.parentId;
        return edge;
      });
      return { method: "claimPath", args: [start, edges, currency] };
    }
    case "claimFees":
      return { method: "claimFees", args: [what.works.map(workOf), currency] };
    case "withdraw": {
      const due = ofDue(dueShares(model, currency), what.work);
      const id = due?.id ?? workOf(what.work);
      const share = due?.share ?? what.share % (model.work(id).contributors.length + 1);
      if (share === 0) return { method: "withdraw", args: [id, currency] };
      return { method: "withdrawContribution", args: [id, share - 1, currency] };
    }
    case "withdrawFees": {
      const apps = model.apps();
      return { method: "withdrawFees", args: [apps[what.app % apps.length]!, currency] };
    }
  }
};

/** Does it to the model, and answers what it answers. */
export const applyCall = (model: RoyaltyModel, { method, args }: Call): unknown => {
  switch (method) {
    case "pay":
      model.pay(...args);
      return undefined;
    case "claim":
      return model.claim(...args);
    case "claimBatch":
      return model.claimBatch(...args);
    case "claimPath":
      return model.claimPath(...args);
    case "claimFees":
      return model.claimFees(...args);
    case "withdraw":
      return model.withdraw(...args);
    case "withdrawContribution":
      return model.withdrawContribution(...args);
    case "withdrawFees":
      return model.withdrawFees(...args);
  }
};
