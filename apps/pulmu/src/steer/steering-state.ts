import type { Stretch } from "@pulmu/power";
import type { Steering } from "./steering.ts";

/** Load targets and racks listed at most, of each kind. */
const MAX_SHOWN = 100;

/** A load target as it stands in the book. */
interface TargetState {
  readonly id: string;
  readonly feed: string | null;
  readonly fromMs: number;
  /** null: until replaced. */
  readonly untilMs: number | null;
  readonly limitW: number | null;
  readonly strategy: string;
}

/** `/api/steering`: what may be drawn, what is held back for it, and why. Powers in W; null where something is not known. */
export interface SteeringState {
  /** False: stands by, another process steers. */
  readonly leads: boolean;
  /** The site, then each feed: what the contract allows, what holds now on its way to where it goes, what is drawn. */
  readonly envelope: readonly {
    readonly feed: string | null;
    readonly contractW: number;
    readonly limitW: number;
    readonly goalW: number;
    readonly drawnW: number;
    readonly target: TargetState | null;
  }[];
  readonly targets: readonly TargetState[];
  /** Σ of what racks may draw by their caps, Σ of what they would fall to, and the rack watts that these have to fit: now, and always. */
  readonly caps: {
    readonly sumW: number;
    readonly fallbackSumW: number;
    readonly budgetW: number;
    readonly contractBudgetW: number;
    /** What even the lowest caps need more than is allowed now. */
    readonly shortW: number;
  };
  readonly devices: {
    readonly racks: number;
    readonly silent: readonly string[];
    readonly disobedient: readonly string[];
    readonly untrustedMeters: number;
  };
  /** Critical work that has less than it needs, and the limits that made it so. */
  readonly criticalCuts: readonly {
    readonly rack: string;
    readonly sinceMs: number;
    readonly limitW: number;
    readonly needW: number;
    readonly because: string;
  }[];
  /** Curves of power's worth that were not concave and count as their hull: by type of rack and kinds of work. */
  readonly curveRepairs: readonly { readonly rackType: string; readonly work: string; readonly dropped: number }[];
  readonly writes: {
    readonly count: number;
    readonly last: readonly {
      readonly atMs: number;
      readonly rack: string;
      readonly gpuCapW: number;
      readonly clockLimit: number;
      /** 0: told to go to its fallback. */
      readonly validForS: number;
    }[];
  };
}

export function steeringState(steering: Steering): SteeringState {
  const view = steering.view();
  const { scopes, liableW, fallbackW, budgetW, firmBudgetW, shortW, unreachable, disobedient, untrustedRackMeters, criticalCuts } = view;
  const { racks, feeds } = steering.setup.site;
  const { count, last } = steering.writes;
  const names = (list: readonly number[]) => list.slice(0, MAX_SHOWN).map((r) => racks[r].id);
  return {
    leads: steering.leads,
    envelope: scopes.map(({ feedTag, contractW, limitW, goalW, drawnW, stretch }) => ({
      feed: feedTag ?? null,
      contractW,
      limitW,
      goalW,
      drawnW,
      target: stretch === undefined ? null : targetState(stretch),
    })),
    targets: [undefined, ...feeds.map(({ tag }) => tag)]
      .flatMap((tag) => steering.targets.of(tag))
      .slice(0, MAX_SHOWN)
      .map(targetState),
    caps: { sumW: liableW, fallbackSumW: fallbackW, budgetW, contractBudgetW: firmBudgetW, shortW },
    devices: { racks: racks.length, silent: names(unreachable), disobedient: names(disobedient), untrustedMeters: untrustedRackMeters },
    criticalCuts: criticalCuts.slice(0, MAX_SHOWN).map((cut) => ({ ...cut, rack: racks[cut.rack].id })),
    curveRepairs: view.curveRepairs.slice(0, MAX_SHOWN),
    writes: {
      count,
      last: last.map(({ atMs, rack, gpuCapW, clockLimit, validForMs }) => ({
        atMs,
        rack: racks[rack].id,
        gpuCapW,
        clockLimit,
        validForS: validForMs / 1000,
      })),
    },
  };
}

function targetState({ fromMs, untilMs, target }: Stretch): TargetState {
  const { id, feedTag, limitW, strategy } = target;
  return { id, feed: feedTag ?? null, fromMs, untilMs: untilMs === Infinity ? null : untilMs, limitW: limitW ?? null, strategy };
}
