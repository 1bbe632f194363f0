import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { TwinEngine } from "../engines/twin/twin.ts";
import { JobHouse } from "../testing/job-house.ts";
import type { PowerCaps } from "./node-caps.ts";

/** A rack of four trays with eight GPUs; a clock that the test moves; caps that may be broken. */
async function openHouse() {
  let nowMs = Date.UTC(2026, 10, 25, 3);
  const engine = new TwinEngine({ racks: [{ id: "r1", trays: 4, gpusPerTray: 8 }], now: () => nowMs, speedOf: () => 1 });
  const held = new Map<string, number>();
  const broken = { now: false };
  const caps: PowerCaps = {
    hold: async (nodes, share) => {
      if (broken.now) throw new PulmuError({ code: "caps.failed", rule: "the tool said no" });
      await engine.caps.hold(nodes, share);
      for (const node of nodes) held.set(node, share);
    },
  };
  const house = await JobHouse.open({ now: () => nowMs, engine: () => engine, files: () => engine.files, caps });
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds * 4; i++) {
      nowMs += 250;
      while (await house.runner.step()) nowMs += 1;
    }
  };
  return { house, pass, held, broken, now: () => nowMs };
}

const FULL = 64_000;
const target = (budgetW: number) => ({ budgetW, cause: { text: "load target T1", traceparent: "" } });
const lines = (more: string) => `gpusPerNode: 8\nnodes: 2\nexpected: 5 min\nclass: flexible\ncheckpoint: { signal: USR1, within: 5 s }\n${more}`; // prettier-ignore

describe("a job that may run at 70 % of its power", () => {
  let at: Awaited<ReturnType<typeof openHouse>>;
  before(async () => {
    at = await openHouse();
  });
  after(() => at.house.close());

  test("does so before it, or another, is paused; its nodes are held, and it says why", async () => {
    at.house.power = { budgetW: FULL, cause: undefined };
    const [may] = await at.house.submit("snu/a", lines("minPower: 70 %"));
    const [other] = await at.house.submit("snu/b", lines(""));
    await at.pass(10);
    at.house.power = target(56_000);
    await at.pass(3);
    assert.deepEqual(await at.house.states([may, other]), ["running", "running"]);
    const job = at.house.runner.job(may.id)!;
    assert.equal(job.share, 0.75);
    assert.deepEqual(job.nodes.map((node) => at.held.get(node)), [0.75, 0.75]); // prettier-ignore
    assert.match(job.reason, /^runs with 75 % of its power: load target T1 → jobs may draw 56\.0 kW$/);
    const step = (await at.house.book.steps(may.id)).find(({ what }) => what === "held-back");
    assert.match(step!.text, /^held to 75 % of its power: load target T1/);
    assert.equal(at.house.runner.view.drawnW, 56_000);
  });

  test("has all of it again when the target is over, and its nodes are let go", async () => {
    at.house.power = { budgetW: FULL, cause: undefined };
    await at.pass(3);
    const [job] = at.house.runner.jobs().filter(({ projectId }) => projectId === "snu/a");
    assert.equal(job.share, 1);
    assert.deepEqual(job.nodes.map((node) => at.held.get(node)), [1, 1]); // prettier-ignore
    assert.match(job.reason, /^runs on r1\//);
    assert.equal((await at.house.book.steps(job.id)).at(-1)?.text, "has all of its power again");
  });

  test("is paused where its nodes cannot be held, and counted with all of its power until then", async () => {
    at.broken.now = true;
    at.house.power = target(56_000);
    await at.pass(8);
    const states = at.house.runner.jobs().map(({ state, share }) => [state, share]);
    assert.deepEqual(states.toSorted(), [["paused", 1], ["running", 1]]); // prettier-ignore
    assert.match(at.house.complaints.join(), /the tool said no/);
    at.broken.now = false;
    at.house.power = { budgetW: FULL, cause: undefined };
    await at.pass(400);
  });

  test("leaves its nodes without a hold when it ends, and after a crash nodes that were held are let go", async () => {
    const [job] = await at.house.submit("snu/a", lines("minPower: 70 %\nexpected: 20 s"));
    at.house.power = { budgetW: FULL, cause: undefined };
    await at.pass(5);
    at.house.power = target(24_000);
    await at.pass(3);
    assert.ok([...at.held.values()].some((share) => share < 1));
    at.house.crash();
    at.house.power = { budgetW: FULL, cause: undefined };
    await at.pass(40);
    assert.deepEqual(await at.house.states([job]), ["done"]);
    assert.deepEqual(new Set(at.held.values()), new Set([1]));
  });
});

describe("a deadline that is near", () => {
  test("puts a job before others of its class and project, and that is what it says", async () => {
    const { house, pass, now } = await openHouse();
    house.power = { budgetW: 32_000, cause: undefined };
    const soon = new Date(now() + 30 * 60_000).toISOString();
    const [busy] = await house.submit("snu/a", lines("expected: 10 s"));
    await pass(1);
    const [first] = await house.submit("snu/a", lines(""));
    const [hurried] = await house.submit("snu/a", lines(`deadline: "${soon}"`));
    await pass(3);
    assert.match((await house.book.find(hurried.id))!.reason, /its deadline, .+, is near$/);
    await pass(20);
    assert.deepEqual(await house.states([busy, first, hurried]), ["done", "held", "running"]);
    const step = (await house.book.steps(hurried.id)).find(({ what }) => what === "released");
    assert.equal(step?.text, `may start, before others like it; its deadline, ${soon}, is near`);
    await house.close();
  });

  test("makes a job the last of its equals to be paused", async () => {
    const { house, pass, now } = await openHouse();
    house.power = { budgetW: FULL, cause: undefined };
    const soon = new Date(now() + 30 * 60_000).toISOString();
    const [hurried] = await house.submit("snu/a", lines(`deadline: "${soon}"`));
    const [other] = await house.submit("snu/b", lines(""));
    await pass(20);
    house.power = target(32_000);
    await pass(8);
    assert.deepEqual(await house.states([hurried, other]), ["running", "paused"]);
    await house.close();
  });
});
