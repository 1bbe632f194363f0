import assert from "node:assert/strict";
import { test } from "node:test";
import { SERIES } from "../series.ts";
import type { OutsideWork } from "../simulation.ts";
import { advance, runOf, smallSite } from "../testing/small-site.ts";

/** The small site with its last two racks given to an engine. */
const engineSite = () => smallSite((text) => `${text}engineRacks: [{ rack: h1/r02/03, nodes: "n[01-18]" }, { rack: h1/r02/04, nodes: "n[19-36]" }]\n`); // prettier-ignore
const job = (gpus: number): OutsideWork => ({ id: "j1", tenantId: "snu", serviceClass: "flexible", kind: "training", gpus, busy: 1, pieces: [{ rack: 6, gpus }] }); // prettier-ignore

test("given racks of an engine, the twin puts nothing of its own there, and what the engine runs is felt up to the site's meter and gone with it", () => {
  const run = runOf(engineSite());
  advance(run, 600);
  const held = new Set(run.placements().flatMap(({ pieces }) => pieces.map(({ rack }) => rack)));
  assert.deepEqual([...held].filter((rack) => rack >= 6), []); // prettier-ignore
  const idleW = run.rackPowerW[6];
  const quietGpuW = run.engineGpuPowerW;
  assert.ok(Math.abs(idleW - run.rackPowerW[7]) < 1e-9);
  run.setOutsideWork([job(72)]);
  run.step();
  const gpuW = run.placements().find(({ id }) => id === "j1")!.gpuPowerW;
  assert.ok(run.rackPowerW[6] > 3 * idleW, `${run.rackPowerW[6]} W at work, ${idleW} W idle`);
  assert.equal(run.rackPowerW[7], idleW);
  assert.ok(Math.abs(run.engineGpuPowerW - quietGpuW / 2 - gpuW) < 1e-6, "its GPUs, and those of the other rack that wait");
  const [workW, itW] = [run.row[SERIES.sitePowerW], run.row[SERIES.itPowerW]];
  run.setOutsideWork([{ ...job(72), pieces: [] }]); // it gave way to power, and waits
  run.step();
  assert.equal(
    run.placements().find(({ id }) => id === "j1"),
    undefined,
  );
  assert.equal(run.outsideWorks()[0].gpus, 72);
  assert.equal(run.rackPowerW[6], idleW);
  assert.ok(workW - run.row[SERIES.sitePowerW] > 0.9 * (itW - run.row[SERIES.itPowerW]));
  assert.deepEqual(run.takeEvents().filter(({ subject }) => subject === "j1").map(({ kind }) => kind), ["job-started", "job-ended"]); // prettier-ignore
  assert.ok(run.kpis().energyBalanceMaxRelError < 1e-9);
});

test("an engine's work follows the cap of its rack, and the twin's own faults do not touch its GPUs", () => {
  const run = runOf(engineSite(), { faults: [{ atS: 5, kind: "tray", target: "h1/r02/03", repairS: 60, count: 4 }] });
  run.setOutsideWork([job(72)]);
  advance(run, 4);
  const freeW = run.rackPowerW[6];
  advance(run, 10);
  assert.equal(run.rackPowerW[6], freeW);
  run.setCap({ rack: 6, gpuCapW: 600, clockLimit: 1, expiresAtS: 1_000 });
  run.step();
  assert.ok(run.rackPowerW[6] < 0.8 * freeW, `${run.rackPowerW[6]} W of ${freeW} W`);
});

test("work on a rack that is no engine's, or on more GPUs than it has, is refused, and what was there stays", () => {
  const run = runOf(engineSite());
  run.setOutsideWork([job(36)]);
  assert.throws(() => run.setOutsideWork([{ ...job(4), pieces: [{ rack: 0, gpus: 4 }] }]), /no engine has/);
  assert.throws(() => run.setOutsideWork([job(40), { ...job(40), id: "j2" }]), /not so many/);
  assert.deepEqual(run.placements().filter(({ id }) => id === "j1").map(({ pieces }) => pieces), [[{ rack: 6, gpus: 36 }]]); // prettier-ignore
});
