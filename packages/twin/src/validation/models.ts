import type { Catalog, ModelFacts, Precision } from "@pulmu/catalog";

/** What published runs call the models of the catalogue: a pattern in the last part of the name, in lower case. First match wins. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/qwen3\.5-397b/, "qwen3.5-397b-a17b"],
  [/qwen3-coder-480b/, "qwen3-coder-480b-a35b"],
  [/qwen3(-vl)?-235b/, "qwen3-235b"],
  [/qwen3(-vl|-coder)?-30b/, "qwen3-30b-a3b"],
  [/qwen3-8b/, "qwen3-8b"],
  [/qwen3-14b/, "qwen3-14b"],
  [/qwen3(-vl)?-32b/, "qwen3-32b"],
  [/gemma-3-12b/, "gemma-3-12b"],
  [/gemma-3-27b/, "gemma-3-27b"],
  [/llama-?2-70b/, "llama-2-70b"],
  [/llama-?3\.?[13]-70b/, "llama-3.1-70b"],
  [/llama-?3\.?1-8b/, "llama-3.1-8b"],
  [/llama-?3\.?1-405b/, "llama-3.1-405b"],
  [/llama-4-maverick/, "llama-4-maverick"],
  [/llama-4-scout/, "llama-4-scout"],
  [/nemotron-nano-9b-v2/, "nemotron-nano-9b-v2"],
  [/nemotron-nano-12b-v2/, "nemotron-nano-12b-v2"],
  [/nemotron-3-nano/, "nemotron-3-nano"],
  [/deepseek-(r1|v3)/, "deepseek-r1"],
  [/kimi-k2/, "kimi-k2.5"],
  [/glm-5/, "glm-5"],
  [/minimax-m2/, "minimax-m2.5"],
  [/gpt-oss-120b/, "gpt-oss-120b"],
  [/gpt-oss-20b/, "gpt-oss-20b"],
];

/** The catalogue's facts for a model as a measured file names it (`Qwen/Qwen3-32B`), or undefined. */
export function knownModel(catalog: Catalog, name: string): ModelFacts | undefined {
  const last = (name.toLowerCase().split("/").at(-1) ?? "").replaceAll("_", "-");
  const id = NAMES.find(([pattern]) => pattern.test(last))?.[1] ?? last;
  return catalog.models.get(id);
}

/**
 * Stand-in for a model that the catalogue does not know, from its parameter counts: layers and width of the usual aspect (layers ≈ 21 ·
 * (active/10⁹)^⅓, width from 12·layers·width² = active), eight key-value heads of 128, 128 experts where it is sparse.
 */
export function genericModel(name: string, totalParams: number, activeParams: number, precision: Precision): ModelFacts {
  const layers = Math.max(16, Math.round(21 * Math.cbrt(activeParams / 1e9)));
  const sparse = activeParams < 0.9 * totalParams;
  return {
    id: name.toLowerCase(),
    name,
    totalParams,
    activeParams,
    ...(sparse ? { experts: { count: 128, active: 8 } } : {}),
    layers,
    hiddenSize: Math.round(Math.sqrt(activeParams / (12 * layers)) / 128) * 128,
    precision,
    weightBytes: totalParams * { bf16: 2, fp8: 1.001, fp4: 0.5625 }[precision],
    kvBytesPerToken: 2 * layers * 8 * 128,
    contextTokens: 131_072,
    replicaGpus: { default: 1 },
    licence: "not stated",
  };
}

/** `bfloat16`, `fp8`, `nvfp4`, `int4` … as the catalogue names formats; undefined when unknown. */
export function precisionOf(text: string): Precision | undefined {
  const name = text.toLowerCase();
  if (name === "" || /bf16|bfloat16|fp16|float16/.test(name)) return "bf16";
  if (/fp8|int8|w8/.test(name)) return "fp8";
  return /fp4|int4|w4/.test(name) ? "fp4" : undefined;
}
