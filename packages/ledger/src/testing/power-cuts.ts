import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore, type Store } from "@pulmu/journal";
import { afterPowerCut, type FileEvent, giveToServer, startPostgres, traceFiles } from "@pulmu/journal/testing";
import { random } from "@pulmu/units";
import { computeStatement } from "../books/statement.ts";
import { dayOf, monthOf } from "../calendar.ts";
import { Ledger } from "../ledger.ts";
import { checkRollups } from "../usage/rollups.ts";
import { KOREA, prepared } from "./factory.ts";
import type { Load } from "./kill-load.ts";

/** Lines an instance says before the tracing ends: two or three for each record. */
const LINES = 3_000;
const LINES_POSTGRES = 1_200;
const program = fileURLToPath(new URL("./kill-load.ts", import.meta.url));

export interface PowerCuts {
  readonly cuts: number;
  readonly acknowledged: number;
  /** What must not be: empty. */
  readonly findings: readonly string[];
}

/** What an instance said up to an event. */
const acknowledgedIn = (events: readonly FileEvent[]) =>
  new Set(events.flatMap((event) => (event.kind === "said" && event.line.startsWith("A ") ? [event.line.slice(2)] : [])));

/** Cuts the power at random moments of an instance under load on SQLite, and checks what the disk held. */
export async function powerCuts(folder: string, cuts: number, seed: number): Promise<PowerCuts> {
  const load: Load = { address: join(folder, "ledger.db"), name: "p", seed, callers: 24, resend: [] };
  writeFileSync(join(folder, "load.json"), JSON.stringify(load));
  const events = await traceFiles(folder, LINES, [process.execPath, program, join(folder, "load.json")]);
  const findings: string[] = [];
  await eachCut(events, cuts, seed, async (cut, randomness) => {
    const place = join(folder, `cut-${cut}`);
    mkdirSync(place);
    afterPowerCut(events, cut, folder, place, randomness);
    const store = await openStore(join(place, "ledger.db"));
    findings.push(...(await check(store, acknowledgedIn(events.slice(0, cut)))).map((finding) => `cut ${cut}: ${finding}`));
    await store.close();
    rmSync(place, { recursive: true });
    return findings.length === 0;
  });
  return { cuts, acknowledged: acknowledgedIn(events).size, findings };
}

/** The same on PostgreSQL: the server and an instance traced together, each cut recovered by a server of its own. */
export async function powerCutsOnPostgres(folder: string, cuts: number, seed: number): Promise<PowerCuts> {
  const server = await startPostgres(["autovacuum=off"]);
  const address = await server.database("power");
  const store = await openStore(address);
  await prepared(store);
  await store.close();
  await server.halt();
  chmodSync(folder, 0o711); // the server, as its own user, passes through
  const before = join(folder, "before");
  cpSync(server.folder, before, { recursive: true, filter: (file) => !/\.s\.PGSQL/.test(file) });
  const load: Load = { address, name: "p", seed, callers: 24, resend: [] };
  writeFileSync(join(folder, "load.json"), JSON.stringify(load));
  const data = join(server.folder, "data");
  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");
  const script = `cd '${data}' && (${quoted(server.command)} >/dev/null 2>&1 &) && exec ${quoted([process.execPath, program, join(folder, "load.json")])}`;
  const events = await traceFiles(data, LINES_POSTGRES, ["sh", "-c", script], "many processes");
  await server.stop();

  const findings: string[] = [];
  await eachCut(events, cuts, seed, async (cut, randomness) => {
    const place = join(folder, `cut-${cut}`);
    cpSync(before, place, { recursive: true });
    afterPowerCut(events, cut, data, join(place, "data"), randomness);
    rmSync(join(place, "data", "postmaster.pid"), { force: true }); // its number may be another program's by now
    giveToServer(place);
    const recovered = await startPostgres(["autovacuum=off"], place);
    const copy = await openStore(address.replace(/:\d+\//, `:${recovered.port}/`));
    findings.push(...(await check(copy, acknowledgedIn(events.slice(0, cut)))).map((finding) => `cut ${cut}: ${finding}`));
    await copy.close();
    await recovered.stop();
    return findings.length === 0;
  });
  return { cuts, acknowledged: acknowledgedIn(events).size, findings };
}

/** Every other cut drops all that was not synced; the rest keep a random part of it. */
async function eachCut(
  events: readonly FileEvent[],
  cuts: number,
  seed: number,
  work: (cut: number, randomness: ReturnType<typeof random> | undefined) => Promise<boolean>,
): Promise<void> {
  const ready = events.findIndex((event) => event.kind === "said" && event.line === "R");
  const randomness = random(seed, "power");
  for (let round = 0; round < cuts; round++) {
    const cut = ready + 1 + Math.floor(randomness.next() * (events.length - ready - 1));
    if (!(await work(cut, round % 2 === 0 ? undefined : randomness))) return;
  }
}

async function check(store: Store, acknowledged: ReadonlySet<string>): Promise<string[]> {
  const findings: string[] = [];
  await prepared(store);
  const rows = await store.query<{ id: string }>("select id from usage_records");
  const there = new Set(rows.map(({ id }) => id));
  if (there.size !== rows.length) findings.push("a record is there twice");
  for (const id of acknowledged) if (!there.has(id)) findings.push(`${id} was acknowledged and is lost`);
  const ledger = await Ledger.open(store, { calendar: KOREA, now: () => Date.now(), graceMs: 0 });
  await ledger.close();
  const month = monthOf(dayOf(Date.now(), KOREA)).text;
  for (const tenant of ["t0", "t1", "t2"])
    if (
      JSON.stringify(await computeStatement(store, tenant, month)) !==
      JSON.stringify(await computeStatement(store, tenant, month, "records"))
    )
      findings.push(`the statement of ${tenant} is not its replay`);
  findings.push(...(await checkRollups(store)).map((where) => `sums differ: ${where}`));
  return findings;
}
