/** What a refused input was, where it stood, and which rule it broke. */
export interface Problem {
  /** Stable machine name, `room.what`: `site.unknown-key`, `trace.out-of-order`. */
  readonly code: string;
  /** The rule that was broken, as a sentence a person can act on. */
  readonly rule: string;
  /** Where inside the document: `halls[2].racks`. */
  readonly path?: string;
  /** The offending value as it was written. */
  readonly value?: string;
  /** File name as the user gave it. */
  readonly file?: string;
  /** Line in that file, from 1. */
  readonly line?: number;
  /** What to try instead. */
  readonly hint?: string;
}

/** One line: `sites/gak.yaml:41: halls[2].racks: 400: rule (hint)`. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line].filter((part) => part !== undefined).join(":");
  const head = [place, problem.path, problem.value].filter((part) => part !== undefined && part !== "");
  const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
  return `${[...head, problem.rule].join(": ")}${hint}`;
}

/**
 * The one error type of the house: bad input, named. Anything else that is thrown is a defect of Pulmu.
 * Carries every problem found, so that a user mends a file in one go.
 */
export class PulmuError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: Problem | readonly Problem[]) {
    const list = (Array.isArray(problems) ? problems : [problems]) as readonly Problem[];
    super(list.map(formatProblem).join("\n"));
    this.name = "PulmuError";
    this.problems = list;
  }

  /** Code of the first problem: what a program branches on. */
  get code(): string {
    return this.problems[0]?.code ?? "unknown";
  }
}
