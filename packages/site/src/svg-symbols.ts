import type { PowerNode } from "./model.ts";

/** Escapes text for XML. */
export function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const n = (value: number): string => String(Math.round(value * 10) / 10);

export function line(x1: number, y1: number, x2: number, y2: number, colour: string, width = 1.6): string {
  return `<path d="M${n(x1)} ${n(y1)}L${n(x2)} ${n(y2)}" stroke="${colour}" stroke-width="${width}" fill="none"/>`;
}

/** A line that passes over others without touching them: they are interrupted where it goes. */
export function lineOver(x1: number, y1: number, x2: number, y2: number, colour: string, background: string): string {
  return line(x1, y1, x2, y2, background, 7) + line(x1, y1, x2, y2, colour);
}

export function busbar(x1: number, x2: number, y: number, colour: string): string {
  return `<path d="M${n(x1)} ${n(y)}H${n(x2)}" stroke="${colour}" stroke-width="4.5" stroke-linecap="round"/>`;
}

/** Circuit breaker (IEC 60617: a square on the line). */
export function breaker(x: number, y: number, colour: string): string {
  return `<rect x="${n(x - 4.5)}" y="${n(y - 4.5)}" width="9" height="9" fill="#fff" stroke="${colour}" stroke-width="1.6"/>`;
}

export function dot(x: number, y: number, colour: string): string {
  return `<circle cx="${n(x)}" cy="${n(y)}" r="3.4" fill="${colour}"/>`;
}

/** The utility: a source of alternating current. */
export function source(x: number, y: number, colour: string): string {
  return `<circle cx="${n(x)}" cy="${n(y)}" r="14" fill="#fff" stroke="${colour}" stroke-width="2"/>${wave(x, y, 7, colour)}`;
}

/** Height of every node symbol. */
export const SYMBOL_HEIGHT = 40;

/** Symbol of a power node, its top at (x, y), `SYMBOL_HEIGHT` tall. */
export function nodeSymbol(kind: PowerNode["kind"], x: number, y: number, colour: string): string {
  const stroke = `fill="#fff" stroke="${colour}" stroke-width="1.8"`;
  const box = `<rect x="${n(x - 17)}" y="${n(y + 3)}" width="34" height="34" rx="2" ${stroke}/>`;
  const leads = line(x, y, x, y + SYMBOL_HEIGHT, colour);
  switch (kind) {
    case "transformer":
      return `${leads}<circle cx="${n(x)}" cy="${n(y + 14)}" r="12" ${stroke}/><circle cx="${n(x)}" cy="${n(y + 26)}" r="12" fill="none" stroke="${colour}" stroke-width="1.8"/>`;
    case "ups": // two conversions: alternating above the diagonal, direct below
      return `${leads}${box}${line(x - 17, y + 37, x + 17, y + 3, colour, 1.2)}${wave(x - 8, y + 12, 5, colour)}${line(x + 4, y + 27, x + 13, y + 27, colour)}${line(x + 4, y + 30.5, x + 13, y + 30.5, colour)}`;
    case "busway":
      return `${leads}<rect x="${n(x - 22)}" y="${n(y + 15)}" width="44" height="10" rx="2" ${stroke}/>${[-12, 0, 12].map((dx) => line(x + dx, y + 25, x + dx, y + 31, colour)).join("")}`;
    case "substation":
      return `${leads}${box}${line(x - 17, y + 3, x + 17, y + 37, colour, 1.2)}${line(x - 17, y + 37, x + 17, y + 3, colour, 1.2)}`;
    case "pdu":
      return `${leads}${box}${[11, 20, 29].map((dy) => line(x - 8, y + dy, x + 8, y + dy, colour)).join("")}`;
    default: // switchboard
      return `${leads}<rect x="${n(x - 24)}" y="${n(y + 10)}" width="48" height="20" rx="2" ${stroke}/>${[-14, 0, 14].map((dx) => `<rect x="${n(x + dx - 3)}" y="${n(y + 17)}" width="6" height="6" fill="${colour}"/>`).join("")}`;
  }
}

/** Small picture of a load, 26 px square, its left top at (x, y). */
export function loadIcon(kind: "racks" | "cooling" | "it" | "facility" | "bess", x: number, y: number): string {
  const colour = "#5b6472";
  const frame = (w: number, h: number) =>
    `<rect x="${n(x + (26 - w) / 2)}" y="${n(y + (26 - h) / 2)}" width="${w}" height="${h}" rx="2" fill="#fff" stroke="${colour}" stroke-width="1.5"/>`;
  switch (kind) {
    case "racks":
      return frame(18, 26) + [5, 9, 13, 17, 21].map((dy) => line(x + 8, y + dy, x + 18, y + dy, colour, 1.8)).join("");
    case "cooling":
      return `<path d="M${n(x + 13)} ${n(y + 1)}C${n(x + 24)} ${n(y + 14)} ${n(x + 23)} ${n(y + 25)} ${n(x + 13)} ${n(y + 25)}S${n(x + 2)} ${n(y + 14)} ${n(x + 13)} ${n(y + 1)}Z" fill="#fff" stroke="${colour}" stroke-width="1.5"/>`;
    case "bess":
      return `${frame(26, 18)}${line(x + 7, y + 9, x + 7, y + 17, colour, 1.8)}${line(x + 3, y + 13, x + 11, y + 13, colour, 1.8)}${line(x + 15, y + 13, x + 23, y + 13, colour, 1.8)}`;
    case "it":
      return `${frame(24, 12)}${[6, 10.5, 15, 19.5].map((dx) => `<rect x="${n(x + dx)}" y="${n(y + 11)}" width="2.6" height="4" fill="${colour}"/>`).join("")}`;
    default: // facility
      return `<path d="M${n(x + 2)} ${n(y + 12)}L${n(x + 13)} ${n(y + 2)}L${n(x + 24)} ${n(y + 12)}V${n(y + 24)}H${n(x + 2)}Z" fill="#fff" stroke="${colour}" stroke-width="1.5"/>`;
  }
}

function wave(x: number, y: number, half: number, colour: string): string {
  const q = half / 2;
  return `<path d="M${n(x - half)} ${n(y)}q${n(q)} ${n(-half * 1.2)} ${n(half)} 0t${n(half)} 0" fill="none" stroke="${colour}" stroke-width="1.6"/>`;
}
