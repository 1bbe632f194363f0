/** JSON has no word for "no limit": where a limit is meant, it is kept as the text `none`. */
export const replaceInfinity = (_name: string, value: unknown): unknown => (value === Infinity ? "none" : value);
export const reviveInfinity = (name: string, value: unknown): unknown =>
  value === "none" && (name.startsWith("limit") || name === "contractW") ? Infinity : value;
