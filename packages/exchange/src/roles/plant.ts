/** What a plant's instruments show at one moment: filled by the twin, or by whatever stands behind a gateway. Indices as in the site. */
export interface PlantReadings {
  /** Time of the readings on the plant's own clock, epoch milliseconds. */
  readonly atMs: number;
  /** Power at the input of each power node, W. */
  readonly nodePowerW: ArrayLike<number>;
  /** Power at the output of each power node over its rating. */
  readonly nodeLoad: ArrayLike<number>;
  /** Power at the input of each rack by the rack's own meter, W. */
  readonly rackReadingW: ArrayLike<number>;
  /** Power at the terminal of each battery, W: positive charges. */
  readonly bessPowerW: ArrayLike<number>;
  /** The liquid that reaches a rack, or the hall's air where it has none, °C. */
  readonly rackInletC: ArrayLike<number>;
  /** One number of the whole site by its name; NaN when there is none now. */
  series(name: string): number;
}

/** A number of the whole site that no meter shows, published as a point of the BMS. */
export interface SiteSeries {
  readonly name: string;
  readonly engUnit: string;
  /** Change that is worth a message: a share of the value last sent. */
  readonly deadbandShare: number;
  /** Only where inference is served. */
  readonly ofServices?: boolean;
}

/**
 * What the plant tells of itself beyond its meters: how its power divides, its work, the outside world. A BMS that does not
 * have these points leaves them unknown to us; nothing depends on them.
 */
export const SITE_SERIES_POINTS: readonly SiteSeries[] = (
  [
    ["gpuPowerW", "W", 0.005],
    ["lossPowerW", "W", 0.005],
    ["coolingPowerW", "W", 0.005],
    ["facilityPowerW", "W", 0.005],
    ["bessPowerW", "W", 0.005],
    ["bessStoredJ", "J", 0.002],
    ["targetW", "W", 0], // the envelope where nobody asks for less
    ["tokensPerS", "1/s", 0.01],
    ["promptTokensPerS", "1/s", 0.01],
    ["trainedTokensPerS", "1/s", 0.01],
    ["joulesPerToken", "J", 0.01, true],
    ["requestsPerS", "1/s", 0.01],
    ["queuedRequests", "1", 0],
    ["ttftP50S", "s", 0.01, true],
    ["ttftP99S", "s", 0.01, true],
    ["itlP50S", "s", 0.01, true],
    ["itlP99S", "s", 0.01, true],
    ["busyGpus", "1", 0],
    ["failedGpus", "1", 0],
    ["throttledGpus", "1", 0],
    ["cappedGpus", "1", 0],
    ["runningJobs", "1", 0],
    ["waitingJobs", "1", 0],
    ["wetBulbC", "C", 0.002],
    ["carbonGPerKWh", "g/kWh", 0.005],
    ["priceKrwPerKWh", "KRW/kWh", 0],
  ] as const
).map(([name, engUnit, deadbandShare, ofServices = false]) => ({ name, engUnit, deadbandShare, ofServices }));
