import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { loadCatalog } from "@pulmu/catalog";
import { sharedData } from "../testing/shared-data.ts";
import { readTraceFile } from "../traces/read-trace.ts";
import { ServingEngine } from "./engine.ts";
import { splitwiseBaseline, splitwiseMixedPool } from "./splitwise.ts";

const accelerator = loadCatalog().accelerators.get("h100");
assert.ok(accelerator);

interface Published {
  readonly ttftS: number;
  readonly e2eS: number;
  readonly tbtS: number;
}

function publishedRequests(file: string): Published[] {
  const [header, ...rows] = gunzipSync(readFileSync(file)).toString().trim().split("\n");
  const column = (name: string): number => header.split(",").indexOf(name);
  const [id, ttft, e2e, tbt] = ["request_ids", "ttft_times", "response_times", "tbt_times"].map(column);
  const byId: Published[] = [];
  for (const row of rows) {
    const fields = row.split(",").map(Number);
    byId[fields[id]] = { ttftS: fields[ttft], e2eS: fields[e2e], tbtS: fields[tbt] };
  }
  return byId;
}

/** As numpy: between the two nearest ranks. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const low = Math.floor(rank);
  return sorted[low] + (rank - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

for (const rate of [30, 70]) {
  const trace = sharedData(`splitwise/trace_rr_conv_${rate}_2min.csv.gz`);
  test(
    `splitwise-sim at ${rate} requests/s with its own latency table: every request's times are the published ones`,
    { skip: trace.skip },
    async () => {
      const perfModel = gunzipSync(readFileSync(sharedData("splitwise/perf_model.csv.gz").path)).toString();
      const published = publishedRequests(sharedData(`splitwise/out_b40_conv${rate}_requests.csv.gz`).path);
      const mine: Published[] = [];
      const engine = new ServingEngine(splitwiseBaseline(perfModel, accelerator, 40), {
        onRequest: ({ index, ttftS, e2eS, request }) => (mine[index] = { ttftS, e2eS, tbtS: (e2eS - ttftS) / request.outputTokens }),
      });
      for await (const batch of readTraceFile(trace.path)) for (const request of batch) engine.arrive(request);
      engine.finish();
      assert.equal(mine.length, published.length);
      for (const measure of ["ttftS", "tbtS", "e2eS"] as const) {
        for (const share of [0.5, 0.9, 0.99]) {
          const [ours, theirs] = [mine, published].map((all) =>
            quantile(
              all.map((request) => request[measure]),
              share,
            ),
          );
          assert.ok(Math.abs(ours / theirs - 1) < 1e-6, `${measure} p${share * 100}: ${ours} s, published ${theirs} s`);
        }
      }
      const worstS = Math.max(...mine.map(({ e2eS }, i) => Math.abs(e2eS - published[i].e2eS)));
      assert.ok(worstS < 1e-6, `a request is done ${worstS} s off`);
    },
  );
}

test(
  "splitwise's two pools under little load: a prompt waits for nothing but its own prefill, an answer for nothing but its transfer",
  {
    skip: sharedData("splitwise/perf_model.csv.gz").skip,
  },
  () => {
    const perfModel = gunzipSync(readFileSync(sharedData("splitwise/perf_model.csv.gz").path)).toString();
    const deployment = splitwiseMixedPool(perfModel, accelerator, { prompt: 2, token: 1 });
    const [{ model }] = deployment.pools;
    const records: { ttftS: number; e2eS: number }[] = [];
    const engine = new ServingEngine(deployment, { onRequest: (record) => records.push(record) });
    engine.arrive({ atS: 0, promptTokens: 1024, outputTokens: 11 });
    engine.finish();
    const prefillS = model.stepS(1024, 0, 0, 0, 1);
    const decodeS = 10 * model.stepS(0, 0, 1, 1, 1);
    assert.ok(Math.abs(records[0].ttftS - prefillS) < 1e-12);
    assert.ok(Math.abs(records[0].e2eS - (prefillS + model.kvTransferS(1024) + decodeS)) < 1e-12);
  },
);
