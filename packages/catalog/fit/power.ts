/** Power curves: power of busy GPUs by work and batch, and what a cap or clock costs. `node packages/catalog/fit/power.ts --data DIR` */
import { clockForCap, curvePowerW, curveSpeed, efficiencyAt, loadCatalog, type PowerCurve, type WorkKind } from "../src/index.ts";
import { dataFolder, mean, quantile, readCsv, report, residual, rounded, type Fit, type Residual } from "./tools.ts";

/**
 * Power over limit at the 90th percentile of kernel sweeps, vLLM 0.22 tables of https://github.com/ai-dynamo/aiconfigurator @095f58a
 * (aic-core systems/data, NVML at 100 ms): GEMM, expert GEMM, prompt attention.
 */
const KERNELS = { h200: [0.99, 0.99, 0.83], b200: [0.98, 0.99, 0.96], gb200: [0.95, 0.97, 0.91] } as const;
/** Share of the time of a compute-bound step in those: half and half of the GEMMs, and a fifth of attention. A guess. */
const KERNEL_TIME = [0.4, 0.4, 0.2] as const;

/** Power of a GPU that renders or integrates, over its limit: no measurement, a guess. */
const SIMULATION_SHARE = 0.6;

/** The chip each takes its shares from: itself, or the measured one nearest to it. */
const CHIPS = {
  h100: { kernels: "h200", decode: "h100" },
  h200: { kernels: "h200", decode: "h100" },
  b200: { kernels: "b200", decode: "b200" },
  b300: { kernels: "b200", decode: "b200" },
  gb200: { kernels: "gb200", decode: "b200" },
  gb300: { kernels: "gb200", decode: "b200" },
  "vr-maxp": { kernels: "gb200", decode: "b200" },
  mi355x: { kernels: "b200", decode: "b200" },
} as const;

/** Max-Q is Max-P held at its lower limit. */
const HELD = { "vr-maxq": "vr-maxp" } as const;

export function fitPower(data: string): Fit {
  const { accelerators } = loadCatalog();
  const { compute, decode, simulation, residuals } = fitShapes();
  const batch = { h100: fitBatch(data, "h100"), b200: fitBatch(data, "b200") };
  const values: Record<string, number> = {};

  const curvesOf = (id: keyof typeof CHIPS): Record<WorkKind, PowerCurve> => {
    const tdpW = accelerators.get(id)!.tdpW;
    const busy = KERNELS[CHIPS[id].kernels].reduce((sum, share, i) => sum + share * KERNEL_TIME[i], 0);
    return {
      training: curve(compute, busy * tdpW),
      prefill: curve(compute, busy * tdpW),
      decode: curve(decode, batch[CHIPS[id].decode].fullShare * tdpW),
      simulation: curve(simulation, SIMULATION_SHARE * tdpW),
    };
  };
  const setCurves = (id: string, curves: Record<WorkKind, PowerCurve>) => {
    for (const [work, { minClock: _, ...fields }] of Object.entries(curves)) {
      for (const [field, value] of Object.entries(fields)) values[`accelerators/${id}/curves/${work}/${field}`] = value;
    }
  };
  const setBatch = (id: string, { floor, halfBatch }: BatchFit) => {
    values[`accelerators/${id}/serving/decodePowerFloor`] = floor;
    values[`accelerators/${id}/serving/decodePowerHalfBatch`] = halfBatch;
  };

  for (const [id, { decode: from }] of Object.entries(CHIPS)) {
    setCurves(id, curvesOf(id as keyof typeof CHIPS));
    setBatch(id, batch[from]);
  }
  for (const [id, from] of Object.entries(HELD)) {
    const limitShare = accelerators.get(id)!.tdpW / accelerators.get(from)!.tdpW;
    const full = curvesOf(from);
    const held = Object.entries(full).map(([work, c]) => [work, { ...c, activeW: Math.round(c.activeW * limitShare) }] as const);
    setCurves(id, Object.fromEntries(held) as Record<WorkKind, PowerCurve>);
    setBatch(id, batch[CHIPS[from].decode]);
    // Peaks fall with the clock at which the training curve meets the lower limit.
    const clock = clockForCap(full.training, full.training.activeW * limitShare);
    for (const [precision, flops] of Object.entries(accelerators.get(from)!.flopsPerS)) {
      values[`accelerators/${id}/flopsPerS/${precision}`] = Number((flops * clock).toPrecision(3));
    }
  }
  values["racks/hgx-b200/trayBusyW"] = serverOverheadW(data);
  return { values, residuals: [...residuals, batch.h100.residual, batch.b200.residual] };
}

