import { describe, expect, it } from 'vitest';
import { key, permutation } from '../random/counter.js';
import { drawLatents } from './latents.js';
import { apportion, drawSlide, KINDS, MARKER, neighbours } from './slide.js';

const SIDE = 20;
const slides = Array.from({ length: 150 }, (_, i) => {
  const latents = drawLatents(1, i);
  return { latents, stream: key(1, 'slide', i), slide: drawSlide(key(1, 'slide', i), SIDE, latents) };
});

const isTumour = (appearance: number) => appearance === 0 || appearance === MARKER;
const isImmune = (appearance: number) => appearance === 5 || appearance === 6;

/** Patches of each kind; a marker patch is cellular tumour. */
function kindCounts(slide: Uint8Array): number[] {
  return KINDS.map((_, kind) => slide.filter((a) => a === kind || (kind === 0 && a === MARKER)).length);
}

/** Share of the immune patches that have a tumour patch beside, above or below them. */
function contact(slide: Uint8Array): number {
  let immune = 0;
  let touching = 0;
  slide.forEach((appearance, cell) => {
    if (!isImmune(appearance)) return;
    immune++;
    if (neighbours(cell, SIDE).some((other) => isTumour(slide[other]))) touching++;
  });
  return touching / immune;
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const mean = (v: readonly number[]) => v.reduce((a, b) => a + b) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = (u: readonly number[], mu: number, v: readonly number[], mv: number) =>
    u.reduce((sum, ui, i) => sum + (ui - mu) * (v[i] - mv), 0);
  return product(x, mx, y, my) / Math.sqrt(product(x, mx, x, mx) * product(y, my, y, my));
}

describe('apportion', () => {
  it('gives whole numbers next to the proportions that sum to the total', () => {
    expect(apportion(Float64Array.from([5, 3, 2], Math.log), 10)).toEqual([5, 3, 2]);
    expect(apportion(Float64Array.from([1, 1, 1], Math.log), 100).sort()).toEqual([33, 33, 34]);
  });
});

describe('a simulated slide', () => {
  it('lets φ move the immune patches and leaves the number of each kind', () => {
    for (const { latents, stream } of slides.slice(0, 20)) {
      const apart = drawSlide(stream, SIDE, { ...latents, phi: -Math.sqrt(3) });
      const together = drawSlide(stream, SIDE, { ...latents, phi: Math.sqrt(3) });
      expect(kindCounts(together)).toEqual(kindCounts(apart));
      expect(contact(together)).toBeGreaterThan(contact(apart) + 0.2);
    }
  });

  it('shows φ to one who sees the patches in place, and hides it from one who sees them shuffled', () => {
    const phi = slides.map(({ latents }) => latents.phi);
    expect(
      correlation(
        phi,
        slides.map(({ slide }) => contact(slide)),
      ),
    ).toBeGreaterThan(0.9);
    const shuffled = slides.map(({ slide }, i) =>
      Uint8Array.from(permutation(key(9, i), slide.length), (cell) => slide[cell]),
    );
    expect(Math.abs(correlation(phi, shuffled.map(contact)))).toBeLessThan(0.25); // 3 standard errors of no correlation
  });

  it('has kinds that follow the latents: necrosis h, lymphocytes m₁, macrophages m₃', () => {
    const share = (kind: number) => slides.map(({ slide }) => Math.log(kindCounts(slide)[kind] + 0.5));
    expect(
      correlation(
        slides.map(({ latents }) => latents.h),
        share(3),
      ),
    ).toBeGreaterThan(0.5);
    expect(
      correlation(
        slides.map(({ latents }) => latents.programmes[3]),
        share(5),
      ),
    ).toBeGreaterThan(0.4);
    expect(
      correlation(
        slides.map(({ latents }) => latents.programmes[5]),
        share(6),
      ),
    ).toBeGreaterThan(0.4);
  });

  it('carries the marker at the rim or in the core, as many either way', () => {
    const high = Math.sqrt(3);
    const markers = (slide: Uint8Array) => Array.from(slide.keys()).filter((cell) => slide[cell] === MARKER);
    /** Mean distance of the marker patches from the nearest pseudopalisading patch, which lies inside the core. */
    const distance = (slide: Uint8Array) => {
      const inside = Array.from(slide.keys()).filter((cell) => slide[cell] === 2);
      const between = (p: number, q: number) =>
        Math.hypot(Math.floor(p / SIDE) - Math.floor(q / SIDE), (p % SIDE) - (q % SIDE));
      const distances = markers(slide).map((cell) => Math.min(...inside.map((other) => between(cell, other))));
      return distances.reduce((a, b) => a + b) / distances.length;
    };
    const differences = slides.slice(0, 20).map(({ latents, stream }) => {
      const atRim = drawSlide(stream, SIDE, { ...latents, rim: high, core: -high });
      const inCore = drawSlide(stream, SIDE, { ...latents, rim: -high, core: high });
      expect(Math.abs(markers(atRim).length - markers(inCore).length)).toBeLessThanOrEqual(1);
      expect(kindCounts(atRim)).toEqual(kindCounts(inCore));
      return distance(atRim) - distance(inCore);
    });
    expect(Math.min(...differences)).toBeGreaterThan(0);
    expect(differences.reduce((a, b) => a + b) / differences.length).toBeGreaterThan(0.75);
  });

  it('fits the smallest bag', () => {
    for (const { latents, stream } of slides.slice(0, 20)) {
      const slide = drawSlide(stream, 6, latents);
      expect(slide).toHaveLength(36);
      expect(kindCounts(slide).reduce((a, b) => a + b)).toBe(36);
    }
  });
});
