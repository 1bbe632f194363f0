import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCatalog } from "@pulmu/catalog";
import fc from "fast-check";
import { checkSite, parseSite } from "./index.ts";
import { layOut, SIZE } from "./one-line-layout.ts";
import { oneLine } from "./one-line.ts";
import { arbitrarySite } from "./testing/index.ts";

const catalog = loadCatalog();

interface Box {
  readonly name: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function boxesOf(text: string): { boxes: Box[]; width: number; height: number } {
  const site = parseSite(text, "random.yaml", { catalog });
  const { nodes, loads, feeds, width, height } = layOut(oneLine(site, checkSite(site, catalog)));
  const label = SIZE.lane - SIZE.inset - 6;
  const boxes = [
    ...nodes.map(({ group, x, y, label: side }) => ({
      name: group.name,
      left: side === "left" ? x - label : x - 26,
      right: side === "left" ? x + 26 : x + label,
      top: y,
      bottom: y + 60,
    })),
    ...loads.map(({ group, x, y, width: w }) => ({ name: group.name, left: x, right: x + w, top: y, bottom: y + SIZE.load })),
    ...feeds.map(({ group, y }) => ({
      name: group.name,
      left: SIZE.margin,
      right: SIZE.margin + SIZE.gutter,
      top: y - 20,
      bottom: y + 24,
    })),
  ];
  return { boxes, width, height };
}

test("in the diagram of a random site nothing lies on anything else or outside the page", () => {
  fc.assert(
    fc.property(arbitrarySite(), (text) => {
      const { boxes, width, height } = boxesOf(text);
      boxes.forEach((a, i) => {
        assert.ok(a.left >= 0 && a.right <= width && a.top >= 0 && a.bottom <= height, `${a.name} leaves the page`);
        for (const b of boxes.slice(i + 1)) {
          const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
          assert.ok(apart, `${a.name} lies on ${b.name}`);
        }
      });
    }),
    { numRuns: 100 },
  );
});
