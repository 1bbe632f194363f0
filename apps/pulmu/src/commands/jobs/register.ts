import type { Command } from "commander";
import { DEFAULT_DATABASE } from "../../accounts/house.ts";
import type { Registry } from "../accounts/register.ts";

/** Adds `pulmu job …`. Each works on the database itself: beside the `pulmu up` that runs the jobs, or without one. */
export function addJobs(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./job.ts");
  const job = program
    .command("job")
    .summary("work for the GPUs: submit, watch, ask why")
    .description("Jobs: training, tuning, batch and simulation, run on the engine that pulmu up was given.");
  const on = (usage: string, summary: string) =>
    job
      .command(usage)
      .summary(summary)
      .description(`${summary[0].toUpperCase()}${summary.slice(1)}.`)
      .option("--db <address>", `SQLite file or postgres://… (default: $PULMU_DATABASE, else ${DEFAULT_DATABASE})`)
      .option("--json", "print as JSON");
  on("submit <file>", "submit a job file")
    .option("--project <tenant/project>", "whose it is (default: what the file says)")
    .option("--token <name>", "name of this submission: the same one makes no second job (default: a new one)")
    .option("--estimate", "say what it would come to, and submit nothing")
    .action(async (file, options) => finish(await (await load()).submit(file, options)));
  on("list", "list jobs, newest first")
    .option("--project <tenant/project>", "of this project")
    .option("--all", "those that have ended, too")
    .action(async (options) => finish(await (await load()).list(options)));
  on("why <id>", "say in one line why a job waits, was paused or ended, and how it came to that").action(async (id, options) =>
    finish(await (await load()).why(id, options)),
  );
  on("logs <id>", "print the end of a job's output").action(async (id, options) => finish(await (await load()).logs(id, options)));
  on("cancel <ids...>", "end jobs").action(async (ids, options) => finish(await (await load()).cancel(ids, options)));
  on("top", "show what runs, who draws how much, and what jobs may draw").action(async (options) =>
    finish(await (await load()).top(options)),
  );
  on("quota [group]", "show quotas, or set one: what a tenant or project may use")
    .option("--guaranteed <gpus>", "GPUs it gets whenever it wants them")
    .option("--guaranteed-power <power>", "power it gets whenever it wants it, such as '200 kW'")
    .option("--limit <gpus>", "GPUs it never exceeds")
    .option("--limit-power <power>", "power it never exceeds")
    .option("--gpu-hours <number>", "GPU-hours in a calendar month")
    .option("--weight <number>", "its share, beside others, of what is left over")
    .action(async (group, options) => finish(await (await load()).quota(group, options)));
  on("reserve [name]", "show reservations, or keep GPUs and power free for a tenant or project from a moment to a moment")
    .option("--for <group>", "the tenant, or tenant/project")
    .option("--gpus <gpus>", "GPUs to keep")
    .option("--power <power>", "power to keep, such as '200 kW'")
    .option("--from <time>", "18:00, +10min or 2027-08-04T18:00+09:00 (default: now)")
    .option("--until <time>", "likewise")
    .option("--remove", "keep it no longer")
    .action(async (name, options) => finish(await (await import("./reserve.ts")).reserve(name, options)));
  addExamples(job, [
    ["pulmu job submit tune.yaml --project snu/genomics", "a job file"],
    ["pulmu job submit tune.yaml --estimate", "won and kWh, before it is submitted"],
    ["pulmu job why j0k3f8s2", "grid event → envelope → quota → this job"],
    ["pulmu job reserve night-run --for snu --gpus 32 --from 22:00 --until 06:00", "kept free for them tonight"],
    ["pulmu job quota snu --guaranteed 32 --limit-power '200 kW'", "GPUs and watts of a tenant"],
  ]);
}
