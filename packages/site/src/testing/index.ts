/** Second door, `@pulmu/site/testing`: random sites for property tests of this room and of those above, and a small one to read. */
export { arbitrarySite } from "./arbitrary-site.ts";
export { fixedCatalog } from "./fixed-catalog.ts";
export { SMALL_SITE } from "./small-site.ts";
