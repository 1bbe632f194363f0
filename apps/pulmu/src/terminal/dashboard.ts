import type { Site } from "@pulmu/site";
import { SERIES, type JobRow, type SiteSeriesName } from "@pulmu/twin";
import { formatPower } from "@pulmu/units";
import type { LoggedEvent } from "../live/event-log.ts";
import type { LiveFactory } from "../live/factory.ts";
import { tokensPerSPerMW, worstRacks } from "../live/state.ts";
import { count, fixed, grouped, known, latency, localTime, percent, utcOffset } from "./format.ts";
import { besides, rule, stackPanels, tableRow, type Panel } from "./panel.ts";
import { powerBar, powerLegend } from "./power-bar.ts";
import { sparkline } from "./sparkline.ts";
import { steeringLine } from "./steering-line.ts";
import { layout, layoutApart, type Span, type Style } from "./style.ts";

/** Room on the terminal, in columns and lines. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly style: Style;
}

const MIN_WIDTH = 60;
const MAX_WIDTH = 150;
/** From here on the lists stand in two columns. */
const TWO_COLUMNS_FROM = 104;
const GAP = 2;
/** One bar of a sparkline: 30 columns are a quarter of an hour. */
const SPARK_STEP_S = 30;
const LIST_LINES = 12;

/** The live view as lines of the frame's width, at most as many as it is high. Pure: the same factory and frame give the same lines. */
export function renderDashboard(factory: LiveFactory, address: string, frame: Frame): string[] {
  const { style } = frame;
  const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, frame.width));
  const top = [...header(factory, address, width, style), ...power(factory, width, style), ...measures(factory, width, style)];
  const rows = Math.max(0, frame.height - top.length);
  if (width < TWO_COLUMNS_FROM) return [...top, ...stackPanels(panels(factory, width, style), rows)].slice(0, frame.height);
  const left = Math.floor((width - GAP) / 2);
  const [jobs, services] = panels(factory, left, style);
  const [, , racks, events] = panels(factory, width - GAP - left, style);
  return [...top, ...besides(stackPanels([services, jobs], rows), stackPanels([racks, events], rows), left, GAP)].slice(0, frame.height);
}

function header(factory: LiveFactory, address: string, width: number, style: Style): string[] {
  const { site, atMs } = factory.simulation;
  const clock = `${localTime(atMs, site.utcOffsetMin)} ${utcOffset(site.utcOffsetMin)}`;
  const speed = factory.info.speed === 1 ? "live" : `×${factory.info.speed}`;
  return [
    layoutApart(
      [
        [" Pulmu ", style.bold],
        [` ${site.name} · ${site.phase.id} · ${grouped(site.racks.length)} racks · ${grouped(gpuCount(site))} GPUs`],
      ],
      [
        [` ${clock}`, style.bold],
        [` ${speed} `, style.green],
      ],
      width,
    ),
    layoutApart(
      [
        [` ${address}`, style.sky],
        [`  ${factory.info.workloadSource}`, style.dim],
      ],
      [["  Ctrl-C stops ", style.dim]],
      width,
    ),
  ];
}

function gpuCount(site: Site): number {
  return site.racks.reduce((sum, rack) => sum + rack.type.trays * rack.type.gpusPerTray, 0);
}

function power(factory: LiveFactory, width: number, style: Style): string[] {
  const { row } = factory.simulation;
  const siteW = row[SERIES.sitePowerW];
  const freeW = row[SERIES.envelopeW] - siteW;
  const targetW = row[SERIES.targetW];
  const summary: Span[] = [
    [` ${known(siteW, formatPower)}`, style.bold],
    [` of ${formatPower(row[SERIES.envelopeW])}, `, style.dim],
    [percent(siteW / row[SERIES.envelopeW])],
    freeW < 0 ? [`  ${formatPower(-freeW)} OVER THE ENVELOPE`, style.red] : [`  ${known(freeW, formatPower)} free`, style.dim],
  ];
  if (!Number.isNaN(targetW)) summary.push([`  target ${formatPower(targetW)}`, siteW > targetW * 1.001 ? style.red : style.yellow]);
  const spark = Math.max(0, Math.min(30, width - 56));
  return [
    rule("Power, MW", gpuTrouble(row), width, style),
    layoutApart(summary, [[` ${sparkline(factory.history.tail("sitePowerW", spark, SPARK_STEP_S))} `, style.blue]], width),
    ` ${layout(powerBar(row, width - 2, style), width - 2)} `,
    layout([[" "], ...powerLegend(row, width, style)], width),
    ...(factory.steering === undefined ? [] : [layout(steeringLine(factory, style), width)]),
  ];
}

