import { rackLimitW } from "@pulmu/power";
import { parseSite, type Site } from "@pulmu/site";
import { catalog, type JobId, type JobPair } from "./jobs.ts";

const type = catalog.racks.get("gb300-nvl72")!;
const accelerator = catalog.accelerators.get(type.acceleratorId)!;

/** Most that three racks can draw with nobody holding them, W: the envelope of the pilot. Stricter than three nameplates. */
export const ENVELOPE_W = 3 * rackLimitW(type, accelerator.tdpW);

/** The highest cap at which so many racks together fit the envelope, whatever they do, W per GPU. */
export function equalCapW(racks: number): number {
  let capW = accelerator.tdpW;
  while (racks * rackLimitW(type, capW) > ENVELOPE_W) capW--;
  return capW;
}

/** What engines are set up for, 99th percentiles, s: a conversation that keeps ahead of its reader. Ours: the pilot states none. */
const ENGINE_SLO = { ttftS: 2, itlS: 0.2 };

/**
 * GB300 NVL72 racks in one power domain, everything that is not a rack on a circuit of its own, and two inference jobs that share them.
 * @param lowShare share of the GPUs that the low job holds
 */
export function pilotSite(pair: JobPair, racks: number, lowShare: number): Site {
  const shares = { low: lowShare, high: 1 - lowShare };
  const job = (id: JobId) =>
    `{ id: ${id}, kind: inference, model: ${pair[id].modelId}, share: ${shares[id] * 100} %, requests: ${pair[id].requests}, slo: { ttft: ${ENGINE_SLO.ttftS} s, itl: ${ENGINE_SLO.itlS} s } }`;
  const kW = Math.ceil(ENVELOPE_W / 1000 + 300);
  return parseSite(
    `
pulmu: site/v1
id: pilot-${racks}
name: Pilot of ${racks} racks
location: { country: KR, timezone: Asia/Seoul, climate: sejong, grid: kr }
steered: true
phases: [{ id: p1, name: Pilot, date: 2027-06-30, envelope: ${kW} kW }]
feeds:
  - { tag: domain, voltage: 22.9 kV, limit: ${ENVELOPE_W} W, tariff: kepco-a-iii }
  - { tag: house, voltage: 22.9 kV, limit: 300 kW, tariff: kepco-a-iii }
power:
  - { id: switchboard, kind: switchboard, rating: 800 kW, from: domain }
  - { id: "pdu{p=1..${racks}}", kind: pdu, rating: 150 kW, from: switchboard }
loops:
  - { id: water, supply: 34 °C, capacity: 700 kW, units: 3, redundancy: N+1, cooler: adiabatic-cooler, pump: pump, airHandler: air-handler,
      airCapacity: 150 kW, design: { wetBulb: 27 °C, dryBulb: 35 °C }, from: house }
cdus: [{ id: cdus, part: cdu-1350kw, units: 2, redundancy: N+1, loop: water, from: house }]
halls: [{ id: h1, rack: gb300-nvl72, rows: ${racks}, racksPerRow: 1, cdu: cdus, from: "pdu{row}" }]
tenants:
  - id: pilot
    name: Pilot
    class: standard
    workloads:
      - ${job("high")}
      - ${job("low")}
`,
    "pilot.yaml",
    { catalog },
  );
}
