import { formatDuration, formatEnergy, formatPower } from "@pulmu/units";
import type { CostState, GridEvent, WorkGiven } from "../../steer/grid-event.ts";
import { count, fixed, grouped, localTime, percent } from "../../terminal/format.ts";
import { lineChart } from "../../terminal/line-chart.ts";
import { layout, layoutApart, type Span, type Style } from "../../terminal/style.ts";

/** What an event drew over time, as the factory's API gives it: W, null where nobody can tell. */
export interface EventCurve {
  readonly startMs: number;
  readonly stepMs: number;
  readonly powerW: readonly (number | null)[];
}

export interface EventPage {
  readonly width: number;
  readonly style: Style;
  readonly utcOffsetMin: number;
}

const CHART_ROWS = 7;
/** Seconds of the chart before the event. */
const BEFORE_S = 60;
/** Works listed. */
const WORKS_SHOWN = 6;
const AXIS = 10;
const LABEL = 12;

/** An event on a terminal: the ramp, the response, what it costs and whom, and how it is settled. */
export function eventView(event: GridEvent, curve: EventCurve | null, page: EventPage): readonly string[] {
  return [
    ...header(event, page),
    ...(curve === null ? [] : chart(event, curve, page)),
    ...(event.state === "ahead" ? [] : body(event, page)),
  ];
}

function body(event: GridEvent, page: EventPage): readonly string[] {
  const { width, style } = page;
  const line = (label: string, ...spans: readonly Span[]) => layout([[` ${label.padEnd(LABEL)}`, style.dim], ...spans], width);
  return [
    "",
    ...drawLines(event, page).map((spans, i) => line(i === 0 ? (event.state === "over" ? "Drew" : "Draws") : "", ...spans)),
    line("Response", ...responseSpans(event, style)),
    ...event.breaches
      .slice(-1)
      .map((breach) => line("Breach", [`${breach.status}, ${breach.severity}, at ${formatPower(breach.loadW)}`, style.red])),
    ...(event.caps === null ? [] : [line("Caps", ...capsSpans(event.caps))]),
    ...(event.cost === null ? [] : costLines(event, event.cost, line, page)),
    ...settlementLines(event, line, page),
    line("Why", [`pulmu why ${event.trace}`], ["  reads the whole chain back", style.dim]),
  ];
}

function header(
  { limitW, feed, fromMs, untilMs, nowMs, state, from }: GridEvent,
  { width, style, utcOffsetMin }: EventPage,
): readonly string[] {
  const clock = (atMs: number) => localTime(atMs, utcOffsetMin).slice(11);
  const until = untilMs === null ? "until another" : `${clock(untilMs)} (${formatDuration(Math.round((untilMs - fromMs) / 1000))})`;
  const left: Span[] = [
    [` ${formatPower(limitW)}`, style.bold],
    [` for ${feed ?? "all feeds together"}, ${clock(fromMs)} – ${until}`],
    [`  asked by ${from}`, style.dim],
  ];
  const states: Readonly<Record<GridEvent["state"], Span>> = {
    ahead: [`○ in ${formatDuration(Math.max(0, Math.round((fromMs - nowMs) / 1000)))} `, style.sky],
    "coming-down": ["◐ coming down ", style.yellow],
    held: ["● held ", style.green],
    over: ["■ over ", style.grey],
  };
  const left_ =
    state === "held" && untilMs !== null
      ? [[`${formatDuration(Math.max(0, Math.round((untilMs - nowMs) / 1000)))} to go `, style.dim] as const]
      : [];
  return [layoutApart(left, [...left_, states[state]], width), style.dim("─".repeat(width))];
}

