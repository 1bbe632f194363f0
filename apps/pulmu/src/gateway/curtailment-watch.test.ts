import assert from "node:assert/strict";
import { test } from "node:test";
import type { Curtailment } from "@pulmu/gateway";
import type { Draft } from "@pulmu/journal";
import { CurtailmentWatch } from "./curtailment-watch.ts";

test("a curtailment is told twice, under the grid's trace: when it begins, and when it is over, with what it took", () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const lines: Draft[] = [];
  let curtailment: Curtailment | undefined;
  let gaveWay = { refused: 5, delayed: 1 };
  const watch = new CurtailmentWatch({ curtailment: () => curtailment }, () => gaveWay, (draft) => lines.push(draft)); // prettier-ignore
  watch.look(0);
  curtailment = { reason: "grid target 30 MW", untilMs: 60_000, flexibleShare: 0, traceparent };
  watch.look(500);
  curtailment = { ...curtailment, flexibleShare: 0.5 };
  watch.look(1_000);
  gaveWay = { refused: 12, delayed: 3 };
  curtailment = undefined;
  watch.look(60_000);
  watch.look(60_500);
  assert.deepEqual(
    lines.map(({ kind, data, traceparent: trace }) => [kind, data, trace]),
    [
      // prettier-ignore
      ["gateway.curtailed", { reason: "grid target 30 MW", untilMs: 60_000 }, traceparent],
      ["gateway.restored", { reason: "grid target 30 MW", refused: 7, delayed: 2 }, traceparent],
    ],
  );
});
