import assert from "node:assert/strict";
import { test } from "node:test";
import { lossW } from "@pulmu/catalog";
import { parseSite, type Site } from "@pulmu/site";
import { arbitrarySite } from "@pulmu/site/testing";
import fc from "fast-check";
import type { FaultRates } from "../scenario.ts";
import { SERIES } from "../series.ts";
import type { Simulation } from "../simulation.ts";
import { advance, catalog, runOf, smallSite } from "../testing/small-site.ts";

/** Everything breaks every few hours of unit time: a busy ten minutes. */
const FRAIL: FaultRates = {
  gpu: { mtbfH: 40, repairH: 0.05 },
  tray: { mtbfH: 20, repairH: 0.05 },
  cduUnit: { mtbfH: 2, repairH: 0.1 },
  powerUnit: { mtbfH: 2, repairH: 0.05 },
  feed: { mtbfH: 1, repairH: 0.05 },
  network: { mtbfH: 2, repairH: 0.05 },
};

/** Relative difference between what the feeds deliver and what everything takes. */
function imbalance({ row }: Simulation): number {
  const parts =
    row[SERIES.itPowerW] + row[SERIES.lossPowerW] + row[SERIES.coolingPowerW] + row[SERIES.facilityPowerW] + row[SERIES.bessPowerW];
  return Math.abs(row[SERIES.sitePowerW] - parts) / Math.max(row[SERIES.sitePowerW], row[SERIES.itPowerW], 1);
}

/** Most a rack may draw when each of its GPUs keeps to `capW`: the rest of the rack flat out, through the power shelf. */
function mostOfRackW(site: Site, rack: number, capW: number): number {
  const { type } = site.racks[rack];
  const dcW = type.trays * (type.gpusPerTray * capW + type.trayBusyW) + type.rackOverheadW;
  return dcW + lossW(type.psuLoss, type.psuRatingW, dcW);
}

test("given any small site where everything breaks and caps change, every second balances, explains itself and keeps its caps", () => {
  let seconds = 0;
  let faults = 0;
  fc.assert(
    fc.property(arbitrarySite(), fc.nat(), fc.integer({ min: 200, max: 1400 }), (text, seed, capW) => {
      const site = parseSite(text, "random.yaml", { catalog });
      const run = runOf(site, { seed, faultRates: FRAIL });
      const capped = seed % site.racks.length;
      const accelerator = catalog.accelerators.get(site.racks[capped].type.acceleratorId);
      assert.ok(accelerator !== undefined);
      const cap = Math.max(capW, accelerator.minCapW);
      run.setCap({ rack: capped, gpuCapW: cap, clockLimit: 1, expiresAtS: Infinity });
      for (let s = 0; s < 300; s++) {
        run.step();
        seconds++;
        assert.ok(imbalance(run) <= 1e-9, `imbalance ${imbalance(run)} at second ${s}`);
        assert.ok(run.rackPowerW[capped] <= mostOfRackW(site, capped, cap) * (1 + 1e-12), `rack over its cap at second ${s}`);
        if (run.row[SERIES.tokensPerS] > 0)
          assert.ok(run.row[SERIES.joulesPerToken] > 0 && run.row[SERIES.gpuPowerW] > 0, "a token without a joule");
        for (const rackW of run.rackPowerW) assert.ok(rackW >= 0 && Number.isFinite(rackW));
      }
      faults += run.kpis().faults;
      assert.ok(run.kpis().energyBalanceMaxRelError <= 1e-9);
    }),
    { numRuns: 60 },
  );
  assert.ok(seconds === 60 * 300 && faults > 60, `the property saw ${seconds} s and ${faults} faults`);
});

test("given nothing broken, each node draws exactly what its racks and its own loss explain", () => {
  fc.assert(
    fc.property(arbitrarySite(), (text) => {
      const site = parseSite(text, "random.yaml", { catalog });
      const run = runOf(site);
      advance(run, 30);
      site.nodes.forEach((node, n) => {
        const shareOf = (parents: readonly number[]) => (parents.includes(n) ? 1 / parents.length : 0);
        let children = 0;
        site.racks.forEach(({ parents }, r) => (children += shareOf(parents) * run.rackPowerW[r]));
        site.nodes.forEach(({ parents }, m) => (children += shareOf(parents) * run.nodePowerW[m]));
        assert.ok(run.nodePowerW[n] >= children * (1 - 1e-12), `${node.id} draws less than its children`);
        if (node.kind !== "busway") return; // nothing but racks hangs on a busway
        const explained = children + lossW(node.loss, node.unitRatingW * node.units, children);
        assert.ok(Math.abs(run.nodePowerW[n] - explained) <= 1e-9 * explained, `${node.id}: ${run.nodePowerW[n]} is not ${explained}`);
      });
    }),
    { numRuns: 30 },
  );
});

