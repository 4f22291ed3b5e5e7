import type { PatchLayout } from 'subspace-fusion/browser';

/** How strongly the attention of a subspace is drawn. */
export interface MapStyle {
  /** 0 to 1. */
  readonly opacity: number;
  /** Patches with less than this part of the highest attention are not drawn. */
  readonly threshold: number;
}

/** Attention of one subspace on the patches, and its colour (three numbers of RGB). */
export interface Layer {
  readonly values: readonly number[];
  readonly colour: readonly [number, number, number];
}

/** Where a layout lies on a drawing: a scale, and the drawing's place of the layout's zero. */
export interface Transform {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** The box around all patches. */
export function boxOf({ x, y, edge }: PatchLayout): { left: number; top: number; width: number; height: number } {
  const [left, top] = [smallest(x), smallest(y)];
  return { left, top, width: largest(x) - left + edge, height: largest(y) - top + edge };
}

const smallest = (of: readonly number[]) => of.reduce((a, b) => Math.min(a, b), Infinity);
const largest = (of: readonly number[]) => of.reduce((a, b) => Math.max(a, b), -Infinity);

/** Draws layers over each other: the more attention, the less transparent. */
export function drawAttention(
  context: CanvasRenderingContext2D,
  layout: PatchLayout,
  layers: readonly Layer[],
  { opacity, threshold }: MapStyle,
  at: Transform,
): void {
  const edge = layout.edge * at.scale;
  for (const { values, colour } of layers) {
    const most = largest(values) || 1;
    values.forEach((value, i) => {
      const part = value / most;
      if (part < threshold || part === 0) return;
      context.fillStyle = `rgb(${colour.join(' ')} / ${(opacity * Math.sqrt(part)).toFixed(3)})`;
      // Whole pixels, so that neighbours neither overlap nor leave a gap.
      const [left, top] = [at.x + layout.x[i] * at.scale, at.y + layout.y[i] * at.scale];
      context.fillRect(
        Math.round(left),
        Math.round(top),
        Math.round(left + edge) - Math.round(left),
        Math.round(top + edge) - Math.round(top),
      );
    });
  }
}

/** Draws where there are patches, whatever their attention. */
export function drawGround(
  context: CanvasRenderingContext2D,
  layout: PatchLayout,
  colour: string,
  at: Transform,
): void {
  context.globalAlpha = 0.35;
  context.fillStyle = colour;
  layout.x.forEach((x, i) =>
    context.fillRect(
      at.x + x * at.scale,
      at.y + layout.y[i] * at.scale,
      layout.edge * at.scale - 1,
      layout.edge * at.scale - 1,
    ),
  );
  context.globalAlpha = 1;
}

/** Draws a frame around a patch. */
export function drawFrame(
  context: CanvasRenderingContext2D,
  layout: PatchLayout,
  patch: number,
  colour: string,
  at: Transform,
): void {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.strokeRect(
    at.x + layout.x[patch] * at.scale,
    at.y + layout.y[patch] * at.scale,
    layout.edge * at.scale,
    layout.edge * at.scale,
  );
}

/** The patch at a place of the layout. */
export function patchAt({ x, y, edge }: PatchLayout, px: number, py: number): number | undefined {
  const found = x.findIndex((left, i) => px >= left && px < left + edge && py >= y[i] && py < y[i] + edge);
  return found < 0 ? undefined : found;
}

const DIRECTIONS: Readonly<Partial<Record<string, readonly [number, number]>>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The nearest patch from another in the direction of an arrow key; the same one where there is none. */
export function nextPatch({ x, y }: PatchLayout, from: number, key: string): number | undefined {
  const direction = DIRECTIONS[key];
  if (!direction) return undefined;
  const [dx, dy] = direction;
  let [best, least] = [from, Infinity];
  for (let i = 0; i < x.length; i++) {
    const [along, across] = [
      (x[i] - x[from]) * dx + (y[i] - y[from]) * dy,
      (x[i] - x[from]) * dy + (y[i] - y[from]) * dx,
    ];
    const distance = along + 2 * Math.abs(across);
    if (along > 0 && distance < least) [best, least] = [i, distance];
  }
  return best;
}
