import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join, relative, resolve } from "node:path";
import { loadCatalog } from "@pulmu/catalog";
import { openStore, type Store } from "@pulmu/journal";
import { loadSite } from "@pulmu/site";
import { plainScenario, type Kpis, type Simulation } from "@pulmu/twin";
import { formatDuration, formatEnergy, formatPower, PulmuError } from "@pulmu/units";
import type { AccountsService } from "../accounts/service.ts";
import { readBmcAccess } from "../bmc/access-file.ts";
import { openBmcHouse, type BmcHouse } from "../bmc/bmc-house.ts";
import { BusHome } from "../bus/bus-home.ts";
import { LiveBus, type BusPlant, type LiveBusOptions } from "../bus/live-bus.ts";
import { Console } from "../console/console.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { Scraper } from "../fleet/scraper.ts";
import { readFleetSources } from "../fleet/sources-file.ts";
import type { EngineOptions } from "../jobs/engine-option.ts";
import type { GatewayService } from "../gateway/gateway-service.ts";
import { LiveFactory } from "../live/factory.ts";
import { Pacer, wallClock } from "../live/pacer.ts";
import { factoryState } from "../live/state.ts";
import type { View } from "../live/view.ts";
import { openLive, openScenario } from "../run/twin.ts";
import { readTerms } from "../steer/flex-terms.ts";
import { redfishPlant } from "../steer/redfish-plant.ts";
import { twinPlant, type SteeredPlant } from "../steer/steered-plant.ts";
import { Steering } from "../steer/steering.ts";
import { catchStop } from "../stop-signal.ts";
import { createFactoryServer } from "../server/app.ts";
import { listen } from "../server/listen.ts";
import { renderDashboard } from "../terminal/dashboard.ts";
import { count, fixed, grouped } from "../terminal/format.ts";
import { LogView, logLine } from "../terminal/log-view.ts";
import { Screen } from "../terminal/screen.ts";
import { createStyle, wantsColour } from "../terminal/style.ts";
import { Operation } from "./operation.ts";

