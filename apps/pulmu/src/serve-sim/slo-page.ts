import { planText, type Slo, type Trial } from "@pulmu/twin";
import { html, raw, type Html } from "../report/html.ts";
import { count, latency } from "../terminal/format.ts";

export interface SloPage {
  readonly title: string;
  /** What was asked, a sentence each. */
  readonly facts: readonly string[];
  readonly slo: Slo;
  readonly trials: readonly Trial[];
  readonly best: Trial | undefined;
  /** The best deployment of each kind as text: headings, then a row each, the best of all last. */
  readonly table: readonly (readonly string[])[];
}

const WIDTH = 960;
const HEIGHT = 520;
const LEFT = 84;
const RIGHT = 24;
const TOP = 24;
const BOTTOM = 56;
const LEGEND = { x: WIDTH - RIGHT - 200, y: HEIGHT - BOTTOM - 44 };
/** Slower deployments than this many times the objective are left out. */
const SHOWN = 5;

const STYLE = `
:root { --page: #f7f7f5; --ink: #191d21; --ink-2: #59636e; --rule: #e3e5e8; --together: #0b62a8; --apart: #c4540a; --slo: #c8372d }
@media (prefers-color-scheme: dark) {
  :root { --page: #121518; --ink: #e7eaed; --ink-2: #9aa5b0; --rule: #2d3339; --together: #6cb2ee; --apart: #f59b52; --slo: #ff7a6e }
}
body { margin: 0 auto; max-width: 1000px; padding: 2rem 1.2rem; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Noto Sans KR", sans-serif }
h1 { font-size: 1.5rem; margin: 0 0 .4rem }
p { margin: .1rem 0; color: var(--ink-2) }
svg { width: 100%; height: auto; margin-top: 1rem }
text { fill: var(--ink-2); font-size: 13px }
.grid { stroke: var(--rule) }
.slo { stroke: var(--slo); stroke-dasharray: 5 4 }
.frontier { fill: none; stroke: var(--ink); stroke-width: 1.5 }
.together { stroke: var(--together); fill: var(--together) }
.apart { stroke: var(--apart); fill: var(--apart) }
.late { fill: none; opacity: .6 }
.best { fill: none; stroke: var(--slo); stroke-width: 2.5 }
.scroll { overflow-x: auto; margin-top: 1.6rem }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums }
th, td { padding: .35rem .5rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap }
th { color: var(--ink-2); font-weight: 500 }
th:first-child, td:first-child, td:last-child { text-align: left }
tbody tr:last-child { font-weight: 600 }
`;

