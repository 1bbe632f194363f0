import { join, relative } from "node:path";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { plainScenario } from "@pulmu/twin";
import { PulmuError } from "@pulmu/units";
import type { BusPlant } from "../../bus/live-bus.ts";
import { openLive, openScenario } from "../../run/twin.ts";
import type { UpOptions } from "./options.ts";

/** The site that comes with the checkout, wherever the command is run. */
const DEFAULT_SITE = relative(process.cwd(), join(import.meta.dirname, "../../../../../sites/gak-sejong.yaml"));

/**
 * What the factory has behind it when it is first seen: loops are warm, queues are filled, jobs run. Jobs that save their state each
 * quarter of an hour have done so not long ago: whoever comes sees what the site draws, not the dip of its largest gang.
 */
const WARM_UP_S = 1_200;

interface Prepared {
  readonly plant: BusPlant;
  readonly workloadSource: string;
  /** Wall time of the plant's second 0. Today starts a little in the past and warms up; a scenario starts at its own start. */
  readonly secondZeroMs: number;
}

export async function prepare(options: UpOptions): Promise<Prepared> {
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  if (options.role === "operator") return prepareOperator(options, nowMs);
  const startMs = nowMs - WARM_UP_S * 1000;
  const live = options.scenario === undefined;
  const { simulation: twin, workloadSource } = live
    ? await openLive(startMs, { ...options, site: options.site ?? DEFAULT_SITE })
    : await openScenario(options.scenario!, options);
  const { site, catalog, scenario } = twin;
  return {
    plant: { site, catalog, scenario, twin },
    workloadSource,
    secondZeroMs: nowMs - (live ? (WARM_UP_S * 1000) / options.speed : 0),
  };
}

/** Somebody else's plant: the site file says what should be there, the bus what is. */
function prepareOperator({ bus, scenario: file, speed, site: siteFile = DEFAULT_SITE, phase }: UpOptions, nowMs: number): Prepared {
  const wrong = (path: string, rule: string) => new PulmuError({ code: "up.role", path, rule });
  if (bus === undefined) throw wrong("--bus", "an operator alone needs the address of the site's broker");
  if (file !== undefined) throw wrong("--scenario", "a scenario is played by the site, not by its operator");
  if (speed !== 1) throw wrong("--speed", "an operator keeps the wall's time");
  const catalog = loadCatalog();
  const site = loadSite(siteFile, { catalog, ...(phase !== undefined && { phase }) });
  const scenario = plainScenario({ site, siteFile, startMs: nowMs, durationS: Infinity, seed: 0 });
  return { plant: { site, catalog, scenario }, workloadSource: `read from ${bus}`, secondZeroMs: nowMs };
}
