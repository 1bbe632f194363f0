import { spawnSync } from "node:child_process";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import type { Store } from "@pulmu/journal";
import { type Engine, jobFiles, type JobFiles, LocalEngine, type PowerCaps, SlurmEngine, tokenSource, TwinEngine } from "@pulmu/jobs";
import type { Simulation } from "@pulmu/twin";
import { PulmuError } from "@pulmu/units";
import { capCommand } from "./cap-command.ts";

export interface EngineOptions {
  /** `local`, `local=8`, `twin`, `slurm` (its commands), `slurm=http://127.0.0.1:6820`. */
  readonly engine?: string;
  /** File with the token for slurmrestd; else SLURM_JWT. */
  readonly engineToken?: string;
  /** Whose jobs they are at the engine; else whoever runs this. */
  readonly engineUser?: string;
  /** Program that holds nodes' GPUs to a share of their power; left out: no job is held to less than all. */
  readonly capCommand?: string;
  /** Where jobs have their directories: all nodes must see it. Left out: beside the database. */
  readonly jobsDir?: string;
}

/** An engine, and where its jobs leave their files. */
export interface OpenedEngine {
  readonly engine: Engine;
  readonly files: JobFiles;
  readonly caps: PowerCaps | undefined;
}

/** @throws PulmuError `engine.option` */
export function openEngine(options: EngineOptions, jobsDir: string, plant: Simulation, now: () => number): OpenedEngine {
  const { engine = "local", engineToken, engineUser = userInfo().username } = options;
  const [name, ...rest] = engine.split("=");
  const value = rest.join("=");
  const files = jobFiles(jobsDir);
  const caps = options.capCommand === undefined ? undefined : capCommand(options.capCommand);
  if (engine === "twin") return twinEngine(plant, now);
  if (name === "local" && /^\d{0,4}$/.test(value)) return { files, caps, engine: new LocalEngine({ folder: join(jobsDir, "engine"), gpus: value === "" ? countGpus() : Number(value), now }) }; // prettier-ignore
  if (name === "slurm" && (value === "" || /^https?:\/\/[^/\s]+\/?$/.test(value))) {
    const url = value === "" ? undefined : value;
    const token = tokenSource({ file: engineToken, text: process.env["SLURM_JWT"] });
    return { files, caps, engine: new SlurmEngine({ url, user: engineUser, token, env: process.env, now }) };
  }
  throw new PulmuError({
    code: "engine.option",
    path: "--engine",
    value: engine,
    rule: "no such engine",
    hint: "local, local=8 (GPUs), twin, slurm (its commands) or slurm=http://127.0.0.1:6820",
  });
}

/** The trays of the racks that the site gives to an engine, or of all where it gives none, at the speed its racks have. */
function twinEngine(plant: Simulation, now: () => number): OpenedEngine {
  const { site } = plant;
  const given = site.engineRacks.map(({ rack }) => site.racks[rack]);
  const racks = (given.length > 0 ? given : site.racks).map(({ id, type }) => ({ id, trays: type.trays, gpusPerTray: type.gpusPerTray }));
  const indexOf = new Map(site.racks.map(({ id }, index) => [id, index]));
  const engine = new TwinEngine({ racks, now, speedOf: (rackId) => plant.rackSpeed[indexOf.get(rackId)!] });
  return { engine, files: engine.files, caps: engine.caps };
}

/** Beside the file of a SQLite database; where we stand, for a server's. */
export function jobsDirOf({ jobsDir }: EngineOptions, { dialect, place }: Store): string {
  return resolve(jobsDir ?? (dialect === "sqlite" ? `${place}.jobs` : ".pulmu/jobs"));
}

/** GPUs that nvidia-smi lists; 0 where there is none. */
function countGpus(): number {
  const { status, stdout } = spawnSync("nvidia-smi", ["-L"], { encoding: "utf8", timeout: 5_000 });
  return status === 0 ? stdout.split("\n").filter((line) => line.startsWith("GPU ")).length : 0;
}
