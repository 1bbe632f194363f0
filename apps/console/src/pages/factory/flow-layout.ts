/** A place that watts come to. Columns go from the feeds to what is made of them. */
export interface FlowNode {
  readonly id: string;
  readonly name: string;
  readonly column: number;
  readonly color: string;
  /** Said instead of the watts. */
  readonly text?: string;
  readonly tenantId?: string;
}

export interface FlowLink {
  readonly from: string;
  readonly to: string;
  readonly powerW: number;
}

export interface PlacedNode extends FlowNode {
  readonly x: number;
  readonly y: number;
  readonly height: number;
  readonly powerW: number;
}

export interface PlacedLink {
  readonly key: string;
  readonly path: string;
  readonly width: number;
  readonly from: PlacedNode;
  readonly to: PlacedNode;
  readonly powerW: number;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Between neighbours in a column, and the width of a node. */
  readonly gap: number;
  readonly bar: number;
}

/** Where the columns stand, of the whole width: works need room for their names. */
const COLUMN_AT = [0, 0.19, 0.4, 0.61, 1];

/** Room for what is written beside a node before the next column begins, px. */
export function roomBeside(column: number, { width, bar }: Pick<Frame, "width" | "bar">): number {
  return column + 1 < COLUMN_AT.length ? (COLUMN_AT[column + 1] - COLUMN_AT[column]) * (width - bar) - bar : Infinity;
}

/**
 * Places a flow whose nodes keep their order: a live picture must not jump when a value changes, which general layouts do. A node is as
 * high as the larger of what comes and what goes.
 */
export function layFlow(nodes: readonly FlowNode[], links: readonly FlowLink[], { width, height, gap, bar }: Frame) {
  const real = links.filter(({ powerW }) => powerW > 0);
  const sums = new Map<string, { in: number; out: number }>(nodes.map(({ id }) => [id, { in: 0, out: 0 }]));
  for (const { from, to, powerW } of real) {
    sums.get(from)!.out += powerW;
    sums.get(to)!.in += powerW;
  }
  const valueOf = (id: string) => Math.max(sums.get(id)!.in, sums.get(id)!.out);
  const shown = nodes.filter(({ id }) => valueOf(id) > 0);
  const columns = Map.groupBy(shown, ({ column }) => column);
  let scale = Infinity;
  for (const column of columns.values()) {
    const sum = column.reduce((total, { id }) => total + valueOf(id), 0);
    scale = Math.min(scale, Math.max(1, height - gap * (column.length - 1)) / sum);
  }
  const placed = new Map<string, PlacedNode>();
  for (const [index, column] of columns) {
    const taken = column.reduce((total, { id }) => total + valueOf(id) * scale, 0) + gap * (column.length - 1);
    let y = (height - taken) / 2;
    for (const node of column) {
      const powerW = valueOf(node.id);
      placed.set(node.id, { ...node, x: COLUMN_AT[index] * (width - bar), y, height: powerW * scale, powerW });
      y += powerW * scale + gap;
    }
  }
  const used = new Map<string, { in: number; out: number }>([...placed.keys()].map((id) => [id, { in: 0, out: 0 }]));
  const drawn = real.map((link): PlacedLink => {
    const [from, to] = [placed.get(link.from)!, placed.get(link.to)!];
    const thick = link.powerW * scale;
    const [fromUsed, toUsed] = [used.get(link.from)!, used.get(link.to)!];
    const [y0, y1] = [from.y + fromUsed.out + thick / 2, to.y + toUsed.in + thick / 2];
    fromUsed.out += thick;
    toUsed.in += thick;
    const [x0, x1] = [from.x + bar, to.x];
    const middle = (x0 + x1) / 2;
    const path = `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`;
    return { key: `${link.from}>${link.to}`, path, width: thick, from, to, powerW: link.powerW };
  });
  return { nodes: [...placed.values()], links: drawn };
}
