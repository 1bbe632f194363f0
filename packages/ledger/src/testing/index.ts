/** For the tests of this room, those above, and the torture. */
export { deliverInDisorder, type DisorderReport } from "./disorder.ts";
export { killRounds, type KillReport, type KillRounds } from "./kill-rounds.ts";
export { powerCuts, powerCutsOnPostgres, type PowerCuts } from "./power-cuts.ts";
