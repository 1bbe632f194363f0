/** Floor 1: the site model, from one YAML file. */
export { nodeNames } from "./engine-racks.ts";
export { expandSite } from "./expand.ts";
export { loadSite, parseSite, readSiteText, type SiteOptions } from "./load-site.ts";
export type * from "./model.ts";
export { originOf, type Origin } from "./origin.ts";
export { siteJsonSchema } from "./schema.ts";
export { checkSite } from "./check.ts";
export { coolingAtDesign, type CoolingDesign } from "./cooling-design.ts";
export type { CheckReport, CheckRow, CheckTotals } from "./check-report.ts";
export { steadyStateW } from "./steady-state.ts";
export { showTree, type TreeOptions } from "./show-tree.ts";
export { oneLineSvg } from "./one-line-svg.ts";
