import type { NodeFilter } from "@pulmu/fleet";
import { may, type Principal } from "@pulmu/govern";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";
import { type Operation, operation } from "../accounts/operation.ts";
import { readReport } from "./read-report.ts";
import * as schema from "./schemas.ts";

const done = z.object({ node: z.string() });
const TAG = "fleet";

/** The fleet over HTTP: nodes, their health and repairs, and what changed since. */
export const fleetOperations: readonly Operation[] = [
  operation({
    id: "listNodes",
    method: "get",
    path: "/fleet/nodes",
    tag: TAG,
    summary: "Nodes by id, page by page: give the last id as `after`",
    query: z.strictObject(schema.nodeFilter),
    answer: z.array(schema.node),
    run: async ({ house, by, query: { rack, ...rest } }) =>
      (await house.fleet()).nodes(by, { ...given(rest), ...(rack !== undefined && { rackId: rack }) }),
  }),
  operation({
    id: "addNodes",
    method: "post",
    path: "/fleet/nodes",
    tag: TAG,
    summary: "Take nodes in, to be provisioned; known ones stay as they are",
    status: 201,
    body: z.array(schema.newNode).min(1).max(1_000),
    answer: z.object({ added: z.int() }),
    run: async ({ house, by, body }) => ({ added: await (await house.fleet()).add(by, body) }),
  }),
  operation({
    id: "showNode",
    method: "get",
    path: "/fleet/nodes/{node…}",
    tag: TAG,
    summary: "A node and its repairs",
    answer: z.object({ node: schema.node, tickets: z.array(schema.ticket) }),
    run: async ({ house, by, path }) => (await house.fleet()).node(by, path["node"]),
  }),
  operation({
    id: "nodeChanges",
    method: "get",
    path: "/fleet/changes",
    tag: TAG,
    summary: "Nodes changed since a number, as they are now: ask again from `cursor`",
    query: z.strictObject({
      since: z.coerce.number().int().min(-1).default(-1),
      limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
    }),
    answer: z.object({
      nodes: z.array(schema.node),
      cursor: z.int(),
      more: z.boolean(),
      watched: z.boolean().describe("false: no node is known to be well"),
    }),
    run: async ({ house, by, query }) => (await house.fleet()).changes(by, query.since, query.limit),
  }),
  operation({
    id: "capacity",
    method: "get",
    path: "/fleet/capacity",
    tag: TAG,
    summary: "GPUs by type, state and health, and how many may get new work",
    answer: z.array(schema.capacity),
    run: async ({ house, by }) => (await house.fleet()).capacity(by),
  }),
  operation({
    id: "repairHistory",
    method: "get",
    path: "/fleet/history/{serial…}",
    tag: TAG,
    summary: "Every repair that a serial was part of, newest first",
    answer: z.array(schema.ticket),
    run: async ({ house, by, path }) => (await house.fleet()).history(by, path["serial"]),
  }),
  operation({
    id: "acceptNodes",
    method: "post",
    path: "/fleet/accept",
    tag: TAG,
    summary: "Put nodes into service that passed their acceptance test",
    body: z.strictObject({ nodes: z.array(z.string().max(200)).min(1).max(1_000) }),
    answer: z.object({ accepted: z.int() }),
    run: async ({ house, by, body }) => (await (await house.fleet()).accept(by, body.nodes), { accepted: body.nodes.length }),
  }),
  operation({
    id: "drainNode",
    method: "post",
    path: "/fleet/drain",
    tag: TAG,
    summary: "Let the work on one node end and take it out of service",
    body: z.strictObject({ node: z.string().max(200), reason: z.string().min(1).max(500) }),
    answer: done,
    run: async ({ house, by, body }) => (await (await house.fleet()).drain(by, body.node, body.reason), { node: body.node }),
  }),
  operation({
    id: "cancelDrain",
    method: "post",
    path: "/fleet/drain/cancel",
    tag: TAG,
    summary: "Leave a node in service that is being drained",
    body: schema.named,
    answer: done,
    run: async ({ house, by, body }) => (await (await house.fleet()).cancelDrain(by, body.node), body),
  }),
  operation({
    id: "attestEmpty",
    method: "post",
    path: "/fleet/empty",
    tag: TAG,
    summary: "Give one's word that nothing runs on a node that is being drained, where the engine cannot say so",
    body: schema.named,
    answer: done,
    run: async ({ house, by, body }) => (await (await house.fleet()).attestEmpty(by, body.node), body),
  }),
  operation({
    id: "repairNode",
    method: "post",
    path: "/fleet/repair",
    tag: TAG,
    summary: "Report work on a repair: diagnosed, mended, validated",
    body: z.strictObject({ node: z.string().max(200), work: schema.work }),
    answer: schema.ticket,
    run: async ({ house, by, body }) => (await house.fleet()).repair(by, body.node, body.work),
  }),
  operation({
    id: "returnNode",
    method: "post",
    path: "/fleet/return",
    tag: TAG,
    summary: "Bring a node back into service whose validation passed",
    body: schema.named,
    answer: done,
    run: async ({ house, by, body }) => (await (await house.fleet()).returnToService(by, body.node), body),
  }),
  operation({
    id: "retireNode",
    method: "post",
    path: "/fleet/retire",
    tag: TAG,
    summary: "Take a node away for good",
    body: schema.named,
    answer: done,
    run: async ({ house, by, body }) => (await (await house.fleet()).retire(by, body.node), body),
  }),
  operation({
    id: "reportHealth",
    method: "post",
    path: "/fleet/reports",
    tag: TAG,
    summary: "Tell what a source says of a node; judged in the next round",
    body: schema.report,
    answer: z.object({ observations: z.int() }),
    run: async ({ house, by, body }) => {
      mustManage(by);
      if (house.watches === undefined)
        throw new PulmuError({ code: "store.watch", rule: "nobody watches the fleet here", hint: "pulmu up does" });
      const observations = readReport(body.node, body.source, body);
      house.watches.report({ nodeId: body.node, source: body.source, observations });
      return { observations: observations.length };
    },
  }),
];

function mustManage(by: Principal): void {
  if (!may(by, "fleet.manage", undefined))
    throw new PulmuError({ code: "govern.denied", path: "fleet.manage", rule: `${by.id} may not do this` });
}

/** Without what was left out. */
function given(filter: { readonly [K in keyof NodeFilter]: NodeFilter[K] | undefined }): NodeFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
