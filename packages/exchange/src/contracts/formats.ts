/** A UUID of any version, as JSON Schema's `uuid` format is checked in practice (with or without `urn:uuid:`). */
const UUID = /^(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[t\s](\d\d):(\d\d):(\d\d)(\.\d+)?(?:z|([+-])(\d\d)(?::?(\d\d))?)$/i;
const MINUTES_PER_DAY = 1440;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The contract's words ask for version 4 where its schema accepts any. */
export function isUuidV4(text: string): boolean {
  return UUID_V4.test(text);
}

/**
 * Epoch milliseconds of an RFC 3339 date-time, or undefined when it is none. A zone is required; a space may stand for the `T`;
 * second 60 only where a leap second can be (23:59:60 UTC).
 */
export function parseDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const [fraction, sign, zoneHour, zoneMinute] = [match[7] ?? "", match[8], Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59) return undefined;

  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined; // 30 February rolls over into March

  const minutes = hour * 60 + minute - (zoneHour * 60 + zoneMinute) * (sign === "-" ? -1 : 1);
  if (second === 60 && (minutes + MINUTES_PER_DAY) % MINUTES_PER_DAY !== MINUTES_PER_DAY - 1) return undefined;
  return date.getTime() + minutes * 60_000 + second * 1000 + Math.floor(Number(`0${fraction}`) * 1000);
}
