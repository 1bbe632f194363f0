import type { Site } from "@pulmu/site";
import { log, random, type Random } from "@pulmu/units";
import type { FaultRate, Scenario, ScriptedFault } from "../scenario.ts";
import { type Said, told } from "../event-words.ts";
import type { TwinEvent } from "../simulation.ts";
import type { EventQueue } from "./event-queue.ts";

type Outage = NonNullable<TwinEvent["outage"]>;

/** What a fault does to the plant; the engine carries it out and undoes it. */
export interface FaultTarget {
  readonly atS: number;
  /** Takes up to `gpus` of a rack out of service, and says how many it took. */
  failGpus(rack: number, gpus: number): number;
  repairGpus(rack: number, gpus: number): void;
  setRackBroken(rack: number, broken: boolean): void;
  changeCduUnits(cdu: number, delta: number): void;
  changeLoopUnits(loop: number, delta: number): void;
  setPumps(loop: number, on: boolean): void;
  changeNodeUnits(node: number, delta: number): void;
  /** Whoever runs on the rack loses its network for a moment: gangs start again. */
  dropNetwork(rack: number): void;
  setSensorStuck(rack: number, stuck: boolean): void;
  report(kind: "fault" | "repair", severity: "info" | "warning" | "critical", subject: string, said: Said, outage: Outage): void;
}

/**
 * Breaks things, by script and by rate, and mends them. Each kind has its own stream of randomness, so that one kind's rate
 * does not move another's faults.
 */
export class FaultInjector {
  readonly #site: Site;
  readonly #queue: EventQueue;
  readonly #target: FaultTarget;

