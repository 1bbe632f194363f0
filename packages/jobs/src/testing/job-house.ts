import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, prepareJournal, type Store } from "@pulmu/journal";
import { energyBalance, type EnergyBalance, Ledger, type MeterReading, prepareLedger, recordReading } from "@pulmu/ledger";
import { random } from "@pulmu/units";
import { JobBook } from "../book/job-book.ts";
import type { Job } from "../book/job.ts";
import { prepareJobs } from "../book/schema.ts";
import type { Engine } from "../engines/engine.ts";
import type { JobFiles } from "../run/job-files.ts";
import type { EnergyMeter } from "../run/metering.ts";
import { ModelledMeter } from "../run/modelled-meter.ts";
import type { PowerCaps } from "../run/node-caps.ts";
import type { PowerState } from "../run/power-source.ts";
import { JobRunner } from "../run/runner.ts";
import type { ClusterFacts } from "../spec/cluster.ts";
import { parseSpec } from "../spec/load-spec.ts";
import type { JobSpec } from "../spec/job-spec.ts";
import { submitJob } from "../submit.ts";

const CALENDAR = { utcOffsetMin: 540 };

export const FACTS: ClusterFacts = { places: ["KR"], wattsPerGpu: 2_000, idleWattsPerGpu: 200, acceleratorId: "h100" };

export interface JobHouseOptions {
  readonly address?: string;
  readonly now: () => number;
  readonly engine: () => Engine;
  readonly files: (folder: string) => JobFiles;
  readonly complain?: (text: string) => void;
  readonly caps?: PowerCaps;
  /** By default a model, which begins anew with each runner. */
  readonly meter?: () => EnergyMeter;
}

/** A database with jobs, a ledger and a runner, for tests: the runner may be thrown away and made anew, as after a crash. */
export class JobHouse {
  readonly folder: string;
  readonly store: Store;
  readonly book: JobBook;
  readonly ledger: Ledger;
  readonly complaints: string[] = [];
  power: PowerState = { budgetW: Infinity, cause: undefined };
  runner: JobRunner;
  readonly #options: JobHouseOptions;
  readonly #houseId: string;
  readonly #random = random(1);
  #tokens = 0;
  #meters = 0;

  private constructor(folder: string, store: Store, ledger: Ledger, houseId: string, options: JobHouseOptions) {
    this.folder = folder;
    this.store = store;
    this.ledger = ledger;
    this.book = new JobBook(store);
    this.#houseId = houseId;
    this.#options = options;
    this.runner = this.#newRunner();
  }

  static async open(options: JobHouseOptions): Promise<JobHouse> {
    const folder = mkdtempSync(join(tmpdir(), "pulmu-jobs-"));
    const store = await openStore(options.address ?? join(folder, "jobs.db"));
    await prepareJournal(store);
    await prepareJobs(store);
    await prepareLedger(store, CALENDAR);
    const ledger = await Ledger.open(store, { calendar: CALENDAR, now: options.now });
    const houseId = await new JobBook(store).houseId(() => "htest");
    return new JobHouse(folder, store, ledger, houseId, options);
  }

  /** Forgets all that is not written down, as a crash does. */
  crash(): void {
    this.runner = this.#newRunner();
  }

  /** Submits a job file; what is not said is usual. `token`: the same one is the same submission. */
  async submit(projectId: string, lines: string, token = `t${++this.#tokens}`): Promise<readonly Job[]> {
    const usual = ["pulmu: job/v1", "name: test", "command: [echo]", "expected: 1 min"];
    const byKey = new Map([...usual, ...lines.split("\n")].map((line) => [line.split(":")[0], line])); // the last one of a key counts
    return this.submitSpec(projectId, parseSpec(`${[...byKey.values()].join("\n")}\n`, "test.yaml"), token);
  }

  async submitSpec(projectId: string, spec: JobSpec, token: string): Promise<readonly Job[]> {
    const asker = { by: "test", projectId, token, traceparent: "" };
    const randomBytes = (count: number) => Uint8Array.from({ length: count }, () => Math.floor(this.#random.next() * 256));
    const jobs = await submitJob(this.book, spec, asker, FACTS, { nowMs: this.#options.now(), randomBytes });
    this.runner.poke();
    return jobs;
  }

  /** The states of jobs, as the book has them. */
  async states(jobs: readonly Job[]): Promise<readonly string[]> {
    const states = await this.book.states(jobs.map(({ id }) => id));
    return jobs.map(({ id }) => states.get(id) ?? "unknown");
  }

  keepReading(reading: MeterReading): Promise<void> {
    return recordReading(this.store, CALENDAR, reading);
  }

  /** Where the energy of this month went, as the ledger has it. */
  async balance(): Promise<EnergyBalance> {
    return energyBalance(this.store, new Date(this.#options.now()).toISOString().slice(0, 7));
  }

  async close(): Promise<void> {
    await this.runner.close();
    await this.ledger.close();
    await this.store.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #newRunner(): JobRunner {
    const { engine, files, now, meter = () => new ModelledMeter({ id: `model/${++this.#meters}`, facilityPerIt: 1.2, carbonGPerKWh: 400 }) } = this.#options; // prettier-ignore
    return new JobRunner({
      book: this.book,
      engine: engine(),
      files: files(this.folder),
      power: { now: () => this.power },
      caps: this.#options.caps,
      cluster: FACTS,
      meter: meter(),
      ledger: this.ledger,
      keepReading: (reading) => this.keepReading(reading),
      houseId: this.#houseId,
      now,
      complain: (text) => this.complaints.push(text),
    });
  }
}