/** What a curve is made of, apart from its watts. */
type Shape = Omit<PowerCurve, "activeW" | "staticW" | "minClock"> & { readonly staticShare: number };

function curve({ staticShare, exponent, computeShare, kneeClock }: Shape, activeW: number): PowerCurve {
  return { activeW: Math.round(activeW), staticW: Math.round(staticShare * activeW), exponent, computeShare, kneeClock, minClock: 0.15 };
}

/** Clock below which memory slows too: nothing public says it. A guess. */
const KNEE_CLOCK = 0.5;

/**
 * What caps and clocks did where it was published. Grid search over the shape of a compute-bound GPU, least squares of the
 * logarithm over the first three findings; the other two only check it. Decode and simulation follow in closed form.
 */
function fitShapes(): { compute: Shape; decode: Shape; simulation: Shape; residuals: readonly Residual[] } {
  /** Busy power over the limit of an H100 and a GB200 at compute-bound work: see KERNELS. */
  const [h100Busy, gb200Busy] = [0.96, 0.95];
  const findings = (shape: Shape) => {
    const gemm = curve({ ...shape, computeShare: 1 }, 1e6);
    const busy = curve(shape, 1e6);
    const at = (c: PowerCurve, powerShare: number) => curveSpeed(c, clockForCap(c, powerShare * 1e6));
    return {
      /** GB300: cuBLAS GEMM at a cap of 500 W over 1,400 W, 617 over 1,600…2,174 TFLOP/s (facebookexperimental/triton PR 2023). */
      gemmAtLowCap: { model: at(gemm, 500 / 1400), measured: 617 / 1870 },
      /** GB200: best work per watt of the whole site at 1,000 of 1,200 W (Meta, arXiv 2605.24461, 1.81 kW per GPU of which 0.96 the GPU). */
      bestPowerShare: { model: bestPowerShare(busy), measured: 1000 / 1200 },
      /** H100: pre-training takes 10…15 % longer under a cap of 600 of 700 W (https://factryze.ai/scale-atlas/power/power-capping). */
      trainingAtCap: { model: at(busy, 600 / 700 / h100Busy), measured: 1 / 1.125 },
      /** Vera Rubin: 2,506 instead of 3,637 W per GPU in all, 8.5 % less revenue per GPU (NVIDIA MaxLPS dashboard, 1 GW); half prefill, half decode. */
      maxLps: { model: 0.5 * at(busy, 2506 / 3637 / gb200Busy) + 0.5, measured: 0.915 },
    };
  };
  let best: Shape | undefined;
  let bestError = Infinity;
  for (let staticShare = 0.05; staticShare < 0.5; staticShare += 0.01) {
    for (let exponent = 1; exponent <= 3; exponent += 0.1) {
      for (const computeShare of [0.8, 0.85, 0.9, 0.95]) {
        const shape = { staticShare: rounded(staticShare, 2), exponent: rounded(exponent, 1), computeShare, kneeClock: KNEE_CLOCK };
        const { gemmAtLowCap, bestPowerShare, trainingAtCap } = findings(shape);
        const error = [gemmAtLowCap, bestPowerShare, trainingAtCap].reduce((sum, f) => sum + Math.log(f.model / f.measured) ** 2, 0);
        if (error < bestError) [best, bestError] = [shape, error];
      }
    }
  }
  const compute = best!;

  // Decode at the knee: RTX PRO 6000, −42 % energy and +1…6 % time (arXiv 2501.08219); H200, −32 % at little loss (arXiv 2605.11999).
  const slowdown = 0.035;
  const dynamicAtKnee = KNEE_CLOCK ** compute.exponent;
  const staticFor = (energySaved: number) => ((1 - energySaved) / (1 + slowdown) - dynamicAtKnee) / (1 - dynamicAtKnee);
  const decodeStatic = rounded(mean([staticFor(0.42), staticFor(0.32)]), 2);
  const decode = { ...compute, staticShare: decodeStatic, computeShare: rounded(slowdown, 3) };
  const decodeAtKnee = curve(decode, 1e6);
  const energyAtKnee = curvePowerW(decodeAtKnee, KNEE_CLOCK) / 1e6 / curveSpeed(decodeAtKnee, KNEE_CLOCK);

  // Simulation: B200 power profiles save up to 15 % of energy at 97 % of the speed (developer.nvidia.com, power profiles, 2025).
  const profileClock = ((0.85 * 0.97 - compute.staticShare) / (1 - compute.staticShare)) ** (1 / compute.exponent);
  const simulation = { ...compute, computeShare: rounded((1 / 0.97 - 1) / (1 / profileClock - 1), 2) };

  const { maxLps, ...fitted } = findings(compute);
  return {
    compute,
    decode,
    simulation,
    residuals: [
      ...Object.entries(fitted).map(([name, pair]) => residual(`cap: ${name}`, [pair])),
      residual("cap: maxLps (check, not fitted)", [maxLps]),
      residual(
        "clock: energy of decode at the knee",
        [0.58, 0.68].map((measured) => ({ model: energyAtKnee, measured })),
      ),
    ],
  };
}

