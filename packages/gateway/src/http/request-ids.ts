import { formatTraceparent, type Trace } from "./trace.ts";

export type RandomBytes = (count: number) => Uint8Array;

/** Random bytes drawn at a time: one system call for some hundred requests. */
const POOL_BYTES = 8_192;

/** Names requests and traces. Ids are unique over processes and restarts: usage records are named by them. */
export class RequestIds {
  readonly #randomBytes: RandomBytes;
  readonly #prefix: string;
  #count = 0;
  #pool = Buffer.alloc(0);
  #used = 0;

  constructor(randomBytes: RandomBytes) {
    this.#randomBytes = randomBytes;
    this.#prefix = `req_${Buffer.from(randomBytes(12)).toString("hex")}`;
  }

  /** `req_` + 96 random bits of this process + a count. */
  next(): string {
    return this.#prefix + (this.#count++).toString(36).padStart(6, "0");
  }

  /** The caller's trace goes on with a step of ours; without one a new trace begins. */
  trace(parent: Trace | undefined): string {
    if (parent !== undefined) return formatTraceparent({ ...parent, spanId: this.#hex(8) });
    const hex = this.#hex(24);
    return formatTraceparent({ traceId: hex.slice(0, 32), spanId: hex.slice(32), flags: "01" });
  }

  #hex(bytes: number): string {
    if (this.#used + bytes > this.#pool.length) {
      this.#pool = Buffer.from(this.#randomBytes(POOL_BYTES));
      this.#used = 0;
    }
    return this.#pool.toString("hex", this.#used, (this.#used += bytes));
  }
}
