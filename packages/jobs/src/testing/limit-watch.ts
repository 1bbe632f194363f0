import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_MARK } from "../engines/engine.ts";
import type { SlurmLab } from "./slurm-lab.ts";

/**
 * Looks at Slurm itself, twice a second: does any tenant have more than it may? A job that left the mark of its good end has nothing any more,
 * though a slurmctld that was killed before it had written that down believes it to run until it is told.
 */
export class LimitWatch {
  readonly #lab: SlurmLab;
  readonly #filesRoot: string;
  readonly #tenants: readonly { readonly id: string; readonly limitGpus: number }[];
  #timer: NodeJS.Timeout | undefined;
  samples = 0;
  overLimitGpus = 0;

  constructor(lab: SlurmLab, filesRoot: string, tenants: readonly { readonly id: string; readonly limitGpus: number }[]) {
    this.#lab = lab;
    this.#filesRoot = filesRoot;
    this.#tenants = tenants;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#sample(), 500);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #sample(): Promise<void> {
    let text: string;
    try {
      text = await this.#lab.command("squeue", "-h", "-t", "R", "-o", "%k %D");
    } catch {
      return; // it is down
    }
    this.samples++;
    const gpus = new Map<string, number>();
    for (const [, id, nodes] of text.matchAll(/pulmu=\w+\/(\w+)\.\d+ (\d+)/g)) {
      if (this.#hasEnded(id)) continue;
      const tenant = this.owners.get(id) ?? "";
      gpus.set(tenant, (gpus.get(tenant) ?? 0) + Number(nodes) * 8);
    }
    for (const { id, limitGpus } of this.#tenants) this.overLimitGpus = Math.max(this.overLimitGpus, (gpus.get(id) ?? 0) - limitGpus);
  }

  #hasEnded(id: string): boolean {
    const mark = join(this.#filesRoot, id, EXIT_MARK);
    return existsSync(mark) && readFileSync(mark, "utf8").trim() === "0";
  }

  /** Projects by job. */
  readonly owners = new Map<string, string>();
}
