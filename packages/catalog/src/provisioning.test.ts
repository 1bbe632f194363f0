import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog, provisionedGpus } from "./index.ts";

const { provisioning } = loadCatalog();

/** GPUs without and with MaxLPS, NVIDIA's dashboard as reported in June 2026. */
const DASHBOARD = [
  [96e6, 26_322, 38_304],
  [250e6, 68_688, 99_720],
  [1e9, 274_968, 399_096],
] as const;

for (const [envelopeW, without, withMaxLps] of DASHBOARD) {
  test(`${envelopeW / 1e6} MW carry the GPUs of the dashboard within 1 %`, () => {
    const counts = ["vr-maxp-all-in", "vr-maxlps-all-in"].map((id) => provisionedGpus(provisioning.get(id)!, envelopeW));
    assert.ok(Math.abs(counts[0] / without - 1) < 0.01, `${counts[0]} instead of ${without}`);
    assert.ok(Math.abs(counts[1] / withMaxLps - 1) < 0.01, `${counts[1]} instead of ${withMaxLps}`);
  });
}
