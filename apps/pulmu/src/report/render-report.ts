import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ReportData } from "@pulmu/twin";
import { alignRuns, figure } from "./chart.ts";
import { chartsOf } from "./charts.ts";
import { count, duration, energy, joules, NONE, power, ratio, startOf, won, carbon } from "./format.ts";
import { html, jsonForScript, raw, type Html } from "./html.ts";
import { jobTimeline } from "./job-timeline.ts";
import { kpi, kpiTable, kpiTiles } from "./kpis.ts";
import { energySplit, eventsTable, loadedNodes, servicesTable } from "./tables.ts";

/**
 * One run, or two to compare, as a page that stands alone: style, script, plots' library and data are in it, it asks no other
 * host for anything, and it works from a file. Names and texts of the run are data: they are escaped, and the page's policy
 * runs no script and no style but its own (by hash).
 */
export function renderReport(reports: readonly [ReportData] | readonly [ReportData, ReportData]): string {
  const aligned = alignRuns(reports);
  const charts = chartsOf(aligned);
  const [first] = reports;
  const style = `${read(import.meta.resolve("uplot/dist/uPlot.min.css"))}\n${read(import.meta.resolve("./assets/report.css"))}`;
  const scripts = [read(import.meta.resolve("uplot/dist/uPlot.iife.min.js")), read(import.meta.resolve("./assets/report.js"))];
  const policy = [
    "default-src 'none'",
    `style-src '${hash(style)}'`,
    `script-src ${scripts.map((script) => `'${hash(script)}'`).join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const title = reports.map(({ run }) => run.scenario).join(" ↔ ");
  const perRun = (part: (report: ReportData) => Html): readonly Html[] =>
    reports.map((report, i) => (reports.length === 1 ? part(report) : html`${runHeading(report, i)}${part(report)}`));
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${raw(policy)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Pulmu</title>
        ${element("style", style)}
      </head>
      <body>
        <header>
          <p class="brand">Pulmu <span>풀무</span></p>
          <h1>${heading(reports)}</h1>
          ${perRun(lead)}
          <nav aria-label="Sections">
            <a href="#power">Power</a> <a href="#efficiency">Efficiency</a> <a href="#tokens">Tokens</a> <a href="#latency">Latency</a>
            <a href="#cost">Cost and carbon</a> <a href="#work">Work</a> <a href="#plant">Plant</a> <a href="#events">Events</a>
            <a href="#figures">All figures</a> <a href="#origin">Origin</a>
          </nav>
        </header>
        <main>
          ${kpiTiles(reports)}
          <noscript><p class="none">The plots need JavaScript. The tables do not.</p></noscript>
          <p class="small hint">
            Drag across a plot to zoom them all; double-click to go back. Click a name under a plot to hide its
            line.${aligned.axis === "elapsed" ? " The runs start at different times: they are drawn from their starts." : ""}
          </p>
          ${section("power", "Power", [...charts.power.map(figure), html`<h3>Where the energy went</h3>`, ...perRun(energySplit)])}
          ${section("efficiency", "Efficiency", [pair(charts.efficiency.map(figure))])}
          ${section("tokens", "Tokens", [pair(charts.tokens.map(figure))])}
          ${section("latency", "Latency", [pair(charts.latency.map(figure)), html`<h3>Inference services</h3>`, ...perRun(servicesTable)])}
          ${section("cost", "Cost and carbon", [pair(charts.cost.map(figure))])}
          ${section("work", "Work", [html`<h3>Job timeline</h3>`, ...perRun(jobTimeline), pair(charts.work.map(figure))])}
          ${section("plant", "Plant", [html`<h3>Most loaded power nodes</h3>`, ...perRun(loadedNodes), ...charts.plant.map(figure)])}
          ${section("events", "Events", perRun(eventsTable))}
          ${section("figures", "All figures", [html`<div class="scroll">${kpiTable(reports)}</div>`])}
          ${section("origin", "Where this comes from", [origin(), ...perRun(provenance)])}
        </main>
        <footer>
          <p>
            Made by Pulmu ${first.provenance.pulmuVersion}. This file holds all it shows; the series behind it are in the Parquet files
            beside it.
          </p>
        </footer>
        <script type="application/json" id="charts">
          ${jsonForScript(Object.values(charts).flat())}
        </script>
        ${scripts.map((script) => element("script", script))}
      </body>
    </html> `;
  return page.text;
}

function section(id: string, title: string, content: readonly Html[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
  </section>`;
}

function pair(figures: readonly Html[]): Html {
  return html`<div class="pair">${figures}</div>`;
}

function heading(reports: readonly ReportData[]): Html {
  const name = ({ run }: ReportData): Html => html`<bdi>${run.scenario}</bdi>`;
  const [a, b] = reports;
  if (b === undefined) return name(a);
  return html`<span class="run-a">${name(a)}</span> <span class="arrow">↔</span> <span class="run-b">${name(b)}</span>`;
}

function runHeading({ run }: ReportData, i: number): Html {
  return html`<h4 class="run-${"ab"[i]}">${"AB"[i]} · <bdi>${run.scenario}</bdi></h4>`;
}

/** Which run, and what came of it in a sentence. */
function lead(report: ReportData): Html {
  const { run } = report;
  return html`<p class="lead">
    <bdi>${run.siteName}</bdi>, <bdi>${run.phaseName}</bdi>. ${duration(run.durationS)} from ${startOf(run)}, seed ${run.seed}.
    ${summary(report)}
  </p>`;
}

function summary(report: ReportData): Html {
  const value = (key: Parameters<typeof kpi>[1]): number | undefined => kpi(report, key);
  return html`The site drew ${energy(value("siteEnergyJ"))} at a PUE of ${ratio(value("pue"))}, at most ${power(value("peakPowerW"))} of its
  ${power(report.run.envelopeW)}, and wrote ${count(value("tokensOut"))} tokens: ${joules(value("joulesPerToken"))} each,
  ${won(value("krwPerMTokens"))} and ${carbon(value("carbonGPerMTokens"))} CO₂ per million.`;
}

function origin(): Html {
  return html`<p>
    A simulation, not a measurement. Every second the twin works out the power of each rack from the work on its GPUs, carries it through
    the electrical path with the losses of each part, moves the heat through the cooling loops under that hour's weather, and lets faults,
    load targets and caps act. Requests are a fluid: latencies are those of a queue at that load, not of single requests. Weather is the
    mean day of the month. The facts it stands on are in the catalogue, each with its source and how sure it is:
    <code>pulmu catalog show</code>.
  </p>`;
}

function provenance({ run, provenance: { command, workloadSource, assumptions }, kpis }: ReportData): Html {
  const rows = [
    ["Command", html`<code><bdi>${command}</bdi></code>`],
    ["Site", html`<bdi>${run.siteName}</bdi>, from <code><bdi>${run.siteFile}</bdi></code>`],
    ["Phase", html`<bdi>${run.phaseName}</bdi>, from ${run.phaseDate}, envelope ${power(run.envelopeW)}`],
    ["Start", html`${startOf(run)}, ${run.timezone}`],
    ["Requests", html`<bdi>${workloadSource}</bdi>`],
    ["Seed", html`${run.seed}`],
    ["Result hash", html`<code>${typeof kpis.resultHash === "string" ? kpis.resultHash : NONE}</code>`],
  ] as const;
  return html`<dl class="origin">
      ${rows.map(
        ([term, value]) =>
          html`<dt>${term}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
    ${
      assumptions.length === 0
        ? undefined
        : html`<h4>Assumed in the site file</h4>
            <ul>
              ${assumptions.map((line) => html`<li><bdi>${line}</bdi></li>`)}
            </ul>`
    }`;
}

/** An inline style or script, byte for byte: the page's policy knows it by its hash. */
function element(name: "style" | "script", text: string): Html {
  return raw(`<${name}>${text}</${name}>`);
}

/** A file of ours, with the line ends a browser makes of it before it takes the hash. */
function read(url: string): string {
  return readFileSync(fileURLToPath(url), "utf8").replaceAll("\r\n", "\n");
}

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
