/**
 * `npm run bench -- exchange`: what the bus costs. Options: `--only contracts|checker|stress|cadence`, `--minutes N` of the cadence (60 for
 * the hour).
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadCatalog } from "@pulmu/catalog";
import { loadSite } from "@pulmu/site";
import { benchCadence } from "./exchange/cadence.ts";
import { benchChecker, benchContracts } from "./exchange/check.ts";
import { benchStress } from "./exchange/stress.ts";

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { only: { type: "string" }, minutes: { type: "string", default: "2" } } });
  const wanted = (part: string) => values.only === undefined || values.only === part;
  const catalog = loadCatalog();
  const siteFile = join(import.meta.dirname, "..", "sites", "gak-sejong.yaml");
  const site = loadSite(siteFile, { catalog });
  if (wanted("contracts")) benchContracts();
  if (wanted("checker")) await benchChecker();
  if (wanted("stress")) await benchStress(site);
  if (wanted("cadence")) await benchCadence(site, catalog, siteFile, Number(values.minutes));
}