test("the same scenario gives the same hash, another seed another one", () => {
  const hashOf = (seed: number) => {
    const run = runOf(smallSite(), { seed, faultRates: FRAIL });
    advance(run, 600);
    return run.kpis().resultHash;
  };
  assert.equal(hashOf(7), hashOf(7));
  assert.notEqual(hashOf(7), hashOf(8));
});

test("reading a run does not change it", () => {
  const quiet = runOf(smallSite(), { faultRates: FRAIL });
  const watched = runOf(smallSite(), { faultRates: FRAIL });
  for (let s = 0; s < 300; s++) {
    quiet.step();
    watched.step();
    watched.takeEvents();
    watched.jobs();
    watched.services();
    watched.kpis();
    assert.equal(watched.rackInletC.length, watched.rackPowerW.length);
  }
  assert.equal(watched.kpis().resultHash, quiet.kpis().resultHash);
});

test("given a feed lost, its UPS carries its half for its minutes, then the other feed carries everything", () => {
  const site = smallSite();
  const ups = site.nodes.find(({ kind }) => kind === "ups");
  assert.ok(ups !== undefined && ups.autonomyS > 0);
  const run = runOf(site, { faults: [{ atS: 100, kind: "feed", target: "main-a", repairS: ups.autonomyS * 12, count: 1 }] });
  const [a, b] = site.feeds.map(({ node }) => node);
  advance(run, 100);
  const bothW = run.row[SERIES.sitePowerW];
  advance(run, 5);
  assert.equal(run.nodePowerW[a], 0);
  assert.ok(run.row[SERIES.bessPowerW] < -bothW * 0.3, "half of the racks live on the battery");
  advance(run, ups.autonomyS * 10);
  assert.equal(run.row[SERIES.bessPowerW], 0, "it is spent");
  assert.equal(run.nodePowerW[b], run.row[SERIES.sitePowerW]);
  assert.ok(run.nodePowerW[b] > bothW * 0.7, `${run.nodePowerW[b]} W on one feed, ${bothW} W on two before`);
  assert.ok(run.rackPowerW.every((rackW) => rackW > 0));
  advance(run, ups.autonomyS * 2 + 10);
  assert.ok(run.nodePowerW[a] > bothW * 0.3, "the feed is back");
  assert.ok(run.row[SERIES.bessPowerW] > 0, "and the battery recharges");
});

test("given both feeds lost, the racks go dark when the batteries are spent, and work starts again when a feed returns", () => {
  const site = smallSite();
  const autonomyS = site.nodes.find(({ kind }) => kind === "ups")?.autonomyS ?? 0;
  const darkS = autonomyS * 10;
  const run = runOf(site, {
    faults: ["main-a", "main-b"].map((target) => ({ atS: 200, kind: "feed" as const, target, repairS: darkS, count: 1 })),
  });
  advance(run, 202);
  assert.equal(run.row[SERIES.sitePowerW], 0);
  assert.ok(run.row[SERIES.itPowerW] > 0 && run.row[SERIES.bessPowerW] < 0, "batteries carry the racks");
  assert.ok(imbalance(run) <= 1e-9);
  advance(run, darkS - 10);
  assert.equal(run.row[SERIES.itPowerW], 0, "the batteries are spent");
  advance(run, 60);
  assert.ok(
    run.rackPowerW.every((rackW) => rackW > 0),
    "racks are back",
  );
  assert.equal(run.jobs()[0].restarts, 1);
});

