import { random } from "@pulmu/units";
import { SITE_SERIES, type ReportData } from "@pulmu/twin";

/** A plausible summer day at 55 MW, made up for tests and for looking at the report without running one. */
export function demoReport(
  options: { readonly scenario?: string; readonly seed?: number; readonly warmerK?: number; readonly startMs?: number } = {},
): ReportData {
  const seed = options.seed ?? 1;
  const { next } = random(seed, "demo");
  const noise = (size: number): number => (next() + next() + next() - 1.5) * size;
  const minutes = 1440;
  const mean: Record<string, (number | null)[]> = Object.fromEntries(SITE_SERIES.map(([name]) => [name, []]));
  const max: Record<string, (number | null)[]> = { sitePowerW: [], ttftP99S: [], maxInletC: [], throttledGpus: [] };
  const round = (value: number): number => Number(value.toPrecision(5));
  const totals = { site: 0, it: 0, gpu: 0, loss: 0, cooling: 0, tokens: 0, peak: 0, cost: 0, carbon: 0 };
  let stored = 20 * 3.6e9;
  for (let minute = 0; minute < minutes; minute++) {
    const hour = minute / 60;
    const wave = (peakHour: number): number => Math.cos(((hour - peakHour) / 24) * 2 * Math.PI);
    const wetBulbC = 24 + (options.warmerK ?? 0) + 1.6 * wave(15) + noise(0.1);
    const demand = 0.62 + 0.25 * wave(21) + noise(0.02);
    const targetW = hour >= 18 && hour < 20 ? 42e6 : null;
    const trainingW = targetW === null ? 13e6 + (minute % 90 < 4 ? -5e6 : 0) : 6e6;
    const gpuPowerW = 13e6 + 11e6 * demand + trainingW + noise(4e5);
    const itPowerW = gpuPowerW * 1.18 + 1.1e6;
    const lossPowerW = itPowerW * 0.041;
    const coolingPowerW = itPowerW * (0.028 + 0.006 * Math.max(0, wetBulbC - 22)) + noise(6e4);
    const facilityPowerW = 3e5;
    const bessPowerW = hour >= 18 && hour < 19 ? -2.5e6 : hour >= 2 && hour < 3.2 ? 2.2e6 : 0;
    stored += bessPowerW * 60;
    const sitePowerW = itPowerW + lossPowerW + coolingPowerW + facilityPowerW + bessPowerW;
    const tokensPerS = 3.1e6 * demand * (targetW === null ? 1 : 0.97);
    const ttft = 0.18 + 0.12 * demand ** 4 + Math.abs(noise(0.01));
    const price = hour < 8 || hour >= 22 ? 108 : hour >= 11 && hour < 18 ? 218 : 161;
    const carbon = 365 + 40 * wave(20) - 60 * Math.max(0, wave(13));
    const values: Record<string, number | null> = {
      sitePowerW,
      itPowerW,
      gpuPowerW,
      lossPowerW,
      coolingPowerW,
      facilityPowerW,
      bessPowerW,
      targetW,
      envelopeW: 55e6,
      pue: (sitePowerW - bessPowerW) / itPowerW,
      tokensPerS,
      promptTokensPerS: tokensPerS * 5.4,
      trainedTokensPerS: trainingW / 2.2,
      joulesPerToken: ((sitePowerW - trainingW * 1.25) * 0.82) / tokensPerS,
      requestsPerS: tokensPerS / 211,
      queuedRequests: 40 + 900 * demand ** 8,
      ttftP50S: ttft,
      ttftP99S: ttft * 3.1 + Math.abs(noise(0.05)),
      itlP50S: 0.019 + 0.012 * demand,
      itlP99S: 0.027 + 0.02 * demand,
      busyGpus: 21_400 + noise(60),
      failedGpus: 72 + 4 * Math.floor(hour / 4),
      throttledGpus: hour > 15 && hour < 15.6 ? 1152 : 0,
      cappedGpus: targetW === null ? 0 : 9216,
      runningJobs: 9,
      waitingJobs: 1,
      dryBulbC: 28 + (options.warmerK ?? 0) + 4.2 * wave(15),
      wetBulbC,
      maxInletC: 38 + 0.8 * wave(15) + (hour > 15 && hour < 15.6 ? 6 : 0),
      carbonGPerKWh: carbon,
      priceKrwPerKWh: price,
      bessStoredJ: stored,
    };
    for (const [name] of SITE_SERIES) mean[name].push(values[name] === null ? null : round(values[name] ?? 0));
    for (const name of Object.keys(max)) max[name].push(round((values[name] ?? 0) * 1.004));
    totals.site += sitePowerW * 60;
    totals.it += itPowerW * 60;
    totals.gpu += gpuPowerW * 60;
    totals.loss += lossPowerW * 60;
    totals.cooling += coolingPowerW * 60;
    totals.tokens += tokensPerS * 60;
    totals.cost += ((sitePowerW * 60) / 3.6e6) * price;
    totals.carbon += ((sitePowerW * 60) / 3.6e6) * carbon;
    totals.peak = Math.max(totals.peak, sitePowerW * 1.004);
  }
  const facility = 3e5 * 86_400;
  return {
    format: "pulmu-report/v1",
    run: {
      scenario: options.scenario ?? "A summer day at 55 MW",
      siteName: "GAK Sejong",
      siteFile: "sites/gak-sejong.yaml",
      phaseName: "First phase, 55 MW",
      phaseDate: "2027-06-30",
      timezone: "Asia/Seoul",
      utcOffsetMin: 540,
      startMs: options.startMs ?? Date.UTC(2027, 7, 3, 15),
      durationS: 86_400,
      seed,
      envelopeW: 55e6,
    },
    provenance: {
      pulmuVersion: "0.1.0",
      command: "pulmu simulate scenarios/sejong-55mw-day.yaml",
      workloadSource: "made up: these numbers were not simulated",
      assumptions: ["Climate of Daejeon stands in for Sejong.", "Loss curves of transformers and UPS are those of typical units."],
    },
    kpis: {
      scenario: "demo",
      durationS: 86_400,
      racks: 320,
      gpus: 23_040,
      siteEnergyJ: totals.site,
      itEnergyJ: totals.it,
      gpuEnergyJ: totals.gpu,
      lossEnergyJ: totals.loss,
      coolingEnergyJ: totals.cooling,
      facilityEnergyJ: facility,
      bessEnergyJ: 1.4e9,
      pue: totals.site / totals.it,
      peakPowerW: totals.peak,
      meanPowerW: totals.site / 86_400,
      overEnvelopeS: 0,
      overTargetS: 42,
      tokensOut: totals.tokens,
      tokensIn: totals.tokens * 5.4,
      trainedTokens: 4.7e11,
      lostTrainedTokens: 3.1e9,
      requests: totals.tokens / 211,
      requestsWithinSlo: (totals.tokens / 211) * 0.987,
      joulesPerToken: (totals.site * 0.55) / totals.tokens,
      tokensPerSPerMW: totals.tokens / (totals.site / 1e6),
      costKrw: totals.cost,
      carbonG: totals.carbon,
      krwPerMTokens: ((totals.cost * 0.55) / totals.tokens) * 1e6,
      carbonGPerMTokens: ((totals.carbon * 0.55) / totals.tokens) * 1e6,
      ttftP50S: 0.21,
      ttftP99S: 0.74,
      itlP50S: 0.027,
      itlP99S: 0.041,
      trainingGoodput: 0.963,
      jobsDone: 14,
      jobRestarts: 5,
      faults: 23,
      energyBalanceMaxRelError: 2.2e-16,
      resultHash: "9f2c1b7e".repeat(8),
    },
    bucketS: 60,
    mean,
    max,
    jobs: demoJobs(),
    jobCount: 22,
    services: [
      ["hyperclova-x-chat", "naver", "hyperclova-x-seed-32b", "critical", 4320, 0.21, 1, 0.027, 0.05],
      ["agent-platform", "ministry", "nemotron-3-super", "standard", 3456, 0.32, 2, 0.031, 0.06],
      ["open-api", "developers", "deepseek-r1", "standard", 2880, 0.44, 2, 0.034, 0.07],
    ].map(([id, tenantId, modelId, serviceClass, gpus, ttft, sloTtft, itl, sloItl]) => ({
      id: String(id),
      tenantId: String(tenantId),
      modelId: String(modelId),
      serviceClass: String(serviceClass),
      gpus: Number(gpus),
      requestsPerS: Number(gpus) * 0.9,
      tokensPerS: Number(gpus) * 190,
      ttftP50S: Number(ttft),
      ttftP99S: Number(ttft) * 3.4,
      itlP50S: Number(itl),
      sloTtftS: Number(sloTtft),
      sloItlS: Number(sloItl),
    })),
    nodes: Array.from({ length: 40 }, (_, i) => ({
      id: i === 0 ? "main-a" : `h${1 + (i % 4)}-${["ups", "bus2", "tr"][i % 3]}-${i % 2 === 0 ? "a" : "b"}`,
      kind: i === 0 ? "feed" : ["ups", "busway", "transformer"][i % 3],
      ratingW: i === 0 ? 55e6 : [16e6, 3.2e6, 20e6][i % 3],
      peakPowerW: 12e6,
      peakLoad: round((1.02 - i * 0.012) * (1 + noise(0.004))),
      meanLoad: round((0.84 - i * 0.012) * (1 + noise(0.01))),
    })),
    nodeCount: 164,
    events: demoEvents(),
    eventCount: 131,
  };
}

