import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startLive } from "./api/live.ts";
import { queryClient } from "./api/queries.ts";
import { LanguageProvider } from "./i18n/language.tsx";
import { App } from "./shell/app.tsx";
import { ClockProvider } from "./shell/clock.tsx";
import { ThemeProvider } from "./shell/theme.tsx";
import { signInByLink } from "./shell/sign-in-link.ts";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/forms.css";
import "./styles/pages.css";

startLive();
await signInByLink();
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <ThemeProvider>
      <QueryClientProvider client={queryClient}>
        <LanguageProvider>
          <ClockProvider>
            <App />
          </ClockProvider>
        </LanguageProvider>
      </QueryClientProvider>
    </ThemeProvider>
  </StrictMode>,
);
