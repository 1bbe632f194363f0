import assert from "node:assert/strict";
import { test } from "node:test";
import { formats, UNKNOWN } from "./format.ts";

const en = formats("en", "Asia/Seoul");
const ko = formats("ko", "Asia/Seoul");
const AT = Date.UTC(2027, 7, 4, 15, 30, 5); // half past midnight of the fifth, in Seoul

for (const [watts, text] of [
  [0, "0 W"],
  [999.96, "1.00 kW"],
  [1_597, "1.60 kW"],
  [115_000, "115 kW"],
  [999_960, "1.00 MW"],
  [38_185_100, "38.2 MW"],
  [999.7e6, "1.00 GW"],
  [-4.2e6, "-4.20 MW"],
] as const)
  test(`${watts} W is written ${text}`, () => assert.equal(en.power(watts), text));

for (const [joules, text] of [
  [0.0042, "4.20 mJ"],
  [2.06, "2.06 J"],
  [1_500, "1.50 kJ"],
  [3_600, "1.00 Wh"],
  [1.28e9, "356 kWh"],
] as const)
  test(`${joules} J is written ${text}`, () => assert.equal(en.energy(joules), text));

test("what is not known is a dash, in every unit", () => {
  const all = [
    en.number,
    en.compact,
    en.percent,
    en.power,
    en.energy,
    en.mass,
    en.krw,
    en.krwShort,
    en.temp,
    en.latency,
    en.duration,
    en.clock,
  ];
  for (const format of all) for (const value of [null, undefined, NaN]) assert.equal(format(value), UNKNOWN);
});

test("won have no decimals, and are counted in ten thousands in Korean", () => {
  assert.equal(en.krw(1_216_784.4), "₩1,216,784");
  assert.equal(ko.krw(1_216_784.4), "₩1,216,784");
  assert.equal(ko.krwShort(1_216_784), "₩122만");
  assert.equal(ko.compact(12_800_000), "1280만");
  assert.equal(en.compact(12_800_000), "12.8M");
});

test("times are the site's, whatever the browser's zone", () => {
  assert.equal(en.clock(AT), "00:30:05");
  assert.equal(en.dateTime(AT), "5 Aug 2027, 00:30");
  assert.equal(ko.dateTime(AT), "2027년 8월 5일 00:30");
  assert.equal(ko.date(AT), "2027년 8월 5일");
});

test("latencies are milliseconds below a second", () => {
  assert.deepEqual([en.latency(0.0516), en.latency(0.9994), en.latency(1.18)], ["52 ms", "999 ms", "1.18 s"]);
});
