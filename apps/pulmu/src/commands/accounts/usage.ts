import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import {
  checkRollups,
  type ExportFormat,
  exportUsage,
  foldAll,
  type Group,
  GROUPS,
  METERS,
  parseDay,
  sealUsage,
  sumUsage,
  type UsageFilter,
  type UsageRecord,
  verifySeals,
} from "@pulmu/ledger";
import { nearest, PulmuError, type Problem } from "@pulmu/units";
import { digits, printLine, printTable } from "../../accounts/print.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { Progress } from "../../terminal/progress.ts";
import { type CommonOptions, withHouse } from "./identity.ts";

export interface FilterOptions {
  readonly tenant?: string;
  readonly project?: string;
  readonly key?: string;
  readonly model?: string;
  readonly from?: string;
  readonly until?: string;
}

function filterOf(options: FilterOptions): UsageFilter {
  return {
    tenantIds: options.tenant === undefined ? "all" : [options.tenant],
    ...(options.project === undefined ? {} : { projectId: options.project }),
    ...(options.key === undefined ? {} : { keyId: options.key }),
    ...(options.model === undefined ? {} : { modelId: options.model }),
    ...(options.from === undefined ? {} : { fromDay: parseDay(options.from) }),
    ...(options.until === undefined ? {} : { endDay: parseDay(options.until) }),
  };
}

export const showUsage = (options: CommonOptions & FilterOptions & { readonly by: string }): Promise<ExitCode> =>
  withHouse(options, async ({ store }) => {
    const groups = options.by === "" ? [] : (options.by.split(",") as Group[]);
    for (const group of groups)
      if (!GROUPS.includes(group))
        throw new PulmuError({
          code: "usage.group",
          value: group,
          rule: `one of ${GROUPS.join(", ")}`,
          hint: `did you mean "${nearest(group, GROUPS) ?? "tenant"}"?`,
        });
    await foldAll(store);
    const sums = await sumUsage(store, filterOf(options), groups);
    if (options.json)
      return printJson(sums.map(({ group, records, meters, costMicroKrw }) => ({ ...group, records, ...Object.fromEntries(METERS.map((meter) => [meter, meters[meter].toString()])), listCostMicroKrw: costMicroKrw.toString() }))); // prettier-ignore
    const name = (group: Group, value: string) =>
      group === "day" ? new Date(Number(value) * 86_400_000).toISOString().slice(0, 10) : value === "" ? "–" : value;
    const numbers = ["RECORDS", "PROMPT", "CACHED", "OUTPUT", "GPU-HOURS", "IT KWH", "FACILITY KWH", "CO2 KG", "LIST WON"];
    const per = (value: bigint, unit: bigint, places: number) =>
      (Number((value * 10n ** BigInt(places)) / unit) / 10 ** places).toLocaleString("en-US", { minimumFractionDigits: places });
    printTable(
      [...groups.map((group) => ({ title: group.toUpperCase() })), ...numbers.map((title) => ({ title, right: true }))],
      sums.map(({ group, records, meters, costMicroKrw }) => [
        ...groups.map((by) => name(by, group[by]!)),
        digits(records),
        digits(meters.promptTokens),
        digits(meters.cachedTokens),
        digits(meters.outputTokens),
        per(meters.gpuMilliS, 3_600_000n, 2),
        per(meters.itMilliJ, 3_600_000_000n, 2),
        per(meters.facilityMilliJ, 3_600_000_000n, 2),
        per(meters.carbonMilliG, 1_000_000n, 2),
        digits(costMicroKrw / 1_000_000n),
      ]),
      "no usage yet",
    );
  });

export const exportUsageFile = (file: string, options: CommonOptions & FilterOptions & { readonly format?: string }): Promise<ExitCode> =>
  withHouse(options, async ({ store }) => {
    const format = (options.format ?? (file.endsWith(".parquet") ? "parquet" : "csv")) as ExportFormat;
    const progress = new Progress(process.stderr, () => performance.now());
    const records = await exportUsage(store, {
      filter: filterOf(options),
      file,
      format,
      onProgress: (done, total) => progress.update(done / total, `${digits(done)} of ${digits(total)} records`),
    });
    progress.done();
    if (options.json) return printJson({ file, format, records });
    printLine(`${digits(records)} records written to ${file}`);
  });

/** Records under way at a time: enough to fill a commit. */
const IMPORT_BATCH = 1_000;

/** Reads records, one JSON object a line. All that is wrong is told; what is right is recorded, once, however often the file is imported. */
export const importUsage = (file: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house) => {
    const ledger = await house.ledger();
    const problems: Problem[] = [];
    const counts = { recorded: 0, duplicate: 0, refused: 0 };
    let waiting: Promise<void>[] = [];
    let line = 0;
    const put = async (text: string, at: number) => {
      try {
        counts[await ledger.record(JSON.parse(text) as UsageRecord)]++;
      } catch (error) {
        if (!(error instanceof PulmuError) && !(error instanceof SyntaxError)) throw error;
        counts.refused++;
        const found: readonly Problem[] = error instanceof PulmuError ? error.problems : [{ code: "usage.json", rule: error.message }];
        if (problems.length < 100) problems.push(...found.map((problem) => ({ ...problem, file, line: at })));
      }
    };
    try {
      for await (const text of createInterface({ input: createReadStream(file) })) {
        line++;
        if (text.trim() !== "") waiting.push(put(text, line));
        if (waiting.length >= IMPORT_BATCH) {
          await Promise.all(waiting);
          waiting = [];
        }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      throw new PulmuError({ code: "usage.file", file, value: (error as Error).message, rule: "cannot be read" });
    } finally {
      await Promise.all(waiting);
    }
    if (options.json) printJson({ file, ...counts });
    else printLine(`${digits(counts.recorded)} recorded, ${digits(counts.duplicate)} known already, ${digits(counts.refused)} refused`);
    if (problems.length > 0) process.stderr.write(`${new PulmuError(problems).message}\n`);
    return counts.refused === 0 ? EXIT.ok : EXIT.usage;
  });

/** Holds the sums against the records, and the records against the journal's seals. */
export const verifyUsage = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, now }) => {
    await foldAll(store);
    const differing = await checkRollups(store);
    const sealed = await sealUsage(store, now());
    const { records, findings } = await verifySeals(store);
    const all = [...differing.map((place) => `sums by day differ from the records: ${place}`), ...findings];
    if (options.json) printJson({ records, newlySealed: sealed, findings: all });
    else
      printLine(
        all.length === 0
          ? `${digits(records)} records are as they were sealed in the journal, and the sums by day are theirs.`
          : all.join("\n"),
      );
    return all.length === 0 ? EXIT.ok : EXIT.failed;
  });
