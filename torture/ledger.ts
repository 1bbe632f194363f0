/**
 * The ledger under fire, on SQLite and on PostgreSQL: instances and the database server killed at random moments under load; then a million
 * records delivered doubled, out of order and late; then the power cut. Each part prints what it did and what it found.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@pulmu/journal";
import { type PostgresServer, skipWithoutPostgres, skipWithoutStrace, startPostgres } from "@pulmu/journal/testing";
import { deliverInDisorder, killRounds, powerCuts, powerCutsOnPostgres } from "@pulmu/ledger/testing";

/** A database lives this many rounds: then its budgets are used up, and a fresh one has more to lose. */
const ROUNDS_PER_DATABASE = 20;
const RECORDS = 1_000_000;
const POWER_CUTS = 200;
/** Each is recovered by a server of its own: two seconds apiece. */
const POWER_CUTS_POSTGRES = 30;

const say = (line: string) => process.stdout.write(`${line}\n`);

export async function run({ rounds = 200, seed }: { readonly rounds: number | undefined; readonly seed: number }): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-torture-ledger-"));
  chmodSync(folder, 0o711); // PostgreSQL, as its own user, passes through
  const skip = skipWithoutPostgres();
  const server = skip === false ? await startPostgres() : undefined;
  if (skip !== false) say(`PostgreSQL: skipped: ${skip}`);
  let databases = 0;
  const sqlite = async () => join(folder, `${++databases}.db`);
  const findings: string[] = [];
  try {
    findings.push(...(await kill("SQLite", sqlite, undefined, rounds, seed)));
    if (server !== undefined) findings.push(...(await kill("PostgreSQL", () => server.database(), server, rounds, seed + 1)));
    for (const [name, address] of [
      ["SQLite", await sqlite()],
      ...(server === undefined ? [] : [["PostgreSQL", await server.database()]]),
    ]) {
      const store = await openStore(address);
      const report = await deliverInDisorder(store, RECORDS, seed, process.stdout.isTTY ? say : () => {});
      findings.push(...report.findings);
      say(
        `${name}: ${report.records.toLocaleString("en")} records in ${report.deliveries.toLocaleString("en")} deliveries, doubled, out of order, late: ${report.totalKrw.toLocaleString("en")} won, ${report.findings.length === 0 ? "as in order" : report.findings.join("; ")}`,
      );
      await store.close();
    }
    findings.push(...(await cutPower(folder, server !== undefined, seed)));
    return findings.length === 0;
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function cutPower(folder: string, postgres: boolean, seed: number): Promise<readonly string[]> {
  const skip = skipWithoutStrace();
  if (skip !== false) {
    say(`power cut: skipped: ${skip}`);
    return [];
  }
  const findings: string[] = [];
  const cut = async (name: string, run: typeof powerCuts, cuts: number) => {
    const place = join(folder, `power-${name}`);
    mkdirSync(place);
    const report = await run(place, cuts, seed);
    findings.push(...report.findings);
    const verdict =
      report.findings.length === 0 ? "none lost, none doubled, statements equal to replay" : report.findings.slice(0, 5).join("; ");
    say(`${name}: the power cut ${report.cuts} times in ${report.acknowledged.toLocaleString("en")} acknowledged records: ${verdict}`);
  };
  await cut("SQLite", powerCuts, POWER_CUTS);
  if (postgres) await cut("PostgreSQL", powerCutsOnPostgres, POWER_CUTS_POSTGRES);
  return findings;
}

async function kill(
  name: string,
  address: () => Promise<string>,
  server: PostgresServer | undefined,
  rounds: number,
  seed: number,
): Promise<readonly string[]> {
  const sum = { acknowledged: 0, inFlight: 0, serverKills: 0 };
  for (let done = 0; done < rounds; done += ROUNDS_PER_DATABASE) {
    const part = { address: await address(), rounds: Math.min(ROUNDS_PER_DATABASE, rounds - done), seed: seed * 1_000 + done };
    const report = await killRounds({ ...part, ...(server === undefined ? {} : { server }), ...(process.stdout.isTTY ? { say } : {}) });
    sum.acknowledged += report.acknowledged;
    sum.inFlight += report.inFlight;
    sum.serverKills += report.serverKills;
    say(
      `${name}: ${done + part.rounds} of ${rounds} rounds, ${sum.acknowledged.toLocaleString("en")} acknowledged, ${sum.inFlight} in flight at a kill${server === undefined ? "" : `, server killed ${sum.serverKills} times`}`,
    );
    if (report.findings.length > 0) {
      for (const finding of report.findings) say(`  FOUND ${finding} (replay: seed ${part.seed})`);
      return report.findings;
    }
  }
  say(`${name}: ${rounds} rounds: nothing acknowledged lost, nothing doubled, no budget overspent, sums equal to replay`);
  return [];
}
