import type { EngineJob, EngineNode, EngineState } from "../engine.ts";

/** A number as 22.05 writes it, or as later versions do. */
type Figure = number | string | null | undefined | { readonly set?: boolean; readonly infinite?: boolean; readonly number?: number };

/** Of Slurm's answer on a job, what we read: the same names from v0.0.38 to v0.0.46, in changing shapes. */
export interface SlurmJob {
  readonly job_id: Figure;
  readonly comment?: string;
  readonly job_state: string | readonly string[];
  readonly state_reason?: string;
  readonly nodes?: string;
  readonly start_time?: Figure;
  readonly end_time?: Figure;
  readonly exit_code?: Figure | { readonly return_code?: Figure; readonly signal?: { readonly id?: Figure; readonly signal_id?: Figure } };
  readonly restart_cnt?: Figure;
}

export interface SlurmNode {
  readonly name: string;
  readonly state: string | readonly string[];
  readonly state_flags?: readonly string[];
  readonly reason?: string;
  readonly features?: string | readonly string[];
  readonly gres?: string;
}

export interface SlurmLicense {
  readonly LicenseName: string;
  readonly Total: number;
  readonly Used: number;
  readonly Reserved?: number;
}

export function figure(value: Figure): number {
  if (typeof value === "object" && value !== null) return value.set === false || value.infinite === true ? 0 : (value.number ?? 0);
  return Number(value ?? 0);
}

const words = (value: string | readonly string[] | undefined): readonly string[] => (typeof value === "string" ? [value] : (value ?? []));

/** Slurm's job states (slurm.schedmd.com/job_state_codes.html), by what they mean for us. */
const STATES: Readonly<Record<string, EngineState>> = {
  PENDING: "queued",
  CONFIGURING: "running",
  RUNNING: "running",
  SUSPENDED: "running",
  STOPPED: "running",
  SIGNALING: "running",
  COMPLETING: "ending",
  STAGE_OUT: "ending",
  COMPLETED: "done",
  CANCELLED: "cancelled",
  REVOKED: "cancelled",
  PREEMPTED: "node-failed",
  NODE_FAIL: "node-failed",
  BOOT_FAIL: "node-failed",
  FAILED: "failed",
  TIMEOUT: "failed",
  DEADLINE: "failed",
  OUT_OF_MEMORY: "failed",
  REQUEUED: "queued",
  REQUEUE_HOLD: "held",
  REQUEUE_FED: "queued",
  SPECIAL_EXIT: "held",
};

/** Reasons with which a pending job is held, whoever holds it. `launch failed requeued held` is what a node that cannot start it leaves. */
const HELD = /^(JobHeld|job requeued in held state|launch failed requeued held)|Held$/i;

/** What stands in the comment of a job of ours: `pulmu=<token>`. */
const TOKEN = /(?:^|;)pulmu=([\w./-]+)/;

export function commentOf(token: string): string {
  return `pulmu=${token}`;
}

export function engineJob(job: SlurmJob): EngineJob {
  const names = words(job.job_state);
  const reason = job.state_reason === "None" ? "" : (job.state_reason ?? "");
  let state = names.map((name) => STATES[name] ?? "queued").find((known) => known === "ending") ?? STATES[names[0]] ?? "queued";
  if (state === "queued" && HELD.test(reason)) state = "held";
  const over = state === "done" || state === "failed" || state === "cancelled" || state === "node-failed";
  return {
    engineId: String(figure(job.job_id)),
    token: TOKEN.exec(job.comment ?? "")?.[1] ?? "",
    state,
    reason: state === "failed" && names[0] !== "FAILED" ? names[0].toLowerCase() : reason,
    nodes: expandHosts(job.nodes ?? ""),
    startedMs: state === "queued" || state === "held" ? 0 : figure(job.start_time) * 1000,
    endedMs: over ? figure(job.end_time) * 1000 : 0,
    exitCode: over ? exitCodeOf(job.exit_code) : undefined,
    restarts: figure(job.restart_cnt),
  };
}

/** 22.05 gives wait(2)'s status; later versions take it apart. As a shell would say it: 128 + the signal. */
function exitCodeOf(value: SlurmJob["exit_code"]): number {
  if (typeof value === "object" && value !== null && ("return_code" in value || "signal" in value)) {
    const signal = figure(value.signal?.id ?? value.signal?.signal_id);
    return signal > 0 ? 128 + signal : figure(value.return_code);
  }
  const status = figure(value as Figure);
  return (status & 0x7f) > 0 ? 128 + (status & 0x7f) : (status >> 8) & 0xff;
}

export function engineNode(node: SlurmNode, rackFeature: RegExp): EngineNode {
  const states = [...words(node.state), ...(node.state_flags ?? [])].map((word) => word.toUpperCase());
  const down = states.some((word) => /DOWN|ERROR|FUTURE|UNKNOWN|NOT_RESPONDING|FAIL|POWERED_DOWN/.test(word));
  const draining = states.some((word) => /DRAIN|MAINT|POWERING_DOWN|REBOOT/.test(word));
  const features = typeof node.features === "string" ? node.features.split(",") : (node.features ?? []);
  return {
    name: node.name,
    rack: features.find((feature) => rackFeature.test(feature)) ?? "",
    gpus: Number(/gpu(?::[^:,()]+)?:(\d+)/.exec(node.gres ?? "")?.[1] ?? 0),
    state: down ? "down" : draining ? "draining" : "up",
    reason: node.reason ?? "",
    occupied: states.some((word) => /ALLOC|MIX|COMP/.test(word)),
  };
}

/** Names in one host list at most: a broken answer does not fill the memory. */
const MAX_HOSTS = 100_000;

/** `gpu[1-3,7],cpu2` → gpu1, gpu2, gpu3, gpu7, cpu2; leading zeros stay. */
export function expandHosts(list: string): readonly string[] {
  const names: string[] = [];
  for (const [, prefix, inner, suffix] of list.matchAll(/([^,[\]]+)(?:\[([^\]]*)\]([^,[\]]*))?(?:,|$)/g)) {
    if (inner === undefined) names.push(prefix);
    else
      for (const range of inner.split(",")) {
        const [first, last = first] = range.split("-");
        for (let i = Number(first); i <= Number(last) && names.length < MAX_HOSTS; i++)
          names.push(`${prefix}${String(i).padStart(first.length, "0")}${suffix}`);
      }
  }
  return names;
}
