import type { BmcProfile } from "@pulmu/catalog";
import { z } from "zod";
import type { BmcFaults, Firmware } from "./firmware.ts";
import { parseJson } from "./json.ts";
import type { Tray } from "./tray.ts";

/** One GPU's limit: what acts, what lasts over a restart, and what the firmware still shows. */
interface GpuControl {
  setPointW: number;
  lastingW: number;
  on: boolean;
  clockMHz: number;
  shownW: number;
  readsLeft: number;
}

export interface Refused {
  readonly status: 400 | 404;
  readonly text: string;
}

const limitChange = z.strictObject({
  PowerLimitWatts: z.strictObject({ SetPoint: z.number().exactOptional(), ControlMode: z.enum(["Automatic", "Disabled"]).exactOptional() }),
  Oem: z.strictObject({ Nvidia: z.strictObject({ PowerLimitPersistency: z.boolean() }) }).exactOptional(),
});
const clockChange = z.strictObject({ OperatingSpeedRangeMHz: z.strictObject({ SettingMax: z.number().positive() }) });
const domainChange = z.strictObject({
  Limit: z.number(),
  Status: z.strictObject({ State: z.enum(["Enabled", "Disabled"]) }).exactOptional(),
});

/** The resources of a BMC that carry power limits, by component or by node manager. */
export class PowerLimits {
  readonly #profile: BmcProfile;
  readonly #tray: Tray;
  readonly #firmware: Firmware;
  readonly #faults: BmcFaults;
  readonly #gpus: GpuControl[];
  readonly #domain: { limitW: number; lastingW: number; on: boolean };

