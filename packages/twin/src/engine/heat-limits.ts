import type { Site } from "@pulmu/site";
import { type Said, told } from "../event-words.ts";
import type { CoolingPlant } from "./cooling-plant.ts";
import type { EventLog } from "./event-log.ts";
import type { RackState } from "./rack-state.ts";

/** Hands the temperatures to the racks: slower clocks where it is too warm, shutdown where it is hot. */
export class HeatLimits {
  /** Clock allowed behind each CDU group, as the racks were last told; 0 = shut down. */
  readonly clockOfCdu: Float64Array;
  readonly #site: Site;
  readonly #cooling: CoolingPlant;
  readonly #racks: RackState;
  readonly #log: EventLog;

  constructor(site: Site, cooling: CoolingPlant, racks: RackState, log: EventLog) {
    this.#site = site;
    this.#cooling = cooling;
    this.#racks = racks;
    this.#log = log;
    this.clockOfCdu = new Float64Array(site.cdus.length).fill(1);
  }

  /** Returns true when racks were told something new: some may have to go dark, or may come back. */
  apply(atS: number): boolean {
    const { allowedClock } = this.#cooling;
    const racks = this.#racks;
    let moved = false;
    for (let c = 0; c < allowedClock.length; c++) moved ||= allowedClock[c] !== this.clockOfCdu[c];
    if (!moved) return false;
    for (let c = 0; c < allowedClock.length; c++) if (allowedClock[c] !== this.clockOfCdu[c]) this.#tell(atS, c, allowedClock[c]);
    for (let r = 0; r < racks.count; r++) {
      const c = racks.cdu[r];
      if (allowedClock[c] === this.clockOfCdu[c]) continue;
      racks.thermalClock[r] = allowedClock[c];
      racks.retable(r);
    }
    this.clockOfCdu.set(allowedClock);
    return true;
  }

  #tell(atS: number, c: number, now: number): void {
    const before = this.clockOfCdu[c];
    const subject = this.#site.cdus[c].id;
    const values = { supplyC: this.#cooling.supplyC[c] };
    const log = (kind: "throttle" | "throttle-ended", severity: "info" | "warning" | "critical", said: Said) =>
      this.#log.push({ atS, kind, severity, subject, ...said });
    if (now === 0) log("throttle", "critical", told("heat-shutdown", values));
    else if (before === 1) log("throttle", "warning", told("heat-slow", values));
    else if (now === 1) log("throttle-ended", "info", told("heat-over", values));
  }
}
