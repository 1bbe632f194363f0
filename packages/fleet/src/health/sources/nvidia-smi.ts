import type { Observation } from "../report.ts";

/** Metrics of nvidia_gpu_exporter (github.com/utkuozdemir/nvidia_gpu_exporter: fields of nvidia-smi --query-gpu), and DCGM's word for the same. */
const SIGNALS: Readonly<Record<string, string>> = {
  nvidia_smi_temperature_gpu: "DCGM_FI_DEV_GPU_TEMP",
  nvidia_smi_temperature_memory: "DCGM_FI_DEV_MEMORY_TEMP",
  nvidia_smi_ecc_errors_uncorrected_volatile_total: "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
  nvidia_smi_remapped_rows_failure: "DCGM_FI_DEV_ROW_REMAP_FAILURE",
};
const INDEX = "nvidia_smi_index";
const MAX_SAMPLES = 20_000;
const LINE = /^(nvidia_smi_\w+)\{uuid="([^"]*)"\}\s+(\S+)(?:\s+\d+)?\s*$/;

/** What an exporter over nvidia-smi says of the one node that it runs on: in DCGM's words, so that the same rules hold. */
export function readNvidiaSmi(text: string): readonly Observation[] {
  const samples: { readonly name: string; readonly uuid: string; readonly value: number }[] = [];
  const indexOf = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, name, uuid, number] = LINE.exec(line) ?? [];
    const value = Number(number);
    if (name === undefined || !Number.isFinite(value) || samples.length >= MAX_SAMPLES) continue;
    samples.push({ name, uuid, value });
    if (name === INDEX) indexOf.set(uuid, value);
  }
  return samples.map(({ name, uuid, value }) => {
    const index = indexOf.get(uuid);
    return { signal: SIGNALS[name] ?? name, value, component: index === undefined ? uuid : `GPU${index}`, text: `${name} ${value}` };
  });
}
