import { quote, type CostSum, type Quote } from "@pulmu/power";
import { formatDuration, formatPower } from "@pulmu/units";
import { EXIT, printJson, type ExitCode } from "../../exit.ts";
import { openLive, type RequestOptions } from "../../run/twin.ts";
import { ASSUMED_PRICES, factoryNow } from "../../steer/factory-now.ts";
import { count, grouped } from "../../terminal/format.ts";
import { parseMoment } from "./moment.ts";

export interface QuoteOptions extends RequestOptions {
  readonly site: string;
  readonly phase?: string;
  /** Seconds. */
  readonly for: number;
  readonly at: string;
  readonly feed?: string;
  readonly batteries?: boolean;
  readonly json?: boolean;
}

/** The twin runs this long before it is asked: services fill up, jobs start. */
const WARM_UP_S = 900;

/**
 * `pulmu grid quote POWER --for TIME`: what drawing so much less would cost, and whether it can be done, before anybody accepts it. The
 * site's twin is run up to the moment, and the allocator is asked what it would do.
 * @throws PulmuError for a site, time, feed, power or duration that cannot be
 */
export async function quoteReduction(reductionW: number, options: QuoteOptions): Promise<ExitCode> {
  const probe = await openLive(0, options);
  const { site } = probe.simulation;
  const atMs = parseMoment(options.at, { nowMs: Date.now(), utcOffsetMin: site.utcOffsetMin }, "--at");
  const { simulation } = await openLive(atMs - WARM_UP_S * 1000, options);
  for (let s = 0; s < WARM_UP_S; s++) simulation.step();
  const answer = quote(factoryNow(simulation, options.batteries === true), {
    feedTag: options.feed,
    reductionW,
    durationS: options.for,
  });
  if (options.json) printJson(asJson(answer));
  else process.stdout.write(quoteText(answer));
  return answer.feasible ? EXIT.ok : EXIT.failed;
}

function asJson({ price, ...rest }: Quote): unknown {
  const { byTenant, byClass, ...sums } = price;
  return { ...rest, price: { ...sums, byTenant: Object.fromEntries(byTenant), byClass: Object.fromEntries(byClass) } };
}

/** As people read it: the curve, then who would pay. */
export function quoteText({ request, feasible, mostW, storageW, curve, price }: Quote): string {
  const { reductionW, durationS, feedTag } = request;
  const asked = `${formatPower(reductionW)} less on ${feedTag ?? "all feeds"} for ${formatDuration(durationS)}`;
  const most = `${formatPower(mostW)} is the most that can be given for so long`;
  const lines = [
    feasible ? `${asked}: can be done (${most})` : `${asked}: CANNOT be done, ${most}`,
    ...(storageW > 0 ? [`batteries carry ${formatPower(storageW)} of it`] : []),
    "",
    "   less by   tokens lost/s        KRW/s    next MWh, KRW   works slowed",
    ...curve.map(
      (point) =>
        `${formatPower(point.reductionW).padStart(10)} ${count(point.tokensPerS).padStart(15)} ${grouped(point.krwPerS).padStart(12)} ` +
        `${grouped(point.marginalKrwPerMWh).padStart(16)} ${String(point.worksSlowed).padStart(14)}${point.slowsCritical ? "  critical work among them" : ""}`,
    ),
    "",
    `in all ${count(price.tokensLost)} tokens, ${grouped(price.lostKrw)} KRW, ${grouped(price.lostKrw / ((curve[curve.length - 1].reductionW * durationS) / 3.6e9))} KRW a MWh`,
    ...[...price.byTenant].map(([tenant, cost]) => costLine(`tenant ${tenant}`, cost)),
    ...[...price.byClass].map(([serviceClass, cost]) => costLine(serviceClass, cost)),
    "",
    `At ${grouped(ASSUMED_PRICES.krwPerMTokens)} KRW a million output tokens and ${grouped(ASSUMED_PRICES.krwPerGpuH)} KRW for an hour of a job's GPU (assumed), and the demand of now.`,
  ];
  return `${lines.join("\n")}\n`;
}

function costLine(name: string, { tokensLost, lostKrw, worksSlowed }: CostSum): string {
  return `  ${name.padEnd(24)} ${count(tokensLost).padStart(10)} tokens ${grouped(lostKrw).padStart(14)} KRW ${String(worksSlowed).padStart(4)} slowed`;
}
