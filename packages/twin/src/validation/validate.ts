import type { Catalog } from "@pulmu/catalog";
import { aiconfiguratorRows } from "./cases/aiconfigurator.ts";
import { effectiveTimeRows } from "./cases/effective-time.ts";
import { mlEnergyRows } from "./cases/ml-energy.ts";
import { rackRows } from "./cases/rack.ts";
import { splitwiseRows } from "./cases/splitwise.ts";
import { trainingRows } from "./cases/training.ts";
import { vllmRows } from "./cases/vllm.ts";
import { wallPowerRows } from "./cases/wall-power.ts";
import { type DataFile, findDataFiles } from "./data-files.ts";
import type { ValidationRow } from "./errors.ts";

/** What a case gets: the files of its formats, and the catalogue. It returns no rows where it finds nothing to measure against. */
export interface CaseInputs {
  readonly files: readonly DataFile[];
  readonly catalog: Catalog;
}

type Case = (inputs: CaseInputs) => readonly ValidationRow[];

/** In the order of the printed table. */
const CASES: readonly Case[] = [mlEnergyRows, wallPowerRows, vllmRows, splitwiseRows, rackRows, aiconfiguratorRows, trainingRows];

export interface Validation {
  /** Paths of the files that were measured against. */
  readonly files: readonly string[];
  readonly rows: readonly ValidationRow[];
}

/**
 * Every case against every file in a folder that has one of the known formats; facts kept with the project need no file.
 * @param playJobs weeks of large jobs are played as well, against published failure rates: a minute on one core
 * @throws PulmuError `validation.*` when a file cannot be read
 */
export function validate(folder: string, catalog: Catalog, { playJobs = false }: { readonly playJobs?: boolean } = {}): Validation {
  const files = findDataFiles(folder);
  const cases = playJobs ? [...CASES, effectiveTimeRows] : CASES;
  return { files: files.map((file) => file.path), rows: cases.flatMap((rows) => rows({ files, catalog })) };
}
