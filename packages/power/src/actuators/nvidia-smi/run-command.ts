import { execFile } from "node:child_process";

/** What came of a command. */
export interface CommandResult {
  /** Exit status; undefined when it could not be started. */
  readonly status: number | undefined;
  readonly output: string;
  /** System error when it could not be started, such as ENOENT. */
  readonly error?: string;
}

/** Runs a command with a list of arguments: no shell reads them. */
export type RunCommand = (args: readonly string[], signal: AbortSignal) => Promise<CommandResult>;

/** Bytes of output that are read: 16 GPUs need about three thousand. */
const MAX_OUTPUT_BYTES = 1 << 20;

export function commandRunner(command: string): RunCommand {
  return (args, signal) =>
    new Promise((resolve) => {
      execFile(
        command,
        [...args],
        { signal, maxBuffer: MAX_OUTPUT_BYTES, windowsHide: true, encoding: "utf8" },
        (error, stdout, stderr) => {
          const output = `${stdout}${stderr}`;
          if (error === null) resolve({ status: 0, output });
          else if (typeof error.code === "number") resolve({ status: error.code, output });
          else resolve({ status: undefined, output, error: String(error.code ?? error.message) });
        },
      );
    });
}
