/**
 * A layered layout of boxes: columns by generation, lines between neighbouring columns only. A line to a box further away
 * runs through the columns between in a lane of its own, which it shares with the other lines of the same bundle, so that
 * an ancestor of a hundred works costs each column one lane.
 */

export interface Box {
  key: string;
  /** 0 is leftmost. */
  layer: number;
  width: number;
  height: number;
}

/** A line from a box's left side to the right side of one in a lower layer; ports are offsets from the boxes' tops. */
export interface Line {
  from: string;
  fromPort: number;
  to: string;
  toPort: number;
  /** Lines of one bundle have the same end. */
  bundle: string;
}

/** A piece of lines: from right to left, between columns or through one. */
export interface Strand {
  bundle: string;
  /** The line whose piece it is alone; null where it is the bundle's. */
  line: number | null;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  /** It ends at a box. */
  arrives: boolean;
}

export interface Layout {
  boxes: Map<string, { x: number; y: number; width: number; height: number }>;
  strands: Strand[];
  width: number;
  height: number;
}

export interface Gaps {
  column: number;
  row: number;
}

/** Height of a lane, in which a bundle runs through a column. */
const LANE = 10;
const SWEEPS = 12;

interface Item {
  key: string;
  layer: number;
  height: number;
  top: number;
  /** Ties between the neighbours on either side: their items and the ports of both. */
  left: Tie[];
  right: Tie[];
}

