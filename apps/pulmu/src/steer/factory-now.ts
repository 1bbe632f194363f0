import { buildBudgetTree, Profiles, type FactoryNow, type PricedWork, type Work } from "@pulmu/power";
import { SERIES, type Simulation } from "@pulmu/twin";
import { twinWorks } from "./twin-plant.ts";

/** Assumed, as in prices/standard.yaml: no site's prices are public. */
export const ASSUMED_PRICES = { krwPerMTokens: 1200, krwPerGpuH: 4500 } as const;

interface Known extends Pick<FactoryNow, "tree" | "profiles"> {
  readonly works: readonly Work[];
}

/**
 * A factory as it runs now, with what its work is worth: what a reduction is quoted on.
 * @param storage its batteries may help
 * @param known what steering knows: of the site, and who works where with how much need
 */
export function factoryNow(simulation: Simulation, storage: boolean, known?: Known): FactoryNow {
  const { site, rackPowerW, row } = simulation;
  const batteriesW = site.bess.reduce((sum, { powerW }) => sum + powerW, 0);
  return {
    site,
    tree: known?.tree ?? buildBudgetTree(site),
    profiles: known?.profiles ?? new Profiles(site, "value"),
    works: pricedWorks(simulation, known?.works ?? twinWorks(simulation).works() ?? []),
    rackPowerW,
    storage: { powerW: storage ? batteriesW : 0, energyJ: storage ? row[SERIES.bessStoredJ] : 0 },
  };
}

/**
 * Services by their tokens, jobs by their GPUs' hours. A service can make what it makes now over the share of its saturation that the
 * site file gives it; work without tokens counts a GPU's second as one, a millionth of the rest.
 */
function pricedWorks(simulation: Simulation, works: readonly Work[]): readonly PricedWork[] {
  const services = new Map(simulation.services().map((row) => [row.id, row]));
  const jobs = new Map(simulation.jobs().map((job) => [job.id, job]));
  const loads = new Map(simulation.site.workloads.flatMap((one) => (one.kind === "inference" ? [[one.id, one.targetLoad] as const] : [])));
  const tenants = new Map(simulation.placements().map(({ id, tenantId }) => [id, tenantId]));
  return works.map((work): PricedWork => {
    const tenantId = tenants.get(work.id) ?? "";
    const service = services.get(work.id);
    if (service !== undefined) {
      const { tokensPerS } = service;
      const fullTokensPerS = tokensPerS / (loads.get(work.id) ?? 1);
      return { work, tenantId, fullTokensPerS, wantedTokensPerS: tokensPerS, krwPerMTokens: ASSUMED_PRICES.krwPerMTokens };
    }
    const gpus = work.pieces.reduce((sum, piece) => sum + piece.gpus, 0);
    const job = jobs.get(work.id);
    const ranS = job === undefined ? 0 : simulation.atS - job.startedS;
    const tokensPerS = job !== undefined && job.tokens > 0 && ranS > 0 ? job.tokens / ranS : gpus;
    const krwPerMTokens = ((gpus * ASSUMED_PRICES.krwPerGpuH) / 3600 / tokensPerS) * 1e6;
    return { work, tenantId, fullTokensPerS: tokensPerS, wantedTokensPerS: tokensPerS, krwPerMTokens };
  });
}
