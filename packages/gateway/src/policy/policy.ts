/** Who wants to send what where: what a policy decides on before a byte leaves. */
export interface Flow {
  readonly tenantId: string;
  readonly projectId: string;
  readonly keyId: string;
  readonly modelId: string;
  /** Where the answer would be made. */
  readonly site: string;
  readonly jurisdiction: string;
  /** What the caller says of the data; "" when nothing. */
  readonly dataClass: string;
  /** The only jurisdiction that the caller allows; "" for any. */
  readonly residency: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** Names of the rules that decided. None: no rule allowed it. */
  readonly rules: readonly string[];
}

export interface Policy {
  decide(flow: Flow): Decision;
}
