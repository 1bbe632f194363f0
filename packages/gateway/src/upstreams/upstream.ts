/** What is sent to an upstream: a JSON body that was checked and written here. */
export interface UpstreamRequest {
  /** `/chat/completions`. */
  readonly path: string;
  readonly body: string | Buffer;
  readonly streamed: boolean;
  readonly requestId: string;
  readonly traceparent: string;
}

/** Told how a call goes: `start` at most once, then `data`; last of all, once, `end` or `fail`. After `abort` nothing more. */
export interface Receiver {
  start(status: number, headers: UpstreamHeaders): void;
  data(chunk: Buffer): void;
  end(): void;
  fail(error: UpstreamFailure): void;
}

export type UpstreamHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Why no whole answer came. */
export interface UpstreamFailure {
  readonly reason: "unreachable" | "broken" | "timeout";
  readonly message: string;
}

/** A call under way. */
export interface UpstreamCall {
  /** Stops reading; the sender is held back. */
  pause(): void;
  resume(): void;
  /** Ends it at once: the upstream stops its work. */
  abort(): void;
}

/** What an upstream made and gave away, as it counted it itself. */
export interface Served {
  readonly requests: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
}

/** Something that answers requests in OpenAI's API: a server of its own, the twin's engine, a model in this process. */
export interface Upstream {
  send(request: UpstreamRequest, receiver: Receiver): UpstreamCall;
  /** Can it answer now? Never throws. */
  check(): Promise<boolean>;
  /** Since it was made: what bills are held against. Undefined: it does not count. */
  readonly served?: Served;
  close(): Promise<void>;
}
