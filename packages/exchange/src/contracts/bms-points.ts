/**
 * Every kind of point of the BMS contract 1.0.0: which object types have it, what its metadata must say, and who writes its values.
 * Source: dsx-ai-factory/dsx-exchange, schemas/asyncapi/bms/bms.yaml (2026-08-17), stated in own words.
 */

/** How a point names what it belongs to: a rack location, a meter in the power path, any other equipment, a system with a heartbeat. */
export type Identity = "rack" | "meter" | "equipment" | "system";

/** What a value means: a measure in a unit, one of a few states, either of these, either or nothing said, or nothing to say. */
export type Reading = "unit" | "states" | "unit-or-states" | "anything" | "none";

/** Metadata fields that only some kinds of point have. */
export type ExtraField = "processArea" | "phase" | "isSetpoint" | "integration" | "scope";

export interface PointKind {
  readonly identity: Identity;
  readonly reading: Reading;
  /** The one unit allowed; undefined where any text is. */
  readonly unit?: string;
  readonly required: readonly ExtraField[];
  readonly optional: readonly ExtraField[];
  /** Who publishes the values. */
  readonly writer: "bms" | "integration" | "either";
}

type Spec = Partial<Omit<PointKind, "identity">>;

const states: Spec = { reading: "states" };
const byIntegration: Spec = { reading: "states", required: ["integration"], writer: "integration" };
const measure: Spec = { reading: "unit-or-states", optional: ["isSetpoint"] };
const actuator: Spec = { reading: "unit-or-states" };
/** The metadata may name an integration; yet no topic lets one write these, but on a System. */
const status: Spec = { reading: "states", optional: ["integration"] };
const generic: Spec = {
  reading: "anything",
  required: ["processArea"],
  optional: ["phase", "integration", "isSetpoint"],
  writer: "either",
};

const RACK: Readonly<Record<string, Spec>> = {
  RackLiquidSupplyTemperature: { unit: "C" },
  RackLiquidReturnTemperature: { unit: "C" },
  RackLiquidFlow: { unit: "LPM" },
  RackLiquidDifferentialPressure: { unit: "kPa" },
  RackLiquidDifferentialPressureSp: { unit: "kPa", optional: ["isSetpoint"] },
  RackControlValvePosition: { unit: "%" },
  RackPower: { unit: "kW" },
  RackLeakDetect: states,
  RackLeakSensorFault: states,
  RackLiquidIsolationStatus: states,
  RackElectricalIsolationStatus: states,
  RackLeakDetectTray: byIntegration,
  RackLiquidIsolationRequest: byIntegration,
  RackElectricalIsolationRequest: byIntegration,
};

const METER: Readonly<Record<string, Spec>> = {
  Voltage: {},
  PowerFactor: { reading: "none" },
  Frequency: {},
  ApparentPower: {},
  ActivePower: {},
  Current: {},
  CurrentLimit: {},
  PhaseCurrent: { required: ["phase"] },
  GenericPoint: generic,
};

const EQUIPMENT: Readonly<Record<string, Spec>> = {
  LiquidTemperature: { unit: "C", optional: ["isSetpoint"] },
  LiquidDifferentialPressure: measure,
  LiquidFlow: measure,
  LiquidPressure: measure,
  AirTemperature: { unit: "C", optional: ["isSetpoint"] },
  AirDifferentialPressure: measure,
  AirRelativeHumidity: measure,
  AirFlow: measure,
  AirPressure: measure,
  ValvePosition: actuator,
  PumpSpeed: actuator,
  FanSpeed: actuator,
  DamperPosition: actuator,
  LeakDetect: states,
  Status: status,
  Available: status,
  LiquidTemperatureSpRequest: { unit: "C", required: ["integration"], writer: "integration" },
  Sound: {},
  GenericPoint: generic,
};

