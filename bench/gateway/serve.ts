/**
 * The gateway as it is run: keys, budgets, admission and durable metering on. A process of its own; prints its address, a key, and a key of
 * a tenant that may ask 5,000 times a day. `--join PORT` serves that port beside another on the same database.
 */
import { randomBytes } from "node:crypto";
import { CedarPolicy, DEFAULT_POLICIES, Gateway, HttpUpstream } from "@pulmu/gateway";
import { Gatekeeper, Identity, prepareGovern, SYSTEM } from "@pulmu/govern";
import { openStore, prepareJournal } from "@pulmu/journal";
import { Ledger, setLimit } from "@pulmu/ledger";

const FEW = 5_000;
const [upstreamUrl, database, join, port = "0"] = process.argv.slice(2);
const calendar = { utcOffsetMin: 540 };
const store = await openStore(database);
const ledger = await (async () => {
  if (join === "--join") return Ledger.open(store, { calendar, now: Date.now });
  await prepareJournal(store);
  await prepareGovern(store);
  return Ledger.open(store, { calendar, now: Date.now });
})();

async function newTenant(id: string): Promise<string> {
  const identity = new Identity(store, { now: Date.now, randomBytes });
  await identity.createTenant(SYSTEM, id, id);
  await identity.createProject(SYSTEM, id, "load", "Load");
  await identity.createAccount(SYSTEM, `${id}/load`, "app");
  return (await identity.createKey(SYSTEM, { accountId: `${id}/load/app`, scopes: ["inference"] })).text;
}

const limit = (tenantId: string, meter: "requests" | "tokens", window: "minute" | "day", most: number) =>
  setLimit(store, calendar, { tenantId, scope: "tenant", scopeId: tenantId, modelId: "", meter, window, most }, "bench", Date.now());

let keys: object = {};
if (join === undefined) {
  keys = { key: await newTenant("bench"), fewKey: await newTenant("few") };
  for (const meter of ["requests", "tokens"] as const) await limit("bench", meter, "minute", 10 ** 12);
  await limit("few", "requests", "day", FEW);
}
await ledger.refresh();
ledger.start();

const gateway = new Gateway({
  authenticator: new Gatekeeper(store),
  accounts: ledger,
  calendar,
  policy: new CedarPolicy(DEFAULT_POLICIES),
  deployments: [
    {
      modelId: "bench",
      modelVersion: "bench@1",
      place: { site: "bench", jurisdiction: "kr" },
      acceleratorId: "gb300",
      ownedBy: "bench",
      createdMs: 0,
      replicas: [{ id: "mock", upstream: new HttpUpstream({ url: upstreamUrl, idleTimeoutMs: 3_600_000 }) }],
      energy: { energyOf: ({ outputTokens: itJ }, gpuS) => ({ gpuS, itJ, facilityJ: itJ, carbonG: 0, basis: "modelled" }) },
      maxOutputTokens: 100,
      maxConcurrent: 20_000,
    },
  ],
  now: Date.now,
  random: Math.random,
  randomBytes,
  onDefect: (error) => process.stderr.write(`${String(error)}\n`),
});
await gateway.start();
const address = await gateway.listen("127.0.0.1", Number(port), true);
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${address.port}/v1`, ...keys })}\n`);
