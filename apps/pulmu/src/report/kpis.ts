import type { Kpis, ReportData } from "@pulmu/twin";
import {
  carbon,
  count,
  duration,
  energy,
  integer,
  joules,
  latency,
  NONE,
  number,
  percent,
  power,
  ratio,
  scientific,
  won,
  type Format,
} from "./format.ts";
import { html, type Html } from "./html.ts";

interface Kpi {
  readonly key: keyof Kpis;
  readonly label: string;
  readonly format: Format;
  /** Which way is progress; undefined where neither is. */
  readonly better?: "lower" | "higher";
}

/** Every total of a run, in the order a reader asks for it. */
const KPIS: readonly Kpi[] = [
  { key: "durationS", label: "Simulated time", format: duration },
  { key: "racks", label: "Racks", format: integer },
  { key: "gpus", label: "GPUs", format: integer },
  { key: "siteEnergyJ", label: "Energy drawn by the site", format: energy, better: "lower" },
  { key: "itEnergyJ", label: "Energy of IT", format: energy },
  { key: "gpuEnergyJ", label: "Energy of GPUs", format: energy },
  { key: "lossEnergyJ", label: "Energy lost in the electrical path", format: energy, better: "lower" },
  { key: "coolingEnergyJ", label: "Energy of cooling", format: energy, better: "lower" },
  { key: "facilityEnergyJ", label: "Energy of facility loads", format: energy, better: "lower" },
  { key: "bessEnergyJ", label: "Energy into the battery, net", format: energy },
  { key: "pue", label: "PUE", format: ratio, better: "lower" },
  { key: "peakPowerW", label: "Peak power", format: power, better: "lower" },
  { key: "meanPowerW", label: "Mean power", format: power },
  { key: "overEnvelopeS", label: "Time above the envelope", format: duration, better: "lower" },
  { key: "overTargetS", label: "Time above a load target", format: duration, better: "lower" },
  { key: "tokensOut", label: "Output tokens", format: count, better: "higher" },
  { key: "tokensIn", label: "Prompt tokens", format: count },
  { key: "trainedTokens", label: "Tokens trained on", format: count, better: "higher" },
  { key: "lostTrainedTokens", label: "Tokens trained on and lost to failures", format: count, better: "lower" },
  { key: "requests", label: "Requests", format: count },
  { key: "requestsWithinSlo", label: "Requests within their objective", format: count, better: "higher" },
  { key: "joulesPerToken", label: "Energy per output token", format: joules, better: "lower" },
  { key: "tokensPerSPerMW", label: "Output tokens/s per MW of the site", format: count, better: "higher" },
  { key: "costKrw", label: "Energy cost", format: won, better: "lower" },
  { key: "krwPerMTokens", label: "Energy cost per million output tokens", format: won, better: "lower" },
  { key: "carbonG", label: "Carbon", format: carbon, better: "lower" },
  { key: "carbonGPerMTokens", label: "Carbon per million output tokens", format: carbon, better: "lower" },
  { key: "ttftP50S", label: "Time to first token, median", format: latency, better: "lower" },
  { key: "ttftP99S", label: "Time to first token, 99th percentile", format: latency, better: "lower" },
  { key: "itlP50S", label: "Inter-token latency, median", format: latency, better: "lower" },
  { key: "itlP99S", label: "Inter-token latency, 99th percentile", format: latency, better: "lower" },
  { key: "trainingGoodput", label: "Training goodput", format: percent, better: "higher" },
  { key: "jobsDone", label: "Jobs done", format: integer, better: "higher" },
  { key: "jobRestarts", label: "Job restarts", format: integer, better: "lower" },
  { key: "faults", label: "Faults", format: integer },
  { key: "energyBalanceMaxRelError", label: "Largest error of the energy balance, relative", format: scientific },
];

/** A figure that comes first, with a line that puts it in proportion. */
interface Tile {
  readonly label: string;
  readonly value: (report: ReportData) => number | undefined;
  readonly format: Format;
  readonly better: Kpi["better"];
  readonly note: (report: ReportData) => string;
}

