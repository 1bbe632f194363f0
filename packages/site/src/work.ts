import type { Equipment } from "./equipment.ts";
import { lookup } from "./equipment.ts";
import type { GpuDemand, Tenant, Workload } from "./model.ts";
import type { Item, WorkloadItem } from "./schema.ts";
import type { Placed } from "./shape.ts";
import type { Path, SiteSource } from "./source.ts";

/** The tenants and their workloads; names that do not exist or stand twice are reported. */
export function buildWork(
  source: SiteSource,
  tenants: readonly Placed<Item<"tenants">>[],
  equipment: Equipment,
): { readonly tenants: readonly Tenant[]; readonly workloads: readonly Workload[] } {
  const taken = new Map<string, Path>();
  const claim = (id: string, path: Path): void => {
    const first = taken.get(id);
    if (first === undefined) taken.set(id, path);
    else source.report(path, { code: "site.duplicate", rule: `this id is taken at line ${source.document.lineOf(first)}` });
  };
  const workloads = tenants.flatMap(({ item, path }, tenant) => {
    claim(item.id, [...path, "id"]);
    return item.workloads.map((one, i) => {
      const place = [...path, "workloads", i];
      claim(one.id, [...place, "id"]);
      checkWorkload(source, one, place, equipment);
      return workloadOf(one, tenant, item.class);
    });
  });
  return {
    tenants: tenants.map(({ item }) => ({
      id: item.id,
      name: item.name,
      serviceClass: item.class,
      ...(item.value !== undefined && { value: item.value }),
    })),
    workloads,
  };
}

function checkWorkload(source: SiteSource, item: WorkloadItem, path: Path, { catalog, racks }: Equipment): void {
  if ((item.gpus === undefined) === (item.share === undefined)) {
    source.report(path, { code: "site.shape", value: item.id, rule: "asks for gpus or for a share: one of them" });
  }
  if (item.share === 0) source.report([...path, "share"], { code: "site.range", rule: "this share must be more than zero" });
  item.racks.forEach((rack, i) => lookup(source, racks, rack, [...path, "racks", i], "rack type"));
  if (item.kind !== "simulation") lookup(source, catalog.models, item.model, [...path, "model"], "model");
  if (item.kind === "inference") lookup(source, catalog.workloads, item.requests, [...path, "requests"], "request workload");
}

function workloadOf(item: WorkloadItem, tenant: number, tenantClass: Tenant["serviceClass"]): Workload {
  const demand: GpuDemand = item.gpus === undefined ? { share: item.share ?? 0 } : { gpus: item.gpus };
  const common = { id: item.id, tenant, serviceClass: item.class ?? tenantClass, demand, rackTypeIds: item.racks };
  if (item.kind === "inference") {
    const { kind, model, requests, load, slo } = item;
    return { kind, ...common, modelId: model, workloadId: requests, targetLoad: load, slo: { ttftS: slo.ttft, itlS: slo.itl } };
  }
  const schedule = { durationS: item.duration, firstS: item.first, everyS: item.every };
  if (item.kind === "simulation") return { kind: item.kind, ...common, ...schedule };
  if (item.kind === "batch") return { kind: item.kind, ...common, ...schedule, modelId: item.model };
  const { kind, model, checkpointEvery, checkpoint, restart } = item;
  return { kind, ...common, ...schedule, modelId: model, checkpointEveryS: checkpointEvery, checkpointS: checkpoint, restartS: restart };
}
