import { z } from "zod";
import { PulmuError } from "@pulmu/units";
import type { EngineNode } from "../../engine.ts";
import type { Observation } from "../report.ts";

/** Fields that slurmrestd and `scontrol show nodes --json` give in every version since 22.05; `state` was one word, then a list. */
const node = z.looseObject({
  name: z.string().min(1).max(200),
  state: z.union([z.string(), z.array(z.string())]),
  state_flags: z.array(z.string()).optional(),
  reason: z.string().nullish(),
  gres: z.string().nullish(),
  cpus: z.number().optional(),
});
const answer = z.looseObject({ nodes: z.array(z.unknown()) });

/** One node as Slurm sees it. */
export interface SlurmNode extends EngineNode {
  readonly gpus: number;
  readonly observations: readonly Observation[];
}

/** Words that say that Slurm itself does not know. */
const DEAF = ["NOT_RESPONDING", "NO_RESPOND", "UNKNOWN", "INVALID"];
const BUSY = ["ALLOCATED", "MIXED", "COMPLETING"];

/**
 * The answer to `GET /slurm/v0.0.x/nodes`, or `scontrol show nodes --json`.
 * @throws PulmuError `fleet.slurm` where it is none, or a node in it cannot be read: half a list is not taken for the whole
 */
export function readSlurmNodes(document: unknown): readonly SlurmNode[] {
  const parsed = answer.safeParse(document);
  if (!parsed.success)
    throw new PulmuError({ code: "fleet.slurm", path: "nodes", rule: "no list of nodes", hint: "such as scontrol show nodes --json" });
  return parsed.data.nodes.map((entry, i) => {
    const one = node.safeParse(entry);
    if (!one.success)
      throw new PulmuError({ code: "fleet.slurm", path: `nodes[${i}]`, rule: one.error.issues[0].message, hint: "a node has a name and a state" }); // prettier-ignore
    return slurmNode(one.data);
  });
}

function slurmNode({ name, state, state_flags = [], reason, gres }: z.infer<typeof node>): SlurmNode {
  const words = [state, state_flags]
    .flat()
    .flatMap((word) => word.split("+"))
    .map((word) => word.toUpperCase().replace(/[*~#!%$@^-]+$/, ""));
  const has = (list: readonly string[]) => list.some((word) => words.includes(word));
  const text = `slurm: ${words.join("+")}${reason ? ` (${reason})` : ""}`.slice(0, 200);
  // A node that does not answer may still run work: its occupancy is unknown, whatever else is said of it.
  const occupancy = has(DEAF) || has(["DOWN", "FAIL"]) ? "unknown" : has(BUSY) ? "busy" : has(["IDLE"]) ? "empty" : "unknown";
  return {
    id: name,
    occupancy,
    draining: has(["DRAIN", "DRAINED", "DRAINING"]),
    gpus: [...(gres ?? "").matchAll(/(?:^|,)gpu(?::[^:,(]+)?:(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0),
    observations: words.map((word) => ({ signal: "state", value: word, component: "", text })),
  };
}
