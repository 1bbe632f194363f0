/** Carbon intensity of the Korean grid by month and by local hour. `node packages/catalog/fit/grid.ts --data DIR` */
import { carbonGPerKWh, loadCatalog } from "../src/index.ts";
import { dataFolder, mean, readCsv, report, residual, rounded, type Fit } from "./tools.ts";

const KST_MS = 9 * 3_600_000;

export function fitGrid(data: string): Fit {
  const hours = readCsv(data, "korea/kr_carbon_2024.csv.gz").flatMap((row) => {
    const at = new Date(Date.parse(`${row["Datetime (UTC)"].replace(" ", "T")}Z`) + KST_MS);
    const gPerKWh = Number(row["Carbon Intensity gCO₂eq/kWh (direct)"]);
    return gPerKWh > 0 ? [{ month: at.getUTCMonth(), hour: at.getUTCHours(), gPerKWh }] : [];
  });
  const overall = mean(hours.map(({ gPerKWh }) => gPerKWh));
  const meanWhere = (keep: (at: (typeof hours)[number]) => boolean) => mean(hours.filter(keep).map(({ gPerKWh }) => gPerKWh));
  const byMonth = Array.from({ length: 12 }, (_, month) =>
    rounded(
      meanWhere((at) => at.month === month),
      1,
    ),
  );
  const byHour = Array.from({ length: 24 }, (_, hour) => rounded(meanWhere((at) => at.hour === hour) / overall, 3));
  const grid = { ...loadCatalog().grids.get("kr")!, carbonGPerKWhByMonth: byMonth, carbonShapeByHour: byHour };
  const pairs = hours.map((at) => ({ model: carbonGPerKWh(grid, at.month + 1, at.hour + 0.5), measured: at.gPerKWh }));
  return {
    values: { "grids/kr/carbonGPerKWhByMonth": byMonth, "grids/kr/carbonShapeByHour": byHour },
    residuals: [residual("hourly carbon intensity, Korea 2024", pairs)],
  };
}

if (import.meta.main) report(fitGrid(dataFolder()));
