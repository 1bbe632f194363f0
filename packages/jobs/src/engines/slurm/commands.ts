import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { CheckpointSignal, EngineOrder } from "../engine.ts";
import { engineError } from "../problems.ts";
import { jobEnvironment, jobScript } from "../script.ts";
import { commentOf, type SlurmJob, type SlurmLicense, type SlurmNode } from "./answers.ts";
import { launchWords, type Placing } from "./rest.ts";

const run = promisify(execFile);
const TIMEOUT_MS = 20_000;
const MAX_OUTPUT = 512 * 2 ** 20;

type Program = "scontrol" | "sbatch" | "squeue" | "sinfo" | "scancel";

/** What squeue is asked for, in this order; the comment last, for it may hold anything. */
const FIELDS = ["JobID", "State", "Reason", "NodeList", "StartTime", "EndTime", "exit_code", "RestartCnt", "Comment"] as const;

function jobInLine(line: string): SlurmJob | undefined {
  const [id, state, reason, nodes, start, end, exit, restarts, ...comment] = line.split("|");
  if (!/^\d+$/.test(id) || restarts === undefined) return undefined;
  const time = (text: string) => (/^\d+$/.test(text) ? Number(text) : 0);
  return { job_id: Number(id), job_state: state, state_reason: reason, nodes, start_time: time(start), end_time: time(end), exit_code: Number(exit), restart_cnt: Number(restarts), comment: comment.join("|") }; // prettier-ignore
}

/** The job is not known any more, or has ended: nothing to do. */
const GONE = /Invalid job id|already completing|already completed|already finished|Job\/step already/i;
/** slurmctld said no; nothing was done. */
const VERDICT = /error: (Batch job submission failed|Invalid|Requested|Unable to allocate|.*[Ii]nvalid)/;
const UNREACHABLE = /Unable to contact|Connection refused|communications|Socket timed out|Zero Bytes/i;

/** Slurm's own commands on this machine: what slurmrestd's older versions cannot do, and all of it where there is no slurmrestd. */
export class SlurmCommands {
  readonly #env: NodeJS.ProcessEnv;

