/**
 * Draws a royalty graph with the money on its edges: as Mermaid for documents, as SVG for everything else. Whatever a
 * work's name has in it, it is text in the picture and nothing more.
 */
import { getAddress, isHexString } from "ethers";

import { Status } from "./constants";
import { layoutLayers, type Box, type Line, type Strand } from "./layout";
import type { RoyaltyModel } from "./royaltyModel";

export interface TokenFormat {
  token: string;
  symbol: string;
  decimals: number;
}

export interface RenderOptions {
  /** Tokens to show and how. Default: all that the model has, in base units. */
  tokens?: readonly TokenFormat[];
  /** Names of works. Default: "Work" and its id. */
  names?: ReadonlyMap<bigint, string>;
  /** Disputed and deleted works are marked. Default: none is. */
  statuses?: ReadonlyMap<bigint, Status>;
  /** Show these works alone. Default: all. */
  works?: Iterable<bigint>;
  /** Heading of the picture. */
  title?: string;
  /** Most digits after the point of an amount; what is cut off is rounded down. Default 6. */
  digits?: number;
}

interface DrawnMoney {
  symbol: string;
  claimed: string;
  due: string;
  isDue: boolean;
}

interface DrawnEdge {
  parent: bigint;
  absolute: boolean;
  rate: string;
  inherited: boolean;
  money: DrawnMoney[];
}

interface DrawnWork {
  id: bigint;
  name: string;
  note: string;
  status: Status;
  sums: { symbol: string; direct: string; inflow: string; open: string; isOpen: boolean }[];
  edges: DrawnEdge[];
}

/** An amount in whole units: thousands apart, no idle zeros, rounded down; what is too small to show is not shown as 0. */
export const formatAmount = (amount: bigint, decimals: number, digits = 6): string => {
  const [sign, size] = amount < 0n ? ["-", -amount] : ["", amount];
  const unit = 10n ** BigInt(decimals);
  const whole = (size / unit).toString().replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = (size % unit)
    .toString()
    .padStart(decimals, "0")
    .slice(0, Math.min(decimals, digits))
    .replace(/0+$/, "");
  if (whole === "0" && fraction === "" && size > 0n)
    return `${sign}<${digits === 0 || decimals === 0 ? "1" : `0.${"0".repeat(Math.min(decimals, digits) - 1)}1`}`;
  return `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}`;
};

/** Parts per million as a percentage. */
export const formatRate = (rate: bigint): string => `${formatAmount(rate, 4, 4)} %`;

const STATUS_NOTES: Partial<Record<Status, string>> = { [Status.Disputed]: "disputed", [Status.Deleted]: "deleted" };

/** A token that nobody described, by its address. */
const plainFormat = (token: string): TokenFormat => ({
  token,
  symbol: isHexString(token, 20) ? `${getAddress(token).slice(0, 6)}…` : token,
  decimals: 0,
});

const describe = (model: RoyaltyModel, options: RenderOptions): DrawnWork[] => {
  const formats = options.tokens ?? model.tokens().map(plainFormat);
  const wanted = options.works === undefined ? null : new Set(options.works);
  return model
    .works()
    .filter(({ id }) => wanted === null || wanted.has(id))
    .map(({ id, edges, contributors }) => {
      const status = options.statuses?.get(id) ?? Status.Active;
      return {
        id,
        name: oneLine(options.names?.get(id) ?? "") || `Work ${id.toString()}`,
        note: [`#${id.toString()}`, STATUS_NOTES[status]].filter((part) => part !== undefined).join(" · "),
        status,
        sums: formats.flatMap(({ token, symbol, decimals }) => {
          const { direct, inflow } = model.sumsOf(id, token);
          if (direct === 0n && inflow === 0n) return [];
          const open = [0, ...contributors.map((_, i) => i + 1)]
            .map((share) => model.withdrawable(id, share, token))
            .reduce((sum, amount) => sum + amount, 0n);
          const show = (amount: bigint): string => formatAmount(amount, decimals, options.digits);
          return [
            {
              symbol: oneLine(symbol),
              direct: show(direct),
              inflow: show(inflow),
              open: show(open),
              isOpen: open > 0n,
            },
          ];
        }),
        edges: edges.map(({ parentId, absolute, rate, chosen }, edge) => ({
          parent: parentId,
          absolute,
          rate: formatRate(rate),
          inherited: !chosen,
          money: formats.flatMap(({ token, symbol, decimals }) => {
            const claimed = model.sumsOf(id, token).claimed[edge] ?? 0n;
            const due = model.claimable(id, edge, token);
            if (claimed === 0n && due === 0n) return [];
            const show = (amount: bigint): string => formatAmount(amount, decimals, options.digits);
            return [{ symbol: oneLine(symbol), claimed: show(claimed), due: show(due), isDue: due > 0n }];
          }),
        })),
      };
    });
};

