/**
 * The pilot that NVIDIA prescribes for power-limited racks, and more: three racks unmanaged beside four racks in the same envelope, two
 * inference jobs, one of low and one of high power, the same requests, one second between readings. Arms in between tell "more racks" from
 * "steering". `--seeds N`.
 * (https://docs.nvidia.com/datacenter/dps/versions/0.10/guides/runbooks/maxlps-simple-mode-pilot.html)
 */
import { parseArgs } from "node:util";
import { gigawatt } from "./pilot/gigawatt.ts";
import { PAIRS } from "./pilot/jobs.ts";
import { limits, portrait } from "./pilot/limits.ts";
import { ENVELOPE_W } from "./pilot/site.ts";
import { table } from "./pilot/table.ts";
import { tryOut, WARM_UP_S, WINDOW_S, type Layout, type Trial } from "./pilot/trial.ts";
import { verdict } from "./pilot/verdict.ts";
import { waterfall } from "./pilot/waterfall.ts";

const SPLITS: readonly Omit<Layout, "pair">[] = [
  { name: "half of the GPUs each", lowShare: () => 1 / 2 },
  { name: "a quarter for the low job", lowShare: () => 1 / 4 },
  { name: "three quarters for the low job", lowShare: () => 3 / 4 },
  { name: "half each of three racks, the fourth all for the high job", lowShare: (racks) => 3 / 2 / racks },
];
/** Where only the verdict is wanted. */
const FEW_ARMS = ["A0", "A1", "A2", "A4"];

export async function run(options: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({ args: [...options], options: { seeds: { type: "string", default: "5" } } });
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  print(
    `envelope ${(ENVELOPE_W / 1e3).toFixed(1)} kW, ${seeds.length} seeds, ${WINDOW_S / 60} min after ${WARM_UP_S / 60} min to settle; ± is half of a 95 % interval`,
  );
  print(SETUP);
  const trials: Trial[] = [];
  for (const pair of PAIRS) {
    for (const split of SPLITS) {
      const full = split === SPLITS[0];
      const trial = tryOut({ ...split, pair }, seeds, full ? undefined : FEW_ARMS);
      trials.push(trial);
      print(`\n${pair.name}, ${split.name}${trials.length === 1 ? ": the pilot" : ""}`);
      print(`${portrait(trial)}`);
      print(`the high job has three times the requests that three racks can serve: throughput\n${table(trial.flooded)}`);
      if (full) print(`three racks can serve all requests, at 80 % of what the high job can at most: latency\n${table(trial.served)}`);
      for (const { what, held, figure } of verdict(trial)) print(`${(held ? "met" : "MISSED").padEnd(7)} ${what}: ${figure}`);
      if (full) {
        print(`where the watts are under A4\n${waterfall(trial, seeds[0])}`);
        print(`caps that never move, filling the envelope: how far any steering by caps could go\n${limits(trial, seeds[0])}`);
      }
    }
  }
  print(`\n${summary(trials)}`);
  print(`\n${READING}`);
  print(`\n${gigawatt()}`);
}

const SETUP = `Requests come as they come, the same ones second by second in every arm. The low job has a third of what its GPUs serve on three racks: nobody makes
more tokens of it, and its p99 in A0 is not that of a queue. The high job has first more requests than anybody serves: its first tokens wait for
minutes in every arm, and what is compared are tokens, and the time between them. Then it has what three racks serve, and all latencies count.
The pilot asks for a job of low and a job of high power. It says nothing of their shares: both have as many GPUs, on the same racks in every arm of four.
That is the first set-up; the others show what changes it.`;

const READING = `What power is worth depends on what a job does. Reading prompts takes all the clock there is; writing tokens loses 3.5 % from 1287 down to 785 W a GPU,
and two thirds over the next 75 W. Where one job writes and the other reads, watts move between them for next to nothing: equal caps give the writing
job watts that it has no use for, and caps by use take it over the edge, for it always uses less than it is allowed. With three quarters of the GPUs
writing there is enough for both, and not even four racks without an envelope make 15 % more: the low job's requests are what they are.
Where both jobs read there is little to move: a low job that may not answer a tenth later needs nearly what three racks gave it, so the other pays for
the fourth rack, down to the edge where its own writing falls off. Equal caps and caps by use make more tokens there by answering the low job's users
later than that; the caps that never move show that no steering by caps has both. And where two jobs share a rack, one cap has to do for both.`;

function summary(trials: readonly Trial[]): string {
  const lines = trials.map(verdict);
  const head = lines[0].map(({ what }, i) => `${i + 1} = ${what}`).join("; ");
  const rows = trials.map(({ layout }, t) => {
    const cells = lines[t].map(({ held }, i) => (held ? `${i + 1}` : "·")).join(" ");
    return `${cells}   ${layout.pair.name}, ${layout.name}`;
  });
  return [`held: ${head}`, ...rows].join("\n");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
