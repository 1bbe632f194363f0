import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PulmuError } from "@pulmu/units";
import type { Reader } from "../storage/store.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { latestCheckpoint } from "./journal.ts";
import { readResource, resourcesOf, tilePath } from "./tiles.ts";

export interface ExportOptions {
  readonly verifierKey: string;
  readonly onProgress?: (files: number, total: number) => void;
}

/**
 * Writes the signed part of the journal as a static tlog-tiles site: `checkpoint`, `tile/…`, and beside them the verifier's key and a
 * verifier that needs nothing but Node. The checkpoint is written last: a half-done export has none.
 * @returns entries written
 * @throws PulmuError `journal.unsigned` when nothing is signed yet
 */
export async function exportJournal(reader: Reader, folder: string, { verifierKey, onProgress }: ExportOptions): Promise<number> {
  const note = await latestCheckpoint(reader);
  if (note === undefined)
    throw new PulmuError({ code: "journal.unsigned", rule: "nothing is signed yet", hint: "run `pulmu journal checkpoint` first" });
  const { size } = openCheckpoint(note, verifierKey);
  const resources = [...resourcesOf(size)];
  for (const [done, { level, n, width }] of resources.entries()) {
    const path = tilePath(level, n, width);
    const bytes = await readResource(reader, path);
    if (bytes === undefined)
      throw new PulmuError({ code: "journal.incomplete", path, rule: "is missing", hint: "run `pulmu journal verify`" });
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
    onProgress?.(done + 1, resources.length);
  }
  await writeFile(join(folder, "verifier-key"), `${verifierKey}\n`);
  await copyFile(fileURLToPath(new URL("../verifier/verify-tlog.mjs", import.meta.url)), join(folder, "verify-tlog.mjs"));
  await writeFile(join(folder, "checkpoint"), note);
  return size;
}
