import type { PowerNode, Rack, Site } from "@pulmu/site";
import type { PointMetadata } from "../contracts/bms.ts";
import { SITE_SERIES_POINTS, type PlantReadings } from "./plant.ts";

/** A point that the BMS of a site publishes. */
export interface PlantPoint {
  /** `{objectType}/{pointType}/{tagPath}` */
  readonly point: string;
  readonly metadata: PointMetadata;
  /** A change of less than this, in the point's unit, plus this share of the value is not worth a message before the next republishing. */
  readonly deadband: number;
  readonly deadbandShare: number;
  /** Reads it off the plant, in the point's unit; NaN when there is no valid reading. Undefined: an integration writes it. */
  readonly read: ((plant: PlantReadings) => number) | undefined;
}

/** Ceiling of the whole site among those that the integration writes; each feed has its own under its tag. */
export const SITE_CEILING = "site";

/** Kilowatts that the integration lets a feed, or the site, draw. */
export function ceilingPoint(siteId: string, feedOrSite: string): string {
  return `System/GenericPoint/${siteId}/ceiling/${tag(feedOrSite)}`;
}

export function heartbeatPoint(siteId: string, kind: "TimestampBms" | "EchoBms" | "TimestampIntegration" | "EchoIntegration"): string {
  return `System/Heartbeat${kind}/${siteId}/heartbeat`;
}

const POWER_FACTOR = 0.98;
const GRID_HZ = 60;
const PER_KILO = 1e-3;
const SQRT3 = Math.sqrt(3);
/** Line voltage at the input of what is no feed. Common practice in Korea; a guess for a site that does not say. */
const MEDIUM_V = 22_900;
const LOW_V = 415;
/** Heat of a litre a minute of water warmed by a kelvin, W. */
const W_PER_LPM_K = 4186 / 60;
/** Design values of what the plant behind does not model: pressure over a rack's manifold, and its control valve. */
const RACK_PRESSURE_KPA = 110;
const RACK_VALVE_PERCENT = 100;

const LEAK = [
  { value: 0, text: "No leak" },
  { value: 1, text: "Leak" },
];
const FAULT = [
  { value: 0, text: "Normal" },
  { value: 1, text: "Fault" },
];
const ISOLATED = [
  { value: 0, text: "Not isolated" },
  { value: 1, text: "Isolated" },
];
const RUNNING = [
  { value: 0, text: "Off" },
  { value: 1, text: "On" },
];
const CLOSED = [
  { value: 0, text: "Open" },
  { value: 1, text: "Closed" },
];
const AVAILABLE = [
  { value: 0, text: "Not available" },
  { value: 1, text: "Available" },
];

/** Levels of a tag path: no dots, spaces or wildcards, which NATS or MQTT would read as something else. */
function tag(id: string): string {
  return id.replaceAll(/[^\w/-]/g, "-");
}

export interface PointOptions {
  /** Id of the integration that may write the power ceilings; without one, nobody may. */
  readonly integration?: string;
  /** `every-tap`: a meter at each rack's tap, all that a rack can tell. `busway`: meters of power nodes, and of racks the power and the supply. */
  readonly detail?: "every-tap" | "busway";
}

/** Racks from which on only the essential points are published unless asked for: a gigawatt in full would be 280,000 points. */
const FULL_DETAIL_RACKS = 1_200;

/** All points of a site, from its site file. Meters stand at the input of what they are named after. */
export function sitePoints(site: Site, options: PointOptions = {}): readonly PlantPoint[] {
  const { integration, detail = site.racks.length <= FULL_DETAIL_RACKS ? "every-tap" : "busway" } = options;
  const points = new PointList(site.id, detail === "every-tap");
  addSystem(points, site, integration);
  addSeries(points, site);
  for (let n = 0; n < site.nodes.length; n++) addNode(points, site, n);
  for (let r = 0; r < site.racks.length; r++) addRack(points, site, r);
  for (let r = 0; points.full && r < site.racks.length; r++) addRackDetail(points, site, r);
  for (let c = 0; c < site.cdus.length; c++) addCdu(points, site, c);
  for (const { id, powerW, parents } of site.fixedLoads) {
    const kw = (plant: PlantReadings) => (parents.some((parent) => plant.nodePowerW[parent] > 0) ? powerW * PER_KILO : 0);
    points.add("PowerMeter/ActivePower", `load/${id}`, { ...meter(id, []), engUnit: "kW" }, 1, kw);
  }
  site.bess.forEach(({ id, powerW }, b) => {
    points.add("BESS/Available", `bess/${id}`, { associateId: id, stateText: AVAILABLE }, 0, () => 1);
    const kw = (plant: PlantReadings) => plant.bessPowerW[b] * PER_KILO;
    points.add("PowerMeter/ActivePower", `bess/${id}/active-power`, { ...meter(id, []), engUnit: "kW" }, powerW * PER_KILO * 0.002, kw);
  });
  for (const { id } of site.loops) {
    points.add("CoolingTower/Status", `loop/${id}`, { objectName: id, objectId: id, stateText: RUNNING }, 0, () => 1);
  }
  return points.list;
}

