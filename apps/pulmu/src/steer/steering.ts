import type { AgentMessage, FlexData, FlexDecider } from "@pulmu/exchange";
import {
  FlexAgent,
  flexOptions,
  PowerLoop,
  prepareSteering,
  shedHints,
  TargetBook,
  type CapWrite,
  type CriticalCut,
  type FlexState,
  type LoopView,
  type Meters,
  type Setup,
  type StepOutput,
  type WorkSource,
} from "@pulmu/power";
import type { LoadTargetSpec, Simulation } from "@pulmu/twin";
import { formatPower } from "@pulmu/units";
import { TwinDevices, twinMeters, twinMs, twinWorks } from "./twin-plant.ts";

/** Writes that are remembered for whoever asks; older ones are forgotten. */
const WRITES_KEPT = 50;
/** Critical racks named in one line of the log. */
const CUTS_NAMED = 3;

/** A cap as it was written, and when. */
export interface WrittenCap extends CapWrite {
  readonly atMs: number;
}

export type SteeringNote = (severity: "info" | "warning", text: string) => void;

/**
 * Steering of the factory in this process: once a second the loop reads the plant, and its writes go to the racks of the twin. Load
 * targets come from the grid over the exchange, through the Flex agent that stands here as who decides, or from the scenario.
 */
export class Steering {
  readonly setup: Setup;
  readonly agent: FlexAgent;
  readonly #targets = new TargetBook();
  readonly #twin: Simulation;
  readonly #devices: TwinDevices;
  #loop: PowerLoop;
  #meters: Meters;
  #works: WorkSource;
  #writes: WrittenCap[] = [];
  #writeCount = 0;
  #excursions: readonly string[] = [];
  #note: SteeringNote = () => {};

  /**
   * Tells every rack of the twin what to fall back to, and makes the scenario's load targets known.
   * @throws PulmuError `power.*` for a site whose lowest caps do not fit it, or targets that cannot be
   */
  constructor(twin: Simulation, newId: () => string) {
    const { site, scenario } = twin;
    this.#twin = twin;
    this.setup = prepareSteering(site);
    this.#devices = new TwinDevices(twin);
    this.#devices.commission(this.setup.fallbackCapW);
    this.#loop = new PowerLoop(this.setup, this.#targets, 1, twinMs(twin));
    this.#meters = twinMeters(twin);
    this.#works = twinWorks(twin);
    const options = flexOptions({
      state: () => this.#loop.flow(),
      newId,
      shedHints: ({ feedTag }, excessW) => {
        const limit = this.setup.limitOf(feedTag);
        return limit === undefined ? [] : shedHints(this.#held(), limit, excessW);
      },
    });
    this.agent = new FlexAgent(site, this.#targets, (tag) => this.setup.boundsOf(tag), options);
    scenario.loadTargets.forEach((target, i) =>
      this.agent.take(flexTarget(target, scenario.startMs), `scenario-${i + 1}`, scenario.startMs),
    );
  }

  /** Says from now on what is worth saying. */
  speak(note: SteeringNote): void {
    this.#note = note;
  }

  /** Reads the plant as it is seen from now on, such as over the bus. A new loop: it begins by asking every device what it was told. */
  watch(seen: Simulation): void {
    this.#meters = twinMeters(seen);
    this.#works = twinWorks(seen);
    this.#loop = new PowerLoop(this.setup, this.#targets, this.#loop.nextOrder, twinMs(this.#twin));
  }

  /** One second. Call after the plant's. */
  second(): void {
    const nowMs = twinMs(this.#twin);
    const wallMs = this.#twin.atMs;
    const step = this.#loop.step({
      nowMs,
      wallMs,
      meters: this.#meters.read(),
      reports: this.#devices.reports(),
      works: this.#works.works(),
    });
    this.#devices.send(step.writes);
    this.#devices.ask(step.asks);
    this.#remember(step.writes, wallMs);
    this.#tell(step);
  }

  /** The agent behind the exchange's endpoint; `onMessage` hears what it says, `onStep` each time it has looked. */
  decider(onMessage: (message: AgentMessage) => void, onStep: (state: FlexState) => void): FlexDecider {
    return {
      take: (data, correlationId, nowMs) => {
        for (const { target, repaired } of this.agent.take(data, correlationId, nowMs)) {
          const what = target.limitW === undefined ? "none" : formatPower(target.limitW);
          this.#note("info", `load target ${what} for ${target.feedTag ?? "the site"}${repaired === undefined ? "" : `: ${repaired}`}`);
        }
      },
      step: (nowMs) => {
        const messages = this.agent.step(nowMs);
        for (const message of messages) onMessage(message);
        onStep(this.#loop.flow());
        return messages;
      },
      enforced: (data) => this.agent.enforced(data),
    };
  }

  view(): LoopView {
    return this.#loop.view();
  }

  /** What holds on a rack now, W at its input, as far as is known. */
  limitW(rack: number): number {
    return this.#loop.limitW(rack);
  }

  get targets(): TargetBook {
    return this.#targets;
  }

  /** The last writes, oldest first, and how many there were in all. */
  get writes(): { readonly last: readonly WrittenCap[]; readonly count: number } {
    return { last: this.#writes, count: this.#writeCount };
  }

  #remember(writes: readonly CapWrite[], atMs: number): void {
    if (writes.length === 0) return;
    this.#writeCount += writes.length;
    this.#writes = [...this.#writes, ...writes.slice(-WRITES_KEPT).map((write) => ({ ...write, atMs }))].slice(-WRITES_KEPT);
  }

  #tell({ criticalCuts, excursions }: StepOutput): void {
    if (criticalCuts.length > 0) this.#note("warning", this.#cutText(criticalCuts));
    const fresh = excursions.filter((name) => !this.#excursions.includes(name));
    if (fresh.length > 0) this.#note("warning", `over its limit, caps come down: ${fresh.join(", ")}`);
    this.#excursions = excursions;
  }

  #cutText(cuts: readonly CriticalCut[]): string {
    const named = cuts.slice(0, CUTS_NAMED).map(({ rack, limitW, needW, because }) => {
      return `${this.setup.site.racks[rack].id} at ${formatPower(limitW)} of ${formatPower(needW)}, for ${because}`;
    });
    const more = cuts.length > CUTS_NAMED ? `, and ${cuts.length - CUTS_NAMED} more` : "";
    return `critical work is cut: ${named.join("; ")}${more}`;
  }

  #held() {
    const { site, tree, profiles } = this.setup;
    const limitW = Float64Array.from(site.racks, (_, r) => this.#loop.limitW(r));
    return { site, tree, profiles, works: this.#loop.works, limitW };
  }
}

/** A target of a scenario as the grid would have sent it. */
function flexTarget({ fromS, untilS, feedTag, limitW }: LoadTargetSpec, startMs: number): FlexData["grid.loadtarget.set.v1"] {
  const at = (s: number) => new Date(startMs + s * 1000).toISOString();
  return {
    targets: [
      {
        interval: { start_time: at(fromS), ...(untilS !== Infinity && { end_time: at(untilS) }) },
        load_constraint: { value: limitW, unit: "watt" },
        ...(feedTag !== undefined && { feed_tags: [feedTag] }),
        strategy: { best_effort: true },
      },
    ],
  };
}
