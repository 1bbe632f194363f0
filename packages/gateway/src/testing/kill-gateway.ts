/** A gateway as a process of its own, to be killed: `kill-gateway.ts DATABASE UPSTREAM`. Prints its address; ends well on SIGTERM. */
import { randomBytes } from "node:crypto";
import { Gatekeeper } from "@pulmu/govern";
import { openStore } from "@pulmu/journal";
import { Ledger } from "@pulmu/ledger";
import { Gateway } from "../gateway.ts";
import { deployment, KOREA } from "./door.ts";

const [database, upstream] = process.argv.slice(2);
const store = await openStore(database);
const ledger = await Ledger.open(store, { calendar: KOREA, now: Date.now });
ledger.start();
const gateway = new Gateway({
  authenticator: new Gatekeeper(store),
  accounts: ledger,
  calendar: KOREA,
  deployments: [deployment("m", [upstream])],
  now: Date.now,
  random: Math.random,
  randomBytes,
  onDefect: (error) => process.stderr.write(`defect: ${error instanceof Error ? error.stack : String(error)}\n`),
});
await gateway.start();
const { port } = await gateway.listen("127.0.0.1", 0);
process.stdout.write(`http://127.0.0.1:${port}/v1\n`);
process.once("SIGTERM", () => {
  void gateway
    .drain(5_000)
    .then(() => gateway.close())
    .then(() => ledger.close())
    .then(() => store.close());
});
