/** Floor 1: durable storage, and the append-only record of who did what. */
export { type Checkpoint, openCheckpoint } from "./log/checkpoint.ts";
export { type Draft, type Entry, type Json, MAX_ENTRY_BYTES } from "./log/entry.ts";
export { exportJournal, type ExportOptions } from "./log/export.ts";
export { appendEntries, checkpointJournal, latestCheckpoint, readEntries, readHead, readTrace, traceIdOf } from "./log/journal.ts";
export { openSignerFile } from "./log/key-file.ts";
export { newSigner, type NoteSigner, parseSigner } from "./log/note.ts";
export { prepareJournal } from "./log/schema.ts";
export { readResource } from "./log/tiles.ts";
export { type JournalFinding, type JournalReport, verifyJournal, type VerifyOptions } from "./log/verify.ts";
export { GroupCommit, type GroupCommitLimits } from "./storage/group-commit.ts";
export { migrate, type Migration } from "./storage/migrate.ts";
export { openStore, type StoreOptions } from "./storage/open.ts";
export type { Guard, NamedLock, Reader, Row, SqlValue, Store, Target, Transaction } from "./storage/store.ts";
