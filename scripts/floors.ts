/**
 * The floors of the house (docs/decisions/0001): a room imports only rooms on floors below its own, through their doors (what package.json exports), and only
 * the planner and the program see the twin.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

export const FLOORS: Readonly<Record<string, number>> = {
  units: 0,
  catalog: 0,
  journal: 1,
  site: 1,
  exchange: 2,
  govern: 2,
  ledger: 2,
  twin: 2,
  fleet: 3,
  jobs: 3,
  plan: 3,
  power: 3,
  agents: 4,
  gateway: 4,
  models: 4,
  world: 4,
  console: 5,
  pulmu: 5,
};

/** Neighbours on one floor that may still be used: the ground floor's own order. */
const NEIGHBOURS: readonly string[] = ["catalog → units"];
const SEES_THE_TWIN: readonly string[] = ["plan", "pulmu"];

/** Any form of import that names a module by a literal: static, type-only, re-export, dynamic. */
const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g;

export interface FloorReport {
  readonly filesRead: number;
  /** `packages/site/src/x.ts:3: imports @pulmu/twin: rule`. */
  readonly violations: readonly string[];
}

export function checkFloors(root: string): FloorReport {
  const violations: string[] = [];
  const files = globSync(["packages/*/{src,fit}/**/*.ts", "apps/*/src/**/*.{ts,tsx}"], { cwd: root }).toSorted();
  for (const file of files) {
    const room = file.split(sep)[1];
    const text = readFileSync(join(root, file), "utf8");
    for (const match of text.matchAll(IMPORT)) {
      const rule = broken(root, file, room, match[1]);
      const line = text.slice(0, match.index).split("\n").length;
      if (rule !== undefined) violations.push(`${file}:${line}: imports ${match[1]}: ${rule}`);
    }
  }
  return { filesRead: files.length, violations };
}

function broken(root: string, file: string, room: string, specifier: string): string | undefined {
  if (!(room in FLOORS)) return `room "${room}" has no floor yet; give it one in scripts/floors.ts`;
  if (specifier.startsWith(".")) {
    const target = relative(root, resolve(root, dirname(file), specifier)).split(sep);
    return target[1] === room ? undefined : "a relative path leaves the room; import its package instead";
  }
  if (/^pulmu(\/|$)/.test(specifier) && !(room === "console" && specifier === "pulmu/wire"))
    return "the program has one door, pulmu/wire: the types of what it answers, for the console";
  if (!specifier.startsWith("@pulmu/")) return undefined;
  const [, other, ...deep] = specifier.split("/");
  if (other === room) return undefined;
  if (!(other in FLOORS)) return `there is no room "${other}"`;
  if (deep.length > 0 && manifestOf(root, "packages", other)?.exports?.[`./${deep.join("/")}`] === undefined)
    return "only a room's doors may be imported";
  if (deep[0] === "testing" && !isTest(file)) return "what helps tests is for tests";
  if (other === "twin" && !SEES_THE_TWIN.includes(room))
    return "only the planner and the program may see the twin: the plant is behind the wire";
  if (FLOORS[other] >= FLOORS[room] && !NEIGHBOURS.includes(`${room} → ${other}`)) {
    return `${room} stands on floor ${FLOORS[room]}, ${other} on floor ${FLOORS[other]}: imports go down only`;
  }
  const declared = manifestOf(root, file.split(sep)[0], room)?.dependencies?.[`@pulmu/${other}`] !== undefined;
  return declared ? undefined : "it is not among the dependencies in the room's package.json";
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
}

function manifestOf(root: string, folder: string, room: string): Manifest | undefined {
  const path = join(root, folder, room, "package.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : undefined;
}

function isTest(file: string): boolean {
  return file.includes(".test.") || file.split(sep).includes("testing");
}
