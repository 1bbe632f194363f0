import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sumUsage, foldAll } from "@pulmu/ledger";
import { openQuota } from "../quota/quota.ts";
import { TwinEngine } from "../engines/twin/twin.ts";
import { JobHouse } from "../testing/job-house.ts";

/** Two racks of four trays with eight GPUs; a clock that the test moves. */
async function openTwinHouse() {
  let nowMs = Date.UTC(2026, 10, 25, 3);
  const racks = ["r1", "r2"].map((id) => ({ id, trays: 4, gpusPerTray: 8 }));
  const engine = new TwinEngine({ racks, now: () => nowMs, speedOf: () => 1 });
  const house = await JobHouse.open({ now: () => nowMs, engine: () => engine, files: () => engine.files });
  /** Lets time pass, a quarter of a second at a time, as the runner does. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds * 4; i++) {
      nowMs += 250;
      while (await house.runner.step()) nowMs += 1;
    }
  };
  return { house, engine, pass, now: () => nowMs };
}

describe("jobs on an engine", () => {
  let at: Awaited<ReturnType<typeof openTwinHouse>>;
  before(async () => {
    at = await openTwinHouse();
  });
  after(() => at.house.close());

  test("a job that was submitted runs once and ends, and its GPU-seconds and joules are in the ledger", async () => {
    const [job] = await at.house.submit("snu/a", "nodes: 2\ngpusPerNode: 8");
    await at.pass(70);
    assert.deepEqual(await at.house.states([job]), ["done"]);
    await at.pass(61);
    await foldAll(at.house.store);
    const [sum] = await sumUsage(at.house.store, { tenantIds: ["snu"] }, []);
    const gpuS = Number(sum.meters.gpuMilliS) / 1000;
    assert.ok(gpuS >= 16 * 57 && gpuS <= 16 * 65, `${gpuS} GPU-seconds of about ${16 * 60}`);
    assert.ok(sum.meters.itMilliJ > 0n);
  });

  test("what jobs used and what stood idle sum to the meter, to the millijoule", async () => {
    const { siteMilliJ, billedItMilliJ, idleItMilliJ, coolingMilliJ, residualMilliJ, findings } = await at.house.balance();
    assert.deepEqual([residualMilliJ, findings], ["0", []]);
    assert.equal(BigInt(billedItMilliJ) + BigInt(idleItMilliJ) + BigInt(coolingMilliJ), BigInt(siteMilliJ));
    assert.ok(BigInt(billedItMilliJ) > 0n && BigInt(idleItMilliJ) > 0n);
  });

  test("the same token is the same job, however often it is sent; for another job it is refused", async () => {
    const first = await at.house.submit("snu/a", "nodes: 1", "again");
    const second = await at.house.submit("snu/a", "nodes: 1", "again");
    assert.equal(second[0].id, first[0].id);
    await assert.rejects(at.house.submit("snu/a", "nodes: 2", "again"), /this token made job .+, which is another/);
  });

  test("the tasks of an array run each, and what comes after them waits for all", async () => {
    const tasks = await at.house.submit("snu/a", "array: 5\ngpusPerNode: 8\nexpected: 10 s");
    const [next] = await at.house.submit("snu/a", `after: [${tasks.map(({ id }) => id).join(", ")}]\nexpected: 5 s`);
    await at.pass(5);
    assert.deepEqual(await at.house.states([next]), ["waiting"]);
    await at.pass(20);
    assert.deepEqual(new Set(await at.house.states([...tasks, next])), new Set(["done"]));
  });

  test("what comes after a job that was cancelled is cancelled, too, and says why", async () => {
    const [first] = await at.house.submit("snu/a", "gpusPerNode: 8");
    const [next] = await at.house.submit("snu/a", `after: [${first.id}]`);
    await at.pass(5);
    await at.house.book.askCancel([first.id], "test", at.now());
    await at.pass(3);
    assert.deepEqual(await at.house.states([first, next]), ["cancelled", "cancelled"]);
    assert.match((await at.house.book.find(next.id))!.reason, new RegExp(`${first.id}, which it comes after, has been cancelled`));
  });

  test("a tray that fails under a job costs the work since its checkpoint, and the job still ends", async () => {
    const [job] = await at.house.submit("snu/a", "nodes: 4\ngpusPerNode: 8\ntopology: nvlink-domain\nexpected: 40 s");
    await at.pass(20);
    const [node] = at.house.runner.job(job.id)!.nodes;
    at.engine.fail(node, "xid 79");
    await at.pass(60);
    await at.engine.undrain(node);
    const ended = (await at.house.book.find(job.id))!;
    assert.equal(ended.state, "done");
    assert.equal(ended.faults, 1);
    assert.ok(ended.lostMs > 15_000 && ended.lostMs < 22_000, `${ended.lostMs} ms were lost`);
  });
});

describe("power as a quota", () => {
  let at: Awaited<ReturnType<typeof openTwinHouse>>;
  before(async () => {
    at = await openTwinHouse();
  });
  after(() => at.house.close());
  const lines = (more: string) => `gpusPerNode: 8\nexpected: 2 min\n${more}`;
  const trace = "00-11111111111111111111111111111111-2222222222222222-01";

  test("at a load target of three quarters the flexible job pauses with its work saved, nothing critical does, and it goes on after", async () => {
    at.house.power = { budgetW: 128_000, cause: undefined };
    const [critical] = await at.house.submit("acme/prod", lines("nodes: 3\nclass: critical"));
    const [standard] = await at.house.submit("kist/lab", lines("nodes: 3"));
    const [flexible] = await at.house.submit("snu/a", lines("nodes: 2\nclass: flexible\ncheckpoint: { signal: USR1, within: 10 s }"));
    await at.pass(20);
    assert.deepEqual(await at.house.states([critical, standard, flexible]), ["running", "running", "running"]);

    at.house.power = { budgetW: 96_000, cause: { text: "load target T1", traceparent: trace } };
    await at.pass(6);
    assert.deepEqual(await at.house.states([critical, standard, flexible]), ["running", "running", "paused"]);
    const paused = (await at.house.book.find(flexible.id))!;
    assert.match(paused.reason, /load target T1 → jobs may draw 96\.0 kW/);
    const step = (await at.house.book.steps(flexible.id)).find(({ what }) => what === "pausing");
    assert.equal(step?.traceparent, trace);

    at.house.power = { budgetW: 128_000, cause: undefined };
    await at.pass(130);
    const ended = (await at.house.book.find(flexible.id))!;
    assert.equal(ended.state, "done");
    assert.ok(ended.lostMs < 6_000, `only ${ended.lostMs} ms of work were lost`);
    assert.ok(ended.pausedMs > 2_000 && ended.pauses === 1);
  });

  test("at every moment, what may start or runs draws no more than the budget, once the pauses it asked for are through", async () => {
    at.house.power = { budgetW: 128_000, cause: undefined };
    for (let i = 0; i < 12; i++)
      await at.house.submit(i % 2 === 0 ? "snu/a" : "kist/lab", lines(`nodes: ${1 + (i % 3)}\nclass: flexible\ncheckpoint: { signal: USR1, within: 5 s }`)); // prettier-ignore
    for (const budgetW of [128_000, 64_000, 112_000, 16_000, 128_000]) {
      at.house.power = { budgetW, cause: undefined };
      await at.pass(8);
      const drawn = at.house.runner.jobs().filter(({ state }) => ["released", "running", "pausing"].includes(state)).reduce((sum, { powerW }) => sum + powerW, 0); // prettier-ignore
      assert.ok(drawn <= budgetW, `${drawn} W of ${budgetW} W`);
    }
    await at.pass(600);
    assert.equal(at.house.runner.jobs().filter(({ state }) => state !== "done").length, 0, "all of them end");
  });

  test("a tenant gets what it is guaranteed: another's job in one rack makes room for it", async () => {
    await at.house.book.setQuota({ ...openQuota("acme"), guaranteedGpus: 32 }, "test", at.now());
    const others = [];
    for (let i = 0; i < 4; i++) others.push(...(await at.house.submit("snu/a", lines("nodes: 2\nclass: flexible\ntopology: nvlink-domain\ncheckpoint: { signal: USR1, within: 5 s }")))); // prettier-ignore
    await at.pass(10);
    const [job] = await at.house.submit("acme/prod", lines("nodes: 4\ntopology: nvlink-domain"));
    await at.pass(15);
    assert.deepEqual(await at.house.states([job]), ["running"]);
    const states = await at.house.states(others);
    assert.deepEqual(states.filter((state) => state === "paused").length, 2);
    assert.match((await at.house.book.find(others[states.indexOf("paused")].id))!.reason, /^paused for acme\/prod/);
  });

  test("before a load target that is known, the job that will be paused is asked to save its work", async () => {
    const [job] = (await at.house.book.list({ tenantIds: ["snu"], state: "running" })).slice(0, 1);
    await at.pass(130); // no warning is young
    const [fresh] = await at.house.submit("snu/b", lines("nodes: 2\nclass: flexible\nexpected: 10 min\ncheckpoint: { signal: USR1, within: 5 s }")); // prettier-ignore
    await at.pass(10);
    assert.notEqual(job, undefined);
    at.house.power = { budgetW: 128_000, cause: undefined, next: { fromMs: at.now() + 30_000, budgetW: 0 } };
    await at.pass(5);
    const steps = (await at.house.book.steps(fresh.id)).map(({ what }) => what);
    assert.ok(steps.includes("warned"), steps.join(", "));
    assert.deepEqual(await at.house.states([fresh]), ["running"]);
  });
});

describe("a runner that is killed", () => {
  let at: Awaited<ReturnType<typeof openTwinHouse>>;
  before(async () => {
    at = await openTwinHouse();
  });
  after(() => at.house.close());

  test("finds its jobs again, at the engine and in the book, and runs none of them twice", async () => {
    const jobs = await at.house.submit("snu/a", "array: 20\ngpusPerNode: 4\nexpected: 20 s");
    for (let i = 0; i < 30; i++) {
      await at.pass(2);
      at.house.crash();
    }
    await at.pass(60);
    assert.deepEqual(new Set(await at.house.states(jobs)), new Set(["done"]));
    const finished = (await at.engine.changes(""))!.jobs.filter(({ state }) => state === "done");
    assert.equal(new Set(finished.map(({ token }) => token)).size, jobs.length);
    assert.equal(finished.length, jobs.length, "each ran once");
  });

  test("adopts a job that it had handed over without hearing the answer", async () => {
    const [job] = await at.house.submit("snu/a", "gpusPerNode: 8");
    const { engine } = at;
    const { submit } = engine;
    engine.submit = async (order) => {
      engine.submit = submit;
      await engine.submit(order);
      throw new Error("killed here");
    };
    await assert.rejects(at.pass(1), /killed here/);
    at.house.crash();
    await at.pass(75);
    assert.deepEqual(await at.house.states([job]), ["done"]);
    const same = (await engine.changes(""))!.jobs.filter(({ token }) => token.includes(job.id));
    assert.equal(same.length, 1);
  });
});

test("the engine is asked for less than one listing in two seconds, however many watch", async () => {
  const at = await openTwinHouse();
  await at.house.submit("snu/a", "array: 30\ngpusPerNode: 8\nexpected: 20 s");
  const watchers = Array.from({ length: 200 }, () => () => at.house.book.list({ tenantIds: "all", live: true, limit: 1 }));
  for (let i = 0; i < 10; i++) {
    await Promise.all(watchers.map((watch) => watch()));
    await at.pass(10);
  }
  const { listings } = at.house.runner.view;
  await at.house.close();
  assert.ok(listings > 10 && listings / 100 <= 0.5, `${listings} listings in 100 s`);
});
