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

/** Sets halls side by side so that the plan is about as wide as the room it is shown in. */
export function layFloor({ halls, racks }: FloorPlan, aspect: number): FloorLayout {
  const sizes = halls.map(({ rows, racksPerRow }) => ({ width: racksPerRow + MARGIN, height: rows * (1 + AISLE) + TITLE }));
  const area = sizes.reduce((sum, { width, height }) => sum + width * height, 0);
  const wanted = Math.max(Math.sqrt(area * aspect), ...sizes.map(({ width }) => width));
  let [x, y, lineHeight, width] = [0, 0, 0, 0];
  const placed = halls.map(({ id }, h) => {
    const size = sizes[h];
    if (x > 0 && x + size.width > wanted * 1.02) {
      x = 0;
      y += lineHeight;
      lineHeight = 0;
    }
    const hall = { id, x, y, width: size.width - MARGIN, height: size.height - TITLE };
    x += size.width;
    lineHeight = Math.max(lineHeight, size.height);
    width = Math.max(width, x);
    return hall;
  });
  const rackX = new Float32Array(racks.id.length);
  const rackY = new Float32Array(racks.id.length);
  for (const [h, { firstRack, endRack }] of halls.entries())
    for (let r = firstRack; r < endRack; r++) {
      rackX[r] = placed[h].x + racks.position[r] - racks.position[firstRack];
      rackY[r] = placed[h].y + TITLE - 0.6 + (racks.row[r] - racks.row[firstRack]) * (1 + AISLE);
    }
  return { width: width - MARGIN, height: y + lineHeight, halls: placed, rackX, rackY };
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
