import { expect } from "chai";
import fc from "fast-check";

import { Status } from "../../sdk/ip/constants";
import type { Edge } from "../../sdk/ip/edges";
import { layoutLayers, type Box, type Line } from "../../sdk/ip/layout";
import { formatAmount, formatRate, toMermaid, toSVG } from "../../sdk/ip/render";
import { RoyaltyModel } from "../../sdk/ip/royaltyModel";
import { TOKENS, applyCall, callOf, graphSpec, registerSpecs, schedule } from "../helpers/royaltyGraphs";

const SEED = 20_261_128;
const RUNS = 200;
const [PIE, USDT] = TOKENS;

const relative = (parentId: bigint, rate: bigint): Edge => ({
  parentId,
  rate,
  absolute: false,
  chosen: true,
  termsId: 1n,
});
const absolute = (parentId: bigint, rate: bigint): Edge => ({ ...relative(parentId, rate), absolute: true });

/** 1 ← 2 ← 3, and 3 owes 1 an inherited absolute share; something claimed, something due. */
const sample = (): RoyaltyModel => {
  const model = new RoyaltyModel();
  model.register();
  model.register({ edges: [absolute(1n, 20_000n)] });
  model.register({ edges: [{ ...absolute(1n, 20_000n), chosen: false }, relative(2n, 125_000n)] });
  model.pay(3n, PIE, 1_234_500_000n);
  model.claim(3n, 1, PIE);
  model.pay(3n, PIE, 8_000_000n);
  return model;
};
const tokens = [{ token: PIE, symbol: "pieUSD", decimals: 6 }];

const HOSTILE = [
  `"quoted" & <b>bold</b> 'single'`,
  "two\nlines\r\nand\ttabs\u2028more",
  `"]; w1 --> w2["`,
  "%%{init: {'theme': 'dark'}}%%",
  "1. a list",
  "- another",
  "`code` **bold** _it_ #quot; &amp; &#34;",
  "style x fill:#fff;",
  "end",
  "]]></text></svg><script>alert(1)</script>",
  "\u0000\u0008\u001f\ufffe\uffff\ud800 lone \udc00",
  "\u202eright to left\u202c",
  "größe 夜汽車 \u{1F3B5} é",
  "",
  "   ",
];

