/** For torture and tests: what this room can be put through, and a model small enough to be made on the spot. */
export { type KillReport, killRounds, type KillRounds } from "./kill-rounds.ts";
export { tinyGguf } from "./tiny-gguf.ts";
