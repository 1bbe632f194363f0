import { countColumns, CsvRow } from "./csv.ts";
import { secondsOf, tokenCount } from "./fields.ts";
import type { RowParser, TraceFormat } from "./format.ts";

const COLUMNS = ["arrival_timestamp", "prompt_size", "token_size"] as const;

/** Traces of splitwise-sim (https://github.com/Mutinifni/splitwise-sim): CSV with a header, arrivals in seconds. */
export const splitwise: TraceFormat = {
  name: "splitwise",
  columns: COLUMNS,
  hasHeader: true,
  recognise: (firstLine) => countColumns(firstLine, COLUMNS),
  open(firstLine): RowParser {
    const row = new CsvRow(firstLine, COLUMNS);
    let firstS: number | undefined;
    return (data, from, end) => {
      row.split(data, from, end);
      const arrivalS = secondsOf(data.toString("latin1", row.from[0], row.end[0]), COLUMNS[0]);
      firstS ??= arrivalS;
      return {
        atS: arrivalS - firstS,
        promptTokens: tokenCount(data, row.from[1], row.end[1], COLUMNS[1]),
        outputTokens: tokenCount(data, row.from[2], row.end[2], COLUMNS[2]),
      };
    };
  },
};