class PointList {
  readonly list: PlantPoint[] = [];
  readonly full: boolean;
  readonly #siteId: string;

  constructor(siteId: string, full: boolean) {
    this.#siteId = siteId;
    this.full = full;
  }

  add(kind: string, place: string, fields: Partial<PointMetadata>, deadband: number, read: PlantPoint["read"], deadbandShare = 0): void {
    this.put(`${kind}/${this.#siteId}/${tag(place)}`, fields, deadband, read, deadbandShare);
  }

  put(point: string, fields: Partial<PointMetadata>, deadband: number, read: PlantPoint["read"], deadbandShare = 0): void {
    const [objectType, pointType] = point.split("/");
    this.list.push({ point, metadata: { objectType, pointType, ...fields }, deadband, deadbandShare, read });
  }
}

function meter(id: string, servesId: readonly string[]) {
  return { objectName: id, objectId: id, servesId };
}

/** Id of the meter of a rack on one of its sides. */
function tapId(rack: Rack, node: PowerNode): string {
  return `${rack.id}@${node.id}`;
}

function voltageV({ nodes, feeds }: Site, { kind, parents }: PowerNode, n: number): number {
  const feedOf = (node: number) => feeds.find((feed) => feed.node === node)?.voltageV;
  if (kind === "feed") return feedOf(n) ?? MEDIUM_V;
  if (kind === "transformer" || kind === "substation") return feedOf(parents[0]) ?? MEDIUM_V;
  return nodes[parents[0]].kind === "feed" ? feedOf(parents[0])! : LOW_V;
}

function addNode(points: PointList, site: Site, n: number): void {
  const node = site.nodes[n];
  const serves = servedBy(site, n, points.full);
  const ratedKw = node.ratingW * PER_KILO;
  const kw = (plant: PlantReadings) => plant.nodePowerW[n] * PER_KILO;
  // What is told to the utility is told finely: load targets are kept to the tenth of a percent.
  const deadbandKw = ratedKw * (node.kind === "feed" ? 0.0002 : 0.002);
  addMeter(points, `power/${node.id}`, meter(node.id, serves), { volts: voltageV(site, node, n), ratedKw, deadbandKw, kw });
  const load = (plant: PlantReadings) => plant.nodeLoad[n] * 100;
  points.add(
    "PowerMeter/GenericPoint",
    `power/${node.id}/load`,
    { ...meter(node.id, serves), processArea: ["Load"], engUnit: "%" },
    0.2,
    load,
  );
}

/** Ids of what hangs on a power node: nodes, racks by their taps, and equipment. */
function servedBy({ nodes, racks, cdus, loops, fixedLoads, bess }: Site, n: number, taps: boolean): readonly string[] {
  const hangs = ({ parents }: { readonly parents: readonly number[] }) => parents.includes(n);
  return [
    ...nodes.filter(hangs).map(({ id }) => id),
    ...racks.filter(hangs).map((rack) => (taps ? tapId(rack, nodes[n]) : rack.id)),
    ...[cdus, loops, fixedLoads, bess].flatMap((list) => list.filter(hangs).map(({ id }) => id)),
  ];
}

interface Circuit {
  readonly volts: number;
  readonly ratedKw: number;
  /** Change of power that is worth a message. */
  readonly deadbandKw: number;
  kw(plant: PlantReadings): number;
}

