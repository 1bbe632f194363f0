import { type Dispatcher, errors, Pool } from "undici";
import { engineError } from "../problems.ts";
import type { CheckpointSignal, EngineOrder } from "../engine.ts";
import { jobEnvironment, jobScript } from "../script.ts";
import { commentOf, figure, type SlurmJob, type SlurmLicense, type SlurmNode } from "./answers.ts";
import { isFirstShape, newestCommon, REST_VERSIONS, type RestVersion } from "./rest-versions.ts";

/** Every call ends within this; a listing of 10,000 jobs took 6 s where it was measured. */
const TIMEOUT_MS = 20_000;
const CONNECTIONS = 16;
/** Bytes of one answer at most: 10,000 jobs are 34 MB to 97 MB. */
const MAX_ANSWER = 512 * 2 ** 20;

/** Of Slurm's errors (slurm_errno.h): the job is not known any more, or it has ended. */
const GONE = new Set([2017, 2021, 2084]);
/** slurmctld's own verdict on a request, and slurmrestd's on its form: nothing was done. Anything else may have been. */
const verdict = (code: number) => (code >= 2000 && code < 5000) || code >= 9000;
/** What comes with a job that was taken, and held as was asked. */
const HELD_NOTE = 2042;

export interface RestOptions {
  /** `http://127.0.0.1:6820`. */
  readonly url: string;
  readonly user: string;
  /** Asked before each call, so that it can be renewed. */
  readonly token: () => string;
  /** Epoch ms. */
  readonly now: () => number;
}

/** How a job looks to the partition and the licences it will be counted in. */
export interface Placing {
  readonly partition: string;
  /** `[rack1|rack2]`: all nodes from one of them; "" = anywhere. */
  readonly constraint: string;
  /** `kw:12`; "" = none. */
  readonly licenses: string;
  /** `h100:8`; "" = none. */
  readonly gpusPerNode: string;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly errors: readonly { readonly code: number; readonly text: string }[];
}

/** slurmrestd, in whichever version it speaks. Keeps no state but its connections. */
export class SlurmRest {
  readonly #options: RestOptions;
  readonly #pool: Pool;
  #version: RestVersion | undefined;

