/** A call's days are days of UTC, as its file writes them. `2027-03-01`; "" for what is no day. */
export function dayText(atMs: number): string {
  return Number.isFinite(atMs) ? new Date(atMs).toISOString().slice(0, 10) : "";
}

/** NaN where there is no day. */
export function dayMs(text: string): number {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
}