/** Elements of an XML document as far as SVG uses it, or an error where it is not well formed. */
const parseXML = (document: string): { name: string; attributes: Record<string, string>; text: string }[] => {
  const decode = (text: string): string => {
    if (/&(?!#\d+;)/.test(text)) throw new Error(`bare ampersand in ${text}`);
    return text.replace(/&#(\d+);/g, (_, point: string) => String.fromCodePoint(Number(point)));
  };
  expect(document).not.to.match(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u);
  const elements: ReturnType<typeof parseXML> = [];
  const open: ReturnType<typeof parseXML> = [];
  let rest = document.trim();
  while (rest !== "") {
    const tag = /^<(\/?)([a-z]+)((?: [A-Za-z-]+="[^"<]*")*)(\/?)>/.exec(rest);
    const text = /^[^<>]+/.exec(rest);
    if (tag !== null) {
      const [all, closing, name, attributes, empty] = tag;
      rest = rest.slice(all.length);
      if (closing === "/") {
        if (open.pop()?.name !== name) throw new Error(`</${name ?? ""}> closes nothing`);
        continue;
      }
      const pairs = [...attributes!.matchAll(/ ([A-Za-z-]+)="([^"]*)"/g)];
      const element = {
        name: name!,
        attributes: Object.fromEntries(pairs.map(([, key, value]) => [key!, decode(value!)])),
        text: "",
      };
      elements.push(element);
      if (empty !== "/") open.push(element);
    } else if (text !== null) {
      for (const element of open) element.text += decode(text[0]);
      rest = rest.slice(text[0].length);
    } else throw new Error(`not well formed: ${rest.slice(0, 60)}`);
    if (open.length === 0 && rest !== "") throw new Error(`after the end: ${rest.slice(0, 60)}`);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)!.name}> stays open`);
  return elements;
};

const textsOf = (svg: string): string[] =>
  parseXML(svg)
    .filter(({ name }) => name === "text")
    .map(({ text }) => text.trim());

/** What Mermaid shows of a label. */
const shown = (label: string): string =>
  label.replace(/#(\d+);/g, (_, point: string) => String.fromCodePoint(Number(point)));

const NODE = /^ {2}w(\d+)\["([\p{L}\p{N}\p{M} ,.%]|#\d+;|<br\/>)*"\]$/u;
const ARROW = /^ {2}w(\d+) (-->|-\.->)\|"([\p{L}\p{N}\p{M} ,.%]|#\d+;|<br\/>)*"\| w(\d+)$/u;

describe("Pictures of a royalty graph", () => {
  before(() => {
    console.log(`      seed ${SEED}, ${RUNS} runs a property`);
  });

  describe("formatAmount", () => {
    for (const [amount, decimals, digits, text] of [
      [0n, 6, 6, "0"],
      [1n, 0, 6, "1"],
      [1_234_567n, 0, 6, "1,234,567"],
      [1_000_000n, 6, 6, "1"],
      [1_234_500_000n, 6, 6, "1,234.5"],
      [123n, 6, 6, "0.000123"],
      [1_999_999n, 6, 2, "1.99"],
      [999n, 6, 2, "<0.01"],
      [1n, 18, 6, "<0.000001"],
      [5n, 6, 0, "<1"],
      [-1_500_000n, 6, 6, "-1.5"],
      [10n ** 30n, 18, 6, "1,000,000,000,000"],
    ] as const) {
      it(`shows ${amount.toString()} of ${decimals} decimals in ${digits} digits as ${text}`, () => {
        expect(formatAmount(amount, decimals, digits)).to.equal(text);
      });
    }
  });

  describe("formatRate", () => {
    it("shows parts per million as a percentage", () => {
      expect([1n, 125_000n, 900_000n, 0n].map(formatRate)).to.deep.equal(["0.0001 %", "12.5 %", "90 %", "0 %"]);
    });
  });

  describe("toMermaid", () => {
    it("draws works and edges with their money, solid and dotted", () => {
      const names = new Map([
        [1n, "Root"],
        [3n, "Remix"],
      ]);
      expect(toMermaid(sample(), { names, tokens, title: "A graph" }).split("\n")).to.deep.equal([
        "---",
        'title: "A graph"',
        "---",
        "flowchart BT",
        '  w1["Root<br/>#35;1"]',
        '  w2["Work 2<br/>#35;2<br/>earned 0, inflow 154.3125 pieUSD"]',
        '  w3["Remix<br/>#35;3<br/>earned 1,242.5, inflow 0 pieUSD"]',
        '  w2 -.->|"2 % of direct revenue"| w1',
        '  w3 -.->|"2 % of direct revenue, inherited<br/>claimed 0, due 24.85 pieUSD"| w1',
        '  w3 -->|"12.5 % of all revenue<br/>claimed 154.3125, due 1 pieUSD"| w2',
        "",
      ]);
    });

    it("marks disputed and deleted works", () => {
      const statuses = new Map([
        [1n, Status.Disputed],
        [2n, Status.Deleted],
        [3n, Status.Active],
      ]);
      const lines = toMermaid(sample(), { statuses }).split("\n");
      expect(lines).to.include.members(["  class w1 disputed", "  class w2 deleted"]);
      expect(lines.some((line) => line.includes("class w3"))).to.equal(false);
    });

    it("shows some works alone, without edges that lead nowhere", () => {
      const lines = toMermaid(sample(), { works: [3n, 2n] }).split("\n");
      expect(lines.filter((line) => NODE.test(line))).to.have.length(2);
      expect(lines.filter((line) => ARROW.test(line))).to.have.length(1);
    });

    it("lists all tokens, in base units, where none is described", () => {
      const model = sample();
      const address = "0x000000000000000000000000000000000000bEEF";
      model.pay(1n, USDT, 5n);
      model.pay(1n, address, 6n);
      const root = toMermaid(model).split("\n")[1]!;
      expect(shown(root)).to.contain("earned 5, inflow 0 USDT<br/>earned 6, inflow 0 0x0000…");
    });

    for (const name of HOSTILE) {
      it(`keeps its form with a work called ${JSON.stringify(name)}`, () => {
        const lines = toMermaid(sample(), { names: new Map([[1n, name]]), title: name }).split("\n");
        const at = lines.indexOf("flowchart BT");
        expect(at).to.equal(3);
        expect(JSON.parse(lines[1]!.replace("title: ", ""))).to.be.a("string");
        expect(lines.slice(at + 1, at + 4).every((line) => NODE.test(line))).to.equal(true);
        expect(lines.slice(at + 4, at + 7).every((line) => ARROW.test(line))).to.equal(true);
        expect(lines.slice(at + 7)).to.deep.equal([""]);
      });
    }

    it("shows a hostile name as it is", () => {
      const node = toMermaid(sample(), { names: new Map([[1n, HOSTILE[0]!]]) }).split("\n")[1]!;
      expect(shown(/"(.*?)<br/.exec(node)![1]!)).to.equal(HOSTILE[0]);
    });
  });

  describe("toSVG", () => {
    it("lists each work's money, and each edge's", () => {
      const texts = textsOf(toSVG(sample(), { tokens, names: new Map([[1n, "Root"]]), title: "A graph" }));
      expect(texts).to.include.members([
        "A graph",
        "Root",
        "#1",
        "Work 2",
        "earned 0 · inflow 154.3125 pieUSD",
        "to withdraw 154.3125 pieUSD",
        "2 % absolute → #1 Root (inherited)",
        "claimed 0 · due 24.85 pieUSD",
        "12.5 % relative → #2 Work 2",
        "claimed 154.3125 · due 1 pieUSD",
      ]);
    });

    it("has one arrow an edge, dashed where it is absolute, heavier where something is due", () => {
      const arrows = parseXML(toSVG(sample(), { tokens })).filter(({ attributes }) => "marker-end" in attributes);
      expect(
        arrows.map(({ attributes: a }) => [a["marker-end"], a["stroke-dasharray"] !== undefined, a["stroke-width"]]),
      ).to.have.deep.members([
        ["url(#absolute)", true, "1.2"],
        ["url(#relative)", false, "2.2"],
        // The edge from 3 to 1 passes work 2 in a lane, whose end is the bundle's.
        ["url(#absolute)", true, "1.2"],
      ]);
    });

    it("marks disputed and deleted works", () => {
      const statuses = new Map([
        [1n, Status.Disputed],
        [2n, Status.Deleted],
      ]);
      expect(textsOf(toSVG(sample(), { statuses }))).to.include.members(["#1 · disputed", "#2 · deleted", "#3"]);
    });

    it("draws an empty graph", () => {
      expect(textsOf(toSVG(new RoyaltyModel()))).to.include("Royalty graph");
      expect(toMermaid(new RoyaltyModel())).to.equal("flowchart BT\n");
    });

    it("cuts long names, and keeps the whole in the tooltip", () => {
      const name = "a very long name ".repeat(10).trim();
      const elements = parseXML(toSVG(sample(), { names: new Map([[2n, name]]) }));
      expect(elements.some(({ name: tag, text }) => tag === "title" && text === `${name} (#2)`)).to.equal(true);
      expect(elements.every(({ name: tag, text }) => tag !== "text" || text.length < 80)).to.equal(true);
    });

    it("says by number where an edge leads that is not in the picture", () => {
      const svg = toSVG(sample(), { works: [3n] });
      expect(textsOf(svg)).to.include.members(["2 % absolute → #1 (inherited)", "12.5 % relative → #2"]);
      expect(svg).not.to.contain("marker-end");
    });

    for (const name of HOSTILE) {
      it(`keeps its form with a work called ${JSON.stringify(name)}`, () => {
        const plain = parseXML(toSVG(sample())).map((element) => element.name);
        const svg = toSVG(sample(), { names: new Map([[1n, name]]), title: name });
        expect(parseXML(svg).map((element) => element.name)).to.deep.equal(plain);
      });
    }

    it("shows a hostile name as it is", () => {
      expect(textsOf(toSVG(sample(), { names: new Map([[1n, HOSTILE[0]!.slice(0, 25)]]) }))).to.include(
        HOSTILE[0]!.slice(0, 25),
      );
    });

    it("is well formed whatever the names and the graph are, as is Mermaid's", () => {
      const names = fc.array(fc.string({ unit: "binary", maxLength: 60 }), { minLength: 12, maxLength: 12 });
      fc.assert(
        fc.property(graphSpec(12), schedule(20), names, (specs, ops, drawn) => {
          const model = new RoyaltyModel();
          registerSpecs(model, specs);
          for (const op of ops) applyCall(model, callOf(model, op));
          const options = { names: new Map(drawn.map((name, i) => [BigInt(i + 1), name])) };
          const cards = parseXML(toSVG(model, options)).filter(({ name }) => name === "g").length;
          expect(cards).to.equal(specs.length + 2);
          const edges = model.works().reduce((sum, work) => sum + work.edges.length, 0);
          const lines = toMermaid(model, options).split("\n").slice(1, -1);
          expect(lines.filter((line) => NODE.test(line))).to.have.length(specs.length);
          expect(lines.filter((line) => ARROW.test(line))).to.have.length(edges);
          expect(lines).to.have.length(specs.length + edges);
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });

    it("draws 400 works within seconds", function () {
      this.timeout(20_000);
      const model = new RoyaltyModel();
      for (let i = 0; i < 400; i++) {
        const parent = BigInt(Math.floor(i / 3));
        model.register(parent === 0n ? {} : { edges: [relative(parent, 100_000n)] });
      }
      expect(parseXML(toSVG(model)).length).to.be.greaterThan(1_600);
    });
  });

  describe("layoutLayers", () => {
    const drawing = fc
      .array(fc.record({ parents: fc.array(fc.nat(), { maxLength: 3 }), height: fc.integer({ min: 20, max: 200 }) }), {
        minLength: 1,
        maxLength: 20,
      })
      .map((drawn) => {
        const boxes: Box[] = [];
        const lines: Line[] = [];
        for (const [i, { parents, height }] of drawn.entries()) {
          const to = i === 0 ? [] : [...new Set(parents.map((p) => p % i))];
          const layer = Math.max(-1, ...to.map((p) => boxes[p]!.layer)) + 1;
          boxes.push({ key: `${i}`, layer, width: 100, height });
          for (const p of to) lines.push({ from: `${i}`, fromPort: 15, to: `${p}`, toPort: 10, bundle: `${p}` });
        }
        return { boxes, lines };
      });

    it("overlaps no boxes, runs no line through one, and connects every line", () => {
      fc.assert(
        fc.property(drawing, ({ boxes, lines }) => {
          const gaps = { column: 50, row: 10 };
          const { boxes: placed, strands, width, height } = layoutLayers(boxes, lines, gaps);
          const all = boxes.map(({ key, layer }) => ({ layer, ...placed.get(key)! }));
          for (const [i, a] of all.entries()) {
            expect(a.x >= 0 && a.y >= -1e-6 && a.x + a.width <= width && a.y + a.height <= height + 1e-6).to.be.true;
            for (const b of all.slice(i + 1))
              if (a.layer === b.layer)
                expect(a.y + a.height + gaps.row <= b.y + 1e-6 || b.y + b.height + gaps.row <= a.y + 1e-6).to.be.true;
          }
          for (const { x1, y1, x2, y2 } of strands) {
            expect(x1).to.be.greaterThan(x2);
            // Through a column lines run level, and beside its boxes.
            const inside = all.filter((box) => x2 < box.x + box.width - 1e-6 && x1 > box.x + 1e-6);
            if (inside.length > 0) expect(y1).to.equal(y2);
            expect(inside.every((box) => y1 < box.y || y1 > box.y + box.height)).to.be.true;
          }
          const at = (x: number, y: number): string => `${x.toFixed(3)} ${y.toFixed(3)}`;
          for (const [i, line] of lines.entries()) {
            let strand = strands.find((s) => s.line === i)!;
            const start = placed.get(line.from)!;
            expect(at(strand.x1, strand.y1)).to.equal(at(start.x, start.y + line.fromPort));
            while (!strand.arrives) {
              const { x2, y2 } = strand;
              strand = strands.find(
                (s) => s.line === null && at(s.x1, s.y1) === at(x2, y2) && s.bundle === line.bundle,
              )!;
            }
            const end = placed.get(line.to)!;
            expect(at(strand.x2, strand.y2)).to.equal(at(end.x + end.width, end.y + line.toPort));
          }
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });

    it("refuses a line that does not lead to a lower layer", () => {
      const boxes = ["a", "b"].map((key) => ({ key, layer: 0, width: 10, height: 10 }));
      const line = { from: "a", fromPort: 0, to: "b", toPort: 0, bundle: "b" };
      expect(() => layoutLayers(boxes, [line], { column: 1, row: 1 })).to.throw("does not lead to a lower layer");
      expect(() => layoutLayers(boxes, [{ ...line, to: "c" }], { column: 1, row: 1 })).to.throw("There is no box c.");
    });
  });
});
