/**
 * Two feeds, two rows of three GB300 racks, all of it in duplicate, and an envelope a quarter too small for them: critical and standard
 * services and a flexible gang that caps must fit in.
 */
export const TORTURE_SITE = `
pulmu: site/v1
id: torture
name: Six racks in too small an envelope
location: { country: KR, timezone: Asia/Seoul, climate: sejong, grid: kr }
steered: true
phases: [{ id: p1, name: One, date: 2027-06-30, envelope: 720 kW }]
feeds: [{ tag: "main-{s=a,b}", voltage: 22.9 kV, limit: 900 kW, tariff: kepco-a-ii }]
power:
  - { id: "tr-{s=a,b}", part: transformer-22.9kv, rating: 900 kW, from: "main-{s}" }
  - { id: "ups-{s=a,b}", part: ups, rating: 170 kW, units: 5, redundancy: N+1, from: "tr-{s}" }
  - { id: "bus{r=1..2}-{s=a,b}", part: busway, rating: 380 kW, from: "ups-{s}" }
loops:
  - { id: loop, supply: 34 °C, capacity: 450 kW, units: 3, redundancy: N+1, cooler: adiabatic-cooler, pump: pump, airHandler: air-handler, airCapacity: 200 kW,
      chiller: chiller, chillerCapacity: 300 kW, design: { wetBulb: 27 °C, dryBulb: 35 °C }, from: [tr-a, tr-b] }
cdus: [{ id: "cdu{r=1..2}", part: cdu-1350kw, units: 2, redundancy: N+1, loop: loop, from: [ups-a, ups-b] }]
halls: [{ id: h1, rack: gb300-nvl72, rows: 2, racksPerRow: 3, cdu: "cdu{row}", from: ["bus{row}-a", "bus{row}-b"] }]
loads: [{ id: network, kind: it, share: 5 %, of: h1, from: [ups-a, ups-b] }]
tenants:
  - id: bank
    name: Bank
    class: critical
    workloads: [{ id: bank-chat, kind: inference, model: llama-3.1-70b, share: 20 %, requests: azure-conv, load: 50 %, slo: { ttft: 1 s, itl: 50 ms } }]
  - id: shop
    name: Shop
    class: standard
    workloads: [{ id: shop-chat, kind: inference, model: llama-3.1-70b, share: 20 %, requests: azure-conv, load: 50 %, slo: { ttft: 1 s, itl: 50 ms } }]
  - id: lab
    name: Laboratory
    class: flexible
    workloads: [{ id: train, kind: training, model: llama-3.1-405b, gpus: 216, duration: 20 h, checkpointEvery: 5 h, checkpoint: 20 s, restart: 30 s }]
`;
