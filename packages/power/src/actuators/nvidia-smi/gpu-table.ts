/** What `nvidia-smi` says of one GPU. Values that a GPU does not have are undefined. */
export interface GpuRow {
  readonly uuid: string;
  readonly name: string;
  readonly powerW: number | undefined;
  /** The limit that acts now, whoever set it: the management limit does not show one set through the BMC (NVML, enforced power limit). */
  readonly enforcedLimitW: number | undefined;
  readonly minLimitW: number | undefined;
  readonly maxLimitW: number | undefined;
  readonly maxClockMHz: number | undefined;
}

const FIELDS = ["uuid", "name", "power.draw", "enforced.power.limit", "power.min_limit", "power.max_limit", "clocks.max.sm"] as const;

/** Arguments of the query whose output `parseGpuTable` reads. */
export const QUERY: readonly string[] = [`--query-gpu=${FIELDS.join(",")}`, "--format=csv,noheader,nounits"];

/** Reads the table, one GPU a line: `GPU-8f…, NVIDIA H100 80GB HBM3, 71.23, 700.00, 200.00, 700.00, 1980`. Undefined when it is none. */
export function parseGpuTable(text: string): readonly GpuRow[] | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const rows = lines.map((line) => line.split(",").map((cell) => cell.trim()));
  if (rows.length === 0 || rows.some((cells) => cells.length !== FIELDS.length || !cells[0].startsWith("GPU-"))) return undefined;
  return rows.map(([uuid, name, ...cells]) => {
    const [powerW, enforcedLimitW, minLimitW, maxLimitW, maxClockMHz] = cells.map(number);
    return { uuid, name, powerW, enforcedLimitW, minLimitW, maxLimitW, maxClockMHz };
  });
}

/** `[N/A]`, `[Not Supported]` and their like are no numbers. */
function number(cell: string): number | undefined {
  const value = cell === "" ? NaN : Number(cell);
  return Number.isFinite(value) ? value : undefined;
}
