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
    const mw = (powerW: number) => `${(powerW / 1e6).toFixed(1)} MW`;
    if (siteW > limitW) {
      if (this.#endS === Infinity) {
        const text = `draws ${mw(siteW)} against a load target of ${mw(limitW)}`;
        this.#log.push({ atS, kind: "breach", severity: "critical", subject: "site", text });
      }
      this.#endS = atS + CLEAR_S;
    } else if (this.#endS <= atS || (this.#endS < Infinity && Number.isNaN(limitW))) {
      this.#endS = Infinity;
      const text = Number.isNaN(limitW) ? "the load target is over" : `within the load target for a minute, at ${mw(siteW)}`;
      this.#log.push({ atS, kind: "breach-ended", severity: "info", subject: "site", text });
    }
  }
}
