import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { openStore, type Store } from "@pulmu/journal";
import { BusHome } from "../../bus/bus-home.ts";
import { LiveBus } from "../../bus/live-bus.ts";
import { Console } from "../../console/console.ts";
import { EXIT, type ExitCode } from "../../exit.ts";
import { Scraper } from "../../fleet/scraper.ts";
import { readFleetSources } from "../../fleet/sources-file.ts";
import { LiveFactory } from "../../live/factory.ts";
import { Pacer, wallClock } from "../../live/pacer.ts";
import { readTerms } from "../../steer/flex-terms.ts";
import { Steering } from "../../steer/steering.ts";
import { catchStop } from "../../stop-signal.ts";
import { createFactoryServer } from "../../server/app.ts";
import { listen } from "../../server/listen.ts";
import { openBmcsOf, steeredPlant } from "./actuation.ts";
import { announceDoors, announceFactory, farewell } from "./announce.ts";
import { Operation } from "./operation.ts";
import type { UpOptions } from "./options.ts";
import { prepare } from "./prepare.ts";
import { doorsOf, openAccountsOf, openGatewayOf, openJobsOf } from "./rooms.ts";
import { openView } from "./view.ts";

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
