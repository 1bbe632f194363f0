import { budgetsOf, racksBelow, rackLimitW, type CapWrite, type Setup } from "@pulmu/power";
import type { Simulation, TwinEvent } from "@pulmu/twin";
import { SERIES } from "@pulmu/twin";
import type { TwinDevices } from "../../apps/pulmu/src/steer/twin-plant.ts";
import type { FaultPlan } from "./plan.ts";

/** How long a feed may take to come down to a target, s. */
const RAMP_S = 30;
/** An excess over a target that nothing explains may last this long, s: less is a swing that the next second takes back. */
const EXCESS_S = 10;
const EXCESS_SHARE = 0.001;
/** How long critical work may wait for watts that flexible work still has, s: a lease has to be lowered, confirmed, and another raised. */
const CRITICAL_WAIT_S = 20;
/** After something that explains an excess, the loop has this long to be right again, s. */
const AFTER_S = 45;

/** Where everything below that hears has been at its lowest cap for so long, s, and still overloads what is left, caps have done what they can. */
const LOWEST_S = 10;

/** What did not hold, and when. */
export interface Finding {
  readonly atS: number;
  readonly text: string;
}

/**
 * Looks at the plant itself every second, not at what the loop believes: caps as the devices hold them, power as it flows, breakers as
 * they trip. It knows the fault plan, and so what a controller can be asked for and what not.
 */
export class Auditor {
  readonly findings: Finding[] = [];
  readonly #simulation: Simulation;
  readonly #devices: TwinDevices;
  readonly #setup: Setup;
  readonly #plan: FaultPlan;
  readonly #firmW: Float64Array;
  #excessS = [0, 0, 0];
  /** The target in force on each scope, and since when: one that another had covered begins anew when that is over. */
  readonly #followed: ({ readonly id: string; readonly sinceS: number } | undefined)[] = [];
  #criticalS = 0;
  /** By name of a power node: the racks below it, and for how long all of them that hear have been at their lowest caps, s. */
  readonly #below: ReadonlyMap<string, readonly number[]>;
  readonly #lowestS = new Map<string, number>();

