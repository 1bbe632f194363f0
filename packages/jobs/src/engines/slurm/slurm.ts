import type { CheckpointSignal, Engine, EngineAbilities, EngineChanges, EngineNode, EngineOrder } from "../engine.ts";
import { engineError } from "../problems.ts";
import { engineJob, engineNode } from "./answers.ts";
import { SlurmCommands } from "./commands.ts";
import { type Placing, SlurmRest } from "./rest.ts";
import { changesNodes } from "./rest-versions.ts";

export interface SlurmOptions {
  /** Address of slurmrestd; undefined = Slurm's own commands alone. */
  readonly url: string | undefined;
  /** Whose jobs they are: must exist on the controller's machine. */
  readonly user: string;
  /** The token for slurmrestd, asked for before each call. */
  readonly token: () => string;
  /** Environment of Slurm's commands (SLURM_CONF). */
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => number;
  /** "" = the cluster's default. */
  readonly partition?: string;
  /** Nodes of one rack share a feature that looks like this. */
  readonly rackFeature?: RegExp;
  /** The licence that counts kilowatts. */
  readonly powerLicense?: string;
}

/** Name of the reservation that keeps back the kilowatts that may not be used now. */
const RESERVATION = "pulmu-power";
/** slurmctld's clock is asked for again after this long. */
const CLOCK_EVERY_MS = 60_000;
const DEFAULT_RACK = /^rack/;

/**
 * Slurm, over slurmrestd where there is one, and by its commands for what that version cannot do (22.05: requeue, drain, reservations).
 * Power is a counted licence; the budget of now is what a reservation of that licence leaves.
 */
export class SlurmEngine implements Engine {
  readonly name = "slurm";
  readonly #options: SlurmOptions;
  readonly #rest: SlurmRest | undefined;
  readonly #commands: SlurmCommands;
  #hasCommands = false;
  /** Licences of power, kW; 0 = the cluster counts none. */
  #powerKw = 0;
  #gpuType = "";
  #racks: ReadonlyMap<string, number> = new Map();
  #clock = { aheadMs: 0, atMs: -Infinity };

  constructor(options: SlurmOptions) {
    this.#options = options;
    this.#commands = new SlurmCommands(options.env);
    if (options.url !== undefined) this.#rest = new SlurmRest({ ...options, url: options.url });
  }

