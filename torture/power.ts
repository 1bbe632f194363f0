/**
 * Steering under fire: the twin of a small site, a controller behind a bus that loses and delays, lying meters, dead BMCs, dying
 * controllers, jumping clocks, overlapping targets, lost feeds and CDUs; what must hold is checked every second. `--seeds N` runs N of
 * them from `--seed`; a seed that fails fails again.
 */
import { tortureRun } from "./power/world.ts";

const TELL_EVERY = 500;

export async function run({ seed, seeds = 1000 }: { readonly seed: number; readonly seeds: number | undefined }): Promise<boolean> {
  const started = performance.now();
  let failed = 0;
  let writes = 0;
  for (let s = seed; s < seed + seeds; s++) {
    const result = tortureRun(s);
    writes += result.writes;
    if (result.findings.length > 0) {
      failed++;
      const shown = result.findings.slice(0, 5).map(({ atS, text }) => `  at ${atS} s: ${text}`);
      const more = result.findings.length > shown.length ? [`  and ${result.findings.length - shown.length} more`] : [];
      process.stdout.write([`seed ${s} (npm run torture -- power --seed ${s} --seeds 1):`, ...shown, ...more].join("\n") + "\n");
    }
    const done = s + 1 - seed;
    if (done % TELL_EVERY === 0 && done < seeds) process.stderr.write(`${done} of ${seeds}, ${failed} failed\n`);
  }
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(`${seeds} seeds, ${failed} failed, ${writes.toLocaleString("en")} writes, ${seconds.toFixed(0)} s\n`);
  return failed === 0;
}
