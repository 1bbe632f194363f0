/** Text that is already HTML. Only `html` and `raw` make it, so that nothing reaches a page unescaped by accident. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

type Value = Html | string | number | undefined | readonly Value[];

/** html`<b>${name}</b>`: values are escaped, Html goes in as it is, lists are joined, undefined is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(parts.reduce((text, part, i) => text + textOf(values[i - 1]) + part));
}

/** Takes text of our own, such as a style sheet, as HTML. Never for anything that came from a file or a person. */
export function raw(text: string): Html {
  return new Html(text);
}

/** JSON for a script element of type application/json: no `<`, so that nothing in it can end the element. */
export function jsonForScript(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

function textOf(value: Value): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(textOf).join("");
  return value === undefined ? "" : escape(String(value));
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]);
}