  constructor(profile: BmcProfile, tray: Tray, firmware: Firmware, faults: BmcFaults) {
    this.#profile = profile;
    this.#tray = tray;
    this.#firmware = firmware;
    this.#faults = faults;
    const w = tray.maxCapW;
    this.#gpus = Array.from({ length: tray.gpus }, () => ({
      setPointW: w,
      lastingW: w,
      on: !firmware.startsOff,
      clockMHz: tray.maxClockMHz,
      shownW: w,
      readsLeft: 0,
    }));
    this.#domain = { limitW: this.#nodeW(w), lastingW: this.#nodeW(w), on: !firmware.startsOff };
  }

  /** What each GPU really keeps to, W. */
  get capsW(): readonly number[] {
    const { maxCapW, gpus } = this.#tray;
    const { nodeManager } = this.#profile;
    if (nodeManager === undefined) return this.#gpus.map(({ on, setPointW }) => (on ? setPointW : maxCapW));
    const shareW = this.#domain.on ? Math.min(maxCapW, (this.#domain.limitW * nodeManager.gpuShare) / gpus) : maxCapW;
    return new Array<number>(gpus).fill(shareW);
  }

  get clockLimits(): readonly number[] {
    return this.#gpus.map(({ clockMHz }) => clockMHz / this.#tray.maxClockMHz);
  }

  /** Somebody at the host or with another tool sets a limit. */
  setBehindBack(capW: number): void {
    for (const gpu of this.#gpus) gpu.setPointW = gpu.shownW = capW;
    this.#domain.limitW = this.#nodeW(capW);
    this.#apply();
  }

  restart(): void {
    for (const gpu of this.#gpus) gpu.setPointW = gpu.shownW = gpu.lastingW;
    this.#domain.limitW = this.#domain.lastingW;
    this.#apply();
  }

  get(path: string): Record<string, unknown> | undefined {
    const { processorsPath, nodeManager } = this.#profile;
    if (path === processorsPath) {
      const names = [...this.#gpus.keys()].map((gpu) => this.#name(gpu));
      // CPUs stand in the same collection.
      return { Members: ["CPU_0", ...names].map((name) => ({ "@odata.id": `${processorsPath}/${name}` })) };
    }
    if (nodeManager !== undefined && path === nodeManager.domainPath) return this.#domainResource();
    const found = this.#find(path);
    if (found === undefined) return undefined;
    return found.metrics ? this.#metrics(found.gpu) : this.#processor(found.gpu);
  }

  /** Makes a change, or says why not. */
  patch(path: string, body: string): Refused | undefined {
    const { nodeManager } = this.#profile;
    const change = parseJson(body);
    if (nodeManager !== undefined && path === nodeManager.domainPath) return this.#patchDomain(domainChange.safeParse(change).data);
    const found = this.#find(path);
    if (found === undefined) return { status: 404, text: "there is no such resource" };
    if (!found.metrics) return this.#patchClock(found.gpu, clockChange.safeParse(change).data);
    return this.#patchLimit(found.gpu, limitChange.safeParse(change).data);
  }

  #patchLimit(index: number, change: z.infer<typeof limitChange> | undefined): Refused | undefined {
    const { persistency, controlMode, readsUntilShown } = this.#firmware;
    const { minCapW, maxCapW } = this.#tray;
    if (change === undefined || (change.Oem !== undefined && !persistency)) return { status: 400, text: "a property is unknown" };
    const { SetPoint, ControlMode } = change.PowerLimitWatts;
    if (ControlMode !== undefined && controlMode !== "writable") return { status: 400, text: "ControlMode cannot be written" };
    if (SetPoint !== undefined && (SetPoint < minCapW || SetPoint > maxCapW)) return { status: 400, text: "SetPoint is out of range" };
    if (this.#faults.ignoresWrites) return undefined;
    const gpu = this.#gpus[index];
    if (ControlMode !== undefined) gpu.on = ControlMode === "Automatic";
    if (SetPoint !== undefined) {
      gpu.setPointW = SetPoint;
      gpu.readsLeft = readsUntilShown;
      if (readsUntilShown === 0) gpu.shownW = SetPoint;
      if (change.Oem?.Nvidia.PowerLimitPersistency === true) gpu.lastingW = SetPoint;
    }
    this.#apply();
    return undefined;
  }

  #patchClock(index: number, change: z.infer<typeof clockChange> | undefined): Refused | undefined {
    if (change === undefined) return { status: 400, text: "a property is unknown" };
    if (this.#faults.ignoresWrites) return undefined;
    this.#gpus[index].clockMHz = Math.min(change.OperatingSpeedRangeMHz.SettingMax, this.#tray.maxClockMHz);
    this.#apply();
    return undefined;
  }

  #patchDomain(change: z.infer<typeof domainChange> | undefined): Refused | undefined {
    if (change === undefined) return { status: 400, text: "a property is unknown" };
    if (change.Limit < this.#nodeW(this.#tray.minCapW) || change.Limit > this.#nodeW(this.#tray.maxCapW)) {
      return { status: 400, text: "Limit is out of range" };
    }
    if (this.#faults.ignoresWrites) return undefined;
    this.#domain.limitW = this.#domain.lastingW = change.Limit;
    if (change.Status !== undefined) this.#domain.on = change.Status.State === "Enabled";
    this.#apply();
    return undefined;
  }

  #metrics(index: number): Record<string, unknown> {
    const gpu = this.#gpus[index];
    if (gpu.readsLeft > 0) gpu.readsLeft--;
    else gpu.shownW = gpu.setPointW;
    const { minCapW, maxCapW } = this.#tray;
    const mode = this.#firmware.controlMode === "absent" ? {} : { ControlMode: gpu.on ? "Automatic" : "Disabled" };
    return {
      "@odata.type": "#EnvironmentMetrics.v1_3_0.EnvironmentMetrics",
      PowerWatts: { Reading: this.#faults.readingW ?? this.#tray.gpuPowerW(index) },
      PowerLimitWatts: { SetPoint: gpu.shownW, AllowableMin: minCapW, AllowableMax: maxCapW, DefaultSetPoint: maxCapW, ...mode },
    };
  }

  #processor(index: number): Record<string, unknown> {
    const { clockMHz } = this.#gpus[index];
    const all = { "@odata.type": "#Processor.v1_20_0.Processor", ProcessorType: "GPU" };
    if (this.#profile.nodeManager !== undefined) return all;
    return { ...all, OperatingSpeedRangeMHz: { SettingMax: clockMHz, AllowableMin: 120, AllowableMax: this.#tray.maxClockMHz } };
  }

  #domainResource(): Record<string, unknown> {
    const { limitW, on } = this.#domain;
    const Capabilities = { Min: this.#nodeW(this.#tray.minCapW), Max: this.#nodeW(this.#tray.maxCapW) };
    return {
      "@odata.type": "#NvidiaNmDomain.v1_2_0.NvidiaNmDomain",
      Limit: limitW,
      Capabilities,
      Status: { State: on ? "Enabled" : "Disabled" },
    };
  }

  #find(path: string): { readonly gpu: number; readonly metrics: boolean } | undefined {
    for (const gpu of this.#gpus.keys()) {
      const processor = `${this.#profile.processorsPath}/${this.#name(gpu)}`;
      if (path === processor) return { gpu, metrics: false };
      if (path === `${processor}/EnvironmentMetrics`) return { gpu, metrics: true };
    }
    return undefined;
  }

  #name(gpu: number): string {
    return this.#firmware.gpuNames === "from-0" ? `GPU_${gpu}` : `GPU_SXM_${gpu + 1}`;
  }

  /** The node's limit that gives each GPU so much. */
  #nodeW(capW: number): number {
    return Math.round((capW * this.#tray.gpus) / (this.#profile.nodeManager?.gpuShare ?? 1));
  }

  #apply(): void {
    const clocks = this.clockLimits;
    this.#tray.apply(this.capsW.map((capW, gpu) => ({ capW, clockLimit: clocks[gpu] })));
  }
}
