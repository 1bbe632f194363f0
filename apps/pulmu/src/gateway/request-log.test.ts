import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeenRequest } from "@pulmu/gateway";
import { RequestLog } from "./request-log.ts";

const traceOf = (n: number) => n.toString(16).padStart(32, "0");

const seen = (n: number, over: Partial<SeenRequest> = {}): SeenRequest => ({
  requestId: `req-${n}`,
  traceparent: `00-${traceOf(n)}-00f067aa0ba902b7-01`,
  parent: undefined,
  path: "/chat/completions",
  tenantId: "acme",
  projectId: "acme/search",
  keyId: "k1",
  startMs: 1_000 * n,
  endMs: 1_000 * n + 250,
  left: false,
  error: undefined,
  ...over,
});

test("the last requests are kept, newest first, and the oldest forgotten", () => {
  const log = new RequestLog(3);
  for (let n = 1; n <= 5; n++) log.add(seen(n));
  assert.deepEqual(log.latest(10, () => true).map(({ requestId }) => requestId), ["req-5", "req-4", "req-3"]); // prettier-ignore
  assert.deepEqual(log.latest(1, () => true).map(({ requestId }) => requestId), ["req-5"]); // prettier-ignore
  assert.deepEqual(log.ofTrace(traceOf(1)), []);
  assert.equal(log.ofTrace(traceOf(4))[0].tookMs, 250);
});

test("a request that was turned away names the grid's message behind it, and nothing of what was asked is kept", () => {
  const log = new RequestLog();
  const ask = { modelId: "m", streamed: false, promptBytes: 9, maxOutputTokens: 1, flexible: true, prefix: "a secret" };
  log.add(
    seen(1, {
      ask,
      error: "power_curtailment",
      refusal: "Flexible work waits for power.",
      because: `00-${traceOf(7)}-00f067aa0ba902b7-01`,
    }),
  );
  const [request] = log.ofTrace(traceOf(1));
  assert.deepEqual([request.modelId, request.error, request.because], ["m", "power_curtailment", traceOf(7)]);
  assert.ok(!JSON.stringify(request).includes("secret"));
});
