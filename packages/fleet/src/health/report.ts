export const SOURCES = ["dcgm", "xid", "redfish", "slurm"] as const;
export type SourceName = (typeof SOURCES)[number];

/** One thing a source says: a metric and its value, the number of an error, a state. */
export interface Observation {
  /** `DCGM_FI_DEV_GPU_TEMP`, `79`, `health`, `state`. */
  readonly signal: string;
  readonly value: number | string;
  /** `GPU3`, `PSU1`; "" for the node itself. */
  readonly component: string;
  readonly text: string;
}

/** What one source says of one node at one time. */
export interface Report {
  readonly nodeId: string;
  readonly source: SourceName;
  readonly atMs: number;
  readonly observations: readonly Observation[];
}

/** Sources that tell of things that happened; the others tell how things are, all of it each time. */
export function tellsEvents(source: SourceName): boolean {
  return source === "xid";
}
