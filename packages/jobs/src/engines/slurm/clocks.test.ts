import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PulmuError } from "@pulmu/units";
import { jobFiles } from "../../run/job-files.ts";
import { JobHouse } from "../../testing/job-house.ts";
import { type SlurmLab, startSlurmLab } from "../../testing/slurm-lab.ts";
import { skipWithoutSlurm } from "../../testing/slurm-packages.ts";
import type { EngineOrder } from "../engine.ts";
import { SlurmEngine } from "./slurm.ts";

const DAY_S = 86_400;

describe("clocks a day apart, on a real Slurm", { skip: skipWithoutSlurm() }, () => {
  let lab: SlurmLab;
  let serial = 0;
  before(async () => {
    lab = await startSlurmLab({ nodes: 2, nodesPerRack: 1 });
  });
  after(() => lab?.stop());

  /** Slurm by slurmrestd alone, as a machine sees it whose clock is so much ahead. */
  const open = (aheadS: number, token: string) => new SlurmEngine({ url: lab.url, user: lab.user, token: () => token, env: { PATH: "/nowhere" }, now: () => Date.now() + aheadS * 1000 }); // prettier-ignore
  const order = (): EngineOrder => {
    const stateDir = join(lab.folder, `clock${++serial}`);
    mkdirSync(stateDir);
    return { token: `clock/j${serial}.1`, name: "clock", command: ["true"], image: "", env: {}, nodes: 1, gpusPerNode: 0, topology: "any", powerW: 0, workDir: "/tmp", stateDir, timeLimitS: 0, expectedS: 1, excludedNodes: [] }; // prettier-ignore
  };
  const atSlurm = async () => (await lab.command("squeue", "-h", "-t", "all", "-o", "%i")).split("\n").filter((id) => id !== "").length;

  for (const [name, aheadS] of [
    ["ahead", DAY_S],
    ["behind", -DAY_S],
  ] as const)
    // prettier-ignore
    test(`what changes since the last listing is told to a machine whose clock is a day ${name}`, async () => {
      const engine = open(aheadS, lab.token(9 * DAY_S));
      await engine.probe();
      const { cursor } = (await engine.changes(""))!;
      await sleep(2_100); // update_time counts whole seconds
      const id = await engine.submit(order());
      const changes = await engine.changes(cursor);
      await engine.close();
      assert.deepEqual(changes?.jobs.filter(({ engineId }) => engineId === id).map(({ state }) => state), ["held"]); // prettier-ignore
    });

  test("a token that was made by a clock ahead of slurmctld's is as good as any", async () => {
    const engine = open(2 * DAY_S, lab.token(DAY_S, 2 * DAY_S)); // issued tomorrow
    await engine.probe();
    assert.match(await engine.submit(order()), /^\d+$/);
    await engine.close();
  });

  test("a token that ended by a clock here that is a day ahead is not sent; it says what time it is here", async () => {
    const engine = open(DAY_S, lab.token(DAY_S / 2));
    const jobs = await atSlurm();
    await assert.rejects(engine.submit(order()), (error: PulmuError) => {
      assert.equal(error.code, "engine.token");
      assert.match(error.message, /expired at \d{4}-.+; it is \d{4}-.+ by the clock here/);
      return true;
    });
    await engine.close();
    assert.equal(await atSlurm(), jobs);
  });

  test("a token that ended by slurmctld's clock, and not by one here that is a day behind: nothing is submitted, and both times are told", async () => {
    const engine = open(-DAY_S, lab.token(-3_600));
    const jobs = await atSlurm();
    await assert.rejects(engine.submit(order()), (error: PulmuError) => {
      assert.match(error.message, /an expired token is answered so, too: this one ends at \d{4}-.+, and it is \d{4}-.+ by the clock here/);
      return true;
    });
    await engine.close();
    assert.equal(await atSlurm(), jobs);
  });

  test("on a machine whose clock is a day ahead a job runs once, for as long as it takes", async () => {
    const now = () => Date.now() + DAY_S * 1000;
    const token = lab.token(9 * DAY_S);
    const engine = () => new SlurmEngine({ url: lab.url, user: lab.user, token: () => token, env: lab.env, now });
    const house = await JobHouse.open({ now, engine, files: () => jobFiles(`${lab.folder}/jobs`) });
    house.runner.start();
    const [job] = await house.submit("snu/a", "command: [bash, -c, 'echo ran >> $PULMU_STATE_DIR/runs; sleep 2']\ngpusPerNode: 8");
    for (const start = Date.now(); (await house.states([job]))[0] !== "done"; await sleep(100))
      if (Date.now() - start > 60_000) assert.fail(`${(await house.book.find(job.id))?.state}: ${house.complaints.join("; ")}`);
    const { attempt, ranMs, faults } = (await house.book.find(job.id))!;
    await house.close();
    assert.deepEqual([attempt, faults], [1, 0]);
    assert.ok(ranMs < 60_000, `${ranMs} ms`);
  });
});