/** From a minute before: the draw as a line, the target as dots where nothing is drawn. */
function chart(
  { limitW, fromMs, baselineW }: GridEvent,
  { startMs, stepMs, powerW }: EventCurve,
  { width, style }: EventPage,
): readonly string[] {
  const first = Math.max(0, Math.floor((fromMs - BEFORE_S * 1000 - startMs) / stepMs));
  const values = powerW.slice(first).map((value) => value ?? NaN);
  const columns = width - AXIS - 2;
  const drawn = lineChart(values, columns, CHART_ROWS, [limitW]);
  const limitRow = drawn.rowOf(limitW);
  const baselineRow = baselineW === null ? -1 : drawn.rowOf(baselineW);
  const spanMs = values.length * stepMs;
  const startColumn = Math.round(((fromMs - startMs - first * stepMs) / spanMs) * columns);
  const rows = drawn.rows.map((row, y) => {
    const label = y === limitRow ? formatPower(limitW) : y === baselineRow ? formatPower(baselineW!) : "";
    const cells = [...row].map((cell, x): Span => {
      if (cell !== " ") return [cell, x < startColumn ? style.grey : style.sky];
      if (y === limitRow && x >= startColumn) return ["╌", style.yellow];
      return x === startColumn ? ["┊", style.dim] : [" "];
    });
    return layout([[`${label.padStart(AXIS - 1)} `, y === limitRow ? style.yellow : style.dim], ["┤", style.dim], ...joined(cells)], width);
  });
  const ends: readonly Span[] = [[" ".repeat(AXIS)], ["└", style.dim], ["─".repeat(columns), style.dim]];
  const beforeS = Math.round((fromMs - startMs - first * stepMs) / 1000);
  const afterS = Math.round(spanMs / 1000 - beforeS);
  const scale = layoutApart(
    [
      [" ".repeat(AXIS + 1)],
      [`−${beforeS} s`, style.dim],
      [" ".repeat(Math.max(1, startColumn - `−${beforeS} s`.length))],
      ["asked", style.dim],
    ],
    [[`+${formatDuration(afterS)} `, style.dim]],
    width,
  );
  return [...rows, layout(ends, width), scale];
}

/** Neighbours of one look as one span: fewer escape codes. */
function joined(cells: readonly Span[]): readonly Span[] {
  const spans: Span[] = [];
  for (const [text, paint] of cells) {
    const last = spans.at(-1);
    if (last !== undefined && last[1] === paint) spans[spans.length - 1] = [last[0] + text, paint];
    else spans.push([text, paint]);
  }
  return spans;
}

function drawLines(
  { state, drawnW, allowedW, baselineW, limitW, response }: GridEvent,
  { style }: EventPage,
): readonly (readonly Span[])[] {
  const before: Span =
    baselineW === null
      ? ["what was drawn before is not known: nothing can be claimed", style.orange]
      : [`${formatPower(baselineW)} before`];
  if (state === "over") {
    if (response === null) return [[before]];
    const { reducedEnergyJ, askedEnergyJ, meteredEnergyJ } = response;
    return [
      [
        [formatEnergy(meteredEnergyJ), style.bold],
        [`, ${formatEnergy(reducedEnergyJ)} less than without it; ${formatEnergy(askedEnergyJ)} were asked`],
      ],
      [before, [`, held to ${formatPower(limitW)}`]],
    ];
  }
  const now: Span[] = [
    [drawnW === null ? "not known" : formatPower(drawnW), style.bold],
    [` of ${allowedW === null ? "?" : formatPower(allowedW)} allowed now, `],
    before,
  ];
  if (drawnW !== null && baselineW !== null && baselineW > limitW)
    now.push([`: gives ${formatPower(Math.max(0, baselineW - drawnW))} of ${formatPower(baselineW - limitW)} asked`]);
  return [now];
}

function responseSpans({ response, deadlineMs, fromMs, takenMs, state, nowMs }: GridEvent, style: Style): readonly Span[] {
  const allowedS = deadlineMs === null ? NaN : Math.round((deadlineMs - Math.max(fromMs, takenMs)) / 1000);
  if (response === null) return [["not measured", style.orange]];
  const { timeToComplyS, overS, worstOverShare, unmeteredS, met } = response;
  const passedS = Math.round((nowMs - Math.max(fromMs, takenMs)) / 1000);
  const complied: Span =
    Number.isFinite(timeToComplyS) && timeToComplyS !== null
      ? [
          `within the target after ${fixed(timeToComplyS, 0, " s")} of ${allowedS} s allowed`,
          timeToComplyS <= allowedS ? style.green : style.red,
        ]
      : [`not within the target yet, ${Math.min(passedS, allowedS)} s of ${allowedS} s`, state === "over" ? style.red : style.yellow];
  const verdict: Span = state !== "over" ? [""] : met ? ["; target MET", style.green] : [`; target NOT met`, style.red];
  const over =
    overS > 0
      ? `, ${fixed(overS, 0, " s")} above it since, by ${percent(worstOverShare)} at most`
      : deadlineMs !== null && nowMs >= deadlineMs
        ? ", not a second above it since"
        : "";
  return [complied, [over], ...(unmeteredS > 0 ? [[`, ${fixed(unmeteredS, 0, " s")} unmetered`, style.orange] as const] : []), verdict];
}

