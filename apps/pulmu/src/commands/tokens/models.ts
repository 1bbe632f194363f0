import { printTable } from "../../accounts/print.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { type DoorOptions, listModels } from "./door-client.ts";

/** `pulmu models`: what can be asked, and where it answers. @throws PulmuError `server.*`, `key.missing` */
export async function models(options: DoorOptions & { readonly json?: boolean }): Promise<ExitCode> {
  const rows = await listModels(options);
  if (options.json) printJson(rows);
  else
    printTable(
      [{ title: "model" }, { title: "version" }, { title: "site" }, { title: "jurisdiction" }, { title: "answers" }],
      rows.map((row) => [row.id, row.model_version, row.site, row.jurisdiction, row.simulated === true ? "simulated" : "real"]),
      "no models",
    );
  return EXIT.ok;
}
