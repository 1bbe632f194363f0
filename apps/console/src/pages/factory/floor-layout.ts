import type { FloorPlan } from "../../api/types.ts";

/** Where everything stands on the plan, in cells: a rack is one cell wide and high. */
export interface FloorLayout {
  readonly width: number;
  readonly height: number;
  readonly halls: readonly {
    readonly id: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  }[];
  readonly rackX: Float32Array;
  readonly rackY: Float32Array;
}

/** Around a hall's racks, its name above; aisles between rows. */
const MARGIN = 1.4;
const TITLE = 2.2;
const AISLE = 0.5;

/** Sets halls side by side, in lines as long as make them largest in a picture that is `aspect` times as wide as high. */
export function layFloor({ halls, racks }: FloorPlan, aspect: number): FloorLayout {
  const sizes = halls.map(({ rows, racksPerRow }) => ({ width: racksPerRow + MARGIN, height: rows * (1 + AISLE) + TITLE }));
  const scaleOf = ({ width, height }: Lines) => Math.min(aspect / width, 1 / height);
  let best = inLines(sizes, 1);
  for (let most = 2; most <= halls.length; most++) {
    const tried = inLines(sizes, most);
    if (scaleOf(tried) > scaleOf(best)) best = tried;
  }
  const placed = halls.map(({ id }, h) => {
    const [x, y] = best.places[h];
    return { id, x, y, width: sizes[h].width - MARGIN, height: sizes[h].height - TITLE };
  });
  const rackX = new Float32Array(racks.id.length);
  const rackY = new Float32Array(racks.id.length);
  for (const [h, { firstRack, endRack }] of halls.entries())
    for (let r = firstRack; r < endRack; r++) {
      rackX[r] = placed[h].x + racks.position[r] - racks.position[firstRack];
      rackY[r] = placed[h].y + TITLE - 0.6 + (racks.row[r] - racks.row[firstRack]) * (1 + AISLE);
    }
  return { width: best.width, height: best.height, halls: placed, rackX, rackY };
}

interface Lines {
  readonly width: number;
  readonly height: number;
  readonly places: readonly (readonly [x: number, y: number])[];
}

/** At most so many in a line. */
function inLines(sizes: readonly { readonly width: number; readonly height: number }[], most: number): Lines {
  let [x, y, lineHeight, width] = [0, 0, 0, 0];
  const places = sizes.map((size, i) => {
    if (i > 0 && i % most === 0) {
      y += lineHeight;
      [x, lineHeight] = [0, 0];
    }
    const place = [x, y] as const;
    x += size.width;
    lineHeight = Math.max(lineHeight, size.height);
    width = Math.max(width, x);
    return place;
  });
  return { width: width - MARGIN, height: y + lineHeight, places };
}

/** The rack at a point of the plan, -1: none. Cost: the racks, a few microseconds for thousands. */
export function rackAt({ rackX, rackY }: FloorLayout, x: number, y: number): number {
  for (let r = 0; r < rackX.length; r++) if (x >= rackX[r] && x < rackX[r] + 1 && y >= rackY[r] && y < rackY[r] + 1) return r;
  return -1;
}

/** The nearest rack from `rack` in a direction: straight ahead counts more than aside. */
export function neighbour({ rackX, rackY }: FloorLayout, rack: number, dx: number, dy: number): number {
  let best = rack;
  let least = Infinity;
  for (let r = 0; r < rackX.length; r++) {
    const [ax, ay] = [rackX[r] - rackX[rack], rackY[r] - rackY[rack]];
    const ahead = ax * dx + ay * dy;
    if (ahead <= 0.01) continue;
    const cost = ahead + 3 * Math.abs(ax * dy + ay * dx);
    if (cost < least) [best, least] = [r, cost];
  }
  return best;
}
