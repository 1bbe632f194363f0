import { useMutation } from "@tanstack/react-query";
import { Button } from "react-aria-components";
import { Link } from "wouter";
import { queryClient, useApi } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { SubmittedJob, Who } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Answer, Badge, Card, Failure, type Tone } from "../../parts/parts.tsx";
import { TableBox } from "../../parts/table.tsx";
import { useClock } from "../../shell/clock.tsx";
import { may } from "../tokens/may.ts";

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
  const cancel = useMutation({
    mutationFn: (id: string) => ask(`/api/v1/jobs/${encodeURIComponent(id)}`, { method: "DELETE" }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
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
      {cancel.error !== null && <Failure error={cancel.error} />}
      <Answer query={query}>
        {(jobs) =>
          jobsThen(jobs).length === 0 ? (
            <p className="empty">{t("jobs.none")}</p>
          ) : (
            <TableBox>
              <table data-testid="submitted-jobs">
                <thead>
                  <tr>
                    <th>{t("work.name")}</th>
                    <th>{t("work.state")}</th>
                    <th>{t("jobs.reason")}</th>
                    <th className="num">{t("work.gpus")}</th>
                    <th className="num">{t("work.power")}</th>
                    <th className="num">{t("jobs.pauses")}</th>
                    <th className="num">{t("work.goodput")}</th>
                    <th aria-label={t("jobs.cancel")} />
                  </tr>
                </thead>
                <tbody>
                  {jobsThen(jobs).map((job) => (
                    <tr key={job.id}>
                      <td className="name" title={job.name}>
                        {job.name}
                        <span className="sub">
                          {job.projectId} · {format.clock(job.submittedMs)}
                        </span>
                      </td>
                      <td>
                        <Badge tone={TONES[job.state]}>{t(`jobs.${job.state}`)}</Badge>
                      </td>
                      <td>
                        {job.reason}{" "}
                        {may(who, "journal.read") && (
                          <Link className="link" href={`/why/${job.traceparent.split("-")[1]}`}>
                            {t("grid.why")}
                          </Link>
                        )}
                      </td>
                      <td className="num">{format.number(job.gpus)}</td>
                      <td className="num">{format.power(job.powerW)}</td>
                      <td className="num">{format.number(job.pauses)}</td>
                      <td className="num">{format.percent(job.goodput)}</td>
                      <td className="num">
                        {atMs === undefined && !OVER.includes(job.state) && may(who, "job.submit") && (
                          <Button className="button small danger" onPress={() => cancel.mutate(job.id)}>
                            {t("jobs.cancel")}
                          </Button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </TableBox>
          )
        }
      </Answer>
    </Card>
  );
}
