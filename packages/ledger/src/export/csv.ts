/** One line of RFC 4180; null is empty. */
export function csvLine(values: readonly (string | number | bigint | null)[]): string {
  return `${values.map((value) => (typeof value === "string" ? csvText(value) : (value ?? ""))).join(",")}\r\n`;
}

/** Quoted where it must be, and where a spreadsheet would take it for a formula. */
function csvText(value: string): string {
  const harmless = /^[=+\-@\t]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
