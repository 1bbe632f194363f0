import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { engineJob, engineNode, expandHosts } from "./answers.ts";

test("host lists are taken apart, ranges, leading zeros, suffixes and all", () => {
  assert.deepEqual(expandHosts("gpu[1-3,7],cpu2"), ["gpu1", "gpu2", "gpu3", "gpu7", "cpu2"]);
  assert.deepEqual(expandHosts("r1n[08-10]-ib,login"), ["r1n08-ib", "r1n09-ib", "r1n10-ib", "login"]);
  assert.deepEqual(expandHosts(""), []);
});

test("any text for a host list gives names or none, never an error or more than can be held", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "1", "9", "[", "]", "-", ",") }), (text) => expandHosts(text).length <= 100_000),
  );
  assert.equal(expandHosts("a[0-99999999999]").length, 100_000);
});

test("a job reads the same from 22.05's shapes and from 24.11's", () => {
  const old = {
    job_id: 5,
    comment: "pulmu=h/j1.2",
    job_state: "RUNNING",
    state_reason: "None",
    nodes: "gpu[1-2]",
    start_time: 1_800_000_000,
    restart_cnt: 1,
  };
  const later = { ...old, job_state: ["RUNNING"], start_time: { set: true, infinite: false, number: 1_800_000_000 } };
  assert.deepEqual(engineJob(later), engineJob(old));
  assert.deepEqual(engineJob(old).nodes, ["gpu1", "gpu2"]);
});

test("exit codes are a shell's: the code, or 128 and the signal", () => {
  const ended = { job_id: 5, job_state: "FAILED", end_time: 1 };
  assert.equal(engineJob({ ...ended, exit_code: 7 << 8 }).exitCode, 7);
  assert.equal(engineJob({ ...ended, exit_code: 9 }).exitCode, 137);
  assert.equal(engineJob({ ...ended, exit_code: { return_code: { set: true, number: 7 } } }).exitCode, 7);
  assert.equal(engineJob({ ...ended, exit_code: { signal: { id: { set: true, number: 9 } } } }).exitCode, 137);
});

test("held, requeued and completing jobs are told apart", () => {
  const state = (job_state: string | string[], state_reason = "None") => engineJob({ job_id: 1, job_state, state_reason }).state;
  assert.equal(state("PENDING", "JobHeldUser"), "held");
  assert.equal(state("PENDING", "job requeued in held state"), "held");
  assert.equal(state("PENDING", "Resources"), "queued");
  assert.equal(state(["RUNNING", "COMPLETING"]), "ending");
  assert.equal(state("NODE_FAIL"), "node-failed");
  assert.equal(state("SOMETHING_NEW"), "queued");
});

test("a node that does not answer, or of which nothing is known, is not up", () => {
  const state = (name: string, flags: string[] = []) => engineNode({ name: "n", state: name, state_flags: flags }, /^rack/).state;
  assert.equal(state("idle"), "up");
  assert.equal(state("idle", ["NOT_RESPONDING"]), "down");
  assert.equal(state("unknown"), "down");
  assert.equal(state("mixed", ["DRAIN"]), "draining");
});
