import { readFileSync } from "node:fs";
import {
  demandOf,
  DemandBridge,
  OauthTokens,
  parseEventFile,
  powerW,
  reportOf,
  Ven,
  wallClock,
  type BridgeStep,
  type DemandEvent,
  type OpenAdrEvent,
  type PowerStatus,
  type SignalRules,
} from "@pulmu/exchange";
import { formatPower, formatProblem, PulmuError, type Problem } from "@pulmu/units";
import { EXIT, type ExitCode } from "../../exit.ts";
import { catchStop } from "../../stop-signal.ts";
import { openGrid, type GridOptions } from "./session.ts";

export interface BridgeOptions extends GridOptions {
  /** Seconds between looks at the source. */
  readonly every: number;
  readonly once?: boolean;
}

export interface OpenAdrOptions extends BridgeOptions {
  readonly program?: readonly string[];
  readonly vtnClient?: string;
  readonly vtnSecretFile?: string;
  readonly vtnTokenUrl?: string;
  readonly name: string;
  readonly simple?: readonly [number, number, number];
  readonly priceFrom?: number;
  readonly priceLimit?: number;
}

/** What a source asks for now. */
type Look = () => Promise<readonly DemandEvent[]>;
/** Told after each look. */
type AfterStep = (step: BridgeStep, status: PowerStatus | undefined) => Promise<void>;

/**
 * `pulmu grid events FILE`: carries the events of a file to the factory, and what changes in it.
 * @throws PulmuError with every problem of the file, or when the broker cannot be reached
 */
export async function bridgeFile(file: string, options: BridgeOptions): Promise<ExitCode> {
  const look = async () => {
    try {
      return parseEventFile(readFileSync(file, "utf8"), file);
    } catch (error) {
      if (error instanceof PulmuError) throw error;
      throw new PulmuError({ code: "grid.events", file, rule: `cannot be read: ${(error as Error).message}` });
    }
  };
  await look(); // a file that is wrong from the start is refused before anything is connected
  return bridge(look, options);
}

/**
 * `pulmu grid openadr VTN`: carries the events of an OpenADR 3 VTN to the factory, and reports back.
 * @throws PulmuError when VTN or broker cannot be reached at the start
 */
export async function bridgeOpenAdr(vtn: string, options: OpenAdrOptions): Promise<ExitCode> {
  const { program, name } = options;
  const tokens = tokensOf(vtn, options);
  const ven = new Ven({
    vtn,
    clientName: name,
    ...(tokens !== undefined && { tokens }),
    ...(program !== undefined && { programs: program }),
  });
  const rules = rulesOf(options);
  const told = new Set<string>();
  let events: readonly (readonly [OpenAdrEvent, DemandEvent])[] = [];
  const look = async () => {
    const problems: Problem[] = [];
    const read = await ven.events(problems);
    events = read.map((event) => [event, demandOf(event, rules, Date.now(), problems)] as const);
    for (const text of problems.map(formatProblem)) if (!told.has(text)) process.stderr.write(`${text}\n`);
    for (const problem of problems) told.add(formatProblem(problem));
    return events.map(([, demand]) => demand);
  };
  const report: AfterStep = async ({ confirmation }, status) => {
    const demandW = status && Object.values(status.data.feeds).reduce((sum, feed) => sum + powerW(feed.calculated_load), 0);
    const confirmed = confirmation === undefined || confirmation.status !== undefined;
    for (const [event, demand] of events) {
      const due = reportOf(event, demand, { atMs: Date.now(), demandW, confirmed });
      if (due !== undefined) await ven.report(due);
    }
  };
  return bridge(look, options, report);
}

/** Looks, sends what changed, waits; what fails is told and tried again. The first look must not fail. */
async function bridge(look: Look, options: BridgeOptions, afterStep: AfterStep = async () => {}): Promise<ExitCode> {
  const first = await look();
  const stop = catchStop();
  let status: PowerStatus | undefined;
  const { client, grid } = await openGrid(options, { onStatus: (heard) => (status = heard) });
  const demand = new DemandBridge(grid, options.feed);
  let confirmed = true;
  try {
    for (let events: readonly DemandEvent[] = first; ;) {
      try {
        const step = await demand.update(events, Date.now());
        confirmed = step.confirmation === undefined || step.confirmation.status !== undefined;
        tell(step, options);
        await afterStep(step, status);
      } catch (error) {
        complain(error);
      }
      if (options.once || stop.requested) break;
      await Promise.race([stop.wait, new Promise((resolve) => setTimeout(resolve, options.every * 1000))]);
      if (stop.requested) break;
      try {
        events = await look();
      } catch (error) {
        complain(error); // what was asked for last stays
      }
    }
  } finally {
    stop.release();
    await client.close();
  }
  return confirmed ? EXIT.ok : EXIT.failed;
}

function tell({ targets, confirmation }: BridgeStep, { json }: GridOptions): void {
  if (confirmation === undefined) return;
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ targets, correlationId: confirmation.correlationId, confirmed: confirmation.status !== undefined })}\n`,
    );
    return;
  }
  for (const { interval, load_constraint } of targets) {
    const what = load_constraint === null ? "lifted" : formatPower(powerW(load_constraint));
    process.stdout.write(`${interval.start_time ?? "now"} … ${interval.end_time ?? "further notice"}: ${what}\n`);
  }
  if (confirmation.status === undefined) process.stderr.write("nobody has confirmed it; it is sent again at the next look\n");
}

function complain(error: unknown): void {
  if (!(error instanceof PulmuError)) throw error;
  process.stderr.write(`${error.message}\n`);
}

function tokensOf(vtn: string, { vtnClient, vtnSecretFile, vtnTokenUrl }: OpenAdrOptions): OauthTokens | undefined {
  if (vtnClient === undefined) return undefined;
  if (vtnSecretFile === undefined) throw new PulmuError({ code: "grid.option", path: "--vtn-client", rule: "needs --vtn-secret-file" });
  let clientSecret: string;
  try {
    clientSecret = readFileSync(vtnSecretFile, "utf8").trim();
  } catch (error) {
    throw new PulmuError({
      code: "grid.option",
      path: "--vtn-secret-file",
      file: vtnSecretFile,
      rule: `cannot be read: ${(error as Error).message}`,
    });
  }
  const tokenUrl = vtnTokenUrl ?? `${vtn.replace(/\/$/, "")}/auth/token`;
  return new OauthTokens({ tokenUrl, clientId: vtnClient, clientSecret }, wallClock);
}

function rulesOf({ simple, priceFrom, priceLimit }: OpenAdrOptions): SignalRules {
  if ((priceFrom === undefined) !== (priceLimit === undefined)) {
    throw new PulmuError({
      code: "grid.option",
      path: "--price-from",
      rule: "a price and what it limits stand together: --price-from, --price-limit",
    });
  }
  return {
    ...(simple !== undefined && { simpleW: simple }),
    ...(priceFrom !== undefined && priceLimit !== undefined && { price: { from: priceFrom, limitW: priceLimit } }),
  };
}
