import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Fleet } from "@pulmu/fleet";
import { Identity, prepareGovern } from "@pulmu/govern";
import type { Allotments } from "@pulmu/jobs/allotment";
import { type NoteSigner, openSignerFile, openStore, prepareJournal, type Store } from "@pulmu/journal";
import { type Calendar, claimLedger, Ledger, prepareLedger } from "@pulmu/ledger";
import type { Watches } from "../fleet/watches.ts";
import { BusHome } from "../bus/bus-home.ts";

/** Where everything that must last is kept, when nobody says otherwise. */
export const DEFAULT_DATABASE = ".pulmu/pulmu.db";
const DEFAULT_ORIGIN = "pulmu.local/journal";
/** Korea: where the days of a new ledger turn. */
const DEFAULT_UTC_OFFSET_MIN = 540;

export interface HouseOptions {
  /** SQLite file or `postgres://…`; by default the environment's PULMU_DATABASE, else `.pulmu/pulmu.db`. */
  readonly db?: string;
  /** Whose accounts these are; left out: those of whatever site the database is of. */
  readonly site?: { readonly id: string; readonly utcOffsetMin: number };
  /** Played, not lived: a scenario, or a clock faster than the wall's. Its accounts are never mixed with those of what happened. */
  readonly study?: boolean;
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
  fleet(): Promise<Fleet>;
  /** Who watch the fleet in this process, where somebody does. */
  readonly watches?: Watches;
  allotments(): Promise<Allotments>;
  close(): Promise<void>;
}

/**
 * Opens (or makes) the database and brings its tables up to date. A working folder is one site's: another site that runs there too has its
 * accounts in a folder of its own below.
 * @throws PulmuError `store.*`, `ledger.calendar`
 */
export async function openHouse({ db, site, study = false }: HouseOptions = {}): Promise<House> {
  const named = db ?? process.env["PULMU_DATABASE"];
  if (named !== undefined || site === undefined) return openAt(named ?? DEFAULT_DATABASE, site);
  const folder = study ? `${site.id}-study` : (await isHouseOf(site.id)) ? "" : site.id;
  return openAt(join(dirname(DEFAULT_DATABASE), folder, basename(DEFAULT_DATABASE)), site);
}

async function isHouseOf(siteId: string): Promise<boolean> {
  mkdirSync(dirname(DEFAULT_DATABASE), { recursive: true });
  const store = await openStore(DEFAULT_DATABASE);
  try {
    return (await claimLedger(store, siteId)) === siteId;
  } finally {
    await store.close();
  }
}

async function openAt(address: string, site: HouseOptions["site"]): Promise<House> {
  const remote = /^postgres(ql)?:/.test(address);
  if (!remote && address.startsWith(dirname(DEFAULT_DATABASE))) mkdirSync(dirname(address), { recursive: true });
  const store = await openStore(address);
  try {
    const now = () => Date.now();
    await prepareJournal(store);
    await prepareGovern(store);
    const calendar = { utcOffsetMin: site?.utcOffsetMin ?? (await knownOffset(store)) ?? DEFAULT_UTC_OFFSET_MIN };
    await prepareLedger(store, calendar);
    let ledger: Promise<Ledger> | undefined;
    let fleet: Promise<Fleet> | undefined;
    let allotments: Promise<Allotments> | undefined;
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
      fleet: () => (fleet ??= openFleet(store, now)),
      allotments: () => (allotments ??= openAllotments(store, now)),
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

/** Loaded by who asks for it: most commands do not. */
async function openFleet(store: Store, now: () => number): Promise<Fleet> {
  const { Fleet, prepareFleet } = await import("@pulmu/fleet");
  await prepareFleet(store);
  return new Fleet(store, now);
}

async function openAllotments(store: Store, now: () => number): Promise<Allotments> {
  const { Allotments, prepareAllotments } = await import("@pulmu/jobs/allotment");
  await prepareAllotments(store);
  return new Allotments(store, now);
}

async function knownOffset(store: Store): Promise<number | undefined> {
  try {
    const [row] = await store.query<{ value: string }>("select value from ledger_settings where name = 'utc-offset-min'");
    return row === undefined ? undefined : Number(row.value);
  } catch {
    return undefined; // no ledger yet
  }
}

/** Where the factory that was started last in this folder keeps its accounts, when that is somewhere else. */
export function accountsElsewhere(place: string): string | undefined {
  const home = new BusHome(join(dirname(DEFAULT_DATABASE), "exchange"));
  const running = home.running()?.journal;
  const isKept = running !== undefined && resolve(running) !== resolve(home.database); // without accounts it writes its journal there
  return isKept && resolve(running) !== resolve(place) ? running : undefined; // one is said from here, the other in full
}
