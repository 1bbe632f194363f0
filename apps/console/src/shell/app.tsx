import { Component, lazy, Suspense, type ReactNode } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { useIsStale } from "../api/live.ts";
import { useSpeech } from "../i18n/language.tsx";
import type { MessageKey } from "../i18n/en.ts";
import { Banners } from "./banners.tsx";
import { AllotmentIcon, BellowsIcon, FactoryIcon, GridIcon, TokensIcon, WhyIcon, WorkIcon } from "./icons.tsx";
import { TopBar } from "./top-bar.tsx";

const FactoryPage = lazy(() => import("../pages/factory/factory-page.tsx"));
const GridPage = lazy(() => import("../pages/grid/grid-page.tsx"));
const WorkPage = lazy(() => import("../pages/work/work-page.tsx"));
const TokensPage = lazy(() => import("../pages/tokens/tokens-page.tsx"));
const AllotmentPage = lazy(() => import("../pages/allotment/allotment-page.tsx"));
const WhyPage = lazy(() => import("../pages/why/why-page.tsx"));

const PAGES: readonly { readonly path: string; readonly name: MessageKey; readonly icon: () => ReactNode }[] = [
  { path: "/", name: "nav.factory", icon: FactoryIcon },
  { path: "/grid", name: "nav.grid", icon: GridIcon },
  { path: "/work", name: "nav.work", icon: WorkIcon },
  { path: "/tokens", name: "nav.tokens", icon: TokensIcon },
  { path: "/allotment", name: "nav.allotment", icon: AllotmentIcon },
  { path: "/why", name: "nav.why", icon: WhyIcon },
];

export function App() {
  const { t } = useSpeech();
  const [location] = useLocation();
  const isStale = useIsStale();
  return (
    <div className="shell">
      <a className="skip" href="#page">
        {t("app.skip")}
      </a>
      <nav className="rail" aria-label={t("nav.label")}>
        <div className="brand">
          <BellowsIcon />
          Pulmu
        </div>
        {PAGES.map(({ path, name, icon: Icon }) => (
          <Link key={path} href={path} aria-current={isAt(location, path) ? "page" : undefined}>
            <Icon />
            {t(name)}
          </Link>
        ))}
      </nav>
      <TopBar />
      <main id="page" className={`page${isStale ? " is-stale" : ""}`} tabIndex={-1}>
        <Banners />
        <Boundary key={location} text={t("error.boundary")}>
          <Suspense fallback={<p className="note">{t("loading")} …</p>}>
            <Switch>
              <Route path="/" component={FactoryPage} />
              <Route path="/grid" component={GridPage} />
              <Route path="/work" component={WorkPage} />
              <Route path="/tokens" component={TokensPage} />
              <Route path="/allotment" component={AllotmentPage} />
              <Route path="/why/:trace?" component={WhyPage} />
              <Route>
                <Redirect to="/" replace />
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </main>
    </div>
  );
}

function isAt(location: string, path: string): boolean {
  return path === "/" ? location === "/" : location === path || location.startsWith(`${path}/`);
}

/** A page that fails says so in its place; the shell, its clock and its alarms go on. */
class Boundary extends Component<{ readonly text: string; readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? <p className="failure">{this.props.text}</p> : this.props.children;
  }
}
