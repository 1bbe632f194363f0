import { stringify } from "yaml";
import { declare, GENERATED, unfold } from "./declarations.ts";
import { shape } from "./shape.ts";
import { SiteSource } from "./source.ts";

/**
 * The site file with every generator written out, as YAML text that loads to the same site. `{row}` stays in the halls.
 * Comments are not kept, but for the first lines up to the first key.
 * @throws PulmuError as `parseSite` does, for what can be judged without a catalogue.
 */
export function expandSite(text: string, file: string): string {
  const source = new SiteSource(text, file);
  declare(source, shape(source));
  source.throwProblems();
  const raw = source.document.value as Record<string, unknown>;
  const written = Object.entries(raw).map(([key, list]) => {
    const section = GENERATED.find((name) => name === key);
    if (section === undefined || !Array.isArray(list)) return [key, list];
    return [key, list.flatMap((item, index) => unfold(source, section, { path: [section, index], item }).map((one) => one.item))];
  });
  const heading = /^(?:#.*\n|\s*\n)*/.exec(text)?.[0] ?? "";
  return heading + stringify(Object.fromEntries(written), { lineWidth: 0, aliasDuplicateObjects: false });
}
