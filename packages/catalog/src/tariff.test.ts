import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog, tariffBand, tariffPriceKrwPerKWh } from "./index.ts";

const tariff = loadCatalog().tariffs.get("kepco-b-iii")!;
const at = (month: number, weekday: number, hour: number) => ({ month, weekday, hour });
const [SUNDAY, WEDNESDAY, SATURDAY] = [0, 3, 6];

test("after the reform, a summer weekday peaks from 15 to 21 and is light from 22 to 8", () => {
  const bands = Array.from({ length: 24 }, (_, hour) => tariffBand(tariff, at(7, WEDNESDAY, hour)));
  assert.deepEqual(bands.map((band) => band[0]).join(""), "l".repeat(8) + "m".repeat(7) + "p".repeat(6) + "m" + "l".repeat(2));
});

test("given 16:30 on a summer weekday, B-III costs its peak rate and the surcharges", () => {
  assert.equal(tariffPriceKrwPerKWh(tariff, at(7, WEDNESDAY, 16.5)), 237.5 + 14);
});

test("given a spring weekend, energy from 11 to 14 costs half its rate, and before and after the whole", () => {
  assert.equal(tariffPriceKrwPerKWh(tariff, at(4, SATURDAY, 12)), 143.2 / 2 + 14);
  assert.equal(tariffPriceKrwPerKWh(tariff, at(4, SUNDAY, 13.99)), 125.9 / 2 + 14);
  assert.equal(tariffPriceKrwPerKWh(tariff, at(4, SUNDAY, 14)), 125.9 + 14);
  assert.equal(tariffPriceKrwPerKWh(tariff, at(7, SUNDAY, 12)), 125.9 + 14);
});

test("a steady load on B-III pays about 150 KRW/kWh for energy over a year", () => {
  const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  let sum = 0;
  daysOfMonth.forEach((days, month) => {
    for (let weekday = 0; weekday < 7; weekday++) {
      for (let hour = 0; hour < 24; hour++) sum += (days / 7) * tariffPriceKrwPerKWh(tariff, at(month + 1, weekday, hour));
    }
  });
  const energyKrwPerKWh = sum / 8760 - tariff.surchargeKrwPerKWh;
  assert.ok(energyKrwPerKWh > 147 && energyKrwPerKWh < 153, `${energyKrwPerKWh} KRW/kWh`);
});
