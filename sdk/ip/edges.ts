/**
 * A derivative's debts to its ancestors: the word that packs one (contracts/ip/types/Edge.sol), and the list that a
 * derivative must register with.
 */
import { MAX_INHERITED, MAX_PARENTS, MAX_RATE_SUM } from "./constants";
import { IPError } from "./errors";

export interface Edge {
  /** The ancestor that is owed. */
  parentId: bigint;
  /** The rate is of direct revenue alone, and is inherited by derivatives; else of all revenue, and is not. */
  absolute: boolean;
  /** Parts per million of the derivative's revenue. */
  rate: bigint;
  /** The creator picked this parent; else it is an ancestor whose absolute edge a parent passes on. */
  chosen: boolean;
  /** Terms that the creator expects of a chosen parent; 0 where it is inherited, and in what the graph stores. */
  termsId: bigint;
}

// bits 0–19 rate | 20 absolute | 21–60 parentId | 61 chosen | 64–95 termsId; the lower 64 are stored.
const RATE_BITS = 20n;
const ABSOLUTE = 1n << 20n;
const KEY_SHIFT = 20n;
const KEY_BITS = 41n;
const PARENT_SHIFT = 21n;
const PARENT_BITS = 40n;
const CHOSEN = 1n << 61n;
const TERMS_SHIFT = 64n;
const TERMS_BITS = 32n;
const STORED = (1n << 64n) - 1n;
const LAYOUT = ((1n << 62n) - 1n) | (((1n << TERMS_BITS) - 1n) << TERMS_SHIFT);

const field = (word: bigint, shift: bigint, bits: bigint): bigint => (word >> shift) & ((1n << bits) - 1n);

const fitting = (name: string, value: bigint, bits: bigint): bigint => {
  if (value < 0n || value >> bits !== 0n)
    throw new IPError(
      "MalformedEdge",
      `An edge's ${name} has ${bits.toString()} bits: ${value.toString()} does not fit.`,
    );
  return value;
};

/** An edge as the registry takes it. The contracts ask that terms are named exactly where the edge is chosen. */
export const packEdge = (edge: Edge): bigint =>
  fitting("rate", edge.rate, RATE_BITS) |
  (edge.absolute ? ABSOLUTE : 0n) |
  (fitting("parentId", edge.parentId, PARENT_BITS) << PARENT_SHIFT) |
  (edge.chosen ? CHOSEN : 0n) |
  (fitting("termsId", edge.termsId, TERMS_BITS) << TERMS_SHIFT);

/** The fields of an edge, whether from a list to register with or from the graph's storage. */
export const unpackEdge = (word: bigint): Edge => {
  if (word < 0n || (word & ~LAYOUT) !== 0n)
    throw new IPError("MalformedEdge", `0x${word.toString(16)} has bits outside of an edge's layout.`);
  return {
    parentId: field(word, PARENT_SHIFT, PARENT_BITS),
    absolute: (word & ABSOLUTE) !== 0n,
    rate: field(word, 0n, RATE_BITS),
    chosen: (word & CHOSEN) !== 0n,
    termsId: field(word, TERMS_SHIFT, TERMS_BITS),
  };
};

/** Whether the registry takes the word as an edge: nothing outside of the layout, terms exactly where it is chosen. */
export const isWellFormedEdge = (word: bigint): boolean =>
  word >= 0n && (word & ~LAYOUT) === 0n && ((word & CHOSEN) !== 0n) === (field(word, TERMS_SHIFT, TERMS_BITS) !== 0n);

/** What the graph keeps of a packed edge: all but the terms. */
export const storedEdge = (word: bigint): bigint => word & STORED;

/** The four edges of one of the graph's storage words, as far as there are any. */
export const unpackStoredWord = (word: bigint): Edge[] =>
  [0n, 1n, 2n, 3n]
    .map((lane) => field(word, lane * 64n, 64n))
    .filter((edge) => edge !== 0n)
    .map(unpackEdge);

/** Ancestor and kind as one number, by which lists strictly ascend: an ancestor's relative edge before its absolute one. */
export const edgeKey = (edge: Pick<Edge, "parentId" | "absolute">): bigint =>
  field(packEdge({ ...edge, rate: 0n, chosen: false, termsId: 0n }), KEY_SHIFT, KEY_BITS);

