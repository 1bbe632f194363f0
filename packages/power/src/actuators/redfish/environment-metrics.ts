import { PulmuError } from "@pulmu/units";
import type { Cap, CapNote, Held } from "../actuator.ts";
import { allOf, numberAt, textAt, type BmcTalk, type Dialect } from "./dialect.ts";
import { findGpus, meanReading, nameOf, readingW } from "./gpus.ts";
import type { Json } from "./session.ts";

/** What one GPU's resources say. */
interface GpuState {
  readonly path: string;
  readonly minW: number;
  readonly maxW: number;
  readonly setPointW: number | undefined;
  /** Whether the set point is enforced: one can stand there while the control is off, even one outside the allowed range. */
  readonly inForce: boolean;
  /** Whether the BMC says that the control is off, so that it must be turned on. */
  readonly off: boolean;
  readonly powerW: number | undefined;
  readonly maxClockMHz: number | undefined;
  readonly clockLimit: number;
}

/**
 * Limits by component: each GPU's EnvironmentMetrics carries `PowerLimitWatts` with SetPoint, AllowableMin, AllowableMax and
 * ControlMode (DMTF schema EnvironmentMetrics v1.3), each GPU's processor an `OperatingSpeedRangeMHz`. NVIDIA's firmware keeps the lower
 * of limits set in band and out of band, and forgets a limit at its restart unless told `PowerLimitPersistency`
 * (https://github.com/NVIDIA/bmcweb, environment_metrics).
 */
export class EnvironmentMetrics implements Dialect {
  readonly #talk: BmcTalk;
  #gpus: readonly string[] | undefined;
  #known: readonly GpuState[] | undefined;
  /** Clocks cost a request for each GPU: they are read at first, and while a clock limit stands. */
  #clocks = true;
  /** False once the firmware has refused the maker's own property. */
  #persistency = true;

  constructor(talk: BmcTalk) {
    this.#talk = talk;
  }

  async read(signal: AbortSignal): Promise<Held> {
    const states = await this.#states(signal);
    return held(states, states.flatMap(notInForce));
  }

  async tell(cap: Cap, standing: boolean, signal: AbortSignal): Promise<void> {
    const states = this.#known ?? (await this.#states(signal));
    await allOf(
      states.map(async (gpu) => {
        await this.#patchLimit(gpu, target(gpu, cap.gpuCapW), standing, signal);
        if (gpu.maxClockMHz === undefined || Math.abs(gpu.clockLimit - cap.clockLimit) < 0.005) return;
        const SettingMax = Math.floor(cap.clockLimit * gpu.maxClockMHz);
        await this.#talk.session.patch(gpu.path, { OperatingSpeedRangeMHz: { SettingMax } }, signal);
      }),
    );
    this.#clocks ||= cap.clockLimit < 1 || states.some((gpu) => gpu.clockLimit < 1);
  }

  async verify(cap: Cap, signal: AbortSignal): Promise<Held> {
    const states = await this.#states(signal);
    this.#clocks = states.some((gpu) => gpu.clockLimit < 1);
    return held(
      states,
      states.flatMap((gpu) => [...notInForce(gpu), ...differences(gpu, cap)]),
    );
  }

