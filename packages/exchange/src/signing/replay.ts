import { createHash } from "node:crypto";
import { migrate, type Migration, type Store } from "@pulmu/journal";

/** `new`: ours to act on, once and for all. `duplicate`: the same message again. `conflict`: an id or a signature in another message. */
export type Claim = "new" | "duplicate" | "conflict";

/** What makes an event this one. */
export interface EventMark {
  readonly source: string;
  readonly id: string;
  /** The `data` as it came: a JWS, or the text of plain data. */
  readonly data: string;
  readonly signed: boolean;
}

/** Remembers events, so that none is obeyed twice. */
export interface ReplayGuard {
  /** Claims an event for good: of two claims, in any order and in any process, only one is told `new`. */
  claim(event: EventMark, nowMs: number): Promise<Claim>;
}

/** Ids are remembered this long: far beyond the window in which an event is fresh. */
const KEEP_IDS_MS = 86_400_000;
/** Signatures over data alone have no time in them, so they are remembered as long as anybody could still have them. */
const KEEP_SIGNATURES_MS = 400 * 86_400_000;
const PRUNE_EVERY = 1_000;

const MIGRATIONS: readonly Migration[] = [
  {
    name: "events that were acted on",
    statements: [
      "create table exchange_events (mark text primary key, digest text not null, seen_ms bigint not null)",
      "create index exchange_events_by_time on exchange_events (seen_ms)",
    ],
  },
];

const TARGET = {
  table: "exchange_events",
  columns: [
    { name: "mark", type: "text" },
    { name: "digest", type: "text" },
    { name: "seen_ms", type: "bigint" },
  ],
  key: "mark",
} as const;

/** Remembers in a database: a restart forgets nothing, and what was claimed is on the disk before it is acted on. */
export async function openReplayStore(store: Store): Promise<ReplayGuard> {
  await migrate(store, "exchange", MIGRATIONS);
  let claims = 0;
  return {
    async claim(event, nowMs) {
      if (claims++ % PRUNE_EVERY === 0) await prune(store, nowMs);
      const [byId, byData] = marks(event);
      const rows = event.signed ? [byId, byData] : [byId];
      const fresh = await store.insertMany(
        TARGET,
        rows.map((mark) => [mark, byData, nowMs]),
      );
      if (!fresh.includes(false)) return "new";
      const [known] = await store.query<{ digest: string }>("select digest from exchange_events where mark = $1", [byId]);
      return !fresh[0] && known?.digest === byData ? "duplicate" : "conflict";
    },
  };
}

async function prune(store: Store, nowMs: number): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.run("delete from exchange_events where mark like 'id:%' and seen_ms < $1", [nowMs - KEEP_IDS_MS]);
    await tx.run("delete from exchange_events where seen_ms < $1", [nowMs - KEEP_SIGNATURES_MS]);
  });
}

/** Remembers in memory, the last `capacity` events: for reading what changes nothing, and for tests. */
export class ReplayMemory implements ReplayGuard {
  readonly #capacity: number;
  readonly #seen = new Map<string, string>();

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  claim(event: EventMark): Promise<Claim> {
    const [byId, byData] = marks(event);
    const known = this.#seen.get(byId);
    if (known !== undefined) return Promise.resolve(known === byData ? "duplicate" : "conflict");
    const reused = event.signed && this.#seen.has(byData);
    this.#seen.set(byId, byData);
    if (event.signed) this.#seen.set(byData, byData);
    for (const mark of this.#seen.keys()) {
      if (this.#seen.size <= 2 * this.#capacity) break;
      this.#seen.delete(mark);
    }
    return Promise.resolve(reused ? "conflict" : "new");
  }
}

function marks({ source, id, data }: EventMark): [byId: string, byData: string] {
  return [`id:${source}#${id.toLowerCase()}`, `data:${source}#${createHash("sha256").update(data).digest("base64url")}`];
}
