import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { percentile } from "./load.ts";

export const say = (line: string) => void process.stdout.write(`${line}\n`);

/** The middle one of a few. */
export const median = (values: readonly number[]) =>
  percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

const TRIES = 300;

/** What the disk alone takes to keep 16 KB that are written over others, ms: a gateway that answers for its records cannot be faster. */
export function diskMs(): readonly [p50: number, p99: number] {
  const path = join(tmpdir(), `pulmu-disk-${process.pid}`);
  const file = openSync(path, "w");
  const bytes = Buffer.alloc(16_384, 1);
  const took: number[] = [];
  for (let i = 0; i < 2 * TRIES; i++) {
    const beganMs = performance.now();
    writeSync(file, bytes, 0, bytes.length, (i % TRIES) * bytes.length);
    fdatasyncSync(file);
    if (i >= TRIES) took.push(performance.now() - beganMs);
  }
  closeSync(file);
  rmSync(path);
  took.sort((a, b) => a - b);
  return [percentile(took, 0.5), percentile(took, 0.99)];
}
