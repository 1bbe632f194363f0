import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { tinyGguf } from "@pulmu/gateway/testing";
import OpenAI from "openai";
import { CHECKOUT, PulmuProcess, runPulmu } from "../../testing/run-pulmu.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-deploy-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const skip = existsSync(join(CHECKOUT, ".pulmu/llama/node_modules")) ? false : "llama.cpp is not installed: pulmu serve --install";

test(
  "a real model is served, deployed, asked, drained and removed beside a running factory, and what it made is what is billed",
  { skip },
  async (context) => {
    const db = ["--db", join(folder, "deploy.db")];
    const file = join(folder, "tiny.gguf");
    writeFileSync(file, tinyGguf());
    const engine = new PulmuProcess(["serve", file, "--port", "0", "--threads", "1", "--json"]);
    const up = new PulmuProcess(["up", "--site", "sites/lab.yaml", "--port", "0", "--json", ...db]);
    context.after(() => [engine, up].forEach(({ child }) => child.kill("SIGKILL")));
    const [, url] = await engine.printed(/"serving":"([^"]+)"/);
    const [, tokens] = await up.printed(/"tokens":"([^"]+)"/);
    const [apiKey] = /pulmu_\w{16}_[\w-]{43}/.exec(up.stderr)!;
    const client = new OpenAI({ baseURL: tokens, apiKey, maxRetries: 0 });
    const listed = async () => (await client.models.list()).data.map(({ id }) => id).includes("tiny");
    const until = async (holds: () => Promise<boolean>) => {
      for (let i = 0; i < 100 && !(await holds()); i++) await sleep(100);
      assert.ok(await holds());
    };
    const ask = () =>
      client.chat.completions.create({ model: "tiny", messages: [{ role: "user", content: "풀무" }], max_tokens: 12, seed: 1 });

    const wrong = await runPulmu("deploy", "add", "tiny", "--url", "ftp://x", "--jurisdiction", "Korea", ...db);
    assert.deepEqual([wrong.code, wrong.stderr.split("\n").length], [2, 3]);
    assert.equal((await runPulmu("deploy", "add", "tiny", "--url", url, "--engine", "vllm", "--joules-per-token", "2", ...db)).code, 0);
    await until(listed);
    const { choices, usage } = await ask();
    assert.equal(usage!.completion_tokens, 12);
    assert.ok(choices[0].message.content!.length > 0);
    assert.equal((usage as object as Record<string, unknown>)["simulated"], undefined);
    assert.ok((usage as object as { energy_joules: number }).energy_joules >= 24);
    assert.match((await runPulmu("deploy", "list", ...db)).stdout, /^tiny +r1 +http:\S+ +1 +up +0$/m);

    assert.equal((await runPulmu("deploy", "drain", "tiny", ...db)).code, 0);
    const drained = () => ask().then(() => false, ({ status }: { status: number }) => status === 503); // prettier-ignore
    await until(drained);
    assert.equal((await runPulmu("deploy", "remove", "tiny", ...db)).code, 0);
    await until(async () => !(await listed()));

    up.child.kill("SIGTERM");
    assert.equal((await up.end()).code, 0);
    engine.child.kill("SIGTERM");
    assert.equal((await engine.end()).code, 0);
    const [sum] = JSON.parse((await runPulmu("usage", "show", "--model", "tiny", "--json", ...db)).stdout) as [Record<string, string>];
    assert.equal(Number(sum["outputTokens"]) % 12, 0);
    assert.equal(Number(sum["itMilliJ"]), Number(sum["outputTokens"]) * 2_000);
    const books = await runPulmu("usage", "reconcile", ...db);
    assert.match(books.stdout, /^Left over +0\.000$/m);
    assert.equal(books.code, 0);
  },
);
