import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  type CheckpointSignal,
  type Engine,
  type EngineAbilities,
  type EngineChanges,
  type EngineJob,
  type EngineNode,
  type EngineOrder,
  EXIT_MARK,
  LOG_FILE,
} from "../engine.ts";
import { engineError } from "../problems.ts";
import { jobEnvironment, jobScript } from "../script.ts";

export interface LocalOptions {
  /** Where the engine keeps what it was handed: one directory a job. It is all that it knows: it survives us. */
  readonly folder: string;
  /** GPUs of this machine that it may give out. */
  readonly gpus: number;
  readonly now: () => number;
}

/** What stands in a job's directory. */
interface Kept {
  readonly order: EngineOrder;
  readonly state: "held" | "queued" | "running" | "cancelled" | "done" | "failed";
  readonly restarts: number;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly exitCode: number;
  /** Process group, and when the kernel started its leader: a number is used again after a while. */
  readonly pid: number;
  readonly pidStart: string;
  /** GPUs it was given, by their index. */
  readonly gpus: readonly number[];
}

/** Jobs that ended are forgotten after this long. */
const FORGET_MS = 3_600_000;
const SCRIPT = "job.sh";

/**
 * Processes on this machine: one node. A job is a directory with what is known of it and a process group of its own; both outlive Pulmu,
 * and are found again.
 */
export class LocalEngine implements Engine {
  readonly name = "local";
  readonly #options: LocalOptions;
  readonly #children = new Map<string, ChildProcess>();
  #draining = "";
  #last = "";

  constructor(options: LocalOptions) {
    this.#options = options;
  }

  probe(): Promise<EngineAbilities> {
    const description = `processes on this machine, ${this.#options.gpus} GPUs`;
    return Promise.resolve({ description, requeue: true, drain: true, powerW: 0, excludeNodes: false, images: false });
  }

  async submit(order: EngineOrder): Promise<string> {
    if (order.nodes > 1) throw engineError("refused", this.name, `${order.nodes} nodes asked for; this is one machine`);
    const id = order.token.replaceAll("/", ".");
    if (this.#read(id) === undefined) this.#write(id, { order, state: "held", restarts: 0, startedMs: 0, endedMs: 0, exitCode: -1, pid: 0, pidStart: "", gpus: [] }); // prettier-ignore
    return id;
  }

  async release(id: string): Promise<void> {
    const kept = this.#read(id);
    if (kept?.state === "held") this.#write(id, { ...kept, state: "queued" });
    this.#startWaiting();
  }

  async cancel(id: string): Promise<void> {
    const kept = this.#look(id);
    if (kept === undefined || isOver(kept)) return;
    this.#write(id, { ...kept, state: "cancelled", endedMs: this.#options.now() });
    signalGroup(kept, "SIGKILL");
    this.#startWaiting();
  }

  async signal(id: string, signal: CheckpointSignal): Promise<void> {
    const kept = this.#look(id);
    if (kept?.state === "running") signalGroup(kept, `SIG${signal}`);
  }

  async requeueHeld(id: string): Promise<void> {
    const kept = this.#look(id);
    if (kept === undefined || isOver(kept)) return;
    this.#write(id, { ...kept, state: "held", restarts: kept.restarts + Number(kept.state === "running"), pid: 0, gpus: [] });
    if (kept.state === "running") signalGroup(kept, "SIGKILL");
    this.#startWaiting();
  }

  async changes(cursor: string): Promise<EngineChanges | undefined> {
    this.#startWaiting();
    const jobs = this.#ids().flatMap((id) => {
      const kept = this.#look(id);
      return kept === undefined ? [] : [engineJob(id, kept)];
    });
    const now = JSON.stringify(jobs);
    if (cursor !== "" && now === this.#last) return undefined;
    this.#last = now;
    return { jobs, complete: true, cursor: "1" };
  }

