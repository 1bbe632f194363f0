/** Four GB300 racks of a cloud with all kinds of work: small enough for hundreds of hours second by second. */
export const LONDON_SITE = `
pulmu: site/v1
id: london
name: Four racks that give way
location: { country: KR, timezone: Asia/Seoul, climate: sejong, grid: kr }
phases: [{ id: p1, name: One, date: 2027-06-30, envelope: 800 kW }]
feeds: [{ tag: main, voltage: 22.9 kV, limit: 800 kW, tariff: kepco-a-ii }]
power:
  - { id: tr, part: transformer-22.9kv, rating: 900 kW, from: main }
  - { id: ups, part: ups, rating: 200 kW, units: 5, redundancy: N+1, from: tr }
  - { id: bus, part: busway, rating: 700 kW, from: ups }
loops:
  - { id: loop, supply: 34 °C, capacity: 350 kW, units: 3, redundancy: N+1, cooler: adiabatic-cooler, pump: pump, airHandler: air-handler,
      airCapacity: 150 kW, chiller: chiller, chillerCapacity: 300 kW, design: { wetBulb: 27 °C, dryBulb: 35 °C }, from: tr }
cdus: [{ id: cdu, part: cdu-1350kw, units: 2, redundancy: N+1, loop: loop, from: ups }]
halls: [{ id: h1, rack: gb300-nvl72, rows: 1, racksPerRow: 4, cdu: cdu, from: bus }]
loads: [{ id: network, kind: it, share: 5 %, of: h1, from: ups }]
tenants:
  - id: bank
    name: Bank
    class: critical
    workloads: [{ id: bank-chat, kind: inference, model: llama-3.1-70b, share: 24 %, requests: azure-conv, load: 40 %, slo: { ttft: 1 s, itl: 80 ms } }]
  - id: shop
    name: Shop
    class: standard
    workloads: [{ id: shop-chat, kind: inference, model: llama-3.1-70b, share: 24 %, requests: azure-conv, load: 40 %, slo: { ttft: 2 s, itl: 200 ms } }]
  - id: lab
    name: Laboratory
    class: flexible
    workloads: [{ id: train, kind: training, model: llama-3.1-405b, gpus: 144, duration: 60 d, checkpointEvery: 5 h, checkpoint: 20 s, restart: 30 s }]
`;