test("given a row's CDUs lost, its racks slow down when their loop has warmed to the limit, shut down when it is hot, and the other row goes on", () => {
  const site = smallSite();
  const run = runOf(site, { faults: [{ atS: 600, kind: "cdu", target: "cdu1", repairS: 3600, count: 2 }] });
  advance(run, 600);
  run.takeEvents();
  const inletC = run.rackInletC[0];
  const heatW = run.rackPowerW.slice(0, 4).reduce((sum, rackW) => sum + rackW, 0) * site.racks[0].type.liquidShare;
  // Nothing carries the heat away: the loop warms at heat over its store (5 J/K for each W of CDU capacity).
  const untilLimitS = ((site.racks[0].type.maxInletC - inletC) * 5 * site.cdus[0].units * site.cdus[0].part.capacityW) / heatW;
  advance(run, 3000);
  const throttle = run.takeEvents().filter(({ kind }) => kind === "throttle");
  assert.equal(throttle[0].subject, "cdu1");
  assert.ok(
    Math.abs((throttle[0].atS - 600) / untilLimitS - 1) < 0.1,
    `slowed after ${throttle[0].atS - 600} s, expected ${untilLimitS.toFixed(0)} s`,
  );
  assert.ok(throttle.some(({ text }) => text.startsWith("racks shut down")));
  assert.ok(throttle.every(({ subject }) => subject === "cdu1"));
  assert.equal(run.rackPowerW[0], 0);
  assert.ok(run.rackPowerW[4] > 50_000);
});

test("given a cap lease that ends, the rack falls to its fallback and the log says so", () => {
  const run = runOf(smallSite());
  advance(run, 300);
  const freeW = run.rackPowerW[0];
  run.setFallback(0, 500, 1);
  run.setCap({ rack: 0, gpuCapW: 700, clockLimit: 1, expiresAtS: 330 });
  advance(run, 20);
  const leasedW = run.rackPowerW[0];
  advance(run, 20);
  const fallenW = run.rackPowerW[0];
  assert.ok(freeW > leasedW && leasedW > fallenW, `${freeW} > ${leasedW} > ${fallenW}`);
  assert.ok(run.takeEvents().some(({ kind, atS }) => kind === "cap-expired" && atS === 330));
});

test("given a clock limit, decode keeps its speed where a gang loses it", () => {
  const run = runOf(smallSite((text) => text.replace("load: 60 %", "load: 20 %")));
  advance(run, 600);
  const before = { chat: run.services()[0].itlP50S, train: run.row[SERIES.trainedTokensPerS], powerW: run.services()[0].gpuPowerW };
  for (let rack = 0; rack < 8; rack++) run.setCap({ rack, gpuCapW: Infinity, clockLimit: 0.7, expiresAtS: Infinity });
  advance(run, 120);
  const chat = run.services()[0].itlP50S / before.chat;
  const train = run.row[SERIES.trainedTokensPerS] / before.train;
  assert.ok(chat < 1.25, `inter-token latency grew ${chat} times`);
  assert.ok(train < 0.85, `training kept ${train}`);
  assert.ok(run.services()[0].gpuPowerW < before.powerW * 0.85);
});

test("given a GPU lost in a gang, the gang goes back to its checkpoint and starts again elsewhere", () => {
  const run = runOf(smallSite(), {
    faults: [
      { atS: 1500, kind: "rack", target: "h1/r02/01", repairS: 7200, count: 1 },
      { atS: 1500, kind: "rack", target: "h1/r02/01", repairS: 7200, count: 1 },
    ],
  });
  advance(run, 1499);
  const before = run.jobs()[0];
  advance(run, 10);
  const after = run.jobs()[0];
  assert.equal(after.restarts, 1);
  assert.ok(after.progress < before.progress, "work since the last checkpoint is redone");
  assert.ok(after.lostS > 200 && after.lostS <= 600, `lost ${after.lostS} s`);
  assert.equal(after.state, "restarting");
  advance(run, 310);
  assert.equal(run.jobs()[0].state, "running");
});

test("given a load target below the draw, the breach is told once, and the battery covers what it can", () => {
  const site = smallSite();
  const run = runOf(site, { loadTargets: [{ fromS: 1200, untilS: 1800, feedTag: undefined, limitW: 500_000 }], bessHoldW: 1_790_000 });
  advance(run, 1200);
  assert.ok(Number.isNaN(run.row[SERIES.targetW]));
  const drawnW = run.row[SERIES.sitePowerW];
  assert.ok(drawnW > 700_000);
  advance(run, 100);
  assert.equal(run.row[SERIES.targetW], 500_000);
  assert.ok(run.row[SERIES.bessPowerW] < 0);
  assert.ok(run.row[SERIES.sitePowerW] <= Math.max(500_000, drawnW - 250_000));
  advance(run, 600);
  const told = run.takeEvents().flatMap(({ kind, atS }) => (kind === "breach" || kind === "breach-ended" ? [[kind, atS]] : []));
  assert.deepEqual(
    told.map(([kind]) => kind),
    ["breach", "breach-ended"],
  );
  assert.equal(told[1][1], 1800);
});

