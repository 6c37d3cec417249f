import { expect } from "chai";
import fc from "fast-check";

import {
  buildEdgeList,
  edgeKey,
  isWellFormedEdge,
  packEdge,
  rateSum,
  storedEdge,
  unpackEdge,
  unpackStoredWord,
  type Edge,
  type ParentFacts,
} from "../../sdk/ip/edges";
import { IPError, type IPErrorCode } from "../../sdk/ip/errors";

const SEED = 20_261_124;
const RUNS = 2_000;

const edge = (parts: Partial<Edge> = {}): Edge => ({
  parentId: 1n,
  absolute: false,
  rate: 100_000n,
  chosen: true,
  termsId: 7n,
  ...parts,
});

const parent = (id: bigint, parts: Partial<ParentFacts> = {}): ParentFacts => ({
  id,
  termsId: 100n + id,
  rate: 10_000n,
  absolute: false,
  edges: [],
  ...parts,
});

/** An absolute edge as a parent has it stored. */
const absolute = (parentId: bigint, rate: bigint): Edge =>
  edge({ parentId, rate, absolute: true, chosen: false, termsId: 0n });

const expectRefusal = (action: () => unknown, code: IPErrorCode, sentence: string): void => {
  expect(action).to.throw(IPError, sentence).with.property("code", code);
};

const anyEdge: fc.Arbitrary<Edge> = fc.record({
  parentId: fc.bigInt(0n, 2n ** 40n - 1n),
  absolute: fc.boolean(),
  rate: fc.bigInt(0n, 2n ** 20n - 1n),
  chosen: fc.boolean(),
  termsId: fc.bigInt(0n, 2n ** 32n - 1n),
});

