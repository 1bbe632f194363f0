/**
 * `npm run validate -- --data DIR [--json]`: every measured file of a known format in DIR against the twin. Prints the errors, whether
 * they are within their bounds or not; fails only where there was nothing to measure against, or a file could not be read.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCatalog } from "@pulmu/catalog";
import { formatRows, validate } from "@pulmu/twin";
import { PulmuError } from "@pulmu/units";

const { values } = parseArgs({ options: { data: { type: "string" }, json: { type: "boolean", default: false } } });
const folder = values.data ?? process.env["PULMU_DATA"] ?? join(import.meta.dirname, "../../shared/data");

function fail(message: string): never {
  process.stderr.write(`pulmu validate: ${message}\n`);
  process.exit(1);
}

if (!existsSync(folder)) fail(`${folder}: no such folder (name one with measured files: --data DIR)`);
try {
  const { files, rows } = validate(folder, loadCatalog(), { playJobs: true });
  if (files.length === 0) fail(`${folder}: no file of a known format in it (see docs/guides/validation.md)`);
  process.stdout.write(
    values.json ? `${JSON.stringify(rows, null, 2)}\n` : `${formatRows(rows)}\nMade by \`npm run validate -- --data ${folder}\`\n`,
  );
} catch (error) {
  if (error instanceof PulmuError) fail(error.message);
  throw error;
}
