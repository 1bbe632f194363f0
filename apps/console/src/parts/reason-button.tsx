import { useState } from "react";
import { useSpeech } from "../i18n/language.tsx";
import { DialogButton } from "./dialog-button.tsx";
import { TextField } from "./field.tsx";
import { Form, useAct } from "./form.tsx";

/** A button for what needs a reason: it is on record, and whoever is affected reads it. */
export function ReasonButton(props: {
  readonly label: string;
  readonly title: string;
  readonly reasonLabel: string;
  readonly onReason: (reason: string) => Promise<unknown>;
}) {
  const { label, title, reasonLabel, onReason } = props;
  return (
    <DialogButton label={label} title={title} className="button small danger">
      {(close) => <ReasonForm label={label} reasonLabel={reasonLabel} onReason={onReason} onDone={close} />}
    </DialogButton>
  );
}

function ReasonForm(props: {
  readonly label: string;
  readonly reasonLabel: string;
  readonly onReason: (reason: string) => Promise<unknown>;
  readonly onDone: () => void;
}) {
  const { t } = useSpeech();
  const { label, reasonLabel, onReason, onDone } = props;
  const [reason, setReason] = useState("");
  const act = useAct(() => onReason(reason));
  return (
    <Form
      submit={label}
      tone="danger"
      failure={act.error}
      isBusy={act.isPending}
      onCancel={onDone}
      onSubmit={() => act.mutate(undefined, { onSuccess: onDone })}
    >
      <TextField
        name="reason"
        label={reasonLabel}
        note={t("form.reasonNote")}
        lines={2}
        maxLength={500}
        isRequired
        value={reason}
        onChange={setReason}
      />
    </Form>
  );
}
