import { type Command, InvalidArgumentError } from "commander";
import { DEFAULT_DATABASE } from "../../accounts/house.ts";
import type { ExitCode } from "../../exit.ts";

type Examples = readonly (readonly [line: string, what: string])[];

/** How the program takes in commands: where their exit codes go, and how their examples are shown. */
export interface Registry {
  readonly finish: (code: ExitCode) => void;
  readonly addExamples: (command: Command, examples: Examples) => void;
}

/** Adds `pulmu tenant|project|key|usage|budget|statement|journal`. Each works on the database itself, beside a running factory or without one. */
export function addAccounts(program: Command, registry: Registry): void {
  addIdentity(program, registry);
  addUsage(program, registry);
  addBudget(program, registry);
  addStatement(program, registry);
  addJournal(program, registry);
}

/** A sub-command on the database. */
export function on(parent: Command, usage: string, summary: string): Command {
  return parent
    .command(usage)
    .summary(summary)
    .description(`${summary[0].toUpperCase()}${summary.slice(1)}.`)
    .option("--db <address>", `SQLite file or postgres://… (default: $PULMU_DATABASE, else ${DEFAULT_DATABASE})`)
    .option("--json", "print as JSON");
}

function addIdentity(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./identity.ts");
  const tenant = program
    .command("tenant")
    .summary("who uses the factory")
    .description("Tenants: organisations that use the factory and get a statement each.");
  on(tenant, "list", "list tenants").action(async (options) => finish(await (await load()).listTenants(options)));
  on(tenant, "create <id>", "create a tenant")
    .option("--name <text>", "what people call it")
    .action(async (id, options) => finish(await (await load()).createTenant(id, options)));
  on(tenant, "suspend <id>", "refuse a tenant's keys; its records stay").action(async (id, options) =>
    finish(await (await load()).setTenantState(id, "suspended", options)),
  );
  on(tenant, "resume <id>", "accept a suspended tenant's keys again").action(async (id, options) =>
    finish(await (await load()).setTenantState(id, "active", options)),
  );
  on(tenant, "grant <person> <role>", "give a person a role: viewer, operator, tenant-admin, auditor")
    .option("--tenant <id>", "in this tenant alone (default: the whole site)")
    .action(async (person, role, options) => finish(await (await load()).changeRole("grant", person, role, options)));
  on(tenant, "withdraw <person> <role>", "take a role from a person")
    .option("--tenant <id>", "in this tenant alone (default: the whole site)")
    .action(async (person, role, options) => finish(await (await load()).changeRole("withdraw", person, role, options)));
  addExamples(tenant, [
    ["pulmu tenant create snu --name 'Seoul National University'", "a new tenant"],
    ["pulmu tenant list --json --db postgres://pulmu@db/pulmu", "all of them, from PostgreSQL"],
    ["pulmu tenant grant 'person:https://idp.example#42' tenant-admin --tenant snu", "somebody who signs in"],
  ]);

  const project = program
    .command("project")
    .summary("what a tenant works on")
    .description("Projects of tenants: usage, budgets and keys belong to one.");
  on(project, "list", "list projects").action(async (options) => finish(await (await load()).listProjects(options)));
  on(project, "create <tenant/project>", "create a project")
    .option("--name <text>", "what people call it")
    .action(async (id, options) => finish(await (await load()).createProject(id, options)));
  addExamples(project, [["pulmu project create snu/genomics", "a project of tenant snu"]]);

  const key = program
    .command("key")
    .summary("keys for programs")
    .description("Keys of service accounts: shown once, kept only as a hash, narrowed by scopes, ending by themselves.");
  on(key, "list", "list keys, without their secrets").action(async (options) => finish(await (await load()).listKeys(options)));
  on(key, "create <tenant/project/account>", "make a key, and its service account when that is new")
    .option("--scope <scopes...>", "inference, read, admin (default: inference)")
    .option("--expires <time>", 'when it ends, such as "90 d"')
    .option("--role <role>", "role of a new account: viewer, operator, tenant-admin, auditor (default: none)")
    .action(async (account, options) => finish(await (await load()).createKey(account, options)));
  on(key, "rotate <id>", "make a successor; the old key ends after the grace")
    .option("--grace <time>", "how long both work", "1 d")
    .action(async (id, options) => finish(await (await load()).rotateKey(id, options)));
  on(key, "revoke <id>", "end a key now").action(async (id, options) => finish(await (await load()).revokeKey(id, options)));
  addExamples(key, [
    ["pulmu key create snu/genomics/notebook --expires '90 d'", "a key for inference"],
    ["pulmu key create snu/genomics/ci --scope read admin --role tenant-admin", "one that administers its tenant"],
    ["pulmu key rotate 0k3f… --grace '1 h'", "a new one; the old one ends in an hour"],
  ]);
}