  constructor(options: RestOptions) {
    this.#options = options;
    this.#pool = new Pool(new URL(options.url).origin, {
      connections: CONNECTIONS,
      connect: { timeout: 3_000 },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      maxResponseSize: MAX_ANSWER,
    });
  }

  /** Finds the newest version both sides speak. @throws PulmuError `engine.version`, `engine.away`, `engine.token` */
  async probe(): Promise<RestVersion> {
    const { body } = await this.#call("GET", "/openapi/v3", undefined, "away");
    const { version, served } = newestCommon(Object.keys((body["paths"] as object | undefined) ?? {}));
    if (version === undefined)
      throw engineError("version", this.#options.url, `it speaks ${served.join(", ") || "no version of slurmrestd's API"}; we speak ${REST_VERSIONS.at(-1)} to ${REST_VERSIONS[0]}`); // prettier-ignore
    this.#version = version;
    return version;
  }

  /** slurmctld's clock, epoch ms: ours may be a day ahead of it. */
  async clockMs(): Promise<number> {
    const { body } = await this.#slurm("GET", "diag", undefined, "away");
    return figure((body["statistics"] as { req_time?: number } | undefined)?.req_time) * 1000;
  }

  async submit(order: EngineOrder, placing: Placing): Promise<string> {
    const submission = this.#submission(await this.version(), order, placing);
    const { body, errors: found } = await this.#slurm("POST", "job/submit", submission, "unclear");
    const id = figure((body["result"] as { job_id?: number } | undefined)?.job_id ?? (body["job_id"] as number | undefined));
    if (id > 0 && found.every(({ code }) => code === HELD_NOTE)) return String(id);
    throw this.#refusal(found, "unclear");
  }

  async release(id: string): Promise<void> {
    const first = isFirstShape(await this.version());
    await this.#change(`job/${id}`, "POST", { hold: first ? "false" : false });
  }

  cancel(id: string): Promise<void> {
    return this.#change(`job/${id}`, "DELETE", undefined);
  }

  signal(id: string, signal: CheckpointSignal): Promise<void> {
    return this.#change(`job/${id}?signal=${signal}`, "DELETE", undefined);
  }

  /** From v0.0.42 on. */
  setNode(name: string, state: "DRAIN" | "RESUME", reason: string): Promise<void> {
    return this.#change(`node/${encodeURIComponent(name)}`, "POST", { state: [state], ...(reason === "" ? {} : { reason }) });
  }

  /** Undefined: nothing changed since that second of slurmctld's clock. */
  async jobs(sinceS: number): Promise<readonly SlurmJob[] | undefined> {
    const answer = await this.#slurm("GET", `jobs${sinceS > 0 ? `?update_time=${sinceS}` : ""}`, undefined, "away");
    if (answer.status === 304) return undefined;
    return this.#listed<SlurmJob>(answer, "jobs");
  }

  async nodes(): Promise<readonly SlurmNode[]> {
    return this.#listed<SlurmNode>(await this.#slurm("GET", "nodes", undefined, "away"), "nodes");
  }

  async licenses(): Promise<readonly SlurmLicense[]> {
    return this.#listed<SlurmLicense>(await this.#slurm("GET", "licenses", undefined, "away"), "licenses");
  }

  async version(): Promise<RestVersion> {
    return this.#version ?? this.probe();
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  #submission(version: RestVersion, order: EngineOrder, { partition, constraint, licenses, gpusPerNode }: Placing): object {
    const first = isFirstShape(version);
    const flag = (value: boolean) => (first ? String(value) : value);
    const environment = jobEnvironment(order);
    return {
      job: {
        name: order.name,
        ...(partition === "" ? {} : { partition }),
        nodes: first ? [order.nodes, order.nodes] : `${order.nodes}-${order.nodes}`,
        tasks: order.nodes,
        tasks_per_node: 1,
        ...(gpusPerNode === "" ? {} : first ? { gpus_per_node: gpusPerNode } : { tres_per_node: `gres/gpu:${gpusPerNode}` }),
        ...(constraint === "" ? {} : { constraints: constraint }),
        ...(licenses === "" ? {} : { licenses }),
        ...(order.timeLimitS === 0 ? {} : { time_limit: first ? Math.ceil(order.timeLimitS / 60) : { set: true, number: Math.ceil(order.timeLimitS / 60) } }), // prettier-ignore
        ...(order.excludedNodes.length === 0 || first ? {} : { excluded_nodes: order.excludedNodes }),
        current_working_directory: order.workDir,
        standard_output: `${order.stateDir}/output.log`,
        standard_error: `${order.stateDir}/output.log`,
        open_mode: first ? "append" : ["APPEND"],
        environment: first ? environment : Object.entries(environment).map(([name, value]) => `${name}=${value}`),
        requeue: flag(true),
        hold: flag(true),
        comment: commentOf(order.token),
      },
      script: jobScript(order, launchWords(order)),
    };
  }

  async #change(path: string, method: Dispatcher.HttpMethod, body: object | undefined): Promise<void> {
    const { errors: found } = await this.#slurm(method, path, body, "away");
    if (found.some(({ code }) => !GONE.has(code))) throw this.#refusal(found, "away");
  }

  #listed<T>({ body, errors: found }: Answer, name: string): readonly T[] {
    const list = body[name];
    if (found.length > 0 || !Array.isArray(list)) throw this.#refusal(found, "away");
    return list as readonly T[];
  }

  #refusal(found: Answer["errors"], otherwise: "unclear" | "away") {
    const text = found.map(({ code, text: words }) => (code > 0 ? `${words} (${code})` : words)).join("; ") || "an answer without a result";
    return found.some(({ code }) => verdict(code)) ? engineError("refused", this.#options.url, text) : engineError(otherwise, this.#options.url, text, this.#clocksHint()); // prettier-ignore
  }

  async #slurm(method: Dispatcher.HttpMethod, path: string, body: object | undefined, otherwise: "unclear" | "away"): Promise<Answer> {
    return this.#call(method, `/slurm/${await this.version()}/${path}`, body, otherwise);
  }

  /** One call. The same error comes as 200, 401, 500 or 511, depending on version and path: the body's `errors` are what counts. */
  async #call(method: Dispatcher.HttpMethod, path: string, body: object | undefined, otherwise: "unclear" | "away"): Promise<Answer> {
    const { url, user } = this.#options;
    const token = this.#token();
    let status: number;
    let text: string;
    try {
      const answer = await this.#pool.request({
        method,
        path,
        headers: {
          "X-SLURM-USER-NAME": user,
          "X-SLURM-USER-TOKEN": token,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      status = answer.statusCode;
      text = await answer.body.text();
    } catch (error) {
      const never = error instanceof errors.ConnectTimeoutError || (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
      throw engineError(never ? "away" : otherwise, url, `slurmrestd does not answer: ${(error as Error).message || (error as NodeJS.ErrnoException).code}`); // prettier-ignore
    }
    if (status === 304) return { status, body: {}, errors: [] };
    const parsed = parseBody(text);
    const found = errorsIn(parsed);
    if (status === 401 || status === 511 || found.some((error) => /authentic|protocol authentication/i.test(error.text)))
      throw engineError("token", url, `slurmrestd does not accept the token of user ${user}`);
    if (parsed === undefined && status === 404)
      throw engineError("version", url, `no ${path}`, "is it slurmrestd's address, and is the plugin loaded?");
    if (parsed === undefined)
      throw engineError(otherwise, url, `an answer that is not JSON, or was cut short (${text.length} bytes, HTTP ${status})`);
    if (status >= 500 && found.length === 0) throw engineError(otherwise, url, `HTTP ${status}`);
    return { status, body: parsed, errors: found };
  }

  /** 22.05 answers a token that has expired by slurmctld's clock with "Unspecified error": then the two clocks are worth a look. */
  #clocksHint(): string | undefined {
    const expiresS = expiryOf(this.#options.token());
    return expiresS === undefined ? undefined : `an expired token is answered so, too: this one ends at ${iso(expiresS * 1000)}, and it is ${iso(this.#options.now())} by the clock here`; // prettier-ignore
  }

  /** 22.05 answers an expired token with 500 and "Unspecified error": it is looked at before it is sent. */
  #token(): string {
    const token = this.#options.token();
    const expiresS = expiryOf(token);
    if (expiresS !== undefined && expiresS * 1000 <= this.#options.now())
      throw engineError("token", this.#options.url, `the token for slurmrestd expired at ${iso(expiresS * 1000)}; it is ${iso(this.#options.now())} by the clock here`); // prettier-ignore
    return token;
  }
}

/** Several ranks, or a GPU to bind: started by srun, one process a node. It ends all of them when one fails. */
export function launchWords({ nodes }: Pick<EngineOrder, "nodes">): string {
  return `srun --nodes=${nodes} --ntasks=${nodes} --ntasks-per-node=1 --kill-on-bad-exit=1 --export=ALL`;
}

function parseBody(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function errorsIn(body: Readonly<Record<string, unknown>> | undefined): Answer["errors"] {
  const list = Array.isArray(body?.["errors"]) ? (body["errors"] as Record<string, unknown>[]) : [];
  return list.map((entry) => ({
    code: Number(entry["error_number"] ?? entry["error_code"] ?? 0),
    text:
      [...new Set([entry["error"], entry["description"]].filter((text) => typeof text === "string" && text !== ""))].join(": ") ||
      "unknown error",
  }));
}

const iso = (ms: number) => new Date(ms).toISOString();

/** `exp` of a JWT, s; undefined for what is not one. It is not verified here: Slurm does that. */
function expiryOf(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { exp?: unknown };
    return typeof exp === "number" ? exp : undefined;
  } catch {
    return undefined;
  }
}
