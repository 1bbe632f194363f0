import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Principal } from "@pulmu/govern";
import { openStore, prepareJournal, readEntries, type Store } from "@pulmu/journal";
import type { PulmuError } from "@pulmu/units";
import { prepareGateway } from "../batches/schema.ts";
import { guard } from "./pii/guard.ts";
import { type KeptTreatment, Treatments } from "./treatments.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-treatments-"));
let store: Store;
before(async () => {
  store = await openStore(join(folder, "t.db"));
  await prepareJournal(store);
  await prepareGateway(store);
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
const NIGHT: Principal = { id: "key:k1", keyId: "k1", projectId: "snu/night", tenantId: "snu", grants: [] };

test("the narrowest that says how somebody is treated counts, and each change stands in the journal", async () => {
  const treatments = new Treatments(store, () => 1_800_000_000_000);
  assert.equal(treatments.of("pii", NIGHT), undefined);
  await treatments.set({ scope: "site", scopeId: "", pii: "report" }, "op");
  await treatments.set({ scope: "tenant", scopeId: "snu", pii: "mask", serviceClass: "critical" }, "op");
  await treatments.set({ scope: "project", scopeId: "snu/night", serviceClass: "flexible" }, "op");
  await treatments.refresh();
  assert.deepEqual([treatments.of("pii", NIGHT), treatments.of("serviceClass", NIGHT)], ["mask", "flexible"]);
  assert.equal(treatments.of("pii", { ...NIGHT, tenantId: "kaist", projectId: "kaist/x", keyId: "k2" }), "report");
  await treatments.set({ scope: "key", scopeId: "k1", pii: "refuse" }, "op");
  await treatments.remove({ scope: "project", scopeId: "snu/night" }, "op");
  await treatments.refresh();
  assert.deepEqual([treatments.of("pii", NIGHT), treatments.of("serviceClass", NIGHT)], ["refuse", "critical"]);
  const entries = await readEntries(store, 0, 100);
  assert.deepEqual(entries.map(({ subject }) => subject), ["site:", "tenant:snu", "project:snu/night", "key:k1", "project:snu/night"]); // prettier-ignore
});

test("what is no treatment is refused with all that is wrong, and nothing is kept", async () => {
  const treatments = new Treatments(store, Date.now);
  const before = await treatments.list();
  const wrong = { scope: "team", scopeId: "x", serviceClass: "urgent", pii: "shred" } as unknown as KeptTreatment;
  await assert.rejects(treatments.set(wrong, "op"), ({ problems }: PulmuError) => {
    assert.deepEqual(problems.map(({ path }) => path), ["whom", "--class", "--pii"]); // prettier-ignore
    return true;
  });
  await assert.rejects(treatments.set({ scope: "site", scopeId: "" }, "op"), { code: "treatment.value" });
  await assert.rejects(treatments.remove({ scope: "tenant", scopeId: "nobody" }, "op"), { code: "treatment.unknown" });
  assert.deepEqual(await treatments.list(), before);
});

test("a text too long to be looked through passes where personal data is only reported, and says so", () => {
  const { counts } = guard({ messages: [{ role: "user", content: "가".repeat(300_000) }] }, "report");
  assert.deepEqual(counts, { unread: 1 });
});
