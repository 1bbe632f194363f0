/** Second door, `@pulmu/site/testing`: random sites for property tests of this room and of those above. */
export { arbitrarySite } from "./arbitrary-site.ts";
