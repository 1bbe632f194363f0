import type { Work } from "../curves/work.ts";

/**
 * A gang waits for its slowest rack: what the others could do more is wasted. Gives the highest cap worth having on each rack of a
 * gang that has the rack to itself: the lowest cap in the gang. Other racks have no such bound (Infinity).
 */
export function gangCaps(works: readonly Work[], racks: number, capW: ArrayLike<number>): Float64Array {
  const pieces = new Uint8Array(racks);
  for (const work of works) for (const { rack } of work.pieces) pieces[rack] = Math.min(2, pieces[rack] + 1);
  const boundW = new Float64Array(racks).fill(Infinity);
  for (const { gang, pieces: own } of works) {
    if (!gang || own.length < 2) continue;
    let slowestW = Infinity;
    for (const { rack } of own) slowestW = Math.min(slowestW, capW[rack]);
    for (const { rack } of own) if (pieces[rack] === 1) boundW[rack] = slowestW;
  }
  return boundW;
}
