import type { BmcProfile } from "@pulmu/catalog";
import { PulmuError } from "@pulmu/units";
import type { Actuator, Cap, Held } from "../actuator.ts";
import { wallClock, type ActuatorClock } from "../clock.ts";
import { checkCap, deviceError } from "../problems.ts";
import type { Credentials } from "../secrets.ts";
import { textAt, type BmcTalk, type Dialect } from "./dialect.ts";
import { EnvironmentMetrics } from "./environment-metrics.ts";
import { NodeManager } from "./node-manager.ts";
import { RedfishSession, type SessionLimits } from "./session.ts";
import { Transport, type Trust } from "./transport.ts";

/** Bounds of the talk with one BMC beyond the session's. */
export interface RedfishLimits extends SessionLimits {
  /** Requests under way at once: one connection each. A BMC that serves 4 clients is left 2 for others. */
  readonly connections: number;
  /** How often a written cap is looked for before the BMC is said to keep to another, and the pause between, ms: firmware may be slow. */
  readonly looks: number;
  readonly lookPauseMs: number;
}

export interface RedfishOptions {
  /** Name of the device, for errors: `h1/r03/07/tray-4`. */
  readonly id: string;
  /** `https://HOST`, or below a path where a proxy serves many BMCs. */
  readonly url: string;
  readonly profile: BmcProfile;
  /** Lowest cap and rated power of its GPUs, W (catalogue: minCapW, tdpW): count where the BMC does not tell its own. */
  readonly gpuMinW: number;
  readonly gpuMaxW: number;
  readonly trust: Trust;
  /** Asked at every login. */
  readonly credentials: () => Promise<Credentials>;
  readonly limits?: Partial<RedfishLimits>;
  readonly clock?: ActuatorClock;
}

/** Limits for a BMC of this model. */
export function redfishLimits(profile: BmcProfile): RedfishLimits {
  return {
    requestsPerS: profile.requestsPerS,
    answerMs: 1000 * profile.answerS,
    tries: 3,
    pauseMs: [200, 2000],
    refusedLoginMs: 60_000,
    connections: Math.max(1, Math.floor(profile.maxClients / 2)),
    looks: 3,
    lookPauseMs: 250,
  };
}

/** Takes a BMC's GPUs in hand. Nothing is sent before the first read or write. @throws PulmuError for an address or trust that will not do */
export function redfishActuator(options: RedfishOptions): Actuator {
  return new RedfishActuator(options);
}

class RedfishActuator implements Actuator {
  readonly id: string;
  readonly #talk: BmcTalk;
  readonly #dialect: Dialect;
  readonly #limits: RedfishLimits;
  readonly #clock: ActuatorClock;
  #firmwareKnown = false;

  constructor({ id, url, profile, gpuMinW, gpuMaxW, trust, credentials, limits, clock = wallClock }: RedfishOptions) {
    this.id = id;
    this.#limits = { ...redfishLimits(profile), ...limits };
    this.#clock = clock;
    const transport = new Transport(id, url, trust, this.#limits.connections);
    const session = new RedfishSession(id, { transport, credentials, limits: this.#limits, clock });
    this.#talk = { id, session, profile, gpuMinW, gpuMaxW };
    this.#dialect =
      profile.nodeManager === undefined ? new EnvironmentMetrics(this.#talk) : new NodeManager(this.#talk, profile.nodeManager);
  }

  async read(signal: AbortSignal): Promise<Held> {
    await this.#checkFirmware(signal);
    return this.#dialect.read(signal);
  }

  async write(cap: Cap, signal: AbortSignal, { standing = false }: { readonly standing?: boolean } = {}): Promise<Held> {
    checkCap(this.id, cap);
    await this.#checkFirmware(signal);
    await this.#dialect.tell(cap, standing, signal);
    for (let look = 1; ; look++) {
      const held = await this.#dialect.verify(cap, signal);
      const codes = new Set(held.notes.map(({ code }) => code));
      const settled = !codes.has("differs") && !codes.has("not-in-force");
      if (settled || look >= this.#limits.looks) return held;
      await this.#clock.sleep(this.#limits.lookPauseMs, signal).catch(() => {
        throw deviceError(this.id, "timeout", "did not show the cap in time");
      });
      // A control that somebody has turned off shows only in an answer: told again, it is turned on as well.
      if (codes.has("not-in-force")) await this.#dialect.tell(cap, standing, signal);
    }
  }

  close(): Promise<void> {
    return this.#talk.session.close();
  }

  /** Once: firmware below the least that takes limits is not written to. Firmware that does not tell its version is taken as it is. */
  async #checkFirmware(signal: AbortSignal): Promise<void> {
    if (this.#firmwareKnown) return;
    const { session, profile } = this.#talk;
    const version = await session.get(profile.firmwarePath, signal).then(
      (json) => textAt(json, "Version"),
      (error: unknown) => {
        if (error instanceof PulmuError && error.code === "actuator.absent") return undefined;
        throw error;
      },
    );
    if (version !== undefined && older(version, profile.minFirmware)) {
      const rule = `takes power limits from firmware ${profile.minFirmware} on`;
      throw deviceError(this.id, "old-firmware", rule, { value: version, hint: "update the BMC, or leave the device out" });
    }
    this.#firmwareKnown = true;
  }
}

/** Compares the numbers of a version with those of the least one: `GB200Nvl-25.01-A` is older than 25.2.0. A version without numbers is not. */
function older(version: string, least: string): boolean {
  const numbers = /\d+(\.\d+)+/.exec(version)?.[0].split(".").map(Number);
  if (numbers === undefined) return false;
  const wanted = least.split(".").map(Number);
  const at = wanted.findIndex((number, i) => (numbers[i] ?? 0) !== number);
  return at >= 0 && (numbers[at] ?? 0) < wanted[at];
}
