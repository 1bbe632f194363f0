import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { PulmuError } from "@pulmu/units";
import { actuatorSuite } from "../../testing/actuator-suite.ts";
import { FakeNvidiaSmi } from "../../testing/fake-nvidia-smi.ts";
import { nvidiaSmiActuator } from "./nvidia-smi-actuator.ts";
import { commandRunner } from "./run-command.ts";

const soon = () => AbortSignal.timeout(10_000);

actuatorSuite("nvidia-smi", async () => {
  const smi = new FakeNvidiaSmi(4);
  const actuator = nvidiaSmiActuator({ id: "here", run: smi.run, writes: true });
  return {
    actuator,
    gpus: 4,
    minCapW: smi.minCapW,
    maxCapW: smi.maxCapW,
    limitsClocks: true,
    capsW: () => smi.gpus.map(({ limitW }) => limitW),
    clockLimits: () => smi.clockLimits,
    setBehindBack: (capW) => smi.gpus.forEach((gpu) => (gpu.limitW = capW)),
    ignoreWrites: (ignores) => (smi.ignoresWrites = ignores),
    die: (dead) => (smi.dead = dead),
    close: () => actuator.close(),
  };
});

test("given no leave to write, it reads and sets nothing", async () => {
  const smi = new FakeNvidiaSmi(2);
  const actuator = nvidiaSmiActuator({ id: "here", run: smi.run });
  const held = await actuator.read(soon());
  assert.deepEqual(held, { gpus: 2, gpuCapW: 700, clockLimit: 1, gpuPowerW: 71.23, notes: [] });
  await assert.rejects(actuator.write({ gpuCapW: 400, clockLimit: 1 }, soon()), /here: may not be written to \(allow writes/);
  assert.ok(smi.calls.every((args) => args[0].startsWith("--query-gpu=")));
});

test("given no root, the tool's own words say so", async () => {
  const smi = new FakeNvidiaSmi(1);
  smi.root = false;
  const actuator = nvidiaSmiActuator({ id: "here", run: smi.run, writes: true });
  await assert.rejects(
    actuator.write({ gpuCapW: 400, clockLimit: 1 }, soon()),
    /here: -i GPU-0 -pl 400: nvidia-smi fails with 4: Changing power management limit is not permitted.*\(setting limits takes root\)/,
  );
});

test("given a limit set through the BMC, the enforced one counts", async () => {
  const run = async () => ({ status: 0, output: "GPU-a, NVIDIA GB200, 300.00, 850.00, 200.00, 1200.00, 2100\n" });
  assert.equal((await nvidiaSmiActuator({ id: "here", run }).read(soon())).gpuCapW, 850);
});

test("given a GPU that tells no limit in force, it counts with its maximum", async () => {
  const run = async () => ({ status: 0, output: "GPU-a, NVIDIA X, [N/A], [N/A], 100.00, 300.00, [Not Supported]\n" });
  const held = await nvidiaSmiActuator({ id: "here", run }).read(soon());
  assert.deepEqual([held.gpuCapW, held.gpuPowerW, held.notes[0].code], [300, undefined, "not-in-force"]);
});

for (const [what, output, words] of [
  ["no GPU", "No devices were found\n", /here: No devices were found: nvidia-smi tells no GPUs/],
  ["a table cut short", "GPU-a, NVIDIA X, 12", /tells no GPUs/],
  ["a GPU without any limit", "GPU-a, NVIDIA X, 12, [N/A], [N/A], [N/A], [N/A]\n", /NVIDIA X GPU-a: tells no power limit of this GPU/],
] as const) {
  test(`given ${what}, that is said`, async () => {
    await assert.rejects(nvidiaSmiActuator({ id: "here", run: async () => ({ status: 0, output }) }).read(soon()), words);
  });
}

test("given a machine without the tool, that is said", async () => {
  const actuator = nvidiaSmiActuator({ id: "here", run: commandRunner("/nowhere/nvidia-smi") });
  await assert.rejects(actuator.read(soon()), /here: nvidia-smi cannot be run \(ENOENT\) \(it comes with NVIDIA's driver\)/);
});

test("given arguments that a shell would run, the tool gets them as they are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-smi-"));
  try {
    const tool = join(folder, "nvidia-smi");
    writeFileSync(tool, `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/args\necho done\n`);
    chmodSync(tool, 0o755);
    const result = await commandRunner(tool)(["$(touch x)", "; echo hi"], soon());
    assert.deepEqual(result, { status: 0, output: "done\n" });
    assert.equal(readFileSync(join(folder, "args"), "utf8"), "$(touch x)\n; echo hi\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("given a tool that hangs, the deadline ends it", async () => {
  const run = commandRunner("sleep");
  const actuator = nvidiaSmiActuator({ id: "here", run: (_args, signal) => run(["60"], signal) });
  await assert.rejects(actuator.read(AbortSignal.timeout(50)), (error) => (error as PulmuError).code === "actuator.timeout");
});
