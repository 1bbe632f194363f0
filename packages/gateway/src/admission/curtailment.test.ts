import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SYSTEM } from "@pulmu/govern";
import { openStore } from "@pulmu/journal";
import OpenAI from "openai";
import { deployment, openDoor } from "../testing/door.ts";
import { MockUpstream } from "../testing/mock-upstream.ts";
import type { Curtailment } from "./capacity.ts";

test("a curtailment shows in the answers of a flexible key and not in a critical one", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-curtailment-"));
  const store = await openStore(join(folder, "c.db"));
  const upstream = new MockUpstream();
  let curtailment: Curtailment | undefined;
  const door = await openDoor(store, [deployment("hyperclova", [await upstream.start()])], {
    capacity: { curtailment: () => curtailment },
    serviceClassOf: ({ projectId }) => (projectId === "acme/night" ? "flexible" : "critical"),
    randomBytes,
  });
  context.after(async () => {
    await door.close();
    await store.close();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await door.identity.createProject(SYSTEM, "acme", "night", "Night work");
  await door.identity.createAccount(SYSTEM, "acme/night", "app");
  const { text } = await door.identity.createKey(SYSTEM, { accountId: "acme/night/app", scopes: ["inference"] });
  const client = (apiKey: string) => new OpenAI({ apiKey, baseURL: door.url, maxRetries: 0 });
  const [critical, flexible] = [client(door.key), client(text)];
  const hello = { model: "hyperclova", messages: [{ role: "user" as const, content: "안녕?" }] };
  while ((await flexible.models.list().catch(() => undefined)) === undefined) await new Promise(setImmediate); // the key is taken in

  assert.equal((await flexible.chat.completions.create(hello)).choices.length, 1);
  curtailment = { reason: "grid target 48 MW", untilMs: Date.now() + 3_600_000, flexibleShare: 0 };
  const refused = (await flexible.chat.completions.create(hello).catch((caught: unknown) => caught)) as InstanceType<
    typeof OpenAI.APIError
  >;
  assert.deepEqual([refused.status, refused.code], [503, "power_curtailment"]);
  assert.match(refused.message, /grid target 48 MW/);
  assert.ok(Number(refused.headers!.get("retry-after")) > 3_500);
  assert.equal((await critical.chat.completions.create(hello)).choices.length, 1);
  await assert.rejects(critical.chat.completions.create({ ...hello, service_tier: "flex" }), { code: "power_curtailment" });

  curtailment = { ...curtailment, untilMs: Date.now() + 10_000 };
  const delayed = flexible.chat.completions.create(hello).withResponse();
  while (door.ledger.holds === 0) await new Promise(setImmediate); // it has come, and waits
  assert.equal((await critical.chat.completions.create(hello)).choices.length, 1);
  curtailment = undefined;
  const { response } = await delayed;
  assert.equal(response.headers.get("x-pulmu-curtailment"), "grid target 48 MW");
  assert.ok(Number(response.headers.get("x-pulmu-queued-ms")) > 0);
  assert.equal(door.ledger.holds, 0);
});
