import { applicationSchema, costUntilKrw, type Grant, loadCall } from "@pulmu/jobs/allotment";
import { checkShape, readYamlFile } from "@pulmu/units/yaml";
import { z } from "zod";
import { digits, printLine, printTable, when } from "../../accounts/print.ts";
import { useByLedger } from "../../allotment/measure-use.ts";
import { reserveGrants } from "../../allotment/reserve.ts";
import { type ExitCode, printJson } from "../../exit.ts";
import { type CommonOptions, withHouse } from "../accounts/identity.ts";

export const publishCall = (file: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const call = loadCall(file);
    await (await house.allotments()).publish(by, call);
    if (options.json) return printJson({ id: call.id });
    printLine(`Call ${call.id} is published: applications from ${day(call.opens)} until ${day(call.closes)}. Next: pulmu allot apply FILE`);
  });

export const listCall = (callId: string | undefined, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const allotments = await house.allotments();
    if (callId === undefined) {
      const calls = await allotments.calls();
      if (options.json) return printJson(calls);
      const rows = calls.map(({ call, state }) => [call.id, state, day(call.opens), day(call.closes), call.title]);
      return printTable(
        [{ title: "CALL" }, { title: "STATE" }, { title: "OPENS" }, { title: "CLOSES" }, { title: "TITLE" }],
        rows,
        "no calls yet: pulmu allot publish calls/national.yaml",
      );
    }
    const [applications, grants] = [await allotments.applications(by, callId), await allotments.grants(by, callId)];
    if (options.json) return printJson({ applications, grants });
    const rows = applications.map((one) => [
      `${one.id}`,
      one.state,
      one.organisation,
      one.sector,
      digits(one.gpus),
      one.region,
      one.reasons.join("; "),
    ]);
    printTable(
      [
        { title: "APPLICATION", right: true },
        { title: "STATE" },
        { title: "ORGANISATION" },
        { title: "SECTOR" },
        { title: "GPUS", right: true },
        { title: "REGION" },
        { title: "WHY" },
      ],
      rows,
      "no applications yet: pulmu allot apply FILE",
    );
    if (grants.length > 0) printGrants(grants, house.now());
  });

/** As people write it: days, not milliseconds. */
const formFile = z.strictObject({
  call: z.string(),
  tenant: z.string(),
  ...applicationSchema.omit({ callId: true, tenantId: true, fromMs: true, untilMs: true }).shape,
  from: z.iso.date(),
  until: z.iso.date(),
});

export const applyFrom = (file: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const { call: callId, tenant: tenantId, from, until, ...form } = checkShape(formFile, readYamlFile(file), "allotment");
    const times = { fromMs: Date.parse(`${from}T00:00:00Z`), untilMs: Date.parse(`${until}T00:00:00Z`) };
    const application = await (await house.allotments()).apply(by, { ...form, ...times, callId, tenantId });
    if (options.json) return printJson(application);
    printLine(`Application ${application.id} for ${digits(application.gpus)} GPUs is taken in.`);
  });

export const withdraw = (id: number, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    await (await house.allotments()).withdraw(by, id);
    if (options.json) return printJson({ id, state: "withdrawn" });
    printLine(`Application ${id} is withdrawn.`);
  });

export const exclude = (id: number, options: CommonOptions & { readonly reason: string }): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    await (await house.allotments()).exclude(by, id, options.reason);
    if (options.json) return printJson({ id, state: "ineligible" });
    printLine(`Application ${id} is left out: ${options.reason}`);
  });

export const closeCall = (id: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    await (await house.allotments()).close(by, id);
    if (options.json) return printJson({ id, state: "reviewing" });
    printLine(`Call ${id} is closed. Next: its reviewers, pulmu allot review APPLICATION`);
  });

export const decideCall = (id: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const grants = await (await house.allotments()).decide(by, id);
    if (options.json) return printJson(grants);
    printGrants(grants, house.now());
  });

export const answerGrant = (id: number, accepts: boolean, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const grant = await (await house.allotments()).answer(by, id, accepts);
    await reserveGrants(house, grant.callId);
    if (options.json) return printJson(grant);
    printLine(`Grant ${id} is ${grant.state}.${accepts ? ` On condition: ${grant.conditions.join("; ")}` : ""}`);
  });

export const monitorCall = (id: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const changed = await (await house.allotments()).monitor(by, id, await useByLedger(house.store, house.calendar));
    await reserveGrants(house, id);
    if (options.json) return printJson(changed);
    if (changed.length === 0) printLine("nothing to look at: no span of use has ended since the last time");
    else printGrants(changed, house.now());
  });

export const reclaimGrant = (id: number, options: CommonOptions & { readonly reason: string }): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const grant = await (await house.allotments()).reclaim(by, id, options.reason);
    await reserveGrants(house, grant.callId);
    if (options.json) return printJson(grant);
    printLine(`Grant ${id} is taken back: ${digits(grant.gpus)} GPUs go to who waits.`);
  });

export const showReport = (id: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house) => {
    const report = await (await house.allotments()).report(id);
    if (options.json) return printJson(report);
    printLine(`${report.title} (${report.call}, ${report.state}), ${when(report.atMs)}`);
    const right = (title: string) => ({ title, right: true });
    printTable(
      [
        { title: "SECTOR" },
        right("GPUS"),
        right("HELD"),
        right("APPLIED"),
        right("GRANTED"),
        right("WAITING"),
        right("REJECTED"),
        right("INELIGIBLE"),
        right("KRW"),
      ],
      report.sectors.map((one) => [
        one.sector,
        ...[one.gpus, one.gpusHeld, one.applications, one.granted, one.waiting, one.rejected, one.ineligible, one.krw].map((value) =>
          digits(value),
        ),
      ]),
      "",
    );
    printTable(
      [{ title: "ORGANISATION" }, { title: "SECTOR" }, right("GPUS"), { title: "STATE" }, right("USED")],
      report.grants.map((one) => [
        one.organisation,
        one.sector,
        digits(one.gpus),
        one.state,
        one.usedPercent === undefined ? "–" : `${one.usedPercent.toFixed(1)} %`,
      ]),
      "no grants yet",
    );
    const { counted, conflicts } = report.reviews;
    printLine(
      `${counted} reviews counted, ${conflicts} conflicts of interest declared; ${report.warnings} warnings, ${report.reclaimed} grants taken back`,
    );
  });

function printGrants(grants: readonly Grant[], nowMs: number): void {
  const costs = ({ state }: Grant) => state !== "offered" && state !== "declined";
  const rows = grants.map((one) => [
    `${one.id}`,
    one.state,
    one.organisation,
    digits(one.gpus),
    day(one.fromMs),
    day(one.untilMs),
    digits(costs(one) ? costUntilKrw(one, nowMs) : 0n),
    digits(costUntilKrw(one, one.untilMs)),
    one.reason,
  ]);
  const right = (title: string) => ({ title, right: true });
  printTable(
    [
      right("GRANT"),
      { title: "STATE" },
      { title: "ORGANISATION" },
      right("GPUS"),
      { title: "FROM" },
      { title: "UNTIL" },
      right("KRW SO FAR"),
      right("KRW IN ALL"),
      { title: "WHY" },
    ],
    rows,
    "nothing was granted",
  );
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
