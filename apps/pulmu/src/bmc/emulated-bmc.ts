import { randomBytes } from "node:crypto";
import type { BmcProfile } from "@pulmu/catalog";
import { z } from "zod";
import { NVIDIA_FIRMWARE, noFaults, type BmcFaults, type Firmware } from "./firmware.ts";
import { parseJson } from "./json.ts";
import { PowerLimits } from "./power-limits.ts";
import type { Tray } from "./tray.ts";

export interface BmcRequest {
  readonly method: string;
  /** Path below the BMC's own root. */
  readonly path: string;
  readonly token: string | undefined;
  readonly ifMatch: string | undefined;
  readonly body: string;
}

export interface BmcAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface EmulatedBmcOptions {
  readonly profile: BmcProfile;
  readonly tray: Tray;
  readonly user: string;
  readonly password: string;
  readonly firmware?: Partial<Firmware>;
}

const SESSIONS = "/redfish/v1/SessionService/Sessions";

const login = z.object({ UserName: z.string(), Password: z.string() });

/** The part of a BMC that takes power limits: a Redfish subset with sessions, the GPUs of one tray behind it, and faults to order. */
export class EmulatedBmc {
  readonly faults: BmcFaults = noFaults();
  /** What it has been asked since it was made. */
  readonly seen = { requests: 0, logins: 0, writes: 0, mostAtOnce: 0 };
  readonly limits: PowerLimits;
  readonly #options: EmulatedBmcOptions;
  readonly #firmware: Firmware;
  readonly #sessions = new Map<string, string>();
  #atOnce = 0;
  #lastSession = 0;

  constructor(options: EmulatedBmcOptions) {
    this.#options = options;
    this.#firmware = { ...NVIDIA_FIRMWARE, ...options.firmware };
    this.limits = new PowerLimits(options.profile, options.tray, this.#firmware, this.faults);
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** Other clients log in, until no place is free, or so many have. */
  occupy(sessions: number): void {
    for (let i = 0; i < sessions; i++) this.#open();
  }

  /** All sessions are forgotten, as after an idle time. */
  forgetSessions(): void {
    this.#sessions.clear();
  }

  /** The BMC restarts: sessions are gone, and limits that were not to last. */
  restart(): void {
    this.forgetSessions();
    this.limits.restart();
  }

  began(): void {
    this.seen.requests++;
    this.#atOnce++;
    this.seen.mostAtOnce = Math.max(this.seen.mostAtOnce, this.#atOnce);
  }

  ended(): void {
    this.#atOnce--;
  }

  /** Answers one request; faults of the connection are the server's. */
  answer({ method, path, token, ifMatch, body }: BmcRequest): BmcAnswer {
    if (this.faults.failures > 0) {
      this.faults.failures--;
      const { failureStatus: status, retryAfterS } = this.faults;
      return {
        ...message(status, "the service is not able to answer"),
        ...(retryAfterS !== undefined && { headers: { "Retry-After": String(retryAfterS) } }),
      };
    }
    if (method === "GET" && (path === "/redfish/v1" || path === "/redfish/v1/")) return { status: 200, body: serviceRoot() };
    if (method === "POST" && path === SESSIONS) return this.#logIn(body);
    if (token === undefined || !this.#sessions.has(token)) return message(401, "there is no valid session");
    if (method === "DELETE" && path.startsWith(`${SESSIONS}/`)) return this.#logOut(path);
    if (method === "GET") {
      const resource = path === this.#options.profile.firmwarePath ? { Version: this.#firmware.version } : this.limits.get(path);
      return resource === undefined ? message(404, "there is no such resource") : { status: 200, body: { "@odata.id": path, ...resource } };
    }
    if (method !== "PATCH") return message(405, "this cannot be done here");
    if (this.#firmware.precondition && ifMatch === undefined) return message(428, "If-Match is required");
    this.seen.writes++;
    const refused = this.limits.patch(path, body);
    return refused === undefined ? { status: 204 } : message(refused.status, refused.text);
  }

  #logIn(body: string): BmcAnswer {
    const { user, password, profile } = this.#options;
    this.seen.logins++;
    const asked = login.safeParse(parseJson(body)).data;
    if (asked?.UserName !== user || asked.Password !== password) return message(401, "user or password is wrong");
    if (this.#sessions.size >= profile.maxClients) return message(503, "no more sessions", "Base.1.18.SessionLimitExceeded");
    const [id, token] = this.#open();
    return { status: 201, headers: { "X-Auth-Token": token, Location: `${SESSIONS}/${id}` }, body: { Id: id, UserName: user } };
  }

  #open(): readonly [id: string, token: string] {
    const id = `s${++this.#lastSession}`;
    const token = randomBytes(16).toString("hex");
    this.#sessions.set(token, id);
    return [id, token];
  }

  #logOut(path: string): BmcAnswer {
    for (const [token, id] of this.#sessions) if (path === `${SESSIONS}/${id}`) this.#sessions.delete(token);
    return { status: 204 };
  }
}

function serviceRoot(): Record<string, unknown> {
  return { RedfishVersion: "1.17.0", Links: { Sessions: { "@odata.id": SESSIONS } } };
}

/** A Redfish error (DSP0266, error responses). */
function message(status: number, text: string, id = "Base.1.18.GeneralError"): BmcAnswer {
  return { status, body: { error: { code: id, message: text, "@Message.ExtendedInfo": [{ MessageId: id, Message: text }] } } };
}
