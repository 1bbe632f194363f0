import type { RunningTable } from "./decision.ts";

/**
 * Power that jobs give and go on, W each, so that together it is what is needed, or all they can: those that are paused first give first, of
 * equals those that can give most, so that few are slowed. Whole kilowatts, as all power is counted. O(n log n).
 */
export function holdBack({ tier, leaving, giveW }: RunningTable, needW: number): Float64Array {
  const order = indices(giveW).filter((i) => leaving[i] === 0 && giveW[i] > 0);
  order.sort((a, b) => tier[a] - tier[b] || giveW[b] - giveW[a] || a - b);
  return portions(order, giveW, needW, Math.ceil);
}

/**
 * Power that comes back to jobs that are held back, W each: to those first that are paused last, of equals to those that need least, so that
 * many are whole again. None gets more than its group may still have.
 */
export function giveBack({ tier }: RunningTable, heldW: Float64Array, roomW: number, mayHaveW: (job: number) => number): Float64Array {
  const order = indices(heldW).filter((i) => heldW[i] > 0);
  order.sort((a, b) => tier[b] - tier[a] || heldW[a] - heldW[b] || a - b);
  return portions(order, heldW.map((held, i) => (held > 0 ? Math.min(held, mayHaveW(i)) : 0)), roomW, Math.floor); // prettier-ignore
}

function portions(order: readonly number[], mostW: Float64Array, wholeW: number, round: (kW: number) => number): Float64Array {
  const portion = new Float64Array(mostW.length);
  let left = wholeW;
  for (const i of order) {
    if (left <= 0) break;
    portion[i] = Math.max(0, Math.min(mostW[i], round(left / 1000) * 1000));
    left -= portion[i];
  }
  return portion;
}

function indices(list: Float64Array): number[] {
  return Array.from(list, (_, i) => i);
}
