import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { loadCatalog } from "@pulmu/catalog";
import { haveRedfishtool, REDFISHTOOL } from "../testing/redfishtool.ts";
import { EmulatedBmc } from "./emulated-bmc.ts";
import { serveBmcs } from "./serve-bmcs.ts";
import { busyTray } from "./tray.ts";

const GPU = "/redfish/v1/Systems/HGX_Baseboard_0/Processors/GPU_0/EnvironmentMetrics";

test("a Redfish client that is none of ours logs in, reads and sets a limit, and leaves no session", async (t) => {
  if (!haveRedfishtool()) return t.skip("no redfishtool here, and it cannot be installed: apt-get install redfishtool");
  const profile = loadCatalog().bmcs.get("dgx-gb300")!;
  const bmc = new EmulatedBmc({ profile, tray: busyTray({ gpus: 4, minCapW: 200, maxCapW: 1400 }), user: "root", password: "pw" });
  const server = await serveBmcs(new Map([["", bmc]])); // it knows no path before /redfish/v1
  const host = new URL(server.urlOf("")).host;
  const redfishtool = async (password: string, ...args: string[]) => {
    const login = ["-r", host, "-u", "root", "-p", password, "-S", "Never", "-A", "Session"];
    const { stdout } = await promisify(execFile)(REDFISHTOOL, [...login, "raw", ...args]);
    return stdout === "" ? undefined : JSON.parse(stdout).PowerLimitWatts.SetPoint;
  };
  try {
    assert.equal(await redfishtool("pw", "GET", GPU), 1400);
    assert.equal(await redfishtool("pw", "PATCH", GPU, "-d", '{"PowerLimitWatts":{"SetPoint":750}}'), 750);
    assert.deepEqual(bmc.limits.capsW, [750, 1400, 1400, 1400]);
    await assert.rejects(redfishtool("wrong", "GET", GPU), /401/);
    assert.equal(bmc.sessions, 0);
  } finally {
    await server.close();
  }
});