  async probe(): Promise<EngineAbilities> {
    const version = await this.#rest?.probe();
    const commands = await this.#commands.version();
    this.#hasCommands = commands !== undefined;
    if (this.#rest === undefined && !this.#hasCommands)
      throw engineError("away", "slurm", "neither an address of slurmrestd nor Slurm's commands here");
    const licenses = await this.#by.licenses();
    this.#powerKw = licenses.find(({ LicenseName }) => LicenseName === (this.#options.powerLicense ?? "kw"))?.Total ?? 0;
    await this.nodes();
    const ways = [version === undefined ? [] : `slurmrestd ${version}`, commands === undefined ? [] : `its commands (${commands})`].flat();
    return {
      description: `Slurm by ${ways.join(" and ")}`,
      requeue: this.#hasCommands,
      drain: this.#hasCommands || (version !== undefined && changesNodes(version)),
      powerW: this.#hasCommands ? this.#powerKw * 1000 : 0,
      excludeNodes: this.#hasCommands || (version !== undefined && version !== "v0.0.38"),
      images: false,
    };
  }

  async submit(order: EngineOrder): Promise<string> {
    const id = await this.#by.submit(order, this.#placing(order));
    // v0.0.38 has no word for it; the job is held, so nothing is lost by saying it after.
    if (order.excludedNodes.length > 0 && this.#rest !== undefined && this.#hasCommands) await this.#commands.excludeNodes(id, order.excludedNodes); // prettier-ignore
    return id;
  }

  release(engineId: string): Promise<void> {
    return this.#by.release(engineId);
  }

  cancel(engineId: string): Promise<void> {
    return this.#by.cancel(engineId);
  }

  signal(engineId: string, signal: CheckpointSignal): Promise<void> {
    return this.#by.signal(engineId, signal);
  }

  requeueHeld(engineId: string): Promise<void> {
    return this.#commands.requeueHeld(engineId);
  }

  async changes(cursor: string): Promise<EngineChanges | undefined> {
    const askedMs = this.#options.now() - (this.#hasCommands ? 0 : await this.#aheadMs());
    // Where squeue is at hand it is asked: slurmrestd gives all of each job, and needs ten times as long.
    const byCommand = this.#hasCommands || this.#rest === undefined;
    const jobs = byCommand ? await this.#commands.jobs(this.#options.user) : await this.#rest.jobs(Number(cursor));
    if (jobs === undefined) return undefined;
    // A second earlier: what changes later in this same second is told again rather than missed.
    return {
      jobs: jobs.map(engineJob).filter(({ token }) => token !== ""),
      complete: true,
      cursor: String(Math.floor(askedMs / 1000) - 1),
    };
  }

  async nodes(): Promise<readonly EngineNode[]> {
    const raw = await this.#by.nodes();
    this.#gpuType = /gpu:([^:,()]+):\d+/.exec(raw.find(({ gres }) => gres?.includes("gpu") === true)?.gres ?? "")?.[1] ?? "";
    const nodes = raw.map((node) => engineNode(node, this.#options.rackFeature ?? DEFAULT_RACK));
    const racks = new Map<string, number>();
    for (const { rack } of nodes) if (rack !== "") racks.set(rack, (racks.get(rack) ?? 0) + 1);
    this.#racks = racks;
    return nodes;
  }

  drain(node: string, reason: string): Promise<void> {
    return this.#hasCommands || this.#rest === undefined ? this.#commands.setNode(node, "drain", reason) : this.#rest.setNode(node, "DRAIN", reason); // prettier-ignore
  }

  undrain(node: string): Promise<void> {
    return this.#hasCommands || this.#rest === undefined ? this.#commands.setNode(node, "resume", "") : this.#rest.setNode(node, "RESUME", ""); // prettier-ignore
  }

  async limitPower(budgetW: number): Promise<void> {
    const kept = Math.min(this.#powerKw, Math.max(0, this.#powerKw - Math.floor(budgetW / 1000)));
    await this.#commands.reserveLicenses(RESERVATION, `${this.#options.powerLicense ?? "kw"}:${kept}`, this.#options.user);
  }

  /** Licences of a running job can be changed by an operator; where it is not done, Slurm counts more than is drawn. */
  async countPower(engineId: string, powerW: number): Promise<void> {
    if (this.#hasCommands && this.#powerKw > 0) await this.#commands.setLicenses(engineId, `${this.#options.powerLicense ?? "kw"}:${Math.ceil(powerW / 1000)}`); // prettier-ignore
  }

  async close(): Promise<void> {
    await this.#rest?.close();
  }

  get #by(): SlurmRest | SlurmCommands {
    return this.#rest ?? this.#commands;
  }

  #placing({ nodes, gpusPerNode, topology, powerW }: EngineOrder): Placing {
    const fitting = topology === "any" || nodes === 1 ? [] : [...this.#racks].filter(([, size]) => size >= nodes).map(([rack]) => rack);
    return {
      partition: this.#options.partition ?? "",
      constraint: fitting.length === 0 ? "" : `[${fitting.join("|")}]`,
      licenses: this.#powerKw === 0 || powerW === 0 ? "" : `${this.#options.powerLicense ?? "kw"}:${Math.ceil(powerW / 1000)}`,
      gpusPerNode: gpusPerNode === 0 ? "" : this.#gpuType === "" ? String(gpusPerNode) : `${this.#gpuType}:${gpusPerNode}`,
    };
  }

  /** How far our clock is ahead of slurmctld's: `update_time` is by its own. */
  async #aheadMs(): Promise<number> {
    if (this.#rest === undefined) return 0;
    const nowMs = this.#options.now();
    if (nowMs - this.#clock.atMs > CLOCK_EVERY_MS || nowMs < this.#clock.atMs)
      this.#clock = { aheadMs: nowMs - (await this.#rest.clockMs()), atMs: nowMs };
    return this.#clock.aheadMs;
  }
}
