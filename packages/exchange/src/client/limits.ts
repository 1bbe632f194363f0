/** Bounds of one connection, and what happens at them. */
export interface BusLimits {
  /** Messages sent and not yet acknowledged; the next is refused: `exchange.queue-full`. */
  readonly maxUnacknowledged: number;
  /** Bytes written and not yet taken by the network; then `offer` declines and `publish` is refused. */
  readonly maxUnsentBytes: number;
  /** A larger message is refused, going out or coming in. NATS' own limit in DSX Exchange. */
  readonly maxPayloadBytes: number;
  /** For a connection, a subscription, an acknowledgement. */
  readonly answerMs: number;
  /** A handler's promise may hold up the messages behind it for so long. */
  readonly handlerMs: number;
  /** First and longest pause before connecting again; it doubles between them. */
  readonly reconnectMs: readonly [first: number, longest: number];
  /** The broker hears of us at least this often, s. */
  readonly keepaliveS: number;
}

export const BUS_LIMITS: BusLimits = {
  maxUnacknowledged: 10_000,
  maxUnsentBytes: 16 * 1024 * 1024,
  maxPayloadBytes: 4 * 1024 * 1024,
  answerMs: 10_000,
  handlerMs: 10_000,
  reconnectMs: [500, 30_000],
  keepaliveS: 15,
};
