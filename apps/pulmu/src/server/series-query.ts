import { SITE_SERIES, type SiteSeriesName } from "@pulmu/twin";
import { nearest } from "@pulmu/units";
import type { History, SeriesAnswer } from "../live/history.ts";
import { ApiError } from "./api-error.ts";

/** Most numbers in one answer: 2 MB of JSON. */
const MAX_VALUES = 200_000;
const DEFAULT_SPAN_MS = 15 * 60_000;

const NAMES: readonly SiteSeriesName[] = SITE_SERIES.map(([name]) => name);

/** What `/api/series` asks, each still as text. */
export interface SeriesQuery {
  readonly name?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly step?: string | undefined;
}

/**
 * Answers `?name=pue,sitePowerW&from=…&to=…&step=60`: times in epoch milliseconds (default: the last 15 minutes), step in
 * seconds (default 1).
 * @throws ApiError 400 for an unknown series, a malformed number, an empty span or too many values
 */
export function answerSeries(history: History, query: SeriesQuery): SeriesAnswer {
  const names = seriesNames(query.name);
  const untilMs = integer("to", query.to, history.newestMs);
  const fromMs = integer("from", query.from, untilMs - DEFAULT_SPAN_MS + 1000);
  const stepS = integer("step", query.step, 1);
  if (stepS < 1 || stepS > history.capacityS) {
    throw new ApiError(400, { code: "api.step", message: `step must be 1 to ${history.capacityS} seconds` });
  }
  if (fromMs > untilMs) throw new ApiError(400, { code: "api.span", message: "from is later than to" });
  const spanS = (Math.min(untilMs, history.newestMs) - Math.max(fromMs, history.oldestMs)) / 1000 + 1;
  if ((spanS / stepS) * names.length > MAX_VALUES) {
    throw new ApiError(400, {
      code: "api.too-many-values",
      message: `more than ${MAX_VALUES} values`,
      hint: `a step of ${Math.ceil((spanS * names.length) / MAX_VALUES)} s or more fits`,
    });
  }
  return history.read(names, fromMs, untilMs, stepS);
}

function seriesNames(text: string | undefined): readonly SiteSeriesName[] {
  const asked = new Set((text ?? "").split(",").filter((name) => name !== ""));
  if (asked.size === 0) {
    throw new ApiError(400, { code: "api.missing", message: "name is missing", hint: `name=${NAMES[0]},pue; known: ${NAMES.join(", ")}` });
  }
  for (const name of asked) {
    if ((NAMES as readonly string[]).includes(name)) continue;
    const near = nearest(name.slice(0, 40), NAMES);
    throw new ApiError(400, {
      code: "api.unknown-series",
      message: "name holds a series that does not exist",
      hint: near === undefined ? `known: ${NAMES.join(", ")}` : `did you mean ${near}?`,
    });
  }
  return [...asked] as SiteSeriesName[];
}

/** @throws ApiError 400 when the text is no whole number */
export function integer(parameter: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^-?\d{1,15}$/.test(text)) throw new ApiError(400, { code: "api.number", message: `${parameter} must be a whole number` });
  return Number(text);
}
