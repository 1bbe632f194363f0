/**
 * What grid events cost, against a factory that was asked nothing: the Phoenix trial's (a quarter less for three hours at the evening
 * peak, arXiv 2507.00909) on the 55 MW site, and 200 of the London trial's kind (10 to 40 % less, half a minute to respond, up to ten
 * hours; https://www.computerweekly.com/news/366639772/National-Grid-Nebius-and-Emerald-hail-datacentre-power-throttling) on four racks.
 * `--events N`, `--hours H` (of the Phoenix event), `--seed S`.
 */
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { settle } from "@pulmu/power";
import { loadSite, parseSite } from "@pulmu/site";
import { random } from "@pulmu/units";
import { EventRun, RESPOND_S, type EventResult } from "./grid-events/event-run.ts";
import { LONDON_SITE } from "./grid-events/london-site.ts";
import { catalog } from "./grid-events/plant.ts";

const WARM_UP_S = 900;
const MWH = 3.6e9;
/** Assumed: no Korean price of a response at this notice is public. */
const TERMS = { party: "kpx", reducedKrwPerKWh: 150, excessKrwPerKWh: 300, tenantShare: 0.5 };

export async function run(options: readonly string[] = []): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    options: {
      events: { type: "string", default: "200" },
      hours: { type: "string", default: "3" },
      seed: { type: "string", default: "1" },
    },
  });
  phoenix(Number(values.hours), Number(values.seed));
  london(Number(values.events), Number(values.seed));
}

function phoenix(hours: number, seed: number): void {
  const site = loadSite(join(dirname(import.meta.dirname), "sites", "gak-sejong.yaml"), { catalog, phase: "p55" });
  const eveningMs = Date.UTC(2027, 7, 11, 9); // 18:00 in Korea
  const factory = new EventRun(site, eveningMs - WARM_UP_S * 1000, 86_400, seed);
  factory.pass(WARM_UP_S);
  const result = factory.ask(0.25, hours * 3600);
  const { asked, response, price, reducedJ, trueReducedJ } = result;
  const { postings } = settle(
    {
      id: "phoenix",
      feedTag: undefined,
      fromMs: eveningMs,
      untilMs: eveningMs + hours * 3.6e6,
      setMs: eveningMs,
      deadlineMs: eveningMs + RESPOND_S * 1000,
      limitW: asked.limitW,
    },
    response,
    price,
    TERMS,
  );
  print(`55 MW site, a quarter less for ${hours} h from 18:00: from ${mw(asked.beforeW)} to ${mw(asked.limitW)}`);
  print(
    `  ${met(result)} after ${response.timeToComplyS} s; ${percent(result.shedShare)} shed after ${RESPOND_S} s; ${response.overS} s above the target after that, ${percent(response.worstOverShare)} at most`,
  );
  print(
    `  reduced ${(reducedJ / MWH).toFixed(2)} MWh by the meter before, ${(trueReducedJ / MWH).toFixed(2)} MWh against the factory that was asked nothing; asked ${(response.askedEnergyJ / MWH).toFixed(2)}`,
  );
  print(
    `  made ${percent(result.madeShare)} of the tokens, trained on ${percent(result.trainedShare)} of the tokens; lost ${count(price.tokensLost)} tokens worth ${won(price.lostKrw)}, ${won(price.lostKrw / (trueReducedJ / MWH))} a MWh; ${price.worksSlowed} works slowed`,
  );
  for (const [tenant, cost] of price.byTenant)
    print(`    ${tenant.padEnd(16)} ${count(cost.tokensLost).padStart(10)} tokens  ${won(cost.lostKrw).padStart(16)}`);
  for (const [serviceClass, cost] of price.byClass)
    print(`    ${serviceClass.padEnd(16)} ${count(cost.tokensLost).padStart(10)} tokens  ${won(cost.lostKrw).padStart(16)}`);
  print(
    `  critical p99 over its promise: ${result.criticalPressure.toFixed(2)} at worst, ${result.usualPressure.toFixed(2)} where nothing was asked; critical racks cut: ${result.criticalCuts.length}`,
  );
  print(`  settled: ${postings.map(({ account, amountKrw }) => `${account} ${won(amountKrw)}`).join(", ")}`);
}