  /** @param env with SLURM_CONF where it is not in its usual place */
  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  /** `slurm-wlm 22.05.8`; undefined where the commands are not installed or not set up. */
  async version(): Promise<string | undefined> {
    try {
      await run("scontrol", ["ping"], { env: this.#env, timeout: TIMEOUT_MS });
      return (await run("scontrol", ["-V"], { env: this.#env, timeout: TIMEOUT_MS })).stdout.trim();
    } catch (error) {
      return UNREACHABLE.test((error as { stderr?: string }).stderr ?? "") ? "slurm (away)" : undefined;
    }
  }

  async submit(order: EngineOrder, { partition, constraint, licenses, gpusPerNode }: Placing): Promise<string> {
    const options = [
      "--parsable",
      "--hold",
      "--requeue",
      "--open-mode=append",
      `--job-name=${order.name}`,
      `--comment=${commentOf(order.token)}`,
      `--nodes=${order.nodes}`,
      `--ntasks=${order.nodes}`,
      "--ntasks-per-node=1",
      `--chdir=${order.workDir}`,
      `--output=${order.stateDir}/output.log`,
      `--export=${Object.keys(jobEnvironment(order)).join(",")}`,
      ...(partition === "" ? [] : [`--partition=${partition}`]),
      ...(constraint === "" ? [] : [`--constraint=${constraint}`]),
      ...(licenses === "" ? [] : [`--licenses=${licenses}`]),
      ...(gpusPerNode === "" ? [] : [`--gpus-per-node=${gpusPerNode}`]),
      ...(order.timeLimitS === 0 ? [] : [`--time=${Math.ceil(order.timeLimitS / 60)}`]),
      ...(order.excludedNodes.length === 0 ? [] : [`--exclude=${order.excludedNodes.join(",")}`]),
    ];
    const text = await this.#run("sbatch", options, "unclear", {
      input: jobScript(order, launchWords(order)),
      env: { ...this.#env, ...jobEnvironment(order) },
    });
    const id = /^(\d+)/.exec(text)?.[1];
    if (id === undefined) throw engineError("unclear", "sbatch", `no job id in "${text.slice(0, 80)}"`);
    return id;
  }

  async release(id: string): Promise<void> {
    await this.#change("scontrol", "release", id);
  }

  async cancel(id: string): Promise<void> {
    await this.#change("scancel", id);
  }

  async signal(id: string, signal: CheckpointSignal): Promise<void> {
    await this.#change("scancel", "--full", `--signal=${signal}`, id);
  }

  async requeueHeld(id: string): Promise<void> {
    try {
      await this.#change("scontrol", "requeuehold", id);
    } catch (error) {
      if (!/pending execution/i.test((error as Error).message)) throw error;
      await this.#change("scontrol", "hold", id); // it has not started yet
    }
  }

  async excludeNodes(id: string, nodes: readonly string[]): Promise<void> {
    await this.#change("scontrol", "update", `jobid=${id}`, `excnodelist=${nodes.join(",")}`);
  }

  async setLicenses(id: string, licenses: string): Promise<void> {
    await this.#change("scontrol", "update", `jobid=${id}`, `licenses=${licenses}`);
  }

  /** Only what is needed of each job: a tenth of the time that slurmrestd takes for the whole of it. */
  async jobs(user: string): Promise<readonly SlurmJob[]> {
    const fields = FIELDS.map((field) => `${field}:|`).join(",");
    const text = await this.#run("squeue", ["--noheader", "--states=all", `--user=${user}`, `--Format=${fields}`], "away", { env: { ...this.#env, SLURM_TIME_FORMAT: "%s" } }); // prettier-ignore
    return text.split("\n").flatMap((line) => jobInLine(line) ?? []);
  }

  async nodes(): Promise<readonly SlurmNode[]> {
    return this.#json<SlurmNode>("sinfo", ["--json"], "nodes");
  }

  async licenses(): Promise<readonly SlurmLicense[]> {
    const text = await this.#run("scontrol", ["-o", "show", "licenses"], "away");
    return [...text.matchAll(/LicenseName=(\S+)\s+Total=(\d+)\s+Used=(\d+)/g)].map(([, name, total, used]) => ({
      LicenseName: name,
      Total: Number(total),
      Used: Number(used),
    }));
  }

  async setNode(node: string, state: "drain" | "resume", reason: string): Promise<void> {
    await this.#change("scontrol", "update", `nodename=${node}`, `state=${state}`, ...(state === "drain" ? [`reason=${reason}`] : []));
  }

  /** Keeps licences from everybody, so that jobs together cannot use more than the rest: how a static count is lowered at run time. */
  async reserveLicenses(name: string, licenses: string, user: string): Promise<void> {
    const change = ["reservationname=" + name, `licenses=${licenses}`];
    try {
      await this.#run("scontrol", ["update", ...change], "away");
    } catch (error) {
      if (UNREACHABLE.test((error as Error).message)) throw error;
      await this.#run("scontrol", ["create", "reservation", ...change, "starttime=now", "duration=UNLIMITED", `users=${user}`, "flags=license_only"], "away"); // prettier-ignore
    }
  }

  async #change(program: Program, ...args: string[]): Promise<void> {
    try {
      await this.#run(program, args, "away");
    } catch (error) {
      if (!GONE.test((error as Error).message)) throw error;
    }
  }

  async #json<T>(program: Program, args: readonly string[], name: string): Promise<readonly T[]> {
    const text = await this.#run(program, args, "away");
    try {
      const list = (JSON.parse(text) as Record<string, unknown>)[name];
      if (Array.isArray(list)) return list as readonly T[];
    } catch {
      // told below
    }
    throw engineError("away", program, `an answer that is not JSON, or was cut short (${text.length} bytes)`);
  }

  async #run(
    program: Program,
    args: readonly string[],
    otherwise: "unclear" | "away",
    { input, env = this.#env }: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<string> {
    try {
      const running = run(program, args, { env, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT });
      if (input !== undefined) running.child.stdin?.end(input);
      return (await running).stdout;
    } catch (error) {
      const text = ((error as { stderr?: string }).stderr ?? (error as Error).message).trim();
      const refused = VERDICT.test(text) && !UNREACHABLE.test(text);
      throw engineError(refused ? "refused" : otherwise, program, text === "" ? `${program} ended without a word` : text);
    }
  }
}
