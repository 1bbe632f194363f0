/**
 * Which power nodes feed each of a list of consumers, and what share each carries now: one parent, or two that share the
 * load and stand in for each other. Shares change only between passes, when a node is lost or returns.
 */
export interface Links {
  readonly count: number;
  readonly parentA: Int32Array;
  /** −1 where there is one parent only. */
  readonly parentB: Int32Array;
  readonly shareA: Float64Array;
  readonly shareB: Float64Array;
  /** 1 when at least one parent is energised. */
  readonly powered: Uint8Array;
}

export function createLinks(parents: readonly (readonly number[])[]): Links {
  const count = parents.length;
  const links: Links = {
    count,
    parentA: new Int32Array(count),
    parentB: new Int32Array(count).fill(-1),
    shareA: new Float64Array(count),
    shareB: new Float64Array(count),
    powered: new Uint8Array(count),
  };
  for (let i = 0; i < count; i++) {
    links.parentA[i] = parents[i][0];
    if (parents[i].length > 1) links.parentB[i] = parents[i][1];
  }
  return links;
}

/** Splits each consumer's load over its energised parents. */
export function shareOverLiving(links: Links, energised: Uint8Array): void {
  for (let i = 0; i < links.count; i++) {
    const a = energised[links.parentA[i]];
    const b = links.parentB[i] < 0 ? 0 : energised[links.parentB[i]];
    links.shareA[i] = a === 0 ? 0 : b === 0 ? 1 : 0.5;
    links.shareB[i] = b === 0 ? 0 : a === 0 ? 1 : 0.5;
    links.powered[i] = a | b;
  }
}

/** Adds consumer `i`'s power to what its parents must deliver. */
export function draw(links: Links, i: number, powerW: number, outputW: Float64Array): void {
  outputW[links.parentA[i]] += powerW * links.shareA[i];
  if (links.parentB[i] >= 0) outputW[links.parentB[i]] += powerW * links.shareB[i];
}
