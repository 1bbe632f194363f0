import type { Site } from "@pulmu/site";
import type { LiveFactory } from "../live/factory.ts";
import { columnsNow, type Past } from "./past.ts";
import { type Placed, placedNow } from "./placed.ts";
import { DEVICE, type RackColumns } from "./rack-history.ts";

/** `/api/floor`: where every rack stands and what feeds it. Columns by rack, in the site's order; indices into the lists above them. */
export function floorPlan(site: Site) {
  const types = [...new Map(site.racks.map(({ type }) => [type.id, type])).values()];
  const typeIndex = new Map(types.map(({ id }, index) => [id, index]));
  return {
    halls: site.halls.map(({ id, rows, racksPerRow, firstRack, endRack, phaseId }) => ({
      id,
      rows,
      racksPerRow,
      firstRack,
      endRack,
      phaseId,
    })),
    types: types.map(({ id, name, acceleratorId, trays, gpusPerTray, nameplateW, maxInletC }) => {
      const gpuTdpW = site.accelerators.get(acceleratorId)?.tdpW ?? null;
      return { id, name, acceleratorId, trays, gpusPerTray, nameplateW, maxInletC, gpuTdpW };
    }),
    nodes: site.nodes.map(({ id, kind, parents, ratingW }) => ({ id, kind, parents, ratingW })),
    cdus: site.cdus.map(({ id, loop }) => ({ id, loop: site.loops[loop].id })),
    racks: {
      id: site.racks.map(({ id }) => id),
      row: site.racks.map(({ row }) => row),
      position: site.racks.map(({ position }) => position),
      type: site.racks.map(({ typeId }) => typeIndex.get(typeId)!),
      provisionedW: site.racks.map(({ provisionedW }) => provisionedW),
      parents: site.racks.map(({ parents }) => parents),
      cdu: site.racks.map(({ cdu }) => cdu),
    },
  };
}

/** What is the matter with a rack: the number that stands for it in `health`. */
const HEALTH = { ok: 0, slowed: 1, hot: 2, silent: 3, disobedient: 4 } as const;

const SLOWED_BELOW = 0.98;

/** `/api/floor/now`: every rack's readings, as whole numbers; -1 where nothing is known. */
export interface FloorNow {
  readonly atMs: number;
  readonly powerW: readonly number[];
  readonly limitW: readonly number[];
  /** Tenths of a degree. */
  readonly inletDeciC: readonly number[];
  /** Hundredths of full speed. */
  readonly speedPct: readonly number[];
  /** 0 well, 1 slowed, 2 hot, 3 silent, 4 disobedient. */
  readonly health: readonly number[];
  /** Index into `works`, -1: idle. */
  readonly work: readonly number[];
  readonly works: Placed["works"];
}

export function floorNow(factory: LiveFactory): FloorNow {
  return factory.view("floor", () => {
    const { site, atMs } = factory.simulation;
    return floorOf(site, atMs, columnsNow(factory), placedNow(factory));
  });
}

/** The floor as it was; undefined: nothing is kept of it yet. */
export function floorThen({ simulation: { site } }: LiveFactory, past: Past, atMs: number): FloorNow | undefined {
  const kept = past.racksAt(atMs);
  return kept && floorOf(site, atMs, kept, kept.placed);
}

function floorOf({ racks }: Site, atMs: number, columns: RackColumns, { work, works }: Placed): FloorNow {
  const { powerW, limitW, inletC, speed, device } = columns;
  const whole = (values: ArrayLike<number>, unit: number) => {
    const rounded = new Array<number>(racks.length);
    for (let r = 0; r < racks.length; r++) rounded[r] = Number.isFinite(values[r]) ? Math.round(values[r] * unit) : -1;
    return rounded;
  };
  return {
    atMs,
    powerW: whole(powerW, 1),
    limitW: whole(limitW, 1),
    inletDeciC: whole(inletC, 10),
    speedPct: whole(speed, 100),
    health: racks.map(({ type }, r) => {
      if (device[r] === DEVICE.disobedient) return HEALTH.disobedient;
      if (device[r] === DEVICE.silent) return HEALTH.silent;
      if (inletC[r] >= type.maxInletC) return HEALTH.hot;
      return speed[r] < SLOWED_BELOW && work[r] >= 0 ? HEALTH.slowed : HEALTH.ok;
    }),
    work: Array.from(work),
    works,
  };
}
