import { PulmuError } from "@pulmu/units";
import { parseQuantity } from "@pulmu/units";
import { LIMIT_METERS, LIMIT_SCOPES, type LimitMeter, type LimitScope, type NewLimit, type Window } from "@pulmu/ledger";

/** `90d`, `12h`, `30 min` → milliseconds. */
export function parseLifeMs(text: string): number {
  return Math.round(parseQuantity(text, "duration") * 1000);
}

/** `1_000_000`, `1.5M`, `200k` → a whole number. */
export function parseCount(text: string): number {
  const match = /^(\d[\d_,]*(?:\.\d+)?)\s*([kMG]?)$/.exec(text.trim());
  const value =
    match === null
      ? Number.NaN
      : Number(match[1].replaceAll(/[_,]/g, "")) * { "": 1, k: 1e3, M: 1e6, G: 1e9 }[match[2] as "" | "k" | "M" | "G"];
  if (!Number.isSafeInteger(value))
    throw new PulmuError({ code: "cli.number", value: text, rule: "not a whole number", hint: "such as 5000, 200k or 1.5M" });
  return value;
}

/** `key:k3f…` with `tokens/minute` and `100k` → a limit. Whose it is follows from the name: a project is `tenant/project`. */
export function parseLimit(
  target: string,
  what: string,
  most: string,
  options: { readonly model?: string | undefined; readonly tenantOfKey: (id: string) => Promise<string> },
): Promise<NewLimit> | NewLimit {
  const [scope, ...rest] = target.split(":");
  const scopeId = rest.join(":");
  const [meter, window] = what === "concurrent" ? ["concurrent", "now"] : what.split("/");
  const known = (LIMIT_SCOPES as readonly string[]).includes(scope) && (LIMIT_METERS as readonly string[]).includes(meter);
  if (!known || window === undefined)
    throw new PulmuError({
      code: "limit.word",
      value: `${target} ${what}`,
      rule: "a limit is SCOPE:NAME METER/WINDOW, such as key:k3f… tokens/minute",
      hint: `scopes ${LIMIT_SCOPES.join(", ")}; meters ${LIMIT_METERS.join(", ")}; windows minute, day, month, total; "concurrent" alone`,
    });
  const limit = (tenantId: string): NewLimit => ({
    tenantId,
    scope: scope as LimitScope,
    scopeId,
    modelId: options.model ?? "",
    meter: meter as LimitMeter,
    window: window as Window,
    most: parseCount(most),
  });
  if (scope === "key") return options.tenantOfKey(scopeId).then(limit);
  return limit(scope === "site" ? "" : scopeId.split("/", 1)[0]);
}
