import { expect, it } from 'vitest';
import type { Result } from '../runs/result.js';
import { cautionsOf } from './compare-task.js';

it('names the runs whose models were chosen on the patients that they are scored on', () => {
  const run = (folder: string, chosen: boolean) => ({
    folder,
    outcome: { result: (chosen ? { chosenOnThese: true } : {}) as Result },
  });
  expect(cautionsOf([run('a', false), { folder: 'b', outcome: { failure: 'disk full' } }])).toEqual([]);
  expect(cautionsOf([run('a', false), run('b', true)])).toEqual([
    expect.stringMatching(/^in 1 run \(b\) the model was fitted to these patients or chosen on them/),
  ]);
});
