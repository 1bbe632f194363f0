import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Gatekeeper, SYSTEM } from "@pulmu/govern";
import { Allotments, loadCall, prepareAllotments } from "@pulmu/jobs/allotment";
import { createAccountsApi } from "../accounts/api.ts";
import { type House, openHouse } from "../accounts/house.ts";
import { bookOf } from "../jobs/book-of.ts";
import { runPulmu } from "../testing/run-pulmu.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-allot-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const DAY = 86_400_000;
const EXAMPLE = join(import.meta.dirname, "../../../../calls/national.yaml");

test("the example call is sound", () => {
  assert.equal(loadCall(EXAMPLE).pools.reduce((sum, { gpus }) => sum + gpus, 0), 4_224); // prettier-ignore
});

describe("allotment over HTTP and at the command line", () => {
  const db = join(folder, "api.db");
  const clock = { ms: Date.UTC(2026, 0, 2) };
  const me = `operator:${userInfo().username}`;
  const call = `id: spring
title: Spring call
opens: 2026-01-01
closes: 2026-01-10
grantsFrom: 2026-02-01
grantsUntil: 2026-08-01
pools: [{ sector: industry, gpus: 16, krwPerGpuH: 1000 }]
capPerOrganisation: 16
youngCompanyDiscount: 50
dataClasses: [public]
reviewers: ["${me}"]
reviewsEach: 1
criteria: [{ id: impact, weight: 1 }]
passMark: 50
use: { every: 14 d, leastOfPlan: 50 }
`;
  let house: House;
  let operator: string;
  let tenant: string;
  let app: ReturnType<typeof createAccountsApi>;
  const ask = async (key: string, method: string, path: string, body?: unknown) => {
    const response = await app.request(`/allotment${path}`, { method, headers: { Authorization: `Bearer ${key}` }, ...(body !== undefined && { body: JSON.stringify(body) }) }); // prettier-ignore
    return { status: response.status, json: (await response.json()) as any }; // oxlint-disable-line no-explicit-any -- what came back is what is tested
  };

  before(async () => {
    house = await openHouse({ db });
    operator = (await house.identity.bootstrap(SYSTEM))!;
    await house.identity.createTenant(SYSTEM, "startup", "A start-up");
    await house.identity.createProject(SYSTEM, "startup", "lab", "Lab");
    await house.identity.createAccount(SYSTEM, "startup/lab", "ci", "tenant-admin");
    tenant = (await house.identity.createKey(SYSTEM, { accountId: "startup/lab/ci", scopes: ["read", "admin"] })).text;
    await prepareAllotments(house.store);
    const allotments = new Allotments(house.store, () => clock.ms);
    app = createAccountsApi({
      house: { ...house, now: () => clock.ms, allotments: async () => allotments },
      gatekeeper: new Gatekeeper(house.store),
    });
  });
  after(() => house.close());

  test("goes from a call in YAML to a grant that costs half, is not used, and is taken back", async () => {
    assert.equal((await ask(tenant, "POST", "/calls", { yaml: call })).status, 403);
    assert.equal((await ask(operator, "POST", "/calls", { yaml: call })).status, 201);
    const form = { callId: "spring", tenantId: "startup", organisation: "Start-up Ltd", sector: "industry", young: true, region: "Sejong", purpose: "x", gpus: 12, leastGpus: 8, fromMs: Date.UTC(2026, 1, 1), untilMs: Date.UTC(2026, 7, 1), dataClass: "public", plannedUse: 100 }; // prettier-ignore
    assert.match((await ask(tenant, "POST", "/applications", form)).json.error.message, /whole servers of 8 GPUs/);
    assert.equal((await ask(tenant, "POST", "/applications", { ...form, gpus: 16, tenantId: "other" })).status, 403);
    const application = await ask(tenant, "POST", "/applications", { ...form, gpus: 16 });
    assert.deepEqual([application.status, application.json.state], [201, "submitted"]);
    clock.ms = Date.UTC(2026, 0, 10);
    assert.equal((await ask(operator, "POST", "/calls/spring/close")).status, 200);
    assert.equal((await ask(tenant, "POST", "/applications/1/reviews", { points: { impact: 100 } })).status, 403);
    const review = await runPulmu("allot", "review", "1", "--points", "impact=77", "--db", db);
    assert.deepEqual([review.code, review.stderr], [0, ""]);
    assert.equal((await ask(operator, "POST", "/calls/spring/decide")).json[0].gpus, 16);
    assert.equal((await ask(tenant, "POST", "/grants/1/answer", { accepts: true })).json.state, "active");
    const reserved = async () =>
      (await (await bookOf(house.store)).reservations()).map(({ groupId, gpus, fromMs, untilMs }) => [groupId, gpus, fromMs, untilMs]);
    assert.deepEqual(await reserved(), [["startup", 16, form.fromMs, form.untilMs]]);
    clock.ms = Date.UTC(2026, 1, 1) + 14 * DAY;
    const used = { id: "u1", kind: "job", atMs: Date.UTC(2026, 1, 3), tenantId: "startup", projectId: "startup/lab", keyId: "", modelId: "", acceleratorId: "", meters: { gpuMilliS: 16 * 6 * DAY } }; // prettier-ignore
    await (await house.ledger()).record(used as never);
    const [warned] = (await ask(operator, "POST", "/calls/spring/monitor")).json;
    assert.deepEqual([warned.state, warned.costSoFarKrw], ["warned", `${16 * 14 * 24 * 500}`]);
    clock.ms += 14 * DAY;
    assert.equal((await ask(operator, "POST", "/calls/spring/monitor")).json[0].state, "reclaimed");
    assert.deepEqual(await reserved(), [["startup", 16, form.fromMs, clock.ms]], "its jobs have them no longer");
    const report = (await ask(tenant, "GET", "/calls/spring/report")).json;
    assert.deepEqual([report.reclaimed, report.sectors[0].gpusHeld, report.grants[0].usedPercent], [1, 0, 21.4]);
    assert.equal((await ask(tenant, "GET", "/calls/spring/reviews")).status, 403);
    assert.match((await runPulmu("allot", "report", "spring", "--db", db)).stdout, /Start-up Ltd +industry +16 +reclaimed +21\.4 %/);
  });

  test("names what is wrong in a file that applies, with its line", async () => {
    const file = join(folder, "apply.yaml");
    writeFileSync(file, "call: spring\ntenant: startup\norganisation: Start-up\nsector: industri\n");
    const { code, stderr } = await runPulmu("allot", "apply", file, "--db", db);
    assert.equal(code, 2);
    assert.match(stderr, /apply\.yaml:4: sector: industri: .*industry/);
    assert.match(stderr, /purpose/);
  });
});
