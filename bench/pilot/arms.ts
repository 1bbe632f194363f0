import { rackLimitW } from "@pulmu/power";
import type { Simulation } from "@pulmu/twin";
import { Steering, type Promised } from "../steering/steer.ts";
import type { Control } from "./play.ts";
import { ENVELOPE_W, equalCapW, PROMISE } from "./site.ts";

/** One way to run the racks. */
export interface Arm {
  readonly id: string;
  readonly name: string;
  readonly racks: number;
  /** A new controller for a new run. @param served whether the racks can serve all requests: else the high job's promise is void */
  control(simulation: Simulation, served: boolean): Control;
}

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
  { id: "A4", name: "four racks, Pulmu", racks: 4, control: (simulation, served) => steered(simulation, KEPT, served) },
  { id: "A4/p", name: "same, the low job patient", racks: 4, control: (simulation, served) => steered(simulation, PROMISE, served) },
];

/**
 * What the low job promises so that its users notice next to nothing: a third more than its p99 in A0 (0.39 s, 44 ms); steering uses four
 * fifths of a promise.
 */
const KEPT = { ttftS: 0.52, itlS: 0.06 };

/** The same for the high job: its p99 in A0 is 0.43 s and 56 ms. */
const PROMISE_OF_HIGH = { ttftS: 0.57, itlS: 0.074 };

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

function steered(simulation: Simulation, low: Promised, served: boolean): Control {
  const high = served ? PROMISE_OF_HIGH : undefined;
  const steering = new Steering(simulation, (service) => (service === "low" ? low : high));
  return () => steering.step().writes.length;
}
