/** The gateway as it is run: keys, budgets, admission and durable metering on. A process of its own; prints its address and a key. */
import { randomBytes } from "node:crypto";
import { Gateway, HttpUpstream } from "@pulmu/gateway";
import { Gatekeeper, Identity, prepareGovern, SYSTEM } from "@pulmu/govern";
import { openStore, prepareJournal } from "@pulmu/journal";
import { Ledger, setLimit } from "@pulmu/ledger";

const [upstreamUrl, database] = process.argv.slice(2);
const calendar = { utcOffsetMin: 540 };
const store = await openStore(database);
await prepareJournal(store);
await prepareGovern(store);
const identity = new Identity(store, { now: Date.now, randomBytes });
await identity.createTenant(SYSTEM, "bench", "Bench");
await identity.createProject(SYSTEM, "bench", "load", "Load");
await identity.createAccount(SYSTEM, "bench/load", "app");
const { text } = await identity.createKey(SYSTEM, { accountId: "bench/load/app", scopes: ["inference"] });
const ledger = await Ledger.open(store, { calendar, now: Date.now });
for (const meter of ["requests", "tokens"] as const)
  await setLimit(store, calendar, { tenantId: "bench", scope: "tenant", scopeId: "bench", modelId: "", meter, window: "minute", most: 10 ** 12 }, "bench", Date.now()); // prettier-ignore
await ledger.refresh();
ledger.start();

const gateway = new Gateway({
  authenticator: new Gatekeeper(store),
  accounts: ledger,
  calendar,
  deployments: [
    {
      modelId: "bench",
      modelVersion: "bench@1",
      place: { site: "bench", jurisdiction: "kr" },
      acceleratorId: "gb300",
      ownedBy: "bench",
      createdMs: 0,
      replicas: [{ id: "mock", upstream: new HttpUpstream({ url: upstreamUrl }) }],
      energy: { energyOf: ({ outputTokens: itJ }, gpuS) => ({ gpuS, itJ, facilityJ: itJ, carbonG: 0, basis: "modelled" }) },
      maxOutputTokens: 100,
      maxConcurrent: 10_000,
    },
  ],
  now: Date.now,
  random: Math.random,
  randomBytes,
  onDefect: (error) => process.stderr.write(`${String(error)}\n`),
});
await gateway.start();
const { port } = await gateway.listen("127.0.0.1", 0);
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/v1`, key: text })}\n`);
