import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openStore, prepareJournal, type Store } from "@pulmu/journal";
import { energyBalance, foldAll, type MeterReading, prepareLedger, sumUsage } from "@pulmu/ledger";
import { random } from "@pulmu/units";
import { JobBook } from "../book/job-book.ts";
import { prepareJobs } from "../book/schema.ts";
import { readMetered } from "../book/usage-outbox.ts";
import { TwinEngine } from "../engines/twin/twin.ts";
import { FACTS, JobHouse } from "../testing/job-house.ts";
import { LastingMeter } from "../testing/lasting-meter.ts";
import type { MeterConfig } from "../testing/meter-until-killed.ts";
import { parseSpec } from "../spec/load-spec.ts";
import { submitJob } from "../submit.ts";

const START_MS = Date.UTC(2026, 10, 25, 3);
const MONTH = "2026-11";

/** A house whose meter outlives its runners, and a clock that the test moves. `dies`: an error kills the runner, and the next one takes over. */
async function openHouse(dies: boolean) {
  const clock = { ms: START_MS };
  const engine = new TwinEngine({ racks: [{ id: "r1", trays: 4, gpusPerTray: 8 }], now: () => clock.ms, speedOf: () => 1 });
  const meter = () => new LastingMeter(() => (clock.ms - START_MS) * 7);
  const house = await JobHouse.open({ now: () => clock.ms, engine: () => engine, files: () => engine.files, meter });
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds * 4; i++) {
      clock.ms += 250;
      await house.runner.step().catch(() => dies && house.crash());
    }
  };
  return { house, pass };
}

/** Once, at the n-th call: does it, and then dies without hearing that it was done; or dies before. */
function dieAt<T extends object, K extends keyof T>(target: T, name: K, call: number, when: "before" | "after"): () => boolean {
  const real = (target[name] as (...args: unknown[]) => Promise<unknown>).bind(target);
  let calls = 0;
  let died = false;
  Object.assign(target, {
    [name]: async (...args: unknown[]) => {
      if (++calls !== call) return real(...args);
      died = true;
      if (when === "after") await real(...args);
      throw new Error("killed");
    },
  });
  return () => died;
}

async function gpuSecondsOf(store: Store): Promise<number> {
  await foldAll(store);
  const [sum] = await sumUsage(store, { tenantIds: "all" }, []);
  return Number(sum.meters.gpuMilliS) / 1000;
}

for (const [what, kill] of [
  ["before a record is posted", (house: JobHouse) => dieAt(house.ledger, "record", 1, "before")],
  ["between posting a record and noting that it was posted", (house: JobHouse) => dieAt(house.ledger, "record", 1, "after")],
  ["before the meter's reading is kept", (house: JobHouse) => dieAt(house, "keepReading", 1, "before")],
  ["after the meter's reading is kept", (house: JobHouse) => dieAt(house, "keepReading", 1, "after")],
] as const)
  test(`killed ${what}, no joule and no GPU-second is lost, and none counts twice`, async () => {
    const { house, pass } = await openHouse(true);
    await house.submit("snu/a", "nodes: 2\ngpusPerNode: 8\nexpected: 100 s");
    await house.submit("kist/b", "gpusPerNode: 8\nexpected: 130 s");
    const died = kill(house);
    await pass(200);
    await house.runner.close();
    assert.ok(died(), "it was killed there");
    const { siteMilliJ, residualMilliJ, findings } = await house.balance();
    assert.deepEqual([residualMilliJ, findings], ["0", []]);
    assert.equal(siteMilliJ, String(200_000 * 7 * 2), "all that the register counted");
    const jobs = await house.book.list({ tenantIds: "all" });
    assert.equal(
      await gpuSecondsOf(house.store),
      jobs.reduce((sum, { ranMs, gpus }) => sum + (ranMs / 1000) * gpus, 0),
    );
    await house.close();
  });

