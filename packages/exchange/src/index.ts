/** Floor 2: the factory speaks DSX Exchange: contracts, client, signing, roles, broker, bridges, conformance. */
export type { BusMessage, Qos } from "./message.ts";
