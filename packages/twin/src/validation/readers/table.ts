import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** One line of a CSV file, by column name. */
export type TableRow = Readonly<Record<string, string>>;

/** Text of a file, unpacked where its name ends in `.gz`. */
export function readText(path: string): string {
  const bytes = readFileSync(path);
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

/** Cells of one line; quoted cells may hold commas, and quotes written twice. */
function cells(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const found: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)) found.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
  return found;
}

/** Column names of a CSV file. */
export function header(text: string): readonly string[] {
  return cells(text.slice(0, text.indexOf("\n")).trim());
}

/** Measured tables as published: a header line, one record a line. Missing cells are empty strings. */
export function parseTable(text: string): readonly TableRow[] {
  const [first, ...lines] = text.split(/\r?\n/).filter((line) => line !== "");
  const names = cells(first);
  return lines.map((line) => {
    const values = cells(line);
    return Object.fromEntries(names.map((name, i) => [name, values[i] ?? ""]));
  });
}
