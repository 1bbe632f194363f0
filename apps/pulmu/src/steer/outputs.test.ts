import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeSimulation } from "../testing/fake-simulation.ts";
import { LiveOutputs } from "./outputs.ts";

const plant = createFakeSimulation();
const [service] = plant.services();

/** A plant with one service that makes so much for so many requests. */
const serving = (requestsPerS: number, tokensPerS: number) =>
  Object.assign(Object.create(plant) as typeof plant, {
    services: () => [{ ...service, id: "chat", requestsPerS, tokensPerS }],
    jobs: () => [],
    placements: () => [],
  });

test("a service is held against the requests that come, times the tokens that they usually take", () => {
  const outputs = new LiveOutputs(plant.site);
  for (let s = 0; s < 300; s++) outputs.second(serving(10, 2000), false);
  const [{ tokensPerS, wantedTokensPerS }] = outputs.second(serving(20, 3000), true);
  assert.deepEqual([tokensPerS, Math.round(wantedTokensPerS)], [3000, 4000]);
});

test("what is made while the factory is held down is not what is usual", () => {
  const outputs = new LiveOutputs(plant.site);
  for (let s = 0; s < 300; s++) outputs.second(serving(10, 2000), false);
  for (let s = 0; s < 3000; s++) outputs.second(serving(10, 500), true);
  assert.equal(Math.round(outputs.second(serving(10, 500), true)[0].wantedTokensPerS), 2000);
});

test("in the first minute nothing is known to be usual", () => {
  assert.deepEqual(new LiveOutputs(plant.site).second(serving(10, 2000), false), []);
});

test("a job of an engine outside that gave way to power makes nothing of what it usually makes, and one that has ended is nobody's loss", () => {
  const outputs = new LiveOutputs(plant.site);
  const job = { id: "j1", tenantId: "snu", serviceClass: "flexible", kind: "training", gpus: 32, busy: 1, pieces: [{ rack: 0, gpus: 32 }] } as const; // prettier-ignore
  const running = (works: ReturnType<typeof plant.outsideWorks>) =>
    Object.assign(Object.create(plant) as typeof plant, { services: () => [], jobs: () => [], placements: () => [], outsideWorks: () => works }); // prettier-ignore
  for (let s = 0; s < 120; s++) outputs.second(running([job]), false);
  const made = ({ workId, tenantId, tokensPerS, wantedTokensPerS }: ReturnType<typeof outputs.second>[number]) => [workId, tenantId, tokensPerS, Math.round(wantedTokensPerS)]; // prettier-ignore
  assert.deepEqual(outputs.second(running([job]), true).map(made), [["j1", "snu", 32, 32]]); // prettier-ignore
  assert.deepEqual(outputs.second(running([{ ...job, pieces: [] }]), true).map(made), [["j1", "snu", 0, 32]]); // prettier-ignore
  assert.deepEqual(outputs.second(running([]), true), []);
});
