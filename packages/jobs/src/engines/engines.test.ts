import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { engineSuite } from "../testing/engine-suite.ts";
import { startSlurmLab } from "../testing/slurm-lab.ts";
import { skipWithoutSlurm } from "../testing/slurm-packages.ts";
import { LocalEngine } from "./local/local.ts";
import { SlurmEngine } from "./slurm/slurm.ts";
import { TwinEngine } from "./twin/twin.ts";

const wait = () => sleep(100);

engineSuite("local processes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-local-"));
  const engine = new LocalEngine({ folder: join(folder, "engine"), gpus: 2, now: Date.now });
  return { engine, folder, gpus: 2, runs: true, pass: wait, stop: async () => rmSync(folder, { recursive: true, force: true }) };
});

engineSuite("the twin", async () => {
  let nowMs = 1_800_000_000_000;
  const racks = [{ id: "r1", trays: 4, gpusPerTray: 4 }];
  const engine = new TwinEngine({ racks, now: () => nowMs, speedOf: () => 1 });
  const pass = async () => void (nowMs += 250);
  return { engine, folder: "", gpus: 4, runs: false, pass, stop: async () => {} };
});

for (const way of ["slurmrestd", "its commands"] as const)
  engineSuite(
    `Slurm by ${way}`,
    async () => {
      const lab = await startSlurmLab({ nodes: 2, nodesPerRack: 1 });
      const engine = new SlurmEngine({ url: way === "slurmrestd" ? lab.url : undefined, user: lab.user, token: () => lab.token(), env: lab.env, now: Date.now }); // prettier-ignore
      const stop = async () => {
        await engine.close();
        await lab.stop();
      };
      return { engine, folder: lab.folder, gpus: 8, runs: true, pass: wait, stop };
    },
    skipWithoutSlurm(),
  );
