import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { writeOutput } from "./write-output.ts";

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "pulmu-output-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

test("a file is written with the directories it needs, in place of what stood there", (t) => {
  const file = join(folder(t), "plots", "a.svg");
  writeOutput(file, "old");
  writeOutput(file, "new");
  assert.equal(readFileSync(file, "utf8"), "new");
  assert.deepEqual(readdirSync(join(file, "..")), ["a.svg"]);
});

test("given a file where a directory is needed, it is said in one line", (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, "plots"), "");
  assert.throws(() => writeOutput(join(dir, "plots", "a.svg"), "x"), {
    message: `${join(dir, "plots", "a.svg")}: a file stands where a directory is needed (nothing was written; name another place)`,
  });
});

test("given a disk that is full, one line says so and nothing is left of the file", (t) => {
  const dir = folder(t);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir]).status !== 0)
    return t.skip("no right to mount a small disk here");
  try {
    assert.throws(() => writeOutput(join(dir, "a.svg"), "x".repeat(1 << 20)), {
      message: `${join(dir, "a.svg")}: the disk is full (nothing was written; name another place)`,
    });
    assert.deepEqual(readdirSync(dir), []);
  } finally {
    spawnSync("umount", [dir]);
  }
});

test("given a directory of that name, it is said and nothing is left beside it", (t) => {
  const dir = folder(t);
  mkdirSync(join(dir, "a.svg"));
  writeFileSync(join(dir, "a.svg", "kept"), "");
  assert.throws(() => writeOutput(join(dir, "a.svg"), "x"), {
    message: `${join(dir, "a.svg")}: this is a directory, not a file (nothing was written; name another place)`,
  });
  assert.deepEqual(readdirSync(dir), ["a.svg"]);
});
