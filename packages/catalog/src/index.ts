/** Floor 0: sourced facts. */
export type * from "./types.ts";
