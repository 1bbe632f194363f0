import type { ReportData } from "@pulmu/twin";
import { clock, energy, integer, latency, NONE, number, percent, power } from "./format.ts";
import { html, type Html } from "./html.ts";
import { kpi } from "./kpis.ts";

const SHOWN_NODES = 15;

/** Where the site's energy went, as one bar and its shares in words. */
export function energySplit(report: ReportData): Html {
  const gpu = kpi(report, "gpuEnergyJ") ?? 0;
  const parts = [
    ["GPUs", "use-gpu", gpu],
    ["Other IT", "use-it", (kpi(report, "itEnergyJ") ?? 0) - gpu],
    ["Electrical losses", "use-loss", kpi(report, "lossEnergyJ") ?? 0],
    ["Cooling", "use-cooling", kpi(report, "coolingEnergyJ") ?? 0],
    ["Facility", "use-facility", kpi(report, "facilityEnergyJ") ?? 0],
  ] as const;
  const total = parts.reduce((sum, [, , part]) => sum + part, 0);
  if (total <= 0) return html``;
  let from = 0;
  const bars = parts.map(([label, colour, part]) => {
    const share = (part / total) * 100;
    const rect = html`<rect x="${from}%" width="${share}%" height="100%" class="${colour}"><title>${label}: ${energy(part)}</title></rect>`;
    from += share;
    return rect;
  });
  const words = parts.map(
    ([label, colour, part]) =>
      html`<li><span class="${colour}"></span>${label} <b>${percent(part / total)}</b> <span class="small">${energy(part)}</span></li>`,
  );
  return html`<svg class="split" aria-hidden="true">${bars}</svg>
    <ul class="split">
      ${words}
    </ul>`;
}

/** The power nodes nearest to their rating: peak as a bar, mean inside it. */
export function loadedNodes(report: ReportData): Html {
  const nodes = report.nodes.slice(0, SHOWN_NODES);
  const scale = Math.max(1.05, ...nodes.map(({ peakLoad }) => peakLoad * 1.02));
  const width = (share: number): string => `${(share / scale) * 100}%`;
  const rows = nodes.map(
    (node) =>
      html`<tr>
        <th scope="row"><bdi>${node.id}</bdi></th>
        <td class="wide-only">${node.kind}</td>
        <td class="bar">
          <svg aria-hidden="true">
            <rect width="${width(node.peakLoad)}" height="100%" class="excess" />
            <rect width="${width(Math.min(1, node.peakLoad))}" height="100%" class="peak" />
            <rect width="${width(node.meanLoad)}" y="4" height="8" class="mean" />
            <line x1="${width(1)}" x2="${width(1)}" y1="0" y2="100%" class="rating" />
          </svg>
        </td>
        <td class="n">${percent(node.peakLoad)}</td>
        <td class="n">${percent(node.meanLoad)}</td>
        <td class="n wide-only">${power(node.ratingW)}</td>
      </tr>`,
  );
  return html`<table class="nodes">
      <thead>
        <tr>
          <th scope="col">Power node</th>
          <th scope="col" class="wide-only">Kind</th>
          <th scope="col">Load: peak, mean inside, rating at the line</th>
          <th scope="col" class="n">Peak</th>
          <th scope="col" class="n">Mean</th>
          <th scope="col" class="n wide-only">Rating</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
    <p class="small">
      The ${nodes.length} most loaded of ${integer(report.nodeCount)} power nodes, by peak second. Every second of each is in nodes.parquet.
    </p>`;
}

export function servicesTable(report: ReportData): Html {
  if (report.services.length === 0) return html`<p class="none">No inference service ran.</p>`;
  const within = (value: number | null, objective: number | null): Html =>
    html`<td class="n">
      ${latency(value)}${objective === null ? undefined : html` <span class="small">of ${latency(objective)}</span>`}
    </td>`;
  const rows = report.services.map(
    (service) =>
      html`<tr>
        <th scope="row">
          <bdi>${service.id}</bdi> <span class="small"><bdi>${service.tenantId}</bdi></span>
        </th>
        <td><bdi>${service.modelId}</bdi></td>
        <td>${service.serviceClass}</td>
        <td class="n">${integer(service.gpus)}</td>
        <td class="n">${number(service.requestsPerS)}</td>
        <td class="n">${number(service.tokensPerS)}</td>
        ${within(service.ttftP50S, service.sloTtftS)}
        <td class="n">${latency(service.ttftP99S)}</td>
        ${within(service.itlP50S, service.sloItlS)}
      </tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="Inference services" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">Service</th>
          <th scope="col">Model</th>
          <th scope="col">Class</th>
          <th scope="col" class="n">GPUs</th>
          <th scope="col" class="n">Requests/s</th>
          <th scope="col" class="n">Tokens/s</th>
          <th scope="col" class="n">First token, median</th>
          <th scope="col" class="n">Worst minute, p99</th>
          <th scope="col" class="n">Between tokens, median</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

export function eventsTable(report: ReportData): Html {
  if (report.events.length === 0) return html`<p class="none">Nothing happened that is worth a line.</p>`;
  const rows = report.events.map(
    (event) =>
      html`<tr class="${event.severity}">
        <td class="n">${clock(report.run, event.atS)}</td>
        <td>${event.severity}</td>
        <td>${event.kind}</td>
        <td><bdi>${event.subject === "" ? NONE : event.subject}</bdi></td>
        <td><bdi>${event.text}</bdi></td>
      </tr>`,
  );
  const left = report.eventCount - report.events.length;
  return html`<div class="scroll tall" role="region" aria-label="Events" tabindex="0">
      <table class="events">
        <thead>
          <tr>
            <th scope="col" class="n">Time</th>
            <th scope="col">Severity</th>
            <th scope="col">What</th>
            <th scope="col">Where</th>
            <th scope="col">Text</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    ${left > 0 ? html`<p class="small">${integer(left)} more are in events.parquet.</p>` : undefined}`;
}
