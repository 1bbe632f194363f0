import { type Problem, PulmuError } from "@pulmu/units";

/** An engine somewhere, as it is kept. */
export interface DeployedReplica {
  readonly id: string;
  /** `http://10.0.0.7:8000/v1` */
  readonly url: string;
  /** Requests it is given relative to others. */
  readonly weight: number;
  /** Name of the gateway's environment variable that holds its key; "" where it asks for none. Keys themselves are not kept. */
  readonly keyEnv: string;
  /** Gets no new requests. */
  readonly draining: boolean;
}

/**
 * What engines speak beyond OpenAI's API: `vllm` counts tokens as it goes and keeps prompts' memory apart by salt; `pulmu` (`pulmu serve`) says
 * besides what its machine's meter saw; `openai` nothing.
 */
export const ENGINES = ["openai", "vllm", "pulmu"] as const;

/** A model as an operator deployed it: kept until it is removed, whoever restarts. */
export interface DeployedModel {
  readonly modelId: string;
  /** What its replicas call it. */
  readonly upstreamModel: string;
  /** Weights and revision, told with each answer. */
  readonly modelVersion: string;
  /** Where answers are made; "" for the site of the gateway. */
  readonly site: string;
  /** ISO 3166 code of the law that holds there; "" for that of the gateway's site. */
  readonly jurisdiction: string;
  readonly acceleratorId: string;
  readonly ownedBy: string;
  readonly createdMs: number;
  readonly engine: (typeof ENGINES)[number];
  /** True: its engine may remember one tenant's prompts for another, who can then tell by the time an answer takes. */
  readonly sharesCache: boolean;
  /** Tokens an answer may have. */
  readonly maxOutputTokens: number;
  /** Requests under way at once. */
  readonly maxConcurrent: number;
  /** J at the racks for each token made: what is told and billed where no meter says it. */
  readonly joulesPerToken: number;
  /** Models that answer in its place when no replica can. */
  readonly fallbacks: readonly string[];
  readonly replicas: readonly DeployedReplica[];
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;
const COUNTRY = /^[a-z]{2}$/;
const ENVIRONMENT = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const MAX_REPLICAS = 256;
const MAX_FALLBACKS = 8;

/** @throws PulmuError `deploy.*`, all problems at once */
export function checkModel(model: DeployedModel): void {
  const problems: Problem[] = [];
  const must = (holds: boolean, path: string, value: unknown, rule: string, hint?: string) => {
    if (!holds) problems.push({ code: "deploy.value", path, value: String(value), rule, ...(hint !== undefined && { hint }) });
  };
  const {
    modelId,
    upstreamModel,
    modelVersion,
    jurisdiction,
    engine,
    maxOutputTokens,
    maxConcurrent,
    joulesPerToken,
    fallbacks,
    replicas,
  } = model;
  must(ID.test(modelId), "model", modelId, "a name of up to 128 letters, digits and . _ : / -");
  must(upstreamModel.length > 0 && upstreamModel.length <= 256, "--upstream-model", upstreamModel, "a name of up to 256 characters");
  must(/^[\x21-\x7e]{1,200}$/.test(modelVersion), "--version-of-model", modelVersion, "up to 200 printable characters without spaces");
  must(jurisdiction === "" || COUNTRY.test(jurisdiction), "--jurisdiction", jurisdiction, "a country in two small letters", "such as kr");
  must(ENGINES.includes(engine), "--engine", engine, `one of ${ENGINES.join(", ")}`);
  must(Number.isSafeInteger(maxOutputTokens) && maxOutputTokens > 0, "--max-tokens", maxOutputTokens, "a whole number above zero");
  must(Number.isSafeInteger(maxConcurrent) && maxConcurrent > 0, "--max-concurrent", maxConcurrent, "a whole number above zero");
  must(joulesPerToken >= 0 && joulesPerToken < 1e6, "--joules-per-token", joulesPerToken, "a number of joules, not below zero");
  must(
    fallbacks.length <= MAX_FALLBACKS && !fallbacks.includes(modelId),
    "--fallback",
    fallbacks.join(", "),
    `up to ${MAX_FALLBACKS} other models`,
  );
  must(replicas.length > 0 && replicas.length <= MAX_REPLICAS, "--url", replicas.length, `1 to ${MAX_REPLICAS} replicas`);
  must(
    new Set(replicas.map(({ id }) => id)).size === replicas.length,
    "replica",
    replicas.map(({ id }) => id).join(", "),
    "each has a name of its own",
  );
  for (const { id, url, weight, keyEnv } of replicas) {
    must(ID.test(id), `replica ${id}`, id, "a name of up to 128 letters, digits and . _ : / -");
    must(
      isAddress(url),
      `replica ${id}: --url`,
      url,
      "an address of http or https without a password in it",
      "such as http://10.0.0.7:8000/v1",
    );
    must(weight > 0 && weight <= 1_000, `replica ${id}: --weight`, weight, "a number above zero, up to 1000");
    must(keyEnv === "" || ENVIRONMENT.test(keyEnv), `replica ${id}: --key-env`, keyEnv, "the name of an environment variable");
  }
  if (problems.length > 0) throw new PulmuError(problems);
}

function isAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" && url.hash === "";
}
