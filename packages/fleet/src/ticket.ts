import type { Remedy } from "./node.ts";

/** Steps of a repair, in order. `validated` ends it well; a validation that fails goes back to `diagnosed`. */
export const STEPS = ["opened", "diagnosed", "mended", "validated", "closed"] as const;
export type Step = (typeof STEPS)[number];

/** One repair of one node. */
export interface Ticket {
  readonly id: number;
  readonly nodeId: string;
  /** Of the node as it stood then. */
  readonly serial: string;
  /** Whose work it held when it was taken out; "" nobody's. */
  readonly tenantId: string;
  readonly step: Step;
  /** What was found: `xid-79 GPU3`. */
  readonly cause: string;
  readonly component: string;
  readonly remedy: Remedy;
  readonly openedMs: number;
  readonly closedMs: number | undefined;
  /** Serials of the part that went and the part that came; "" where none was changed. */
  readonly partOut: string;
  readonly partIn: string;
  /** How often it came back from validation. */
  readonly retries: number;
  readonly log: readonly { readonly atMs: number; readonly actor: string; readonly text: string }[];
}

/** What a technician, or a program in his place, reports. */
export type Work =
  | { readonly kind: "diagnosed"; readonly component: string; readonly remedy: Remedy; readonly note: string }
  | { readonly kind: "mended"; readonly partOut: string; readonly partIn: string; readonly note: string }
  | { readonly kind: "validated"; readonly passed: boolean; readonly note: string };

/** The step after a report; undefined where it comes out of turn. */
export function nextStep(step: Step, work: Work): Step | undefined {
  switch (work.kind) {
    case "diagnosed":
      return step === "opened" || step === "diagnosed" ? "diagnosed" : undefined;
    case "mended":
      return step === "diagnosed" || step === "mended" ? "mended" : undefined;
    case "validated":
      if (step !== "mended") return undefined;
      return work.passed ? "validated" : "diagnosed";
  }
}

/** A report as a line of the log. */
export function said(work: Work): string {
  const note = work.note === "" ? "" : `: ${work.note}`;
  if (work.kind === "diagnosed") return `diagnosed ${work.component === "" ? "the node" : work.component}, ${work.remedy}${note}`;
  if (work.kind === "mended") return work.partIn === "" ? `mended${note}` : `replaced ${work.partOut} by ${work.partIn}${note}`;
  return `validation ${work.passed ? "passed" : "failed"}${note}`;
}
