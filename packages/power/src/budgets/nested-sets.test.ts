import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nestSets } from "./nested-sets.ts";

const anySets = fc.array(
  fc.uniqueArray(fc.nat(11), { minLength: 1 }).map((members) => new Set(members)),
  { minLength: 1, maxLength: 12 },
);

test("given any sets, the tree's sets are nested or apart, and the parts of each given set are a partition of it by weight", () => {
  fc.assert(
    fc.property(anySets, (sets) => {
      const weight = (member: number) => 1 + (member % 3);
      const { parent, members, parts } = nestSets(sets, weight);
      members.forEach((a, i) => {
        members.forEach((b, j) => {
          const common = a.intersection(b).size;
          assert.ok(i === j || common === 0 || ((common === a.size || common === b.size) && a.size !== b.size));
        });
        const around = [...members.keys()].filter((j) => j !== i && members[j].isSupersetOf(a));
        const smallest = around.toSorted((x, y) => members[x].size - members[y].size)[0] ?? -1;
        assert.equal(parent[i], smallest);
        assert.ok(parent[i] < i);
      });
      sets.forEach((set, s) => {
        const joined = parts[s].flatMap(({ set: piece }) => [...members[piece]]);
        assert.deepEqual(joined.toSorted(), [...set].toSorted());
        assert.ok(Math.abs(parts[s].reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
      });
    }),
  );
});

test("given nested sets, nothing is cut", () => {
  const { parts, members } = nestSets([new Set([1]), new Set([1, 2, 3]), new Set([2, 3]), new Set([1, 2, 3])], () => 1);
  assert.equal(members.length, 3);
  assert.deepEqual(
    parts.map((own) => own.map(({ share }) => share)),
    [[1], [1], [1], [1]],
  );
});

test("given three generators that stand in for each other in pairs, each pair's crossing is cut by weight", () => {
  const { parts } = nestSets([new Set([0, 1]), new Set([1, 2]), new Set([2, 0])], () => 1);
  assert.deepEqual(
    parts.map((own) => own.length),
    [1, 2, 2],
  );
});
