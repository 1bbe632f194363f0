/** `1 rack`, `1,120 racks`. */
export function counted(n: number, noun: string): string {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

/** 0.874 → `87 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
