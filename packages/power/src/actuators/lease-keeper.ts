import { PulmuError } from "@pulmu/units";
import type { Actuators, CapWrite, LeaseReport } from "../loop/ports.ts";
import { holds, type Actuator, type Cap, type CapNote, type Held } from "./actuator.ts";
import { wallClock, withDeadline, type ActuatorClock } from "./clock.ts";

/** One rack, as the keeper has it in hand. */
export interface KeptDevice {
  readonly actuator: Actuator;
  /** Most that one of its GPUs can draw, W: what it is reported with while nothing is known of it. */
  readonly gpuMaxW: number;
}

/** Bounds of the keeper, and what happens at them. */
export interface KeeperLimits {
  /** Devices talked to at once. Those that failed last time get a quarter of it, so that dead ones do not hold up the others. */
  readonly concurrency: number;
  /** A write with its read-back, or a read, is given up after so long, ms. */
  readonly answerMs: number;
  /** What raises a cap reaches the device so soon after it came, or is dropped, ms: `LeaseTerms.deliverWithinMs`. */
  readonly deliverWithinMs: number;
  /** So long before a lease ends that its device cannot be made to leave, the loop is told, ms: it listens once a second. */
  readonly tellAheadMs: number;
  /** How often leases are looked at, ms. */
  readonly checkMs: number;
  /** A device not heard of for so long is read, ms. */
  readonly readEveryMs: number;
  /** A fallback that a device has not shown is told again after so long, ms. */
  readonly retryMs: number;
  /** After the keeper's start devices keep what they have for so long: time for the controller to renew its leases. */
  readonly graceMs: number;
}

export const KEEPER_LIMITS: KeeperLimits = {
  concurrency: 128,
  answerMs: 4_000,
  deliverWithinMs: 5_000,
  tellAheadMs: 2_000,
  checkMs: 250,
  readEveryMs: 10_000,
  retryMs: 2_000,
  graceMs: 10_000,
};

interface Lease extends Cap {
  readonly takenMs: number;
  readonly endsMs: number;
}

interface DeviceState extends KeptDevice {
  readonly rack: number;
  fallback: Cap | undefined;
  lease: Lease | undefined;
  /** Order of the last write that was accepted, and of the last that the device has shown. */
  taken: number;
  shown: number;
  /** When the lease that it has shown ends, ms; Infinity: it has shown none. */
  shownEndsMs: number;
  /** What is to be sent next; undefined = nothing. */
  due: Cap | "read" | undefined;
  /** What is being sent, and what was sent last. */
  sending: Cap | "read" | undefined;
  last: Cap | undefined;
  /** Waits for its turn, or is being talked to. */
  queued: boolean;
  /** The cap that it keeps to as well as it can, and what it showed: telling it again would only cost its BMC requests. */
  kept: { readonly cap: Cap; readonly held: Held } | undefined;
  /** Highest cap that it may be holding, W. */
  mayHoldW: number;
  failing: boolean;
  heardMs: number;
}

/**
 * Gives leases to devices that have none: a BMC keeps to its last cap for ever, so somebody must watch the clock for it. The keeper
 * sends caps on and reads them back; when a lease ends without a newer one it sends the fallback, until the device has shown it. It
 * belongs in a process of its own, so that a controller that dies leaves it alive; docs/guides/power-actuators.md says what holds when it dies too.
 */
export class LeaseKeeper implements Actuators {
  readonly #devices: readonly DeviceState[];
  readonly #limits: KeeperLimits;
  readonly #clock: ActuatorClock;
  readonly #startMs: number;
  readonly #waiting: DeviceState[] = [];
  readonly #doubtful: DeviceState[] = [];
  readonly #running = new Set<Promise<void>>();
  #runningDoubtful = 0;
  #stopped = false;
  /** By rack: a newer report replaces one that nobody has asked for. */
  readonly #reports = new Map<number, LeaseReport>();

