import type { JsonObject } from "./read-body.ts";
import { placesOfValues } from "./value-places.ts";

/** What came: its bytes, and what they were understood as. */
export interface Sent {
  readonly bytes: Buffer;
  readonly body: JsonObject;
}

/** A value of a request at least so long goes on as its bytes came: to write 64 KB of prose anew takes 100 to 240 µs, as much as all else. */
const LARGE_BYTES = 4_096;
/** The same for answers, which nobody reads twice. */
export const LARGE_ANSWER_BYTES = 2_048;

/**
 * Writes what is passed on. Each name stands in it once and every value is written anew, so that no second reader can understand it
 * differently; but a large value that is still the one that came (the messages, the choices, nearly always) is passed on in its own bytes.
 *
 * @param sent undefined when nothing may be passed on unwritten
 */
export function writeBody(body: JsonObject, sent: Sent | undefined, largeBytes = LARGE_BYTES): string | Buffer {
  if (sent === undefined || sent.bytes.length < largeBytes) return JSON.stringify(body);
  const places = placesOfValues(sent.bytes);
  const pieces: Buffer[] = [];
  let text = "";
  for (const name in body) {
    const value = body[name];
    if (value === undefined) continue;
    text += `${text === "" && pieces.length === 0 ? "{" : ","}${JSON.stringify(name)}:`;
    const place = value === sent.body[name] ? places.get(name) : undefined;
    if (place !== undefined && place.until - place.from >= largeBytes) {
      pieces.push(Buffer.from(text), sent.bytes.subarray(place.from, place.until));
      text = "";
    } else text += JSON.stringify(value);
  }
  return pieces.length === 0 ? `${text}}` : Buffer.concat([...pieces, Buffer.from(`${text}}`)]);
}
