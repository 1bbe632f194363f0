import type { Site } from "@pulmu/site";
import type { NewNode } from "./fleet.ts";
import type { SlurmNode } from "./health/sources/slurm.ts";

/**
 * The compute trays of a site's racks: `h1/r03/07/t05`. A site file has no serials: until the first repair a tray's name stands for it.
 * Racks whose work an engine hands out are left out: that engine names their nodes.
 */
export function nodesOfSite(site: Site): readonly NewNode[] {
  const engines = new Set(site.engineRacks.map(({ rack }) => rack));
  return site.racks.flatMap(({ id, typeId, type }, rack) =>
    engines.has(rack)
      ? []
      : Array.from({ length: type.trays }, (_, tray) => ({
          id: trayId(id, tray),
          rackId: id,
          typeId,
          serial: `${site.id}:${trayId(id, tray)}`,
          gpus: type.gpusPerTray,
        })),
  );
}

/** Trays of a rack count from 1, in two digits. */
export function trayId(rackId: string, tray: number): string {
  return `${rackId}/t${String(tray + 1).padStart(2, "0")}`;
}

/** Nodes as Slurm names them. It knows no racks: each node's name without its number stands for one. */
export function nodesOfSlurm(nodes: readonly SlurmNode[]): readonly NewNode[] {
  return nodes.map(({ id, gpus }) => ({
    id,
    rackId: id.replace(/\d+$/, "") || id,
    typeId: `slurm-${gpus}-gpus`,
    serial: `slurm:${id}`,
    gpus,
  }));
}
