import type { ReactNode } from "react";
import { useFacts, useMoment, useSite } from "../../api/queries.ts";
import type { Job, Service, WorkState } from "../../api/types.ts";
import type { MessageKey } from "../../i18n/en.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Badge, Card, Meter, type Tone } from "../../parts/parts.tsx";
import { TableBox } from "../../parts/table.tsx";
import { useTenantColour } from "../tenant-colours.ts";
import { may } from "../tokens/may.ts";
import { HeldWhy } from "../why/held-why.tsx";
import { SubmittedJobs } from "./submitted-jobs.tsx";

export default function WorkPage() {
  const { t, format } = useSpeech();
  const { state, works } = useMoment();
  const site = useSite().data;
  const who = useFacts().data?.who ?? null;
  const workOf = new Map((works ?? []).map((work) => [work.id, work]));
  const sloOf = new Map(site?.workloads.flatMap((workload) => (workload.kind === "inference" ? [[workload.id, workload.slo]] : [])));
  const keeping = state?.services.filter(({ id, ttftP99S, itlP99S }) => {
    const slo = sloOf.get(id);
    return slo === undefined || ((ttftP99S ?? 0) <= slo.ttftS && (itlP99S ?? 0) <= slo.itlS);
  });
  return (
    <>
      <div className="page-head">
        <h1>{t("work.title")}</h1>
        {state !== undefined && (
          <span className="note">
            {t("work.meet", { met: keeping?.length ?? 0, all: state.services.length })} ·{" "}
            {t("work.queued", { count: format.number(state.queuedRequests) })}
          </span>
        )}
      </div>
      <div className="grid">
        <Card title={t("work.services")} className="c12" flush>
          <TableBox>
            <table data-testid="services">
              <thead>
                <tr>
                  <th>{t("work.name")}</th>
                  <th className="num">{t("work.gpus")}</th>
                  <th className="num">{t("work.requests")}</th>
                  <th className="num">{t("work.rate")}</th>
                  <th className="num">{t("work.batch")}</th>
                  <th className="num">{t("work.queue")}</th>
                  <th>{t("work.ttft")}</th>
                  <th>{t("work.itl")}</th>
                  <th className="num">{t("work.power")}</th>
                  <th>{t("work.steering")}</th>
                </tr>
              </thead>
              <tbody>
                {state?.services.map((service) => (
                  <ServiceRow key={service.id} service={service} work={workOf.get(service.id)} slo={sloOf.get(service.id)} />
                ))}
              </tbody>
            </table>
          </TableBox>
        </Card>
        <Card title={t("work.jobs")} className="c12" flush>
          {state?.jobs.length === 0 && <p className="empty">{t("work.noJobs")}</p>}
          <TableBox>
            <table data-testid="jobs">
              <thead>
                <tr>
                  <th>{t("work.name")}</th>
                  <th>{t("work.state")}</th>
                  <th className="num">{t("work.gpus")}</th>
                  <th>{t("work.progress")}</th>
                  <th className="num">{t("work.goodput")}</th>
                  <th className="num">{t("work.restarts")}</th>
                  <th className="num">{t("work.lost")}</th>
                  <th className="num">{t("work.power")}</th>
                  <th>{t("work.steering")}</th>
                </tr>
              </thead>
              <tbody>
                {state?.jobs.map((job) => (
                  <JobRow key={job.id} job={job} work={workOf.get(job.id)} />
                ))}
              </tbody>
            </table>
          </TableBox>
        </Card>
        {may(who, "job.read") && <SubmittedJobs who={who} />}
      </div>
    </>
  );
}