const TILES: readonly Tile[] = [
  tile("siteEnergyJ", "Energy", (report) => `mean ${power(kpi(report, "meanPowerW"))}`),
  tile("peakPowerW", "Peak power", (report) => `${percent(over(kpi(report, "peakPowerW"), report.run.envelopeW))} of envelope`),
  tile("pue", "PUE", (report) => `cooling ${percent(over(kpi(report, "coolingEnergyJ"), kpi(report, "itEnergyJ")))} of IT`),
  tile("tokensOut", "Output tokens", (report) => `from ${count(kpi(report, "requests"))} requests`),
  {
    label: "Tokens/s per MW",
    value: (report) => over(kpi(report, "tokensOut"), over(kpi(report, "siteEnergyJ"), 1e6)),
    format: count,
    better: "higher",
    note: () => "of all the site draws",
  },
  tile("joulesPerToken", "Energy per token", () => "with cooling and losses"),
  tile("krwPerMTokens", "Cost per M tokens", () => "energy only"),
  tile("carbonGPerMTokens", "Carbon per M tokens", () => "from the grid's mix"),
  tile("ttftP50S", "First token, median", (report) => `p99 ${latency(kpi(report, "ttftP99S"))}`),
  {
    label: "Within objective",
    value: (report) => over(kpi(report, "requestsWithinSlo"), kpi(report, "requests")),
    format: percent,
    better: "higher",
    note: () => "of all requests",
  },
  tile("trainingGoodput", "Training goodput", (report) => `restarts: ${integer(kpi(report, "jobRestarts"))}`),
  tile("trainedTokens", "Tokens trained on", (report) => `${count(kpi(report, "lostTrainedTokens"))} lost to failures`),
];

function tile(key: keyof Kpis, label: string, note: Tile["note"]): Tile {
  const { format, better } = KPIS.find((known) => known.key === key)!;
  return { label, value: (report) => kpi(report, key), format, better, note };
}

/** A total of a run; undefined when it has none. */
export function kpi(report: ReportData, key: keyof Kpis): number | undefined {
  const value = report.kpis[key];
  return typeof value === "number" ? value : undefined;
}

export function kpiTiles(reports: readonly ReportData[]): Html {
  const [a, b] = reports;
  const tiles = TILES.map(({ label, value, format, better, note }) => {
    const [first, second] = reports.map(value);
    const figure =
      b === undefined
        ? html`<dd>${format(first)}</dd>`
        : html`<dd>
            <span class="run-a">${format(first)}</span> <span class="arrow">→</span> <span class="run-b">${format(second)}</span>
          </dd>`;
    const small = b === undefined ? note(a) : difference(first, second, better);
    return html`<div class="tile">
      <dt>${label}</dt>
      ${figure}
      <dd class="small">${small}</dd>
    </div>`;
  });
  return html`<dl class="tiles">${tiles}</dl>`;
}

export function kpiTable(reports: readonly ReportData[]): Html {
  const [a, b] = reports;
  const head =
    b === undefined
      ? html`<th scope="col" class="n">Value</th>`
      : html`<th scope="col" class="n">A</th>
          <th scope="col" class="n">B</th>
          <th scope="col" class="n">B against A</th>`;
  const rows = KPIS.map(({ key, label, format, better }) => {
    const cells = reports.map((report) => html`<td class="n">${format(kpi(report, key))}</td>`);
    const change = b === undefined ? undefined : html`<td class="n">${difference(kpi(a, key), kpi(b, key), better)}</td>`;
    return html`<tr>
      <th scope="row">${label}</th>
      ${cells}${change}
    </tr>`;
  });
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Figure</th>
        ${head}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

/** `−3.2 % ▼ better`: how far b is from a, in words and not in colour alone. */
function difference(a: number | undefined, b: number | undefined, better: Kpi["better"]): Html {
  if (a === undefined || b === undefined) return html`${NONE}`;
  if (a === b) return html`the same`;
  if (a === 0) return html`was none`;
  const change = (b - a) / Math.abs(a);
  if (Math.abs(change) < 0.0005) return html`about the same`;
  const text = `${change > 0 ? "+" : "−"}${number(Math.abs(change) * 100)} %`;
  if (better === undefined) return html`${text}`;
  const verdict = change > 0 === (better === "higher") ? "better" : "worse";
  return html`<span class="${verdict}">${text} ${verdict}</span>`;
}

function over(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}
