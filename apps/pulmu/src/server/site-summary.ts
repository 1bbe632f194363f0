import type { Site } from "@pulmu/site";

/** `/api/site`: the site as it is built in this phase, with names in place of indices and racks counted, not listed. */
export function siteSummary(site: Site) {
  const names = (indices: readonly number[]) => indices.map((index) => site.nodes[index].id);
  return {
    id: site.id,
    name: site.name,
    country: site.country,
    timezone: site.timezone,
    phase: site.phase,
    phases: site.phases,
    racks: site.racks.length,
    gpus: site.racks.reduce((sum, rack) => sum + rack.type.trays * rack.type.gpusPerTray, 0),
    rackTypes: Object.fromEntries(countBy(site.racks.map((rack) => rack.typeId))),
    feeds: site.feeds.map(({ node, ...feed }) => ({ ...feed, node: site.nodes[node].id })),
    nodes: site.nodes.map(({ id, kind, parents, ratingW, units, redundancy }) => ({
      id,
      kind,
      parents: names(parents),
      ratingW,
      units,
      redundancy,
    })),
    loops: site.loops.map(({ id, supplyC, capacityW, redundancy, parents }) => ({
      id,
      supplyC,
      capacityW,
      redundancy,
      parents: names(parents),
    })),
    halls: site.halls.map(({ id, rows, racksPerRow, firstRack, endRack, phaseId }) => ({
      id,
      rows,
      racksPerRow,
      racks: endRack - firstRack,
      phase: phaseId,
    })),
    bess: site.bess.map(({ id, powerW, energyJ, parents }) => ({ id, powerW, energyJ, parents: names(parents) })),
    fixedLoads: site.fixedLoads.map(({ id, it, powerW }) => ({ id, it, powerW })),
    tenants: site.tenants,
    workloads: site.workloads.map(({ tenant, ...workload }) => ({ ...workload, tenant: site.tenants[tenant].id })),
    assumptions: site.assumptions,
  };
}

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
