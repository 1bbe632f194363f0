import { formatPower } from "@pulmu/units";
import { printTable } from "../../accounts/print.ts";
import { EXIT, printJson, type ExitCode } from "../../exit.ts";
import type { GridEvent } from "../../steer/grid-event.ts";
import { catchStop } from "../../stop-signal.ts";
import { count, grouped, localTime, percent } from "../../terminal/format.ts";
import { knownFactory, type FactoryPlace } from "./factory-api.ts";
import { followEvent } from "./follow.ts";

export interface EventsOptions extends FactoryPlace {
  readonly json?: boolean;
}

/** `pulmu grid events`: what the grid asked of the factory that runs here, and what came of it. @throws PulmuError `grid.factory` */
export async function listEvents({ json, ...place }: EventsOptions): Promise<ExitCode> {
  const api = knownFactory(place);
  const events = (await api.get<readonly GridEvent[]>("/api/grid/events")) ?? [];
  if (json === true) {
    printJson(events);
    return EXIT.ok;
  }
  const columns = [
    { title: "FROM" },
    { title: "UNTIL" },
    { title: "FEEDS" },
    { title: "TARGET", right: true },
    { title: "STATE" },
    { title: "MET" },
    { title: "GIVEN", right: true },
    { title: "TOKENS", right: true },
    { title: "COST, KRW", right: true },
    { title: "PAID, KRW", right: true },
    { title: "TRACE" },
  ];
  const clock = (atMs: number) => localTime(atMs, api.utcOffsetMin).slice(5);
  const rows = events.map(({ fromMs, untilMs, feed, limitW, state, response, cost, settlement, trace }) => [
    clock(fromMs),
    untilMs === null ? "–" : clock(untilMs).slice(6),
    feed ?? "all",
    formatPower(limitW),
    state,
    response === null ? "–" : state !== "over" ? "…" : response.met ? "yes" : "NO",
    response === null ? "–" : percent(response.targetShare),
    cost === null ? "–" : count(cost.tokensLost),
    cost === null ? "–" : grouped(cost.lostKrw),
    settlement === null ? "–" : grouped(settlement.paidKrw),
    trace,
  ]);
  printTable(columns, rows, "the grid has asked nothing of this factory since it was started");
  if (rows.length > 0) process.stdout.write("\npulmu grid event TRACE shows one, pulmu why TRACE the chain behind it\n");
  return EXIT.ok;
}

/** `pulmu grid event`: one of them as it goes on, until it is over. @throws PulmuError `grid.factory` */
export async function showEvent(name: string, { json = false, ...place }: EventsOptions): Promise<ExitCode> {
  const stop = catchStop();
  try {
    const event = await followEvent(knownFactory(place), name, { json, stop });
    if (event !== undefined) return EXIT.ok;
    process.stderr.write("no load target of this id, correlation id or trace is known there\n");
    return EXIT.failed;
  } finally {
    stop.release();
  }
}
