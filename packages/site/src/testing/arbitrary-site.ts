import fc from "fast-check";
import { stringify } from "yaml";

/** Rack types of the catalogue, a power above the nameplate of each, W, and whether warm water will do for it. */
const RACKS = {
  "hgx-h100": { powerW: 45e3, warmWater: false },
  "hgx-b200": { powerW: 60e3, warmWater: false },
  "gb200-nvl72": { powerW: 140e3, warmWater: true },
  "gb300-nvl72": { powerW: 150e3, warmWater: true },
  "vr-nvl72-maxp": { powerW: 240e3, warmWater: true },
} as const;
/** Losses, network and cooling on top of the racks: all of them stay below this. */
const ALL_IN = 1.5;

type RackId = keyof typeof RACKS;

const shapeOfHall = fc.record({
  rack: fc.constantFrom<RackId>(...(Object.keys(RACKS) as RackId[])),
  rows: fc.integer({ min: 1, max: 3 }),
  racksPerRow: fc.integer({ min: 1, max: 4 }),
  sides: fc.constantFrom(["a"], ["a", "b"]),
  ups: fc.boolean(),
  spare: fc.boolean(),
  limited: fc.boolean(),
  phase: fc.nat({ max: 2 }),
});
type HallShape = typeof shapeOfHall extends fc.Arbitrary<infer T> ? T : never;

const shapeOfSite = fc.record({
  halls: fc.array(shapeOfHall, { minLength: 1, maxLength: 3 }),
  phases: fc.integer({ min: 1, max: 3 }),
  oneFeed: fc.boolean(),
  margin: fc.double({ min: 1, max: 2, noNaN: true }),
  chiller: fc.boolean(),
  dry: fc.boolean(),
  bess: fc.boolean(),
  networkShare: fc.double({ min: 0.005, max: 0.08, noNaN: true }),
  house: fc.boolean(),
  shares: fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 30 }), fc.nat({ max: 10 })),
});

/**
 * Text of a small random site file that loads with the real catalogue: one to three halls of any rack type in up to three phases, on one
 * path or two, with and without UPS, spare units, chillers, batteries and standing limits, and with some work. It passes `checkSite`.
 */
export function arbitrarySite(): fc.Arbitrary<string> {
  return shapeOfSite.map((shape) => {
    const halls = shape.halls.map((hall) => ({ ...hall, phase: Math.min(hall.phase, shape.phases - 1) }));
    halls[0] = { ...halls[0], phase: 0 }; // something stands in the first phase
    const totalW = halls.reduce((sum, hall) => sum + hallW(hall), 0) * ALL_IN * shape.margin + 1e6;
    const sides = shape.oneFeed ? ["main"] : ["main-a", "main-b"];
    const feedOf = (side: string): string => (shape.oneFeed ? "main" : `main-${side}`);
    const parts = halls.map((hall, h) => hallParts(hall, `h${h + 1}`, feedOf, shape));
    return stringify({
      pulmu: "site/v1",
      id: "random",
      name: "Random site",
      location: { country: "KR", timezone: "Asia/Seoul", climate: "sejong", grid: "kr" },
      phases: Array.from({ length: shape.phases }, (_, p) => ({
        id: `p${p + 1}`,
        name: `Phase ${p + 1}`,
        date: `20${27 + p}-06-30`,
        envelope: watts(totalW),
      })),
      feeds: sides.map((tag) => ({ tag, voltage: "154 kV", limit: watts(totalW), tariff: "kepco-b-iii" })),
      power: parts.flatMap(({ power }) => power),
      loops: parts.map(({ loop }) => loop),
      cdus: parts.map(({ cdu }) => cdu),
      halls: parts.map(({ hall }) => hall),
      loads: [
        ...parts.map(({ network }) => network),
        ...(shape.house ? [{ id: "house", kind: "facility", power: "40 kW", from: sides[0] }] : []),
      ],
      bess: shape.bess ? [{ id: "bess", power: "500 kW", energy: "1 MWh", from: sides }] : [],
      tenants: [{ id: "tenant", name: "Tenant", class: "standard", workloads: workloads(shape.shares) }],
    });
  });
}

type SiteShape = typeof shapeOfSite extends fc.Arbitrary<infer T> ? T : never;

function hallParts(hall: HallShape, id: string, feedOf: (side: string) => string, { margin, chiller, dry, networkShare }: SiteShape) {
  const { warmWater } = RACKS[hall.rack];
  const sideNames = hall.sides.join(",");
  const loadW = hallW(hall) * ALL_IN * margin;
  const units = hall.spare ? 3 : 1;
  const spare = hall.spare ? { units, redundancy: "N+1" } : {};
  const rating = watts(loadW / (hall.spare ? units - 1 : 1));
  const above = (name: string): string[] => hall.sides.map((side) => `${id}-${name}-${side}`);
  const last = hall.ups ? "ups" : "tr";
  const power: object[] = hall.sides.map((side) => ({
    id: `${id}-tr-${side}`,
    part: "transformer-22.9kv",
    rating,
    ...spare,
    from: feedOf(side),
  }));
  if (hall.ups) power.push({ id: `${id}-ups-{s=${sideNames}}`, part: "ups", rating, ...spare, from: `${id}-tr-{s}` });
  power.push({ id: `${id}-bus{r=1..${hall.rows}}-{s=${sideNames}}`, part: "busway", rating: watts(loadW), from: `${id}-${last}-{s}` });
  return {
    power,
    loop: {
      id: `${id}-loop`,
      supply: warmWater ? (dry ? "41 °C" : "34 °C") : "30 °C",
      capacity: rating,
      ...spare,
      cooler: dry ? "dry-cooler" : "adiabatic-cooler",
      pump: "pump",
      airHandler: "air-handler",
      airCapacity: watts(loadW),
      ...(chiller || !warmWater ? { chiller: "chiller", chillerCapacity: watts(loadW) } : {}),
      design: { wetBulb: "27 °C", dryBulb: "33 °C" },
      from: above("tr"),
    },
    cdu: { id: `${id}-cdu`, part: "cdu-2mw", units: 3, redundancy: "N+1", loop: `${id}-loop`, from: above(last) },
    hall: {
      id,
      rack: hall.rack,
      rows: hall.rows,
      racksPerRow: hall.racksPerRow,
      ...(hall.limited ? { powerLimit: watts(RACKS[hall.rack].powerW * 0.6) } : {}),
      cdu: `${id}-cdu`,
      from: hall.sides.map((side) => `${id}-bus{row}-${side}`),
      phase: `p${hall.phase + 1}`,
    },
    network: { id: `${id}-network`, kind: "it", share: networkShare, of: id, from: above(last) },
  };
}

function workloads([inference, training, simulation]: readonly [number, number, number]): object[] {
  const all = [
    {
      id: "chat",
      kind: "inference",
      model: "llama-3.1-8b",
      share: `${inference} %`,
      requests: "azure-conv",
      load: "60 %",
      slo: { ttft: "1 s", itl: "50 ms" },
    },
    { id: "train", kind: "training", model: "llama-3.1-70b", share: `${training} %`, duration: "2 h", every: "3 h" },
    { id: "world", kind: "simulation", share: `${simulation} %`, duration: "30 min", every: "1 h" },
  ];
  return all.filter(({ share }) => share !== "0 %");
}

function hallW({ rack, rows, racksPerRow }: HallShape): number {
  return rows * racksPerRow * RACKS[rack].powerW;
}

function watts(powerW: number): string {
  return `${Math.ceil(powerW)} W`;
}