test("given a load target that is over, the battery takes back what it gave, slowly, and took nothing while it was asked for less", () => {
  const run = runOf(smallSite(), { loadTargets: [{ fromS: 1200, untilS: 1260, feedTag: undefined, limitW: 700_000 }] });
  advance(run, 1200);
  const restJ = run.row[SERIES.bessStoredJ];
  for (let s = 0; s < 60; s++) {
    advance(run, 1);
    assert.ok(run.row[SERIES.bessPowerW] <= 0, `charges ${run.row[SERIES.bessPowerW]} W`);
  }
  assert.ok(run.row[SERIES.bessStoredJ] < restJ);
  let mostW = 0;
  for (let s = 0; s < 1800; s++) {
    advance(run, 1);
    mostW = Math.max(mostW, run.row[SERIES.bessPowerW]);
  }
  assert.ok(mostW > 0 && mostW <= 0.25 * 300_000, `${mostW} W`);
  assert.ok(Math.abs(run.row[SERIES.bessStoredJ] / restJ - 1) < 1e-9);
});

test("given a busway rated below its racks, it is told as overloaded, trips by its inverse-time curve, and the other side takes over", () => {
  const site = smallSite((text) =>
    text.replace('"bus{r=1..2}-{s=a,b}", part: busway, rating: 800 kW', '"bus{r=1..2}-{s=a,b}", part: busway, rating: 150 kW'),
  );
  const run = runOf(site, { faults: [] });
  advance(run, 900);
  const events = run.takeEvents();
  const overload = events.find(({ kind }) => kind === "overload");
  const trip = events.find(({ kind }) => kind === "trip");
  assert.ok(overload !== undefined && trip !== undefined);
  assert.ok(trip.atS > overload.atS, "protection waits: the more overload, the less");
  assert.ok(imbalance(run) <= 1e-9);
});

test("given a stuck sensor, the reading stays while the rack moves on", () => {
  const run = runOf(smallSite(), { faults: [{ atS: 400, kind: "sensor", target: "h1/r01/02", repairS: 300, count: 1 }] });
  advance(run, 410);
  const stuckW = run.rackReadingW[1];
  advance(run, 100);
  assert.equal(run.rackReadingW[1], stuckW);
  assert.notEqual(run.rackPowerW[1], stuckW);
  advance(run, 300);
  assert.equal(run.rackReadingW[1], run.rackPowerW[1]);
});

test("what each holder of GPUs does can be looked up, and adds up to the GPUs that are held", () => {
  const run = runOf(smallSite());
  advance(run, 60);
  const placements = run.placements();
  assert.deepEqual(
    placements.map(({ id, gang }) => [id, gang]),
    [
      ["chat", false],
      ["train-1", true],
    ],
  );
  const held = placements.flatMap(({ pieces }) => pieces).reduce((sum, { gpus }) => sum + gpus, 0);
  assert.equal(held, run.row[SERIES.busyGpus]);
  assert.ok((placements[0].busy.decode ?? 0) > 0 && (placements[1].busy.training ?? 0) > 0.4);
});

test("given a unit of a node lost, its spare stands in; given two lost, it can carry less", () => {
  const site = smallSite();
  const ups = site.nodes.findIndex(({ id }) => id === "ups-a");
  const lost = (atS: number) => ({ atS, kind: "power-node" as const, target: "ups-a", repairS: 100, count: 1 });
  const run = runOf(site, { faults: [lost(10), lost(20)] });
  const rating = (seconds: number) => {
    advance(run, seconds);
    return run.nodeRatingW[ups];
  };
  assert.deepEqual([rating(5), rating(10), rating(10)], [1.6e6, 1.6e6, 0.8e6]);
});

test("a model that does not fit its GPUs is refused with what is missing", () => {
  const site = smallSite((text) => text.replace("model: llama-3.1-70b", "model: llama-3.1-405b"));
  const tight = { ...catalog, models: new Map(catalog.models) };
  const model = catalog.models.get("llama-3.1-405b");
  assert.ok(model !== undefined);
  tight.models.set(model.id, { ...model, replicaGpus: { default: 1 } });
  assert.throws(
    () => runOf(site, {}, tight),
    /llama-3\.1-405b: 1 × NVIDIA GB300: needs [\d.]+ GB of weights on each GPU, .* more than .* \(tensor parallelism over 2 GPUs would fit\)/,
  );
});