/** Options that choose records. */
function filtered(command: Command): Command {
  return command
    .option("--tenant <id>", "of this tenant")
    .option("--project <id>", "of this project")
    .option("--key <id>", "made with this key")
    .option("--model <id>", "of this model")
    .option("--from <day>", "from this local day on, such as 2027-01-01")
    .option("--until <day>", "before this local day");
}

function addUsage(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./usage.ts");
  const usage = program
    .command("usage")
    .summary("tokens, joules, GPU-hours")
    .description("Usage records: what was used, by whom, when; written once and never changed.");
  filtered(on(usage, "show", "show sums"))
    .option("--by <groups>", "day, tenant, project, key, model, accelerator; several with commas", "tenant")
    .action(async (options) => finish(await (await load()).showUsage(options)));
  filtered(on(usage, "export <file>", "write records to a file"))
    .option("--format <format>", "csv or parquet (default: by the file's name)")
    .action(async (file, options) => finish(await (await load()).exportUsageFile(file, options)));
  on(usage, "import <file>", "record usage from a file, one JSON object a line; importing it again changes nothing").action(
    async (file, options) => finish(await (await load()).importUsage(file, options)),
  );
  on(usage, "verify", "hold the sums against the records, and the records against the journal").action(async (options) =>
    finish(await (await load()).verifyUsage(options)),
  );
  on(
    usage,
    "reconcile [period]",
    "hold upstreams, gateways, records and statements against each other, and the energy against the site's meter",
  ).action(async (period, options) => finish(await (await import("./reconcile.ts")).reconcileUsage(period, options)));
  on(usage, "simulate <scenario>", "run a scenario and record what its tenants used, with the site's meter readings")
    .option("--data <dir>", "directory with the scenario's traces")
    .option("--synthetic", "use the fitted synthetic workload in place of the scenario's traces")
    .action(async (scenario, options) => finish(await (await import("./simulate-usage.ts")).simulateUsage(scenario, options)));
  addExamples(usage, [
    ["pulmu usage show --by tenant,model --from 2027-01-01", "who used which model"],
    ["pulmu usage export january.parquet --from 2027-01-01 --until 2027-02-01", "every record of a month"],
    ["pulmu usage reconcile 2027-01-31", "does every joule and token of a day add up? (by default today)"],
    ["pulmu usage simulate scenarios/sejong-55mw-day.yaml --synthetic", "a day of the factory, into the ledger"],
  ]);
}

function addBudget(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./budget.ts");
  const budget = program
    .command("budget")
    .summary("how much anyone may use")
    .description("Budgets and limits: requests, tokens, won and work under way, by site, tenant, project, key and model.");
  on(budget, "list", "list budgets").action(async (options) => finish(await (await load()).listBudgets(options)));
  on(budget, "set <whom> <what> <most>", "set or change a budget: SCOPE:NAME METER/WINDOW NUMBER")
    .option("--model <id>", "for this model alone")
    .action(async (whom, what, most, options) => finish(await (await load()).setBudget(whom, what, most, options)));
  on(budget, "remove <id>", "remove a budget").action(async (id, options) => finish(await (await load()).removeBudget(id, options)));
  addExamples(budget, [
    ["pulmu budget set key:0k3f… tokens/minute 200k", "tokens a minute of one key"],
    ["pulmu budget set tenant:snu krw/month 50M", "fifty million won a month"],
    ["pulmu budget set project:snu/genomics concurrent 64", "at most 64 requests at a time"],
    ["pulmu budget set site: requests/minute 600k --model deepseek-r1", "a model's, for everybody"],
  ]);
}

