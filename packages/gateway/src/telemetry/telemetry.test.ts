import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openStore, type Store } from "@pulmu/journal";
import type { Curtailment } from "../admission/capacity.ts";
import { deployment, type Door, openDoor } from "../testing/door.ts";
import { MockUpstream } from "../testing/mock-upstream.ts";
import type { Span } from "./genai-span.ts";
import { exporterFrom, type SpanExporter } from "./span-exporter.ts";

/** A collector that keeps what it is sent. */
class Collector {
  readonly spans: Span[] = [];
  readonly headers: unknown[] = [];
  status = 200;
  readonly #server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    this.headers.push(request.headers["x-token"]);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
    if (this.status === 200) this.spans.push(...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)));
    response.writeHead(this.status).end("{}");
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const valuesOf = ({ attributes }: Pick<Span, "attributes">) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0] as unknown]));

test("without an endpoint nothing is exported, and one that is no address is told of", () => {
  const said: string[] = [];
  assert.equal(
    exporterFrom({}, (text) => said.push(text)),
    undefined,
  );
  assert.equal(
    exporterFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: "here" }, (text) => said.push(text)),
    undefined,
  );
  assert.equal(said.length, 1);
});

describe("a door that is watched", () => {
  const collector = new Collector();
  const upstream = new MockUpstream();
  const folder = mkdtempSync(join(tmpdir(), "pulmu-spans-"));
  const said: string[] = [];
  let exporter: SpanExporter;
  let store: Store;
  let door: Door;
  let curtailment: Curtailment | undefined;
  const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const grid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  before(async () => {
    const endpoint = await collector.start();
    exporter = exporterFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`, OTEL_EXPORTER_OTLP_HEADERS: "x-token=a%20b" }, (text) =>
      said.push(text),
    )!;
    store = await openStore(join(folder, "s.db"));
    door = await openDoor(store, [deployment("hyperclova", [await upstream.start()])], {
      onSeen: (seen) => exporter.add(seen),
      capacity: { curtailment: () => curtailment },
      serviceClassOf: () => "flexible",
    });
  });
  after(async () => {
    await door.close();
    await exporter.close();
    await store.close();
    await upstream.stop();
    collector.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = (model: string) =>
    fetch(`${door.url}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${door.key}`, traceparent: parent },
      body: JSON.stringify({ model, max_tokens: 9, messages: [{ role: "user", content: "비밀이야" }] }),
    });

  test("one span for each request, in the conventions' names, in the caller's trace and the upstream's; nothing of what was said", async () => {
    assert.equal((await ask("hyperclova")).status, 200);
    assert.equal((await ask("nothing")).status, 404);
    curtailment = { reason: "grid target", untilMs: Date.now() + 3_600_000, flexibleShare: 0, traceparent: grid };
    assert.equal((await ask("hyperclova")).status, 503);
    curtailment = undefined;
    await exporter.close();
    const [good, unknown, curtailed] = collector.spans;
    assert.deepEqual(
      [good.name, good.kind, good.traceId, good.parentSpanId],
      ["chat hyperclova", 3, parent.slice(3, 35), parent.slice(36, 52)],
    );
    assert.equal(upstream.requests[0].headers["traceparent"], `00-${good.traceId}-${good.spanId}-01`);
    const values = valuesOf(good);
    assert.deepEqual(
      ["gen_ai.operation.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.request.max_tokens", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"].map((name) => values[name]), // prettier-ignore
      ["chat", "hyperclova", "hyperclova@1", "9", "9", "3"],
    );
    assert.ok((values["pulmu.energy.joules"] as number) > 0);
    assert.deepEqual([valuesOf(unknown)["error.type"], unknown.status.code], ["model_not_found", 2]);
    assert.deepEqual([valuesOf(curtailed)["error.type"], curtailed.links?.[0].traceId], ["power_curtailment", grid.slice(3, 35)]);
    assert.ok(!JSON.stringify(collector.spans).includes("비밀") && !JSON.stringify(collector.spans).includes("안녕"));
    assert.deepEqual(collector.headers, ["a b"]);
  });

  test("a collector that refuses costs spans, and is told of; requests go on", async () => {
    collector.status = 503;
    exporter = exporterFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: await collectorUrl() }, (text) => said.push(text))!;
    assert.equal((await ask("hyperclova")).status, 200);
    await exporter.close();
    assert.match(said.at(-1)!, /^1 spans were dropped: .+: status 503$/);
  });

  async function collectorUrl(): Promise<string> {
    collector.stop();
    return collector.start();
  }
});
