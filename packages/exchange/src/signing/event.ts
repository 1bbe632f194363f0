import { randomUUID } from "node:crypto";
import { FLEX_SPEC_VERSION, type FlexData, type FlexEvent } from "../contracts/flex.ts";
import type { FlexEventType } from "../contracts/topic.ts";
import { signData } from "./jws.ts";
import type { SigningKey } from "./signing-key.ts";

/** Where new ids come from: random in the program, counted in tests. */
export type NewId = () => string;

export interface EventHead {
  /** `//grid/v1/isv/acme-energy` */
  readonly source: string;
  readonly subject: string;
  readonly correlationid?: string | undefined;
  /** The trace that this event belongs to; left out: it starts one. */
  readonly traceparent?: string | undefined;
}

/** Makes a Flex event as the contract has it, signed with `key`, or plain without one. */
export async function makeEvent<T extends FlexEventType>(
  type: T,
  data: FlexData[T],
  head: EventHead,
  key: SigningKey | undefined,
  nowMs: number,
  newId: NewId = randomUUID,
): Promise<FlexEvent<T>> {
  const envelope = {
    specversion: FLEX_SPEC_VERSION,
    id: newId(),
    source: head.source,
    type,
    time: new Date(nowMs).toISOString(),
    datacontenttype: "application/json",
    subject: head.subject,
    traceparent: head.traceparent ?? newTraceparent(newId),
    ...(head.correlationid !== undefined && { correlationid: head.correlationid }),
  } as const;
  return { ...envelope, data: key === undefined ? data : await signData(data, envelope, key) };
}

/** W3C Trace Context, level 1: a new trace, sampled. */
export function newTraceparent(newId: NewId = randomUUID): string {
  return `00-${hex(newId())}-${hex(newId()).slice(0, 16)}-01`;
}

/** The next step of a trace: the same trace, a span of its own. */
export function nextTraceparent(traceparent: string, newId: NewId = randomUUID): string {
  return `${traceparent.slice(0, 36)}${hex(newId()).slice(0, 16)}${traceparent.slice(52)}`;
}

function hex(uuid: string): string {
  return uuid.replaceAll("-", "").toLowerCase();
}
