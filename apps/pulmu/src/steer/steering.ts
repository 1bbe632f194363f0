import { newTraceparent, type AgentMessage, type FlexData, type FlexDecider } from "@pulmu/exchange";
import {
  FlexAgent,
  flexOptions,
  PowerLoop,
  prepareSteering,
  quote,
  rackLimitW,
  ServiceNeeds,
  shedHints,
  TargetBook,
  type CapWrite,
  type FlexState,
  type FlexTerms,
  type LoopView,
  type Meters,
  type Quote,
  type QuoteRequest,
  type Setup,
  type Work,
} from "@pulmu/power";
import type { LoadTargetSpec, Simulation } from "@pulmu/twin";
import { PulmuError } from "@pulmu/units";
import type { Chronicle } from "./chronicle.ts";
import { factoryNow } from "./factory-now.ts";
import { ASSUMED_TERMS } from "./flex-terms.ts";
import { GridEvents, type TargetHead } from "./grid-events.ts";
import { needyWorks, promisesOf } from "./needs.ts";
import { LiveOutputs } from "./outputs.ts";
import type { SteeredDevices, SteeredPlant } from "./steered-plant.ts";
import { SteeringVoice, type Note } from "./steering-voice.ts";
import { twinMeters } from "./twin-plant.ts";
import { WrittenCaps, type WrittenCap } from "./written-caps.ts";

export interface SteeringOptions {
  /** A new UUID of version 4. */
  readonly newId: () => string;
  /** What the grid side pays; left out: assumed. */
  readonly terms?: FlexTerms | undefined;
  /** Where what steering does is written. */
  readonly chronicle: Chronicle;
}

/**
 * Steering of a plant: once a second the loop reads it, and its writes go to the devices. Load targets come from the grid over the
 * exchange, through the Flex agent that stands here as who decides, or from the scenario. Until it leads it only stands by.
 */
export class Steering {
  readonly setup: Setup;
  readonly agent: FlexAgent;
  /** Every load target, and what came of it. */
  readonly events: GridEvents;
  readonly #options: SteeringOptions;
  readonly #plant: SteeredPlant;
  readonly #targets = new TargetBook();
  #seen: Simulation;
  #devices: SteeredDevices | undefined;
  #loop: PowerLoop;
  #meters: Meters;
  readonly #needs = new ServiceNeeds();
  #works: () => readonly Work[] | undefined;
  readonly #outputs: LiveOutputs;
  readonly #writes = new WrittenCaps();
  readonly #voice: SteeringVoice;
  #traceparent = "";

