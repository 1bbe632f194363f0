import { useState } from "react";
import { Button } from "react-aria-components";
import { ask } from "../../api/request.ts";
import type { AllotmentCall } from "../../api/types.ts";
import { useSpeech } from "../../i18n/language.tsx";
import { TextField } from "../../parts/field.tsx";
import { Form, useAct } from "../../parts/form.tsx";
import { Card } from "../../parts/parts.tsx";
import { Refusal } from "../../parts/refusal.tsx";

const NEXT = { open: "close", reviewing: "decide", decided: "monitor" } as const;

/** What whoever runs a call may do with it next. */
export function CallActions({ call: { call, state } }: { readonly call: AllotmentCall }) {
  const { t } = useSpeech();
  const act = useAct((what: (typeof NEXT)[keyof typeof NEXT]) =>
    ask(`/api/v1/allotment/calls/${encodeURIComponent(call.id)}/${what}`, { method: "POST" }),
  );
  return (
    <>
      <Refusal failure={act.error} />
      <Button className="button" isPending={act.isPending} onPress={() => act.mutate(NEXT[state])}>
        {t(`allotment.${NEXT[state]}`)}
      </Button>
    </>
  );
}

/** A call is published as the file it was written as: its terms stand from then on. */
export function PublishCard() {
  const { t } = useSpeech();
  const [yaml, setYaml] = useState("");
  const publish = useAct(() => ask("/api/v1/allotment/calls", { method: "POST", body: { yaml } }));
  return (
    <Card title={t("allotment.publish")} className="c12">
      <Form
        submit={t("allotment.publish")}
        tone=""
        failure={publish.error}
        isBusy={publish.isPending}
        onSubmit={() => publish.mutate(undefined, { onSuccess: () => setYaml("") })}
      >
        <TextField
          name="yaml"
          label={t("allotment.yaml")}
          note={t("allotment.yamlNote")}
          lines={6}
          isMono
          isRequired
          value={yaml}
          onChange={setYaml}
        />
      </Form>
    </Card>
  );
}
