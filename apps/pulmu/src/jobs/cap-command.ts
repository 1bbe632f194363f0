import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { PowerCaps } from "@pulmu/jobs";
import { PulmuError } from "@pulmu/units";

const run = promisify(execFile);
const TIMEOUT_MS = 20_000;
/** Nodes named in one call: a command line has an end. */
const NODES_AT_ONCE = 500;

/**
 * A site's own tool that holds nodes' GPUs to a share of their power: `PROGRAM 0.7 node1 node2 …`; 1 lets them go. It ends with 0 once they
 * are held. @throws PulmuError `caps.failed`
 */
export function capCommand(program: string): PowerCaps {
  return {
    hold: async (nodes, share) => {
      for (let from = 0; from < nodes.length; from += NODES_AT_ONCE) {
        try {
          await run(program, [share.toFixed(3), ...nodes.slice(from, from + NODES_AT_ONCE)], { timeout: TIMEOUT_MS });
        } catch (error) {
          const { stderr = "", message } = error as Error & { stderr?: string };
          throw new PulmuError({ code: "caps.failed", path: program, value: share.toFixed(3), rule: stderr.trim().split("\n")[0] || message, hint: "nobody is held to less power for five minutes; who must draw less is paused" }); // prettier-ignore
        }
      }
    },
  };
}
