import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gatekeeper, HOUSE_TENANT, type Role, SYSTEM } from "@pulmu/govern";
import { Allotments, prepareAllotments } from "@pulmu/jobs/allotment";
import type { Simulation } from "@pulmu/twin";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { createAccountsApi } from "../accounts/api.ts";
import { type House, openHouse } from "../accounts/house.ts";
import { Console } from "../console/console.ts";
import { LiveFactory } from "../live/factory.ts";
import { createFactoryServer, type FactoryServer } from "../server/app.ts";
import { listen, type Listening } from "../server/listen.ts";
import { Chronicle } from "../steer/chronicle.ts";
import { twinPlant } from "../steer/steered-plant.ts";
import { Steering } from "../steer/steering.ts";
import { builtConsole } from "./built-console.ts";
import { createFakeSimulation } from "./fake-simulation.ts";

/** Nobody answers there. */
const NO_GATEWAY = "http://127.0.0.1:9/v1";

/** Somebody with a key. `id` is as the journal names them. */
export interface Person {
  readonly id: string;
  readonly key: string;
}

/**
 * A console before a played factory, and a house with people in it: what pages show to whoever is signed in, and what they do there. The
 * house's clock is turned by the test.
 */
export class LivedInConsole {
  readonly clock: { ms: number };
  readonly house: House;
  readonly factory: LiveFactory;
  readonly #folder: string;
  readonly #pages: Console;
  readonly #server: FactoryServer;
  readonly #listening: Listening;

  private constructor(
    clock: { ms: number },
    house: House,
    factory: LiveFactory,
    folder: string,
    pages: Console,
    server: FactoryServer,
    listening: Listening,
  ) {
    this.clock = clock;
    this.house = house;
    this.factory = factory;
    this.#folder = folder;
    this.#pages = pages;
    this.#server = server;
    this.#listening = listening;
  }

  /** @param twin steered, with a gateway that is away; left out: a fake plant that nobody steers */
  static async open(nowMs: number, twin?: Simulation): Promise<LivedInConsole> {
    builtConsole();
    const folder = mkdtempSync(join(tmpdir(), "pulmu-lived-in-"));
    const clock = { ms: nowMs };
    const opened = await openHouse({ db: join(folder, "house.db") });
    await opened.identity.bootstrap(SYSTEM);
    await prepareAllotments(opened.store);
    const allotments = new Allotments(opened.store, () => clock.ms);
    const house = { ...opened, now: () => clock.ms, allotments: async () => allotments };
    const factory = new LiveFactory(twin ?? createFakeSimulation(), { workloadSource: "made up", speed: 1 });
    if (twin !== undefined) {
      const chronicle = new Chronicle(Date.now, () => {});
      factory.steering = new Steering(twinPlant(twin), { newId: randomUUID, chronicle });
    }
    const pages = new Console(factory);
    factory.advance(300);
    pages.open({ store: house.store, journal: house.store, gatewayUrl: twin && NO_GATEWAY });
    const accounts = createAccountsApi({ house, gatekeeper: new Gatekeeper(house.store) });
    const server = createFactoryServer(factory, { accounts, pages });
    const listening = await listen(server.app, "127.0.0.1", 0);
    return new LivedInConsole(clock, house, factory, folder, pages, server, listening);
  }

  get url(): string {
    return this.#listening.url;
  }

  /** Another second of the factory, sent to who listens. */
  second(): void {
    this.factory.advance(1);
    this.#server.events.sendState();
  }

  /** Somebody new with a role over the whole site. */
  async somebody(name: string, role: Role): Promise<Person> {
    await this.house.identity.createProject(SYSTEM, HOUSE_TENANT, name, name);
    return this.#keyOf(`${HOUSE_TENANT}/${name}`, role);
  }

  /** A new tenant, and the one who administers it. */
  async tenant(id: string, name: string): Promise<Person> {
    await this.house.identity.createTenant(SYSTEM, id, name);
    await this.house.identity.createProject(SYSTEM, id, "lab", "Lab");
    return this.#keyOf(`${id}/lab`, "tenant-admin");
  }

  async #keyOf(projectId: string, role: Role): Promise<Person> {
    const { identity } = this.house;
    const account = await identity.createAccount(SYSTEM, projectId, "person", role);
    const { key, text } = await identity.createKey(SYSTEM, { accountId: account.id, scopes: ["inference", "read", "admin"] });
    return { id: `key:${key.id}`, key: text };
  }

  /** A browser window in which somebody is signed in. */
  async window(browser: Browser, person: Person, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ locale: "en", viewport: { width: 1280, height: 900 }, ...options });
    await context.request.post(`${this.url}/api/console/session`, { data: { key: person.key } });
    return context.newPage();
  }

  async close(): Promise<void> {
    this.#server.events.close();
    await this.#listening.close();
    await this.#pages.close();
    await this.house.close();
    rmSync(this.#folder, { recursive: true });
  }
}
