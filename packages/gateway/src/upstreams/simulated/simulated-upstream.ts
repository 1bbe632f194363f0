import type { JsonObject } from "../../http/read-body.ts";
import type { Receiver, Upstream, UpstreamCall, UpstreamRequest } from "../upstream.ts";
import { embeddings } from "./embeddings.ts";
import { scriptOf } from "./script.ts";
import type { SimulatedEngine } from "./simulated-engine.ts";
import { writeChat, writeCompletion } from "./written-answer.ts";

/**
 * Stands in for engines that are not there: speaks OpenAI's API, takes the time that the twin's engine takes, and says in its words
 * that it is simulated. Tools and JSON schemas are answered with values they allow.
 */
export class SimulatedUpstream implements Upstream {
  readonly #engine: SimulatedEngine;
  readonly #now: () => number;
  readonly #calls = new Set<SimulatedCall>();

  constructor(engine: SimulatedEngine, now: () => number) {
    this.#engine = engine;
    this.#now = now;
  }

  send(request: UpstreamRequest, receiver: Receiver): UpstreamCall {
    const body = JSON.parse(request.body) as JsonObject;
    const call = new SimulatedCall(receiver, (ended) => this.#calls.delete(ended));
    this.#calls.add(call);
    const created = Math.floor(this.#now() / 1_000);
    if (request.path === "/embeddings") call.play(0.01, 0, whole(embeddings(body)), []);
    else {
      const script = scriptOf(body);
      const timing = this.#engine.timing(script.promptTokens);
      const write = request.path === "/completions" ? writeCompletion : writeChat;
      const written = write(`sim-${request.requestId}`, created, body, script);
      if (timing === undefined) call.refuse();
      else if (request.streamed) call.play(timing.ttftS, timing.itlS, { head: "text/event-stream", ...written.stream }, written.events);
      else call.play(timing.ttftS + timing.itlS * script.tokens.length, 0, whole(written.whole), []);
    }
    return call;
  }

  check(): Promise<boolean> {
    return Promise.resolve(true); // what it cannot serve now it refuses
  }

  async close(): Promise<void> {
    for (const call of this.#calls) call.abort();
  }
}

interface Play {
  readonly head: string;
  readonly first: string;
  readonly last: string;
}

/** One answer, in time. */
class SimulatedCall implements UpstreamCall {
  readonly #receiver: Receiver;
  readonly #ended: (call: SimulatedCall) => void;
  #timer: NodeJS.Timeout | undefined;
  #next: (() => void) | undefined;
  #paused = false;

  constructor(receiver: Receiver, ended: (call: SimulatedCall) => void) {
    this.#receiver = receiver;
    this.#ended = ended;
  }

  play(firstS: number, eachS: number, { head, first, last }: Play, events: readonly string[]): void {
    let at = 0;
    const step = () => {
      if (at < events.length) {
        this.#receiver.data(Buffer.from(events[at++]));
        return this.#after(eachS, step);
      }
      if (last !== "") this.#receiver.data(Buffer.from(last));
      this.#ended(this);
      this.#receiver.end();
    };
    this.#after(firstS, () => {
      this.#receiver.start(200, { "content-type": head });
      this.#receiver.data(Buffer.from(first));
      step();
    });
  }

  refuse(): void {
    this.#after(0, () => {
      this.#ended(this);
      this.#receiver.fail({ reason: "unreachable", message: "the twin does not serve this model now" });
    });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }

  abort(): void {
    clearTimeout(this.#timer);
    this.#next = undefined;
    this.#ended(this);
  }

  #after(seconds: number, step: () => void): void {
    this.#timer = setTimeout(() => (this.#paused ? (this.#next = step) : step()), seconds * 1_000);
  }
}

function whole(answer: JsonObject): Play {
  return { head: "application/json", first: JSON.stringify(answer), last: "" };
}
