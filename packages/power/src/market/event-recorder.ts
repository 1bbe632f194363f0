import type { ScopeLimit } from "../envelope/envelope.ts";
import { BASELINE_METHODS } from "./baseline-methods.ts";
import { baselineOf, type DayCalendar } from "./baseline.ts";
import { EventMeter, type EventPrice, type WorkOutput } from "./event-price.ts";
import { measureResponse, type AskedLimit, type Response } from "./response.ts";
import { settle, type FlexTerms, type Settlement } from "./settlement.ts";

/** Readings kept from before an event: what the baseline "meter before" looks at. */
const BEFORE_S = 300;
/** An event that lasts longer is settled day by day. */
const MAX_EVENT_S = 86_400;

/** An event that is over, or a day of one. */
export interface SettledEvent {
  readonly asked: AskedLimit;
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
      const settled = isOver ? this.#settle(before, nowMs) : [];
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

  #begin({ feedTag, stretch, deadlineMs }: ScopeLimit, free: readonly number[], nowMs: number): Running | undefined {
    const limitW = stretch?.target.limitW;
    if (stretch === undefined || limitW === undefined) return undefined;
    const asked = { id: stretch.target.id, feedTag, fromMs: nowMs, setMs: stretch.setMs, deadlineMs, limitW };
    const missing = Array.from({ length: BEFORE_S - free.length }, () => NaN);
    return { asked, powerW: [...missing, ...free], meter: new EventMeter() };
  }

  /** Nothing when the meter before the event cannot say what would have been drawn. */
  #settle({ asked: begun, powerW, meter }: Running, nowMs: number): SettledEvent[] {
    const asked = { ...begun, untilMs: nowMs };
    const method = BASELINE_METHODS.find(({ id }) => id === "meter-before")!;
    const series = { startMs: asked.fromMs - BEFORE_S * 1000, intervalMs: 1000, powerW: Float64Array.from(powerW) };
    if (series.powerW.subarray(0, BEFORE_S).some(Number.isNaN)) return [];
    const part = (this.#parts.get(asked.id) ?? 0) + 1;
    this.#parts.set(asked.id, part);
    const response = measureResponse(series, baselineOf(method, series, asked, this.#calendar).series, asked);
    const price = meter.price();
    return [{ asked, response, price, settlement: settle(asked, response, price, this.#terms, part) }];
  }
}
