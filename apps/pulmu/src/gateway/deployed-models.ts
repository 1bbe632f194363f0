import { type DeployedModel, type DeploymentSpec, type Deployments, type EnergyModel, HttpUpstream, type Upstream } from "@pulmu/gateway";
import { SERIES } from "@pulmu/twin";
import type { FactoryMeter } from "../accounts/factory-meter.ts";
import type { LiveFactory } from "../live/factory.ts";

const J_PER_KWH = 3.6e6;

/** The models of the database as this gateway serves them: in place of the twin's where they have the same name. */
export class DeployedModels {
  readonly #deployments: Deployments;
  readonly #factory: LiveFactory;
  readonly #meter: FactoryMeter;
  /** An address that stays keeps its connections. */
  readonly #upstreams = new Map<string, Upstream>();

  constructor(deployments: Deployments, factory: LiveFactory, meter: FactoryMeter) {
    this.#deployments = deployments;
    this.#factory = factory;
    this.#meter = meter;
  }

  /** What is to be served now. @throws PulmuError `store.*` */
  async read(): Promise<readonly DeploymentSpec[]> {
    const models = await this.#deployments.list();
    const unused = new Set(this.#upstreams.keys());
    const specs = models.map((model) => this.#specOf(model, unused));
    for (const name of unused) this.#upstreams.delete(name);
    return specs;
  }

  #specOf(model: DeployedModel, unused: Set<string>): DeploymentSpec {
    const { site } = this.#factory.simulation;
    const { modelId, upstreamModel, modelVersion, acceleratorId, ownedBy, maxOutputTokens, maxConcurrent, fallbacks, replicas } = model;
    return {
      modelId,
      upstreamModel,
      modelVersion,
      place: {
        site: model.site === "" ? site.id : model.site,
        jurisdiction: model.jurisdiction === "" ? site.country.toLowerCase() : model.jurisdiction,
      },
      acceleratorId,
      ownedBy,
      createdMs: model.createdMs,
      maxOutputTokens,
      maxConcurrent,
      fallbacks,
      countsAsItGoes: model.engine !== "openai",
      isolatesCache: model.engine !== "openai" && !model.sharesCache,
      energy: this.#energyOf(model),
      replicas: replicas.map(({ id, url, weight, keyEnv, draining }) => {
        const name = JSON.stringify([modelId, id, url, keyEnv]);
        unused.delete(name);
        let upstream = this.#upstreams.get(name);
        if (upstream === undefined) {
          const apiKey = keyEnv === "" ? undefined : process.env[keyEnv];
          this.#upstreams.set(name, (upstream = new HttpUpstream({ url, ...(apiKey !== undefined && { apiKey }) })));
        }
        return { id, upstream, weight, draining };
      }),
    };
  }

  /** As its machine metered it, else by the tokens made; with cooling, losses and carbon as the site has them now. */
  #energyOf({ joulesPerToken, engine }: DeployedModel): EnergyModel {
    return {
      energyOf: ({ outputTokens, energyJ }, durationS) => {
        const measured = engine === "pulmu" && energyJ !== undefined;
        const { row } = this.#factory.simulation;
        const itJ = measured ? energyJ : outputTokens * joulesPerToken;
        const facilityJ = itJ * (row[SERIES.pue] > 1 ? row[SERIES.pue] : 1);
        const gPerKWh = row[SERIES.carbonGPerKWh];
        this.#meter.addElsewhere(itJ, facilityJ);
        return {
          gpuS: durationS,
          itJ,
          facilityJ,
          carbonG: Number.isNaN(gPerKWh) ? 0 : (facilityJ / J_PER_KWH) * gPerKWh,
          basis: "modelled",
        };
      },
    };
  }
}
