/** `npm run check`: types, lint, format, unused code, floors. Prints one line for each, then what failed. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { checkFloors } from "./floors.ts";

const root = dirname(import.meta.dirname);
const bin = (name: string) => join(root, "node_modules", ".bin", name);

const TOOLS: readonly (readonly [string, string, readonly string[]])[] = [
  ["types", "tsc", ["-p", "."]],
  ["types of the console", "tsc", ["-p", "apps/console"]],
  ["lint", "oxlint", ["--deny-warnings"]],
  ["format", "oxfmt", ["--check"]],
  ["unused code", "knip", ["--no-progress"]],
];

let failed = 0;
const report = (name: string, ok: boolean, output: string) => {
  process.stdout.write(`${ok ? "ok  " : "FAIL"} ${name}\n`);
  if (!ok) process.stdout.write(`${output.trimEnd()}\n`);
  if (!ok) failed++;
};

for (const [name, tool, args] of TOOLS) {
  const run = spawnSync(bin(tool), args, { cwd: root, encoding: "utf8" });
  report(name, run.status === 0, `${run.stdout}${run.stderr}${run.error?.message ?? ""}`);
}
const floors = checkFloors(root);
report("floors", floors.violations.length === 0 && floors.filesRead > 0, floors.violations.join("\n"));

process.stdout.write(`${TOOLS.length + 1 - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
