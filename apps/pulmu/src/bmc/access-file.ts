import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { readSecret, type Trust } from "@pulmu/power";
import { PulmuError } from "@pulmu/units";
import { checkShape, readYamlFile } from "@pulmu/units/yaml";
import { z } from "zod";
import type { BmcAccess } from "./rack-devices.ts";

const schema = z.strictObject({
  /** `{rack}` stands for a rack's id as the site file has it, `{tray}` for its tray from 1, with two digits. */
  url: z.string().regex(/\{rack\}/, "names where a tray's BMC is found, with {rack} and {tray} in it"),
  user: z.string(),
  password: z.string(),
  ca: z.string().optional(),
  certificate: z.string().optional(),
  plainHttp: z.boolean().optional(),
});

/**
 * How to get at the BMCs of a site, from a YAML file: their addresses by a pattern, and where user and password are kept. Paths in it are
 * taken from the file's own folder.
 * @throws PulmuError `bmcs.*` with every problem
 */
export function readBmcAccess(file: string): BmcAccess {
  const { url, user, password, ca, certificate, plainHttp } = checkShape(schema, readYamlFile(file), "bmcs");
  const near = (path: string) => (isAbsolute(path) ? path : join(dirname(file), path));
  const secret = (reference: string) => readSecret(reference.replace(/^file:(.+)$/, (_, path: string) => `file:${near(path)}`));
  const pem = (path: string, field: string) => {
    try {
      return readFileSync(near(path), "utf8");
    } catch {
      throw new PulmuError({ code: "bmcs.file", file, path: field, value: path, rule: "cannot be read" });
    }
  };
  const trust: Trust =
    plainHttp === true
      ? "plain-http-on-loopback"
      : certificate !== undefined
        ? { certificate: pem(certificate, "certificate") }
        : ca === undefined
          ? "system"
          : { ca: pem(ca, "ca") };
  return {
    urlOf: (rackId, tray) => url.replaceAll("{rack}", rackId).replaceAll("{tray}", String(tray).padStart(2, "0")),
    trust,
    credentials: async () => ({ user: await secret(user), password: await secret(password) }),
  };
}
