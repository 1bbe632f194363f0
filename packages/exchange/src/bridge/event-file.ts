import { parseQuantity, PulmuError, type Problem } from "@pulmu/units";
import { parseDateTime } from "../contracts/formats.ts";
import { parseIsoDuration } from "./iso-duration.ts";
import type { DemandEvent } from "./schedule.ts";

const MAX_EVENTS = 10_000;

/**
 * Demand-response events of a file: CSV with `start,end,limit` (and perhaps `id`), or a calendar (ICS, RFC 5545).
 * @throws PulmuError `events.*` with every problem of the file, each with its line
 */
export function parseEventFile(text: string, file: string): readonly DemandEvent[] {
  const problems: Problem[] = [];
  const events = /^\uFEFF?BEGIN:VCALENDAR/i.test(text) ? parseCalendar(text, problems) : parseCsv(text, problems);
  if (events.length > MAX_EVENTS) problems.push({ code: "events.limit", rule: `a file has at most ${MAX_EVENTS} events` });
  if (problems.length > 0) throw new PulmuError(problems.map((problem) => ({ ...problem, file })));
  return events;
}

interface Written {
  readonly id: string;
  readonly line: number;
  readonly from: number | undefined;
  readonly until: number | undefined;
  readonly limit: string | undefined;
}

function toEvent({ id, line, from, until, limit }: Written, problems: Problem[]): DemandEvent[] {
  if (from === undefined) return [];
  if (until === undefined || until <= from) {
    problems.push({ code: "events.time", line, path: id, rule: "must end after it starts" });
    return [];
  }
  try {
    if (limit === undefined) throw new PulmuError({ code: "events.limit", rule: "says no power", hint: 'such as "45 MW"' });
    const limitW = parseQuantity(limit, "power");
    if (!(limitW > 0)) throw new PulmuError({ code: "events.limit", value: limit, rule: "must be above zero" });
    return [{ id, priority: Infinity, intervals: [{ fromMs: from, untilMs: until, limitW }] }];
  } catch (error) {
    if (!(error instanceof PulmuError)) throw error;
    problems.push(...error.problems.map((problem) => ({ ...problem, line, path: id })));
    return [];
  }
}

const COLUMNS = ["start", "end", "limit", "id"] as const;

function parseCsv(text: string, problems: Problem[]): DemandEvent[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const header = (lines[0] ?? "").split(",").map((name) => name.trim().toLowerCase());
  const missing = COLUMNS.slice(0, 3).filter((name) => !header.includes(name));
  if (missing.length > 0) {
    problems.push({
      code: "events.header",
      line: 1,
      value: lines[0] ?? "",
      rule: `has no column ${missing.join(", ")}`,
      hint: "start,end,limit",
    });
    return [];
  }
  return lines.slice(1).flatMap((row, i) => {
    if (row.trim() === "" || row.startsWith("#")) return [];
    const line = i + 2;
    const cells = row.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    const cell = (name: (typeof COLUMNS)[number]) => cells[header.indexOf(name)];
    const time = (name: "start" | "end") => {
      const atMs = parseDateTime(cell(name) ?? "");
      if (atMs === undefined) {
        const hint = "such as 2027-08-04T18:00:00+09:00";
        problems.push({ code: "events.time", line, path: name, value: cell(name) ?? "", rule: "is no time with a zone", hint });
      }
      return atMs;
    };
    const [from, until] = [time("start"), time("end")];
    if (from === undefined || until === undefined) return [];
    return toEvent({ id: cell("id") || `line ${line}`, line, from, until, limit: cell("limit") }, problems);
  });
}

interface Property {
  readonly line: number;
  readonly name: string;
  readonly zone: string | undefined;
  readonly value: string;
}

function parseCalendar(text: string, problems: Problem[]): DemandEvent[] {
  const events: DemandEvent[] = [];
  let open: Property[] | undefined;
  for (const property of properties(text)) {
    const { name, value, line } = property;
    if (name === "BEGIN" && value === "VEVENT") open = [];
    else if (name === "END" && value === "VEVENT" && open !== undefined) {
      events.push(...calendarEvent(open, line, problems));
      open = undefined;
    } else open?.push(property);
  }
  if (open !== undefined) problems.push({ code: "events.truncated", rule: "the last event does not end: the file was cut short" });
  return events;
}

/** Lines of a calendar, folded ones joined. */
function properties(text: string): readonly Property[] {
  const found: Property[] = [];
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const last = found.at(-1);
    if (/^[ \t]/.test(raw) && last !== undefined) found[found.length - 1] = { ...last, value: last.value + raw.slice(1) };
    const match = /^([A-Za-z-]+)((?:;[^:]*)?):(.*)$/.exec(raw);
    if (match === null || /^[ \t]/.test(raw)) continue;
    const zone = /;TZID=("?)([^";]+)\1/i.exec(match[2])?.[2];
    found.push({ line: i + 1, name: match[1].toUpperCase(), zone, value: match[3] });
  }
  return found;
}

function calendarEvent(own: readonly Property[], endLine: number, problems: Problem[]): DemandEvent[] {
  const get = (name: string) => own.find((property) => property.name === name);
  const line = own[0]?.line ?? endLine;
  if (get("STATUS")?.value === "CANCELLED") return [];
  const id = get("UID")?.value ?? `line ${line}`;
  if (get("RRULE") !== undefined) {
    problems.push({ code: "events.recurring", line: get("RRULE")!.line, path: id, rule: "repeats: write each event out" });
    return [];
  }
  const time = (name: string): number | undefined => {
    const property = get(name);
    if (property === undefined) return undefined;
    const atMs = calendarTime(property);
    if (atMs === undefined)
      problems.push({ code: "events.time", line: property.line, path: name, value: property.value, rule: "is no time that can be placed" });
    return atMs;
  };
  const from = time("DTSTART");
  if (get("DTSTART") === undefined) problems.push({ code: "events.time", line, path: id, rule: "has no DTSTART" });
  if (from === undefined) return [];
  const durationS = parseIsoDuration(get("DURATION")?.value ?? "");
  const until = get("DTEND") !== undefined ? time("DTEND") : durationS === undefined ? undefined : from + durationS * 1000;
  if (get("DTEND") !== undefined && until === undefined) return [];
  const limit = get("X-PULMU-LIMIT")?.value ?? /\d[\d.]*\s?[kMG]?W\b/.exec(get("SUMMARY")?.value ?? "")?.[0];
  return toEvent({ id, line, from, until, limit }, problems);
}

/** `20270804T090000Z`, or local time with a zone. */
function calendarTime({ value, zone }: Property): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)$/.exec(value);
  if (match === null || (match[7] === "" && zone === undefined)) return undefined;
  const [, y, m, d, h, min, s] = match;
  const utcMs = parseDateTime(`${y}-${m}-${d}T${h}:${min}:${s}Z`);
  return utcMs === undefined || match[7] === "Z" ? utcMs : fromZone(utcMs, zone!);
}

/** The instant at which clocks of a zone show what UTC's show at `shownMs`; undefined for a zone that is not known. */
function fromZone(shownMs: number, timeZone: string): number | undefined {
  try {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" });
    const offsetMs = (atMs: number) => {
      const [d, m, y, h, min, s] = format.format(atMs).split(/\D+/).map(Number);
      return Date.UTC(y, m - 1, d, h, min, s) - Math.floor(atMs / 1000) * 1000;
    };
    return shownMs - offsetMs(shownMs - offsetMs(shownMs)); // twice: the first guess may lie on the other side of a change of clocks
  } catch {
    return undefined;
  }
}
