import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMachineState } from "./nico.ts";

const state = (managed: unknown) => {
  const payload = { machine_id: "m-1", timestamp: "2026-11-24T09:00:00Z", managed_host_state: managed };
  const result = parseMachineState(Buffer.from(JSON.stringify(payload)));
  return result.ok ? [] : result.problems.map(({ code, path }) => `${code} ${path}`);
};

test("given states with and without steps inside, they are accepted", () => {
  for (const managed of [
    { state: "ready" },
    { state: "dpuinit", dpu_states: { states: { "dpu-0": { dpustate: "installdpuos", substate: { installdpuosstate: "completed" } } } } },
    { state: "assigned", instance_state: { state: "hostreprovision", reprovision_state: "checkingfirmware" } },
    {
      state: "failed",
      machine_id: "m-1",
      details: { cause: { discovery: { err: "no DPU" } }, failed_at: "2026-11-24T09:00:00Z", source: "scout" },
    },
    { state: "bomvalidating", bom_validating_state: { SkuMissing: { reboot_retry_count: null } } },
  ]) {
    assert.deepEqual(state(managed), [], JSON.stringify(managed));
  }
});

test("given a wrong step deep inside, its path is named", () => {
  assert.deepEqual(state({ state: "dpuinit", dpu_states: { states: { "dpu-0": { dpustate: "flying" } } } }), [
    "contract.enum managed_host_state.dpu_states.states.dpu-0.dpustate",
  ]);
  assert.deepEqual(state({ state: "hostreprovision", reprovision_state: { initialreset: {}, more: 1 } }), [
    "contract.enum managed_host_state.reprovision_state",
  ]);
});

test("given a state of a later copy of the contract, this one refuses it", () => {
  assert.deepEqual(state({ state: "maintenance" }), ["contract.enum managed_host_state.state"]);
});
