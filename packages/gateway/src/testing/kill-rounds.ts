import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { Identity, prepareGovern, SYSTEM } from "@pulmu/govern";
import { openStore, prepareJournal, type Store } from "@pulmu/journal";
import { prepareLedger, readUsage, setLimit, type UsageRecord } from "@pulmu/ledger";
import { random, type Random } from "@pulmu/units";
import { KOREA } from "./door.ts";
import { MADE_TOKENS, PROMPT_TOKENS } from "./kill-upstream.ts";

export interface KillRounds {
  readonly address: string;
  readonly rounds: number;
  readonly seed: number;
  /** Of a database server that can be killed too. */
  readonly server?: { kill(): Promise<void>; start(): Promise<void> };
}

export interface KillReport {
  /** Answers that a caller took whole. */
  readonly answered: number;
  readonly refused: number;
  /** Requests that broke off: somebody was killed, or the caller left. */
  readonly broken: number;
  readonly records: number;
  readonly kills: Readonly<Record<string, number>>;
  /** What must not be: empty. */
  readonly findings: readonly string[];
}

const GATEWAYS = 2;
const CALLERS = 12;
/** Of the tenant `poor`, in all: used up on the way, by both gateways together. */
const TOKENS_IN_ALL = 4_000;
const LEAVES = 0.15;

/** A process that can be killed and started again. */
class Victim {
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  line = "";

  constructor(script: string, args: readonly string[]) {
    this.#args = [fileURLToPath(script), ...args];
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, this.#args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    const [text] = (await Promise.race([once(child.stdout, "data"), once(child, "exit").then(() => [Buffer.alloc(0)])])) as [Buffer];
    this.line = text.toString().trim();
    if (this.line === "") throw new Error(`${this.#args.join(" ")} did not start`);
  }

  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }
}

/** What the callers saw. */
class Seen {
  /** Tokens of each answer that came whole, by the gateway's name for the request. */
  readonly whole = new Map<string, number>();
  refused = 0;
  broken = 0;
}

/**
 * Two gateways on one database before one upstream, callers that stream, wait and leave; in each round one of them all is killed with
 * `kill -9` and started again. In the end the books are compared with what callers and upstream saw.
 */
export async function killRounds({ address, rounds, seed, server }: KillRounds): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-kill-gateway-"));
  const log = join(folder, "served.log");
  const draw = random(seed);
  const keys = await prepare(address);
  const port = await freePort();
  const upstream = new Victim(import.meta.resolve("./kill-upstream.ts"), [String(port), log]);
  const gateways = Array.from(
    { length: GATEWAYS },
    () => new Victim(import.meta.resolve("./kill-gateway.ts"), [address, `http://127.0.0.1:${port}/v1`]),
  );
  const seen = new Seen();
  const load = { on: true };
  const kills: Record<string, number> = { gateway: 0, upstream: 0, database: 0 };
  await upstream.start();
  for (const gateway of gateways) await gateway.start();
  const callers = Array.from({ length: CALLERS }, () => call(load, gateways, keys, seen, draw));
  try {
    for (let round = 0; round < rounds; round++) {
      await sleep(50 + draw.next() * 300);
      const who = draw.next();
      if (server !== undefined && who < 0.25) {
        kills["database"]++;
        await server.kill();
        await sleep(draw.next() * 100);
        await server.start();
      } else if (who < 0.5) {
        kills["upstream"]++;
        await upstream.kill();
        await sleep(draw.next() * 100);
        await upstream.start();
      } else {
        kills["gateway"]++;
        const gateway = gateways[Math.floor(draw.next() * GATEWAYS)];
        await gateway.kill();
        await sleep(draw.next() * 100);
        await gateway.start();
      }
    }
  } finally {
    load.on = false;
    await Promise.all(callers);
    for (const gateway of gateways) await gateway.kill("SIGTERM");
    await upstream.kill();
  }
  const served = new Set(existsSync(log) ? readFileSync(log, "utf8").split("\n") : []);
  rmSync(folder, { recursive: true, force: true });
  const store = await openStore(address);
  const records: UsageRecord[] = [];
  for await (const rows of readUsage(store, { tenantIds: "all" })) records.push(...rows.map(({ record }) => record));
  await store.close();
  const { refused, broken, whole } = seen;
  return { answered: whole.size, refused, broken, records: records.length, kills, findings: audit(records, whole, served) };
}

