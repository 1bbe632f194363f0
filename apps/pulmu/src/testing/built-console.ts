import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { CHECKOUT } from "./run-pulmu.ts";

/** Where the console's files lie, built from the sources as they are. */
export function builtConsole(): string {
  const { status, stderr } = spawnSync(process.execPath, [join(CHECKOUT, "scripts/build-console.mjs")], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the console cannot be built:\n${stderr}`);
  return join(CHECKOUT, "apps/console/dist");
}
