import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { prepareGateway, Treatments } from "@pulmu/gateway";
import { SYSTEM } from "@pulmu/govern";
import OpenAI from "openai";
import { openAccounts } from "../accounts/service.ts";
import { LiveFactory } from "../live/factory.ts";
import { openScenario } from "../run/twin.ts";
import { Chronicle } from "../steer/chronicle.ts";
import { twinPlant } from "../steer/steered-plant.ts";
import { Steering } from "../steer/steering.ts";
import { CHECKOUT } from "../testing/run-pulmu.ts";
import { openGateway } from "./gateway-service.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-capacity-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** `scenarios/lab-hour.yaml`: a load target of 600 kW from half an hour on, until the hour. */
const BEFORE_S = 1_500;
const WITHIN_S = 400;

test(
  "when the grid asks for less, the power room's curtailment shows in the answers of a flexible key, with its reason and end, and not in a critical one",
  { timeout: 60_000 },
  async (context) => {
    const { simulation } = await openScenario(join(CHECKOUT, "scenarios/lab-hour.yaml"), { synthetic: true });
    const factory = new LiveFactory(simulation, { workloadSource: "test", speed: 1 });
    const steering = new Steering(twinPlant(simulation), {
      newId: () => "4f5a1c0e-7a43-4b52-9d0e-0c6f4d1f9a11",
      chronicle: new Chronicle(Date.now, () => {}),
    });
    steering.lead();
    factory.steering = steering;
    const accounts = await openAccounts({ db: join(folder, "c.db"), study: true }, simulation, () => {});
    factory.listen({ onSecond: () => (steering.second(), accounts.tick()) });
    const { identity, store } = accounts.house;
    const keyOf = async (tenant: string) => {
      await identity.createTenant(SYSTEM, tenant, tenant);
      await identity.createProject(SYSTEM, tenant, "app", "App");
      await identity.createAccount(SYSTEM, `${tenant}/app`, "app");
      return (await identity.createKey(SYSTEM, { accountId: `${tenant}/app/app`, scopes: ["inference"] })).text;
    };
    const keys = { critical: await keyOf("hospital"), flexible: await keyOf("archive") };
    await prepareGateway(store);
    const treatments = new Treatments(store, Date.now);
    await treatments.set({ scope: "tenant", scopeId: "hospital", serviceClass: "critical" }, "test");
    await treatments.set({ scope: "project", scopeId: "archive/app", serviceClass: "flexible" }, "test");
    const gateway = await openGateway(factory, { host: "127.0.0.1", port: 0 }, accounts);
    context.after(async () => {
      await gateway.close();
      await accounts.close();
    });
    const client = (apiKey: string) => new OpenAI({ apiKey, baseURL: gateway.url, maxRetries: 0 });
    const ask = (apiKey: string) =>
      client(apiKey).chat.completions.create({ model: "llama-3.1-70b", messages: [{ role: "user", content: "Hello" }], max_tokens: 2 });

    factory.advance(BEFORE_S);
    assert.equal((await ask(keys.flexible)).usage!.completion_tokens, 2);
    factory.advance(WITHIN_S);
    const refused = (await ask(keys.flexible).catch((error: unknown) => error)) as InstanceType<typeof OpenAI.APIError>;
    assert.deepEqual([refused.status, refused.code], [503, "power_curtailment"]);
    assert.match(refused.message, /the grid's load target is 600 kW/);
    assert.equal(Number(refused.headers!.get("retry-after")), 3_600 - BEFORE_S - WITHIN_S);
    assert.equal((await ask(keys.critical)).usage!.completion_tokens, 2);
    factory.advance(3_600 - BEFORE_S - WITHIN_S + 60);
    assert.equal((await ask(keys.flexible)).usage!.completion_tokens, 2);
  },
);
