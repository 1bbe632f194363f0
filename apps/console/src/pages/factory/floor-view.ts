import type { FloorLayout } from "./floor-layout.ts";

/** How near one looks, and the plan's point in the middle of the picture; without one, all of it fits. */
export interface View {
  /** Over "all of it fits", 1…12. */
  readonly zoom: number;
  readonly centre: readonly [x: number, y: number] | undefined;
}

/** The picture and what is in it. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly layout: FloorLayout;
}

const NEAREST = 12;
export const FULL_VIEW: View = { zoom: 1, centre: undefined };

/** Where the plan's origin lies in the picture, and how wide a cell is. */
export function placeOf({ zoom, centre }: View, { width, height, layout }: Frame) {
  const scale = Math.min(width / layout.width, height / layout.height) * zoom;
  const [x, y] = centre ?? [layout.width / 2, layout.height / 2];
  return { left: width / 2 - x * scale, top: height / 2 - y * scale, scale };
}

/** The plan's point at a point of the picture. */
export function planPoint(view: View, frame: Frame, px: number, py: number): readonly [x: number, y: number] {
  const { left, top, scale } = placeOf(view, frame);
  return [(px - left) / scale, (py - top) / scale];
}

/** Nearer or farther; the plan's point `at` stays where it is in the picture. */
export function zoomedBy(view: View, frame: Frame, factor: number, at?: readonly [number, number]): View {
  const zoom = Math.min(NEAREST, Math.max(1, view.zoom * factor));
  if (zoom === 1) return FULL_VIEW;
  const [x, y] = view.centre ?? [frame.layout.width / 2, frame.layout.height / 2];
  const part = 1 - view.zoom / zoom;
  return { zoom, centre: at === undefined ? [x, y] : [x + (at[0] - x) * part, y + (at[1] - y) * part] };
}

/** Moved with the pointer, in pixels of the picture. */
export function movedBy(view: View, frame: Frame, dx: number, dy: number): View {
  const { scale } = placeOf(view, frame);
  const [x, y] = view.centre ?? [frame.layout.width / 2, frame.layout.height / 2];
  return { zoom: view.zoom, centre: [x - dx / scale, y - dy / scale] };
}
