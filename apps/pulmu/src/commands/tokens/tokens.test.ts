import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CHECKOUT, PulmuProcess, runPulmu } from "../../testing/run-pulmu.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-chat-"));
const COST = /^\d+ tokens · [\d.e-]+ J · [\d.e-]+ g CO₂ · lab, us · simulated$/m;
let up: PulmuProcess;
let door: readonly string[];

before(async () => {
  up = new PulmuProcess(["up", "--site", "sites/lab.yaml", "--port", "0", "--json", "--db", join(folder, "chat.db")]);
  const [, url] = await up.printed(/"tokens":"([^"]+)"/);
  door = ["--url", url, "--key", /pulmu_\w{16}_[\w-]{43}/.exec(up.stderr)![0]];
  await up.printed(/"secondsSimulated":1\d{3}/); // it is warm
});
after(() => {
  up.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test("models lists what can be asked, and says that it is simulated", async () => {
  const { code, stdout } = await runPulmu("models", ...door);
  assert.equal(code, 0);
  assert.match(stdout, /^model +version +site +jurisdiction +answers\n\S+ +\S+@simulated +lab +us +simulated\n/);
});

test("chat answers a question and says what it cost", async () => {
  const { code, stdout } = await runPulmu("chat", "풀무가", "뭐야?", ...door);
  assert.equal(code, 0);
  assert.match(stdout, /^이 답변은 시뮬레이션입니다/);
  assert.match(stdout, COST);
});

test("chat answers a pipe line by line", async () => {
  const child = spawn(process.execPath, [join(CHECKOUT, "apps/pulmu/src/main.ts"), "chat", ...door], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stdin.end("one?\n\ntwo?\n");
  const [code] = await once(child, "close");
  assert.equal(code, 0);
  assert.equal(stdout.match(new RegExp(COST.source, "gm"))?.length, 2);
});

test("nobody there, and a wrong key, are one line with a way out", async () => {
  const nobody = await runPulmu("chat", "x", "--url", "http://127.0.0.1:9/v1", "--key", "k");
  assert.deepEqual([nobody.code, nobody.stderr], [1, "--url: http://127.0.0.1:9/v1: nothing answers there (pulmu up)\n"]);
  const wrong = await runPulmu("models", "--url", door[1], "--key", "wrong");
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /^401: Incorrect API key provided/);
});
