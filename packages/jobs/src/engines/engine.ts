/** Where a job stands, as its engine tells it. `ending`: its processes are being stopped. */
export type EngineState = "held" | "queued" | "running" | "ending" | "done" | "failed" | "node-failed" | "cancelled";

/** How near to each other a job's nodes must be. */
export const TOPOLOGIES = ["any", "rack", "nvlink-domain"] as const;
export type Topology = (typeof TOPOLOGIES)[number];

/** A job as it is handed over. */
export interface EngineOrder {
  /** Names this one attempt of this one job for ever; at most 100 of `A-Z a-z 0-9 . _ - /`. */
  readonly token: string;
  readonly name: string;
  /** Program and arguments; no shell reads them. */
  readonly command: readonly string[];
  /** Container image, for engines that have a container runtime; "" = none. */
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  readonly nodes: number;
  /** One process is started on each node; it sees this many GPUs. */
  readonly gpusPerNode: number;
  readonly topology: Topology;
  /** Power it may come to draw, W: counted against the engine's power budget. */
  readonly powerW: number;
  readonly workDir: string;
  /** The job's own directory, absolute and seen by all nodes: its output, its checkpoint mark, its exit code. */
  readonly stateDir: string;
  /** 0 = none. */
  readonly timeLimitS: number;
  /** How long its owner thinks it runs, s: what a simulated one does. */
  readonly expectedS: number;
  readonly excludedNodes: readonly string[];
}

export interface EngineJob {
  readonly engineId: string;
  /** The order's token; "" for a job that is not ours. */
  readonly token: string;
  readonly state: EngineState;
  /** Why it waits or ended, in the engine's words; "" when it says nothing. */
  readonly reason: string;
  readonly nodes: readonly string[];
  /** Epoch ms; 0 = not yet. Of the latest start. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** undefined while it runs, or when the engine does not know. */
  readonly exitCode: number | undefined;
  /** How often the engine itself started it again. */
  readonly restarts: number;
}

export interface EngineNode {
  readonly name: string;
  /** Nodes of one rack (or NVLink domain) carry the same; "" = not known. */
  readonly rack: string;
  readonly gpus: number;
  /** `down`: not answering, or said to have failed. `draining`: takes no new job. */
  readonly state: "up" | "draining" | "down";
  readonly reason: string;
  /** Somebody's work is on it, ours or another's; undefined = the engine does not say, beyond its jobs. */
  readonly occupied?: boolean;
}

/** What changed, or everything: an engine that only knows "something did" gives the whole list. */
export interface EngineChanges {
  readonly jobs: readonly EngineJob[];
  /** True: a job of ours that is not among `jobs` is not known to the engine (any more). */
  readonly complete: boolean;
  /** To be handed in next time. */
  readonly cursor: string;
}

/** What an engine can do beyond the least; told once, after it was probed. */
export interface EngineAbilities {
  /** In words, for people: `slurm 22.05.8 by slurmrestd v0.0.38, scontrol`. */
  readonly description: string;
  /** A running job can be stopped and kept, to be started again from its checkpoint; else it is cancelled and handed over anew. */
  readonly requeue: boolean;
  readonly drain: boolean;
  /** The engine itself holds its jobs to a power budget, of this at most, W; 0 = it does not. */
  readonly powerW: number;
  readonly excludeNodes: boolean;
  readonly images: boolean;
}

/**
 * Whatever runs jobs. An adapter keeps these promises:
 * - `submit` hands over a job that does **not** start before `release`. So it can be handed over twice by mistake and still runs once:
 *   only the one whose id was written down is ever released.
 * - Every call ends within its deadline. It throws `engine.refused` only when surely nothing was done, `engine.unclear` when it cannot
 *   tell, `engine.away` when the engine was not reached, `engine.token` when it does not let us in.
 * - `cancel`, `release`, `signal` of a job that has ended do nothing.
 */
export interface Engine {
  readonly name: string;
  probe(): Promise<EngineAbilities>;
  /** Hands a job over, held. @returns the engine's id of it */
  submit(order: EngineOrder): Promise<string>;
  release(engineId: string): Promise<void>;
  cancel(engineId: string): Promise<void>;
  /** Sends a signal to all processes of a running job. */
  signal(engineId: string, signal: CheckpointSignal): Promise<void>;
  /** Stops a running job and keeps it, held. Only where `requeue` is among the abilities. */
  requeueHeld(engineId: string): Promise<void>;
  /** Jobs that changed since the cursor ("" = all); undefined when none did. One listing at the engine at most. */
  changes(cursor: string): Promise<EngineChanges | undefined>;
  nodes(): Promise<readonly EngineNode[]>;
  drain(node: string, reason: string): Promise<void>;
  undrain(node: string): Promise<void>;
  /** Tells the engine how much power its jobs may draw from now on, W; running jobs are not touched. */
  limitPower(budgetW: number): Promise<void>;
  /** Tells an engine that counts power what a running job draws at most from now on, W. */
  countPower?(engineId: string, powerW: number): Promise<void>;
  close(): Promise<void>;
}

export const CHECKPOINT_SIGNALS = ["USR1", "USR2", "TERM"] as const;
export type CheckpointSignal = (typeof CHECKPOINT_SIGNALS)[number];

/** In a job's state directory: touched by the job after each checkpoint; where its output goes; what it ended with. */
export const CHECKPOINT_MARK = "checkpoint";
export const LOG_FILE = "output.log";
export const EXIT_MARK = "exit";