/** Tokens per second and megawatt against the inter-token latency that 99 % of tokens keep: one self-contained page. */
export function renderSloPage({ title, facts, slo, trials, best, table: [headings, ...rows] }: SloPage): string {
  const plot = sloPlot(trials, slo, best);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${facts.map((fact) => html`<p>${fact}</p>`)} ${plot}
        <p>
          Each mark is a deployment that was simulated; hold the pointer over it for its name. Filled: first token in time. Open: too late.
        </p>
        <p>The line: the most tokens per second and megawatt among deployments that keep that latency and the first-token objective.</p>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                ${headings.map((heading) => html`<th>${heading}</th>`)}
                <th></th>
              </tr>
            </thead>
            <tbody>
              ${rows.map(
                (cells) =>
                  html`<tr>
                    ${cells.map((cell) => html`<td>${cell}</td>`)}
                  </tr>`,
              )}
            </tbody>
          </table>
        </div>
      </body>
    </html> `;
  return `${page.text.trimEnd()}\n`;
}

function sloPlot(trials: readonly Trial[], slo: Slo, best: Trial | undefined): Html {
  const all = best === undefined ? trials : [...trials, best];
  const marks = all.filter(({ itlS }) => itlS <= SHOWN * slo.itlS);
  const latencies = [...marks.map(({ itlS }) => itlS), slo.itlS].filter((itlS) => itlS > 0);
  const [lowS, highS] = [Math.min(...latencies) / 1.15, Math.max(...latencies) * 1.15];
  const most = Math.max(...marks.map(({ tokensPerSPerMW }) => tokensPerSPerMW), 1) * 1.06;
  const x = (itlS: number): number => LEFT + (Math.log(Math.max(itlS, lowS) / lowS) / Math.log(highS / lowS)) * (WIDTH - LEFT - RIGHT);
  const y = (tokens: number): number => HEIGHT - BOTTOM - (tokens / most) * (HEIGHT - TOP - BOTTOM);
  const at = (value: number): string => value.toFixed(1);
  const nearRight = x(slo.itlS) > WIDTH - RIGHT - 120; // no room for its name on that side
  const xTicks = ticks([1, 2, 5], lowS, highS);
  const yStep = ticks([1, 2, 5], most / 12, most / 3)[0] ?? most;
  const yTicks = Array.from({ length: Math.floor(most / yStep) + 1 }, (_, i) => i * yStep);
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="tokens per second and megawatt against inter-token latency">
    ${xTicks.map(
      (s) =>
        html`<line class="grid" x1="${at(x(s))}" x2="${at(x(s))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" /><text
            x="${at(x(s))}"
            y="${HEIGHT - BOTTOM + 18}"
            text-anchor="middle"
            >${latency(s)}</text
          >`,
    )}
    ${yTicks.map(
      (tokens) =>
        html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(y(tokens))}" y2="${at(y(tokens))}" /><text
            x="${LEFT - 8}"
            y="${at(y(tokens) + 4)}"
            text-anchor="end"
            >${count(tokens)}</text
          >`,
    )}
    <text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">inter-token latency, 99th percentile</text>
    <text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">
      output tokens/s per MW at the racks' inputs
    </text>
    <line class="slo" x1="${at(x(slo.itlS))}" x2="${at(x(slo.itlS))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" />
    <text x="${at(x(slo.itlS) + (nearRight ? -6 : 6))}" y="${TOP + 12}" text-anchor="${nearRight ? "end" : "start"}">
      objective ${latency(slo.itlS)}
    </text>
    <path class="frontier" d="${frontierPath(marks, slo, x, y)}" />
    ${marks.map((trial) => mark(trial, slo, x(trial.itlS), y(trial.tokensPerSPerMW)))}
    ${best === undefined ? undefined : html`<circle class="best" cx="${at(x(best.itlS))}" cy="${at(y(best.tokensPerSPerMW))}" r="10" />`}
    <circle class="together" cx="${LEGEND.x}" cy="${LEGEND.y}" r="4.5" />
    <text x="${LEGEND.x + 12}" y="${LEGEND.y + 4}">prefill and decode together</text>
    <path class="apart" d="${diamond(LEGEND.x, LEGEND.y + 20)}" />
    <text x="${LEGEND.x + 12}" y="${LEGEND.y + 24}">prefill and decode apart</text>
  </svg>`;
}

function mark(trial: Trial, slo: Slo, x: number, y: number): Html {
  const { plan, ttftS, itlS, joulesPerToken } = trial;
  const name = `${planText(plan)}, clock ${plan.clock}: TTFT ${latency(ttftS)}, inter-token ${latency(itlS)}, ${joulesPerToken.toFixed(2)} J/token`;
  const look = `${plan.kind}${ttftS <= slo.ttftS ? "" : " late"}`;
  return plan.kind === "together"
    ? html`<circle class="${look}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4.5"><title>${name}</title></circle>`
    : html`<path class="${look}" d="${diamond(x, y)}"><title>${name}</title></path>`;
}

function diamond(x: number, y: number): string {
  return `M${x.toFixed(1)} ${(y - 5.5).toFixed(1)}l5.5 5.5l-5.5 5.5l-5.5 -5.5z`;
}

/** A staircase: what can be had at each latency. */
function frontierPath(trials: readonly Trial[], slo: Slo, x: (s: number) => number, y: (tokens: number) => number): string {
  let path = "";
  let bestTokens = 0;
  const inTime = trials.filter(({ ttftS }) => ttftS <= slo.ttftS).sort((a, b) => a.itlS - b.itlS);
  for (const { itlS, tokensPerSPerMW } of inTime) {
    if (tokensPerSPerMW <= bestTokens) continue;
    path += path === "" ? `M${x(itlS).toFixed(1)} ${y(0).toFixed(1)}` : `H${x(itlS).toFixed(1)}`;
    path += `V${y(tokensPerSPerMW).toFixed(1)}`;
    bestTokens = tokensPerSPerMW;
  }
  return path === "" ? "" : `${path}H${WIDTH - RIGHT}`;
}

/** Round numbers of these leading digits between two bounds. */
function ticks(digits: readonly number[], low: number, high: number): number[] {
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const digit of digits) all.push(Number(`${digit}e${power}`));
  }
  return all.filter((value) => value >= low && value <= high);
}
