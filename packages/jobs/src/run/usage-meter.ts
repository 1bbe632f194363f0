import { ENDED } from "../book/job.ts";
import { unmeteredMs } from "../book/job-times.ts";
import { nodeGpus } from "../spec/cluster.ts";
import type { Desk } from "./desk.ts";
import { type MeterCount, meterPeriod } from "./metering.ts";

const METER_MS = 60_000;
/** Jobs that have ended and are not metered yet: with more, nobody waits for the minute. */
const MAX_UNSETTLED = 1_000;
/** Records read at a time of those that are on their way. */
const SEND_AT_ONCE = 1_000;

/** Each minute, what jobs used since the last: written to an outbox with how far they are metered, then sent to the ledger. */
export class UsageMeter {
  readonly #desk: Desk;
  #counted: MeterCount;
  #fromMs: number;
  /** Nothing waits to be sent, as far as is known. */
  #sent = false;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#counted = desk.options.meter.read();
    this.#fromMs = desk.options.now();
  }

  async tick(nowMs: number): Promise<void> {
    this.#desk.options.meter.tick?.(this.#modelledW(), nowMs);
    const unsettled = this.#desk.live.filter(({ state }) => ENDED.has(state)).length;
    if (nowMs - this.#fromMs >= METER_MS || unsettled > MAX_UNSETTLED) await this.meterNow();
    else await this.#send();
  }

  async meterNow(): Promise<void> {
    const desk = this.#desk;
    const { book, houseId, now, meter, cluster, onMetered } = desk.options;
    const untilMs = now();
    await desk.write();
    const read = meter.read();
    const counted = {
      itMilliJ: read.itMilliJ - this.#counted.itMilliJ,
      facilityMilliJ: read.facilityMilliJ - this.#counted.facilityMilliJ,
      carbonMilliG: read.carbonMilliG - this.#counted.carbonMilliG,
    };
    const jobs = desk.live.filter((job) => unmeteredMs(job, untilMs) > 0 || ENDED.has(job.state));
    const period = meterPeriod(jobs, { ...cluster, gpus: nodeGpus(desk.nodes) }, counted, { houseId, fromMs: this.#fromMs, untilMs });
    await book.meter(period.records, jobs, monthOf(untilMs));
    this.#counted = read;
    this.#fromMs = untilMs;
    for (const job of jobs) if (ENDED.has(job.state)) desk.live.settle(job);
    await onMetered?.(period);
    this.#sent = false;
    await this.#send();
  }

  async #send(): Promise<void> {
    const { ledger, book } = this.#desk.options;
    if (ledger === undefined || this.#sent) return;
    const records = await book.unsentUsage(SEND_AT_ONCE);
    for (const record of records) {
      await ledger.record(record);
      await book.usageSent(record.id);
    }
    this.#sent = records.length < SEND_AT_ONCE;
  }

  /** What the nodes draw, as far as is known without a meter: the working GPUs' watts, and the idle ones'. */
  #modelledW(): number {
    const { wattsPerGpu, idleWattsPerGpu } = this.#desk.options.cluster;
    const working = this.#desk.live.filter(({ runSinceMs }) => runSinceMs > 0);
    const busyGpus = working.reduce((sum, { gpus }) => sum + gpus, 0);
    const busyW = working.reduce((sum, { gpus, spec }) => sum + gpus * (spec.powerPerGpu ?? wattsPerGpu), 0);
    return busyW + Math.max(0, nodeGpus(this.#desk.nodes) - busyGpus) * idleWattsPerGpu;
  }
}

/** `2026-11`, in UTC: the month that GPU-hours are counted in. */
export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}
