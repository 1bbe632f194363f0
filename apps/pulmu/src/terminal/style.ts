import { stripVTControlCharacters } from "node:util";

/** Wraps a text in the codes of one look, or hands it back as it is when colour is off. */
export type Paint = (text: string) => string;

/** The looks of the program: the palette is Okabe and Ito's, which people with any colour vision can tell apart. */
export interface Style {
  readonly colour: boolean;
  readonly bold: Paint;
  readonly dim: Paint;
  readonly blue: Paint;
  readonly sky: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly orange: Paint;
  readonly red: Paint;
  readonly grey: Paint;
}

const RESET = "\x1b[0m";

export function createStyle(colour: boolean): Style {
  const paint =
    (code: string): Paint =>
    (text) =>
      colour ? `\x1b[${code}m${text}${RESET}` : text;
  return {
    colour,
    bold: paint("1"),
    dim: paint("2"),
    blue: paint("38;5;32"),
    sky: paint("38;5;117"),
    green: paint("38;5;36"),
    yellow: paint("38;5;221"),
    orange: paint("38;5;208"),
    red: paint("38;5;203"),
    grey: paint("38;5;245"),
  };
}

/** Colour on a terminal only; `FORCE_COLOR` and `NO_COLOR` (https://no-color.org) overrule, in this order. */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  return stream.isTTY === true && env.TERM !== "dumb";
}

/** Columns a text takes in a terminal: escape codes none, Hangul and other wide characters two. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character.codePointAt(0)!);
  return width;
}

/** Wide ranges of Unicode's East Asian Width that occur in names, and combining marks, which take no column. */
function characterWidth(code: number): number {
  if (code < 0x300) return 1;
  if (code < 0x370 || (code >= 0x200b && code <= 0x200f) || (code >= 0xfe00 && code <= 0xfe0f)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    code >= 0x1f300;
  return wide ? 2 : 1;
}

/** A piece of a line and its look. */
export type Span = readonly [text: string, paint?: Paint | undefined];

/**
 * Lays spans out on exactly `width` columns: what does not fit is cut with an ellipsis, what is short is padded.
 * Control characters are dropped: names come from files, and a terminal would obey them.
 */
export function layout(spans: readonly Span[], width: number): string {
  let line = "";
  let used = 0;
  for (const [text, paint] of spans) {
    const piece = clip(printable(text), width - used);
    if (piece === "") continue;
    used += textWidth(piece);
    line += paint === undefined ? piece : paint(piece);
  }
  return line + " ".repeat(Math.max(0, width - used));
}

/** Two groups of spans on one line, the second against the right edge; the first gives way. */
export function layoutApart(left: readonly Span[], right: readonly Span[], width: number): string {
  const rightWidth = Math.min(
    width,
    right.reduce((sum, [text]) => sum + textWidth(printable(text)), 0),
  );
  return layout(left, Math.max(0, width - rightWidth)) + layout(right, rightWidth);
}

/** The first columns of a text, with an ellipsis where it was cut. */
export function clip(text: string, width: number): string {
  if (width <= 0) return "";
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const character of text) {
    used += characterWidth(character.codePointAt(0)!);
    if (used > width) break;
    kept += character;
  }
  return `${kept}…`;
}

/** A text without control characters. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "");
}
