import type { Work } from "../curves/work.ts";

/** A cap on its way to a device: a lease that ends. GPUs of one rack share it. */
export interface CapWrite {
  /** Index into `Site.racks`. */
  readonly rack: number;
  /** Power limit per GPU, whole W. */
  readonly gpuCapW: number;
  /** SM clock limit over the maximum, 0…1; 1 = none. */
  readonly clockLimit: number;
  /** How long it holds from when the device takes it, ms; then the device's own fallback does. 0 = go to the fallback now. */
  readonly validForMs: number;
  /** Grows with every write and every controller: a device refuses what is not newer than what it has. */
  readonly order: number;
}

/** What a device says it was told last. */
export interface LeaseReport {
  readonly rack: number;
  /** Order of the last write it took; 0 = none ever. */
  readonly order: number;
  readonly gpuCapW: number;
  readonly clockLimit: number;
  /** What is left of the lease, ms; 0 = the fallback is in force; Infinity = it should have ended and could not be: it goes on until a report says otherwise. */
  readonly remainingMs: number;
  /** When this was asked for and when the answer came, by the controller's clock that does not jump, ms. */
  readonly askedMs: number;
  readonly receivedMs: number;
}

/**
 * Where caps go. An adapter keeps three promises:
 * - a write reaches its device within `LeaseTerms.deliverWithinMs`, or never;
 * - a device takes only writes of a higher order than it has, and ends a lease by itself;
 * - a device falls back to what `commission` told it.
 */
export interface Actuators {
  /** Tells every device, once, what to fall back to. */
  commission(fallbackCapW: Int32Array): void;
  send(writes: readonly CapWrite[]): void;
  /** Asks devices to read back; answers come with a later `reports`. */
  ask(racks: readonly number[]): void;
  /** Answers since the last call. */
  reports(): readonly LeaseReport[];
}

/** What the meters said last, by rack and by power node. NaN where nothing was heard yet. */
export interface MeterSnapshot {
  readonly rackPowerW: ArrayLike<number>;
  readonly rackInletC: ArrayLike<number>;
  readonly nodePowerW: ArrayLike<number>;
  /** What the node can carry with the units that are in service, W; NaN = not told. */
  readonly nodeRatingW: ArrayLike<number>;
  /** Each battery at its terminal: positive charges. */
  readonly bessPowerW: ArrayLike<number>;
  /** Time of each sample by its sender's clock, epoch ms, and whether the sender calls it good (1). */
  readonly rackSampleMs: ArrayLike<number>;
  readonly rackGood: ArrayLike<number>;
  readonly nodeSampleMs: ArrayLike<number>;
  readonly nodeGood: ArrayLike<number>;
}

export interface Meters {
  read(): MeterSnapshot;
}

/** Who works where, as the scheduler tells; undefined when nobody does. */
export interface WorkSource {
  works(): readonly Work[] | undefined;
}

export interface Clock {
  /** Milliseconds from some start, never jumping. */
  monotonicMs(): number;
  /** Time of day, epoch ms: targets are stated in it. It may jump. */
  wallMs(): number;
}
