import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openStore, prepareJournal, type Store } from "@pulmu/journal";
import { random, type Random } from "@pulmu/units";
import { computeStatement } from "../books/statement.ts";
import { monthOf, dayOf } from "../calendar.ts";
import { Ledger } from "../ledger.ts";
import type { NewLimit } from "../limits/limit.ts";
import { setLimit } from "../limits/limits-table.ts";
import { prepareLedger } from "../schema.ts";
import type { UsageRecord } from "../usage/record.ts";
import { checkRollups, foldAll } from "../usage/rollups.ts";
import { sealUsage, verifySeals } from "../usage/seal.ts";
import { addPlan, assignPlan } from "../prices/plans.ts";
import { KOREA, PLAN } from "./factory.ts";
import type { Load } from "./kill-load.ts";

export interface KillRounds {
  readonly address: string;
  readonly rounds: number;
  readonly seed: number;
  /** Of a database server that can be killed too. */
  readonly server?: { kill(): Promise<void>; start(): Promise<void> };
  readonly say?: (line: string) => void;
}

export interface KillReport {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly records: number;
  /** Served and not acknowledged when somebody was killed: sent again afterwards. */
  readonly inFlight: number;
  readonly serverKills: number;
  /** What must not be: empty. */
  readonly findings: readonly string[];
}

const REQUESTS_IN_ALL = 400;
const TOKENS_A_MINUTE = 200_000;
const WON_IN_ALL = 500;
const LIMITS: readonly NewLimit[] = [
  { tenantId: "t0", scope: "key", scopeId: "t0-k0", modelId: "", meter: "requests", window: "total", most: REQUESTS_IN_ALL },
  { tenantId: "t1", scope: "tenant", scopeId: "t1", modelId: "", meter: "tokens", window: "minute", most: TOKENS_A_MINUTE },
  { tenantId: "t2", scope: "key", scopeId: "t2-k1", modelId: "", meter: "krw", window: "total", most: WON_IN_ALL },
  { tenantId: "t2", scope: "project", scopeId: "t2/p", modelId: "", meter: "concurrent", window: "now", most: 5 },
];
const CALLERS = 24;
/** A round that brings no acknowledgement within this is itself a finding. */
const PATIENCE_MS = 60_000;

/** An instance under load, and what it said. */
class Instance {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #file: string;
  readonly served = new Map<string, UsageRecord>();
  readonly acknowledged = new Set<string>();
  readonly complaints: string[] = [];
  readonly ended: Promise<void>;
  #killed = false;

