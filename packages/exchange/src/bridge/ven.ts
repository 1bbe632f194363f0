import { PulmuError, type Problem } from "@pulmu/units";
import { readBounded, reason, type OauthTokens } from "../client/oauth.ts";
import { parseJson } from "../contracts/json.ts";
import { acceptOpenAdrEvent, type OpenAdrEvent } from "./openadr.ts";

export interface VenOptions {
  /** Address of the VTN, such as `https://vtn.example.com/openadr3/3.0.1`. */
  readonly vtn: string;
  /** Left out: the VTN asks for none. */
  readonly tokens?: OauthTokens;
  /** Programs to follow; none: all that the VTN shows us. */
  readonly programs?: readonly string[];
  /** Our name there. */
  readonly clientName: string;
  readonly fetch?: typeof fetch;
}

/** What is told of one event, by report payload type. */
export interface EventReport {
  readonly event: OpenAdrEvent;
  readonly atMs: number;
  readonly payloads: readonly { readonly type: string; readonly value: number | string | boolean; readonly units?: string }[];
}

const DEADLINE_MS = 10_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** The specification's largest page, and how many we read. */
const PAGE = 50;
const MAX_PAGES = 100;
const UNAUTHORISED = 401;

/** A client of an OpenADR 3 VTN (a VEN): reads events by polling, writes reports. */
export class Ven {
  readonly #options: VenOptions;
  readonly #fetch: typeof fetch;

  constructor(options: VenOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? fetch;
  }

  /**
   * All events that the VTN has for us now. Those that cannot be read are left out and told in `problems`.
   * @throws PulmuError `openadr.vtn`, `exchange.token-*`
   */
  async events(problems: Problem[]): Promise<readonly OpenAdrEvent[]> {
    const { programs } = this.#options;
    const found: OpenAdrEvent[] = [];
    for (const programID of programs ?? [undefined]) {
      for (let page = 0; page < MAX_PAGES; page++) {
        const query = new URLSearchParams({
          skip: String(page * PAGE),
          limit: String(PAGE),
          ...(programID !== undefined && { programID }),
        });
        const answer = await this.#ask(`/events?${query}`);
        if (!Array.isArray(answer)) throw this.#wrong("/events", "answers no list of events");
        for (const json of answer) {
          const event = acceptOpenAdrEvent(json);
          if (event.ok) found.push(event.value);
          else problems.push(...event.problems);
        }
        if (answer.length < PAGE) break;
      }
    }
    return found;
  }

  /** @throws PulmuError `openadr.vtn`, `exchange.token-*` */
  async report({ event, atMs, payloads }: EventReport): Promise<void> {
    const { clientName } = this.#options;
    await this.#ask("/reports", {
      programID: event.programID, // asked for by 3.0, unknown to 3.1
      eventID: event.id,
      clientName,
      reportName: `${clientName} ${event.id}`,
      payloadDescriptors: payloads.flatMap(({ type, units }) => (units === undefined ? [] : [{ payloadType: type, units }])),
      resources: [
        {
          resourceName: clientName,
          intervals: [
            {
              id: 0,
              intervalPeriod: { start: new Date(atMs).toISOString() },
              payloads: payloads.map(({ type, value }) => ({ type, values: [value] })),
            },
          ],
        },
      ],
    });
  }

  async #ask(path: string, body?: unknown, renewed = false): Promise<unknown> {
    const { vtn, tokens } = this.#options;
    const token = await tokens?.token(renewed);
    let status: number;
    let bytes: Uint8Array;
    try {
      const response = await this.#fetch(vtn.replace(/\/$/, "") + path, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
          ...(body !== undefined && { "Content-Type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        redirect: "error",
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      status = response.status;
      bytes = await readBounded(response, MAX_ANSWER_BYTES);
    } catch (error) {
      throw this.#wrong(path, `cannot be asked: ${reason(error)}`);
    }
    if (status === UNAUTHORISED && tokens !== undefined && !renewed) return this.#ask(path, body, true);
    if (status < 200 || status > 299) throw this.#wrong(path, `answers ${status}`);
    const json = parseJson(bytes, { maxBytes: MAX_ANSWER_BYTES, maxDepth: 64 });
    if (!json.ok) throw this.#wrong(path, `answers no JSON: ${json.problems[0].rule}`);
    return json.value;
  }

  #wrong(path: string, what: string): PulmuError {
    return new PulmuError({ code: "openadr.vtn", value: `${this.#options.vtn}${path.split("?")[0]}`, rule: `the VTN ${what}` });
  }
}
