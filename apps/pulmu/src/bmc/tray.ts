/** What one GPU has been told by its BMC. */
export interface GpuLimit {
  readonly capW: number;
  /** Ratio of the maximum, 0…1; 1 = none. */
  readonly clockLimit: number;
}

/** What a BMC is wired to: the GPUs of one server or compute tray. */
export interface Tray {
  readonly gpus: number;
  readonly minCapW: number;
  readonly maxCapW: number;
  readonly maxClockMHz: number;
  /** Power of a GPU now, W. */
  gpuPowerW(gpu: number): number;
  /** Called whenever a limit has changed, with those of all GPUs. */
  apply(limits: readonly GpuLimit[]): void;
}

/** A tray that draws all it may: for trying an actuator where no factory runs. */
export function busyTray(facts: { readonly gpus: number; readonly minCapW: number; readonly maxCapW: number }): Tray {
  let capsW: readonly number[] = new Array(facts.gpus).fill(facts.maxCapW);
  return {
    ...facts,
    maxClockMHz: 2000,
    gpuPowerW: (gpu) => capsW[gpu],
    apply(limits) {
      capsW = limits.map(({ capW, clockLimit }) => Math.min(capW, clockLimit * facts.maxCapW));
    },
  };
}
