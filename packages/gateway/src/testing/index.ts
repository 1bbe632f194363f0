/** For torture: what this room can be put through. */
export { type KillReport, killRounds, type KillRounds } from "./kill-rounds.ts";