/** Text in one line, without characters that no document may have (controls, halves of surrogate pairs, non-characters). */
const oneLine = (text: string): string =>
  text
    .replace(/\p{Cs}/gu, "\ufffd")
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .replace(/[\p{Noncharacter_Code_Point}\u202a-\u202e\u2066-\u2069]/gu, "")
    .trim();

/**
 * A label's text for Mermaid. All but letters, digits, spaces, commas, and the points and percent signs of numbers is
 * spelled as an entity: Mermaid reads quotes, brackets and semicolons as syntax, "%%" as a comment or directive, and "1."
 * or "-" at the beginning as Markdown.
 */
const mermaidText = (text: string): string =>
  text.replace(
    /((?<=\d)\.(?=\d)|(?<=\d )%(?= ))|[^\p{L}\p{N}\p{M} ,]/gu,
    (char, harmless?: string) => harmless ?? `#${codePoint(char)};`,
  );

const codePoint = (char: string): number => char.codePointAt(0) ?? 0xfffd;

/** A flowchart, money flowing upwards: solid arrows are relative shares, dotted ones absolute. */
export const toMermaid = (model: RoyaltyModel, options: RenderOptions = {}): string => {
  const works = describe(model, options);
  const drawn = new Set(works.map(({ id }) => id));
  const heading = options.title === undefined ? [] : ["---", `title: ${JSON.stringify(oneLine(options.title))}`, "---"];
  const nodes = works.map(({ id, name, note, sums }) => {
    const money = sums.map(({ symbol, direct, inflow }) => `earned ${direct}, inflow ${inflow} ${symbol}`);
    return `  w${id.toString()}["${[name, note, ...money].map(mermaidText).join("<br/>")}"]`;
  });
  const arrows = works.flatMap(({ id, edges }) =>
    edges
      .filter(({ parent }) => drawn.has(parent))
      .map(({ parent, absolute, rate, inherited, money }) => {
        const kind = `${rate} ${absolute ? "of direct revenue" : "of all revenue"}${inherited ? ", inherited" : ""}`;
        const sums = money.map(({ symbol, claimed, due }) => `claimed ${claimed}, due ${due} ${symbol}`);
        const label = [kind, ...sums].map(mermaidText).join("<br/>");
        return `  w${id.toString()} ${absolute ? "-.->" : "-->"}|"${label}"| w${parent.toString()}`;
      }),
  );
  const marked = works
    .filter(({ status }) => status === Status.Disputed || status === Status.Deleted)
    .map(({ id, status }) => `  class w${id.toString()} ${STATUS_NOTES[status] ?? ""}`);
  const classes =
    marked.length === 0
      ? []
      : ["  classDef disputed fill:#fee2e2,stroke:#b91c1c", "  classDef deleted fill:#e2e8f0,stroke:#64748b"];
  return [...heading, "flowchart BT", ...nodes, ...arrows, ...classes, ...marked, ""].join("\n");
};

