import { REMEDIES, type Work } from "@pulmu/fleet";
import { printLine } from "../../accounts/print.ts";
import { type ExitCode, printJson } from "../../exit.ts";
import { type CommonOptions, withHouse } from "../accounts/identity.ts";
import { oneOf } from "./fleet.ts";

export const acceptNodes = (nodes: readonly string[], options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    await (await house.fleet()).accept(by, nodes);
    if (options.json) return printJson({ accepted: nodes });
    printLine(
      `${nodes.length === 1 ? nodes[0] : `${nodes.length} nodes`} may serve, as soon as what watches the fleet hears that all is well.`,
    );
  });

export interface DrainOptions extends CommonOptions {
  readonly reason: string;
  readonly cancel?: boolean;
  readonly empty?: boolean;
}

export const drainNode = (node: string, options: DrainOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const fleet = await house.fleet();
    if (options.cancel) await fleet.cancelDrain(by, node);
    else if (options.empty) await fleet.attestEmpty(by, node);
    else await fleet.drain(by, node, options.reason);
    const { state } = (await fleet.node(by, node)).node;
    if (options.json) return printJson({ node, state });
    const next =
      state === "draining"
        ? " Its work ends first; then it is in repair."
        : state === "in-repair"
          ? ` Next: pulmu fleet repair ${node} diagnosed`
          : "";
    printLine(`${node} is ${state}.${next}`);
  });

export interface RepairOptions extends CommonOptions {
  readonly component: string;
  readonly remedy: string;
  readonly out: string;
  readonly in: string;
  readonly note: string;
}

const STEPS = ["diagnosed", "mended", "passed", "failed"] as const;

export const repairNode = (node: string, step: string, options: RepairOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const ticket = await (await house.fleet()).repair(by, node, workOf(step, options));
    if (options.json) return printJson(ticket);
    const next = { opened: "diagnosed", diagnosed: "mended", mended: "passed (or failed)", validated: "", closed: "" }[ticket.step];
    printLine(
      `Repair ${ticket.id} of ${node} is at "${ticket.step}". Next: ${next === "" ? `pulmu fleet return ${node}` : `pulmu fleet repair ${node} ${next}`}`,
    );
  });

function workOf(word: string, { component, remedy, out, in: partIn, note }: RepairOptions): Work {
  const step = oneOf("step", word, STEPS);
  if (step === "diagnosed") return { kind: "diagnosed", component, remedy: oneOf("--remedy", remedy, REMEDIES), note };
  if (step === "mended") return { kind: "mended", partOut: out, partIn, note };
  return { kind: "validated", passed: step === "passed", note };
}

export const returnNode = (node: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    await (await house.fleet()).returnToService(by, node);
    if (options.json) return printJson({ node, state: "ready" });
    printLine(`${node} is back in service; it gets work when its sources say that it is well.`);
  });

export const retireNode = (node: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    await (await house.fleet()).retire(by, node);
    if (options.json) return printJson({ node, state: "retired" });
    printLine(`${node} is retired.`);
  });
