import type { Statement } from "../books/statement.ts";
import { type Calendar, dayStartMs, parseMonth } from "../calendar.ts";
import type { Line } from "../prices/rating.ts";
import { csvLine } from "./csv.ts";

/** Who issues the statement, as FOCUS wants to know. */
export interface Issuer {
  readonly name: string;
  readonly regionId: string;
}

/**
 * Columns of the FinOps Open Cost and Usage Specification 1.2 (focus.finops.org): all that it makes mandatory, and those of unit
 * prices, quantities and SKUs. One row for each line of the statement, and each credit.
 */
const COLUMNS = [
  "BilledCost",
  "BillingAccountId",
  "BillingAccountName",
  "BillingCurrency",
  "BillingPeriodEnd",
  "BillingPeriodStart",
  "ChargeCategory",
  "ChargeClass",
  "ChargeDescription",
  "ChargeFrequency",
  "ChargePeriodEnd",
  "ChargePeriodStart",
  "ConsumedQuantity",
  "ConsumedUnit",
  "ContractedCost",
  "ContractedUnitPrice",
  "EffectiveCost",
  "InvoiceIssuerName",
  "ListCost",
  "ListUnitPrice",
  "PricingCategory",
  "PricingQuantity",
  "PricingUnit",
  "ProviderName",
  "PublisherName",
  "RegionId",
  "ServiceCategory",
  "ServiceName",
  "SkuId",
  "SkuPriceId",
] as const;
type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], string | number | null>>>;

const SERVICES: Readonly<Record<Line["item"], readonly [category: string, name: string, consumedUnit: string]>> = {
  "prompt-mtok": ["AI and Machine Learning", "Inference", "Tokens"],
  "cached-mtok": ["AI and Machine Learning", "Inference", "Tokens"],
  "output-mtok": ["AI and Machine Learning", "Inference", "Tokens"],
  "request-k": ["AI and Machine Learning", "Inference", "Requests"],
  "gpu-h": ["Compute", "GPU time", "Milliseconds"],
  "it-kwh": ["Other", "Energy", "Millijoules"],
  "facility-kwh": ["Other", "Energy", "Millijoules"],
  "reserved-mwh": ["Other", "Energy", "Watt-hours"],
};

/** Numerator over denominator with up to twelve decimals, without the zeros at the end. */
function decimal(numerator: bigint, denominator: bigint): string {
  const scale = 10n ** 12n;
  const scaled = (numerator * scale + denominator / 2n) / denominator;
  const fraction = (scaled % scale).toString().padStart(12, "0").replace(/0+$/, "");
  return `${scaled / scale}${fraction === "" ? "" : `.${fraction}`}`;
}

/** The statement as a FOCUS file. The sum of BilledCost is its total. */
export function focusCsv(statement: Statement, tenantName: string, issuer: Issuer, calendar: Calendar): string {
  const month = parseMonth(statement.month);
  const iso = (day: number) => new Date(dayStartMs(day, calendar)).toISOString().replace(".000Z", "Z");
  const common: Row = {
    BillingAccountId: statement.tenantId,
    BillingAccountName: tenantName,
    BillingCurrency: statement.currency,
    BillingPeriodStart: iso(month.firstDay),
    BillingPeriodEnd: iso(month.endDay),
    ChargePeriodStart: iso(month.firstDay),
    ChargePeriodEnd: iso(month.endDay),
    InvoiceIssuerName: issuer.name,
    ProviderName: issuer.name,
    PublisherName: issuer.name,
    RegionId: issuer.regionId,
  };
  const rows = statement.lines.map((line): Row => {
    const [category, service, consumedUnit] = SERVICES[line.item];
    const exact = decimal(BigInt(line.quantity) * BigInt(line.krwPerUnit), BigInt(line.per));
    const sku = [line.item, line.modelId, line.acceleratorId].filter((part) => part !== "").join("/");
    return {
      ...common,
      BilledCost: line.amountKrw,
      EffectiveCost: line.amountKrw,
      ListCost: exact,
      ContractedCost: exact,
      ListUnitPrice: line.krwPerUnit,
      ContractedUnitPrice: line.krwPerUnit,
      ChargeCategory: "Usage",
      ChargeFrequency: "Usage-Based",
      ChargeDescription: `${sku}, ${line.unit}, plan ${line.planId} v${line.planVersion}${line.tierFrom > 0 ? `, from ${line.tierFrom} on` : ""}`,
      ConsumedQuantity: line.quantity,
      ConsumedUnit: consumedUnit,
      PricingCategory: "Standard",
      PricingQuantity: decimal(BigInt(line.quantity), BigInt(line.per)),
      PricingUnit: line.unit,
      ServiceCategory: category,
      ServiceName: service,
      SkuId: sku,
      SkuPriceId: `${line.planId}/v${line.planVersion}/${sku}/${line.tierFrom}`,
    };
  });
  for (const { id, amountKrw } of statement.credits) {
    const cost = -amountKrw;
    rows.push({
      ...common,
      BilledCost: cost,
      EffectiveCost: cost,
      ListCost: cost,
      ContractedCost: cost,
      ChargeCategory: "Credit",
      ChargeFrequency: "One-Time",
      ChargeDescription: `credit ${id}`,
      ServiceCategory: "Other",
      ServiceName: "Credit",
    });
  }
  return [csvLine(COLUMNS), ...rows.map((row) => csvLine(COLUMNS.map((column) => row[column] ?? null)))].join("");
}

/** The statement's lines as CSV, with its totals as the last rows. */
export function statementCsv(statement: Statement): string {
  const lines = statement.lines.map((line) =>
    csvLine([
      line.planId,
      line.planVersion,
      line.item,
      line.modelId,
      line.acceleratorId,
      line.tierFrom,
      line.quantity,
      line.per,
      line.unit,
      line.krwPerUnit,
      line.amountKrw,
    ]),
  );
  const total = (name: string, krw: number) => csvLine([name, "", "", "", "", "", "", "", "", "", krw]);
  return [
    csvLine(["plan", "planVersion", "item", "model", "accelerator", "tierFrom", "quantity", "per", "unit", "krwPerUnit", "amountKrw"]),
    ...lines,
    total("subtotal", statement.subtotalKrw),
    ...statement.credits.map(({ id, amountKrw }) => total(`credit ${id}`, -amountKrw)),
    total("credits", -statement.creditsKrw),
    total("total", statement.totalKrw),
  ].join("");
}
