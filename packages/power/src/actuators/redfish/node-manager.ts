import type { Cap, CapNote, Held } from "../actuator.ts";
import { allOf, numberAt, textAt, type BmcTalk, type Dialect } from "./dialect.ts";
import { findGpus, meanReading, readingW } from "./gpus.ts";

/** What the node manager's domain says, W of the whole node. */
interface DomainState {
  readonly minW: number;
  readonly maxW: number;
  readonly limitW: number | undefined;
  readonly enabled: boolean;
}

/**
 * Limits by node manager, the way of H100 and B200 servers: the node's domain has a limit that its components share by
 * PercentageOfDomainBudget (DGX B200 user guide, 9.3.13; NVIDIA DPS, power policies). A cap per GPU becomes the node's limit under which
 * all GPUs together get the sum of their caps; how they share it is the firmware's. It knows no clock limit.
 *
 * Published are the domain's path and the shape of its policies (Limit, Status). That the domain itself has the same two, and its range
 * in Capabilities as Intel's NmDomain has, is a guess: a domain that shows otherwise is read as not limited, never as limited.
 */
export class NodeManager implements Dialect {
  readonly #talk: BmcTalk;
  readonly #domainPath: string;
  /** Node watts for one watt of cap on each GPU. */
  readonly #nodeWPerCapW: number;
  #gpus: readonly string[] | undefined;
  #known: DomainState | undefined;

  constructor(talk: BmcTalk, { domainPath, gpuShare }: NonNullable<BmcTalk["profile"]["nodeManager"]>) {
    this.#talk = talk;
    this.#domainPath = domainPath;
    this.#nodeWPerCapW = talk.profile.gpus / gpuShare;
  }

  async read(signal: AbortSignal): Promise<Held> {
    const domain = await this.#domain(signal);
    const gpus = (this.#gpus ??= await findGpus(this.#talk, signal));
    const metrics = await allOf(gpus.map((path) => this.#talk.session.get(`${path}/EnvironmentMetrics`, signal)));
    const gpuPowerW = meanReading(metrics.map((each) => readingW(each, this.#talk.gpuMaxW)));
    const notes = notInForce(domain);
    if (gpuPowerW !== undefined) return this.#held(domain, gpuPowerW, notes);
    return this.#held(domain, undefined, [...notes, { code: "implausible-reading", text: "a GPU tells no plausible power" }]);
  }

  async tell(cap: Cap, _standing: boolean, signal: AbortSignal): Promise<void> {
    const domain = this.#known ?? (await this.#domain(signal));
    const change = { Limit: this.#target(domain, cap), Status: { State: "Enabled" } };
    await this.#talk.session.patch(this.#domainPath, change, signal);
  }

  async verify(cap: Cap, signal: AbortSignal): Promise<Held> {
    const domain = await this.#domain(signal);
    const askedW = cap.gpuCapW * this.#nodeWPerCapW;
    const toldW = this.#target(domain, cap);
    const notes = [...notInForce(domain)];
    const add = (code: CapNote["code"], text: string) => notes.push({ code, text });
    if (askedW < domain.minW) add("below-minimum", `${Math.floor(askedW)} W for the node is below its minimum, ${domain.minW} W`);
    if (askedW > domain.maxW && cap.gpuCapW !== Infinity) {
      add("above-maximum", `${Math.floor(askedW)} W for the node is above its maximum, ${domain.maxW} W`);
    }
    if (domain.enabled && domain.limitW !== undefined && Math.abs(domain.limitW - toldW) > 0.5) {
      add("differs", `the node was told ${toldW} W and shows ${domain.limitW} W`);
    }
    if (cap.clockLimit < 1) add("no-clock-limit", "a node manager limits no clock");
    return this.#held(domain, undefined, notes);
  }

  async #domain(signal: AbortSignal): Promise<DomainState> {
    const { session, gpuMinW, gpuMaxW } = this.#talk;
    const json = await session.get(this.#domainPath, signal);
    const maxW = numberAt(json, "Capabilities", "Max") ?? gpuMaxW * this.#nodeWPerCapW;
    const minW = Math.min(numberAt(json, "Capabilities", "Min") ?? gpuMinW * this.#nodeWPerCapW, maxW);
    const limitW = numberAt(json, "Limit");
    const enabled = textAt(json, "Status", "State") === "Enabled" && limitW !== undefined && limitW > 0;
    this.#known = { minW, maxW, limitW, enabled };
    return this.#known;
  }

  /** What the node is told: whole watts, inside what it allows. */
  #target(domain: DomainState, cap: Cap): number {
    return Math.max(Math.ceil(domain.minW), Math.floor(Math.min(cap.gpuCapW * this.#nodeWPerCapW, domain.maxW)));
  }

  #held(domain: DomainState, gpuPowerW: number | undefined, notes: readonly CapNote[]): Held {
    const nodeW = domain.enabled ? Math.min(domain.limitW!, domain.maxW) : domain.maxW;
    const gpuCapW = Math.min(nodeW / this.#nodeWPerCapW, this.#talk.gpuMaxW);
    return { gpus: this.#talk.profile.gpus, gpuCapW, clockLimit: 1, gpuPowerW, notes };
  }
}

function notInForce(domain: DomainState): readonly CapNote[] {
  if (domain.enabled) return [];
  const what = domain.limitW === undefined ? "no limit is set" : `the limit of ${domain.limitW} W is not in force`;
  return [{ code: "not-in-force", text: `the node manager: ${what}; the node may draw ${domain.maxW} W` }];
}
