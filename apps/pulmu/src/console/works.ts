import type { LiveFactory } from "../live/factory.ts";

/** A rack whose limit is this share of what it could draw, or more, is not held back. */
const FREE_SHARE = 0.995;

/** What steering does to one service or job. Powers in W, summed over its racks; of a rack that works share, their share by GPUs. */
export interface WorkState {
  readonly id: string;
  readonly tenantId: string;
  readonly serviceClass: string;
  readonly racks: number;
  readonly gpus: number;
  readonly powerW: number;
  /** What its racks may draw now, and what the site provisions for them. */
  readonly limitW: number;
  readonly provisionedW: number;
  /** Mean speed of its GPUs relative to unlimited, 0…1: a gang goes as fast as its slowest rack. */
  readonly speed: number;
  /** Racks that are held below what is provisioned. */
  readonly racksHeld: number;
  /** Why: a load target by its id, the contract, heat, or nothing. */
  readonly because: "free" | "contract" | "target" | "heat";
  readonly targetId: string | null;
}

/** Every service and job that holds GPUs, and what holds it. */
export function workStates(factory: LiveFactory): readonly WorkState[] {
  return factory.view("works", () => {
    const { simulation, steering } = factory;
    const { site, rackPowerW, rackSpeed, rackInletC } = simulation;
    const target = steering?.view().scopes.find(({ stretch }) => stretch?.target.limitW !== undefined)?.stretch?.target;
    return simulation.placements().map(({ id, tenantId, serviceClass, gang, pieces }): WorkState => {
      let [gpus, powerW, limitW, provisionedW, speedSum, racksHeld] = [0, 0, 0, 0, 0, 0];
      let slowest = 1;
      let isHot = false;
      for (const piece of pieces) {
        const rack = site.racks[piece.rack];
        const share = piece.gpus / (rack.type.trays * rack.type.gpusPerTray);
        const limit = steering?.limitW(piece.rack) ?? rack.provisionedW;
        const speed = rackSpeed[piece.rack];
        gpus += piece.gpus;
        powerW += rackPowerW[piece.rack] * share;
        limitW += limit * share;
        provisionedW += rack.provisionedW * share;
        speedSum += speed * piece.gpus;
        slowest = Math.min(slowest, speed);
        if (limit < rack.provisionedW * FREE_SHARE) racksHeld++;
        if (rackInletC[piece.rack] >= rack.type.maxInletC) isHot = true;
      }
      const speed = gang ? slowest : gpus === 0 ? 1 : speedSum / gpus;
      const isHeld = speed < FREE_SHARE;
      const because = !isHeld ? "free" : isHot ? "heat" : target !== undefined ? "target" : "contract";
      return {
        id,
        tenantId,
        serviceClass,
        racks: pieces.length,
        gpus,
        powerW,
        limitW,
        provisionedW,
        speed,
        racksHeld,
        because,
        targetId: because === "target" ? (target?.id ?? null) : null,
      };
    });
  });
}
