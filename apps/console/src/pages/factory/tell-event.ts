import type { FactoryEvent } from "../../api/types.ts";
import { en, type MessageKey } from "../../i18n/en.ts";
import type { Format } from "../../i18n/format.ts";
import type { Translate } from "../../i18n/language.tsx";

type Values = NonNullable<FactoryEvent["words"]>["values"];

/** An event in the reader's language, where there are words for it; else the text it came with. */
export function tellEvent({ kind, text, words }: Pick<FactoryEvent, "kind" | "text" | "words">, t: Translate, format: Format): string {
  const key = `event.${words?.code ?? ""}`;
  if (words === undefined || !isKey(key)) return text;
  const what = t(key, shown(words.values, format));
  if (kind === "repair") return t("event.repaired", { what });
  const { repairS } = words.values;
  return kind === "fault" && typeof repairS === "number" ? t("event.fault", { what, time: format.duration(repairS) }) : what;
}

/** What is not a name is left to the text. */
export function tellSubject(subject: string, t: Translate): string | undefined {
  if (subject === "pulmu" || subject === "caps" || subject === "events") return undefined;
  if (subject === "site") return t("use.site");
  return subject === "all feeds" ? t("grid.allFeeds") : subject;
}

const isKey = (key: string): key is MessageKey => key in en;

/** Values by the units that their names end with. */
function shown(values: Values, format: Format): Readonly<Record<string, string>> {
  const write = (name: string, value: string | number): string => {
    if (typeof value === "string") return value;
    if (name.endsWith("W")) return format.power(value);
    if (name.endsWith("S")) return format.duration(value);
    if (name.endsWith("C")) return format.temp(value);
    return name === "load" ? format.percent(value) : format.number(value);
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, write(name, value)]));
}
