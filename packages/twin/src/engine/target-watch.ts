import { told } from "../event-words.ts";
import type { EventLog } from "./event-log.ts";

/** Seconds within the load target before a breach is called over: power swings every few seconds. */
const CLEAR_S = 60;

/** Says when the draw passes a load target, and when it has kept within it for a minute. */
export class TargetWatch {
  readonly #log: EventLog;
  /** When a running breach may be called over; Infinity when there is none. */
  #endS = Infinity;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** `limitW` is NaN when no target is in force. */
  judge(atS: number, siteW: number, limitW: number): void {
    if (siteW > limitW) {
      if (this.#endS === Infinity) {
        const said = told("breach", { drawnW: siteW, limitW });
        this.#log.push({ atS, kind: "breach", severity: "critical", subject: "site", ...said });
      }
      this.#endS = atS + CLEAR_S;
    } else if (this.#endS <= atS || (this.#endS < Infinity && Number.isNaN(limitW))) {
      this.#endS = Infinity;
      const said = Number.isNaN(limitW) ? told("target-over", {}) : told("breach-over", { drawnW: siteW });
      this.#log.push({ atS, kind: "breach-ended", severity: "info", subject: "site", ...said });
    }
  }
}
