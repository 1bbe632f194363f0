import { useMutation, type UseMutationResult } from "@tanstack/react-query";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Button } from "react-aria-components";
import { queryClient } from "../api/queries.ts";
import { ApiFailure, type ApiProblem } from "../api/request.ts";
import { useSpeech } from "../i18n/language.tsx";
import { Refused } from "./field.tsx";
import { placeOf } from "./problems.ts";
import { ProblemList, type RuleValues } from "./refusal.tsx";

/** Something that changes the factory. What is on the page is asked for anew after it. */
export function useAct<Input = void, Output = unknown>(
  work: (input: Input) => Promise<Output>,
): UseMutationResult<Output, ApiFailure, Input> {
  return useMutation<Output, ApiFailure, Input>({ mutationFn: work, onSuccess: () => queryClient.invalidateQueries() });
}

/**
 * A form. What the API finds wrong with it stands at the fields that it is about, and the first of them has the focus; what is about none
 * stands above the buttons.
 */
export function Form(props: {
  readonly submit: string;
  readonly onSubmit: () => void;
  readonly failure: ApiFailure | null;
  readonly isBusy?: boolean;
  readonly isDisabled?: boolean;
  readonly tone?: "primary" | "danger" | "";
  readonly onCancel?: () => void;
  /** What the rules' texts speak of, by name. */
  readonly values?: RuleValues;
  readonly children: ReactNode;
}) {
  const { t } = useSpeech();
  const { submit, onSubmit, failure, isBusy = false, isDisabled = false, tone = "primary", onCancel, values = {}, children } = props;
  const form = useRef<HTMLFormElement>(null);
  const [placeless, setPlaceless] = useState<readonly ApiProblem[]>([]);
  const problems = failure?.problems ?? [];
  useEffect(() => {
    const fields = [...(form.current?.elements ?? [])].map((element) => element.getAttribute("name"));
    setPlaceless(problems.filter(({ path }) => !fields.includes(placeOf(path) ?? null)));
    form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [failure]);
  return (
    <form
      ref={form}
      className="ask"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy && !isDisabled) onSubmit();
      }}
    >
      <Refused value={{ problems, values }}>{children}</Refused>
      {failure !== null && (
        <div className="failure" role="alert">
          {problems.length === 0 && (failure.hint === undefined ? failure.message : `${failure.message} (${failure.hint})`)}
          {problems.length > placeless.length && t("form.mend", { count: problems.length - placeless.length })}
          {placeless.length > 0 && <ProblemList problems={placeless} values={values} />}
        </div>
      )}
      <div className="actions">
        {onCancel !== undefined && (
          <Button className="button" onPress={onCancel}>
            {t("signIn.cancel")}
          </Button>
        )}
        <Button type="submit" className={`button ${tone}`} isPending={isBusy} isDisabled={isDisabled}>
          {submit}
        </Button>
      </div>
    </form>
  );
}
