import { createContext, useContext, useLayoutEffect, useMemo, useState, type ReactNode } from "react";

export type Theme = "dark" | "light";
const KEPT_AS = "pulmu.theme";

const ThemeContext = createContext<{ readonly theme: Theme; readonly toggle: () => void }>({ theme: "dark", toggle: () => {} });

export function ThemeProvider({ children }: { readonly children: ReactNode }) {
  const [theme, setTheme] = useState<Theme>(firstTheme);
  useLayoutEffect(() => void (document.documentElement.dataset["theme"] = theme), [theme]);
  const value = useMemo(() => {
    const toggle = () => {
      const other = theme === "dark" ? "light" : "dark";
      localStorage.setItem(KEPT_AS, other);
      setTheme(other);
    };
    return { theme, toggle };
  }, [theme]);
  return <ThemeContext value={value}>{children}</ThemeContext>;
}

export const useTheme = () => useContext(ThemeContext);

/** A colour of the style sheet, for what is drawn on a canvas. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The same as `#rrggbb`, whatever a style sheet that was made small says: `#fff`, `red`. */
export function hexColour(name: string): string {
  const text = colour(name);
  const known = HEX.get(text);
  if (known !== undefined) return known;
  const context = document.createElement("canvas").getContext("2d")!;
  context.fillStyle = text;
  HEX.set(text, String(context.fillStyle));
  return String(context.fillStyle);
}
const HEX = new Map<string, string>();

function firstTheme(): Theme {
  const kept = localStorage.getItem(KEPT_AS);
  if (kept === "dark" || kept === "light") return kept;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}
