import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtConsole } from "./built-console.ts";
import { PulmuProcess } from "./run-pulmu.ts";

/** A factory as `npm start` runs it, with a site of eight racks. */
export interface LabFactory {
  readonly url: string;
  /** What signs in the one who sees the terminal: `/#in=…`. */
  readonly link: string;
  /** Where its key is: `admin-key`. */
  readonly folder: string;
  close(): Promise<void>;
}

export async function openLab(): Promise<LabFactory> {
  builtConsole();
  const folder = mkdtempSync(join(tmpdir(), "pulmu-lab-"));
  const args = ["up", "--site", "sites/lab.yaml", "--port", "0", "--bus-port", "0", "--no-ui", "--bus-home", join(folder, "bus")];
  const up = new PulmuProcess(args, { PULMU_DATABASE: join(folder, "house.db") });
  const [, url, link] = await up.printed(/^Console: (http:\/\/[\d.:]+)(\/#in=\S+)$/m);
  await up.printed(/^Bus: /m);
  const close = async () => {
    up.child.kill("SIGTERM");
    await up.end();
    rmSync(folder, { recursive: true });
  };
  return { url, link, folder, close };
}
