import type { LoadTarget } from "../contracts/flex.ts";
import type { Confirmation, GridPublisher } from "../roles/grid-publisher.ts";
import { changes, combine, type DemandEvent, type DemandSchedule } from "./schedule.ts";

/** What a bridge has done with the newest events. */
export interface BridgeStep {
  /** Targets sent; empty when nothing changed. */
  readonly targets: readonly LoadTarget[];
  /** undefined when nothing was sent. */
  readonly confirmation: Confirmation | undefined;
}

/** Carries events of another system to a factory as load targets. What is sent is the difference, so that a change or an end is one too. */
export class DemandBridge {
  readonly #grid: GridPublisher;
  readonly #feedTags: readonly string[] | undefined;
  #sent: DemandSchedule = [];

  constructor(grid: GridPublisher, feedTags?: readonly string[]) {
    this.#grid = grid;
    this.#feedTags = feedTags;
  }

  /** Limits that the factory was given, and confirmed. */
  get schedule(): DemandSchedule {
    return this.#sent;
  }

  /**
   * Brings the factory to what all events together ask for. What nobody confirmed is sent again the next time.
   * @throws PulmuError as `Bus.publish` does
   */
  async update(events: readonly DemandEvent[], nowMs: number): Promise<BridgeStep> {
    const wanted = combine(events, nowMs);
    const targets = changes(this.#sent, wanted, nowMs, this.#feedTags);
    if (targets.length === 0) return { targets, confirmation: undefined };
    const confirmation = await this.#grid.setTargets(targets);
    if (confirmation.status !== undefined) this.#sent = wanted;
    return { targets, confirmation };
  }
}
