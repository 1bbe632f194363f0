import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SYSTEM } from "@pulmu/govern";
import { readCounts } from "@pulmu/gateway";
import { reconcile } from "@pulmu/ledger";
import OpenAI from "openai";
import { openHouse } from "../accounts/house.ts";
import { openAccounts } from "../accounts/service.ts";
import { LiveFactory } from "../live/factory.ts";
import { openScenario } from "../run/twin.ts";
import { CHECKOUT, runPulmu } from "../testing/run-pulmu.ts";
import { openGateway } from "./gateway-service.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-reconcile-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const HOUR_S = 3_600;
interface Bill {
  readonly lines: readonly { readonly item: string; readonly krwPerUnit: number }[];
}
/** Before the first request: the twin has answered somebody. */
const WARM_S = 300;
/** A request each so many simulated seconds; each fifth caller hangs up in the middle of the answer. */
const EVERY_S = 30;

test("over an hour, caller, upstream, gateway, ledger and statement count the same tokens, and the energy billed, idle and lost is the site's meter", async () => {
  const db = join(folder, "hour.db");
  const { simulation } = await openScenario(join(CHECKOUT, "scenarios/lab-hour.yaml"), { synthetic: true });
  const factory = new LiveFactory(simulation, { workloadSource: "test", speed: 1 });
  const accounts = await openAccounts({ db, study: true }, simulation, (text) => assert.fail(text));
  factory.listen({ onSecond: () => accounts.tick() });
  factory.advance(WARM_S);
  const { identity } = accounts.house;
  await identity.createTenant(SYSTEM, "snu", "Seoul National University");
  await identity.createProject(SYSTEM, "snu", "genomics", "Genomics");
  await identity.createAccount(SYSTEM, "snu/genomics", "app");
  const { text: apiKey } = await identity.createKey(SYSTEM, { accountId: "snu/genomics/app", scopes: ["inference"] });
  const gateway = await openGateway(factory, { host: "127.0.0.1", port: 0 }, accounts);

  const client = new OpenAI({ apiKey, baseURL: gateway.url, maxRetries: 0 });
  const ask = { model: "llama-3.1-70b", messages: [{ role: "user" as const, content: "How much is a token?" }], max_tokens: 6 };
  const told = { requests: 0, promptTokens: 0, outputTokens: 0, joules: 0 };
  const add = (usage: OpenAI.CompletionUsage) => {
    told.requests++;
    told.promptTokens += usage.prompt_tokens;
    told.outputTokens += usage.completion_tokens;
    told.joules += (usage as object as { energy_joules: number }).energy_joules;
  };
  const hangUp = async () => {
    const stream = await client.chat.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  };
  const asked: Promise<unknown>[] = [];
  let left = 0;
  for (let s = WARM_S; s < HOUR_S - EVERY_S; s += EVERY_S) {
    if (asked.length % 5 === 4) left = asked.push(hangUp().then(() => 1)) && left + 1;
    else asked.push(client.chat.completions.create(ask).then(({ usage }) => add(usage!)));
    factory.advance(EVERY_S);
    await sleep(1);
  }
  await Promise.all(asked);
  factory.advance(EVERY_S);
  await gateway.close();
  await accounts.close();
  assert.equal(told.requests + left, asked.length);

  const house = await openHouse({ db });
  const { gateway: counted, upstream } = await readCounts(house.store);
  const { records, days, statements, energy, findings } = await reconcile(house.store, "2027-05");
  const ofDay = await reconcile(house.store, "2027-05-12");
  await house.close();
  assert.deepEqual(findings, []);
  assert.deepEqual([days, statements], [records, records]);
  assert.deepEqual(upstream, { requests: counted.requests, promptTokens: counted.promptTokens, outputTokens: counted.outputTokens });
  assert.equal(counted.requests, asked.length);
  assert.ok(
    counted.outputTokens > told.outputTokens && counted.outputTokens < told.outputTokens + 6 * left,
    "who hung up pays for what there was",
  );
  const [sum] = JSON.parse((await runPulmu("usage", "show", "--tenant", "snu", "--json", "--db", db)).stdout) as [Record<string, string>];
  assert.deepEqual(
    [Number(sum["requests"]), Number(sum["promptTokens"]), Number(sum["outputTokens"])],
    [counted.requests, counted.promptTokens, counted.outputTokens],
  );
  assert.ok(told.joules > 0 && told.joules * 1_000 < Number(sum["facilityMilliJ"]));
  assert.equal(energy.residualMilliJ, "0");
  assert.equal(ofDay.energy.residualMilliJ, "0");
  const command = await runPulmu("usage", "reconcile", "2027-05", "--db", db);
  assert.equal(command.code, 0);
  assert.match(command.stdout, /^Left over +0\.000$/m);
  assert.match(command.stdout, /^All agree\.$/m);
  for (const args of [
    ["plan", "add", join(CHECKOUT, "prices/standard.yaml")],
    ["plan", "assign", "*", "standard", "--from", "2026-01-01"],
  ])
    assert.equal((await runPulmu("statement", ...args, "--db", db)).code, 0);
  const bill = JSON.parse((await runPulmu("statement", "show", "snu", "2027-05", "--json", "--db", db)).stdout) as Bill;
  const charged = bill.lines.filter(({ krwPerUnit }) => krwPerUnit > 0).map(({ item }) => item);
  assert.deepEqual(charged.sort(), ["output-mtok", "prompt-mtok"], "tokens are sold by the token, and their GPU time is in that price");
  const parts = [energy.billedItMilliJ, energy.idleItMilliJ, energy.coolingMilliJ, energy.lossMilliJ, energy.otherMilliJ];
  assert.equal(parts.reduce((total, part) => total + BigInt(part), 0n).toString(), energy.siteMilliJ);
  const meterJ = Number(energy.siteMilliJ) / 1_000;
  assert.ok(Math.abs(meterJ / simulation.kpis().siteEnergyJ - 1) < 1e-9, `${meterJ} J of ${simulation.kpis().siteEnergyJ} J`);
});