  constructor(site: Site, scenario: Scenario, queue: EventQueue, target: FaultTarget) {
    this.#site = site;
    this.#queue = queue;
    this.#target = target;
    for (const fault of scenario.faults) queue.schedule(fault.atS, () => this.#asWritten(fault));

    const { faultRates: rates, seed } = scenario;
    const { racks, cdus, nodes } = site;
    const byRate = (name: string, rate: FaultRate, weights: readonly number[], fail: (index: number, repairS: number) => void) =>
      this.#byRate(random(seed, name), rate, weights, fail);
    byRate(
      "gpu faults",
      rates.gpu,
      racks.map(({ type }) => type.trays * type.gpusPerTray),
      (rack, s) => this.#gpus(rack, 1, s),
    );
    byRate(
      "tray faults",
      rates.tray,
      racks.map(({ type }) => type.trays),
      (rack, s) => this.#trays(rack, 1, s),
    );
    byRate(
      "cdu faults",
      rates.cduUnit,
      cdus.map(({ units }) => units),
      (cdu, s) => this.#cdu(cdu, 1, s),
    );
    byRate(
      "power faults",
      rates.powerUnit,
      nodes.map(({ kind, units }) => (kind === "feed" ? 0 : units)),
      (node, s) => this.#node(node, 1, s),
    );
    byRate(
      "feed faults",
      rates.feed,
      nodes.map(({ kind }) => (kind === "feed" ? 1 : 0)),
      (node, s) => this.#node(node, 1, s),
    );
    byRate(
      "network faults",
      rates.network,
      racks.map(() => 1),
      (rack, s) => this.#network(rack, s),
    );
  }

  /** A Poisson process over all units of a kind: exponential gaps, the unit drawn by weight, exponential repair times. */
  #byRate(source: Random, rate: FaultRate, weights: readonly number[], fail: (index: number, repairS: number) => void): void {
    const cumulative: number[] = [];
    let total = 0;
    for (const weight of weights) cumulative.push((total += weight));
    if (rate.mtbfH <= 0 || total === 0) return;
    const exponential = () => -log(1 - source.next()); // 1 − u lies in (0, 1], so it is finite
    const meanGapS = (rate.mtbfH * 3600) / total;
    let dueS = this.#target.atS;
    const next = (): void => {
      dueS += exponential() * meanGapS;
      this.#queue.schedule(dueS, () => {
        fail(drawIndex(cumulative, source.next() * total), exponential() * rate.repairH * 3600);
        next();
      });
    };
    next();
  }

  #asWritten(fault: ScriptedFault): void {
    const { racks, cdus, loops, nodes, feeds } = this.#site;
    const { kind, target: id, repairS, count } = fault;
    switch (kind) {
      case "gpu":
        return this.#gpus(indexOf(racks, id), count, repairS);
      case "tray":
        return this.#trays(indexOf(racks, id), count, repairS);
      case "rack":
        return this.#rack(indexOf(racks, id), repairS);
      case "cdu":
        return this.#cdu(indexOf(cdus, id), count, repairS);
      case "pump":
        return this.#pumps(indexOf(loops, id), repairS);
      case "cooler":
        return this.#coolers(indexOf(loops, id), count, repairS);
      case "power-node":
        return this.#node(indexOf(nodes, id), count, repairS);
      case "feed":
        return this.#node(feeds.find(({ tag }) => tag === id)?.node ?? -1, 1, repairS);
      case "network":
        return this.#network(indexOf(racks, id), repairS);
      case "sensor":
        return this.#sensor(indexOf(racks, id), repairS);
    }
  }

  #gpus(rack: number, count: number, repairS: number): void {
    this.#takeOut(rack, count, { kind: "gpu", count }, (gpus) => told("gpus-lost", { gpus }), repairS);
  }

  #trays(rack: number, count: number, repairS: number): void {
    const { gpusPerTray } = this.#site.racks[rack].type;
    this.#takeOut(rack, count * gpusPerTray, { kind: "tray", count }, (gpus) => told("trays-lost", { trays: count, gpus }), repairS);
  }

  #takeOut(rack: number, gpus: number, outage: Outage, say: (gpus: number) => Said, repairS: number): void {
    const taken = this.#target.failGpus(rack, gpus);
    if (taken === 0) return; // all of that rack's GPUs are out already
    this.#outage("warning", this.#site.racks[rack].id, outage, say(taken), repairS, () => this.#target.repairGpus(rack, taken));
  }

  #rack(rack: number, repairS: number): void {
    this.#target.setRackBroken(rack, true);
    this.#outage("critical", this.#site.racks[rack].id, { kind: "rack", count: 1 }, told("rack-lost", {}), repairS, () =>
      this.#target.setRackBroken(rack, false),
    );
  }

  #cdu(cdu: number, count: number, repairS: number): void {
    const { id, units } = this.#site.cdus[cdu];
    this.#target.changeCduUnits(cdu, -count);
    this.#outage(count >= units ? "critical" : "warning", id, { kind: "cdu", count }, told("cdu-lost", { count, units }), repairS, () =>
      this.#target.changeCduUnits(cdu, count),
    );
  }

  #pumps(loop: number, repairS: number): void {
    this.#target.setPumps(loop, false);
    this.#outage("critical", this.#site.loops[loop].id, { kind: "pump", count: 1 }, told("pumps-lost", {}), repairS, () =>
      this.#target.setPumps(loop, true),
    );
  }

  #coolers(loop: number, count: number, repairS: number): void {
    const { id, units } = this.#site.loops[loop];
    this.#target.changeLoopUnits(loop, -count);
    this.#outage("warning", id, { kind: "cooler", count }, told("coolers-lost", { count, units }), repairS, () =>
      this.#target.changeLoopUnits(loop, count),
    );
  }

  #node(node: number, count: number, repairS: number): void {
    const { id, units, kind } = this.#site.nodes[node];
    this.#target.changeNodeUnits(node, -count);
    const said = kind === "feed" ? told("feed-lost", {}) : told("node-lost", { node: kind, count, units });
    this.#outage(count >= units ? "critical" : "warning", id, { kind: kind === "feed" ? "feed" : "power-node", count }, said, repairS, () =>
      this.#target.changeNodeUnits(node, count),
    );
  }

  #network(rack: number, repairS: number): void {
    this.#target.dropNetwork(rack);
    this.#outage("warning", this.#site.racks[rack].id, { kind: "network", count: 1 }, told("network-lost", {}), repairS, () => {});
  }

  #sensor(rack: number, repairS: number): void {
    this.#target.setSensorStuck(rack, true);
    this.#outage("warning", this.#site.racks[rack].id, { kind: "sensor", count: 1 }, told("sensor-lost", {}), repairS, () =>
      this.#target.setSensorStuck(rack, false),
    );
  }

  #outage(severity: "warning" | "critical", subject: string, outage: Outage, said: Said, repairS: number, restore: () => void): void {
    const { text, words } = said;
    const broken = { code: words.code, values: { ...words.values, repairS } };
    this.#target.report("fault", severity, subject, { text: `${text}; repair in ${roughly(repairS)}`, words: broken }, outage);
    this.#queue.schedule(this.#target.atS + repairS, () => {
      restore();
      this.#target.report("repair", "info", subject, { text: `repaired: ${text}`, words }, outage);
    });
  }
}

function drawIndex(cumulative: readonly number[], at: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

function indexOf(list: readonly { readonly id: string }[], id: string): number {
  return list.findIndex((item) => item.id === id);
}

function roughly(durationS: number): string {
  return durationS < 5400 ? `${Math.max(1, Math.round(durationS / 60))} min` : `${(durationS / 3600).toFixed(1)} h`;
}
