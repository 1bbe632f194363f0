import { PulmuError } from "@pulmu/units";
import type { ActuatorClock } from "../clock.ts";
import { deviceError } from "../problems.ts";
import type { Credentials } from "../secrets.ts";
import { RateLimit } from "./rate-limit.ts";
import type { HttpAnswer, Transport } from "./transport.ts";

/** Bounds of the talk with one BMC, and what happens at them. */
export interface SessionLimits {
  /** Requests that it may be sent, 1/s; more wait their turn. */
  readonly requestsPerS: number;
  /** A request without an answer for so long has failed, ms. */
  readonly answerMs: number;
  /** Tries of one request in all: connection lost, no answer, 429, 5xx. Then its error is thrown. */
  readonly tries: number;
  /** First and longest pause between tries, ms; it doubles between them. */
  readonly pauseMs: readonly [first: number, longest: number];
  /** After a refused password no login is tried for so long, ms: BMCs lock users out. */
  readonly refusedLoginMs: number;
}

export type Json = Readonly<Record<string, unknown>>;

/** A login under way, for all requests that found no session. */
interface SharedLogin {
  readonly done: Promise<void>;
  readonly stop: AbortController;
  waiting: number;
}

/** Errors that another try may not meet. */
const PASSING: ReadonlySet<string> = new Set(["actuator.unreachable", "actuator.timeout"]);

const SESSIONS = "/redfish/v1/SessionService/Sessions";

/**
 * One Redfish session with a BMC: made at the first request, used for all, made anew when the BMC has forgotten it, ended by `close`
 * (DMTF DSP0266, session management). A BMC serves few clients at once: this is one of them, whatever is asked at the same time.
 */
export class RedfishSession {
  readonly #id: string;
  readonly #transport: Transport;
  readonly #credentials: () => Promise<Credentials>;
  readonly #limits: SessionLimits;
  readonly #clock: ActuatorClock;
  readonly #rate: RateLimit;
  #token: { readonly value: string; readonly location: string | undefined } | undefined;
  #login: SharedLogin | undefined;
  #noLoginBeforeMs = -Infinity;
  #closed = false;

  constructor(
    id: string,
    {
      transport,
      credentials,
      limits,
      clock,
    }: {
      readonly transport: Transport;
      readonly credentials: () => Promise<Credentials>;
      readonly limits: SessionLimits;
      readonly clock: ActuatorClock;
    },
  ) {
    this.#id = id;
    this.#transport = transport;
    this.#credentials = credentials;
    this.#limits = limits;
    this.#clock = clock;
    this.#rate = new RateLimit(limits.requestsPerS, clock);
  }

  /** @throws PulmuError `actuator.*`; `actuator.absent` for a resource that is not there */
  async get(path: string, signal: AbortSignal): Promise<Json> {
    const answer = await this.#authorised("GET", path, undefined, {}, signal);
    return this.#json(path, answer.body);
  }

  /** Sends a change. It is sent again after a failure, so it must be one that can be made twice. */
  async patch(path: string, change: Json, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify(change);
    try {
      await this.#authorised("PATCH", path, body, {}, signal);
    } catch (error) {
      if (!(error instanceof PulmuError && error.code === "actuator.precondition")) throw error;
      await this.#authorised("PATCH", path, body, { "If-Match": "*" }, signal); // some firmware changes nothing without it
    }
  }

