/** Delivery guarantee of MQTT 3.1.1: at most once, at least once, exactly once. */
export type Qos = 0 | 1 | 2;

/** One message as it was on the bus. */
export interface BusMessage {
  /** Full topic, with a federation's prefix (`cpc/{id}/`) if it has one. */
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  /** True for a message that the broker kept and gave to a new subscriber. */
  readonly retain: boolean;
  /** When it arrived, epoch milliseconds. */
  readonly atMs: number;
}
