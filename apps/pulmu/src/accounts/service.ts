import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Gatekeeper, openOidc, SYSTEM } from "@pulmu/govern";
import { checkpointJournal } from "@pulmu/journal";
import { Ledger, recordReading, sealUsage } from "@pulmu/ledger";
import type { Simulation } from "@pulmu/twin";
import type { Hono } from "hono";
import { FleetService } from "../fleet/fleet-service.ts";
import { Watches } from "../fleet/watches.ts";
import { createAccountsApi } from "./api.ts";
import { EngineRackMeter } from "./engine-rack-meter.ts";
import { FactoryMeter, type MeteredPeriod } from "./factory-meter.ts";
import { DEFAULT_DATABASE, type House, openHouse } from "./house.ts";

const CHECKPOINT_EVERY_MS = 1_000;
const SEAL_EVERY_MS = 60_000;
/** Metered minutes that may wait for the database; beyond it the oldest is dropped, and said. */
const MAX_WAITING = 1_440;

/** Accounts beside a running factory: its usage metered into the ledger, the HTTP API, the journal signed. */
export interface AccountsService {
  readonly app: Hono;
  /** The administrator's key of a new house that was named: to be shown once. */
  readonly firstKey: string | undefined;
  /** Where the first key of a house that nobody named lies. */
  readonly keyFile: string | undefined;
  readonly house: House;
  /** Shares the factory's energy out. */
  readonly meter: FactoryMeter;
  /** Meter of the racks whose work an engine hands out; undefined where the site has none, or they are not metered as they are lived. */
  readonly engineRacks: EngineRackMeter | undefined;
  /** Of this process: whoever else reserves and records here shares it. */
  readonly ledger: Ledger;
  readonly fleet: FleetService;
  /** All who watch nodes here. */
  readonly watches: Watches;
  /** Call after each second of the factory. */
  tick(): void;
  close(): Promise<void>;
}

/**
 * @param simulation whose work is accounted for
 * @param instruments the site's meters; left out: the twin's
 * @throws PulmuError `store.*`, `ledger.calendar`, `oidc.provider`
 */
export async function openAccounts(
  { db, study }: { readonly db: string | undefined; readonly study: boolean },
  simulation: Simulation,
  complain: (text: string) => void,
  instruments?: () => Simulation,
): Promise<AccountsService> {
  const house = await openHouse({ ...(db !== undefined && { db }), site: simulation.site, study });
  const { store, calendar, identity } = house;
  // The ledger lives by the factory's clock where that is ahead: a scenario may lie in a year to come.
  const ledger = await Ledger.open(store, { calendar, now: () => Math.max(house.now(), simulation.atMs) });
  ledger.start();
  const signer = await house.signer();
  const [issuer, audience] = [process.env["PULMU_OIDC_ISSUER"], process.env["PULMU_OIDC_AUDIENCE"]];
  const verifyPerson = issuer === undefined || audience === undefined ? undefined : await openOidc({ issuer, audience });
  const firstKey = await identity.bootstrap(SYSTEM);
  const watches = new Watches();
  const fleet = new FleetService(store, simulation, { wall: house.now, complain, watches });
  const app = createAccountsApi({
    house: { ...house, ledger: async () => ledger, watches },
    gatekeeper: new Gatekeeper(store),
    verifyPerson,
  });

  const { scenario, site } = simulation;
  const runId = `twin/${scenario.name.replaceAll(/[^A-Za-z0-9]+/g, "-")}/${scenario.startMs}`;
  const isMetered = site.engineRacks.length > 0 && instruments !== undefined;
  const engineRacks = isMetered ? new EngineRackMeter(simulation, `${runId}/engine-racks`) : undefined;
  const meter = new FactoryMeter(simulation, runId, instruments, engineRacks);
  let waiting: MeteredPeriod[] = [];
  let working: Promise<void> | undefined;
  let signedMs = 0;
  let sealedMs = 0;
  const work = async () => {
    while (waiting.length > 0) {
      const { records, reading, elsewhere } = waiting[0];
      await Promise.all(records.map((record) => ledger.record(record)));
      await recordReading(store, calendar, reading);
      if (elsewhere !== undefined) await recordReading(store, calendar, elsewhere);
      waiting = waiting.slice(1);
    }
    const nowMs = house.now();
    if (nowMs - sealedMs >= SEAL_EVERY_MS) {
      await sealUsage(store, nowMs);
      sealedMs = nowMs;
    }
    if (nowMs - signedMs >= CHECKPOINT_EVERY_MS) {
      await checkpointJournal(store, signer, nowMs);
      signedMs = nowMs;
    }
  };
  const run = () => {
    working ??= work()
      .catch((error: Error) => complain(`accounts: ${error.message}`))
      .finally(() => (working = undefined));
    return working;
  };
  const timer = setInterval(run, CHECKPOINT_EVERY_MS).unref();
  const put = (period: MeteredPeriod | undefined) => {
    if (period === undefined) return;
    waiting.push(period);
    if (waiting.length <= MAX_WAITING) return;
    waiting.shift();
    complain("accounts: a minute of usage was dropped: the database has been away too long");
  };
  return {
    app,
    firstKey: db === undefined ? undefined : firstKey,
    keyFile: db === undefined ? keptKey(house, firstKey) : undefined,
    house,
    meter,
    engineRacks,
    ledger,
    fleet,
    watches,
    tick: () => {
      put(meter.tick());
      fleet.tick();
    },
    close: async () => {
      await fleet.close();
      clearInterval(timer);
      put(meter.end());
      await working;
      signedMs = sealedMs = 0;
      await run();
      await ledger.close();
      await house.close();
    },
  };
}

/** Leaves the first key of a new house beside it, where only its owner can read it. */
function keptKey({ store }: House, firstKey: string | undefined): string | undefined {
  const folder = dirname(store.dialect === "sqlite" ? store.place : DEFAULT_DATABASE);
  const file = join(folder, "admin-key");
  if (firstKey !== undefined) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, `${firstKey}\n`, { mode: 0o600 });
  }
  return existsSync(file) ? file : undefined;
}
