import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { jobJsonSchema } from "@pulmu/jobs";
import { PulmuProcess, runPulmu } from "../testing/run-pulmu.ts";

/** A `pulmu up` that runs jobs as processes of this machine, two GPUs that nobody has, and what its keys may do. */
const folder = mkdtempSync(join(tmpdir(), "pulmu-jobs-"));
const db = join(folder, "house.db");
const file = join(folder, "job.yaml");
let factory: PulmuProcess;
let url: string;
let key: string;

before(async () => {
  factory = new PulmuProcess(["up", "--site", "sites/lab.yaml", "--port", "0", "--no-gateway", "--db", db, "--bus-home", join(folder, "bus"), "--engine", "local=2", "--json"]); // prettier-ignore
  const [, address] = await factory.printed(/"serving":"([^"]+)"/);
  url = address;
  for (let i = 0; i < 100 && !/pulmu_\S+/.test(factory.stderr); i++) await sleep(100);
  key = /pulmu_\S+/.exec(factory.stderr)![0];
  await pulmu("tenant", "create", "snu");
  await pulmu("project", "create", "snu/genomics");
});
after(async () => {
  factory.child.kill("SIGTERM");
  await factory.end();
  rmSync(folder, { recursive: true, force: true });
});

async function pulmu(...args: string[]): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  return runPulmu(...args, "--db", db);
}

async function ask(method: string, path: string, body?: object, auth = key) {
  const options = { method, headers: { Authorization: `Bearer ${auth}` }, ...(body && { body: JSON.stringify(body) }) };
  const answer = await fetch(`${url}/api/v1${path}`, options);
  const text = await answer.text();
  return { status: answer.status, text, json: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined };
}

async function ended(id: string): Promise<{ readonly state: string; readonly exitCode: number | null }> {
  for (let i = 0; i < 150; i++) {
    const { json } = await ask("GET", `/jobs/${id}`);
    if (["done", "failed", "cancelled"].includes(json.state)) return json;
    await sleep(200);
  }
  throw new Error(`job ${id} did not end`);
}

const spec = (more: object = {}) => ({ pulmu: "job/v1", name: "hello", command: ["bash", "-c", "echo on GPU $CUDA_VISIBLE_DEVICES"], gpusPerNode: 1, expected: "1 h", ...more }); // prettier-ignore

test("a job submitted over HTTP runs as a process, and its output and its history can be read", async () => {
  const submitted = await ask("POST", "/jobs", { project: "snu/genomics", token: "first", spec: spec() });
  assert.equal(submitted.status, 201, submitted.text);
  assert.deepEqual(submitted.json.estimate.gpuHours, 1);
  const { id } = submitted.json.jobs[0];
  assert.deepEqual((await ended(id)).state, "done");
  assert.match((await ask("GET", `/jobs/${id}/logs`)).text, /^on GPU [01]$/m);
  const why = (await ask("GET", `/jobs/${id}/why`)).json;
  assert.deepEqual(
    why.steps.map(({ what }: { what: string }) => what).filter((what: string) => what !== "started"),
    ["submitted", "handed-over", "released", "done"],
  );
});

test("the same submission sent again is the same job, and another under its token is refused", async () => {
  const again = await ask("POST", "/jobs", { project: "snu/genomics", token: "first", spec: spec() });
  const first = (await ask("GET", "/jobs?project=snu/genomics")).json;
  assert.equal(again.json.jobs[0].id, first[0].id);
  assert.equal(first.length, 1);
  const other = await ask("POST", "/jobs", { project: "snu/genomics", token: "first", spec: spec({ name: "other" }) });
  assert.equal(other.status, 409);
});

