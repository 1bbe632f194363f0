/**
 * `npm test`: every test of the house, or those under the paths given. Ends with `N passed, N failed`.
 * Two files run at a time: the suite is made for two cores.
 */
import { globSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const root = dirname(import.meta.dirname);
const places = process.argv.slice(2);
const files = globSync(
  [
    "packages/*/{src,fit}/**/*.test.ts",
    "apps/*/src/**/*.test.{ts,tsx}",
    "scripts/**/*.test.ts",
    "bench/**/*.test.ts",
    "torture/**/*.test.ts",
  ],
  { cwd: root },
)
  .filter((file) => places.length === 0 || places.some((place) => file.includes(place)))
  .toSorted()
  .map((file) => join(root, file));
if (files.length === 0) {
  process.stderr.write(`no test file matches ${places.join(" ")}\n`);
  process.exit(2);
}

process.chdir(root);
mkdirSync(join(root, "node_modules", ".cache"), { recursive: true });
let passed = 0;
let failed = 0;
let skipped = 0;
const stream = run({ files, concurrency: 2, timeout: 300_000 });
stream.on("test:pass", ({ skip, details }) => {
  if (details.type === "suite") return;
  if (skip === undefined) passed++;
  else skipped++;
});
stream.on("test:fail", ({ details }) => {
  // A suite fails by its tests, which are counted, or by a hook of its own.
  if (details.type !== "suite" || failureOf(details.error) !== "subtestsFailed") failed++;
});
const failureOf = (error: Error) => ("failureType" in error ? error.failureType : undefined);
stream.on("end", () => {
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
});
stream.compose(spec).pipe(process.stdout);
