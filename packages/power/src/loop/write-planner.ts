import type { Site } from "@pulmu/site";
import type { Profile, Profiles } from "../curves/profiles.ts";
import { gpuCapFor, rackLimitW } from "../curves/rack-limit.ts";
import { settingsFor, type Settings } from "../curves/settings.ts";
import type { LeaseBook } from "./lease-book.ts";
import type { CapWrite } from "./ports.ts";
import type { Room } from "./room.ts";

/** A write that was not confirmed for this long is sent again. */
const CONFIRM_MS = 3_000;
/** After so many writes in a row that were lost, or that a silent device did not confirm, it is given up, and tried now and then. */
const TRIES = 3;
const SILENT_MS = 6_000;
const RETRY_MS = 10_000;
/** A limit is moved when it would move by this share of the rack's range at least: fewer writes, for half of that on average. */
const HYSTERESIS = 0.01;
/** Time between two raises of one device. Lowering never waits. */
const RAISE_EVERY_MS = 3_000;
/** Leases are renewed when this little is left: of one below the fallback, beyond the time that one above may last. */
const RENEW_HIGH_MS = 20_000;
const RENEW_LOW_MS = 45_000;
/** A lease shorter than this is not worth a write. */
const SHORTEST_MS = 3_000;
/** Rounding of sums. */
const EPSILON_W = 1e-3;

/** One second's plan in the making. */
interface Plan {
  readonly nowMs: number;
  readonly profiles: readonly Profile[];
  /** What each rack is liable for, with the writes made so far. */
  readonly liableW: Float64Array;
  readonly room: Room;
  readonly writes: CapWrite[];
}

/**
 * Turns what each rack should have into writes, within what is safe. Lowering goes out at once; raising waits until what others gave up
 * is confirmed and shows as room; a write that does not fit may neither raise anything nor outlast the lease it replaces. At most one
 * write per device and second.
 */
export class WritePlanner {
  readonly #site: Site;
  readonly #known: Profiles;
  readonly #book: LeaseBook;
  readonly #fallbackCapW: Int32Array;
  readonly #fallbackW: Float64Array;
  readonly #raisedMs: Float64Array;
  readonly #heardMs: Float64Array;
  readonly #triedMs: Float64Array;
  readonly #failures: Uint8Array;
  #order: number;
  #turn = 0;

  constructor(site: Site, known: Profiles, book: LeaseBook, fallbackCapW: Int32Array, firstOrder: number) {
    const n = site.racks.length;
    this.#site = site;
    this.#known = known;
    this.#book = book;
    this.#fallbackCapW = fallbackCapW;
    this.#fallbackW = Float64Array.from(site.racks, ({ type }, r) => rackLimitW(type, fallbackCapW[r]));
    this.#raisedMs = new Float64Array(n).fill(-Infinity);
    this.#heardMs = new Float64Array(n).fill(-Infinity);
    this.#triedMs = new Float64Array(n).fill(-Infinity);
    this.#failures = new Uint8Array(n);
    this.#order = firstOrder;
  }

  get nextOrder(): number {
    return this.#order;
  }

