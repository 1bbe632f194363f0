import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { SERIES } from "@pulmu/twin";
import { LiveFactory } from "../live/factory.ts";
import { createFakeSimulation } from "../testing/fake-simulation.ts";
import { renderDashboard } from "./dashboard.ts";
import { logLine } from "./log-view.ts";
import { createStyle, textWidth } from "./style.ts";

const ADDRESS = "http://127.0.0.1:8117";

function runningFactory(seconds: number): LiveFactory {
  const factory = new LiveFactory(createFakeSimulation(), { workloadSource: "synthetic workload, fitted to published traces", speed: 1 });
  factory.advance(seconds);
  return factory;
}

function picture(width: number, height: number, { colour = false, seconds = 900 } = {}): string[] {
  return renderDashboard(runningFactory(seconds), ADDRESS, { width, height, style: createStyle(colour) });
}

for (const [width, height] of [
  [60, 24],
  [80, 24],
  [120, 36],
] as const) {
  test(`the view at ${width} × ${height} looks as it was approved`, () => {
    const file = join(import.meta.dirname, "golden", `dashboard-${width}x${height}.txt`);
    const drawn = `${picture(width, height)
      .map((line) => line.trimEnd())
      .join("\n")}\n`;
    if (process.env.PULMU_UPDATE_GOLDEN) writeFileSync(file, drawn);
    assert.equal(drawn, readFileSync(file, "utf8"), "look at it, then run again with PULMU_UPDATE_GOLDEN=1");
  });
}

test("each line has the frame's width and there are no more than fit, with and without colour", () => {
  for (const colour of [false, true]) {
    for (let width = 60; width <= 150; width += 7) {
      for (const height of [5, 24, 31, 60]) {
        const lines = picture(width, height, { colour });
        assert.ok(lines.length <= height, `${lines.length} lines in ${height}`);
        for (const line of lines) assert.equal(textWidth(line), width, `${width}: ${line}`);
      }
    }
  }
});

test("colour changes the look, not the text", () => {
  const plain = picture(100, 30).map((line) => line.replaceAll(/[█▓▒░=]/g, "#"));
  const coloured = picture(100, 30, { colour: true }).map((line) => stripVTControlCharacters(line).replaceAll(/[█▓▒░=]/g, "#"));
  assert.deepEqual(coloured, plain);
});

test("before the first second there is a picture too", () => {
  assert.ok(picture(80, 24, { seconds: 0 }).length > 10);
});

test("a site above its envelope says so", () => {
  const factory = runningFactory(60);
  factory.simulation.row[7] = 1e6;
  const lines = renderDashboard(factory, ADDRESS, { width: 80, height: 24, style: createStyle(false) });
  assert.match(lines[3], /OVER THE ENVELOPE/);
});

test("a power that was not read is a dash, not a number, and never an alarm", () => {
  const factory = runningFactory(60);
  factory.simulation.row.fill(Number.NaN);
  factory.simulation.row[SERIES.envelopeW] = 55e6;
  const text = [...renderDashboard(factory, ADDRESS, { width: 80, height: 40, style: createStyle(false) }), logLine(factory)].join("\n");
  assert.doesNotMatch(text, /NaN|OVER THE ENVELOPE/);
  assert.match(text, /– of 55\.0 MW/);
});

test("control characters in names do not reach the terminal", () => {
  const factory = runningFactory(60);
  factory.note("critical", "\x1b[2Jgone\u0007");
  const lines = renderDashboard(factory, ADDRESS, { width: 80, height: 40, style: createStyle(false) });
  assert.ok(lines.some((line) => line.includes("[2Jgone")));
  assert.ok(!lines.join("").includes("\x1b"));
});
