import type { CduGroup, CoolingLoop, Site } from "@pulmu/site";
import { createLinks, draw, shareOverLiving, type Links } from "./links.ts";

/** Water and cold plates of a rack loop, J per K and W of CDU capacity: about 1.5 L/min/kW of flow and a minute's volume. A guess
 *  from the flow that OCP asks for; it puts a lost CDU group at its throttle temperature within about a minute. */
const RACK_LOOP_J_PER_K_W = 5;
/** Air, ducts and steel of a hall per W of its air heat, J/(K·W): minutes, not seconds. A guess. */
const HALL_AIR_J_PER_K_W = 40;
/** The loop controller closes on its set point with this time constant, s. */
const CONTROL_S = 60;
/** Pumps and fans do not turn slower than this share of full speed. */
const MIN_SPEED = 0.35;
/** Hall air is held at this temperature, °C (ASHRAE A1 recommended range ends at 27 °C). */
const HALL_AIR_C = 25;
/** Chilled water for hall air, °C, and how far above ambient the condenser works, K. */
const CHILLED_C = 18;
const CONDENSER_APPROACH_K = 8;
/** Free cooling of hall air needs ambient this far below the chilled water, K. */
const FREE_AIR_K = 4;
/** Best rejection over design, when it is cold outside: limited by pumps and heat exchangers. */
const MAX_REJECTION = 1.3;
/** Steps of the clock that heat allows: fine enough to be smooth, coarse enough to keep the tables still. */
const THROTTLE_STEPS = 64;

/**
 * Heat from the racks to the air outside. Three first-order stores per path: rack loop behind each CDU group, facility water
 * of each loop, air of its halls. Temperatures of one second drive the power of the next, so nothing is solved for.
 */
export class CoolingPlant {
  /** Rack supply temperature behind each CDU group, °C. */
  readonly supplyC: Float64Array;
  readonly waterC: Float64Array;
  readonly airC: Float64Array;
  /** Heat put into each CDU group's liquid and each loop's air this second, W: filled by the rack pass. */
  readonly liquidHeatW: Float64Array;
  readonly airHeatW: Float64Array;
  readonly loopOfCdu: Int32Array;
  readonly cduLinks: Links;
  readonly loopLinks: Links;
  /** Clock that the temperature allows behind each CDU group, 0…1; 0 = shut down. Changes in steps. */
  readonly allowedClock: Float64Array;
  /** Electric power this second: CDUs and loops. */
  readonly cduPowerW: Float64Array;
  readonly loopPowerW: Float64Array;

  readonly #cdus: readonly CduGroup[];
  readonly #loops: readonly CoolingLoop[];
  readonly #cduUnitsLost: Int32Array;
  readonly #loopUnitsLost: Int32Array;
  readonly #pumpsOn: Uint8Array;
  readonly #maxInletC: Float64Array;
  readonly #shutdownC: Float64Array;
  readonly #loopHeatW: Float64Array;
  /** Share of the site's racks, by provisioned power, that each loop serves. */
  readonly #loopShare: Float64Array;

  constructor(site: Site) {
    const { cdus, loops, racks } = site;
    this.#cdus = cdus;
    this.#loops = loops;
    this.loopOfCdu = Int32Array.from(cdus, (cdu) => cdu.loop);
    this.cduLinks = createLinks(cdus.map((cdu) => cdu.parents));
    this.loopLinks = createLinks(loops.map((loop) => loop.parents));
    this.#cduUnitsLost = new Int32Array(cdus.length);
    this.#loopUnitsLost = new Int32Array(loops.length);
    this.#pumpsOn = new Uint8Array(loops.length).fill(1);
    this.waterC = Float64Array.from(loops, (loop) => loop.supplyC);
    this.airC = new Float64Array(loops.length).fill(HALL_AIR_C);
    this.supplyC = Float64Array.from(cdus, (cdu) => loops[cdu.loop].supplyC);
    this.liquidHeatW = new Float64Array(cdus.length);
    this.airHeatW = new Float64Array(loops.length);
    this.allowedClock = new Float64Array(cdus.length).fill(1);
    this.cduPowerW = new Float64Array(cdus.length);
    this.loopPowerW = new Float64Array(loops.length);
    this.#loopHeatW = new Float64Array(loops.length);
    this.#maxInletC = new Float64Array(cdus.length).fill(Infinity);
    this.#shutdownC = new Float64Array(cdus.length).fill(Infinity);
    this.#loopShare = new Float64Array(loops.length);
    const provisionedW = racks.reduce((sum, rack) => sum + rack.provisionedW, 0);
    for (const { cdu, type, provisionedW: rackW } of racks) {
      this.#loopShare[cdus[cdu].loop] += rackW / provisionedW;
      this.#maxInletC[cdu] = Math.min(this.#maxInletC[cdu], type.maxInletC);
      this.#shutdownC[cdu] = Math.min(this.#shutdownC[cdu], type.shutdownInletC);
    }
  }

