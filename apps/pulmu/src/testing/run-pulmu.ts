import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Root of the checkout: commands are run there, as a user would. */
export const CHECKOUT = join(import.meta.dirname, "../../../..");

const MAIN = join(CHECKOUT, "apps/pulmu/src/main.ts");

/** The `pulmu` of an installation: starts under any Node and hands over to Node 24. */
export const LAUNCHER = join(CHECKOUT, "apps/pulmu/bin/pulmu.mjs");

/** A text that has not come by then does not come: a loaded machine takes half a minute for the slowest. */
const PATIENCE_MS = 120_000;
const LOOK_EVERY_MS = 20;
/** How much of what was printed an error repeats. */
const TOLD_CHARACTERS = 4_000;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `pulmu` that runs beside the test, with accounts of its own where it is not told of any. What it prints is kept. */
export class PulmuProcess {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = "";
  stderr = "";
  readonly #ended: Promise<unknown>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const house = mkdtempSync(join(tmpdir(), "pulmu-run-"));
    const own = { PULMU_DATABASE: join(house, "pulmu.db") };
    this.child = spawn(process.execPath, [MAIN, ...args], { cwd: CHECKOUT, env: cleanEnv({ ...own, ...env }) });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#ended = once(this.child, "close").finally(() => rmSync(house, { recursive: true, force: true }));
  }

  /** Waits for a text on stdout, and gives its match. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const untilMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const match = pattern.exec(this.stdout);
      if (match !== null) return match;
      const told = `${this.stdout.slice(-TOLD_CHARACTERS)}${this.stderr}`;
      if (this.child.exitCode !== null) throw new Error(`pulmu ended without printing ${pattern}:\n${told}`);
      if (performance.now() > untilMs) throw new Error(`pulmu has not printed ${pattern} in ${PATIENCE_MS / 1000} s:\n${told}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async end(): Promise<Outcome> {
    await this.#ended;
    return { code: this.child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }
}

/** Runs a command to its end. */
export function runPulmu(...args: readonly string[]): Promise<Outcome> {
  return new PulmuProcess(args).end();
}

/** The caller's wishes for colour, and the test runner's own variables, are not the child's. */
function cleanEnv(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _force, NO_COLOR: _no, NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, ...env };
}
