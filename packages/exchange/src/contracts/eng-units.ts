/** What a value measures. */
export type Quantity =
  | "power"
  | "apparent power"
  | "current"
  | "voltage"
  | "frequency"
  | "temperature"
  | "pressure"
  | "flow"
  | "share"
  | "speed"
  | "sound";

/** A unit that a metadata message names: `si = value × factor + offset`. */
export interface EngUnit {
  readonly quantity: Quantity;
  /** W, VA, A, V, Hz, °C, Pa, m³/s, a share of 1, revolutions per second, dB: what `toSi` gives. */
  readonly factor: number;
  readonly offset: number;
}

const unit = (quantity: Quantity, factor: number, offset = 0): EngUnit => ({ quantity, factor, offset });
const LITRE_PER_MINUTE = 1e-3 / 60;

/**
 * The contract fixes the unit of racks' points and of temperatures; elsewhere `engUnit` is free text. These are the spellings met in the
 * contract's text and examples, and their SI relatives.
 */
const UNITS: ReadonlyMap<string, EngUnit> = new Map([
  ["W", unit("power", 1)],
  ["kW", unit("power", 1e3)],
  ["MW", unit("power", 1e6)],
  ["VA", unit("apparent power", 1)],
  ["kVA", unit("apparent power", 1e3)],
  ["MVA", unit("apparent power", 1e6)],
  ["A", unit("current", 1)],
  ["kA", unit("current", 1e3)],
  ["V", unit("voltage", 1)],
  ["kV", unit("voltage", 1e3)],
  ["Hz", unit("frequency", 1)],
  ["C", unit("temperature", 1)],
  ["°C", unit("temperature", 1)],
  ["K", unit("temperature", 1, -273.15)],
  ["F", unit("temperature", 5 / 9, -160 / 9)],
  ["Pa", unit("pressure", 1)],
  ["kPa", unit("pressure", 1e3)],
  ["bar", unit("pressure", 1e5)],
  ["psi", unit("pressure", 6894.757293168)],
  ["inH2O", unit("pressure", 249.08891)],
  ["inWC", unit("pressure", 249.08891)],
  ["LPM", unit("flow", LITRE_PER_MINUTE)],
  ["L/min", unit("flow", LITRE_PER_MINUTE)],
  ["L/s", unit("flow", 1e-3)],
  ["m3/h", unit("flow", 1 / 3600)],
  ["m³/h", unit("flow", 1 / 3600)],
  ["GPM", unit("flow", 3.785411784 * LITRE_PER_MINUTE)],
  ["CFM", unit("flow", 0.028316846592 / 60)],
  ["%", unit("share", 0.01)],
  ["%RH", unit("share", 0.01)],
  ["RPM", unit("speed", 1 / 60)],
  ["dB", unit("sound", 1)],
  ["dBA", unit("sound", 1)],
]);

/** All spellings of units that are known. */
export const ENG_UNITS: readonly string[] = [...UNITS.keys()];

/** The unit that the text names; undefined for one that is not known. */
export function parseEngUnit(text: string): EngUnit | undefined {
  return UNITS.get(text);
}

/** A reading in SI: see `EngUnit`. */
export function toSi(value: number, { factor, offset }: EngUnit): number {
  return value * factor + offset;
}
