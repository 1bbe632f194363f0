import assert from "node:assert/strict";

/** A site small enough to read, for tests that spoil one line of it. Its lines are numbered by the tests: change with care. */
export const SMALL_SITE = `pulmu: site/v1
id: small
name: Small site
location: { country: KR, timezone: Asia/Seoul, climate: sejong, grid: kr }
phases:
  - { id: one, name: First, date: 2027-06-30, envelope: 6 MW }
  - { id: two, name: Second, date: 2028-06-30, envelope: 12 MW }
feeds:
  - { tag: "main-{s=a,b}", voltage: 22.9 kV, limit: { one: 6 MW, two: 12 MW }, tariff: kepco-a-iii }
power:
  - { id: "h{h=1..2}-tr-{s=a,b}", part: transformer-22.9kv, rating: 2 MW, units: 4, redundancy: N+1, from: "main-{s}" }
  - { id: "h{h=1..2}-bus{r=1..2}-{s=a,b}", part: busway, rating: 3 MW, from: "h{h}-tr-{s}" }
loops:
  - id: h{h=1..2}-loop
    supply: 34 °C
    capacity: 3 MW
    units: 3
    redundancy: N+1
    cooler: adiabatic-cooler
    pump: pump
    airHandler: air-handler
    airCapacity: 1 MW
    design: { wetBulb: 27 °C, dryBulb: 35 °C }
    from: ["h{h}-tr-a", "h{h}-tr-b"]
cdus:
  - { id: "h{h=1..2}-cdu{r=1..2}", part: cdu-1350kw, units: 3, redundancy: N+1, loop: "h{h}-loop", from: ["h{h}-tr-a", "h{h}-tr-b"] }
halls:
  - { id: h1, rack: gb300-nvl72, rows: 2, racksPerRow: 16, cdu: "h1-cdu{row}", from: ["h1-bus{row}-a", "h1-bus{row}-b"], phase: one }
  - { id: h2, rack: gb300-nvl72, rows: 2, racksPerRow: 16, cdu: "h2-cdu{row}", from: ["h2-bus{row}-a", "h2-bus{row}-b"], phase: two }
loads:
  - { id: "h{h=1..2}-network", kind: it, share: 5 %, of: "h{h}", from: ["h{h}-tr-a", "h{h}-tr-b"] }
tenants:
  - id: tenant
    name: Tenant
    class: standard
    workloads:
      - { id: chat, kind: inference, model: llama-3.1-70b, share: 50 %, requests: azure-conv, load: 60 %, slo: { ttft: 1 s, itl: 50 ms } }
      - { id: train, kind: training, model: llama-3.1-70b, gpus: 576, duration: 4 h, every: 6 h }
`;

/** The small site with pieces of its text exchanged. Each piece must be there. */
export function spoiled(...changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `the small site has no "${from}"`);
    return text.replace(from, to);
  }, SMALL_SITE);
}
