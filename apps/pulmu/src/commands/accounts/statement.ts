import { readFileSync, writeFileSync } from "node:fs";
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
  parsePlan,
  readSettlements,
  readStatement,
  type Statement,
  statementCsv,
  unbalancedEntries,
  verifyStatement,
} from "@pulmu/ledger";
import { PulmuError } from "@pulmu/units";
import { parseDocument } from "yaml";
import { digits, printLine, printTable, when } from "../../accounts/print.ts";
import { parseCount } from "../../accounts/words.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { type CommonOptions, withHouse } from "./identity.ts";

export const showStatement = (
  tenant: string,
  month: string,
  options: CommonOptions & { readonly fromRecords?: boolean },
): Promise<ExitCode> =>
  withHouse(options, async ({ store }) => {
    const statement = await computeStatement(store, tenant, month, options.fromRecords ? "records" : "days");
    if (options.json) return printJson(statement);
    printStatement(statement);
    const issued = await readStatement(store, tenant, month);
    printLine(
      issued === undefined
        ? "Not issued yet: pulmu statement issue"
        : `Issued as version ${issued.version}: ${digits(issued.statement.totalKrw)} won.`,
    );
  });

function printStatement(statement: Statement): void {
  const { usage } = statement;
  printLine(
    `Statement of ${statement.tenantId}, ${statement.month}: ${digits(statement.records)} records, ${kwh(usage.facilityMilliJ)} kWh with cooling and losses, ${kwh(usage.itMilliJ)} kWh at the racks\n`,
  );
  const rows = statement.lines.map((line) => [
    [line.item, line.modelId, line.acceleratorId].filter((part) => part !== "").join(" ") +
      (line.tierFrom > 0 ? ` from ${digits(line.tierFrom)}` : ""),
    `${line.planId} v${line.planVersion}`,
    (Number((BigInt(line.quantity) * 1000n) / BigInt(line.per)) / 1000).toLocaleString("en-US", { minimumFractionDigits: 3 }),
    line.unit,
    digits(line.krwPerUnit),
    digits(line.amountKrw),
  ]);
  rows.push(
    ["Subtotal", "", "", "", "", digits(statement.subtotalKrw)],
    ...statement.credits.map(({ id, amountKrw }) => [`Credit ${id}`, "", "", "", "", digits(-amountKrw)]),
    ["Total", "", "", "", "", digits(statement.totalKrw)],
  );
  printTable(
    [
      { title: "ITEM" },
      { title: "PLAN" },
      { title: "QUANTITY", right: true },
      { title: "UNIT" },
      { title: "WON/UNIT", right: true },
      { title: "WON", right: true },
    ],
    rows,
    "",
  );
  for (const name of statement.unpriced) printLine(`Not billed, for want of a price: ${name}`);
}

const kwh = (milliJ: string) => (Number(BigInt(milliJ) / 3_600_000n) / 1000).toLocaleString("en-US", { maximumFractionDigits: 3 });

export const issue = (tenant: string, month: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, now }, by) => {
    const issued = await issueStatement(store, tenant, month, by.id, now());
    if (options.json) return printJson(issued);
    printStatement(issued.statement);
    printLine(`Issued as version ${issued.version}; SHA-256 ${issued.sha256} stands in the journal.`);
  });

/** Recomputes from every record, compares with the sums by day and with what was issued, and checks the books. */
export const verify = (tenant: string, month: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store }) => {
    const { replay, findings } = await verifyStatement(store, tenant, month);
    if (options.json) printJson({ tenant, month, totalKrw: replay.totalKrw, records: replay.records, findings });
    else
      printLine(
        findings.length === 0
          ? `Recomputed from ${digits(replay.records)} records: ${digits(replay.totalKrw)} won, ${digits(replay.usage.outputTokens)} output tokens, ${digits(replay.usage.facilityMilliJ)} mJ. All agree, and the books balance.`
          : findings.join("\n"),
      );
    return findings.length === 0 ? EXIT.ok : EXIT.failed;
  });

export interface ExportStatementOptions extends CommonOptions {
  readonly format: string;
  readonly issuer: string;
  readonly region: string;
}

export const exportStatement = (tenant: string, month: string, file: string, options: ExportStatementOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, identity, calendar }, by) => {
    const statement = (await readStatement(store, tenant, month))?.statement ?? (await computeStatement(store, tenant, month));
    const name = (await identity.tenants(by)).find(({ id }) => id === tenant)?.name ?? tenant;
    const makers = new Map<string, () => string>(
      Object.entries({
        csv: () => statementCsv(statement),
        focus: () => focusCsv(statement, name, { name: options.issuer, regionId: options.region }, calendar),
        json: () => `${JSON.stringify(statement, null, 2)}\n`,
      }),
    );
    const make = makers.get(options.format);
    if (make === undefined)
      throw new PulmuError({
        code: "export.format",
        path: "--format",
        value: options.format,
        rule: `one of ${[...makers.keys()].join(", ")}`,
      });
    try {
      writeFileSync(file, make());
    } catch (error) {
      throw new PulmuError({ code: "export.file", file, value: (error as Error).message, rule: "the export cannot be written" });
    }
    if (options.json) return printJson({ file, format: options.format, totalKrw: statement.totalKrw });
    printLine(`${file}: ${options.format}, ${digits(statement.totalKrw)} won`);
  });

