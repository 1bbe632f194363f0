import { randomUUID } from "node:crypto";
import { ENDED, type Estimate, loadSpec, openQuota, readEngine } from "@pulmu/jobs";
import { formatDuration, formatPower, parseQuantity, PulmuError } from "@pulmu/units";
import { digits, printLine, printTable, when } from "../../accounts/print.ts";
import { EXIT, type ExitCode, printJson } from "../../exit.ts";
import { bookOf, engineOf } from "../../jobs/book-of.ts";
import { jobView, logTail, whyOf } from "../../jobs/job-view.ts";
import { cancelFor, jobFor, setQuotaFor, submitFor, weigh } from "../../jobs/work.ts";
import { type CommonOptions, withHouse } from "../accounts/identity.ts";
import { amount } from "./amount.ts";

export const submit = (
  file: string,
  options: CommonOptions & { readonly project?: string; readonly token?: string; readonly estimate?: boolean },
): Promise<ExitCode> => {
  const spec = loadSpec(file);
  return withHouse(options, async (house, by) => {
    if (options.estimate === true) {
      const { estimate } = await weigh(house, spec);
      if (options.json) return printJson({ estimate });
      return printLine(inWords(estimate));
    }
    const { jobs, estimate } = await submitFor(house, by, spec, { project: options.project, token: options.token ?? randomUUID() });
    if (options.json) return printJson({ jobs: jobs.map((job) => jobView(job, house.now())), estimate });
    const [{ id }] = jobs;
    printLine(`${id}${jobs.length > 1 ? ` and ${jobs.length - 1} more` : ""} submitted: ${inWords(estimate)}. Next: pulmu job why ${id}`);
  });
};

function inWords({ gpuHours, itKWh, krw }: Estimate): string {
  const won = krw === undefined ? "" : `, ${digits(krw)} won`;
  return `about ${gpuHours.toFixed(1)} GPU-hours, ${itKWh.toFixed(1)} kWh at the racks${won}`;
}

export const list = (options: CommonOptions & { readonly project?: string; readonly all?: boolean }): Promise<ExitCode> =>
  withHouse(options, async ({ store, now }) => {
    const filter = { tenantIds: "all" as const, live: options.all !== true, ...(options.project !== undefined && { projectId: options.project }) }; // prettier-ignore
    const jobs = (await (await bookOf(store)).list(filter)).map((job) => jobView(job, now()));
    if (options.json) return printJson(jobs);
    printTable(
      [{ title: "JOB" }, { title: "NAME" }, { title: "PROJECT" }, { title: "CLASS" }, { title: "STATE" }, { title: "GPUS", right: true }, { title: "POWER", right: true }, { title: "RAN", right: true }, { title: "WHY" }], // prettier-ignore
      jobs.map((job) => [job.id, job.name, job.projectId, job.class, job.state, digits(job.gpus), formatPower(job.powerW), formatDuration(job.ranS), job.reason]), // prettier-ignore
      options.all === true ? "no jobs yet: pulmu job submit FILE" : "no jobs under way (--all shows those that have ended)",
    );
  });

export const why = (id: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const { book, job } = await jobFor(house, by, id);
    const answer = await whyOf(book, job, await readEngine(house.store), house.now());
    if (options.json) return printJson(answer);
    printLine(answer.line);
    for (const { atMs, what, text, traceparent } of answer.steps)
      printLine(`  ${when(atMs)}  ${what.padEnd(12)}  ${text}${traceparent === "" ? "" : `  [trace ${traceparent.split("-")[1]}]`}`);
  });

const LOG_BYTES = 65_536;

export const logs = (id: string, options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const { job } = await jobFor(house, by, id);
    const text = await logTail((await engineOf(house.store)).filesRoot, job.id, LOG_BYTES);
    if (options.json) return printJson({ id, text });
    process.stdout.write(text === "" || text.endsWith("\n") ? text : `${text}\n`);
  });

export const cancel = (ids: readonly string[], options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const asked: string[] = [];
    for (const id of ids) if (await cancelFor(house, by, id)) asked.push(id);
    if (options.json) return printJson({ asked });
    for (const id of ids) printLine(asked.includes(id) ? `${id} is being ended.` : `${id} was over already.`);
  });

