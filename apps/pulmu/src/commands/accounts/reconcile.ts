import { type Count, prepareGateway, readCounts } from "@pulmu/gateway";
import { dayOf, dayText, type EnergyBalance, reconcile, sumUsage, type UsageTotals } from "@pulmu/ledger";
import type { Store } from "@pulmu/journal";
import { digits, printLine, printTable } from "../../accounts/print.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { type CommonOptions, withHouse } from "./identity.ts";

const COUNTED = ["requests", "promptTokens", "cachedTokens", "outputTokens"] as const;

/**
 * `pulmu usage reconcile`: holds those who count apart against each other (upstreams, gateways, records, sums, statements), and the energy
 * in records against the site's meter. While a factory runs, what is under way is told as such.
 */
export const reconcileUsage = (period: string | undefined, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, calendar, now }) => {
    await prepareGateway(store);
    const { gateway, upstream } = await readCounts(store); // before the ledger, which only grows
    const books = await reconcile(store, period ?? dayText(dayOf(now(), calendar)));
    const recorded = await throughGateways(store);
    const findings = [...books.findings];
    const notes: string[] = [];
    for (const name of COUNTED) {
      if (recorded[name] < gateway[name]) findings.push(`${name}: gateways counted ${gateway[name]}, the ledger has ${recorded[name]}`);
      if (recorded[name] > gateway[name])
        notes.push(`${digits(recorded[name] - gateway[name])} ${name} were recorded since gateways wrote their counts down`);
      const served = servedOf(upstream, name);
      if (served === undefined || name === "cachedTokens") continue;
      const billed = name === "promptTokens" ? gateway.promptTokens + gateway.cachedTokens : gateway[name];
      if (served < billed) findings.push(`${name}: ${billed} were billed, upstreams served ${served}`);
      if (served > billed) notes.push(`${digits(served - billed)} ${name} are under way, or were served and not taken`);
    }
    const residual = BigInt(books.energy.residualMilliJ);
    if (residual !== 0n) notes.push(residualText(residual));
    if (options.json) printJson({ ...books, gateway, upstream: upstream ?? null, recordedThroughGateways: recorded, findings, notes });
    else print(books, { gateway, upstream, recorded }, findings, notes);
    return findings.length === 0 ? EXIT.ok : EXIT.failed;
  });

function servedOf(upstream: Omit<Count, "cachedTokens"> | undefined, name: (typeof COUNTED)[number]): number | undefined {
  return upstream === undefined || name === "cachedTokens" ? undefined : upstream[name];
}

function residualText(residualMilliJ: bigint): string {
  const joules = (Number(residualMilliJ < 0n ? -residualMilliJ : residualMilliJ) / 1_000).toLocaleString("en-US");
  return residualMilliJ < 0n
    ? `${joules} J are in records and not metered yet: a running factory reads its meters once a minute`
    : `${joules} J were metered as work and are in nobody's record: answers under way, or lost in a crash`;
}

/** What was done with a key: by a gateway, or imported as such. */
async function throughGateways(store: Store): Promise<Count> {
  const sums = (await sumUsage(store, { tenantIds: "all" }, ["key"])).filter(({ group }) => group.key !== "");
  const total = (name: (typeof COUNTED)[number]) => Number(sums.reduce((sum, { meters }) => sum + meters[name], 0n));
  return {
    requests: total("requests"),
    promptTokens: total("promptTokens"),
    cachedTokens: total("cachedTokens"),
    outputTokens: total("outputTokens"),
  };
}

interface Counts {
  readonly gateway: Count;
  readonly upstream: Omit<Count, "cachedTokens"> | undefined;
  readonly recorded: Count;
}

function print(
  { period, records, days, statements, energy }: Awaited<ReturnType<typeof reconcile>>,
  { gateway, upstream, recorded }: Counts,
  findings: readonly string[],
  notes: readonly string[],
): void {
  const columns = (...titles: readonly string[]) => titles.map((title, i) => ({ title, right: i > 0 }));
  const counts = ["REQUESTS", "PROMPT", "CACHED", "OUTPUT"];
  const row = (name: string, count: { readonly [meter in (typeof COUNTED)[number]]?: number | string }) => [
    name,
    ...COUNTED.map((meter) => (count[meter] === undefined ? "–" : digits(count[meter]))),
  ];
  const all = (name: string, totals: UsageTotals) => [...row(name, totals), joules(totals.itMilliJ)];
  const parts = [row("Upstreams served", { ...upstream }), row("Gateways counted", gateway), row("The ledger recorded", recorded)];
  printTable(columns("WITH A KEY, EVER", ...counts), parts, "");
  printLine("");
  const books = [all("Records", records), all("Sums by day", days), all("Statements", statements)];
  printTable(columns(`ALL WORK, ${period}`, ...counts, "RACKS J"), books, "");
  printLine("");
  printEnergy(energy);
  for (const note of notes) printLine(note);
  printLine(findings.length === 0 ? "All agree." : findings.join("\n"));
}

function printEnergy(energy: EnergyBalance): void {
  const rows = [
    ["Billed, at the racks", energy.billedItMilliJ],
    ["Idle, at the racks", energy.idleItMilliJ],
    ["Cooling", energy.coolingMilliJ],
    ["Losses", energy.lossMilliJ],
    ["Other: fixed loads, battery", energy.otherMilliJ],
    ["Left over", energy.residualMilliJ],
    ["Site meter", energy.siteMilliJ],
  ].map(([name, milliJ]) => [name, joules(milliJ)]);
  printTable([{ title: `ENERGY ${energy.period}` }, { title: "J", right: true }], rows, "");
}

/** mJ as J with three places. */
function joules(milliJ: string): string {
  const value = BigInt(milliJ);
  const [whole, rest] = [value / 1_000n, value % 1_000n];
  const sign = value < 0n && whole === 0n ? "-" : "";
  return `${sign}${digits(whole)}.${String(rest < 0n ? -rest : rest).padStart(3, "0")}`;
}
