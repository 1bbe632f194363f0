import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openStore } from "@pulmu/journal";
import { prepareLeadership, takeLeadership } from "./leadership.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-leadership-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("one controller steers at a time, and each that takes over has orders above all of those before", async () => {
  const file = join(folder, "power.db");
  const [first, second] = [await openStore(file), await openStore(file)];
  try {
    await prepareLeadership(first);
    await prepareLeadership(second);
    const one = await takeLeadership(first);
    assert.ok(one !== undefined && (await one.confirm()));
    assert.equal(await takeLeadership(second), undefined);
    await one.release();
    const two = await takeLeadership(second);
    assert.ok(two !== undefined);
    assert.ok(two.firstOrder - one.firstOrder >= 2 ** 32);
    assert.ok(Number.isSafeInteger(two.firstOrder));
    assert.equal(await takeLeadership(first), undefined);
    await two.release();
  } finally {
    await first.close();
    await second.close();
  }
});