function audit(records: readonly UsageRecord[], whole: ReadonlyMap<string, number>, served: ReadonlySet<string>): string[] {
  const findings: string[] = [];
  const billed = new Map<string, number>();
  let poor = 0;
  for (const { id, tenantId, meters } of records) {
    const made = meters.outputTokens ?? 0;
    if (billed.has(id)) findings.push(`${id} is billed twice`);
    billed.set(id, made);
    if (made > 0 && !served.has(id)) findings.push(`${id} is billed ${made} tokens and was never served`);
    if (made > MADE_TOKENS) findings.push(`${id} is billed ${made} tokens of ${MADE_TOKENS}`);
    if (tenantId === "poor") poor += made + (meters.promptTokens ?? 0);
  }
  for (const [id, made] of whole)
    if (billed.get(id) !== made) findings.push(`${id} was answered with ${made} tokens and billed ${billed.get(id) ?? "none"}`);
  if (poor > TOKENS_IN_ALL) findings.push(`a budget of ${TOKENS_IN_ALL} tokens was spent to ${poor}`);
  return findings.slice(0, 20);
}

async function prepare(address: string): Promise<string[]> {
  const store: Store = await openStore(address);
  await prepareJournal(store);
  await prepareGovern(store);
  await prepareLedger(store, KOREA);
  const identity = new Identity(store, { now: Date.now, randomBytes });
  const keys: string[] = [];
  for (const tenant of ["rich", "poor"]) {
    await identity.createTenant(SYSTEM, tenant, tenant);
    await identity.createProject(SYSTEM, tenant, "p", "p");
    await identity.createAccount(SYSTEM, `${tenant}/p`, "app");
    keys.push((await identity.createKey(SYSTEM, { accountId: `${tenant}/p/app`, scopes: ["inference"] })).text);
  }
  const limit = {
    tenantId: "poor",
    scope: "tenant",
    scopeId: "poor",
    modelId: "",
    meter: "tokens",
    window: "total",
    most: TOKENS_IN_ALL,
  } as const;
  await setLimit(store, KOREA, limit, "torture", Date.now());
  await store.close();
  return keys;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** One caller: asks, streams, leaves now and then, until the load is off. */
async function call(
  load: { readonly on: boolean },
  gateways: readonly Victim[],
  keys: readonly string[],
  seen: Seen,
  draw: Random,
): Promise<void> {
  while (load.on) {
    const gateway = gateways[Math.floor(draw.next() * gateways.length)];
    const stream = draw.next() < 0.5;
    const controller = new AbortController();
    const leaves = draw.next() < LEAVES;
    const body = {
      model: "m",
      max_tokens: MADE_TOKENS,
      messages: [{ role: "user", content: "x" }],
      ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
    };
    try {
      const response = await fetch(`${gateway.line}/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${keys[Math.floor(draw.next() * keys.length)]}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: controller.signal,
      });
      if (leaves) setTimeout(() => controller.abort(), draw.next() * 30);
      const text = await response.text();
      const whole = stream ? text.endsWith("data: [DONE]\n\n") : response.status === 200;
      if (whole) seen.whole.set(response.headers.get("x-request-id")!, tokensIn(text));
      else if (response.status === 429) {
        seen.refused++;
        await sleep(20);
      } else seen.broken++;
    } catch {
      seen.broken++; // killed, or left
      await sleep(5);
    }
  }
}

function tokensIn(text: string): number {
  const match = /"completion_tokens":(\d+),/.exec(text);
  if (match === null || !text.includes(`"prompt_tokens":${PROMPT_TOKENS}`)) return -1;
  return Number(match[1]);
}
