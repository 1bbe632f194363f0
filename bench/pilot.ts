/**
 * The pilot that NVIDIA prescribes for power-limited racks, and more: three racks unmanaged beside four racks in the same envelope, two
 * inference jobs, the same requests, one second between readings. Arms in between tell "more racks" from "steering". `--seeds N`.
 * (https://docs.nvidia.com/datacenter/dps/versions/0.10/guides/runbooks/maxlps-simple-mode-pilot.html)
 */
import { parseArgs } from "node:util";
import { ARMS, type Arm } from "./pilot/arms.ts";
import { frontier } from "./pilot/frontier.ts";
import { gigawatt } from "./pilot/gigawatt.ts";
import { openPlant, play, type Demand, type Seen } from "./pilot/play.ts";
import { ENVELOPE_W, pilotSite, PROMISE } from "./pilot/site.ts";
import { interval } from "./pilot/statistics.ts";

const WARM_UP_S = 1800;
const WINDOW_S = 1800;

/** Users, times those of the traces. The low job has a third of what its GPUs could serve. */
const DEMANDS: readonly { readonly name: string; readonly demand: Demand; readonly served: boolean }[] = [
  {
    name: "the high job has more requests than anybody can serve: throughput",
    served: false,
    demand: new Map([
      ["high", 1000],
      ["low", 60],
    ]),
  },
  {
    name: "three racks can serve all requests, at 80 % of their capacity: latency",
    served: true,
    demand: new Map([
      ["high", 70],
      ["low", 60],
    ]),
  },
];

interface Result {
  readonly arm: Arm;
  readonly runs: readonly Seen[];
}

export async function run(options: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({ args: [...options], options: { seeds: { type: "string", default: "5" } } });
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  print(
    `envelope ${(ENVELOPE_W / 1e3).toFixed(1)} kW, ${seeds.length} seeds, ${WINDOW_S / 60} min after ${WARM_UP_S / 60} min to settle; ± is half of a 95 % interval`,
  );
  const results = DEMANDS.map(({ name, demand, served }) => {
    print(`\n${name}`);
    return table(ARMS.map((arm) => ({ arm, runs: seeds.map((seed) => once(arm, demand, seed, served)) })));
  });
  print(`\n${verdict(results[0], results[1])}`);
  print(`\n${limits(results[0][0].runs[0], seeds[0])}`);
  print(`\n${gigawatt()}`);
}

function once(arm: Arm, demand: Demand, seed: number, served: boolean): Seen {
  const simulation = openPlant(pilotSite(arm.racks, lowShare(arm.racks)), demand, seed, WARM_UP_S + WINDOW_S);
  return play(simulation, arm.control(simulation, served), WARM_UP_S, WINDOW_S);
}

function table(results: readonly Result[]): readonly Result[] {
  print(
    "arm                                tokens/s         beside A0        tokens/J   TTFT p50    p99 s   token p50    p99 s   low job p99 s   mean kW   top kW   over J   over s   trips   writes/BMC/min",
  );
  for (const { arm, runs } of results) {
    const mean = (value: (seen: Seen) => number) => interval(runs.map(value))[0];
    const [tokens, spread] = interval(runs.map(({ tokensPerS }) => tokensPerS));
    const low = runs.map(({ jobs }) => jobs.get("low")!);
    const cells = [
      `${arm.id.padEnd(6)}${arm.name.padEnd(28)}`,
      `${tokens.toFixed(0).padStart(8)} ±${spread.toFixed(0).padStart(4)}`,
      beside(runs, results[0].runs).padStart(16),
      mean(({ tokensPerJ }) => tokensPerJ)
        .toFixed(4)
        .padStart(9),
      mean(({ all }) => all.ttftP50S)
        .toFixed(3)
        .padStart(10),
      mean(({ all }) => all.ttftP99S)
        .toFixed(3)
        .padStart(8),
      mean(({ all }) => all.itlP50S)
        .toFixed(4)
        .padStart(11),
      mean(({ all }) => all.itlP99S)
        .toFixed(4)
        .padStart(8),
      `${interval(low.map(({ ttftP99S }) => ttftP99S))[0].toFixed(2)}, ${interval(low.map(({ itlP99S }) => itlP99S))[0].toFixed(3)}`.padStart(
        15,
      ),
      (mean(({ meanW }) => meanW) / 1e3).toFixed(1).padStart(9),
      (Math.max(...runs.map(({ highestW }) => highestW)) / 1e3).toFixed(1).padStart(8),
      mean(({ overJ }) => overJ)
        .toFixed(0)
        .padStart(8),
      String(Math.max(...runs.map(({ overS }) => overS))).padStart(8),
      String(Math.max(...runs.map(({ overloads }) => overloads))).padStart(7),
      mean(({ writesPerRackMin }) => writesPerRackMin)
        .toFixed(2)
        .padStart(16),
    ];
    print(cells.join(" "));
  }
  return results;
}

