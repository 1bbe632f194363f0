/** What a run leaves behind: Parquet series, totals, and the condensed numbers its report is drawn from. */
export { type RunProvenance } from "./report-collector.ts";
export { readReport, REPORT_FILE, type ReportData } from "./report-data.ts";
export { type RunFs, type RunHost } from "./run-directory.ts";
export { openRun, type RunFiles, type RunOptions, type RunWriter } from "./run-writer.ts";
