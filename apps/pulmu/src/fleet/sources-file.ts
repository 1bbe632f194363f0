import { dirname, isAbsolute, join } from "node:path";
import type { SourceName } from "@pulmu/fleet";
import { nodeNames } from "@pulmu/site";
import { PulmuError } from "@pulmu/units";
import { checkShape, quantity, readYamlFile } from "@pulmu/units/yaml";
import { z } from "zod";

/** Nodes one file may name: those of a gigawatt. */
const MAX_NODES = 100_000;

const schema = z.strictObject({
  pulmu: z.literal("fleet-sources/v1", { error: 'this program reads "fleet-sources/v1"' }),
  every: quantity("duration", { min: 1, max: 3_600 }).default(15),
  timeout: quantity("duration", { min: 0.1, max: 60 }).default(5),
  sources: z
    .array(
      z.strictObject({
        source: z.enum(["dcgm", "redfish"]),
        nodes: z.string().min(1).max(200),
        url: z.string().min(1).max(500),
        user: z.string().optional(),
        password: z.string().optional(),
      }),
    )
    .min(1)
    .max(1_000),
});

/** Something that is asked about one node. */
export interface NodeSource {
  readonly nodeId: string;
  readonly source: Extract<SourceName, "dcgm" | "redfish">;
  readonly url: string;
  /** Where user and password are kept, as `readSecret` takes them. */
  readonly access: { readonly user: string; readonly password: string } | undefined;
}

export interface FleetSources {
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly sources: readonly NodeSource[];
}

/**
 * Which exporters and BMCs are asked about which nodes, from a YAML file.
 * @throws PulmuError `fleet-sources.*`, `yaml.*`, `file.*` with every problem and its line
 */
export function readFleetSources(file: string): FleetSources {
  const document = readYamlFile(file);
  const { every, timeout, sources } = checkShape(schema, document, "fleet-sources");
  const problems: PulmuError["problems"][number][] = [];
  const taken = new Set<string>();
  const all = sources.flatMap(({ source, nodes, url, user, password }, i): NodeSource[] => {
    const wrong = (key: string, rule: string, hint?: string) => void problems.push(document.problem(["sources", i, key], "fleet-sources.value", rule, hint)); // prettier-ignore
    if ((user === undefined) !== (password === undefined)) wrong("user", "user and password go together");
    const access = user === undefined || password === undefined ? undefined : { user: near(user), password: near(password) };
    let names: readonly string[] = [];
    try {
      names = nodeNames(nodes, MAX_NODES);
    } catch (error) {
      wrong("nodes", (error as PulmuError).problems[0].rule, "such as gpu[1-8]");
    }
    if (names.length > 1 && !url.includes("{node}")) wrong("url", "one address for several nodes", "write {node} where its name stands");
    return names.flatMap((nodeId) => {
      const address = url.replaceAll("{node}", nodeId);
      const problem = badAddress(address, access !== undefined);
      if (problem !== undefined) return wrong("url", problem) ?? [];
      if (taken.has(`${source} ${nodeId}`)) return wrong("nodes", `${nodeId} has a ${source} source already`) ?? [];
      taken.add(`${source} ${nodeId}`);
      return [{ nodeId, source, url: address, access }];
    });
  });
  if (problems.length > 0) throw new PulmuError(problems);
  return { everyMs: every * 1_000, timeoutMs: timeout * 1_000, sources: all };

  /** Paths are taken from the file's own folder. */
  function near(secret: string): string {
    return secret.replace(/^file:(.+)$/, (_, path: string) => `file:${isAbsolute(path) ? path : join(dirname(file), path)}`);
  }
}

function badAddress(address: string, hasPassword: boolean): string | undefined {
  if (!URL.canParse(address)) return "no address";
  const { protocol, hostname, username } = new URL(address);
  if (protocol !== "http:" && protocol !== "https:") return "an address begins with http:// or https://";
  if (username !== "") return "a user in an address ends up in logs: write user and password";
  const isLoopback = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  return hasPassword && protocol === "http:" && !isLoopback ? "a password goes over https alone" : undefined;
}