const xml = (text: string): string => oneLine(text).replace(/[&<>"']/g, (char) => `&#${codePoint(char)};`);

/** Columns that a text takes up, roughly: characters of East Asia and pictographs are as wide as two. */
const columnsOf = (text: string): number =>
  Array.from(text).reduce((sum, char) => {
    if (/\p{M}/u.test(char)) return sum;
    const point = codePoint(char);
    const wide = (point >= 0x1100 && point <= 0x115f) || (point >= 0x2e80 && point <= 0xffdc) || point >= 0x1f000;
    return sum + (wide ? 2 : 1);
  }, 0);

const clipped = (text: string, columns: number): string => {
  if (columnsOf(text) <= columns) return text;
  let kept = "";
  for (const char of text) {
    if (columnsOf(kept + char) > columns - 1) break;
    kept += char;
  }
  return `${kept.trimEnd()}…`;
};

const SMALL = 11;
const LINE = 15;
const HEADER = 40;
const PAD = 12;
const MARGIN = 24;
const NAME_COLUMNS = 32;
/** Width of a column of text at a size of 1, in fonts that run wide. */
const EM = 0.61;
const RELATIVE = "#2563eb";
const ABSOLUTE = "#c2410c";
const INK = "#0f172a";
const FAINT = "#64748b";
const DUE = "#b45309";
const FILLS: Partial<Record<Status, string>> = { [Status.Disputed]: "#fee2e2", [Status.Deleted]: "#e2e8f0" };

interface TextLine {
  /** Spans of text; a second one stands out. */
  text: string;
  strong?: string;
  color: string;
}

interface Card {
  work: DrawnWork;
  name: string;
  lines: TextLine[];
  /** The line at which each edge begins. */
  edgeLines: number[];
  width: number;
  height: number;
}

const widthOf = (text: string, size: number): number => columnsOf(text) * size * EM;

const cardOf = (work: DrawnWork, nameOf: (id: bigint) => string): Card => {
  const lines: TextLine[] = work.sums.flatMap(({ symbol, direct, inflow, open, isOpen }) => [
    { text: `earned ${direct} · inflow ${inflow} ${symbol}`, color: INK },
    isOpen
      ? { text: "   ", strong: `to withdraw ${open} ${symbol}`, color: FAINT }
      : { text: "   nothing to withdraw", color: FAINT },
  ]);
  const edgeLines = work.edges.map(({ parent, absolute, rate, inherited, money }) => {
    const at = lines.length;
    const kind = `${rate} ${absolute ? "absolute" : "relative"}`;
    lines.push({
      text: `${kind} → ${nameOf(parent)}${inherited ? " (inherited)" : ""}`,
      color: absolute ? ABSOLUTE : RELATIVE,
    });
    for (const { symbol, claimed, due, isDue } of money)
      lines.push(
        isDue
          ? { text: `   claimed ${claimed} · `, strong: `due ${due} ${symbol}`, color: FAINT }
          : { text: `   claimed ${claimed} ${symbol}`, color: FAINT },
      );
    return at;
  });
  const name = clipped(work.name, NAME_COLUMNS);
  const widest = Math.max(
    ...lines.map(({ text, strong = "" }) => widthOf(text + strong, SMALL)),
    widthOf(name, 14),
    150,
  );
  const body = lines.length === 0 ? 0 : lines.length * LINE + PAD;
  return { work, name, lines, edgeLines, width: Math.ceil(widest) + 2 * PAD, height: HEADER + body };
};

/** Roots in the first column, every other work right of all its ancestors. */
const generations = (works: readonly DrawnWork[]): Map<bigint, number> => {
  const layers = new Map<bigint, number>();
  for (const { id, edges } of works)
    layers.set(id, Math.max(-1, ...edges.map(({ parent }) => layers.get(parent) ?? -1)) + 1);
  return layers;
};

const n = (value: number): string => (Math.round(value * 10) / 10).toString();

const curve = ({ x1, y1, x2, y2 }: Strand): string => {
  const bend = (x1 - x2) / 2;
  return y1 === y2
    ? `M${n(x1)} ${n(y1)}H${n(x2)}`
    : `M${n(x1)} ${n(y1)}C${n(x1 - bend)} ${n(y1)} ${n(x2 + bend)} ${n(y2)} ${n(x2)} ${n(y2)}`;
};

const textAt = (x: number, y: number, content: string, attributes = ""): string =>
  `<text x="${n(x)}" y="${n(y)}"${attributes}>${content}</text>`;

const drawCard = (
  { work, name, lines }: Card,
  box: { x: number; y: number; width: number; height: number },
): string => {
  const { x, y, width, height } = box;
  const text = lines.map(({ text: plain, strong, color }, i) => {
    const stress = strong === undefined ? "" : `<tspan fill="${DUE}" font-weight="600">${xml(strong)}</tspan>`;
    // Spaces at an edge of a text are lost unless they are kept on purpose.
    const indent = plain.length - plain.trimStart().length;
    const gap = strong === undefined || plain.trim() === "" ? "" : " ";
    const body = `<tspan>${xml(plain)}</tspan>${gap}${stress}`;
    return textAt(x + PAD + indent * 4, y + HEADER + LINE * (i + 1) - 3, body, ` fill="${color}"`);
  });
  return [
    `<g>`,
    `<title>${xml(`${work.name} (${work.note})`)}</title>`,
    `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="8" fill="#ffffff" stroke="#cbd5e1"/>`,
    `<path d="M${n(x)} ${n(y + HEADER - 2)}v-${HEADER - 10}a8 8 0 0 1 8 -8h${n(width - 16)}a8 8 0 0 1 8 8v${HEADER - 10}z" fill="${FILLS[work.status] ?? "#f1f5f9"}"/>`,
    textAt(x + PAD, y + 17, xml(name), ` font-size="14" font-weight="600" fill="${INK}"`),
    textAt(x + PAD, y + 32, xml(work.note), ` fill="${FAINT}"`),
    ...text,
    `</g>`,
  ].join("\n");
};

const legend = (y: number): string => {
  const entry = (x: number, color: string, dash: string, label: string): string =>
    `<path d="M${n(x)} ${n(y)}h28" stroke="${color}" stroke-width="1.5"${dash} fill="none"/>${textAt(x + 34, y + 4, label, ` fill="${FAINT}"`)}`;
  return [
    entry(MARGIN, RELATIVE, "", "relative: of all revenue, from direct derivatives"),
    entry(MARGIN + 370, ABSOLUTE, ' stroke-dasharray="5 4"', "absolute: of direct revenue, from all descendants"),
  ].join("\n");
};
/** Width that the legend needs. */
const LEGEND_WIDTH = 760;

/**
 * A picture in columns by generation, roots left, money flowing left. Each work lists its edges with what was claimed over
 * them and what is due; a line leads from each to its ancestor, solid for relative shares, dashed for absolute ones.
 */
export const toSVG = (model: RoyaltyModel, options: RenderOptions = {}): string => {
  const works = describe(model, options);
  const layers = generations(works);
  const names = new Map(works.map(({ id, name }) => [id, name]));
  const nameOf = (id: bigint): string => {
    const name = names.get(id);
    return name === undefined ? `#${id.toString()}` : `#${id.toString()} ${clipped(name, 18)}`;
  };
  const cards = works.map((work) => cardOf(work, nameOf));
  const boxes: Box[] = cards.map(({ work, width, height }) => ({
    key: work.id.toString(),
    layer: layers.get(work.id) ?? 0,
    width,
    height,
  }));
  const edges = cards.flatMap(({ work, edgeLines }) =>
    work.edges.flatMap((edge, i) =>
      layers.has(edge.parent) ? [{ child: work.id, edge, line: edgeLines[i] ?? 0 }] : [],
    ),
  );
  const lines: Line[] = edges.map(({ child, edge, line }) => ({
    from: child.toString(),
    fromPort: HEADER + LINE * (line + 1) - 7,
    to: edge.parent.toString(),
    toPort: edge.absolute ? 28 : 14,
    bundle: `${edge.parent.toString()} ${edge.absolute ? "absolute" : "relative"}`,
  }));
  const layout = layoutLayers(boxes, lines, { column: 90, row: 18 });

  const title = options.title ?? "Royalty graph";
  const [left, top] = [MARGIN, MARGIN + 46];
  const width = Math.max(layout.width, LEGEND_WIDTH) + 2 * MARGIN;
  const height = top + layout.height + MARGIN;
  const paths = layout.strands.map((strand) => {
    const absolute = strand.bundle.endsWith("absolute");
    const due = strand.line !== null && edges[strand.line]?.edge.money.some(({ isDue }) => isDue) === true;
    const dash = absolute ? ' stroke-dasharray="5 4"' : "";
    const arrow = strand.arrives ? ` marker-end="url(#${absolute ? "absolute" : "relative"})"` : "";
    return `<path d="${curve(strand)}" stroke="${absolute ? ABSOLUTE : RELATIVE}" stroke-width="${due ? "2.2" : "1.2"}"${dash}${arrow}/>`;
  });
  const marker = (id: string, color: string): string =>
    `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="${color}"/></marker>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}" font-family="Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif" font-size="${SMALL}">`,
    `<title>${xml(title)}</title>`,
    `<defs>${marker("relative", RELATIVE)}${marker("absolute", ABSOLUTE)}</defs>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    textAt(MARGIN, MARGIN + 10, xml(title), ` font-size="18" font-weight="600" fill="${INK}"`),
    legend(MARGIN + 28),
    `<g transform="translate(${left} ${top})">`,
    `<g fill="none">`,
    ...paths,
    `</g>`,
    ...cards.map((card) => {
      const box = layout.boxes.get(card.work.id.toString());
      return box === undefined ? "" : drawCard(card, box);
    }),
    `</g>`,
    `</svg>`,
    "",
  ].join("\n");
};
