import { readFile } from "node:fs/promises";
import { PulmuError } from "@pulmu/units";

/** A user of a BMC. Read anew for every login, so that a changed password needs no restart; never logged, never part of an error. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/**
 * Reads a secret from where it is kept: `file:PATH` (a newline at the end is none of it) or `env:NAME`.
 * @throws PulmuError `actuator.secret` naming the place, never the secret. A secret written in place is refused: it would end up in logs
 */
export async function readSecret(reference: string, env: Readonly<Record<string, string | undefined>> = process.env): Promise<string> {
  const [, kind, place] = /^(file|env):(.+)$/.exec(reference) ?? [];
  if (place === undefined) {
    throw new PulmuError({ code: "actuator.secret", rule: "a secret is named by where it is kept", hint: "write file:PATH or env:NAME" });
  }
  const secret = kind === "env" ? env[place] : await readFile(place, "utf8").catch(() => undefined);
  const text = secret?.replace(/\r?\n$/, "");
  if (text === undefined || text === "") {
    const hint = kind === "env" ? `export ${place} before you start Pulmu` : "check the path and who may read it";
    throw new PulmuError({ code: "actuator.secret", value: reference, rule: "there is no secret here", hint });
  }
  return text;
}