function addStatement(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./statement.ts");
  const statement = program
    .command("statement")
    .summary("what a tenant owes")
    .description("Statements, prices, credit, the books, and where the energy went.");
  on(statement, "show <tenant> <month>", "show a statement as it stands")
    .option("--from-records", "from every record, not from the sums by day")
    .action(async (tenant, month, options) => finish(await (await load()).showStatement(tenant, month, options)));
  on(statement, "issue <tenant> <month>", "issue a statement; after late records again, as a new version").action(
    async (tenant, month, options) => finish(await (await load()).issue(tenant, month, options)),
  );
  on(statement, "verify <tenant> <month>", "recompute a statement from every record and compare").action(async (tenant, month, options) =>
    finish(await (await load()).verify(tenant, month, options)),
  );
  on(statement, "export <tenant> <month> <file>", "write a statement to a file")
    .option("--format <format>", "csv, focus (FinOps FOCUS 1.2) or json", "csv")
    .option("--issuer <name>", "who issues it", "Pulmu")
    .option("--region <id>", "region of the site", "kr")
    .action(async (tenant, month, file, options) => finish(await (await load()).exportStatement(tenant, month, file, options)));
  on(statement, "credit <tenant> <won>", "grant credit")
    .requiredOption("--id <id>", "names the grant: granting it again is refused")
    .requiredOption("--from <day>", "first day it is for")
    .requiredOption("--until <day>", "day it ends")
    .action(async (tenant, won, options) => finish(await (await load()).credit(tenant, won, options)));
  on(statement, "energy <month>", "where the site's energy went: billed, idle, cooling, losses").action(async (month, options) =>
    finish(await (await load()).showEnergy(month, options)),
  );
  on(statement, "grid <month>", "what the grid pays for flexibility, event by event").action(async (month, options) =>
    finish(await (await load()).showSettlements(month, options)),
  );
  on(statement, "books", "balances of all accounts").action(async (options) => finish(await (await load()).showBooks(options)));
  const plan = statement.command("plan").summary("price plans").description("Price plans: kept in versions, put in force from a day on.");
  on(plan, "list", "list who is on which plan").action(async (options) => finish(await (await load()).listPlans(options)));
  on(plan, "add <file>", "add a plan, or its next version, from YAML").action(async (file, options) =>
    finish(await (await load()).addPricePlan(file, options)),
  );
  on(plan, "assign <tenant> <plan>", 'put a tenant on a plan ("*": everybody without one)')
    .requiredOption("--from <day>", "first local day")
    .action(async (tenant, planId, options) => finish(await (await load()).assignPricePlan(tenant, planId, options)));
  addExamples(statement, [
    ["pulmu statement plan add prices/standard.yaml", "prices per million tokens, GPU-hour, MWh"],
    ["pulmu statement plan assign '*' standard --from 2027-01-01", "for everybody"],
    ["pulmu statement show snu 2027-01", "the month so far"],
    ["pulmu statement verify snu 2027-01", "recomputed from every record, to the last won"],
  ]);
}

function addJournal(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./journal.ts");
  const journal = program
    .command("journal")
    .summary("who did what, verifiable")
    .description("The journal: append-only, hash-chained, signed as a C2SP tiled transparency log.");
  on(journal, "list", "list entries")
    .option("--from <number>", "from this entry on", wholeNumber)
    .option("--last <number>", "so many", wholeNumber, 20)
    .action(async (options) => finish(await (await load()).listEntries(options)));
  on(journal, "verify", "find any entry that was changed, dropped, reordered, inserted or forked")
    .option("--against <files...>", "checkpoints kept elsewhere")
    .action(async (options) => finish(await (await load()).verify(options)));
  on(journal, "checkpoint", "sign the journal as it stands and print the note").action(async (options) =>
    finish(await (await load()).checkpoint(options)),
  );
  on(journal, "key", "print the key that verifies the journal").action(async (options) => finish(await (await load()).showKey(options)));
  on(journal, "export <folder>", "write a static log that anyone can verify with Node alone").action(async (folder, options) =>
    finish(await (await load()).exportSite(folder, options)),
  );
  addExamples(journal, [
    ["pulmu journal checkpoint > kept.txt", "a promise to keep elsewhere"],
    ["pulmu journal verify --against kept.txt", "was anything touched since?"],
    ["pulmu journal export evidence", "for an auditor, with a verifier beside it"],
  ]);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It is a whole number.");
  return Number(text);
}
