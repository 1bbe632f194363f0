import { told } from "../event-words.ts";
import type { TwinEvent } from "../simulation.ts";

/** Most events kept between two reads: about an hour of a badly failing gigawatt site. */
const LIMIT = 10_000;

/** Events waiting to be read. At the limit the oldest go, and the next read says how many. */
export class EventLog {
  #events: TwinEvent[] = [];
  #dropped = 0;
  #faults = 0;

  /** Faults seen since the start of the run. */
  get faults(): number {
    return this.#faults;
  }

  push(event: TwinEvent): void {
    if (event.kind === "fault") this.#faults++;
    if (this.#events.length >= LIMIT) {
      this.#events.splice(0, LIMIT / 10);
      this.#dropped += LIMIT / 10;
    }
    this.#events.push(event);
  }

  take(): readonly TwinEvent[] {
    const taken = this.#events;
    this.#events = [];
    if (this.#dropped > 0) {
      taken.unshift({
        atS: taken[0].atS,
        kind: "note",
        severity: "warning",
        subject: "events",
        ...told("events-lost", { count: this.#dropped }),
      });
      this.#dropped = 0;
    }
    return taken;
  }
}
