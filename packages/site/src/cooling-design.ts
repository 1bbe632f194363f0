import type { ChillerPart } from "@pulmu/catalog";
import type { CoolingLoop, Site } from "./model.ts";

/** Facility water warms by this much across its load at full flow, K (OCP: 1.5 L/min/kW at 10 K or less). */
const WATER_RISE_K = 10;
/** Water for air handlers, and how far above ambient a condenser works, °C and K. Common practice. */
const CHILLED_C = 18;
const CONDENSER_APPROACH_K = 8;

/** Heat of one loop and the power that carries it away at design weather, W. */
export interface LoopDesign {
  readonly liquidHeatW: number;
  readonly airHeatW: number;
  /** Heat the chillers must lift: what the coolers cannot, and the air's where there is a chiller. */
  readonly chilledW: number;
  readonly powerW: number;
}

export interface CoolingDesign {
  /** Heat of the racks' liquid and power of the pumps of each CDU group, W. */
  readonly cdus: readonly { readonly heatW: number; readonly powerW: number }[];
  readonly loops: readonly LoopDesign[];
}

/**
 * Heat and power of the cooling plant with every rack at what is provisioned for it, at the design weather of each loop. Pumps and fans
 * are taken in proportion to the heat they move. Air heat of fixed IT loads is spread over the loops as their racks' heat is.
 */
export function coolingAtDesign(site: Site): CoolingDesign {
  const liquidW = new Float64Array(site.cdus.length);
  const rackW = new Float64Array(site.loops.length);
  const airW = new Float64Array(site.loops.length);
  for (const { cdu, provisionedW, type } of site.racks) {
    const { loop } = site.cdus[cdu];
    liquidW[cdu] += provisionedW * type.liquidShare;
    airW[loop] += provisionedW * (1 - type.liquidShare);
    rackW[loop] += provisionedW;
  }
  const otherItW = site.fixedLoads.reduce((sum, { it, powerW }) => sum + (it ? powerW : 0), 0);
  const allRacksW = rackW.reduce((sum, w) => sum + w, 0);

  const cdus = site.cdus.map(({ part }, c) => ({ heatW: liquidW[c], powerW: (part.pumpW * liquidW[c]) / part.capacityW }));
  const loops = site.loops.map((loop, l): LoopDesign => {
    const heatW = cdus.reduce((sum, cdu, c) => (site.cdus[c].loop === l ? sum + cdu.heatW + cdu.powerW : sum), 0);
    return designLoop(loop, heatW, airW[l] + (allRacksW === 0 ? 0 : (otherItW * rackW[l]) / allRacksW));
  });
  return { cdus, loops };
}

/** How far the coolers' water is above the set point at design weather, K; zero or less when they need no help. */
export function shortfallK({ cooler, supplyC, designWetBulbC, designDryBulbC }: CoolingLoop): number {
  return (cooler.kind === "adiabatic-cooler" ? designWetBulbC : designDryBulbC) + cooler.approachK - supplyC;
}

function designLoop(loop: CoolingLoop, liquidHeatW: number, airHeatW: number): LoopDesign {
  const { cooler, chiller, pump, airHandler, supplyC } = loop;
  const ambientC = cooler.kind === "adiabatic-cooler" ? loop.designWetBulbC : loop.designDryBulbC;
  const trimW = liquidHeatW * Math.min(1, Math.max(0, shortfallK(loop) / WATER_RISE_K));
  const movedW = (cooler.fanShare + pump.powerShare) * liquidHeatW + airHandler.fanShare * airHeatW;
  if (chiller === undefined) return { liquidHeatW, airHeatW, chilledW: trimW, powerW: movedW };
  const condenserC = ambientC + CONDENSER_APPROACH_K;
  const liftedW = trimW / cop(chiller, condenserC - supplyC) + airHeatW / cop(chiller, condenserC - CHILLED_C);
  return { liquidHeatW, airHeatW, chilledW: trimW + airHeatW, powerW: movedW + liftedW };
}

function cop({ copAt, slopePerK, liftK, minCop, maxCop }: ChillerPart, neededK: number): number {
  return Math.min(maxCop, Math.max(minCop, copAt * (1 - slopePerK * (neededK - liftK))));
}
