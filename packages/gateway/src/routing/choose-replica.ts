import type { Replica } from "./replica.ts";

/** How much busier the replica that knows the prompt may be than another before the other is taken. */
const AFFINITY_SLACK = 4;

/**
 * The power of two choices, where the first choice is not random but the replica that a prompt's beginning belongs to (rendezvous
 * hashing: replicas come and go without the others' prompts moving): its prefix cache knows it. When it is much busier than a second,
 * random one, the second is taken. Needs no memory of prompts, so nothing grows. O(replicas).
 *
 * @param prefixHash hash of who asks and how the prompt begins
 * @param draw 0…1
 * @returns undefined when none is available
 */
export function chooseReplica(
  replicas: readonly Replica[],
  prefixHash: number,
  draw: number,
  nowMs: number,
  tried: ReadonlySet<Replica>,
): Replica | undefined {
  let home: Replica | undefined;
  let best = -1;
  let others = 0;
  for (const replica of replicas) {
    if (tried.has(replica) || !replica.available(nowMs)) continue;
    others++;
    const score = mix(prefixHash ^ replica.hash);
    if (score > best) [home, best] = [replica, score];
  }
  if (home === undefined || others === 1) return home;
  let skip = Math.floor(draw * (others - 1));
  for (const replica of replicas) {
    if (replica === home || tried.has(replica) || !replica.available(nowMs)) continue;
    if (skip-- > 0) continue;
    return home.load > replica.load + AFFINITY_SLACK ? replica : home;
  }
  return home;
}

/** Finaliser of MurmurHash3 (Austin Appleby, public domain): spreads near values far apart. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
