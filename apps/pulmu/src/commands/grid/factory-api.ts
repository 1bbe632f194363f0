import { PulmuError } from "@pulmu/units";
import { BusHome } from "../../bus/bus-home.ts";

/** Where a running factory answers, as the commands' options say it. */
export interface FactoryPlace {
  /** Address of its API; left out: that of the factory that was started last with `busHome`. */
  readonly api?: string;
  readonly busHome: string;
}

const ASK_MS = 5_000;

/** A running factory's API, as far as these commands ask it. */
export interface FactoryApi {
  readonly url: string;
  readonly utcOffsetMin: number;
  /** The answer as JSON; undefined: it has none (404). @throws PulmuError `grid.factory` when it cannot be reached, or refuses */
  get<T>(path: string): Promise<T | undefined>;
}

/** The factory that runs here; undefined where none is known. */
export function factoryApi({ api, busHome }: FactoryPlace): FactoryApi | undefined {
  const running = new BusHome(busHome).running();
  const url = (api ?? running?.api)?.replace(/\/$/, "");
  if (url === undefined) return undefined;
  return {
    url,
    utcOffsetMin: running?.utcOffsetMin ?? -new Date().getTimezoneOffset(),
    async get<T>(path: string) {
      let response: Response;
      try {
        response = await fetch(url + path, { signal: AbortSignal.timeout(ASK_MS) });
      } catch {
        throw new PulmuError({
          code: "grid.factory",
          path: "--api",
          value: url,
          rule: "no factory answers there",
          hint: "pulmu up starts one",
        });
      }
      if (response.status === 404) return undefined;
      const answer = (await response.json()) as T & { readonly error?: { readonly code: string; readonly message: string } };
      if (!response.ok)
        throw new PulmuError({
          code: answer.error?.code ?? "grid.factory",
          value: path,
          rule: answer.error?.message ?? `answered ${response.status}`,
        });
      return answer;
    },
  };
}

/** @throws PulmuError `grid.factory` where none is known */
export function knownFactory(place: FactoryPlace): FactoryApi {
  const api = factoryApi(place);
  if (api !== undefined) return api;
  throw new PulmuError({
    code: "grid.factory",
    path: "--api",
    rule: "no factory is known to run here",
    hint: "name its address, such as http://127.0.0.1:8117",
  });
}