describe("Edges", () => {
  before(() => {
    console.log(`      seed ${SEED}, ${RUNS} runs a property`);
  });

  describe("packEdge", () => {
    it("puts each field where Edge.sol has it", () => {
      const zero = { parentId: 0n, absolute: false, rate: 0n, chosen: false, termsId: 0n };
      expect(packEdge({ ...zero, rate: 0xfffffn })).to.equal(0xfffffn);
      expect(packEdge({ ...zero, absolute: true })).to.equal(1n << 20n);
      expect(packEdge({ ...zero, parentId: 1n })).to.equal(1n << 21n);
      expect(packEdge({ ...zero, parentId: 2n ** 40n - 1n })).to.equal(0xffffffffffn << 21n);
      expect(packEdge({ ...zero, chosen: true })).to.equal(1n << 61n);
      expect(packEdge({ ...zero, termsId: 2n ** 32n - 1n })).to.equal(0xffffffffn << 64n);
    });

    it("packs an example, spelled digit by digit", () => {
      // 0x186a0 is 100,000; 5 << 21 is 0xa00000; chosen is 0x2000000000000000; terms 0x2a stand before them.
      expect(packEdge(edge({ parentId: 5n, absolute: true, termsId: 42n }))).to.equal(0x2a_2000_0000_00b1_86a0n);
    });

    for (const [name, value, parts] of [
      ["rate", "1048576", { rate: 2n ** 20n }],
      ["rate", "-1", { rate: -1n }],
      ["parentId", "1099511627776", { parentId: 2n ** 40n }],
      ["termsId", "4294967296", { termsId: 2n ** 32n }],
    ] as const) {
      it(`refuses ${value} for ${name}`, () => {
        expectRefusal(() => packEdge(edge(parts)), "MalformedEdge", `${name} has`);
        expect(() => packEdge(edge(parts))).to.throw(value);
      });
    }
  });

  describe("unpackEdge", () => {
    it("gives back what was packed", () => {
      fc.assert(
        fc.property(anyEdge, (e) => {
          expect(unpackEdge(packEdge(e))).to.deep.equal(e);
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });

    it("refuses each bit outside of the layout", () => {
      for (const bit of [62n, 63n, 96n, 127n, 255n])
        expectRefusal(() => unpackEdge(1n << bit), "MalformedEdge", "outside of an edge's layout");
      expectRefusal(() => unpackEdge(-1n), "MalformedEdge", "outside of an edge's layout");
    });

    it("reads a stored edge, which is chosen and names no terms", () => {
      expect(unpackEdge(storedEdge(packEdge(edge())))).to.deep.equal(edge({ termsId: 0n }));
    });
  });

  describe("isWellFormedEdge", () => {
    it("wants terms exactly where the edge is chosen", () => {
      for (const chosen of [false, true])
        for (const termsId of [0n, 1n])
          expect(isWellFormedEdge(packEdge(edge({ chosen, termsId })))).to.equal(chosen === (termsId !== 0n));
    });

    it("wants nothing outside of the layout", () => {
      for (const bit of [62n, 63n, 96n]) expect(isWellFormedEdge(packEdge(edge()) | (1n << bit))).to.equal(false);
      expect(isWellFormedEdge(-1n)).to.equal(false);
    });
  });

  describe("unpackStoredWord", () => {
    it("reads four lanes from the lowest, and leaves out the empty ones", () => {
      const stored = [1n, 2n, 3n].map((parentId) => edge({ parentId, termsId: 0n }));
      const word = stored.reduce((sum, e, lane) => sum | (packEdge(e) << BigInt(lane * 64)), 0n);
      expect(unpackStoredWord(word)).to.deep.equal(stored);
      expect(unpackStoredWord(0n)).to.deep.equal([]);
    });
  });

  describe("edgeKey", () => {
    it("orders by ancestor, then relative before absolute, whatever the rate", () => {
      const inOrder = [
        edge({ parentId: 1n, rate: 900_000n }),
        edge({ parentId: 1n, absolute: true, rate: 1n }),
        edge({ parentId: 2n, rate: 5n }),
        edge({ parentId: 2n, absolute: true, rate: 0n }),
      ].map(edgeKey);
      expect(inOrder).to.deep.equal([2n, 3n, 4n, 5n]);
    });
  });

  describe("buildEdgeList", () => {
    it("is one edge for one parent, by its terms", () => {
      expect(buildEdgeList([parent(3n, { rate: 50_000n })])).to.deep.equal([
        { parentId: 3n, absolute: false, rate: 50_000n, chosen: true, termsId: 103n },
      ]);
    });

    it("does not inherit relative edges", () => {
      const list = buildEdgeList([parent(3n, { edges: [edge({ parentId: 1n }), absolute(2n, 5n)] })]);
      expect(list.map((e) => [e.parentId, e.absolute, e.chosen])).to.deep.equal([
        [2n, true, false],
        [3n, false, true],
      ]);
    });

    it("inherits an absolute edge that a parent chose as well as one that it inherited", () => {
      const chosen = edge({ parentId: 1n, absolute: true, termsId: 0n });
      const [inherited] = buildEdgeList([parent(3n, { edges: [chosen] })]);
      expect(inherited).to.deep.equal({ ...chosen, chosen: false });
    });

    it("inherits an ancestor once, at the highest rate, in whatever order the parents pass it on", () => {
      for (const rates of [
        [5n, 9n, 7n],
        [9n, 5n, 7n],
        [5n, 7n, 9n],
      ]) {
        const list = buildEdgeList(rates.map((rate, i) => parent(BigInt(i + 2), { edges: [absolute(1n, rate)] })));
        expect(list.filter((e) => e.parentId === 1n)).to.deep.equal([absolute(1n, 9n)]);
      }
    });

    it("joins a chosen absolute parent with what another parent passes on: one edge, chosen, at the higher rate", () => {
      for (const [own, inherited, highest] of [
        [5n, 9n, 9n],
        [9n, 5n, 9n],
        [9n, 9n, 9n],
      ] as const) {
        const list = buildEdgeList([
          parent(1n, { absolute: true, rate: own }),
          parent(2n, { edges: [absolute(1n, inherited)] }),
        ]);
        expect(list[0]).to.deep.equal({ parentId: 1n, absolute: true, rate: highest, chosen: true, termsId: 101n });
        expect(list).to.have.length(2);
      }
    });

    it("keeps a relative and an absolute edge to the same ancestor, in this order", () => {
      const list = buildEdgeList([parent(1n, { rate: 5n }), parent(2n, { edges: [absolute(1n, 9n)] })]);
      expect(list.map((e) => [e.parentId, e.absolute, e.rate, e.chosen])).to.deep.equal([
        [1n, false, 5n, true],
        [1n, true, 9n, false],
        [2n, false, 10_000n, true],
      ]);
    });

    it("leaves its arguments as they were", () => {
      const parents = [parent(1n, { absolute: true }), parent(2n, { edges: [absolute(1n, 20_000n)] })];
      const before = structuredClone(parents);
      buildEdgeList(parents);
      expect(parents).to.deep.equal(before);
    });

    it("takes eight parents and refuses nine", () => {
      const parents = Array.from({ length: 9 }, (_, i) => parent(BigInt(i + 1)));
      expect(buildEdgeList(parents.slice(0, 8))).to.have.length(8);
      expectRefusal(() => buildEdgeList(parents), "TooManyParents", "9 parents are more than the 8");
    });

    it("takes eight inherited edges beside eight parents, and refuses the ninth", () => {
      const ancestors = (from: bigint, count: number): Edge[] =>
        Array.from({ length: count }, (_, i) => absolute(from + BigInt(i), 1_000n));
      const parents = Array.from({ length: 8 }, (_, i) =>
        parent(BigInt(i + 20), { edges: i === 0 ? ancestors(1n, 8) : [] }),
      );
      expect(buildEdgeList(parents)).to.have.length(16);
      parents[7] = parent(27n, { edges: ancestors(8n, 2) });
      expectRefusal(() => buildEdgeList(parents), "TooManyInherited", "pass on 9 absolute edges");
    });

    it("does not count what a chosen parent stands for as inherited", () => {
      const eight = Array.from({ length: 8 }, (_, i) => absolute(BigInt(i + 1), 1_000n));
      const parents = [
        parent(1n, { absolute: true }),
        parent(20n, { edges: eight }),
        parent(21n, { edges: [absolute(9n, 1n)] }),
      ];
      expect(buildEdgeList(parents).filter((e) => !e.chosen)).to.have.length(8);
    });

    it("refuses a parent with more than eight absolute edges, chosen or not", () => {
      const nine = Array.from({ length: 9 }, (_, i) => ({ ...absolute(BigInt(i + 1), 1n), chosen: i < 4 }));
      expectRefusal(
        () => buildEdgeList([parent(20n, { edges: nine })]),
        "ParentNotDerivable",
        "Work 20 has 9 absolute edges",
      );
    });

    it("takes rates up to 900,000 in sum, inherited ones included, and refuses one more", () => {
      const parents = [parent(2n, { rate: 600_000n, edges: [absolute(1n, 300_000n)] })];
      expect(rateSum(buildEdgeList(parents))).to.equal(900_000n);
      parents[0] = parent(2n, { rate: 600_001n, edges: [absolute(1n, 300_000n)] });
      expectRefusal(() => buildEdgeList(parents), "RatesTooHigh", "sum to 900001 parts per million");
    });

    it("refuses parents that descend, repeat, or count from 0", () => {
      for (const ids of [[2n, 1n], [2n, 2n], [0n]])
        expectRefusal(() => buildEdgeList(ids.map((id) => parent(id))), "EdgesNotAscending", "Parents must ascend");
    });

    it("refuses a parent without terms, or whose terms forbid derivatives", () => {
      expectRefusal(() => buildEdgeList([parent(4n, { termsId: 0n })]), "DerivativesNotAllowed", "Work 4 allows no");
      expectRefusal(
        () => buildEdgeList([parent(4n, { derivativesAllowed: false })]),
        "DerivativesNotAllowed",
        "Work 4 allows no derivatives (terms 104).",
      );
    });

    it("refuses a derivative of nothing", () => {
      expectRefusal(() => buildEdgeList([]), "NoParents", "needs a parent");
    });

    it("is closed over absolute edges, ascending, well formed, and no dearer than it must be", () => {
      const ancestors = fc.uniqueArray(fc.tuple(fc.bigInt(1n, 9n), fc.bigInt(1n, 50_000n)), {
        selector: ([id]) => id,
        maxLength: 4,
      });
      const parents = fc
        .array(fc.record({ rate: fc.bigInt(0n, 50_000n), absolute: fc.boolean(), ancestors, gap: fc.bigInt(1n, 3n) }), {
          minLength: 1,
          maxLength: 3,
        })
        .map((drawn) => {
          let id = 6n;
          return drawn.map(({ gap, ancestors: of, ...terms }) => {
            id += gap;
            const below = of.filter(([ancestor]) => ancestor < id).map(([ancestor, r]) => absolute(ancestor, r));
            return parent(id, { ...terms, edges: below });
          });
        });
      let joined = 0;
      fc.assert(
        fc.property(parents, (drawn) => {
          const due = new Map<string, bigint>();
          const ask = (id: bigint, kind: string, rate: bigint): void => {
            const key = `${id.toString()} ${kind}`;
            if (due.has(key)) joined += 1;
            due.set(key, rate > (due.get(key) ?? -1n) ? rate : due.get(key)!);
          };
          for (const p of drawn) {
            ask(p.id, p.absolute ? "absolute" : "relative", p.rate);
            for (const e of p.edges) ask(e.parentId, "absolute", e.rate);
          }
          let list: Edge[];
          try {
            list = buildEdgeList(drawn);
          } catch (error: unknown) {
            expect(error).to.be.instanceOf(IPError).with.property("code", "TooManyInherited");
            return;
          }
          expect(
            new Map(list.map((e) => [`${e.parentId.toString()} ${e.absolute ? "absolute" : "relative"}`, e.rate])),
          ).to.deep.equal(due);
          const words = list.map(packEdge);
          expect(words.every(isWellFormedEdge)).to.equal(true);
          const keys = list.map(edgeKey);
          expect(keys.every((key, i) => i === 0 || key > keys[i - 1]!)).to.equal(true);
          expect(list.filter((e) => e.chosen).map((e) => e.parentId)).to.deep.equal(drawn.map((p) => p.id));
        }),
        { seed: SEED, numRuns: RUNS },
      );
      expect(joined, "ancestors that came by several parents").to.be.greaterThan(RUNS / 4);
    });
  });
});