export interface UpOptions extends LiveBusOptions, EngineOptions {
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
  /** Database of accounts, served at /api/v1; by default the site's in this folder. False: none are kept, and so no tokens served. */
  readonly db?: string | false;
  /** False: racks do as they like, within their standing limits. */
  readonly steering: boolean;
  /** File that says how to get at the site's BMCs: caps go there, over Redfish. */
  readonly bmcs?: string;
  /** Port for the BMCs of the twin that runs here. */
  readonly serveBmcs?: number;
  /** File that says which exporters and BMCs are asked how the nodes are. */
  readonly fleetSources?: string;
  /** File of what the grid side pays for load that gives way. */
  readonly flexTerms?: string;
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
 * @throws PulmuError for a bad site, scenario or trace, a port that cannot be had, or a bus that cannot be reached
 */
export async function up(options: UpOptions): Promise<ExitCode> {
  const { plant, workloadSource, secondZeroMs } = await prepare(options);
  const stop = catchStop(); // before the terminal is changed, so that it is always given back
  const closers: (() => unknown)[] = [];
  const early: Parameters<LiveFactory["note"]>[] = [];
  let factory: LiveFactory | undefined;
  const note = (...said: Parameters<LiveFactory["note"]>) => void (factory === undefined ? early.push(said) : factory.note(...said));
  try {
    const home = new BusHome(options.busHome);
    const store = await openStore(options.db || home.database);
    closers.push(() => store.close());
    const openBus = async (): Promise<LiveBus> => {
      const opened = await LiveBus.open(options, plant, store, note);
      closers.push(() => opened.close());
      return opened;
    };
    const shared = options.role === "operator" || typeof options.db === "string";
    const operation = new Operation({ store, shared, note });
    const fleetSources = options.fleetSources === undefined ? undefined : readFleetSources(options.fleetSources);
    const terms = options.flexTerms === undefined ? undefined : readTerms(options.flexTerms);
    // A twin in this process can be shown at once, while the bus is still being joined; somebody else's plant is only there.
    let bus = plant.twin === undefined ? await openBus() : undefined;
    factory = new LiveFactory(plant.twin ?? bus!.plant!, { workloadSource, speed: options.speed });
    for (const said of early) factory.note(...said);
    const bmcs = await openBmcsOf(options, plant, home);
    closers.push(() => bmcs?.close());
    const steered = steeredPlant(options, plant, bus);
    const steering = steered && new Steering(steered, { newId: randomUUID, chronicle: operation.chronicle, terms });
    factory.steering = steering;
    steering?.speak(note);
    factory.listen({ onSecond: () => operation.second() });
    closers.push(() => operation.close());
    if (plant.twin !== undefined) await operation.begin(steering, undefined);
    const pages = new Console(factory);
    closers.push(() => pages.close());

    let show = () => {};
    const pacer = new Pacer(factory, wallClock, secondZeroMs, () => {
      bus?.tick();
      operation.tick();
      show();
    });
    closers.push(() => pacer.stop());
    pacer.start();
    if (plant.twin === undefined) {
      await bus!.firstReadings(() => stop.requested); // nothing to show before
      await operation.write(undefined, plant.site.utcOffsetMin);
      await operation.begin(steering, bus);
    }

    let server = createFactoryServer(factory, { bus, pages });
    const listening = await listen({ fetch: (request, env) => server.app.fetch(request, env) }, options.host, options.port);
    closers.push(async () => {
      server.events.close();
      await listening.close();
    });
    announceFactory(factory, listening.url, options);

    bus ??= await openBus();
    if (plant.twin !== undefined) await bus.firstReadings(() => stop.requested);
    if (bus.plant !== undefined) factory.see(bus.plant);
    // At the wall's pace the bus keeps up, and is all that steering sees of the plant. Faster than that its readings would be of long ago.
    if (bus.plant !== undefined && options.speed === 1) steering?.watch(bus.plant);

    const accounts = await openAccountsOf(factory, plant, options);
    closers.push(() => accounts?.close());
    const journal = await operation.write(accounts?.house, plant.site.utcOffsetMin);
    if (plant.twin !== undefined) await operation.join(bus);
    const jobs = accounts && plant.twin && (await openJobsOf(factory, plant.twin, options, accounts));
    closers.push(() => jobs?.close());
    const scraper = accounts && fleetSources && new Scraper(fleetSources, accounts.watches, (text) => factory!.note("warning", text));
    closers.push(() => scraper?.close());
    const gateway = accounts !== undefined && options.gateway ? await openGatewayOf(factory, options, accounts) : undefined;
    closers.push(() => gateway?.close());
    server.events.close(); // who listens already connects again, and then hears of the plant as it is read
    pages.open({ bus, journal, ...doorsOf(accounts, gateway) });
    server = createFactoryServer(factory, { accounts: accounts?.app, bus, pages, bmcs });
    bus.home.announce({
      bus: bus.address,
      api: listening.url,
      utcOffsetMin: factory.simulation.site.utcOffsetMin,
      journal: placeOf(journal),
    });
    announceDoors(factory, listening.url, { accounts, gateway, bus, bmcs, signInLink: pages.signInLink }, options);

    const view = openView(factory, `${listening.url}${pages.signInLink}`, options);
    closers.push(() => view.close());
    show = () => {
      view.tick();
      server.events.sendState();
    };
    show();
    await stop.wait;
  } finally {
    for (const close of closers.toReversed()) await close();
  }
  if (!options.json) process.stdout.write(`${farewell(plant.twin?.kpis() ?? factory.kpis())}\n`);
  return EXIT.ok;
}

/** Where other commands find a database, from whatever folder. */
function placeOf({ dialect, place }: Store): string {
  return dialect === "sqlite" ? resolve(place) : place;
}

/** What is steered from here: the twin of this process, or a site whose BMCs can be reached. Undefined: nothing is. */
function steeredPlant(
  { steering, role, bmcs }: UpOptions,
  { twin, ...plant }: BusPlant,
  bus: LiveBus | undefined,
): SteeredPlant | undefined {
  if (bmcs !== undefined && role !== "operator")
    throw new PulmuError({
      code: "up.role",
      path: "--bmcs",
      rule: "an operator steers over Redfish: the twin of this process needs no wire",
    });
  if (!steering || role === "site") return undefined;
  if (twin !== undefined) return twinPlant(twin);
  if (bmcs === undefined) return undefined;
  const { plant: seen, operator } = bus!;
  const observed = { ...plant, seen: seen!, tellsWork: false };
  return redfishPlant(observed, () => operator!.reader.plantMs, plant.catalog, readBmcAccess(bmcs));
}

/** The BMCs of a twin that somebody else is to steer. */
async function openBmcsOf({ serveBmcs, role }: UpOptions, { twin }: BusPlant, home: BusHome): Promise<BmcHouse | undefined> {
  if (serveBmcs === undefined) return undefined;
  if (role !== "site" || twin === undefined)
    throw new PulmuError({ code: "up.role", path: "--serve-bmcs", rule: "a site serves its BMCs to an operator: --role site" });
  return openBmcHouse(twin, serveBmcs, home.folder);
}

/**
 * Accounts beside the factory. They meter where the work is and where the registers are, not where an operator is alone: a BMS has points
 * of power, and none of energy.
 */
async function openAccountsOf(factory: LiveFactory, { twin }: BusPlant, options: UpOptions): Promise<AccountsService | undefined> {
  const { db, scenario, speed } = options;
  if (db === false || twin === undefined) return undefined;
  const { openAccounts } = await import("../accounts/service.ts");
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
async function openJobsOf(
  factory: LiveFactory,
  twin: Simulation,
  options: UpOptions,
  { house, ledger, engineRacks, watches }: AccountsService,
) {
  const { openJobs, openPower, steeredPower } = await import("../jobs/jobs-service.ts");
  const { steering } = factory;
  const power = steering === undefined ? openPower : steeredPower(steering, house.now);
  const complain = (text: string) => factory.note("warning", text);
  const jobs = await openJobs({ ...house, ledger, engineRacks, watches }, twin, power, { ...options, now: house.now, complain });
  factory.listen({ onSecond: () => jobs.tick() });
  return jobs;
}

/** The door for tokens. */
async function openGatewayOf(factory: LiveFactory, options: UpOptions, accounts: AccountsService): Promise<GatewayService> {
  const { openGateway } = await import("../gateway/gateway-service.ts");
  const port = options.gatewayPort ?? (options.port === 0 ? 0 : options.port + 1);
  return openGateway(factory, { host: options.host, port, policyFile: options.policy }, accounts);
}

/** Where the pages find keys, and the first of them, which the house of `npm start` leaves in a file only its owner may read. */
function doorsOf(accounts: AccountsService | undefined, gateway: GatewayService | undefined) {
  const keyFile = accounts?.keyFile;
  const localKey = accounts?.firstKey ?? (keyFile === undefined ? undefined : readFileSync(keyFile, "utf8").trim());
  return { store: accounts?.house.store, localKey, gatewayUrl: gateway?.url, requests: gateway?.requests };
}

/** What the factory has behind it when it is first seen: loops are warm, queues are filled, jobs run. */
const WARM_UP_S = 900;

interface Prepared {
  readonly plant: BusPlant;
  readonly workloadSource: string;
  /** Wall time of the plant's second 0. Today starts a little in the past and warms up; a scenario starts at its own start. */
  readonly secondZeroMs: number;
}

async function prepare(options: UpOptions): Promise<Prepared> {
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  if (options.role === "operator") return prepareOperator(options, nowMs);
  const startMs = nowMs - WARM_UP_S * 1000;
  const live = options.scenario === undefined;
  const { simulation: twin, workloadSource } = live
    ? await openLive(startMs, { ...options, site: options.site ?? DEFAULT_SITE })
    : await openScenario(options.scenario!, options);
  const { site, catalog, scenario } = twin;
  return {
    plant: { site, catalog, scenario, twin },
    workloadSource,
    secondZeroMs: nowMs - (live ? (WARM_UP_S * 1000) / options.speed : 0),
  };
}

/** Somebody else's plant: the site file says what should be there, the bus what is. */
function prepareOperator({ bus, scenario: file, speed, site: siteFile = DEFAULT_SITE, phase }: UpOptions, nowMs: number): Prepared {
  const wrong = (path: string, rule: string) => new PulmuError({ code: "up.role", path, rule });
  if (bus === undefined) throw wrong("--bus", "an operator alone needs the address of the site's broker");
  if (file !== undefined) throw wrong("--scenario", "a scenario is played by the site, not by its operator");
  if (speed !== 1) throw wrong("--speed", "an operator keeps the wall's time");
  const catalog = loadCatalog();
  const site = loadSite(siteFile, { catalog, ...(phase !== undefined && { phase }) });
  const scenario = plainScenario({ site, siteFile, startMs: nowMs, durationS: Infinity, seed: 0 });
  return { plant: { site, catalog, scenario }, workloadSource: `read from ${bus}`, secondZeroMs: nowMs };
}

/** What runs and where it answers: the first thing that is said. With `--json` one line says all, once all doors are open. */
function announceFactory({ simulation: { site }, info }: LiveFactory, url: string, options: UpOptions): void {
  if (!options.json) {
    const gpus = site.racks.reduce((sum, rack) => sum + rack.type.trays * rack.type.gpusPerTray, 0);
    const size = `${formatPower(site.phase.envelopeW)}, ${grouped(site.racks.length)} racks, ${grouped(gpus)} GPUs`;
    process.stdout.write(`Pulmu serves ${url}: ${site.name}, phase ${site.phase.id} (${size})\nRequests: ${info.workloadSource}\n`);
  }
  if (!isLoopback(options.host)) {
    process.stderr.write(`pulmu: ${options.host} can be reached from other machines, and this API asks nobody for a password\n`);
  }
}

function announceDoors(
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

function openView(factory: LiveFactory, url: string, options: UpOptions): View {
  const nowMs = () => performance.now();
  if (options.json) return new LogView(() => JSON.stringify(factoryState(factory)), nowMs);
  if (!options.ui || !process.stdout.isTTY) return new LogView(() => logLine(factory), nowMs);
  const style = createStyle(wantsColour(process.stdout, process.env));
  const screen = new Screen(process.stdout, (width, height) => renderDashboard(factory, url, { width, height, style }));
  return { tick: () => screen.draw(), close: () => screen.close() };
}

function farewell({ durationS, siteEnergyJ, tokensOut, joulesPerToken, resultHash }: Kpis): string {
  const tokens = `${count(tokensOut)} tokens at ${fixed(joulesPerToken, 2, "")} J/token`;
  return `Stopped after ${formatDuration(durationS)} of factory time: ${formatEnergy(siteEnergyJ)}, ${tokens}${resultHash === "" ? "" : `, hash ${resultHash.slice(0, 12)}`}`;
}
