import type { ScopeLimit } from "../envelope/envelope.ts";
import { BASELINE_METHODS } from "./baseline-methods.ts";
import { baselineOf, type DayCalendar } from "./baseline.ts";
import { EventMeter, type EventPrice, type WorkOutput } from "./event-price.ts";
import type { MeterSeries } from "./meter-series.ts";
import { measureResponse, type AskedLimit, type Response } from "./response.ts";
import { settle, type FlexTerms, type Settlement } from "./settlement.ts";

/** Readings kept from before an event: what the baseline "meter before" looks at. */
const BEFORE_S = 300;
/** How many of those must be there at least, s: who has just begun to read has no more, and a gap is nobody's fault. */
const LEAST_S = 60;
/** An event that lasts longer is settled day by day. */
const MAX_EVENT_S = 86_400;
/** A loss below this share of what was wanted is not told from how demand moves by itself. */
const NOISE_SHARE = 0.005;

/** An event that is over, or a day of one, or as it would be settled if it ended now. */
export interface SettledEvent {
  readonly asked: AskedLimit;
  /** What was drawn before it, W: the baseline. */
  readonly baselineW: number;
  /** What was metered, from before its start on. */
  readonly readings: MeterSeries;
  readonly response: Response;
  readonly price: EventPrice;
  readonly settlement: Settlement;
}

interface Running {
  readonly asked: Omit<AskedLimit, "untilMs">;
  /** One reading a second, `BEFORE_S` of them from before the event. */
  readonly powerW: number[];
  readonly meter: EventMeter;
}

/**
 * Follows load targets by the second and settles each when it ends, is replaced or taken back, by the baseline "meter before": the one
 * that needs no days of history. Others can be had later from kept meter readings.
 */
export class EventRecorder {
  readonly #terms: FlexTerms;
  readonly #calendar: DayCalendar;
  /** Last readings of each scope, oldest first. */
  readonly #recent: number[][] = [];
  readonly #running: (Running | undefined)[] = [];
  readonly #parts = new Map<string, number>();
  /** Draw before events that another process saw begin, W. */
  readonly #known = new Map<string, number>();

  constructor(terms: FlexTerms, utcOffsetMin: number) {
    this.#terms = terms;
    this.#calendar = { utcOffsetMin, isHoliday: () => false, isEventDay: () => false };
  }

  /**
   * Call once a second, after the envelope has moved.
   * @param meteredW what each scope draws, NaN where no meter is trusted
   * @param outputs what works made in the last second and would have made; all of it is put down to each event that runs
   */
  step(nowMs: number, scopes: readonly ScopeLimit[], meteredW: ArrayLike<number>, outputs: readonly WorkOutput[]): readonly SettledEvent[] {
    return scopes.flatMap((scope, s) => {
      const recent = (this.#recent[s] ??= []);
      const before = this.#running[s];
      const id = scope.stretch?.target.id;
      const isOver = before !== undefined && (before.asked.id !== id || before.powerW.length >= BEFORE_S + MAX_EVENT_S);
      const settled = isOver ? this.#close(before, nowMs) : [];
      // What follows at once has the same time before it: draw that is held down already is no baseline.
      const free = before?.powerW.slice(0, BEFORE_S) ?? recent;
      const running = isOver || before === undefined ? this.#begin(scope, free, nowMs) : before;
      this.#running[s] = running;
      running?.powerW.push(meteredW[s]);
      running?.meter.record(1, outputs);
      recent.push(meteredW[s]);
      if (recent.length > BEFORE_S) recent.shift();
      return settled;
    });
  }

  /**
   * Goes on with an event that began in another process. What that one metered is gone with it: only what follows is settled.
   * @param baselineW what was drawn before the event
   * @param parts how many processes have begun to follow it
   */
  resume(id: string, baselineW: number, parts: number): void {
    this.#known.set(id, baselineW);
    this.#parts.set(id, parts);
  }

  /** Events that run, as they would be settled now. Cost: their seconds. */
  progress(nowMs: number): readonly SettledEvent[] {
    return this.#running.flatMap((running) => (running === undefined ? [] : this.#settle(running, nowMs, this.#partOf(running))));
  }

  /** What was drawn before an event that runs, W; NaN where no meter is trusted. */
  baselineW(id: string): number {
    return meanOf(this.#running.find((one) => one?.asked.id === id)?.powerW.slice(0, BEFORE_S) ?? []);
  }

  /** What was metered of an event that runs, from before its start on. */
  readings(id: string): MeterSeries | undefined {
    const running = this.#running.find((one) => one?.asked.id === id);
    return running === undefined ? undefined : seriesOf(running);
  }

  #begin({ feedTag, stretch, deadlineMs }: ScopeLimit, free: readonly number[], nowMs: number): Running | undefined {
    const limitW = stretch?.target.limitW;
    if (stretch === undefined || limitW === undefined) return undefined;
    const { id } = stretch.target;
    const asked = { id, feedTag, fromMs: nowMs, setMs: stretch.setMs, deadlineMs, limitW };
    const knownW = this.#known.get(id);
    this.#known.delete(id);
    const missing = Array.from({ length: BEFORE_S - free.length }, () => NaN);
    const before = knownW === undefined ? [...missing, ...free] : Array.from({ length: BEFORE_S }, () => knownW);
    return { asked, powerW: filled(before), meter: new EventMeter(NOISE_SHARE) };
  }

  #close(running: Running, nowMs: number): SettledEvent[] {
    const part = this.#partOf(running);
    const settled = this.#settle(running, nowMs, part);
    if (settled.length > 0) this.#parts.set(running.asked.id, part);
    return settled;
  }

  #partOf({ asked }: Running): number {
    return (this.#parts.get(asked.id) ?? 0) + 1;
  }

  /** Nothing when the meter before the event cannot say what would have been drawn. */
  #settle(running: Running, nowMs: number, part: number): SettledEvent[] {
    const { meter } = running;
    const asked = { ...running.asked, untilMs: nowMs };
    const method = BASELINE_METHODS.find(({ id }) => id === "meter-before")!;
    const series = seriesOf(running);
    if (series.powerW.subarray(0, BEFORE_S).some(Number.isNaN) || nowMs <= asked.fromMs) return [];
    const baseline = baselineOf(method, series, asked, this.#calendar).series;
    const response = measureResponse(series, baseline, asked);
    const price = meter.price();
    const settlement = settle(asked, response, price, this.#terms, part);
    return [{ asked, baselineW: baseline.powerW[0], readings: series, response, price, settlement }];
  }
}

function seriesOf({ asked, powerW }: Running): MeterSeries {
  return { startMs: asked.fromMs - BEFORE_S * 1000, intervalMs: 1000, powerW: Float64Array.from(powerW) };
}

/** Readings whose gaps are filled with the mean of the rest; where that is too little, the gaps stay. */
function filled(powerW: readonly number[]): number[] {
  const known = powerW.filter((reading) => !Number.isNaN(reading));
  if (known.length < LEAST_S) return [...powerW];
  const meanW = meanOf(known);
  return powerW.map((reading) => (Number.isNaN(reading) ? meanW : reading));
}

function meanOf(powerW: readonly number[]): number {
  return powerW.reduce((sum, reading) => sum + reading, 0) / powerW.length;
}
