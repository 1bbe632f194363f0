import type { Site } from "@pulmu/site";
import { createLinks, shareOverLiving, type Links } from "./links.ts";

/** Recharge of a UPS battery after use, as share of the unit rating (common practice is about a tenth). */
const RECHARGE_SHARE = 0.1;
/** Seconds that a part carries its stated overload before protection trips. */
const OVERLOAD_S = 60;
/** How fast the trip element cools when the load is within the rating, in the units of the accumulator per second. */
const COOLING_PER_S = 0.05;

/** What the electrical path tells about itself when something changes. */
export interface PowerPathListener {
  overloaded(node: number, load: number): void;
  tripped(node: number): void;
  /** Nodes were lost or came back: who is powered may have changed. */
  changed(): void;
}

/**
 * The electrical path from feeds to consumers, in watts. Children hand their input power to their parents' output; each
 * node adds its loss, bottom up. Losses are a quadratic of the load per unit (no-load + linear + I²R).
 */
export class PowerPath {
  readonly outputW: Float64Array;
  readonly inputW: Float64Array;
  readonly lossW: Float64Array;
  /** Output over what the units in service may carry. */
  readonly load: Float64Array;
  readonly energised: Uint8Array;
  readonly links: Links;

  readonly #count: number;
  readonly #isFeed: Uint8Array;
  readonly #unitW: Float64Array;
  readonly #units: Uint16Array;
  readonly #unitsUp: Uint16Array;
  /** Units lost to faults: two faults on one unit need two repairs. */
  readonly #unitsLost: Uint16Array;
  readonly #tripped: Uint8Array;
  readonly #spares: Uint8Array;
  readonly #ratingW: Float64Array;
  readonly #noLoad: Float64Array;
  readonly #linear: Float64Array;
  readonly #quadratic: Float64Array;
  readonly #autonomyS: Float64Array;
  readonly #storedS: Float64Array;
  readonly #onBattery: Uint8Array;
  readonly #tripHeat: Float64Array;
  readonly #tripAt: Float64Array;
  readonly #overloaded: Uint8Array;
  readonly #listener: PowerPathListener;
  #batteriesBusy = 0;

  /** Loss of the last pass, W. */
  totalLossW = 0;
  /** Drawn from all feeds in the last pass, W. */
  feedW = 0;
  /** UPS batteries in the last pass, W: positive recharges, negative discharges. */
  batteryW = 0;

  constructor(site: Site, listener: PowerPathListener) {
    const { nodes } = site;
    const n = nodes.length;
    this.#count = n;
    this.#listener = listener;
    this.outputW = new Float64Array(n);
    this.inputW = new Float64Array(n);
    this.lossW = new Float64Array(n);
    this.load = new Float64Array(n);
    this.energised = new Uint8Array(n).fill(1);
    // A feed has no parent; point it at itself with share 0, so that the pass needs no branch for it.
    this.links = createLinks(nodes.map((node, i) => (node.parents.length === 0 ? [i] : node.parents)));
    this.#isFeed = Uint8Array.from(nodes, (node) => (node.kind === "feed" ? 1 : 0));
    this.#unitW = Float64Array.from(nodes, (node) => node.unitRatingW);
    this.#units = Uint16Array.from(nodes, (node) => node.units);
    this.#unitsUp = this.#units.slice();
    this.#unitsLost = new Uint16Array(n);
    this.#tripped = new Uint8Array(n);
    this.#spares = Uint8Array.from(nodes, (node) => (node.redundancy === "N+1" ? 1 : 0));
    this.#ratingW = new Float64Array(n);
    this.#noLoad = Float64Array.from(nodes, (node) => node.loss.noLoad);
    this.#linear = Float64Array.from(nodes, (node) => node.loss.linear);
    this.#quadratic = Float64Array.from(nodes, (node) => node.loss.quadratic);
    this.#autonomyS = Float64Array.from(nodes, (node) => node.autonomyS);
    this.#storedS = this.#autonomyS.slice();
    this.#onBattery = new Uint8Array(n);
    this.#tripHeat = new Float64Array(n);
    this.#tripAt = Float64Array.from(nodes, (node) => OVERLOAD_S * (node.overload * node.overload - 1));
    this.#overloaded = new Uint8Array(n);
    this.#reconnect();
  }

  /** Loses units of a node (negative) or returns them. */
  changeUnits(node: number, delta: number): void {
    this.#unitsLost[node] = Math.max(0, this.#unitsLost[node] - delta);
    this.#countUnits(node);
  }

  /** Closes a node's breaker again after protection opened it. */
  reclose(node: number): void {
    this.#tripped[node] = 0;
    this.#countUnits(node);
  }

