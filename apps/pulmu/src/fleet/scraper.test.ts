import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Fleet, loadHealthRules, prepareFleet, Watch, type WorkEngine } from "@pulmu/fleet";
import { SYSTEM } from "@pulmu/govern";
import { openStore, prepareJournal, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import { Scraper } from "./scraper.ts";
import { readFleetSources } from "./sources-file.ts";
import { Watches } from "./watches.ts";

const folder = mkdtempSync(join(tmpdir(), "pulmu-scraper-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const dcgm = (host: string, tempC: number) => `# HELP DCGM_FI_DEV_GPU_TEMP GPU temperature (in C).\nDCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-1",Hostname="${host}"} ${tempC}\n`; // prettier-ignore
const smi = (failed: number) => `nvidia_smi_index{uuid="df6e"} 3\nnvidia_smi_remapped_rows_failure{uuid="df6e"} ${failed}\nnvidia_smi_temperature_gpu{uuid="df6e"} 41\n`; // prettier-ignore
const system = (health: string) => JSON.stringify({ "@odata.id": "/redfish/v1/Systems/1", Name: "Tray", Status: { Health: health, State: "Enabled" } }); // prettier-ignore

describe("exporters and BMCs that are asked", () => {
  /** By path: what is answered. */
  const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  const say = (path: string, text: string) => answers.set(path, (_, response) => void response.end(text));
  const server = createServer((request, response) => {
    const answer = answers.get(request.url!);
    if (answer === undefined) response.writeHead(404).end();
    else answer(request, response);
  });
  const clock = { ms: Date.UTC(2026, 10, 25) };
  const complaints: string[] = [];
  let store: Store;
  let fleet: Fleet;
  let watch: Watch;
  let scraper: Scraper;
  let base: string;

  /** Asks everybody, and judges what was heard; the scheduler calls all nodes well. */
  const look = async () => {
    clock.ms += 15_000;
    await scraper.round();
    for (const { id } of await fleet.nodes(SYSTEM)) watch.report({ nodeId: id, source: "slurm", atMs: clock.ms, observations: [] });
    await watch.round();
    return Object.fromEntries((await fleet.nodes(SYSTEM)).map(({ id, health }) => [id, health]));
  };

  before(async () => {
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    store = await openStore(join(folder, "fleet.db"));
    await prepareJournal(store);
    await prepareFleet(store);
    fleet = new Fleet(store, () => clock.ms);
    const nodes = ["gpu1", "gpu2", "gpu3", "gpu4", "gpu5"];
    await fleet.add(SYSTEM, nodes.map((id) => ({ id, rackId: "r1", typeId: "slurm-8-gpus", serial: id, gpus: 8 })), { tried: true }); // prettier-ignore
    const quiet: WorkEngine = { nodes: async () => nodes.map((id) => ({ id, occupancy: "empty", draining: false })), drain: async () => {}, resume: async () => {} }; // prettier-ignore
    const watches = new Watches();
    watch = new Watch(fleet, quiet, {
      rules: loadHealthRules(),
      now: () => clock.ms,
      complain: () => {},
      expects: (id) => watches.expected(id),
    });
    watches.add(watch);
    await watch.round(); // takes the nodes in
    const file = join(folder, "sources.yaml");
    writeFileSync(join(folder, "password"), "secret\n");
    writeFileSync(file, `pulmu: fleet-sources/v1\nevery: 1 h\ntimeout: 3 s\nsources:\n  - { source: dcgm, nodes: "gpu[1-3]", url: "${base}/{node}" }\n  - { source: redfish, nodes: gpu4, url: "${base}/gpu4", user: file:password, password: file:password }\n`); // prettier-ignore
    say("/gpu1", dcgm("gpu1", 50));
    say("/gpu2", dcgm("exporter-pod-7", 50));
    say("/gpu3", smi(0));
    answers.set("/gpu4", ({ headers }, response) => response.writeHead(headers.authorization === `Basic ${Buffer.from("secret:secret").toString("base64")}` ? 200 : 401).end(system("OK"))); // prettier-ignore
    scraper = new Scraper(readFleetSources(file), watches, (text) => complaints.push(text));
  });
  after(async () => {
    await scraper.close();
    server.close();
    server.closeAllConnections();
    await store.close();
  });

  test("say how their nodes are, by DCGM, by nvidia-smi and by Redfish; a node that nobody is asked about needs nobody", async () => {
    assert.deepEqual(await look(), { gpu1: "ok", gpu2: "ok", gpu3: "ok", gpu4: "ok", gpu5: "ok" });
  });

  test("a GPU without a spare row and a BMC that warns are heard", async () => {
    say("/gpu3", smi(1));
    answers.set("/gpu4", (_, response) => void response.end(system("Warning")));
    const { gpu3, gpu4 } = await look();
    assert.deepEqual([gpu3, gpu4], ["failed", "suspect"]);
    const { node } = await fleet.node(SYSTEM, "gpu3");
    assert.deepEqual([node.findings[0].ruleId, node.findings[0].component], ["dcgm-remap-failed", "GPU3"]);
  });

  for (const [what, answer] of [
    ["an error", (_: IncomingMessage, response: ServerResponse) => response.writeHead(503).end(dcgm("gpu1", 50))],
    ["nothing about GPUs", (_: IncomingMessage, response: ServerResponse) => response.end("up 1\n")],
    ["other hosts' GPUs", (_: IncomingMessage, response: ServerResponse) => response.end(dcgm("gpu7", 50) + dcgm("gpu8", 50))],
    ["another address", (_: IncomingMessage, response: ServerResponse) => response.writeHead(302, { Location: "/gpu2" }).end()],
    [
      "more than anybody has to say",
      (_: IncomingMessage, response: ServerResponse) => {
        response.write(dcgm("gpu1", 50));
        const more = setInterval(() => response.write("#".repeat(1 << 20)), 1);
        response.once("close", () => clearInterval(more));
      },
    ],
    ["nothing at all, and keeps the line", () => {}],
  ] as const)
    // prettier-ignore
    test(`${what} is no answer: the node is no longer known to be well, and it is said once`, async () => {
      say("/gpu1", dcgm("gpu1", 50));
      assert.equal((await look()).gpu1, "ok");
      answers.set("/gpu1", answer);
      const said = complaints.length;
      await look();
      clock.ms += 120_000;
      const { gpu1, gpu2 } = await look();
      assert.deepEqual([gpu1, gpu2], ["unknown", "ok"]);
      assert.deepEqual(complaints.slice(said).map((text) => text.split(":")[1]), [" gpu1 is not known to be well"]); // prettier-ignore
    });
});

test("a file of sources is refused with every problem and its line", () => {
  const file = join(folder, "bad.yaml");
  writeFileSync(file, 'pulmu: fleet-sources/v1\nsources:\n  - { source: dcgm, nodes: "gpu[1-3]", url: "http://one:9400" }\n  - { source: redfish, nodes: gpu1, url: "http://bmc/redfish/v1/Systems/1", user: env:U, password: env:P }\n  - { source: dcgm, nodes: "gpu[3-1]", url: "http://{node}:9400" }\n  - { source: dcgm, nodes: gpu9, url: "ftp://gpu9" }\n  - { source: dcgm, nodes: gpu8, url: "http://me:pw@gpu8" }\n  - { source: dcgm, nodes: "gpu[6-7]", url: "http://{node}:9400" }\n  - { source: dcgm, nodes: gpu7, url: "http://gpu7:9400" }\n'); // prettier-ignore
  assert.throws(
    () => readFleetSources(file),
    (error: PulmuError) => {
      const said = error.problems.map(({ line, rule }) => `${line}: ${rule}`);
      assert.deepEqual(said, [
        "3: one address for several nodes",
        "4: a password goes over https alone",
        "5: no range: 3-1",
        "6: an address begins with http:// or https://",
        "7: a user in an address ends up in logs: write user and password",
        "9: gpu7 has a dcgm source already",
      ]);
      return true;
    },
  );
});
