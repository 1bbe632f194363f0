import { isIP } from "node:net";
import type { Kpis } from "@pulmu/twin";
import { formatDuration, formatEnergy, formatPower } from "@pulmu/units";
import type { AccountsService } from "../../accounts/service.ts";
import type { BmcHouse } from "../../bmc/bmc-house.ts";
import type { LiveBus } from "../../bus/live-bus.ts";
import type { GatewayService } from "../../gateway/gateway-service.ts";
import type { LiveFactory } from "../../live/factory.ts";
import { count, fixed, grouped } from "../../terminal/format.ts";
import type { UpOptions } from "./options.ts";

/** What runs and where it answers: the first thing that is said. With `--json` one line says all, once all doors are open. */
export function announceFactory({ simulation: { site }, info }: LiveFactory, url: string, options: UpOptions): void {
  if (!options.json) {
    const gpus = site.racks.reduce((sum, rack) => sum + rack.type.trays * rack.type.gpusPerTray, 0);
    const size = `${formatPower(site.phase.envelopeW)}, ${grouped(site.racks.length)} racks, ${grouped(gpus)} GPUs`;
    process.stdout.write(`Pulmu serves ${url}: ${site.name}, phase ${site.phase.id} (${size})\nRequests: ${info.workloadSource}\n`);
  }
  if (!isLoopback(options.host)) {
    process.stderr.write(`pulmu: ${options.host} can be reached from other machines, and this API asks nobody for a password\n`);
  }
}

export function announceDoors(
  { simulation: { site }, info, steering }: LiveFactory,
  url: string,
  {
    accounts,
    gateway,
    bus,
    bmcs,
    signInLink,
  }: {
    readonly accounts: AccountsService | undefined;
    readonly gateway: GatewayService | undefined;
    readonly bus: LiveBus;
    readonly bmcs: BmcHouse | undefined;
    readonly signInLink: string;
  },
  options: UpOptions,
): void {
  if (options.json) {
    const { workloadSource } = info;
    const doors = { serving: url, tokens: gateway?.url, bus: bus.address, role: bus.role, bmcs: bmcs?.accessFile, leads: steering?.leads };
    process.stdout.write(`${JSON.stringify({ ...doors, site: site.id, phase: site.phase.id, workloadSource })}\n`);
    return;
  }
  if (signInLink !== "") process.stdout.write(`Console: ${url}${signInLink}\n`);
  const key = accounts?.keyFile === undefined ? "" : `, key in ${accounts.keyFile}`;
  if (gateway !== undefined) process.stdout.write(`Tokens: ${gateway.url}${key}\n`);
  if (accounts !== undefined) process.stdout.write(`Accounts: ${accounts.house.store.place}\n`);
  process.stdout.write(`Bus: ${bus.address}${bus.role === "all" ? "" : `, as the ${bus.role}`}\n`);
  if (bmcs !== undefined) process.stdout.write(`BMCs: ${bmcs.pattern}, to be had with --bmcs ${bmcs.accessFile}\n`);
  if (steering?.leads === false) process.stdout.write("Steering: stands by, another pulmu leads\n");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

export function farewell({ durationS, siteEnergyJ, tokensOut, joulesPerToken, resultHash }: Kpis): string {
  const tokens = `${count(tokensOut)} tokens at ${fixed(joulesPerToken, 2, "")} J/token`;
  return `Stopped after ${formatDuration(durationS)} of factory time: ${formatEnergy(siteEnergyJ)}, ${tokens}${resultHash === "" ? "" : `, hash ${resultHash.slice(0, 12)}`}`;
}