/** Tokens beside another arm's, seed by seed: the same requests in both. */
function beside(runs: readonly Seen[], others: readonly Seen[]): string {
  const [gain, half] = gainOf(runs, others);
  return `${(gain * 100).toFixed(1)} % ±${(half * 100).toFixed(1)}`;
}

function gainOf(runs: readonly Seen[], others: readonly Seen[]): readonly [number, number] {
  return interval(runs.map(({ tokensPerS }, i) => tokensPerS / others[i].tokensPerS - 1));
}

function verdict(full: readonly Result[], served: readonly Result[]): string {
  const of = (results: readonly Result[], id: string) => results.find(({ arm }) => arm.id === id)!.runs;
  const [a0, ours, patient] = [of(full, "A0"), of(full, "A4"), of(full, "A4/p")];
  const line = (what: string, held: boolean, figure: string) => `${(held ? "met" : "MISSED").padEnd(7)} ${what}: ${figure}`;
  const sure = ([mean, half]: readonly [number, number], least: number) => (Number.isNaN(half) ? mean : mean - half) > least;
  /** A job's p99 over the same in A0, the worse of first token and between tokens. */
  const slower = (results: readonly Result[], id: string, job: string) => {
    const p99 = (arm: string, name: "ttftP99S" | "itlP99S") => interval(of(results, arm).map(({ jobs }) => jobs.get(job)![name]))[0];
    return Math.max(...(["ttftP99S", "itlP99S"] as const).map((name) => p99(id, name) / p99("A0", name))) - 1;
  };
  const low = Math.max(slower(full, "A4", "low"), slower(served, "A4", "low"));
  const high = slower(served, "A4", "high");
  const all = [...ours, ...of(served, "A4")];
  return [
    line("at least 15 % more tokens than A0", sure(gainOf(ours, a0), 0.15), beside(ours, a0)),
    line("p99 of the low job within 10 % of A0's, whatever the other has to do", low <= 0.1, signed(low)),
    line("p99 of the high job within 10 % of A0's, where its requests can be served", high <= 0.1, signed(high)),
    `        where nobody can serve them all its tokens come slower: p99 ${signed(slower(full, "A4", "high"))}, as below`,
    ...full
      .filter(({ arm }) => !["A0", "A4", "A4/p"].includes(arm.id))
      .map(({ arm, runs }) => {
        const figure = `${beside(ours, runs)}, whose low job's p99 is ${signed(slower(full, arm.id, "low"))}`;
        return line(`more tokens than ${arm.id}`, sure(gainOf(ours, runs), 0), figure);
      }),
    `        with a low job that is as patient (${PROMISE.ttftS} s, ${PROMISE.itlS} s): ${beside(patient, of(full, "A1"))} beside A1, ${beside(patient, of(full, "A2"))} beside A2, its p99 ${signed(slower(full, "A4/p", "low"))}`,
    line(
      "no 10 s mean above the envelope, no breaker over its rating",
      all.every(({ overS, overloads }) => overS + overloads === 0),
      `${all.reduce((sum, seen) => sum + seen.overS, 0)} s, ${all.reduce((sum, seen) => sum + seen.overloads, 0)} overloads`,
    ),
  ].join("\n");
}

/** What no steering by caps could do better: four racks in the envelope of three are slower racks. */
function limits(a0: Seen, seed: number): string {
  const ratio = (seen: Seen, job: string, name: "ttftP99S" | "itlP99S") => signed(seen.jobs.get(job)![name] / a0.jobs.get(job)![name] - 1);
  const rows = frontier(DEMANDS[0].demand, lowShare(4), seed).map(({ lowCapW, highCapW, seen }) =>
    [
      `${lowCapW} W`.padStart(9),
      `${highCapW} W`.padStart(10),
      signed(seen.tokensPerS / a0.tokensPerS - 1).padStart(10),
      `${ratio(seen, "low", "ttftP99S")}, ${ratio(seen, "low", "itlP99S")}`.padStart(18),
      ratio(seen, "high", "itlP99S").padStart(14),
    ].join(" "),
  );
  return [
    "four racks at caps that never move, filling the envelope, while the high job is overloaded; all beside A0",
    "  low job  high job     tokens       low job p99   high job p99",
    ...rows,
    "A GPU of the fourth rack gets its watts from those of three. A job that fills its batches answers as much more slowly as its clocks are lower, so",
    "no split keeps both jobs' tokens as quick as in A0; one that keeps the low job's within a tenth pays with a fifth to a third of the high job's pace.",
  ].join("\n");
}

/** The low job keeps the GPUs that it has on three racks: what is new goes to the job that has more requests than GPUs. */
function lowShare(racks: number): number {
  return 1.5 / racks;
}

function signed(share: number): string {
  return `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(1)} %`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