export const addPricePlan = (file: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, now }, by) => {
    const { plan, version } = await addPlan(store, parsePlan(readYaml(file), file), by.id, now());
    if (options.json) return printJson({ id: plan.id, version });
    printLine(
      `Plan ${plan.id}, version ${version}. Next: pulmu statement plan assign TENANT ${plan.id} --from 2027-01-01 (TENANT "*" for everybody)`,
    );
  });

function readYaml(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new PulmuError({ code: "price.file", file, value: (error as Error).message, rule: "cannot be read" });
  }
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw new PulmuError(
      document.errors.map((error) => ({
        code: "price.yaml",
        file,
        rule: error.message.split("\n")[0],
        ...(error.linePos === undefined ? {} : { line: error.linePos[0].line }),
      })),
    );
  return document.toJS();
}

export const assignPricePlan = (tenant: string, plan: string, options: CommonOptions & { readonly from: string }): Promise<ExitCode> =>
  withHouse(options, async ({ store, now }, by) => {
    await assignPlan(store, { tenantId: tenant === "*" ? "" : tenant, planId: plan, fromDay: parseDay(options.from) }, by.id, now());
    if (options.json) return printJson({ tenant, plan, from: options.from });
    printLine(`${tenant === "*" ? "Everybody without a plan of their own" : tenant} is on ${plan} from ${options.from}.`);
  });

export const listPlans = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store }) => {
    const rows = [...(await loadAssignments(store))].flatMap(([tenant, list]) =>
      list.map(({ plan, version, fromDay }) => ({
        tenant: tenant === "" ? "*" : tenant,
        plan: plan.id,
        version,
        from: dayText(fromDay),
        prices: plan.prices,
      })),
    );
    if (options.json) return printJson(rows);
    printTable([{ title: "TENANT" }, { title: "FROM" }, { title: "PLAN" }, { title: "PRICES", right: true }], rows.map((row) => [row.tenant, row.from, `${row.plan} v${row.version}`, String(row.prices.length)]), "no price plans yet: pulmu statement plan add FILE"); // prettier-ignore
  });

export const credit = (
  tenant: string,
  won: string,
  options: CommonOptions & { readonly id: string; readonly from: string; readonly until: string },
): Promise<ExitCode> =>
  withHouse(options, async ({ store, now }, by) => {
    const grant = {
      id: options.id,
      tenantId: tenant,
      amountKrw: parseCount(won),
      fromDay: parseDay(options.from),
      untilDay: parseDay(options.until),
    };
    await grantCredit(store, grant, by.id, now());
    if (options.json) return printJson(grant);
    printLine(`${tenant} has ${digits(grant.amountKrw)} won of credit from ${options.from} until ${options.until}.`);
  });

export const showEnergy = (month: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store }) => {
    const balance = await energyBalance(store, month);
    if (options.json) printJson(balance);
    else {
      const rows = ([["Billed, at the racks", balance.billedItMilliJ], ["Idle or not sold, at the racks", balance.idleItMilliJ], ["Cooling", balance.coolingMilliJ], ["Losses", balance.lossMilliJ], ["Other: fixed loads, battery", balance.otherMilliJ], ["Site meter", balance.siteMilliJ]] as const).map(([name, milliJ]) => [name, kwh(milliJ)]); // prettier-ignore
      printTable([{ title: `ENERGY ${month}` }, { title: "KWH", right: true }], rows, "");
      printLine(balance.findings.length === 0 ? "The parts sum to the site's meter to the millijoule." : balance.findings.join("\n"));
    }
    return balance.findings.length === 0 ? EXIT.ok : EXIT.failed;
  });

/** What the grid's side pays for the month's events, and what of it went to tenants. */
export const showSettlements = (month: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, calendar }) => {
    const settlements = await readSettlements(store, calendar, month);
    if (options.json) return printJson(settlements);
    const rows = settlements.map(({ id, atMs, memo, party, paidKrw, sharedKrw }) => [when(atMs), id, memo, party, digits(paidKrw), digits(sharedKrw)]); // prettier-ignore
    const total = (name: "paidKrw" | "sharedKrw") => digits(settlements.reduce((sum, settlement) => sum + settlement[name], 0));
    if (rows.length > 0) rows.push(["Total", "", "", "", total("paidKrw"), total("sharedKrw")]);
    printTable(
      [
        { title: "ENDED" },
        { title: "EVENT" },
        { title: "WHAT" },
        { title: "GRID" },
        { title: "PAYS WON", right: true },
        { title: "TO TENANTS", right: true },
      ],
      rows,
      `no event of grid flexibility was settled in ${month}`,
    );
  });

export const showBooks = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store }) => {
    const accounts = [...(await balances(store))];
    const wrong = await unbalancedEntries(store);
    if (options.json)
      printJson({ accounts: Object.fromEntries(accounts.map(([name, balance]) => [name, balance.toString()])), unbalanced: wrong });
    else {
      printTable([{ title: "ACCOUNT" }, { title: "WON", right: true }], accounts.map(([name, balance]) => [name, digits(balance)]), "nothing is booked yet"); // prettier-ignore
      if (wrong.length > 0) printLine(`Entries that do not balance: ${wrong.join(", ")}`);
    }
    return wrong.length === 0 ? EXIT.ok : EXIT.failed;
  });