  changeCduUnits(cdu: number, delta: number): void {
    this.#cduUnitsLost[cdu] = Math.max(0, this.#cduUnitsLost[cdu] - delta);
  }

  /** Loses or returns cooler units; with no pumps the loop stands still. */
  changeLoopUnits(loop: number, delta: number): void {
    this.#loopUnitsLost[loop] = Math.max(0, this.#loopUnitsLost[loop] - delta);
  }

  setPumps(loop: number, on: boolean): void {
    this.#pumpsOn[loop] = on ? 1 : 0;
  }

  /** Heat of IT that is not in racks (network, storage): into the air of the halls, in proportion to their racks. */
  addHallHeat(powerW: number): void {
    for (let l = 0; l < this.airHeatW.length; l++) this.airHeatW[l] += powerW * this.#loopShare[l];
  }

  reconnect(energised: Uint8Array): void {
    shareOverLiving(this.cduLinks, energised);
    shareOverLiving(this.loopLinks, energised);
  }

  /** Puts this second's power on the electrical path; known before the heat is, from the last second's state. */
  drawPower(outputW: Float64Array): number {
    let totalW = 0;
    for (let c = 0; c < this.cduPowerW.length; c++) {
      if (this.cduLinks.powered[c] === 0) this.cduPowerW[c] = 0;
      draw(this.cduLinks, c, this.cduPowerW[c], outputW);
      totalW += this.cduPowerW[c];
    }
    for (let l = 0; l < this.loopPowerW.length; l++) {
      if (this.loopLinks.powered[l] === 0) this.loopPowerW[l] = 0;
      draw(this.loopLinks, l, this.loopPowerW[l], outputW);
      totalW += this.loopPowerW[l];
    }
    return totalW;
  }

  /** Moves heat for one second. Cost: tens of flops per CDU group and loop. */
  pass(dryBulbC: number, wetBulbC: number): void {
    this.#loopHeatW.fill(0);
    for (let c = 0; c < this.supplyC.length; c++) this.#passCdu(c);
    for (let l = 0; l < this.waterC.length; l++) this.#passLoop(l, dryBulbC, wetBulbC);
  }

