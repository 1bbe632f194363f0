import { type Problem, PulmuError } from "@pulmu/units";

/** What a tenant (`snu`) or one of its projects (`snu/genomics`) may use. Infinity = no limit. */
export interface Quota {
  readonly groupId: string;
  /** What it gets whenever it wants it: others are paused for it if need be. */
  readonly guaranteedGpus: number;
  readonly guaranteedW: number;
  /** What it never exceeds, at any moment. */
  readonly limitGpus: number;
  readonly limitW: number;
  /** In a calendar month. */
  readonly limitGpuHours: number;
  /** Its share, beside others, of what nobody is guaranteed or has asked for. */
  readonly weight: number;
}

/** Kept free for a tenant or project from a moment to a moment, used or not. */
export interface Reservation {
  readonly id: string;
  readonly groupId: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly gpus: number;
  readonly powerW: number;
}

/** Of a group for which nothing was set: no guarantee, no limit, an equal share. */
export function openQuota(groupId: string): Quota {
  return {
    groupId,
    guaranteedGpus: 0,
    guaranteedW: 0,
    limitGpus: Infinity,
    limitW: Infinity,
    limitGpuHours: Infinity,
    weight: 1,
  };
}

/** The group around a group; undefined for a tenant. */
export function parentOf(groupId: string): string | undefined {
  const slash = groupId.indexOf("/");
  return slash < 0 ? undefined : groupId.slice(0, slash);
}

/**
 * Do these quotas fit together, and into what there is? Projects' guarantees fit into their tenant's, tenants' into the cluster.
 * @throws PulmuError `quota.*` with all problems
 */
export function checkQuotas(quotas: readonly Quota[], capacity: { readonly gpus: number; readonly powerW: number }): void {
  const problems: Problem[] = [];
  const known = new Map(quotas.map((quota) => [quota.groupId, quota]));
  for (const quota of quotas) {
    for (const name of ["guaranteedGpus", "guaranteedW", "limitGpus", "limitW", "limitGpuHours", "weight"] as const)
      if (!(quota[name] >= 0)) problems.push({ code: "quota.value", path: `${quota.groupId}.${name}`, value: String(quota[name]), rule: "zero or more" }); // prettier-ignore
    for (const [least, most] of [["guaranteedGpus", "limitGpus"], ["guaranteedW", "limitW"]] as const) // prettier-ignore
      if (quota[least] > quota[most])
        problems.push({ code: "quota.order", path: `${quota.groupId}.${least}`, value: String(quota[least]), rule: `more than its limit, ${quota[most]}` }); // prettier-ignore
  }
  for (const [parent, own] of Map.groupBy(quotas, ({ groupId }) => parentOf(groupId))) {
    for (const [name, whole] of [
      ["guaranteedGpus", capacity.gpus],
      ["guaranteedW", capacity.powerW],
    ] as const) {
      // prettier-ignore
      const sum = own.reduce((total, quota) => total + quota[name], 0);
      const most = parent === undefined ? whole : (known.get(parent)?.[name] ?? 0);
      if (sum > most)
        problems.push({ code: "quota.sum", path: `${parent ?? "all tenants"}.${name}`, value: String(sum), rule: `more than there is to guarantee: ${most}`, hint: own.map(({ groupId, [name]: value }) => `${groupId} ${value}`).join(", ") }); // prettier-ignore
    }
  }
  if (problems.length > 0) throw new PulmuError(problems);
}
