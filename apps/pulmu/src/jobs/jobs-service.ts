import { randomBytes } from "node:crypto";
import type { Store } from "@pulmu/journal";
import { JobRunner, ModelledMeter, type PowerSource, SlurmEngine } from "@pulmu/jobs";
import { type Calendar, type Ledger, recordReading } from "@pulmu/ledger";
import type { Simulation } from "@pulmu/twin";
import type { EngineRackMeter } from "../accounts/engine-rack-meter.ts";
import { EngineFleet } from "../fleet/engine-fleet.ts";
import type { Watches } from "../fleet/watches.ts";
import { bookOf } from "./book-of.ts";
import { type EngineOptions, jobsDirOf, openEngine } from "./engine-option.ts";
import { EngineRacks, EngineWork } from "./engine-racks.ts";

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
  /** Meter of the engine's racks; undefined: what its nodes draw is on no meter, and a model stands for it. */
  readonly engineRacks?: EngineRackMeter | undefined;
  readonly watches?: Watches;
}

export interface JobsService {
  readonly runner: JobRunner;
  /** Call after each second of the factory. */
  tick(): void;
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
  const { engine, files, caps } = openEngine(options, jobsDir, plant, now);
  const houseId = await book.houseId(() => `h${randomBytes(4).toString("hex")}`);
  const { type, provisionedW } = site.racks[site.engineRacks[0]?.rack ?? 0];
  const wattsPerGpu = Math.round(provisionedW / (type.trays * type.gpusPerTray));
  const model = () => new ModelledMeter({ id: `engine/${houseId}/${now()}`, facilityPerIt: FACILITY_PER_IT, carbonGPerKWh });
  const racks = new EngineRacks(site);
  house.engineRacks?.start();
  const runner = new JobRunner({
    book,
    engine,
    files,
    power,
    caps,
    cluster: {
      places: [site.country, site.id],
      wattsPerGpu,
      idleWattsPerGpu: Math.round(wattsPerGpu * IDLE_SHARE),
      acceleratorId: type.acceleratorId,
    },
    meter: house.engineRacks ?? model(),
    ledger: house.ledger,
    keepReading: (reading) => recordReading(house.store, house.calendar, reading),
    houseId,
    now,
    complain,
  });
  runner.start();
  const seen = () => ({ jobs: runner.jobs(), nodes: runner.view.nodes });
  const work = house.engineRacks && new EngineWork(plant, racks, seen, { wattsPerGpu, complain });
  const tenantOf = (engineId: string) => runner.jobs().find((job) => job.engineId === engineId)?.tenantId;
  const isFleet = engine instanceof SlurmEngine || site.engineRacks.length > 0;
  const fleet = isFleet ? new EngineFleet(house.store, engine, { now, complain, tenantOf, ...(house.watches && { watches: house.watches }), rackIdOf: (node) => racks.rackIdOf(node) }) : undefined; // prettier-ignore
  const close = async () => {
    await fleet?.close();
    await runner.close();
  };
  return { runner, tick: () => work?.tick(), close };
}
