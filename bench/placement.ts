/**
 * How well a cluster is filled: our own implementation of the six policies of the published openb comparison, and ours, beside each row of
 * the published table. Allocated cards in % when the work that arrived asks for 100 % of them (gpuspec33: for 110 %, as in the table).
 * `--data DIR`, `--seeds N` for every trace (10 for `default`, 2 for the others), `--trace NAME` for one.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fill, POLICIES } from "./placement/fill.ts";
import { readOpenb } from "./placement/openb.ts";

const REQUIRED = 95.2;
const FIRST_SEED = 42;
/** Rows of the published table, most asked for first. */
const TRACES = ["default", "gpushare40", "gpushare60", "gpushare80", "gpushare100", "multigpu20", "multigpu30", "multigpu40", "multigpu50", "gpuspec10", "gpuspec33", "cpu050", "cpu100", "cpu200", "cpu250"]; // prettier-ignore
const AT_110 = "gpuspec33";

const say = (line: string) => process.stdout.write(`${line}\n`);

export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: { data: { type: "string" }, seeds: { type: "string" }, trace: { type: "string" } },
  });
  const data = values.data ?? process.env["PULMU_DATA"] ?? join(import.meta.dirname, "../../shared/data");
  const openb = readOpenb(data);
  if (openb === undefined) {
    say(`skipped: no scheduling/openb.tar.xz in ${data} (or no tar that reads it); name its folder with --data`);
    return;
  }

  const names = Object.keys(POLICIES);
  const work = { decisions: 0, cpuS: 0 };
  say("allocated, %: published (ten seeds) then measured here");
  say(["trace".padEnd(12), ...names.map((name) => name.replace(/^\d+-(Gpu)?/, "").padStart(13))].join(" "));
  for (const trace of values.trace === undefined ? TRACES : [values.trace]) {
    const seeds = Number(values.seeds ?? (trace === "default" ? 10 : 2));
    const percent = trace === AT_110 ? 110 : 100;
    const means = names.map((name) => {
      let sum = 0;
      for (let seed = FIRST_SEED; seed < FIRST_SEED + seeds; seed++) {
        const filled = fill(openb, trace, name, seed, percent);
        sum += filled.allocatedPercent;
        if (name !== "Pulmu") continue;
        work.decisions += filled.decisions;
        work.cpuS += filled.cpuS;
      }
      return sum / seeds;
    });
    const cells = names.map((name, i) => {
      const row = openb.published.find((published) => published.trace === trace && published.policy === name);
      return `${row === undefined ? "" : row[`at${percent}`].toFixed(2)} ${means[i].toFixed(2)}`.padStart(13);
    });
    say([trace.padEnd(12), ...cells, seeds === 10 ? "" : ` ${seeds} seeds`].join(" "));
    if (trace === "default") say(`required: Pulmu at least ${REQUIRED} on default: ${means.at(-1)! >= REQUIRED ? "met" : "MISSED"}`);
  }
  say(`Pulmu's policy: ${Math.round(work.decisions / work.cpuS).toLocaleString("en")} decisions a second on ${openb.nodes.length} nodes`);
}
