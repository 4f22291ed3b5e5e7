import { expect, test } from 'vitest';
import { meanGame, shapleyShares } from './attribution.js';

test('a dummy player gets nothing, and what two make only together is halved', () => {
  const dummy = shapleyShares(['genes', 'slide'], { neither: 1, alone: { genes: 4, slide: 1 }, both: 4 });
  expect(dummy.contribution).toEqual({ genes: 3, slide: 0 });
  expect(dummy.share).toEqual({ genes: 1, slide: 0 });
  const together = shapleyShares(['genes', 'slide'], { neither: 0, alone: { genes: 0, slide: 0 }, both: 2 });
  expect(together.contribution).toEqual({ genes: 1, slide: 1 });
});

test('contributions sum to the whole change, and shares to 1 also where they pull against each other', () => {
  const { contribution, share } = shapleyShares(['a', 'b'], { neither: -2, alone: { a: 1, b: -2.5 }, both: -0.3 });
  expect(contribution.a + contribution.b).toBeCloseTo(-0.3 + 2, 12);
  expect(contribution.b).toBeLessThan(0);
  expect(share.a + share.b).toBeCloseTo(1, 12);
  expect(shapleyShares(['a', 'b'], { neither: 0, alone: { a: 0, b: 0 }, both: 0 }).share).toEqual({ a: 0, b: 0 });
});

test('games of several slides are averaged before', () => {
  const game = (x: number) => ({ neither: x, alone: { a: 2 * x, b: 3 * x }, both: 4 * x });
  expect(meanGame([game(1), game(3)])).toEqual(game(2));
});
