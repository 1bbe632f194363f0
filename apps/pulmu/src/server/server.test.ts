import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { LiveFactory } from "../live/factory.ts";
import type { FactoryState } from "../live/state.ts";
import { createFakeSimulation, FAKE_START_MS } from "../testing/fake-simulation.ts";
import { createFactoryServer, type FactoryServer } from "./app.ts";
import { listen, type Listening } from "./listen.ts";

let factory: LiveFactory;
let server: FactoryServer;
let listening: Listening;

before(async () => {
  factory = new LiveFactory(createFakeSimulation(), { workloadSource: "made up", speed: 1 });
  factory.advance(300);
  server = createFactoryServer(factory, { maxEventClients: 3 });
  listening = await listen(server.app, "127.0.0.1", 0);
});

after(async () => {
  server.events.close();
  await listening.close();
});

async function get(path: string, init?: RequestInit) {
  const response = await fetch(listening.url + path, init);
  return { response, status: response.status, body: (await response.json()) as any };
}

/** Reads server-sent frames until `count` of them have come, then hangs up. */
async function frames(path: string, count: number, headers: Record<string, string> = {}): Promise<string[]> {
  const abort = new AbortController();
  const response = await fetch(listening.url + path, { headers, signal: abort.signal });
  let text = "";
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.split("\n\n").length > count) break;
    }
  } finally {
    abort.abort();
  }
  return text.split("\n\n").slice(0, count);
}

