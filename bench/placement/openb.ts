/** Alibaba's cluster trace gpu-v2023 ("openb") and the published results of six placement policies on it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gpuMilliOf, type NodeSpec, type Shape } from "@pulmu/jobs/placement";
import type { Random } from "@pulmu/units";

/** Arrivals go on until they ask for this share of all cards. */
const ARRIVALS = 1.3;

export interface Openb {
  readonly nodes: readonly NodeSpec[];
  /** One shape for each pod of a trace, in its order; pods that ask the same share one object. */
  pods(trace: string): readonly Shape[];
  readonly published: readonly PublishedRow[];
}

/** Allocated cards in % of all, mean of ten seeds, when so many % had arrived. */
export interface PublishedRow {
  readonly trace: string;
  /** `06-FGD`. */
  readonly policy: string;
  readonly at100: number;
  readonly at110: number;
}

/** Reads `scheduling/openb.tar.xz` in a data folder; undefined where there is none, or no tar that reads it. */
export function readOpenb(data: string): Openb | undefined {
  const archive = join(data, "scheduling", "openb.tar.xz");
  if (!existsSync(archive)) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "pulmu-openb-"));
  try {
    if (spawnSync("tar", ["-xJf", archive, "-C", folder]).status !== 0) return undefined;
    const files = new Map<string, readonly Row[]>();
    const table = (file: string) => {
      let rows = files.get(file);
      if (rows === undefined) files.set(file, (rows = readTable(join(folder, "openb", file))));
      return rows;
    };
    const published = table("expected_mean_by_workload_policy.csv")
      .filter((row) => row["metric"] === "gpu_alloc_pct")
      .map((row) => ({
        trace: row["workload"].replace("openb_pod_list_", ""),
        policy: row["policy"],
        at100: Number(row["at100"]),
        at110: Number(row["at110"]),
      }));
    const nodes = table("openb_node_list_gpu_node.csv").map((row) => ({
      cpuMilli: Number(row["cpu_milli"]),
      memoryMiB: Number(row["memory_mib"]),
      gpus: Number(row["gpu"]),
      gpuType: row["model"],
    }));
    const traces = new Map(
      [...new Set(published.map(({ trace }) => trace))].map((trace) => [trace, shapesOf(table(`openb_pod_list_${trace}.csv`))]),
    );
    return { nodes, published, pods: (trace) => traces.get(trace)! };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All pods of a trace and copies drawn from it until the cards asked for are 130 % of those there are, shuffled. */
export function arrivals(pods: readonly Shape[], totalGpuMilli: number, source: Random): Shape[] {
  const list = [...pods];
  let asked = list.reduce((sum, shape) => sum + gpuMilliOf(shape), 0);
  while (asked < ARRIVALS * totalGpuMilli) {
    const copy = pods[Math.floor(source.next() * pods.length)];
    list.push(copy);
    asked += gpuMilliOf(copy);
  }
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(source.next() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

type Row = Readonly<Record<string, string>>;

function readTable(file: string): readonly Row[] {
  const [head, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  const names = head.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
  });
}

function shapesOf(rows: readonly Row[]): readonly Shape[] {
  const shapes = new Map<string, Shape>();
  return rows.map((row) => {
    const gpus = Number(row["num_gpu"]);
    const shape: Shape = {
      cpuMilli: Number(row["cpu_milli"]),
      memoryMiB: Number(row["memory_mib"]),
      gpus,
      gpuMilli: gpus === 0 ? 0 : Number(row["gpu_milli"]),
      gpuTypes: (row["gpu_spec"] ?? "") === "" ? undefined : new Set(row["gpu_spec"].split("|")),
    };
    const key = [shape.cpuMilli, shape.memoryMiB, gpus, shape.gpuMilli, row["gpu_spec"]].join();
    const known = shapes.get(key) ?? shape;
    shapes.set(key, known);
    return known;
  });
}
