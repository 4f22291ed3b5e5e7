/**
 * Gives every connected area of cells of `value` (neighbours share an edge) that has fewer than `least` cells the other value, in
 * place.
 */
export function removeSmallAreas(mask: Uint8Array, width: number, value: 0 | 1, least: number): void {
  const seen = new Uint8Array(mask.length);
  const stack: number[] = [];
  for (let seed = 0; seed < mask.length; seed++) {
    if (seen[seed] || mask[seed] !== value) continue;
    const area: number[] = [];
    const visit = (cell: number) => {
      if (seen[cell] || mask[cell] !== value) return;
      seen[cell] = 1;
      stack.push(cell);
    };
    visit(seed);
    for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
      area.push(cell);
      const column = cell % width;
      if (column > 0) visit(cell - 1);
      if (column < width - 1) visit(cell + 1);
      if (cell >= width) visit(cell - width);
      if (cell + width < mask.length) visit(cell + width);
    }
    if (area.length < least) for (const cell of area) mask[cell] = value === 1 ? 0 : 1;
  }
}

/** The mask, and every cell that has one of it within `radius` cells along rows or columns. */
export function grow(mask: Uint8Array, width: number, radius: number): Uint8Array {
  const height = mask.length / width;
  const out = new Uint8Array(mask.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!mask[y * width + x]) continue;
      for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
        out.fill(1, v * width + Math.max(0, x - radius), v * width + Math.min(width, x + radius + 1));
      }
    }
  }
  return out;
}
