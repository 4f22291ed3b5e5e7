import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined } from '../testing/defined.js';
import {
  find,
  permutedCohort,
  plantedCohort,
  trainOn,
  type Found,
  type PlantedSize,
} from '../testing/planted-truth.js';
import { newFolder } from '../testing/tiny-cohort.js';

const TINY: PlantedSize = {
  patients: 200,
  bag: 36,
  width: 16,
  explained: 8,
  steps: 16,
  training: {
    'training.epochs': '12',
    'training.batch': '16',
    'training.learningRate': '0.003',
    'training.threads': '1',
  },
};

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('explanations against planted truth', () => {
  let trained: Found;
  let untrained: Found;
  let permuted: Found;
  beforeAll(async () => {
    const cohort = join(folder, 'cohort');
    await trainOn(await plantedCohort(cohort, TINY), join(folder, 'run'), TINY);
    await trainOn(permutedCohort(cohort, join(folder, 'permuted'), TINY, 1), join(folder, 'permuted-run'), TINY);
    trained = await find(join(folder, 'run'), 'trained', TINY);
    untrained = await find(join(folder, 'run'), 'untrained', TINY);
    permuted = await find(join(folder, 'permuted-run'), 'trained', TINY);
  }, 300_000);

  test('genes that carry the signal rank above the rest, beyond chance; before training they do not', () => {
    expect(trained.genes.auc).toBeGreaterThan(defined(trained.genes.chance).high);
    expect(trained.genes.p).toBeLessThan(0.025);
    expect(untrained.genes.auc).toBeLessThan(defined(untrained.genes.chance).high);
  });

  test('patches that carry the signal, which shorten life, move the risk up more than others; before training they do not', () => {
    expect(trained.moved).toBeGreaterThan(0.6);
    expect(untrained.moved).toBeLessThan(trained.moved - 0.08);
  });

  test('genes of a model of permuted outcomes lie within 95 % of chance', () => {
    expect(permuted.genes.auc).toBeGreaterThanOrEqual(defined(permuted.genes.chance).low);
    expect(permuted.genes.auc).toBeLessThanOrEqual(defined(permuted.genes.chance).high);
  });
});

/** PATIENTS,TOKENS,WIDTH,EPOCHS,PERMUTATIONS: the measurement of docs/explain.md. */
const measured = process.env['PLANTED_TRUTH'];

describe.runIf(measured)('measurement (needs PLANTED_TRUTH=PATIENTS,TOKENS,WIDTH,EPOCHS,PERMUTATIONS)', () => {
  test(
    'trained, untrained, and models of permuted outcomes',
    async () => {
      const [patients, bag, width, epochs, permutations] = defined(measured).split(',').map(Number) as [
        number,
        number,
        number,
        number,
        number,
      ];
      const size: PlantedSize = {
        ...TINY,
        patients,
        bag,
        width,
        explained: 20,
        steps: 128,
        training: { 'training.epochs': String(epochs), 'training.batch': '16', 'training.learningRate': '0.003' },
      };
      const cohort = join(folder, 'measured');
      const say = (name: string, { genes, moved, attention }: Found) => {
        const areas = [genes.auc, defined(genes.chance).low, defined(genes.chance).high, moved, attention].map((area) =>
          defined(area).toFixed(3),
        );
        process.stdout.write(
          `${name}: genes ${areas[0]} (chance ${areas[1]} to ${areas[2]}), patches by what they moved ${areas[3]}, by attention ${areas[4]}\n`,
        );
      };
      await trainOn(await plantedCohort(cohort, size), join(folder, 'measured-run'), size);
      say('trained', await find(join(folder, 'measured-run'), 'trained', size));
      say('untrained', await find(join(folder, 'measured-run'), 'untrained', size));
      for (let draw = 0; draw < permutations; draw++) {
        const run = join(folder, `permuted-run-${draw}`);
        await trainOn(permutedCohort(cohort, join(folder, `permuted-${draw}`), size, draw), run, size);
        say(`permuted ${draw}`, await find(run, 'trained', size));
      }
    },
    24 * 3_600_000,
  );
});
