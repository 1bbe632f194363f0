import { Link } from "wouter";

/** The beginning of a trace id, which leads to the chain; a dash where there is none. */
export function TraceLink({ trace }: { readonly trace: string | undefined }) {
  if (trace === undefined) return "–";
  return (
    <Link className="link" href={`/why/${trace}`}>
      {trace.slice(0, 8)}
    </Link>
  );
}

/** The trace id in a W3C `traceparent`. */
export const traceOf = (traceparent: string | undefined): string | undefined => traceparent?.split("-")[1];
