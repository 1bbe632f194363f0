import type { JsonObject } from "../../http/read-body.ts";
import type { Receiver, Served, Upstream, UpstreamCall, UpstreamRequest } from "../upstream.ts";
import { embeddings } from "./embeddings.ts";
import { scriptOf } from "./script.ts";
import type { SimulatedEngine } from "./simulated-engine.ts";
import { writeChat, writeCompletion } from "./written-answer.ts";

/**
 * Stands in for engines that are not there: speaks OpenAI's API, takes the time that the twin's engine takes, and says in its words
 * that it is simulated. Tools and JSON schemas are answered with values they allow.
 */
export class SimulatedUpstream implements Upstream {
  readonly served: Served;
  readonly #engine: SimulatedEngine;
  readonly #now: () => number;
  readonly #calls = new Set<SimulatedCall>();
  readonly #served = { requests: 0, promptTokens: 0, outputTokens: 0 };

  constructor(engine: SimulatedEngine, now: () => number) {
    this.#engine = engine;
    this.#now = now;
    this.served = this.#served;
  }

  send(request: UpstreamRequest, receiver: Receiver): UpstreamCall {
    const body = JSON.parse(request.body.toString()) as JsonObject;
    const call = new SimulatedCall(receiver, {
      made: (promptTokens, outputTokens) => {
        this.#served.promptTokens += promptTokens;
        this.#served.outputTokens += outputTokens;
      },
      ended: () => this.#calls.delete(call),
    });
    this.#calls.add(call);
    const created = Math.floor(this.#now() / 1_000);
    if (request.path === "/embeddings") {
      const answer = embeddings(body);
      this.#served.requests++;
      call.play(0.01, 0, whole(answer, (answer["usage"] as JsonObject)["prompt_tokens"] as number, 0));
      return call;
    }
    const script = scriptOf(body);
    const timing = this.#engine.timing(script.promptTokens);
    if (timing === undefined) {
      call.refuse();
      return call;
    }
    this.#served.requests++;
    const write = request.path === "/completions" ? writeCompletion : writeChat;
    const written = write(`sim-${request.requestId}`, created, body, script);
    const { promptTokens, outputTokens, stream, events } = written;
    if (request.streamed) {
      const eachTokens = events.length === 0 ? 0 : outputTokens / events.length;
      call.play(timing.ttftS, timing.itlS, { head: "text/event-stream", ...stream, events, promptTokens, firstTokens: 0, eachTokens });
    } else call.play(timing.ttftS + timing.itlS * script.tokens.length, 0, whole(written.whole, promptTokens, outputTokens));
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
  readonly events: readonly string[];
  readonly last: string;
  readonly promptTokens: number;
  /** Tokens in `first`, and in each of `events`. */
  readonly firstTokens: number;
  readonly eachTokens: number;
}

interface Watch {
  /** Tokens read and made, as they are given away. */
  made(promptTokens: number, outputTokens: number): void;
  ended(): void;
}

/** One answer, in time. */
class SimulatedCall implements UpstreamCall {
  readonly #receiver: Receiver;
  readonly #watch: Watch;
  #timer: NodeJS.Timeout | undefined;
  #next: (() => void) | undefined;
  #paused = false;

  constructor(receiver: Receiver, watch: Watch) {
    this.#receiver = receiver;
    this.#watch = watch;
  }

  play(firstS: number, eachS: number, { head, first, events, last, promptTokens, firstTokens, eachTokens }: Play): void {
    let at = 0;
    const step = () => {
      if (at < events.length) {
        this.#watch.made(0, eachTokens);
        this.#receiver.data(Buffer.from(events[at++]));
        return this.#after(eachS, step);
      }
      if (last !== "") this.#receiver.data(Buffer.from(last));
      this.#watch.ended();
      this.#receiver.end();
    };
    this.#after(firstS, () => {
      this.#watch.made(promptTokens, firstTokens);
      this.#receiver.start(200, { "content-type": head });
      this.#receiver.data(Buffer.from(first));
      step();
    });
  }

  refuse(): void {
    this.#after(0, () => {
      this.#watch.ended();
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
    this.#watch.ended();
  }

  #after(seconds: number, step: () => void): void {
    this.#timer = setTimeout(() => (this.#paused ? (this.#next = step) : step()), seconds * 1_000);
  }
}

function whole(answer: JsonObject, promptTokens: number, firstTokens: number): Play {
  return { head: "application/json", first: JSON.stringify(answer), events: [], last: "", promptTokens, firstTokens, eachTokens: 0 };
}