function addMeter(points: PointList, place: string, own: ReturnType<typeof meter>, { volts, ratedKw, deadbandKw, kw }: Circuit): void {
  const ampsPerKw = 1 / (SQRT3 * volts * PER_KILO * POWER_FACTOR);
  const add = (pointType: string, leaf: string, fields: Partial<PointMetadata>, deadband: number, read: PlantPoint["read"]) =>
    points.add(`PowerMeter/${pointType}`, `${place}/${leaf}`, { ...own, ...fields }, deadband, read);
  add("ActivePower", "active-power", { engUnit: "kW" }, deadbandKw, kw);
  if (!points.full) return;
  add("ApparentPower", "apparent-power", { engUnit: "kVA" }, ratedKw * 0.01, (plant) => kw(plant) / POWER_FACTOR);
  add("Current", "current", { engUnit: "A" }, ratedKw * ampsPerKw * 0.01, (plant) => kw(plant) * ampsPerKw);
  for (const phase of ["A", "B", "C"] as const) {
    add("PhaseCurrent", `current-${phase}`, { engUnit: "A", phase }, ratedKw * ampsPerKw * 0.01, (plant) => kw(plant) * ampsPerKw);
    const [power, voltage] = [["Active power"], ["Voltage", "Line to neutral"]];
    add("GenericPoint", `power-${phase}`, { engUnit: "kW", phase, processArea: power }, ratedKw * 0.01, (plant) => kw(plant) / 3);
    add("GenericPoint", `voltage-${phase}`, { engUnit: "V", phase, processArea: voltage }, volts * 0.005, () => volts / SQRT3);
  }
  add("CurrentLimit", "current-limit", { engUnit: "A" }, 0, () => ratedKw * ampsPerKw);
  add("Voltage", "voltage", { engUnit: "V" }, volts * 0.005, () => volts);
  add("Frequency", "frequency", { engUnit: "Hz" }, 0.02, () => GRID_HZ);
  add("PowerFactor", "power-factor", {}, 0.01, () => POWER_FACTOR);
}

function addRack(points: PointList, site: Site, r: number): void {
  const add = rackPoints(points, site.racks[r]);
  add("RackPower", { engUnit: "kW" }, site.racks[r].provisionedW * PER_KILO * 0.003, (plant) => plant.rackReadingW[r] * PER_KILO);
  add("RackLiquidSupplyTemperature", { engUnit: "C" }, 0.1, (plant) => plant.rackInletC[r]);
}

function addRackDetail(points: PointList, site: Site, r: number): void {
  const rack = site.racks[r];
  const { type, parents, provisionedW } = rack;
  const flowLpm = designFlowLpm(rack);
  const warmedK = (plant: PlantReadings) => (plant.rackReadingW[r] * type.liquidShare) / Math.max(1, flowLpm * W_PER_LPM_K);
  const add = rackPoints(points, rack);
  const never = () => 0;
  add("RackLiquidReturnTemperature", { engUnit: "C" }, 0.2, (plant) => plant.rackInletC[r] + warmedK(plant));
  add("RackLiquidFlow", { engUnit: "LPM" }, 1, () => flowLpm);
  add("RackLiquidDifferentialPressure", { engUnit: "kPa" }, 1, () => RACK_PRESSURE_KPA);
  add("RackLiquidDifferentialPressureSp", { engUnit: "kPa", isSetpoint: true }, 0, () => RACK_PRESSURE_KPA);
  add("RackControlValvePosition", { engUnit: "%" }, 1, () => RACK_VALVE_PERCENT);
  add("RackLeakDetect", { stateText: LEAK }, 0, never);
  add("RackLeakSensorFault", { stateText: FAULT }, 0, never);
  add("RackLiquidIsolationStatus", { stateText: ISOLATED }, 0, never);
  add("RackElectricalIsolationStatus", { stateText: ISOLATED }, 0, never);

  for (const parent of parents) {
    const node = site.nodes[parent];
    const other = parents.find((each) => each !== parent);
    const share = (plant: PlantReadings) => {
      if (!(plant.nodePowerW[parent] > 0)) return 0;
      return other !== undefined && plant.nodePowerW[other] > 0 ? 0.5 : 1;
    };
    const kw = (plant: PlantReadings) => plant.rackReadingW[r] * PER_KILO * share(plant);
    const id = tapId(rack, node);
    const ratedKw = provisionedW * PER_KILO;
    addMeter(points, `tap/${rack.id}/${node.id}`, meter(id, [rack.id]), { volts: LOW_V, ratedKw, deadbandKw: ratedKw * 0.002, kw });
    const breaker = `tap/${rack.id}/${node.id}/breaker`;
    const closed = (plant: PlantReadings) => (plant.nodePowerW[parent] > 0 ? 1 : 0);
    points.add("Breaker/Status", breaker, { associateId: id, stateText: CLOSED }, 0, closed);
    points.add("Breaker/Available", breaker, { associateId: id, stateText: AVAILABLE }, 0, () => 1);
  }
}

