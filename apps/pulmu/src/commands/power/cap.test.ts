import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import { EmulatedBmc } from "../../bmc/emulated-bmc.ts";
import { serveBmcs } from "../../bmc/serve-bmcs.ts";
import { busyTray } from "../../bmc/tray.ts";
import { PulmuProcess } from "../../testing/run-pulmu.ts";

/** Runs `pulmu power cap …` with the login of the BMC in its environment. */
function cap(...args: string[]) {
  return new PulmuProcess(["power", "cap", ...args], { BMC_USER: "root", BMC_PASSWORD: "secret" }).end();
}

test("given a BMC, its cap can be read and set by hand, and the exit code says whether it holds", async () => {
  const profile = loadCatalog().bmcs.get("dgx-gb300")!;
  const bmc = new EmulatedBmc({ profile, tray: busyTray({ gpus: 4, minCapW: 200, maxCapW: 1400 }), user: "root", password: "secret" });
  const server = await serveBmcs(new Map([["b", bmc]]));
  const access = [server.urlOf("b"), "--bmc", "dgx-gb300", "--user", "env:BMC_USER", "--password", "env:BMC_PASSWORD", "--plain-http"];
  try {
    const shown = await cap("show", ...access);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /: 4 GPUs\n {2}cap {4}1400 W a GPU\n {2}clock {2}no limit\n {2}power {2}1400 W a GPU\n$/);
    const set = await cap("set", "700 W", ...access, "--clock", "80 %");
    assert.match(set.stdout, /cap {4}700 W a GPU\n {2}clock {2}80 % of its maximum/);
    assert.deepEqual([set.code, bmc.limits.capsW, bmc.sessions], [0, [700, 700, 700, 700], 0]);
    const low = await cap("set", "50 W", ...access, "--json");
    assert.deepEqual([low.code, JSON.parse(low.stdout).gpuCapW], [1, 200]);
  } finally {
    await server.close();
  }
});

test("given wrong options, each is named with what would do", async () => {
  const [unit, profile, login, plain] = await Promise.all([
    cap("set", "700", "https://10.0.0.5"),
    cap("show", "https://10.0.0.5", "--bmc", "dgx-gb30"),
    cap("show", "https://10.0.0.5", "--bmc", "dgx-gb300"),
    cap("show", "http://10.0.0.5", "--bmc", "dgx-gb300", "--user", "env:BMC_USER", "--password", "env:BMC_PASSWORD"),
  ]);
  assert.match(unit.stderr, /this power has no unit \(one of W, kW/);
  assert.match(profile.stderr, /--bmc: dgx-gb30: no such entry among the catalogue's bmcs \(did you mean "dgx-gb300"\?\)/);
  assert.match(login.stderr, /--user: a BMC wants a login \(name where they are kept/);
  assert.match(plain.stderr, /must begin with https:\/\//);
  assert.deepEqual(
    [unit, profile, login, plain].map(({ code }) => code),
    [2, 2, 2, 2],
  );
});

test("given a machine without leave to write, set says what it takes", async () => {
  const { code, stderr } = await cap("set", "400 W");
  assert.match(stderr, /this machine: may not be written to \(allow writes/);
  assert.equal(code, 2);
});
