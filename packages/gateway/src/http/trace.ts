/** W3C Trace Context, level 1: https://www.w3.org/TR/trace-context/#traceparent-header */
export interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: string;
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Undefined when it is not one: the standard says to begin a new trace then, not to refuse. */
export function parseTraceparent(text: string | undefined): Trace | undefined {
  const match = text === undefined ? null : TRACEPARENT.exec(text);
  return match === null ? undefined : { traceId: match[1], spanId: match[2], flags: match[3] };
}

export function formatTraceparent({ traceId, spanId, flags }: Trace): string {
  return `00-${traceId}-${spanId}-${flags}`;
}
