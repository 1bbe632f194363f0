/**
 * The 55 MW site at the contract's cadence, twin and all, over the embedded broker: time from publishing to the power tree, loss, memory;
 * and what the whole of `pulmu up` costs. `--minutes N` for longer than two.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Catalog } from "@pulmu/catalog";
import { BmsPublisher, BmsReader, BusClient, sitePoints, startBroker, type Bus, type PlantReadings } from "@pulmu/exchange";
import type { Site } from "@pulmu/site";
import { buildArrivals, createSimulation, plainScenario, SERIES, type SiteSeriesName } from "@pulmu/twin";

const REQUIRED = { p99Ms: 250, coreShare: 0.6 };
const WARM_UP_S = 15;

export async function benchCadence(site: Site, catalog: Catalog, siteFile: string, minutes: number): Promise<void> {
  const broker = await startBroker({ port: 0 });
  const writer = await BusClient.connect({ address: broker.address, clientId: "bench-site" });
  const readerBus = await BusClient.connect({ address: broker.address, clientId: "bench-operator" });
  const latency = new LatencyProbe();
  const reader = new BmsReader(latency.hearing(readerBus));
  await reader.start();
  const scenario = plainScenario({ site, siteFile, startMs: Date.now(), durationS: Infinity, seed: 1 });
  const arrivals = await buildArrivals({ site, scenario, catalog, dataDir: undefined, synthetic: true });
  const twin = createSimulation({ site, catalog, scenario, arrivals });
  const points = sitePoints(site);
  const publisher = new BmsPublisher(latency.watching(writer), points);
  const readings: PlantReadings = {
    get atMs() {
      return twin.atMs;
    },
    nodePowerW: twin.nodePowerW,
    nodeLoad: twin.nodeLoad,
    bessPowerW: twin.bessPowerW,
    get rackReadingW() {
      return twin.rackReadingW;
    },
    get rackInletC() {
      return twin.rackInletC;
    },
    series: (name) => twin.row[SERIES[name as SiteSeriesName]],
  };
  process.stdout.write(`\ncadence: ${points.length.toLocaleString("en")} points, ${minutes} min at wall clock\n`);
  const heaps: number[] = [];
  let sentBefore = 0;
  for (let s = 0; s < WARM_UP_S + minutes * 60; s++) {
    const startMs = performance.now();
    twin.step();
    if (s === WARM_UP_S) {
      latency.start();
      sentBefore = publisher.stats.sent;
    }
    await publisher.publish(readings);
    if (s >= WARM_UP_S && s % 10 === 0) heaps.push(process.memoryUsage().heapUsed / 1e6);
    await sleep(Math.max(0, 1000 - (performance.now() - startMs)));
  }
  await sleep(500);
  const perS = (publisher.stats.sent - sentBefore) / (minutes * 60);
  const lost = publisher.stats.sent - reader.received;
  const { p50, p99, max } = latency.result();
  const half = Math.floor(heaps.length / 2);
  process.stdout.write(
    `${perS.toFixed(0)} messages/s; ${lost} lost, ${publisher.stats.declined} declined, ${reader.refusals.total} refused; publish → tree p50 ${p50.toFixed(1)} ms, ` +
      `p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(0)} ms (p99 under ${REQUIRED.p99Ms} ms: ${p99 < REQUIRED.p99Ms ? "met" : "MISSED"}); ` +
      `heap ${Math.min(...heaps.slice(0, half)).toFixed(0)} MB at least in the first half, ${Math.min(...heaps.slice(half)).toFixed(0)} MB in the second\n`,
  );
  await Promise.all([writer.close(), readerBus.close()]);
  await broker.close();
  await benchWhole(minutes);
}

/** `pulmu up` as people run it, without the view: its CPU time over the clock, and its memory at the start and the end. */
async function benchWhole(minutes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "pulmu-bench-"));
  const main = join(import.meta.dirname, "../../apps/pulmu/src/main.ts");
  const options = ["--port", "0", "--bus-port", "0", "--bus-home", folder, "--no-gateway", "--no-ui"];
  const pulmu = spawn(process.execPath, [main, "up", ...options], {
    env: { ...process.env, PULMU_DATABASE: join(folder, "pulmu.db") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(pulmu.stdout, "data");
  await sleep(WARM_UP_S * 1000);
  const [before, startMs] = [usage(pulmu), performance.now()];
  await sleep(minutes * 60_000);
  const [after, wallS] = [usage(pulmu), (performance.now() - startMs) / 1000];
  pulmu.kill("SIGINT");
  await once(pulmu, "exit");
  rmSync(folder, { recursive: true, force: true });
  const share = (after.cpuS - before.cpuS) / wallS;
  process.stdout.write(
    `the whole of pulmu up: ${(share * 100).toFixed(1)} % of a core (under ${REQUIRED.coreShare * 100} %: ${share < REQUIRED.coreShare ? "met" : "MISSED"}), ` +
      `RSS ${before.rssMB.toFixed(0)} MB, ${minutes} min later ${after.rssMB.toFixed(0)} MB\n`,
  );
}

/** CPU seconds and memory of a process, from Linux. */
function usage({ pid }: ChildProcess): { readonly cpuS: number; readonly rssMB: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return { cpuS: (Number(fields[11]) + Number(fields[12])) / 100, rssMB: (Number(fields[21]) * 4096) / 1e6 };
}

const BUCKETS_PER_MS = 10;
const LONGEST_MS = 20_000;

/** Notes when each value was offered, and how long it took to arrive: counted in tenths of a millisecond, in memory that does not grow. */
class LatencyProbe {
  readonly #sentMs = new Map<string, number>();
  readonly #took = new Uint32Array(LONGEST_MS * BUCKETS_PER_MS + 1);
  #count = 0;
  #longestMs = 0;
  #running = false;

  start(): void {
    this.#running = true;
  }

  watching(bus: BusClient): Bus {
    const offer: Bus["offer"] = (topic, payload, retain) => {
      if (this.#running) this.#sentMs.set(topic, performance.now());
      return bus.offer(topic, payload, retain);
    };
    return new Proxy(bus, { get: (target, name) => (name === "offer" ? offer : bound(target, Reflect.get(target, name))) });
  }

  /** The bus of the reader: a message has arrived when its handler has put it into the tree. */
  hearing(bus: BusClient): Bus {
    const subscribe: Bus["subscribe"] = (filter, qos, handler) =>
      bus.subscribe(filter, qos, (message) => {
        void handler(message);
        const sentMs = this.#sentMs.get(message.topic);
        if (sentMs !== undefined) this.#note(performance.now() - sentMs);
        this.#sentMs.delete(message.topic);
      });
    return new Proxy(bus, { get: (target, name) => (name === "subscribe" ? subscribe : bound(target, Reflect.get(target, name))) });
  }

  result(): { readonly p50: number; readonly p99: number; readonly max: number } {
    const at = (share: number) => {
      let seen = 0;
      return this.#took.findIndex((count) => (seen += count) > this.#count * share) / BUCKETS_PER_MS;
    };
    return { p50: at(0.5), p99: at(0.99), max: this.#longestMs };
  }

  #note(tookMs: number): void {
    this.#took[Math.min(this.#took.length - 1, Math.round(tookMs * BUCKETS_PER_MS))]++;
    this.#count++;
    this.#longestMs = Math.max(this.#longestMs, tookMs);
  }
}

function bound(target: object, value: unknown): unknown {
  return typeof value === "function" ? value.bind(target) : value;
}
