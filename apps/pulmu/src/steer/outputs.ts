import type { WorkOutput } from "@pulmu/power";
import type { Site } from "@pulmu/site";
import type { JobRow, Simulation } from "@pulmu/twin";
import { ASSUMED_PRICES } from "./factory-now.ts";

/** Over how long what is usual is learned, s: longer than checkpoints and swings of demand. */
const LEARN_S = 900;
/** What is usual is not known before so long, s. */
const LEAST_S = 60;

/** A mean that forgets. */
class Usual {
  #sum = 0;
  #weight = 0;

  add(amount: number, weight: number): void {
    const kept = 1 - 1 / LEARN_S;
    this.#sum = this.#sum * kept + amount;
    this.#weight = this.#weight * kept + weight;
  }

  /** undefined while too little is known. */
  get mean(): number | undefined {
    return this.#weight === 0 ? undefined : this.#sum / this.#weight;
  }
}

interface Job {
  readonly usual: Usual;
  tokens: number;
  seconds: number;
}

/**
 * What each work makes in a second, beside what would be made if nobody asked the factory for less. That nobody can meter: a service is
 * held against what is asked of it (requests that come, times the tokens they usually take), a job against what it usually makes.
 */
export class LiveOutputs {
  readonly #classOf: ReadonlyMap<string, WorkOutput["serviceClass"]>;
  readonly #perRequest = new Map<string, Usual>();
  readonly #jobs = new Map<string, Job>();
  #seconds = 0;

  constructor({ workloads }: Site) {
    this.#classOf = new Map(workloads.map(({ id, serviceClass }) => [id, serviceClass]));
  }

  /**
   * Call once a second. Cost: the services and jobs.
   * @param asked the factory is held below what it would draw: nothing of this second is usual
   */
  second(seen: Simulation, asked: boolean): readonly WorkOutput[] {
    this.#seconds++;
    const services = seen.services().flatMap(({ id, tenantId, serviceClass, requestsPerS, tokensPerS }): WorkOutput[] => {
      const perRequest = known(this.#perRequest, id, () => new Usual());
      if (!asked) perRequest.add(tokensPerS, requestsPerS);
      if (perRequest.mean === undefined || this.#seconds < LEAST_S) return [];
      return [
        {
          workId: id,
          tenantId,
          serviceClass: serviceClass as WorkOutput["serviceClass"],
          tokensPerS,
          wantedTokensPerS: requestsPerS * perRequest.mean,
          krwPerMTokens: ASSUMED_PRICES.krwPerMTokens,
        },
      ];
    });
    const running = seen.jobs().filter(({ state }) => state === "running" || state === "restarting");
    const racksOf = new Map(seen.placements().map(({ id, gang, pieces }) => [id, { gang, pieces }]));
    const outside = seen.outsideWorks();
    const jobs = [
      ...running.map((row) => ({ ...row, serviceClass: this.#classOf.get(row.workloadId) ?? "flexible", held: racksOf.get(row.id) })),
      ...outside.map((work) => ({ ...work, tokens: 0, held: { gang: true, pieces: work.pieces } })),
    ].flatMap((job) => this.#job(job, seen.rackSpeed, asked));
    const ids = new Set([...running, ...outside].map(({ id }) => id));
    for (const id of this.#jobs.keys()) if (!ids.has(id)) this.#jobs.delete(id);
    return [...services, ...jobs];
  }

  /** A job that makes no tokens is counted by its GPUs' seconds, a millionth of what they are worth in tokens. One that gave way makes none. */
  #job({ id, tenantId, serviceClass, gpus, tokens, held }: Worker, rackSpeed: ArrayLike<number>, asked: boolean): readonly WorkOutput[] {
    const job = known(this.#jobs, id, (): Job => ({ usual: new Usual(), tokens, seconds: 0 }));
    const gaveWay = held?.pieces.length === 0;
    const made = tokens > 0 ? Math.max(0, tokens - job.tokens) : gaveWay ? 0 : gpus * speedOf(held, rackSpeed);
    job.tokens = tokens;
    if (Number.isNaN(made)) return [];
    if (!asked && !gaveWay) {
      job.usual.add(made, 1);
      job.seconds++;
    }
    const wanted = job.usual.mean;
    if (wanted === undefined || wanted === 0 || job.seconds < LEAST_S) return [];
    const krwPerMTokens = ((gpus * ASSUMED_PRICES.krwPerGpuH) / 3600 / wanted) * 1e6;
    return [
      {
        workId: id,
        tenantId,
        serviceClass: serviceClass as WorkOutput["serviceClass"],
        tokensPerS: made,
        wantedTokensPerS: wanted,
        krwPerMTokens,
      },
    ];
  }
}

interface Worker extends Pick<JobRow, "id" | "tenantId" | "gpus" | "tokens"> {
  readonly serviceClass: string;
  readonly held: Held | undefined;
}

interface Held {
  readonly gang: boolean;
  readonly pieces: readonly { readonly rack: number; readonly gpus: number }[];
}

/** A gang goes as its slowest rack, others as their GPUs do on average; NaN where no speed is told. */
function speedOf(held: Held | undefined, rackSpeed: ArrayLike<number>): number {
  if (held === undefined || held.pieces.length === 0) return NaN;
  const { gang, pieces } = held;
  if (gang) return pieces.reduce((slowest, { rack }) => Math.min(slowest, rackSpeed[rack]), 1);
  const gpus = pieces.reduce((sum, piece) => sum + piece.gpus, 0);
  return pieces.reduce((sum, piece) => sum + piece.gpus * rackSpeed[piece.rack], 0) / gpus;
}

function known<V>(map: Map<string, V>, id: string, make: () => V): V {
  let value = map.get(id);
  if (value === undefined) map.set(id, (value = make()));
  return value;
}
