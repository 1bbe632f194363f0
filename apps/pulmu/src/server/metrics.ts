import { SITE_SERIES, type ServiceRow } from "@pulmu/twin";
import { Counter, Gauge, Registry } from "prom-client";
import type { BusClient } from "@pulmu/exchange";
import { refusalCounts } from "../bus/bus-state.ts";
import type { LiveBus } from "../bus/live-bus.ts";
import type { LiveFactory } from "../live/factory.ts";
import type { Steering } from "../steer/steering.ts";
import { tokensPerSPerMW } from "../live/state.ts";

/** Units at the end of our names, and as Prometheus spells them: https://prometheus.io/docs/practices/naming/#base-units */
const UNIT_WORDS = [
  ["KrwPerKWh", "_krw_per_kilowatt_hour"],
  ["GPerKWh", "_grams_per_kilowatt_hour"],
  ["PerS", "_per_second"],
  ["W", "_watts"],
  ["J", "_joules"],
  ["C", "_celsius"],
  ["S", "_seconds"],
] as const;

/** `ttftP99S` → `pulmu_ttft_p99_seconds`. */
export function metricName(series: string): string {
  const [unit, word] = UNIT_WORDS.find(([suffix]) => series.endsWith(suffix)) ?? ["", ""];
  const stem = series.slice(0, series.length - unit.length);
  return `pulmu_${stem.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}${word}`;
}

/** Everything the factory tells Prometheus. Values are read when they are asked for; what is not known is left out. */
export function createMetrics(factory: LiveFactory, bus?: LiveBus): Registry {
  const registry = new Registry();
  const { simulation } = factory;
  const { site } = simulation;

  SITE_SERIES.forEach(([series, help], column) => gauge(registry, metricName(series), help, () => simulation.row[column]));
  gauge(registry, "pulmu_tokens_per_second_per_megawatt", "Output tokens a second for each MW the site draws", () =>
    tokensPerSPerMW(simulation.row),
  );
  gauge(registry, "pulmu_simulated_time_seconds", "Time of the twin, Unix epoch", () => simulation.atMs / 1000);

  counter(registry, "pulmu_simulated_seconds_total", "Seconds simulated since the start", () => simulation.atS);
  counter(registry, "pulmu_tokens_total", "Output tokens of inference and batch since the start", () => factory.kpis().tokensOut);
  counter(registry, "pulmu_trained_tokens_total", "Tokens trained on since the start", () => factory.kpis().trainedTokens);
  counter(registry, "pulmu_requests_total", "Requests that arrived since the start", () => factory.kpis().requests);
  counter(registry, "pulmu_site_energy_joules_total", "Energy drawn from all feeds since the start", () => factory.kpis().siteEnergyJ);
  counter(registry, "pulmu_it_energy_joules_total", "Energy of racks and IT auxiliaries since the start", () => factory.kpis().itEnergyJ);
  counter(registry, "pulmu_energy_cost_krw_total", "Cost of energy since the start", () => factory.kpis().costKrw);
  counter(registry, "pulmu_carbon_grams_total", "CO2 of the energy since the start", () => factory.kpis().carbonG);
  counter(registry, "pulmu_events_total", "Events of the twin and the program since the start", () => factory.events.lastId);

  family(registry, "pulmu_feed_power_watts", "Power drawn from a feed", ["feed"], (set) => {
    for (const feed of site.feeds) set([feed.tag], simulation.nodePowerW[feed.node]);
  });
  family(registry, "pulmu_feed_limit_watts", "Contracted power of a feed", ["feed"], (set) => {
    for (const feed of site.feeds) set([feed.tag], feed.limitW);
  });
  family(registry, "pulmu_power_node_watts", "Power at the input of a power node", ["node", "kind"], (set) => {
    site.nodes.forEach((node, i) => set([node.id, node.kind], simulation.nodePowerW[i]));
  });
  family(registry, "pulmu_power_node_load_ratio", "Power at the output of a power node over its rating", ["node", "kind"], (set) => {
    site.nodes.forEach((node, i) => set([node.id, node.kind], simulation.nodeLoad[i]));
  });
  const ofServices = (name: string, help: string, read: (service: ServiceRow) => number) =>
    family(registry, name, help, ["service", "model", "tenant"], (set) => {
      for (const service of factory.services()) set([service.id, service.modelId, service.tenantId], read(service));
    });
  ofServices("pulmu_service_tokens_per_second", "Output tokens of a service", (service) => service.tokensPerS);
  ofServices("pulmu_service_queued_requests", "Requests of a service that wait for a place in a batch", (service) => service.queued);
  ofServices("pulmu_service_ttft_p99_seconds", "Time to first token of a service, 99th percentile", (service) => service.ttftP99S);
  ofServices("pulmu_service_itl_p99_seconds", "Inter-token latency of a service, 99th percentile", (service) => service.itlP99S);
  ofServices("pulmu_service_gpu_power_watts", "Power of the GPUs of a service", (service) => service.gpuPowerW);
  if (factory.steering !== undefined) addSteering(registry, factory.steering);
  if (bus !== undefined) addBus(registry, bus);
  return registry;
}