function ServiceRow({
  service,
  work,
  slo,
}: {
  readonly service: Service;
  readonly work: WorkState | undefined;
  readonly slo: { readonly ttftS: number; readonly itlS: number } | undefined;
}) {
  const { t, format } = useSpeech();
  return (
    <tr>
      <Name id={service.id} tenantId={service.tenantId} modelId={service.modelId} badge={classText(t, service.serviceClass)} />
      <td className="num">{format.number(service.gpus)}</td>
      <td className="num">{format.compact(service.requestsPerS)}</td>
      <td className="num live-value">{format.compact(service.tokensPerS)}</td>
      <td className="num">{format.number(service.batch)}</td>
      <td className="num">{format.number(service.queued)}</td>
      <Promise_ value={service.ttftP99S} promised={slo?.ttftS} />
      <Promise_ value={service.itlP99S} promised={slo?.itlS} />
      <td className="num">{format.power(work?.powerW)}</td>
      <Steering work={work} />
    </tr>
  );
}

/** A latency against what was promised: a bar that is full where the promise ends. */
function Promise_({ value, promised }: { readonly value: number | null; readonly promised: number | undefined }) {
  const { t, format } = useSpeech();
  const share = value === null || promised === undefined ? 0 : value / promised;
  const tone: Tone = share > 1 ? "bad" : share > 0.9 ? "warn" : "good";
  return (
    <td className="slo">
      <b className={`live-value ${share > 1 ? "bad" : ""}`}>{format.latency(value)}</b>
      {promised !== undefined && (
        <>
          {" "}
          <span className="note">{t("work.promised", { slo: format.latency(promised) })}</span>
          <Meter share={share} tone={tone} />
        </>
      )}
    </td>
  );
}

function JobRow({ job, work }: { readonly job: Job; readonly work: WorkState | undefined }) {
  const { t, format } = useSpeech();
  const tone: Tone = job.state === "running" ? "good" : job.state === "restarting" ? "warn" : "";
  return (
    <tr>
      <Name
        id={job.id}
        tenantId={job.tenantId}
        modelId={[t(`work.kind.${job.kind}` as MessageKey), job.modelId].filter((part) => part !== "").join(" · ")}
      />
      <td>
        <Badge tone={tone}>{t(`work.state.${job.state}` as MessageKey)}</Badge>
      </td>
      <td className="num">{format.number(job.gpus)}</td>
      <td className="slo">
        <b className="live-value">{format.percent(job.progress, 1)}</b>
        <Meter share={job.progress} />
      </td>
      <td className="num">{format.percent(job.goodput, 1)}</td>
      <td className="num">{format.number(job.restarts)}</td>
      <td className="num">{format.duration(job.lostS)}</td>
      <td className="num">{format.power(work?.powerW)}</td>
      <Steering work={work} />
    </tr>
  );
}

function Name(props: { readonly id: string; readonly tenantId: string; readonly modelId: string; readonly badge?: ReactNode }) {
  const { id, tenantId, modelId, badge } = props;
  const tenants = useSite().data?.tenants;
  const tenantColor = useTenantColour();
  return (
    <td className="name" title={id}>
      <i className="tenant" style={{ background: tenantColor(tenantId) }} />
      {id} {badge}
      <span className="sub">
        {tenants?.find((tenant) => tenant.id === tenantId)?.name ?? tenantId} · {modelId}
      </span>
    </td>
  );
}

/** What steering does to it, and why; a hold for the grid leads to its chain. */
function Steering({ work }: { readonly work: WorkState | undefined }) {
  const { t, format } = useSpeech();
  if (work === undefined) return <td>–</td>;
  const why = t(`work.${work.because}`);
  const text = work.because === "free" ? why : `${why} · ${t("work.speed", { value: format.percent(work.speed) })}`;
  return (
    <td className="steering">
      <span className={work.because === "free" ? "dim" : "warn"}>{text}</span> <HeldWhy targetId={work.targetId} />
    </td>
  );
}

function classText(t: (key: MessageKey) => string, serviceClass: string) {
  const tone: Tone = serviceClass === "critical" ? "accent" : "";
  return <Badge tone={tone}>{t(`work.class.${serviceClass}` as MessageKey)}</Badge>;
}
