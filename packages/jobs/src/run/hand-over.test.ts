import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine, EngineJob, EngineOrder } from "../engines/engine.ts";
import { engineError } from "../engines/problems.ts";
import { TwinEngine } from "../engines/twin/twin.ts";
import { JobHouse } from "../testing/job-house.ts";

/** A house on the twin, whose engine the test gets between; a clock that the test moves. */
async function openHouse(change: (engine: TwinEngine) => Partial<Engine>) {
  let nowMs = Date.UTC(2026, 10, 25, 3);
  const racks = [{ id: "r1", trays: 10, gpusPerTray: 8 }];
  const twin = new TwinEngine({ racks, now: () => nowMs, speedOf: () => 1 });
  const between = Object.assign(Object.create(twin) as Engine, bound(twin), change(twin));
  const house = await JobHouse.open({ now: () => nowMs, engine: () => between, files: () => twin.files });
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds * 4; i++) {
      nowMs += 250;
      while (await house.runner.step()) nowMs += 1;
    }
  };
  return { house, twin, pass, advance: (ms: number) => (nowMs += ms) };
}

/** The engine's methods, each bound to it: it has private fields. */
function bound(twin: TwinEngine): Partial<Engine> {
  const names = ["probe", "submit", "release", "cancel", "signal", "requeueHeld", "changes", "nodes", "drain", "undrain", "limitPower", "close"] as const; // prettier-ignore
  return Object.fromEntries(names.map((name) => [name, (twin[name] as (...args: unknown[]) => unknown).bind(twin)]));
}

async function until(what: string, holds: () => boolean, each = () => {}): Promise<void> {
  for (const start = performance.now(); !holds(); await sleep(5)) {
    if (performance.now() - start > 30_000) assert.fail(`not in time: ${what}`);
    each();
  }
}

test("a copy at the engine that is over, and whose id was never heard of, is no end of the job", async () => {
  let lost = true;
  const { house, pass } = await openHouse((twin) => ({
    submit: async (order) => {
      const id = await twin.submit(order);
      if (!lost) return id;
      lost = false;
      await twin.cancel(id);
      throw engineError("unclear", "twin", "the answer was lost, and somebody cancelled what it had made");
    },
  }));
  const [job] = await house.submit("snu/a", "gpusPerNode: 8\nexpected: 5 s");
  await pass(40);
  assert.deepEqual(await house.states([job]), ["done"]);
  await house.close();
});

test("a listing that was asked for before a job was taken says nothing about it", async () => {
  const gates = { submit: Promise.withResolvers<void>(), changes: Promise.withResolvers<void>() };
  let listings = 0;
  let sent = 0;
  const { house, advance } = await openHouse((twin) => ({
    submit: async (order) => {
      sent++;
      await gates.submit.promise;
      return twin.submit(order);
    },
    changes: async () => {
      const seen = await twin.changes("");
      if (++listings === 2) await gates.changes.promise;
      return seen;
    },
  }));
  house.power = { budgetW: 0, cause: undefined };
  house.runner.start();
  const [job] = await house.submit("snu/a", "gpusPerNode: 8");
  await until("it is on its way", () => sent === 1);
  advance(60_000);
  await until("the engine is being listed", () => listings === 2);
  advance(60_000);
  gates.submit.resolve();
  await until("it was taken", () => house.runner.job(job.id)?.state === "held");
  gates.changes.resolve();
  await until("it was listed again, twice", () => listings > 4, () => void advance(1_000)); // prettier-ignore
  const { attempt } = (await house.book.find(job.id))!;
  await house.close();
  assert.deepEqual([sent, attempt], [1, 1]);
});

test("jobs that fail before they were ever seen to run count against their node, too: the next attempts keep away from it", async () => {
  const orders: EngineOrder[] = [];
  const { house, pass } = await openHouse((twin) => ({
    submit: (order) => {
      orders.push(order);
      return twin.submit(order);
    },
    changes: async () => {
      const { jobs, ...rest } = (await twin.changes(""))!;
      const failed = (job: EngineJob): EngineJob => (job.state === "running" && job.nodes[0] === "r1/t1" ? { ...job, state: "failed", exitCode: 1 } : job); // prettier-ignore
      return { ...rest, jobs: jobs.map(failed) };
    },
  }));
  for (const project of ["snu/a", "kist/b"]) await house.submit(project, "gpusPerNode: 4\nretries: 3\nexpected: 10 min");
  await pass(20);
  const again = orders.filter(({ token }) => token.endsWith(".2"));
  await house.close();
  assert.deepEqual(again.map(({ excludedNodes }) => excludedNodes), [["r1/t1"], ["r1/t1"]]); // prettier-ignore
});

test("hundreds of jobs go to the engine sixteen at a time, each once, and all their ids are written down", async () => {
  let [atOnce, most] = [0, 0];
  const { house, twin, pass } = await openHouse((engine) => ({
    submit: async (order) => {
      most = Math.max(most, ++atOnce);
      await sleep(1);
      atOnce--;
      return engine.submit(order);
    },
  }));
  house.power = { budgetW: 0, cause: undefined };
  const jobs = await house.submit("snu/a", "gpusPerNode: 8\narray: 700");
  await pass(1);
  const held = (await twin.changes(""))!.jobs;
  const written = await house.book.list({ tenantIds: "all", limit: 1_000 });
  await house.close();
  assert.equal(most, 16);
  assert.equal(new Set(held.map(({ token }) => token)).size, held.length);
  assert.equal(held.length, jobs.length);
  assert.deepEqual(new Set(written.map(({ engineId }) => engineId)), new Set(held.map(({ engineId }) => engineId)));
});

test("while the engine is away nothing is lost of what waited for its turn: it goes there when it is back", async () => {
  let away = true;
  const { house, twin, pass } = await openHouse((engine) => ({
    submit: (order) => (away ? Promise.reject(engineError("away", "twin", "no answer")) : engine.submit(order)),
  }));
  const jobs = await house.submit("snu/a", "gpusPerNode: 8\narray: 30\nexpected: 5 s");
  await pass(1);
  assert.deepEqual((await twin.changes(""))?.jobs, []);
  away = false;
  await pass(60);
  assert.deepEqual(new Set(await house.states(jobs)), new Set(["done"]));
  await house.close();
});
