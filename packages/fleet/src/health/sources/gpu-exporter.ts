import { PulmuError } from "@pulmu/units";
import type { Observation } from "../report.ts";
import { readDcgm } from "./dcgm.ts";
import { readNvidiaSmi } from "./nvidia-smi.ts";

/**
 * What the exporter at a node's own address says of its GPUs: NVIDIA's dcgm-exporter, or one over nvidia-smi. An exporter names its host as
 * it likes; where it speaks of several, only the node's own is taken.
 * @throws PulmuError `fleet.exporter` where it says nothing of the node's GPUs: that is no good news
 */
export function readGpuExporter(text: string, node: string): readonly Observation[] {
  const byHost = readDcgm(text, node);
  const own = byHost.get(node) ?? byHost.get(node.split("/").at(-1)!) ?? (byHost.size === 1 ? [...byHost.values()][0] : undefined);
  const observations = own ?? (byHost.size === 0 ? readNvidiaSmi(text) : []);
  if (observations.length > 0) return observations;
  const hosts = [...byHost.keys()].slice(0, 3).join(", ");
  throw new PulmuError({
    code: "fleet.exporter",
    value: node,
    rule: hosts === "" ? "no metrics of GPUs in it" : `it speaks of ${hosts}, not of this node`,
  });
}