/** `GPUs: 1 failed, 72 capped`, or nothing when all is well. */
function gpuTrouble(row: Float64Array): string {
  const troubles = [
    [row[SERIES.failedGpus], "failed"],
    [row[SERIES.throttledGpus], "hot"],
    [row[SERIES.cappedGpus], "capped"],
  ] as const;
  const list = troubles.filter(([gpus]) => gpus > 0).map(([gpus, what]) => `${grouped(gpus)} ${what}`);
  return list.length === 0 ? "" : `GPUs: ${list.join(", ")}`;
}

type Measure = readonly [label: string, value: string, series?: SiteSeriesName];

function measures(factory: LiveFactory, width: number, style: Style): string[] {
  const { row, site } = factory.simulation;
  const at = (name: SiteSeriesName) => row[SERIES[name]];
  const storedShare = at("bessStoredJ") / site.bess.reduce((sum, bess) => sum + bess.energyJ, 0);
  const tokens: readonly Measure[] = [
    ["tokens/s", count(at("tokensPerS")), "tokensPerS"],
    ["tokens/s/MW", count(tokensPerSPerMW(row))],
    ["J/token", fixed(at("joulesPerToken"), 2, ""), "joulesPerToken"],
    ["trained/s", count(at("trainedTokensPerS")), "trainedTokensPerS"],
    ["requests/s", count(at("requestsPerS")), "requestsPerS"],
    ["TTFT 50·99", `${latency(at("ttftP50S"))} · ${latency(at("ttftP99S"))}`, "ttftP99S"],
    ["ITL 50·99", `${latency(at("itlP50S"))} · ${latency(at("itlP99S"))}`, "itlP99S"],
  ];
  const plant: readonly Measure[] = [
    ["PUE", fixed(at("pue"), 3, ""), "pue"],
    ["max inlet", fixed(at("maxInletC"), 1, " °C"), "maxInletC"],
    ["dry·wet", `${fixed(at("dryBulbC"), 1, "")} · ${fixed(at("wetBulbC"), 1, " °C")}`, "wetBulbC"],
    ["price", fixed(at("priceKrwPerKWh"), 1, " ₩/kWh"), "priceKrwPerKWh"],
    ["carbon", fixed(at("carbonGPerKWh"), 0, " g/kWh"), "carbonGPerKWh"],
    ["battery", site.bess.length === 0 ? "–" : `${percent(storedShare)} · ${fixed(at("bessPowerW") / 1e6, 1, " MW")}`, "bessStoredJ"],
    ["GPUs busy", `${grouped(at("busyGpus"))} of ${grouped(gpuCount(site))}`, "busyGpus"],
  ];
  const left = Math.floor((width - GAP) / 2);
  const column = (title: string, list: readonly Measure[], columns: number) => [
    rule(title, "", columns, style),
    ...list.map((measure) => measureLine(factory, measure, columns, style)),
  ];
  return besides(column("Tokens", tokens, left), column("Plant", plant, width - GAP - left), left, GAP);
}

function measureLine(factory: LiveFactory, [label, value, series]: Measure, width: number, style: Style): string {
  const room = Math.max(0, width - 32);
  const spark = series === undefined || room < 4 ? "" : sparkline(factory.history.tail(series, Math.min(30, room), SPARK_STEP_S));
  return tableRow(
    [
      [` ${label}`, 0, style.dim],
      [value, room === 0 ? 16 : 17],
      [spark, room, style.blue],
    ],
    width,
  );
}