function demoJobs(): ReportData["jobs"] {
  const job = (
    id: string,
    kind: ReportData["jobs"][number]["kind"],
    gpus: number,
    from: number,
    hours: number,
    failedAtH: readonly number[] = [],
  ): ReportData["jobs"][number] => {
    const endS = (from + hours) * 3600;
    return {
      id,
      kind,
      gpus,
      tenantId: "lab",
      modelId: kind === "simulation" ? "" : "nemotron-3-ultra",
      state: endS > 86_400 ? "running" : "done",
      submittedS: Math.max(0, from * 3600 - 400),
      startedS: from * 3600,
      endedS: endS > 86_400 ? null : endS,
      progress: Math.min(1, 86_400 / endS),
      restarts: failedAtH.length,
      goodput: 1 - 0.02 * failedAtH.length,
      failedAtS: failedAtH.map((hour) => hour * 3600),
    };
  };
  return [
    job("ultra-pretrain-1", "training", 9216, 0, 40, [5.2, 13.7, 20.1]),
    ...Array.from({ length: 6 }, (_, i) => job(`tune-${i + 1}`, "tuning", 576, i * 4, 3.4, i === 2 ? [9.5] : [])),
    ...Array.from({ length: 5 }, (_, i) => job(`nightly-batch-${i + 1}`, "batch", 288, [0, 1, 2.5, 20, 22][i], [6, 7, 5, 8, 8][i])),
    ...Array.from({ length: 10 }, (_, i) => job(`seoul-world-${i + 1}`, "simulation", 144, i * 2.3, 2.1)),
  ];
}

function demoEvents(): ReportData["events"] {
  const event = (
    hour: number,
    severity: ReportData["events"][number]["severity"],
    kind: string,
    subject: string,
    text: string,
  ): ReportData["events"][number] => ({
    atS: Math.round(hour * 3600),
    severity,
    kind,
    subject,
    text,
  });
  return [
    event(0, "info", "job-started", "ultra-pretrain-1", "9216 GPUs in 128 racks"),
    event(5.2, "warning", "fault", "h2/r03/07", "1 GPU failed; its tray is out for 4 h"),
    event(5.2, "warning", "job-failed", "ultra-pretrain-1", "lost h2/r03/07; goes back to the checkpoint of 04:52"),
    event(15, "critical", "fault", "h3-cdu2", "2 of 4 units of the CDU group lost"),
    event(15.05, "warning", "throttle", "h3/r02", "16 racks above 45 °C at their inlet"),
    event(15.6, "info", "throttle-ended", "h3/r02", "16 racks at full speed again"),
    event(18, "info", "load-target", "site", "42.0 MW until 20:00"),
    event(18.002, "warning", "breach", "site", "44.1 MW above the target of 42.0 MW"),
    event(18.014, "info", "breach-ended", "site", "below the target after 42 s"),
  ];
}