export const top = (options: CommonOptions): Promise<ExitCode> =>
  withHouse(options, async ({ store, now }) => {
    const book = await bookOf(store);
    const engine = await engineOf(store);
    const jobs = (await book.list({ tenantIds: "all", live: true, limit: 1_000 })).filter(({ state }) => !ENDED.has(state));
    const drawing = jobs.filter(({ state }) => state === "running" || state === "released" || state === "pausing");
    const tenants = [...Map.groupBy(jobs, ({ tenantId }) => tenantId)].map(([tenantId, own]) => {
      const at = own.filter((job) => drawing.includes(job));
      return { tenantId, running: at.length, waiting: own.length - at.length, gpus: at.reduce((sum, { gpus }) => sum + gpus, 0), powerW: at.reduce((sum, { powerW }) => sum + powerW, 0) }; // prettier-ignore
    });
    if (options.json) return printJson({ engine, tenants, jobs: drawing.map((job) => jobView(job, now())) });
    const { nodesUp, nodesDown, nodesDraining, drawnW, limitBudgetW, cause, problem } = engine;
    printLine(`${engine.engine}: ${nodesUp} nodes up, ${nodesDraining} draining, ${nodesDown} down`);
    printLine(`Power: ${formatPower(drawnW)} of ${limitBudgetW === Infinity ? "no limit" : formatPower(limitBudgetW)}${cause === "" ? "" : ` (${cause})`}`); // prettier-ignore
    if (problem !== "") printLine(`Trouble: ${problem}`);
    printTable(
      [{ title: "TENANT" }, { title: "RUNNING", right: true }, { title: "WAITING", right: true }, { title: "GPUS", right: true }, { title: "POWER", right: true }], // prettier-ignore
      tenants.map(({ tenantId, running, waiting, gpus, powerW }) => [tenantId, digits(running), digits(waiting), digits(gpus), formatPower(powerW)]), // prettier-ignore
      "no jobs under way",
    );
  });

export interface QuotaOptions extends CommonOptions {
  readonly guaranteed?: string;
  readonly guaranteedPower?: string;
  readonly limit?: string;
  readonly limitPower?: string;
  readonly gpuHours?: string;
  readonly weight?: string;
}

export const quota = (group: string | undefined, options: QuotaOptions): Promise<ExitCode> =>
  withHouse(options, async (house, by) => {
    const book = await bookOf(house.store);
    const { guaranteed, guaranteedPower, limit, limitPower, gpuHours, weight } = options;
    const asked = [guaranteed, guaranteedPower, limit, limitPower, gpuHours, weight].some((value) => value !== undefined);
    if (asked) {
      if (group === undefined) throw new PulmuError({ code: "quota.group", path: "group", rule: "whose quota?", hint: "pulmu job quota snu --limit 64" }); // prettier-ignore
      const before = (await book.quotas()).find(({ groupId }) => groupId === group) ?? openQuota(group);
      await setQuotaFor(house, by, {
        ...before,
        ...(guaranteed !== undefined && { guaranteedGpus: amount("--guaranteed", guaranteed) }),
        ...(guaranteedPower !== undefined && { guaranteedW: parseQuantity(guaranteedPower, "power") }),
        ...(limit !== undefined && { limitGpus: amount("--limit", limit) }),
        ...(limitPower !== undefined && { limitW: parseQuantity(limitPower, "power") }),
        ...(gpuHours !== undefined && { limitGpuHours: amount("--gpu-hours", gpuHours) }),
        ...(weight !== undefined && { weight: amount("--weight", weight) }),
      });
    }
    const quotas = (await book.quotas()).filter(({ groupId }) => group === undefined || groupId === group);
    if (options.json) return printJson(quotas.map((each) => ({ ...each })));
    const shown = (value: number) => (value === Infinity ? "–" : digits(Math.round(value)));
    const power = (value: number) => (value === Infinity ? "–" : formatPower(value));
    printTable(
      [{ title: "GROUP" }, ...["GUARANTEED", "POWER", "LIMIT", "POWER", "GPU-HOURS A MONTH", "WEIGHT"].map((title) => ({ title, right: true }))], // prettier-ignore
      quotas.map((each) => [each.groupId, shown(each.guaranteedGpus), power(each.guaranteedW), shown(each.limitGpus), power(each.limitW), shown(each.limitGpuHours), String(each.weight)]), // prettier-ignore
      "no quotas: everybody may use what is free, in equal shares",
    );
    return EXIT.ok;
  });