function addSteering(registry: Registry, steering: Steering): void {
  gauge(registry, "pulmu_steering_caps_watts", "What racks may draw by their caps, together", () => steering.view().liableW);
  gauge(registry, "pulmu_steering_fallback_watts", "What racks would fall to without steering, together", () => steering.view().fallbackW);
  gauge(registry, "pulmu_steering_budget_watts", "Rack watts that are allowed now", () => steering.view().budgetW);
  gauge(registry, "pulmu_steering_short_watts", "What the lowest caps need more than is allowed now", () => steering.view().shortW);
  gauge(registry, "pulmu_steering_silent_racks", "Racks whose devices do not answer", () => steering.view().unreachable.length);
  gauge(
    registry,
    "pulmu_steering_disobedient_racks",
    "Racks that draw more than their caps allow",
    () => steering.view().disobedient.length,
  );
  gauge(
    registry,
    "pulmu_steering_critical_cuts",
    "Racks with critical work below what it needs",
    () => steering.view().criticalCuts.length,
  );
  counter(registry, "pulmu_steering_writes_total", "Caps written since the start", () => steering.writes.count);
  family(registry, "pulmu_steering_limit_watts", "What the site or a feed may draw now", ["feed"], (set) => {
    for (const { feedTag, limitW } of steering.view().scopes) set([feedTag ?? "site"], limitW);
  });
}

function addBus(registry: Registry, { connections, operator }: LiveBus): void {
  const ofClients = (name: string, help: string, read: (client: BusClient) => number) =>
    family(registry, name, help, ["client"], (set) => {
      for (const client of connections) set([client.clientId], read(client));
    });
  ofClients("pulmu_bus_connected", "1 while the connection to the broker stands", (client) => (client.connected ? 1 : 0));
  ofClients("pulmu_bus_messages_received", "Messages received since the start", (client) => client.stats.received);
  ofClients("pulmu_bus_messages_sent", "Messages sent since the start", (client) => client.stats.sent);
  ofClients(
    "pulmu_bus_messages_declined",
    "Messages not sent because the connection was down or clogged",
    (client) => client.stats.declined,
  );
  if (operator === undefined) return;
  gauge(registry, "pulmu_bus_points", "Points that a BMS has described", () => operator.reader.described);
  family(registry, "pulmu_bus_refused", "Messages refused since the start, by reason", ["code"], (set) => {
    for (const [code, count] of refusalCounts(operator)) set([code], count);
  });
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  family(registry, name, help, [], (set) => set([], read()));
}

function family(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  collect: (set: (labels: readonly string[], value: number) => void) => void,
): void {
  new Gauge({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
    collect() {
      this.reset();
      if (labelNames.length === 0) this.remove(); // reset leaves a 0, which would be a lie for a value that is not known
      collect((labels, value) => {
        if (Number.isFinite(value)) this.labels(...labels).set(value);
      });
    },
  });
}

function counter(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      const total = read();
      if (Number.isFinite(total)) this.inc(total);
    },
  });
}
