import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { openSigningKey, type SigningKey, type TrustedSource } from "@pulmu/exchange";
import { PulmuError } from "@pulmu/units";

/** Participants of DSX Flex that one house plays. */
export const PARTICIPANTS = {
  /** The grid side on this machine: `pulmu grid target`. */
  grid: "//grid/v1/isv/local",
  agent: "//grid/v1/dsx-flex-agent/pulmu",
  infra: "//grid/v1/infra/pulmu",
} as const;

/** Where a running factory can be found by other commands on this machine. */
export interface RunningBus {
  readonly bus: string;
  readonly api: string;
  readonly utcOffsetMin: number;
  /** Database with its journal: a file, or an address without its password. */
  readonly journal: string;
}

/** Signing keys and trusted sources of this house, made on first use. Whoever may read the directory may speak for the house. */
export class BusHome {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The database of what was obeyed, and of load targets in force. */
  get database(): string {
    mkdirSync(this.folder, { recursive: true });
    return join(this.folder, "exchange.db");
  }

  /**
   * The key of a participant, and its public half beside it for others.
   * @throws PulmuError `signing.key`, `signing.key-file`
   */
  async key(source: string): Promise<SigningKey> {
    const name = fileName(source);
    const key = await openSigningKey(join(this.folder, `${name}.private.json`), `${name}-1`);
    const published = join(this.folder, `${name}.jwks.json`);
    const jwks = `${JSON.stringify({ keys: [key.publicJwk] }, null, 2)}\n`;
    if (!existsSync(published)) writeFileSync(published, jwks);
    return key;
  }

  /**
   * Whom this house listens to: `trust.json`, a list of sources and their key sets, which people edit. Made on first use with the
   * participants of this house.
   * @throws PulmuError `exchange.trust-file`
   */
  async trusted(): Promise<readonly TrustedSource[]> {
    for (const source of Object.values(PARTICIPANTS)) await this.key(source);
    const file = join(this.folder, "trust.json");
    if (!existsSync(file)) {
      const own = Object.values(PARTICIPANTS).map((source) => ({ source, jwks: `${fileName(source)}.jwks.json` }));
      writeFileSync(file, `${JSON.stringify(own, null, 2)}\n`);
    }
    return readTrustFile(file);
  }

  announce(running: RunningBus): void {
    mkdirSync(this.folder, { recursive: true }); // who only plays a site has kept nothing here yet
    writeFileSync(join(this.folder, "running.json"), `${JSON.stringify(running)}\n`);
  }

  /** The factory that was started last with this directory; it may have stopped since. */
  running(): RunningBus | undefined {
    try {
      return JSON.parse(readFileSync(join(this.folder, "running.json"), "utf8")) as RunningBus;
    } catch {
      return undefined;
    }
  }
}

/** `//grid/v1/isv/local` → `isv-local` */
function fileName(source: string): string {
  return source.split("/").slice(-2).join("-");
}

function readTrustFile(file: string): readonly TrustedSource[] {
  const wrong = (rule: string) => new PulmuError({ code: "exchange.trust-file", file, rule });
  let list: unknown;
  try {
    list = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw wrong(`cannot be read: ${(error as Error).message}`);
  }
  const isSource = (entry: unknown): entry is TrustedSource => {
    const { source, jwks } = (entry ?? {}) as Partial<TrustedSource>;
    return typeof source === "string" && typeof jwks === "string";
  };
  if (!Array.isArray(list) || !list.every(isSource))
    throw wrong('must be a list of { "source": "//grid/v1/isv/…", "jwks": "file or https address" }');
  const near = (place: string) => (/^https?:/.test(place) || isAbsolute(place) ? place : join(dirname(file), place));
  return list.map(({ source, jwks }) => ({ source, jwks: near(jwks) }));
}