interface Tie {
  other: Item;
  port: number;
  otherPort: number;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** How many ties between two columns cross. */
const crossings = (column: readonly Item[], place: ReadonlyMap<Item, number>): number => {
  const ends = column.flatMap((item) => item.left.map(({ other }) => place.get(other) ?? 0).sort((a, b) => a - b));
  let count = 0;
  for (let i = 0; i < ends.length; i++)
    for (let j = i + 1; j < ends.length; j++) if ((ends[i] ?? 0) > (ends[j] ?? 0)) count += 1;
  return count;
};

/** Orders each column by the mean place of its items' neighbours, to and fro, and keeps the order that crosses least. */
const untangle = (columns: Item[][]): Item[][] => {
  const placesOf = (order: readonly Item[][]): Map<Item, number> =>
    new Map(order.flatMap((column) => column.map((item, i): [Item, number] => [item, i])));
  const total = (order: readonly Item[][]): number => {
    const place = placesOf(order);
    return order.reduce((sum, column) => sum + crossings(column, place), 0);
  };
  const order = columns.map((column) => [...column]);
  let best = columns;
  let least = total(columns);
  for (let sweep = 0; sweep < SWEEPS && least > 0; sweep++) {
    const side = sweep % 2 === 0 ? "left" : "right";
    const sequence = side === "left" ? order.keys() : [...order.keys()].reverse();
    for (const layer of sequence) {
      const place = placesOf(order);
      const wanted = (item: Item): number =>
        item[side].length === 0
          ? (place.get(item) ?? 0)
          : mean(item[side].map(({ other, otherPort }) => (place.get(other) ?? 0) + otherPort * 1e-4));
      const keyed = (order[layer] ?? []).map((item) => ({ item, at: wanted(item) }));
      order[layer] = keyed.sort((a, b) => a.at - b.at).map(({ item }) => item);
    }
    const now = total(order);
    if (now < least) [least, best] = [now, order.map((column) => [...column])];
  }
  return best;
};

/** Tops nearest to the wanted ones (least squares) at which items in this order do not overlap. */
const settleTops = (wanted: readonly number[], heights: readonly number[], gap: number): number[] => {
  let offset = 0;
  const blocks: { sum: number; count: number }[] = [];
  const offsets = heights.map((height, i) => {
    const own = offset;
    offset += height + gap;
    blocks.push({ sum: (wanted[i] ?? 0) - own, count: 1 });
    for (;;) {
      const [previous, last] = blocks.slice(-2);
      if (previous === undefined || last === undefined || blocks.length < 2) break;
      if (previous.sum / previous.count <= last.sum / last.count) break;
      blocks.splice(-2, 2, { sum: previous.sum + last.sum, count: previous.count + last.count });
    }
    return own;
  });
  const shifts = blocks.flatMap(({ sum, count }) => Array<number>(count).fill(sum / count));
  return offsets.map((own, i) => own + (shifts[i] ?? 0));
};

/** Moves each column's items towards what they are tied to, so that lines run level. */
const align = (columns: readonly Item[][], gap: number): void => {
  for (const column of columns) {
    let top = 0;
    for (const item of column) {
      item.top = top;
      top += item.height + gap;
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const sides = sweep === SWEEPS - 1 ? (["left", "right"] as const) : ([sweep % 2 === 0 ? "left" : "right"] as const);
    const sequence = sweep % 2 === 0 ? columns : [...columns].reverse();
    for (const column of sequence) {
      const wanted = column.map((item) => {
        const ties = sides.flatMap((side) => item[side]);
        return ties.length === 0
          ? item.top
          : mean(ties.map(({ other, port, otherPort }) => other.top + otherPort - port));
      });
      const heights = column.map(({ height }) => height);
      settleTops(wanted, heights, gap).forEach((top, i) => {
        const item = column[i];
        if (item !== undefined) item.top = top;
      });
    }
  }
};

const tie = (left: Item, leftPort: number, right: Item, rightPort: number): void => {
  left.right.push({ other: right, port: leftPort, otherPort: rightPort });
  right.left.push({ other: left, port: rightPort, otherPort: leftPort });
};

/** Places boxes and lines. Lines must lead to lower layers. */
export const layoutLayers = (boxes: readonly Box[], lines: readonly Line[], gaps: Gaps): Layout => {
  const count = Math.max(0, ...boxes.map(({ layer }) => layer + 1));
  const columns: Item[][] = Array.from({ length: count }, () => []);
  const items = new Map<string, Item>();
  const add = (key: string, layer: number, height: number): Item => {
    const item: Item = { key, layer, height, top: 0, left: [], right: [] };
    items.set(key, item);
    columns[layer]?.push(item);
    return item;
  };
  for (const { key, layer, height } of boxes) add(`box ${key}`, layer, height);
  const boxOf = (key: string): Item => {
    const item = items.get(`box ${key}`);
    if (item === undefined) throw new Error(`There is no box ${key}.`);
    return item;
  };

  const lanes: { bundle: string; item: Item; next: Item; nextPort: number }[] = [];
  /** Where a line of a bundle goes when it leaves a layer to the left. */
  const next = (line: Line, layer: number): { item: Item; port: number } => {
    const end = boxOf(line.to);
    if (layer <= end.layer) throw new Error(`The line from ${line.from} to ${line.to} does not lead to a lower layer.`);
    if (layer - 1 === end.layer) return { item: end, port: line.toPort };
    const key = `lane ${line.bundle} ${layer - 1}`;
    const known = items.get(key);
    if (known !== undefined) return { item: known, port: LANE / 2 };
    const item = add(key, layer - 1, LANE);
    const after = next(line, layer - 1);
    tie(after.item, after.port, item, LANE / 2);
    lanes.push({ bundle: line.bundle, item, next: after.item, nextPort: after.port });
    return { item, port: LANE / 2 };
  };
  const ends = lines.map((line) => {
    const start = boxOf(line.from);
    const end = next(line, start.layer);
    tie(end.item, end.port, start, line.fromPort);
    return { start, end };
  });

  const order = untangle(columns);
  align(order, gaps.row);
  const all = [...items.values()];
  const highest = all.length === 0 ? 0 : Math.min(...all.map(({ top }) => top));
  const widths = columns.map((_, layer) =>
    Math.max(0, ...boxes.filter((box) => box.layer === layer).map(({ width }) => width)),
  );
  const lefts = widths.map((_, layer) => widths.slice(0, layer).reduce((sum, width) => sum + width + gaps.column, 0));
  const leftOf = (item: Item): number => lefts[item.layer] ?? 0;
  const rightOf = (item: Item): number => leftOf(item) + (widths[item.layer] ?? 0);
  const yOf = (item: Item, port: number): number => item.top - highest + port;
  const isBox = (item: Item): boolean => item.key.startsWith("box ");

  const strands: Strand[] = lines.map(({ bundle, fromPort }, line) => {
    const { start, end } = ends[line] ?? { start: boxOf(""), end: { item: boxOf(""), port: 0 } };
    return {
      ...{ bundle, line, x1: leftOf(start), y1: yOf(start, fromPort) },
      ...{ x2: rightOf(end.item), y2: yOf(end.item, end.port), arrives: isBox(end.item) },
    };
  });
  for (const { bundle, item, next: after, nextPort } of lanes) {
    const y = yOf(item, LANE / 2);
    strands.push(
      { ...{ bundle, line: null, arrives: false }, ...{ x1: rightOf(item), y1: y, x2: leftOf(item), y2: y } },
      {
        ...{ bundle, line: null, arrives: isBox(after) },
        ...{ x1: leftOf(item), y1: y, x2: rightOf(after), y2: yOf(after, nextPort) },
      },
    );
  }
  const bottom = Math.max(0, ...all.map((item) => yOf(item, item.height)));
  return {
    boxes: new Map(
      boxes.map(({ key, layer, height }) => {
        const item = boxOf(key);
        return [key, { x: leftOf(item), y: yOf(item, 0), width: widths[layer] ?? 0, height }];
      }),
    ),
    strands,
    width: (lefts.at(-1) ?? 0) + (widths.at(-1) ?? 0),
    height: bottom,
  };
};
