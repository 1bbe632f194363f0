import type { LoadTarget } from "@pulmu/power";
import { random } from "@pulmu/units";

/** When things go wrong, s: the loop has settled before, and has time to recover after. */
export const FAULTS_FROM_S = 60;
export const FAULTS_UNTIL_S = 240;
export const RUN_S = 600;
/** Throughput is compared over the last seconds of the run. */
export const COMPARED_S = 60;

/** Messages on a bus: chances and the longest delay. */
export interface Weather {
  readonly loss: number;
  readonly late: number;
  readonly doubled: number;
  readonly longestMs: number;
}

/** Something that holds from a second to another. */
interface Spell {
  readonly fromS: number;
  readonly untilS: number;
}

/** A meter that lies: `share` of the truth plus `offsetW`; frozen: what it showed first; bad: says itself that it is not good. */
export interface BrokenMeter extends Spell {
  readonly of: "rack" | "node";
  readonly index: number;
  readonly how: "share" | "frozen" | "bad" | "silent";
  readonly share: number;
}

/** Everything that goes wrong in one run: a pure function of the seed. */
export interface FaultPlan {
  readonly commands: Weather & Spell;
  readonly telemetry: Weather & Spell;
  /** Racks whose BMC hears nothing. */
  readonly deadBmcs: readonly (Spell & { readonly racks: readonly number[] })[];
  readonly meters: readonly BrokenMeter[];
  /** The controller dies at `fromS` and its successor starts at `untilS`. */
  readonly deaths: readonly Spell[];
  readonly clockJumps: readonly (Spell & { readonly byMs: number })[];
  /** What racks are worth beside one another, drawn anew every so often: watts wander from rack to rack all the time. */
  readonly restlessEveryS: number;
  readonly targets: readonly { readonly setS: number; readonly target: LoadTarget }[];
  /** Faults of the plant itself, as the twin knows them. */
  readonly plant: readonly {
    readonly atS: number;
    readonly kind: "feed" | "cdu" | "power-node";
    readonly target: string;
    readonly repairS: number;
    readonly count: number;
  }[];
}

export const CALM: Weather & Spell = { loss: 0, late: 0, doubled: 0, longestMs: 0, fromS: 0, untilS: 0 };
export const NO_FAULTS: FaultPlan = {
  commands: CALM,
  telemetry: CALM,
  deadBmcs: [],
  meters: [],
  deaths: [],
  clockJumps: [],
  restlessEveryS: Infinity,
  targets: [],
  plant: [],
};

export function faultPlan(seed: number, racks: number, nodes: number, startMs: number): FaultPlan {
  const source = random(seed, "fault plan");
  const chance = (p: number) => source.next() < p;
  const between = (low: number, high: number) => low + (high - low) * source.next();
  const whole = (low: number, high: number) => Math.floor(between(low, high + 1));
  const spell = (longest: number): Spell => {
    const fromS = whole(FAULTS_FROM_S, FAULTS_UNTIL_S - 10);
    return { fromS, untilS: Math.min(FAULTS_UNTIL_S, fromS + whole(1, longest)) };
  };
  const some = <T>(p: number, most: number, make: () => T): T[] => (chance(p) ? Array.from({ length: whole(1, most) }, make) : []);
  const weather = (longestMs: number): Weather & Spell =>
    chance(0.6) ? { loss: between(0, 0.4), late: between(0, 0.6), doubled: between(0, 0.3), longestMs, ...spell(180) } : CALM;

  const deadBmcs = some(0.5, 2, () => {
    const share = chance(0.3) ? 0.5 : 0.05;
    const all = Array.from({ length: racks }, (_, r) => r);
    const count = Math.max(1, Math.round(racks * share));
    const chosen = Array.from({ length: count }, () => all.splice(whole(0, all.length - 1), 1)[0]);
    return { ...spell(160), racks: chosen };
  });
  return {
    commands: weather(4_900),
    telemetry: weather(8_000),
    deadBmcs,
    meters: some(0.6, 4, (): BrokenMeter => {
      const of = chance(0.75) ? "rack" : "node";
      // A node meter that lies well is believed by everybody, the utility included: node meters freeze, fall silent, or say they are bad.
      const how = (of === "rack" ? (["share", "frozen", "bad", "silent"] as const) : (["frozen", "bad", "silent"] as const))[
        whole(0, of === "rack" ? 3 : 2)
      ];
      return { ...spell(180), of, index: whole(0, (of === "rack" ? racks : nodes) - 1), how, share: between(0, 2.5) };
    }),
    deaths: some(0.6, 3, () => {
      const fromS = whole(FAULTS_FROM_S, FAULTS_UNTIL_S - 25);
      return { fromS, untilS: fromS + whole(1, chance(0.2) ? 120 : 15) };
    }),
    clockJumps: some(0.3, 2, () => ({ ...spell(100), byMs: (chance(0.5) ? 1 : -1) * between(1000, 3_600_000) })),
    restlessEveryS: chance(0.7) ? whole(2, 25) : Infinity,
    targets: some(0.6, 5, () => {
      const setS = whole(FAULTS_FROM_S, FAULTS_UNTIL_S - 60);
      const fromS = Math.min(FAULTS_UNTIL_S - 20, setS + (chance(0.5) ? 0 : whole(0, 60)));
      const untilS = Math.min(FAULTS_UNTIL_S, fromS + whole(20, 150));
      const feedTag = chance(0.6) ? undefined : chance(0.5) ? "main-a" : "main-b";
      const most = feedTag === undefined ? 720e3 : 400e3;
      const limitW = chance(0.15) ? undefined : most * between(0.55, 0.95);
      const target: LoadTarget = {
        id: `target-${setS}-${fromS}`,
        feedTag,
        fromMs: startMs + fromS * 1000,
        untilMs: startMs + untilS * 1000,
        limitW,
        strategy: "best-effort",
      };
      return { setS, target };
    }),
    plant: [
      ...(chance(0.25) ? narrowed(whole(FAULTS_FROM_S, 150), whole(50, 90), chance(0.5), whole(2, 3)) : []),
      ...some(0.3, 1, () => ({
        atS: whole(FAULTS_FROM_S, 200),
        kind: "feed" as const,
        target: chance(0.5) ? "main-a" : "main-b",
        repairS: whole(5, 40),
        count: 1,
      })),
      ...some(0.3, 1, () => ({
        atS: whole(FAULTS_FROM_S, 200),
        kind: "cdu" as const,
        target: chance(0.5) ? "cdu1" : "cdu2",
        repairS: whole(5, 40),
        count: chance(0.5) ? 1 : 2,
      })),
      ...some(0.4, 2, () => ({
        atS: whole(FAULTS_FROM_S, 200),
        kind: "power-node" as const,
        target: ["ups-a", "ups-b", "tr-a", "bus1-b"][whole(0, 3)],
        repairS: whole(5, 60),
        count: whole(1, 3),
      })),
    ],
  };
}

/** One side's UPS gone, and so many units of the other's: everything has to come through what is left. */
function narrowed(atS: number, repairS: number, a: boolean, count: number): FaultPlan["plant"] {
  const [gone, left] = a ? ["ups-a", "ups-b"] : ["ups-b", "ups-a"];
  return [
    { atS, kind: "power-node", target: gone, repairS, count: 5 },
    { atS, kind: "power-node", target: left, repairS, count },
  ];
}
