import type { Actuators, Clock } from "@pulmu/power";
import type { Site } from "@pulmu/site";
import type { Scenario, Simulation } from "@pulmu/twin";
import { TwinDevices, twinMs } from "./twin-plant.ts";

/** Devices that take caps, for as long as somebody steers. */
export interface SteeredDevices extends Actuators {
  /** Caps stay as they are. */
  close(): Promise<void>;
}

/** What is steered: how it is seen, by which clock, and where caps go. */
export interface SteeredPlant {
  readonly site: Site;
  readonly scenario: Scenario;
  /** As its instruments, its scheduler and its engines tell of it. */
  readonly seen: Simulation;
  /** Somebody tells who works where; else every rack that draws counts as training. */
  readonly tellsWork: boolean;
  readonly clock: Clock;
  /** Reaches for the devices: called when steering begins, and each time it begins again. */
  openDevices(): SteeredDevices;
}

/** A twin steered in the process in which it runs: its devices are reached without a wire. */
export function twinPlant(twin: Simulation): SteeredPlant {
  const devices: SteeredDevices = Object.assign(new TwinDevices(twin), { close: async () => {} });
  return {
    site: twin.site,
    scenario: twin.scenario,
    seen: twin,
    tellsWork: true,
    clock: { monotonicMs: () => twinMs(twin), wallMs: () => twin.atMs },
    openDevices: () => devices,
  };
}
