import { PulmuError } from "@pulmu/units";
import type { Actuator, Cap, CapNote, Held } from "./actuator.ts";
import { checkCap } from "./problems.ts";

export interface GroupOptions {
  /** Name of the whole: the rack's. */
  readonly id: string;
  /** The trays, told at the same time. */
  readonly parts: readonly Actuator[];
  readonly gpusEach: number;
  /** Most that one GPU can draw, W: what it counts with while its tray does not answer. */
  readonly gpuMaxW: number;
}

/** Many devices as one: a rack of trays with a BMC each. A tray that does not answer is counted with the most it can draw. */
export function groupActuator({ id, parts, gpusEach, gpuMaxW }: GroupOptions): Actuator {
  const together = async (ask: (part: Actuator) => Promise<Held>): Promise<Held> => {
    const answers = await Promise.allSettled(parts.map(ask));
    const problems = answers.flatMap((answer) => {
      if (answer.status === "fulfilled") return [];
      if (!(answer.reason instanceof PulmuError)) throw answer.reason;
      return answer.reason.problems;
    });
    if (problems.length > 0 && answers.every(({ status }) => status === "rejected")) throw new PulmuError(problems);
    return sum(answers.map((answer, i) => (answer.status === "fulfilled" ? answer.value : unanswered(parts[i], answer.reason))));
  };
  const unanswered = (part: Actuator, reason: unknown): Held => ({
    gpus: gpusEach,
    gpuCapW: gpuMaxW,
    clockLimit: 1,
    gpuPowerW: undefined,
    notes: [{ code: "unanswered", text: `${part.id}: ${(reason as PulmuError).problems[0].rule}; it may draw ${gpuMaxW} W a GPU` }],
  });
  return {
    id,
    read: (signal) => together((part) => part.read(signal)),
    async write(cap: Cap, signal, options) {
      checkCap(id, cap);
      return together((part) => part.write(cap, signal, options));
    },
    async close() {
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}

function sum(parts: readonly Held[]): Held {
  const gpus = parts.reduce((count, part) => count + part.gpus, 0);
  const mean = (pick: (part: Held) => number) => parts.reduce((total, part) => total + part.gpus * pick(part), 0) / gpus;
  return {
    gpus,
    gpuCapW: mean((part) => part.gpuCapW),
    clockLimit: Math.max(...parts.map((part) => part.clockLimit)),
    gpuPowerW: parts.some((part) => part.gpuPowerW === undefined) ? undefined : mean((part) => part.gpuPowerW!),
    notes: parts.flatMap((part): readonly CapNote[] => part.notes),
  };
}
