import type { Ledger, MeterReading } from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import type { JobBook } from "../book/job-book.ts";
import { ENDED, type Job } from "../book/job.ts";
import { endPause } from "../book/job-times.ts";
import type { Engine, EngineAbilities, EngineNode } from "../engines/engine.ts";
import { type ClusterFacts, nodeGpus } from "../spec/cluster.ts";
import type { JobFiles } from "./job-files.ts";
import { LiveJobs } from "./live-jobs.ts";
import type { EnergyMeter } from "./metering.ts";
import { NodeCaps, type PowerCaps } from "./node-caps.ts";
import { Pausing } from "./pausing.ts";
import type { PowerSource, PowerState } from "./power-source.ts";
import { Suspects } from "./suspects.ts";
import { Racks } from "./tables.ts";

export interface RunnerOptions {
  readonly book: JobBook;
  readonly engine: Engine;
  readonly files: JobFiles;
  readonly power: PowerSource;
  /** undefined: no job can be held to less than all its power. */
  readonly caps?: PowerCaps | undefined;
  readonly cluster: ClusterFacts;
  readonly meter: EnergyMeter;
  /** Where usage goes; undefined = nowhere. */
  readonly ledger: Ledger | undefined;
  /** Keeps the meter's readings; the same one may come again. undefined = nobody does. */
  readonly keepReading?: ((reading: MeterReading) => Promise<void>) | undefined;
  readonly houseId: string;
  /** Epoch ms. */
  readonly now: () => number;
  readonly complain: (text: string) => void;
}

/** What the parts of a runner work on together. */
export class Desk {
  readonly options: RunnerOptions;
  readonly live = new LiveJobs();
  readonly pausing: Pausing;
  readonly suspects = new Suspects();
  readonly caps = new NodeCaps(this);
  /** Calls to the engine that are decided, written down and not done yet, by job. */
  readonly asked = new Map<string, "release" | "warn" | "cancel">();
  /** On their way to the engine: marked as sent, and not answered. */
  readonly handing = new Set<Job>();
  abilities: EngineAbilities | undefined;
  nodes: readonly EngineNode[] = [];
  racks = new Racks([]);
  power: PowerState;
  /** What may start or runs, W. */
  drawnW = 0;
  /** The engine has been listed since the start: who runs is known. */
  observed = false;
  /** Listings the engine was asked for. */
  listings = 0;
  /** Something has changed that a decision may turn on. */
  dirty = true;
  #problem = "";
  /** The write under way, or the one that waits for it. */
  #writing: Promise<void> = Promise.resolve();
  #nextWrite: Promise<void> | undefined;

  constructor(options: RunnerOptions) {
    this.options = options;
    this.pausing = new Pausing(options.engine, options.files);
    this.power = options.power.now(0);
  }

  /** All that jobs may ever draw: what the engine counts, else what its GPUs need, W. */
  get contractW(): number {
    const counted = this.abilities?.powerW ?? 0;
    return counted > 0 ? counted : Math.ceil((nodeGpus(this.nodes) * this.options.cluster.wattsPerGpu) / 1000) * 1000;
  }

  /** What is wrong with the engine; "" = nothing. */
  get problem(): string {
    return this.#problem;
  }

  /** Said once, until it is over. */
  trouble(text: string): void {
    if (text !== "" && text !== this.#problem) this.options.complain(`jobs: ${text}`);
    this.#problem = text;
  }

  /** Calls the engine; what fails is told, and done again at the next step. */
  async tryEngine(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      this.trouble(error.message);
    }
  }

  /** A job has changed its state: a line of its history, and of the journal when it is over. */
  told(job: Job, { what, text }: { readonly what: string; readonly text: string }, nowMs: number): void {
    this.dirty = true;
    if (ENDED.has(job.state)) {
      endPause(job, nowMs);
      this.asked.delete(job.id);
      this.pausing.forget(job.id);
      this.live.draft({ kind: `jobs.${job.state}`, actor: "system", subject: job.id, data: { projectId: job.projectId, reason: text, ranMs: job.ranMs, lostMs: job.lostMs } }); // prettier-ignore
    }
    this.live.tell(job, nowMs, what, text);
  }

  /** Writes down all that has changed until now; one write at a time, for all who ask meanwhile. @throws PulmuError `store.*`; then it is written the next time */
  write(): Promise<void> {
    this.#nextWrite ??= this.#writing = this.#writing.catch(() => {}).then(() => this.#write());
    return this.#nextWrite;
  }

  async #write(): Promise<void> {
    this.#nextWrite = undefined;
    const taken = this.live.take();
    try {
      await this.options.book.write(taken.changes, taken.drafts, this.options.now(), taken.usage);
      this.live.wrote(taken);
    } catch (error) {
      this.live.putBack(taken);
      throw error;
    }
  }
}
