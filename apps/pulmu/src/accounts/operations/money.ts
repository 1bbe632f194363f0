import { visibleTenants } from "@pulmu/govern";
import {
  addPlan,
  assignPlan,
  balances,
  computeStatement,
  dayText,
  energyBalance,
  focusCsv,
  grantCredit,
  issueStatement,
  loadAssignments,
  parseDay,
  parseMonth,
  parsePlan,
  readSettlements,
  readStatement,
  statementCsv,
  unbalancedEntries,
  verifyStatement,
} from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import { z } from "zod";
import { type Operation, operation } from "../operation.ts";
import * as schema from "../schemas.ts";
import { permit } from "./permit.ts";

/** Prices, statements, credit, the books, and where the energy went. */
export const moneyOperations: readonly Operation[] = [
  operation({
    id: "addPlan",
    method: "post",
    path: "/plans",
    tag: "money",
    summary: "Add a price plan, or its next version",
    status: 201,
    body: schema.plan,
    answer: z.object({ id: schema.name, version: z.int() }),
    run: async ({ house, by, body }) => {
      permit(by, "price.manage", undefined);
      const { plan, version } = await addPlan(house.store, parsePlan(body), by.id, house.now());
      return { id: plan.id, version };
    },
  }),
  operation({
    id: "assignPlan",
    method: "post",
    path: "/plans/assignments",
    tag: "money",
    summary: 'Put a tenant ("": everybody without one) on a plan',
    status: 201,
    body: z.strictObject({ tenantId: z.string(), planId: schema.name, from: schema.day }),
    answer: z.object({ tenantId: z.string(), planId: schema.name, from: schema.day }),
    run: async ({ house, by, body }) => {
      permit(by, "price.manage", undefined);
      await assignPlan(house.store, { tenantId: body.tenantId, planId: body.planId, fromDay: parseDay(body.from) }, by.id, house.now());
      return body;
    },
  }),
  operation({
    id: "showStatement",
    method: "get",
    path: "/statements/{tenant}/{month}",
    tag: "money",
    summary: "A statement as it stands",
    answer: schema.statement,
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", path["tenant"]);
      return computeStatement(house.store, path["tenant"], path["month"]);
    },
  }),
  operation({
    id: "issueStatement",
    method: "post",
    path: "/statements/{tenant}/{month}/issue",
    tag: "money",
    summary: "Issue a statement, or its next version",
    answer: schema.issued,
    run: async ({ house, by, path }) => {
      permit(by, "statement.issue", undefined);
      return issueStatement(house.store, path["tenant"], path["month"], by.id, house.now());
    },
  }),
  operation({
    id: "showIssued",
    method: "get",
    path: "/statements/{tenant}/{month}/issued",
    tag: "money",
    summary: "The newest issued version",
    answer: schema.issued,
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", path["tenant"]);
      const found = await readStatement(house.store, path["tenant"], parseMonth(path["month"]).text);
      if (found === undefined) throw new PulmuError({ code: "statement.unknown", value: path["month"], rule: "not issued yet" });
      return found;
    },
  }),
  operation({
    id: "exportFocus",
    method: "get",
    path: "/statements/{tenant}/{month}/focus.csv",
    tag: "money",
    summary: "A statement in FinOps FOCUS 1.2",
    answer: "text/csv",
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", path["tenant"]);
      const statement = await computeStatement(house.store, path["tenant"], path["month"]);
      const name = (await house.identity.tenants(by)).find(({ id }) => id === path["tenant"])?.name ?? path["tenant"];
      return focusCsv(statement, name, { name: "Pulmu", regionId: "kr" }, house.calendar);
    },
  }),
  operation({
    id: "listSettlements",
    method: "get",
    path: "/settlements/{month}",
    tag: "money",
    summary: "What the grid pays for flexibility in a month, event by event",
    answer: z.array(schema.settlement),
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", undefined);
      return [...(await readSettlements(house.store, house.calendar, path["month"]))];
    },
  }),
  operation({
    id: "listPlans",
    method: "get",
    path: "/plans",
    tag: "money",
    summary: "Who is on which price plan, from which day on",
    answer: z.array(schema.assignment),
    run: async ({ house, by }) => {
      const visible = visibleTenants(by, "price.read");
      return [...(await loadAssignments(house.store))].flatMap(([tenantId, list]) =>
        visible === "all" || tenantId === "" || visible.includes(tenantId)
          ? list.map(({ plan, version, fromDay }) => ({ tenantId, planId: plan.id, version, from: dayText(fromDay), prices: plan.prices }))
          : [],
      );
    },
  }),
  operation({
    id: "grantCredit",
    method: "post",
    path: "/credits",
    tag: "money",
    summary: "Grant credit, once an id",
    status: 201,
    body: schema.credit,
    answer: schema.credit,
    run: async ({ house, by, body: { from, until, ...grant } }) => {
      permit(by, "price.manage", undefined);
      await grantCredit(house.store, { ...grant, fromDay: parseDay(from), untilDay: parseDay(until) }, by.id, house.now());
      return { ...grant, from, until };
    },
  }),
  operation({
    id: "verifyStatement",
    method: "get",
    path: "/statements/{tenant}/{month}/verify",
    tag: "money",
    summary: "Recompute a statement from every record, and compare with the sums by day, with what was issued, and check the books",
    answer: schema.verified.extend({ totalKrw: z.int() }),
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", path["tenant"]);
      const { replay, findings } = await verifyStatement(house.store, path["tenant"], path["month"]);
      return { records: replay.records, totalKrw: replay.totalKrw, findings };
    },
  }),
  operation({
    id: "exportStatement",
    method: "get",
    path: "/statements/{tenant}/{month}/lines.csv",
    tag: "money",
    summary: "A statement's lines and totals as CSV",
    answer: "text/csv",
    run: async ({ house, by, path }) => {
      permit(by, "statement.read", path["tenant"]);
      return statementCsv(await computeStatement(house.store, path["tenant"], path["month"]));
    },
  }),
  operation({
    id: "showEnergy",
    method: "get",
    path: "/energy/{month}",
    tag: "money",
    summary: "Where the site's energy went: billed, idle, cooling, losses; in all, the site's meter",
    answer: schema.energy,
    run: async ({ house, by, path }) => {
      permit(by, "usage.read", undefined);
      return energyBalance(house.store, path["month"]);
    },
  }),
  operation({
    id: "showBooks",
    method: "get",
    path: "/books",
    tag: "money",
    summary: "Balances of all accounts, which sum to zero, and entries that do not",
    answer: z.object({ accounts: z.record(z.string(), schema.text53), unbalanced: z.array(z.string()) }),
    run: async ({ house, by }) => {
      permit(by, "statement.read", undefined);
      const accounts = [...(await balances(house.store))].map(([name, krw]) => [name, krw.toString()] as const);
      return { accounts: Object.fromEntries(accounts), unbalanced: await unbalancedEntries(house.store) };
    },
  }),
];