  /**
   * Makes the scenario's load targets known; devices are not touched before `lead`.
   * @throws PulmuError `power.*` for a site whose lowest caps do not fit it, or targets that cannot be
   */
  constructor(plant: SteeredPlant, options: SteeringOptions) {
    const { newId, chronicle, terms = ASSUMED_TERMS } = options;
    this.#options = options;
    const { site, scenario, seen, clock } = plant;
    this.#plant = plant;
    this.#seen = seen;
    this.setup = prepareSteering(site);
    this.#voice = new SteeringVoice(this.setup);
    this.#loop = new PowerLoop(this.setup, this.#targets, 1, clock.monotonicMs());
    this.#meters = twinMeters(seen);
    this.#works = this.#worksOf(seen);
    this.#outputs = new LiveOutputs(site);
    this.events = new GridEvents({
      chronicle,
      site,
      terms,
      limitW: (rack) => this.#loop.limitW(rack),
      tenants: () => new Map(this.#seen.placements().map(({ id, tenantId }) => [id, tenantId])),
      forecast: (feedTag, reductionW, durationS) => this.#forecast({ feedTag, reductionW, durationS }),
    });
    const spoken = flexOptions({
      state: () => this.#loop.flow(),
      newId,
      shedHints: ({ feedTag }, excessW) => {
        const limit = this.setup.limitOf(feedTag);
        return limit === undefined ? [] : shedHints(this.#held(), limit, excessW);
      },
    });
    this.agent = new FlexAgent(site, this.#targets, (tag) => this.setup.boundsOf(tag), spoken);
    scenario.loadTargets.forEach((target, i) => {
      const head = { from: "scenario", correlationId: `scenario-${i + 1}`, traceparent: newTraceparent(newId) };
      this.#take(flexTarget(target, scenario.startMs), head, scenario.startMs);
    });
  }

  /** Says from now on what is worth saying. */
  speak(note: Note): void {
    this.#voice.note = note;
  }

  get leads(): boolean {
    return this.#devices !== undefined;
  }

  /**
   * Steers from now on: tells every device what to fall back to, and asks what it was told before.
   * @param firstOrder above the order of every write before, whoever wrote it
   */
  lead(firstOrder = 1): void {
    this.#devices = this.#plant.openDevices();
    this.#devices.commission(this.setup.fallbackCapW);
    this.#begin(firstOrder);
    this.#loop = new PowerLoop(this.setup, this.#targets, firstOrder, this.#plant.clock.monotonicMs());
  }

  /** Touches nothing any more: another one leads, or may. Leases that were given end by themselves. */
  async standBy(): Promise<void> {
    const devices = this.#devices;
    this.#devices = undefined;
    await devices?.close();
  }

  /** Reads the plant as it is seen from now on, such as over the bus. A new loop: it begins by asking every device what it was told. */
  watch(seen: Simulation): void {
    this.#seen = seen;
    this.#meters = twinMeters(seen);
    this.#works = this.#worksOf(seen);
    this.#loop = new PowerLoop(this.setup, this.#targets, this.#loop.nextOrder, this.#plant.clock.monotonicMs());
  }

  /** One second. Call after the plant's. */
  second(): void {
    const devices = this.#devices;
    if (devices === undefined) return;
    const wallMs = this.#plant.clock.wallMs();
    const step = this.#loop.step({
      nowMs: this.#plant.clock.monotonicMs(),
      wallMs,
      meters: this.#meters.read(),
      reports: devices.reports(),
      works: this.#works(),
    });
    const lowered = step.writes.filter((write) => this.#lowers(write)).length;
    devices.send(step.writes);
    devices.ask(step.asks);
    const { scopes, meteredW } = this.#loop.flow();
    this.events.second({
      wallMs,
      scopes,
      meteredW,
      lowered,
      works: this.#loop.works,
      outputs: this.#outputs.second(this.#seen, this.events.running),
    });
    this.#writes.add(step.writes, wallMs);
    this.#voice.tell(step);
  }

  /** The agent behind the exchange's endpoint; `onMessage` hears what it says, `onStep` each time it has looked. */
  decider(onMessage: (message: AgentMessage) => void, onStep: (state: FlexState) => void): FlexDecider {
    return {
      take: (data, correlationId, nowMs, from, traceparent) => {
        this.#take(data, { correlationId, from, traceparent }, nowMs);
        this.#hurry();
      },
      retake: (data, correlationId, nowMs, from, traceparent) =>
        this.events.takenBefore(this.agent.take(data, correlationId, nowMs), { correlationId, from, traceparent }, nowMs),
      step: (nowMs) => {
        const messages = this.agent.step(nowMs);
        for (const message of messages) {
          this.events.said(message);
          onMessage(message);
        }
        onStep(this.#loop.flow());
        return messages;
      },
      enforced: (data) => this.agent.enforced(data),
    };
  }

  /** What drawing less would cost, by what is known now. @throws PulmuError `market.quote-*` */
  quote(request: QuoteRequest, batteries: boolean): Quote {
    return quote(factoryNow(this.#seen, batteries, { ...this.setup, works: this.#loop.works }), request);
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

  get writes(): Pick<WrittenCaps, "last" | "count"> {
    return this.#writes;
  }

  /** The last cap that was written to a rack; undefined: none since this process leads. */
  writeTo(rack: number): WrittenCap | undefined {
    return this.#writes.to(rack);
  }

  /** Begins the chain of every cap that no message of the grid asked for: those that the contract alone makes. */
  get traceparent(): string {
    return this.#traceparent;
  }

  #take(data: FlexData["grid.loadtarget.set.v1"], head: TargetHead, nowMs: number): void {
    try {
      const accepted = this.agent.take(data, head.correlationId, nowMs);
      this.events.taken(accepted, head, nowMs);
      for (const target of accepted) this.#voice.tellTarget(target);
    } catch (error) {
      if (error instanceof PulmuError) this.events.refused(error, head);
      throw error;
    }
  }

  /** Writes now what a new target leaves no time for: where a ramp was agreed, that is nothing. */
  #hurry(): void {
    if (this.#devices === undefined) return;
    const { clock } = this.#plant;
    const wallMs = clock.wallMs();
    const writes = this.#loop.hurry({ nowMs: clock.monotonicMs(), wallMs, meters: this.#meters.read() });
    this.#devices.send(writes);
    this.#writes.add(writes, wallMs);
  }

  #begin(firstOrder: number): void {
    const { newId, chronicle } = this.#options;
    const { id, phase, racks } = this.setup.site;
    this.#traceparent = newTraceparent(newId);
    const data = { phase: phase.id, envelopeW: phase.envelopeW, racks: racks.length, firstOrder };
    chronicle.tell({ kind: "power.steering.began", actor: "power", subject: id, data, traceparent: this.#traceparent });
  }

  #lowers({ rack, gpuCapW, validForMs }: CapWrite): boolean {
    return validForMs > 0 && rackLimitW(this.setup.site.racks[rack].type, gpuCapW) < this.#loop.limitW(rack) - 1;
  }

  /** Who works where, and with how little speed services keep their promises; undefined where nobody tells. */
  #worksOf(seen: Simulation): () => readonly Work[] | undefined {
    if (!this.#plant.tellsWork) return () => undefined;
    const promises = promisesOf(seen);
    return needyWorks(
      seen,
      this.setup,
      (rack) => this.#loop.limitW(rack),
      (id) => promises.get(id),
      this.#needs,
    );
  }

  #forecast(request: QuoteRequest): Quote | undefined {
    try {
      return this.quote(request, false);
    } catch (error) {
      if (error instanceof PulmuError) return undefined; // no work is known, or the feed carries none
      throw error;
    }
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
