import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TRY_AGAIN } from "../engines/script.ts";
import type { SlurmLab } from "./slurm-lab.ts";

/** After this, a runner that ended by itself is started again. */
const START_AGAIN_MS = 300;

/** The runner as a process of its own, with somebody who looks after it. */
export class PulmuProcess {
  readonly #lab: SlurmLab;
  #child: ChildProcess | undefined;
  readonly findings: string[] = [];

  constructor(lab: SlurmLab) {
    this.#lab = lab;
  }

  start(): void {
    const log = openSync(join(this.#lab.folder, "log/pulmu.log"), "a");
    const script = join(import.meta.dirname, "run-until-killed.ts");
    const child = spawn(process.execPath, [script, join(this.#lab.folder, "run.json")], {
      env: this.#lab.env,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#child = child;
    child.once("exit", (code, signal) => {
      if (this.#child !== child) return;
      if (code !== TRY_AGAIN) this.findings.push(`Pulmu ended by itself (${signal ?? code}): ${this.#lastWords()}`);
      setTimeout(() => this.#child === child && this.start(), START_AGAIN_MS);
    });
  }

  #lastWords(): string {
    return readFileSync(join(this.#lab.folder, "log/pulmu.log"), "utf8").trim().slice(-2_000);
  }

  kill(): Promise<void> {
    return this.#signal("SIGKILL");
  }

  /** Lets it end by itself. */
  end(): Promise<void> {
    return this.#signal("SIGTERM");
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.once("exit", resolve);
      child.kill(signal);
    });
  }
}
