import type { Site } from "@pulmu/site";
import type { LiveFactory } from "../live/factory.ts";
import type { Past, RackColumns } from "./past.ts";

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

/** `/api/floor/now`: every rack's readings, as whole numbers; -1 where nothing is known. */
export interface FloorNow {
  readonly atMs: number;
  readonly powerW: readonly number[];
  readonly limitW: readonly number[];
  /** Tenths of a degree. */
  readonly inletDeciC: readonly number[];
  /** Hundredths of full speed; left out for the past. */
  readonly speedPct: readonly number[] | null;
  /** 0 well, 1 slowed, 2 hot, 3 silent, 4 disobedient; for the past by heat alone. */
  readonly health: readonly number[];
  /** Index into `works`, -1: idle; for now only. */
  readonly work: readonly number[] | null;
  readonly works: readonly { readonly id: string; readonly tenantId: string; readonly serviceClass: string }[];
}

export function floorNow(factory: LiveFactory): FloorNow {
  return factory.view("floor", () => {
    const { simulation, steering } = factory;
    const { site, rackPowerW, rackInletC, rackSpeed, atMs } = simulation;
    const placements = simulation.placements();
    const work = new Array<number>(site.racks.length).fill(-1);
    const most = new Float64Array(site.racks.length);
    for (const [index, { pieces }] of placements.entries())
      for (const { rack, gpus } of pieces)
        if (gpus > most[rack]) {
          most[rack] = gpus;
          work[rack] = index;
        }
    const view = steering?.view();
    const silent = new Set(view?.unreachable);
    const disobedient = new Set(view?.disobedient);
    const limitW = Float64Array.from(site.racks, ({ provisionedW }, r) => steering?.limitW(r) ?? provisionedW);
    const columns = { powerW: rackPowerW, limitW, inletC: rackInletC };
    return {
      ...whole(site, columns, atMs),
      speedPct: Array.from(rackSpeed, (speed) => Math.round(speed * 100)),
      health: site.racks.map(({ type }, r) => {
        if (disobedient.has(r)) return HEALTH.disobedient;
        if (silent.has(r)) return HEALTH.silent;
        if (rackInletC[r] >= type.maxInletC) return HEALTH.hot;
        return rackSpeed[r] < 0.98 && work[r] >= 0 ? HEALTH.slowed : HEALTH.ok;
      }),
      work,
      works: placements.map(({ id, tenantId, serviceClass }) => ({ id, tenantId, serviceClass })),
    };
  });
}

/** The floor as it was: what is kept of each rack. */
export function floorThen({ simulation: { site } }: LiveFactory, past: Past, atMs: number): FloorNow {
  const columns = past.racksAt(atMs);
  return {
    ...whole(site, columns, atMs),
    speedPct: null,
    health: site.racks.map(({ type }, r) => (columns.inletC[r] >= type.maxInletC ? HEALTH.hot : HEALTH.ok)),
    work: null,
    works: [],
  };
}

function whole(site: Site, { powerW, limitW, inletC }: RackColumns, atMs: number) {
  const round = (value: number) => (Number.isFinite(value) ? Math.round(value) : -1);
  return {
    atMs,
    powerW: site.racks.map((_, r) => round(powerW[r])),
    limitW: site.racks.map((_, r) => round(limitW[r])),
    inletDeciC: site.racks.map((_, r) => round(inletC[r] * 10)),
  };
}
