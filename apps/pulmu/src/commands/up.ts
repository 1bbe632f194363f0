import { isIP } from "node:net";
import { join, relative } from "node:path";
import { formatDuration, formatEnergy, formatPower } from "@pulmu/units";
import type { AccountsService } from "../accounts/service.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import type { GatewayService } from "../gateway/gateway-service.ts";
import { LiveFactory } from "../live/factory.ts";
import { Pacer, wallClock } from "../live/pacer.ts";
import { factoryState } from "../live/state.ts";
import type { View } from "../live/view.ts";
import { openLive, openScenario, type Twin } from "../run/twin.ts";
import { catchStop } from "../stop-signal.ts";
import { createFactoryServer } from "../server/app.ts";
import { listen } from "../server/listen.ts";
import { renderDashboard } from "../terminal/dashboard.ts";
import { count, fixed, grouped } from "../terminal/format.ts";
import { LogView, logLine } from "../terminal/log-view.ts";
import { Screen } from "../terminal/screen.ts";
import { createStyle, wantsColour } from "../terminal/style.ts";

export interface UpOptions {
  readonly site?: string;
  readonly phase?: string;
  readonly scenario?: string;
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly trace?: string;
  readonly synthetic?: boolean;
  readonly speed: number;
  readonly seed?: number;
  readonly ui: boolean;
  readonly json?: boolean;
  /** Database of accounts, served at /api/v1. */
  readonly db?: string;
  /** False: no tokens are served. */
  readonly gateway: boolean;
  /** One above `port` unless said. */
  readonly gatewayPort?: number;
  /** File of Cedar policies on who may ask which model, and where data may go. */
  readonly policy?: string;
}

/** The site that comes with the checkout, wherever the command is run. */
const DEFAULT_SITE = relative(process.cwd(), join(import.meta.dirname, "../../../../sites/gak-sejong.yaml"));

/**
 * `pulmu up`: runs a factory until Ctrl-C or SIGTERM, then stops everything it started.
 * @throws PulmuError for a bad site, scenario or trace, or a port that cannot be had
 */
export async function up(options: UpOptions): Promise<ExitCode> {
  const { twin, secondZeroMs } = await prepare(options);
  const factory = new LiveFactory(twin.simulation, { workloadSource: twin.workloadSource, speed: options.speed });
  const accounts = options.db === undefined ? undefined : await openAccountsOf(factory, options.db);
  const server = createFactoryServer(factory, undefined, accounts?.app);
  const gateway = options.gateway ? await openGatewayOf(factory, options, accounts) : undefined;
  const listening = await listen(server.app, options.host, options.port).catch(async (error: unknown) => {
    await gateway?.close();
    throw error;
  });
  const stop = catchStop(); // before the terminal is changed, so that it is always given back
  announce(factory, listening.url, gateway, options);

  const view = openView(factory, listening.url, options);
  const pacer = new Pacer(factory, wallClock, secondZeroMs, () => {
    view.tick();
    server.events.sendState();
  });
  pacer.start();
  await stop.wait;

  pacer.stop();
  view.close();
  server.events.close();
  await listening.close();
  await gateway?.close();
  await accounts?.close();
  if (!options.json) process.stdout.write(`${farewell(factory)}\n`);
  return EXIT.ok;
}

/** Accounts beside the factory: loaded only where they are asked for. */
async function openAccountsOf(factory: LiveFactory, db: string): Promise<AccountsService> {
  const { openAccounts } = await import("../accounts/service.ts");
  const accounts = await openAccounts(db, factory.simulation, (text) => factory.note("warning", text));
  factory.listen({ onSecond: () => accounts.tick() });
  if (accounts.firstKey !== undefined)
    process.stderr.write(`pulmu: administrator's key of this new house, shown this once:\n\n  ${accounts.firstKey}\n\n`);
  return accounts;
}

/** The door for tokens, with the accounts that are kept, or else with its own. */
async function openGatewayOf(factory: LiveFactory, options: UpOptions, accounts: AccountsService | undefined): Promise<GatewayService> {
  const { openGateway } = await import("../gateway/gateway-service.ts");
  const port = options.gatewayPort ?? (options.port === 0 ? 0 : options.port + 1);
  return openGateway(
    factory,
    { host: options.host, port, policyFile: options.policy },
    accounts && { store: accounts.house.store, calendar: accounts.house.calendar, ledger: accounts.ledger },
  );
}

/** What the factory has behind it when it is first seen: loops are warm, queues are filled, jobs run. */
const WARM_UP_S = 900;

/** The twin, and the wall time of its second 0. Today starts a little in the past and warms up; a scenario starts at its own start. */
async function prepare(options: UpOptions): Promise<{ readonly twin: Twin; readonly secondZeroMs: number }> {
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  if (options.scenario !== undefined) return { twin: await openScenario(options.scenario, options), secondZeroMs: nowMs };
  const twin = await openLive(nowMs - WARM_UP_S * 1000, { ...options, site: options.site ?? DEFAULT_SITE });
  return { twin, secondZeroMs: nowMs - (WARM_UP_S * 1000) / options.speed };
}

function announce(factory: LiveFactory, url: string, gateway: GatewayService | undefined, options: UpOptions): void {
  const { site } = factory.simulation;
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ serving: url, tokens: gateway?.url, site: site.id, phase: site.phase.id, workloadSource: factory.info.workloadSource })}\n`,
    );
  } else {
    const gpus = site.racks.reduce((sum, rack) => sum + rack.type.trays * rack.type.gpusPerTray, 0);
    const size = `${formatPower(site.phase.envelopeW)}, ${grouped(site.racks.length)} racks, ${grouped(gpus)} GPUs`;
    process.stdout.write(`Pulmu serves ${url}: ${site.name}, phase ${site.phase.id} (${size})\nRequests: ${factory.info.workloadSource}\n`);
    const key = gateway?.keyFile === undefined ? "" : `, key in ${gateway.keyFile}`;
    if (gateway !== undefined) process.stdout.write(`Tokens: ${gateway.url}${key}\n`);
  }
  if (!isLoopback(options.host)) {
    process.stderr.write(`pulmu: ${options.host} can be reached from other machines, and this API asks nobody for a password\n`);
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function openView(factory: LiveFactory, url: string, options: UpOptions): View {
  const nowMs = () => performance.now();
  if (options.json) return new LogView(() => JSON.stringify(factoryState(factory)), nowMs);
  if (!options.ui || !process.stdout.isTTY) return new LogView(() => logLine(factory), nowMs);
  const style = createStyle(wantsColour(process.stdout, process.env));
  const screen = new Screen(process.stdout, (width, height) => renderDashboard(factory, url, { width, height, style }));
  return { tick: () => screen.draw(), close: () => screen.close() };
}

function farewell(factory: LiveFactory): string {
  const { durationS, siteEnergyJ, tokensOut, joulesPerToken, resultHash } = factory.kpis();
  const tokens = `${count(tokensOut)} tokens at ${fixed(joulesPerToken, 2, "")} J/token`;
  return `Stopped after ${formatDuration(durationS)} of factory time: ${formatEnergy(siteEnergyJ)}, ${tokens}, hash ${resultHash.slice(0, 12)}`;
}
