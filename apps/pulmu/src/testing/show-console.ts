import type { TestContext } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { Simulation } from "@pulmu/twin";
import { Console } from "../console/console.ts";
import { LiveFactory } from "../live/factory.ts";
import { createFactoryServer } from "../server/app.ts";
import { listen, type Listening } from "../server/listen.ts";
import { openChromium } from "./chromium.ts";
import { createFakeSimulation } from "./fake-simulation.ts";

export interface Shown {
  readonly page: Page;
  readonly browser: Browser;
  readonly url: string;
  readonly factory: LiveFactory;
  /** What the browser complained of, and asked of others. */
  readonly complaints: string[];
  /** Another second of the factory, sent to who listens. */
  readonly second: () => void;
  /** The server goes away, and comes back at the same address. */
  readonly down: () => Promise<void>;
  readonly up: () => Promise<void>;
}

/** A console before a played factory, in a browser. Undefined: there is no browser here. */
export async function showConsole(
  t: TestContext,
  options: BrowserContextOptions = {},
  simulation: Simulation = createFakeSimulation(),
): Promise<Shown | undefined> {
  const browser = await openChromium(t);
  if (browser === undefined) return undefined;
  const factory = new LiveFactory(simulation, { workloadSource: "made <b>up</b>", speed: 1 });
  const pages = new Console(factory);
  factory.advance(300);
  pages.open({});
  let server = createFactoryServer(factory, { pages });
  let listening: Listening = await listen(server.app, "127.0.0.1", 0);
  const { url } = listening;
  const down = async () => {
    server.events.close();
    await listening.close();
  };
  const up = async () => {
    server = createFactoryServer(factory, { pages });
    listening = await listen(server.app, "127.0.0.1", Number(new URL(url).port));
  };
  t.after(down);
  const context = await browser.newContext({ locale: "en", ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on(
    "request",
    (request) => request.url().startsWith(url) || request.url().startsWith("data:") || complaints.push(`asked ${request.url()}`),
  );
  const second = () => {
    factory.advance(1);
    server.events.sendState();
  };
  return { page, browser, url, factory, complaints, second, down, up };
}

/** What an expression is in the page. */
export const inPage = async <T>(page: Page, expression: string): Promise<T> => (await page.evaluate(expression)) as T;
