/** Whether a reading can be what its metadata says: mostly, whether it was published in another unit. */
import type { PointMetadata } from "../contracts/bms.ts";
import { ENG_UNITS, parseEngUnit, toSi, type EngUnit, type Quantity } from "../contracts/eng-units.ts";
import { nearest } from "@pulmu/units";
import type { Detail } from "./finding.ts";
import type { RuleCode } from "./rules.ts";

export interface Judgement extends Detail {
  readonly code: RuleCode;
}

/** What each type of point measures, where its unit is free text. */
const QUANTITY: Readonly<Record<string, readonly Quantity[]>> = {
  ActivePower: ["power"],
  ApparentPower: ["apparent power"],
  Current: ["current"],
  CurrentLimit: ["current"],
  PhaseCurrent: ["current"],
  Voltage: ["voltage"],
  Frequency: ["frequency"],
  LiquidFlow: ["flow"],
  AirFlow: ["flow"],
  LiquidPressure: ["pressure"],
  LiquidDifferentialPressure: ["pressure"],
  AirPressure: ["pressure"],
  AirDifferentialPressure: ["pressure"],
  AirRelativeHumidity: ["share"],
  ValvePosition: ["share"],
  DamperPosition: ["share"],
  PumpSpeed: ["share", "speed", "frequency"],
  FanSpeed: ["share", "speed", "frequency"],
  Sound: ["sound"],
};

/** Judges what metadata alone can tell: units and state texts. */
export function judgeMetadata({ pointType, engUnit, stateText }: PointMetadata): Judgement | undefined {
  const values = stateText?.map(({ value }) => value) ?? [];
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) return { code: "bms.state-text", path: "stateText", value: String(twice) };
  if (stateText?.length === 0) return { code: "bms.state-text", path: "stateText", value: "[]", rule: "stateText names the states" };

  if (engUnit === undefined || !(pointType in QUANTITY)) return undefined;
  const unit = parseEngUnit(engUnit);
  if (unit === undefined) {
    const near = engUnit.length <= 20 ? nearest(engUnit, ENG_UNITS) : undefined;
    return { code: "bms.unknown-unit", path: "engUnit", value: engUnit, hint: near && `did you mean ${near}?` };
  }
  if (QUANTITY[pointType].includes(unit.quantity)) return undefined;
  return { code: "bms.wrong-unit", path: "engUnit", value: engUnit, rule: `${pointType} is a ${QUANTITY[pointType].join(" or a ")}` };
}

/**
 * Bounds in SI, generous: a rack above 2 MW does not exist (the densest announced draw 0.6 MW), a value there is in another unit.
 * `suspect`: which unit it probably is.
 */
interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly suspect?: string;
}

const BOUNDS: Readonly<Record<string, Bounds>> = {
  RackPower: { min: 0, max: 2e6, suspect: "W" },
  RackLiquidSupplyTemperature: { min: 0, max: 65, suspect: "°F" },
  RackLiquidReturnTemperature: { min: 0, max: 90, suspect: "°F" },
  RackLiquidFlow: { min: 0, max: 0.1 },
  RackLiquidDifferentialPressure: { min: -1e5, max: 2e6, suspect: "Pa" },
  RackLiquidDifferentialPressureSp: { min: 0, max: 2e6, suspect: "Pa" },
  RackControlValvePosition: { min: -0.05, max: 1.05 },
  ActivePower: { min: -2e9, max: 2e9, suspect: "W" },
  ApparentPower: { min: 0, max: 2e9, suspect: "VA" },
  Voltage: { min: 0, max: 800e3, suspect: "V" },
  Frequency: { min: 0, max: 70 },
  Current: { min: -1e5, max: 1e5, suspect: "mA" },
  PhaseCurrent: { min: -1e5, max: 1e5, suspect: "mA" },
  LiquidTemperature: { min: -40, max: 110, suspect: "°F or K" },
  AirTemperature: { min: -45, max: 65, suspect: "°F or K" },
  LiquidPressure: { min: -1e5, max: 1e7, suspect: "Pa" },
  AirRelativeHumidity: { min: 0, max: 1.001 },
  ValvePosition: { min: -0.05, max: 1.05 },
  DamperPosition: { min: -0.05, max: 1.05 },
};

/** Units that the contract fixes for racks, by how it spells them. */
export function unitOf({ engUnit }: PointMetadata): EngUnit | undefined {
  return engUnit === undefined ? undefined : parseEngUnit(engUnit);
}

/** Judges one good reading by the point's metadata. */
export function judgeReading(metadata: PointMetadata, value: number): Judgement | undefined {
  const { pointType, stateText } = metadata;
  if (stateText !== undefined) {
    const known = stateText.some((state) => state.value === value);
    const unknownAllowed = pointType === "RackLiquidIsolationRequest" && value === -1; // the contract's own "unknown"
    if (known || unknownAllowed) return undefined;
    const states = stateText.map((state) => `${state.value} ${state.text}`).join(", ");
    return { code: "bms.unknown-state", path: "value", value: String(value), hint: `its states are ${states}` };
  }
  if (pointType === "PowerFactor") {
    if (value >= -1 && value <= 1) return undefined;
    const percent = Math.abs(value) <= 100;
    if (percent)
      return { code: "bms.unit-suspect", path: "value", value: String(value), hint: "a power factor is at most 1: this looks like %" };
    return { code: "bms.implausible", path: "value", value: String(value) };
  }
  const bounds = BOUNDS[pointType];
  const unit = unitOf(metadata);
  if (bounds === undefined || unit === undefined) return undefined;
  const si = toSi(value, unit);
  if (si >= bounds.min && si <= bounds.max) return undefined;
  const written = `${value} ${metadata.engUnit}`;
  if (si > bounds.max && bounds.suspect !== undefined) {
    return { code: "bms.unit-suspect", path: "value", value: written, hint: `this looks like ${bounds.suspect}` };
  }
  return { code: "bms.implausible", path: "value", value: written };
}

/** Judges all good readings of a point together: a share that never leaves 0 … 1 is no percentage. */
export function judgeSpan(metadata: PointMetadata, min: number, max: number, whole: boolean): Judgement | undefined {
  if (whole || unitOf(metadata)?.quantity !== "share" || min < 0 || max > 1 || max === 0) return undefined;
  return {
    code: "bms.unit-suspect",
    path: "value",
    value: `${min} … ${max} ${metadata.engUnit}`,
    hint: "this looks like a share of 1",
  };
}
