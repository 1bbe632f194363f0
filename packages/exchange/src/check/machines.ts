import type { Problem } from "@pulmu/units";
import { parseDateTime } from "../contracts/formats.ts";
import { LATER_MACHINE_STATES, type MachineState } from "../contracts/nico.ts";
import type { MachineTopic } from "../contracts/topic.ts";
import type { BusMessage } from "../message.ts";
import type { FindingLog } from "./finding.ts";
import { seconds } from "./points.ts";

/** Machines remembered. */
const MAX_MACHINES = 500_000;

/** Looks after machine states. */
export class MachineChecks {
  readonly #log: FindingLog;
  readonly #skewMs: number;
  readonly #lastMs = new Map<string, number>();

  constructor(log: FindingLog, skewMs: number) {
    this.#log = log;
    this.#skewMs = skewMs;
  }

  get count(): number {
    return this.#lastMs.size;
  }

  onState({ machineId, cluster }: MachineTopic, { machine_id, timestamp }: MachineState, { topic, atMs }: BusMessage): void {
    if (machine_id !== machineId) this.#log.note("nico.machine", topic, atMs, { path: "machine_id", value: machine_id });
    const key = `${cluster ?? ""}/${machineId}`;
    const stampMs = parseDateTime(timestamp)!; // the contract's shape has seen it
    const lastMs = this.#lastMs.get(key);
    const detail = { path: "timestamp", value: timestamp };
    if (stampMs - atMs > this.#skewMs) this.#log.note("nico.time", topic, atMs, { ...detail, hint: `${seconds(stampMs - atMs)} ahead` });
    if (lastMs !== undefined && stampMs < lastMs) this.#log.note("nico.time", topic, atMs, { ...detail, hint: "a later one came before" });
    if (lastMs !== undefined || this.#lastMs.size < MAX_MACHINES) this.#lastMs.set(key, Math.max(stampMs, lastMs ?? stampMs));
  }
}

/** Is what the contract refused only a state that later copies of it have? */
export function isLaterState({ path, value }: Problem): boolean {
  return path === "managed_host_state.state" && value !== undefined && LATER_MACHINE_STATES.includes(value);
}
