import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openModel } from 'onnx-autodiff';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readGeneSets } from '../cohort/genes/gene-files.js';
import { loadConfig } from '../config/config.js';
import { evaluate } from '../evaluation/evaluate.js';
import { predictPatient } from '../patient/predict.js';
import { openRunFolder } from '../runs/run-folder.js';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';
import type { ImportedModel } from './import.js';

const testdata = (name: string) => fileURLToPath(new URL(`testdata/${name}`, import.meta.url));
const checkpoint = testdata('grade.pth');
const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const cohort = join(folder, 'cohort');
const run = join(folder, 'run');
const lists = [join(folder, 'tumour.txt'), join(folder, 'microenvironment.txt')] as const;
let yaml: string;
/** Arguments of an import that fits. */
let fitting: string[];
beforeAll(async () => {
  yaml = await tinyCohort(cohort);
  const sets = [...(await readGeneSets(defined((await loadConfig(yaml)).geneSets.file), [])).values()];
  // The checkpoint's own order is not the matrix's.
  writeFileSync(lists[0], `${sets[0].slice(0, 5).reverse().join('\n')}\n`);
  writeFileSync(lists[1], `${sets[1].slice(0, 7).reverse().join('\n')}\n`);
  const genes = ['--tumour-genes', lists[0], '--microenvironment-genes', lists[1]];
  fitting = ['import', checkpoint, '--config', yaml, ...genes, '--set', 'task=grade', '--set', 'model.bag=100'];
  expect(await subspace(...fitting, '--out', run)).toMatchObject({ code: 0 });
});

const genesOf = (file: string) => readFileSync(file, 'utf8').trim().split('\n');

describe('a checkpoint that PyTorch wrote', () => {
  test('gives the logits that PyTorch computed', async () => {
    const file = join(folder, 'model.onnx');
    expect((await subspace('export', run, '--onnx', file)).code).toBe(0);
    const { logits } = JSON.parse(readFileSync(testdata('grade.json'), 'utf8')) as { logits: number[][] };
    const model = await openModel(file);
    for (const [b, expected] of logits.entries()) {
      const outputs = await model.run(
        {
          features: {
            data: Float32Array.from({ length: 100 * 16 }, (_, n) =>
              Math.sin(0.7 * Math.floor(n / 16) + 1.3 * (n % 16) + b),
            ),
            shape: [100, 16],
          },
          tumour_genes: { data: Float32Array.from({ length: 5 }, (_, g) => 2 * Math.cos(g + b)), shape: [5] },
          microenvironment_genes: { data: Float32Array.from({ length: 7 }, (_, g) => 2 * Math.sin(g + b)), shape: [7] },
        },
        ['logits', 'probabilities'],
      );
      // As for the whole models that `subspace verify` checks.
      const tolerance = 1e-7 + 5e-5 * Math.max(...expected.map(Math.abs));
      expected.forEach((x, c) =>
        expect(Math.abs(outputs['logits'].data[c] - x), `sample ${b}, logit ${c}`).toBeLessThan(tolerance),
      );
      const total = expected.reduce((sum, x) => sum + Math.exp(x), 0);
      expected.forEach((x, c) => expect(outputs['probabilities'].data[c]).toBeCloseTo(Math.exp(x) / total, 5));
    }
    await model.dispose();
  });

  test('is a run that predicts and is evaluated', async () => {
    const { result, predictions } = await evaluate(run);
    expect(result).toMatchObject({ task: 'grade', split: 'test' });
    const { patient, outputs } = predictions[0];
    expect((await (await openRunFolder(run)).split()).test).toContain(patient);
    const predicted = await predictPatient(run, {
      bag: [join(cohort, 'bags', `${patient}-DX1.h5`)],
      expression: join(cohort, 'expression.csv.gz'),
      patient,
    });
    Object.values(defined(predicted.probabilities)).forEach((p, c) => expect(p).toBeCloseTo(outputs[c], 6));
  });

  test('says in the run what was decided here, and what was ignored', async () => {
    const model = (await openRunFolder(run)).model as ImportedModel;
    expect(model.scaling.tumour.genes).toEqual(genesOf(lists[0]));
    expect(model.scaling.microenvironment).toEqual({
      transform: 'none',
      genes: genesOf(lists[1]),
      mean: Array(7).fill(0),
      deviation: Array(7).fill(1),
      clip: null,
    });
    expect(model.outcome).toEqual({ kind: 'classes', classes: ['G2', 'G3', 'G4'], weights: [1, 1, 1] });
    expect((await (await openRunFolder(run)).config()).expression.transform).toBe('none');
    expect(model.imported).toMatchObject({ checkpoint: 'grade.pth', scaling: 'none', unknown: [] });
    expect(model.imported.ignored).toHaveLength(10);
    expect(model.imported.ignored).toContain('pathomic_net_tumor.cls_token');
    expect(model.imported.decidedHere.join('\n')).toMatch(
      /the lists that were given.*neither transformed nor scaled.*may have been trained on/s,
    );
  });

  test('can be read with values that are scaled on the training patients', async () => {
    const out = join(folder, 'scaled');
    expect(
      (await subspace(...fitting, '--out', out, '--scaling', 'training', '--class-weights', '1.47,1.51,1')).code,
    ).toBe(0);
    const model = (await openRunFolder(out)).model as ImportedModel;
    expect(model.scaling.tumour.transform).not.toBe('none');
    expect(model.scaling.tumour.deviation.some((sigma) => sigma !== 1)).toBe(true);
    expect(model.outcome).toMatchObject({ weights: [1.47, 1.51, 1] });
    expect(model.imported.decidedHere.join('\n')).toMatch(
      /scaled on the training patients of cohort\.yaml, not by those that the checkpoint was trained on/,
    );
  });
});

