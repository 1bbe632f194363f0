import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  CedarPolicy,
  CountedAccounts,
  DEFAULT_POLICIES,
  type DeploymentSpec,
  Deployments,
  exporterFrom,
  Gateway,
  type GatewayOptions,
  prepareGateway,
  Treatments,
} from "@pulmu/gateway";
import { Gatekeeper } from "@pulmu/govern";
import { appendEntries, type Draft, GroupCommit, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { AccountsService } from "../accounts/service.ts";
import type { LiveFactory } from "../live/factory.ts";
import { listenProblem } from "../server/listen.ts";
import { CurtailmentWatch } from "./curtailment-watch.ts";
import { DeployedModels } from "./deployed-models.ts";
import { capacityOf } from "./power-capacity.ts";
import { RequestLog } from "./request-log.ts";
import { modelsOfTwin } from "./twin-models.ts";

export interface GatewayService {
  /** `http://127.0.0.1:8118/v1` */
  readonly url: string;
  /** The last requests, and what was decided of each. */
  readonly requests: RequestLog;
  close(): Promise<void>;
}

export interface GatewayPlace {
  readonly host: string;
  readonly port: number;
  /** Cedar policies; the gateway's default where there is none. */
  readonly policyFile?: string | undefined;
}

/** How long requests under way may take when the program stops. */
const DRAIN_MS = 2_000;
/** What was counted, and how replicas are, is kept this often, ms. */
const KEEP_EVERY_MS = 5_000;
/** Changed deployments are known after this long, ms. */
const LOOK_EVERY_MS = 500;

/**
 * The door for tokens beside a running factory: every model of the site, answered by the twin.
 * @throws PulmuError `server.*`, `store.*`, `policy.*`
 */
export async function openGateway(
  factory: LiveFactory,
  options: GatewayPlace,
  { house, ledger, meter }: Pick<AccountsService, "house" | "ledger" | "meter">,
): Promise<GatewayService> {
  const { host, port, policyFile } = options;
  const policy = policyFile === undefined ? new CedarPolicy(DEFAULT_POLICIES) : new CedarPolicy(readPolicies(policyFile), policyFile);
  const { store, calendar } = house;
  await prepareGateway(store);
  const tenants = new Map(factory.simulation.site.tenants.map(({ id, serviceClass }) => [id, serviceClass]));
  const now = () => Date.now();
  const ofTwin = modelsOfTwin(factory, meter, now);
  const kept = new Deployments(store, now);
  const deployed = new DeployedModels(kept, factory, meter);
  const treatments = new Treatments(store, now);
  let version = await kept.version();
  await treatments.refresh();
  const accounts = new CountedAccounts(ledger, randomBytes(12).toString("hex"));
  /** An operator's model stands in the place of the twin's. */
  const together = (specs: readonly DeploymentSpec[]) => {
    const served = [...specs, ...ofTwin.filter(({ modelId }) => !specs.some((spec) => spec.modelId === modelId))];
    accounts.watch(served.flatMap(({ replicas }) => replicas.map(({ upstream }) => upstream)));
    return served;
  };
  const capacity = capacityOf(factory);
  const journal = journalOf(store, now);
  const requests = new RequestLog();
  const spans = exporterFrom(process.env, (text) => factory.note("warning", `gateway: ${text}`));
  const gateway = new Gateway({
    authenticator: new Gatekeeper(store),
    accounts,
    calendar,
    deployments: together(await deployed.read()),
    policy,
    store,
    onDenied: denialsTo(journal),
    capacity,
    serviceClassOf: (principal) => treatments.of("serviceClass", principal) ?? tenants.get(principal.tenantId ?? "") ?? "standard",
    piiActionOf: (principal) => treatments.of("pii", principal) ?? "report",
    onSeen: (seen) => {
      requests.add(seen);
      spans?.add(seen);
    },
    now,
    random: Math.random,
    randomBytes,
    onDefect: (error) => factory.note("warning", `gateway: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  const keep = () => accounts.keep(store, now(), gateway.replicas());
  const watch = new CurtailmentWatch(capacity, () => gateway.gaveWay(), journal);
  const look = async () => {
    watch.look(now());
    const newest = await kept.version();
    if (newest === version) return;
    await treatments.refresh();
    await gateway.setDeployments(together(await deployed.read()));
    version = newest;
    await keep();
  };
  const timers = [repeat(KEEP_EVERY_MS, keep), repeat(LOOK_EVERY_MS, look)];
  const close = async () => {
    for (const timer of timers) clearInterval(timer);
    await gateway.drain(DRAIN_MS);
    await gateway.close();
    await keep().catch(() => {});
    await spans?.close();
  };
  try {
    await gateway.start();
    const address = await gateway.listen(host, port).catch((error: NodeJS.ErrnoException) => {
      throw new PulmuError(listenProblem(error, host, port, "--gateway-port"));
    });
    const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return { url: `http://${name}:${address.port}/v1`, requests, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What fails is tried again at the next turn: a database that is away is met again. */
function repeat(everyMs: number, work: () => Promise<void>): NodeJS.Timeout {
  let running = false;
  const turn = () => {
    if (running) return;
    running = true;
    void work()
      .catch(() => {})
      .finally(() => (running = false));
  };
  return setInterval(turn, everyMs).unref();
}

function readPolicies(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new PulmuError({ code: "policy.file", file, rule: "there is no such file, or it may not be read" });
  }
}

/** Lines for the journal, many in one commit; while the database is away, those beyond the queue are dropped. */
function journalOf(store: Store, now: () => number): (draft: Draft) => void {
  const drafts = new GroupCommit<Draft, void>(
    async (batch) => {
      await store.transaction((tx) => appendEntries(tx, batch, now()));
      return batch.map(() => undefined);
    },
    { maxBatch: 500, maxQueued: 10_000 },
  );
  return (draft) => void drafts.submit(draft).catch(() => {});
}

/** Every refusal by a policy, with the rules that decided. */
function denialsTo(journal: (draft: Draft) => void): NonNullable<GatewayOptions["onDenied"]> {
  return ({ tenantId, keyId, modelId, jurisdiction, residency, dataClass }, { rules }, { requestId, traceparent }) => {
    const data = { requestId, tenant: tenantId, jurisdiction, residency, dataClass, rules };
    journal({ kind: "gateway.denied", actor: `key:${keyId}`, subject: modelId, data, traceparent });
  };
}
