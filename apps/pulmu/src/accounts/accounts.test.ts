import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Gatekeeper, SYSTEM } from "@pulmu/govern";
import { checkpointJournal } from "@pulmu/journal";
import { postSettlement } from "@pulmu/ledger";
import { PulmuProcess, runPulmu } from "../testing/run-pulmu.ts";
import { createAccountsApi } from "./api.ts";
import { type House, openHouse } from "./house.ts";
import { openApiDocument } from "./openapi.ts";
import { OPERATIONS } from "./operations.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-accounts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the HTTP API of accounts", () => {
  let house: House;
  let ask: (
    method: string,
    path: string,
    options?: { key?: string | undefined; body?: unknown },
  ) => Promise<{ status: number; json: any; bytes: Buffer }>; // oxlint-disable-line no-explicit-any -- what came back is what is tested
  let operator: string;
  before(async () => {
    house = await openHouse({ db: join(folder, "api.db") });
    operator = (await house.identity.bootstrap(SYSTEM))!;
    const app = createAccountsApi({ house, gatekeeper: new Gatekeeper(house.store) });
    ask = async (method, path, { key = operator, body } = {}) => {
      const response = await app.request(path, {
        method,
        headers: { Authorization: `Bearer ${key}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      return {
        status: response.status,
        bytes,
        json: response.headers.get("content-type")?.includes("json") ? JSON.parse(bytes.toString()) : undefined,
      };
    };
  });
  after(() => house.close());
  const code = (answer: { json: { error?: { code: string } } }) => answer.json.error?.code;

  test("refuses who has no key, a wrong one, or asks for what is not there", async () => {
    assert.deepEqual(
      [(await ask("GET", "/tenants", { key: "" })).status, (await ask("GET", "/tenants", { key: "pulmu_x_y" })).status],
      [401, 401],
    );
    assert.equal((await ask("GET", "/nothing")).status, 404);
    assert.equal((await ask("GET", "/openapi.json", { key: "" })).status, 200);
  });

  test("takes a tenant from its creation to its statement", async () => {
    assert.equal((await ask("POST", "/tenants", { body: { id: "snu", name: "Seoul National University" } })).status, 201);
    assert.equal(code(await ask("POST", "/tenants", { body: { id: "snu", name: "again" } })), "govern.exists");
    await ask("POST", "/projects", { body: { tenantId: "snu", id: "genomics", name: "Genomics" } });
    await ask("POST", "/accounts", { body: { projectId: "snu/genomics", id: "ci", role: "tenant-admin" } });
    const made = await ask("POST", "/keys", { body: { accountId: "snu/genomics/ci", scopes: ["read", "admin"] } });
    assert.equal(made.status, 201);
    const tenant = made.json.text as string;
    await ask("POST", "/plans", { body: { id: "standard", name: "Standard", prices: [{ item: "output-mtok", krw: 1_200 }] } });
    await ask("POST", "/plans/assignments", { body: { tenantId: "", planId: "standard", from: "2026-01-01" } });
    const month = new Date(house.now() + 540 * 60_000).toISOString().slice(0, 7);
    const record = {
      id: "r1",
      kind: "request",
      atMs: house.now(),
      tenantId: "snu",
      projectId: "snu/genomics",
      keyId: "",
      modelId: "llama",
      acceleratorId: "",
      meters: { requests: 1, outputTokens: 5_000_000 },
    };
    assert.deepEqual((await ask("POST", "/usage/records", { body: [record] })).json, [{ id: "r1", result: "recorded" }]);
    const again = await ask("POST", "/usage/records", { body: [record, { ...record, meters: { outputTokens: 1 } }] });
    assert.deepEqual(again.json.map((row: { result: string }) => row.result), ["duplicate", "refused"]); // prettier-ignore
    assert.equal((await ask("POST", "/usage/records", { key: tenant, body: [record] })).status, 403);
    const statement = await ask("GET", `/statements/snu/${month}`, { key: tenant });
    assert.equal(statement.json.totalKrw, 6_000);
    assert.equal((await ask("POST", `/statements/snu/${month}/issue`, { key: tenant })).status, 403);
    assert.equal((await ask("POST", `/statements/snu/${month}/issue`)).json.version, 1);
    assert.match((await ask("GET", `/statements/snu/${month}/focus.csv`, { key: tenant })).bytes.toString(), /^BilledCost,/);
  });

  test("proves over HTTP what the commands prove: statement, usage, journal and books", async () => {
    const month = new Date(house.now() + 540 * 60_000).toISOString().slice(0, 7);
    await ask("POST", "/credits", { body: { id: "start", tenantId: "snu", amountKrw: 1_000, from: `${month}-01`, until: "2099-01-01" } });
    const statement = await ask("GET", `/statements/snu/${month}/verify`);
    assert.match(statement.json.findings.join(), /version 1 was issued with 6000 won; the records now give 5000/);
    await ask("POST", `/statements/snu/${month}/issue`);
    assert.deepEqual((await ask("GET", `/statements/snu/${month}/verify`)).json, { records: 1, totalKrw: 5_000, findings: [] });
    assert.match((await ask("GET", `/statements/snu/${month}/lines.csv`)).bytes.toString(), /\r\ntotal,+5000\r\n$/);
    assert.deepEqual((await ask("GET", "/usage/verify")).json.findings, []);
    assert.deepEqual((await ask("GET", "/books")).json, {
      accounts: { "credits:snu": "0", promotions: "1000", "receivable:snu": "5000", "revenue:output-mtok": "-6000" },
      unbalanced: [],
    });
    assert.deepEqual((await ask("GET", "/plans")).json[0].planId, "standard");
    await checkpointJournal(house.store, await house.signer(), house.now());
    const journal = (await ask("GET", "/journal/verify")).json;
    assert.deepEqual([journal.findings, journal.signedEntries === journal.entries], [[], true]);
    assert.match((await ask("GET", "/journal/key")).json.verifierKey, /^pulmu\.local\/journal\+/);
    const lines = (await ask("GET", "/usage/export.csv?tenant=snu")).bytes.toString().trimEnd().split("\r\n");
    assert.deepEqual([lines.length, lines[1].includes("snu/genomics")], [2, true]);
    assert.equal((await ask("GET", "/usage/export.parquet")).bytes.subarray(0, 4).toString(), "PAR1");
    assert.equal((await ask("GET", `/energy/${month}`)).json.siteMilliJ, "0");
  });

  test("shows a tenant nothing of another's", async () => {
    await ask("POST", "/tenants", { body: { id: "kaist", name: "KAIST" } });
    await ask("POST", "/projects", { body: { tenantId: "kaist", id: "lab", name: "Lab" } });
    await ask("POST", "/accounts", { body: { projectId: "kaist/lab", id: "ci", role: "tenant-admin" } });
    const { json } = await ask("POST", "/keys", { body: { accountId: "kaist/lab/ci", scopes: ["read", "admin"] } });
    const key = json.text as string;
    const all = async (path: string) => (await ask("GET", path, { key })).json;
    assert.deepEqual((await all("/tenants")).map((row: { id: string }) => row.id), ["kaist"]); // prettier-ignore
    assert.deepEqual(await all("/usage/records?tenant=snu"), []);
    assert.deepEqual(await all("/usage?by=tenant,model"), []);
    assert.equal((await ask("GET", "/statements/snu/2026-11", { key })).status, 403);
    assert.equal((await ask("GET", "/usage/export.csv", { key })).bytes.toString().trimEnd().split("\r\n").length, 1);
    for (const path of ["/books", "/energy/2026-11", "/usage/verify", "/journal/verify", "/statements/snu/2026-11/verify"])
      assert.equal((await ask("GET", path, { key })).status, 403, path);
    assert.equal((await ask("GET", "/journal/entries", { key })).status, 403);
    const set = async (scope: string, scopeId: string, by?: string) =>
      (await ask("PUT", "/budgets", { key: by, body: { scope, scopeId, meter: "krw", window: "month", most: 5 } })).status;
    assert.deepEqual([await set("project", "kaist/lab", key), await set("project", "snu/lab", key)], [200, 403]);
    // What the tenant has in all is the site's to say: the tenant may neither raise it nor lift it.
    assert.deepEqual([await set("tenant", "kaist", key), await set("tenant", "kaist")], [403, 200]);
    assert.equal((await ask("DELETE", "/budgets?id=tenant:kaist/*/krw/month", { key })).status, 403);
    const budgets = (await all("/budgets")).map((row: { id: string; most: string }) => [row.id, row.most]);
    assert.deepEqual(budgets.sort(), [["project:kaist/lab/*/krw/month", "5"], ["tenant:kaist/*/krw/month", "5"]]); // prettier-ignore
  });

  test("serves the journal as a tiled log", async () => {
    const note = await checkpointJournal(house.store, await house.signer(), house.now());
    assert.equal((await ask("GET", "/journal/log/checkpoint")).bytes.toString(), note);
    const size = Number(note!.split("\n")[1]);
    assert.equal((await ask("GET", `/journal/log/tile/0/000.p/${size}`)).bytes.length, 32 * size);
    assert.equal((await ask("GET", "/journal/log/tile/0/001")).status, 404);
  });

  test("answers what is wrong with what it is sent", async () => {
    assert.match((await ask("POST", "/tenants", { body: { id: "x" } })).json.error.message, /body\.name/);
    assert.equal((await ask("GET", "/usage?by=colour")).status, 400);
    assert.equal(
      (await ask("PUT", "/budgets", { body: { scope: "tenant", scopeId: "snu", meter: "krw", window: "month", most: -1 } })).status,
      400,
    );
    assert.equal((await ask("POST", "/usage/records", { body: [{ id: "x".repeat(2 << 20) }] })).json.error.code, "api.too-large");
    assert.equal((await ask("DELETE", "/budgets?id=nothing")).status, 404);
  });

  test("is told whole by its OpenAPI document: every operation, parameter and answer", () => {
    const document = openApiDocument(OPERATIONS) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; parameters: { in: string; name: string }[]; responses: object }>>;
    };
    assert.equal(document.openapi, "3.1.0");
    const told = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId, parameters, responses }]) => {
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        assert.deepEqual(
          parameters.filter((parameter) => parameter.in === "path").map((parameter) => parameter.name),
          named,
        );
        assert.ok(Object.keys(responses).length >= 2);
        return `${method} ${operationId}`;
      }),
    );
    assert.equal(new Set(told).size, OPERATIONS.length);
    const published = readFileSync(new URL("../../../../docs/schema/accounts.openapi.json", import.meta.url), "utf8");
    assert.deepEqual(JSON.parse(published), JSON.parse(JSON.stringify(document)), "write it again: npm run schema -w apps/pulmu");
  });
});

describe("the commands of accounts", () => {
  const db = ["--db", join(folder, "cli.db")];
  const pulmu = (...args: string[]) => runPulmu(...args, ...db);
  const json = async (...args: string[]) => JSON.parse((await pulmu(...args, "--json")).stdout);

  test("an hour of the running factory gives a statement that its raw records give again, and energy that sums to the meter", async () => {
    for (const args of [
      ["statement", "plan", "add", "prices/standard.yaml"],
      ["statement", "plan", "assign", "*", "standard", "--from", "2026-01-01"],
    ])
      assert.equal((await pulmu(...args)).code, 0);
    const run = await json("usage", "simulate", "scenarios/lab-hour.yaml", "--synthetic");
    const [sum] = await json("usage", "show", "--by", "tenant");
    assert.ok(Math.abs(Number(sum.outputTokens) / run.tokensOut - 1) < 1e-4, `${sum.outputTokens} of ${run.tokensOut} tokens`);
    const energy = await json("statement", "energy", "2027-05");
    const kept =
      BigInt(energy.billedItMilliJ) +
      BigInt(energy.idleItMilliJ) +
      BigInt(energy.coolingMilliJ) +
      BigInt(energy.lossMilliJ) +
      BigInt(energy.otherMilliJ);
    assert.equal(kept.toString(), energy.siteMilliJ);
    assert.ok(Math.abs(Number(energy.siteMilliJ) / 1000 / run.siteEnergyJ - 1) < 1e-6);
    assert.equal(energy.billedItMilliJ, sum.itMilliJ);
    assert.deepEqual(await json("usage", "simulate", "scenarios/lab-hour.yaml", "--synthetic"), run);
    const statement = await json("statement", "show", "lab", "2027-05");
    assert.deepEqual(await json("statement", "show", "lab", "2027-05", "--from-records"), statement);
    assert.deepEqual([statement.usage.outputTokens, statement.usage.facilityMilliJ], [sum.outputTokens, sum.facilityMilliJ]);
    assert.ok(statement.totalKrw > 0);
    assert.match((await pulmu("statement", "verify", "lab", "2027-05")).stdout, /All agree, and the books balance/);
  });

  test("the journal verifies, and an altered one does not", async () => {
    await pulmu("tenant", "create", "snu", "--name", "Seoul");
    const kept = await pulmu("journal", "checkpoint");
    assert.equal(kept.code, 0);
    assert.match((await pulmu("journal", "verify")).stdout, /Nothing was touched/);
    const house = await openHouse({ db: db[1] });
    await house.store.transaction((tx) => tx.run("update journal_entries set entry = $1 where seq = 1", [Buffer.from("{}")]));
    await house.close();
    const verified = await pulmu("journal", "verify");
    assert.deepEqual([verified.code, /entry 1/.test(verified.stdout)], [1, true]);
  });

  test("what the grid paid for an event is listed by the month it was in", async () => {
    const house = await openHouse({ db: join(folder, "grid.db") });
    const postings = [{ account: "receivable:kpx", amountKrw: 750_000 }, { account: "revenue:flexibility", amountKrw: -750_000 }]; // prettier-ignore
    const evening = { id: "flexibility/evening/v1", atMs: Date.UTC(2027, 0, 15, 9), memo: "5000 kWh reduced", postings };
    await postSettlement(house.store, house.calendar, evening, "system", house.now());
    await house.close();
    const { stdout } = await runPulmu("statement", "grid", "2027-01", "--db", join(folder, "grid.db"));
    assert.match(stdout, /flexibility\/evening\/v1 +5000 kWh reduced +kpx +750,000 +0\n/);
  });

  test("usage is imported once, and what is wrong with it is told by line", async () => {
    const file = join(folder, "usage.jsonl");
    const { writeFileSync } = await import("node:fs");
    const record = (id: string, outputTokens: number) =>
      JSON.stringify({
        id,
        kind: "request",
        atMs: Date.now(),
        tenantId: "snu",
        projectId: "snu/p",
        keyId: "",
        modelId: "m",
        acceleratorId: "",
        meters: { outputTokens },
      });
    writeFileSync(file, `${record("a", 5)}\n${record("b", -5)}\nnot json\n${record("a", 5)}\n`);
    const first = await pulmu("usage", "import", file);
    assert.equal(first.code, 2);
    assert.match(first.stdout, /1 recorded, 1 known already, 2 refused/);
    assert.match(first.stderr, /usage\.jsonl:2: meters\.outputTokens: -5: not negative/);
    assert.match(first.stderr, /usage\.jsonl:3: /);
    const out = join(folder, "out.csv");
    await pulmu("usage", "export", out, "--tenant", "snu");
    assert.equal(readFileSync(out, "utf8").trim().split("\n").length, 2);
  });

  test("a database that is away, or newer, is one clear line and exit code 1", async () => {
    const away = await runPulmu("tenant", "list", "--db", "postgres://pulmu@127.0.0.1:1/pulmu");
    assert.deepEqual([away.code, away.stderr.trim().split("\n").length], [1, 1]);
    assert.match(away.stderr, /the database server does not answer/);
    const house = await openHouse({ db: join(folder, "newer.db") });
    await house.store.transaction((tx) => tx.run("insert into schema_migrations (room, version, name) values ('ledger', 99, 'tomorrow')"));
    await house.close();
    const newer = await runPulmu("usage", "show", "--db", join(folder, "newer.db"));
    assert.deepEqual([newer.code, /version 99/.test(newer.stderr)], [1, true]);
  });
});

test("a factory with accounts shows its administrator's key once, meters itself, and stops clean", async () => {
  const db = join(folder, "up.db");
  const up = new PulmuProcess(["up", "--site", "sites/lab.yaml", "--synthetic", "--port", "0", "--speed", "60", "--db", db, "--json"]);
  const [, url] = await up.printed(/"serving":"([^"]+)"/);
  while (!/pulmu_\w+/.test(up.stderr)) await new Promise((resolve) => setTimeout(resolve, 20));
  const [key] = /pulmu_[\w-]+/.exec(up.stderr)!;
  const get = async (path: string) =>
    (await fetch(`${url}/api/v1${path}`, { headers: { Authorization: `Bearer ${key}` } })).json() as Promise<any>; // oxlint-disable-line no-explicit-any -- see above
  assert.deepEqual((await get("/tenants")).map((tenant: { id: string }) => tenant.id), ["house"]); // prettier-ignore
  const deadline = Date.now() + 60_000;
  let sums: { group: { tenant: string }; meters: { itMilliJ: string } }[] = [];
  while (sums.length === 0 && Date.now() < deadline) sums = await get("/usage?by=tenant");
  assert.equal(sums[0]?.group.tenant, "lab");
  assert.equal((await fetch(`${url}/api/state`)).status, 200);
  up.child.kill("SIGINT");
  assert.equal((await up.end()).code, 0);
  const again = await runPulmu("tenant", "list", "--db", db, "--json");
  assert.equal(JSON.parse(again.stdout).length, 1);
});
