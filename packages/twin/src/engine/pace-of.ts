import type { Accelerator, Catalog } from "@pulmu/catalog";
import { need } from "./grid-side.ts";
import type { JobWorkload, Pace } from "./job.ts";
import { replicaGpus, serviceOf } from "./service-of.ts";
import { trainingModel } from "./training-model.ts";

/** Mean request of batch inference: that of the Azure 2023 conversation trace. */
const BATCH_REQUEST = { promptTokens: 1155, outputTokens: 211 };
/** Batch work has no latency objective; the batch is bound by memory. */
const NO_OBJECTIVE_S = 1e9;

/** How fast a job gets on where it was placed. */
export function paceOf(workload: JobWorkload, accelerator: Accelerator, gpus: number, catalog: Catalog): Pace {
  if (workload.kind === "simulation") return { kind: "simulation" };
  const facts = need(catalog.models.get(workload.modelId), `model "${workload.modelId}"`);
  if (workload.kind !== "batch") {
    const method = workload.kind === "tuning" ? "lora" : "pretraining";
    return { kind: "training", model: trainingModel(catalog, facts, accelerator, gpus, method) };
  }
  const perReplica = Math.min(gpus, replicaGpus(facts, accelerator));
  const model = serviceOf(facts, accelerator, perReplica, { ...BATCH_REQUEST, itlObjectiveS: NO_OBJECTIVE_S });
  return { kind: "batch", model, promptPerOutput: BATCH_REQUEST.promptTokens / BATCH_REQUEST.outputTokens };
}
