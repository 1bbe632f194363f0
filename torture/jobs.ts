/**
 * Jobs on a real Slurm while slurmctld, slurmd, slurmrestd, the database and Pulmu itself are killed at random moments, and power goes up and
 * down: on SQLite, then on PostgreSQL. No job is lost, none runs twice, no tenant has more than its limit.
 */
import { skipWithoutPostgres, startPostgres } from "@pulmu/journal/testing";
import { type KillReport, killRounds, skipWithoutSlurm } from "@pulmu/jobs/testing";

const say = (line: string) => process.stdout.write(`${line}\n`);

export async function run({ rounds = 100, seed }: { readonly rounds: number | undefined; readonly seed: number }): Promise<boolean> {
  const skip = skipWithoutSlurm();
  if (skip !== false) {
    say(`skipped: ${skip}`);
    return true;
  }
  const noServer = skipWithoutPostgres();
  const half = Math.ceil(rounds / 2);
  const reports = [await killRounds({ rounds: noServer === false ? half : rounds, seed, database: undefined, say })];
  tell("SQLite", reports[0]);
  if (noServer === false) {
    const database = async () => {
      const server = await startPostgres();
      return { address: await server.database(), kill: () => server.kill(), start: () => server.start(), stop: () => server.stop() };
    };
    reports.push(await killRounds({ rounds: rounds - half, seed: seed + 1, database, say }));
    tell("PostgreSQL", reports[1]);
  } else say(`PostgreSQL: skipped: ${noServer}`);
  return reports.every(({ findings }) => findings.length === 0);
}

function tell(name: string, { jobs, kills, pauses, handedOverAgain, samples, findings }: KillReport): void {
  const killed = Object.entries(kills).map(([what, count]) => `${what} ${count}`).join(", "); // prettier-ignore
  say(`${name}: ${jobs} jobs, killed: ${killed}; ${pauses} pauses, ${handedOverAgain} handed over again, ${samples} looks at Slurm: ${findings.length === 0 ? "all ended well, once, within their quotas" : findings.join("; ")}`); // prettier-ignore
}