/** Waits until a condition of the server holds; the test runner's own timeout is the bound. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("the state carries what people ask for first, every series, and where the workload comes from", async () => {
  const { status, body } = await get("/api/state");
  assert.equal(status, 200);
  const state = body as FactoryState;
  assert.equal(state.atMs, FAKE_START_MS + 300_000);
  assert.equal(state.secondsSimulated, 300);
  assert.equal(state.workloadSource, "made up");
  assert.equal(state.envelopeW, 2e6);
  assert.equal(state.pue, 1.1);
  assert.equal(state.joulesPerToken, 22);
  assert.equal(state.resultHash, factory.simulation.kpis().resultHash);
  assert.ok(state.sitePowerW > state.itPowerW && state.itPowerW > 1e6);
  assert.equal(state.tokensPerSPerMW, (state.tokensPerS / state.sitePowerW) * 1e6);
});

test("what is not known is null, not a number that could be believed", async () => {
  assert.equal((await get("/api/state")).body.targetW, null);
});

test("the racks nearest a limit come worst first", async () => {
  const racks = (await get("/api/state")).body.worstRacks as { id: string }[];
  assert.deepEqual(
    racks.map(({ id }) => id),
    ["h1/r02/04", "h1/r02/03", "h1/r02/02", "h1/r02/01", "h1/r01/04"],
  );
});

test("the site is told with names in place of indices", async () => {
  const { body } = await get("/api/site");
  assert.equal(body.racks, 8);
  assert.equal(body.gpus, 576);
  assert.deepEqual(body.nodes[1].parents, ["main-a"]);
  assert.deepEqual(body.rackTypes, { "gb300-nvl72": 8 });
});

test("series are read by name, span and step", async () => {
  const { status, body } = await get(`/api/series?name=envelopeW,targetW&from=${FAKE_START_MS}&to=${FAKE_START_MS + 120_000}&step=60`);
  assert.equal(status, 200);
  assert.deepEqual(body, {
    stepS: 60,
    atMs: [1, 60, 120].map((s) => FAKE_START_MS + s * 1000),
    series: { envelopeW: [2e6, 2e6, 2e6], targetW: [null, null, null] },
  });
});

test("without a span, the series of the last 15 minutes come second by second", async () => {
  const { body } = await get("/api/series?name=sitePowerW");
  assert.equal(body.atMs.length, 300);
  assert.equal(body.atMs.at(-1), factory.simulation.atMs);
});

for (const [query, code, hint] of [
  ["", "api.missing", "name=sitePowerW"],
  ["?name=", "api.missing", "name=sitePowerW"],
  ["?name=sitePower", "api.unknown-series", "did you mean sitePowerW?"],
  ["?name=<script>alert(1)</script>", "api.unknown-series", "known: sitePowerW"],
  ["?name=__proto__", "api.unknown-series", "known: sitePowerW"],
  ["?name=pue&from=yesterday", "api.number", undefined],
  ["?name=pue&from=1e99", "api.number", undefined],
  ["?name=pue&step=0", "api.step", undefined],
  ["?name=pue&step=-5", "api.step", undefined],
  ["?name=pue&step=86401", "api.step", undefined],
  ["?name=pue&from=2000&to=1000", "api.span", undefined],
] as const) {
  test(`/api/series${query} is refused with ${code}`, async () => {
    const { status, body } = await get(`/api/series${query}`);
    assert.equal(status, 400);
    assert.equal(body.error.code, code);
    if (hint !== undefined) assert.ok(body.error.hint.startsWith(hint), body.error.hint);
    assert.ok(!JSON.stringify(body).includes("script"), "the question is not repeated");
  });
}

test("too long an address is refused", async () => {
  const { status, body } = await get(`/api/series?name=${"pue,".repeat(1000)}`);
  assert.equal(status, 414);
  assert.equal(body.error.code, "api.url-too-long");
});

test("racks can be sorted and limited, and a bad order or limit is refused", async () => {
  const { body } = await get("/api/racks?sort=inlet&limit=1");
  assert.deepEqual(body, [
    { id: "h1/r01/03", type: "gb300-nvl72", powerW: 108_000, readingW: 108_000, limitW: 142_000, inletC: 31.5, speed: 1 },
  ]);
  assert.equal((await get("/api/racks")).body.length, 8);
  assert.equal((await get("/api/racks?sort=colour")).body.error.code, "api.sort");
  assert.equal((await get("/api/racks?limit=0")).body.error.code, "api.limit");
});

test("nodes, jobs and services are listed", async () => {
  assert.equal((await get("/api/nodes")).body[1].id, "tr-a");
  assert.equal((await get("/api/jobs")).body.length, 3);
  assert.equal((await get("/api/services")).body[0].id, "agents-chat");
  assert.equal((await get("/healthz")).body.status, "ok");
});

test("metrics carry units in names, a help line each, and the feed and power node as labels", async () => {
  const response = await fetch(`${listening.url}/metrics`);
  const text = await response.text();
  assert.match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const value = (name: string) =>
    Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1),
    );
  assert.equal(value("pulmu_site_power_watts"), factory.simulation.row[0]);
  assert.equal(value("pulmu_tokens_total"), factory.simulation.kpis().tokensOut);
  assert.equal(value('pulmu_feed_power_watts{feed="main-a"}'), factory.simulation.nodePowerW[0]);
  assert.equal(value('pulmu_power_node_watts{node="tr-a",kind="transformer"}'), factory.simulation.nodePowerW[1]);
  assert.equal(value("pulmu_ttft_p99_seconds"), 0.84);
  assert.ok(text.includes("# HELP pulmu_site_power_watts Power drawn from all feeds\n# TYPE pulmu_site_power_watts gauge\n"));
});

test("a metric that is not known is absent, not zero", async () => {
  const text = await (await fetch(`${listening.url}/metrics`)).text();
  assert.ok(text.includes("# TYPE pulmu_target_watts gauge"));
  assert.ok(!/^pulmu_target_watts/m.test(text));
});

test("only reading is allowed", async () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const { response, body } = await get("/api/state", { method });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "GET, HEAD");
    assert.equal(body.error.code, "api.method");
  }
});

test("an unknown address is a JSON 404 that does not repeat it", async () => {
  const { status, body } = await get("/<img src=x>");
  assert.equal(status, 404);
  assert.deepEqual(body, { error: { code: "api.not-found", message: "no such address", hint: "/api lists what there is" } });
});

test("what there is to ask is listed, and no answer may be framed or taken for something else", async () => {
  const { response, body } = await get("/api");
  assert.equal(body["/metrics"], "Prometheus");
  assert.equal(response.headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
});

test("a client of the event stream gets recent events, the state now, and each state that follows", async () => {
  const reading = frames("/api/events", 8);
  await until(() => server.events.clients === 1);
  factory.advance(1);
  server.events.sendState();
  const got = await reading;
  assert.equal(got[0], "retry: 2000");
  assert.deepEqual(
    got.slice(1, 6).map((frame) => frame.split("\n").slice(0, 2)),
    [1, 2, 3, 4, 5].map((id) => [`id: ${id}`, "event: event"]),
  );
  const states = got.slice(6).map((frame) => JSON.parse(frame.split("data: ")[1]) as FactoryState);
  assert.deepEqual(
    states.map((state) => state.secondsSimulated),
    [300, 301],
  );
});

test("a client that comes back gets only the events it missed", async () => {
  const got = await frames("/api/events", 2, { "Last-Event-ID": "4" });
  assert.equal(got[1].split("\n")[0], "id: 5");
});

test("a client that left is forgotten", async () => {
  await until(() => server.events.clients === 0);
});

test("a client that does not read is dropped, the others go on", async () => {
  const { hostname, port } = new URL(listening.url);
  const slow = connect(Number(port), hostname);
  slow.on("error", () => {});
  slow.write("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  slow.pause();
  await until(() => server.events.clients === 1);
  // The kernel takes some megabytes before the stream notices that nobody reads.
  let sent = 0;
  while (server.events.clients > 0 && sent < 20_000) {
    server.events.sendState();
    if (++sent % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(server.events.clients, 0);
  slow.destroy();
  assert.equal((await frames("/api/events", 2))[0], "retry: 2000");
});

test("beyond the limit of clients the next is told to come later", async () => {
  await until(() => server.events.clients === 0);
  const abort = new AbortController();
  for (let i = 0; i < 3; i++) await fetch(`${listening.url}/api/events`, { signal: abort.signal });
  const { response, status, body } = await get("/api/events");
  abort.abort();
  assert.equal(status, 503);
  assert.equal(response.headers.get("retry-after"), "5");
  assert.equal(body.error.code, "api.too-many-clients");
});

test("a port in use is one clear error", async () => {
  const port = Number(new URL(listening.url).port);
  await assert.rejects(listen(server.app, "127.0.0.1", port), (error: PulmuError) => {
    assert.equal(
      error.message,
      `--port: ${port}: something on 127.0.0.1 uses this port already (choose another, or --port 0 for any free one)`,
    );
    return error instanceof PulmuError;
  });
});

test("an address that is not this machine's is one clear error", async () => {
  await assert.rejects(listen(server.app, "192.0.2.1", 0), {
    name: "PulmuError",
    message: /^--host: 192\.0\.2\.1: not an address of this machine/,
  });
});
