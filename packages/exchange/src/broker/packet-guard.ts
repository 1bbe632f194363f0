import type { Socket } from "node:net";

const TYPE = 0;
const LENGTH = 1;

/**
 * Watches the lengths that MQTT packets announce (MQTT 3.1.1, section 2.2.3: up to 256 MiB in one to four bytes of seven bits), and ends the
 * connection at one that is too long: before a byte of it is kept. The broker's own parser gathers a packet whole before anybody can look.
 * @param onRefused told of the length that was announced
 */
export function guardPackets(socket: Socket, maxBytes: number, onRefused: (bytes: number) => void): void {
  let stage = TYPE;
  let length = 0;
  let unit = 1;
  /** Of the packet under way, still to come. */
  let rest = 0;

  /** Cost: some steps a packet, none a byte. */
  const isTooLong = (chunk: Uint8Array): boolean => {
    for (let at = 0; at < chunk.length;) {
      if (rest > 0) {
        const passed = Math.min(rest, chunk.length - at);
        rest -= passed;
        at += passed;
        continue;
      }
      const byte = chunk[at++];
      if (stage === TYPE) {
        [stage, length, unit] = [LENGTH, 0, 1];
        continue;
      }
      length += (byte & 0x7f) * unit;
      unit *= 0x80;
      if (length > maxBytes) return true;
      if (byte < 0x80) [stage, rest] = [TYPE, length];
    }
    return false;
  };

  const read = socket.read.bind(socket);
  socket.read = (size?: number) => {
    const chunk = read(size) as Buffer | null;
    if (chunk === null || !isTooLong(chunk)) return chunk;
    onRefused(length);
    socket.destroy();
    return null;
  };
}