  constructor(simulation: Simulation, devices: TwinDevices, setup: Setup, plan: FaultPlan) {
    this.#simulation = simulation;
    this.#devices = devices;
    this.#setup = setup;
    this.#plan = plan;
    this.#firmW = budgetsOf(setup.tree);
    this.#below = new Map(
      setup.tree.limits.flatMap((limit) => (limit.kind === "node" ? [[limit.name, racksBelow(setup.tree, limit)]] : [])),
    );
  }

  /** No device is told two things in one second. */
  checkWrites(writes: readonly CapWrite[]): void {
    if (new Set(writes.map(({ rack }) => rack)).size < writes.length) this.#fail("a device is written to twice in a second");
  }

  check(events: readonly TwinEvent[], controlledSinceS: number): void {
    const limitW = this.#setup.site.racks.map(({ type }, r) => rackLimitW(type, this.#devices.inForceCapW(r)));
    this.#breakers(events, limitW, controlledSinceS);
    this.#sums(limitW);
    this.#targets(controlledSinceS);
    this.#critical(limitW, controlledSinceS);
  }

  #fail(text: string): void {
    this.findings.push({ atS: this.#simulation.atS, text });
  }

  /**
   * Equipment within what it was built to lose never trips. Beyond that, it takes a controller that is alive and devices that hear it,
   * and enough that is left: a trip is excused where that cannot carry the racks although all that hear are at their lowest caps.
   */
  #breakers(events: readonly TwinEvent[], limitW: readonly number[], controlledSinceS: number): void {
    const { atS } = this.#simulation;
    const { plant, deadBmcs } = this.#plan;
    const lately = (fromS: number, untilS: number) => atS >= fromS && atS < untilS + AFTER_S;
    const beyond = plant.some(({ atS: fromS, repairS, count }) => count > 1 && lately(fromS, fromS + repairS));
    const helpless =
      atS < controlledSinceS + AFTER_S || deadBmcs.some(({ racks, fromS, untilS }) => racks.length > 1 && lately(fromS, untilS));
    const deaf = new Set(deadBmcs.flatMap(({ racks, fromS, untilS }) => (atS >= fromS && atS < untilS ? racks : [])));
    for (const [node, racks] of this.#below) {
      const lowest = racks.every((rack) => deaf.has(rack) || limitW[rack] <= this.#setup.minW[rack] + 1);
      this.#lowestS.set(node, lowest ? (this.#lowestS.get(node) ?? 0) + 1 : 0);
    }
    for (const { kind, subject, text } of events) {
      const hopeless = (this.#lowestS.get(subject) ?? 0) >= LOWEST_S;
      if (kind === "trip" && !(beyond && (helpless || hopeless))) this.#fail(`${subject} ${text}`);
    }
  }

  /** The caps in force, whoever wrote them and whenever, fit every limit of contract and equipment. */
  #sums(limitW: readonly number[]): void {
    const { tree } = this.#setup;
    const sumW = new Float64Array(tree.parent.length);
    limitW.forEach((powerW, r) => {
      for (let n = tree.nodeOf[r]; n >= 0; n = tree.parent[n]) sumW[n] += powerW;
    });
    sumW.forEach((usedW, n) => {
      if (usedW > this.#firmW[n] + 1) this.#fail(`Σ caps in force ${kW(usedW)} of ${kW(this.#firmW[n])} below ${tree.names[n]}`);
    });
  }

  #targets(controlledSinceS: number): void {
    const { site, row, nodePowerW, atS } = this.#simulation;
    const drawnW = [row[SERIES.sitePowerW], ...site.feeds.map(({ node }) => nodePowerW[node])];
    [undefined, ...site.feeds.map(({ tag }) => tag)].forEach((tag, s) => {
      const target = this.#inForce(tag);
      const over = target !== undefined && drawnW[s] > Math.max(target.limitW, this.#reachableW(tag)) * (1 + EXCESS_SHARE);
      if (target?.id !== this.#followed[s]?.id) this.#followed[s] = target && { id: target.id, sinceS: atS };
      const due = atS > (this.#followed[s]?.sinceS ?? Infinity) + RAMP_S;
      this.#excessS[s] = over && due && !this.#excused(controlledSinceS) ? this.#excessS[s] + 1 : 0;
      if (this.#excessS[s] === EXCESS_S + 1)
        this.#fail(`${tag ?? "site"} at ${kW(drawnW[s])} over its target of ${kW(target?.limitW ?? 0)} for ${EXCESS_S} s`);
    });
  }

  /** The target that was set last and covers this second, judged anew from the plan. */
  #inForce(tag: string | undefined): { readonly id: string; readonly limitW: number } | undefined {
    const { atS, atMs, site } = this.#simulation;
    const set = this.#plan.targets.filter(({ setS, target }) => setS < atS && target.feedTag === tag).toSorted((a, b) => a.setS - b.setS);
    const last = set.findLast(({ target }) => target.fromMs <= atMs && atMs < target.untilMs)?.target;
    if (last?.limitW === undefined) return undefined;
    return { id: last.id, limitW: Math.min(tag === undefined ? site.phase.envelopeW : Infinity, last.limitW) };
  }

  /** What the scope can be brought to, everything at its lowest. */
  #reachableW(tag: string | undefined): number {
    return this.#setup.boundsOf(tag).minimumW;
  }

  /** Something is, or was until a moment ago, beyond what a controller can answer for. */
  #excused(controlledSinceS: number): boolean {
    const { atS } = this.#simulation;
    const lately = ({ fromS, untilS }: { readonly fromS: number; readonly untilS: number }) => atS >= fromS && atS < untilS + AFTER_S;
    const { deadBmcs, clockJumps, commands, telemetry, plant } = this.#plan;
    return (
      atS < controlledSinceS + AFTER_S ||
      [...deadBmcs, ...clockJumps].some(lately) ||
      (commands.loss > 0.2 && lately(commands)) ||
      (telemetry.loss > 0.3 && lately(telemetry)) ||
      // A side that returns recharges its batteries with a tenth of their rating.
      plant.some(({ atS: fromS, repairS }) => atS >= fromS && atS < fromS + repairS + AFTER_S)
    );
  }

  /** A meter that shows far too much, or did until a moment ago: its rack counts as one that does not obey, and takes watts from its row. */
  #slandered(): boolean {
    const { atS } = this.#simulation;
    return this.#plan.meters.some(
      ({ of, how, fromS, untilS }) => of === "rack" && how !== "silent" && how !== "bad" && atS >= fromS && atS < untilS + AFTER_S,
    );
  }

  /** While flexible work has watts to give, critical work is not below what it needs. */
  #critical(limitW: readonly number[], controlledSinceS: number): void {
    const { minW } = this.#setup;
    const works = this.#simulation.placements();
    const racksOf = (serviceClass: string) =>
      new Set(works.filter((work) => work.serviceClass === serviceClass).flatMap(({ pieces }) => pieces.map(({ rack }) => rack)));
    const critical = racksOf("critical");
    const flexible = [...racksOf("flexible")].filter((rack) => !critical.has(rack));
    const needW = this.#needW();
    const wanting = [...critical].some((rack) => limitW[rack] < needW - 1500);
    const giving = flexible.some((rack) => limitW[rack] > minW[rack] + 3000);
    this.#criticalS = wanting && giving && !this.#slandered() && !this.#excused(controlledSinceS) ? this.#criticalS + 1 : 0;
    if (this.#criticalS === CRITICAL_WAIT_S + 1) this.#fail("critical work waits for watts that flexible work has");
  }

  /** Limit of a rack under which serving is not slowed. */
  #needW(): number {
    const { site } = this.#setup;
    const { type } = site.racks[0];
    const curves = site.accelerators.get(type.acceleratorId)?.curves;
    return rackLimitW(type, Math.max(curves?.prefill.activeW ?? 0, curves?.decode.activeW ?? 0));
  }
}

function kW(powerW: number): string {
  return `${(powerW / 1e3).toFixed(1)} kW`;
}
