/** What a device is told to keep to. */
export interface Cap {
  /** Power limit of one GPU, W; Infinity = as high as the device allows. */
  readonly gpuCapW: number;
  /** SM clock limit over the maximum, 0…1; 1 = none. */
  readonly clockLimit: number;
}

/** Why a device keeps to something else than it was told. */
export interface CapNote {
  readonly code:
    | "below-minimum" // asked for less than the device allows: it keeps to its minimum
    | "above-maximum" // asked for more: it keeps to its maximum
    | "not-in-force" // a limit is set and not enforced: the device may draw its maximum
    | "differs" // it took the write and shows something else
    | "no-clock-limit" // it cannot limit the clock, or not this way
    | "unverified-clock" // it took the clock limit and has no way to show it
    | "unanswered" // no answer: it may draw its maximum
    | "implausible-reading"; // its power reading is no such thing
  /** For people: which GPU or BMC, and the values. */
  readonly text: string;
}

/** What a device says it keeps to, read back from it. */
export interface Held {
  readonly gpus: number;
  /**
   * Mean over its GPUs of the most that each may draw, W. It is what can be added up: a GPU whose limit is not in force, or that did
   * not answer, counts with the most it could draw.
   */
  readonly gpuCapW: number;
  /** Highest clock limit of its GPUs, 0…1; 1 = none. */
  readonly clockLimit: number;
  /** Mean power of a GPU now, W; undefined when not told, or not plausible. */
  readonly gpuPowerW: number | undefined;
  readonly notes: readonly CapNote[];
}

/**
 * One device that takes caps: a server behind its BMC, a rack of them, the GPUs of this machine. Every adapter passes the suite in
 * `testing/actuator-suite.ts`.
 */
export interface Actuator {
  readonly id: string;
  /** @throws PulmuError `actuator.*` when nothing can be said of what the device keeps to */
  read(signal: AbortSignal): Promise<Held>;
  /**
   * Tells the device, and reads back. What comes back is what it keeps to, which need not be what was asked: compare with `holds`.
   * Telling the same twice does no harm. With `standing`, the device also keeps to it from its next restart on, where it can.
   * @throws PulmuError `actuator.*` when it could not be told or not be read back: it may keep to the old cap or to the new one
   */
  write(cap: Cap, signal: AbortSignal, options?: { readonly standing?: boolean }): Promise<Held>;
  /** Ends sessions and connections. The caps stay as they are. */
  close(): Promise<void>;
}

/** Whether a device keeps to a cap, to the watt and to a hundredth of the clock. A clock limit it cannot show does not count. */
export function holds(held: Held, cap: Cap): boolean {
  return held.gpuCapW <= cap.gpuCapW + 0.5 && held.clockLimit <= cap.clockLimit + 0.005;
}
