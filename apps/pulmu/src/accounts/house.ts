import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Identity, prepareGovern } from "@pulmu/govern";
import { type NoteSigner, openSignerFile, openStore, prepareJournal, type Store } from "@pulmu/journal";
import { type Calendar, Ledger, prepareLedger } from "@pulmu/ledger";

/** Where everything that must last is kept, when nobody says otherwise. */
export const DEFAULT_DATABASE = ".pulmu/pulmu.db";
const DEFAULT_ORIGIN = "pulmu.local/journal";
/** Korea: where the days of a new ledger turn. */
const DEFAULT_UTC_OFFSET_MIN = 540;

export interface HouseOptions {
  /** SQLite file or `postgres://…`; by default the environment's PULMU_DATABASE, else `.pulmu/pulmu.db`. */
  readonly db?: string;
  /** Of the site, for a new ledger. */
  readonly utcOffsetMin?: number;
}

/** The rooms that keep what must last, on one database. */
export interface House {
  readonly store: Store;
  readonly identity: Identity;
  readonly calendar: Calendar;
  readonly now: () => number;
  /** The journal's key, made on first use. */
  signer(): Promise<NoteSigner>;
  /** This process as one that reserves and records; `close` ends it. */
  ledger(): Promise<Ledger>;
  close(): Promise<void>;
}

/** Opens (or makes) the database and brings its tables up to date. @throws PulmuError `store.*` */
export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const address = options.db ?? process.env["PULMU_DATABASE"] ?? DEFAULT_DATABASE;
  const remote = /^postgres(ql)?:/.test(address);
  if (!remote && address === DEFAULT_DATABASE) mkdirSync(dirname(address), { recursive: true });
  const store = await openStore(address);
  try {
    const now = () => Date.now();
    await prepareJournal(store);
    await prepareGovern(store);
    const calendar = { utcOffsetMin: options.utcOffsetMin ?? (await knownOffset(store)) ?? DEFAULT_UTC_OFFSET_MIN };
    await prepareLedger(store, calendar);
    let ledger: Promise<Ledger> | undefined;
    const keyFile = process.env["PULMU_JOURNAL_KEY"] ?? (remote ? resolve(".pulmu/journal-key") : `${address}.journal-key`);
    return {
      store,
      identity: new Identity(store, { now, randomBytes: (count) => randomBytes(count) }),
      calendar,
      now,
      signer: async () => {
        mkdirSync(dirname(keyFile), { recursive: true });
        return openSignerFile(keyFile, process.env["PULMU_JOURNAL_ORIGIN"] ?? DEFAULT_ORIGIN);
      },
      ledger: () => (ledger ??= Ledger.open(store, { calendar, now })),
      close: async () => {
        await (await ledger)?.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function knownOffset(store: Store): Promise<number | undefined> {
  try {
    const [row] = await store.query<{ value: string }>("select value from ledger_settings where name = 'utc-offset-min'");
    return row === undefined ? undefined : Number(row.value);
  } catch {
    return undefined; // no ledger yet
  }
}
