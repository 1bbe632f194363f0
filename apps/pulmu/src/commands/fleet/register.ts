import type { Command } from "commander";
import { on, type Registry } from "../accounts/register.ts";

/** Adds `pulmu fleet`. It works on the database itself, beside a running factory or without one; a running one carries out what is decided. */
export function addFleet(program: Command, { finish, addExamples }: Registry): void {
  const load = () => import("./fleet.ts");
  const loadRepair = () => import("./repair.ts");
  const fleet = program
    .command("fleet")
    .summary("nodes: health, break-fix, repair history")
    .description("The nodes of a site: what they are, what is wrong with them, and how it is mended.");
  on(fleet, "list", "list nodes; by default those that do not serve as they should")
    .option("--all", "all nodes")
    .option("--state <state>", "provisioning, ready, allocated, degraded, draining, in-repair or retired")
    .option("--health <health>", "ok, suspect, failed or unknown")
    .option("--rack <id>", "of this rack")
    .action(async (options) => finish(await (await load()).listFleet(options)));
  on(fleet, "capacity", "show how many GPUs there are, by state, and how many may get new work").action(async (options) =>
    finish(await (await load()).showCapacity(options)),
  );
  on(fleet, "show <node>", "show a node: what was found, and its repairs").action(async (node, options) =>
    finish(await (await load()).showNode(node, options)),
  );
  on(fleet, "add", "take nodes in, to be provisioned")
    .option("--site <file>", "the compute trays of a site file")
    .option("--phase <id>", "phase of the site (default: its first)")
    .option("--slurm <file>", "the nodes of a Slurm: what `scontrol show nodes --json` printed; - reads them from here")
    .action(async (options) => finish(await (await load()).addNodes(options)));
  on(fleet, "accept <nodes...>", "put nodes into service that passed their acceptance test").action(async (nodes, options) =>
    finish(await (await loadRepair()).acceptNodes(nodes, options)),
  );
  on(fleet, "drain <node>", "let the work on one node end and take it out of service")
    .option("--reason <text>", "why", "maintenance")
    .option("--cancel", "leave it in service after all")
    .option("--empty", "your word that nothing runs on it, where the scheduler cannot say so")
    .action(async (node, options) => finish(await (await loadRepair()).drainNode(node, options)));
  on(fleet, "repair <node> <step>", "report work on a repair: diagnosed, mended, passed or failed (its validation)")
    .option("--component <name>", "what is broken, such as GPU3 (default: the node itself)", "")
    .option("--remedy <what>", "none, restart-app, reset-gpu, reboot or replace", "replace")
    .option("--out <serial>", "part that went", "")
    .option("--in <serial>", "part that came", "")
    .option("--note <text>", "what to remember", "")
    .action(async (node, step, options) => finish(await (await loadRepair()).repairNode(node, step, options)));
  on(fleet, "return <node>", "bring a node back into service whose validation passed").action(async (node, options) =>
    finish(await (await loadRepair()).returnNode(node, options)),
  );
  on(fleet, "retire <node>", "take a node away for good").action(async (node, options) =>
    finish(await (await loadRepair()).retireNode(node, options)),
  );
  on(fleet, "history <serial>", "show every repair that a serial was part of").action(async (serial, options) =>
    finish(await (await load()).showHistory(serial, options)),
  );
  addExamples(fleet, [
    ["pulmu fleet list", "what is not as it should be"],
    ["pulmu fleet drain h1/r03/07/t05 --reason 'new firmware'", "its work ends first; its neighbours go on"],
    ["pulmu fleet repair h1/r03/07/t05 mended --out SN-1 --in SN-2", "a part was replaced"],
    ["scontrol show nodes --json | pulmu fleet add --slurm -", "the nodes of a Slurm"],
  ]);
}