  constructor(
    devices: readonly KeptDevice[],
    { limits, clock = wallClock }: { readonly limits?: Partial<KeeperLimits>; readonly clock?: ActuatorClock } = {},
  ) {
    this.#limits = { ...KEEPER_LIMITS, ...limits };
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.#devices = devices.map(({ actuator, gpuMaxW }, rack) => ({
      actuator,
      gpuMaxW,
      rack,
      fallback: undefined,
      lease: undefined,
      taken: 0,
      shown: 0,
      shownEndsMs: Infinity,
      due: undefined,
      sending: undefined,
      last: undefined,
      queued: false,
      kept: undefined,
      mayHoldW: gpuMaxW,
      failing: false,
      heardMs: -Infinity,
    }));
  }

  /** Watches the leases until the signal is aborted; then waits for what is under way, and closes the devices. Caps stay as they are. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.check();
      await this.#clock.sleep(this.#limits.checkMs, signal).catch(() => undefined);
    }
    this.#stopped = true;
    await Promise.all(this.#running);
    await Promise.all(this.#devices.map(({ actuator }) => actuator.close()));
  }

  commission(fallbackCapW: Int32Array): void {
    for (const state of this.#devices) state.fallback = { gpuCapW: fallbackCapW[state.rack], clockLimit: 1 };
  }

  send(writes: readonly CapWrite[]): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { rack, gpuCapW, clockLimit, validForMs, order } of writes) {
      const state = this.#devices[rack];
      if (order <= state.taken) continue;
      state.taken = order;
      state.lease = validForMs > 0 ? { gpuCapW, clockLimit, takenMs: nowMs, endsMs: nowMs + validForMs } : undefined;
      const cap = state.lease ?? state.fallback;
      if (cap === undefined) continue;
      // A lease that only goes on costs the BMC nothing.
      if (state.due === undefined && state.sending === undefined && state.kept !== undefined && sameCap(state.kept.cap, cap)) {
        this.#shows(state, order);
        this.#report(state, nowMs);
      } else this.#enqueue(state, cap);
    }
    this.#pump();
  }

  ask(racks: readonly number[]): void {
    for (const rack of racks) if (this.#devices[rack].due === undefined) this.#enqueue(this.#devices[rack], "read");
    this.#pump();
  }

  /** Devices that are being talked to. */
  get busy(): number {
    return this.#running.size;
  }

  reports(): readonly LeaseReport[] {
    const reports = [...this.#reports.values()];
    this.#reports.clear();
    return reports;
  }

  /** One look at all leases: devices whose lease ends fall, and those not heard of for long are read. */
  check(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const state of this.#devices) {
      if (state.lease !== undefined && nowMs >= this.#fallsMs(state.lease, state.fallback)) state.lease = undefined;
      const known = state.taken > 0 || nowMs >= this.#startMs + this.#limits.graceMs;
      const wanted = state.lease ?? (known ? state.fallback : undefined);
      if (wanted !== undefined && !(state.kept !== undefined && sameCap(state.kept.cap, wanted))) {
        const again = isCap(state.last, wanted) && nowMs < state.heardMs + this.#limits.retryMs;
        // What would raise a cap is tried once: by now the loop may have given it up, and the watts to another.
        const late = state.lease !== undefined && raises(state, wanted);
        if (!again && !late && !isCap(state.sending, wanted)) this.#enqueue(state, wanted);
      } else if (nowMs - state.heardMs >= this.#limits.readEveryMs && !state.queued) this.#enqueue(state, "read");
      // The loop takes the lease that was shown to end; if the device has not moved on by then, it has to hear of it.
      if (nowMs >= state.shownEndsMs - this.#limits.tellAheadMs && !leased(state)) {
        state.shownEndsMs = Infinity;
        this.#report(state, nowMs);
      }
    }
    this.#pump();
  }

  /** Downwards a device must have fallen when its lease ends, so it starts before; upwards it may only then. */
  #fallsMs(lease: Lease, fallback: Cap | undefined): number {
    const down = fallback !== undefined && lease.gpuCapW > fallback.gpuCapW;
    return down ? lease.endsMs - this.#limits.answerMs - this.#limits.checkMs : lease.endsMs;
  }

  #enqueue(state: DeviceState, due: Cap | "read"): void {
    state.due = due;
    if (state.queued) return;
    state.queued = true;
    (state.failing ? this.#doubtful : this.#waiting).push(state);
  }

  #pump(): void {
    while (!this.#stopped && this.#running.size < this.#limits.concurrency) {
      const room = this.#runningDoubtful < Math.max(1, Math.floor(this.#limits.concurrency / 4));
      const state = this.#waiting.shift() ?? (room ? this.#doubtful.shift() : undefined);
      if (state === undefined) return;
      const doubtful = state.failing ? 1 : 0;
      this.#runningDoubtful += doubtful;
      const work: Promise<void> = this.#serve(state).finally(() => {
        this.#runningDoubtful -= doubtful;
        this.#running.delete(work);
        this.#pump();
      });
      this.#running.add(work);
    }
  }

  /** Sends what is due to one device, and what has become due meanwhile. One thing at a time: the device sees them in this order. */
  async #serve(state: DeviceState): Promise<void> {
    while (state.due !== undefined && !this.#stopped) {
      const due = state.due;
      state.due = undefined;
      state.sending = due;
      const askedMs = this.#clock.monotonicMs();
      try {
        if (due === "read" || this.#tooLate(state, due)) await this.#read(state);
        else await this.#write(state, due);
        state.failing = false;
        state.heardMs = this.#clock.monotonicMs();
        this.#report(state, askedMs);
      } catch (error) {
        if (!(error instanceof PulmuError)) throw error;
        state.failing = true;
        state.heardMs = this.#clock.monotonicMs();
        if (!leased(state)) this.#report(state, askedMs);
      }
      state.sending = undefined;
    }
    state.queued = false;
  }

  #tooLate(state: DeviceState, cap: Cap): boolean {
    const lastMs = cap === state.lease ? state.lease.takenMs + this.#limits.deliverWithinMs - this.#limits.answerMs : Infinity;
    return this.#clock.monotonicMs() > lastMs && raises(state, cap);
  }

  async #read(state: DeviceState): Promise<void> {
    const held = await withDeadline(this.#clock, this.#limits.answerMs, (signal) => state.actuator.read(signal));
    state.mayHoldW = held.gpuCapW;
    if (state.kept !== undefined && !holds(held, state.kept.held)) state.kept = undefined; // a restart, or another hand
  }

  async #write(state: DeviceState, cap: Cap): Promise<void> {
    const order = state.taken;
    const standing = cap === state.fallback;
    state.last = cap;
    state.kept = undefined;
    state.mayHoldW = Math.max(state.mayHoldW, cap.gpuCapW); // until it has answered, it may have taken it
    const held = await withDeadline(this.#clock, this.#limits.answerMs, (signal) => state.actuator.write(cap, signal, { standing }));
    state.mayHoldW = held.gpuCapW;
    this.#shows(state, order);
    if (!held.notes.some(({ code }) => DOUBTS.has(code))) state.kept = { cap, held };
  }

  #shows(state: DeviceState, order: number): void {
    state.shown = order;
    state.shownEndsMs = leased(state) ? state.lease!.endsMs : Infinity;
  }

  /**
   * What can be said of a device now. While it has not shown the newest write, what it holds ends with no lease that the loop knows of:
   * it goes on for all that can be said, and never counts with less than the fallback that comes after.
   */
  #report(state: DeviceState, askedMs: number): void {
    const { rack, gpuMaxW, fallback, lease, shown, mayHoldW } = state;
    const receivedMs = this.#clock.monotonicMs();
    const fallbackW = fallback?.gpuCapW ?? 0;
    const holdsW = Math.min(mayHoldW, gpuMaxW);
    const fallen = lease === undefined && fallback !== undefined && holdsW <= fallbackW + 0.5;
    const remainingMs = fallen ? 0 : leased(state) ? Math.max(1, lease!.endsMs - receivedMs) : Infinity;
    const gpuCapW = leased(state) ? holdsW : Math.max(holdsW, fallbackW);
    this.#reports.set(rack, { rack, order: shown, gpuCapW, clockLimit: lease?.clockLimit ?? 1, remainingMs, askedMs, receivedMs });
  }
}

/** The device would draw more by it than it may hold now. */
function raises({ mayHoldW }: DeviceState, cap: Cap): boolean {
  return cap.gpuCapW > mayHoldW + 0.5;
}

/** It has a lease, and has shown to keep to it. */
function leased({ lease, shown, taken }: DeviceState): boolean {
  return lease !== undefined && shown === taken;
}

/** Notes that say a cap did not arrive, rather than that the device can do no better. */
const DOUBTS: ReadonlySet<CapNote["code"]> = new Set(["differs", "not-in-force", "unanswered"]);

function isCap(sent: Cap | "read" | undefined, cap: Cap): boolean {
  return sent !== undefined && sent !== "read" && sameCap(sent, cap);
}

function sameCap(a: Cap, b: Cap): boolean {
  return a.gpuCapW === b.gpuCapW && a.clockLimit === b.clockLimit;
}
