import { existsSync } from "node:fs";
import { join } from "node:path";

const root = process.env.PULMU_DATA ?? join(import.meta.dirname, "../../../../../shared/data");

/** A file of the published traces, which are no part of the project; tests without it pass `skip` on. */
export function sharedData(file: string): { readonly path: string; readonly skip: string | false } {
  const path = join(root, file);
  return {
    path,
    skip: existsSync(path) ? false : `no ${file}: put the published traces into ../shared/data, or name their folder in PULMU_DATA`,
  };
}
