import { ENDED, type Job } from "../book/job.ts";
import { unmeteredMs } from "../book/job-times.ts";
import { readingSent, readMetered, unsentReadings, unsentUsage, usageSent } from "../book/usage-outbox.ts";
import { nodeGpus } from "../spec/cluster.ts";
import type { Desk } from "./desk.ts";
import { type GpuEnergy, type MeterCount, meterPeriod } from "./metering.ts";

const METER_MS = 60_000;
/** Jobs that have ended and are not metered yet: with more, nobody waits for the minute. */
const MAX_UNSETTLED = 1_000;
/** Records read at a time of those that are on their way. */
const SEND_AT_ONCE = 1_000;

const NO_ENERGY: GpuEnergy = { all: 0, byJob: new Map() };

/**
 * Each minute, what jobs used since the last: written to an outbox in one transaction with the meter's reading, how far the meter is counted
 * and how far each job is metered; then sent to the ledger. Whoever is killed in between, nothing is lost and nothing counts twice.
 */
export class UsageMeter {
  readonly #desk: Desk;
  #counted: MeterCount;
  #energy: GpuEnergy;
  #fromMs: number;
  #begun = false;
  /** Of the period that is being written down. */
  #ended: readonly Job[] = [];
  /** Nothing waits to be sent, as far as is known. */
  #sent = false;

  constructor(desk: Desk) {
    const { meter, now } = desk.options;
    this.#desk = desk;
    this.#counted = meter.read();
    this.#energy = meter.gpuEnergy?.() ?? NO_ENERGY;
    this.#fromMs = now();
  }

  async tick(nowMs: number): Promise<void> {
    this.#desk.options.meter.tick?.(this.#modelledW(), nowMs);
    const unsettled = this.#desk.live.filter(({ state }) => ENDED.has(state)).length;
    if (nowMs - this.#fromMs >= METER_MS || unsettled > MAX_UNSETTLED) await this.meterNow();
    else await this.#send();
  }

  async meterNow(): Promise<void> {
    const { live } = this.#desk;
    await this.#begin();
    if (!live.hasUsage) this.#closePeriod(this.#desk.options.now());
    await this.#desk.write();
    for (const job of this.#ended) {
      live.settle(job);
      this.#desk.options.meter.forget?.(job.id);
    }
    this.#ended = [];
    await this.#send();
  }

  /** A meter that lives longer than we do goes on where it was written down last. */
  async #begin(): Promise<void> {
    if (this.#begun) return;
    const { book, meter } = this.#desk.options;
    const last = await readMetered(book.store);
    this.#begun = true;
    if (last?.meterId !== meter.id || last.count.itMilliJ > this.#counted.itMilliJ) return; // another one, or one that was set back
    this.#counted = last.count;
    this.#fromMs = last.untilMs;
  }

  #closePeriod(untilMs: number): void {
    const { live, nodes, options } = this.#desk;
    const { houseId, meter, cluster } = options;
    if (untilMs <= this.#fromMs) return; // the clock was set back
    const count = meter.read();
    const energy = meter.gpuEnergy?.();
    const jobs = live.filter((job) => unmeteredMs(job, untilMs) > 0 || ENDED.has(job.state));
    const period = meterPeriod(
      jobs,
      { ...cluster, gpus: nodeGpus(nodes) },
      {
        houseId,
        meterId: meter.id,
        fromMs: this.#fromMs,
        untilMs,
        counted: less(count, this.#counted),
        gpuEnergy: energy && lessEnergy(energy, this.#energy),
      },
    );
    const settled = jobs.filter(({ state }) => ENDED.has(state));
    live.meter({ ...period, settled, month: monthOf(untilMs), meter: { meterId: meter.id, untilMs, count } }, jobs);
    this.#counted = count;
    this.#energy = energy ?? NO_ENERGY;
    this.#fromMs = untilMs;
    this.#ended = settled;
    this.#sent = false;
  }

  async #send(): Promise<void> {
    if (this.#sent || this.#desk.live.hasUsage) return; // what may be there already is not sent before that is known
    const { ledger, keepReading, book } = this.#desk.options;
    const { store } = book;
    const readings = keepReading === undefined ? [] : await unsentReadings(store, SEND_AT_ONCE);
    for (const reading of readings) {
      await keepReading!(reading);
      await readingSent(store, reading);
    }
    const records = ledger === undefined ? [] : await unsentUsage(store, SEND_AT_ONCE);
    for (const record of records) {
      await ledger!.record(record);
      await usageSent(store, record.id);
    }
    this.#sent = records.length < SEND_AT_ONCE && readings.length < SEND_AT_ONCE;
  }

  /** What the nodes draw, as far as is known without a meter: the working GPUs' watts, and the idle ones'. */
  #modelledW(): number {
    const { wattsPerGpu, idleWattsPerGpu } = this.#desk.options.cluster;
    const working = this.#desk.live.filter(({ runSinceMs }) => runSinceMs > 0);
    const busyGpus = working.reduce((sum, { gpus }) => sum + gpus, 0);
    const busyW = working.reduce((sum, { gpus, share, spec }) => sum + gpus * share * (spec.powerPerGpu ?? wattsPerGpu), 0);
    return busyW + Math.max(0, nodeGpus(this.#desk.nodes) - busyGpus) * idleWattsPerGpu;
  }
}

function less(now: MeterCount, before: MeterCount): MeterCount {
  return {
    itMilliJ: now.itMilliJ - before.itMilliJ,
    facilityMilliJ: now.facilityMilliJ - before.facilityMilliJ,
    coolingMilliJ: now.coolingMilliJ - before.coolingMilliJ,
    lossMilliJ: now.lossMilliJ - before.lossMilliJ,
    carbonMilliG: now.carbonMilliG - before.carbonMilliG,
  };
}

function lessEnergy(now: GpuEnergy, before: GpuEnergy): GpuEnergy {
  return {
    all: now.all - before.all,
    byJob: new Map([...now.byJob].map(([id, joules]) => [id, joules - (before.byJob.get(id) ?? 0)])),
  };
}

/** `2026-11`, in UTC: the month that GPU-hours are counted in. */
export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}
