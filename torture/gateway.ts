/**
 * The door for tokens under fire, on SQLite and on PostgreSQL: two gateways, their upstream and the database server killed with `kill -9`
 * at random moments under load. What callers got is billed once and to the token, nothing that was not served is, budgets hold.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killRounds } from "@pulmu/gateway/testing";
import { type PostgresServer, skipWithoutPostgres, startPostgres } from "@pulmu/journal/testing";

/** A database lives this many rounds: then its budget is used up, and a fresh one has more to lose. */
const ROUNDS_PER_DATABASE = 10;

const say = (line: string) => process.stdout.write(`${line}\n`);

export async function run({ rounds = 200, seed }: { readonly rounds: number | undefined; readonly seed: number }): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-torture-gateway-"));
  let databases = 0;
  const skip = skipWithoutPostgres();
  if (skip !== false) say(`PostgreSQL: skipped: ${skip}`);
  const server = skip === false ? await startPostgres() : undefined;
  try {
    const sqlite = await onDatabase("SQLite", async () => join(folder, `${++databases}.db`), undefined, rounds, seed);
    return sqlite && (server === undefined || (await onDatabase("PostgreSQL", () => server.database(), server, rounds, seed + 1)));
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onDatabase(
  name: string,
  address: () => Promise<string>,
  server: PostgresServer | undefined,
  rounds: number,
  seed: number,
): Promise<boolean> {
  const sum = { answered: 0, broken: 0, refused: 0, gateway: 0, upstream: 0, database: 0 };
  for (let done = 0; done < rounds; done += ROUNDS_PER_DATABASE) {
    const part = { address: await address(), rounds: Math.min(ROUNDS_PER_DATABASE, rounds - done), seed: seed * 1_000 + done };
    const { findings, answered, broken, refused, kills } = await killRounds({ ...part, ...(server === undefined ? {} : { server }) });
    sum.answered += answered;
    sum.broken += broken;
    sum.refused += refused;
    for (const who of ["gateway", "upstream", "database"] as const) sum[who] += kills[who];
    say(
      `${name}: ${done + part.rounds} of ${rounds} rounds: killed a gateway ${sum.gateway}, the upstream ${sum.upstream}, the database ${sum.database} times; ` +
        `${sum.answered} answers taken whole, ${sum.broken} broken off, ${sum.refused} beyond the budget`,
    );
    for (const finding of findings) say(`  FOUND ${finding} (seed ${part.seed})`);
    if (findings.length > 0) return false;
  }
  say(`${name}: every answer billed once and to the token, nothing else, no budget overspent`);
  return true;
}
