import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { Gatekeeper, HOUSE_TENANT, type Role, SYSTEM } from "@pulmu/govern";
import { appendEntries } from "@pulmu/journal";
import { createAccountsApi } from "../accounts/api.ts";
import { type House, openHouse } from "../accounts/house.ts";
import { LiveFactory } from "../live/factory.ts";
import { createFactoryServer } from "../server/app.ts";
import { listen, type Listening } from "../server/listen.ts";
import { builtConsole } from "../testing/built-console.ts";
import { createFakeSimulation, FAKE_START_MS } from "../testing/fake-simulation.ts";
import { Console } from "./console.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-console-"));
let house: House;
let pages: Console;
let listening: Listening;
let operatorKey: string;
let stopEvents: () => void;
let rackId: string;

before(async () => {
  builtConsole();
  house = await openHouse({ db: join(folder, "house.db") });
  operatorKey = (await house.identity.bootstrap(SYSTEM))!;
  const factory = new LiveFactory(createFakeSimulation(), { workloadSource: "made up", speed: 1 });
  pages = new Console(factory);
  factory.advance(600);
  pages.open({ store: house.store, journal: house.store, localKey: operatorKey });
  rackId = factory.simulation.site.racks[0].id;
  const accounts = createAccountsApi({ house, gatekeeper: new Gatekeeper(house.store) });
  const server = createFactoryServer(factory, { accounts, pages });
  listening = await listen(server.app, "127.0.0.1", 0);
  stopEvents = () => server.events.close();
});

after(async () => {
  stopEvents();
  await listening.close();
  await pages.close();
  await house.close();
  rmSync(folder, { recursive: true });
});

/** A key of a new account with this role over the whole site, or (left out) of a tenant that may only use models. */
async function keyOf(role: Role | undefined, name: string): Promise<string> {
  const { identity } = house;
  const tenant = role === undefined ? name : HOUSE_TENANT;
  if (role === undefined) await identity.createTenant(SYSTEM, tenant, tenant);
  const project = await identity.createProject(SYSTEM, tenant, name, name);
  const account = await identity.createAccount(SYSTEM, project.id, "app", role);
  return (await identity.createKey(SYSTEM, { accountId: account.id, scopes: ["inference", "read", "admin"] })).text;
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(listening.url + path, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });

/** The cookie of a browser that signs in. */
async function signIn(body: unknown): Promise<string> {
  const response = await post("/api/console/session", body);
  assert.equal(response.status, 200);
  return response.headers.get("set-cookie")!;
}

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(listening.url + path, { headers });
  return { status: response.status, headers: response.headers, body: (await response.json()) as any };
};

test("the cookie of a session is kept from scripts and from other sites, and names no key", async () => {
  const cookie = await signIn({ key: operatorKey });
  assert.match(cookie, /; HttpOnly; SameSite=Strict$/);
  assert.ok(!cookie.includes(operatorKey.slice(-20)));
});

test("a session stands in for the key that the accounts' API asks for, until it is signed out", async () => {
  const headers = { Cookie: (await signIn({ key: operatorKey })).split(";")[0] };
  assert.deepEqual((await get("/api/v1/tenants", headers)).status, 200);
  await fetch(`${listening.url}/api/console/session`, { method: "DELETE", headers });
  assert.equal((await get("/api/v1/tenants", headers)).status, 401);
});

test("the link of the terminal signs in as the house's operator; one of another run does not", async () => {
  const link = pages.signInLink.slice("/#in=".length);
  const headers = { Cookie: (await signIn({ link })).split(";")[0] };
  assert.deepEqual((await get("/api/console", headers)).body.who.roles, [{ role: "operator", tenantId: null }]);
  assert.equal((await post("/api/console/session", { link: `${link.slice(0, -1)}_` })).status, 401);
});

test("a key that is revoked ends its sessions", async () => {
  const key = await keyOf("viewer", "leaver");
  const headers = { Cookie: (await signIn({ key })).split(";")[0] };
  const { keyId } = (await get("/api/console", headers)).body.who;
  await house.identity.revokeKey(SYSTEM, keyId);
  assert.equal((await get("/api/console", headers)).body.who, null);
});

for (const [role, status] of [
  ["viewer", 403],
  ["auditor", 403],
  ["tenant-admin", 403],
  [undefined, 403],
  ["operator", 400], // may, but this plant has no bus to play on
] as const) {
  test(`${role ?? "a tenant without a role"} that plays a grid event is answered ${status}`, async () => {
    const key = await keyOf(role, `player-${role ?? "none"}`);
    const response = await post("/api/grid/events", { limitW: 1e6, durationS: 60 }, { Authorization: `Bearer ${key}` });
    assert.equal(response.status, status);
  });
}

test("nobody who is not signed in plays a grid event or reads the journal", async () => {
  assert.equal((await post("/api/grid/events", { limitW: 1e6, durationS: 60 })).status, 401);
  assert.equal((await get("/api/why?trace=4bf92f3577b34da6a3ce929d0e0e4736")).status, 401);
});

