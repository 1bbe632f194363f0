import type { MeterSeries } from "@pulmu/power";
import type { LiveFactory } from "../live/factory.ts";
import { answerProblem, ApiError } from "./api-error.ts";
import type { FactoryApp } from "./app.ts";
import { integer } from "./series-query.ts";

/** Points of an event's curve in one answer. */
const MAX_POINTS = 3_600;

/** Load targets and what came of them. */
export function addGridRoutes(app: FactoryApp, { steering }: LiveFactory): void {
  if (steering === undefined) return;
  const { events } = steering;
  app.get("/api/grid/events", (context) => context.json(events.list()));
  app.get("/api/grid/events/*", (context) => {
    const event = events.find(decodeURIComponent(context.req.path.slice("/api/grid/events/".length)));
    if (event === undefined)
      return answerProblem(context, 404, { code: "api.unknown-event", message: "no load target of this id, correlation id or trace" });
    const points = integer("points", context.req.query("points"), 0);
    if (points > MAX_POINTS) throw new ApiError(400, { code: "api.points", message: `points must be at most ${MAX_POINTS}` });
    const readings = points > 0 ? events.readings(event.id) : undefined;
    return context.json({ ...event, curve: readings === undefined ? null : curveOf(readings, points) });
  });
}

/** At most so many means over even steps, W; null where no reading can be trusted. */
function curveOf({ startMs, intervalMs, powerW }: MeterSeries, points: number) {
  const step = Math.max(1, Math.ceil(powerW.length / points));
  const means = Array.from({ length: Math.ceil(powerW.length / step) }, (_, i) => {
    const part = powerW.subarray(i * step, (i + 1) * step);
    return part.reduce((sum, reading) => sum + reading, 0) / part.length;
  });
  return { startMs, stepMs: step * intervalMs, powerW: means };
}
