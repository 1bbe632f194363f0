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

function firstTheme(): Theme {
  const kept = localStorage.getItem(KEPT_AS);
  if (kept === "dark" || kept === "light") return kept;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}
