import { expect, test } from 'vitest';
import { boxOf, nextPatch, patchAt } from './attention-map.js';

/** Three patches in a row with a gap, and one below the first. */
const layout = { kind: 'slide' as const, x: [100, 110, 130, 100], y: [50, 50, 50, 60], edge: 10 };

test('the box holds all patches', () => {
  expect(boxOf(layout)).toEqual({ left: 100, top: 50, width: 40, height: 20 });
});

test('a patch is found at its own place and no other', () => {
  expect(patchAt(layout, 100, 50)).toBe(0);
  expect(patchAt(layout, 119.9, 59.9)).toBe(1);
  expect(patchAt(layout, 125, 55)).toBeUndefined();
  expect(patchAt(layout, 105, 60)).toBe(3);
});

test('arrow keys go to the nearest patch of their direction, and stay where there is none', () => {
  expect(nextPatch(layout, 0, 'ArrowRight')).toBe(1);
  expect(nextPatch(layout, 1, 'ArrowRight')).toBe(2);
  expect(nextPatch(layout, 2, 'ArrowRight')).toBe(2);
  expect(nextPatch(layout, 0, 'ArrowDown')).toBe(3);
  expect(nextPatch(layout, 3, 'ArrowUp')).toBe(0);
  expect(nextPatch(layout, 2, 'ArrowLeft')).toBe(1);
  expect(nextPatch(layout, 0, 'a')).toBeUndefined();
});