/** Power share at which a GB200 does most work per watt of the site; 850 W per GPU go elsewhere. The busy curve is 1 MW at full clock. */
function bestPowerShare(busy: PowerCurve): number {
  const [gpuW, elsewhereW] = [1200, 850];
  let best = 0;
  let bestShare = 0;
  for (let share = 0.3; share <= 1; share += 0.002) {
    const workPerWatt = curveSpeed(busy, clockForCap(busy, share * 1e6)) / (share * gpuW + elsewhereW);
    if (workPerWatt > best) [best, bestShare] = [workPerWatt, share];
  }
  return bestShare;
}

/** Decode power over the limit: fullShare · (floor + (1 − floor) · b / (b + halfBatch)), b sequences per GPU. */
interface BatchFit {
  readonly fullShare: number;
  readonly floor: number;
  readonly halfBatch: number;
  readonly residual: Residual;
}

/** Grid search, least absolute error of the logarithm, over all models of the chip: dense, with experts, at every batch. */
function fitBatch(data: string, chip: "h100" | "b200"): BatchFit {
  const tdpW = loadCatalog().accelerators.get(chip)!.tdpW;
  const runs = readCsv(data, "ml-energy/lm_arena_chat.csv.gz")
    .filter((row) => row["gpu_model"].toLowerCase() === chip)
    .map((row) => ({
      perGpu: Number(row["avg_batch_size"]) / Number(row["num_gpus"]),
      share: Number(row["avg_power_watts"]) / Number(row["num_gpus"]) / tdpW,
    }));
  let best = { fullShare: 0, floor: 0, halfBatch: 0 };
  let bestError = Infinity;
  for (let floor = 0.4; floor <= 0.95; floor += 0.01) {
    for (const halfBatch of [2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128]) {
      // For a given form the best scale is the median of the ratios.
      const forms = runs.map(({ perGpu }) => floor + (1 - floor) * (perGpu / (perGpu + halfBatch)));
      const fullShare = Math.min(
        1,
        quantile(
          runs.map(({ share }, i) => share / forms[i]),
          0.5,
        ),
      );
      const error = mean(runs.map(({ share }, i) => Math.abs(Math.log((fullShare * forms[i]) / share))));
      if (error < bestError) [best, bestError] = [{ fullShare, floor: rounded(floor, 2), halfBatch }, error];
    }
  }
  const { fullShare, floor, halfBatch } = best;
  const pairs = runs.map(({ perGpu, share }) => ({
    model: fullShare * (floor + (1 - floor) * (perGpu / (perGpu + halfBatch))),
    measured: share,
  }));
  return { ...best, residual: residual(`${chip}: power of serving, by sequences per GPU`, pairs) };
}

/**
 * What an 8×B200 server draws besides its GPUs: wall power under Llama-3.1-405B Offline (MLPerf Inference v5.1 closed, Lenovo SR780a
 * V3), less the supplies' loss and eight GPUs at ML.ENERGY's power for the same model at its largest batch.
 */
function serverOverheadW(data: string): number {
  const wallW = readCsv(data, "mlperf-v5.1/SR780a_V3_B200SXMx8_TRT__llama3.1-405b__Offline.csv.gz").map((row) =>
    Number(row["server_wall_W"]),
  );
  const steadyW = quantile(
    wallW.filter((powerW) => powerW > 0.9 * Math.max(...wallW)),
    0.5,
  );
  const gpu = readCsv(data, "ml-energy/lm_arena_chat.csv.gz").filter(
    (row) => row["gpu_model"] === "B200" && row["model_id"] === "meta-llama/Llama-3.1-405B-Instruct-FP8",
  );
  const gpuW = Number(gpu.find((row) => row["max_num_seqs"] === "512")!["avg_power_watts"]) / 4;
  const { psuLoss, psuRatingW, trays } = loadCatalog().racks.get("hgx-b200")!;
  const dcW = steadyW * efficiencyAt(psuLoss, (steadyW * trays) / psuRatingW);
  return Math.round((dcW - 8 * gpuW) / 10) * 10;
}

if (import.meta.main) report(fitPower(dataFolder()));
