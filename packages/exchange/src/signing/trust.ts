import { wallClock, type Clock } from "../clock.ts";
import { KeySet, type VerifyKey } from "./key-set.ts";

/** A participant that we listen to, and where its public keys are. */
export interface TrustedSource {
  /** `//grid/v1/isv/acme-energy` */
  readonly source: string;
  /** Path of a JWKS file, or its `https:` address. */
  readonly jwks: string;
}

/** Whom we trust. Each source has keys of its own, so that a key speaks for its source only, whatever kid it carries. */
export class Trust {
  readonly #sets: ReadonlyMap<string, KeySet>;

  constructor(sources: readonly TrustedSource[], clock: Clock = wallClock, fetcher: typeof fetch = fetch) {
    this.#sets = new Map(sources.map(({ source, jwks }) => [source, new KeySet(jwks, clock, fetcher)]));
  }

  knows(source: string): boolean {
    return this.#sets.has(source);
  }

  /** Undefined when this source has no such key. */
  async find(source: string, kid: string): Promise<VerifyKey | undefined> {
    return this.#sets.get(source)?.find(kid);
  }

  /** Key sets that could not be read the last time, in words. */
  get problems(): readonly string[] {
    return [...this.#sets.values()].flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  }
}
