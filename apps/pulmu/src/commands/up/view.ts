import type { LiveFactory } from "../../live/factory.ts";
import { factoryState } from "../../live/state.ts";
import type { View } from "../../live/view.ts";
import { renderDashboard } from "../../terminal/dashboard.ts";
import { LogView, logLine } from "../../terminal/log-view.ts";
import { Screen } from "../../terminal/screen.ts";
import { createStyle, wantsColour } from "../../terminal/style.ts";
import type { UpOptions } from "./options.ts";

export function openView(factory: LiveFactory, url: string, options: UpOptions): View {
  const nowMs = () => performance.now();
  if (options.json) return new LogView(() => JSON.stringify(factoryState(factory)), nowMs);
  if (!options.ui || !process.stdout.isTTY) return new LogView(() => logLine(factory), nowMs);
  const style = createStyle(wantsColour(process.stdout, process.env));
  const screen = new Screen(process.stdout, (width, height) => renderDashboard(factory, url, { width, height, style }));
  return { tick: () => screen.draw(), close: () => screen.close() };
}