for (const when of ["before", "after"] as const)
  test(`a database that fails ${when} it has written a period down loses none of it, and counts none twice`, async () => {
    const { house, pass } = await openHouse(false);
    await house.submit("snu/a", "nodes: 2\ngpusPerNode: 8\nexpected: 100 s");
    await pass(50);
    const { book } = house;
    const { write } = book;
    let failed = 0;
    // Of the writes of one period the first three fail, the job ends meanwhile, and another one begins.
    book.write = async (...args) => {
      if (args[3] === undefined || failed === 3) return write.apply(book, args);
      failed++;
      if (when === "after") await write.apply(book, args);
      throw new Error("no answer");
    };
    await pass(150);
    await house.runner.close();
    assert.equal(failed, 3);
    const { siteMilliJ, residualMilliJ, findings } = await house.balance();
    assert.deepEqual([siteMilliJ, residualMilliJ, findings], [String(200_000 * 7 * 2), "0", []]);
    const [{ ranMs, gpus }] = await book.list({ tenantIds: "all" });
    assert.equal(await gpuSecondsOf(house.store), (ranMs / 1000) * gpus);
    assert.equal((await book.gpuMonth(MONTH)).get("snu"), ranMs * gpus);
    await house.close();
  });

test("kill -9 at any moment, again and again: readings follow one another without a gap, and all of each is billed or idle", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-meter-"));
  const dice = random(5);
  const address = join(folder, "jobs.db");
  const store = await openStore(address);
  const children: ChildProcess[] = [];
  try {
    await prepareJournal(store);
    await prepareJobs(store);
    await prepareLedger(store, { utcOffsetMin: 540 });
    const config: MeterConfig = { address, startMs: START_MS, wallMs: Date.now() };
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
    const spec = parseSpec("pulmu: job/v1\nname: long\ncommand: [echo]\narray: 12\nnodes: 1\ngpusPerNode: 8\nexpected: 45 s\n", "job.yaml");
    const randomBytes = (count: number) => Uint8Array.from({ length: count }, () => Math.floor(dice.next() * 256));
    const asker = { by: "test", projectId: "snu/a", token: "t", traceparent: "" };
    await submitJob(new JobBook(store), spec, asker, FACTS, { nowMs: START_MS, randomBytes });
    const metered = JSON.stringify({ meterId: "pdu-7", untilMs: START_MS, count: new LastingMeter(() => 0).read() });
    await store.transaction((tx) => tx.run("insert into job_settings (name, value) values ('metered', $1)", [metered]));
    const run = async () => {
      const child = spawn(process.execPath, [join(import.meta.dirname, "../testing/meter-until-killed.ts"), join(folder, "config.json")], { stdio: ["ignore", "pipe", "inherit"] }); // prettier-ignore
      children.push(child);
      await once(child.stdout!, "data");
      return child;
    };
    for (let round = 0; round < 3; round++) {
      const child = await run();
      await sleep(200 + dice.next() * 1_200);
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    const last = await run();
    last.kill("SIGTERM");
    await once(last, "exit");
    const rows = await store.query<{ body: string }>("select body from meter_readings order by from_ms");
    const readings = rows.map(({ body }) => JSON.parse(body) as MeterReading);
    assert.ok(readings.length >= 1, `${readings.length} readings`);
    for (const [i, { fromMs }] of readings.entries()) assert.equal(fromMs, i === 0 ? START_MS : readings[i - 1].untilMs);
    const read = readings.reduce((sum, { itMilliJ }) => sum + itMilliJ, 0);
    assert.equal(read, (await readMetered(store))?.count.itMilliJ, "all that the register showed when it was read last");
    const { billedItMilliJ, residualMilliJ, findings } = await energyBalance(store, MONTH);
    assert.deepEqual([residualMilliJ, findings], ["0", []]);
    assert.ok(BigInt(billedItMilliJ) > 0n);
    const [{ n }] = await store.query<{ n: number }>("select (select count(*) from job_usage) + (select count(*) from job_readings) as n");
    assert.equal(Number(n), 0, "nothing is left on its way");
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