function london(events: number, seed: number): void {
  const site = parseSite(LONDON_SITE, "london.yaml", { catalog });
  const source = random(seed, "london events");
  const factory = new EventRun(site, Date.UTC(2027, 3, 14, 0), 400 * 86_400, seed);
  factory.pass(WARM_UP_S);
  print(`\n${events} events on four racks, 10 to 40 % less, 1 min to 10 h, ${RESPOND_S} s to respond`);
  print(
    "event   share    lasts      before → target      complied after   shed at 30 s   above s   tokens lost        won   won/MWh   made   trained",
  );
  const results: EventResult[] = [];
  for (let e = 0; e < events; e++) {
    const share = 0.1 + 0.3 * source.next();
    // As many of a minute to ten as of an hour to ten.
    const decade = source.next() * 2.778;
    const durationS = Math.round(60 * 10 ** decade);
    const result = factory.ask(share, durationS);
    results.push(result);
    factory.pass(Math.round(300 + 900 * source.next()));
    const { asked, response, price } = result;
    print(
      `${String(e + 1).padEnd(6)} ${percent(share).padStart(6)} ${minutes(durationS).padStart(9)} ${`${kw(asked.beforeW)} → ${kw(asked.limitW)}`.padStart(20)} ` +
        `${`${response.timeToComplyS} s`.padStart(16)} ${percent(result.shedShare).padStart(14)} ${String(response.overS).padStart(9)} ${count(price.tokensLost).padStart(13)} ` +
        `${won(price.lostKrw).padStart(10)} ${(price.lostKrw / (result.trueReducedJ / MWH)).toFixed(0).padStart(9)} ${percent(result.madeShare).padStart(6)} ${percent(result.trainedShare).padStart(8)}`,
    );
  }
  const all = (value: (result: EventResult) => number) => results.map(value);
  const total = (value: (result: EventResult) => number) => all(value).reduce((sum, one) => sum + one, 0);
  const kept = results.filter(({ response }) => response.met).length;
  const steep = results.filter(({ asked }) => asked.share >= 0.3);
  const fast = steep.filter(({ shedShare }) => shedShare >= 0.3).length;
  print(`\n${kept === events ? "met" : "MISSED"}    all targets kept from ${RESPOND_S} s on: ${kept} of ${events}`);
  print(
    `${fast === steep.length ? "met" : "MISSED"}    30 % shed within ${RESPOND_S} s where so much was asked: ${fast} of ${steep.length}`,
  );
  print(
    `       slowest to comply ${Math.max(...all(({ response }) => response.timeToComplyS))} s; critical p99 over its promise ${Math.max(...all(({ criticalPressure }) => criticalPressure)).toFixed(2)} at worst, ${Math.max(...all(({ usualPressure }) => usualPressure)).toFixed(2)} where nothing was asked`,
  );
  print(
    `       ${(total(({ trueReducedJ }) => trueReducedJ) / MWH).toFixed(1)} MWh given for ${count(total(({ price }) => price.tokensLost))} tokens worth ${won(total(({ price }) => price.lostKrw))}: ${won(total(({ price }) => price.lostKrw) / (total(({ trueReducedJ }) => trueReducedJ) / MWH))} a MWh; the meter before says ${(total(({ reducedJ }) => reducedJ) / MWH).toFixed(1)} MWh`,
  );
}

function met({ response }: EventResult): string {
  return response.met ? "met" : "MISSED";
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function mw(powerW: number): string {
  return `${(powerW / 1e6).toFixed(2)} MW`;
}

function kw(powerW: number): string {
  return `${(powerW / 1e3).toFixed(0)} kW`;
}

function won(amountKrw: number): string {
  return `₩${Math.round(amountKrw).toLocaleString("en")}`;
}

function count(tokens: number): string {
  return tokens >= 1e9 ? `${(tokens / 1e9).toFixed(2)} G` : `${(tokens / 1e6).toFixed(1)} M`;
}

function minutes(durationS: number): string {
  return durationS < 3600 ? `${(durationS / 60).toFixed(1)} min` : `${(durationS / 3600).toFixed(2)} h`;
}
