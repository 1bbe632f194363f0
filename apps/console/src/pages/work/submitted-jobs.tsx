import { Button } from "react-aria-components";
import { Link } from "wouter";
import { useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { SubmittedJob, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { useAct } from "../../parts/form.tsx";
import { Answer, Badge, Card, type Tone } from "../../parts/parts.tsx";
import { Refusal } from "../../parts/refusal.tsx";
import { Table } from "../../parts/table.tsx";
import { useClock } from "../../shell/clock.tsx";
import { may } from "../tokens/may.ts";
import { traceOf } from "../why/trace-link.tsx";

type ShownJob = Omit<SubmittedJob, "state" | "powerW" | "pauses" | "goodput"> & {
  readonly state: SubmittedJob["state"] | "underWay";
  readonly powerW: number | null;
  readonly pauses: number | null;
  readonly goodput: number | null;
};

const TONES: Readonly<Record<ShownJob["state"], Tone>> = {
  underWay: "good",
  waiting: "",
  held: "",
  released: "",
  running: "good",
  pausing: "warn",
  paused: "warn",
  done: "",
  failed: "bad",
  cancelled: "",
};
const OVER: readonly ShownJob["state"][] = ["done", "failed", "cancelled"];

/** Jobs that people submitted, why each stands where it stands, and the chain behind it. */
export function SubmittedJobs({ who }: { readonly who: Who | null }) {
  const { t, format } = useSpeech();
  const { atMs } = useClock();
  const query = useApi<readonly SubmittedJob[]>("/api/v1/jobs?limit=100", 5_000);
  const cancel = useAct((id: string) => ask(`/api/v1/jobs/${encodeURIComponent(id)}`, { method: "DELETE" }));
  /** Seen from the past, what came later is not there yet; of what was under way then, only that it was is known now. */
  const jobsThen = (jobs: readonly SubmittedJob[]): readonly ShownJob[] =>
    atMs === undefined
      ? jobs
      : jobs
          .filter(({ submittedMs }) => submittedMs <= atMs)
          .map((job) => {
            if (job.endedMs > 0 && job.endedMs <= atMs) return job;
            const state = job.startedMs > 0 && job.startedMs <= atMs ? "underWay" : "waiting";
            return { ...job, state, reason: "", powerW: null, pauses: null, goodput: null };
          });
  return (
    <Card title={t("jobs.submitted")} className="c12" flush>
      <Refusal failure={cancel.error} />
      <Answer query={query}>
        {(jobs) => (
          <Table
            label={t("jobs.submitted")}
            testId="submitted-jobs"
            empty={t("jobs.none")}
            rows={jobsThen(jobs)}
            rowKey={({ id }) => id}
            columns={[
              {
                head: t("work.name"),
                name: ({ name }) => name,
                cell: ({ name, projectId, submittedMs }) => (
                  <>
                    {name}
                    <span className="sub">
                      {projectId} · {format.clock(submittedMs)}
                    </span>
                  </>
                ),
              },
              { head: t("work.state"), cell: ({ state }) => <Badge tone={TONES[state]}>{t(`jobs.${state}`)}</Badge> },
              {
                head: t("jobs.reason"),
                cell: ({ reason, traceparent }) => (
                  <>
                    {reason}{" "}
                    {may(who, "journal.read") && (
                      <Link className="link" href={`/why/${traceOf(traceparent)}`}>
                        {t("grid.why")}
                      </Link>
                    )}
                  </>
                ),
              },
              { head: t("work.gpus"), isNumber: true, cell: ({ gpus }) => format.number(gpus) },
              { head: t("work.power"), isNumber: true, cell: ({ powerW }) => format.power(powerW) },
              { head: t("jobs.pauses"), isNumber: true, cell: ({ pauses }) => format.number(pauses) },
              { head: t("work.goodput"), isNumber: true, cell: ({ goodput }) => format.percent(goodput) },
              {
                head: t("jobs.cancel"),
                isQuiet: true,
                isNumber: true,
                className: "acts",
                cell: ({ id, state }) =>
                  atMs === undefined &&
                  !OVER.includes(state) &&
                  may(who, "job.submit") && (
                    <Button className="button small danger" onPress={() => cancel.mutate(id)}>
                      {t("jobs.cancel")}
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Answer>
    </Card>
  );
}