  constructor(load: Load, folder: string) {
    this.name = load.name;
    this.#file = join(folder, `${load.name}.json`);
    writeFileSync(this.#file, JSON.stringify(load));
    for (const record of load.resend) this.served.set(record.id, record);
    this.#child = spawn(process.execPath, [fileURLToPath(new URL("./kill-load.ts", import.meta.url)), this.#file], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let errors = "";
    this.#child.stderr!.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
    createInterface({ input: this.#child.stdout! }).on("line", (line) => this.#hear(line));
    this.ended = new Promise((resolve) =>
      this.#child.once("close", () => {
        if (!this.#killed) this.complaints.push(`${this.name} ended by itself: ${errors}`);
        rmSync(this.#file, { force: true });
        resolve();
      }),
    );
  }

  async kill(): Promise<void> {
    this.#killed = true;
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  #hear(line: string): void {
    if (line.startsWith("A ")) this.acknowledged.add(line.slice(2));
    else if (line.startsWith("X ")) this.complaints.push(line.slice(2));
    else if (line.startsWith("S ")) {
      try {
        const record = JSON.parse(line.slice(2)) as UsageRecord;
        this.served.set(record.id, record);
      } catch {
        // cut off by the kill in the middle of a line: it was not served yet
      }
    }
  }
}

/**
 * Two instances under load on one database, killed at random moments, one or both or the database server, round after round; after each
 * round the books are checked: nothing acknowledged is lost, nothing is doubled, no budget is overspent by more than what was in flight,
 * sums by day equal the replay of all records, and what killed instances held comes back.
 */
export async function killRounds({ address, rounds, seed, server, say = () => {} }: KillRounds): Promise<KillReport> {
  const randomness = random(seed, "kills");
  const folder = mkdtempSync(join(tmpdir(), "pulmu-kill-"));
  const store = await openStore(address);
  const findings: string[] = [];
  const sent = new Map<string, UsageRecord>();
  const resent = new Set<string>();
  let acknowledged = 0;
  let serverKills = 0;
  let resend: UsageRecord[] = [];
  try {
    await prepare(store);
    for (let round = 0; round < rounds && findings.length === 0; round++) {
      for (const { id } of resend) resent.add(id);
      const instances = ["a", "b"].map(
        (letter) =>
          new Instance({ address, name: `${round}${letter}`, seed, callers: CALLERS, resend: letter === "a" ? resend : [] }, folder),
      );
      serverKills += await disturb(instances, randomness, server, findings);
      const lost = new Map(instances.flatMap((instance) => [...instance.served]));
      const acks = new Set(instances.flatMap((instance) => [...instance.acknowledged]));
      for (const [id, record] of lost) sent.set(id, record);
      for (const id of acks) lost.delete(id);
      resend = [...lost.values()];
      acknowledged += acks.size;
      findings.push(
        ...instances.flatMap((instance) => instance.complaints),
        ...(await checkRound(store, acks)),
        ...(await checkBudgets(store, resent)),
      );
      say(`round ${round + 1}/${rounds}: ${acks.size} acknowledged, ${resend.length} in flight`);
    }
    findings.push(...(await checkBooks(store, sent)));
    const [{ n }] = await store.query<{ n: number }>("select count(*) as n from usage_records");
    return { rounds, acknowledged, records: n, inFlight: resent.size + resend.length, serverKills, findings };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepare(store: Store): Promise<void> {
  await prepareJournal(store);
  await prepareLedger(store, KOREA);
  await addPlan(store, PLAN, "test", Date.now());
  await assignPlan(store, { tenantId: "", planId: PLAN.id, fromDay: 0 }, "test", Date.now());
  for (const limit of LIMITS) await setLimit(store, KOREA, limit, "test", Date.now());
}

/** Lets them work for a random while, then kills. @returns server kills */
async function disturb(
  instances: readonly Instance[],
  randomness: Random,
  server: KillRounds["server"],
  findings: string[],
): Promise<number> {
  const work = async (instance: Instance, more: number) => {
    const enough = instance.acknowledged.size + more;
    const deadline = Date.now() + PATIENCE_MS;
    while (instance.acknowledged.size < enough && instance.complaints.length === 0) {
      if (Date.now() > deadline) return void findings.push(`${instance.name} got nothing acknowledged for ${PATIENCE_MS / 1000} s`);
      await sleep(5);
    }
  };
  await Promise.all(instances.map((instance) => work(instance, 1)));
  await sleep(randomness.next() * 250);
  const choice = randomness.next();
  let serverKills = 0;
  if (server !== undefined && choice < 0.5) {
    await server.kill();
    await sleep(randomness.next() * 200);
    await server.start();
    serverKills = 1;
    if (choice < 0.25) await Promise.all(instances.map((instance) => work(instance, 1))); // they must find back by themselves
  } else if (choice < 0.75) {
    const first = instances[randomness.next() < 0.5 ? 0 : 1];
    await first.kill();
    await sleep(randomness.next() * 150); // the other goes on alone
  }
  await Promise.all(instances.map((instance) => instance.kill()));
  return serverKills;
}

async function checkRound(store: Store, acknowledged: ReadonlySet<string>): Promise<string[]> {
  const ids = [...acknowledged];
  const there = new Set<string>();
  for (let at = 0; at < ids.length; at += 500) {
    const some = ids.slice(at, at + 500);
    const rows = await store.query<{ id: string }>(
      `select id from usage_records where id in (${some.map((_, i) => `$${i + 1}`).join(", ")})`,
      some,
    );
    for (const { id } of rows) there.add(id);
  }
  return ids.filter((id) => !there.has(id)).map((id) => `${id} was acknowledged and is lost`);
}

/** Budgets against the records themselves. What was in flight at a kill was sent again without a reservation, and may lie above. */
async function checkBudgets(store: Store, resent: ReadonlySet<string>): Promise<string[]> {
  const findings: string[] = [];
  const check = async (what: string, most: number, amount: string, where: string, group = "0") => {
    const rows = await store.query<{ id: string; amount: number; part: number }>(
      `select id, ${amount} as amount, ${group} as part from usage_records where ${where}`,
    );
    const spent = new Map<number, number>();
    for (const row of rows) if (!resent.has(row.id)) spent.set(row.part, (spent.get(row.part) ?? 0) + row.amount);
    for (const [part, sum] of spent) if (sum > most) findings.push(`${what} ${part}: ${sum} spent of ${most}`);
  };
  await check("requests of t0-k0", REQUESTS_IN_ALL, "requests", "key_id = 't0-k0'");
  await check("tokens of t1 in minute", TOKENS_A_MINUTE, "prompt_tokens + output_tokens", "tenant_id = 't1'", "at_ms / 60000");
  await check("micro-won of t2-k1", WON_IN_ALL * 1_000_000, "cost_micro_krw", "key_id = 't2-k1'");
  return findings;
}

async function checkBooks(store: Store, sent: ReadonlyMap<string, UsageRecord>): Promise<string[]> {
  const findings: string[] = [];
  const rows = await store.query<{ id: string; n: number; tokens: number }>(
    "select id, count(*) as n, sum(output_tokens) as tokens from usage_records group by id",
  );
  for (const { id, n, tokens } of rows) {
    if (n !== 1) findings.push(`${id} is there ${n} times`);
    if (sent.get(id)?.meters.outputTokens !== tokens) findings.push(`${id} is not what was served`);
  }
  // A new instance closes the accounts of the killed ones: what is left of a budget is exactly what no record spent.
  const ledger = await Ledger.open(store, { calendar: KOREA, now: () => Date.now(), waitMs: 0, graceMs: 0 });
  const [{ used }] = await store.query<{ used: number }>(
    "select coalesce(sum(requests), 0) as used from usage_records where key_id = 't0-k0'",
  );
  let left = 0;
  const spender = { tenantId: "t0", projectId: "t0/p", keyId: "t0-k0", modelId: "llama-3.1-70b" };
  while (await ledger.reserve(spender, { meters: { requests: 1 } }).then(() => true, () => false)) left++; // prettier-ignore
  if (left !== Math.max(0, REQUESTS_IN_ALL - used)) findings.push(`t0-k0 spent ${used} of ${REQUESTS_IN_ALL}, but may spend ${left} more`);
  await ledger.close();
  await foldAll(store);
  findings.push(...(await checkRollups(store)).map((place) => `sums differ from the records: ${place}`));
  const month = monthOf(dayOf(Date.now(), KOREA)).text;
  for (const tenant of ["t0", "t1", "t2"]) {
    const [fast, replay] = [await computeStatement(store, tenant, month), await computeStatement(store, tenant, month, "records")];
    if (JSON.stringify(fast) !== JSON.stringify(replay))
      findings.push(`statement of ${tenant}: ${fast.totalKrw} won, replayed ${replay.totalKrw}`);
  }
  await sealUsage(store, Date.now());
  findings.push(...(await verifySeals(store)).findings);
  return findings;
}
