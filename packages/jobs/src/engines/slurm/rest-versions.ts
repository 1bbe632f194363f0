/** Versions of slurmrestd's API that we speak, newest first. SchedMD keeps each for about two years. */
export const REST_VERSIONS = ["v0.0.46", "v0.0.45", "v0.0.44", "v0.0.43", "v0.0.42", "v0.0.41", "v0.0.40", "v0.0.39", "v0.0.38"] as const;
export type RestVersion = (typeof REST_VERSIONS)[number];

/** The newest of the versions served (as the paths of its OpenAPI document tell) that we speak too. */
export function newestCommon(paths: readonly string[]): { readonly version: RestVersion | undefined; readonly served: readonly string[] } {
  const served = [...new Set(paths.flatMap((path) => /^\/slurm\/(v[\d.]+)\//.exec(path)?.[1] ?? []))].toSorted();
  return { version: REST_VERSIONS.find((version) => served.includes(version)), served };
}

/** v0.0.42 was the first that can change a node. */
export function changesNodes(version: RestVersion): boolean {
  return REST_VERSIONS.indexOf(version) <= REST_VERSIONS.indexOf("v0.0.42");
}

/** v0.0.38 takes flags as text, nodes as a pair and the environment as an object; later ones came with a parser that does not. */
export function isFirstShape(version: RestVersion): boolean {
  return version === "v0.0.38";
}