  #passCdu(c: number): void {
    const { part, units, loop } = this.#cdus[c];
    const flowing = this.cduLinks.powered[c] === 1 && this.#pumpsOn[loop] === 1;
    const unitsUp = flowing ? Math.max(0, units - this.#cduUnitsLost[c]) : 0;
    const capacityW = unitsUp * part.capacityW;
    // A heat exchanger carries heat in proportion to the temperature difference: capacity at the approach.
    const carriedW = Math.max(0, (capacityW / part.approachK) * (this.supplyC[c] - this.waterC[loop]));
    const storeJPerK = RACK_LOOP_J_PER_K_W * units * part.capacityW;
    // The exchanger is stiff against a one-second step when few units face a small store: never move past equilibrium.
    const movedW = Math.min(carriedW, Math.max(0, this.supplyC[c] - this.waterC[loop]) * storeJPerK);
    this.supplyC[c] += (this.liquidHeatW[c] - movedW) / storeJPerK;
    this.#loopHeatW[loop] += movedW;
    const flow = capacityW === 0 ? 0 : Math.min(1, Math.max(MIN_SPEED, this.liquidHeatW[c] / capacityW));
    this.cduPowerW[c] = unitsUp * part.pumpW * flow * flow * flow;
    this.allowedClock[c] = allowedClock(this.supplyC[c], this.#maxInletC[c], this.#shutdownC[c], this.allowedClock[c]);
  }

  #passLoop(l: number, dryBulbC: number, wetBulbC: number): void {
    const loop = this.#loops[l];
    const { cooler, chiller, pump, airHandler } = loop;
    const powered = this.loopLinks.powered[l] === 1;
    const unitsUp = powered && this.#pumpsOn[l] === 1 ? Math.max(0, loop.units - this.#loopUnitsLost[l]) : 0;
    const spare = loop.redundancy === "N+1" ? 1 : 0;
    const capacityW = (loop.capacityW / Math.max(1, loop.units - spare)) * unitsUp;

    // Hall air: outside air where it is cold enough, else the chiller; without power the hall warms.
    const airHeatW = this.airHeatW[l];
    const ambientC = cooler.kind === "adiabatic-cooler" ? wetBulbC : dryBulbC;
    const airStoreJPerK = HALL_AIR_J_PER_K_W * Math.max(airHeatW, loop.capacityW * 0.01);
    const airWantedW = Math.max(0, airHeatW + ((this.airC[l] - HALL_AIR_C) * airStoreJPerK) / CONTROL_S);
    const airMovedW = powered ? airWantedW : 0;
    this.airC[l] += (airHeatW - airMovedW) / airStoreJPerK;
    const lift = ambientC + CONDENSER_APPROACH_K - CHILLED_C;
    const freeAir = ambientC < CHILLED_C - FREE_AIR_K || chiller === undefined;
    const airChillerW = freeAir ? 0 : airMovedW / cop(chiller, lift);

    // Facility water: reject what comes in, plus what closes on the set point, as far as the weather allows.
    const heatW = this.#loopHeatW[l];
    const storeJPerK = loop.thermalMassJPerKPerW * loop.capacityW;
    const wantedW = Math.max(0, heatW + ((this.waterC[l] - loop.supplyC) * storeJPerK) / CONTROL_S);
    const designC = cooler.kind === "adiabatic-cooler" ? loop.designWetBulbC : loop.designDryBulbC;
    const reach = (this.waterC[l] - ambientC) / Math.max(1, loop.supplyC - designC);
    const rejectableW = capacityW * Math.min(MAX_REJECTION, Math.max(0, reach));
    const freeW = Math.min(wantedW, rejectableW);
    const chilledW =
      chiller === undefined || !powered ? 0 : Math.min(wantedW - freeW, Math.max(0, loop.chillerCapacityW - (freeAir ? 0 : airMovedW)));
    this.waterC[l] += (heatW - freeW - chilledW) / storeJPerK;

    const fan = rejectableW === 0 ? 0 : Math.max(MIN_SPEED, freeW / rejectableW);
    const flow = Math.max(MIN_SPEED, Math.min(1, heatW / loop.capacityW));
    const chillerW = chilledW === 0 || chiller === undefined ? 0 : chilledW / cop(chiller, ambientC + CONDENSER_APPROACH_K - loop.supplyC);
    this.loopPowerW[l] = !powered
      ? 0
      : cooler.fanShare * capacityW * fan * fan * fan +
        (this.#pumpsOn[l] === 1 ? pump.powerShare * loop.capacityW * flow * flow * flow : 0) +
        airHandler.fanShare * airMovedW +
        airChillerW +
        chillerW;
  }
}

function cop(chiller: NonNullable<CoolingLoop["chiller"]>, liftK: number): number {
  return Math.min(chiller.maxCop, Math.max(chiller.minCop, chiller.copAt * (1 - chiller.slopePerK * (liftK - chiller.liftK))));
}

/** Full clock up to the limit, then down in a straight line to a quarter at shutdown; after a shutdown, back once it is 2 K below the limit. */
function allowedClock(inletC: number, maxC: number, shutdownC: number, before: number): number {
  if (inletC >= shutdownC || (before === 0 && inletC > maxC - 2)) return 0;
  if (inletC <= maxC) return 1;
  const share = 1 - (0.75 * (inletC - maxC)) / (shutdownC - maxC);
  return Math.round(share * THROTTLE_STEPS) / THROTTLE_STEPS;
}
