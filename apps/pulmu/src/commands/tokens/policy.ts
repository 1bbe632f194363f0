import { readFileSync } from "node:fs";
import { CedarPolicy, type KeptTreatment, prepareGateway, type Treatment, Treatments } from "@pulmu/gateway";
import { PulmuError } from "@pulmu/units";
import { printLine, printTable } from "../../accounts/print.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { type CommonOptions, withHouse } from "../accounts/identity.ts";

export interface SetOptions extends CommonOptions {
  readonly class?: string;
  readonly pii?: string;
}

function withTreatments(options: CommonOptions, work: (treatments: Treatments, by: string) => Promise<ExitCode | void>): Promise<ExitCode> {
  return withHouse(options, async ({ store, now }, by) => {
    await prepareGateway(store);
    return work(new Treatments(store, now), by.id);
  });
}

/** `tenant:snu` → whom. What it must be is checked where it is kept. */
function whomOf(text: string): Pick<KeptTreatment, "scope" | "scopeId"> {
  const at = text.indexOf(":");
  return { scope: text.slice(0, at < 0 ? text.length : at) as KeptTreatment["scope"], scopeId: at < 0 ? "" : text.slice(at + 1) };
}

export const setTreatment = (whom: string, options: SetOptions): Promise<ExitCode> =>
  withTreatments(options, async (treatments, by) => {
    const treatment = {
      ...whomOf(whom),
      ...(options.class !== undefined && { serviceClass: options.class as NonNullable<Treatment["serviceClass"]> }),
      ...(options.pii !== undefined && { pii: options.pii as NonNullable<Treatment["pii"]> }),
    };
    await treatments.set(treatment, by);
    if (options.json) return printJson(treatment);
    printLine(`${whom} is treated so; gateways do it within a second. Next: pulmu policy list`);
  });

export const listTreatments = (options: CommonOptions): Promise<ExitCode> =>
  withTreatments(options, async (treatments) => {
    const kept = await treatments.list();
    if (options.json) return printJson(kept);
    printTable(
      [{ title: "WHOM" }, { title: "CLASS" }, { title: "PERSONAL DATA" }],
      kept.map(({ scope, scopeId, serviceClass = "–", pii = "–" }) => [`${scope}:${scopeId}`, serviceClass, pii]),
      "nothing is set: classes are those of the site file, personal data is reported",
    );
  });

export const removeTreatment = (whom: string, options: CommonOptions): Promise<ExitCode> =>
  withTreatments(options, async (treatments, by) => {
    await treatments.remove(whomOf(whom), by);
    if (options.json) return printJson({ removed: whom });
    printLine(`Nothing is set for ${whom} any more.`);
  });

/** Reads a file of Cedar policies as `pulmu up --policy` does. @throws PulmuError `policy.*` */
export async function checkPolicies(file: string): Promise<ExitCode> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new PulmuError({ code: "policy.file", file, rule: "there is no such file, or it may not be read" });
  }
  const { names } = new CedarPolicy(text, file);
  printLine(
    `${file}: ${names.length === 1 ? "one policy" : `${names.length} policies`}: ${names.join(", ")}. Next: pulmu up --policy ${file}`,
  );
  return EXIT.ok;
}
