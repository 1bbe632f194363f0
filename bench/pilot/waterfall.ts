import { Steering } from "../steering/steer.ts";
import { JOB_IDS, type JobId } from "./jobs.ts";
import { openPlant } from "./play.ts";
import { ENVELOPE_W } from "./site.ts";
import { demandsOf, promiseOf, sharingOf, WARM_UP_S, WINDOW_S, type Trial } from "./trial.ts";

/** Where the watts of the envelope are while the high job is flooded and steering holds four racks: means over the window, of one seed. */
export function waterfall({ layout, flooded }: Trial, seed: number): string {
  const simulation = openPlant(sharingOf(layout, 4), demandsOf(layout).flooded, seed, WARM_UP_S + WINDOW_S);
  const promise = promiseOf(flooded[0].runs[0].jobs.low);
  const steering = new Steering(simulation, (service) => (service === "low" ? promise : undefined));
  const { loop } = steering;
  const jobsOf = new Map<number, JobId[]>();
  for (const { id, pieces } of simulation.placements())
    for (const { rack } of pieces) jobsOf.set(rack, [...(jobsOf.get(rack) ?? []), id as JobId]);
  const groups = Map.groupBy(simulation.site.racks.keys(), (rack) => JOB_IDS.filter((id) => jobsOf.get(rack)?.includes(id)).join(" and "));
  let budgetW = 0;
  let allowedW = 0;
  const sums = new Map([...groups.keys()].map((name) => [name, { allowedW: 0, drawnW: 0 }]));
  for (let s = 0; s < WARM_UP_S + WINDOW_S; s++) {
    simulation.step();
    steering.step();
    if (s < WARM_UP_S) continue;
    budgetW += loop.view().budgetW / WINDOW_S;
    for (const [name, racks] of groups) {
      const sum = sums.get(name)!;
      for (const rack of racks) {
        sum.allowedW += loop.limitW(rack) / WINDOW_S;
        sum.drawnW += simulation.rackReadingW[rack] / WINDOW_S;
        allowedW += loop.limitW(rack) / WINDOW_S;
      }
    }
  }
  return [
    `${kW(ENVELOPE_W)} envelope, ${kW(ENVELOPE_W - budgetW)} of it kept for what is no rack, ${kW(budgetW - allowedW)} not handed out (whole watts a GPU, moves too small to write, watts between two racks);`,
    ...[...sums].map(
      ([name, sum]) =>
        `${kW(sum.allowedW)} for the racks of the ${name} job, which draw ${kW(sum.drawnW)}: ${kW(sum.allowedW - sum.drawnW)} left while GPUs decode below their cap or wait`,
    ),
  ].join("\n");
}

function kW(powerW: number): string {
  return `${(powerW / 1e3).toFixed(1)} kW`;
}