function capsSpans({ writes, racks, fromW, toW }: NonNullable<GridEvent["caps"]>): readonly Span[] {
  return [
    [`${grouped(writes)} lowered, on ${grouped(racks)} racks: what racks may draw went from ${formatPower(fromW)} to ${formatPower(toW)}`],
  ];
}

type Line = (label: string, ...spans: readonly Span[]) => string;

function costLines({ caps, response }: GridEvent, cost: CostState, line: Line, { width, style }: EventPage): readonly string[] {
  const mwh = (response?.reducedEnergyJ ?? 0) / 3.6e9;
  const perMwh = mwh > 0 ? `, ${grouped(cost.lostKrw / mwh)} KRW for each MWh given` : "";
  const total = line(
    "Cost",
    [`${count(cost.tokensLost)} tokens`, style.bold],
    [" late or lost, "],
    [`${grouped(cost.lostKrw)} KRW`, style.bold],
    [perMwh],
  );
  const given = new Map((caps?.works ?? []).map((work) => [work.id, work]));
  const lost = new Map(cost.works.map((work) => [work.workId, work]));
  const ids = [...new Set([...lost.keys(), ...given.keys()])];
  if (ids.length === 0) return [total];
  const tenantWidth = Math.min(16, Math.max(6, ...ids.map((id) => (lost.get(id)?.tenantId ?? given.get(id)!.tenant).length)));
  const idWidth = Math.min(22, Math.max(4, ...ids.map((id) => id.length)));
  const cells = (id: string, tenant: string, serviceClass: string, tokens: string, krw: string, slowed: string, draw: string) =>
    `${id.slice(0, idWidth).padEnd(idWidth)}  ${tenant.slice(0, tenantWidth).padEnd(tenantWidth)}  ${serviceClass.padEnd(8)} ${tokens.padStart(8)} ${krw.padStart(11)} ${slowed.padStart(8)}  ${draw}`;
  const rows = ids.slice(0, WORKS_SHOWN).map((id) => {
    const [one, caps] = [lost.get(id), given.get(id)];
    const text = cells(
      id,
      one?.tenantId ?? caps!.tenant,
      one?.serviceClass ?? caps!.serviceClass,
      one === undefined ? "–" : count(one.tokensLost),
      one === undefined ? "–" : grouped(one.lostKrw),
      one === undefined ? "–" : formatDuration(one.slowedS),
      caps === undefined ? "" : drawText(caps),
    );
    return line("", [text]);
  });
  const more = ids.length > WORKS_SHOWN ? [line("", [`and ${ids.length - WORKS_SHOWN} more`, style.dim])] : [];
  const title = layout(
    [[" ".repeat(LABEL + 1)], [cells("work", "tenant", "class", "tokens", "KRW", "slowed", "may draw"), style.dim]],
    width,
  );
  const sums = (label: string, sums: CostState["byTenant"]) =>
    Object.keys(sums).length < 2
      ? []
      : [
          line(label, [
            Object.entries(sums)
              .map(([name, { lostKrw }]) => `${name} ${grouped(lostKrw)} KRW`)
              .join(" · "),
          ]),
        ];
  return [total, title, ...rows, ...more, ...sums("by class", cost.byClass), ...sums("by tenant", cost.byTenant)];
}

function drawText({ fromW, toW }: WorkGiven): string {
  return `${formatPower(fromW)} → ${formatPower(toW)}`;
}

function settlementLines({ settlement, state, cost }: GridEvent, line: Line, { width, style }: EventPage): readonly string[] {
  if (settlement === null) return [];
  const { paidKrw, postings, id, memo } = settlement;
  const isOver = state === "over";
  const who = `${isOver ? "" : "so far "}the ${paidKrw < 0 ? "factory owes" : "grid pays"} `;
  const covers = cost === null || cost.lostKrw === 0 ? "" : `, ${percent(Math.max(0, paidKrw) / cost.lostKrw)} of what it cost`;
  const total = line("Settlement", [who], [`${grouped(Math.abs(paidKrw))} KRW`, style.bold], [`${covers}: ${memo}`]);
  if (!isOver) return [total];
  const accounts = postings.map(({ account, amountKrw }) => `${account} ${amountKrw < 0 ? "−" : "+"}${grouped(Math.abs(amountKrw))}`);
  return [
    total,
    ...filledLines(accounts, width - LABEL - 2).map((text) => line("", [text, style.dim])),
    line("", [`booked as ${id}`, style.dim]),
  ];
}

/** Words on as few lines as they fit. */
function filledLines(words: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 2 + word.length <= width) lines[lines.length - 1] = `${last}  ${word}`;
    else lines.push(word);
  }
  return lines;
}
