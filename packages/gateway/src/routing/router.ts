import { nearest } from "@pulmu/units";
import { type Capacity, FULL_POWER } from "../admission/capacity.ts";
import { Lane } from "../admission/lane.ts";
import { Refusal } from "../refusal.ts";
import { chooseReplica } from "./choose-replica.ts";
import type { DeploymentSpec } from "./deployment.ts";
import { hashText, Replica } from "./replica.ts";

/** Retries may be this part of requests, and so many at once at most: a failing factory is not asked twice as much. */
const RETRY_SHARE = 0.1;
const MAX_RETRIES_SAVED = 10;

/** A deployment with its replicas as they are now. */
export class Deployment {
  readonly lane: Lane;
  #spec: DeploymentSpec;
  #replicas: readonly Replica[];
  /** No longer its own, with answers under way. */
  #leaving: readonly Replica[] = [];
  #retries = MAX_RETRIES_SAVED;

  constructor(spec: DeploymentSpec, capacity: Capacity, now: () => number) {
    this.#spec = spec;
    this.lane = new Lane(spec.maxConcurrent, capacity, now);
    this.#replicas = spec.replicas.map((replica) => new Replica(replica));
  }

  get spec(): DeploymentSpec {
    return this.#spec;
  }

  get replicas(): readonly Replica[] {
    return this.#replicas;
  }

  /** Work goes on: who waits keeps its turn, and a replica whose upstream stays is known as it was. */
  update(spec: DeploymentSpec): void {
    const before = this.#replicas;
    this.#spec = spec;
    this.lane.resize(spec.maxConcurrent);
    this.#replicas = spec.replicas.map((replica) => {
      const known = before.find(({ spec: old }) => old.upstream === replica.upstream && old.id === replica.id);
      known?.update(replica);
      return known ?? new Replica(replica);
    });
    this.#leaving = [...this.#leaving, ...before.filter((replica) => !this.#replicas.includes(replica))];
  }

  /** Closes replicas that left and are idle. True: nothing is under way any more, nobody waits. */
  async sweep(): Promise<boolean> {
    const idle = this.#leaving.filter(({ inFlight }) => inFlight === 0);
    this.#leaving = this.#leaving.filter((replica) => !idle.includes(replica));
    await Promise.all(idle.map(({ spec }) => spec.upstream.close()));
    return this.#leaving.length === 0 && this.lane.waiting === 0 && this.lane.taken === 0;
  }

  asked(): void {
    this.#retries = Math.min(MAX_RETRIES_SAVED, this.#retries + RETRY_SHARE);
  }

  /** Takes the right to try once more. */
  mayRetry(): boolean {
    if (this.#retries < 1) return false;
    this.#retries--;
    return true;
  }
}

export interface RouterOptions {
  readonly deployments: readonly DeploymentSpec[];
  readonly capacity?: Capacity;
  readonly now: () => number;
  readonly random: () => number;
}

/** Finds who answers: a model's deployment, and of that one replica. */
export class Router {
  readonly #byModel: Map<string, Deployment>;
  readonly #make: (spec: DeploymentSpec) => Deployment;
  readonly #random: () => number;
  /** Taken away, with work that is not over. */
  #leaving: readonly Deployment[] = [];

  constructor({ deployments, capacity = FULL_POWER, now, random }: RouterOptions) {
    this.#make = (spec) => new Deployment(spec, capacity, now);
    this.#byModel = new Map(deployments.map((spec) => [spec.modelId, this.#make(spec)]));
    this.#random = random;
  }

  get deployments(): readonly Deployment[] {
    return [...this.#byModel.values()];
  }

  /** With those that were taken away and still have work. */
  get atWork(): readonly Deployment[] {
    return [...this.#byModel.values(), ...this.#leaving];
  }

  /** These deployments from now on. What is under way goes on to its end. */
  set(specs: readonly DeploymentSpec[]): void {
    const gone = new Map(this.#byModel);
    for (const spec of specs) {
      const known = gone.get(spec.modelId);
      known?.update(spec);
      gone.delete(spec.modelId);
      if (known === undefined) this.#byModel.set(spec.modelId, this.#make(spec));
    }
    for (const [modelId, deployment] of gone) {
      this.#byModel.delete(modelId);
      deployment.update({ ...deployment.spec, replicas: [] });
    }
    this.#leaving = [...this.#leaving, ...gone.values()];
  }

  /** Forgets what left and is over. */
  async sweep(): Promise<void> {
    const over = new Set<Deployment>();
    for (const deployment of this.atWork) if (await deployment.sweep()) over.add(deployment);
    this.#leaving = this.#leaving.filter((deployment) => !over.has(deployment));
  }

  get(modelId: string): Deployment | undefined {
    return this.#byModel.get(modelId);
  }

  /** @throws Refusal 404 with the nearest name among those that `visible` lets the caller see */
  deployment(modelId: string, visible: (spec: DeploymentSpec) => boolean): Deployment {
    const found = this.#byModel.get(modelId);
    if (found !== undefined) return found;
    throw this.notThere(modelId, visible);
  }

  notThere(modelId: string, visible: (spec: DeploymentSpec) => boolean): Refusal {
    const known = this.deployments.filter(({ spec }) => visible(spec)).map(({ spec }) => spec.modelId);
    const close = nearest(modelId, known);
    const hint = close === undefined ? "GET /v1/models lists those there are." : `Did you mean '${close}'?`;
    return new Refusal(`The model '${modelId.slice(0, 100)}' does not exist or you do not have access to it. ${hint}`, {
      status: 404,
      type: "invalid_request_error",
      code: "model_not_found",
      param: "model",
      retry: false,
    });
  }

  /** The tenant is part of what decides: one tenant's prompts do not warm the caches that another's timing could show. */
  replica(deployment: Deployment, tenantId: string, prefix: string, nowMs: number, tried: ReadonlySet<Replica>): Replica | undefined {
    const { replicas } = deployment;
    if (replicas.length === 1) return tried.size === 0 && replicas[0].available(nowMs) ? replicas[0] : undefined;
    return chooseReplica(replicas, hashText(prefix, hashText(tenantId)), this.#random(), nowMs, tried);
  }
}
