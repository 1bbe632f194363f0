import { loadCatalog, type Catalog, type Provenance } from "@pulmu/catalog";
import { nearest, PulmuError } from "@pulmu/units";
import { EXIT, printJson, type ExitCode } from "../exit.ts";
import { createStyle, wantsColour, type Style } from "../terminal/style.ts";

type Kind = Exclude<keyof Catalog, "provenance">;

interface Entry {
  readonly kind: Kind;
  readonly id: string;
  readonly facts: object;
}

/** A single fact: where it stands in the entry, as `curves.training.activeW`, its value and its source. */
interface Fact {
  readonly path: string;
  readonly value: unknown;
  readonly provenance: Provenance | undefined;
}

/**
 * `pulmu catalog show [ID]`.
 * @throws PulmuError `catalog.unknown-id`
 */
export function showCatalog(id: string | undefined, options: { readonly json?: boolean }): ExitCode {
  const catalog = loadCatalog();
  const style = createStyle(wantsColour(process.stdout, process.env));
  if (id === undefined) {
    const index = Object.fromEntries(kinds(catalog).map((kind) => [kind, [...catalog[kind].keys()]]));
    if (options.json) printJson(index);
    else
      process.stdout.write(
        Object.entries(index)
          .map(([kind, ids]) => `${style.bold(kind)}\n  ${ids.join("  ")}\n`)
          .join("\n"),
      );
    return EXIT.ok;
  }
  const entries = findEntries(catalog, id);
  if (options.json) printJson(entries.map((entry) => ({ ...entry, sources: factsOf(catalog, entry) })));
  else process.stdout.write(entries.map((entry) => entryText(entry, factsOf(catalog, entry), style)).join("\n"));
  return EXIT.ok;
}

function kinds(catalog: Catalog): Kind[] {
  return Object.keys(catalog).filter((key) => key !== "provenance") as Kind[];
}

/** The entry `kind/id`, or every entry with this id. */
function findEntries(catalog: Catalog, text: string): Entry[] {
  const all = kinds(catalog).flatMap((kind) => [...catalog[kind]].map(([id, facts]): Entry => ({ kind, id, facts })));
  const found = all.filter(({ kind, id }) => text === id || text === `${kind}/${id}`);
  if (found.length > 0) return found;
  const near = nearest(
    text,
    all.flatMap(({ kind, id }) => [id, `${kind}/${id}`]),
  );
  throw new PulmuError({
    code: "catalog.unknown-id",
    value: text,
    rule: "no entry of the catalogue has this id",
    hint: near === undefined ? "`pulmu catalog show` lists them" : `did you mean ${near}?`,
  });
}

function factsOf(catalog: Catalog, { kind, id, facts }: Entry): Fact[] {
  const leaves = (value: unknown, path: readonly string[]): Fact[] => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
    }
    return [{ path: path.join("."), value, provenance: catalog.provenance.get([kind, id, ...path].join("/")) }];
  };
  return leaves(facts, []).filter(({ path }) => path !== "id");
}

/** The facts as a table; each source is written once, below it. */
function entryText({ kind, id }: Entry, facts: readonly Fact[], style: Style): string {
  const sources = [...new Set(facts.flatMap(({ provenance }) => (provenance === undefined ? [] : [sourceText(provenance)])))];
  const pathWidth = Math.max(...facts.map(({ path }) => path.length));
  const looks = { measured: style.green, vendor: style.sky, press: style.yellow, derived: style.blue, guess: style.orange };
  const rows = facts.map(({ path, value, provenance }) => {
    const how = provenance === undefined ? " ".repeat(8) : looks[provenance.confidence](provenance.confidence.padEnd(8));
    const place = provenance === undefined ? "" : `[${1 + sources.indexOf(sourceText(provenance))}]`;
    return `  ${path.padEnd(pathWidth)}  ${how} ${style.dim(place.padEnd(4))}  ${valueText(value)}`;
  });
  return `${style.bold(`${kind}/${id}`)}\n\n${rows.join("\n")}\n\n${sources.map((source, i) => style.dim(`  [${i + 1}] ${source}`)).join("\n")}\n`;
}

function sourceText({ source, asOf }: Provenance): string {
  return `${source} (${asOf})`;
}

/** Numbers with their thousands, lists with runs counted: `light ×8, mid ×7`. */
function valueText(value: unknown): string {
  if (typeof value === "number")
    return Math.abs(value) < 1e12 ? value.toLocaleString("en-US", { maximumFractionDigits: 12 }) : value.toExponential().replace("e+", "e");
  if (!Array.isArray(value)) return String(value);
  const runs: { readonly item: string; count: number }[] = [];
  for (const item of value.map(valueText)) {
    if (runs.at(-1)?.item === item) runs.at(-1)!.count++;
    else runs.push({ item, count: 1 });
  }
  return runs.map(({ item, count }) => (count === 1 ? item : `${item} ×${count}`)).join(", ");
}
