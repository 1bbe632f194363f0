import type { CSSProperties, ReactNode } from "react";
import { Button, ToggleButton, ToggleButtonGroup } from "react-aria-components";
import { ApiFailure } from "../api/request.ts";
import { useSpeech } from "../i18n/language.tsx";

/** A panel with a heading of its own. `aside` stands at the right of the heading. */
export function Card(props: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly className?: string;
  readonly flush?: boolean;
  readonly children: ReactNode;
}) {
  const { title, aside, className = "", flush = false, children } = props;
  return (
    <section className={`card ${className}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        <span className="fill" />
        {aside}
      </header>
      <div className={flush ? "flush" : "body"}>{children}</div>
    </section>
  );
}

/** One number with its name, unit and what stands below it. */
export function Figure(props: {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly sub?: string;
  /** Stands behind the label: a way to what the number is made of. */
  readonly why?: ReactNode;
  readonly children?: ReactNode;
}) {
  const { label, value, unit, sub, why, children } = props;
  return (
    <div className="figure">
      <span className="figure-head">
        <span className="label">{label}</span>
        {why}
      </span>
      <span className="value live-value">
        {value}
        {unit !== undefined && <small>{unit}</small>}
      </span>
      {sub !== undefined && <span className="sub">{sub}</span>}
      {children}
    </div>
  );
}

export type Tone = "good" | "warn" | "bad" | "accent" | "";

export function Badge({ tone = "", children }: { readonly tone?: Tone; readonly children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

/** A share of something, 0…1, as a bar. What it means must stand beside it in words. */
export function Meter({ share, tone = "", color }: { readonly share: number; readonly tone?: Tone; readonly color?: string }) {
  const width = `${Math.min(100, Math.max(0, Number.isFinite(share) ? share * 100 : 0))}%`;
  const style: CSSProperties = color === undefined ? { width } : { width, background: color };
  return (
    <span className={`meter ${tone}`} aria-hidden="true">
      <i style={style} />
    </span>
  );
}

export function Segments<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly onChange: (value: T) => void;
}) {
  return (
    <ToggleButtonGroup
      className="segments"
      aria-label={props.label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[props.value]}
      onSelectionChange={(keys) => props.onChange([...keys][0] as T)}
    >
      {props.options.map(([value, text]) => (
        <ToggleButton key={value} id={value} className="segment">
          {text}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}

/** What went wrong with a part of the page, and a way to try again. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const { t } = useSpeech();
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ApiFailure && error.hint !== undefined ? ` (${error.hint})` : "";
  return (
    <div className="failure" role="alert">
      <span>
        {t("failure.title", { message })}
        {hint}
      </span>
      {retry !== undefined && (
        <Button className="button small" onPress={retry}>
          {t("failure.retry")}
        </Button>
      )}
    </div>
  );
}

/** Shows what a question to the API answered, or that it is being asked, or why it failed. */
export function Answer<T>(props: {
  readonly query: { readonly data: T | undefined; readonly error: unknown; readonly refetch: () => unknown };
  readonly children: (data: T) => ReactNode;
}) {
  const { t } = useSpeech();
  const { data, error, refetch } = props.query;
  return (
    <>
      {error !== null && error !== undefined && <Failure error={error} retry={() => void refetch()} />}
      {data !== undefined && props.children(data)}
      {data === undefined && (error === null || error === undefined) && (
        <div className="skeleton">
          <span className="visually-hidden">{t("loading")}</span>
        </div>
      )}
    </>
  );
}

export function Legend({
  items,
}: {
  readonly items: readonly { readonly name: string; readonly color: string; readonly value?: string; readonly dash?: boolean }[];
}) {
  return (
    <ul className="legend">
      {items.map(({ name, color, value, dash }) => (
        <li key={name}>
          <i className={dash ? "dash" : undefined} style={dash ? { borderColor: color } : { background: color }} />
          {name}
          {value !== undefined && <b className="live-value">{value}</b>}
        </li>
      ))}
    </ul>
  );
}