test("who has no right submits nothing, and another tenant's job looks as if it were not there", async () => {
  await pulmu("tenant", "create", "acme");
  await pulmu("project", "create", "acme/x");
  const { stdout } = await pulmu("key", "create", "acme/x/ci", "--scope", "read", "admin", "--role", "tenant-admin", "--json");
  const foreign = /pulmu_[^"\s]+/.exec(stdout)![0];
  assert.equal((await ask("POST", "/jobs", { project: "snu/genomics", token: "t", spec: spec() }, foreign)).status, 403);
  const [{ id }] = (await ask("GET", "/jobs")).json;
  assert.equal((await ask("GET", `/jobs/${id}`, undefined, foreign)).status, 404);
  assert.deepEqual((await ask("GET", "/jobs", undefined, foreign)).json, []);
});

test("the commands do the same: estimate, submit, list, why, cancel, top, quota", async () => {
  writeFileSync(file, "pulmu: job/v1\nname: sleeper\ncommand: [sleep, '600']\ngpusPerNode: 1\nexpected: 10 min\nclass: critical\n");
  const estimate = await pulmu("job", "submit", file, "--estimate");
  assert.match(estimate.stdout, /^about 0\.2 GPU-hours, \d+\.\d kWh at the racks, 750 won\n$/, estimate.stderr);
  const submitted = await pulmu("job", "submit", file, "--project", "snu/genomics", "--json");
  const { id } = JSON.parse(submitted.stdout).jobs[0];
  for (let i = 0; i < 100 && (await ask("GET", `/jobs/${id}`)).json.state !== "running"; i++) await sleep(100);
  assert.match((await pulmu("job", "list")).stdout, new RegExp(`${id} +sleeper +snu/genomics +critical +running`));
  assert.match((await pulmu("job", "why", id)).stdout, new RegExp(`^${id} running: runs on `));
  assert.match((await pulmu("job", "top")).stdout, /^processes on this machine, 2 GPUs: 1 nodes up[\s\S]*\nsnu +1 +0 +1 /);
  assert.match((await pulmu("job", "cancel", id)).stdout, new RegExp(`${id} is being ended`));
  assert.equal((await ended(id)).state, "cancelled");
  assert.match((await pulmu("job", "quota", "snu", "--limit", "1")).stdout, /snu +0 +0 W +1 /);
});

test("what is reserved is kept for its owner: another's job waits, says for whom, and starts when it is kept no longer", async () => {
  const reserved = await pulmu("job", "reserve", "night-run", "--for", "acme", "--gpus", "2", "--until", "+2h");
  assert.match(reserved.stdout, /^night-run +acme +\d{4}.+Z +\d{4}.+Z +2 /m, reserved.stderr);
  const more = await pulmu("job", "reserve", "more", "--for", "snu", "--gpus", "1", "--from", "+1h", "--until", "+1h");
  assert.equal(more.code, 2);
  assert.match(more.stderr, /gpus: 1: at \S+ that would promise 3 of 2 GPUs \(acme 2, snu 1\) \(at most 0 GPUs would fit\)/);
  const typo = { groupId: "acmee", fromMs: Date.now(), untilMs: Date.now() + 60_000, gpus: 1, powerW: 0 };
  assert.equal((await ask("PUT", "/job-reservations/typo", typo)).status, 404);
  const submitted = await ask("POST", "/jobs", { project: "snu/genomics", token: "reserved", spec: spec() });
  const { id } = submitted.json.jobs[0];
  const why = async () => (await ask("GET", `/jobs/${id}/why`)).json.line as string;
  for (let i = 0; i < 150 && !/reserved/.test(await why()); i++) await sleep(200);
  assert.match(await why(), /what is free is reserved: 2 GPUs for acme until \S+Z \(night-run\)$/);
  assert.equal((await ask("DELETE", "/job-reservations/night-run")).status, 200);
  assert.equal((await ask("DELETE", "/job-reservations/night-run")).status, 404);
  assert.equal((await ended(id)).state, "done");
  assert.equal((await pulmu("job", "reserve")).stdout, "nothing is reserved\n");
});

test("a bad file names its lines, a job that never fits says what would, and nothing is submitted", async () => {
  const before = (await ask("GET", "/jobs?limit=1000")).json.length;
  writeFileSync(file, "pulmu: job/v1\nname: bad\ncommand: rm -rf $HOME\ngpusPerNode: 1\n");
  const bad = await pulmu("job", "submit", file, "--project", "snu/genomics");
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /job\.yaml:3: command: .*no shell reads it/);
  const large = await ask("POST", "/jobs", { project: "snu/genomics", token: "large", spec: spec({ gpusPerNode: 64 }) });
  assert.equal(large.status, 400);
  assert.match(large.text, /no node here has more than 2 GPUs \(use 32 nodes with 2 each\)/);
  assert.equal((await ask("GET", "/jobs?limit=1000")).json.length, before);
});

test("the published schema of a job file is the one that is checked", () => {
  const published = readFileSync(new URL("../../../../docs/schema/job.schema.json", import.meta.url), "utf8");
  assert.deepEqual(JSON.parse(published), JSON.parse(JSON.stringify(jobJsonSchema())));
});
