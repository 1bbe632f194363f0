import type { Accelerator, ModelFacts } from "@pulmu/catalog";
import { PulmuError } from "@pulmu/units";
import { analyticStepModel, kvCapacityTokens, shapeOf, tensorParallel, type Parallelism } from "../../steptime/index.ts";
import type { LatencyTable } from "../latency-table.ts";
import { tableStepModel } from "../table-model.ts";
import type { ServedModel } from "./trial.ts";

/** Sizes of tensor parallelism, and of attention data parallelism with experts spread over all GPUs. */
const TENSOR = [1, 2, 4, 8, 16];
const EXPERT = [8, 16, 32, 64];
/** Beyond the smallest that fits, this many larger sizes are of interest. */
const LARGER = 3;

/**
 * A model in each parallelism worth trying on a chip: tensor parallelism from the smallest size that fits, and for models of experts
 * data-parallel attention with spread experts.
 * @param longestTokens longest request, which one replica has to hold
 * @throws PulmuError `serving.does-not-fit` when none fits: how much is missing, and which parallelism would do
 */
export function servedModels(
  model: ModelFacts,
  chip: Accelerator,
  { domainGpus, maxGpus, longestTokens }: { readonly domainGpus: number; readonly maxGpus: number; readonly longestTokens: number },
): readonly ServedModel[] {
  const most = Math.min(domainGpus, maxGpus);
  const tensor = TENSOR.filter((gpus) => gpus <= most).map((gpus) => ({ label: `TP${gpus}`, parallelism: tensorParallel(gpus) }));
  const spread = model.experts === undefined ? [] : EXPERT.filter((gpus) => gpus <= most).map(expertParallel);
  const fitting = [tensor, spread].map((all) => all.flatMap((each) => fits(model, chip, each, longestTokens)).slice(0, LARGER + 1)).flat();
  if (fitting.length > 0) return fitting;
  const { model: largest } = modelOf(model, chip, tensor[tensor.length - 1]); // throws unless it is the cache alone that is too small
  throw new PulmuError({
    code: "serving.does-not-fit",
    path: `models.${model.id}`,
    value: `${largest.gpus} × ${chip.name}`,
    rule: `the longest request has ${longestTokens} tokens, and beside the weights there is room for the cache of ${largest.kvCapacityTokens}`,
    hint: `allow more than ${maxGpus} GPUs, or leave such requests out`,
  });
}

/** A model as it was measured; memory and the cost of handing over its KV cache from the catalogue. */
export function measuredModel(table: LatencyTable, model: ModelFacts, chip: Accelerator): ServedModel {
  const step = tableStepModel(table, {
    accelerator: chip,
    kvCapacityTokens: kvCapacityTokens(chip, shapeOf(model), tensorParallel(table.gpus)),
    kvBytesPerToken: model.kvBytesPerToken,
    maxBatchTokens: Math.max(...table.prefill.map(({ size }) => size)),
  });
  return { label: `TP${table.gpus}`, model: step };
}

interface Choice {
  readonly label: string;
  readonly parallelism: Parallelism;
}

function expertParallel(gpus: number): Choice {
  return { label: `DP${gpus}·EP${gpus}`, parallelism: { tensor: 1, pipeline: 1, data: gpus, expert: gpus } };
}

function modelOf(model: ModelFacts, chip: Accelerator, { label, parallelism }: Choice): ServedModel {
  return { label, model: analyticStepModel(model, chip, { parallelism }) };
}

function fits(model: ModelFacts, chip: Accelerator, choice: Choice, longestTokens: number): ServedModel[] {
  try {
    const served = modelOf(model, chip, choice);
    return served.model.kvCapacityTokens / choice.parallelism.data >= longestTokens ? [served] : [];
  } catch (error) {
    if (error instanceof PulmuError && error.code === "serving.does-not-fit") return [];
    throw error;
  }
}
