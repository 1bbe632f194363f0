import { readFileSync } from "node:fs";
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { PulmuError, type Problem } from "./error.ts";

/** Place inside a document: `["halls", 2, "racks"]`. */
export type DocumentPath = readonly PropertyKey[];

/** A YAML file that was read whole, and that can say where each of its values stands. */
export interface YamlDocument {
  /** File name as the user gave it. */
  readonly file: string;
  /** The content as plain objects, arrays, strings, numbers, booleans, null. */
  readonly value: unknown;
  /** Line (from 1) of the key or list item at a path; of the nearest thing around it when the path does not exist. */
  lineOf(path: DocumentPath): number;
  /** A problem at a path, complete with file, line and the value as it was written. */
  problem(path: DocumentPath, code: string, rule: string, hint?: string): Problem;
}

/** Files people write by hand stay far below this; a larger one is a mistake or an attack. */
const MAX_BYTES = 1 << 20;
/** One slip can make every later line an error: the first ones tell enough. */
const MAX_SYNTAX_ERRORS = 20;
/** How often aliases may multiply the content before it is taken for a bomb. */
const MAX_ALIASES = 100;

/**
 * Reads one YAML 1.2 document from a text.
 * @throws PulmuError `yaml.syntax` (the syntax errors of all lines at once, up to 20), `yaml.empty`, `yaml.too-large`, `yaml.alias-bomb`, `yaml.too-deep`.
 */
export function readYaml(text: string, file: string, { maxBytes = MAX_BYTES } = {}): YamlDocument {
  if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes) {
    throw new PulmuError({ code: "yaml.too-large", file, rule: `the file is larger than ${maxBytes} bytes` });
  }
  const lineCounter = new LineCounter();
  const { document, value } = guarded(file, () => {
    const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: "silent" });
    const syntax = [...document.errors, ...document.warnings];
    if (syntax.length > 0) {
      if (syntax.some((error) => error.code === "RESOURCE_EXHAUSTION")) throw new RangeError("nested too deeply");
      const byLine = new Map<number, Problem>();
      for (const error of syntax) {
        const { line } = lineCounter.linePos(error.pos[0]);
        // Further errors on a line mostly follow from its first.
        if (!byLine.has(line)) byLine.set(line, { code: "yaml.syntax", file, line, rule: error.message.replace(/\s+/g, " ") });
      }
      throw new PulmuError([...byLine.values()].slice(0, MAX_SYNTAX_ERRORS));
    }
    return { document, value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown };
  });
  if (value === null || value === undefined) throw new PulmuError({ code: "yaml.empty", file, line: 1, rule: "the file is empty" });

  const lineOf = (path: DocumentPath): number => lineCounter.linePos(locate(document, path).offset).line || 1;
  return {
    file,
    value,
    lineOf,
    problem(path, code, rule, hint) {
      const { text: written } = locate(document, path);
      return {
        code,
        file,
        line: lineOf(path),
        ...(path.length > 0 && { path: formatPath(path) }),
        ...(written !== undefined && { value: written }),
        rule,
        ...(hint !== undefined && { hint }),
      };
    },
  };
}

/**
 * Reads one YAML file.
 * @throws PulmuError as `readYaml`, and `file.missing`, `file.is-directory`, `file.unreadable`.
 */
export function readYamlFile(file: string, options: { readonly maxBytes?: number } = {}): YamlDocument {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw fileError(error, file);
  }
  return readYaml(text, file, options);
}

/** What a failed file operation means for the person who named the file. */
export function fileError(error: unknown, file: string): PulmuError {
  const errno = (error as NodeJS.ErrnoException).code;
  if (errno === "ENOENT") return new PulmuError({ code: "file.missing", file, rule: "no such file" });
  if (errno === "EISDIR") return new PulmuError({ code: "file.is-directory", file, rule: "this is a directory, not a file" });
  return new PulmuError({ code: "file.unreadable", file, rule: `cannot be read: ${errno ?? String(error)}` });
}

/** `["halls", 2, "racks"]` → `halls[2].racks`. */
export function formatPath(path: DocumentPath): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`)).join("");
}

function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ReferenceError) {
      throw new PulmuError({ code: "yaml.alias-bomb", file, rule: `aliases multiply the content more than ${MAX_ALIASES} times` });
    }
    if (error instanceof RangeError) throw new PulmuError({ code: "yaml.too-deep", file, rule: "the content is nested too deeply" });
    throw error;
  }
}

/** Where the key or item at a path begins, and its scalar value as written; stops at the last part that exists. */
function locate(document: Document, path: DocumentPath): { offset: number; text: string | undefined } {
  let node = document.contents as Node | null;
  let offset = node?.range?.[0] ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    let child: unknown;
    let start: Node | undefined;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(part));
      child = pair?.value;
      start = pair?.key as Node | undefined;
    } else if (isSeq(node)) {
      child = node.items[Number(part)];
      start = child as Node | undefined;
    }
    if (start === undefined) return { offset, text: undefined };
    offset = start.range?.[0] ?? offset;
    node = (child ?? null) as Node | null;
  }
  return { offset, text: isScalar(node) ? (node.source ?? String(node.value)) : undefined };
}
