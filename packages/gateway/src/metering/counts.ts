import type { Reader, Store } from "@pulmu/journal";
import type { Estimate, Hold, Recorded, Settlement, Spender } from "@pulmu/ledger";
import type { ReplicaNow } from "../gateway.ts";
import type { Accounts } from "../gateway-options.ts";
import type { Served, Upstream } from "../upstreams/upstream.ts";

/** Answers and tokens, as one who served or recorded them has it. */
export interface Count {
  readonly requests: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

/**
 * Counts what passes on its way to the ledger, apart from the ledger, and keeps the count beside what the upstreams say of themselves: two
 * of the four sums that have to agree. Kept once in a while and at the end, so that it outlives the process.
 */
export class CountedAccounts implements Accounts {
  readonly #accounts: Accounts;
  readonly #upstreams = new Set<Upstream>();
  readonly #process: string;
  readonly #count = { requests: 0, promptTokens: 0, cachedTokens: 0, outputTokens: 0 };

  /** @param process names this run of the gateway */
  constructor(accounts: Accounts, process: string) {
    this.#accounts = accounts;
    this.#process = process;
  }

  /** Counts these from now on; those before stay in the sum. */
  watch(upstreams: readonly Upstream[]): void {
    for (const upstream of upstreams) this.#upstreams.add(upstream);
  }

  get count(): Count {
    return this.#count;
  }

  tryReserve(spender: Spender, estimate: Estimate): Hold | undefined {
    return this.#accounts.tryReserve(spender, estimate);
  }

  reserve(spender: Spender, estimate: Estimate): Promise<Hold> {
    return this.#accounts.reserve(spender, estimate);
  }

  async settle(hold: Hold, settlement: Settlement): Promise<Recorded> {
    const recorded = await this.#accounts.settle(hold, settlement);
    if (recorded === "duplicate") return recorded;
    const { requests = 0, promptTokens = 0, cachedTokens = 0, outputTokens = 0 } = settlement.meters;
    this.#count.requests += requests;
    this.#count.promptTokens += promptTokens;
    this.#count.cachedTokens += cachedTokens;
    this.#count.outputTokens += outputTokens;
    return recorded;
  }

  release(hold: Hold): void {
    this.#accounts.release(hold);
  }

  /** What the upstreams count; undefined when one of them does not. */
  get served(): Served | undefined {
    let [requests, promptTokens, outputTokens] = [0, 0, 0];
    for (const { served } of this.#upstreams) {
      if (served === undefined) return undefined;
      requests += served.requests;
      promptTokens += served.promptTokens;
      outputTokens += served.outputTokens;
    }
    return { requests, promptTokens, outputTokens };
  }

  /** Writes both counts down, and how the replicas are, in place of what was. @throws PulmuError `store.*` */
  async keep(store: Store, atMs: number, replicas: readonly ReplicaNow[]): Promise<void> {
    const body = JSON.stringify({ atMs, count: this.#count, served: this.served ?? null, replicas } satisfies Kept);
    await store.transaction((tx) =>
      tx.run("insert into gateway_counts (process, body) values ($1, $2) on conflict (process) do update set body = excluded.body", [
        this.#process,
        body,
      ]),
    );
  }
}

/** What a gateway writes down of itself. */
interface Kept {
  readonly atMs: number;
  readonly count: Count;
  readonly served: Served | null;
  readonly replicas: readonly ReplicaNow[];
}

/** The sums of all gateways on this database that ever ran. */
export interface KeptCounts {
  readonly gateway: Count;
  /** Undefined when upstreams are among them that do not count. */
  readonly upstream: Served | undefined;
}

export async function readCounts(reader: Reader): Promise<KeptCounts> {
  const kept = await readKept(reader);
  const sum = (of: (row: (typeof kept)[number]) => number) => kept.reduce((total, row) => total + of(row), 0);
  return {
    gateway: {
      requests: sum(({ count }) => count.requests),
      promptTokens: sum(({ count }) => count.promptTokens),
      cachedTokens: sum(({ count }) => count.cachedTokens),
      outputTokens: sum(({ count }) => count.outputTokens),
    },
    upstream: kept.some(({ served }) => served === null)
      ? undefined
      : {
          requests: sum(({ served }) => served!.requests),
          promptTokens: sum(({ served }) => served!.promptTokens),
          outputTokens: sum(({ served }) => served!.outputTokens),
        },
  };
}

/** Replicas as the gateways saw them that have written since `sinceMs`. */
export async function readReplicas(reader: Reader, sinceMs: number): Promise<readonly ReplicaNow[]> {
  return (await readKept(reader)).filter(({ atMs }) => atMs >= sinceMs).flatMap(({ replicas }) => replicas);
}

async function readKept(reader: Reader): Promise<readonly Kept[]> {
  const rows = await reader.query<{ body: string }>("select body from gateway_counts");
  return rows.map(({ body }) => JSON.parse(body) as Kept);
}
