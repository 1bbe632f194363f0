/**
 * The ledger beside the bare database in the same run: durable usage records a second on SQLite and PostgreSQL, the budget check in memory,
 * a month's statements of 1,000 tenants, and verifying the journal. `--records N` for the month (default 10,000,000), `--entries N` for the journal,
 * `--only records|budget|month|journal`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { appendEntries, checkpointJournal, newSigner, openStore, prepareJournal, type Store, verifyJournal } from "@pulmu/journal";
import { skipWithoutPostgres, startPostgres } from "@pulmu/journal/testing";
import {
  addPlan,
  assignPlan,
  checkRollups,
  computeStatement,
  foldAll,
  Ledger,
  parseDay,
  parsePlan,
  prepareLedger,
  setLimit,
  type UsageRecord,
} from "@pulmu/ledger";
import pg from "pg";

const KOREA = { utcOffsetMin: 540 };
const T0 = Date.UTC(2027, 0, 15, 3);
/** Ours and the bare database take turns, and the round in the middle counts: other programs of the machine take time from both. */
const ROUNDS = 5;
const SECONDS = 2;
/** Requests under way at a time: what a busy gateway has. */
const CALLERS = 256;
const GOAL = { sqlite: 20_000, postgres: 8_000, share: 0.5, checkUs: 2, statementsS: 10, verifyS: 10 };

const say = (line: string) => process.stdout.write(`${line}\n`);
const count = (n: number) => Math.round(n).toLocaleString("en");
const verdict = (met: boolean) => (met ? "met" : "MISSED");