test("a key without a role reads nothing of a chain; a viewer reads usage and no journal; an auditor both", async () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  await house.store.transaction((tx) =>
    appendEntries(tx, [{ kind: "gateway.denied", actor: "key:k1", subject: "m", traceparent }], FAKE_START_MS),
  );
  const ledger = await house.ledger();
  const whose = { tenantId: HOUSE_TENANT, projectId: `${HOUSE_TENANT}/p`, keyId: "k1", modelId: "m", acceleratorId: "" };
  await ledger.record({
    id: "r1",
    kind: "request",
    atMs: Date.now(),
    ...whose,
    meters: { requests: 1, facilityMilliJ: 5_000 },
    traceparent,
  });
  const chainFor = async (role: Role | undefined) => {
    const headers = { Authorization: `Bearer ${await keyOf(role, `reader-${role ?? "none"}`)}` };
    const { status, body } = await get(`/api/why?trace=${trace}`, headers);
    return status === 200 ? [body.entries.length, body.usage.length, body.usage[0]?.record.meters.facilityMilliJ] : status;
  };
  assert.equal(await chainFor(undefined), 403);
  assert.deepEqual(await chainFor("viewer"), [0, 1, 5_000]);
  assert.deepEqual(await chainFor("auditor"), [1, 1, 5_000]);
});

test("a rack's limit is explained from what is provisioned to the work on it; an unknown rack is told", async () => {
  const { body } = await get(`/api/why/rack?rack=${encodeURIComponent(rackId)}`);
  assert.equal(body.rack, rackId);
  assert.equal(body.limitW, body.provisionedW);
  assert.equal(body.isHeld, false);
  assert.equal((await get("/api/why/rack?rack=nowhere")).status, 404);
});

test("what another origin's page sends changes nothing, even with the cookie", async () => {
  const Cookie = (await signIn({ key: operatorKey })).split(";")[0];
  const foreign = { Cookie, Origin: "http://evil.example" };
  assert.equal((await post("/api/v1/tenants", { id: "evil", name: "Evil" }, foreign)).status, 403);
  assert.equal((await post("/api/grid/events", { limitW: 1e6, durationS: 60 }, foreign)).status, 403);
  const form = { Cookie, Origin: listening.url, "Content-Type": "application/x-www-form-urlencoded" };
  assert.equal((await post("/api/v1/tenants", {}, form)).status, 403);
  const own = { Cookie, Origin: listening.url };
  assert.equal((await post("/api/v1/tenants", { id: "good", name: "Good" }, own)).status, 201);
});

for (const [what, body] of [
  ["no limit", { durationS: 60 }],
  ["a limit below zero", { limitW: -1, durationS: 60 }],
  ["a duration of a week", { limitW: 1e6, durationS: 604_800 }],
  ["something more", { limitW: 1e6, durationS: 60, whim: true }],
] as const) {
  test(`a grid event with ${what} is refused, and the answer names the field`, async () => {
    const response = await post("/api/grid/events", body, { Authorization: `Bearer ${operatorKey}` });
    assert.equal(response.status, 400);
    assert.match(((await response.json()) as any).error.message, /limitW|durationS|whim/);
  });
}

test("the past is as it was: a minute's state, every rack's reading, and the day of one rack", async () => {
  const at = FAKE_START_MS + 300_000;
  const { state, today } = (await get(`/api/moment?at=${at}`)).body;
  assert.equal(state.atMs, at);
  assert.equal(today.sinceMs, FAKE_START_MS + 1_000);
  const floor = (await get(`/api/floor/now?at=${at}`)).body;
  assert.deepEqual(floor.powerW.slice(0, 2), [100_000, 104_000]);
  assert.deepEqual([floor.speedPct[0], floor.work[0], floor.health[0]], [100, -1, 0]);
  const happened = (await get(`/api/happened?until=${at}`)).body;
  assert.deepEqual([happened.length, happened[0].atMs], [5, at]);
  const why = (await get(`/api/why/rack?rack=${encodeURIComponent(rackId)}&at=${at}`)).body;
  assert.deepEqual([why.atMs, why.powerW, why.isHeld], [at, 100_000, false]);
  const { atMs, powerW, stepS } = (await get("/api/floor/series?rack=h1/r01/02")).body;
  assert.deepEqual([atMs.length, powerW[0], stepS], [60, 104_000, 10]);
});

test("a point that is not of the site is not found", async () => {
  assert.equal((await get("/api/floor/series?rack=h9/r01/01")).status, 404);
});

test("the pages come with a policy that allows no inline script and no other host", async () => {
  for (const path of ["/", "/grid", "/why/4bf92f3577b34da6a3ce929d0e0e4736"]) {
    const response = await fetch(listening.url + path);
    const policy = response.headers.get("content-security-policy")!;
    assert.equal(response.status, 200);
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self' 'sha256-[^;]*; font-src 'self'/);
    assert.ok(!/unsafe|https?:|\*/.test(policy));
    assert.ok(!/<script(?![^>]* src=)/.test(await response.text()));
  }
});

test("files outside the console's own are not served", async () => {
  for (const path of ["/assets/..%2findex.html", "/assets/%2e%2e%2f.built", "/assets/.built", "/assets/none.js"])
    assert.equal((await fetch(listening.url + path)).status, 404, path);
});

test("all of the console is under 500 kB packed, fonts and every page included", () => {
  const assets = join(builtConsole(), "assets");
  const files = readdirSync(assets);
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(assets, file))).length, 0);
  assert.ok(bytes < 500_000, `${bytes} bytes in ${files.length} files`);
});
