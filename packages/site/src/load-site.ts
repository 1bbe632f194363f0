import { readFileSync } from "node:fs";
import type { Catalog } from "@pulmu/catalog";
import { nearest, PulmuError } from "@pulmu/units";
import { fileError, formatPath } from "@pulmu/units/yaml";
import { buildPlant, feedLimitW } from "./build.ts";
import { declare, type Declarations } from "./declarations.ts";
import { buildEngineRacks, checkEngineRacks } from "./engine-racks.ts";
import { equip, lookup } from "./equipment.ts";
import type { Phase, Site } from "./model.ts";
import { builtIn, checkPhases } from "./phases.ts";
import { checkLinks, linksOf, orderNodes } from "./references.ts";
import type { Head, Item } from "./schema.ts";
import { shape, type Placed } from "./shape.ts";
import { SiteSource } from "./source.ts";
import { buildWork } from "./work.ts";

export interface SiteOptions {
  readonly catalog: Catalog;
  /** Id of the phase to build; left out: the first. */
  readonly phase?: string | undefined;
}

const MAX_RACKS = 200_000;

/**
 * Reads a site file.
 * @throws PulmuError with every problem of the file, each with its line; `file.*` when it cannot be read.
 */
export function loadSite(file: string, options: SiteOptions): Site {
  return parseSite(readSiteText(file), file, options);
}

/** Text of a site file. @throws PulmuError `file.*` when it cannot be read. */
export function readSiteText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw fileError(error, file);
  }
}

/**
 * A site from the text of its file, in one phase. `file` is named in problems.
 * @throws PulmuError with every problem of the file, each with its line; `site.unknown-phase` when only `options.phase` is wrong.
 */
export function parseSite(text: string, file: string, { catalog, phase: phaseId }: SiteOptions): Site {
  const source = new SiteSource(text, file);
  const shaped = shape(source);
  checkPhases(source, shaped.phases);
  const phases = shaped.phases.map(({ item }): Phase => ({ id: item.id, name: item.name, date: item.date, envelopeW: item.envelope }));
  const declared = declare(source, shaped);
  checkSize(source, declared);
  const links = linksOf(source, declared);
  checkLinks(source, declared, links);
  const order = orderNodes(source, declared);
  const equipment = equip(source, shaped, declared, catalog);
  checkEngineRacks(source, shaped.engineRacks, declared, equipment);
  const work = buildWork(source, shaped.tenants, equipment);
  const built = builtIn(source, declared, links, phaseIds(source), order);
  if (phases.length === phaseIds(source).length) {
    for (const feed of declared.feeds) checkLimits(source, feed, phases, built.get(feed.id) ?? 0);
  }
  const place = shaped.head === undefined ? undefined : locate(source, shaped.head, catalog);
  source.throwProblems();
  if (shaped.head === undefined || place === undefined) throw new Error("a site file without problems has a head");

  const phase = phaseId === undefined ? 0 : phases.findIndex(({ id }) => id === phaseId);
  if (phase < 0) throw unknownPhase(file, phaseId as string, phases);
  const originOf = (path: (typeof declared.halls)[number]["path"]) => ({
    file,
    line: source.document.lineOf(path),
    path: formatPath(path),
  });
  const plant = buildPlant({ declared, equipment, order, phases, phase, builtIn: built, originOf });
  const used = new Set(plant.racks.map(({ type }) => type.acceleratorId));
  return {
    ...place,
    id: shaped.head.id,
    name: shaped.head.name,
    phase: phases[phase],
    phases,
    ...plant,
    engineRacks: buildEngineRacks(shaped.engineRacks, plant.racks),
    ...work,
    steered: shaped.head.steered,
    accelerators: new Map([...equipment.accelerators].filter(([id]) => used.has(id))),
    published: shaped.published.map(({ item }) => item),
    assumptions: shaped.assumptions.map(({ item }) => item),
  };
}

/** Ids of all phases as they are written, those with other faults too. */
function phaseIds(source: SiteSource): string[] {
  return source.list("phases").map((phase) => String((phase as { readonly id?: unknown } | null)?.id));
}

function checkSize(source: SiteSource, { halls }: Declarations): void {
  let racks = 0;
  for (const { item, path } of halls) {
    racks += item.rows * item.racksPerRow;
    if (racks <= MAX_RACKS) continue;
    source.report(path, { code: "site.limit", value: item.id, rule: `with this hall the site has more than ${MAX_RACKS} racks` });
    source.throwProblems(); // nothing below is worth the memory
  }
}

function checkLimits(source: SiteSource, { item, path }: Placed<Item<"feeds">>, phases: readonly Phase[], first: number): void {
  if (typeof item.limit === "number") return;
  for (const id of Object.keys(item.limit)) {
    if (phases.some((phase) => phase.id === id)) continue;
    const near = nearest(
      id,
      phases.map((phase) => phase.id),
    );
    const hint = near === undefined ? {} : { hint: `did you mean "${near}"?` };
    source.report([...path, "limit", id], { code: "site.reference", value: id, rule: "no phase has this id", ...hint });
  }
  if (phases.length > 0 && feedLimitW(item, phases, first) === undefined) {
    source.report([...path, "limit"], {
      code: "site.missing",
      rule: `has no limit for phase ${phases[first].id}, in which the feed stands`,
    });
  }
}

function locate(source: SiteSource, { location }: Head, catalog: Catalog) {
  lookup(source, catalog.climates, location.climate, ["location", "climate"], "climate");
  lookup(source, catalog.grids, location.grid, ["location", "grid"], "grid");
  const utcOffsetMin = source.attempt(["location", "timezone"], () => utcOffset(location.timezone));
  const { country, timezone, climate, grid } = location;
  return { country, timezone, utcOffsetMin: utcOffsetMin ?? 0, climateId: climate, gridId: grid };
}

/** Minutes east of UTC of a zone without daylight saving. */
function utcOffset(timezone: string): number {
  const offsetIn = (month: number): number => {
    const at = new Date(Date.UTC(2027, month, 1));
    const parts = new Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "longOffset" }).formatToParts(at);
    const [, sign, hours, minutes] =
      /GMT(?:([+-])(\d\d):(\d\d))?/.exec(parts.find(({ type }) => type === "timeZoneName")?.value ?? "") ?? [];
    return sign === undefined ? 0 : (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  };
  let offsets: number[];
  try {
    offsets = [offsetIn(0), offsetIn(6)];
  } catch {
    throw new PulmuError({ code: "site.timezone", rule: "no time zone of this name", hint: "such as Asia/Seoul" });
  }
  if (offsets[0] === offsets[1]) return offsets[0];
  const hours = -offsets[0] / 60; // POSIX counts west of Greenwich
  throw new PulmuError({
    code: "site.timezone",
    rule: "a site keeps one offset all year, and this zone changes its clocks",
    hint: `write Etc/GMT${hours < 0 ? hours : `+${hours}`}`,
  });
}

function unknownPhase(file: string, phaseId: string, phases: readonly Phase[]): PulmuError {
  const known = phases.map(({ id }) => id);
  const near = nearest(phaseId, known);
  const hint = near === undefined ? `known: ${known.join(", ")}` : `did you mean "${near}"?`;
  return new PulmuError({ code: "site.unknown-phase", file, path: "phases", value: phaseId, rule: "no phase has this id", hint });
}
