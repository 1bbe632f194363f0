import { readFileSync } from "node:fs";
import { readYamlFile, type YamlDocument } from "@pulmu/units/yaml";
import { load } from "js-yaml";

/**
 * A fact file of the catalogue itself. It is known to be well-formed (a test reads it with the strict reader as well), so a parser
 * takes it that is three times as fast and keeps no lines: every start of the program waits for these files. The strict reader
 * comes in when a line must be told, or when the file is broken after all.
 */
export function readOwnFile(file: string): YamlDocument {
  let strict: YamlDocument | undefined;
  const lines = () => (strict ??= readYamlFile(file));
  return {
    file,
    value: quickly(file) ?? lines().value,
    lineOf: (path) => lines().lineOf(path),
    problem: (path, code, rule, hint) => lines().problem(path, code, rule, hint),
  };
}

function quickly(file: string): unknown {
  try {
    return load(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
