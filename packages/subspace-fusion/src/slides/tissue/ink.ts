/** Optical density of an 8-bit value: 0 for white, 1 for a tenth of the light. */
const DENSITY = Float64Array.from({ length: 256 }, (_, v) => -Math.log10(Math.max(v, 1) / 255));

/** By how much red must be denser than green; bluish glass and the edges of nuclei stay below. */
const COLD = 0.06;
/** Mean density that a stained section does not reach: black, or a pen over tissue. */
const OPAQUE = 0.8;
/** A red pen takes away nearly all of green and almost as much of blue; eosin leaves blue. */
const RED_SATURATION = 0.75;
const RED_BLUE_TO_GREEN = 0.8;

/**
 * Whether a colour is that of a pen, or black. Haematoxylin and eosin both absorb green the most (Ruifrok and Johnston 2001), so what
 * absorbs red more than green is blue or green ink.
 */
export function isInk(red: number, green: number, blue: number): boolean {
  const [r, g, b] = [DENSITY[red], DENSITY[green], DENSITY[blue]];
  if (r > g + COLD || r + g + b > 3 * OPAQUE) return true;
  const saturation = (red - Math.min(green, blue)) / red;
  return saturation > RED_SATURATION && b > RED_BLUE_TO_GREEN * g;
}
