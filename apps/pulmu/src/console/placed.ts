import type { LiveFactory } from "../live/factory.ts";

/** Which work each rack does. */
export interface Placed {
  /** Index into `works`, -1: idle. Where several share a rack, the one with most of its GPUs. */
  readonly work: Int16Array;
  readonly works: readonly { readonly id: string; readonly tenantId: string; readonly serviceClass: string }[];
}

/** Made once a second, and only when asked for. */
export function placedNow(factory: LiveFactory): Placed {
  return factory.view("placed", () => {
    const { simulation } = factory;
    const placements = simulation.placements();
    const work = new Int16Array(simulation.site.racks.length).fill(-1);
    const most = new Float64Array(work.length);
    for (const [index, { pieces }] of placements.entries())
      for (const { rack, gpus } of pieces)
        if (gpus > most[rack]) {
          most[rack] = gpus;
          work[rack] = index;
        }
    return { work, works: placements.map(({ id, tenantId, serviceClass }) => ({ id, tenantId, serviceClass })) };
  });
}

/** Is everything where it was? */
export function isSamePlaced(a: Placed, b: Placed): boolean {
  return (
    a.works.length === b.works.length &&
    a.works.every(({ id }, i) => id === b.works[i].id) &&
    a.work.every((index, rack) => index === b.work[rack])
  );
}
