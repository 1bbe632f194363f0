import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { BmsPublisher, sitePoints, TrafficChecker, type Bus } from "@pulmu/exchange";
import { openLive } from "../run/twin.ts";
import { CHECKOUT } from "../testing/run-pulmu.ts";
import { INTEGRATION, readingsOf } from "./site-side.ts";

const START_MS = Date.UTC(2027, 5, 30, 3);
const SECONDS = 5;

for (const [site, phase] of [
  ["gak-sejong", "p55"],
  ["gak-sejong", "p1000"],
  ["lab", "whole"],
  ["frontier", "whole"],
] as const) {
  // prettier-ignore
  test(`what the twin of ${site} publishes in its phase ${phase} is sound to the checker`, async () => {
    const { simulation } = await openLive(START_MS, { site: join(CHECKOUT, "sites", `${site}.yaml`), phase, synthetic: true });
    const checker = new TrafficChecker();
    const bus: Pick<Bus, "connected" | "offer"> = {
      connected: true,
      offer(topic, payload) {
        checker.observe({ topic, payload: Buffer.from(payload), qos: 0, retain: false, atMs: simulation.atMs });
        return true;
      },
    };
    const publisher = new BmsPublisher(bus as Bus, sitePoints(simulation.site, { integration: INTEGRATION }));
    for (let s = 0; s < SECONDS; s++) {
      simulation.step();
      await publisher.publish(readingsOf(simulation));
    }
    const { findings, racks } = checker.finish(simulation.atMs);
    assert.deepEqual(findings.map(({ code, subject, value }) => [code, subject, value]), []); // prettier-ignore
    assert.equal(racks, simulation.site.racks.length);
  });
}
