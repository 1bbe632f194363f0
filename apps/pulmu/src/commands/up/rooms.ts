import { readFileSync } from "node:fs";
import type { Simulation } from "@pulmu/twin";
import type { AccountsService } from "../../accounts/service.ts";
import type { BusPlant } from "../../bus/live-bus.ts";
import type { GatewayService } from "../../gateway/gateway-service.ts";
import type { LiveFactory } from "../../live/factory.ts";
import type { UpOptions } from "./options.ts";

/**
 * Accounts beside the factory. They meter where the work is and where the registers are, not where an operator is alone: a BMS has points
 * of power, and none of energy.
 */
export async function openAccountsOf(factory: LiveFactory, { twin }: BusPlant, options: UpOptions): Promise<AccountsService | undefined> {
  const { db, scenario, speed } = options;
  if (db === false || twin === undefined) return undefined;
  const { openAccounts } = await import("../../accounts/service.ts");
  const study = scenario !== undefined || speed !== 1;
  const complain = (text: string) => factory.note("warning", text);
  // Where the bus keeps up, joules are counted by the site's own meters as they are read there.
  const accounts = await openAccounts({ db, study }, twin, complain, speed === 1 ? () => factory.simulation : undefined);
  factory.listen({ onEvent: (event) => accounts.fleet.onEvent(event), onSecond: () => accounts.tick() });
  if (accounts.firstKey !== undefined)
    process.stderr.write(`pulmu: administrator's key of this new house, shown this once:\n\n  ${accounts.firstKey}\n\n`);
  return accounts;
}

/** Real work beside the twin's: the database's jobs, on the engine that was named, within what steering leaves them. */
export async function openJobsOf(
  factory: LiveFactory,
  twin: Simulation,
  options: UpOptions,
  { house, ledger, engineRacks, watches }: AccountsService,
) {
  const { openJobs, openPower, steeredPower } = await import("../../jobs/jobs-service.ts");
  const { steering } = factory;
  const power = steering === undefined ? openPower : steeredPower(steering, house.now);
  const complain = (text: string) => factory.note("warning", text);
  const jobs = await openJobs({ ...house, ledger, engineRacks, watches }, twin, power, { ...options, now: house.now, complain });
  factory.listen({ onSecond: () => jobs.tick() });
  return jobs;
}

/** The door for tokens. */
export async function openGatewayOf(factory: LiveFactory, options: UpOptions, accounts: AccountsService): Promise<GatewayService> {
  const { openGateway } = await import("../../gateway/gateway-service.ts");
  const port = options.gatewayPort ?? (options.port === 0 ? 0 : options.port + 1);
  return openGateway(factory, { host: options.host, port, policyFile: options.policy }, accounts);
}

/** Where the pages find keys, and the first of them, which the house of `npm start` leaves in a file only its owner may read. */
export function doorsOf(accounts: AccountsService | undefined, gateway: GatewayService | undefined) {
  const keyFile = accounts?.keyFile;
  const localKey = accounts?.firstKey ?? (keyFile === undefined ? undefined : readFileSync(keyFile, "utf8").trim());
  return { store: accounts?.house.store, localKey, gatewayUrl: gateway?.url, requests: gateway?.requests };
}
