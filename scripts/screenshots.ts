/**
 * `npm run screenshots`: pictures of the console, of a factory that is in the middle of a grid event: those that stand in README, into
 * docs/pictures; look at them before they are committed. `--out DIR` takes one of each page, in both languages and rooms, and puts them there.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, type BrowserContextOptions, type Page } from "playwright-core";

const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { out: { type: "string" } } });
const out = values.out ?? join(root, "docs/pictures");
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));
if (executablePath === undefined) {
  process.stderr.write("no Chromium here: apt-get install chromium\n");
  process.exit(1);
}

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly options?: BrowserContextOptions;
  readonly prepare?: (page: Page) => Promise<void>;
  readonly whole?: boolean;
  readonly inReadme?: boolean;
}

const WIDE = { viewport: { width: 1280, height: 900 }, locale: "en", colorScheme: "dark" } as const;
const PHONE = { viewport: { width: 390, height: 844 }, locale: "ko", colorScheme: "light", isMobile: true, deviceScaleFactor: 2 } as const;

const tab = (name: string) => async (page: Page) => page.getByRole("tab", { name }).click();

const PICTURES: readonly Picture[] = [
  { name: "grid", path: "/grid", whole: true, inReadme: true },
  { name: "factory", path: "/", whole: true, inReadme: true },
  { name: "rack-light", path: "/?rack=h3/r02/13&gpu=5", options: { ...WIDE, colorScheme: "light" }, whole: true, inReadme: true },
  { name: "factory-light", path: "/", options: { ...WIDE, colorScheme: "light" }, whole: true },
  { name: "factory-korean", path: "/", options: { ...WIDE, locale: "ko" }, whole: true },
  { name: "work", path: "/work" },
  { name: "tokens", path: "/tokens" },
  { name: "keys", path: "/tokens", prepare: tab("Keys") },
  { name: "budgets", path: "/tokens", prepare: tab("Budgets") },
  { name: "statements", path: "/tokens", prepare: tab("Statements") },
  { name: "allotment", path: "/allotment" },
  { name: "phone", path: "/", options: PHONE },
  { name: "phone-grid", path: "/grid", options: PHONE },
  { name: "rack-why", path: "/why?rack=h3/r02/13" },
  {
    name: "request",
    path: "/tokens",
    prepare: async (page) => {
      await page.getByRole("tab", { name: "Keys" }).click();
      await page.getByRole("button", { name: "Make the key" }).click();
      await page.getByRole("button", { name: "Try it" }).click();
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByTestId("answer-cost").getByText(/J$/).first().waitFor();
      await page.getByRole("link", { name: "Why", exact: true }).click();
      await page.getByTestId("requests").getByRole("link").first().click();
      await page.getByTestId("why-chain").waitFor();
    },
  },
  {
    name: "why",
    path: "/grid",
    inReadme: true,
    prepare: async (page) => {
      await page.getByTestId("grid-events").getByText(/^Met|^Not met/).waitFor({ timeout: 180_000 }); // prettier-ignore
      await page.getByRole("link", { name: "Why ›" }).click();
      await page.getByTestId("why-chain").getByText("power.target.ended").waitFor();
    },
  },
];

mkdirSync(out, { recursive: true });
spawnSync(process.execPath, [join(root, "scripts/build-console.mjs")], { stdio: "inherit" });
const folder = mkdtempSync(join(tmpdir(), "pulmu-screenshots-"));
const args = ["apps/pulmu/src/main.ts", "up", "--port", "0", "--bus-port", "0", "--no-ui", "--bus-home", join(folder, "bus")];
const server = spawn(process.execPath, args, {
  cwd: root,
  env: { ...process.env, PULMU_DATABASE: join(folder, "house.db") },
  stdio: ["ignore", "pipe", "inherit"],
});
const ended = once(server, "close");
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
try {
  const [url, link] = await addressOf(server.stdout);
  const pageOf = async (path: string, options: BrowserContextOptions = WIDE) => {
    const page = await (await browser.newContext(options)).newPage();
    await page.goto(url + path + link);
    await page.locator("h1").waitFor();
    return page;
  };
  process.stdout.write("waiting until the factory has run for some minutes, then through an event …\n");
  const player = await pageOf("/grid");
  await player.waitForTimeout(420_000); // readings of the five minutes before an event are what it is settled by
  await player.getByRole("radio", { name: "2 min" }).click();
  await player.getByRole("button", { name: "Play this event" }).click();
  await player.getByTestId("running").waitFor();
  await player.waitForTimeout(60_000);
  for (const { name, path, options, prepare, whole = false, inReadme = false } of PICTURES) {
    if (values.out === undefined && !inReadme) continue;
    const page = await pageOf(path, options);
    await page.waitForTimeout(2_500);
    await prepare?.(page);
    await page.waitForTimeout(1_200);
    const file = join(out, `${name}.png`);
    if (whole)
      await page.setViewportSize({ width: 1280, height: Math.ceil(Number(await page.evaluate("document.documentElement.scrollHeight"))) });
    await page.waitForTimeout(500);
    await page.screenshot({ path: file });
    await page.context().close();
    process.stdout.write(`${file}\n`);
  }
} finally {
  await browser.close();
  server.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true, force: true });
}

async function addressOf(stdout: NodeJS.ReadableStream): Promise<readonly [url: string, link: string]> {
  let text = "";
  const { promise, resolve, reject } = Promise.withResolvers<readonly [string, string]>();
  stdout.on("data", (chunk) => {
    text += String(chunk);
    const match = /^Console: (http:\/\/[\d.:]+)\/(#in=\S+)[\s\S]*^Bus: /m.exec(text);
    if (match !== null) resolve([match[1], match[2]]);
  });
  stdout.once("close", () => reject(new Error(`pulmu up ended:\n${text}`)));
  return promise;
}