export async function run(options: readonly string[]): Promise<void> {
  const option = (name: string, fallback: number) => (options.includes(name) ? Number(options[options.indexOf(name) + 1]) : fallback);
  const wanted = (part: string) => !options.includes("--only") || options[options.indexOf("--only") + 1] === part;
  const folder = mkdtempSync(join(tmpdir(), "pulmu-bench-ledger-"));
  try {
    if (wanted("records")) await recordsOnBoth(folder);
    if (wanted("budget")) await budgetCheck(join(folder, "budget.db"));
    if (wanted("month")) await month(join(folder, "month.db"), option("--records", 10_000_000));
    if (wanted("journal")) await journal(join(folder, "journal.db"), option("--entries", 1_000_000));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function recordsOnBoth(folder: string): Promise<void> {
  await records("sqlite", join(folder, "ledger.db"), (batch) => bareSqlite(join(folder, "bare.db"), batch));
  const skip = skipWithoutPostgres();
  if (skip === false) {
    const server = await startPostgres();
    try {
      const bareAddress = await server.database();
      await records("postgres", await server.database(), (batch) => barePostgres(bareAddress, batch));
    } finally {
      await server.stop();
    }
  } else say(`postgres: skipped: ${skip}`);
}

async function prepared(address: string): Promise<Store> {
  const store = await openStore(address);
  await prepareJournal(store);
  await prepareLedger(store, KOREA);
  const plan = parsePlan({
    id: "standard",
    name: "Standard",
    prices: [{ item: "prompt-mtok", krw: 400 }, { item: "output-mtok", krw: 1_200 }, { item: "gpu-h", krw: 4_500 }], // prettier-ignore
  });
  await addPlan(store, plan, "bench", T0);
  await assignPlan(store, { tenantId: "", planId: "standard", fromDay: parseDay("2026-01-01") }, "bench", T0);
  return store;
}

/** The store, counting the commits that write records. */
function counted(store: Store): Store & { readonly batches: number } {
  let batches = 0;
  return {
    dialect: store.dialect,
    place: store.place,
    get batches() {
      return batches;
    },
    query: (sql, values) => store.query(sql, values),
    transaction: (work) => store.transaction(work),
    insertMany: (target, rows, guard) => {
      batches++;
      return store.insertMany(target, rows, guard);
    },
    tryLock: (name) => store.tryLock(name),
    close: () => store.close(),
  };
}

const usage = (n: number): UsageRecord => ({
  id: `req_${n.toString(36).padStart(10, "0")}`,
  kind: "request",
  atMs: T0 + n,
  tenantId: `tenant-${n % 100}`,
  projectId: `tenant-${n % 100}/p${n % 3}`,
  keyId: `key-${n % 1000}`,
  modelId: "llama-3.1-70b",
  acceleratorId: "gb300",
  meters: {
    requests: 1,
    promptTokens: 900 + (n % 300),
    outputTokens: 200 + (n % 100),
    gpuMilliS: 850,
    itMilliJ: 510_000 + n,
    facilityMilliJ: 561_000 + n,
    carbonMilliG: 63,
  },
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
});

interface Round {
  readonly rate: number;
  readonly bareRate: number;
  readonly batch: number;
  readonly cpuUs: number;
  readonly waitMs: readonly [p50: number, p99: number];
}

/** Acknowledged records a second, with all checks on, beside the bare database's batched insert of the same rows. */
async function records(name: "sqlite" | "postgres", address: string, bare: (batch: number) => Promise<number>): Promise<void> {
  const store = counted(await prepared(address));
  const ledger = await Ledger.open(store, { calendar: KOREA, now: () => T0 });
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await recordsRound(ledger, store, round, bare));
  await ledger.close();
  await store.close();
  rounds.sort((a, b) => a.rate / a.bareRate - b.rate / b.bareRate);
  const { rate, bareRate, batch, cpuUs, waitMs } = rounds[ROUNDS >> 1];
  const shares = rounds.map((each) => each.rate / each.bareRate);
  const share = rate / bareRate;
  say(
    `${name}: ${count(rate)} durable records/s (${CALLERS} callers; wait p50 ${waitMs[0].toFixed(1)} ms, p99 ${waitMs[1].toFixed(1)} ms; ` +
      `${cpuUs.toFixed(1)} µs CPU each), the bare database inserts ${count(bareRate)}/s in the same batches of ${batch}: ${share.toFixed(2)} of it, ` +
      `in ${ROUNDS} rounds ${shares[0].toFixed(2)} to ${shares[ROUNDS - 1].toFixed(2)}`,
  );
  say(`  required: ${count(GOAL[name])}/s and ${GOAL.share} of bare: ${verdict(rate >= GOAL[name] && share >= GOAL.share)}`);
}

async function recordsRound(
  ledger: Ledger,
  store: { readonly batches: number },
  round: number,
  bare: (batch: number) => Promise<number>,
): Promise<Round> {
  let n = round * 10_000_000;
  let acknowledged = 0;
  const before = store.batches;
  const waits: number[] = [];
  const end = performance.now() + SECONDS * 1000;
  const cpu = process.cpuUsage();
  const caller = async () => {
    while (performance.now() < end) {
      const began = performance.now();
      await ledger.record(usage(n++));
      acknowledged++;
      if (acknowledged % 10 === 0) waits.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const used = process.cpuUsage(cpu);
  const rate = acknowledged / SECONDS;
  const batch = Math.max(1, Math.round(acknowledged / (store.batches - before)));
  waits.sort((a, b) => a - b);
  return {
    rate,
    bareRate: await bare(batch),
    batch,
    cpuUs: (used.user + used.system) / acknowledged,
    waitMs: [waits[waits.length >> 1], waits[Math.floor(waits.length * 0.99)]],
  };
}

const COLUMNS =
  "seq bigint primary key, id text not null, kind text not null, at_ms bigint not null, day bigint not null, recorded_ms bigint not null, tenant_id text not null, project_id text not null, key_id text not null, model_id text not null, accelerator_id text not null, requests bigint not null, prompt_tokens bigint not null, cached_tokens bigint not null, output_tokens bigint not null, gpu_milli_s bigint not null, it_milli_j bigint not null, facility_milli_j bigint not null, carbon_milli_g bigint not null, reserved_wh bigint not null, cost_micro_krw bigint not null, corrects text, traceparent text";

function bareRow(seq: number): (string | number | null)[] {
  const { id, kind, atMs, tenantId, projectId, keyId, modelId, acceleratorId, meters, traceparent = null } = usage(seq);
  const { requests = 0, promptTokens = 0, outputTokens = 0, gpuMilliS = 0, itMilliJ = 0, facilityMilliJ = 0, carbonMilliG = 0 } = meters;
  return [seq, id, kind, atMs, 20_000, atMs, tenantId, projectId, keyId, modelId, acceleratorId, requests, promptTokens, 0, outputTokens, gpuMilliS, itMilliJ, facilityMilliJ, carbonMilliG, 0, 1_000_000, null, traceparent]; // prettier-ignore
}

async function bareSqlite(file: string, batch: number): Promise<number> {
  for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
  const database = new DatabaseSync(file);
  database.exec(
    `pragma journal_mode=wal; pragma synchronous=full; create table u (${COLUMNS.replaceAll("bigint", "integer")}) strict; create unique index u_id on u (id)`,
  );
  const insert = database.prepare(`insert into u values (${bareRow(0).map(() => "?").join(", ")})`); // prettier-ignore
  let n = 0;
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    database.exec("begin immediate");
    for (let i = 0; i < batch; i++) insert.run(...bareRow(++n));
    database.exec("commit");
  }
  database.close();
  return n / SECONDS;
}

async function barePostgres(address: string, batch: number): Promise<number> {
  const client = new pg.Client(address);
  await client.connect();
  await client.query(`drop table if exists u; create table u (${COLUMNS}); create unique index u_id on u (id)`);
  const width = bareRow(0).length;
  const text = `insert into u values ${Array.from({ length: batch }, (_, k) => `(${Array.from({ length: width }, (_x, j) => `$${k * width + j + 1}`).join(",")})`).join(",")}`;
  let n = 0;
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end)
    await client.query({ name: "bare", text, values: Array.from({ length: batch }, () => bareRow(++n)).flat() });
  await client.end();
  return n / SECONDS;
}

async function budgetCheck(file: string): Promise<void> {
  const store = await prepared(file);
  const spender = { tenantId: "acme", projectId: "acme/p", keyId: "k", modelId: "llama-3.1-70b" };
  const base = { tenantId: "acme", modelId: "", most: 1_000_000_000 } as const;
  await setLimit(store, KOREA, { ...base, scope: "key", scopeId: "k", meter: "requests", window: "minute" }, "bench", T0);
  await setLimit(store, KOREA, { ...base, scope: "key", scopeId: "k", meter: "tokens", window: "minute" }, "bench", T0);
  await setLimit(store, KOREA, { ...base, scope: "key", scopeId: "k", meter: "concurrent", window: "now" }, "bench", T0);
  await setLimit(store, KOREA, { ...base, scope: "project", scopeId: "acme/p", meter: "krw", window: "day" }, "bench", T0);
  await setLimit(store, KOREA, { ...base, scope: "tenant", scopeId: "acme", meter: "krw", window: "month" }, "bench", T0);
  await setLimit(
    store,
    KOREA,
    { ...base, scope: "tenant", scopeId: "acme", meter: "tokens", window: "month", modelId: "llama-3.1-70b" },
    "bench",
    T0,
  );
  const ledger = await Ledger.open(store, { calendar: KOREA, now: () => T0 });
  const estimate = { meters: { requests: 1, promptTokens: 1_000, outputTokens: 500 }, acceleratorId: "gb300" };
  ledger.release(await ledger.reserve(spender, estimate));
  const rounds = 500_000;
  const timesUs: number[] = [];
  for (let k = 0; k < 5; k++) {
    const before = process.cpuUsage();
    for (let i = 0; i < rounds; i++) ledger.release(ledger.tryReserve(spender, estimate)!);
    timesUs.push(process.cpuUsage(before).user / rounds);
  }
  timesUs.sort((a, b) => a - b);
  say(
    `budget: reserve and release against 6 limits, list price included: ${timesUs[2].toFixed(2)} µs CPU (median of 5 × ${count(rounds)}); required < ${GOAL.checkUs} µs: ${verdict(timesUs[2] < GOAL.checkUs)}`,
  );
  await ledger.close();
  await store.close();
}

/** A month of 1,000 tenants. The rows are made inside SQLite; adding them up is the ledger's own code. */
async function month(file: string, rows: number): Promise<void> {
  const store = await prepared(file);
  const writer = 2 ** 32;
  await store.transaction((tx) =>
    tx.run("insert into ledger_writers (id, started_ms, ended_ms, folded_seq, sealed_seq) values (1, 1, 1, $1, $1)", [writer]),
  );
  const firstDay = parseDay("2027-01-01");
  for (let from = 1; from <= rows; from += 1_000_000) {
    const until = Math.min(rows, from + 999_999);
    await store.transaction((tx) =>
      tx.run(
        `insert into usage_records select ${writer} + n, 'r' || n, 'request', ${T0}, ${firstDay} + n * 31 / ${rows + 1}, ${T0}, 'tenant-' || (n % 1000), 'tenant-' || (n % 1000) || '/p', 'key-' || (n % 3000), 'model-' || (n % 2), 'gb300', 1, 1000 + n % 500, 0, 200 + n % 100, 900, 510000 + n % 1000, 561000 + n % 1000, 63, 0, 0, null, null from (with recursive s(n) as (select ${from} union all select n + 1 from s where n < ${until}) select n from s)`,
      ),
    );
  }
  let began = performance.now();
  await foldAll(store);
  const foldS = (performance.now() - began) / 1000;
  began = performance.now();
  let total = 0;
  for (let tenant = 0; tenant < 1_000; tenant++) total += (await computeStatement(store, `tenant-${tenant}`, "2027-01")).totalKrw;
  const statementsS = (performance.now() - began) / 1000;
  began = performance.now();
  const differing = await checkRollups(store);
  const checkS = (performance.now() - began) / 1000;
  say(
    `statements: 1,000 tenants, ${count(rows)} records in the month: ${statementsS.toFixed(1)} s, ${count(total)} won ` +
      `(adding up as records came: ${foldS.toFixed(1)} s, ${count(rows / foldS)} records/s); required < ${GOAL.statementsS} s: ${verdict(statementsS < GOAL.statementsS)}`,
  );
  say(
    `  sums by day against sums made anew from all records: ${differing.length === 0 ? "equal" : `${differing.length} DIFFER`} (${checkS.toFixed(1)} s)`,
  );
  await store.close();
}

async function journal(file: string, entries: number): Promise<void> {
  const store = await openStore(file);
  await prepareJournal(store);
  const signer = newSigner("bench.example/journal");
  let began = performance.now();
  for (let from = 0; from < entries; from += 10_000) {
    const drafts = Array.from({ length: Math.min(10_000, entries - from) }, (_, i) => ({
      kind: "bench.happened",
      actor: "system",
      subject: `thing-${from + i}`,
      data: { n: from + i, text: "a line of what happened" },
    }));
    await store.transaction((tx) => appendEntries(tx, drafts, T0));
  }
  await checkpointJournal(store, signer, T0);
  const appendS = (performance.now() - began) / 1000;
  began = performance.now();
  const before = process.cpuUsage();
  const report = await verifyJournal(store, { verifierKey: signer.verifierKey });
  const verifyS = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  const clean = report.findings.length === 0 && report.signedEntries === entries;
  say(
    `journal: ${count(entries)} entries verified in ${verifyS.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s CPU of two threads (${clean ? "clean" : "FINDINGS"}; appended in ${appendS.toFixed(1)} s); required < ${GOAL.verifyS} s: ${verdict(clean && verifyS < GOAL.verifyS)}`,
  );
  await store.close();
}
