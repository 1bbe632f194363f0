import { lossW, type Accelerator, type RackType } from "@pulmu/catalog";
import type { Site } from "@pulmu/site";
import type { LiveFactory } from "../live/factory.ts";
import type { Past, PointSeries } from "./past.ts";

/** GPUs of a rack that do the same. */
export interface GpuGroup {
  /** Null: idle, or out of service. */
  readonly workId: string | null;
  readonly tenantId: string | null;
  readonly gpus: number;
  /** Of one of them, W: its share of what the rack's meter says. */
  readonly gpuW: number;
}

/**
 * `/api/floor/gpus`: the GPUs of a rack. No meter of the site is finer than the rack's, and no scheduler says which GPU is whose: what is known
 * is how many each work holds, and what its GPUs draw on average everywhere. The rack's watts, less its shelf's loss, switches and trays, are
 * shared out in that proportion (`gpuShareW`).
 */
export interface RackGpus {
  readonly rack: string;
  readonly gpus: number;
  readonly groups: readonly GpuGroup[];
  /** What each was told: this is per GPU. Null: nothing since this process steers. */
  readonly gpuCapW: number | null;
}

export function rackGpus({ simulation, steering }: LiveFactory, rack: number): RackGpus {
  const { site, rackPowerW } = simulation;
  const { id, type } = site.racks[rack];
  const gpus = type.trays * type.gpusPerTray;
  const works = simulation.placements().flatMap(({ id: workId, tenantId, pieces, gpuPowerW: workW }) => {
    const here = pieces.reduce((sum, piece) => sum + (piece.rack === rack ? piece.gpus : 0), 0);
    const all = pieces.reduce((sum, piece) => sum + piece.gpus, 0);
    return here === 0 ? [] : [{ workId, tenantId, gpus: here, meanW: workW / all }];
  });
  const idle = gpus - works.reduce((sum, work) => sum + work.gpus, 0);
  const idleW = site.accelerators.get(type.acceleratorId)?.idleW ?? 1;
  const groups = [...works, ...(idle > 0 ? [{ workId: null, tenantId: null, gpus: idle, meanW: idleW }] : [])];
  const together = groups.reduce((sum, { gpus: count, meanW }) => sum + count * meanW, 0);
  const totalW = gpuShareW(site, rack, rackPowerW[rack]) * gpus;
  const write = steering?.writeTo(rack);
  return {
    rack: id,
    gpus,
    groups: groups.map(({ meanW, ...group }) => ({ ...group, gpuW: together > 0 ? (totalW * meanW) / together : totalW / gpus })),
    gpuCapW: write === undefined || !Number.isFinite(write.gpuCapW) ? null : write.gpuCapW,
  };
}

/** The same of a moment of the last day, of which only the work with most of the GPUs is kept: all share evenly. Undefined: nothing is kept. */
export function rackGpusThen({ simulation }: LiveFactory, past: Past, rack: number, atMs: number): RackGpus | undefined {
  const kept = past.racksAt(atMs);
  if (kept === undefined) return undefined;
  const { site } = simulation;
  const { id, type } = site.racks[rack];
  const gpus = type.trays * type.gpusPerTray;
  const { work, works } = kept.placed;
  const { id: workId, tenantId } = work[rack] < 0 ? { id: null, tenantId: null } : works[work[rack]];
  return { rack: id, gpus, groups: [{ workId, tenantId, gpus, gpuW: gpuShareW(site, rack, kept.powerW[rack]) }], gpuCapW: null };
}

/** The last day of one GPU's even share of its rack, and of what the rack's limit leaves each. */
export function gpuSeries({ simulation }: LiveFactory, past: Past, rack: number): PointSeries {
  const share = (watts: readonly number[]) => watts.map((rackW) => gpuShareW(simulation.site, rack, rackW));
  const { powerW, limitW = [], stepS, atMs } = past.rack(rack);
  return { stepS, atMs, powerW: share(powerW), limitW: share(limitW) };
}

/**
 * What one GPU draws on average, W, by what its rack draws: between a rack that waits and one at full work the trays' processors rise with the
 * GPUs, so each watt above idle is shared between them as their spans are.
 */
export function gpuShareW({ racks, accelerators }: Site, rack: number, rackW: number): number {
  const { type } = racks[rack];
  const accelerator = accelerators.get(type.acceleratorId);
  const dcW = rackW - lossW(type.psuLoss, type.psuRatingW, rackW) - type.rackOverheadW;
  return accelerator === undefined ? dcW / (type.trays * type.gpusPerTray) : Math.max(0, shareOf(type, accelerator, dcW));
}

function shareOf({ trays, gpusPerTray, trayIdleW, trayBusyW }: RackType, { idleW, tdpW }: Accelerator, dcW: number): number {
  const gpus = trays * gpusPerTray;
  const aboveIdleW = dcW - trays * trayIdleW - gpus * idleW;
  const spanW = trays * (trayBusyW - trayIdleW) + gpus * (tdpW - idleW);
  return idleW + (aboveIdleW / spanW) * (tdpW - idleW);
}
