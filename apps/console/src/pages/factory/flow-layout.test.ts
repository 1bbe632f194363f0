import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { layFlow, type FlowNode } from "./flow-layout.ts";

const FRAME = { width: 700, height: 300, gap: 10, bar: 8 };
const node = (id: string, column: number): FlowNode => ({ id, name: id, column, color: "" });

test("widths are watts: what comes to a node is as high as what goes, and nothing leaves the picture", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 12 }), (powers) => {
      const nodes = [node("feed", 0), node("site", 1), ...powers.map((_, i) => node(`w${i}`, 3))];
      const sum = powers.reduce((total, powerW) => total + powerW, 0);
      const flow = layFlow(
        nodes,
        [{ from: "feed", to: "site", powerW: sum }, ...powers.map((powerW, i) => ({ from: "site", to: `w${i}`, powerW }))],
        FRAME,
      );
      const site = flow.nodes.find(({ id }) => id === "site")!;
      const leaving = flow.links.filter(({ from }) => from.id === "site").reduce((total, { width }) => total + width, 0);
      assert.ok(Math.abs(leaving - site.height) < 1e-6 * Math.max(1, site.height));
      for (const { y, height } of flow.nodes) assert.ok(y >= -1e-6 && y + height <= FRAME.height + 1e-6);
    }),
  );
});

test("works keep their order when their power changes: the picture does not jump", () => {
  const nodes = [node("site", 1), node("a", 3), node("b", 3)];
  const order = (a: number, b: number) =>
    layFlow(
      nodes,
      [
        { from: "site", to: "a", powerW: a },
        { from: "site", to: "b", powerW: b },
      ],
      FRAME,
    )
      .nodes.filter(({ column }) => column === 3)
      .map(({ id }) => id);
  assert.deepEqual([order(1, 9), order(9, 1)], [["a", "b"], ["a", "b"]]); // prettier-ignore
});

test("what has no power is not drawn", () => {
  const flow = layFlow([node("site", 1), node("idle", 3)], [{ from: "site", to: "idle", powerW: 0 }], FRAME);
  assert.deepEqual([flow.nodes, flow.links], [[], []]);
});
