import { mixSpeed } from "@pulmu/power";
import { frontier } from "./frontier.ts";
import { catalog, JOB_IDS } from "./jobs.ts";
import type { JobSeen } from "./play.ts";
import { p99Beside, signed } from "./table.ts";
import { demandsOf, sharingOf, type Trial } from "./trial.ts";

const gb300 = catalog.accelerators.get("gb300")!;
const KEPT_SPEED = 0.95;

/** What the jobs of a trial draw, and how much of it they need. */
export function portrait({ flooded }: Trial): string {
  return JOB_IDS.map((id) => {
    const seen = flooded[0].runs[0].jobs[id];
    return `the ${id} job draws ${seen.gpuW.toFixed(0)} W a GPU on three uncapped racks, reads prompts for ${(seen.reading * 100).toFixed(0)} % of its time, and has ${KEPT_SPEED * 100} % of its speed at ${enoughW(seen)} W`;
  }).join(";\n");
}

/** The lowest cap that leaves a job most of its speed, W. */
function enoughW({ reading }: JobSeen): number {
  let capW = gb300.tdpW;
  while (capW > gb300.minCapW && mixSpeed(gb300, { prefill: reading, decode: 1 - reading }, capW - 1) >= KEPT_SPEED) capW--;
  return capW;
}

/** What no steering by caps could do better, while the high job is flooded. */
export function limits({ layout, flooded }: Trial, seed: number): string {
  const a0 = flooded[0].runs.slice(0, 1);
  const rows = frontier(sharingOf(layout, 4), demandsOf(layout).flooded, seed).map(({ lowCapW, highCapW, seen }) =>
    [
      `${lowCapW} W`.padStart(9),
      `${highCapW} W`.padStart(10),
      signed(seen.tokensPerS / a0[0].tokensPerS - 1).padStart(10),
      p99Beside([seen], a0, "low").map(signed).join(", ").padStart(20),
      p99Beside([seen], a0, "high").map(signed).join(", ").padStart(20),
    ].join(" "),
  );
  return ["  low job  high job     tokens    low p99 beside A0   high p99 beside A0", ...rows].join("\n");
}
