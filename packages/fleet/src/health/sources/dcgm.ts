import type { Observation } from "../report.ts";

/** Samples of one scrape at most: 16 GPUs with a hundred fields each are 1,600. */
const MAX_SAMPLES = 20_000;

const LINE = /^(DCGM_FI_[A-Z0-9_]+)\{([^}]*)\}\s+(\S+)(?:\s+\d+)?\s*$/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/**
 * What NVIDIA's dcgm-exporter says, in Prometheus' text format: `DCGM_FI_DEV_GPU_TEMP{gpu="0",UUID="GPU-…",Hostname="n1",…} 41`, by the
 * host that the samples name. Lines of other metrics are passed over; a value that is no number too, as a field that is not supported.
 */
export function readDcgm(text: string, fallbackHost = ""): ReadonlyMap<string, readonly Observation[]> {
  const byHost = new Map<string, Observation[]>();
  let samples = 0;
  for (const line of text.split("\n")) {
    const match = LINE.exec(line);
    if (match === null || samples >= MAX_SAMPLES) continue;
    const [, signal, labelText, number] = match;
    const value = Number(number);
    if (!Number.isFinite(value)) continue;
    const labels = Object.fromEntries([...labelText.matchAll(LABEL)].map(([, name, text]) => [name, text]));
    const host = labels["Hostname"] ?? fallbackHost;
    samples++;
    const list = byHost.get(host) ?? [];
    byHost.set(host, list);
    const gpu = labels["gpu"];
    list.push({ signal, value, component: gpu === undefined ? "" : `GPU${gpu}`, text: `${signal} ${number}` });
  }
  return byHost;
}
