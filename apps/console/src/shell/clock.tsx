import { createContext, useContext, useMemo, useState, type ReactNode } from "react";

/** The time that all pages show: now, or a moment of the last day. */
export interface ShownTime {
  /** Epoch ms of the plant; undefined: now. */
  readonly atMs: number | undefined;
  readonly turnTo: (atMs: number | undefined) => void;
}

const Clock = createContext<ShownTime>({ atMs: undefined, turnTo: () => {} });

export function ClockProvider({ children }: { readonly children: ReactNode }) {
  const [atMs, turnTo] = useState<number | undefined>();
  const shown = useMemo(() => ({ atMs, turnTo }), [atMs]);
  return <Clock value={shown}>{children}</Clock>;
}

export const useClock = () => useContext(Clock);
