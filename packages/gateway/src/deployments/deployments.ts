import { appendEntries, type Json, type Reader, type Store, type Transaction } from "@pulmu/journal";
import { nearest, PulmuError } from "@pulmu/units";
import { checkModel, type DeployedModel, type DeployedReplica } from "./deployed-model.ts";

/** The models that operators deployed, in the database: every gateway on it serves them within a second of a change. */
export class Deployments {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Grows with each change. */
  async version(): Promise<number> {
    const [{ n }] = await this.#store.query<{ n: number }>("select n from gateway_version");
    return n;
  }

  list(): Promise<DeployedModel[]> {
    return all(this.#store);
  }

  /** Adds a model, or puts it in the place of what was deployed under its name. `by`: who, for the journal. @throws PulmuError `deploy.*` */
  async put(model: DeployedModel, by: string): Promise<void> {
    checkModel(model);
    await this.#change(
      "gateway.deployed",
      model.modelId,
      by,
      { ...model, fallbacks: [...model.fallbacks], replicas: model.replicas.map((replica) => ({ ...replica })) },
      (tx) => write(tx, model),
    );
  }

  /** Takes a model away, or one of its replicas; the last one goes with its model. @throws PulmuError `deploy.unknown` */
  async remove(modelId: string, replicaId: string | undefined, by: string): Promise<void> {
    await this.#change("gateway.removed", modelId, by, { replica: replicaId ?? null }, async (tx) => {
      const model = await known(tx, modelId);
      if (replicaId !== undefined) knownReplica(model, replicaId);
      const replicas = replicaId === undefined ? [] : model.replicas.filter(({ id }) => id !== replicaId);
      if (replicas.length > 0) await write(tx, { ...model, replicas });
      else await tx.run("delete from gateway_deployments where model_id = $1", [modelId]);
    });
  }

  /** Lets a replica (or all) get no new requests, or get them again. @throws PulmuError `deploy.unknown` */
  async setDraining(modelId: string, replicaId: string | undefined, draining: boolean, by: string): Promise<void> {
    const kind = draining ? "gateway.drained" : "gateway.resumed";
    await this.#change(kind, modelId, by, { replica: replicaId ?? null }, async (tx) => {
      const model = await known(tx, modelId);
      if (replicaId !== undefined) knownReplica(model, replicaId);
      const replicas = model.replicas.map((replica) =>
        replicaId === undefined || replica.id === replicaId ? { ...replica, draining } : replica,
      );
      await write(tx, { ...model, replicas });
    });
  }

  /** The change, its number and its line in the journal: all or nothing. */
  async #change(
    kind: string,
    modelId: string,
    by: string,
    data: Readonly<Record<string, Json>>,
    change: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    await this.#store.transaction(async (tx) => {
      await tx.lock("gateway-deployments");
      await change(tx);
      await tx.run("update gateway_version set n = n + 1");
      await appendEntries(tx, [{ kind, actor: by, subject: modelId, data }], this.#now());
    });
  }
}

async function all(reader: Reader): Promise<DeployedModel[]> {
  const rows = await reader.query<{ body: string }>("select body from gateway_deployments order by model_id");
  return rows.map(({ body }) => JSON.parse(body) as DeployedModel);
}

async function write(tx: Transaction, model: DeployedModel): Promise<void> {
  await tx.run(
    "insert into gateway_deployments (model_id, body) values ($1, $2) on conflict (model_id) do update set body = excluded.body",
    [model.modelId, JSON.stringify(model)],
  );
}

async function known(reader: Reader, modelId: string): Promise<DeployedModel> {
  const models = await all(reader);
  const found = models.find((model) => model.modelId === modelId);
  if (found === undefined)
    throw unknown("model", modelId, models.map((model) => model.modelId)); // prettier-ignore
  return found;
}

function knownReplica({ replicas }: DeployedModel, replicaId: string): DeployedReplica {
  const found = replicas.find(({ id }) => id === replicaId);
  if (found === undefined)
    throw unknown("replica", replicaId, replicas.map(({ id }) => id)); // prettier-ignore
  return found;
}

function unknown(what: string, name: string, names: readonly string[]): PulmuError {
  const close = nearest(name, names);
  const hint =
    close !== undefined ? `did you mean "${close}"?` : names.length === 0 ? "nothing is deployed" : `there is ${names.join(", ")}`;
  return new PulmuError({ code: "deploy.unknown", path: what, value: name, rule: `no such ${what} was deployed`, hint });
}
