import type { ReportData } from "@pulmu/twin";
import { clock, duration, integer, percent } from "./format.ts";
import { html, type Html } from "./html.ts";

type Job = ReportData["jobs"][number];

const KINDS = ["training", "tuning", "batch", "simulation"] as const;

const WIDTH = 1100;
const LEFT = 84;
const LANE = 20;
const BAR = 15;
const HEAD = 22;
/** Lanes of one kind; jobs that find none are counted in a line below. */
const MAX_LANES = 24;
/** Narrowest bar that still holds its name, in the units of the drawing. */
const NAMED = 50;
const LETTER = 5.7;

/** The jobs of a run as bars over time, a group of lanes per kind, with a mark where one failed. */
export function jobTimeline(report: ReportData): Html {
  const { run, jobs, jobCount } = report;
  if (jobs.length === 0) return html`<p class="none">No job was submitted in this run.</p>`;
  const x = (atS: number): number => LEFT + (Math.min(atS, run.durationS) / run.durationS) * (WIDTH - LEFT - 4);
  let y = HEAD;
  let left = jobCount - jobs.length;
  const groups = KINDS.flatMap((kind) => {
    const { lanes, tooMany } = pack(
      jobs.filter((job) => job.kind === kind),
      run.durationS,
    );
    left += tooMany;
    if (lanes.length === 0) return [];
    const top = y;
    y += lanes.length * LANE + 10;
    const bars = lanes.flatMap((lane, i) => lane.map((job) => bar(report, job, x, top + i * LANE)));
    return [html`<text x="0" y="${top + BAR - 3}" class="label">${kind}</text>${bars}`];
  });
  const grid = ticks(run.durationS).map(
    (atS) =>
      html`<line x1="${x(atS)}" x2="${x(atS)}" y1="${HEAD - 6}" y2="${y}" class="grid" />
        <text x="${x(atS)}" y="12" class="tick">${clock(run, atS).slice(0, -3)}</text>`,
  );
  const label = `${jobs.length} jobs over ${duration(run.durationS)}, grouped by kind; the same in words in jobs.parquet.`;
  return html`<div class="scroll" role="region" aria-label="Job timeline" tabindex="0">
      <svg class="wide" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="${label}">${grid}${groups}</svg>
    </div>
    <p class="key">
      <span class="kind-training">training</span> <span class="kind-tuning">tuning</span> <span class="kind-batch">batch</span>
      <span class="kind-simulation">simulation</span> <span class="kind-waiting">waiting</span> <span class="kind-failed">failure</span>
    </p>
    ${left > 0 ? html`<p class="small">${integer(left)} smaller jobs are not drawn; jobs.parquet has all ${integer(jobCount)}.</p>` : undefined}`;
}

/** Puts jobs into as few lanes as hold them without overlap, in order of their submission. */
function pack(jobs: readonly Job[], endS: number): { readonly lanes: readonly (readonly Job[])[]; readonly tooMany: number } {
  const lanes: { freeS: number; readonly jobs: Job[] }[] = [];
  let tooMany = 0;
  for (const job of jobs.toSorted((a, b) => a.submittedS - b.submittedS)) {
    let lane = lanes.find(({ freeS }) => freeS <= job.submittedS);
    if (lane === undefined && lanes.length < MAX_LANES) {
      lane = { freeS: 0, jobs: [] };
      lanes.push(lane);
    }
    if (lane === undefined) {
      tooMany++;
      continue;
    }
    lane.freeS = job.endedS ?? endS;
    lane.jobs.push(job);
  }
  return { lanes: lanes.map((lane) => lane.jobs), tooMany };
}

function bar({ run }: ReportData, job: Job, x: (atS: number) => number, y: number): Html {
  const end = x(job.endedS ?? run.durationS);
  const queued = x(job.submittedS);
  const start = job.startedS === null ? end : x(job.startedS);
  const width = Math.max(1.5, end - start);
  const middle = y + BAR / 2;
  const room = Math.floor((width - 8) / LETTER);
  const name = `${job.id} · ${integer(job.gpus)} GPUs`;
  const shown = name.length <= room ? name : clip(job.id, room);
  const facts = [
    name,
    `${job.modelId === "" ? "" : `${job.modelId}, `}${job.tenantId}`,
    `${job.state}, ${percent(job.progress)} done, ${job.restarts} restarts, goodput ${percent(job.goodput)}`,
  ];
  return html`<g>
    <title>${facts.join("\n")}</title>
    ${start - queued > 1 ? html`<line x1="${queued}" x2="${start}" y1="${middle}" y2="${middle}" class="kind-waiting" />` : undefined}
    ${job.startedS === null ? undefined : html`<rect x="${start}" y="${y}" width="${width}" height="${BAR}" rx="2" class="kind-${job.kind}" />`}
    ${width >= NAMED && job.startedS !== null ? html`<text x="${start + 4}" y="${y + 11}" class="name">${shown}</text>` : undefined}
    ${job.failedAtS.map((atS) => html`<path d="M${x(atS) - 5} ${y - 4}h10l-5 9z" class="kind-failed" />`)}</g
  >`;
}

/** About eight round times over the run. */
function ticks(durationS: number): readonly number[] {
  const steps = [60, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800];
  const step = steps.find((candidate) => durationS / candidate <= 9) ?? durationS / 8;
  return Array.from({ length: Math.floor(durationS / step) + 1 }, (_, i) => i * step).filter((atS) => atS < durationS * 0.97);
}

function clip(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`;
}
