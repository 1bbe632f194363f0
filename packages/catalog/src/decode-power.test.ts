import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePowerShare, loadCatalog } from "./index.ts";

test("an H100 decoding Llama-3.1-8B draws what ML.ENERGY measured at 8 and at 691 sequences, within 15 %", () => {
  const { serving, curves } = loadCatalog().accelerators.get("h100")!;
  for (const [sequences, measuredW] of [
    [8, 486.4],
    [690.9, 685.1],
  ] as const) {
    const powerW = curves.decode.activeW * decodePowerShare(serving, sequences);
    assert.ok(Math.abs(powerW / measuredW - 1) < 0.15, `${powerW} W at ${sequences} sequences`);
  }
});
