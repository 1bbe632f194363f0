/** Floor 1: the site model. */
export type * from "./model.ts";
