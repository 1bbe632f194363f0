import { baselineOf, BASELINE_METHODS, EventMeter, measureResponse, type EventPrice, type Response } from "@pulmu/power";
import type { Site } from "@pulmu/site";
import { SERIES, type Simulation } from "@pulmu/twin";
import { Steering } from "../steering/steer.ts";
import { JobTokens, outputsOf } from "./outputs.ts";
import { openPlant } from "./plant.ts";

/** How long before an event its meters are read, s. */
const BEFORE_S = 300;
/** After an event its works are followed for so long: what a queue makes good is not lost. */
const AFTER_S = 600;
/** London: about a third was shed within half a minute. */
export const RESPOND_S = 30;

/** What came of an event. */
export interface EventResult {
  readonly asked: { readonly share: number; readonly durationS: number; readonly beforeW: number; readonly limitW: number };
  readonly response: Response;
  /** Share of the draw before that was shed half a minute after the target came. */
  readonly shedShare: number;
  readonly price: EventPrice;
  /** Reduction by the baseline, and by the same factory that was asked nothing, J. */
  readonly reducedJ: number;
  readonly trueReducedJ: number;
  /** Tokens made and trained on while the event lasted, over those of the factory that was asked nothing. */
  readonly madeShare: number;
  readonly trainedShare: number;
  /** Worst second's p99 of critical services over what they promise, and the same where nothing was asked. */
  readonly criticalPressure: number;
  readonly usualPressure: number;
  /** Critical work that was cut, and why. */
  readonly criticalCuts: readonly string[];
}

/** Two equal factories side by side: one is steered and asked to give way, the other is asked nothing. */
export class EventRun {
  readonly #site: Site;
  readonly #event: Simulation;
  readonly #control: Simulation;
  readonly #steering: Steering;
  readonly #asked = new JobTokens();
  readonly #free = new JobTokens();
  readonly #startMs: number;
  readonly #drawnW: number[] = [];
  readonly #freeW: number[] = [];
  #meter = new EventMeter();
  readonly #sums = { made: 0, madeFree: 0, trained: 0, trainedFree: 0, pressure: 0, pressureFree: 0 };
  readonly #cuts = new Set<string>();
  #events = 0;

  constructor(site: Site, startMs: number, durationS: number, seed: number) {
    this.#site = site;
    this.#startMs = startMs;
    this.#event = openPlant(site, startMs, durationS, seed);
    this.#control = openPlant(site, startMs, durationS, seed);
    const promises = new Map(site.workloads.flatMap((one) => (one.kind === "inference" ? [[one.id, one.slo] as const] : [])));
    this.#steering = new Steering(this.#event, (id) => promises.get(id));
  }

  /** Lets both run on. */
  pass(seconds: number): void {
    for (let s = 0; s < seconds; s++) {
      this.#event.step();
      for (const { rack, because } of this.#steering.step().criticalCuts) this.#cuts.add(`${this.#site.racks[rack].id}: ${because}`);
      this.#control.step();
      this.#drawnW.push(this.#event.row[SERIES.sitePowerW]);
      this.#freeW.push(this.#control.row[SERIES.sitePowerW]);
      this.#meter.record(1, outputsOf(this.#event, this.#asked, this.#control, this.#free));
      this.#count();
    }
  }

  /** Asks for a share less than what was drawn just before, from now, and follows that to its end and a little beyond. */
  ask(share: number, durationS: number): EventResult {
    const recent = this.#drawnW.slice(-BEFORE_S);
    const beforeW = recent.reduce((sum, w) => sum + w, 0) / recent.length;
    const limitW = beforeW * (1 - share);
    const fromMs = this.#startMs + this.#drawnW.length * 1000;
    const untilMs = fromMs + durationS * 1000;
    this.#meter = new EventMeter();
    Object.assign(this.#sums, { made: 0, madeFree: 0, trained: 0, trainedFree: 0, pressure: 0, pressureFree: 0 });
    this.#cuts.clear();
    const first = this.#drawnW.length;
    const id = `event-${++this.#events}`;
    this.#steering.targets.set([{ id, feedTag: undefined, fromMs, untilMs, limitW, strategy: "firm" }], fromMs);
    this.pass(durationS);
    const sums = { ...this.#sums };
    const shedAt = this.#drawnW[first + Math.min(RESPOND_S, durationS) - 1];
    this.pass(AFTER_S);

    const history = { startMs: this.#startMs, intervalMs: 1000, powerW: Float64Array.from(this.#drawnW) };
    const method = BASELINE_METHODS.find((one) => one.id === "meter-before")!;
    const calendar = { utcOffsetMin: this.#site.utcOffsetMin, isHoliday: () => false, isEventDay: () => false };
    const baseline = baselineOf(method, history, { fromMs, untilMs }, calendar).series;
    const asked = { id, feedTag: undefined, fromMs, untilMs, setMs: fromMs, deadlineMs: fromMs + RESPOND_S * 1000, limitW };
    const response = measureResponse(history, baseline, asked);
    const sum = (values: readonly number[]) => values.slice(first, first + durationS).reduce((total, w) => total + w, 0);
    return {
      asked: { share, durationS, beforeW, limitW },
      response,
      shedShare: 1 - shedAt / beforeW,
      price: this.#meter.price(),
      reducedJ: response.reducedEnergyJ,
      trueReducedJ: sum(this.#freeW) - sum(this.#drawnW),
      madeShare: sums.made / sums.madeFree,
      trainedShare: sums.trainedFree === 0 ? 1 : sums.trained / sums.trainedFree,
      criticalPressure: sums.pressure,
      usualPressure: sums.pressureFree,
      criticalCuts: [...this.#cuts],
    };
  }

  #count(): void {
    const sums = this.#sums;
    const [event, control] = [this.#event, this.#control];
    sums.made += event.row[SERIES.tokensPerS];
    sums.madeFree += control.row[SERIES.tokensPerS];
    sums.trained += event.row[SERIES.trainedTokensPerS];
    sums.trainedFree += control.row[SERIES.trainedTokensPerS];
    sums.pressure = Math.max(sums.pressure, this.#pressure(event));
    sums.pressureFree = Math.max(sums.pressureFree, this.#pressure(control));
  }

  /** p99 over what is promised, the worst of the critical services. */
  #pressure(simulation: Simulation): number {
    let worst = 0;
    for (const { id, serviceClass, ttftP99S, itlP99S } of simulation.services()) {
      const workload = this.#site.workloads.find((one) => one.id === id);
      if (serviceClass !== "critical" || workload?.kind !== "inference") continue;
      worst = Math.max(worst, ttftP99S / workload.slo.ttftS, itlP99S / workload.slo.itlS);
    }
    return worst;
  }
}
