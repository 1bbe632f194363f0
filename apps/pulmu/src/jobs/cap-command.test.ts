import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { PulmuError } from "@pulmu/units";
import { capCommand } from "./cap-command.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-caps-"));
after(() => rmSync(folder, { recursive: true }));

function program(name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

test("the tool is told the share and all nodes, however many they are, and no shell reads their names", async () => {
  const caps = capCommand(program("cap", `printf '%s\\n' "$@" >> ${folder}/told`));
  await caps.hold(["n1", "n 2; $(false)"], 0.7);
  await caps.hold(Array.from({ length: 501 }, (_, i) => `x${i}`), 1); // prettier-ignore
  const told = readFileSync(join(folder, "told"), "utf8").trim().split("\n");
  assert.deepEqual(told.slice(0, 4), ["0.700", "n1", "n 2; $(false)", "1.000"]);
  assert.equal(told.filter((word) => word.startsWith("x")).length, 501);
});

test("a tool that fails, or is not there, is told with its own words", async () => {
  const failed = (rule: RegExp) => (error: PulmuError) => error.code === "caps.failed" && rule.test(error.message);
  await assert.rejects(capCommand(program("bad", "echo 'n1: no such BMC' >&2; exit 3")).hold(["n1"], 0.7), failed(/no such BMC/));
  await assert.rejects(capCommand(join(folder, "missing")).hold(["n1"], 0.7), failed(/ENOENT/));
});
