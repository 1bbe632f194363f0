import type { Application } from "./application.ts";
import type { Call, Sector } from "./call.ts";
import { compareScores, type Score } from "./review.ts";

/** An eligible application with its points, and with the bonus on top. */
export interface Ranked {
  readonly application: Application;
  readonly points: Score;
  readonly total: Score;
}

export interface Selection {
  /** GPUs for each application that gets some, best first. */
  readonly granted: readonly { readonly application: Application; readonly gpus: number }[];
  /** Good enough, but its pool or its organisation's cap has not so much left; best first. */
  readonly waiting: readonly Application[];
  /** Below the pass mark. */
  readonly rejected: readonly Application[];
}

/** What earlier grants of the call hold already. */
export interface Held {
  readonly bySector: ReadonlyMap<Sector, number>;
  readonly byOrganisation: ReadonlyMap<string, number>;
}

export const NOTHING_HELD: Held = { bySector: new Map(), byOrganisation: new Map() };

/**
 * Gives GPUs to the best first: what it asks for, or as many whole servers as its sector's pool and its organisation's cap have left, but
 * never fewer than it can use; then the next one may. Of equals, who applied first.
 */
export function select(call: Call, ranked: readonly Ranked[], held: Held = NOTHING_HELD): Selection {
  const best = ranked.toSorted((a, b) => compareScores(b.total, a.total) || a.application.submittedMs - b.application.submittedMs || a.application.id - b.application.id); // prettier-ignore
  const passMark: Score = { sum: BigInt(call.passMark), of: 1n };
  const pools = new Map(call.pools.map(({ sector, gpus }) => [sector, gpus - (held.bySector.get(sector) ?? 0)]));
  const got = new Map(held.byOrganisation);
  const granted: { application: Application; gpus: number }[] = [];
  const waiting: Application[] = [];
  const rejected: Application[] = [];
  for (const { application, points } of best) {
    if (compareScores(points, passMark) < 0) {
      rejected.push(application);
      continue;
    }
    const { sector, organisation, gpus, leastGpus } = application;
    const inPool = pools.get(sector) ?? 0;
    const underCap = call.capPerOrganisation - (got.get(organisation) ?? 0);
    const most = Math.min(gpus, inPool, underCap);
    const given = Math.max(0, most - (most % call.gpusPerServer));
    if (given < leastGpus) {
      waiting.push(application);
      continue;
    }
    pools.set(sector, inPool - given);
    got.set(organisation, (got.get(organisation) ?? 0) + given);
    granted.push({ application, gpus: given });
  }
  return { granted, waiting, rejected };
}
