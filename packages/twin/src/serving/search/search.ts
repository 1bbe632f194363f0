import { busiest, loadOf, type Load } from "./load.ts";
import {
  gpusOf,
  MAX_SEQUENCES,
  meets,
  miss,
  tryPlan,
  type Plan,
  type ServedModel,
  type Slo,
  type Trial,
  type TrialSettings,
} from "./trial.ts";

export interface SearchInputs extends TrialSettings {
  /** The model in every parallelism that is to be tried. */
  readonly models: readonly ServedModel[];
  readonly load: Load;
  readonly maxGpus: number;
  /** Clock ratios to try, highest first. */
  readonly clocks: readonly number[];
}

export interface SearchProgress {
  /** Done of the whole, 0…1. */
  readonly share: number;
  readonly trial: Trial;
}

export interface SearchResult {
  /** Least energy per token of those that meet the objectives over the whole load; undefined when none does. */
  readonly best: Trial | undefined;
  /** Best of each kind and parallelism over the search's stretch of the load, those that meet the objectives first, least energy first. */
  readonly plans: readonly Trial[];
  /** Nearest to the objectives when none meets them. */
  readonly closest: Trial | undefined;
  /** Every deployment that was played and kept up with the load. */
  readonly trials: readonly Trial[];
}

/** Plans are compared on the busiest stretch of the load, of so many requests or seconds, whichever is more. */
const STRETCH = { requests: 4000, durationS: 120 };
/** Doubling the replicas must bring the objectives nearer by this share, or more replicas are of no use. */
const WORTHWHILE = 0.02;
/** Replicas added one by one where the whole load asks for more than its busiest stretch. */
const MOST_TRIES = 5;
/** Around the fewest replicas, for the plot: energy against latency. */
const AROUND = [0.8, 1.3, 1.7, 2.3, 3.2];

/**
 * Looks for the deployment that meets the objectives with the least energy per token: for each parallelism, together and apart, the
 * fewest replicas that do (latencies fall as replicas are added), then lower clocks as long as they save energy. Yields after each
 * deployment it has played, so that others get their turn.
 */
export function* searchDeployments(inputs: SearchInputs): Generator<SearchProgress, SearchResult> {
  const search = new Search({ ...inputs, load: stretchOf(inputs.load) });
  const { models, slo } = inputs;
  const plans: Trial[] = [];
  const parts = models.length * 2 + 1;
  for (const [i, served] of models.entries()) {
    for (const [j, look] of [search.together(served), search.apart(served)].entries()) {
      for (;;) {
        const step = look.next();
        if (step.done === true) {
          if (step.value !== undefined) plans.push(step.value);
          break;
        }
        yield { share: (2 * i + j) / parts, trial: step.value };
      }
    }
  }
  plans.sort((a, b) => Number(meets(b, slo)) - Number(meets(a, slo)) || a.joulesPerToken - b.joulesPerToken);
  const good = plans.filter((trial) => meets(trial, slo));
  for (const { plan } of good.slice(0, 4)) for (const trial of search.around(plan)) yield { share: (parts - 1) / parts, trial };
  let best: Trial | undefined;
  for (const candidate of good) {
    if (best !== undefined && candidate.joulesPerToken > best.joulesPerToken) break;
    const whole = yield* search.onWhole(candidate.plan, inputs.load, (parts - 0.5) / parts);
    if (whole !== undefined && (best === undefined || whole.joulesPerToken < best.joulesPerToken)) best = whole;
  }
  const trials = search.trials.filter(({ ttftS }) => ttftS < Infinity);
  const closest = best === undefined ? [...trials].sort((a, b) => miss(a, slo) - miss(b, slo))[0] : undefined;
  return { best, plans, closest, trials };
}

class Search {
  readonly #inputs: SearchInputs;
  readonly #tried = new Map<string, Trial>();

  constructor(inputs: SearchInputs) {
    this.#inputs = inputs;
  }

