import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import OpenAI from "openai";
import { PulmuProcess, runPulmu } from "../testing/run-pulmu.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-up-gateway-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("up serves tokens: the official client gets a streamed answer, its joules and its place, and the usage is on record", async (context) => {
  const db = join(folder, "up.db");
  const up = new PulmuProcess(["up", "--site", "sites/lab.yaml", "--port", "0", "--json", "--db", db]);
  context.after(() => up.child.kill("SIGKILL"));
  const [line] = await up.printed(/^\{.+\}\n/);
  const { tokens } = JSON.parse(line) as { tokens: string };
  const [apiKey] = /pulmu_\w{16}_[\w-]{43}/.exec(up.stderr)!;
  const client = new OpenAI({ baseURL: tokens, apiKey, maxRetries: 10 }); // the twin may just be warming up
  const { data: models } = await client.models.list();
  const [{ id: model }] = models;
  const messages = [{ role: "user" as const, content: "풀무가 뭐야?" }];
  const stream = await client.chat.completions.create({
    model,
    messages,
    max_tokens: 8,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let usage: Record<string, unknown> = {};
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = (chunk.usage ?? usage) as Record<string, unknown>;
  }
  assert.match(text, /시뮬레이션/);
  assert.equal(usage["completion_tokens"], 8);
  assert.ok((usage["energy_joules"] as number) > 0 && (usage["carbon_grams"] as number) > 0);
  assert.deepEqual([usage["site"], usage["jurisdiction"], usage["simulated"]], ["lab", "us", true]);
  up.child.kill("SIGTERM");
  assert.equal((await up.end()).code, 0);
  const { stdout } = await runPulmu("usage", "show", "--db", db, "--json", "--by", "key");
  assert.match(stdout, new RegExp(apiKey.slice(6, 22)));
});

test("without a database of accounts, up makes one and leaves the first key where only its owner can read it", async (context) => {
  const up = new PulmuProcess(["up", "--site", "sites/lab.yaml", "--port", "0", "--no-ui"], { PULMU_DATABASE: join(folder, "own.db") });
  context.after(() => up.child.kill("SIGKILL"));
  const [, url, keyFile] = await up.printed(/^Tokens: (http:\S+), key in (\S+)$/m);
  const apiKey = readFileSync(keyFile, "utf8").trim();
  assert.ok((await new OpenAI({ baseURL: url, apiKey }).models.list()).data.length > 0);
  up.child.kill("SIGTERM");
  assert.equal((await up.end()).code, 0);
});
