import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LeaseKeeper, PowerLoop, prepareSteering, rackLimitW, TargetBook } from "@pulmu/power";
import { openLive } from "../run/twin.ts";
import { twinMeters, twinMs, twinWorks } from "../steer/twin-plant.ts";
import { rackDevices, trayId } from "./rack-devices.ts";
import { serveBmcs } from "./serve-bmcs.ts";
import { twinBmcs } from "./twin-bmcs.ts";

const LAB = join(import.meta.dirname, "../../../../sites/lab.yaml");
const ROOT = { user: "root", password: "0penBmc" };
const SECONDS = 45;

test("given a site steered over Redfish, what its BMCs allow together never passes the contract, with a rack's BMCs dying on the way", async () => {
  const { simulation } = await openLive(Date.UTC(2027, 7, 10, 1), { site: LAB, synthetic: true });
  const { catalog, site } = simulation;
  const setup = prepareSteering(site);
  const bmcs = twinBmcs(simulation, [...site.racks.keys()], ROOT);
  const server = await serveBmcs(bmcs);
  const devices = rackDevices(site.racks, catalog, {
    urlOf: (rackId, tray) => server.urlOf(trayId(rackId, tray)),
    trust: "plain-http-on-loopback",
    credentials: async () => ROOT,
    limits: { requestsPerS: 5000, tries: 1, answerMs: 30_000, lookPauseMs: 1 },
  });
  // The twin's seconds pass as they are stepped, each when all is said and done; sockets live in real time, and wait longer on a busy machine.
  const clock = {
    monotonicMs: () => twinMs(simulation),
    sleep: (ms: number, signal: AbortSignal) => sleep(10 * ms, undefined, { signal }),
  };
  const keeper = new LeaseKeeper(devices, { clock });
  const stop = new AbortController();
  const run = keeper.run(stop.signal);
  const loop = new PowerLoop(setup, new TargetBook(), 1, twinMs(simulation));
  const meters = twinMeters(simulation);
  const works = twinWorks(simulation);
  const allowedW = () =>
    site.racks.reduce((sum, { id, type }) => {
      const capsW = Array.from({ length: type.trays }, (_, i) => bmcs.get(trayId(id, i + 1))!.limits.capsW).flat();
      return sum + rackLimitW(type, capsW.reduce((a, b) => a + b) / capsW.length);
    }, 0);
  keeper.commission(setup.fallbackCapW);
  let reports = keeper.reports();
  try {
    for (let s = 0; s < SECONDS; s++) {
      const nowMs = twinMs(simulation);
      const { writes, asks } = loop.step({ nowMs, wallMs: simulation.atMs, meters: meters.read(), reports, works: works.works() });
      keeper.send(writes);
      keeper.ask(asks);
      if (s === 25) for (const [id, { faults }] of bmcs) if (id.startsWith(site.racks[0].id)) faults.failures = Infinity;
      keeper.check();
      while (keeper.busy > 0) await sleep(5);
      reports = keeper.reports();
      simulation.step();
      if (s > 20) assert.ok(allowedW() <= setup.firmW[0] + 1, `second ${s}: BMCs allow ${allowedW()} W of ${setup.firmW[0]} W`);
    }
    assert.ok(allowedW() > 0.9 * setup.firmW[0], `the contract is used: ${allowedW()} W of ${setup.firmW[0]} W`);
    for (const [id, { seen }] of bmcs) assert.ok(seen.mostAtOnce <= 2 && seen.logins <= 1, `${id}: ${JSON.stringify(seen)}`);
  } finally {
    stop.abort();
    await run;
    await server.close();
  }
});
