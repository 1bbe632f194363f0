import { quote } from "@pulmu/power";
import { EXIT, printJson, type ExitCode } from "../../exit.ts";
import { openLive, type RequestOptions } from "../../run/twin.ts";
import { factoryNow } from "../../steer/factory-now.ts";
import { createStyle, wantsColour } from "../../terminal/style.ts";
import { factoryApi, type FactoryPlace } from "./factory-api.ts";
import { parseMoment } from "./moment.ts";
import { quoteAnswer, quoteText, type QuoteAnswer } from "./quote-view.ts";

export interface QuoteOptions extends RequestOptions, FactoryPlace {
  readonly site?: string;
  readonly phase?: string;
  /** Seconds. */
  readonly for: number;
  readonly at: string;
  readonly feed?: string;
  readonly batteries?: boolean;
  readonly json?: boolean;
}

const DEFAULT_SITE = "sites/gak-sejong.yaml";
/** The twin runs this long before it is asked: services fill up, jobs start; and a little more, past the checkpoint of the largest job. */
const WARM_UP_S = 960;
const WIDTH = 100;

/**
 * `pulmu grid quote POWER --for TIME`: what drawing so much less would cost, and whether it can be done, before anybody accepts it. The
 * factory that runs here is asked, by what it does now; where none does, or for another moment, a site's twin is run up to it.
 * @throws PulmuError for a site, time, feed, power or duration that cannot be
 */
export async function quoteReduction(reductionW: number, options: QuoteOptions): Promise<ExitCode> {
  const [answer, of] = (await askFactory(reductionW, options)) ?? (await askTwin(reductionW, options));
  if (options.json) printJson(answer);
  else {
    const style = createStyle(wantsColour(process.stdout, process.env));
    process.stdout.write(quoteText(answer, of, Math.min(process.stdout.columns ?? WIDTH, 120), style));
  }
  return answer.feasible ? EXIT.ok : EXIT.failed;
}

type Answered = readonly [answer: QuoteAnswer, of: string];

/** undefined where no factory runs, or something else is asked for than what runs. */
async function askFactory(
  reductionW: number,
  { for: durationS, feed, batteries, at, site, phase, ...place }: QuoteOptions,
): Promise<Answered | undefined> {
  const api = at === "now" && site === undefined && phase === undefined ? factoryApi(place) : undefined;
  if (api === undefined) return undefined;
  const query = new URLSearchParams({
    reductionW: String(reductionW),
    durationS: String(durationS),
    batteries: String(batteries === true),
  });
  if (feed !== undefined) query.set("feed", feed);
  const isUp = await api.get("/healthz").then(
    () => true,
    () => false, // it has stopped since
  );
  const answer = isUp ? await api.get<QuoteAnswer>(`/api/grid/quote?${query}`) : undefined;
  return answer && [answer, `by what the factory at ${api.url} does now`];
}

async function askTwin(reductionW: number, options: QuoteOptions): Promise<Answered> {
  const site = options.site ?? DEFAULT_SITE;
  const probe = await openLive(0, { ...options, site });
  const atMs = parseMoment(options.at, { nowMs: Date.now(), utcOffsetMin: probe.simulation.site.utcOffsetMin }, "--at");
  const { simulation } = await openLive(atMs - WARM_UP_S * 1000, { ...options, site });
  for (let s = 0; s < WARM_UP_S; s++) simulation.step();
  const request = { feedTag: options.feed, reductionW, durationS: options.for };
  return [
    quoteAnswer(quote(factoryNow(simulation, options.batteries === true), request)),
    `by the twin of ${site} at ${new Date(atMs).toISOString().slice(0, 16)}Z`,
  ];
}
