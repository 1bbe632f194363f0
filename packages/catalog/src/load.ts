import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { PulmuError, type Problem } from "@pulmu/units";
import { checkShape, fileError, readYamlFile } from "@pulmu/units/yaml";
import { overlay, readFacts, resolveExtends, toEntry, type Entry, type FactFile, type FactGroup } from "./facts.ts";
import { readOwnFile } from "./own-facts.ts";
import { breaches, type Entries } from "./rules.ts";
import { KINDS, SCHEMAS, type EntryOf, type Kind } from "./schema.ts";
import type { Catalog, Provenance } from "./types.ts";

export interface CatalogOptions {
  /**
   * Directories with fact files of the user's own, searched through all their subdirectories. A later directory adds entries
   * and replaces single values of entries with the same id; within one directory an id may stand only once.
   */
  readonly extraDirs?: readonly string[];
}

const OWN_FACTS = fileURLToPath(new URL("../data", import.meta.url));

/**
 * Reads all fact files into one frozen catalogue.
 * @throws PulmuError with every problem of every file: `yaml.*`, `file.*`, `catalog.unknown-key`, `catalog.no-source`,
 * `catalog.unknown-source`, `catalog.unknown-reference`, `catalog.missing`, `catalog.quantity`, `catalog.range`, `catalog.rule` and so on.
 */
export function loadCatalog({ extraDirs = [] }: CatalogOptions = {}): Catalog {
  const problems: Problem[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof PulmuError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };

  // As seen from where the program runs: what a problem names is then as short as what a user would type.
  const ownDir = relative(process.cwd(), OWN_FACTS);
  const layers = [ownDir, ...extraDirs].map((directory) => {
    const read = directory === ownDir ? readOwnFile : readYamlFile;
    const files = attempt(() => factFiles(directory)) ?? [];
    return files.flatMap((file) => attempt(() => readFacts(read(file))) ?? []);
  });
  problems.push(...layers.flat().flatMap((file) => file.problems));

  const provenance = new Map<string, Provenance>();
  const documents = new Map<Kind, ReadonlyMap<string, Entry>>();
  const entries = {} as Record<Kind, ReadonlyMap<string, EntryOf<Kind>>>;
  for (const kind of KINDS) {
    const found = entriesOf(kind, layers, problems);
    documents.set(kind, found);
    const checked = [...found.values()].flatMap((entry) => {
      const facts = attempt(() => checkShape(SCHEMAS[kind], entry, "catalog"));
      if (facts === undefined) return [];
      for (const [path, source] of entry.provenance) provenance.set(`${kind}/${entry.id}/${path}`, source);
      return [[entry.id, freeze({ id: entry.id, ...facts }) as EntryOf<Kind>] as const];
    });
    entries[kind] = new Map(checked);
  }

  // A broken entry leaves gaps that others refer to: rules between entries are worth telling only once each entry is whole.
  if (problems.length === 0) {
    for (const kind of KINDS) {
      for (const entry of entries[kind].values()) {
        const document = documents.get(kind)?.get(entry.id);
        for (const { path, code, rule, hint } of breaches(kind, entry, entries as Entries)) {
          if (document !== undefined) problems.push(document.problem(path, code, rule, hint));
        }
      }
    }
  }
  if (problems.length > 0) throw new PulmuError(problems.toSorted(byPlace));
  return Object.freeze({ ...(entries as Entries), provenance });
}

/** All entries of a kind, layer over layer. An entry extends another as that stood in its own layer: later layers do not reach through. */
function entriesOf(kind: Kind, layers: readonly (readonly FactFile[])[], problems: Problem[]): ReadonlyMap<string, Entry> {
  const groups = new Map<string, FactGroup>();
  for (const layer of layers) {
    const here = new Set<string>();
    for (const [id, group] of layer.flatMap((file) => [...(file.entries.get(kind) ?? [])])) {
      const { document, path } = group.at;
      if (here.has(id)) problems.push(document.problem(path, "catalog.duplicate", "this id stands twice in the same directory"));
      here.add(id);
      const below = groups.get(id);
      groups.set(id, below === undefined ? group : overlay(below, group));
    }
    const whole = [...here].map((id) => [id, resolveExtends(groups.get(id)!, groups)] as const);
    for (const [id, group] of whole) {
      if ("rule" in group) {
        problems.push(group);
        groups.delete(id); // half an entry would only add to the noise
      } else groups.set(id, group);
    }
  }
  return new Map([...groups].map(([id, group]) => [id, toEntry(id, group)]));
}

function factFiles(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
    return names
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted()
      .map((name) => join(directory, name));
  } catch (error) {
    throw fileError(error, directory);
  }
}

function byPlace(a: Problem, b: Problem): number {
  const [fileA, fileB] = [a.file ?? "", b.file ?? ""];
  return fileA === fileB ? (a.line ?? 0) - (b.line ?? 0) : fileA < fileB ? -1 : 1;
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) freeze(child);
  }
  return value;
}
