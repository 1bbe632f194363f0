import type { BusMessage, Qos } from "../message.ts";

/**
 * Is told of each message; the next one from the broker waits for its promise, if it gives one. So it must not itself wait for a publish
 * at QoS 1 or 2 on the same connection, whose acknowledgement comes behind.
 */
export type MessageHandler = (message: BusMessage) => void | Promise<void>;

/** What the roles need of the bus. Topics are the contract's own: a federation's prefix is added and taken off underneath. */
export interface Bus {
  readonly connected: boolean;
  /** Highest QoS that this broker delivers, as far as it is known. */
  readonly maxQos: Qos;
  /**
   * Sends, and is done when the broker has it: written (QoS 0) or acknowledged. A broker that forbids the topic acknowledges all the
   * same and drops the message: `readBack` tells.
   * @throws PulmuError `exchange.queue-full`, `exchange.not-acknowledged` (it may have arrived), `exchange.closed`
   */
  publish(topic: string, payload: Uint8Array | string, options?: PublishOptions): Promise<void>;
  /** Sends at QoS 0 if it can go now; false when the connection is down or clogged, and then it is gone: for what is sent again anyway. */
  offer(topic: string, payload: Uint8Array | string, retain?: boolean): boolean;
  /**
   * Hands every message of a filter to `handler`, through all reconnections.
   * @param sentAt QoS at which its publishers send, where that is known: messages that come at less are told of
   * @returns the delivery guarantee that the broker granted
   * @throws PulmuError `exchange.subscribe-refused`, `exchange.not-acknowledged`
   */
  subscribe(filter: string, qos: Qos, handler: MessageHandler, sentAt?: Qos): Promise<Qos>;
  unsubscribe(filter: string, handler: MessageHandler): Promise<void>;
}

export interface PublishOptions {
  readonly qos?: Qos;
  readonly retain?: boolean;
}
