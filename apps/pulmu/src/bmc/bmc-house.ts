import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Simulation } from "@pulmu/twin";
import type { EmulatedBmc } from "./emulated-bmc.ts";
import { serveBmcs } from "./serve-bmcs.ts";
import { twinBmcs } from "./twin-bmcs.ts";

const USER = "pulmu";

/** `/api/bmcs`: what the emulated BMCs were asked, all of them together; `most…`: at the one that saw most. */
export interface BmcSums {
  readonly bmcs: number;
  readonly requests: number;
  readonly writes: number;
  readonly mostSessions: number;
  readonly mostLogins: number;
  readonly mostAtOnce: number;
}

/** The emulated BMCs of a twin, a tray each, on a port of this machine. */
export interface BmcHouse {
  /** `http://127.0.0.1:9443/{rack}/tray-{tray}` */
  readonly pattern: string;
  /** What `pulmu up --bmcs` takes to reach them. */
  readonly accessFile: string;
  sums(): BmcSums;
  close(): Promise<void>;
}

/**
 * Serves a BMC for each tray of the twin, and leaves in `folder` how to get at them: the password in a file that only its owner may read.
 * @throws PulmuError `bmc.no-profile`
 */
export async function openBmcHouse(twin: Simulation, port: number, folder: string): Promise<BmcHouse> {
  const [passwordFile, userFile, accessFile] = ["bmc-password", "bmc-user", "bmcs.yaml"].map((name) => join(folder, name));
  // Kept over a restart: whoever operates the site need not be told anew.
  const password = existsSync(passwordFile) ? readFileSync(passwordFile, "utf8").trim() : randomBytes(18).toString("base64url");
  const bmcs = twinBmcs(twin, [...twin.site.racks.keys()], { user: USER, password });
  const server = await serveBmcs(bmcs, { port });
  mkdirSync(folder, { recursive: true });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  writeFileSync(userFile, `${USER}\n`, { mode: 0o600 });
  const pattern = server.urlOf("{rack}/tray-{tray}");
  writeFileSync(accessFile, `url: "${pattern}"\nuser: file:bmc-user\npassword: file:bmc-password\nplainHttp: true\n`);
  return { pattern, accessFile, sums: () => sumsOf([...bmcs.values()]), close: () => server.close() };
}

function sumsOf(bmcs: readonly EmulatedBmc[]): BmcSums {
  const most = (of: (bmc: EmulatedBmc) => number) => bmcs.reduce((highest, bmc) => Math.max(highest, of(bmc)), 0);
  const sum = (of: (bmc: EmulatedBmc) => number) => bmcs.reduce((total, bmc) => total + of(bmc), 0);
  return {
    bmcs: bmcs.length,
    requests: sum(({ seen }) => seen.requests),
    writes: sum(({ seen }) => seen.writes),
    mostSessions: most(({ sessions }) => sessions),
    mostLogins: most(({ seen }) => seen.logins),
    mostAtOnce: most(({ seen }) => seen.mostAtOnce),
  };
}
