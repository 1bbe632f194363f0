/** What a connection went through, in words for a log. */
export interface BusNotice {
  readonly severity: "info" | "warning" | "critical";
  readonly code:
    | "exchange.connected"
    | "exchange.lost"
    | "exchange.evicted"
    | "exchange.refused"
    | "exchange.subscribe-refused"
    | "exchange.qos-lowered"
    | "exchange.handler-failed";
  readonly text: string;
}

/** Counts since the start. */
export interface BusStats {
  sent: number;
  received: number;
  /** Offers declined because the connection was down or clogged. */
  declined: number;
  /** Messages larger than the limit, left unread. */
  tooLarge: number;
  reconnects: number;
  /** Messages that came at a lower QoS than they were sent at: a federated bus, or a native NATS publisher. */
  deliveredBelow: number;
}
