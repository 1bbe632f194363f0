import { randomBytes } from "node:crypto";
import type { Store } from "@pulmu/journal";
import { JobRunner, type MeteredPeriod, ModelledMeter, type PowerSource, SlurmEngine } from "@pulmu/jobs";
import { type Calendar, type Ledger, recordReading } from "@pulmu/ledger";
import type { Simulation } from "@pulmu/twin";
import { EngineFleet } from "../fleet/engine-fleet.ts";
import { bookOf } from "./book-of.ts";
import { type EngineOptions, jobsDirOf, openEngine } from "./engine-option.ts";

export { steeredPower } from "./steered-power.ts";

/** Nobody limits power: only the contract does. */
export const openPower: PowerSource = { now: (contractW) => ({ budgetW: contractW, cause: undefined }) };

/** An idle GPU with its part of the tray, of what it draws at work. A guess: idle trays were measured between a tenth and a quarter. */
const IDLE_SHARE = 0.15;
/** Of power at the racks, with cooling and losses, where no meter says: a liquid-cooled hall. A guess. */
const FACILITY_PER_IT = 1.2;

export interface JobsHouse {
  readonly store: Store;
  readonly calendar: Calendar;
  readonly ledger: Ledger;
}

export interface JobsService {
  readonly runner: JobRunner;
  close(): Promise<void>;
}

/** Opens the engine and runs the database's jobs on it. @throws PulmuError `engine.option`, `store.*` */
export async function openJobs(
  house: JobsHouse,
  plant: Simulation,
  power: PowerSource,
  options: EngineOptions & { readonly now: () => number; readonly complain: (text: string) => void },
): Promise<JobsService> {
  const { now, complain } = options;
  const { site, catalog } = plant;
  const carbon = catalog.grids.get(site.gridId)?.carbonGPerKWhByMonth ?? [];
  const carbonGPerKWh = carbon.reduce((sum, month) => sum + month, 0) / Math.max(1, carbon.length);
  const book = await bookOf(house.store);
  const jobsDir = jobsDirOf(options, house.store);
  const { engine, files } = openEngine(options, jobsDir, plant, now);
  const houseId = await book.houseId(() => `h${randomBytes(4).toString("hex")}`);
  const rackType = site.racks[0].type;
  const wattsPerGpu = Math.round(site.racks[0].provisionedW / (rackType.trays * rackType.gpusPerTray));
  const source = `engine/${houseId}/${now()}`;
  const runner = new JobRunner({
    book,
    engine,
    files,
    power,
    cluster: {
      places: [site.country, site.id],
      wattsPerGpu,
      idleWattsPerGpu: Math.round(wattsPerGpu * IDLE_SHARE),
      acceleratorId: rackType.acceleratorId,
    },
    meter: new ModelledMeter({ facilityPerIt: FACILITY_PER_IT, carbonGPerKWh }),
    ledger: house.ledger,
    onMetered: (period) => read(house, source, period),
    houseId,
    now,
    complain,
  });
  runner.start();
  const fleet = engine instanceof SlurmEngine ? new EngineFleet(house.store, engine, { now, complain }) : undefined;
  const close = async () => {
    await fleet?.close();
    await runner.close();
  };
  return { runner, close };
}

/** The engine's nodes as a meter of their own: what its jobs used and what stood idle sum to it. */
async function read({ store, calendar }: JobsHouse, source: string, { fromMs, untilMs, meter }: MeteredPeriod): Promise<void> {
  if (untilMs <= fromMs) return;
  const { itMilliJ, facilityMilliJ } = meter;
  const reading = { source, fromMs, untilMs, siteMilliJ: facilityMilliJ, itMilliJ, coolingMilliJ: facilityMilliJ - itMilliJ, lossMilliJ: 0, otherMilliJ: 0 }; // prettier-ignore
  await recordReading(store, calendar, reading);
}