  #countUnits(node: number): void {
    this.#unitsUp[node] = this.#tripped[node] === 1 ? 0 : Math.max(0, this.#units[node] - this.#unitsLost[node]);
    this.#tripHeat[node] = 0;
    this.#reconnect();
  }

  /** Sets what nodes deliver to zero, before the consumers draw. */
  begin(): void {
    this.outputW.fill(0);
  }

  /** Adds losses from the leaves to the feeds. Cost: a few dozen flops a node. */
  pass(): void {
    const { outputW, inputW, lossW, load, energised, links } = this;
    const unitW = this.#unitW;
    const unitsUp = this.#unitsUp;
    let totalLossW = 0;
    let feedW = 0;
    let batteryW = 0;
    for (let i = this.#count - 1; i >= 0; i--) {
      const outW = outputW[i];
      if (energised[i] === 0) {
        inputW[i] = lossW[i] = load[i] = 0;
        continue;
      }
      const ratingW = unitW[i] * unitsUp[i];
      const x = outW / ratingW;
      const loss = ratingW * (this.#noLoad[i] + x * (this.#linear[i] + x * this.#quadratic[i]));
      lossW[i] = loss;
      totalLossW += loss;
      load[i] = outW / (unitW[i] * this.#carriers(i));
      let inW = outW + loss;
      if (this.#autonomyS[i] > 0) {
        const battery = this.#battery(i, inW, ratingW);
        batteryW += battery;
        inW += battery;
      }
      inputW[i] = inW;
      if (this.#isFeed[i] === 1) {
        feedW += inW;
      } else {
        outputW[links.parentA[i]] += inW * links.shareA[i];
        if (links.parentB[i] >= 0) outputW[links.parentB[i]] += inW * links.shareB[i];
        if (load[i] > 1 || this.#tripHeat[i] > 0) this.#heatTrip(i);
      }
    }
    this.totalLossW = totalLossW;
    this.feedW = feedW;
    this.batteryW = batteryW;
    if (this.#batteriesBusy > 0) this.#spendBatteries();
  }

  /** What each node can carry with the units that are in service, W. Worked out when somebody looks. */
  ratings(): Float64Array {
    for (let i = 0; i < this.#count; i++) this.#ratingW[i] = this.#unitW[i] * this.#carriers(i);
    return this.#ratingW;
  }

  /** A spare unit shares the load but the rating is what stands without it. */
  #carriers(i: number): number {
    const unitsUp = this.#unitsUp[i];
    return unitsUp - (this.#spares[i] === 1 && unitsUp === this.#units[i] ? 1 : 0);
  }

  /** Battery power of a UPS this second, W: −input while it carries the load alone, + while it recharges. */
  #battery(i: number, inW: number, ratingW: number): number {
    if (this.#onBattery[i] === 1) return -inW;
    if (this.#storedS[i] >= this.#autonomyS[i]) return 0;
    return ratingW * RECHARGE_SHARE;
  }

  #spendBatteries(): void {
    let busy = 0;
    let exhausted = false;
    for (let i = 0; i < this.#count; i++) {
      if (this.#autonomyS[i] === 0) continue;
      const ratingW = this.#unitW[i] * Math.max(1, this.#unitsUp[i]);
      if (this.#onBattery[i] === 1) {
        this.#storedS[i] -= (this.outputW[i] + this.lossW[i]) / ratingW;
        if (this.#storedS[i] <= 0) {
          this.#storedS[i] = 0;
          exhausted = true;
        }
        busy++;
      } else if (this.#storedS[i] < this.#autonomyS[i]) {
        this.#storedS[i] = Math.min(this.#autonomyS[i], this.#storedS[i] + RECHARGE_SHARE);
        busy++;
      }
    }
    this.#batteriesBusy = busy;
    if (exhausted) this.#reconnect();
  }

  /** Inverse-time protection: heat grows with (load² − 1), and trips where the stated overload would after a minute. */
  #heatTrip(i: number): void {
    const x = this.load[i];
    if (x > 1) {
      if (this.#overloaded[i] === 0) {
        this.#overloaded[i] = 1;
        this.#listener.overloaded(i, x);
      }
      this.#tripHeat[i] += x * x - 1;
      if (this.#tripHeat[i] > this.#tripAt[i]) {
        this.#tripped[i] = 1;
        this.#listener.tripped(i);
        this.#countUnits(i);
      }
    } else {
      this.#overloaded[i] = 0;
      this.#tripHeat[i] = Math.max(0, this.#tripHeat[i] - COOLING_PER_S);
    }
  }

  /** Works out, from the feeds down, which nodes are energised, and shares loads over the living parents. */
  #reconnect(): void {
    const { energised, links } = this;
    let busy = 0;
    for (let i = 0; i < this.#count; i++) {
      if (this.#unitsUp[i] === 0) {
        energised[i] = 0;
        this.#onBattery[i] = 0;
        continue;
      }
      if (this.#isFeed[i] === 1) {
        energised[i] = 1;
        continue;
      }
      const b = links.parentB[i];
      const supplied = energised[links.parentA[i]] === 1 || (b >= 0 && energised[b] === 1);
      this.#onBattery[i] = !supplied && this.#storedS[i] > 0 ? 1 : 0;
      energised[i] = supplied || this.#onBattery[i] === 1 ? 1 : 0;
      if (this.#autonomyS[i] > 0 && (this.#onBattery[i] === 1 || this.#storedS[i] < this.#autonomyS[i])) busy++;
    }
    this.#batteriesBusy = busy;
    shareOverLiving(links, energised);
    for (let i = 0; i < this.#count; i++) if (this.#isFeed[i] === 1) links.shareA[i] = 0;
    this.#listener.changed();
  }
}
