/** For the tests of this room and those above: real databases, and what a power cut leaves of them. */
export { onBothDatabases, type TestDatabase } from "./databases.ts";
export { giveToServer, type PostgresServer, skipWithoutPostgres, startPostgres } from "./postgres.ts";
export { afterPowerCut, type FileEvent, skipWithoutStrace, traceFiles } from "./power-cut.ts";