const HEARTBEATS: Readonly<Record<string, Spec>> = {
  HeartbeatTimestampBms: { reading: "none", optional: ["scope"] },
  HeartbeatEchoBms: { reading: "none", optional: ["scope"] },
  HeartbeatTimestampIntegration: { reading: "none", required: ["integration"], writer: "integration" },
  HeartbeatEchoIntegration: { reading: "none", required: ["integration"], writer: "integration" },
};

const LIQUID = ["LiquidTemperature", "LiquidDifferentialPressure", "LiquidFlow", "LiquidPressure"];
const AIR = ["AirTemperature", "AirDifferentialPressure", "AirRelativeHumidity", "AirFlow", "AirPressure"];
const ACTUATORS = ["ValvePosition", "PumpSpeed", "FanSpeed", "DamperPosition"];
const ELECTRICAL = ["Status", "Available", "GenericPoint"];
const MECHANICAL = [...LIQUID, ...AIR, ...ACTUATORS, "LeakDetect", ...ELECTRICAL];

/** Equipment by object type, with the kinds of point that it has. */
const EQUIPMENT_POINTS: Readonly<Record<string, readonly string[]>> = {
  BESS: ELECTRICAL,
  UPS: ELECTRICAL,
  ATS: ELECTRICAL,
  Generator: ELECTRICAL,
  Shunt: ELECTRICAL,
  Breaker: ELECTRICAL,
  CDU: [...MECHANICAL, "LiquidTemperatureSpRequest"],
  CoolingTower: MECHANICAL,
  HX: MECHANICAL,
  CRAH: MECHANICAL,
  CRAC: MECHANICAL,
  AHU: MECHANICAL,
  Chiller: MECHANICAL,
  Tank: MECHANICAL,
  Valve: ["ValvePosition", "Available", "GenericPoint"],
  Pump: ["PumpSpeed", "Available", "GenericPoint"],
  Fan: ["FanSpeed", "Available", "GenericPoint"],
  Damper: ["DamperPosition", "Available", "GenericPoint"],
  Sensor: [...LIQUID, ...AIR, "LeakDetect", "Sound", "Available", "GenericPoint"],
  GenericObject: [...MECHANICAL, "LiquidTemperatureSpRequest", "Sound"],
};

const KINDS: ReadonlyMap<string, ReadonlyMap<string, PointKind>> = new Map([
  ["Rack", kinds("rack", RACK)],
  ["PowerMeter", kinds("meter", METER)],
  ...Object.entries(EQUIPMENT_POINTS).map(([objectType, points]) => [objectType, kinds("equipment", pick(EQUIPMENT, points))] as const),
  [
    "System",
    new Map([
      ...kinds("system", HEARTBEATS),
      ...kinds("equipment", { Status: { ...status, writer: "either" }, Available: { ...status, writer: "either" }, GenericPoint: generic }),
    ]),
  ],
]);

function kinds(identity: Identity, specs: Readonly<Record<string, Spec>>): ReadonlyMap<string, PointKind> {
  return new Map(
    Object.entries(specs).map(([pointType, { reading = "unit", required = [], optional = [], writer = "bms", ...rest }]) => {
      const more: readonly ExtraField[] = identity === "equipment" && !required.includes("processArea") ? ["processArea"] : [];
      return [pointType, { identity, reading, required, optional: [...optional, ...more], writer, ...rest }];
    }),
  );
}

function pick(specs: Readonly<Record<string, Spec>>, names: readonly string[]): Readonly<Record<string, Spec>> {
  return Object.fromEntries(names.map((name) => [name, specs[name]]));
}

/** All object types of the contract. */
export const OBJECT_TYPES: readonly string[] = [...KINDS.keys()];

/** Point types of an object type; empty for one that the contract does not know. */
export function pointTypes(objectType: string): readonly string[] {
  return [...(KINDS.get(objectType)?.keys() ?? [])];
}

/** The rules of one kind of point; undefined where the contract has none such. */
export function pointKind(objectType: string, pointType: string): PointKind | undefined {
  return KINDS.get(objectType)?.get(pointType);
}
