/**
 * The pilot that NVIDIA prescribes for power-limited racks, and more: three racks unmanaged beside four racks in the same envelope, two
 * inference jobs, the same requests, one second between readings. Arms in between tell "more racks" from "steering". `--seeds N`.
 * (https://docs.nvidia.com/datacenter/dps/versions/0.10/guides/runbooks/maxlps-simple-mode-pilot.html)
 */
import { parseArgs } from "node:util";
import { ARMS, type Arm } from "./pilot/arms.ts";
import { gigawatt } from "./pilot/gigawatt.ts";
import { openPlant, play, type Demand, type Seen } from "./pilot/play.ts";
import { ENVELOPE_W, pilotSite, PROMISE } from "./pilot/site.ts";
import { interval } from "./pilot/statistics.ts";

const WARM_UP_S = 1800;
const WINDOW_S = 1800;

/** Users, times those of the traces. The low job has a third of what its GPUs could serve. */
const DEMANDS: readonly { readonly name: string; readonly demand: Demand }[] = [
  {
    name: "the high job has more requests than anybody can serve: throughput",
    demand: new Map([
      ["high", 1000],
      ["low", 60],
    ]),
  },
  {
    name: "three racks can serve all requests, at 80 % of their capacity: latency",
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
  const results = DEMANDS.map(({ name, demand }) => {
    print(`\n${name}`);
    return table(ARMS.map((arm) => ({ arm, runs: seeds.map((seed) => once(arm, demand, seed)) })));
  });
  print(`\n${verdict(results[0], results[1])}`);
  print(`\n${gigawatt()}`);
}

function once(arm: Arm, demand: Demand, seed: number): Seen {
  const simulation = openPlant(pilotSite(arm.racks), demand, seed, WARM_UP_S + WINDOW_S);
  return play(simulation, arm.control(simulation), WARM_UP_S, WINDOW_S);
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
  const [a0, ours] = [of(full, "A0"), of(full, "A4")];
  const line = (what: string, held: boolean, figure: string) => `${(held ? "met" : "MISSED").padEnd(7)} ${what}: ${figure}`;
  const gain = (others: readonly Seen[]) => gainOf(ours, others);
  const sure = ([mean, half]: readonly [number, number], least: number) => (Number.isNaN(half) ? mean : mean - half) > least;
  const latency = (results: readonly Result[], name: "ttftP99S" | "itlP99S") => {
    const p99 = (runs: readonly Seen[]) => interval(runs.map(({ all }) => all[name]))[0];
    return p99(of(results, "A4")) / p99(of(results, "A0")) - 1;
  };
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const worst = Math.max(...[full, served].flatMap((results) => (["ttftP99S", "itlP99S"] as const).map((name) => latency(results, name))));
  const low = [...ours, ...of(served, "A4")].map(({ jobs }) => jobs.get("low")!);
  const [ttft, itl] = [Math.max(...low.map(({ ttftP99S }) => ttftP99S)), Math.max(...low.map(({ itlP99S }) => itlP99S))];
  const all = [...ours, ...of(served, "A4")];
  return [
    line("at least 15 % more tokens than A0", sure(gain(a0), 0.15), beside(ours, a0)),
    ...full
      .filter(({ arm }) => !["A0", "A4", "A4/t"].includes(arm.id))
      .map(({ arm, runs }) => line(`more tokens than ${arm.id}`, sure(gain(runs), 0), beside(ours, runs))),
    line("p99 over all requests within 10 % of A0's, or below", worst <= 0.1, `${percent(worst)} at worst`),
    line(
      `p99 of the low job within its promise of ${PROMISE.ttftS} s and ${PROMISE.itlS} s`,
      ttft <= PROMISE.ttftS && itl <= PROMISE.itlS,
      `${ttft.toFixed(2)} s, ${itl.toFixed(3)} s at worst`,
    ),
    `       were the low job promised A0's own p99: ${beside(of(full, "A4/t"), a0)} beside A0; the rest is bought with its patience`,
    line(
      "no 10 s mean above the envelope, no breaker over its rating",
      all.every(({ overS, overloads }) => overS + overloads === 0),
      `${all.reduce((sum, seen) => sum + seen.overS, 0)} s, ${all.reduce((sum, seen) => sum + seen.overloads, 0)} overloads`,
    ),
  ].join("\n");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
