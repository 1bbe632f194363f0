import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { I18nProvider } from "react-aria-components";
import { useSite } from "../api/queries.ts";
import { en, type MessageKey } from "./en.ts";
import { formats, type Format, type Language } from "./format.ts";
import { ko } from "./ko.ts";

const CATALOGUES = { en, ko } as const;
const KEPT_AS = "pulmu.language";

export type Translate = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;

interface Speech {
  readonly t: Translate;
  readonly format: Format;
  readonly switchTo: (language: Language) => void;
}

const SpeechContext = createContext<Speech | undefined>(undefined);

/** The language of whoever looks: as they chose, or else as their browser says; times are the site's. */
export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const timeZone = useSite().data?.timezone ?? "Asia/Seoul";
  const speech = useMemo((): Speech => {
    const switchTo = (wanted: Language) => {
      localStorage.setItem(KEPT_AS, wanted);
      setLanguage(wanted);
    };
    return { t: translator(language), format: formats(language, timeZone), switchTo };
  }, [language, timeZone]);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = speech.t("app.title");
  }, [language, speech]);
  return (
    <SpeechContext value={speech}>
      <I18nProvider locale={language === "ko" ? "ko-KR" : "en-GB"}>{children}</I18nProvider>
    </SpeechContext>
  );
}

export function useSpeech(): Speech {
  const speech = useContext(SpeechContext);
  if (speech === undefined) throw new Error("no language here");
  return speech;
}

export function translator(language: Language): Translate {
  const catalogue = CATALOGUES[language];
  return (key, values = {}) => catalogue[key].replaceAll(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
}

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT_AS);
  if (kept === "en" || kept === "ko") return kept;
  return navigator.language.startsWith("ko") ? "ko" : "en";
}
