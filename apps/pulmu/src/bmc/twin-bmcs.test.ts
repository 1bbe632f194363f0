import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { loadCatalog } from "@pulmu/catalog";
import { LeaseKeeper } from "@pulmu/power";
import { openLive } from "../run/twin.ts";
import { bmcProfile, rackDevices, trayId } from "./rack-devices.ts";
import { serveBmcs } from "./serve-bmcs.ts";
import { twinBmcs } from "./twin-bmcs.ts";

const LAB = join(import.meta.dirname, "../../../../sites/lab.yaml");
const ROOT = { user: "root", password: "0penBmc" };

test("given a twin behind its BMCs, a rack's power falls with its lease, and goes to the fallback when that ends", async () => {
  const { simulation } = await openLive(Date.UTC(2027, 7, 10, 1), { site: LAB, synthetic: true });
  const { catalog, site } = simulation;
  const bmcs = twinBmcs(simulation, [0, 1], ROOT);
  const server = await serveBmcs(bmcs);
  const devices = rackDevices(site.racks.slice(0, 2), catalog, {
    urlOf: (rackId, tray) => server.urlOf(trayId(rackId, tray)),
    trust: "plain-http-on-loopback",
    credentials: async () => ROOT,
    limits: { requestsPerS: 5000, answerMs: 10_000, lookPauseMs: 1 },
  });
  const keeper = new LeaseKeeper(devices, { limits: { checkMs: 20, graceMs: 60_000 } });
  const stop = new AbortController();
  const run = keeper.run(stop.signal);
  const gpuCapW = (rack: number) => bmcs.get(trayId(site.racks[rack].id, 18))!.limits.capsW[0];
  const until = async (what: () => boolean) => {
    for (let i = 0; i < 1000 && !what(); i++) await sleep(20);
    assert.ok(what());
  };
  const shown = new Map<number, number>();
  const heard = () => {
    for (const { rack, order } of keeper.reports()) shown.set(rack, order);
  };
  try {
    for (let s = 0; s < 60; s++) simulation.step();
    const [fullW, otherW] = simulation.rackPowerW;
    keeper.commission(Int32Array.from([900, 900]));
    keeper.send([{ rack: 0, gpuCapW: 400, clockLimit: 1, validForMs: 600_000, order: 1 }]);
    await until(() => (heard(), shown.get(0) === 1));
    assert.equal(gpuCapW(0), 400);
    for (let s = 0; s < 60; s++) simulation.step();
    assert.ok(simulation.rackPowerW[0] < 0.7 * fullW, `${simulation.rackPowerW[0]} W of ${fullW} W`);
    assert.ok(Math.abs(simulation.rackPowerW[1] - otherW) < 0.2 * otherW, "the other rack goes on");
    keeper.send([{ rack: 0, gpuCapW: 400, clockLimit: 1, validForMs: 1, order: 2 }]);
    await until(() => gpuCapW(0) === 900);
    assert.ok([...bmcs.values()].every(({ seen }) => seen.logins <= 1 && seen.mostAtOnce <= 2));
  } finally {
    stop.abort();
    await run;
    assert.ok(
      [...bmcs.values()].every(({ sessions }) => sessions === 0),
      "sessions are left behind",
    );
    await server.close();
  }
});

test("given a rack whose BMC is not in the catalogue, that is said", () => {
  assert.throws(() => bmcProfile(loadCatalog(), "hgx-mi355x"), /hgx-mi355x: no BMC profile for racks of this type/);
});