  get trials(): readonly Trial[] {
    return [...this.#tried.values()];
  }

  /** Best plan that prefills and decodes on the same replicas, or the nearest to one. */
  *together(served: ServedModel): Generator<Trial, Trial | undefined> {
    const { slo, clocks } = this.#inputs;
    let best: Trial | undefined;
    for (const chunkTokens of this.#chunks(served)) {
      let here: Trial | undefined;
      for (const clock of clocks) {
        const of = (replicas: number): Plan => ({ kind: "together", served, replicas, clock, chunkTokens });
        const found = yield* this.#fewest(this.#leastReplicas(served), of, (trial) => meets(trial, slo));
        if (found === undefined) break;
        if (here !== undefined && !better(found, here, slo)) break;
        here = found;
        if (!meets(found, slo)) break;
      }
      if (here !== undefined && (best === undefined || better(here, best, slo))) best = here;
    }
    return best;
  }

  /** Best plan with two pools: first the prefill pool, on which alone the first token depends, then the decode pool. */
  *apart(served: ServedModel): Generator<Trial, Trial | undefined> {
    const { slo, clocks, maxGpus } = this.#inputs;
    const chunkTokens = served.model.maxBatchTokens;
    const ample = Math.max(1, Math.min(Math.floor(maxGpus / served.model.gpus / 2), 2 * this.#leastReplicas(served) + 1));
    const plan = (prefill: NonNullable<Plan["prefill"]>, replicas: number, clock: number): Plan => ({
      kind: "apart",
      served,
      replicas,
      clock,
      prefill,
      chunkTokens,
    });
    let first: Trial | undefined;
    for (const clock of clocks) {
      const of = (replicas: number): Plan => plan({ replicas, clock }, ample, 1);
      const found = yield* this.#fewest(1, of, ({ ttftS }) => ttftS <= slo.ttftS);
      if (found === undefined || found.ttftS > slo.ttftS) {
        first ??= found;
        break;
      }
      if (first !== undefined && found.poolEnergyJ[0] >= first.poolEnergyJ[0]) break;
      first = found;
    }
    const prefill = first?.plan.prefill;
    if (prefill === undefined) return undefined;
    let best = first;
    for (const clock of clocks) {
      const found = yield* this.#fewest(
        1,
        (replicas) => plan(prefill, replicas, clock),
        (trial) => meets(trial, slo),
      );
      if (found === undefined || (best !== undefined && !better(found, best, slo))) break;
      best = found;
    }
    return best;
  }

  /** The same plan with fewer and more replicas. */
  *around(plan: Plan): Generator<Trial> {
    for (const factor of AROUND) {
      const replicas = Math.max(1, Math.round(plan.replicas * factor));
      const other = { ...plan, replicas };
      if (gpusOf(other) <= this.#inputs.maxGpus) yield this.#try(other);
    }
  }

  /** The plan on the whole load, with a replica more as long as it misses there; undefined when some more do not help. */
  *onWhole(plan: Plan, load: Load, share: number): Generator<SearchProgress, Trial | undefined> {
    const { slo, maxGpus } = this.#inputs;
    let larger = plan;
    for (let tries = 0; tries < MOST_TRIES && gpusOf(larger) <= maxGpus; tries++) {
      const trial = load.requests.length === this.#inputs.load.requests.length ? this.#try(larger) : tryPlan(larger, load, this.#inputs);
      yield { share, trial };
      if (meets(trial, slo)) return trial;
      const { prefill } = larger;
      const morePrefill = prefill !== undefined && trial.ttftS > slo.ttftS;
      larger = morePrefill
        ? { ...larger, prefill: { ...prefill, replicas: prefill.replicas + 1 } }
        : { ...larger, replicas: larger.replicas + 1 };
    }
    return undefined;
  }

  /**
   * Trial with the fewest replicas that is good: doubling, then halving the gap. When none is, the last one tried; undefined when not
   * even one replica keeps within `maxGpus`.
   */
  *#fewest(from: number, planOf: (replicas: number) => Plan, good: (trial: Trial) => boolean): Generator<Trial, Trial | undefined> {
    const { slo, maxGpus } = this.#inputs;
    const most = Math.floor((maxGpus - gpusOf(planOf(0))) / planOf(0).served.model.gpus);
    if (most < 1) return undefined;
    let low = 0;
    let high = Math.min(from, most);
    let found = this.#try(planOf(high));
    yield found;
    while (!good(found)) {
      if (high === most) return found;
      low = high;
      high = Math.min(2 * high, most);
      const before = found;
      found = this.#try(planOf(high));
      yield found;
      const nearer = miss(found, slo) < miss(before, slo) * (1 - WORTHWHILE);
      if (!good(found) && before.ttftS < Infinity && !nearer) return found;
    }
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const trial = this.#try(planOf(middle));
      yield trial;
      if (good(trial)) [high, found] = [middle, trial];
      else low = middle;
    }
    return found;
  }

  #try(plan: Plan): Trial {
    const { kind, served, replicas, clock, prefill, chunkTokens } = plan;
    const key = [kind, served.label, replicas, clock, prefill?.replicas, prefill?.clock, chunkTokens].join(" ");
    const known = this.#tried.get(key);
    if (known !== undefined) return known;
    const trial = tryPlan(plan, this.#inputs.load, this.#inputs);
    this.#tried.set(key, trial);
    return trial;
  }

  /** Token budgets worth trying: the model's largest, and the largest power of two whose step keeps the inter-token objective. */
  #chunks({ model }: ServedModel): number[] {
    const { slo } = this.#inputs;
    const context = this.#meanContext();
    const keeps = (chunk: number): boolean => model.stepS(chunk, chunk * context, 32, 32 * context, 1) <= slo.itlS;
    let chunk = 128;
    while (2 * chunk <= model.maxBatchTokens && keeps(2 * chunk)) chunk *= 2;
    return [...new Set([model.maxBatchTokens, chunk])];
  }

  /** A bound from below: replicas that are busy all the time with nothing but full steps. */
  #leastReplicas({ model }: ServedModel): number {
    const { promptTokens, outputTokens, durationS } = this.#inputs.load;
    const context = this.#meanContext();
    const chunk = model.maxBatchTokens;
    const batch = Math.max(1, Math.min(MAX_SEQUENCES, Math.floor(model.kvCapacityTokens / context)));
    const prefillS = model.stepS(chunk, (chunk * context) / 2, 0, 0, 1) / chunk;
    const decodeS = model.stepS(0, 0, batch, batch * context, 1) / batch;
    const cached = this.#inputs.prefixTokens > 0 ? 0 : promptTokens * prefillS; // a prefix cache may spare any of it
    return Math.max(1, Math.floor((cached + outputTokens * decodeS) / Math.max(1, durationS)));
  }

  #meanContext(): number {
    const { promptTokens, outputTokens, requests } = this.#inputs.load;
    return (promptTokens + outputTokens / 2) / requests.length;
  }
}

function stretchOf({ requests, durationS }: Load): Load {
  const count = Math.ceil((requests.length * STRETCH.durationS) / Math.max(1, durationS));
  return loadOf(busiest(requests, Math.max(STRETCH.requests, count)));
}

/** Meeting the objectives comes first, then energy; among those that miss, the nearer one. */
function better(a: Trial, b: Trial, slo: Slo): boolean {
  if (meets(a, slo) !== meets(b, slo)) return meets(a, slo);
  return meets(a, slo) ? a.joulesPerToken < b.joulesPerToken : miss(a, slo) < miss(b, slo);
}
