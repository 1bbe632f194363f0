import { readFile, writeFile } from "node:fs/promises";
import { PulmuError } from "@pulmu/units";
import { newSigner, type NoteSigner, parseSigner } from "./note.ts";

/**
 * The journal's signing key from its file, made on first use (owner may read only). Whoever has this file can sign for the log:
 * give witnesses and auditors `verifierKey`, never the file.
 * @throws PulmuError `journal.key`, `journal.key-file`
 */
export async function openSignerFile(file: string, origin: string): Promise<NoteSigner> {
  try {
    return parseSigner(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof PulmuError) throw new PulmuError({ ...error.problems[0], file });
    if ((error as { code?: string }).code !== "ENOENT") throw unreadable(file, error as Error);
  }
  const signer = newSigner(origin);
  try {
    await writeFile(file, `${signer.secret}\n`, { mode: 0o600, flag: "wx", flush: true });
    return signer;
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") return openSignerFile(file, origin); // another process was faster
    throw unreadable(file, error as Error);
  }
}

function unreadable(file: string, error: Error): PulmuError {
  return new PulmuError({ code: "journal.key-file", file, value: error.message, rule: "the journal's key file cannot be read or made" });
}
