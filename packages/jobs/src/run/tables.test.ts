import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deadlineIsNear, slackMs } from "../book/job-times.ts";
import type { Job } from "../book/job.ts";
import { newJobs } from "../book/new-jobs.ts";
import { NEVER } from "../quota/decision.ts";
import { parseSpec } from "../spec/load-spec.ts";
import { Groups, queueOrder, Racks, runningTable } from "./tables.ts";

const NOW = Date.UTC(2026, 10, 25);
const RANK = ["critical", "standard", "flexible"];

const some = fc.record({
  kind: fc.constantFrom("critical", "standard", "flexible"),
  /** Hours from now to its deadline. */
  hours: fc.option(fc.integer({ min: -5, max: 100 }), { nil: undefined }),
  state: fc.constantFrom("held", "paused") as fc.Arbitrary<Job["state"]>,
  pausedS: fc.nat(1_000),
  minPower: fc.constantFrom(0.5, 0.7, 1),
});
type Some = typeof some extends fc.Arbitrary<infer T> ? T : never;

function jobOf({ kind, hours, state, pausedS, minPower }: Some, i: number): Job {
  const deadline = hours === undefined ? {} : { deadline: new Date(NOW + hours * 3_600_000).toISOString() };
  const spec = parseSpec(JSON.stringify({ pulmu: "job/v1", name: "n", command: ["x"], nodes: 1, gpusPerNode: 8, expected: "30 min", class: kind, minPower, ...deadline }), "t"); // prettier-ignore
  const [job] = newJobs({ spec, tenantId: "t", projectId: "t/p", by: "b", token: `${i}`, powerW: 16_000, traceparent: "" }, `j${i}`, NOW - 1_000); // prettier-ignore
  return { ...job, seq: i + 1, state, pauseSinceMs: state === "paused" ? NOW - pausedS * 1000 : 0 };
}

test("whatever waits: paused before others, then by class, then near deadlines and the nearest first; and it is one order for all", () => {
  fc.assert(
    fc.property(fc.array(some, { maxLength: 30 }), (list) => {
      const jobs = list.map(jobOf);
      const order = jobs.toSorted(queueOrder(NOW));
      assert.deepEqual(jobs.toReversed().toSorted(queueOrder(NOW)), order);
      for (const [i, after] of order.entries()) {
        const before = order[i - 1];
        if (before === undefined) continue;
        assert.ok(before.state === "paused" || after.state !== "paused");
        if (before.state !== after.state) continue;
        assert.ok(RANK.indexOf(before.spec.class) <= RANK.indexOf(after.spec.class));
        if (before.spec.class !== after.spec.class || !deadlineIsNear(after, NOW)) continue;
        assert.ok(deadlineIsNear(before, NOW) && slackMs(before, NOW) <= slackMs(after, NOW));
      }
    }),
  );
});

test("whoever runs: of equals those whose deadline is near are paused last, no class is passed for it, and critical work never is", () => {
  fc.assert(
    fc.property(fc.array(some, { maxLength: 30 }), (list) => {
      const jobs = list
        .map(jobOf)
        .map((job): Job => ({ ...job, state: "running", nodes: ["n1"], runSinceMs: NOW - 1_000, pauseSinceMs: 0 }));
      const { tier, giveW } = runningTable(jobs, new Groups(jobs, [], [], new Map(), NOW), new Racks([{ name: "n1", rack: "r", gpus: 8, state: "up", reason: "" }]), NOW, true); // prettier-ignore
      for (const [i, a] of jobs.entries()) {
        assert.equal(tier[i] === NEVER, a.spec.class === "critical");
        assert.equal(giveW[i], 16_000 - Math.ceil(16 * a.spec.minPower) * 1000);
        for (const [k, b] of jobs.entries()) {
          if (a.spec.class === "critical" || b.spec.class === "critical") continue;
          if (a.spec.class === b.spec.class)
            assert.equal(Math.sign(tier[i] - tier[k]), Number(deadlineIsNear(a, NOW)) - Number(deadlineIsNear(b, NOW))); // prettier-ignore
          else if (a.spec.class === "flexible") assert.ok(tier[i] < tier[k]);
        }
      }
    }),
  );
});
