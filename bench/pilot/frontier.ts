import { rackLimitW } from "@pulmu/power";
import { openPlant, play, type Demand, type Seen, type Sharing } from "./play.ts";
import { ENVELOPE_W } from "./site.ts";

const SETTLE_S = 900;
const WINDOW_S = 900;
const CAPS_W = [775, 800, 850, 900, 1000, 1100, 1200];

/** What caps that never move make of four racks: the racks of the low job at one cap, the others with what that leaves of the envelope. */
export interface Split {
  readonly lowCapW: number;
  readonly highCapW: number;
  readonly seen: Seen;
}

/** How far any steering by caps could go: which tokens cost which latency. */
export function frontier(sharing: Sharing, demand: Demand, seed: number): readonly Split[] {
  return CAPS_W.map((lowCapW) => {
    const simulation = openPlant(sharing, demand, seed, SETTLE_S + WINDOW_S);
    const { racks, accelerators } = simulation.site;
    const { type } = racks[0];
    const { tdpW, minCapW } = accelerators.get(type.acceleratorId)!;
    const low = new Set(simulation.placements().flatMap(({ id, pieces }) => (id === "low" ? pieces.map(({ rack }) => rack) : [])));
    const sumW = (highCapW: number) => low.size * rackLimitW(type, lowCapW) + (racks.length - low.size) * rackLimitW(type, highCapW);
    let highCapW = tdpW;
    while (highCapW > minCapW && sumW(highCapW) > ENVELOPE_W) highCapW--;
    racks.forEach((_, rack) =>
      simulation.setCap({ rack, gpuCapW: low.has(rack) ? lowCapW : highCapW, clockLimit: 1, expiresAtS: Infinity }),
    );
    return { lowCapW, highCapW, seen: play(simulation, () => 0, SETTLE_S, WINDOW_S) };
  });
}
