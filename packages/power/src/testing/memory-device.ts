import type { Actuator, Cap, Held } from "../actuators/actuator.ts";
import type { ActuatorClock } from "../actuators/clock.ts";
import { deviceError } from "../actuators/problems.ts";

/** A device that is a few variables, and goes wrong to order. */
export class MemoryDevice implements Actuator {
  readonly id: string;
  capW: number;
  readonly told: Cap[] = [];
  /** Most that it can draw, and what it keeps to after a restart, W. */
  readonly maxW: number;
  standingW: number;
  /** How it answers: at once; not until the deadline; with an error; with an error after it has done what it was told. */
  mood: "well" | "hangs" | "refuses" | "loses-answers" = "well";
  /** Time that an answer takes, ms. */
  answerMs = 0;
  reads = 0;
  closed = false;
  readonly #clock: ActuatorClock;

  constructor(id: string, maxW: number, clock: ActuatorClock) {
    this.id = id;
    this.capW = this.maxW = this.standingW = maxW;
    this.#clock = clock;
  }

  async read(signal: AbortSignal): Promise<Held> {
    this.reads++;
    await this.#answering(signal);
    if (this.mood !== "well") throw deviceError(this.id, "unreachable", "cannot be reached");
    return this.#held();
  }

  async write(cap: Cap, signal: AbortSignal, { standing = false }: { readonly standing?: boolean } = {}): Promise<Held> {
    this.told.push(cap);
    await this.#answering(signal);
    if (this.mood === "refuses") throw deviceError(this.id, "unreachable", "cannot be reached");
    this.capW = Math.min(cap.gpuCapW, this.maxW);
    if (standing) this.standingW = this.capW;
    if (this.mood === "loses-answers") throw deviceError(this.id, "unreachable", "cannot be reached");
    return this.#held();
  }

  restart(): void {
    this.capW = this.standingW;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #held(): Held {
    return { gpus: 1, gpuCapW: this.capW, clockLimit: 1, gpuPowerW: this.capW, notes: [] };
  }

  async #answering(signal: AbortSignal): Promise<void> {
    const answerMs = this.mood === "hangs" ? 1e9 : this.answerMs;
    if (answerMs === 0) return;
    await this.#clock.sleep(answerMs, signal).catch(() => {
      throw deviceError(this.id, "timeout", "no answer in time");
    });
  }
}