  async #patchLimit(gpu: GpuState, limitW: number, standing: boolean, signal: AbortSignal): Promise<void> {
    const path = metricsOf(gpu.path);
    // Some firmware refuses a ControlMode it is sent: only where it must be turned on.
    const limit = { PowerLimitWatts: { SetPoint: limitW, ...(gpu.off && { ControlMode: "Automatic" }) } };
    if (this.#persistency) {
      try {
        return await this.#talk.session.patch(path, { ...limit, Oem: { Nvidia: { PowerLimitPersistency: standing } } }, signal);
      } catch (error) {
        if (!(error instanceof PulmuError && error.code === "actuator.refused")) throw error;
        this.#persistency = false;
      }
    }
    await this.#talk.session.patch(path, limit, signal);
  }

  async #states(signal: AbortSignal): Promise<readonly GpuState[]> {
    const { session } = this.#talk;
    const gpus = (this.#gpus ??= await findGpus(this.#talk, signal));
    const states = await allOf(
      gpus.map(async (path, i) => {
        const metrics = await session.get(metricsOf(path), signal);
        return this.#state(path, metrics, this.#clocks ? await session.get(path, signal) : undefined, this.#known?.[i]);
      }),
    );
    this.#known = states;
    return states;
  }

  #state(path: string, metrics: Json, processor: Json | undefined, before: GpuState | undefined): GpuState {
    const { gpuMinW, gpuMaxW } = this.#talk;
    const limit = (key: string) => numberAt(metrics, "PowerLimitWatts", key);
    const maxW = limit("AllowableMax") ?? gpuMaxW;
    const minW = Math.min(limit("AllowableMin") ?? gpuMinW, maxW);
    const setPointW = limit("SetPoint");
    const off = textAt(metrics, "PowerLimitWatts", "ControlMode") === "Disabled";
    const inForce = !off && setPointW !== undefined && setPointW > 0 && setPointW <= maxW;
    const maxClockMHz = processor === undefined ? before?.maxClockMHz : numberAt(processor, "OperatingSpeedRangeMHz", "AllowableMax");
    const setClockMHz = processor === undefined ? undefined : numberAt(processor, "OperatingSpeedRangeMHz", "SettingMax");
    const ratio = setClockMHz === undefined || maxClockMHz === undefined ? 1 : setClockMHz / maxClockMHz;
    const clockLimit = ratio > 0 && ratio < 1 ? ratio : 1;
    return { path, minW, maxW, setPointW, inForce, off, powerW: readingW(metrics, maxW), maxClockMHz, clockLimit };
  }
}

function metricsOf(gpuPath: string): string {
  return `${gpuPath}/EnvironmentMetrics`;
}

/** What a GPU is told: whole watts, inside what it allows. */
function target(gpu: GpuState, capW: number): number {
  return Math.max(Math.ceil(gpu.minW), Math.floor(Math.min(capW, gpu.maxW)));
}

function mayDrawW(gpu: GpuState): number {
  return gpu.inForce ? gpu.setPointW! : gpu.maxW;
}

function held(states: readonly GpuState[], notes: readonly CapNote[]): Held {
  return {
    gpus: states.length,
    gpuCapW: states.reduce((sum, gpu) => sum + mayDrawW(gpu), 0) / states.length,
    clockLimit: Math.max(...states.map((gpu) => gpu.clockLimit)),
    gpuPowerW: meanReading(states.map((gpu) => gpu.powerW)),
    notes: [
      ...notes,
      ...states.flatMap((gpu): readonly CapNote[] =>
        gpu.powerW === undefined ? [{ code: "implausible-reading", text: `${nameOf(gpu.path)} tells no plausible power` }] : [],
      ),
    ],
  };
}

function notInForce(gpu: GpuState): readonly CapNote[] {
  if (gpu.inForce) return [];
  const what = gpu.setPointW === undefined ? "no limit is set" : `the limit of ${gpu.setPointW} W is not in force`;
  return [{ code: "not-in-force", text: `${nameOf(gpu.path)}: ${what}; it may draw ${gpu.maxW} W` }];
}

function differences(gpu: GpuState, cap: Cap): readonly CapNote[] {
  const notes: CapNote[] = [];
  const toldW = target(gpu, cap.gpuCapW);
  const name = nameOf(gpu.path);
  if (cap.gpuCapW < gpu.minW) notes.push({ code: "below-minimum", text: `${name}: ${cap.gpuCapW} W is below its minimum, ${gpu.minW} W` });
  if (cap.gpuCapW > gpu.maxW && cap.gpuCapW !== Infinity)
    notes.push({ code: "above-maximum", text: `${name}: ${cap.gpuCapW} W is above its maximum, ${gpu.maxW} W` });
  if (gpu.inForce && Math.abs(gpu.setPointW! - toldW) > 0.5)
    notes.push({ code: "differs", text: `${name} was told ${toldW} W and shows ${gpu.setPointW} W` });
  if (cap.clockLimit < 1) {
    if (gpu.maxClockMHz === undefined) notes.push({ code: "no-clock-limit", text: `${name} has no clock range to limit` });
    else if (gpu.clockLimit > cap.clockLimit + 0.005) {
      notes.push({ code: "differs", text: `${name} was told a clock of ${cap.clockLimit} and shows ${gpu.clockLimit.toFixed(2)}` });
    }
  }
  return notes;
}