  /** Ends the session, so that another client finds a free place. Never throws: a BMC that is gone forgets it by itself. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#login?.done.catch(() => undefined);
    const token = this.#token;
    this.#token = undefined;
    if (token?.location !== undefined) {
      const signal = AbortSignal.timeout(this.#limits.answerMs);
      await this.#transport.send("DELETE", token.location, { "X-Auth-Token": token.value }, undefined, signal).catch(() => undefined);
    }
    this.#transport.close();
  }

  async #authorised(
    method: string,
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    for (let logins = 0; ; logins++) {
      await this.#ensureLogin(signal);
      const token = this.#token;
      const sent = await this.#retried(method, path, body, { ...headers, "X-Auth-Token": token?.value ?? "" }, signal);
      if (sent.status >= 200 && sent.status < 300) return sent;
      if (sent.status !== 401) throw this.#refusal(method, path, sent);
      if (logins > 0) throw this.#fail("login", "it takes the login and refuses the session", { path });
      if (this.#token === token) this.#token = undefined; // forgotten there, so here; unless another request has logged in since
    }
  }

  /** All requests that find no session wait for the same login. */
  async #ensureLogin(signal: AbortSignal): Promise<void> {
    if (this.#closed) throw this.#fail("closed", "is closed");
    if (this.#token !== undefined) return;
    this.#login ??= this.#beginLogin();
    await this.#join(this.#login, signal);
  }

  /** Its deadline is its own: whoever asked first may give up while others wait. */
  #beginLogin(): SharedLogin {
    const stop = new AbortController();
    const deadline = AbortSignal.any([stop.signal, AbortSignal.timeout(this.#limits.tries * this.#limits.answerMs)]);
    const login: SharedLogin = { stop, waiting: 0, done: this.#logIn(deadline).finally(() => this.#forget(login)) };
    return login;
  }

  /** Waits no longer than its asker wants; a login that nobody waits for any more is given up. */
  async #join(login: SharedLogin, signal: AbortSignal): Promise<void> {
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const giveUp = () => {
      reject(this.#fail("timeout", "no session in time"));
      if (login.waiting > 1) return;
      this.#forget(login);
      login.stop.abort();
    };
    login.waiting++;
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
    await Promise.race([login.done, givenUp]).finally(() => {
      login.waiting--;
      signal.removeEventListener("abort", giveUp);
    });
  }

  #forget(login: SharedLogin): void {
    if (this.#login === login) this.#login = undefined;
  }

  async #logIn(signal: AbortSignal): Promise<void> {
    const waitMs = this.#noLoginBeforeMs - this.#clock.monotonicMs();
    if (waitMs > 0) throw this.#fail("login", `it refused the password; the next try is in ${Math.ceil(waitMs / 1000)} s`);
    const { user, password } = await this.#credentials();
    const answer = await this.#retried("POST", SESSIONS, JSON.stringify({ UserName: user, Password: password }), {}, signal);
    const token = answer.headers["x-auth-token"];
    if (answer.status >= 200 && answer.status < 300 && typeof token === "string") {
      const place = answer.headers.location;
      // A full address or a path; only the path is ours to use.
      this.#token = { value: token, location: place === undefined ? undefined : URL.parse(place, "https://bmc")?.pathname };
      return;
    }
    if (answer.status === 401 || answer.status === 403) {
      this.#noLoginBeforeMs = this.#clock.monotonicMs() + this.#limits.refusedLoginMs;
      throw this.#fail("login", "it refuses this user or password", { hint: "check the secret it is given" });
    }
    throw this.#refusal("POST", SESSIONS, answer);
  }

  /** Sends until there is an answer that a further try would not change, or the tries are used up. */
  async #retried(
    method: string,
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const all = { Accept: "application/json", ...(body !== undefined && { "Content-Type": "application/json" }), ...headers };
    const [firstMs, longestMs] = this.#limits.pauseMs;
    for (let tries = 1, pauseMs = firstMs; ; tries++, pauseMs = Math.min(2 * pauseMs, longestMs)) {
      let answer: HttpAnswer | undefined;
      try {
        await this.#rate.turn(signal);
        answer = await this.#transport.send(method, path, all, body, AbortSignal.any([signal, AbortSignal.timeout(this.#limits.answerMs)]));
        if (answer.status !== 429 && answer.status < 500) return answer;
      } catch (error) {
        if (signal.aborted) throw this.#fail("timeout", "no answer in time", { path });
        // A login whose answer was lost may have taken a place; another one would take the next.
        const passing = method !== "POST" && error instanceof PulmuError && PASSING.has(error.code);
        if (!passing || tries >= this.#limits.tries) throw error;
      }
      if (answer !== undefined && tries >= this.#limits.tries) return answer;
      const askedMs = 1000 * Number(answer?.headers["retry-after"] ?? 0);
      await this.#pause(Math.min(Math.max(pauseMs, Number.isFinite(askedMs) ? askedMs : 0), longestMs), path, signal);
    }
  }

  async #pause(durationMs: number, path: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(durationMs, signal);
    } catch {
      throw this.#fail("timeout", "no answer in time", { path });
    }
  }

  #refusal(method: string, path: string, { status, body }: HttpAnswer): PulmuError {
    const value = `${method} ${path}`;
    if (status === 503 && /SessionLimitExceeded/.test(body)) {
      const hint = "another client must end its session; a BMC serves few at once";
      return this.#fail("sessions-full", "all its sessions are taken", { value, hint });
    }
    if (status === 404) return this.#fail("absent", "has no such resource", { value, hint: "check the BMC profile against this model" });
    if (status === 412 || status === 428) return this.#fail("precondition", "wants a precondition", { value });
    if (status >= 500 || status === 429) return this.#fail("failing", `answers ${status}, try after try`, { value });
    // What it says of a login may repeat the secret.
    return this.#fail("refused", `refuses with ${status}${path === SESSIONS ? "" : messageOf(body)}`, { value });
  }

  #json(path: string, body: string): Json {
    try {
      const value: unknown = JSON.parse(body);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
    } catch {
      // told below
    }
    throw this.#fail("malformed", "its answer is not a JSON object", { path, value: body.slice(0, 60) });
  }

  #fail(code: string, rule: string, more?: Parameters<typeof deviceError>[3]): PulmuError {
    return deviceError(this.#id, code, rule, more);
  }
}

/** The first message of a Redfish error, for people: `: The property ControlMode is not writable.` */
function messageOf(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown; "@Message.ExtendedInfo"?: readonly { Message?: unknown }[] } };
    const text = error?.["@Message.ExtendedInfo"]?.[0]?.Message ?? error?.message;
    return typeof text === "string" ? `: ${text.slice(0, 200)}` : "";
  } catch {
    return "";
  }
}