function rackPoints(points: PointList, { id }: Rack) {
  const own = { rackLocationName: id, rackLocationId: id };
  return (pointType: string, fields: Partial<PointMetadata>, deadband: number, read: PlantPoint["read"]) =>
    points.add(`Rack/${pointType}`, `rack/${id}`, { ...own, ...fields }, deadband, read);
}

/** Liquid flow at the rack's nameplate, L/min: it does not change with the load. */
function designFlowLpm({ type }: Rack): number {
  return type.flowLpmPerKW * type.liquidShare * type.nameplateW * PER_KILO;
}

function addCdu(points: PointList, site: Site, c: number): void {
  const cdu = site.cdus[c];
  const racks = site.racks.flatMap((rack, r) => (rack.cdu === c ? [r] : []));
  const own = { objectName: cdu.id, objectId: cdu.id, servesId: racks.map((r) => site.racks[r].id) };
  const add = (pointType: string, leaf: string, fields: Partial<PointMetadata>, deadband: number, read: PlantPoint["read"]) =>
    points.add(`CDU/${pointType}`, `cdu/${cdu.id}/${leaf}`, { ...own, ...fields }, deadband, read);
  const heatW = (plant: PlantReadings) => racks.reduce((sum, r) => sum + plant.rackReadingW[r] * site.racks[r].type.liquidShare, 0);
  const flowLpm = racks.reduce((sum, r) => sum + designFlowLpm(site.racks[r]), 0);
  const supplyC = (plant: PlantReadings) => plant.rackInletC[racks[0]];
  add("LiquidTemperature", "supply", { engUnit: "C", processArea: ["Secondary", "Supply"] }, 0.1, supplyC);
  add("LiquidTemperature", "return", { engUnit: "C", processArea: ["Secondary", "Return"] }, 0.2, (plant) => {
    return supplyC(plant) + heatW(plant) / Math.max(1, flowLpm * W_PER_LPM_K);
  });
  add("LiquidFlow", "flow", { engUnit: "LPM", processArea: ["Secondary", "Supply"] }, 10, () => flowLpm);
  add("LiquidDifferentialPressure", "pressure", { engUnit: "kPa", processArea: ["Secondary"] }, 1, () => RACK_PRESSURE_KPA);
  add("LeakDetect", "leak", { stateText: LEAK }, 0, () => 0);
  add("Status", "status", { stateText: RUNNING }, 0, () => 1);
  add("Available", "available", { stateText: AVAILABLE }, 0, () => 1);
}

function addSeries(points: PointList, site: Site): void {
  const own = { objectName: site.name, objectId: site.id };
  const serves = site.workloads.some(({ kind }) => kind === "inference");
  for (const { name, engUnit, deadbandShare, ofServices = false } of SITE_SERIES_POINTS) {
    if (ofServices && !serves) continue; // it would never have a value
    const fields = { ...own, processArea: [name], engUnit };
    points.add("System/GenericPoint", `series/${name}`, fields, 0, (plant) => plant.series(name), deadbandShare);
  }
  const outdoors = { objectName: "Outdoor air", objectId: `${site.id}-outdoor`, engUnit: "C", processArea: ["Outdoor", "Dry bulb"] };
  points.add("Sensor/AirTemperature", "outdoor/dry-bulb", outdoors, 0.1, (plant) => plant.series("dryBulbC"));
}

function addSystem(points: PointList, site: Site, integration: string | undefined): void {
  const now = (plant: PlantReadings) => plant.atMs;
  points.put(heartbeatPoint(site.id, "TimestampBms"), { objectName: "BMS", objectId: "BMS" }, 0, now);
  if (integration === undefined) return;
  const other = { objectName: integration, objectId: integration };
  points.put(heartbeatPoint(site.id, "EchoBms"), other, 0, undefined);
  points.put(heartbeatPoint(site.id, "TimestampIntegration"), { ...other, integration }, 0, undefined);
  points.put(heartbeatPoint(site.id, "EchoIntegration"), { objectName: "BMS", objectId: "BMS", integration }, 0, undefined);
  for (const feed of [SITE_CEILING, ...site.feeds.map((each) => each.tag)]) {
    const fields = { objectName: site.name, objectId: site.id, processArea: ["Power ceiling", feed], engUnit: "kW" };
    points.put(ceilingPoint(site.id, feed), { ...fields, isSetpoint: true, integration }, 0, undefined);
  }
}
