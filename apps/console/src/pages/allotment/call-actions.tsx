import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "react-aria-components";
import { queryClient } from "../../api/queries.ts";
import { ask } from "../../api/request.ts";
import type { AllotmentCall } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { Card, Failure } from "../../parts/parts.tsx";

/** What whoever runs a call may do with it next. */
export function CallActions({ call: { call, state } }: { readonly call: AllotmentCall }) {
  const { t } = useSpeech();
  const act = useMutation({
    mutationFn: (what: "close" | "decide" | "monitor") =>
      ask(`/api/v1/allotment/calls/${encodeURIComponent(call.id)}/${what}`, { method: "POST" }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  const next = ({ open: "close", reviewing: "decide", decided: "monitor" } as const)[state];
  return (
    <>
      {act.error !== null && <Failure error={act.error} />}
      <div className="actions">
        <Button className="button" isDisabled={act.isPending} onPress={() => act.mutate(next)}>
          {t(`allotment.${next}`)}
        </Button>
      </div>
    </>
  );
}

/** A call is published as the file it was written as: its terms stand from then on. */
export function PublishCard() {
  const { t } = useSpeech();
  const [yaml, setYaml] = useState("");
  const publish = useMutation({
    mutationFn: () => ask("/api/v1/allotment/calls", { method: "POST", body: { yaml } }),
    onSuccess: () => {
      setYaml("");
      return queryClient.invalidateQueries();
    },
  });
  return (
    <Card title={t("allotment.publish")} className="c12">
      <form
        className="ask"
        onSubmit={(event) => {
          event.preventDefault();
          publish.mutate();
        }}
      >
        <div className="field">
          <label htmlFor="call-yaml">{t("allotment.yaml")}</label>
          <textarea
            id="call-yaml"
            className="input mono"
            rows={6}
            required
            value={yaml}
            onChange={(event) => setYaml(event.currentTarget.value)}
          />
        </div>
        {publish.error !== null && <Failure error={publish.error} />}
        <div className="actions">
          <Button type="submit" className="button" isDisabled={publish.isPending}>
            {t("allotment.publish")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
