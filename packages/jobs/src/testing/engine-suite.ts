import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { CHECKPOINT_MARK, type Engine, type EngineAbilities, type EngineJob, type EngineOrder, EXIT_MARK } from "../engines/engine.ts";

/** An engine under test, and how time passes on it. */
export interface EngineUnderTest {
  readonly engine: Engine;
  /** Directory that its nodes see. */
  readonly folder: string;
  /** GPUs of one node. */
  readonly gpus: number;
  /** False: commands are not really run, and leave no files. */
  readonly runs: boolean;
  /** Lets about a quarter of a second pass. */
  pass(): Promise<void>;
  stop(): Promise<void>;
}

const DEADLINE_MS = 40_000;
let serial = 0;

/** What every engine promises, whatever runs behind it. */
export function engineSuite(name: string, open: () => Promise<EngineUnderTest>, skip: string | false = false): void {
  describe(`a job's engine, ${name}`, { skip }, () => {
    let at: EngineUnderTest;
    const notRun = name === "the twin" && "nothing is really run in the twin";
    let able: EngineAbilities;
    before(async () => {
      at = await open();
      able = await at.engine.probe();
    });
    after(() => at?.stop());

    const order = (script: string, more: Partial<EngineOrder> = {}): EngineOrder => {
      const token = `suite/j${++serial}.1`;
      const stateDir = at.runs ? join(at.folder, `j${serial}`) : `/twin/j${serial}`;
      if (at.runs) mkdirSync(stateDir, { recursive: true });
      return { token, name: "suite", command: ["bash", "-c", script], image: "", env: {}, nodes: 1, gpusPerNode: 0, topology: "any", powerW: 0, workDir: "/tmp", stateDir, timeLimitS: 0, expectedS: 1, excludedNodes: [], ...more }; // prettier-ignore
    };
    const find = async (id: string): Promise<EngineJob | undefined> => (await at.engine.changes(""))?.jobs.find(({ engineId }) => engineId === id); // prettier-ignore
    const until = async (id: string, states: readonly EngineJob["state"][]): Promise<EngineJob> => {
      for (const start = performance.now(); performance.now() - start < DEADLINE_MS; await at.pass()) {
        const job = await find(id);
        if (job !== undefined && states.includes(job.state)) return job;
      }
      throw assert.fail(`job ${id} is ${JSON.stringify(await find(id))}, not ${states.join(" or ")}`);
    };

    test("a job that was handed over does not start before it is let go, and then ends well", async () => {
      const wanted = order("exit 0");
      const id = await at.engine.submit(wanted);
      await at.pass();
      const held = await find(id);
      assert.deepEqual([held?.state, held?.token, held?.startedMs], ["held", wanted.token, 0]);
      await at.engine.release(id);
      assert.equal((await until(id, ["done"])).exitCode, 0);
      if (at.runs) assert.equal(readFileSync(join(wanted.stateDir, EXIT_MARK), "utf8").trim(), "0");
    });

    test("a command that fails gives its exit code", { skip: notRun }, async () => {
      const id = await at.engine.submit(order("exit 7"));
      await at.engine.release(id);
      assert.equal((await until(id, ["failed"])).exitCode, 7);
    });

    test("arguments reach the command as they are, whatever a shell would make of them", { skip: notRun }, async () => {
      const odd = `it's "$HOME" \`id\` $(id); * \\ 한글`;
      const wanted = order("", { command: ["bash", "-c", 'printf %s "$1" > "$PULMU_STATE_DIR/said"', "x", odd] });
      const id = await at.engine.submit(wanted);
      await at.engine.release(id);
      await until(id, ["done"]);
      assert.equal(readFileSync(join(wanted.stateDir, "said"), "utf8"), odd);
    }); // prettier-ignore

    test("a running job saves its work on a signal, is put back held, and goes on from there", async (context) => {
      if (!able.requeue) return context.skip(`${able.description} cannot put a job back`);
      const script = `trap 'touch $PULMU_CHECKPOINT_MARK' USR1; [ -e $PULMU_CHECKPOINT_MARK ] && exit 0; for i in $(seq 300); do sleep 0.1 || true; done; exit 1`;
      const wanted = order(script, { expectedS: 30 });
      const id = await at.engine.submit(wanted);
      await at.engine.release(id);
      await until(id, ["running"]);
      if (at.runs) await sleep(500); // the trap is set
      await at.engine.signal(id, "USR1");
      if (at.runs) for (let i = 0; i < 100 && readMark(wanted) === undefined; i++) await sleep(50);
      await at.engine.requeueHeld(id);
      const held = await until(id, ["held"]);
      assert.equal(held.restarts, 1);
      await at.engine.release(id);
      await until(id, ["done", "running"]);
      await at.engine.cancel(id);
    });

    test("a job that was cancelled is over, and cancelling it again does nothing", async () => {
      const id = await at.engine.submit(order("sleep 60", { expectedS: 60 }));
      await at.engine.release(id);
      await until(id, ["running"]);
      await at.engine.cancel(id);
      await until(id, ["cancelled"]);
      await at.engine.cancel(id);
      await at.engine.release(id);
      await at.engine.signal(id, "USR1");
      assert.equal((await until(id, ["cancelled"])).state, "cancelled");
    });

    test("a job asked for twice under one token, and let go once, runs once", async () => {
      const wanted = order("echo ran >> $PULMU_STATE_DIR/runs");
      const first = await at.engine.submit(wanted);
      const second = await at.engine.submit(wanted);
      await at.engine.release(first);
      await until(first, ["done"]);
      if (second !== first) assert.equal((await find(second))?.state, "held");
      if (at.runs) assert.equal(readFileSync(join(wanted.stateDir, "runs"), "utf8"), "ran\n");
      if (second !== first) await at.engine.cancel(second);
    });

    test("a job keeps away from the nodes it was told to keep away from, whichever they are", async (context) => {
      if (!able.excludeNodes) return context.skip(`${able.description} cannot leave nodes out`);
      const names = (await at.engine.nodes()).map(({ name: each }) => each);
      for (const wanted of [names[0], names.at(-1)!]) {
        const id = await at.engine.submit(order("sleep 30", { expectedS: 30, excludedNodes: names.filter((each) => each !== wanted) }));
        await at.engine.release(id);
        assert.deepEqual((await until(id, ["running"])).nodes, [wanted]);
        await at.engine.cancel(id);
        await until(id, ["cancelled"]);
      }
    });

    test("its nodes have GPUs, and a drained one takes no job until it is back", async (context) => {
      if (!able.drain) return context.skip(`${able.description} cannot drain`);
      const [node] = await at.engine.nodes();
      assert.equal(node.gpus, at.gpus);
      await at.engine.drain(node.name, "test of draining");
      const drained = (await at.engine.nodes()).find(({ name: each }) => each === node.name);
      assert.deepEqual([drained?.state, drained?.reason], ["draining", "test of draining"]);
      await at.engine.undrain(node.name);
      const state = async () => (await at.engine.nodes()).find(({ name: each }) => each === node.name)?.state;
      for (let i = 0; i < 100 && (await state()) !== "up"; i++) await at.pass(); // Slurm asks it first whether it is well
      assert.equal(await state(), "up");
    });

    test("asked since its last answer, an engine on which nothing happened lists nothing, or everything", async () => {
      const all = await at.engine.changes("");
      const since = await at.engine.changes(all!.cursor);
      if (since !== undefined) assert.equal(since.complete, true);
    });
  });
}

function readMark({ stateDir }: EngineOrder): string | undefined {
  try {
    return readFileSync(join(stateDir, CHECKPOINT_MARK), "utf8");
  } catch {
    return undefined;
  }
}
