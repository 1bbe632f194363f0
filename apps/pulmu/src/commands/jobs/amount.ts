import { PulmuError } from "@pulmu/units";

/** A count given as an option. @throws PulmuError `cli.number` */
export function amount(path: string, text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text)) throw new PulmuError({ code: "cli.number", path, value: text, rule: "a number of zero or more" });
  return value;
}
