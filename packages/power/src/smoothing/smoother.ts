import { SlidingRange } from "./sliding-range.ts";
import { Store, type StoreSpec } from "./store.ts";

/** What the grid asks of a feed's power. */
export interface GridLimits {
  /** Fastest rise and fall, W/s. */
  readonly upWPerS: number;
  readonly downWPerS: number;
  /** Most that the power may differ within the window, W; Infinity = no matter. */
  readonly rangeW: number;
  readonly windowS: number;
}

/** How a store smooths. */
export interface SmoothingStage extends StoreSpec {
  /** Swings slower than this pass through, s; faster ones are the store's. */
  readonly timeS: number;
}

/** Less than this beyond a limit is rounding, W. */
const HAIR_W = 1;

/** What a step comes to. */
export interface SmoothedStep {
  /** Power of each stage, W: positive charges. */
  readonly storeW: readonly number[];
  /** What the feed draws, W: the load and the stores. */
  readonly gridW: number;
  /** How far the limits are passed because the stores were full, empty or too small: W per s, and W. Zero when they hold. */
  readonly rampOverWPerS: number;
  readonly rangeOverW: number;
}

/** How long a store takes to get back to its middle, in multiples of its time. */
const RETURN = 10;

/**
 * Holds a feed's power to the ramp and range that the grid asks for: each stage follows the load slowly, and its store takes the
 * difference, fast and small stores first. A store drifts back to half full, so that it can go either way. It can only answer what it
 * sees: called once a second it smooths swings of some seconds and more (see `reachHz`).
 */
export class Smoother {
  readonly #limits: GridLimits;
  readonly #stages: readonly { readonly timeS: number; readonly store: Store; meanW: number }[];
  readonly #recent: SlidingRange;
  #gridW = NaN;

  constructor(limits: GridLimits, stages: readonly SmoothingStage[]) {
    this.#limits = limits;
    this.#stages = stages.map((stage) => ({ timeS: stage.timeS, store: new Store(stage), meanW: NaN }));
    this.#recent = new SlidingRange(limits.windowS);
  }

  get levelsJ(): readonly number[] {
    return this.#stages.map(({ store }) => store.levelJ);
  }

  step(loadW: number, passedS: number): SmoothedStep {
    let powerW = loadW;
    const storeW = this.#stages.map((stage, i) => {
      const { store, timeS } = stage;
      stage.meanW = Number.isNaN(stage.meanW) ? powerW : stage.meanW + ((powerW - stage.meanW) * passedS) / (timeS + passedS);
      const returnW = (store.spec.energyJ / 2 - store.levelJ) / (RETURN * timeS);
      let wantedW = stage.meanW + returnW;
      if (i === this.#stages.length - 1) wantedW = this.#allowed(wantedW, passedS); // the last one answers for the feed
      const [giveW, takeW] = store.reach(passedS);
      const own = Math.max(giveW, Math.min(takeW, wantedW - powerW));
      store.move(own, passedS);
      powerW += own;
      return own;
    });
    const over = this.#passed(powerW, passedS);
    this.#gridW = powerW;
    this.#recent.add(powerW, passedS);
    return { storeW, gridW: powerW, ...over };
  }

  #allowed(wantedW: number, passedS: number): number {
    if (Number.isNaN(this.#gridW)) return wantedW;
    const { upWPerS, downWPerS, rangeW } = this.#limits;
    const ranged = Math.max(this.#recent.highest - rangeW, Math.min(this.#recent.lowest + rangeW, wantedW));
    return Math.max(this.#gridW - downWPerS * passedS, Math.min(this.#gridW + upWPerS * passedS, ranged)); // the ramp comes first
  }

  #passed(powerW: number, passedS: number) {
    if (Number.isNaN(this.#gridW)) return { rampOverWPerS: 0, rangeOverW: 0 };
    const { upWPerS, downWPerS, rangeW } = this.#limits;
    const rate = (powerW - this.#gridW) / passedS;
    const range = Math.max(this.#recent.highest, powerW) - Math.min(this.#recent.lowest, powerW);
    const beyond = (over: number) => (over > HAIR_W ? over : 0);
    return { rampOverWPerS: beyond(Math.max(rate - upWPerS, -rate - downWPerS)), rangeOverW: beyond(range - rangeW) };
  }
}
