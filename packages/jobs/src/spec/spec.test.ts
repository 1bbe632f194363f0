import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClusterShape, mustFit } from "./cluster.ts";
import { estimate } from "./estimate.ts";
import { pauseAllowanceS } from "./job-spec.ts";
import { parseSpec } from "./load-spec.ts";

const FILE = `pulmu: job/v1
name: tune
command: [torchrun, train.py]
nodes: 4
gpusPerNode: 8
expected: 6 h
`;
const CLUSTER: ClusterShape = {
  kinds: [{ rack: "rack1", gpus: 8, nodes: 4 }, { rack: "rack2", gpus: 8, nodes: 2 }],
  contractW: 100_000,
  images: false,
  places: ["KR", "sejong"],
  wattsPerGpu: 1_500,
  idleWattsPerGpu: 150,
  acceleratorId: "gb300",
}; // prettier-ignore

test("a job file is read with its units, and what it does not say is said", () => {
  const spec = parseSpec(`${FILE}class: flexible\ncheckpoint: { signal: USR1, within: 90 s }\nminPower: 70 %\n`, "tune.yaml");
  assert.deepEqual([spec.expected, spec.checkpoint?.within, spec.minPower, spec.topology, spec.retries], [21_600, 90, 0.7, "any", 0]);
  assert.equal(pauseAllowanceS(spec), 86_400);
  assert.equal(pauseAllowanceS({ ...spec, class: "standard" }), 0);
});

test("all that is wrong with a file is told at once, each with its line", () => {
  const wrong = `${FILE.replace("[torchrun, train.py]", "torchrun train.py; rm -rf /")}gpu: 8\nclass: critcal\ndeadline: tomorrow\n`;
  assert.throws(() => parseSpec(wrong, "tune.yaml"), (error: Error) => {
    const lines = error.message.split("\n").map((line) => line.split(":").slice(0, 3).join(":"));
    assert.deepEqual(lines, ["tune.yaml:3: command", "tune.yaml:7: gpu", "tune.yaml:8: class", "tune.yaml:9: deadline"]);
    assert.match(error.message, /no shell reads it/);
    assert.match(error.message, /did you mean "critical"\?/);
    return true;
  }); // prettier-ignore
});

test("critical work may not be offered for pauses, and a limit shorter than the job is refused", () => {
  assert.throws(
    () => parseSpec(`${FILE}class: critical\npausePerDay: 30 min\ntimeLimit: 1 h\n`, "t"),
    /critical work is never paused[\s\S]*expected to run 21600 s/,
  );
});

test("a job that asks for more than exists is told what would fit: nodes, racks, power", () => {
  const spec =
    (nodes: number, more = "") =>
    () =>
      mustFit(parseSpec(FILE.replace("nodes: 4", `nodes: ${nodes}`) + more, "t"), CLUSTER);
  assert.doesNotThrow(spec(4, "topology: rack\n"));
  assert.throws(spec(9), /nodes: 9: 6 nodes here have 8 GPUs \(at most 6 would fit\)/);
  assert.throws(spec(5, "topology: nvlink-domain\n"), /the largest nvlink-domain here has 4 such nodes/);
  assert.throws(spec(6, "powerPerGpu: 3 kW\n"), /144 kW: all jobs together have 100 kW \(at most 33 GPUs would fit\)/);
});

test("data that may not be here, and an image that nothing can run, are refused before anything is submitted", () => {
  const spec = parseSpec(`${FILE}residency: [JP]\nimage: nvcr.io/x\n`, "t");
  assert.throws(
    () => mustFit(spec, CLUSTER),
    /residency: JP: this site is in KR, sejong[\s\S]*image: nvcr\.io\/x: the engine has no container runtime/,
  );
  assert.doesNotThrow(() => mustFit({ ...spec, image: "", residency: ["JP", "KR"] }, CLUSTER));
});

test("an estimate counts every task: GPU-hours, kWh at the racks, won", () => {
  const spec = parseSpec(`${FILE}array: 10\n`, "t");
  assert.deepEqual(estimate(spec, CLUSTER, { krwPerGpuH: 4_500 }), { gpuHours: 1_920, itKWh: 2_880, krw: 8_640_000 });
});
