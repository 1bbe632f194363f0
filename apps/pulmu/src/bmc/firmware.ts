/** How the firmware of an emulated BMC behaves where real ones differ. */
export interface Firmware {
  readonly version: string;
  /** `GPU_0` upwards, or `GPU_SXM_1` upwards. */
  readonly gpuNames: "from-0" | "sxm-from-1";
  /** Whether the answer has a ControlMode, and whether it may be written. */
  readonly controlMode: "absent" | "read-only" | "writable";
  /** Limits are there and off until somebody turns them on. */
  readonly startsOff: boolean;
  /** Knows `PowerLimitPersistency`; without it, refuses it as an unknown property. */
  readonly persistency: boolean;
  /** Changes nothing without `If-Match`. */
  readonly precondition: boolean;
  /** A set point shows only at the n-th read after it was written. */
  readonly readsUntilShown: number;
}

/** NVIDIA's firmware for GB200 and GB300, as far as it is public. */
export const NVIDIA_FIRMWARE: Firmware = {
  version: "GB200Nvl-25.08-5",
  gpuNames: "from-0",
  controlMode: "writable",
  startsOff: false,
  persistency: true,
  precondition: false,
  readsUntilShown: 0,
};

/** What can go wrong with a BMC. All off at first; set them at any time. */
export interface BmcFaults {
  /** Every answer takes so long, ms. */
  delayMs: number;
  /** Requests are taken and never answered. */
  silent: boolean;
  /** So many requests find the connection closed on them. */
  drops: number;
  /** So many requests are answered with this status. */
  failures: number;
  failureStatus: 429 | 500 | 503;
  /** Seconds that a failing answer asks to wait. */
  retryAfterS: number | undefined;
  /** Changes are accepted and forgotten. */
  ignoresWrites: boolean;
  /** Power readings are this instead, W. */
  readingW: number | undefined;
  /** Answers are cut off in the middle. */
  garbles: boolean;
}

export function noFaults(): BmcFaults {
  return {
    delayMs: 0,
    silent: false,
    drops: 0,
    failures: 0,
    failureStatus: 500,
    retryAfterS: undefined,
    ignoresWrites: false,
    readingW: undefined,
    garbles: false,
  };
}