/** What one must know of a work to derive from it. */
export interface ParentFacts {
  id: bigint;
  /** Terms of its derivatives, as they stand now; 0: there can be none. */
  termsId: bigint;
  /** Rate of these terms in parts per million. */
  rate: bigint;
  /** Kind of the rate. */
  absolute: boolean;
  /** Default: true where there are terms. */
  derivativesAllowed?: boolean;
  /** The parent's own edges, as `RoyaltyGraph.edgesOf` lists them. */
  edges: readonly Edge[];
}

const several = (n: number | bigint, thing: string): string => `${n.toString()} ${thing}${BigInt(n) === 1n ? "" : "s"}`;

/** Throws a sentence where a work cannot be a parent, whatever the derivative. */
const requireDerivable = ({ id, termsId, derivativesAllowed, edges }: ParentFacts): void => {
  if (termsId === 0n || derivativesAllowed === false)
    throw new IPError(
      "DerivativesNotAllowed",
      `Work ${id.toString()} allows no derivatives${termsId === 0n ? "" : ` (terms ${termsId.toString()})`}.`,
    );
  const absolute = edges.filter((edge) => edge.absolute).length;
  if (absolute > MAX_INHERITED)
    throw new IPError(
      "ParentNotDerivable",
      `Work ${id.toString()} has ${absolute} absolute edges, and a derivative can inherit no more than ${MAX_INHERITED}.`,
    );
};

/**
 * The edges of a derivative of these parents: each parent by its terms, and every absolute edge of each parent, an
 * ancestor's once, at the highest rate. A parent whose own terms are absolute, and which another parent also passes on,
 * is one chosen edge at the higher rate; a relative edge to an ancestor never stands for an absolute one.
 * @param parents Strictly ascending by id, one to eight.
 */
export const buildEdgeList = (parents: readonly ParentFacts[]): Edge[] => {
  if (parents.length === 0) throw new IPError("NoParents", "A derivative needs a parent.");
  if (parents.length > MAX_PARENTS)
    throw new IPError(
      "TooManyParents",
      `${several(parents.length, "parent")} are more than the ${MAX_PARENTS} that a derivative may have.`,
    );
  const list = new Map<bigint, Edge>();
  let previous = 0n;
  for (const parent of parents) {
    if (parent.id <= previous)
      throw new IPError(
        "EdgesNotAscending",
        `Parents must ascend, each named once, from 1: ${parent.id.toString()} follows ${previous.toString()}.`,
      );
    previous = parent.id;
    requireDerivable(parent);
    const { id: parentId, absolute, rate, termsId } = parent;
    const edge: Edge = { parentId, absolute, rate, chosen: true, termsId };
    list.set(edgeKey(edge), edge);
  }
  for (const inherited of parents.flatMap(({ edges }) => edges).filter(({ absolute }) => absolute)) {
    const key = edgeKey(inherited);
    const known = list.get(key);
    if (known === undefined) list.set(key, { ...inherited, chosen: false, termsId: 0n });
    else if (known.rate < inherited.rate) list.set(key, { ...known, rate: inherited.rate });
  }
  const edges = [...list.values()].sort((a, b) => (edgeKey(a) < edgeKey(b) ? -1 : 1));
  const passedOn = edges.filter(({ chosen }) => !chosen).length;
  if (passedOn > MAX_INHERITED)
    throw new IPError(
      "TooManyInherited",
      `The parents pass on ${several(passedOn, "absolute edge")}, and a derivative can inherit no more than ${MAX_INHERITED}.`,
    );
  const sum = rateSum(edges);
  if (sum > MAX_RATE_SUM)
    throw new IPError(
      "RatesTooHigh",
      `The edges' rates sum to ${sum.toString()} parts per million, more than ${MAX_RATE_SUM.toString()}.`,
    );
  return edges;
};

/** All of a work's rates together, or those of one kind. */
export const rateSum = (edges: readonly Edge[], kind?: { absolute: boolean }): bigint =>
  edges
    .filter(({ absolute }) => kind === undefined || absolute === kind.absolute)
    .reduce((sum, { rate }) => sum + rate, 0n);
