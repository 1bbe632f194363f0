import { createContext, useContext, useId, type ReactNode } from "react";
import type { ApiProblem } from "../api/request.ts";
import { useSpeech } from "../i18n/language.tsx";
import { placeOf } from "./problems.ts";
import { type RuleValues, tellProblem } from "./refusal.tsx";

/** What the API found wrong with the form around, and what its rules speak of. */
export const Refused = createContext<{ readonly problems: readonly ApiProblem[]; readonly values: RuleValues }>({
  problems: [],
  values: {},
});

interface Labelled {
  /** As the API calls it. */
  readonly name: string;
  readonly label: string;
  readonly note?: string | undefined;
}

interface Control {
  readonly id: string;
  readonly name: string;
  readonly "aria-invalid": boolean;
  readonly "aria-describedby": string | undefined;
}

/** A label, what it labels, a note on it and what is wrong with it. */
export function Field(props: Labelled & { readonly isEmpty?: boolean; readonly children: (control: Control) => ReactNode }) {
  const { t } = useSpeech();
  const { name, label, note, isEmpty = false, children } = props;
  const { problems, values } = useContext(Refused);
  const id = useId();
  const problem = problems.find(({ path }) => placeOf(path) === name);
  const told = [...(problem === undefined ? [] : [`${id}-problem`]), ...(note === undefined ? [] : [`${id}-note`])].join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, name, "aria-invalid": problem !== undefined, "aria-describedby": told === "" ? undefined : told })}
      {note !== undefined && (
        <p id={`${id}-note`} className="note">
          {note}
        </p>
      )}
      {problem !== undefined && (
        <p id={`${id}-problem`} className="problem">
          {isEmpty ? t("rule.empty") : tellProblem(t, problem, values)}
        </p>
      )}
    </div>
  );
}

export function TextField(
  props: Labelled & {
    readonly value: string;
    readonly onChange: (value: string) => void;
    readonly type?: "text" | "number" | "date" | "password";
    readonly min?: number | string;
    readonly max?: number | string;
    readonly step?: number;
    readonly lines?: number;
    readonly isRequired?: boolean;
    readonly isMono?: boolean;
    readonly placeholder?: string;
    /** What may be written, offered while typing. */
    readonly offers?: readonly string[];
    readonly maxLength?: number;
    readonly autoComplete?: string;
  },
) {
  const { value, onChange, lines, isRequired = false, isMono = false, offers, name, label, note, type = "text", ...rest } = props;
  const list = useId();
  const className = `input${isMono ? " mono" : ""}${type === "number" ? " digits" : ""}`;
  return (
    <Field name={name} label={label} note={note} isEmpty={value.trim() === ""}>
      {(control) =>
        lines === undefined ? (
          <>
            <input
              {...control}
              {...rest}
              className={className}
              type={type}
              aria-required={isRequired}
              list={offers && list}
              value={value}
              onChange={(event) => onChange(event.currentTarget.value)}
            />
            {offers !== undefined && (
              <datalist id={list}>
                {offers.map((each) => (
                  <option key={each} value={each} />
                ))}
              </datalist>
            )}
          </>
        ) : (
          <textarea
            {...control}
            className={className}
            rows={lines}
            placeholder={rest.placeholder}
            maxLength={rest.maxLength}
            aria-required={isRequired}
            value={value}
            onChange={(event) => onChange(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

export function Choice<T extends string>(
  props: Labelled & {
    readonly value: T;
    readonly options: readonly (readonly [value: T, text: string])[];
    readonly onChange: (value: T) => void;
  },
) {
  const { value, options, onChange, ...field } = props;
  return (
    <Field {...field}>
      {(control) => (
        <select {...control} className="select" value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
          {options.map(([each, text]) => (
            <option key={each} value={each}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
