import { type Observation, readGpuExporter, readRedfish } from "@pulmu/fleet";
import { readSecret } from "@pulmu/power";
import { PulmuError } from "@pulmu/units";
import type { FleetSources, NodeSource } from "./sources-file.ts";
import type { Watches } from "./watches.ts";

/** Of one answer: 16 GPUs with a hundred fields each are a fifth of a megabyte. */
const MAX_BYTES = 4 * 2 ** 20;
/** Asked at the same time. */
const AT_ONCE = 16;

/**
 * Asks the nodes' exporters and BMCs how they are, on a schedule. What does not answer in time, answers with too much, with an error or with
 * nothing about its node has said nothing: the watch then does not know that node to be well.
 */
export class Scraper {
  readonly #config: FleetSources;
  readonly #watches: Watches;
  readonly #complain: (text: string) => void;
  readonly #trouble = new Map<NodeSource, string>();
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #working: Promise<void> | undefined;

  constructor(config: FleetSources, watches: Watches, complain: (text: string) => void) {
    this.#config = config;
    this.#watches = watches;
    this.#complain = complain;
    for (const { nodeId, source } of config.sources) watches.expect(nodeId, source);
    this.#timer = setInterval(() => void this.round(), config.everyMs).unref();
    void this.round();
  }

  /** Asks all of them once; while a round is under way there is no other. */
  round(): Promise<void> {
    this.#working ??= this.#round().finally(() => (this.#working = undefined));
    return this.#working;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort();
    await this.#working;
  }

  async #round(): Promise<void> {
    const left = this.#config.sources.values();
    const work = async () => {
      for (const source of left) if (!this.#stop.signal.aborted) await this.#ask(source);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async #ask(source: NodeSource): Promise<void> {
    const { nodeId, url } = source;
    try {
      const observations = await this.#observe(source);
      if (this.#trouble.delete(source)) this.#complain(`fleet: ${nodeId}: ${url} answers again`);
      this.#watches.report({ nodeId, source: source.source, observations });
    } catch (error) {
      const why = (error as Error).name === "TimeoutError" ? "no answer in time" : ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message; // prettier-ignore
      if (this.#stop.signal.aborted || this.#trouble.get(source) === why) return;
      this.#trouble.set(source, why); // said once, until it changes
      this.#complain(`fleet: ${nodeId} is not known to be well: ${url}: ${why}`);
    }
  }

  async #observe({ nodeId, source, url, access }: NodeSource): Promise<readonly Observation[]> {
    const text = await this.#get(url, access);
    if (source === "dcgm") return readGpuExporter(text, nodeId);
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      throw new PulmuError({ code: "fleet.redfish", rule: "not JSON" });
    }
    return readRedfish(document);
  }

  async #get(url: string, access: NodeSource["access"]): Promise<string> {
    const signal = AbortSignal.any([AbortSignal.timeout(this.#config.timeoutMs), this.#stop.signal]);
    const secret = access && Buffer.from(`${await readSecret(access.user)}:${await readSecret(access.password)}`).toString("base64");
    const answer = await fetch(url, {
      signal,
      redirect: "error",
      headers: secret === undefined ? {} : { Authorization: `Basic ${secret}` },
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new Error(`answers ${answer.status}`);
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`); // leaving the loop closes the connection
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  }
}
