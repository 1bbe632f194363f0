import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { PulmuError } from "@pulmu/units";
import { RunDirectory, type RunHost } from "./run-directory.ts";

const root = fs.mkdtempSync(join(tmpdir(), "pulmu-directory-"));
after(() => fs.rmSync(root, { recursive: true }));
let places = 0;

/** An empty directory and the place of a run in it. */
function place(): { parent: string; dir: string } {
  const parent = join(root, `${places++}`);
  fs.mkdirSync(parent);
  return { parent, dir: join(parent, "run") };
}

const host = (replaced: Partial<RunHost> = {}): RunHost => ({ fs, pid: 4242, isAlive: () => false, ...replaced });

const code =
  (expected: string) =>
  (error: unknown): boolean =>
    error instanceof PulmuError && error.code === expected;

const failing = (call: keyof RunHost["fs"], errno: string): RunHost["fs"] => ({
  ...fs,
  [call]: () => {
    throw Object.assign(new Error(`${errno}: planted`), { code: errno, errno: -1 });
  },
});

test("a run appears at its place only when committed", () => {
  const { parent, dir } = place();
  const run = new RunDirectory(dir, { host: host() });
  run.writeText("kpis.json", "{}");
  assert.deepEqual(fs.readdirSync(parent), ["run.partial"]);
  run.commit();
  assert.deepEqual(fs.readdirSync(parent), ["run"]);
  assert.deepEqual(fs.readdirSync(dir), ["kpis.json"]);
});

test("given missing parents, they are made", () => {
  const { parent } = place();
  const dir = join(parent, "a", "b");
  new RunDirectory(dir, { host: host() }).commit();
  assert.ok(fs.statSync(dir).isDirectory());
});

test("given an empty directory at the place, the run takes it over", () => {
  const { dir } = place();
  fs.mkdirSync(dir);
  const run = new RunDirectory(dir, { host: host() });
  run.writeText("kpis.json", "{}");
  run.commit();
  assert.deepEqual(fs.readdirSync(dir), ["kpis.json"]);
});

test("given an earlier run at the place, it is refused without force and replaced with it", () => {
  const { parent, dir } = place();
  fs.mkdirSync(dir);
  fs.writeFileSync(join(dir, "kpis.json"), "old");
  assert.throws(() => new RunDirectory(dir, { host: host() }), code("results.exists"));
  const run = new RunDirectory(dir, { host: host(), force: true });
  run.writeText("kpis.json", "new");
  assert.equal(fs.readFileSync(join(dir, "kpis.json"), "utf8"), "old");
  run.commit();
  assert.equal(fs.readFileSync(join(dir, "kpis.json"), "utf8"), "new");
  assert.deepEqual(fs.readdirSync(parent), ["run"]);
});

test("given a directory that is no run, not even force replaces it", () => {
  const { dir } = place();
  fs.mkdirSync(dir);
  fs.writeFileSync(join(dir, "thesis.tex"), "years of work");
  assert.throws(() => new RunDirectory(dir, { host: host(), force: true }), code("results.not-a-run"));
  assert.deepEqual(fs.readdirSync(dir), ["thesis.tex"]);
});

test("given a place that fills up while the run goes on, what came is kept and the run refused", () => {
  const { dir } = place();
  const run = new RunDirectory(dir, { host: host() });
  fs.mkdirSync(dir);
  fs.writeFileSync(join(dir, "thesis.tex"), "years of work");
  assert.throws(() => run.commit(), code("results.exists"));
  assert.deepEqual(fs.readdirSync(dir), ["thesis.tex"]);
});

test("given what a killed run left, it is cleared away", () => {
  const { parent, dir } = place();
  new RunDirectory(dir, { host: host() }).writeText("site.parquet", "half");
  const run = new RunDirectory(dir, { host: host({ pid: 4243 }) });
  assert.deepEqual(fs.readdirSync(join(parent, "run.partial")), [".pulmu-run"]);
  run.commit();
  assert.deepEqual(fs.readdirSync(dir), []);
});

test("given another run that is still writing there, it is left alone", () => {
  const { dir } = place();
  const first = new RunDirectory(dir, { host: host() });
  assert.throws(() => new RunDirectory(dir, { host: host({ isAlive: (pid) => pid === 4242 }) }), code("results.busy"));
  first.writeText("kpis.json", "{}");
  first.commit();
  assert.deepEqual(fs.readdirSync(dir), ["kpis.json"]);
});

test("given a .partial directory that no run left, it is left alone", () => {
  const { parent, dir } = place();
  fs.mkdirSync(`${dir}.partial`);
  fs.writeFileSync(join(`${dir}.partial`, "thesis.tex"), "years of work");
  assert.throws(() => new RunDirectory(dir, { host: host() }), code("results.not-a-run"));
  assert.deepEqual(fs.readdirSync(join(parent, "run.partial")), ["thesis.tex"]);
});

test("given a file where the directory should be, it is refused", () => {
  const { dir } = place();
  fs.writeFileSync(dir, "");
  assert.throws(() => new RunDirectory(dir, { host: host() }), code("results.not-a-directory"));
});

test("given a read-only file system, the error says so and nothing is left", () => {
  const { parent, dir } = place();
  assert.throws(() => new RunDirectory(dir, { host: host({ fs: failing("mkdirSync", "EROFS") }) }), code("results.read-only"));
  assert.deepEqual(fs.readdirSync(parent), []);
});

test("given a directory without permission, the error says so and nothing is left", () => {
  const { parent, dir } = place();
  assert.throws(() => new RunDirectory(dir, { host: host({ fs: failing("openSync", "EACCES") }) }), code("results.no-permission"));
  assert.deepEqual(fs.readdirSync(parent), []);
});

test("given a directory that is removed during the run, the error says so", () => {
  const { parent, dir } = place();
  const run = new RunDirectory(dir, { host: host() });
  fs.rmSync(parent, { recursive: true });
  assert.throws(() => run.writeText("kpis.json", "{}"), code("results.vanished"));
});

test("given a rename that fails, the earlier run stands where it stood", () => {
  const { parent, dir } = place();
  fs.mkdirSync(dir);
  fs.writeFileSync(join(dir, "kpis.json"), "old");
  const renameSync: typeof fs.renameSync = (from, to) => {
    if (String(from).endsWith(".partial")) throw Object.assign(new Error("EIO: planted"), { code: "EIO", errno: -5 });
    fs.renameSync(from, to);
  };
  const run = new RunDirectory(dir, { host: host({ fs: { ...fs, renameSync } }), force: true });
  assert.throws(() => run.commit(), code("results.io"));
  run.discard();
  assert.deepEqual(fs.readdirSync(parent), ["run"]);
  assert.equal(fs.readFileSync(join(dir, "kpis.json"), "utf8"), "old");
});
