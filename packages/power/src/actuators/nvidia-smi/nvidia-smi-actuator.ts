import type { Actuator, Cap, CapNote, Held } from "../actuator.ts";
import { checkCap, deviceError } from "../problems.ts";
import { parseGpuTable, QUERY, type GpuRow } from "./gpu-table.ts";
import { commandRunner, type RunCommand } from "./run-command.ts";

export interface NvidiaSmiOptions {
  readonly id: string;
  /** Whether caps may be set, which takes root. Without it this only reads. */
  readonly writes?: boolean;
  readonly run?: RunCommand;
}

/**
 * The GPUs of this machine, by the driver's own tool. A limit set here lasts until the driver is loaded anew; `standing` changes nothing.
 * A clock limit is taken, and cannot be read back: no query shows a locked range.
 */
export function nvidiaSmiActuator({ id, writes = false, run = commandRunner("nvidia-smi") }: NvidiaSmiOptions): Actuator {
  let closed = false;

  const smi = async (args: readonly string[], signal: AbortSignal): Promise<string> => {
    if (closed) throw deviceError(id, "closed", "is closed");
    const { status, output, error } = await run(args, signal);
    if (signal.aborted) throw deviceError(id, "timeout", "no answer in time", { value: args[0] });
    if (status === undefined) {
      const hint = error === "ENOENT" ? "it comes with NVIDIA's driver" : undefined;
      throw deviceError(id, "unreachable", `nvidia-smi cannot be run (${error})`, { ...(hint !== undefined && { hint }) });
    }
    if (status === 0) return output;
    const why = output.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
    const hint = /permission|root/i.test(output) ? "setting limits takes root" : undefined;
    throw deviceError(id, "refused", `nvidia-smi fails with ${status}: ${why}`, {
      value: args.join(" "),
      ...(hint !== undefined && { hint }),
    });
  };

  const table = async (signal: AbortSignal): Promise<readonly GpuRow[]> => {
    const output = await smi(QUERY, signal);
    const rows = parseGpuTable(output);
    if (rows === undefined) throw deviceError(id, "malformed", "nvidia-smi tells no GPUs", { value: output.slice(0, 60).trim() });
    return rows;
  };

  return {
    id,
    async read(signal) {
      const rows = await table(signal);
      return held(id, rows, rows.flatMap(notInForce));
    },
    async write(cap, signal) {
      checkCap(id, cap);
      if (!writes) throw deviceError(id, "read-only", "may not be written to", { hint: "allow writes for this machine, and run as root" });
      for (const gpu of await table(signal)) {
        if (gpu.maxLimitW !== undefined) await smi(["-i", gpu.uuid, "-pl", String(target(gpu, cap.gpuCapW))], signal);
        if (gpu.maxClockMHz === undefined) continue;
        const lock = cap.clockLimit < 1 ? ["-lgc", `0,${Math.floor(cap.clockLimit * gpu.maxClockMHz)}`] : ["-rgc"];
        await smi(["-i", gpu.uuid, ...lock], signal);
      }
      const rows = await table(signal);
      return held(
        id,
        rows,
        rows.flatMap((gpu) => [...notInForce(gpu), ...differences(gpu, cap)]),
      );
    },
    async close() {
      closed = true;
    },
  };
}

/** What a GPU is told: whole watts, inside what it allows. */
function target(gpu: GpuRow, capW: number): number {
  return Math.max(Math.ceil(gpu.minLimitW ?? 1), Math.floor(Math.min(capW, gpu.maxLimitW ?? capW)));
}

function held(id: string, rows: readonly GpuRow[], notes: readonly CapNote[]): Held {
  let capW = 0;
  let powerW: number | undefined = 0;
  for (const gpu of rows) {
    const mayDrawW = gpu.enforcedLimitW ?? gpu.maxLimitW;
    if (mayDrawW === undefined)
      throw deviceError(id, "malformed", "tells no power limit of this GPU", { value: `${gpu.name} ${gpu.uuid}` });
    capW += mayDrawW;
    powerW = powerW === undefined || gpu.powerW === undefined ? undefined : powerW + gpu.powerW;
  }
  const gpuPowerW = powerW === undefined ? undefined : powerW / rows.length;
  return { gpus: rows.length, gpuCapW: capW / rows.length, clockLimit: 1, gpuPowerW, notes };
}

function notInForce(gpu: GpuRow): readonly CapNote[] {
  if (gpu.enforcedLimitW !== undefined) return [];
  return [{ code: "not-in-force", text: `${gpu.name} ${gpu.uuid} tells no limit in force; it may draw ${gpu.maxLimitW} W` }];
}

function differences(gpu: GpuRow, cap: Cap): readonly CapNote[] {
  const notes: CapNote[] = [];
  const toldW = target(gpu, cap.gpuCapW);
  const { minLimitW = 0, maxLimitW = Infinity } = gpu;
  if (cap.gpuCapW < minLimitW)
    notes.push({ code: "below-minimum", text: `${cap.gpuCapW} W is below the minimum of ${gpu.name}, ${minLimitW} W` });
  if (cap.gpuCapW > maxLimitW && cap.gpuCapW !== Infinity)
    notes.push({ code: "above-maximum", text: `${cap.gpuCapW} W is above the maximum of ${gpu.name}, ${maxLimitW} W` });
  if (gpu.enforcedLimitW !== undefined && Math.abs(gpu.enforcedLimitW - toldW) > 0.5)
    notes.push({ code: "differs", text: `${gpu.uuid} was told ${toldW} W and shows ${gpu.enforcedLimitW} W` });
  if (cap.clockLimit < 1) {
    notes.push(
      gpu.maxClockMHz === undefined
        ? { code: "no-clock-limit", text: `${gpu.name} tells no clock to limit` }
        : { code: "unverified-clock", text: `${gpu.uuid} took a clock limit of ${cap.clockLimit} and has no way to show it` },
    );
  }
  return notes;
}
