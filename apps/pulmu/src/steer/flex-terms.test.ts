import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { CHECKOUT } from "../testing/run-pulmu.ts";
import { ASSUMED_TERMS, readTerms } from "./flex-terms.ts";

test("the terms that come with the checkout are those that hold when nobody names any", () => {
  assert.deepEqual(readTerms(join(CHECKOUT, "prices/flexibility.yaml")), ASSUMED_TERMS);
});

test("given terms that cannot be, each is named with its line", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-terms-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "terms.yaml");
  writeFileSync(file, "party: kpx\nreducedKrwPerKWh: -1\nexcessKrwPerKWh: 300\ntenantShare: 120 %\n");
  assert.throws(
    () => readTerms(file),
    (error) => error instanceof PulmuError && error.problems.map(({ line }) => line).join() === "2,4",
  );
});
