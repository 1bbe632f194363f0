import { rackLimitW } from "@pulmu/power";
import type { Simulation } from "@pulmu/twin";
import { Steering, type Promised } from "../steering/steer.ts";
import type { Control } from "./play.ts";
import type { JobId } from "./jobs.ts";
import { ENVELOPE_W, equalCapW } from "./site.ts";

/** One way to run the racks. */
export interface Arm {
  readonly id: string;
  readonly name: string;
  readonly racks: number;
  /** A new controller for a new run. */
  control(simulation: Simulation, promises: Promises): Control;
}

/** What jobs promise, p99; one that is left out has promised nothing. */
export type Promises = Readonly<Partial<Record<JobId, Promised>>>;

export const ARMS: readonly Arm[] = [
  { id: "A0", name: "three racks, unmanaged", racks: 3, control: () => () => 0 },
  { id: "A1", name: "four racks, equal caps", racks: 4, control: equalCaps },
  { id: "A2", name: "four racks, by use, every 90 s", racks: 4, control: (simulation) => byUse(simulation, 90) },
  ...[30, 10, 5, 1].map((everyS): Arm => {
    return {
      id: `A3/${everyS}`,
      name: `four racks, by use, every ${everyS} s`,
      racks: 4,
      control: (simulation) => byUse(simulation, everyS),
    };
  }),
  { id: "A4", name: "four racks, Pulmu", racks: 4, control: steered },
];

/** No arm: what the same racks make without an envelope. No steering makes more. */
export const UNBOUND: Arm = { id: "(A0)", name: "four racks, no envelope", racks: 4, control: () => () => 0 };

function cap(simulation: Simulation, rack: number, gpuCapW: number): void {
  simulation.setCap({ rack, gpuCapW, clockLimit: 1, expiresAtS: Infinity });
}

function equalCaps(simulation: Simulation): Control {
  simulation.site.racks.forEach((_, rack) => cap(simulation, rack, equalCapW(simulation.site.racks.length)));
  return () => 0;
}

/** Readings that a use is the mean of: the one published default of NVIDIA's first power steering (`windowSize: 5`, one an interval). */
const WINDOW = 5;
/** Above what is used, so that use can grow at all: a share of what is left, the same for each. */
const LEAST_CUT_W = 1000;

/**
 * A stand-in for closed steering, whose formula is not published: each interval, racks get what they used, and equal shares of what
 * is left; all scaled down when use is above the envelope. Defaults of 90 s and 5 readings as published
 * (https://docs.nvidia.com/datacenter/dps/versions/0.7.6/guides/concepts/power-reservation-steering).
 */
function byUse(simulation: Simulation, everyS: number): Control {
  const { racks, accelerators } = simulation.site;
  const { type } = racks[0];
  const { minCapW, tdpW } = accelerators.get(type.acceleratorId)!;
  const lowestW = rackLimitW(type, minCapW);
  const readings: Float64Array[] = [];
  let told = new Int32Array(racks.length).fill(equalCapW(racks.length));
  told.forEach((capW, rack) => cap(simulation, rack, capW));
  return ({ atS, rackReadingW }) => {
    if (atS % everyS !== 0) return 0;
    readings.push(rackReadingW.slice());
    if (readings.length > WINDOW) readings.shift();
    const usedW = Float64Array.from(racks, (_, r) => readings.reduce((sum, one) => sum + one[r], 0) / readings.length);
    const shares = usedW.map((w) => Math.max(lowestW, w));
    const leftW = ENVELOPE_W - shares.reduce((sum, w) => sum + w, 0);
    const above = shares.reduce((sum, w) => sum + w - lowestW, 0);
    const limits = shares.map((w) => (leftW >= 0 ? w + leftW / racks.length : w + (leftW * (w - lowestW)) / above));
    // Lower first: what goes up comes from what came down.
    const caps = Int32Array.from(limits, (limitW) => capWithin(limitW));
    const changed = [...caps.keys()].filter((r) => Math.abs(caps[r] - told[r]) * type.gpusPerTray * type.trays >= LEAST_CUT_W);
    for (const r of changed) cap(simulation, r, caps[r]);
    told = Int32Array.from(told, (capW, r) => (changed.includes(r) ? caps[r] : capW));
    return changed.length;
  };

  function capWithin(limitW: number): number {
    let [low, high] = [minCapW, tdpW];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (rackLimitW(type, middle) <= limitW) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function steered(simulation: Simulation, promises: Promises): Control {
  const steering = new Steering(simulation, (service) => promises[service as JobId]);
  return () => steering.step().writes.length;
}
