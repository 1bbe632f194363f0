import { parseQuantity, PulmuError } from "@pulmu/units";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { addAccounts } from "./commands/accounts/register.ts";
import { addTokens } from "./commands/tokens/register.ts";
import { addBrokerLogin, addExchange } from "./commands/exchange/register.ts";
import { addAllotment } from "./commands/allotment/register.ts";
import { addFleet } from "./commands/fleet/register.ts";
import { addGrid } from "./commands/grid/register.ts";
import { addJobs } from "./commands/jobs/register.ts";
import { addPower } from "./commands/power/register.ts";
import { EXIT, exitCodeOf, printError, type ExitCode } from "./exit.ts";
import { createStyle } from "./terminal/style.ts";

/** Runs the command that the arguments name. Never throws: what goes wrong is printed, and the exit code tells its kind. */
export async function runCli(args: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = createProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage; // it has printed why
    if (error instanceof PulmuError) {
      printError(error, args.includes("--json"));
      return exitCodeOf(error);
    }
    process.stderr.write(`pulmu: a defect of Pulmu, not of your input. Please report it with these lines:\n${errorText(error)}\n`);
    return EXIT.failed;
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Commands import what they run when they run: `--help` loads none of it. */
function createProgram(finish: (code: ExitCode) => void): Command {
  const program = new Command("pulmu")
    .description(
      "Runs a sovereign AI factory: a power envelope goes in, tokens come out, and every token is traced back to the watt and the won.",
    )
    .version(packageJson.version, "--version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ styleTitle: (title) => createStyle(true).bold(title), showGlobalOptions: false });
  addExamples(program, [
    ["pulmu up", "run the 55 MW factory, live"],
    ["pulmu site show sites/gak-sejong.yaml", "its power tree and halls"],
    ["pulmu simulate scenarios/sejong-55mw-day.yaml --synthetic", "a day in seconds, with a report"],
    ["pulmu up --help", "options and examples of a command"],
  ]);
  addUp(program, finish);
  addSimulate(program, finish);
  addServeSim(program, finish);
  addSite(program, finish);
  addCatalog(program, finish);
  addAccounts(program, { finish, addExamples });
  addTokens(program, { finish, addExamples });
  addExchange(program, { finish, addExamples });
  addPower(program, { finish, addExamples });
  addGrid(program, { finish, addExamples });
  addFleet(program, { finish, addExamples });
  addAllotment(program, { finish, addExamples });
  addJobs(program, { finish, addExamples });
  return program;
}

function addUp(program: Command, finish: (code: ExitCode) => void): void {
  const command = program
    .command("up")
    .summary("run a factory at wall clock, with a live view and an HTTP API")
    .description(
      "Runs the twin of a site at wall clock: a live view on a terminal, one line per 10 s elsewhere, an HTTP API and Prometheus metrics.",
    )
    .option("--site <file>", "site file (default: sites/gak-sejong.yaml, or the scenario's)")
    .option("--phase <id>", "phase of the site (default: its first)")
    .option("--scenario <file>", "play this scenario, from its own start, instead of today")
    .option("--host <address>", "address to serve on", "127.0.0.1")
    .option("--port <number>", "port to serve on, 0 = any free one", wholeNumber(0, 65_535), 8117)
    .option("--data <dir>", "directory with traces, for the scenario's or Azure's conversations")
    .addOption(new Option("--trace <file>", "play this request trace (.csv, .jsonl, .gz)").conflicts(["scenario", "synthetic"]))
    .option("--synthetic", "use the fitted synthetic workload even where the scenario names traces")
    .option("--speed <factor>", "simulated seconds per second", decimal(0.01, 10_000), 1)
    .option("--seed <number>", "seed of everything random", wholeNumber(0, 2 ** 32 - 1))
    .option("--db <address>", "database of accounts, SQLite file or postgres://… (default: $PULMU_DATABASE, else the site's in .pulmu)")
    .option("--no-db", "keep no accounts, and serve no tokens")
    .option("--gateway-port <number>", "port to serve tokens on, OpenAI's API at /v1 (default: one above --port)", wholeNumber(0, 65_535))
    .option("--policy <file>", "Cedar policies: who may ask which model, and where data may go")
    .option("--engine <engine>", "what runs jobs: local, local=8 (GPUs), twin, slurm (its commands), slurm=http://host:6820", "local")
    .option("--engine-token <file>", "token for slurmrestd, read anew for each call (default: $SLURM_JWT)")
    .option("--engine-user <name>", "whose jobs they are at the engine (default: yours)")
    .option(
      "--cap-command <program>",
      "holds nodes' GPUs to a share of their power: PROGRAM 0.7 NODE… (default: jobs draw all of it, or are paused)",
    )
    .option("--jobs-dir <dir>", "directories of jobs, on a file system that all nodes see (default: beside the database)")
    .option("--fleet-sources <file>", "exporters and BMCs that are asked how the nodes are")
    .option("--no-steering", "leave the racks to their standing limits")
    .option("--bmcs <file>", "steer over Redfish: how to get at the site's BMCs (role operator)")
    .option("--serve-bmcs <port>", "serve a BMC for each tray of the twin, 0 = any free port (role site)", wholeNumber(0, 65_535))
    .option("--flex-terms <file>", "what the grid side pays for load that gives way (default: assumed, as in prices/flexibility.yaml)")
    .option("--no-gateway", "serve no tokens")
    .addOption(
      new Option("--role <role>", "all: play the site and operate it; site or operator: one of the two, over --bus")
        .choices(["all", "site", "operator"])
        .default("all"),
    )
    .option("--bus <address>", "broker to use, mqtt://host:1883 or mqtts://host:8883 (default: one of our own)")
    .option("--bus-port <number>", "port of our own broker (default: 1883, or any free one)", wholeNumber(0, 65_535))
    .option("--bus-host <address>", "address of our own broker", "127.0.0.1")
    .option("--bus-home <dir>", "directory with keys, trusted sources and what was obeyed", ".pulmu/exchange")
    .option("--accept-unsigned", "obey load targets that are not signed, too")
    .option("--dialect <name...>", "read a deviation from the contracts: legacyAgent, looseStatus, cloudEvents10, stringQuality, rackNames")
    .option("--no-ui", "one line per 10 s, also on a terminal")
    .option("--json", "state as one JSON line per 10 s on stdout")
    .action(async (options) => finish(await (await import("./commands/up/up.ts")).up(options)));
  addBrokerLogin(command);
  addExamples(command, [
    ["pulmu up", "the 55 MW phase of GAK Sejong, now"],
    ["pulmu up --phase p200 --port 0", "its 200 MW phase, on any free port"],
    ["pulmu up --data ../shared/data", "real requests: the Azure 2023 trace, looped"],
    ["pulmu up --scenario scenarios/cooling-loss.yaml --speed 60", "an hour of a pump's failure in a minute"],
    ["pulmu up --role site --bus mqtt://bus.example.com", "play a site for others to operate"],
    ["pulmu up --role operator --bus mqtt://bus.example.com --bmcs bmcs.yaml", "operate a site by its bus and its BMCs"],
    ["pulmu up --engine slurm=http://127.0.0.1:6820", "run jobs on a Slurm, within the site's power"],
    ["curl http://127.0.0.1:8117/api/state", "ask the factory while it runs"],
  ]);
}

function addSimulate(program: Command, finish: (code: ExitCode) => void): void {
  const command = program
    .command("simulate")
    .summary("run a scenario as fast as it can and write its results")
    .description(
      "Runs a scenario as fast as the machine can, and writes Parquet series, kpis.json and an HTML report. A run is written whole or not at all.",
    )
    .argument("<scenario>", "scenario file")
    .option("--data <dir>", "directory with the scenario's traces")
    .option("--synthetic", "use the fitted synthetic workload in place of the scenario's traces")
    .option("--out <dir>", "where to write (default: out/<scenario>-<time>)")
    .option("--force", "replace a run that is already there")
    .option("--phase <id>", "another phase of the site")
    .option("--duration <time>", 'another length, such as "2 h"', duration)
    .option("--seed <number>", "another seed", wholeNumber(0, 2 ** 32 - 1))
    .option("--compare <dir>", "draw an earlier run into the report")
    .option("--no-report", "write no report.html")
    .option("--no-series", "write no time series: totals, jobs, events and report only")
    .option("--json", "print the totals as JSON")
    .action(async (scenario, options) => finish(await (await import("./commands/simulate.ts")).simulate(scenario, options)));
  addExamples(command, [
    ["pulmu simulate scenarios/sejong-55mw-day.yaml --data ../shared/data", "a summer day with real requests"],
    ["pulmu simulate scenarios/sejong-55mw-day.yaml --synthetic --duration '1 h'", "an hour, no data needed"],
    ["pulmu simulate scenarios/cooling-loss.yaml --synthetic --compare out/before", "two runs in one report"],
    ["pulmu simulate scenarios/lab-hour.yaml --synthetic --json | jq .pue", "one number for a script"],
  ]);
}

function addServeSim(program: Command, finish: (code: ExitCode) => void): void {
  const command = program
    .command("serve-sim")
    .summary("find the deployment that serves a trace within its latency objectives with the least energy")
    .description(
      "Plays a request trace on deployments of a model (parallelism, replicas, prefill together or apart, clock), request by request, and finds the one that keeps the objectives with the least energy per token. Draws tokens/s/MW against latency.",
    )
    .requiredOption("--model <id>", "model of the catalogue, such as llama-3.1-70b")
    .requiredOption("--chip <id>", "accelerator of the catalogue, such as gb300")
    .requiredOption("--trace <file>", "request trace: Azure, Mooncake or splitwise format, also gzipped")
    .requiredOption("--slo <objectives>", "what 99 % must keep: ttft=1s,itl=50ms")
    .option("--scale <factor>", "times as many users", decimal(0.001, 100_000), 1)
    .option("--max-gpus <number>", "GPUs that may be used", wholeNumber(1, 1_000_000), 1024)
    .option("--seed <number>", "seed of the added users", wholeNumber(0, 2 ** 32 - 1), 1)
    .option("--table <file>", "measured latency table (CSV) instead of the fitted step times")
    .option("--table-gpus <number>", "GPUs of the replica it was measured on", wholeNumber(1, 1024), 1)
    .option("--table-rows <model,hardware,tp>", "which rows, for a table of several")
    .option("--out <file>", "where the plot goes (default: out/serve-sim-<model>-<chip>.html)")
    .option("--no-plot", "write no plot")
    .option("--json", "print the result as JSON")
    .action(async (options) => finish(await (await import("./commands/serve-sim.ts")).serveSim(options)));
  const trace = "--trace ../shared/data/azure-llm-2023/conv.csv.gz";
  addExamples(command, [
    [`pulmu serve-sim --model llama-3.1-70b --chip gb300 ${trace} --slo ttft=1s,itl=50ms`, "Azure's hour as it was"],
    [`pulmu serve-sim --model llama-3.1-70b --chip gb300 ${trace} --slo ttft=1s,itl=50ms --scale 40 --max-gpus 72`, "for a whole rack"],
  ]);
}

function addSite(program: Command, finish: (code: ExitCode) => void): void {
  const site = program
    .command("site")
    .summary("check, show or expand a site file")
    .description("Looks at a site file: the power tree, cooling, halls and phases.");
  const phase = () => new Option("--phase <id>", "phase of the site (default: its first)");

  const check = site
    .command("check")
    .summary("check references, paths, ratings and heat")
    .description(
      "Checks that every rack reaches a feed on every path it was promised, and loads and heat against each rating. Exit code 1 when it finds problems.",
    )
    .argument("<file>", "site file")
    .addOption(phase())
    .option("--all-phases", "check each phase")
    .option("--json", "print the report as JSON")
    .action(async (file, options) => finish(await (await import("./commands/site.ts")).check(file, options)));
  addExamples(check, [
    ["pulmu site check sites/gak-sejong.yaml --all-phases", "each phase against its envelope"],
    ["pulmu site check sites/lab.yaml --json | jq .rows", "provisioned watts of every power node"],
  ]);

  const show = site
    .command("show")
    .summary("draw the power tree and halls")
    .description("Draws the power tree and halls as a tree for the terminal, or as a one-line diagram (SVG).")
    .argument("<file>", "site file")
    .addOption(phase())
    .option("--svg <file>", "write the one-line diagram to this file")
    .option("--json", "print the site as JSON")
    .action(async (file, options) => finish(await (await import("./commands/site.ts")).show(file, options)));
  addExamples(show, [
    ["pulmu site show sites/gak-sejong.yaml", "the tree of the first phase"],
    ["pulmu site show sites/gak-sejong.yaml --phase p1000 --svg campus.svg", "the gigawatt campus as a drawing"],
  ]);

  const expand = site
    .command("expand")
    .summary("print a site file with its generators written out")
    .description("Prints the site file with every generator (`h{h=1..4}`) written out, as YAML.")
    .argument("<file>", "site file")
    .action(async (file) => finish(await (await import("./commands/site.ts")).expand(file)));
  addExamples(expand, [["pulmu site expand sites/gak-sejong.yaml | less", "what the generators make"]]);
  addExamples(site, [
    ["pulmu site check sites/gak-sejong.yaml", "is it sound?"],
    ["pulmu site show sites/gak-sejong.yaml", "what is it?"],
  ]);
}

function addCatalog(program: Command, finish: (code: ExitCode) => void): void {
  const catalog = program
    .command("catalog")
    .summary("look up facts and where they come from")
    .description("Looks up facts: chips, racks, models, tariffs, climates.");
  const show = catalog
    .command("show")
    .summary("show an entry with the source of each fact")
    .description("Shows an entry of the catalogue with source, date and confidence of each fact; without an id, lists all entries.")
    .argument("[id]", "entry, such as gb300 or racks/gb300-nvl72")
    .option("--json", "print as JSON")
    .action(async (id, options) => finish(await (await import("./commands/catalog.ts")).showCatalog(id, options)));
  addExamples(show, [
    ["pulmu catalog show", "all entries"],
    ["pulmu catalog show gb300", "a chip: facts, sources, how sure"],
    ["pulmu catalog show tariffs/kepco-b-iii --json", "for a script"],
  ]);
  addExamples(catalog, [["pulmu catalog show gb300", "a chip: facts, sources, how sure"]]);
}

function addExamples(command: Command, examples: readonly (readonly [line: string, what: string])[]): void {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`);
  command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
}

function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,10}$/.test(text) || Number(text) < low || Number(text) > high)
      throw new InvalidArgumentError(`It is a whole number from ${low} to ${high}.`);
    return Number(text);
  };
}

function decimal(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= low && value <= high)) throw new InvalidArgumentError(`It is a number from ${low} to ${high}.`);
    return value;
  };
}

function duration(text: string): number {
  try {
    return parseQuantity(text, "duration");
  } catch (error) {
    throw error instanceof PulmuError ? new InvalidArgumentError(error.message) : error;
  }
}
