import { clip, layout, layoutApart, textWidth, type Paint, type Style } from "./style.ts";

/** A titled list that can be cut to the room there is. All lines have the panel's width. */
export interface Panel {
  readonly title: string;
  readonly lines: readonly string[];
  /** Panels of higher rank are kept longer when there is no room for all. */
  readonly rank: number;
}

/** A cell of a table row: its text, its width (negative = against the right edge of the cell), its look. */
export type Cell = readonly [text: string, width: number, paint?: Paint | undefined];

/** One row of cells; the first takes what the others leave. */
export function tableRow(cells: readonly Cell[], width: number): string {
  const rest = cells.slice(1).reduce((sum, [, cell]) => sum + Math.abs(cell), 0);
  return cells
    .map(([text, cell, paint], i) => {
      const columns = i === 0 ? Math.max(0, width - rest) : Math.abs(cell);
      return cell < 0 ? layoutApart([], [[text, paint]], columns) : layout([[text, paint]], columns);
    })
    .join("");
}

/** `── Jobs: 2 running ──────── GPUs ── progress`: a title over a line, the columns' names against the right edge. */
export function rule(title: string, columns: string, width: number, style: Style): string {
  const right = columns === "" ? "" : ` ${columns}`;
  const left = clip(`── ${title} `, width - textWidth(right));
  const dashes = "─".repeat(Math.max(0, width - textWidth(left) - textWidth(right)));
  return style.grey(`${left}${dashes}${right}`);
}

/**
 * Panels one under the other in `rows` lines: each keeps its title and at least one line or leaves altogether (lowest rank
 * first); the lines left over go round until nobody wants more.
 */
export function stackPanels(panels: readonly Panel[], rows: number): string[] {
  const kept = [...panels];
  while (kept.length * 2 > rows && kept.length > 0) {
    const lowest = Math.min(...kept.map((panel) => panel.rank));
    kept.splice(
      kept.findIndex((panel) => panel.rank === lowest),
      1,
    );
  }
  const shown = kept.map((panel) => Math.min(1, panel.lines.length));
  let free = rows - kept.length - shown.reduce((sum, n) => sum + n, 0);
  while (free > 0 && kept.some((panel, i) => shown[i] < panel.lines.length)) {
    for (let i = 0; i < kept.length && free > 0; i++) {
      if (shown[i] >= kept[i].lines.length) continue;
      shown[i]++;
      free--;
    }
  }
  return kept.flatMap((panel, i) => [panel.title, ...panel.lines.slice(0, shown[i])]);
}

/** Two columns of lines, `gap` blank columns between them. */
export function besides(left: readonly string[], right: readonly string[], leftWidth: number, gap: number): string[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => {
    return (left[i] ?? " ".repeat(leftWidth)) + " ".repeat(gap) + (right[i] ?? "");
  });
}
