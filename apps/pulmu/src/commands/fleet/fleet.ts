import { readFileSync } from "node:fs";
import { type FleetNode, HEALTHS, nodesOfSite, nodesOfSlurm, NODE_STATES, readSlurmNodes, type Ticket } from "@pulmu/fleet";
import { nearest, PulmuError } from "@pulmu/units";
import { digits, printLine, printTable, when } from "../../accounts/print.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { type CommonOptions, withHouse } from "../accounts/identity.ts";

/** Rows a table shows at most; `--json` gives all. */
const MAX_ROWS = 200;

export interface ListOptions extends CommonOptions {
  readonly all?: boolean;
  readonly state?: string;
  readonly health?: string;
  readonly rack?: string;
}

export const listFleet = (options: ListOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const { all, state, health, rack } = options;
    const fleet = await house.fleet();
    const nodes = await fleet.nodes(by, {
      ...(state !== undefined && { state: oneOf("--state", state, NODE_STATES) }),
      ...(health !== undefined && { health: oneOf("--health", health, HEALTHS) }),
      ...(rack !== undefined && { rackId: rack }),
    });
    const wanted = all === true || state !== undefined || health !== undefined || rack !== undefined ? nodes : nodes.filter(asks);
    if (options.json) return printJson(wanted);
    const rows = wanted
      .slice(0, MAX_ROWS)
      .map((node) => [node.id, node.state, node.health, node.tenantId ?? "–", when(node.sinceMs), why(node)]);
    const serving =
      nodes.length === 0 ? "no nodes yet: pulmu fleet add --site FILE" : `nothing is wrong with any of ${digits(nodes.length)} nodes`;
    printTable(
      [{ title: "NODE" }, { title: "STATE" }, { title: "HEALTH" }, { title: "TENANT" }, { title: "SINCE" }, { title: "WHY" }],
      rows,
      serving,
    );
    if (wanted.length > rows.length) printLine(`… and ${digits(wanted.length - rows.length)} more: --json gives all`);
  });

/** Not as it should be. */
function asks({ state, health }: FleetNode): boolean {
  return state === "retired" ? false : (state !== "ready" && state !== "allocated") || health !== "ok";
}

function why({ reason, findings }: FleetNode): string {
  const [worst] = findings;
  return (reason !== "" ? reason : worst === undefined ? "" : `${worst.ruleId} ${worst.component}: ${worst.text}`).slice(0, 80);
}

export const showCapacity = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const capacity = await (await house.fleet()).capacity(by);
    if (options.json) return printJson(capacity);
    const rows = capacity.map((one) => [
      one.typeId,
      digits(one.nodes),
      digits(one.gpus),
      digits(one.availableGpus),
      ...NODE_STATES.map((state) => digits(one.gpusByState[state])),
      digits(one.gpusByHealth.unknown),
    ]);
    const right = (title: string) => ({ title, right: true });
    const columns = [{ title: "TYPE" }, right("NODES"), right("GPUS"), right("AVAILABLE"), ...NODE_STATES.map((state) => right(state.toUpperCase())), right("UNHEARD")]; // prettier-ignore
    printTable(columns, rows, "no nodes yet: pulmu fleet add --site FILE");
  });

export const showNode = (id: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const { node, tickets } = await (await house.fleet()).node(by, id);
    if (options.json) return printJson({ node, tickets });
    printLine(`${node.id}  ${node.state}, ${node.health}, since ${when(node.sinceMs)}${node.reason === "" ? "" : `: ${node.reason}`}`);
    printLine(`  ${node.typeId}, ${node.gpus} GPUs, rack ${node.rackId}, serial ${node.serial}, tenant ${node.tenantId ?? "none"}`);
    for (const { severity, ruleId, component, text, remedy, firstMs } of node.findings)
      printLine(`  ${severity}: ${ruleId}${component === "" ? "" : ` ${component}`}: ${text}; remedy ${remedy}; since ${when(firstMs)}`);
    for (const ticket of tickets) printTicket(ticket);
  });

export const showHistory = (serial: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const tickets = await (await house.fleet()).history(by, serial);
    if (options.json) return printJson(tickets);
    if (tickets.length === 0) printLine(`nothing was repaired that has the serial ${serial}`);
    for (const ticket of tickets) printTicket(ticket);
  });

function printTicket({ id, nodeId, cause, openedMs, closedMs, step, log }: Ticket): void {
  printLine(
    `repair ${id} of ${nodeId}, ${closedMs === undefined ? `open at "${step}"` : `closed ${when(closedMs)}`}, since ${when(openedMs)}: ${cause}`,
  );
  for (const { atMs, actor, text } of log) printLine(`  ${when(atMs)}  ${actor}  ${text}`);
}

export interface AddOptions extends Pick<CommonOptions, "db" | "json"> {
  readonly site?: string;
  readonly phase?: string;
  readonly slurm?: string;
}

export const addNodes = (options: AddOptions): Promise<ExitCode> =>
  withHouse(options.db === undefined ? {} : { db: options.db }, async (house, by) => {
    const nodes = await nodesFrom(options);
    const added = await (await house.fleet()).add(by, nodes);
    if (options.json) return printJson({ read: nodes.length, added });
    printLine(
      `${digits(added)} nodes taken in, ${digits(nodes.length - added)} were known. Next: pulmu fleet accept NODE, when it passed its test`,
    );
    return EXIT.ok;
  });

async function nodesFrom({ site: file, phase, slurm }: AddOptions) {
  if ((file === undefined) === (slurm === undefined))
    throw new PulmuError({ code: "fleet.from", path: "--site", rule: "name one: --site FILE or --slurm FILE", hint: "scontrol show nodes --json | pulmu fleet add --slurm -" }); // prettier-ignore
  if (slurm !== undefined) return nodesOfSlurm(readSlurmNodes(readJson(slurm)));
  const [{ loadCatalog }, { loadSite }] = await Promise.all([import("@pulmu/catalog"), import("@pulmu/site")]);
  return nodesOfSite(loadSite(file!, { catalog: loadCatalog(), ...(phase !== undefined && { phase }) }));
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    throw new PulmuError({ code: "fleet.json", file, rule: `cannot be read as JSON: ${(error as Error).message}` });
  }
}

export function oneOf<T extends string>(path: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  const close = nearest(value, known);
  throw new PulmuError({ code: "fleet.word", path, value, rule: `one of ${known.join(", ")}`, ...(close !== undefined && { hint: `did you mean "${close}"?` }) }); // prettier-ignore
}