  async nodes(): Promise<readonly EngineNode[]> {
    return [{ name: hostname(), rack: "", gpus: this.#options.gpus, state: this.#draining === "" ? "up" : "draining", reason: this.#draining }]; // prettier-ignore
  }

  async drain(_node: string, reason: string): Promise<void> {
    this.#draining = reason === "" ? "drained" : reason;
  }

  async undrain(): Promise<void> {
    this.#draining = "";
    this.#startWaiting();
  }

  async limitPower(): Promise<void> {}

  /** Processes go on. */
  async close(): Promise<void> {
    for (const child of this.#children.values()) child.removeAllListeners();
  }

  #startWaiting(): void {
    if (this.#draining !== "") return;
    const all = this.#ids().flatMap((id) => {
      const kept = this.#look(id);
      return kept === undefined ? [] : [{ id, kept }];
    });
    const taken = new Set(all.flatMap(({ kept }) => (kept.state === "running" ? kept.gpus : [])));
    for (const { id, kept } of all) {
      if (kept.state !== "queued") continue;
      const free = Array.from({ length: this.#options.gpus }, (_, i) => i).filter((gpu) => !taken.has(gpu));
      if (free.length < kept.order.gpusPerNode) continue;
      const gpus = free.slice(0, kept.order.gpusPerNode);
      for (const gpu of gpus) taken.add(gpu);
      this.#start(id, kept, gpus);
    }
  }

  /** The state is written after the start: killed in between, the job's own lock keeps a second start waiting until the first is over. */
  #start(id: string, kept: Kept, gpus: readonly number[]): void {
    const { order } = kept;
    const script = join(this.#folder(id), SCRIPT);
    writeFileSync(script, jobScript(order));
    const log = join(order.stateDir, LOG_FILE);
    const child = spawn("bash", ["-c", `exec bash "$1" >>"$2" 2>&1 </dev/null`, "job", script, log], {
      detached: true,
      stdio: "ignore",
      cwd: "/",
      env: { ...jobEnvironment(order), CUDA_VISIBLE_DEVICES: gpus.join(",") },
    });
    child.on("error", () => {}); // seen as ended without an exit mark
    child.unref();
    this.#children.set(id, child);
    const pid = child.pid ?? 0;
    this.#write(id, { ...kept, state: "running", startedMs: this.#options.now(), pid, pidStart: startOf(pid), gpus, exitCode: -1 });
    child.once("exit", () => this.#children.delete(id));
  }

  /** What is known of a job, brought up to date: has its process ended? */
  #look(id: string): Kept | undefined {
    const kept = this.#read(id);
    if (kept === undefined) return undefined;
    if (isOver(kept) && this.#options.now() - kept.endedMs > FORGET_MS) {
      rmSync(this.#folder(id), { recursive: true, force: true });
      return undefined;
    }
    if (kept.state !== "running" || (kept.pidStart !== "" && startOf(kept.pid) === kept.pidStart)) return kept;
    const exitCode = exitOf(kept.order);
    const ended: Kept = { ...kept, state: exitCode === 0 ? "done" : "failed", exitCode: exitCode ?? 137, endedMs: this.#options.now() };
    this.#write(id, ended);
    return ended;
  }

  #ids(): readonly string[] {
    return existsSync(this.#options.folder) ? readdirSync(this.#options.folder).toSorted() : [];
  }

  #folder(id: string): string {
    return join(this.#options.folder, id);
  }

  #read(id: string): Kept | undefined {
    try {
      return JSON.parse(readFileSync(join(this.#folder(id), "job.json"), "utf8")) as Kept;
    } catch {
      return undefined;
    }
  }

  #write(id: string, kept: Kept): void {
    const folder = this.#folder(id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "job.json.new"), JSON.stringify(kept), { flush: true });
    renameSync(join(folder, "job.json.new"), join(folder, "job.json"));
  }
}

function isOver({ state }: Kept): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

function engineJob(engineId: string, { order, state, startedMs, endedMs, exitCode, restarts }: Kept): EngineJob {
  const over = state === "done" || state === "failed" || state === "cancelled";
  return {
    engineId,
    token: order.token,
    state,
    reason: state === "queued" ? "no GPU is free" : "",
    nodes: state === "running" || over ? [hostname()] : [],
    startedMs: state === "running" || over ? startedMs : 0,
    endedMs,
    exitCode: over ? exitCode : undefined,
    restarts,
  };
}

/** When the kernel started the process (field 22 of /proc/PID/stat, proc(5)); "" = there is none, or only its remains. */
function startOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? "" : fields[19];
  } catch {
    return "";
  }
}

function signalGroup({ pid, pidStart }: Kept, signal: NodeJS.Signals): void {
  if (pid === 0 || startOf(pid) !== pidStart) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // it has just ended
  }
}

function exitOf({ stateDir }: EngineOrder): number | undefined {
  try {
    return Number(readFileSync(join(stateDir, EXIT_MARK), "utf8"));
  } catch {
    return undefined;
  }
}
