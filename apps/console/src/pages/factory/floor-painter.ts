import type { FloorLayout } from "./floor-layout.ts";
import { DEPTH, paintRacks, pixelOf } from "./floor-pixels.ts";
import { placeOf, type View } from "./floor-view.ts";

/** What is drawn; lengths in CSS pixels, colours as the style sheet writes them. */
export interface FloorScene {
  readonly width: number;
  readonly height: number;
  readonly layout: FloorLayout;
  /** Of each rack, as a pixel. */
  readonly colours: Uint32Array;
  /** Racks with a line around them, and its colour; -1: none. */
  readonly outlines: readonly (readonly [rack: number, colour: string])[];
  readonly ground: string;
  readonly ink: string;
}

/** From this scale on halls are named. */
const NAMED_FROM = 3;

/** Paints the floor plan, at most once a frame. Racks are written into one image pixel by pixel; only names and outlines are drawn. */
export class FloorPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #family: string;
  #scene: FloorScene | undefined;
  #view: View | undefined;
  #image: ImageData | undefined;
  #pixels = new Uint32Array();
  #frame = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    // Every frame is a new image from this side: kept where it is made.
    this.#context = canvas.getContext("2d", { alpha: false, willReadFrequently: true })!;
    this.#family = getComputedStyle(document.documentElement).fontFamily;
  }

  show(scene: FloorScene, view: View): void {
    this.#scene = scene;
    this.look(view);
  }

  look(view: View): void {
    this.#view = view;
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
  }

  #paint(): void {
    this.#frame = 0;
    const [scene, view, context] = [this.#scene, this.#view, this.#context];
    if (scene === undefined || view === undefined) return;
    const { layout, colours, outlines, ground, ink } = scene;
    const ratio = devicePixelRatio;
    const image = this.#imageOf(Math.round(scene.width * ratio), Math.round(scene.height * ratio));
    const { left, top, scale } = placeOf(view, scene);
    const gap = scale > 5 ? Math.max(0.75, scale * 0.12) : scale > 2.5 ? 0.5 : 0;
    this.#pixels.fill(pixelOf(ground));
    const picture = { pixels: this.#pixels, width: image.width, height: image.height };
    paintRacks(picture, layout, colours, { left: left * ratio, top: top * ratio, scale: scale * ratio, gap: gap * ratio });
    context.putImageData(image, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (scale > NAMED_FROM) {
      context.fillStyle = ink;
      context.font = `${Math.max(9, Math.min(12, scale * 1.2))}px ${this.#family}`;
      for (const { id, x, y } of layout.halls) context.fillText(id, left + x * scale, top + (y + 1.15) * scale);
    }
    const cell = Math.max(1, scale - gap);
    context.lineWidth = 2;
    for (const [rack, colour] of outlines) {
      if (rack < 0) continue;
      context.strokeStyle = colour;
      context.strokeRect(left + layout.rackX[rack] * scale - 1, top + layout.rackY[rack] * scale - 1, cell + 2, cell * DEPTH + 2);
    }
  }

  /** The canvas as an image of its own size. */
  #imageOf(width: number, height: number): ImageData {
    if (this.#image?.width === width && this.#image.height === height) return this.#image;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#image = this.#context.createImageData(width, height);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
    return this.#image;
  }
}
