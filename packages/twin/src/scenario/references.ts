import type { Site } from "@pulmu/site";
import { nearest, type Problem } from "@pulmu/units";
import type { DocumentPath, YamlDocument } from "@pulmu/units/yaml";
import type { ScriptedFault } from "../scenario.ts";
import type { ScenarioFile } from "./schema.ts";

/** What a scenario names that its site does not have. */
export function unknownReferences(file: ScenarioFile, site: Site, document: YamlDocument): readonly Problem[] {
  const problems: Problem[] = [];
  const need = (path: DocumentPath, name: string, known: readonly string[], what: string): void => {
    if (known.includes(name)) return;
    const near = nearest(name, known);
    const hint = near !== undefined ? `did you mean "${near}"?` : known.length === 0 ? undefined : `known: ${shortList(known)}`;
    problems.push(document.problem(path, "scenario.reference", `the site has no ${what} "${name}"`, hint));
  };
  const services = site.workloads.filter(({ kind }) => kind === "inference").map(({ id }) => id);
  for (const workload of Object.keys(file.traces)) {
    if (workload !== "*") need(["traces", workload], workload, services, "inference workload");
  }
  const feedTags = site.feeds.map(({ tag }) => tag);
  for (const [i, { kind, target, count }] of file.faults.script.entries()) {
    const path = ["faults", "script", i];
    const { what, ids, units } = targetsOf(kind, site);
    need([...path, "target"], target, ids, what);
    const most = units(ids.indexOf(target));
    if (count > most)
      problems.push(document.problem([...path, "count"], "scenario.range", `${target} has only ${most} that can fail this way`));
  }
  for (const [i, { feed }] of file.loadTargets.entries()) {
    if (feed !== undefined) need(["loadTargets", i, "feed"], feed, feedTags, "feed");
  }
  if (file.bess !== undefined && site.bess.length === 0) {
    problems.push(document.problem(["bess"], "scenario.reference", "the site has no battery in this phase"));
  }
  return problems;
}

interface Targets {
  readonly what: string;
  readonly ids: readonly string[];
  /** How many units of a target can fail at once; of one that is not there, any number. */
  readonly units: (index: number) => number;
}

function targetsOf(kind: ScriptedFault["kind"], site: Site): Targets {
  const of = <T>(what: string, items: readonly T[], id: (item: T) => string, units: (item: T) => number): Targets => ({
    what,
    ids: items.map(id),
    units: (index) => (index < 0 ? Infinity : units(items[index])),
  });
  const id = (item: { readonly id: string }) => item.id;
  switch (kind) {
    case "gpu":
      return of("rack", site.racks, id, ({ type }) => type.trays * type.gpusPerTray);
    case "tray":
      return of("rack", site.racks, id, ({ type }) => type.trays);
    case "rack":
    case "network":
    case "sensor":
      return of("rack", site.racks, id, () => 1);
    case "cdu":
      return of("CDU group", site.cdus, id, ({ units }) => units);
    case "pump":
      return of("cooling loop", site.loops, id, () => 1);
    case "cooler":
      return of("cooling loop", site.loops, id, ({ units }) => units);
    case "power-node":
      return of(
        "power node",
        site.nodes.filter((node) => node.kind !== "feed"),
        id,
        ({ units }) => units,
      );
    case "feed":
      return of(
        "feed",
        site.feeds,
        ({ tag }) => tag,
        () => 1,
      );
  }
}

const shortList = (words: readonly string[]): string =>
  words.length <= 8 ? words.join(", ") : `${words.slice(0, 3).join(", ")} … ${words[words.length - 1]} (${words.length})`;
