import { ServiceNeeds, workPower, type Setup, type Work } from "@pulmu/power";
import type { Simulation } from "@pulmu/twin";
import { twinWorks } from "./twin-plant.ts";

/** Works are looked at this often, s: the loop does not look more often either. */
const EVERY_S = 5;

/** What a service promises, 99th percentiles, s. */
export interface Promised {
  readonly ttftS: number;
  readonly itlS: number;
}

/** What the site file says that each of its services promises. */
export function promisesOf({ site }: Simulation): ReadonlyMap<string, Promised> {
  return new Map(site.workloads.flatMap((one) => (one.kind === "inference" ? [[one.id, one.slo] as const] : [])));
}

/**
 * Who works where, and how much of its power each service needs to keep its promise. Ask once a second: needs are found by trying.
 * @param seen the plant as its own instruments and engines tell of it
 * @param limitW limit in force on a rack, W
 * @param promiseOf by id of a service; undefined = it promised nothing
 * @param needs what is known of them already
 */
export function needyWorks(
  seen: Simulation,
  { site }: Setup,
  limitW: (rack: number) => number,
  promiseOf: (service: string) => Promised | undefined,
  needs = new ServiceNeeds(),
): () => readonly Work[] {
  const source = twinWorks(seen);
  let known: readonly Work[] = [];
  let seconds = 0;
  return () => {
    if (seconds++ % EVERY_S !== 0) return known;
    const works = source.works() ?? [];
    const limits = Float64Array.from(site.racks, (_, r) => limitW(r));
    const services = new Map(seen.services().map((row) => [row.id, row]));
    const serving = works.filter(({ id }) => services.has(id));
    const powers = workPower(site, serving, limits);
    const states = serving.flatMap(({ id }, i) => {
      const slo = promiseOf(id);
      const { ttftP99S, itlP99S } = services.get(id)!;
      return slo === undefined ? [] : [{ id, ttftP99S, itlP99S, slo, power: powers[i] }];
    });
    needs.step(states, EVERY_S);
    const promised = new Set(states.map(({ id }) => id));
    known = works.map((work) => (promised.has(work.id) ? { ...work, need: needs.of(work.id) } : work));
    return known;
  };
}
