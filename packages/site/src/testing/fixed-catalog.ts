import { loadCatalog, type Catalog, type CoolingPart, type ElectricalPart, type LossCurve } from "@pulmu/catalog";

const real = loadCatalog();

/** The catalogue with figures that do not change for everything the small site is made of: its tests state watts to three digits. */
export const fixedCatalog: Catalog = {
  ...real,
  racks: new Map(real.racks).set("gb300-nvl72", {
    ...(real.racks.get("gb300-nvl72") as NonNullable<ReturnType<typeof real.racks.get>>),
    nameplateW: 140e3,
    liquidShare: 0.94,
    maxInletC: 45,
  }),
  electrical: new Map([
    ["transformer-22.9kv", electrical("transformer-22.9kv", "transformer", { noLoad: 0.0015, linear: 0, quadratic: 0.0075 })],
    ["busway", electrical("busway", "busway", { noLoad: 0, linear: 0, quadratic: 0.006 })],
  ]),
  cooling: new Map<string, CoolingPart>([
    ["cdu-1350kw", { id: "cdu-1350kw", name: "CDU", kind: "cdu", capacityW: 1.35e6, pumpW: 10.1e3, approachK: 4 }],
    ["adiabatic-cooler", { id: "adiabatic-cooler", name: "Cooler", kind: "adiabatic-cooler", approachK: 6, fanShare: 0.018 }],
    ["dry-cooler", { id: "dry-cooler", name: "Dry cooler", kind: "dry-cooler", approachK: 8, fanShare: 0.02 }],
    ["air-handler", { id: "air-handler", name: "Fan wall", kind: "air-handler", fanShare: 0.035, approachK: 6 }],
    ["pump", { id: "pump", name: "Pump", kind: "pump", powerShare: 0.012 }],
  ]),
  climates: new Map([
    [
      "sejong",
      {
        id: "sejong",
        name: "Sejong",
        dryBulbMeanC: Array<number>(12).fill(26),
        dryBulbSwingK: Array<number>(12).fill(6),
        wetBulbMeanC: Array<number>(12).fill(24),
        wetBulbSwingK: Array<number>(12).fill(3),
        warmestHour: 15,
      },
    ],
  ]),
};

function electrical(id: string, kind: ElectricalPart["kind"], loss: LossCurve): ElectricalPart {
  return { id, name: id, kind, loss, autonomyS: 0, overload: 1.25 };
}
