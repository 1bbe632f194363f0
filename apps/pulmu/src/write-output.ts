import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { PulmuError } from "@pulmu/units";

/**
 * Writes a file that a command was asked for, whole or not at all: what stood there before stays until the new one is complete.
 * @throws PulmuError `output.unwritable`: a full disk, no permission, a file where a directory is needed
 */
export function writeOutput(file: string, text: string): void {
  const partial = `${file}.${process.pid}.partial`;
  let begun = false;
  try {
    mkdirSync(dirname(file), { recursive: true });
    begun = true;
    writeFileSync(partial, text);
    renameSync(partial, file);
  } catch (error) {
    if (begun) rmSync(partial, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    const rule = REASONS[code ?? ""] ?? `cannot be written: ${message}`;
    throw new PulmuError({ code: "output.unwritable", file, rule, hint: "nothing was written; name another place" });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "your disk quota is used up",
  EROFS: "the file system is read-only",
  EACCES: "no permission to write here",
  EPERM: "no permission to write here",
  EISDIR: "this is a directory, not a file",
  EEXIST: "a file stands where a directory is needed",
  ENOTDIR: "a file stands where a directory is needed",
};
