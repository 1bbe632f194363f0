import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { CedarPolicy, CountedAccounts, DEFAULT_POLICIES, Gateway, type GatewayOptions, prepareGateway } from "@pulmu/gateway";
import { Gatekeeper } from "@pulmu/govern";
import { appendEntries, type Draft, GroupCommit, type Store } from "@pulmu/journal";
import { PulmuError } from "@pulmu/units";
import type { AccountsService } from "../accounts/service.ts";
import type { LiveFactory } from "../live/factory.ts";
import { listenProblem } from "../server/listen.ts";
import { capacityOfTwin, modelsOfTwin } from "./twin-models.ts";

export interface GatewayService {
  /** `http://127.0.0.1:8118/v1` */
  readonly url: string;
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
/** What was counted is kept this often, ms. */
const KEEP_EVERY_MS = 10_000;

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
  const deployments = modelsOfTwin(factory, meter, now);
  const upstreams = deployments.flatMap(({ replicas }) => replicas.map(({ upstream }) => upstream));
  const accounts = new CountedAccounts(ledger, upstreams, Buffer.from(randomBytes(12)).toString("hex"));
  const gateway = new Gateway({
    authenticator: new Gatekeeper(store),
    accounts,
    calendar,
    deployments,
    policy,
    store,
    onDenied: denialsTo(store, now),
    capacity: capacityOfTwin(factory),
    serviceClassOf: ({ tenantId }) => tenants.get(tenantId ?? "") ?? "standard",
    now,
    random: Math.random,
    randomBytes,
    onDefect: (error) => factory.note("warning", `gateway: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  const keep = () => accounts.keep(store).catch(() => {}); // a database that is away is met again
  const keeping = setInterval(() => void keep(), KEEP_EVERY_MS).unref();
  const close = async () => {
    clearInterval(keeping);
    await gateway.drain(DRAIN_MS);
    await gateway.close();
    await keep();
  };
  try {
    await gateway.start();
    const address = await gateway.listen(host, port).catch((error: NodeJS.ErrnoException) => {
      throw new PulmuError(listenProblem(error, host, port, "--gateway-port"));
    });
    const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return { url: `http://${name}:${address.port}/v1`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function readPolicies(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new PulmuError({ code: "policy.file", file, rule: "there is no such file, or it may not be read" });
  }
}

/** Every refusal by a policy goes into the journal, many in one commit; while the database is away, those beyond its queue are dropped. */
function denialsTo(store: Store, now: () => number): NonNullable<GatewayOptions["onDenied"]> {
  const drafts = new GroupCommit<Draft, void>(
    async (batch) => {
      await store.transaction((tx) => appendEntries(tx, batch, now()));
      return batch.map(() => undefined);
    },
    { maxBatch: 500, maxQueued: 10_000 },
  );
  return ({ tenantId, keyId, modelId, jurisdiction, residency, dataClass }, { rules }, requestId) => {
    const data = { requestId, tenant: tenantId, jurisdiction, residency, dataClass, rules };
    drafts.submit({ kind: "gateway.denied", actor: `key:${keyId}`, subject: modelId, data }).catch(() => {});
  };
}
