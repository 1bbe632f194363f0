import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { readBmcAccess } from "./access-file.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-access-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function written(text: string): string {
  const file = join(folder, "bmcs.yaml");
  writeFileSync(file, text);
  return file;
}

test("given a pattern and secrets beside the file, each tray's BMC has an address, and the login is read where it is kept", async () => {
  writeFileSync(join(folder, "password"), "0penBmc\n");
  process.env["PULMU_TEST_BMC_USER"] = "root";
  const file = written('url: "https://bmc.example/{rack}/tray-{tray}"\nuser: env:PULMU_TEST_BMC_USER\npassword: file:password\n');
  const { urlOf, trust, credentials } = readBmcAccess(file);
  assert.deepEqual([urlOf("h1/r01/07", 4), trust], ["https://bmc.example/h1/r01/07/tray-04", "system"]);
  assert.deepEqual(await credentials(), { user: "root", password: "0penBmc" });
});

test("given a file with mistakes, each is named with its line", () => {
  const file = written("url: https://bmc.example\nuser: root\npasword: file:x\n");
  assert.throws(
    () => readBmcAccess(file),
    (error) =>
      error instanceof PulmuError &&
      /bmcs\.yaml:1: url: .*with \{rack\}/.test(error.message) &&
      /bmcs\.yaml:3: .*password/.test(error.message),
  );
});
