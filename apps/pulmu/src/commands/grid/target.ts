import { powerW, type LoadTarget } from "@pulmu/exchange";
import { formatPower, PulmuError } from "@pulmu/units";
import { EXIT, printJson, type ExitCode } from "../../exit.ts";
import { catchStop, type StopSignal } from "../../stop-signal.ts";
import { factoryApi, knownFactory } from "./factory-api.ts";
import { followEvent } from "./follow.ts";
import { parseMoment, type PlantTime } from "./moment.ts";
import { breachText, statusText } from "./print.ts";
import { openGrid, type GridOptions } from "./session.ts";

export interface TargetOptions extends GridOptions {
  readonly from?: string;
  /** Seconds. */
  readonly for?: number;
  readonly until?: string;
  readonly bestEffort?: boolean;
  /** Show what comes of it until it is over; left out: on a terminal, where the factory runs here. */
  readonly follow?: boolean;
  readonly api?: string;
}

/**
 * `pulmu grid target POWER`: publishes a signed load target, waits until it is confirmed, and shows what comes of it: the ramp, the
 * response, the cost and the settlement.
 * @throws PulmuError for a bad time or key, or a broker that cannot be reached
 */
export async function setTarget(limitW: number, options: TargetOptions): Promise<ExitCode> {
  if (!(limitW > 0))
    throw new PulmuError({
      code: "grid.power",
      value: String(limitW),
      rule: "must be above zero",
      hint: "pulmu grid clear lifts a target",
    });
  return publish(options, (time) => ({
    interval: intervalOf(options, time),
    load_constraint: { value: limitW / 1e6, unit: "megawatt" },
    ...(options.bestEffort && { strategy: { best_effort: true } }),
  }));
}

/** `pulmu grid clear`: lifts what limits the feeds. */
export async function clearTarget(options: GridOptions): Promise<ExitCode> {
  return publish(options, () => ({ interval: {}, load_constraint: null }));
}

async function publish(
  options: GridOptions & Pick<TargetOptions, "follow" | "api">,
  target: (time: PlantTime) => LoadTarget,
): Promise<ExitCode> {
  let following = false;
  const stop = catchStop();
  const { client, grid, time } = await openGrid(options, {
    onStatus: (status) => {
      if (following) process.stdout.write(options.json ? `${JSON.stringify(status.data)}\n` : statusText(status));
    },
    onBreach: (alert) => {
      if (following) process.stdout.write(options.json ? `${JSON.stringify(alert.data)}\n` : breachText(alert));
    },
  });
  try {
    const full: LoadTarget = { ...target(time), ...(options.feed !== undefined && { feed_tags: options.feed }) };
    const { correlationId, attempts, status } = await grid.setTargets([full]);
    if (options.json) printJson({ correlationId, confirmed: status !== undefined, attempts, target: full, status: status?.data });
    else if (!willFollow(options) || status === undefined) process.stdout.write(`${describe(full)}, correlation ${correlationId}\n`);
    if (status === undefined) {
      process.stderr.write(
        `nobody has confirmed it, sent ${attempts} times: no agent listens, it does not trust this key, or it refused the target\n`,
      );
      return EXIT.failed;
    }
    if (!options.json)
      process.stdout.write(
        willFollow(options)
          ? `Confirmed by ${status.from}, correlation ${correlationId}\n\n`
          : `confirmed by ${status.from}:\n${statusText(status)}`,
      );
    if (options.watch) {
      following = true;
      await stop.wait;
    } else if (full.load_constraint !== null) await follow(correlationId, options, stop);
    return EXIT.ok;
  } finally {
    stop.release();
    await client.close();
  }
}

/** Where the factory runs here, and somebody watches. */
function willFollow({ follow: asked, json, bus, api, busHome }: GridOptions & Pick<TargetOptions, "follow" | "api">): boolean {
  const byItself = process.stdout.isTTY && json !== true && bus === undefined;
  return (asked ?? byItself) && factoryApi({ busHome, ...(api !== undefined && { api }) }) !== undefined;
}

async function follow(
  correlationId: string,
  options: GridOptions & Pick<TargetOptions, "follow" | "api">,
  stop: StopSignal,
): Promise<void> {
  const { busHome, api, json = false } = options;
  if (!willFollow(options)) return;
  const event = await followEvent(knownFactory({ busHome, ...(api !== undefined && { api }) }), correlationId, { json, stop });
  if (json) return;
  if (event === undefined) process.stdout.write("this factory is not steered: what comes of the target is not followed\n");
  else if (event.state !== "over")
    process.stdout.write("the target stays: `pulmu grid clear` lifts it, `pulmu grid events` shows it again\n");
}

function intervalOf({ from, for: durationS, until }: TargetOptions, time: PlantTime): LoadTarget["interval"] {
  const fromMs = from === undefined ? undefined : parseMoment(from, time, "--from");
  if (until !== undefined && durationS !== undefined) {
    throw new PulmuError({ code: "grid.time", path: "--until", value: until, rule: "says the end a second time: --for does already" });
  }
  const startMs = fromMs ?? time.nowMs;
  const untilMs =
    until !== undefined ? parseMoment(until, { ...time, nowMs: startMs }, "--until") : durationS && startMs + durationS * 1000;
  if (untilMs !== undefined && untilMs <= startMs) {
    throw new PulmuError({ code: "grid.time", path: "--until", value: until ?? String(durationS), rule: "must be after --from" });
  }
  return {
    ...(fromMs !== undefined && { start_time: new Date(fromMs).toISOString() }),
    ...(untilMs !== undefined && { end_time: new Date(untilMs).toISOString() }),
  };
}

function describe({ interval: { start_time, end_time }, load_constraint, feed_tags }: LoadTarget): string {
  const feeds = feed_tags === undefined ? "all feeds together" : feed_tags.join(" and ");
  const when = `from ${start_time ?? "now"}${end_time === undefined ? "" : ` until ${end_time}`}`;
  return load_constraint === null ? `Lifted for ${feeds}` : `${formatPower(powerW(load_constraint))} for ${feeds}, ${when}`;
}