  /** A device answered. */
  answered(rack: number, became: "taken" | "lost" | "unknown", nowMs: number): void {
    this.#heardMs[rack] = nowMs;
    if (became === "taken") this.#failures[rack] = 0;
    else if (became === "lost" && this.#failures[rack] < TRIES) this.#failures[rack]++;
  }

  /** The device does not answer: all that is known of it is what it is liable for. */
  unreachable(rack: number): boolean {
    return this.#failures[rack] >= TRIES;
  }

  /** While a predecessor's last writes may still be on their way: keeps leases below the fallback that run out, at what they are. */
  keep(profiles: readonly Profile[], nowMs: number): CapWrite[] {
    const writes: CapWrite[] = [];
    for (let r = 0; r < this.#site.racks.length; r++) {
      const heldW = this.#book.inForceW(r, nowMs);
      if (heldW >= this.#fallbackW[r] || !Number.isNaN(this.#book.unconfirmedSinceMs(r)) || !this.#due(r, nowMs)) continue;
      writes.push(this.#write(r, this.#settings(profiles[r], r, heldW), this.#book.terms.lowMs, nowMs));
    }
    return writes;
  }

  /**
   * @param wantedW limit of each rack that the allocation came to
   * @param liableW what each rack is liable for; changed by what is written
   * @param room what is left of each budget beside that; changed likewise
   */
  plan(profiles: readonly Profile[], wantedW: Float64Array, liableW: Float64Array, room: Room, nowMs: number): CapWrite[] {
    const plan: Plan = { nowMs, profiles, liableW, room, writes: [] };
    const raises: number[] = [];
    const count = this.#site.racks.length;
    for (let r = 0; r < count; r++) {
      if (this.#mustWait(plan, r, wantedW[r])) continue;
      const inForceW = this.#book.inForceW(r, nowMs);
      const lowered = wantedW[r] < liableW[r] - (room.nowLeast(r) < -EPSILON_W ? EPSILON_W : this.#step(r));
      if (lowered) this.#put(plan, r, wantedW[r]);
      else if (wantedW[r] > inForceW + this.#step(r) && !this.unreachable(r) && nowMs - this.#raisedMs[r] >= RAISE_EVERY_MS) raises.push(r);
      else if (this.#due(r, nowMs)) this.#put(plan, r, Math.min(inForceW, wantedW[r]));
    }
    // What is critical first; among others, beginning with another one each time.
    const turn = this.#turn++ % count;
    const rank = (r: number) => (profiles[r].serviceClass === "critical" ? 0 : count) + ((r + count - turn) % count);
    for (const r of raises.toSorted((a, b) => rank(a) - rank(b))) this.#raise(plan, r, wantedW[r]);
    return plan.writes;
  }

  /** One thing at a time for each device, unless its budget is passed and it is to come down further. */
  #mustWait({ room, nowMs }: Plan, r: number, wantedW: number): boolean {
    const sinceMs = this.#book.unconfirmedSinceMs(r);
    if (Number.isNaN(sinceMs)) return false;
    if (nowMs - sinceMs < CONFIRM_MS) return wantedW >= this.#book.unconfirmedW(r) - EPSILON_W || room.nowLeast(r) >= -EPSILON_W;
    if (this.#triedMs[r] !== sinceMs && this.#failures[r] < TRIES && nowMs - this.#heardMs[r] > SILENT_MS) {
      this.#failures[r]++;
      this.#triedMs[r] = sinceMs;
    }
    return this.unreachable(r) && nowMs - sinceMs < RETRY_MS;
  }

  #raise(plan: Plan, r: number, wantedW: number): void {
    const { liableW, room, nowMs } = plan;
    const inForceW = this.#book.inForceW(r, nowMs);
    const limitW = Math.min(wantedW, liableW[r] + room.least(r));
    if (limitW > inForceW + this.#step(r)) {
      if (this.#put(plan, r, limitW)) this.#raisedMs[r] = nowMs;
    } else if (this.#due(r, nowMs)) this.#put(plan, r, inForceW);
  }

  #due(r: number, nowMs: number): boolean {
    const leftMs = this.#book.remainingMs(r, nowMs);
    const above = this.#book.inForceW(r, nowMs) > this.#fallbackW[r];
    return leftMs > 0 && leftMs < (above ? RENEW_HIGH_MS : this.#book.horizonMs + RENEW_LOW_MS);
  }

  /** Writes a limit as far as that is safe now. Returns false when nothing may or need be written. */
  #put(plan: Plan, r: number, limitW: number): boolean {
    const { nowMs, liableW, room, profiles } = plan;
    const fallbackW = this.#fallbackW[r];
    const leastW = this.#book.leastW(r, nowMs);
    let settings = this.#settings(profiles[r], r, limitW);
    const addedW = Math.max(0, this.#limitOf(r, settings) - liableW[r]);
    const fits = room.firmLeast(r) - addedW >= -EPSILON_W;
    if (!fits) {
      settings = this.#settings(profiles[r], r, Math.min(limitW, leastW));
      if (this.#limitOf(r, settings) > leastW + EPSILON_W) return false; // too little is known of it
    }
    const { lowMs, highMs } = this.#book.terms;
    let validForMs = this.#limitOf(r, settings) <= fallbackW ? lowMs : fits ? highMs : this.#book.notLongerMs(r, nowMs);
    const plain = settings.gpuCapW === this.#fallbackCapW[r] && settings.clockLimit === 1;
    if (plain || validForMs < SHORTEST_MS) {
      // The fallback needs no lease, and a lease too short to be worth a write is let go, when that raises nothing.
      if (!fits && fallbackW > leastW + EPSILON_W) return false;
      if (this.#book.atFallback(r, nowMs)) return false;
      settings = { gpuCapW: this.#fallbackCapW[r], clockLimit: 1 };
      validForMs = 0;
    }
    liableW[r] += addedW;
    room.take(r, addedW);
    plan.writes.push(this.#write(r, settings, validForMs, nowMs));
    return true;
  }

  #write(r: number, settings: Settings, validForMs: number, nowMs: number): CapWrite {
    const order = this.#order++;
    this.#book.sent(r, this.#limitOf(r, settings), validForMs, order, nowMs);
    return { rack: r, ...settings, validForMs, order };
  }

  #settings(profile: Profile, r: number, limitW: number): Settings {
    const accelerator = this.#known.accelerator(r);
    const capW = gpuCapFor(this.#site.racks[r].type, accelerator, limitW + EPSILON_W);
    return settingsFor(accelerator, profile.mix, Math.min(this.#known.ranges[r].maxCapW, capW));
  }

  #limitOf(r: number, { gpuCapW }: Settings): number {
    return rackLimitW(this.#site.racks[r].type, gpuCapW);
  }

  #step(r: number): number {
    const { minW, maxW } = this.#known.ranges[r];
    return HYSTERESIS * (maxW - minW);
  }
}