describe('what does not fit is refused', () => {
  async function refusal(...args: string[]): Promise<string> {
    const { code, err } = await subspace(...args);
    const message = err.replace(/^warning: .*\n/gm, '');
    expect([code, isPlainMessage(message)], err).toEqual([2, true]);
    return message;
  }
  const out = () => ['--out', join(folder, 'none')];

  test('another task', async () => {
    expect(await refusal(...fitting, ...out(), '--set', 'task=diagnosis')).toMatch(
      /classifier\.weight is \[3, 256\]: it has 3 outputs, and 4 are those of the task diagnosis/,
    );
  });
  test('other genes', async () => {
    const message = await refusal('import', checkpoint, '--config', yaml, ...out(), '--set', 'task=grade');
    expect(message).toMatch(
      /encoder\.0\.0\.weight is \[64, 5\]: it reads 5 tumour genes, and \d+ of the gene set are in the matrix/,
    );
    expect(await refusal('import', checkpoint, '--config', yaml, ...out(), '--tumour-genes', lists[0])).toMatch(
      /go together/,
    );
  });
  test('another network', async () => {
    expect(await refusal(...fitting, ...out(), '--set', 'model.name=abmil')).toMatch(/asks for another network/);
  });
  test('weights or cuts that are not those of the task', async () => {
    expect(await refusal(...fitting, ...out(), '--class-weights', '1,2')).toMatch(/3 weights above 0 are needed/);
    expect(await refusal(...fitting, ...out(), '--cuts', '1,2,3')).toMatch(/classes, not bins/);
    expect(await refusal(...fitting, ...out(), '--cuts', 'one')).toMatch(/numbers separated by commas/);
  });
  test('a folder that holds a run', async () => {
    expect(await refusal(...fitting, '--out', run)).toMatch(/holds a run already/);
  });
  test('a file that is no checkpoint', async () => {
    expect(await refusal('import', yaml, '--config', yaml, ...out())).toMatch(/this is a text file, not PyTorch/);
  });
});
