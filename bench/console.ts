/**
 * `npm run bench -- console [--minutes 2] [--phase p1000]`: how soon the console shows, what it costs, whether it keeps its memory flat, and how
 * smoothly it draws all racks. `--minutes 60` for an hour, with a reading every five minutes; `--minutes 0` leaves that out.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, type Browser, type CDPSession, type Page } from "playwright-core";
import { NodeHeap } from "./console/heap-of.ts";

const ROOT = join(import.meta.dirname, "..");
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const TICKS_PER_S = 100; // of /proc on Linux
const VIEWS = 5;
/** Memory is read as often as this, or six times when that is sooner. */
const READING_S = 300;

export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...options], options: { minutes: { type: "string", default: "2" }, phase: { type: "string" } } });
  const executablePath = BROWSERS.find((path) => existsSync(path));
  if (executablePath === undefined) return void process.stderr.write("no Chromium here: apt-get install chromium\n");
  spawnSync(process.execPath, [join(ROOT, "scripts/build-console.mjs")], { stdio: "inherit" });
  const folder = mkdtempSync(join(tmpdir(), "pulmu-bench-console-"));
  const phase = values.phase === undefined ? [] : ["--phase", values.phase];
  const args = ["apps/pulmu/src/main.ts", "up", "--port", "0", "--bus-port", "0", "--no-ui", "--bus-home", join(folder, "bus"), ...phase];
  const server = spawn(process.execPath, ["--inspect=127.0.0.1:0", ...args], {
    cwd: ROOT,
    env: { ...process.env, PULMU_DATABASE: join(folder, "house.db") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(server, "close");
  const inspector = inspectorOf(server.stderr);
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  try {
    const url = await addressOf(server.stdout);
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await firstViews(browser, url);
    await page.goto(url);
    await page.getByTestId("site-power").waitFor();
    await page.waitForTimeout(30_000); // the plant is joined and warm, the page has all its parts
    const quiet = await costOf(server.pid!, undefined, 20);
    print("server, one browser", `${percent(quiet.server)} of a core`);
    if (Number(values.minutes) > 0) {
      const heap = await NodeHeap.open(await inspector);
      await steadily(page, { pid: server.pid!, heap }, Number(values.minutes));
      heap.close();
    }
    await frames(page);
  } finally {
    await browser.close();
    server.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

function addressOf(stdout: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  stdout.on("data", (chunk) => {
    text += String(chunk);
    const match = /^Console: (http:\/\/[\d.:]+)[\s\S]*^Bus: /m.exec(text);
    if (match !== null) resolve(match[1]);
  });
  stdout.once("close", () => reject(new Error(`pulmu up ended:\n${text}`)));
  return promise;
}

/** What the server has to say is passed on, but for where its inspector listens. */
function inspectorOf(stderr: NodeJS.ReadableStream): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  stderr.on("data", (chunk) => {
    const match = /ws:\/\/\S+/.exec(String(chunk));
    if (match !== null) resolve(match[0]);
    else if (!/inspector|Debugger/.test(String(chunk))) process.stderr.write(chunk as Buffer);
  });
  return promise;
}

/** From the click to the first numbers, each time in a browser that has nothing kept; and what of it the page's own process worked. */
async function firstViews(browser: Browser, url: string): Promise<void> {
  const times: number[] = [];
  const worked: number[] = [];
  for (let i = 0; i < VIEWS; i++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    const startedMs = performance.now();
    await page.goto(url, { waitUntil: "commit" });
    await page.getByTestId("site-power").waitFor();
    times.push(performance.now() - startedMs);
    worked.push(1000 * (await processTimeOf(devtools)));
    await context.close();
  }
  for (const list of [times, worked]) list.sort((a, b) => a - b);
  print(
    "first view, cold cache",
    `median ${Math.round(times[VIEWS >> 1])} ms, worst ${Math.round(times[VIEWS - 1])} ms; CPU of the page ${Math.round(worked[VIEWS >> 1])} ms`,
  );
}

/** Watches the page for minutes: CPU of server and browser, and both heaps after a collection. */
async function steadily(page: Page, server: { readonly pid: number; readonly heap: NodeHeap }, minutes: number): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const seconds = Math.max(20, Math.min(READING_S, (minutes * 60) / 6));
  const count = Math.max(6, Math.round((minutes * 60) / seconds));
  const readings: { server: number; browser: number; rssMB: number; pageMB: number; serverMB: number }[] = [];
  for (let i = 0; i <= count; i++) {
    if (i > 0 && i % 3 === 0) process.stderr.write(`${Math.round((i * seconds) / 60)} of ${minutes} min\n`);
    const [pageMB, serverMB] = [await heapMB(devtools), await server.heap.usedMB()];
    readings.push({ ...(await costOf(server.pid, devtools, i < count ? seconds : 5)), pageMB, serverMB });
  }
  const watched = readings.slice(0, -1);
  const mean = (key: "server" | "browser") => watched.reduce((sum, reading) => sum + reading[key], 0) / watched.length;
  const row = (key: "rssMB" | "pageMB" | "serverMB", digits: number) => readings.map((reading) => reading[key].toFixed(digits)).join(" → ");
  print(`over ${((count * seconds) / 60).toFixed(0)} min, server`, `${percent(mean("server"))} of a core`);
  print("page's own process", `${percent(mean("browser"))} of a core`);
  print("server's heap, after collection", `${row("serverMB", 1)} MB`);
  print("server's RSS", `${row("rssMB", 0)} MB`);
  print("page's heap, after collection", `${row("pageMB", 1)} MB`);
}

async function heapMB(devtools: CDPSession): Promise<number> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await devtools.send("Runtime.getHeapUsage");
  return usedSize / 1e6;
}

/** Shares of a core over some seconds: the server's process, and the page's (scripts, layout, paint). */
async function costOf(serverPid: number, devtools: CDPSession | undefined, seconds: number) {
  await devtools?.send("Performance.enable", { timeDomain: "threadTicks" });
  const page = async () => (devtools === undefined ? 0 : processTimeOf(devtools));
  const before = [ticksOf(serverPid), await page()];
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const passedS = (performance.now() - startedMs) / 1000;
  const after = [ticksOf(serverPid), await page()];
  const rssMB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${serverPid}/status`, "utf8"))![1]) / 1024;
  return { server: (after[0] - before[0]) / TICKS_PER_S / passedS, browser: (after[1] - before[1]) / passedS, rssMB };
}

/** CPU seconds of a page's process since it began. */
async function processTimeOf(devtools: CDPSession): Promise<number> {
  return (await metricsOf(devtools)).get("ProcessTime") ?? NaN;
}

/** Seconds, by https://chromedevtools.github.io/devtools-protocol/tot/Performance/#method-getMetrics. */
async function metricsOf(devtools: CDPSession): Promise<ReadonlyMap<string, number>> {
  const { metrics } = await devtools.send("Performance.getMetrics");
  return new Map(metrics.map(({ name, value }) => [name, value]));
}

function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** Moves over the floor plan, enlarged, for three seconds: each frame has a new picture of every rack. */
async function frames(page: Page): Promise<void> {
  const canvas = page.locator(".floor-box canvas");
  await canvas.scrollIntoViewIfNeeded();
  const racks = /(\d[\d,]*) racks/.exec((await canvas.getAttribute("aria-label")) ?? "")?.[1] ?? "?";
  await canvas.focus();
  await page.keyboard.press("+");
  const box = (await canvas.boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const before = await metricsOf(devtools);
  const counting = page.evaluate(`new Promise((done) => {
    const times = []; const start = performance.now();
    const tick = (now) => { times.push(now); now - start < 3000 ? requestAnimationFrame(tick) : done(times); };
    requestAnimationFrame(tick);
  })`) as Promise<number[]>;
  let isMoving = true;
  void counting.then(() => (isMoving = false));
  for (let i = 0; isMoving; i++) await page.mouse.move(x + 90 * Math.sin(i / 12), y + 40 * Math.cos(i / 9));
  await page.mouse.up();
  const times = await counting;
  const after = await metricsOf(devtools);
  const msPerFrame = (name: string) => (1000 * (after.get(name)! - before.get(name)!)) / times.length;
  const gaps = times.slice(1).map((time, i) => time - times[i]).sort((a, b) => a - b); // prettier-ignore
  const fps = (times.length - 1) / ((times[times.length - 1] - times[0]) / 1000);
  print(
    `floor plan of ${racks} racks, moved`,
    `${fps.toFixed(0)} frames/s, 95 % within ${gaps[Math.floor(gaps.length * 0.95)].toFixed(1)} ms (no GPU: drawn by the CPU)`,
  );
  print(
    "main thread for each frame",
    `${msPerFrame("TaskDuration").toFixed(2)} ms, of it script ${msPerFrame("ScriptDuration").toFixed(2)} ms, style and layout ${(msPerFrame("RecalcStyleDuration") + msPerFrame("LayoutDuration")).toFixed(2)} ms`,
  );
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const print = (what: string, value: string) => process.stdout.write(`${what.padEnd(34)} ${value}\n`);
