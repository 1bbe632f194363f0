import { formatProblem, type PulmuError } from "@pulmu/units";

/** 0: done. 1: the work failed or problems were found. 2: bad usage or bad input. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Errors of the machine and not of what was asked: the disk is full, the port is taken, the database is away. */
const FAILURES =
  /^(server\.|grid\.factory|store\.(?!address)|export\.file|exchange\.(?!address|option)|actuator\.(?!url|bad-cap|secret|read-only)|recording\.unwritable|results\.(?!exists|not-a-run|no-report|bad-report))/;

export function exitCodeOf(error: PulmuError): ExitCode {
  return FAILURES.test(error.code) ? EXIT.failed : EXIT.usage;
}

/** One line a problem on stderr; with `--json` also an object on stdout, which then holds nothing else. */
export function printError(error: PulmuError, json: boolean): void {
  process.stderr.write(`${error.problems.map(formatProblem).join("\n")}\n`);
  if (json) printJson({ error: { code: error.code, message: error.message, problems: error.problems } });
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
