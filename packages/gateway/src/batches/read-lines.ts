import { isUtf8 } from "node:buffer";
import { isObject } from "../http/read-body.ts";
import { invalid } from "../refusal.ts";

const MAX_LINES = 50_000;
const MAX_WRONG = 5;

/**
 * Checks the lines of a batch's file, all before the first is asked. The number of lines.
 * @throws Refusal 400 naming the first wrong lines
 */
export function checkLines(content: Buffer, endpoint: string): number {
  if (!isUtf8(content)) throw invalid("input_file_id", "The file is not UTF-8 text.", "invalid_file");
  const wrong: string[] = [];
  const names = new Set<string>();
  let count = 0;
  for (const [i, text] of content.toString("utf8").split("\n").entries()) {
    if (text.trim() === "") continue;
    count++;
    const problem = problemOf(text, endpoint, names);
    if (problem !== undefined && wrong.push(`line ${i + 1}: ${problem}`) >= MAX_WRONG) break;
  }
  if (wrong.length > 0) throw invalid("input_file_id", `The file has wrong lines: ${wrong.join("; ")}.`, "invalid_file");
  if (count === 0) throw invalid("input_file_id", "The file has no lines.", "invalid_file");
  if (count > MAX_LINES) throw invalid("input_file_id", `The file has ${count} lines; there may be ${MAX_LINES}.`, "invalid_file");
  return count;
}

function problemOf(text: string, endpoint: string, names: Set<string>): string | undefined {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return "no JSON";
  }
  if (!isObject(line)) return "no object";
  const { custom_id: name, method, url, body } = line;
  if (typeof name !== "string" || name === "" || name.length > 512) return "custom_id is a string that is not empty";
  if (names.has(name)) return `custom_id "${name.slice(0, 40)}" is there twice`;
  names.add(name);
  if (method !== "POST") return "method is POST";
  if (url !== endpoint) return `url is ${endpoint}, as the batch's endpoint`;
  if (!isObject(body)) return "body is an object";
  return body["stream"] === true ? "a batch has no streams" : undefined;
}
