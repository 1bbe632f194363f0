import type { LiveFactory } from "../live/factory.ts";
import { factoryState, type FactoryState } from "../live/state.ts";
import type { GridEvent } from "../steer/grid-event.ts";
import { steeringState, type SteeringState } from "../steer/steering-state.ts";
import type { Today, TodaySums } from "./today.ts";
import { workStates, type WorkState } from "./works.ts";

/** The factory at one moment, as the pages show it. */
export interface Moment {
  readonly state: FactoryState;
  readonly steering: SteeringState | null;
  readonly works: readonly WorkState[];
  readonly today: TodaySums;
  /** Load targets that were not over: what came of the others is final, and as it is now. */
  readonly gridEvents: readonly GridEvent[];
}

export function momentOf(factory: LiveFactory, today: Today): Moment {
  const { steering } = factory;
  return {
    state: factoryState(factory),
    steering: steering === undefined ? null : steeringState(steering),
    works: workStates(factory),
    today: today.sums(),
    gridEvents: steering?.events.list().filter(({ state }) => state !== "over") ?? [],
  };
}
