import { CONTEXT_CHARS, PII_KINDS, type PiiKind } from "./kinds.ts";

/** A piece of personal data in a text: `[from, until)`, in UTF-16 code units. */
export interface Pii {
  readonly kind: PiiKind;
  readonly from: number;
  readonly until: number;
}

/** Texts without these have none: a quick look that spares most texts the rest. */
const MAY_HAVE = /[\d０-９@]|이름|성명|성함|고객명|예금주|환자명/;
/** Written to look alike, or to hide: full-width digits and signs, other dashes, characters of no width. */
const DISGUISE = /[０-９－．＋＠\u2010-\u2015\u2212\u00ad\u200b-\u200d\u2060\ufeff]/;
const NO_WIDTH = /[\u00ad\u200b-\u200d\u2060\ufeff]/;

interface PlainText {
  readonly text: string;
  /** Position in the original of each character; undefined: the same. */
  readonly at: readonly number[] | undefined;
}

function undisguised(text: string): PlainText {
  if (!DISGUISE.test(text)) return { text, at: undefined };
  let plain = "";
  const at: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (NO_WIDTH.test(text[i])) continue;
    const code = text.charCodeAt(i);
    plain += code >= 0xff01 && code <= 0xff5e ? String.fromCharCode(code - 0xfee0) : /[\u2010-\u2015\u2212]/.test(text[i]) ? "-" : text[i];
    at.push(i);
  }
  return { text: plain, at };
}

/** Personal data in a text, in order. Numbers are found by their shape and what stands beside them; names and addresses as well as rules can. */
export function findPii(original: string): Pii[] {
  if (!MAY_HAVE.test(original)) return [];
  const { text, at } = undisguised(original);
  const found: Pii[] = [];
  const taken = new Uint8Array(text.length);
  for (const kind of PII_KINDS) {
    kind.pattern.lastIndex = 0;
    for (const match of text.matchAll(kind.pattern)) {
      const what = match[1] ?? match[0];
      const from = match.index + match[0].lastIndexOf(what);
      const until = from + what.length;
      if (taken[from] === 1 || taken[until - 1] === 1) continue;
      const digits = what.replaceAll(/\D/g, "");
      if (kind.is !== undefined && !kind.is(digits, what, text.slice(Math.max(0, from - CONTEXT_CHARS), from))) continue;
      found.push({ kind, from, until });
      taken.fill(1, from, until);
    }
  }
  found.sort((a, b) => a.from - b.from);
  return at === undefined ? found : found.map(({ kind, from, until }) => ({ kind, from: at[from], until: at[until - 1] + 1 }));
}

/** The text with labels in place of what was found. */
export function maskPii(text: string, found: readonly Pii[]): string {
  let masked = "";
  let done = 0;
  for (const { kind, from, until } of found) {
    masked += text.slice(done, from) + kind.mask;
    done = until;
  }
  return masked + text.slice(done);
}
