import { powerW, type LoadTarget } from "@pulmu/exchange";
import { formatPower, PulmuError } from "@pulmu/units";
import { EXIT, printJson, type ExitCode } from "../../exit.ts";
import { catchStop } from "../../stop-signal.ts";
import { parseMoment, type PlantTime } from "./moment.ts";
import { breachText, statusText } from "./print.ts";
import { openGrid, type GridOptions } from "./session.ts";

export interface TargetOptions extends GridOptions {
  readonly from?: string;
  /** Seconds. */
  readonly for?: number;
  readonly until?: string;
  readonly bestEffort?: boolean;
}

/**
 * `pulmu grid target POWER`: publishes a signed load target and waits until it is confirmed.
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

async function publish(options: GridOptions, target: (time: PlantTime) => LoadTarget): Promise<ExitCode> {
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
    else process.stdout.write(`${describe(full)}, correlation ${correlationId}\n`);
    if (status === undefined) {
      process.stderr.write(
        `nobody has confirmed it, sent ${attempts} times: no agent listens, it does not trust this key, or it refused the target\n`,
      );
      return EXIT.failed;
    }
    if (!options.json) process.stdout.write(`confirmed by ${status.from}:\n${statusText(status)}`);
    if (options.watch) {
      following = true;
      await stop.wait;
    }
    return EXIT.ok;
  } finally {
    stop.release();
    await client.close();
  }
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
