/**
 * A colour, `#rrggbb`, as one pixel of an image: red in the lowest byte, opaque. All machines that browsers run on are little-endian.
 * @throws RangeError for a colour that is written in another way
 */
export function pixelOf(hex: string): number {
  if (!/^#[0-9a-f]{6}$/i.test(hex)) throw new RangeError(`${hex} is not #rrggbb`);
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Where the plan lies in the picture, in pixels: its origin, how wide a cell is, and what of it is left free between racks. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
  readonly gap: number;
}

export interface Picture {
  readonly pixels: Uint32Array;
  readonly width: number;
  readonly height: number;
}

/** A rack is somewhat deeper than wide. */
export const DEPTH = 1.25;

/**
 * Paints every rack as one block of pixels, on whole pixels, at least one wide. Cost: the pixels it covers, and a few operations for each
 * rack; nothing is allocated.
 */
export function paintRacks(
  { pixels, width, height }: Picture,
  { rackX, rackY }: { readonly rackX: Float32Array; readonly rackY: Float32Array },
  colours: Uint32Array,
  { left, top, scale, gap }: Place,
): void {
  const across = Math.max(1, scale - gap);
  const down = across * DEPTH;
  for (let r = 0; r < colours.length; r++) {
    const x = left + rackX[r] * scale;
    const y = top + rackY[r] * scale;
    if (x >= width || y >= height || x + across <= 0 || y + down <= 0) continue;
    const fromX = Math.max(0, Math.round(x));
    const endX = Math.min(width, Math.max(fromX + 1, Math.round(x + across)));
    const fromY = Math.max(0, Math.round(y));
    const endY = Math.min(height, Math.max(fromY + 1, Math.round(y + down)));
    const colour = colours[r];
    for (let row = fromY; row < endY; row++) {
      const end = row * width + endX;
      for (let at = row * width + fromX; at < end; at++) pixels[at] = colour;
    }
  }
}