/** Jobs, services, racks nearest to a limit, last events, in this order. */
function panels(factory: LiveFactory, width: number, style: Style): readonly [Panel, Panel, Panel, Panel] {
  return [
    jobsPanel(factory, width, style),
    servicesPanel(factory, width, style),
    racksPanel(factory, width, style),
    eventsPanel(factory, width, style),
  ];
}

const JOB_ORDER: Readonly<Record<JobRow["state"], number>> = { restarting: 0, running: 1, waiting: 2, done: 3 };

function jobsPanel(factory: LiveFactory, width: number, style: Style): Panel {
  const jobs = factory
    .jobs()
    .filter((job) => job.state !== "done")
    .toSorted((a, b) => JOB_ORDER[a.state] - JOB_ORDER[b.state] || b.gpus - a.gpus);
  const looks = {
    running: ["▶", style.green],
    restarting: ["↻", style.orange],
    waiting: ["◦", style.dim],
    done: [" ", style.dim],
  } as const;
  const waiting = jobs.filter((job) => job.state === "waiting").length;
  return {
    title: rule(
      `Jobs: ${jobs.length - waiting} running${waiting === 0 ? "" : `, ${waiting} waiting`}`,
      "GPUs   progress        good",
      width,
      style,
    ),
    lines: jobs.slice(0, LIST_LINES).map((job) => {
      const [glyph, paint] = looks[job.state];
      const bars = Math.round(job.progress * 8);
      return tableRow(
        [
          [` ${glyph} ${job.id} ${job.modelId}`, 0, job.state === "running" ? undefined : paint],
          [grouped(job.gpus), -8],
          [`  ${"━".repeat(bars)}${"┄".repeat(8 - bars)}`, 10, style.blue],
          [percent(job.progress), -6],
          [percent(job.goodput), -7],
        ],
        width,
      );
    }),
    rank: 2,
  };
}

function servicesPanel(factory: LiveFactory, width: number, style: Style): Panel {
  const services = factory.services().toSorted((a, b) => b.tokensPerS - a.tokensPerS);
  return {
    title: rule(`Services: ${services.length}`, "tok/s  batch   KV  TTFT 99  ITL 99", width, style),
    lines: services.slice(0, LIST_LINES).map((service) =>
      tableRow(
        [
          [` ${service.id}`, 0],
          [count(service.tokensPerS), -8],
          [known(service.batch, (batch) => batch.toFixed(0)), -7],
          [percent(service.kvShare), -6],
          [latency(service.ttftP99S), -9],
          [latency(service.itlP99S), -8],
        ],
        width,
      ),
    ),
    rank: 1,
  };
}

function racksPanel(factory: LiveFactory, width: number, style: Style): Panel {
  return {
    title: rule("Racks nearest a limit", "kW of lim.   inlet  speed", width, style),
    lines: worstRacks(factory, LIST_LINES).map((rack) =>
      tableRow(
        [
          [` ${rack.id}`, 0],
          [(rack.powerW / 1e3).toFixed(1), -9],
          [percent(rack.powerW / rack.limitW), -8],
          [fixed(rack.inletC, 1, "°"), -8],
          [percent(rack.speed), -7, rack.speed < 0.995 ? style.orange : undefined],
        ],
        width,
      ),
    ),
    rank: 3,
  };
}

function eventsPanel(factory: LiveFactory, width: number, style: Style): Panel {
  const { utcOffsetMin } = factory.simulation.site;
  const looks = { info: ["·", style.dim], warning: ["▲", style.yellow], critical: ["■", style.red] } as const;
  const line = (event: LoggedEvent) => {
    const [glyph, paint] = looks[event.severity];
    const time = localTime(event.atMs, utcOffsetMin).slice(11);
    return layout([[` ${time} `, style.dim], [`${glyph} `, paint], [`${event.subject}: `, style.dim], [event.text]], width);
  };
  const events = factory.events.latest(LIST_LINES).toReversed();
  return {
    title: rule("Events", "", width, style),
    lines: events.length === 0 ? [layout([[" none yet", style.dim]], width)] : events.map(line),
    rank: 4,
  };
}
