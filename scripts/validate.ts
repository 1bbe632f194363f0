/**
 * `npm run validate -- --data DIR [--json]`: every measured file of a known format in DIR against the twin. Prints the errors; exits 0
 * whether or not they are within their bounds (they are what they are), and 1 where nothing could be measured.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCatalog } from "@pulmu/catalog";
import { formatRows, validate } from "@pulmu/twin";

const { values } = parseArgs({ options: { data: { type: "string" }, json: { type: "boolean", default: false } } });
const folder = values.data ?? process.env["PULMU_DATA"] ?? join(import.meta.dirname, "../../shared/data");
if (!existsSync(folder)) {
  process.stderr.write(`pulmu validate: ${folder}: no such folder (name one with measured files: --data DIR)\n`);
  process.exit(1);
}
const rows = validate(folder, loadCatalog());
process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : formatRows(rows));
process.exitCode = rows.some((row) => row.n > 0) ? 0 : 1;
