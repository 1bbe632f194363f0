import { ARMS, UNBOUND, type Arm, type Promises } from "./arms.ts";
import { JOB_IDS, steadyRequests, type JobId, type JobPair } from "./jobs.ts";
import { openPlant, play, type Demand, type Latencies, type Seen, type Sharing } from "./play.ts";

export const WARM_UP_S = 1800;
export const WINDOW_S = 1800;

/** More requests than anybody serves, /s. */
const FLOOD: Demand = { low: 1e5, high: 1e5 };
/** Of what three racks serve: the low job has few requests for its GPUs, as a service that must answer at once has. */
const LOW_LOAD = 1 / 3;
const FLOODED_LOAD = 3;
const SERVED_LOAD = 0.8;
/**
 * A baseline is run first, as the pilot prescribes, and what is promised is a little more than its p99: steering holds 82 to 85 % of a
 * promise, so jobs stay within a tenth of what they had.
 */
const PROMISED = 1.25;

/** Two jobs, and how they share the racks. */
export interface Layout {
  readonly name: string;
  readonly pair: JobPair;
  /** Share of the GPUs that the low job holds on so many racks. */
  lowShare(racks: number): number;
}

export interface Result {
  readonly arm: Arm;
  /** By seed. */
  readonly runs: readonly Seen[];
}

export interface Trial {
  readonly layout: Layout;
  /** The high job has more requests than anybody can serve. */
  readonly flooded: readonly Result[];
  /** Three racks can serve all requests. */
  readonly served: readonly Result[];
}

export function sharingOf({ pair, lowShare }: Layout, racks: number): Sharing {
  return { pair, racks, lowShare: lowShare(racks) };
}

/** Requests while the high job is flooded, and while three racks can serve all: shares of what three uncapped racks serve at most. */
export function demandsOf(layout: Layout): { readonly flooded: Demand; readonly served: Demand } {
  const full = play(openPlant(sharingOf(layout, 3), FLOOD, 1, WARM_UP_S), () => 0, WARM_UP_S / 2, WARM_UP_S / 2);
  const [low, high] = JOB_IDS.map((id) => full.jobs[id].tokensPerS / steadyRequests(layout.pair[id]).output.mean);
  return { flooded: { low: low * LOW_LOAD, high: high * FLOODED_LOAD }, served: { low: low * LOW_LOAD, high: high * SERVED_LOAD } };
}

/** @param wanted which arms, by id: all when left out */
export function tryOut(layout: Layout, seeds: readonly number[], wanted?: readonly string[]): Trial {
  const arms = ARMS.filter(({ id }) => wanted?.includes(id) ?? true);
  const demands = demandsOf(layout);
  return {
    layout,
    flooded: results(layout, [...arms, UNBOUND], demands.flooded, seeds, ["low"]),
    served: results(layout, arms, demands.served, seeds, ["low", "high"]),
  };
}

function results(layout: Layout, arms: readonly Arm[], demand: Demand, seeds: readonly number[], promising: readonly JobId[]): Result[] {
  const run = (arm: Arm, seed: number, promises: Promises): Seen => {
    const simulation = openPlant(sharingOf(layout, arm.racks), demand, seed, WARM_UP_S + WINDOW_S);
    return play(simulation, arm.control(simulation, promises), WARM_UP_S, WINDOW_S);
  };
  const [baseline, ...others] = arms;
  const before = seeds.map((seed) => run(baseline, seed, {}));
  const promises = before.map(({ jobs }) => Object.fromEntries(promising.map((id) => [id, promiseOf(jobs[id])])));
  return [{ arm: baseline, runs: before }, ...others.map((arm) => ({ arm, runs: seeds.map((seed, i) => run(arm, seed, promises[i])) }))];
}

/** What a job promises that had these latencies before. */
export function promiseOf({ ttftP99S, itlP99S }: Latencies) {
  return { ttftS: ttftP99S * PROMISED, itlS: itlP99S * PROMISED };
}
