/** For the tests of this room and those above: real databases. */
export { type PostgresServer, skipWithoutPostgres, startPostgres } from "./postgres.ts";
export { onBothDatabases, type TestDatabase } from "./databases.ts";
