import { type DeployedModel, type DeployedReplica, Deployments, prepareGateway, readReplicas, type ReplicaNow } from "@pulmu/gateway";
import { printLine, printTable } from "../../accounts/print.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { type CommonOptions, withHouse } from "../accounts/identity.ts";

export interface AddOptions extends CommonOptions {
  readonly url: readonly string[];
  readonly weight?: readonly number[];
  readonly keyEnv?: string;
  readonly engine: DeployedModel["engine"];
  readonly shareCache?: boolean;
  readonly upstreamModel?: string;
  readonly modelVersion?: string;
  readonly site?: string;
  readonly jurisdiction?: string;
  readonly accelerator?: string;
  readonly owner: string;
  readonly maxTokens: number;
  readonly maxConcurrent: number;
  readonly joulesPerToken: number;
  readonly fallback?: readonly string[];
}

/** What a gateway wrote of itself is believed for so long: it writes every five seconds. */
const BELIEVED_MS = 15_000;

/** Works on the database itself, as whoever may write it. */
function withDeployments(
  options: CommonOptions,
  work: (deployments: Deployments, by: string, replicas: () => Promise<readonly ReplicaNow[]>) => Promise<ExitCode | void>,
): Promise<ExitCode> {
  return withHouse(options, async ({ store, now }, by) => {
    await prepareGateway(store);
    return work(new Deployments(store, now), by.id, () => readReplicas(store, now() - BELIEVED_MS));
  });
}

/** `pulmu deploy add`: puts a model, with all its replicas, in the place of what was deployed under its name. */
export const addModel = (modelId: string, options: AddOptions): Promise<ExitCode> =>
  withDeployments(options, async (deployments, by) => {
    const { url: urls, weight: weights = [], keyEnv = "" } = options;
    const replicas = urls.map((url, i): DeployedReplica => ({ id: `r${i + 1}`, url, weight: weights[i] ?? 1, keyEnv, draining: false }));
    const model: DeployedModel = {
      modelId,
      upstreamModel: options.upstreamModel ?? modelId,
      modelVersion: options.modelVersion ?? modelId,
      site: options.site ?? "",
      jurisdiction: options.jurisdiction ?? "",
      acceleratorId: options.accelerator ?? "",
      ownedBy: options.owner,
      createdMs: Date.now(),
      engine: options.engine,
      sharesCache: options.shareCache === true,
      maxOutputTokens: options.maxTokens,
      maxConcurrent: options.maxConcurrent,
      joulesPerToken: options.joulesPerToken,
      fallbacks: options.fallback ?? [],
      replicas,
    };
    await deployments.put(model, by);
    if (options.json) return printJson(model);
    const count = replicas.length === 1 ? "one replica" : `${replicas.length} replicas`;
    printLine(
      `${modelId} is deployed with ${count}; gateways serve it within a second. Next: pulmu deploy list, pulmu chat --model ${modelId}`,
    );
  });

/** `pulmu deploy list`: every replica, and how the running gateways see it. */
export const listDeployed = (options: CommonOptions): Promise<ExitCode> =>
  withDeployments(options, async (deployments, _, replicasNow) => {
    const now = await replicasNow();
    const rows = (await deployments.list()).flatMap(({ modelId, modelVersion, jurisdiction, replicas }) =>
      replicas.map(({ id, url, weight, draining }) => {
        const seen = now.filter((replica) => replica.modelId === modelId && replica.id === id);
        const states = [...new Set(seen.map(({ state }) => state))];
        const inFlight = seen.reduce((sum, replica) => sum + replica.inFlight, 0);
        return { modelId, modelVersion, jurisdiction, replica: id, url, weight, draining, states, inFlight };
      }),
    );
    if (options.json) return printJson(rows);
    const right = true;
    printTable(
      [
        { title: "MODEL" },
        { title: "REPLICA" },
        { title: "ADDRESS" },
        { title: "WEIGHT", right },
        { title: "STATE" },
        { title: "UNDER WAY", right },
      ],
      rows.map(({ modelId, replica, url, weight, draining, states, inFlight }) => [
        modelId,
        replica,
        url,
        String(weight),
        states.join(", ") || (draining ? "draining, " : "") + "no gateway runs",
        String(inFlight),
      ]),
      "nothing is deployed: pulmu deploy add MODEL --url ADDRESS",
    );
  });

export const setDraining = (modelId: string, replica: string | undefined, draining: boolean, options: CommonOptions): Promise<ExitCode> =>
  withDeployments(options, async (deployments, by) => {
    await deployments.setDraining(modelId, replica, draining, by);
    if (options.json) return printJson({ modelId, replica: replica ?? null, draining });
    const who = replica === undefined ? modelId : `${replica} of ${modelId}`;
    printLine(draining ? `${who} gets no new requests; those under way go on. Next: pulmu deploy list` : `${who} gets requests again.`);
  });

export const removeModel = (modelId: string, replica: string | undefined, options: CommonOptions): Promise<ExitCode> =>
  withDeployments(options, async (deployments, by) => {
    await deployments.remove(modelId, replica, by);
    if (options.json) return printJson({ modelId, replica: replica ?? null });
    printLine(`${replica === undefined ? modelId : `${replica} of ${modelId}`} is removed; what is under way goes on to its end.`);
    return EXIT.ok;
  });
